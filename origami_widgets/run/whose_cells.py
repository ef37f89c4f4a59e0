"""Whose cells a conversation may stop. Pure.

Stopping is by table at the API. A table that the conversation made is its own. In any other table, such as a focus
table, only the columns that the conversation added are. What cannot be attributed goes on, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.run.state import LeftRunning

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from origami_widgets.api.models import Column, Table
    from origami_widgets.run.state import RunState

TABLE_CREATED, COLUMN_ADDED = "table_created", "column_added"
NOT_OURS = "not made by this conversation"
IN_USE = "another run works on it"


@dataclass(frozen=True, slots=True)
class StopTarget:
    """Table whose cells are to be stopped.

    Attributes:
        table_id: the table's id.
        columns: slugs of the columns to stop; None for the whole table and its lead sources.
    """

    table_id: str
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which cells a conversation may stop, and which it leaves."""

    targets: tuple[StopTarget, ...]
    left_running: tuple[LeftRunning, ...]


def attribute(
    states: Sequence[RunState],
    tables: Sequence[Table],
    *,
    in_use: Collection[str] = (),
    whole: Collection[str] = (),
    columns_before: Mapping[str, Collection[str]] | None = None,
) -> Attribution:
    """Return which cells of some tables a conversation may stop.

    Args:
        states: the states of the conversation's runs.
        tables: the newest objects of the tables that its agent can reach.
        in_use: ids of tables on which another live run works, in lower case. They are left.
        whole: ids of tables that the user has named, in lower case. They are stopped whole, with what others have started
            there.
        columns_before: for tables that were read before the conversation worked on them, the ids of their columns then.
            They count only while the answers about one of its runs leave out its actions.
    """
    says_all = all(state.actions or (state.run is not None and state.run.response is not None) for state in states)
    actions = [action for state in states for action in state.actions]
    created = {action.table_id.lower(): action.table_id for action in actions if action.type == TABLE_CREATED}
    focused = {
        table_id.lower() for state in states if state.run is not None for table_id in state.run.request.focus_table_ids
    }
    began = _began(states)
    targets: list[StopTarget] = []
    left: list[LeftRunning] = []
    for table in tables:
        table_id = table.id.lower()
        is_new = began is not None and table.created_at is not None and table.created_at >= began
        if table_id in whole:
            targets.append(StopTarget(table.id))
        elif table_id in in_use:
            _leave(left, table, table.cells.running, IN_USE)
        elif table_id in created or (is_new and table_id not in focused):
            targets.append(StopTarget(table.id))
        else:
            # Columns that others have added since were not there before either.
            before = None if says_all else (columns_before or {}).get(table_id)
            added = [column for column in table.columns if _is_added(column, table_id, states, before)]
            slugs = tuple(column.slug for column in added if column.slug)
            if slugs:
                targets.append(StopTarget(table.id, slugs))
            running = table.cells.running
            ours = sum(column.cells.running or 0 for column in added if column.slug)
            _leave(left, table, None if running is None else running - ours, NOT_OURS)
    # Of a table that the server has not shown yet, only its id is known.
    known = {table.id.lower() for table in tables} | set(in_use)
    targets += [StopTarget(created[table_id]) for table_id in created if table_id not in known]
    return Attribution(tuple(targets), tuple(left))


def _leave(left: list[LeftRunning], table: Table, cells: int | None, reason: str) -> None:
    if cells is None or cells > 0:
        left.append(LeftRunning(table.id, table.name, cells, reason))


def _is_added(
    column: Column, table_id: str, states: Sequence[RunState], columns_before: Collection[str] | None
) -> bool:
    """Return whether the conversation added a column: an action says so, or the column was not there before."""
    if columns_before is not None and column.id not in columns_before:
        return True
    added = [
        action
        for state in states
        for action in state.actions
        if action.type == COLUMN_ADDED and action.table_id.lower() == table_id
    ]
    return any(
        action.column_id == column.id if action.column_id else action.column_name == column.name for action in added
    )


def _began(states: Sequence[RunState]) -> datetime | None:
    """Return when the conversation began, on the server's clock; None if that is not known."""
    starts = [state.run.started_at if state.run is not None else None for state in states]
    known = [at for at in starts if at is not None]
    return min(known) if known and len(known) == len(starts) else None
