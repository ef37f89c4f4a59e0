"""The endpoints for a list of the user's own: containers, uploads, row writes and enrichment runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses, own_lists
from origami_widgets.sandbox.containers import (
    MAX_CONTAINER_NAME,
    MAX_DOCUMENT_NAME,
    document_object,
    parse_name,
    parse_upload,
    workspace_object,
)
from origami_widgets.sandbox.enrichment_runs import (
    enrichment_run,
    enrichment_run_detail,
    table_run,
    upsert_receipt,
)
from origami_widgets.sandbox.request_context import (
    Handler,
    RequestContext,
    SandboxResponse,
    json_response,
)
from origami_widgets.sandbox.run_requests import is_uuid

if TYPE_CHECKING:
    from origami_widgets.sandbox.containers import ContainerRecord, DocumentRecord, UploadedFile
    from origami_widgets.sandbox.own_lists import CheckedUpsert


def list_workspaces(context: RequestContext) -> SandboxResponse:
    """Answer GET /workspaces, newest first."""
    found = [each for each in context.records(context.organization.containers) if context.matches(each.name)]
    return context.page_of(found, workspace_object, context.query.get("search"))


def create_workspace(context: RequestContext) -> SandboxResponse:
    """Answer POST /workspaces."""
    name = parse_name(context.body, MAX_CONTAINER_NAME, default="Untitled workspace")
    return json_response(workspace_object(context.organization.create_container(name, context.project)), 201)


def get_workspace(context: RequestContext) -> SandboxResponse:
    """Answer GET /workspaces/{workspaceId}."""
    return json_response(workspace_object(_container(context)))


def delete_workspace(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /workspaces/{workspaceId}: say what would go, or delete it."""
    container = _container(context)
    if not container.created_by_api:
        raise error_responses.ErrorResponse(
            403, "WORKSPACE_NOT_DELETABLE", "Only a workspace that was created with the API can be deleted"
        )
    named = {"workspaceId": container.id, "name": container.name}
    tables = context.organization.tables_of(context.project, context.now, container.id)
    return context.deletion(named, tables, lambda: context.organization.delete_container(container))


def list_documents(context: RequestContext) -> SandboxResponse:
    """Answer GET /workspaces/{workspaceId}/documents, newest first."""
    return context.page_of([*_container(context).documents.values()][::-1], document_object)


def upload_documents(context: RequestContext) -> SandboxResponse:
    """Answer POST /workspaces/{workspaceId}/documents. Files that can't be taken are errors among the results."""
    container = _container(context)
    files = parse_upload(context.body)
    for place, file in enumerate(files):
        if file.table_id is not None:
            _check_table(context, container, file.table_id, f"files.{place}.tableId")
    results = [_taken(context, container, file) for file in files]
    if all(result["kind"] == "error" for result in results):
        raise error_responses.ErrorResponse(422, "UPLOAD_FAILED", "No file could be taken", details={"files": results})
    return json_response({"results": results}, 201)


def get_document(context: RequestContext) -> SandboxResponse:
    """Answer GET /workspaces/{workspaceId}/documents/{documentId}."""
    document = _document(context)
    return json_response({**document_object(document), "content": document.text})


def rename_document(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /workspaces/{workspaceId}/documents/{documentId}."""
    document = _document(context)
    name = parse_name(context.body, MAX_DOCUMENT_NAME)
    if name != document.filename:
        _container(context).check_free(name)
        document.filename, document.updated_at = name, context.now
    return json_response(document_object(document))


def delete_document(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /workspaces/{workspaceId}/documents/{documentId}."""
    document = _document(context)
    del _container(context).documents[document.id]
    return json_response({"documentId": document.id, "deleted": True})


def upsert_rows(context: RequestContext) -> SandboxResponse:
    """Answer POST /tables/{tableId}/rows/upsert."""
    return _upsert(context, own_lists.parse_upsert(context.body))


def upsert_rows_file(context: RequestContext) -> SandboxResponse:
    """Answer POST /tables/{tableId}/rows/upsert-file."""
    return _upsert(context, own_lists.parse_upsert_file(context.body))


def delete_rows(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /tables/{tableId}/rows."""
    table = context.table()
    row_ids = own_lists.parse_row_ids(context.body)
    table, deleted = own_lists.delete(table, row_ids, context.now)
    context.organization.tables[table.id] = table
    return json_response({"deleted": deleted, "requested": len(row_ids)})


def list_enrichment_runs(context: RequestContext) -> SandboxResponse:
    """Answer GET /enrichment-runs, newest first."""
    table_id = context.query.get("tableId")
    if table_id is not None and not is_uuid(table_id):
        raise error_responses.invalid(("tableId", "Expected a UUID"))
    return _runs_page(context, table_id.lower() if table_id is not None else None)


def list_table_enrichment_runs(context: RequestContext) -> SandboxResponse:
    """Answer GET /tables/{tableId}/enrichment-runs, newest first."""
    return _runs_page(context, context.table().id)


def get_enrichment_run(context: RequestContext) -> SandboxResponse:
    """Answer GET /enrichment-runs/{runId}."""
    record = context.organization.enrichment_run(context.params["runId"].lower(), context.project)
    if record is None:
        raise error_responses.not_found("batch")
    return json_response(enrichment_run_detail(record, context.organization.tables[record.table_id], context.now))


def get_table_run(context: RequestContext) -> SandboxResponse:
    """Answer GET /tables/{tableId}/runs/{tableRunId}."""
    table = context.table()
    for record in context.organization.enrichment_runs.values():
        if (record.table_id, record.table_run_id) == (table.id, context.params["tableRunId"]):
            return json_response(table_run(record, table, context.now))
    raise error_responses.not_found("run")


def _container(context: RequestContext) -> ContainerRecord:
    container = context.organization.container(context.params["workspaceId"], context.project)
    if container is None:
        raise error_responses.not_found("workspace")
    return container


def _document(context: RequestContext) -> DocumentRecord:
    document = _container(context).documents.get(context.params["documentId"])
    if document is None:
        raise error_responses.not_found("document")
    return document


def _check_table(context: RequestContext, container: ContainerRecord, table_id: str, path: str) -> None:
    tables = {table.id: table for table in context.organization.tables_of(context.project, context.now)}
    if table_id not in tables:
        raise error_responses.unknown_table(path)
    if tables[table_id].container != container.id:
        raise error_responses.workspace_table_mismatch(path)


def _taken(context: RequestContext, container: ContainerRecord, file: UploadedFile) -> dict[str, Any]:
    """Take one file; what is refused becomes an error among the results."""
    organization = context.organization
    result: dict[str, Any] = {"kind": file.mode, "filename": file.filename}
    try:
        if file.text is not None:
            container.check_free(file.filename)
            document = organization.add_document(container, file.filename, file.text)
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


def _upsert(context: RequestContext, request: CheckedUpsert) -> SandboxResponse:
    table = context.table()
    earlier = context.organization.enrichment_run(request.batch_id, context.project)
    if earlier is not None:
        return json_response(upsert_receipt(earlier))
    return json_response(upsert_receipt(context.organization.upsert(table, request)), 201)


def _runs_page(context: RequestContext, table_id: str | None) -> SandboxResponse:
    organization = context.organization
    records = [
        record for record in context.records(organization.enrichment_runs) if table_id in {None, record.table_id}
    ]
    tables = organization.tables
    return context.page_of(
        records, lambda record: enrichment_run(record, tables[record.table_id], context.now), table_id
    )


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/workspaces", list_workspaces),
    ("POST", "/workspaces", create_workspace),
    ("GET", "/workspaces/{workspaceId}", get_workspace),
    ("DELETE", "/workspaces/{workspaceId}", delete_workspace),
    ("GET", "/workspaces/{workspaceId}/documents", list_documents),
    ("POST", "/workspaces/{workspaceId}/documents", upload_documents),
    ("GET", "/workspaces/{workspaceId}/documents/{documentId}", get_document),
    ("PATCH", "/workspaces/{workspaceId}/documents/{documentId}", rename_document),
    ("DELETE", "/workspaces/{workspaceId}/documents/{documentId}", delete_document),
    ("POST", "/tables/{tableId}/rows/upsert", upsert_rows),
    ("POST", "/tables/{tableId}/rows/upsert-file", upsert_rows_file),
    ("DELETE", "/tables/{tableId}/rows", delete_rows),
    ("GET", "/enrichment-runs", list_enrichment_runs),
    ("GET", "/enrichment-runs/{runId}", get_enrichment_run),
    ("GET", "/tables/{tableId}/enrichment-runs", list_table_enrichment_runs),
    ("GET", "/tables/{tableId}/runs/{tableRunId}", get_table_run),
)
