"""Whose cells a conversation may stop. Pure.

Stopping is by table at the API. A table that the conversation made is its own. In any other table, such as a focus
table, only the columns that its actions name are, even while other runs work there. What cannot be attributed goes on, and is
named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.run.reduce import is_during
from origami_widgets.run.state import LeftRunning, RunState

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action
    from origami_widgets.api.models.table import Column, Table

TABLE_CREATED, COLUMN_ADDED = "table_created", "column_added"
NOT_OURS = "not made by this conversation"


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


def attribute(states: Sequence[RunState], tables: Sequence[Table]) -> Attribution:
    """Return which cells of some tables a conversation may stop.

    Args:
        states: the states of the conversation's runs.
        tables: the newest objects of the tables that its agent can reach.
    """
    actions = [action for state in states for action in state.actions]
    created = {action.table_id.lower(): action.table_id for action in actions if action.type == TABLE_CREATED}
    focused: frozenset[str] = frozenset().union(*(state.focused for state in states))
    targets: list[StopTarget] = []
    left: list[LeftRunning] = []
    for table in tables:
        table_id = table.id.lower()
        # An agent has one active run at a time: what was made after ours had ended was made by another one.
        is_new = table_id not in focused and any(is_during(state.run, table.created_at) for state in states)
        if table_id in created or is_new:
            targets.append(StopTarget(table.id))
        else:
            added = [column for column in table.columns if column.slug and _is_added(column, table_id, actions)]
            if added:
                targets.append(StopTarget(table.id, tuple(column.slug for column in added if column.slug)))
            running = table.cells.running
            ours = sum(column.cells.running or 0 for column in added)
            if running is None or running > ours:
                left.append(LeftRunning(table.id, table.name, None if running is None else running - ours, NOT_OURS))
    # Of a table that the server has not shown yet, only its id is known.
    known = {table.id.lower() for table in tables}
    targets += [StopTarget(created[table_id]) for table_id in created if table_id not in known]
    return Attribution(tuple(targets), tuple(left))


def columns_not_begun(state: RunState) -> tuple[Column, ...]:
    """Return the columns of a run that fill by themselves, and have never run although their table has rows.

    None after a stop: what was stopped does not begin.
    """
    if not state.done or state.status == "cancelled" or state.stopped is not None:
        return ()
    return tuple(each for each in _filling_columns(state) if _runs(each) == 0)


def has_none_begun(state: RunState) -> bool:
    """Return whether no column of a run that fills by itself has ever run."""
    return bool(not_begun := columns_not_begun(state)) and len(not_begun) == len(_filling_columns(state))


def _filling_columns(state: RunState) -> list[Column]:
    tables = {table.id: table for table in state.tables if table.lead_count}
    found: list[Column] = []
    for target in attribute((state,), state.tables).targets:
        if (table := tables.get(target.table_id)) is not None:
            found += [each for each in table.columns if target.columns is None or each.slug in target.columns]
    return [each for each in found if each.kind != "input" and each.auto_trigger]


def _runs(column: Column) -> float | None:
    """Return how often a column has run, or what it has used where the server says no more; None if it says neither."""
    runs = column.stats.total_runs if column.stats is not None else None
    return column.credits.lifetime_used if runs is None else runs


def _is_added(column: Column, table_id: str, actions: Sequence[Action]) -> bool:
    """Return whether an action of the conversation says that it has added the column."""
    added = (each for each in actions if each.type == COLUMN_ADDED and each.table_id.lower() == table_id)
    return any(each.column_id == column.id if each.column_id else each.column_name == column.name for each in added)
