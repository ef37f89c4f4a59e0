"""`RunState`, all that is known about a run. Moments are Unix seconds on the kernel's clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.models.table import CancelledCells, Column, Table, counted_index
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action, RunObject, TranscriptMessage

TERMINAL_STATUSES = frozenset(
    {"completed", "needs_input", "step_cap_hit", "incomplete", "cancelled", "errored", "timed_out"}
)
FAILURES = {
    "errored": ("The run failed", "Origami gave no reason. Everything built so far is kept."),
    "timed_out": ("The run took too long", "Origami ends runs after 20 minutes."),
}
FAILED_STATUSES = frozenset(FAILURES)
"""Statuses of failed runs. For these, the server may send no tables although the tables are kept."""
HISTORY_LIMIT = 2_000
MOST_TABLES_IN_HISTORY = 50
"""How many tables may have their credits recorded with each change."""


Sending = Literal["", "answer", "follow_up", "fill"]
"""What is being sent to continue a conversation; empty if nothing is."""
ConnectionState = Literal["live", "reconnecting", "stopped", "ended"]


def total(counts: Iterable[int | None]) -> int | None:
    """Return the sum of the known counts; None if no count is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


FILL_BEGINS = "Fill empty cells, and do nothing else."
"""The first words of a brief that `run.fill()` writes, by which its turn is known wherever it is seen."""


def is_fill(prompt: str | None) -> bool:
    """Return whether a turn's brief is one that `run.fill()` has written."""
    return (prompt or "").startswith(FILL_BEGINS)


def named_in_request(run: RunObject | None) -> frozenset[str]:
    """Return the ids of the tables that a request named, in lower case, as users may have typed them."""
    return frozenset(table_id.lower() for table_id in run.request.focus_table_ids) if run is not None else frozenset()


def focused_tables(run: RunObject | None) -> frozenset[str]:
    """Return the ids of the tables that a run was given by the user. One that fills cells names the conversation's own."""
    is_given = run is not None and not is_fill(run.request.prompt or run.prompt)
    return named_in_request(run) if is_given else frozenset()


def counted_table(tables: Sequence[Table]) -> Table | None:
    """Return the table whose leads are the run's count, wherever one is shown; None without tables.

    Args:
        tables: the run's tables.
    """
    stats = (table.stats for table in tables)
    verdicts = (each.qualification if each is not None else None for each in stats)
    return tables[counted_index(verdicts)] if tables else None


def judging_columns(columns: Iterable[Column]) -> list[Column]:
    """Return those of a table's columns that judge whether its leads qualify."""
    return [column for column in columns if column.kind == "score" or column.qualification is not None]


def is_unjudged(table: Table) -> bool:
    """Return whether no lead of a table was judged, though columns are there that would: they never ran, or were stopped.

    False where the server does not say so.
    """
    judging = judging_columns(table.columns)
    return bool(judging) and all(verdict_count(column) == 0 for column in judging)


def verdict_count(column: Column) -> int | None:
    """Return how many leads a column has judged; None if the server did not say."""
    if (counts := column.qualification) is None:
        return None
    if counts.total is not None:
        return shown_count(counts.total)
    said = [shown_count(each) for each in (counts.pass_, counts.fail, counts.unsure)]
    return None if None in said else total(said)


@dataclass(frozen=True, slots=True)
class Connection:
    """State of the checks of one run.

    Attributes:
        state: `live` while checks succeed, `reconnecting` after a failed one, `stopped` after an error that ended them,
            `ended` when no more are needed.
        heard_at: when the server last gave a good answer (Unix seconds); None before the first.
        next_at: when the next check is due (Unix seconds); None if none is planned, or while the rate limit delays it.
        interval: seconds between checks; None if no check is planned.
        failures: failed checks in a row.
        error: the last failure while `reconnecting` or `stopped`.
    """

    state: ConnectionState = "live"
    heard_at: float | None = None
    next_at: float | None = None
    interval: float | None = None
    failures: int = 0
    error: OrigamiError | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Wait of a start while all run slots are in use.

    Attributes:
        wait: seconds until the request is sent again, as the server said.
        limit: how many runs the plan allows at once; None if the server did not say.
    """

    wait: float
    limit: int | None = None

    @property
    def reason(self) -> str:
        """Why the start waits, as a sentence without a full stop."""
        if self.limit == 1:
            return "The plan's one run slot is in use"
        return f"All {'' if self.limit is None else f'{self.limit:,} '}run slots are in use"


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """Cells of one table that were not stopped.

    Attributes:
        table_id: the table's id.
        table_name: the table's name.
        cells: how many of its cells were running when the table was last read; None if that is not known.
        reason: why they were left.
    """

    table_id: str
    table_name: str
    cells: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoppedCells:
    """What `stop_cells` has stopped so far, and what it has left running.

    Attributes:
        cells: stopped cells. They stay empty and cost nothing more.
        lead_source_jobs: stopped jobs that were looking for more leads.
        left_running: tables with cells that were left running. `run.stop_cells(tables=[…])` stops a table whole.
    """

    cells: int = 0
    lead_source_jobs: int = 0
    left_running: tuple[LeftRunning, ...] = ()

    def plus(self, answers: Iterable[CancelledCells], left_running: tuple[LeftRunning, ...] = ()) -> StoppedCells:
        """Return what was stopped with these answers of the server, too."""
        each = tuple(answers)
        cells = self.cells + sum(answer.cells or 0 for answer in each)
        jobs = self.lead_source_jobs + sum(answer.lead_source_jobs or 0 for answer in each)
        return StoppedCells(cells, jobs, left_running)


@dataclass(frozen=True, slots=True)
class FillOffer:
    """Cells that `run.fill()` would fill, counted from the rows, and their price.

    Attributes:
        cells: how many cells are missing that were stopped, have failed or lacked credits.
        credits: what they are expected to use; None while such cells have hardly run.
        at_most: the upper estimate, at which a fill stops by default; None if none of its columns has run.
        is_failed: whether all of them have failed, so that none was stopped.
        raised: to how much the run's own credit limit has to be raised for it; None if that leaves enough.
    """

    cells: int
    credits: float | None
    at_most: int | None
    is_failed: bool
    raised: float | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of the cells that `run.fill()` was to fill.

    Attributes:
        asked: how many cells were missing.
        found: how many have a value now.
        nothing: for how many the agent looked and found nothing.
        strayed: whether the agent began something else, or more, which was stopped.
    """

    asked: int
    found: int
    nothing: int
    strayed: bool = False


@dataclass(frozen=True, slots=True)
class FoundValues:
    """What a run has found for the user's own list, counted from the rows that were read.

    Attributes:
        table_id: the table's id.
        version: the table's version when its rows were read.
        rows: how many rows were read.
        columns: how many columns of the run are to be filled in each.
        found: how many of these cells have a value.
        nothing: for how many the agent has looked and found nothing.
    """

    table_id: str
    version: tuple[str | int | None, ...]
    rows: int
    columns: int
    found: int
    nothing: int


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """State of a run after one change: time (Unix seconds), status, and the server's counts (None if it gave none).

    `credits_of_tables` has each table's id and the credits that the table had used since it was made. It is None before
    the server has named a table, and if there are too many tables to record them with each change.
    """

    time: float
    status: str
    steps_completed: int | None
    lead_count: int | None
    cells_running: int | None
    cells_errored: int | None
    credits_used: int | None
    credits_of_tables: tuple[tuple[str, int | None], ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RunState:
    """All that is known about one run at one moment.

    Attributes:
        agent_id: the agent's id.
        run_id: the run's id.
        agent_name: the agent's name; empty while it is unknown.
        began: when the conversation's first turn started, by the server's clock; None for a single turn, see `run`.
        focused_before: ids, in lower case, of the tables that the user gave to the conversation's earlier turns.
        run: the newest run object; None before the first answer.
        done: whether the status is final.
        actions: the changes the run has made so far, kept when an answer leaves them out.
        tables: the newest object of every table that the run touched. While answers about the run name none, the tables
            of the agent's table list that belong to the run.
        deleted: those of its tables that were deleted, as they were last: their credits still count.
        transcript: the newest transcript read; None before the first.
        connection: the state of the checks.
        cancel: `requested` from the user's request until the server says that the run has ended.
        cancel_error: why the cancel request has not reached the server yet; None if it has, or without a request.
        stopping: `requested` from the request to stop its cells until none of them is active.
        stop_error: why the last request to stop its cells failed; it is repeated. None if it did not fail.
        stopped: what the requests to stop its cells have stopped, and what they left running; None without a request.
        offer: the cells that can be filled now, if a card has had them counted; None if there are none.
        found: what was found for the user's own list, as far as its rows were read; None for other runs, and before.
        filled: what became of the cells that this turn was to fill; None until that is counted, and for other turns.
        looks: how many looks have found nothing active since anything moved, after the end; see `Quiet`.
        sending: the follow-up that is being sent; empty without one.
        queue: the follow-up's wait for a run slot; None if it does not wait.
        command_error: why the last user action failed.
        credit_limit: the credits that the conversation may use, where this process limits them; None without a limit.
        limit_error: the error if the run and its cells used more credits than allowed: what was active was stopped.
        used_before: for focus tables that were read before the run was started, the credits that they had used then.
        history: one record for each change, oldest first.
        origin: where the run comes from: empty for the real API, `sandbox`, or the name of another host.
        clock_offset: the server's clock minus the kernel's, in seconds.
        attached: when the run began (Unix seconds), if `start` found it instead of starting a run; else None.
        attached_by: how `start` found it: by the name in `once=`, or because the cell had started it.
    """

    agent_id: str
    run_id: str
    run: RunObject | None = None
    focused_before: frozenset[str] = frozenset()
    done: bool = False
    actions: tuple[Action, ...] = ()
    tables: tuple[Table, ...] = ()
    deleted: tuple[Table, ...] = ()
    transcript: tuple[TranscriptMessage, ...] | None = None
    connection: Connection = field(default_factory=Connection)
    cancel: Literal["none", "requested"] = "none"
    cancel_error: OrigamiError | None = None
    stopping: Literal["none", "requested"] = "none"
    stop_error: OrigamiError | None = None
    stopped: StoppedCells | None = None
    looks: int = 0
    offer: FillOffer | None = None
    found: FoundValues | None = None
    filled: Filled | None = None
    sending: Sending = ""
    queue: Queue | None = None
    command_error: OrigamiError | None = None
    credit_limit: float | None = None
    limit_error: OrigamiError | None = None
    used_before: tuple[tuple[str, int], ...] = ()
    history: tuple[HistoryPoint, ...] = ()
    origin: str = ""
    clock_offset: float = 0.0
    attached: float | None = None
    attached_by: Literal["name", "cell"] = "name"
    agent_name: str = ""
    began: datetime | None = None

    @property
    def status(self) -> str:
        """The server's status; `running` before its first answer."""
        return self.run.status if self.run is not None else "running"

    @property
    def shown_status(self) -> str:
        """The status that card, board and workbook show: `cancelled` for a completed run whose cells were stopped."""
        # Once its agent is done, only its cells can be stopped: by hand, or at a credit limit.
        was_stopped = self.stopped is not None and (self.stopped.cells > 0 or self.stopped.lead_source_jobs > 0)
        return "cancelled" if self.status == "completed" and was_stopped else self.status

    @property
    def focused(self) -> frozenset[str]:
        """The ids of the tables that the user gave to the run, in lower case."""
        return self.focused_before | focused_tables(self.run)

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """The tables with those that were deleted: all that have used credits."""
        return self.tables + self.deleted

    @property
    def cells_running(self) -> int:
        """The number of cells that are waiting, queued or running, over all tables."""
        return sum(table.cells.running or 0 for table in self.tables)

    @property
    def cells_errored(self) -> int:
        """The number of failed cells, over all tables."""
        return sum(table.cells.errored or 0 for table in self.tables)

    @property
    def settled(self) -> bool:
        """Whether the status is terminal and no cell is running."""
        return self.done and self.cells_running == 0

    @property
    def settled_at(self) -> float | None:
        """When it settled, in Unix seconds on the kernel's clock; None if it has not, or if that is not known.

        It is the moment of the answer that showed it. Of a run that was first read after that, it is its agent's end.
        """
        if not self.settled:
            return None
        seen = [each.time for each in self.history if each.status != self.status or each.cells_running]
        shown = next((each.time for each in self.history if not seen or each.time > seen[-1]), None)
        ended = None if self.run is None or self.run.completed_at is None else self.run.completed_at.timestamp()
        return shown if seen or ended is None else ended - self.clock_offset

    @property
    def lead_count(self) -> int | None:
        """The number of leads in the table that counts, see `counted_table`; None if the server did not say."""
        table = counted_table(self.tables)
        return None if table is None else table.lead_count

    @property
    def credits_used(self) -> int | None:
        """The credits that the tables have used since they were made; None if no table has a number."""
        return total(table.credits.lifetime_used for table in self.all_tables)

    def payload(self) -> dict[str, Any]:
        """Return the newest answer about the run as a plain dictionary, with the newest state of its tables.

        Returns:
            The API's run object. The caller may change its top two levels freely.
        """
        if self.run is None:
            return {}
        payload = dict(self.run.raw)
        response = payload.get("response")
        merged: dict[str, object] = dict(response) if isinstance(response, dict) else {}
        if self.tables:
            merged["tables"] = [table.raw for table in self.tables]
        if self.actions and not merged.get("actions"):
            merged["actions"] = [action.raw for action in self.actions]
        if self.transcript is not None and merged.get("transcript") is None:
            merged["transcript"] = [message.raw for message in self.transcript]
        if merged or isinstance(response, dict):
            payload["response"] = merged
        return payload


def full_prompt(state: RunState) -> str | None:
    """Return the whole prompt as it was sent: the server cuts the run's own copy to 200 characters."""
    if state.run is None:
        return None
    return state.run.request.prompt or state.run.prompt


def newer(old: Table | None, new: Table) -> Table:
    """Return the object of a table that the server changed last: answers may arrive in another order."""
    if old is None or old.updated_at is None or new.updated_at is None:
        return new
    return old if new.updated_at < old.updated_at else new


def newest_tables(states: Iterable[RunState]) -> dict[str, Table]:
    """Return the tables of some runs by id, each once, as the server changed it last, without those that were deleted.

    Args:
        states: the runs' states; of two equally new objects of a table, the later one counts.
    """
    each = tuple(states)
    gone = deleted_tables(each)
    return newest(table for state in each for table in state.tables if table.id not in gone)


def deleted_tables(states: Iterable[RunState]) -> dict[str, Table]:
    """Return the tables of some runs that were deleted, by id, each as it was last."""
    return newest(table for state in states for table in state.deleted)


def newest(tables: Iterable[Table]) -> dict[str, Table]:
    """Return tables by id, each once, as the server changed it last."""
    found: dict[str, Table] = {}
    for table in tables:
        found[table.id] = newer(found.get(table.id), table)
    return found


class RunFailed(OrigamiError):
    """The run failed on the server; `status` says how. Its tables are kept."""


def run_error(state: RunState) -> OrigamiError | None:
    """Return the error of a state; None where there is none.

    Args:
        state: the run's state.
    """
    if state.status in FAILURES:
        title, cause = FAILURES[state.status]
        remedy = "Continue with run.follow_up('Continue where you stopped.'): the same agent goes on."
        return RunFailed(title, cause=cause, remedy=remedy, code=state.status)
    if state.done and state.limit_error is not None:
        return state.limit_error
    if state.connection.state == "stopped":
        return state.connection.error
    return None
