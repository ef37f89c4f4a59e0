"""Which cells are a conversation's own: what it may stop, what may begin late, and what `fill` fills at which price. Pure.

Stopping is by table at the API. A table that the conversation made is its own. In any other table, such as a focus
table, only the columns that its actions name are, even while other runs work there. What cannot be attributed goes on, and is
named.

The API does not tell a cell that was stopped from one that was never meant to run: both are missing. So a missing cell is
offered only in a column that runs for every row. A stop sees which columns do, and where as many cells have failed as are
missing, these are the ones. A column that runs for some rows only is never offered, nor is a cell that found nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.cell_values import is_found
from origami_widgets.run.reduce import is_during
from origami_widgets.run.state import FILL_BEGINS, Filled, FillOffer, LeftRunning, RunState
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import amount, plural

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action, RunObject
    from origami_widgets.api.models.table import Column, FlatRow, Table

TABLE_CREATED, COLUMN_ADDED = "table_created", "column_added"
NOT_OURS = "not made by this conversation"
ON_ITS_WAY = timedelta(seconds=15)
"""Time after its cancel in which an agent's last table may appear."""
ColumnKey = tuple[str, str]
"""A table's id and the id of a column of it."""

ENOUGH_RUNS = 10
"""Executions from which on a column's average is called a price."""
MOST_ROWS_NAMED = 100
"""Rows that the brief names by their ids; of more, it says that their cells are empty."""
_NAME_LIMIT = 200


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
        # An agent has one active run at a time: what was made after ours had ended was made by another one, unless it was
        # on its way when ours was cancelled.
        is_new = table_id not in focused and any(
            is_during(state.run, table.created_at) or _is_after_cancel(state.run, table.created_at) for state in states
        )
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


def _is_after_cancel(run: RunObject | None, moment: datetime | None) -> bool:
    """Return whether a moment is so soon after the cancel of a run that what was made then was on its way."""
    if run is None or run.completed_at is None or moment is None or run.status != "cancelled":
        return False
    return timedelta(0) <= moment - run.completed_at <= ON_ITS_WAY


def columns_not_begun(state: RunState) -> tuple[Column, ...]:
    """Return the columns of a run that fill by themselves, and have never run although their table has rows.

    None after a stop: what was stopped does not begin.
    """
    if not state.done or state.status == "cancelled" or state.stopped is not None:
        return ()
    return tuple(each for each in _filling_columns(state) if _has_never_run(each))


def has_none_begun(state: RunState) -> bool:
    """Return whether no column of a run that fills by itself has ever run."""
    return bool(not_begun := columns_not_begun(state)) and len(not_begun) == len(_filling_columns(state))


def _filling_columns(state: RunState) -> list[Column]:
    own = own_columns((state,), state.tables)
    return [column for table, column in own if table.lead_count and column.auto_trigger]


def _has_never_run(column: Column) -> bool:
    """Return whether a column has never run, or has used nothing where the server says no more."""
    runs = _runs(column)
    return (column.credits.lifetime_used if runs is None else runs) == 0


def _is_added(column: Column, table_id: str, actions: Sequence[Action]) -> bool:
    """Return whether an action of the conversation says that it has added the column."""
    added = (each for each in actions if each.type == COLUMN_ADDED and each.table_id.lower() == table_id)
    return any(each.column_id == column.id if each.column_id else each.column_name == column.name for each in added)


def added_later(states: Sequence[RunState], table: Table) -> list[str]:
    """Return the ids of the columns that follow-ups have added to a table of an earlier turn, newest first.

    Args:
        states: the states of the turns, oldest first.
        table: the table.
    """
    table_id = table.id.lower()
    return [
        column.id
        for state in reversed(states[1:])
        if not any(each.type == TABLE_CREATED and each.table_id.lower() == table_id for each in state.actions)
        for column in table.columns
        if _is_added(column, table_id, state.actions)
    ]


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing cells of one column.

    Attributes:
        table_id: the table's id.
        table_name: its name.
        column_id: the column's id.
        slug: the column's key in rows.
        column_name: its name.
        rows: the ids of the rows whose cell is missing.
        runs: how often the column has run so far.
        average: credits for each of these runs; None if it has never run.
        found: credits for each value that it has found; None if it has found none.
        failed: how many of its cells have failed.
    """

    table_id: str
    table_name: str
    column_id: str
    slug: str
    column_name: str
    rows: tuple[str, ...]
    runs: float
    average: float | None
    found: float | None
    failed: int

    @property
    def key(self) -> ColumnKey:
        """The column's key."""
        return self.table_id, self.column_id


def own_columns(states: Sequence[RunState], tables: Iterable[Table]) -> list[tuple[Table, Column]]:
    """Return the computed columns of some tables that a conversation has made, each with its table.

    Args:
        states: the states of the turns that are ours.
        tables: the newest objects of the conversation's tables.
    """
    known = {table.id: table for table in tables}
    found: list[tuple[Table, Column]] = []
    for target in attribute(states, list(known.values())).targets:
        if (table := known.get(target.table_id)) is not None:
            found += [(table, each) for each in table.columns if target.columns is None or each.slug in target.columns]
    return [(table, column) for table, column in found if column.kind != "input" and column.slug]


def whole_columns(columns: Iterable[tuple[Table, Column]]) -> set[ColumnKey]:
    """Return the columns that run for every row, as their cells that have run and those that are active show.

    Asked before a stop: after it, a column that it has ended looks like one that runs for some rows only.
    """
    return {
        (table.id, column.id)
        for table, column in columns
        if table.lead_count and (_runs(column) or 0) + (column.cells.running or 0) >= table.lead_count
    }


def may_lack(columns: Iterable[tuple[Table, Column]], whole: Collection[ColumnKey]) -> set[str]:
    """Return the ids of the tables in which cells may be missing that `fill` fills, so that their rows have to be read."""
    return {
        table.id
        for table, column in columns
        if table.lead_count
        and (
            (table.id, column.id) in whole
            # Only where it has run for every row, as many cells have failed as are missing.
            or (column.cells.errored and (_runs(column) or 0) >= table.lead_count)
        )
    }


def gaps_of(
    columns: Iterable[tuple[Table, Column]], rows: Mapping[str, Sequence[FlatRow]], whole: Collection[ColumnKey]
) -> tuple[Gap, ...]:
    """Return the cells that were stopped, have failed or lacked credits, by column.

    Args:
        columns: the conversation's own columns, with their tables.
        rows: all rows of these tables, by table id; of one that was not read, nothing is returned.
        whole: the columns that are known to run for every row.
    """
    found: list[Gap] = []
    for table, column in columns:
        slug, values = column.slug or "", rows.get(table.id, ())
        missing = tuple(row.id for row in values if slug not in row.values)
        is_failed = (column.cells.errored or 0) >= len(missing)
        if not missing or not (is_failed or (table.id, column.id) in whole):
            continue
        used, hits = column.credits.lifetime_used, sum(is_found(row.values.get(slug)) for row in values)
        found.append(
            Gap(
                table.id,
                clip(table.name, _NAME_LIMIT),
                column.id,
                slug,
                clip(column.name, _NAME_LIMIT),
                missing,
                _runs(column) or 0,
                column.stats.avg_credits_per_run if column.stats is not None and column.stats.total_runs else None,
                None if used is None or not hits else used / hits,
                min(column.cells.errored or 0, len(missing)),
            )
        )
    return tuple(found)


def offer_of(gaps: Sequence[Gap]) -> FillOffer:
    """Return what it would cost to fill some gaps.

    A column that has never run is taken to cost as much as the dearest of the others.
    """
    dearest = max((each.average for each in gaps if each.average is not None), default=None)
    cells = sum(len(each.rows) for each in gaps)
    is_failed = cells <= sum(each.failed for each in gaps)
    if dearest is None:
        return FillOffer(cells, None, None, is_failed=is_failed)
    averages = [dearest if each.average is None else each.average for each in gaps]
    expected = sum(len(each.rows) * average for each, average in zip(gaps, averages, strict=True))
    at_most = sum(len(each.rows) * max(average, each.found or 0) for each, average in zip(gaps, averages, strict=True))
    is_known = sum(each.runs for each in gaps) >= ENOUGH_RUNS
    return FillOffer(cells, expected if is_known else None, max(1, math.ceil(at_most)), is_failed=is_failed)


def fill_question(offer: FillOffer, credit_limit: float) -> str:
    """Return the question before a fill.

    Args:
        offer: what it would fill.
        credit_limit: the credits at which it stops.

    >>> fill_question(FillOffer(36, 144, 252, is_failed=False), 252)
    'Fill 36 cells? Such cells have cost 4 credits on average here, found ones 7: about 144, at most 252; it stops there. The agent decides what it runs.'
    """
    limit = f"at most {amount(credit_limit)}; it stops there."
    if offer.credits is None or offer.at_most is None:
        price = f"What such cells cost is hardly known yet: {limit}"
    else:
        average, found = offer.credits / offer.cells, offer.at_most / offer.cells
        dearer = f", found ones {found:.3g}" if found > average else ""
        price = f"Such cells have cost {average:.3g} credits on average here{dearer}: about {amount(round(offer.credits))}, {limit}"
    raises = f" This raises the run's credit limit to {amount(offer.raised)}." if offer.raised is not None else ""
    return f"Fill {plural(offer.cells, 'cell')}? {price} The agent decides what it runs.{raises}"


def fill_brief(gaps: Sequence[Gap]) -> str:
    """Return the brief for an agent that is to fill some gaps, and nothing else."""
    names_rows = sum(len(each.rows) for each in gaps) <= MOST_ROWS_NAMED
    begin = (
        f"{FILL_BEGINS} Run only the following columns, and each only for the rows in which its cell is empty. Add no column, "
        "no row and no table, run no cell that has a value or has found nothing, and ask no question."
    )
    lines = [begin]
    for each in gaps:
        rows = f": {', '.join(each.rows)}" if names_rows else ""
        lines.append(
            f"- Column “{each.column_name}” ({each.slug}) of the table “{each.table_name}” ({each.table_id}): "
            f"{plural(len(each.rows), 'row')}{rows}"
        )
    return "\n".join(lines)


def strays(gaps: Sequence[Gap], columns: Iterable[tuple[Table, Column]]) -> dict[str, tuple[str, ...]]:
    """Return the columns to stop, by table: those that were not asked for, and those that run more cells than were missing.

    Args:
        gaps: what is being filled.
        columns: the conversation's own columns, as they were last read, with their tables.
    """
    asked = {each.key: each for each in gaps}
    found: dict[str, tuple[str, ...]] = {}
    for table, column in columns:
        running = column.cells.running or 0
        gap = asked.get((table.id, column.id))
        runs = _runs(column)
        is_too_much = gap is None or (runs is not None and runs + running - gap.runs > len(gap.rows))
        if running and is_too_much and column.slug:
            found[table.id] = (*found.get(table.id, ()), column.slug)
    return found


def filled(gaps: Sequence[Gap], rows: Mapping[str, Sequence[FlatRow]]) -> Filled:
    """Return what became of some gaps.

    Args:
        gaps: what was to be filled.
        rows: the rows of their tables after it, by table id.
    """
    values: dict[tuple[str, str], Mapping[str, Any]] = {
        (table_id, row.id): row.values for table_id, each in rows.items() for row in each
    }
    cells = [(gap.slug, values.get((gap.table_id, row_id), {})) for gap in gaps for row_id in gap.rows]
    found = sum(is_found(row.get(slug)) for slug, row in cells)
    return Filled(len(cells), found, sum(slug in row for slug, row in cells) - found)


def _runs(column: Column) -> float | None:
    return None if column.stats is None else column.stats.total_runs
