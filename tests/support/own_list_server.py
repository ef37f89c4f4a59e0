"""The spending server with lists of the user's own: rows, writes and enrichments are counted here, not at the sandbox.

Where the vendor is silent, it does what costs the user most:

- A batch id that was refused is used up: sent again, it gets a receipt, and nothing is written.
- Rows are enriched unless `enrich` is false, and always by `mode: "append"`.
- A key that is looked for finds the row with exactly that text.

Arguments beside those of `SpendingServer`: `csv_rows` is the number of rows that a file may have, `chunk_rows` that of an
upsert, `reads` what becomes of a text in a file, and `begins_after` how many seconds after a write the cells of its rows
begin. A brief with the word `nothing` completes without any change.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import urllib.parse
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.counting_server import Refusal, body_of, key_of, query_of
from tests.support.filling_tables import Column, FillingTable, Run
from tests.support.spending_server import SpendingServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import Received


class OwnListServer(SpendingServer):
    """The server.

    Attributes:
        workspaces: names of workspaces by id.
        contents: the rows of each table that was uploaded: id, and values by slug.
        writes: each write that was carried out: the table, how, and the rows.
        enrichments: how many rows were given to enrichments that nobody asked for by a run.
        enriched: how often the columns ran for a written row, by its key.
        says_credits: whether it reports what the cells of written rows have cost.
        says_limit: whether it says of a chunk that is too large how many rows it takes.
        swallows: of how many chunks it gives a receipt, and writes none of their rows.
        asked: what is called at each request.
    """

    def __init__(
        self,
        *,
        csv_rows: int = 100_000,
        chunk_rows: int = 100,
        reads: Callable[[str], Any] = str,
        begins_after: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.workspaces: dict[str, str] = {}
        self.contents: dict[str, list[dict[str, Any]]] = {}
        self.writes: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.enrichments = 0
        self.enriched: Counter[tuple[Any, ...]] = Counter()
        self.says_credits, self.says_limit, self.swallows = True, True, 0
        self.asked: Callable[[], object] = lambda: None
        self.homes: dict[str, str] = {}
        self._files: set[tuple[str, str]] = set()
        self._batches: dict[str, dict[str, Any]] = {}
        self._enriching: dict[str, tuple[FillingTable, list[tuple[Column, int]]]] = {}
        self._refusals: dict[str, list[int]] = {}
        self._csv_rows, self._chunk_rows, self._reads = csv_rows, chunk_rows, reads
        self._begins_after = begins_after
        self._to_begin: list[tuple[float, FillingTable, Column, list[int]]] = []

    def _handlers(self) -> dict[str, Callable[..., tuple[int, Any]]]:
        return {
            **super()._handlers(),
            "POST /workspaces": self._create_workspace,
            "GET /workspaces": self._list_workspaces,
            "DELETE /workspaces/{id}": self._delete_workspace,
            "POST /workspaces/{id}/documents": self._upload,
            "POST /tables/{id}/rows/upsert": self._upsert,
            "GET /enrichment-runs/{id}": self._enrichment_run,
        }

    def texts(self, table: str, slug: str) -> list[Any]:
        """The values of a column, in the order of the rows."""
        return [row["cells"].get(slug) for row in self.contents[table]]

    @property
    def sent(self) -> str:
        """Everything that has left the machine: targets, and bodies with files decoded."""
        parts = []
        for request in self.requests:
            body = request.body.decode()
            if request.path.endswith("/documents"):
                body += "".join(base64.b64decode(each["content"]).decode() for each in json.loads(body)["files"])
            parts.append(f"{urllib.parse.unquote(request.target)} {body}")
        return "\n".join(parts)

    def refuse(self, route: str, *statuses: int) -> None:
        """Let the next requests of a route be refused, which their keys and batch ids remember."""
        self._refusals.setdefault(route, []).extend(statuses)

    def _route(self, request: Received) -> tuple[str, Callable[..., tuple[int, Any]], tuple[str, ...]]:
        route, handler, ids = super()._route(request)
        self.asked()
        if planned := self._refusals.get(route):
            status = planned.pop(0)

            def refused(request: Received, *_ids: str) -> tuple[int, Any]:
                if (batch := body_of(request).get("batchId")) is not None:
                    self._batches.setdefault(batch, _receipt(batch))
                raise Refusal(status, {402: "INSUFFICIENT_CREDITS", 429: "RATE_LIMITED"}.get(status, "FORBIDDEN"))

            return route, refused, ids
        return route, handler, ids

    def _advance(self, now: float) -> None:
        while self._to_begin and self._to_begin[0][0] <= now:
            at, table, column, numbers = self._to_begin.pop(0)
            table.refill("rows", column, numbers, at)
        super()._advance(now)

    def _extend(self, run: Run, table: FillingTable) -> None:
        if "nothing" not in run.prompt:
            super()._extend(run, table)

    def _create_workspace(self, request: Received) -> tuple[int, Any]:
        made = str(uuid.uuid4())
        self.workspaces[made] = body_of(request).get("name", "")
        return 201, self._workspace(made)

    def _list_workspaces(self, request: Received) -> tuple[int, Any]:
        word = query_of(request).get("search", "")
        found = [self._workspace(each) for each, name in self.workspaces.items() if word in name]
        return 200, {"object": "list", "items": found, "nextCursor": None, "url": request.path}

    def _workspace(self, workspace: str) -> dict[str, Any]:
        return {"object": "workspace", "id": workspace, "name": self.workspaces[workspace], "createdByApi": True}

    def _delete_workspace(self, request: Received, workspace: str) -> tuple[int, Any]:
        if workspace not in self.workspaces:
            raise Refusal(404, "WORKSPACE_NOT_FOUND")
        tables = [table for table, home in self.homes.items() if home == workspace]
        about = {"workspaceId": workspace, "name": self.workspaces[workspace]}
        if query_of(request).get("confirm") != "true":
            rows = sum(len(self.contents[table]) for table in tables)
            return 200, {**about, "confirmationRequired": True, "willDelete": {"tables": len(tables), "rows": rows}}
        for table in tables:
            del self.contents[table], self._tables[table], self.homes[table]
        del self.workspaces[workspace]
        return 200, {**about, "deleted": True}

    def _upload(self, request: Received, workspace: str) -> tuple[int, Any]:
        if workspace not in self.workspaces:
            raise Refusal(404, "WORKSPACE_NOT_FOUND")
        (file,) = request.json()["files"]
        if file["mode"] == "append":
            self.enrichments += 1
        if (workspace, file["filename"]) in self._files:
            raise Refusal(409, "DOCUMENT_PATH_TAKEN")
        names, *rows = csv.reader(io.StringIO(base64.b64decode(file["content"]).decode()))
        if len(rows) > self._csv_rows:
            raise Refusal(413, "TOO_MANY_ROWS", details={"rows": len(rows), "limit": self._csv_rows})
        self._files.add((workspace, file["filename"]))
        now = self.now()
        columns = [Column(name, _slug(name), "input", now) for name in names]
        table = self._make_table(file["filename"].removesuffix(".csv"), columns, now, key=key_of(request))
        self.homes[table.id] = workspace
        slugs = [column.slug for column in columns]
        cells = [
            {slug: self._reads(value) for slug, value in zip(slugs, row, strict=True) if value != ""} for row in rows
        ]
        self._write(table, "file", cells)
        return 201, {"results": [{"kind": "table", "table": {"id": table.id, "name": table.name}}]}

    def _upsert(self, request: Received, table_id: str) -> tuple[int, Any]:
        table, body = self._visible(request, table_id), request.json()
        if (known := self._batches.get(body["batchId"])) is not None:
            return 200, known
        if body["enrich"] and len(body["rows"]) > 1 and self.swallows:
            self.swallows -= 1
            receipt = self._batches[body["batchId"]] = _receipt(body["batchId"], inserted=len(body["rows"]))
            return 201, receipt
        rows, match = body["rows"], body["matchColumns"]
        self._batches[body["batchId"]] = _receipt(body["batchId"])
        if len(rows) > self._chunk_rows:
            raise Refusal(413, "TOO_MANY_ROWS", details={"limit": self._chunk_rows} if self.says_limit else None)
        writable = {column.slug for column in table.columns if column.kind == "input"}
        if not {slug for row in rows for slug in row} <= writable:
            raise Refusal(400, "UNKNOWN_FIELDS")
        if body.get("enrich", True):
            self.enrichments += len(rows)
        known_rows = {tuple(row["cells"].get(slug) for slug in match): row for row in self.contents[table.id]}
        new = [row for row in rows if tuple(row.get(slug) for slug in match) not in known_rows]
        for row in rows:
            if (found := known_rows.get(tuple(row.get(slug) for slug in match))) is not None:
                found["cells"] |= row
        self._write(table, "upsert", new, rows)
        receipt = _receipt(body["batchId"], inserted=len(new), updated=len(rows) - len(new))
        self._batches[body["batchId"]] = receipt
        if body.get("enrich", True):
            first, now = len(self.contents[table.id]) - len(new), self.now()
            numbers = list(range(first, len(self.contents[table.id])))
            columns = [column for column in table.shown(now) if column.kind != "input"]
            for column in columns:
                self._to_begin.append((now + self._begins_after, table, column, numbers))
            self._advance(now)
            self.enriched.update(tuple(row.get(slug) for slug in match) for row in new)
            self._enriching[body["batchId"]] = table, [(column, number) for column in columns for number in numbers]
        return 201, receipt

    def _enrichment_run(self, request: Received, run: str) -> tuple[int, Any]:
        if run not in self._batches:
            raise Refusal(404, "ENRICHMENT_RUN_NOT_FOUND")
        if run not in self._enriching:
            return 200, {**self._batches[run], "status": "complete", "enrichments": {"total": 0}, "creditsUsed": 0}
        table, cells = self._enriching[run]
        filled = sum(number in column.filled for column, number in cells)
        active = {(cell.column.id, cell.row) for cell in table.active()}
        pending = sum((column.id, number) in active for column, number in cells)
        pending += sum(len(numbers) for _, each, _, numbers in self._to_begin if each is table)
        return 200, {
            **self._batches[run],
            "object": "enrichment_run",
            "tableId": table.id,
            "status": "processing" if pending else "complete",
            "enrichments": {"total": len(cells), "completed": filled, "pending": pending, "failed": 0},
            "creditsUsed": (0 if pending else table.price * filled) if self.says_credits else None,
        }

    def _write(
        self, table: FillingTable, how: str, new: list[dict[str, Any]], rows: list[dict[str, Any]] | None = None
    ) -> None:
        held = self.contents.setdefault(table.id, [])
        held += [{"id": str(uuid.uuid4()), "cells": dict(row)} for row in new]
        table.rows, table.changed = len(held), self.now()
        self.writes.append((table.id, how, new if rows is None else rows))

    def _is_in(self, table: FillingTable, request: Received) -> bool:
        return query_of(request).get("workspaceId") in {None, self.homes.get(table.id)}

    def _list_rows(self, request: Received, table_id: str) -> tuple[int, Any]:
        table = self._visible(request, table_id)
        if table_id not in self.contents:
            return super()._list_rows(request, table_id)
        query = query_of(request)
        start, size = int(query.get("cursor") or 0), int(query.get("limit") or 50)
        computed = [column for column in table.columns if column.kind != "input"]
        rows = [
            {
                "object": "row",
                "id": row["id"],
                "cells": {
                    **{slug: {"type": "scalar", "value": value} for slug, value in row["cells"].items()},
                    **{
                        column.slug: {"type": "value", "value": f"+1 555 {number:04d}"}
                        for column in computed
                        if number in column.filled
                    },
                },
            }
            for number, row in enumerate(self.contents[table_id])
        ]
        items = rows[start : start + size]
        if query.get("cells") == "flat":
            items = [{"id": row["id"], **{slug: cell["value"] for slug, cell in row["cells"].items()}} for row in items]
        after = str(start + size) if start + size < len(rows) else None
        return 200, {"object": "list", "items": items, "nextCursor": after, "url": request.path, "total": len(rows)}


def _receipt(batch: str, *, inserted: int = 0, updated: int = 0) -> dict[str, Any]:
    counts = {"inserted": inserted, "updated": updated, "skipped": 0}
    return {"object": "enrichment_run", "id": batch, "batchId": batch, "tableRunId": None, "counts": counts}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "column"
