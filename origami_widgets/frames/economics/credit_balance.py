"""`credits_frame`: the credit balance over time, and what the tables of runs have used in between.

The API reports neither the credits of a run nor a history of the balance. The credits that a table has used over its
life only grow, so the difference between two checks is what it used in between. If one of the two is missing, that is
unknown.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.default_client import client_or_default
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import DataIssues, OriginValues, build, pluck
from origami_widgets.frames.run_frames import RUNS, has_no_tables
from origami_widgets.frames.schema import FrameField, FrameSchema, computed_field, number_field
from origami_widgets.frames.source import SourceData, SourcePart, gather
from origami_widgets.frames.table_frames import TABLES
from origami_widgets.frames.values import TypedValues, read_values

from .spending import counts, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.usage import BalanceReading
    from origami_widgets.frames.source import Source

    from .spending import Measure

CREDITS = FrameSchema(
    "credits_frame",
    (
        computed_field("time", "timestamp", "when the balance was read, on the kernel's clock"),
        FrameField("balance", "number", "credits", "balance", "credits left at that time", "credits"),
        number_field("change", "balance minus that of the previous reading", "credits"),
        number_field(
            "credits_measured", "used by the tables of the runs since the previous reading; NA if unknown", "credits"
        ),
        number_field(
            "credits_other", "-change - credits_measured: spent elsewhere; negative if credits were added", "credits"
        ),
    ),
)


@bridged
async def credits_frame(
    runs: Source | None = None, *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per reading of the credit balance in this process. Reads the balance once more: one free request.

    The API keeps no history of the balance. The frame has a row for each time that `login`, `account`, `get_credits` or
    this function has read it with the same key, up to the newest 1,000. The balance belongs to the organization, so
    other runs, other keys and the web app spend from it, too. With `runs`, two more columns separate what the tables of
    these runs have used from the rest.

    The cost of a run is measured from its tables: the credits they have used once their cells are finished, minus those
    used before the run started. Cells that end between a check of the tables and a reading of the balance count in the
    next interval, so read the balance while nothing is running: before the start, and after `wait("cells")`. No table
    includes the credits reserved for running cells. An interval is NA if a table is older than the previous reading and
    no run of this process had reported it by then. `compare_runs` measures the same for each run.

    Args:
        runs: a run or list of runs that this process has watched; None for the balance alone.
        client: the client whose balance to read; None for the configured one.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), oldest reading first. `attrs["units"]` has the
        units, and `attrs["origami"]` says where the frame comes from.

        - `time` (datetime64[us, UTC]): when the balance was read, on the kernel's clock
        - `balance` (Float64, credits): credits left at that time
        - `change` (Float64, credits): balance minus that of the previous reading
        - `credits_measured` (Float64, credits): used by the tables of the runs since the previous reading; NA if unknown
        - `credits_other` (Float64, credits): -change - credits_measured: spent elsewhere; negative if credits were added

    Raises:
        InvalidInput: `runs` cannot be read or `dtype_backend` is unknown; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the balance cannot be read.

    API: `GET /account/credits`, and the tables of each answer about the runs.

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
    check_backend(dtype_backend)
    data = SourceData("list", ()) if runs is None else gather(runs, CREDITS.name)
    operations = client_or_default(client).operations
    await OnLoop(operations.get_credits())
    return frame_of_readings(operations.balance_history.readings, data, dtype_backend, are_measured=runs is not None)


def frame_of_readings(
    readings: Sequence[BalanceReading], source: SourceData, dtype_backend: DtypeBackend, *, are_measured: bool
) -> pd.DataFrame:
    """Make the frame of balance readings. Pure.

    Args:
        readings: the readings, oldest first.
        source: the runs whose tables to measure.
        dtype_backend: the arrays that hold the columns.
        are_measured: whether runs were given; if not, the columns about them are NA.
    """
    balances = pluck([{CREDITS["balance"].path: reading.balance} for reading in readings], [CREDITS["balance"].path])
    balance = read_values(CREDITS["balance"], balances[CREDITS["balance"].path])
    change = np.diff(np.where(balance.missing, np.nan, balance.data), prepend=np.nan)
    moments = [BalanceMoment(reading.at, reading.server_second) for reading in readings]
    issues = DataIssues()
    used = used_per_interval(source, moments, issues) if are_measured else np.full(len(readings), np.nan)
    return build(
        CREDITS,
        source,
        {"credits": OriginValues(balances)},
        computed={
            "time": _times(readings),
            "change": measured(change),
            "credits_measured": measured(used),
            "credits_other": measured(0.0 - change - used),
        },
        issues=issues,
        dtype_backend=dtype_backend,
    )


def _times(readings: Sequence[BalanceReading]) -> TypedValues:
    data = np.fromiter((round(reading.at * 1e6) for reading in readings), np.int64, len(readings))
    return TypedValues(data, np.zeros(len(readings), np.bool_))


_SECOND = 1_000_000


class BalanceMoment(NamedTuple):
    """Time of a reading: Unix seconds on the kernel's clock, and the server's second (None if unknown)."""

    at: float
    server_second: float | None

    def is_surely_before(self, moment: int | None) -> bool:
        """Whether this moment is certainly before a server time in microseconds since 1970."""
        if self.server_second is None or moment is None:
            return False
        # The server reports whole seconds, so the reading may be from the last moment of that second.
        return moment >= (self.server_second + 1) * _SECOND


def used_per_interval(
    source: SourceData, moments: Sequence[BalanceMoment], issues: DataIssues | None = None
) -> Measure:
    """Return the credits that the tables of runs used from each moment to the next; NaN for the first and if unknown.

    At each moment, a table had used what the newest check before it reported, or 0 before the table was created.

    Args:
        source: the runs, with the history that their handles have recorded.
        moments: the moments, in order.
        issues: collects unreadable values.
    """
    issues = issues or DataIssues()
    recorded, created = _recorded(source), _created(source, issues)
    read = issues.read(RUNS["started_at"], [(part.run or {}).get(RUNS["started_at"].path) for part in source.parts])
    starts = counts(read)
    asked_before = _asked_before(source, starts, created)
    gained = np.zeros(len(moments))
    for table, birth in created.items():
        asked = asked_before.get(table, -math.inf)
        gained += _steps([_used(recorded.get(table, ([], [])), birth, asked, moment) for moment in moments])
    for part, began in zip(source.parts, starts, strict=True):
        if not part.tables and not has_no_tables(part):
            # The run may have worked on any table since it started.
            asked = _asked_at(part)
            gained[[moment.at > asked and not moment.is_surely_before(began) for moment in moments]] = np.nan
    gained[:1] = np.nan
    return gained


def _steps(used: Sequence[float]) -> Measure:
    gained = np.diff(used, prepend=np.nan)
    # The use never decreases: if it seems to, the answers contradict each other.
    return np.where(gained >= 0, gained, np.nan)


Recorded = tuple[list[float], list[float]]


def _recorded(source: SourceData) -> dict[str, Recorded]:
    """Return for each table its reported credits, with the times of the reports, in order."""
    points: dict[str, list[tuple[float, float]]] = {}
    point: Any
    for point in (point for part in source.parts for point in part.history):
        for table, used in point.credits_of_tables or ():
            points.setdefault(table, []).append((point.time, math.nan if used is None else used))
    in_order = {table: sorted(each, key=itemgetter(0)) for table, each in points.items()}
    return {table: ([time for time, _ in each], [used for _, used in each]) for table, each in in_order.items()}


def _created(source: SourceData, issues: DataIssues) -> dict[str, int | None]:
    """Return when each table of the runs was created, in microseconds since 1970."""
    tables = [table for part in source.parts for table in part.tables if isinstance(table, Mapping)]
    created = counts(issues.read(TABLES["created_at"], [table.get(TABLES["created_at"].path) for table in tables]))
    return dict(zip((str(table.get("id")) for table in tables), created, strict=True))


def _asked_at(part: SourcePart) -> float:
    """Return when this process asked for a run, in Unix seconds on the kernel's clock; minus infinity if it did not."""
    asked = getattr(part.history[-1], "asked_at", None) if part.history else None
    return -math.inf if asked is None else float(asked)


def _asked_before(
    source: SourceData, starts: Sequence[int | None], created: Mapping[str, int | None]
) -> dict[str, float]:
    """Return for each table the last moment at which this process asked for a run that began before the table was made.

    A balance that was read until then is older than the table, even if the server created both in the same second.
    """
    found: dict[str, float] = {}
    for part, began in zip(source.parts, starts, strict=True):
        for table in (str(each.get("id")) for each in part.tables if isinstance(each, Mapping)):
            birth = created.get(table)
            if began is not None and birth is not None and began <= birth:
                found[table] = max(_asked_at(part), found.get(table, -math.inf))
    return found


def _used(recorded: Recorded, created: int | None, asked: float, moment: BalanceMoment) -> float:
    times, used = recorded
    newest = bisect_right(times, moment.at) - 1
    if newest >= 0:
        return used[newest]
    return 0.0 if moment.at <= asked or moment.is_surely_before(created) else math.nan
