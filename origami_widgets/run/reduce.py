"""`reduce`: apply an event to the state of a run. Pure: no clock, no network, no thread.

These rules make the state trustworthy: an answer about another run is refused, a terminal status is final, an older
answer does not undo a newer one, and an answer without `response` does not wipe what an earlier one said. While answers
about the run name no tables, the state has those of the agent's table list that the server's data ties to the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from operator import is_
from typing import TYPE_CHECKING

from msgspec.structs import replace as replace_struct

from origami_widgets.api.models.table import Table
from origami_widgets.run.state import (
    FAILED_STATUSES,
    HISTORY_LIMIT,
    MOST_TABLES_IN_HISTORY,
    TERMINAL_STATUSES,
    Changed,
    CheckFailed,
    Connection,
    Delayed,
    Heard,
    HistoryPoint,
    LeadsCounted,
    Planned,
    RowsRead,
    RunRead,
    RunState,
    TableGone,
    TablesListed,
    TablesRead,
    focused_tables,
    named_in_request,
    newer,
    newest,
    total,
)

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action, RunObject
    from origami_widgets.run.state import ConnectionState, Event


def is_terminal(status: str, *, keep_polling: bool) -> bool:
    """Return whether a status is final. An unknown status is, unless the answer asks for another check (`Retry-After`)."""
    if status == "running":
        return False
    return status in TERMINAL_STATUSES or not keep_polling


def reduce(state: RunState, event: Event) -> RunState:
    """Return the state after an event.

    Args:
        state: the state before.
        event: what happened.

    Returns:
        The new state; the same object when nothing changed.
    """
    match event:
        case RunRead():
            return _with_history(_run_read(state, event), event.at)
        case TablesListed() | TablesRead() | TableGone() | LeadsCounted():
            return _with_history(_tables_changed(state, event), event.at)
        case Heard() | CheckFailed() | Delayed():
            return replace(state, connection=_connected(state.connection, event))
        case Planned():
            return _planned(state, event)
        case RowsRead():
            return _rows_read(state, event)
        case Changed(changes=changes):
            # A run that has ended meanwhile is not cancelled any more.
            is_late = state.done and (changes.get("cancel") == "requested" or changes.get("cancel_error") is not None)
            return state if is_late else replace(state, **changes)


def _tables_changed(state: RunState, event: TablesListed | TablesRead | TableGone | LeadsCounted) -> RunState:
    match event:
        case TablesListed():
            return _tables_listed(state, event)
        case TablesRead():
            return _tables_read(state, event)
        case TableGone():
            return _table_gone(state, event)
        case LeadsCounted():
            return _leads_counted(state, event)


def _connected(connection: Connection, event: Heard | CheckFailed | Delayed) -> Connection:
    match event:
        case Heard():
            return _heard(connection, event.at)
        case CheckFailed():
            return replace(connection, state="reconnecting", failures=connection.failures + 1, error=event.error)
        case Delayed():
            return replace(connection, next_at=None)


def _leads_counted(state: RunState, event: LeadsCounted) -> RunState:
    tables = (
        Table.from_raw({**table.raw, "leadCount": event.leads})
        if table.id == event.table_id and table.lead_count != event.leads
        else table
        for table in state.tables
    )
    return _with_tables(state, tuple(tables))


def _run_read(state: RunState, event: RunRead) -> RunState:
    new = event.run
    if new.id and new.id.lower() != state.run_id.lower():
        return state
    state = replace(
        state,
        connection=_heard(state.connection, event.at),
        origin=event.origin or state.origin,
        clock_offset=state.clock_offset if event.clock_offset is None else event.clock_offset,
    )
    terminal = is_terminal(new.status, keep_polling=event.keep_polling)
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


def _tables_listed(state: RunState, event: TablesListed) -> RunState:
    if not _is_list_of_use(state):
        return state
    listed = newest(table for table in event.tables if _is_of_run(table, state))
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


def _tables_read(state: RunState, event: TablesRead) -> RunState:
    read = {table.id: table for table in event.tables}
    state = _with_tables(state, tuple(_changed(table, read.get(table.id)) for table in state.tables))
    return replace(state, connection=_heard(state.connection, event.at))


def _table_gone(state: RunState, event: TableGone) -> RunState:
    return replace(
        state,
        connection=_heard(state.connection, event.at),
        tables=tuple(each for each in state.tables if each.id != event.table_id),
        deleted=state.deleted + tuple(_at_rest(each) for each in state.tables if each.id == event.table_id),
    )


def _rows_read(state: RunState, event: RowsRead) -> RunState:
    progress = {table_id: known for table_id, known in state.row_progress.items() if table_id != event.table_id}
    if event.progress is not None and any(table.id == event.table_id for table in state.tables):
        progress[event.table_id] = event.progress
    return state if progress == state.row_progress else replace(state, row_progress=progress)


def _planned(state: RunState, event: Planned) -> RunState:
    kind: ConnectionState = state.connection.state
    if event.stopped:
        kind = "stopped"
    elif event.next_at is None:
        kind = "ended"
    elif kind in ("ended", "stopped"):
        kind = "live"
    connection = replace(state.connection, state=kind, next_at=event.next_at, interval=event.interval)
    looks = state.looks if event.looks is None else event.looks
    is_same = connection == state.connection and looks == state.looks
    return state if is_same else replace(state, connection=connection, looks=looks)


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
