"""The endpoints for a list of the user's own: containers, uploads, row writes and enrichment runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.containers import (
    WorkspaceBody,
    document_object,
    parse_upload,
    workspace_object,
)
from origami_widgets.sandbox.enrichment_runs import (
    enrichment_run,
    enrichment_run_detail,
    upsert_receipt,
)
from origami_widgets.sandbox.own_lists import UpsertBody
from origami_widgets.sandbox.request_context import (
    Handler,
    RequestContext,
    json_response,
)
from origami_widgets.sandbox.run_requests import is_uuid, read_body

if TYPE_CHECKING:
    from starlette.responses import Response

    from origami_widgets.sandbox.containers import ContainerRecord, UploadedFile


def list_workspaces(context: RequestContext) -> Response:
    """Answer GET /workspaces, newest first."""
    found = [each for each in context.records(context.organization.containers) if context.matches(each.name)]
    return context.page_of(found, workspace_object, context.query.get("search"))


def create_workspace(context: RequestContext) -> Response:
    """Answer POST /workspaces."""
    name = read_body(context.body or b"{}", WorkspaceBody).name
    return json_response(workspace_object(context.organization.create_container(name, context.project)), 201)


def delete_workspace(context: RequestContext) -> Response:
    """Answer DELETE /workspaces/{workspaceId}: say what would go, or delete it."""
    container = _container(context)
    if not container.created_by_api:
        raise error_responses.refusal("WORKSPACE_NOT_DELETABLE")
    named = {"workspaceId": container.id, "name": container.name}
    tables = context.organization.tables_of(context.project, context.now, container.id)
    return context.deletion(named, tables, lambda: context.organization.delete_container(container))


def list_documents(context: RequestContext) -> Response:
    """Answer GET /workspaces/{workspaceId}/documents, newest first."""
    return context.page_of([*_container(context).documents.values()][::-1], document_object)


def upload_documents(context: RequestContext) -> Response:
    """Answer POST /workspaces/{workspaceId}/documents. Files that can't be taken are errors among the results."""
    container = _container(context)
    files = parse_upload(context.body)
    for place, file in enumerate(files):
        if file.table_id is not None:
            _check_table(context, container, file.table_id, f"files.{place}.tableId")
    results = [_taken(context, container, file) for file in files]
    if all(result["kind"] == "error" for result in results):
        raise error_responses.refusal("UPLOAD_FAILED", details={"files": results})
    return json_response({"results": results}, 201)


def upsert_rows(context: RequestContext) -> Response:
    """Answer POST /tables/{tableId}/rows/upsert."""
    request = read_body(context.body, UpsertBody)
    table = context.table()
    earlier = context.organization.enrichment_run(request.batch_id, context.project)
    if earlier is not None:
        return json_response(upsert_receipt(earlier))
    return json_response(upsert_receipt(context.organization.upsert(table, request)), 201)


def list_enrichment_runs(context: RequestContext) -> Response:
    """Answer GET /enrichment-runs, newest first."""
    table_id = context.query.get("tableId")
    if table_id is not None and not is_uuid(table_id):
        raise error_responses.invalid(("tableId", "Expected a UUID"))
    wanted = table_id.lower() if table_id is not None else None
    organization = context.organization
    records = [each for each in context.records(organization.enrichment_runs) if wanted in {None, each.table_id}]
    return context.page_of(
        records, lambda record: enrichment_run(record, organization.tables[record.table_id], context.now), wanted
    )


def get_enrichment_run(context: RequestContext) -> Response:
    """Answer GET /enrichment-runs/{runId}."""
    record = context.organization.enrichment_run(context.params["runId"], context.project)
    if record is None:
        raise error_responses.not_found("batch")
    return json_response(enrichment_run_detail(record, context.organization.tables[record.table_id], context.now))


def _container(context: RequestContext) -> ContainerRecord:
    container = context.organization.container(context.params["workspaceId"], context.project)
    if container is None:
        raise error_responses.not_found("workspace")
    return container


def _check_table(context: RequestContext, container: ContainerRecord, table_id: str, path: str) -> None:
    tables = {table.id: table for table in context.organization.tables_of(context.project, context.now)}
    if table_id not in tables:
        raise error_responses.invalid((path, "No such table"), code="UNKNOWN_TABLE")
    if tables[table_id].container != container.id:
        raise error_responses.invalid((path, "Table belongs to another workspace"), code="WORKSPACE_TABLE_MISMATCH")


def _taken(context: RequestContext, container: ContainerRecord, file: UploadedFile) -> dict[str, Any]:
    """Take one file; what is refused becomes an error among the results."""
    organization = context.organization
    result: dict[str, Any] = {"kind": file.mode, "filename": file.filename}
    try:
        if file.is_document:
            document = organization.add_document(container, file.filename)
            return {**result, "document": document_object(document)}
        if file.rows is None:
            return {"kind": "error", "filename": file.filename, "error": file.error, "code": "INVALID_FILE"}
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
)
