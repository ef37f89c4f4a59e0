"""`reduce`: apply an event to the state of a run; and the events. Pure: no clock, no network, no thread.

These rules make the state trustworthy: an answer about another run is refused, a terminal status is final, an older
answer does not undo a newer one, and an answer without `response` does not wipe what an earlier one said. While answers
about the run name no tables, the state has those of the agent's table list that the server's data ties to the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from operator import is_
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from msgspec.structs import replace as replace_struct

from origami_widgets.api.models.table import Table
from origami_widgets.run.state import (
    FAILED_STATUSES,
    HISTORY_LIMIT,
    MOST_TABLES_IN_HISTORY,
    TERMINAL_STATUSES,
    Connection,
    ConnectionState,
    Filled,
    FillOffer,
    FoundValues,
    HistoryPoint,
    Queue,
    RunState,
    Sending,
    StoppedCells,
    focused_tables,
    named_in_request,
    newer,
    newest,
    total,
)

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.api.models.run import Action, RunObject


def is_terminal(status: str, *, keep_polling: bool) -> bool:
    """Return whether a status is final. An unknown status is, unless the answer asks for another check (`Retry-After`)."""
    if status == "running":
        return False
    return status in TERMINAL_STATUSES or not keep_polling


class Event:
    """Something that changes what is known about a run."""

    __slots__ = ()

    def apply(self, state: RunState) -> RunState:
        """Return the state after it; the same object when nothing changed."""
        raise NotImplementedError


class Answer(Event):
    """An answer of the server that may have changed what it says about the run: a change is recorded in the history."""

    __slots__ = ()
    at: float


def reduce(state: RunState, event: Event) -> RunState:
    """Return the state after an event.

    Args:
        state: the state before.
        event: what happened.

    Returns:
        The new state; the same object when nothing changed.
    """
    after = event.apply(state)
    return _with_history(after, event.at) if isinstance(event, Answer) else after


@dataclass(frozen=True, slots=True)
class RunRead(Answer):
    """The server answered about the run."""

    run: RunObject
    at: float
    keep_polling: bool = False
    origin: str = ""
    clock_offset: float | None = None

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        new = self.run
        if new.id and new.id.lower() != state.run_id.lower():
            return state
        state = replace(
            state,
            connection=_heard(state.connection, self.at),
            origin=self.origin or state.origin,
            clock_offset=state.clock_offset if self.clock_offset is None else self.clock_offset,
        )
        terminal = is_terminal(new.status, keep_polling=self.keep_polling)
        if state.done and not terminal:
            return state
        if not terminal and _goes_back(state.run, new):
            return state
        tables, actions, transcript = state.tables, state.actions, state.transcript
        response = new.response
        if response is not None:
            raw = response.raw
            if terminal and _built_nothing(new):
                # A table that the agent's list has shown during the run exists, whatever the answer leaves out.
                tables = tuple(table for table in tables if is_during(new, table.created_at))
            else:
                gone = {table.id for table in state.deleted}
                tables = _newest_tables(tables, tuple(table for table in response.tables if table.id not in gone))
            # Actions are only ever added: a shorter list for a running run comes from a server that is behind.
            if ("actions" in raw and terminal) or len(response.actions) >= max(1, len(actions)):
                actions = response.actions
            if response.transcript is not None:
                transcript = response.transcript
        return replace(
            state,
            run=new,
            done=terminal,
            tables=_in_order(tables, new, actions),
            actions=actions,
            transcript=transcript,
            cancel="none" if terminal else state.cancel,
            cancel_error=None if terminal else state.cancel_error,
        )


@dataclass(frozen=True, slots=True)
class Heard(Event):
    """The server answered the same as before."""

    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        return replace(state, connection=_heard(state.connection, self.at))


@dataclass(frozen=True, slots=True)
class TablesListed(Answer):
    """The server answered with all tables of the run's agent, including those of its other runs."""

    tables: tuple[Table, ...]
    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        if not _is_list_of_use(state):
            return state
        listed = newest(table for table in self.tables if _is_of_run(table, state))
        if not listed:
            return state
        is_behind = any(table.id in listed and newer(table, listed[table.id]) is table for table in state.tables)
        # If the server is behind, a table that is missing from the list was not deleted.
        kept = [table for table in state.tables if is_behind or table.id in listed]
        known = {table.id for table in kept}
        added = sorted((table for table in listed.values() if table.id not in known), key=_creation)
        changed = (*(_changed(table, listed.get(table.id)) for table in kept), *added)
        # One that seemed to be deleted may only have been too new to be found.
        deleted = tuple(each for each in state.deleted if each.id not in listed)
        gone = tuple(_at_rest(each) for each in state.tables if each.id not in known)
        if gone or len(deleted) < len(state.deleted):
            state = replace(state, deleted=deleted + gone)
        return _with_tables(state, _in_order(changed, state.run, state.actions))


@dataclass(frozen=True, slots=True)
class TablesRead(Answer):
    """The server answered about tables of which those count that the run is known to have."""

    tables: tuple[Table, ...]
    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        read = {table.id: table for table in self.tables}
        state = _with_tables(state, tuple(_changed(table, read.get(table.id)) for table in state.tables))
        return replace(state, connection=_heard(state.connection, self.at))


@dataclass(frozen=True, slots=True)
class TableGone(Answer):
    """A table of the run was deleted: it has no leads any more, and none of its cells will run again."""

    table_id: str
    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        return replace(
            state,
            connection=_heard(state.connection, self.at),
            tables=tuple(each for each in state.tables if each.id != self.table_id),
            deleted=state.deleted + tuple(_at_rest(each) for each in state.tables if each.id == self.table_id),
        )


@dataclass(frozen=True, slots=True)
class LeadsCounted(Answer):
    """An answer with rows of a table said how many leads the table has now."""

    table_id: str
    leads: int
    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        tables = (
            Table.from_raw({**table.raw, "leadCount": self.leads})
            if table.id == self.table_id and table.lead_count != self.leads
            else table
            for table in state.tables
        )
        return _with_tables(state, tuple(tables))


@dataclass(frozen=True, slots=True)
class CheckFailed(Event):
    """A check failed; the run itself continues on the server."""

    error: OrigamiError
    at: float

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        known = state.connection
        failed = replace(known, state="reconnecting", failures=known.failures + 1, error=self.error)
        return replace(state, connection=failed)


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """The next check is planned; both moments are None if there will be none. `looks` is None for no news."""

    next_at: float | None
    interval: float | None
    stopped: bool = False
    looks: int | None = None

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        kind: ConnectionState = state.connection.state
        if self.stopped:
            kind = "stopped"
        elif self.next_at is None:
            kind = "ended"
        elif kind in ("ended", "stopped"):
            kind = "live"
        connection = replace(state.connection, state=kind, next_at=self.next_at, interval=self.interval)
        looks = state.looks if self.looks is None else self.looks
        is_same = connection == state.connection and looks == state.looks
        return state if is_same else replace(state, connection=connection, looks=looks)


@dataclass(frozen=True, slots=True)
class Delayed(Event):
    """The rate limit delays a check that is due; for how long is not known."""

    def apply(self, state: RunState) -> RunState:
        """Return the state after it."""
        return replace(state, connection=replace(state.connection, next_at=None))


class Changes(TypedDict, total=False):
    """Fields of `RunState` that do not come from an answer about the run; see there."""

    agent_name: str
    used_before: tuple[tuple[str, int], ...]
    attached: float
    attached_by: Literal["name", "cell"]
    cancel: Literal["none", "requested"]
    cancel_error: OrigamiError | None
    stopping: Literal["none", "requested"]
    stop_error: OrigamiError | None
    stopped: StoppedCells | None
    looks: int
    offer: FillOffer | None
    found: FoundValues
    filled: Filled | None
    sending: Sending
    queue: Queue | None
    command_error: OrigamiError | None
    credit_limit: float
    limit_error: OrigamiError | None


class Changed(Event):
    """A user has asked for something, or what became of it is known: the fields that this changes.

    Args:
        changes: the fields with their new values.
    """

    __slots__ = ("changes",)

    def __init__(self, **changes: Unpack[Changes]) -> None:
        self.changes = changes

    def apply(self, state: RunState) -> RunState:
        """Return the state after it. A run that has ended meanwhile is not cancelled any more."""
        changes = self.changes
        is_late = state.done and (changes.get("cancel") == "requested" or changes.get("cancel_error") is not None)
        return state if is_late else replace(state, **changes)


def _heard(connection: Connection, at: float) -> Connection:
    return replace(connection, state="live", heard_at=at, failures=0, error=None)


def _goes_back(old: RunObject | None, new: RunObject) -> bool:
    """Return whether an answer has fewer steps than an earlier one, so that it comes from a server that is behind."""
    if old is None or old.steps.completed is None or new.steps.completed is None:
        return False
    return new.steps.completed < old.steps.completed


def _newest_tables(known: tuple[Table, ...], answered: tuple[Table, ...]) -> tuple[Table, ...]:
    """Return the newest state of each table: an answer about the run may be older than one about a table."""
    by_id = {table.id: table for table in known}
    return tuple(newer(by_id.get(table.id), table) for table in answered) if answered else known


def wants_table_list(state: RunState) -> bool:
    """Return whether the agent's table list says more about the run's tables than the answers about the run.

    After the end of the run, it does so only if there is a table to look for.
    """
    if not _is_list_of_use(state):
        return False
    return not state.done or bool(state.tables) or bool(named_tables(state))


def _is_list_of_use(state: RunState) -> bool:
    run = state.run
    if run is None or (run.response is not None and run.response.tables):
        return False
    return not (state.done and _built_nothing(run) and not state.tables)


def _built_nothing(run: RunObject) -> bool:
    """Return whether the last answer says that the run has no tables. A failed run may still have kept some."""
    response = run.response
    if response is None or run.status in FAILED_STATUSES or response.tables or response.actions:
        return False
    return isinstance(response.raw.get("tables"), list) and isinstance(response.raw.get("actions"), list)


def _at_rest(table: Table) -> Table:
    """Return a deleted table: none of its cells runs any more."""
    return replace_struct(table, cells=replace_struct(table.cells, running=0))


def _with_tables(state: RunState, tables: tuple[Table, ...]) -> RunState:
    is_same = len(tables) == len(state.tables) and all(map(is_, tables, state.tables))
    return state if is_same else replace(state, tables=tables)


def _changed(old: Table, new: Table | None) -> Table:
    return old if new is None or new.raw == old.raw else newer(old, new)


def _creation(table: Table) -> float:
    return table.created_at.timestamp() if table.created_at is not None else inf


def _is_of_run(table: Table, state: RunState) -> bool:
    """Return whether the server's data ties a table of the agent to this run.

    That is so if the table is already known, the request or the run's actions name it, or it was created during the run
    (all moments on the server's clock). `updated_at` proves nothing: cells of an earlier run go on filling and move it.
    A table that a follow-up only extends therefore appears with the action that names it, or at the end.
    """
    if not table.id:
        return False
    if any(known.id == table.id for known in state.tables) or table.id.lower() in named_tables(state):
        return True
    return is_during(state.run, table.created_at)


def named_tables(state: RunState) -> frozenset[str]:
    """Return the table ids in the request and the run's actions, in lower case: those in the request are as typed."""
    return named_in_request(state.run) | {each.table_id.lower() for each in state.actions if each.table_id}


def _in_order(tables: tuple[Table, ...], run: RunObject | None, actions: Sequence[Action]) -> tuple[Table, ...]:
    """Return the tables of a run with the list first that it was given to work on, and one that it only looked at last."""
    focused, named = focused_tables(run), {each.table_id.lower() for each in actions if each.table_id}
    if not focused:
        return tables

    def place(table: Table) -> int:
        if table.id.lower() not in focused:
            return 0
        return -1 if table.id.lower() in named else 1

    return tuple(sorted(tables, key=place))


def is_during(run: RunObject | None, moment: datetime | None) -> bool:
    """Return whether a moment on the server's clock is not before a run's start nor after its end, as far as that is known."""
    if run is None or run.started_at is None or moment is None or moment < run.started_at:
        return False
    return run.completed_at is None or moment <= run.completed_at


def _with_history(state: RunState, at: float) -> RunState:
    if state.run is None:
        return state
    point = HistoryPoint(
        time=at,
        status=state.status,
        steps_completed=state.run.steps.completed,
        lead_count=state.lead_count,
        cells_running=total(table.cells.running for table in state.tables),
        cells_errored=total(table.cells.errored for table in state.tables),
        credits_used=state.credits_used,
        credits_of_tables=_credits_of_tables(state),
    )
    if state.history and replace(state.history[-1], time=at) == point:
        return state
    return replace(state, history=_bounded((*state.history, point)))


def _credits_of_tables(state: RunState) -> tuple[tuple[str, int | None], ...] | None:
    if not 0 < len(state.tables) <= MOST_TABLES_IN_HISTORY:
        return None
    credit_counts = tuple((table.id, table.credits.lifetime_used) for table in state.all_tables)
    before = state.history[-1].credits_of_tables if state.history else None
    # Keep the same object while nothing changes.
    return before if before == credit_counts else credit_counts


def _bounded(history: tuple[HistoryPoint, ...]) -> tuple[HistoryPoint, ...]:
    """If there are too many records, drop every second one in the older half, so that the run's beginning stays visible."""
    half = HISTORY_LIMIT // 2
    return history if len(history) <= HISTORY_LIMIT else (*history[:half:2], *history[half:])
