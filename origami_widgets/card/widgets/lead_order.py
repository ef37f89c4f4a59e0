"""The leads of a grid in one order: those of its table, or of several, each with its run."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from origami_widgets.card.view.lead_cells import (
    LEAD,
    ROW,
    RUN_COLUMN,
    cell_words,
    changed_rows,
    count_words,
    failures_of_run,
    in_reading_order,
    make_heads,
    matches_run,
    run_head,
    shown_key,
    with_left_out_words,
)
from origami_widgets.card.view.messages import CellChange, LeadCell, LeadHead, LeadsAnswer, RunCells
from origami_widgets.words.numbers import plural, shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Cells, Column, FlatRow, Table

    from .lead_pages import LookedAt, LookedAtGrid

OrderedRow = tuple["FlatRow", "list[LeadCell]", "LookedAt"]
"""A lead, its cells in the order of its own table, and what was read of that table."""


@dataclass(frozen=True, slots=True)
class ShownLeads:
    """The leads that a grid shows, as far as they were read, in its order.

    Attributes:
        heads: the heads of the columns.
        rows: the id and the cells of each lead.
    """

    heads: Sequence[LeadHead]
    rows: Sequence[tuple[str, Sequence[LeadCell]]]

    def chosen(self, ids: Collection[str], columns: Collection[str]) -> ShownLeads:
        """Return some leads and columns of these.

        Args:
            ids: the ids of the leads; empty for all.
            columns: the slugs of the columns; empty for all.
        """
        places = [at for at, head in enumerate(self.heads) if not columns or head["slug"] in columns]
        rows = [(row_id, [cells[at] for at in places]) for row_id, cells in self.rows if not ids or row_id in ids]
        return ShownLeads([self.heads[at] for at in places], rows)

    def words(self) -> dict[str, list[str | None]]:
        """Return the words of the cells by the slugs of the columns; None where there is no value."""
        words = [[cell_words(cell) or None for cell in cells] for _, cells in self.rows]
        columns = map(list, zip(*words, strict=True)) if words else ([] for _ in self.heads)
        return dict(zip((head["slug"] for head in self.heads), columns, strict=True))


@dataclass(frozen=True, slots=True)
class KnownTables:
    """What is known of the tables that a grid shows.

    Attributes:
        parts: what was read of each table, in their order.
        finals: for each of them whether no cell of its visible leads may still come.
        merged: all tables that the grid shows as one; None if it shows a table as it is.
        own: whether these are the user's own list.
        judged: whether the saved filters can tell which leads meet the brief.
    """

    parts: Sequence[LookedAt]
    finals: list[bool]
    merged: Sequence[Table] | None
    own: bool
    judged: bool

    @property
    def total(self) -> int | None:
        """How many leads there are, with those that are left out; None if that is not known."""
        # What the server counts before the first page is read is only of use beside other tables.
        alone = len(self.parts) == 1
        return _sum([part.total_with_absent if part.pages or alone else part.lead_count for part in self.parts])

    @property
    def hidden(self) -> int | None:
        """How many leads the saved filters hide, or would hide; None if that is not known."""
        return _sum([part.hidden if part.pages or part.lead_count else 0 for part in self.parts])

    @property
    def absent(self) -> int:
        """How many leads read are not shown because the user's list leaves them out."""
        return sum(part.absent for part in self.parts)

    @property
    def left_out(self) -> int:
        """How many leads read the user's list leaves out, shown or not."""
        return sum(len(part.left_out) for part in self.parts)

    @property
    def is_counted(self) -> bool:
        """Whether a page was read of each table that has leads."""
        return all(part.pages or not part.lead_count for part in self.parts)


def tables_with_leads(grid: LookedAtGrid, tables: Sequence[tuple[Table, str]]) -> list[tuple[Table, str]]:
    """Return those of several tables that may have leads for a grid, in its order. One that lacks a column of a filter has none.

    Args:
        grid: the grid.
        tables: the tables, each with the name of its run.
    """
    asked = {each["column"] for each in grid.row_filters}
    found = [
        (table, run)
        for table, run in tables
        if asked <= {each.slug for each in table.columns} and all(matches_run(run, each) for each in grid.run_filters)
    ]
    if grid.sort is not None and grid.sort["column"] == RUN_COLUMN:
        found.sort(key=lambda each: each[1].casefold(), reverse=grid.sort["direction"] == "desc")
    return found


def merge(grid: LookedAtGrid, parts: Sequence[LookedAt]) -> tuple[list[OrderedRow], bool]:
    """Return the rows of tables in one order, up to the first place where one that was not read yet may stand.

    Args:
        grid: the grid, whose order is that of a column, or one table after the other.
        parts: what was read of each table. Each is in the wanted order.

    Returns:
        The rows, and whether there may be more.
    """
    sort = grid.sort
    lists = [[(lead, cells, part) for lead, cells in part.rows().values()] for part in parts]
    # A table that can't be read must not hide the others.
    unread = [not part.is_complete and not part.failures for part in parts]
    is_partial = any(not part.is_complete for part in parts)
    if sort is None or sort["column"] == RUN_COLUMN or len(lists) == 1:
        full = next((at for at, each in enumerate(unread) if each), len(lists))
        return [row for rows in lists[: full + 1] for row in rows], is_partial
    if any(more and not rows for rows, more in zip(lists, unread, strict=True)):
        return [], True
    ends = {id(rows[-1]) for rows, more in zip(lists, unread, strict=True) if rows and more}
    descending = sort["direction"] == "desc"
    found: list[OrderedRow] = []
    for row in heapq.merge(
        *lists, key=lambda row: _sort_key(row[0].values.get(sort["column"]), descending), reverse=descending
    ):
        found.append(row)
        if id(row) in ends:
            break
    return found, is_partial


def _sort_key(value: Any, descending: bool) -> tuple[bool, bool, float, str]:  # noqa: FBT001
    """Return what a value is sorted by: numbers, then texts; what is missing comes last in both directions."""
    if isinstance(value, dict):
        key = shown_key(value)
        value = None if key is None else value[key]
    is_number = isinstance(value, int | float)
    is_missing = value is None or value == ""
    text = "" if is_number or is_missing else str(value).casefold()
    return is_missing != descending, not is_number, float(value) if is_number else 0.0, text


def drawn(
    grid: LookedAtGrid, parts: Sequence[LookedAt], found: Sequence[OrderedRow], *, has_runs: bool
) -> tuple[list[LeadHead], list[tuple[str, list[LeadCell]]]]:
    """Return the heads and cells of all columns of the tables, in a grid of runs with that of the run behind name and score."""
    if not parts:
        # Where no run matches, the columns stay.
        return grid.heads or [], []
    if not has_runs:
        (alone,) = parts
        shown = [(lead.id, row) for lead, row, _ in found]
        return make_heads(alone.order, [row for _, row in shown], own=alone.is_own, stopped=alone.stopped), shown
    columns: dict[str | None, Column] = {}
    for part in parts:
        for column in part.columns:
            known = columns.get(column.slug)
            columns[column.slug] = column if known is None else replace(known, cells=_added(known, column))
    own = all(part.is_own for part in parts)
    order = in_reading_order(list(columns.values()), own=own)
    places: dict[int, list[int | None]] = {}
    for part in parts:
        mine = [column.slug for column, _ in part.order]
        places[id(part)] = [mine.index(column.slug) if column.slug in mine else None for column, _ in order]
    cells = [[None if at is None else row[at] for at in places[id(part)]] for _, row, part in found]
    heads = make_heads(order, cells, own=own)
    at = sum(head["role"] in ("name", "score") for head in heads[:2])
    rows = [(lead.id, [*row[:at], part.run, *row[at:]]) for (lead, _, part), row in zip(found, cells, strict=True)]
    return [*heads[:at], run_head(), *heads[at:]], rows


def _cells_of_runs(parts: Sequence[LookedAt], finals: Sequence[bool]) -> dict[str, RunCells]:
    """Return what is known of the cells without a result, by the name of the run.

    Args:
        parts: what was read of each table.
        finals: for each of these whether no cell may still come.
    """
    of_runs: dict[str, list[tuple[LookedAt, bool]]] = {}
    for part, is_final in zip(parts, finals, strict=True):
        of_runs.setdefault(part.run, []).append((part, is_final))
    found: dict[str, RunCells] = {}
    for run, tables in of_runs.items():
        read = [(part.order, [cells for _, cells in part.rows().values()], part.stopped) for part, _ in tables]
        found[run] = {"final": all(is_final for _, is_final in tables), "failed": failures_of_run(read)}
    return found


def said_of(grid: LookedAtGrid, known: KnownTables) -> tuple[str, list[bool]]:
    """Return the words for the number of leads, and for each table whether no cell of its visible leads may still come.

    Args:
        grid: the grid, with the order in which it has the leads.
        known: its tables.
    """
    return with_left_out_words(_count(grid, known), known.left_out), known.finals


def _count(grid: LookedAtGrid, known: KnownTables) -> str:
    """Return how many leads the grid shows: all that match its conditions, once that is known, else those that were read."""
    if known.parts and not any(part.pages for part in known.parts):
        return ""
    tables = [part.table for part in known.parts] if known.merged is None else known.merged
    checking = 0 if grid.include_hidden else [mark for _, mark in grid.order].count("checking")
    is_decided = grid.include_hidden or not grid.row_filters or known.hidden is not None
    is_known = bool(grid.filters) and is_decided and known.is_counted and not checking
    read = len(grid.order) + known.absent - checking
    noun = ROW if known.own else LEAD
    if grid.filters and not (is_known and known.total is not None):
        return f"{plural(read, *noun)} so far"
    shown = known.total if grid.filters and known.total is not None else read
    return count_words(shown, _sum([shown_count(table.lead_count) for table in tables]), noun)


def _added(one: Column, other: Column) -> Cells:
    return replace(
        one.cells,
        running=_sum([one.cells.running or 0, other.cells.running or 0]),
        errored=_sum([one.cells.errored or 0, other.cells.errored or 0]),
    )


def leads_answer(grid: LookedAtGrid, known: KnownTables) -> LeadsAnswer | None:
    """Return what has changed of a grid's leads since it was sent, and note that it is sent; None while nothing was read.

    Args:
        grid: the grid.
        known: its tables.
    """
    parts, has_runs = known.parts, known.merged is not None
    noted = next((part for part in parts if part.note), None)
    found, is_cut = merge(grid, parts)
    is_under_way = not found and noted is None and any(not part.pages for part in parts)
    if is_under_way or not (parts or has_runs):
        return None
    heads, rows = drawn(grid, parts, found, has_runs=has_runs)
    if [head["slug"] for head in heads] != [head["slug"] for head in grid.heads or ()]:
        # The rows sent before have other columns.
        grid.forget_sent()
    marks = {row_id: mark for part in parts for page in part.pages for row_id, mark in page.marks.items()}
    order = [(row_id, marks.get(row_id)) for row_id, _ in rows]
    kept, changes = changed_rows(grid.sent, rows)
    is_same = grid.heads is not None and order == grid.order
    start, end = (0, 0) if is_same else _changed_places(order, grid.order, changes)
    is_headed, grid.heads, grid.order = grid.heads == heads, heads, order
    grid.sent.update(rows)
    grid.said = count, finals = said_of(grid, known)
    before, grid.runs = grid.runs, _cells_of_runs(parts, finals) if has_runs else {}
    return LeadsAnswer(
        kind="leads",
        grid=grid.id,
        query=grid.query,
        table=grid.table,
        start=start,
        rows=None if is_same else kept[start:end],
        changes=[change._replace(row=change.row - start) for change in changes],
        read=len(rows),
        heads=None if is_headed or not parts else heads,
        total=None if known.total is None else known.total - known.absent,
        more=is_cut and any(part.pages for part in parts),
        marks={} if is_same else {row_id: mark for row_id, mark in order[start:end] if mark is not None},
        hidden=known.hidden,
        left_out=known.left_out,
        judged=known.judged,
        count=count,
        final=all(finals),
        runs={name: cells for name, cells in grid.runs.items() if cells != before.get(name)},
        note="" if noted is None else noted.note,
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum; None if one of the numbers is not known."""
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None


def _changed_places(new: Sequence[object], old: Sequence[object], changes: Sequence[CellChange]) -> tuple[int, int]:
    """Return the first of the rows that are new, moved or changed, and the first one after the last of these."""
    moved = [at for at, (one, other) in enumerate(zip(new, old, strict=False)) if one != other]
    if len(new) != len(old):
        moved += [min(len(new), len(old)), len(new) - 1]
    places = [*moved, *(change.row for change in changes)]
    return min(places, default=0), max(places, default=-1) + 1
