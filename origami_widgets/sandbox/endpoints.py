"""The endpoints, with the method and path of each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from starlette.responses import Response

from origami_widgets.sandbox import beside_leads, error_responses, own_lists
from origami_widgets.sandbox.json_objects import (
    column_meta,
    csv_rows,
    flat_row,
    run_object,
    run_summary,
    table_object,
    typed_row,
)
from origami_widgets.sandbox.organization import POLL_INTERVAL, AgentRecord
from origami_widgets.sandbox.request_context import MAX_ROWS_LIMIT, Handler, RequestContext, json_response, list_object
from origami_widgets.sandbox.row_filters import parse_filters, parse_sort, select_leads
from origami_widgets.sandbox.run_requests import AgentBody, CancelBody, RunBody, parse_run_request, read_body
from origami_widgets.sandbox.timelines import iso, whole_seconds

if TYPE_CHECKING:
    from origami_widgets.sandbox.timelines import RowFilter, RunTimeline

_ROW_OPTIONS = {"cells": ("flat",), "format": ("csv",), "defaults": ("true", "false")}


def create_agent(context: RequestContext) -> Response:
    """Answer POST /agents."""
    request = parse_run_request(context.body, context.organization.plan, AgentBody)
    _check_references(context, request, request.workspace_id)
    record, run = context.organization.create_agent(request, context.project)
    agent = _agent_summary(record)
    workspace = own_lists.workspace_object(context.organization.containers[record.container])
    del workspace["url"]
    return json_response({"agent": agent, "run": _run_object(context, record, run), "workspace": workspace}, 202)


def list_agents(context: RequestContext) -> Response:
    """Answer GET /agents, newest first."""
    records = [record for record in context.records(context.organization.agents) if context.matches(record.name)]
    return context.page_of(records, lambda record: _agent_object(record, context.now), context.query.get("search"))


def get_agent(context: RequestContext) -> Response:
    """Answer GET /agents/{id}."""
    return json_response(_agent_object(_record(context), context.now))


def create_run(context: RequestContext) -> Response:
    """Answer POST /agents/{id}/runs."""
    record = _record(context)
    request = parse_run_request(context.body, context.organization.plan, RunBody)
    _check_references(context, request, None)
    run = context.organization.follow_up(record, request)
    return json_response({"run": _run_object(context, record, run)}, 202)


def list_runs(context: RequestContext) -> Response:
    """Answer GET /agents/{id}/runs, newest first."""
    return context.page_of(_record(context).runs[::-1], lambda run: run_summary(run, context.now))


def get_run(context: RequestContext) -> Response:
    """Answer GET /agents/{id}/runs/{runId}, with `Retry-After` while the run is active."""
    record = _record(context, missing="run")
    run = next((each for each in record.runs if each.id == context.params["runId"]), None)
    if run is None:
        raise error_responses.not_found("run")
    wait = str(whole_seconds(POLL_INTERVAL, context.organization.speed))
    headers = {"Retry-After": wait} if run.is_active(context.now) else {}
    return json_response(_run_object(context, record, run), headers=headers)


def cancel_run(context: RequestContext) -> Response:
    """Answer POST /agents/{id}/cancel."""
    record = _record(context)
    run = context.organization.cancel(record)
    return json_response({"run": _run_object(context, record, run) if run is not None else None})


def list_agent_tables(context: RequestContext) -> Response:
    """Answer GET /agents/{id}/tables, never in pages."""
    record = _record(context)
    stats = "stats" in context.include
    tables = context.organization.tables_of_agent(record, context.now)
    items = [table_object(table, context.now, stats=stats) for table in tables]
    return json_response(list_object(items, None, context.path, workspaceId=record.container))


def list_tables(context: RequestContext) -> Response:
    """Answer GET /tables, newest first; `workspaceId` is the id of a container or of an agent in it."""
    workspace = context.id_of("workspaceId")
    if workspace is not None:
        container = context.organization.container(workspace, context.project)
        workspace = container.id if container is not None else workspace
    tables = context.organization.tables_of(context.project, context.now, workspace)[::-1]
    return context.page_of(tables, lambda table: table_object(table, context.now, stats=False), workspace)


def get_table(context: RequestContext) -> Response:
    """Answer GET /tables/{tableId}."""
    return json_response(table_object(context.table(), context.now, stats="stats" in context.include))


def cancel_cells(context: RequestContext) -> Response:
    """Answer POST /tables/{tableId}/cancel: stop the active cells of a table or of some columns, or count them."""
    table, now = context.table(), context.now
    request = read_body(context.body or b"{}", CancelBody)
    columns = table.columns_at(now)
    if request.columns is not UNSET:
        by_slug = {column.recipe.slug: column for column in columns}
        for position, slug in enumerate(request.columns):
            if slug not in by_slug:
                raise error_responses.invalid((f"columns.{position}", "No such column"), code="UNKNOWN_COLUMN")
        columns = [by_slug[slug] for slug in dict.fromkeys(request.columns)]
    cells = sum(column.running(now) for column in columns)
    jobs = len(table.active_lead_sources(now)) if request.columns is UNSET else 0
    if request.dry_run:
        return json_response({"dryRun": True, "tableId": table.id, "activeCells": cells, "activeLeadSourceJobs": jobs})
    if cells or jobs:
        context.organization.stop_cells(table, columns, lead_sources=jobs > 0)
    return json_response({"tableId": table.id, "cancelledCells": cells, "cancelledLeadSourceJobs": jobs})


def list_columns(context: RequestContext) -> Response:
    """Answer GET /tables/{tableId}/columns, never in pages."""
    columns = context.table().columns_at(context.now)
    return json_response(list_object([column_meta(column) for column in columns], None, context.path))


def list_rows(context: RequestContext) -> Response:
    """Answer GET /tables/{tableId}/rows. Filters and sort in the query replace the saved ones."""
    table, query, now = context.table(), context.query, context.now
    issues = [
        (name, "Expected " + " or ".join(choices))
        for name, choices in _ROW_OPTIONS.items()
        if name in query and query[name] not in choices
    ]
    if issues:
        raise error_responses.invalid(*issues)
    columns = table.columns_at(now)
    by_slug = {column.recipe.slug: column for column in columns if column.recipe.slug is not None}
    filters: list[RowFilter] = []
    sort = None
    if query.get("defaults") != "false":
        filters = [part for part in table.saved_filters if part.column in by_slug]
        # Saved filters and order are by one column, which may be still to come.
        sort = table.saved_sort if filters else None
    if "filters" in query:
        filters = parse_filters(query["filters"], by_slug)
    if "sort" in query:
        sort = parse_sort(query["sort"], by_slug)
    leads = select_leads(table.rows_at(now), filters, sort, by_slug, now)
    parts = (query.get("filters"), query.get("sort"), query.get("defaults"))
    page, cursor = context.take(leads, *parts, id_of=lambda lead: lead.id, most=MAX_ROWS_LIMIT)
    if query.get("format") == "csv":
        text = csv_rows(page, columns, now).encode("utf-8", "replace")
        return Response(text, media_type="text/csv; charset=utf-8")
    make = flat_row if query.get("cells") == "flat" else typed_row
    return json_response(
        list_object([make(lead, columns, now) for lead in page], cursor, context.path, total=len(leads))
    )


def get_account(context: RequestContext) -> Response:
    """Answer GET /account."""
    plan = context.organization.plan
    return json_response(
        {
            "object": "account",
            "organization": {"id": context.organization.organization_id, "name": "Sandbox organization"},
            "plan": {"id": plan.id, "name": plan.name},
            "capabilities": {
                "canUseApi": True,
                "canRunScheduledTasks": plan.id != "starter",
                "concurrentAgents": plan.concurrent,
            },
            "workspaces": {"used": len(context.organization.containers), "limit": None},
        }
    )


def get_credits(context: RequestContext) -> Response:
    """Answer GET /account/credits."""
    return json_response(
        {"object": "credits", "balance": context.organization.balance(context.now), "currency": "credits"}
    )


def list_workspaces(context: RequestContext) -> Response:
    """Answer GET /workspaces, newest first."""
    found = [each for each in context.records(context.organization.containers) if context.matches(each.name)]
    return context.page_of(found, own_lists.workspace_object, context.query.get("search"))


def create_workspace(context: RequestContext) -> Response:
    """Answer POST /workspaces."""
    name = read_body(context.body or b"{}", own_lists.WorkspaceBody).name
    return json_response(own_lists.workspace_object(context.organization.create_container(name, context.project)), 201)


def delete_workspace(context: RequestContext) -> Response:
    """Answer DELETE /workspaces/{workspaceId}: say what would go, or delete it."""
    container = _container(context)
    if not container.created_by_api:
        raise error_responses.refusal("WORKSPACE_NOT_DELETABLE")
    named = {"workspaceId": container.id, "name": container.name}
    tables = context.organization.tables_of(context.project, context.now, container.id)
    if context.query.get("confirm") == "true" and context.query.get("dryRun") != "true":
        context.organization.delete_container(container)
        return json_response({**named, "deleted": True})
    would = {"tables": len(tables), "rows": sum(len(table.rows_at(context.now)) for table in tables)}
    return json_response({**named, "confirmationRequired": True, "willDelete": would})


def list_documents(context: RequestContext) -> Response:
    """Answer GET /workspaces/{workspaceId}/documents, newest first."""
    return context.page_of([*_container(context).documents.values()][::-1], own_lists.document_object)


def upload_documents(context: RequestContext) -> Response:
    """Answer POST /workspaces/{workspaceId}/documents. Files that can't be taken are errors among the results."""
    container = _container(context)
    files = own_lists.parse_upload(context.body)
    for place, file in enumerate(files):
        if file.table_id is not None:
            _check_tables(context, f"files.{place}.tableId", [file.table_id], container)
    results = [_taken(context, container, file) for file in files]
    if all(result["kind"] == "error" for result in results):
        raise error_responses.refusal("UPLOAD_FAILED", details={"files": results})
    return json_response({"results": results}, 201)


def upsert_rows(context: RequestContext) -> Response:
    """Answer POST /tables/{tableId}/rows/upsert."""
    request = read_body(context.body, own_lists.UpsertBody)
    table = context.table()
    earlier = context.organization.enrichment_run(request.batch_id, context.project)
    if earlier is not None:
        return json_response(own_lists.upsert_receipt(earlier))
    return json_response(own_lists.upsert_receipt(context.organization.upsert(table, request)), 201)


def list_enrichment_runs(context: RequestContext) -> Response:
    """Answer GET /enrichment-runs, newest first."""
    wanted = context.id_of("tableId")
    organization = context.organization
    records = [each for each in context.records(organization.enrichment_runs) if wanted in {None, each.table_id}]
    return context.page_of(
        records,
        lambda record: own_lists.enrichment_run(record, organization.tables[record.table_id], context.now),
        wanted,
    )


def get_enrichment_run(context: RequestContext) -> Response:
    """Answer GET /enrichment-runs/{runId}."""
    record = context.organization.enrichment_run(context.params["runId"], context.project)
    if record is None:
        raise error_responses.not_found("batch")
    return json_response(
        own_lists.enrichment_run_detail(record, context.organization.tables[record.table_id], context.now)
    )


def _record(context: RequestContext, missing: str = "agent") -> AgentRecord:
    record = context.organization.agents.get(context.params["id"])
    if record is None or record.project != context.project:
        raise error_responses.not_found(missing)
    return record


def _run_object(context: RequestContext, record: AgentRecord, run: RunTimeline) -> dict[str, Any]:
    earlier = takewhile(lambda each: each.id != run.id, record.runs)
    history = [message for each in earlier for message in each.messages_at(context.now)]
    return run_object(run, context.organization.tables, history, context.now, context.include)


def _agent_summary(record: AgentRecord) -> dict[str, Any]:
    return {
        "object": "agent",
        "id": record.id,
        "name": record.name,
        "workspaceId": record.container,
        "createdAt": iso(record.created_at),
    }


def _agent_object(record: AgentRecord, now: float) -> dict[str, Any]:
    last = record.last_run
    return {
        **_agent_summary(record),
        "apiKeyOwned": True,
        "lastRun": run_summary(last, now) if last is not None else None,
    }


def _check_references(context: RequestContext, request: RunBody, workspace_id: str | None) -> None:
    container = None
    if workspace_id is not None:
        container = context.organization.container(workspace_id, context.project)
        if container is None:
            raise error_responses.invalid(("workspaceId", "No such workspace"), code="UNKNOWN_WORKSPACE")
    _check_tables(context, "focusTableIds", request.focus_table_ids, container)
    tables = {table.id for table in context.organization.tables_of(context.project, context.now)}
    documents = context.organization.documents_of(context.project)
    known = tables.issuperset(each.lower() for each in request.attached_tables)
    if not known or not documents.issuperset(each.lower() for each in request.attached_documents):
        raise error_responses.invalid(("attachments", "Not found in your scope"), code="INVALID_ATTACHMENT")
    _check_tables(context, "attachments", request.attached_tables, container)


def _check_tables(
    context: RequestContext, path: str, table_ids: Iterable[str], container: own_lists.ContainerRecord | None
) -> None:
    """Raise `ErrorResponse` for a table that does not exist, or is not in the container if there is one."""
    tables = {table.id: table for table in context.organization.tables_of(context.project, context.now)}
    for table_id in table_ids:
        table = tables.get(table_id.lower())
        if table is None:
            raise error_responses.invalid((path, "No such table"), code="UNKNOWN_TABLE")
        if container is not None and table.container != container.id:
            raise error_responses.invalid((path, "Table belongs to another workspace"), code="WORKSPACE_TABLE_MISMATCH")


def _container(context: RequestContext) -> own_lists.ContainerRecord:
    container = context.organization.container(context.params["workspaceId"], context.project)
    if container is None:
        raise error_responses.not_found("workspace")
    return container


def _taken(
    context: RequestContext, container: own_lists.ContainerRecord, file: own_lists.UploadedFile
) -> dict[str, Any]:
    """Take one file; what is refused becomes an error among the results."""
    organization = context.organization
    result: dict[str, Any] = {"kind": file.mode, "filename": file.filename}
    try:
        if file.error:
            return {"kind": "error", "filename": file.filename, "error": file.error, "code": "INVALID_FILE"}
        if file.mode == "document":
            document = organization.add_document(container, file.filename)
            return {**result, "document": own_lists.document_object(document)}
        if file.table_id is None:
            table = organization.create_table(container, file.stem, file.rows)
        else:
            table = organization.append_rows(organization.tables[file.table_id], file.rows)
    except error_responses.ErrorResponse as refusal:
        return {**refusal.body, "kind": "error", "filename": file.filename}
    named = {"object": "table", "id": table.id, "name": table.name}
    return {**result, "table": named, "rowCount": len(file.rows.rows)}


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/workspaces", list_workspaces),
    ("POST", "/workspaces", create_workspace),
    ("DELETE", "/workspaces/{workspaceId}", delete_workspace),
    ("GET", "/workspaces/{workspaceId}/documents", list_documents),
    ("POST", "/workspaces/{workspaceId}/documents", upload_documents),
    ("POST", "/tables/{tableId}/rows/upsert", upsert_rows),
    ("GET", "/enrichment-runs", list_enrichment_runs),
    ("GET", "/enrichment-runs/{runId}", get_enrichment_run),
    *beside_leads.ROUTES,
    ("POST", "/agents", create_agent),
    ("GET", "/agents", list_agents),
    ("GET", "/agents/{id}", get_agent),
    ("POST", "/agents/{id}/runs", create_run),
    ("GET", "/agents/{id}/runs", list_runs),
    ("GET", "/agents/{id}/runs/{runId}", get_run),
    ("POST", "/agents/{id}/cancel", cancel_run),
    ("GET", "/agents/{id}/tables", list_agent_tables),
    ("GET", "/tables", list_tables),
    ("GET", "/tables/{tableId}", get_table),
    ("POST", "/tables/{tableId}/cancel", cancel_cells),
    ("GET", "/tables/{tableId}/columns", list_columns),
    ("GET", "/tables/{tableId}/rows", list_rows),
    ("GET", "/account", get_account),
    ("GET", "/account/credits", get_credits),
)
