"""`UploadedTable`: the handle on a table that holds a user's own list. `UploadRecord`: what is known of its upload.

The same call goes on where an earlier one ended. The record's random id is written down before the first request. All
idempotency keys and batch ids are made of it, never of the rows: the server answers a repeated batch id with its old
receipt, and the third of the uploads A, B, A would write nothing. With a name (`once=`), the record is in the start store;
else it belongs to the notebook's cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
import weakref
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec.structs import replace

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import DeletedWorkspace, Table, came_from
from origami_widgets.api.rows.own_rows import NOT_SENT, KeyText, OwnList
from origami_widgets.run.starts.call import Cell, drop_oldest, key_of
from origami_widgets.run.starts.record import Moment, NameTaken, Stored, spoken, valid_once
from origami_widgets.run.starts.store import StoreEntry, store_entry
from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Column
    from origami_widgets.api.operations import Operations
    from origami_widgets.host.application import CellRef

MOST_RECORDS = 1_000
"""Records of cells that are kept; the oldest are dropped."""


class StoredUpload(Stored, kw_only=True):
    """What is known of one upload.

    Attributes:
        order: digest of the order of the rows, in which `sent` counts them.
        upload_id: the random id of the upload.
        claimed_at: when the first request was about to be sent.
        workspace_id: the workspace of the new table; empty before it is known.
        table_id: the table; empty before it is known.
        csv_rows: the number of rows in the CSV file that was, or is being, sent.
        sent: the number of rows that the server has acknowledged.
        pending: the request whose outcome is not known; empty without one.
        refusals: the number of definite refusals. Each is followed by new keys, as the server repeats its answers.
        inserted: rows that were inserted.
        updated: rows that were updated.
        skipped: rows that were left as they are.
        is_complete: whether all rows were written and read back; of a list with a pilot, those that the agent gets.
        pilot: how many rows the pilot has; 0 without one.
        receipts: the ids of what was written since with the columns to run, in order.
        priced: how many of these are of single rows of the pilot.
        stage: how far a list with a pilot is: `pilot` until it is said that the rest may be enriched, too, then `rest`, at
            last `over`.
    """

    order: str = ""
    upload_id: str
    claimed_at: Moment
    workspace_id: str = ""
    table_id: str = ""
    csv_rows: int = 0
    sent: int = 0
    pending: str = ""
    refusals: int = 0
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    is_complete: bool = False
    pilot: int = 0
    receipts: tuple[str, ...] = ()
    priced: int = 0
    stage: Literal["pilot", "rest", "over"] = "pilot"


class UploadRecord:
    """Record of one upload, and where it is kept.

    Args:
        spec: what is asked for.
        entry: the entry in the start store; None keeps it in memory.

    Attributes:
        stored: its content.
        runs: the runs of `enrich` on this list, by brief and model, until the list is enriched.
    """

    def __init__(self, spec: UploadSpec, entry: StoreEntry[StoredUpload] | None = None) -> None:
        self.stored = spec.new()
        self._spec = spec
        self.runs: dict[tuple[str, str | None], Any] = {}
        self._entry = entry

    def change(self, **changes: Any) -> None:
        """Change the content, and write it down.

        Raises:
            RegistryUnusable: the start store cannot be written.
        """
        self.stored = replace(self.stored, **changes)
        if self._entry is not None:
            self._entry.place(self.stored)
            self._entry.write(self.stored)

    @property
    def has_rest(self) -> bool:
        """Whether the list has a pilot, and a rest that is not enriched yet."""
        return self.stored.pilot > 0 and self.stored.stage != "over"

    def renew(self) -> None:
        """Begin again with a new id, because the table was deleted."""
        pilot, self.stored = self.stored.pilot, self._spec.new()
        self.change(pilot=pilot)

    def id_of(self, what: str) -> str:
        """Return the UUID of one request, the same each time."""
        return str(uuid.uuid5(uuid.UUID(self.stored.upload_id), f"{self.stored.refusals} {what}"))


_records: dict[Cell, UploadRecord] = {}
"""The records of cells, by the keys under which reruns find them."""
_locks: weakref.WeakValueDictionary[Hashable, asyncio.Lock] = weakref.WeakValueDictionary()


@dataclass(frozen=True)
class UploadSpec:
    """What an upload is asked for.

    Attributes:
        own: the list.
        target: the id of the table that takes the rows; empty for a new one.
        name: the name of a new table; empty for none.
    """

    own: OwnList
    target: str
    name: str

    def fingerprint(self, salt: str) -> str:
        """Return a digest of it."""
        return self.own.fingerprint(salt, self.target, self.name)

    def new(self) -> StoredUpload:
        """Return what is known of a new upload, with a new id."""
        upload_id = str(uuid.uuid4())
        return StoredUpload(
            upload_id=upload_id,
            fingerprint=self.fingerprint(upload_id),
            order=self.own.order(upload_id),
            claimed_at=datetime.now(UTC),
        )


@contextlib.asynccontextmanager
async def held_record(
    operations: Operations,
    spec: UploadSpec,
    *,
    once: str | None,
    cell: CellRef | None,
    fresh: bool = False,
    known: UploadRecord | None = None,
) -> AsyncIterator[UploadRecord]:
    """Give a block the record of an upload, which no other call then has. Background loop only.

    Args:
        operations: the API.
        spec: what is asked for.
        once: the name in `once=`; None without one.
        cell: the cell that makes the call; None if the host has no cell ids.
        fresh: begin a new upload in any case.
        known: the record of the cell, if this call has looked it up before.

    Raises:
        NameTaken: the name belongs to another list.
        RegistryUnusable: the start store cannot be read or written.
    """
    if once is None:
        record = known or _record_of_cell(operations, spec, cell, fresh=fresh)
        async with _locks.setdefault(record, asyncio.Lock()):
            yield record
        return
    entry = await store_entry(operations, f"{valid_once(once)}, own list", StoredUpload)
    async with _locks.setdefault(entry.key, asyncio.Lock()), entry.held():
        stored = None if fresh else entry.read()
        if stored is not None and stored.fingerprint != spec.fingerprint(stored.upload_id):
            raise NameTaken(
                f"The name {once!r} is used by another list",
                cause=f"once={once!r} was used at {spoken(stored.claimed_at)} for other rows, columns or options.",
                remedy="Use another name. To write these rows into the same table: ow.upload(frame, key=…, "
                "table=table, once='another-name').",
            )
        record = UploadRecord(spec, entry)
        if stored is None:
            record.change()
        record.stored = stored or record.stored
        yield record


def forget(upload_id: str) -> None:
    """Forget the upload of a cell, because its table was deleted. Background loop only."""
    for key in [key for key, record in _records.items() if record.stored.upload_id == upload_id]:
        del _records[key]


def _record_of_cell(operations: Operations, spec: UploadSpec, cell: CellRef | None, *, fresh: bool) -> UploadRecord:
    """Return the record of the equal upload of an earlier execution of the cell, or a new one.

    An upload into an existing table is only found again if it has not ended: to write A, B and A again is three writes.
    """
    key = key_of(operations.identity, spec, cell=cell)
    record = UploadRecord(spec)
    if not isinstance(key, Cell):
        return record
    known = _records.pop(key, None)
    if known is not None and not fresh and not (spec.target and known.stored.is_complete):
        record = known
    _records[key] = record
    drop_oldest(_records, MOST_RECORDS)
    return record


@dataclass(frozen=True)
class Uploaded:
    """Result of an upload.

    Attributes:
        table: the table.
        columns: the table's columns for the list's, in their order.
        ids: the id of each row by its key.
    """

    table: Table
    columns: tuple[Column, ...]
    ids: dict[KeyText, str]


class UploadCounts(NamedTuple):
    """What became of the rows of a list.

    Attributes:
        rows: rows of the list.
        without_key: rows without a key. They were not sent, and come back empty.
        repeated: rows that equal an earlier one. They were sent once, and results are joined to all of them.
        inserted: rows that are new in the table.
        updated: rows that the table had.
        skipped: rows that the server left as they were.
    """

    rows: int
    without_key: int
    repeated: int
    inserted: int
    updated: int
    skipped: int


class UploadedTable:
    """A table at Origami with the rows of your own list. `upload` returns it.

    Use it wherever a table goes: `start(…, focus_tables=[table])`, `leads_frame(table)`, `leads(table)`,
    `join_leads(frame, table, key=…)`. These then use the client and project that it was uploaded with.

    Attributes:
        table: the table as the server described it after the upload.
        operations: the API through which it was uploaded.
        upload_id: the id of the upload, under which a start with `once=` is known.
        workspace_id: the workspace of the table; empty if that is not known.
        counts: what became of the rows.
        row_ids: the id of each row of your list, in its order; None for a row that has no key, or is no longer in the table.
        ids_by_key: the id of each row by the texts of its key; empty for a row that is no longer in the table.
        column_ids: ids of the columns that came from your list.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> client = ow.Sandbox(speed=600).client()
        >>> companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "revenue": [7, 8]})
        >>> table = ow.upload(companies, key="website", client=client)
        >>> table.counts.inserted, len(table.row_ids)
        (2, 2)
    """

    table: Table
    operations: Operations
    upload_id: str
    workspace_id: str
    counts: UploadCounts
    row_ids: tuple[str | None, ...]
    ids_by_key: dict[KeyText, str]
    column_ids: frozenset[str]

    def __init__(self, operations: Operations, own: OwnList, uploaded: Uploaded, stored: StoredUpload) -> None:
        self.table, self.operations = uploaded.table, operations
        came_from(operations, [self.table])
        self.upload_id = stored.upload_id
        self.workspace_id = stored.workspace_id or uploaded.table.workspace_id or ""
        self.counts = UploadCounts(
            len(own.places), len(own.without_key), own.repeated, stored.inserted, stored.updated, stored.skipped
        )
        self.ids_by_key = dict.fromkeys(own.keys, "") | uploaded.ids
        ids = [uploaded.ids.get(key) for key in own.keys]
        self.row_ids = tuple(None if place == NOT_SENT else ids[place] for place in own.places)
        self.column_ids = frozenset(column.id for column in uploaded.columns)

    @property
    def id(self) -> str:
        """The table's id."""
        return self.table.id

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def url(self) -> str:
        """The table's page in Origami."""
        return str(self.table.raw.get("url") or "")

    @property
    def raw(self) -> dict[str, Any]:
        """The table as the server described it after the upload."""
        return self.table.raw

    def __repr__(self) -> str:
        # Shows no rows, as they may be personal data.
        return f"<UploadedTable {clean(self.name, 60)!r}: {plural(self.counts.rows, 'row')}, {self.id}>"

    @bridged
    async def delete(self, *, confirm: bool = False) -> DeletedWorkspace:
        """Delete the table, with its workspace and everything in it. The API can't delete a table alone. Free.

        Args:
            confirm: delete it. Without it, nothing is deleted, and the answer says how many tables and rows would be.

        Raises:
            InvalidInput: the table's workspace isn't known.
            PermissionDenied: this workspace can't be deleted.
            NotFound: it no longer exists.

        Example:
            >>> import origami_widgets as ow
            >>> table = ow.upload([{"website": "pao.example"}], key="website", client=ow.Sandbox().client())
            >>> table.delete().will_delete.rows, table.delete(confirm=True).deleted
            (1, True)
        """
        if not self.workspace_id:
            raise InvalidInput(
                "Can't delete this table",
                cause="It isn't known which workspace it is in, and the API can't delete a table alone.",
                remedy=f"Delete it in Origami{f': {self.url}' if self.url else '.'}",
            )
        return await OnLoop(self._delete(confirm=confirm))

    delete_async = delete.aio

    async def _delete(self, *, confirm: bool) -> DeletedWorkspace:
        deleted = await self.operations.delete_workspace(self.workspace_id, confirm=confirm)
        if confirm:
            forget(self.upload_id)
        return deleted
