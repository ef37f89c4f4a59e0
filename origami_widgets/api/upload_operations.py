"""`UploadOperations`: the requests of the API that a user's own list needs. Base of `Operations`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.base_operations import BaseOperations, page_params
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models import (
    DeletedWorkspace,
    Document,
    EnrichmentRun,
    Model,
    Page,
    UpsertReceipt,
    Workspace,
)
from origami_widgets.api.responses import unreadable
from origami_widgets.words.foreign_text import described, is_unicode

M = TypeVar("M", bound=Model)
MOST_ROWS = 100
"""Rows that one request may write."""


class UploadOperations(BaseOperations):
    """Workspaces, documents, row writes and enrichment runs."""

    async def create_workspace(self, name: str | None = None, *, idempotency_key: str | None = None) -> Workspace:
        """`POST /workspaces`."""
        checked = validate.agent_name(name)
        body = {} if checked is None else {"name": checked}
        answer = await self.request("POST", "/workspaces", json=body, idempotency_key=idempotency_key)
        return _named(Workspace, answer)

    async def list_workspaces(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Workspace]:
        """`GET /workspaces`, one page."""
        return await self._page(Workspace, "/workspaces", page_params(cursor, limit, search=search))

    async def delete_workspace(self, workspace_id: str, *, confirm: bool = False) -> DeletedWorkspace:
        """`DELETE /workspaces/{workspaceId}`: a preview, or the deletion with `confirm`."""
        path = f"/workspaces/{validate.workspace_id(workspace_id)}"
        answer = await self.request(
            "DELETE", path, params={"confirm": True} if validate.flag("confirm", confirm) else None
        )
        return DeletedWorkspace.from_raw(answer)

    async def upload_documents(
        self,
        workspace_id: str,
        files: Mapping[str, str | bytes],
        *,
        mode: str | None = None,
        table_id: str | None = None,
        idempotency_key: str | None = None,
        within: float | None = None,
    ) -> list[dict[str, Any]]:
        """`POST /workspaces/{workspaceId}/documents`."""
        contents: object = files
        if not isinstance(contents, Mapping) or not contents:
            raise InvalidInput(
                "No files to upload",
                cause="files is empty." if isinstance(contents, Mapping) else f"files= got {described(contents)}.",
                remedy="Pass names and contents: {'list.csv': text}.",
            )
        extra = {
            **({} if mode is None else {"mode": validate.text("mode", mode)}),
            **({} if table_id is None else {"tableId": validate.table_id(table_id)}),
        }
        body = [
            {
                "filename": validate.text("filename", name),
                "content": base64.b64encode(_bytes(content)).decode("ascii"),
                **extra,
            }
            for name, content in files.items()
        ]
        path = f"/workspaces/{validate.workspace_id(workspace_id)}/documents"
        answer = await self.request("POST", path, json={"files": body}, idempotency_key=idempotency_key, within=within)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise unreadable("Expected a list of results.")
        return [each for each in results if isinstance(each, dict)]

    async def list_documents(self, workspace_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Document]:
        """`GET /workspaces/{workspaceId}/documents`, one page."""
        path = f"/workspaces/{validate.workspace_id(workspace_id)}/documents"
        return await self._page(Document, path, page_params(cursor, limit))

    async def upsert_rows(
        self,
        table_id: str,
        rows: Sequence[Mapping[str, Any]],
        match_columns: Iterable[str],
        *,
        enrich: bool = False,
        reenrich_updated: bool = False,
        batch_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> UpsertReceipt:
        """`POST /tables/{tableId}/rows/upsert`. Without `enrich`, no cell is started: the API's own default starts them."""
        slugs = validate.column_slugs(match_columns)
        many: object = rows
        given = list(many) if isinstance(many, Iterable) else []
        if not 1 <= len(given) <= MOST_ROWS or not all(isinstance(row, Mapping) for row in given):
            raise InvalidInput(
                "Invalid rows",
                cause=f"A request writes 1 to {MOST_ROWS} rows, each a dict of slugs and values. Got {len(given):,}.",
                remedy=f"Send at most {MOST_ROWS} rows at a time, or use ow.upload(frame, key=…, table=…).",
            )
        body = {
            "rows": [dict(row) for row in given],
            "matchColumns": slugs,
            "enrich": validate.flag("enrich", enrich),
            "reenrichUpdated": validate.flag("reenrich_updated", reenrich_updated),
            **({} if batch_id is None else {"batchId": validate.text("batch_id", batch_id)}),
        }
        path = f"/tables/{validate.table_id(table_id)}/rows/upsert"
        answer = await self.request("POST", path, json=body, idempotency_key=idempotency_key)
        return _named(UpsertReceipt, answer)

    async def get_enrichment_run(self, run_id: str) -> EnrichmentRun:
        """`GET /enrichment-runs/{runId}`."""
        return _named(EnrichmentRun, await self.request("GET", f"/enrichment-runs/{validate.run_id(run_id)}"))

    async def list_enrichment_runs(
        self, *, table_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[EnrichmentRun]:
        """`GET /enrichment-runs`, one page, newest first."""
        table = None if table_id is None else validate.table_id(table_id)
        return await self._page(EnrichmentRun, "/enrichment-runs", page_params(cursor, limit, tableId=table))


def _bytes(content: object) -> bytes:
    if isinstance(content, str) and is_unicode(content):
        return content.encode()
    if isinstance(content, bytes):
        return content
    cause = "The text has half a character." if isinstance(content, str) else f"Got {type(content).__name__}."
    raise InvalidInput("Invalid file", cause=cause, remedy="Pass the content of a file as text or bytes.")


def _named(kind: type[M], answer: Any) -> M:
    """Return the object in an answer, which must have an id."""
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise unreadable("It has no id.")
    return kind.from_raw(answer)
