"""The life of a table, laid out in advance: every lead, column and cell with the moments at which they change.

Nothing here runs. What a table looks like now is read off by comparing these moments with the clock, so two reads of
the same moment agree, and a cancelled run is the same life with its future taken away (`cut`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from origami_widgets.sandbox.recipes import ColumnKind, ColumnRecipe, Facts, Verdict

Fate = Literal["kept", "duplicate", "excluded", "filtered"]
"""What becomes of a sourced lead. A duplicate never becomes a row; the excluded and the filtered are deleted again."""

Outcome = Literal["value", "nothing", "errored"]
"""How a cell's work ends. `nothing`: it looked and found nothing, which is a value too."""

Failure = Literal["errored", "out_of_credits"]


@dataclass(frozen=True, slots=True)
class Absence:
    """The time between a deletion and the restoration that undoes it."""

    begins: float
    ends: float

    def covers(self, now: float) -> bool:
        """Tell whether it is in force."""
        return self.begins <= now < self.ends

    def cut(self, at: float) -> Absence | None:
        """Leave out what would come after a moment; an absence that has begun then lasts for ever."""
        if self.begins > at:
            return None
        return self if self.ends <= at else Absence(self.begins, inf)


@dataclass(frozen=True, slots=True)
class Lead:
    """One sourced lead; `source` is the position of its source in the table, `run_id` the run that brought it."""

    id: str
    run_id: str
    source: int
    sourced_at: float
    fate: Fate
    absence: Absence | None
    facts: Facts
    values: Mapping[str, Any]

    def is_row(self, now: float) -> bool:
        """Tell whether the lead is a row of the table at this moment."""
        there = self.absence is None or not self.absence.covers(now)
        return self.fate != "duplicate" and self.sourced_at <= now and there


@dataclass(frozen=True, slots=True)
class Work:
    """The work on one cell. It counts as running from `queued` until `done`; its credits are settled at `done`."""

    lead_id: str
    source: int
    run_id: str
    queued: float
    started: float
    done: float
    credits: int
    outcome: Outcome
    value: Any
    verdict: Verdict | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Column:
    """One column with the work on its cells; `recipe` makes the work for leads that come later."""

    id: str
    run_id: str
    name: str
    type: str
    kind: ColumnKind
    slug: str | None
    auto_trigger: bool
    added_at: float
    works: tuple[Work, ...] = ()
    recipe: ColumnRecipe | None = field(default=None, compare=False, repr=False)
    absence: Absence | None = None

    @property
    def relevance(self) -> bool:
        """Whether the column carries the table's relevance condition."""
        return self.recipe is not None and self.recipe.relevance

    @cached_property
    def _queued(self) -> list[float]:
        return sorted(work.queued for work in self.works)

    @cached_property
    def _done(self) -> Ledger:
        return Ledger.of(self.works)

    @cached_property
    def _errored(self) -> list[float]:
        return sorted(work.done for work in self.works if work.outcome == "errored")

    @cached_property
    def _verdicts(self) -> dict[Verdict, list[float]]:
        verdicts: tuple[Verdict, ...] = ("pass", "fail", "unsure")
        return {name: sorted(work.done for work in self.works if work.verdict == name) for name in verdicts}

    @cached_property
    def by_lead(self) -> dict[str, Work]:
        """The work on each lead's cell."""
        return {work.lead_id: work for work in self.works}

    def running(self, now: float) -> int:
        """Count the cells that wait or run."""
        return bisect_right(self._queued, now) - self.runs(now)

    def runs(self, now: float) -> int:
        """Count the executions that ended, in whatever way."""
        return self._done.count(now)

    def errored(self, now: float) -> int:
        """Count the cells that ended in a failure."""
        return bisect_right(self._errored, now)

    def credits(self, now: float) -> int:
        """Sum the settled credits."""
        return self._done.credits(now)

    def verdict(self, name: Verdict, now: float) -> int:
        """Count the leads that were judged so."""
        return bisect_right(self._verdicts[name], now)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Moments at which work ended, with the credits settled up to each."""

    moments: list[float]
    totals: list[int]

    @classmethod
    def of(cls, works: Iterable[Work]) -> Ledger:
        """Lay out the ends of some work in order."""
        ordered = sorted(works, key=lambda work: work.done)
        return cls([work.done for work in ordered], [0, *accumulate(work.credits for work in ordered)])

    def count(self, now: float) -> int:
        """Count what has ended."""
        return bisect_right(self.moments, now)

    def credits(self, now: float) -> int:
        """Sum the credits of what has ended."""
        return self.totals[self.count(now)]


@dataclass(frozen=True, slots=True)
class Source:
    """Where leads come from; `available` is how many it holds in all, None when it does not say."""

    id: str
    name: str
    available: int | None
    basis: Literal["historical", "estimate"]


@dataclass(frozen=True)
class TableLife:
    """One table from its creation to its last cell."""

    id: str
    run_id: str
    container: str
    project: str | None
    name: str
    created_at: float
    sources: tuple[Source, ...]
    leads: tuple[Lead, ...]
    columns: tuple[Column, ...]
    saved_filters: tuple[Mapping[str, Any], ...] = ()
    saved_sort: Mapping[str, Any] | None = None
    slug: str = ""
    edits: tuple[tuple[float, str], ...] = ()
    absence: Absence | None = None

    @cached_property
    def _changes(self) -> list[float]:
        moments = [self.created_at, *(moment for moment, _ in self.edits)]
        moments += [lead.sourced_at for lead in self.leads]
        absences = [self.absence, *(lead.absence for lead in self.leads), *(column.absence for column in self.columns)]
        moments += [moment for absence in absences if absence for moment in (absence.begins, absence.ends)]
        moments += [column.added_at for column in self.columns]
        moments += [work.done for column in self.columns for work in column.works]
        return sorted(moments)

    @cached_property
    def _source_ledgers(self) -> list[Ledger]:
        works: list[list[Work]] = [[] for _ in self.sources]
        for column in self.columns:
            for work in column.works:
                works[work.source].append(work)
        return [Ledger.of(share) for share in works]

    @cached_property
    def quiet_at(self) -> float:
        """The moment at which the last cell is done."""
        return max((work.done for column in self.columns for work in column.works), default=self.created_at)

    def exists(self, now: float) -> bool:
        """Tell whether the table exists."""
        return self.created_at <= now and (self.absence is None or not self.absence.covers(now))

    def columns_at(self, now: float) -> list[Column]:
        """List the columns that exist."""
        return [
            column
            for column in self.columns
            if column.added_at <= now and (column.absence is None or not column.absence.covers(now))
        ]

    def rows_at(self, now: float) -> list[Lead]:
        """List the leads that are rows, in the order in which they came."""
        return [lead for lead in self.leads if lead.is_row(now)]

    def credits_at(self, now: float) -> int:
        """Sum the settled credits over the columns."""
        return sum(column.credits(now) for column in self.columns)

    def source_credits_at(self, position: int, now: float) -> int:
        """Sum the settled credits of the leads that one source brought."""
        return self._source_ledgers[position].credits(now)

    def updated_at(self, now: float) -> float:
        """Return the moment of the newest change."""
        return self._changes[max(0, bisect_right(self._changes, now) - 1)]

    def active_works(self, now: float) -> list[Work]:
        """List the work that waits or runs."""
        if now >= self.quiet_at:
            return []
        return [work for column in self.columns for work in column.works if work.queued <= now < work.done]

    def planned_credits(self) -> int:
        """Sum the credits of all work, done and to come."""
        return sum(work.credits for column in self.columns for work in column.works)

    def cut(self, run_id: str, at: float) -> TableLife | None:
        """Take away what one run would have done after a moment; None when the table would not exist.

        Other runs may work on the same table at the same time; what they do stays. Cells whose work had begun are
        finished and paid for; cells that only waited are dropped and count neither as running nor as errored.
        """
        if self.run_id == run_id and self.created_at > at:
            return None
        leads = tuple(
            replace(lead, absence=lead.absence.cut(at)) if lead.run_id == run_id and lead.absence is not None else lead
            for lead in self.leads
            if lead.run_id != run_id or lead.sourced_at <= at
        )
        columns = tuple(
            replace(
                column,
                works=tuple(work for work in column.works if work.run_id != run_id or work.started <= at),
                absence=_cut(column, run_id, at),
            )
            for column in self.columns
            if column.run_id != run_id or column.added_at <= at
        )
        edits = tuple((moment, editor) for moment, editor in self.edits if editor != run_id or moment <= at)
        return replace(self, leads=leads, columns=columns, edits=edits, absence=_cut(self, run_id, at))


def _cut(part: Column | TableLife, run_id: str, at: float) -> Absence | None:
    return part.absence.cut(at) if part.run_id == run_id and part.absence is not None else part.absence
