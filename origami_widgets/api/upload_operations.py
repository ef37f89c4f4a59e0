"""`UploadOperations`: the calls of the API that a user's own list needs. Base of `Operations`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.base_operations import BaseOperations, page_params
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.base import Model, Page
from origami_widgets.api.models.run import Workspace
from origami_widgets.api.models.table import DeletedWorkspace, Document, EnrichmentRun, UpsertReceipt
from origami_widgets.api.responses import unexpected
from origami_widgets.words.foreign_text import described, is_unicode

M = TypeVar("M", bound=Model)
MOST_ROWS = 100
"""Rows that one request may write."""
BYTES_PER_SECOND = 50_000
"""Slowest connection for which a file gets enough time."""


class UploadOperations(BaseOperations):
    """Workspaces, documents, row writes and enrichment runs."""

    async def create_workspace(self, name: str | None = None, *, idempotency_key: str | None = None) -> Workspace:
        """Create an empty workspace for documents and tables: `POST /workspaces`. Free. `ow.upload` does this itself.

        Args:
            name: its name, up to 80 characters; None leaves it to the server.
            idempotency_key: the same key never creates a second one. None makes a new key.

        Raises:
            PermissionDenied: the plan has no room for another workspace.

        Example:
            >>> import origami_widgets as ow
            >>> ow.Sandbox().client().create_workspace("October").name
            'October'
        """
        checked = validate.agent_name(name)
        body = {} if checked is None else {"name": checked}
        answer = await self.request("POST", "/workspaces", json=body, idempotency_key=idempotency_key)
        return _named(Workspace, answer)

    async def list_workspaces(
        self, *, search: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Workspace]:
        """Return one page of workspaces: `GET /workspaces`. Free.

        Args:
            search: a part of the name; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: workspaces per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> _ = client.create_workspace("October")
            >>> [workspace.name for workspace in client.list_workspaces(search="Oct")]
            ['October']
        """
        return await self._page(Workspace, "/workspaces", page_params(cursor, limit, search=search))

    async def delete_workspace(self, workspace_id: str, *, confirm: bool = False) -> DeletedWorkspace:
        """Delete a workspace with all its tables and documents: `DELETE /workspaces/{workspaceId}`. Free.

        Args:
            workspace_id: the workspace's id.
            confirm: delete it. Without it, nothing is deleted, and the answer says how many tables and rows would be.

        Raises:
            PermissionDenied: this workspace can't be deleted.
            NotFound: the workspace does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> client.delete_workspace(workspace.id).will_delete.tables
            0
            >>> client.delete_workspace(workspace.id, confirm=True).deleted
            True
        """
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
    ) -> list[dict[str, Any]]:
        """Upload files into a workspace: `POST /workspaces/{workspaceId}/documents`. `ow.upload` makes a table of a list.

        Uploading is free, but `mode="append"` may start columns of the table that run automatically, which spends
        credits.

        Args:
            workspace_id: the workspace's id.
            files: names, with ending, and contents.
            mode: `"table"` makes a table of a CSV file (the server's default for `.csv`), `"append"` adds its rows to a
                table, `"document"` keeps the file as it is.
            table_id: the table of `mode="append"`.
            idempotency_key: the same key never uploads twice. None makes a new key.

        Returns:
            One object for each file, as the server sends it; `["table"]["id"]` is the id of a new table.

        Raises:
            Conflict: a document of that name exists (`DOCUMENT_PATH_TAKEN`).
            TooLarge: too many rows (`details` has the limit) or files.
            InvalidInput: no file was accepted (`UPLOAD_FAILED`); `details` says why.

        Example:
            >>> import origami_widgets as ow, pandas as pd
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> text = pd.DataFrame({"website": ["pao.example"]}).to_csv(index=False)
            >>> (result,) = client.upload_documents(workspace.id, {"list.csv": text})
            >>> client.get_table(result["table"]["id"]).lead_count
            1
        """
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
        named = {validate.text("filename", name): _bytes(content) for name, content in files.items()}
        body = [
            {"filename": name, "content": base64.b64encode(content).decode("ascii"), **extra}
            for name, content in named.items()
        ]
        within = self.settings.timeout + sum(map(len, named.values())) / BYTES_PER_SECOND
        path = f"/workspaces/{validate.workspace_id(workspace_id)}/documents"
        answer = await self.request("POST", path, json={"files": body}, idempotency_key=idempotency_key, _within=within)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise unexpected("Expected a list of results.")
        return [each for each in results if isinstance(each, dict)]

    async def list_documents(self, workspace_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Document]:
        """Return one page of a workspace's documents: `GET /workspaces/{workspaceId}/documents`. Free.

        Args:
            workspace_id: the workspace's id.
            cursor: `next_cursor` of the page before; None for the first.
            limit: documents per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> workspace = client.create_workspace("October")
            >>> _ = client.upload_documents(workspace.id, {"notes.md": "Call first."}, mode="document")
            >>> [document.filename for document in client.list_documents(workspace.id)]
            ['notes.md']
        """
        path = f"/workspaces/{validate.workspace_id(workspace_id)}/documents"
        return await self._page(Document, path, page_params(cursor, limit))

    async def upsert_rows(
        self,
        table_id: str,
        rows: Sequence[Mapping[str, object]],
        match_columns: Iterable[str],
        *,
        enrich: bool = False,
        reenrich_updated: bool = False,
        batch_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> UpsertReceipt:
        """Insert rows, or update those that match: `POST /tables/{tableId}/rows/upsert`. Spends credits only with `enrich`.

        Args:
            table_id: the table's id.
            rows: 1 to 100 dicts of column slugs and values; only `input` columns can be written.
            match_columns: slugs of the columns that tell rows apart; each row needs values in them.
            enrich: fill the cells of new rows. Unlike the API, this package does not unless you ask for it.
            reenrich_updated: with `enrich`, also fill the cells of updated rows again.
            batch_id: a UUID for these rows. A repeated id writes nothing and returns the earlier receipt, also after
                other rows were written. None lets the server choose.
            idempotency_key: the same key never writes twice. None makes a new key.

        Returns:
            How many rows were inserted, updated and skipped. `get_enrichment_run(receipt.id)` has the rows' ids.

        Raises:
            InvalidInput: unknown or computed columns, missing or repeated match values; nothing was written.
            Conflict: a row matches several existing rows (`AMBIGUOUS_MATCH`).

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> table = ow.upload([{"website": "pao.example", "city": "Faro"}], key="website", columns=["city"], client=client)
            >>> rows = [{"website": "pao.example", "city": "Porto"}, {"website": "broa.example"}]
            >>> receipt = client.upsert_rows(table.id, rows, ["website"])
            >>> receipt.counts.inserted, receipt.counts.updated
            (1, 1)
        """
        slugs = validate.column_slugs(match_columns)
        many: object = rows
        given = list(many) if validate.is_iterable(many) else []
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
        """Read an enrichment run, with what became of each row: `GET /enrichment-runs/{runId}`. Free.

        Args:
            run_id: the id in the receipt of `upsert_rows`; not that of an agent's run.

        Raises:
            NotFound: it does not exist for this key and project.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox().client()
            >>> table = ow.upload([{"website": "pao.example"}], key="website", client=client)
            >>> receipt = client.upsert_rows(table.id, [{"website": "broa.example"}], ["website"])
            >>> [row.outcome for row in client.get_enrichment_run(receipt.id).outcomes]
            ['inserted']
        """
        return _named(EnrichmentRun, await self.request("GET", f"/enrichment-runs/{validate.run_id(run_id)}"))

    async def list_enrichment_runs(
        self, *, table_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[EnrichmentRun]:
        """Return one page of enrichment runs, newest first: `GET /enrichment-runs`. Free.

        Args:
            table_id: only those of this table; None for all.
            cursor: `next_cursor` of the page before; None for the first.
            limit: enrichment runs per page, 1 to 100.

        Example:
            >>> import origami_widgets as ow
            >>> len(ow.Sandbox().client().list_enrichment_runs())
            0
        """
        table = None if table_id is None else validate.table_id(table_id)
        return await self._page(EnrichmentRun, "/enrichment-runs", page_params(cursor, limit, tableId=table))


def _bytes(content: object) -> bytes:
    if isinstance(content, str) and is_unicode(content):
        return content.encode()
    if isinstance(content, bytes):
        return content
    cause = "The text has half a character." if isinstance(content, str) else f"Got {type(content).__name__}."
    raise InvalidInput("Invalid file", cause=cause, remedy="Pass the content of a file as text or bytes.")


def _named(kind: type[M], answer: object) -> M:
    """Return the object in an answer, which must have an id."""
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise unexpected("It has no id.")
    return kind.from_raw(answer)
