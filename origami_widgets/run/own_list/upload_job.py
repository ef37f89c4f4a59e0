"""`UploadJob`: write a user's own list into a table, exactly once, without starting any cell.

A new table is one CSV file in a workspace of its own; what a file can't hold is upserted. A lost answer is reconciled
before anything is sent again: the workspace shows whether the table is there, and the server answers a repeated batch id
with its old receipt. `append` is never sent, as it may start columns that run automatically.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api.base_operations import wait_after, with_retries
from origami_widgets.api.errors import (
    ConnectionFailed,
    IdempotencyConflict,
    InvalidInput,
    OrigamiError,
    RateLimited,
    TableNotFound,
    TooLarge,
    UnexpectedAnswer,
)
from origami_widgets.api.models.table import Column, Table, UpsertReceipt
from origami_widgets.api.rows.own_rows import KeyText, OwnList, at_positions, key_of
from origami_widgets.api.rows.row_reader import RowPages, RowQuery, ids_of
from origami_widgets.api.upload_operations import MOST_ROWS
from origami_widgets.api.usage import is_counted
from origami_widgets.run.own_list.uploaded_table import Uploaded, UploadRecord
from origami_widgets.run.polling.poller import poller
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations

T = TypeVar("T")

LOOKS = (2.0, 10.0)
"""Seconds before each search for what a lost answer may have made."""
MOST_LOSSES, MOST_REFUSALS = 4, 20
"""Attempts of one request that may end with an unknown outcome, or be put off, before the call gives up."""
LATE_ROWS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each reading of the rows, while some are missing: the server may still be reading the file."""
SHORT = 8
"""Requests that an upload sends at once. Further ones come after the checks of running cards."""


class KeysChanged(OrigamiError):
    """Some rows of an uploaded list are missing in its table, or their keys are not those that were sent."""


class UploadJob:
    """Upload of one list. Background loop only.

    Args:
        operations: the API.
        own: the list.
        record: the record of the upload.
        name: the name of a new table.
        target: the existing table that takes the rows; None makes a new one.
    """

    def __init__(
        self, operations: Operations, own: OwnList, record: UploadRecord, *, name: str, target: Table | None
    ) -> None:
        self._operations = operations
        self._own_list = own
        self._record = record
        self._name = name
        self._target = target
        self._requests = 0

    async def carry_out(self) -> Uploaded:
        """Write what is not written yet, read all rows back and return where they are.

        Raises:
            KeysChanged: a key is missing or changed.
            InvalidInput: the table has not all columns of the list, or the server refused a row.
            OrigamiError: the rows were not written; the same call goes on.
        """
        if self._record.stored.is_complete:
            try:
                return await self._found_again()
            except TableNotFound:
                if self._target is not None:
                    raise
                self._record.renew()
        try:
            if self._target is None:
                await self._make_table()
            elif not self._record.stored.table_id:
                self._record.change(table_id=self._target.id)
            columns = await self._columns()
            await self._write_rest(columns)
            ids = await self._read_back(columns)
            self._record.change(is_complete=True)
            return Uploaded(await self._table(), columns, ids)
        except OrigamiError as error:
            error.add_note("Nothing was spent. The same call goes on where this one ended, and writes no row twice.")
            raise

    async def _found_again(self) -> Uploaded:
        """Return the table of an upload that has ended. Its rows may have changed since."""
        table = await self._table()
        columns = await self._columns()
        found = await self._rows(columns)
        return Uploaded(table, columns, {key: ids[0] for key, ids in found.items() if len(ids) == 1})

    # A new table

    async def _make_table(self) -> None:
        record = self._record
        if not record.stored.workspace_id:
            label = f"{self._name[:60]} ({record.stored.upload_id[:8]})"

            async def found_workspace() -> str | None:
                page = await self._read(
                    lambda: self._operations.list_workspaces(search=record.stored.upload_id[:8], limit=100)
                )
                return next((each.id for each in page.items if each.name == label), None)

            async def create(key: str, _batch: str) -> str:
                return (await self._operations.create_workspace(label, idempotency_key=key)).id

            record.change(workspace_id=await self._post("workspace", create, found_workspace), pending="")
        while not record.stored.table_id:
            if not record.stored.csv_rows:
                # Written down before the file is sent: after a lost answer, it says which rows the table has.
                record.change(csv_rows=len(self._own_list.rows))
            try:
                what = f"file of {record.stored.csv_rows} rows"
                table_id = await self._post(what, self._send_file, self._found_table)
            except TooLarge as error:
                record.change(csv_rows=smaller(error, record.stored.csv_rows))
            else:
                rows = record.stored.csv_rows
                record.change(table_id=table_id, sent=rows, inserted=rows, pending="")

    async def _send_file(self, key: str, _batch: str) -> str:
        stored = self._record.stored
        text = self._own_list.csv(stored.csv_rows)
        results = await self._operations.upload_documents(
            stored.workspace_id,
            {re.sub(r"[/\\:]", "-", self._name) + ".csv": text},
            mode="table",
            idempotency_key=key,
        )
        for result in results:
            table = result.get("table")
            if isinstance(table, dict) and isinstance(table.get("id"), str):
                return str(table["id"])
            if result.get("kind") == "error":
                raise InvalidInput(
                    "Upload failed",
                    cause="Origami didn't accept the list. Nothing was written.",
                    remedy="Check the column names, then try again. If it keeps happening, contact support.",
                    code="UPLOAD_FAILED",
                )
        raise UnexpectedAnswer("Unexpected response", cause="It names no table.", transient=True)

    async def _found_table(self) -> str | None:
        workspace = self._record.stored.workspace_id
        page = await self._read(lambda: self._operations.list_tables(agent_id=workspace, limit=100))
        return next((table.id for table in page.items if table.id), None)

    # Rows

    async def _columns(self) -> tuple[Column, ...]:
        """Return the table's columns for those of the list.

        Raises:
            InvalidInput: the table lacks one of them, or computes it.
        """
        listed = list(await self._read(lambda: self._operations.list_columns(self._record.stored.table_id)))
        found: list[Column] = []
        for name in self._own_list.names:
            equal = [each for each in listed if each.name == name] or [each for each in listed if each.slug == name]
            column = next((each for each in equal if each.kind in ("", "input") and each.slug), None)
            if column is None:
                kind = f"It is computed ({equal[0].kind})." if equal else "The table has no column of that name."
                raise InvalidInput(
                    f"The table can't take the column {name!r}",
                    cause=f"{kind} No row was written to it.",
                    remedy="Leave the column out, or rename it as the table's: client.list_columns(table.id) lists them.",
                )
            found.append(column)
        return tuple(found)

    async def _write_rest(self, columns: Sequence[Column]) -> None:
        rows, size = self._own_list.rows, MOST_ROWS
        stored, order = self._record.stored, self._own_list.order(self._record.stored.upload_id)
        if stored.sent < len(rows) and stored.order != order:
            # Which rows were sent can't be told from their number. To upsert them again changes nothing.
            self._record.change(order=order, sent=0, pending="", refusals=stored.refusals + 1)
        while (start := self._record.stored.sent) < len(rows):
            end = min(start + size, len(rows))
            try:
                receipt = await self._upsert(f"rows {start} to {end}", columns, range(start, end), enrich=False)
            except TooLarge as error:
                size = smaller(error, end - start)
                continue
            except OrigamiError as error:
                raise self._refused(error, start, end) from None
            self._acknowledge(receipt, sent=end)

    async def _upsert(
        self, what: str, columns: Sequence[Column], rows: Iterable[int], *, enrich: bool
    ) -> UpsertReceipt:
        """Upsert rows by their key, without missing values. `what` is as in `_post`; `enrich` starts their cells."""
        slugs = [str(column.slug) for column in columns]
        cells = (zip(slugs, self._own_list.rows[row], strict=True) for row in rows)
        chunk = [{slug: value for slug, value in row if value is not None} for row in cells]

        async def send(key: str, batch: str) -> UpsertReceipt:
            return await self._operations.upsert_rows(
                self._record.stored.table_id,
                chunk,
                slugs[: self._own_list.key_size],
                enrich=enrich,
                batch_id=batch,
                idempotency_key=key,
            )

        return await self._post(what, send, None)

    def _acknowledge(self, receipt: UpsertReceipt, **changes: Any) -> None:
        """Write down that rows were written."""
        stored, counts = self._record.stored, receipt.counts
        self._record.change(
            pending="",
            inserted=stored.inserted + (counts.inserted or 0),
            updated=stored.updated + (counts.updated or 0),
            skipped=stored.skipped + (counts.skipped or 0),
            **changes,
        )

    def _refused(self, error: OrigamiError, start: int, end: int) -> OrigamiError:
        """Return the error for refused rows with their positions, and without values, which the server may repeat."""
        if not isinstance(error.status_code, int) or error.status_code not in (400, 409, 422):
            return error
        issues = error.details.get("issues")
        paths = [str(each.get("path")) for each in issues if isinstance(each, dict)] if isinstance(issues, list) else []
        named = {start + int(found[1]) for path in paths if (found := re.search(r"\brows\W*(\d+)", path))}
        rows = {row for row in named if row < end} or set(range(start, end))
        which = "these rows" if named else "a row among these"
        error.cause = f"Origami refused {which}: {at_positions(self._own_list.positions(rows))}."
        error.details = {}
        return error

    async def _read_back(self, columns: Sequence[Column]) -> dict[KeyText, str]:
        """Return the id of each row by its key.

        Raises:
            KeysChanged: a key is missing, or several rows have it.
        """
        keys = self._own_list.keys
        found, missing = dict[tuple[str, ...], list[str]](), set(range(len(keys)))
        for wait in LATE_ROWS:
            if not missing:
                break
            await self._pause(wait)
            found = await self._rows(columns)
            missing = {row for row, key in enumerate(keys) if key not in found}
        repeated = {row for row, key in enumerate(keys) if len(found.get(key, ())) > 1}
        if wrong := missing or repeated:
            stored = self._record.stored
            what = "aren't in the table with the key that was sent" if missing else "are in the table more than once"
            made = f" To delete it: client.delete_workspace({stored.workspace_id!r}, confirm=True)."
            raise KeysChanged(
                "The table doesn't have your keys as they were sent",
                cause=f"{plural(len(wrong), 'row')} {what}: {at_positions(self._own_list.positions(wrong))}. Nothing was "
                "spent.",
                remedy="Look at the table in Origami. Choose a key whose texts stay as they are, or clean it: "
                f"frame[…].str.strip().{made if self._target is None else ''}",
                code="KEYS_CHANGED",
            )
        return {key: found[key][0] for key in keys}

    async def _rows(
        self, columns: Sequence[Column], see: Callable[[dict[str, Any]], None] = lambda _cells: None
    ) -> dict[KeyText, list[str]]:
        """Return the ids of all rows of the table by their keys, hidden leads too.

        Args:
            columns: the table's columns for the list's.
            see: called with the cells of each row.
        """
        slugs = [str(column.slug) for column in columns[: self._own_list.key_size]]
        query, found = RowQuery(saved_filters=False), dict[tuple[str, ...], list[str]]()

        def keep(rows: Sequence[dict[str, Any]]) -> None:
            for row, row_id in zip(rows, ids_of(rows), strict=True):
                cells = row.get("cells")
                values = cells if isinstance(cells, dict) else row
                see(values)
                found.setdefault(key_of(value_of(values.get(slug)) for slug in slugs), []).append(row_id)

        pages: RowPages[dict[str, Any]] = RowPages(
            lambda cursor: self._read(
                lambda: self._operations.list_raw_rows(self._record.stored.table_id, query, cursor=cursor)
            ),
            ids_of,
        )
        while not pages.walk.done:
            await pages.read(keep)
        return found

    # Requests

    async def _post(
        self,
        what: str,
        send: Callable[[str, str], Awaitable[T]],
        look: Callable[[], Awaitable[T | None]] | None,
    ) -> T:
        """Send a request until its outcome is known.

        Args:
            what: what is sent; its keys are made of it.
            send: sends it once, with an idempotency key and a batch id.
            look: returns what an earlier attempt has made; None without. None for a request that may be repeated.

        Raises:
            OrigamiError: the server refused, or the outcome stays unknown.
        """
        refusals = losses = 0
        waits: Sequence[float]
        if self._record.stored.pending == what and look is not None and (found := await look()) is not None:
            return found
        while True:
            was_unknown = self._record.stored.pending == what
            batch = self._record.id_of(what)
            # Another key after a refusal, as the server repeats its answer. The batch stays while it may have been written.
            key = self._record.id_of(f"{what}, {refusals}") if was_unknown and refusals else batch
            try:
                return await self._attempt(what, functools.partial(send, key, batch))
            except OrigamiError as failure:
                error = failure.with_traceback(None)
            if _is_unsent(error):
                raise error
            if _is_unknown(error):
                losses += 1
                waits = LOOKS
            else:
                refusals += 1
                waits = (0.0,) if was_unknown else ()
                if not was_unknown:
                    self._record.change(refusals=self._record.stored.refusals + 1, pending="")
            if look is not None and (found := await self._look(look, waits)) is not None:
                return found
            is_put_off = error.is_replay or isinstance(error, RateLimited)
            if losses >= MOST_LOSSES or refusals > MOST_REFUSALS or not (_is_unknown(error) or is_put_off):
                raise error
            if is_put_off or look is None:
                await self._pause(wait_after(error, losses + refusals))

    async def _attempt(self, what: str, send: Callable[[], Awaitable[T]]) -> T:
        """Send a request once. It counts as pending from before it is sent until its outcome is known."""
        was_unknown = self._record.stored.pending == what
        await self._allow()
        if not was_unknown:
            self._record.change(pending=what)
        try:
            return await send()
        except OrigamiError as error:
            if _is_unsent(error) and not was_unknown:
                self._record.change(pending="")
            raise

    async def _allow(self) -> None:
        """Wait until the rate limit has room. A short upload waits as little as other calls of users, a long one for polls."""
        self._requests += 1
        is_long = self._requests > SHORT
        if is_long:
            await poller().allow(self._operations)
        is_counted.set(is_long)

    async def _look(self, look: Callable[[], Awaitable[T | None]], waits: Sequence[float]) -> T | None:
        for wait in waits:
            await self._pause(wait)
            if (found := await look()) is not None:
                return found
        return None

    async def _read(self, read: Callable[[], Awaitable[T]]) -> T:
        async def attempt() -> T:
            await self._allow()
            return await read()

        return await with_retries(attempt, pause=self._pause)

    async def _table(self) -> Table:
        response = await self._read(lambda: self._operations.poll_table(self._record.stored.table_id, include=()))
        return Table.from_raw(response.body)

    async def _pause(self, seconds: float) -> None:
        if seconds:
            await poller().clock.sleep(seconds, asyncio.Event())


def _is_unsent(error: OrigamiError) -> bool:
    return isinstance(error, ConnectionFailed) and not error.sent


def _is_unknown(error: OrigamiError) -> bool:
    """Return whether a request that failed with this error may have had an effect."""
    return error.may_have_started or isinstance(error, UnexpectedAnswer | IdempotencyConflict)


def value_of(cell: object) -> object:
    """Return what a raw cell holds."""
    return cell.get("value") if isinstance(cell, dict) else cell


def smaller(error: TooLarge, rows: int) -> int:
    """Return how many rows to send after some were too many.

    Raises:
        TooLarge: it was a single row.
    """
    if rows <= 1:
        raise error
    limit = error.details.get("limit")
    return limit if isinstance(limit, int) and 1 <= limit < rows else rows // 2
