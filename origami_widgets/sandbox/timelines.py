"""Timelines of runs and tables, laid out in advance: every status, action, lead, column and cell with its moments.

Nothing runs here. The current state of a run or table follows from comparing these moments with the clock. So two reads
at the same moment agree, and a cancelled run is the same timeline without its future (`cut`). The clock and the pace of simulated time are here, too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cached_property
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from origami_widgets.sandbox.recipes import ColumnRecipe, LeadFacts, LeadOutcome, Verdict

ModelName = Literal["origami-lite", "origami-max"]
_LAST_MOMENT = 253_402_300_799.0


class SandboxClock:
    """Clock that gives seconds since 1970 from an injected source and never goes back.

    Args:
        source: returns seconds since 1970, as `time.time` does.
    """

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._offset = 0.0
        self._last = 0.0

    def now(self) -> float:
        """Return the present moment, which continues from the last one if the source was set back."""
        reading = self._source() + self._offset
        if reading < self._last:
            # If a laptop's clock is set back, finished runs must not come alive again.
            self._offset += self._last - reading
            reading = self._last
        self._last = reading
        return reading


@dataclass(frozen=True, slots=True)
class Pace:
    """Start of a run, and simulated seconds per second of the wall clock."""

    start: float
    speed: float

    def at(self, seconds: float) -> float:
        """Return the wall moment of a simulated second of this run."""
        return self.start + seconds / self.speed


def whole_seconds(simulated: float, speed: float) -> int:
    """Return simulated seconds as the whole wall seconds of a `Retry-After` header, at least 1."""
    return max(1, ceil(simulated / speed))


def iso(moment: float) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds.

    >>> iso(1_784_625_242.5)
    '2026-07-21T09:14:02.500Z'
    """
    stamp = datetime.fromtimestamp(min(moment, _LAST_MOMENT), tz=UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"


def month_start(moment: float) -> float:
    """Return the first moment of the month, in UTC."""
    day = datetime.fromtimestamp(min(moment, _LAST_MOMENT), tz=UTC)
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def http_date(moment: float) -> str:
    """Write a moment as the value of a `Date` header."""
    return formatdate(min(moment, _LAST_MOMENT), usegmt=True)


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An action or a message, and the moment from which it is visible."""

    at: float
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunTimeline:
    """One run; `status`, `text`, `questions` and `suggestions` show from `ends` on."""

    id: str
    agent_id: str
    container: str
    prompt: str
    model: ModelName
    focus_table_ids: tuple[str, ...]
    steps_max: int
    starts: float
    ends: float
    step_moments: tuple[float, ...]
    status: str
    text: str | None
    actions: tuple[TimedEvent, ...] = ()
    messages: tuple[TimedEvent, ...] = ()
    questions: tuple[Mapping[str, Any], ...] = ()
    suggestions: tuple[Mapping[str, Any], ...] = ()
    running_response: str = "null_response"
    interim_statuses: tuple[tuple[float, str], ...] = ()
    transcript_truncated: bool = False
    cancel_requested: bool = False

    def is_active(self, now: float) -> bool:
        """Return whether the run still occupies its agent and a run slot."""
        return now < self.ends

    def status_at(self, now: float) -> str:
        """Return the status as the API reports it."""
        if not self.is_active(now):
            return self.status
        return next((name for moment, name in reversed(self.interim_statuses) if moment <= now), "running")

    def steps_at(self, now: float) -> int:
        """Count the completed steps."""
        return bisect_right(self.step_moments, now)

    def actions_at(self, now: float) -> list[Mapping[str, Any]]:
        """Return the actions so far, in order."""
        return [action.body for action in self.actions if action.at <= now]

    def messages_at(self, now: float) -> list[Mapping[str, Any]]:
        """Return the messages so far, in order."""
        return [message.body for message in self.messages if message.at <= now]

    def cut(
        self, at: float, *, status: str, text: str | None, suggestions: tuple[Mapping[str, Any], ...]
    ) -> RunTimeline:
        """End the run at an earlier moment with another status. Everything done until then stays."""
        messages = tuple(message for message in self.messages if message.at <= at)
        if text is not None:
            messages += (TimedEvent(at, {"role": "assistant", "content": text}),)
        return replace(
            self,
            ends=at,
            status=status,
            text=text,
            step_moments=tuple(moment for moment in self.step_moments if moment <= at),
            actions=tuple(action for action in self.actions if action.at <= at),
            messages=messages,
            interim_statuses=tuple(part for part in self.interim_statuses if part[0] <= at),
            questions=(),
            suggestions=suggestions,
        )

    def replace_text(self, text: str, actions: tuple[TimedEvent, ...]) -> RunTimeline:
        """Replace the text that shows from `ends` on, and the actions, because their numbers have changed."""
        last = TimedEvent(self.ends, {"role": "assistant", "content": text})
        has_text = self.text is not None
        return replace(
            self,
            text=text if has_text else None,
            messages=(*self.messages[:-1], last) if has_text else self.messages,
            actions=actions,
        )


CellOutcome = Literal["value", "nothing", "errored"]
"""How a cell run ends. `nothing`: it looked and found nothing, which is also a value."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """The time between the deletion and the restoration of a table or lead."""

    begins: float
    ends: float

    def covers(self, now: float) -> bool:
        """Return whether the object is deleted at this moment."""
        return self.begins <= now < self.ends

    def cut(self, at: float) -> Deletion | None:
        """Drop what would come after a moment. A deletion that has begun by then is never undone."""
        if self.begins > at:
            return None
        return self if self.ends <= at else Deletion(self.begins, inf)


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    """One sourced lead; `source` is the position of its source in the table, `run_id` the run that sourced it."""

    id: str
    run_id: str
    source: int
    sourced_at: float
    outcome: LeadOutcome
    deletion: Deletion | None
    facts: LeadFacts
    values: Mapping[str, Any]

    def is_row(self, now: float) -> bool:
        """Return whether the lead is a row of the table at this moment."""
        deleted = self.deletion is not None and self.deletion.covers(now)
        return self.outcome != "duplicate" and self.sourced_at <= now and not deleted


@dataclass(frozen=True, slots=True)
class CellRun:
    """One execution of a cell. It counts as running from `queued` until `done`; its credits are settled at `done`.

    `decided` is the moment from which it comes without the agent: cells that others trigger are decided with these.
    """

    lead_id: str
    run_id: str
    decided: float
    queued: float
    done: float
    credits: int
    outcome: CellOutcome
    value: Any
    verdict: Verdict | None = None


@dataclass(frozen=True)
class ColumnTimeline:
    """One column with its cell runs; `recipe` says what it is, and plans the cell runs of later leads."""

    id: str
    run_id: str
    recipe: ColumnRecipe
    added_at: float
    cell_runs: tuple[CellRun, ...] = ()

    @cached_property
    def by_lead(self) -> dict[str, CellRun]:
        """The last cell run of each lead: a cell may run again."""
        return {cell_run.lead_id: cell_run for cell_run in self.cell_runs}

    def ended(self, now: float) -> list[CellRun]:
        """Return the cell runs that ended, failed ones included."""
        return [cell_run for cell_run in self.cell_runs if cell_run.done <= now]

    def running(self, now: float) -> int:
        """Count the cells that are queued or run."""
        return sum(cell_run.queued <= now < cell_run.done for cell_run in self.cell_runs)

    def errored(self, now: float) -> int:
        """Count the cells that failed."""
        return sum(cell_run.done <= now and cell_run.outcome == "errored" for cell_run in self.by_lead.values())

    def credits(self, now: float) -> int:
        """Sum the settled credits."""
        return sum(cell_run.credits for cell_run in self.ended(now))

    def verdict_count(self, name: Verdict, now: float) -> int:
        """Count the leads with this verdict."""
        return sum(cell_run.done <= now and cell_run.verdict == name for cell_run in self.by_lead.values())


@dataclass(frozen=True, slots=True)
class SimulatedSource:
    """Source of leads; `available` is the number of leads it holds, None when it is unknown."""

    id: str
    name: str
    available: int | None


class RowFilter(Struct):
    """A condition on a column, by its slug."""

    column: str
    operator: str
    value: Any


class RowSort(Struct):
    """An order by one column."""

    column: str
    direction: Literal["asc", "desc"]


@dataclass(frozen=True)
class TableTimeline:
    """One table from its creation to its last cell run; `is_own_list` if the user has uploaded it."""

    id: str
    run_id: str
    container: str
    project: str | None
    name: str
    created_at: float
    sources: tuple[SimulatedSource, ...]
    leads: tuple[SimulatedLead, ...]
    columns: tuple[ColumnTimeline, ...]
    saved_filters: tuple[RowFilter, ...] = ()
    saved_sort: RowSort | None = None
    slug: str = ""
    edits: tuple[tuple[float, str], ...] = ()
    deletion: Deletion | None = None
    is_own_list: bool = False

    @property
    def cell_runs(self) -> list[CellRun]:
        """The cell runs of all columns."""
        return [cell_run for column in self.columns for cell_run in column.cell_runs]

    @property
    def settled_at(self) -> float:
        """The moment at which the last cell run ends."""
        return max((cell_run.done for cell_run in self.cell_runs), default=self.created_at)

    def exists(self, now: float) -> bool:
        """Return whether the table exists."""
        return self.created_at <= now and (self.deletion is None or not self.deletion.covers(now))

    def columns_at(self, now: float) -> list[ColumnTimeline]:
        """Return the columns that exist."""
        return [column for column in self.columns if column.added_at <= now]

    def rows_at(self, now: float) -> list[SimulatedLead]:
        """Return the leads that are rows, in the order in which they were sourced."""
        return [lead for lead in self.leads if lead.is_row(now)]

    def credits_at(self, now: float) -> int:
        """Sum the settled credits over the columns."""
        return sum(column.credits(now) for column in self.columns)

    def source_credits_at(self, position: int, now: float) -> int:
        """Sum the settled credits of the leads of one source."""
        leads = {lead.id for lead in self.leads if lead.source == position}
        return sum(each.credits for each in self.cell_runs if each.done <= now and each.lead_id in leads)

    def updated_at(self, now: float) -> float:
        """Return the moment of the newest change."""
        moments = [self.created_at, *(moment for moment, _ in self.edits)]
        moments += [lead.sourced_at for lead in self.leads]
        deletions = [self.deletion, *(lead.deletion for lead in self.leads)]
        moments += [moment for deletion in deletions if deletion for moment in (deletion.begins, deletion.ends)]
        moments += [column.added_at for column in self.columns]
        moments += [moment for cell_run in self.cell_runs for moment in (cell_run.queued, cell_run.done)]
        return max((moment for moment in moments if moment <= now), default=min(moments))

    def active_cell_runs(self, now: float) -> list[CellRun]:
        """Return the cell runs that are queued or run."""
        return [cell_run for cell_run in self.cell_runs if cell_run.queued <= now < cell_run.done]

    def with_cell_runs(self, change: Callable[[ColumnTimeline], Iterable[CellRun]]) -> TableTimeline:
        """Return the table with other cell runs in each column."""
        columns = tuple(replace(column, cell_runs=tuple(change(column))) for column in self.columns)
        return replace(self, columns=columns)

    def active_lead_sources(self, now: float) -> set[tuple[str, int]]:
        """Return the lead-source jobs that still find leads, each as the run that needs them and a source's position."""
        begun = {lead.run_id for lead in self.leads if lead.sourced_at <= now}
        return {(lead.run_id, lead.source) for lead in self.leads if lead.sourced_at > now and lead.run_id in begun}

    def stop_cells(self, at: float, columns: Collection[ColumnTimeline]) -> TableTimeline:
        """Stop the active cell runs of some columns. They stay empty, cost nothing and count as never run.

        What a stopped score would have triggered never runs either.
        """
        chosen = {column.id for column in columns}
        scores = [cell_run for column in columns if column.recipe.is_relevance for cell_run in column.cell_runs]
        unscored = {cell_run.lead_id for cell_run in scores if cell_run.queued <= at < cell_run.done}

        def goes_on(column: ColumnTimeline, cell_run: CellRun) -> bool:
            is_stopped = column.id in chosen and cell_run.queued <= at < cell_run.done
            is_triggered = column.recipe.kind == "sequence" and cell_run.lead_id in unscored and cell_run.queued > at
            return not is_stopped and not is_triggered

        return replace(self._filtered(goes_on), edits=(*self.edits, (at, "")))

    def stop_lead_sources(self, at: float) -> TableTimeline:
        """Stop the lead-source jobs: the leads that they would have found never come."""
        stopped = self.active_lead_sources(at)
        leads = tuple(lead for lead in self.leads if lead.sourced_at <= at or (lead.run_id, lead.source) not in stopped)
        known = {lead.id for lead in leads}
        filtered = self._filtered(lambda _, cell_run: cell_run.lead_id in known)
        return replace(filtered, leads=leads, edits=(*self.edits, (at, "")))

    def recount(self, action: TimedEvent) -> TimedEvent | None:
        """Return an action on leads with its number as it is now planned; None if it concerns none of them any more."""
        kind, deletions = action.body["type"], [lead.deletion for lead in self.leads if lead.deletion is not None]
        moments = {
            "leads_added": [lead.sourced_at for lead in self.leads if lead.outcome != "duplicate"],
            "leads_deleted": [deletion.begins for deletion in deletions],
            "leads_restored": [deletion.ends for deletion in deletions],
        }
        if kind not in moments:
            return action
        count = moments[kind].count(action.at)
        name = "leadCount" if kind == "leads_added" else "count"
        return TimedEvent(action.at, {**action.body, name: count}) if count else None

    def cut(self, run_id: str, at: float) -> TableTimeline | None:
        """Drop what one run would have done after a moment; None when the table would not exist.

        Work of other runs on the same table stays. The end of a run is not the end of its cells: those that are queued
        by then go on, with all that they trigger.
        """
        if self.run_id == run_id and self.created_at > at:
            return None
        leads = tuple(
            replace(lead, deletion=lead.deletion.cut(at))
            if lead.run_id == run_id and lead.deletion is not None
            else lead
            for lead in self.leads
            if lead.run_id != run_id or lead.sourced_at <= at
        )

        def goes_on(_: ColumnTimeline, cell_run: CellRun) -> bool:
            return cell_run.run_id != run_id or cell_run.decided <= at

        filtered = self._filtered(goes_on)
        columns = tuple(column for column in filtered.columns if column.run_id != run_id or column.added_at <= at)
        edits = tuple((moment, editor) for moment, editor in self.edits if editor != run_id or moment <= at)
        deletion = self.deletion
        if deletion is not None and self.run_id == run_id:
            deletion = deletion.cut(at)
        return replace(self, leads=leads, columns=columns, edits=edits, deletion=deletion)

    def _filtered(self, goes_on: Callable[[ColumnTimeline, CellRun], bool]) -> TableTimeline:
        """Return the table without the cell runs that do not go on."""
        return self.with_cell_runs(lambda column: (each for each in column.cell_runs if goes_on(column, each)))
