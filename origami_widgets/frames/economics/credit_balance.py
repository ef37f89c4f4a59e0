"""`credits_frame`: the credit balance over time, and what the tables of runs used in between."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import DataIssues, OriginValues, build, pluck
from origami_widgets.frames.run_frames import RUNS, has_no_tables
from origami_widgets.frames.schema import FrameField, FrameSchema, computed_field
from origami_widgets.frames.source import SourceData, gather
from origami_widgets.frames.table_frames import TABLES
from origami_widgets.frames.values import TypedValues, read_number, read_values

from .spending import counts, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.ledger import BalanceReading
    from origami_widgets.frames.source import Source

    from .spending import Measure

CREDITS = FrameSchema(
    "credits_frame",
    (
        computed_field("time", "timestamp", "when the balance was read, on the kernel's clock"),
        FrameField("balance", "number", "credits", "balance", "credits left at that time", "credits"),
        computed_field("change", "number", "balance minus that of the previous reading", "credits"),
        computed_field(
            "credits_measured",
            "number",
            "used by the tables of the runs since the previous reading; NA where unknown",
            "credits",
        ),
        computed_field(
            "credits_other",
            "number",
            "-change - credits_measured: spent elsewhere; negative where credits were added",
            "credits",
        ),
    ),
)


def credits_frame(
    runs: Source | None = None, *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per reading of the credit balance in this process. Reads the balance once more: one free request.

    The API keeps no history of the balance. The frame has a row for each time that `login`, `account`, `get_credits` or
    this function has read it with the same key, the newest 1,000. The balance belongs to the organization: other runs,
    other keys and the web app spend from it, too. With `runs`, two more columns separate what the tables of these runs
    have used from the rest.

    The cost of a run is measured from its tables: the credits that they have used once their cells are finished, minus
    those used before it started. Cells that end between a check of the tables and a reading of the balance count in the
    next interval, so read the balance while nothing is running: before the start, and after `wait("cells")`. Credits
    reserved for running cells are in no table. A table that is older than the previous reading, and that no run of this
    process had reported by then, makes the interval NA. `compare_runs` has the same measure per run.

    Args:
        runs: a run, or a list of runs, that this process watched; None for the balance alone.
        client: the client whose balance is read; the configured one by default.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend), oldest reading first.
        Units are also in `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `time` (datetime64[us, UTC]): when the balance was read, on the kernel's clock
        - `balance` (Float64, credits): credits left at that time
        - `change` (Float64, credits): balance minus that of the previous reading
        - `credits_measured` (Float64, credits): used by the tables of the runs since the previous reading; NA where unknown
        - `credits_other` (Float64, credits): -change - credits_measured: spent elsewhere; negative where credits were added

    Raises:
        InvalidInput: `runs` cannot be read or `dtype_backend` is unknown; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the balance cannot be read.

    Source in the API: `GET /account/credits`, and the tables of each answer about the runs.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> before = client.get_credits()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        >>> frame = ow.credits_frame(run, client=client)
        >>> used = ow.tables_frame(run)["credits_lifetime_used"].sum()
        >>> len(frame), bool(-frame["change"].iloc[-1] == used)
        (2, True)
    """
    from origami_widgets.api.sync_bridge import block

    return block(_credits_frame(runs, client, dtype_backend))


async def credits_frame_async(
    runs: Source | None = None, *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """The frame that `credits_frame` gives, without blocking the event loop: same arguments and errors. Free.

    For event loops, and for hosts in which Python has one thread (JupyterLite), where nothing may block.

    Example:
        >>> import asyncio
        >>> import origami_widgets as ow
        >>> asyncio.run(ow.credits_frame_async(client=ow.Sandbox(credits=40).client()))["balance"].to_list()
        [40.0]
    """
    from origami_widgets.api.sync_bridge import wait

    return await wait(_credits_frame(runs, client, dtype_backend))


async def _credits_frame(runs: Source | None, client: AnyClient | None, dtype_backend: DtypeBackend) -> pd.DataFrame:
    # Loaded here: frames of what is at hand already need no network.
    from origami_widgets.api.default_client import client_or_default
    from origami_widgets.api.sync_bridge import OnLoop

    check_backend(dtype_backend)
    gathered = SourceData("list", ()) if runs is None else gather(runs, CREDITS.name)
    operations = client_or_default(client).operations
    await OnLoop(operations.get_credits())
    return frame_of_readings(operations.ledger.readings, gathered, dtype_backend, are_measured=runs is not None)


def frame_of_readings(
    readings: Sequence[BalanceReading], source: SourceData, dtype_backend: DtypeBackend, *, are_measured: bool
) -> pd.DataFrame:
    told = pluck([{CREDITS["balance"].path: reading.balance} for reading in readings], [CREDITS["balance"].path])
    balance = read_values(CREDITS["balance"], told[CREDITS["balance"].path])
    change = np.diff(np.where(balance.missing, np.nan, balance.data), prepend=np.nan)
    moments = [BalanceMoment(reading.at, reading.server_second) for reading in readings]
    notes = DataIssues()
    used = used_per_interval(source, moments, notes) if are_measured else np.full(len(readings), np.nan)
    return build(
        CREDITS,
        source,
        {"credits": OriginValues(told)},
        computed={
            "time": _times(readings),
            "change": measured(change),
            "credits_measured": measured(used),
            "credits_other": measured(0.0 - change - used),
        },
        notes=notes,
        dtype_backend=dtype_backend,
    )


def _times(readings: Sequence[BalanceReading]) -> TypedValues:
    data = np.fromiter((round(reading.at * 1e6) for reading in readings), np.int64, len(readings))
    return TypedValues(data, np.zeros(len(readings), np.bool_))


_SECOND = 1_000_000


class BalanceMoment(NamedTuple):
    """A moment: Unix seconds on the kernel's clock, and the server's second then; None where it is not known."""

    at: float
    server_second: float | None

    def is_surely_before(self, moment: int | None) -> bool:
        """Whether it lies before something that the server dates, in microseconds since 1970."""
        if self.server_second is None or moment is None:
            return False
        # The server told the second only: it may have been the last moment of that.
        return moment >= (self.server_second + 1) * _SECOND


def used_per_interval(source: SourceData, moments: Sequence[BalanceMoment], notes: DataIssues | None = None) -> Measure:
    """What the tables of runs have used from each moment to the next; NaN for the first, and where it is not known.

    What a table had used at a moment is what the newest check before it told, and 0 before the table was there.

    Args:
        source: the runs, with what their handles have recorded.
        moments: in order.
        notes: takes what could not be read.
    """
    notes = notes or DataIssues()
    told, created = _told_by_history(source), _created(source, notes)
    starts = notes.read(
        RUNS["started_at"], [(batch.run or {}).get(RUNS["started_at"].path) for batch in source.batches]
    )
    gained = np.zeros(len(moments))
    for table, birth in created.items():
        gained += _steps([_used(told.get(table, ([], [])), birth, moment) for moment in moments])
    for batch, began in zip(source.batches, counts(starts), strict=True):
        if not batch.tables and not has_no_tables(batch):
            # It may have worked on any table since it began.
            gained[[not moment.is_surely_before(began) for moment in moments]] = np.nan
    gained[:1] = np.nan
    return gained


def _steps(used: Sequence[float]) -> Measure:
    gained = np.diff(used, prepend=np.nan)
    # It never decreases: where it seems to, the answers contradict each other.
    return np.where(gained >= 0, gained, np.nan)


Told = tuple[list[float], list[float]]


def _told_by_history(source: SourceData) -> dict[str, Told]:
    """For each table when its credits were told, in order, and what was told."""
    told: dict[str, list[tuple[float, float]]] = {}
    for point in (point for batch in source.batches for point in batch.history):
        for table, used in getattr(point, "credits_of_tables", None) or ():
            told.setdefault(table, []).append((getattr(point, "time", math.nan), _number(used)))
    return {table: _in_order(each) for table, each in told.items()}


def _in_order(told: list[tuple[float, float]]) -> Told:
    told.sort(key=lambda each: each[0])
    return [time for time, _ in told], [used for _, used in told]


def _created(source: SourceData, notes: DataIssues) -> dict[str, int | None]:
    """When each table of the runs was made, in microseconds since 1970."""
    tables = [table for batch in source.batches for table in batch.tables if isinstance(table, Mapping)]
    created = counts(notes.read(TABLES["created_at"], [table.get(TABLES["created_at"].path) for table in tables]))
    return dict(zip((str(table.get("id")) for table in tables), created, strict=True))


def _used(told: Told, created: int | None, moment: BalanceMoment) -> float:
    times, used = told
    newest = bisect_right(times, moment.at) - 1
    if newest >= 0:
        return used[newest]
    return 0.0 if moment.is_surely_before(created) else math.nan


def _number(value: object) -> float:
    number = read_number(value)
    return math.nan if number is None else number
