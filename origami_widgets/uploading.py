"""`upload`: a user's own list as a table at Origami. At the top, as it connects frames with runs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.background.sync_bridge import OnLoop, bridged, warn_user
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import Table
from origami_widgets.host.application import CellRef, cell_ref
from origami_widgets.run.fill import plan_stopped
from origami_widgets.run.own_list.pilot import LEAST_PILOT, PilotJob, first_rows
from origami_widgets.run.own_list.upload_job import UploadJob
from origami_widgets.run.own_list.uploaded_table import (
    StoredUpload,
    UploadedTable,
    UploadRecord,
    UploadSpec,
    held_record,
)
from origami_widgets.run.settings import operations_of
from origami_widgets.run.starts.record import valid_once
from origami_widgets.run.starts.store import entry_of, store_entry
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.own_rows import OwnList
    from origami_widgets.api.rows.row_reader import Progress
    from origami_widgets.frames.files.list_reading import GivenList
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.handle import Run

__all__ = ["upload"]

T = TypeVar("T")

DEFAULT_NAME = "Own list"


@bridged
async def upload(
    frame: GivenList,
    *,
    key: str | Sequence[str],
    columns: Sequence[str] = (),
    name: str | None = None,
    table: UploadedTable | Table | str | None = None,
    once: str | None = None,
    client: AnyClient | None = None,
    progress: Progress | None = None,
) -> UploadedTable:
    """Upload your own list as a table, or into a table, without filling any cell. Free.

    Only the columns in `key` and `columns` leave this machine; the index and all other columns stay. They are sent
    exactly: texts stay texts (postal codes, phone numbers), integers beyond 2**53 are sent as texts, dates in ISO 8601,
    and missing values are left out. Rows that are equal in these columns are sent once, and rows without a key not at all:
    one warning says which, and they come back empty. Everything is checked before anything is sent, and afterwards all rows
    are read back: if a key is missing or changed, an error says so before anything is spent.

    A new table gets a workspace of its own, which `UploadedTable.delete` deletes. With `table=`, rows are updated where
    the key is known, and inserted where it is not; a missing value leaves the table's value as it is.

    No row is written twice. If a request or an answer is lost, or the call is interrupted, the same call in the same
    cell goes on where it was; with `once=`, also after a kernel restart. It sends one file of all rows, or one request
    for each 100 rows into an existing table, and one GET for each 200 rows of the table, within the rate limit.

    Args:
        frame: your list, up to 100,000 rows: a DataFrame, a list of dicts, the path of a Parquet file, or of a CSV file or
            workbook, whose cells all stay texts, or a table of polars, duckdb or another library that Arrow reads (extra
            `parquet`).
        key: the column, or columns, that tell rows apart: texts, whole numbers or dates.
        columns: further columns to send, such as what the brief needs to know.
        name: the name of a new table, up to 80 characters.
        table: write into this table, which must have these columns; None makes a new one.
        once: a name that you choose for this upload. The same call later, even after a kernel restart and with the rows in
            another order, finds its table.
        client: the client to use; None for that of `table`, else the configured one.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows sent and total rows.

    Returns:
        The table, with the ids of your rows.

    Raises:
        InvalidInput: a column or a value can't be sent, or no row has a key; nothing was sent. Or the table
            can't take a column, or the server refused a row. Messages have positions of rows, never values.
        NameTaken: the name in `once` belongs to another list; nothing was sent.
        KeysChanged: the table doesn't have your keys as they were sent.
        OrigamiError: the upload didn't end; the same call goes on.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "zip": ["04050", None], "owner": "Ana"})
        >>> client = ow.Sandbox().client()
        >>> table = ow.upload(companies, key="website", columns=["zip"], client=client)
        >>> [column.name for column in client.list_columns(table.id)], table.counts.inserted
        (['website', 'zip'], 2)
    """
    wanted = ListUpload(frame, key, columns, name=name, table=table, once=once, client=client)
    if wanted.own.said_without_key:
        warn_user(wanted.own.said_without_key)
    return await wanted.steps(progress)


class ListUpload:
    """One call of `upload`. The arguments are checked at once.

    Args:
        frame: see `upload`, also for the rest.
        key: the columns that tell rows apart.
        columns: further columns.
        name: the name of a new table.
        table: the table that takes the rows; None for a new one.
        once: the name in `once=`.
        client: the client; None for that of the table, else the default.
        fresh: begin a new upload in any case.
        pilot: how many rows are enriched first; None for all at once.

    Attributes:
        frame: the list as a DataFrame.
        own: what is sent of it.
        pilot: how many rows are enriched first; 0 for all at once.
        operations: the API.

    Raises:
        InvalidInput: an argument is not valid; nothing was sent.
    """

    def __init__(
        self,
        frame: object,
        key: object,
        columns: object,
        *,
        name: str | None,
        table: UploadedTable | Table | str | None,
        once: str | None,
        client: AnyClient | None,
        fresh: bool = False,
        pilot: int | None = None,
    ) -> None:
        from origami_widgets.frames.files.list_reading import as_frame
        from origami_widgets.frames.own_list.frame_rows import own_list_of

        self.frame: pd.DataFrame = as_frame(frame)
        self.own: OwnList = own_list_of(self.frame, key, columns)
        self._name = validate.agent_name(name) or DEFAULT_NAME
        self._target = "" if table is None else validate.table_id(getattr(table, "id", table))
        self._spec = UploadSpec(self.own, self._target, "" if self._target else self._name)
        self._workspace = table.workspace_id if isinstance(table, UploadedTable) else ""
        self._once = None if once is None else valid_once(once)
        self._fresh = fresh
        self.pilot = 0 if pilot is None else _valid_pilot(pilot, len(self.own.rows))
        self._cell: CellRef | None = cell_ref()
        self._record: UploadRecord | None = None
        self.operations: Operations = operations_of(client, [table])

    async def steps(self, progress: Progress | None) -> UploadedTable:
        """Carry out the upload, for the sync bridge. An interrupt ends it; the same call goes on."""
        shown = _ShownProgress(self, progress)
        try:
            result: UploadedTable = await OnLoop(self.carry_out(), shown.update)
            shown.update()
        except KeyboardInterrupt as stopped:
            stopped.add_note("The upload has not ended. Nothing was spent; the same call goes on where it was.")
            raise
        finally:
            shown.close()
        return result

    async def carry_out(self) -> UploadedTable:
        """Carry out the upload. Background loop only."""
        operations = self.operations
        async with self._held() as record:
            target = None
            if self._target:
                target = Table.from_raw((await operations.poll_table(self._target, include=())).body)
            if self.pilot and not record.stored.workspace_id:
                record.change(pilot=self.pilot)
            self._record, first = record, first_rows(self.own, record)
            uploaded = await UploadJob(operations, first, record, name=self._name, target=target).carry_out()
            if self._workspace and not record.stored.workspace_id:
                record.change(workspace_id=self._workspace)
            table = UploadedTable(operations, self.own, uploaded, record.stored)
            if self.has_rest:
                # The others are not there yet: they are found by their keys.
                table.ids_by_key = uploaded.ids
            return table

    @property
    def has_rest(self) -> bool:
        """Whether there is a rest to enrich after a pilot, as this call or an earlier one has asked for."""
        return self._record is not None and self._record.has_rest

    async def on_pilot(self, conversation: Conversation, act: Callable[[PilotJob], Awaitable[T]]) -> T:
        """Carry out a step of the pilot, while no other call does. Background loop only."""
        async with self._held() as record:
            self._record = record
            return await act(PilotJob(self.operations, self.own, record, conversation))

    def _held(self) -> AbstractAsyncContextManager[UploadRecord]:
        return held_record(
            self.operations,
            self._spec,
            once=self._once,
            cell=self._cell,
            fresh=self._fresh,
            known=self._record,
        )

    async def known_run(self, prompt: str, model: str | None) -> Run | None:
        """Return the run that an earlier execution of the cell has started, if there is something left for it to do.

        With a name, the start store finds it. Background loop only.
        """
        if self._once is not None:
            return None
        async with self._held() as record:
            # The cell counts each call, so the record is looked up once.
            self._record = record
            run: Run | None = record.runs.get((prompt, model))
        if run is None:
            return None
        is_over = run.settled and not self.has_rest and await plan_stopped(run.conversation) is None
        return None if is_over else run

    def keep_run(self, prompt: str, model: str | None, run: Run) -> None:
        """Keep the run for the next execution of the cell, until the list is enriched."""
        if self._record is not None:
            self._record.runs[prompt, model] = run

    @property
    def sent(self) -> tuple[int, int]:
        """The number of rows that were sent so far, and in all."""
        return (0 if self._record is None else self._record.stored.sent), len(self.own.rows)

    async def is_known(self) -> bool:
        """Return whether both the upload and the run of this name are known, so that nothing is spent."""
        if self._once is None or self._fresh:
            return False
        operations = self.operations
        uploaded = (await store_entry(operations, f"{self._once}, own list", StoredUpload)).read()
        started = (await entry_of(operations, self._once)).read()
        return bool(uploaded and uploaded.is_complete and started and started.run_id)


class _ShownProgress:
    """Progress of an upload for its caller, on the caller's thread.

    Args:
        upload: the upload.
        progress: as in `upload`. With None, a long upload prints one line.
    """

    def __init__(self, upload: ListUpload, progress: Progress | None) -> None:
        from origami_widgets.api.rows.row_reader import ProgressNotifier

        self._upload = upload
        self._notifier = ProgressNotifier(progress)
        self._shown = (0, 0)
        self._prints_at = None if progress is not None else time.monotonic() + SILENCE

    def update(self) -> None:
        """Show how many rows were sent."""
        sent = self._upload.sent
        if sent != self._shown and sent[0]:
            self._shown = sent
            self._notifier.notify(*sent)
        if self._prints_at is not None and time.monotonic() > self._prints_at:
            self._prints_at = None
            print(f"Uploading your list: {sent[0]:,} of {plural(sent[1], 'row')} are there. Free.")  # noqa: T201 - a silent wait looks like a hang

    def close(self) -> None:
        """Close a bar that was made here."""
        self._notifier.close()


def _valid_pilot(pilot: object, rows: int) -> int:
    """Return how many rows a pilot has.

    Raises:
        InvalidInput: it is no number from 8 to less than the rows of the list.
    """
    if isinstance(pilot, int) and not isinstance(pilot, bool) and LEAST_PILOT <= pilot < rows:
        return pilot
    raise InvalidInput(
        "pilot= needs a number of rows",
        cause=f"Got {validate.shortened(pilot)}; the list has {plural(rows, 'row')} to send. A pilot has at least {LEAST_PILOT} "
        "rows, and fewer than the list. Nothing was sent.",
        remedy="Use pilot=20, or leave it out: of a short list, all rows at once are the pilot.",
    )


SILENCE = 4.0
"""Seconds after which a call that shows no progress says what it waits for."""
