"""What tables have used from one moment to another, measured from what they told. Pure.

The API has neither credits of a run nor a history of the balance. What tables have used over their life only grows, so the
difference of two looks is what was used in between; where one of the two is missing, nothing is known.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from origami_widgets.frames.build import Notes
from origami_widgets.frames.runs import RUNS, has_no_tables
from origami_widgets.frames.tables import TABLES
from origami_widgets.frames.values import read_number

from .measures import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.frames.records import Values
    from origami_widgets.frames.source import Gathered

    from .measures import Measure
    from .spending import Spending

_STARTED = next(field for field in RUNS.fields if field.name == "started_at")
_CREATED = next(field for field in TABLES.fields if field.name == "created_at")
_SECOND = 1_000_000


class Moment(NamedTuple):
    """A moment: Unix seconds on the kernel's clock, and the server's second then; None where it is not known."""

    at: float
    server_second: float | None

    def is_surely_before(self, moment: int | None) -> bool:
        """Whether it lies before something that the server dates, in microseconds since 1970."""
        if self.server_second is None or moment is None:
            return False
        # The server told the second only: it may have been the last moment of that.
        return moment >= (self.server_second + 1) * _SECOND


def gains(source: Gathered, moments: Sequence[Moment], notes: Notes | None = None) -> Measure:
    """What the tables of runs have used from each moment to the next; NaN for the first, and where it is not known.

    What a table had used at a moment is what the newest check before it told, and 0 before the table was there.

    Args:
        source: the runs, with what their handles have recorded.
        moments: in order.
        notes: takes what could not be read.
    """
    notes = notes or Notes()
    told, created = _told_by_history(source), _created(source, notes)
    starts = notes.read(_STARTED, [(batch.run or {}).get(_STARTED.path) for batch in source.batches])
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


def _told_by_history(source: Gathered) -> dict[str, Told]:
    """For each table when its credits were told, in order, and what was told."""
    told: dict[str, list[tuple[float, float]]] = {}
    for point in (point for batch in source.batches for point in batch.history):
        for table, used in getattr(point, "credits_of_tables", None) or ():
            told.setdefault(table, []).append((getattr(point, "time", math.nan), _number(used)))
    return {table: _in_order(each) for table, each in told.items()}


def _in_order(told: list[tuple[float, float]]) -> Told:
    told.sort(key=lambda each: each[0])
    return [time for time, _ in told], [used for _, used in told]


def _created(source: Gathered, notes: Notes) -> dict[str, int | None]:
    """When each table of the runs was made, in microseconds since 1970."""
    tables = [table for batch in source.batches for table in batch.tables if isinstance(table, Mapping)]
    created = counts(notes.read(_CREATED, [table.get(_CREATED.path) for table in tables]))
    return dict(zip((str(table.get("id")) for table in tables), created, strict=True))


def _used(told: Told, created: int | None, moment: Moment) -> float:
    times, used = told
    newest = bisect_right(times, moment.at) - 1
    if newest >= 0:
        return used[newest]
    return 0.0 if moment.is_surely_before(created) else math.nan


def _number(value: object) -> float:
    number = read_number(value)
    return math.nan if number is None else number


def measured_of_runs(spending: Spending, used: Measure, runs: Values) -> Measure:
    """What the tables of each run have used since it began, as far as they tell; NaN where it is not known of one of them.

    A table that was made since the run began had used nothing before. An older one had used what the runs before it in
    the source told of it.

    Args:
        spending: the tables of the runs.
        used: what each table has used over its life.
        runs: the fields of the runs.
    """
    owners = spending.found.owners
    began = spending.notes.read(_STARTED, runs[_STARTED.path])
    made = spending.notes.read(_CREATED, spending.tables[_CREATED.path])
    known = ~began.missing[owners] & ~made.missing
    is_new = known & (made.data >= began.data[owners])
    told: dict[str, float] = {}
    gained = np.full(len(used), np.nan)
    for place, (table, now) in enumerate(zip(spending.tables["id"], used.tolist(), strict=True)):
        if isinstance(table, str) and not math.isnan(now):
            before = told.get(table, 0.0 if is_new[place] else math.nan)
            gained[place] = now - before if now >= before else math.nan
            told[table] = max(now, told.get(table, 0.0))
    # One that is not known makes the sum unknown.
    size = len(spending.source.batches)
    sums = np.bincount(owners, weights=gained, minlength=size)
    there = np.bincount(owners, minlength=size) > 0
    has_none = np.array([has_no_tables(batch) for batch in spending.source.batches], dtype=np.bool_)
    return np.where(there | has_none, sums, np.nan)
