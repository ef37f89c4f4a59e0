"""Leads of several tables in one order, each with its run. Each table is read as if a grid showed it alone."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from origami_widgets.card.view.lead_cells import (
    LEAD,
    RUN_COLUMN,
    changed_rows,
    count_words,
    failures_of,
    failures_of_run,
    make_heads,
    match_words,
    matches_run,
    noun_of,
    run_head,
    shown_columns,
    shown_key,
    slugs_in_order,
    with_hidden_words,
    with_left_out_words,
)
from origami_widgets.card.view.lead_contract import LeadsAnswer, RunCells
from origami_widgets.card.view.run_head import milliseconds
from origami_widgets.card.view.table_view import TABLE_ID_LIMIT
from origami_widgets.card.widgets.lead_feed import GRIDS_LIMIT, STALE, LeadFeed
from origami_widgets.card.widgets.lead_pages import LookedAt, ShownLeads, read_looked_at
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Cells, Column, FlatRow, Table
    from origami_widgets.card.view.lead_contract import (
        CellChange,
        LeadCell,
        LeadFilter,
        LeadHead,
        LeadMark,
        LeadSort,
    )

_PART: Final = "\n"
"""Separates a grid and a table in the key of a part."""


@dataclass
class MergedGrid:
    """What one grid shows of a merged table.

    Attributes:
        wish: the question and the window; also what the front end has.
        order: ids and marks of the rows that the front end has.
        runs: what the front end knows of each run's cells without a result.
        is_sent: whether the front end has anything.
    """

    wish: LookedAt
    order: list[tuple[str, LeadMark | None]] = field(default_factory=list)
    runs: dict[str, RunCells] = field(default_factory=dict)
    is_sent: bool = False

    def forget_sent(self) -> None:
        """Note that the front end has nothing any more."""
        self.wish.forget_sent()
        self.order, self.runs, self.is_sent = [], {}, False


MergedRow = tuple[str, "FlatRow", "list[LeadCell]", "LookedAt"]
"""The run, a lead, its cells in the order of its own table, and the part that it is of."""


class MergedFeed(LeadFeed):
    """Sends leads to the grids of a widget in which several tables may be one. Background loop only.

    Without an order, the tables follow each other, and are read as far as the grid shows them. In the order of a column,
    the first page of each is read. Rows that follow the last one read of a table are not shown before it is read on.

    Args:
        merged: returns the tables of a merged one, each with the name of its run; None if an id is not of such a one.
        given: the arguments of `LeadFeed`.
    """

    def __init__(
        self,
        *given: Any,
        merged: Callable[[str], Sequence[tuple[Table, str]] | None],
        **options: Any,
    ) -> None:
        super().__init__(*given, **options)
        self._merged = merged
        self._wholes: dict[str, MergedGrid] = {}

    @property
    def newest_table(self) -> str:
        """The id of the table, or merged table, that was shown last; empty while none is shown."""
        return next((each.wish.table for each in reversed(list(self._wholes.values()))), "") or super().newest_table

    def order(self, table_id: str) -> list[str]:
        """Return the ids of the leads of a merged table in the order in which they are shown."""
        grids = [each for each in list(self._wholes.values()) if each.wish.table == table_id]
        return [row_id for row_id, _ in max((each.order for each in grids), key=len, default=[])]

    def shown(self, grid: str) -> ShownLeads:
        """Return the leads that a grid shows, as far as they were read."""
        whole = self._wholes.get(grid)
        if whole is None:
            return super().shown(grid)
        parts = self._parts(grid)
        heads, rows = _drawn(parts, self._found(whole, parts)[0]) if parts else (whole.wish.heads or [], [])
        left_out = {row_id for _, part in parts for row_id in part.left_out}
        return ShownLeads(heads, [row for row in rows if row[0] not in left_out])

    def tables_not_shown(self, table_id: str) -> set[str]:
        """Return the ids of those tables of a merged one whose leads its newest grid does not show, as of other runs."""
        whole = next((each for each in reversed(list(self._wholes.values())) if each.wish.table == table_id), None)
        shown = {table.id for table, _ in ([] if whole is None else self._tables_of(whole))}
        return set() if whole is None else {table.id for table, _ in self._merged(table_id) or ()} - shown

    def look(self, message: Any) -> None:
        """Note which leads a grid shows, as `LeadFeed.look` does."""
        grid, wish = read_looked_at(message) or ("", None)
        if wish is None or self._merged(wish.table) is None:
            self._forget(grid)
            super().look(message)
            return
        self._grids.pop(grid, None)
        known = self._wholes.get(grid)
        if known is None or known.wish.question != wish.question:
            self._forget(grid)
            known = MergedGrid(wish)
        elif known.wish.query != wish.query:
            known.forget_sent()
        old = known.wish
        old.query, old.first, old.last, old.asked_at = wish.query, wish.first, wish.last, time.monotonic()
        self._wholes.pop(grid, None)
        self._wholes[grid] = known
        while len(self._wholes) > GRIDS_LIMIT:
            self._forget(next(iter(self._wholes)))
        if not known.is_sent and (any(part.pages for _, part in self._parts(grid)) or not self._spread(grid)):
            self._send_whole(grid)
        self.changed()

    def changed(self) -> None:
        """Check whether shown leads have changed, and whether there are other tables."""
        for grid, whole in list(self._wholes.items()):
            if time.monotonic() - whole.wish.asked_at > STALE:
                self._forget(grid)
            else:
                self._spread(grid)
        super().changed()

    def stop(self) -> None:
        """Forget all grids."""
        self._wholes.clear()
        super().stop()

    def _forget(self, grid: str) -> None:
        self._wholes.pop(grid, None)
        for key in [key for key in self._grids if key.startswith(f"{grid}{_PART}")]:
            del self._grids[key]

    def _is_unjudged(self, grid: str, *tables: Table) -> bool:
        # One switch is for all of a merged table: where leads of one run were judged, the filters can tell something.
        whole = self._wholes.get(grid.partition(_PART)[0])
        merged = () if whole is None else [table for table, _ in self._merged(whole.wish.table) or ()]
        return super()._is_unjudged(grid, *(merged or tables))

    def _sort_of(self, whole: MergedGrid) -> LeadSort | None:
        return whole.wish.sort or self._sort

    def _tables_of(self, whole: MergedGrid) -> list[tuple[Table, str]]:
        """Return the tables to read, in their order. A table that lacks a column of a filter has no such leads."""
        of_runs, others = _parted(self._filters_of(whole.wish))
        asked = {each["column"] for each in others}
        found = [
            (table, run)
            for table, run in self._merged(whole.wish.table) or ()
            if asked <= {each.slug for each in table.columns} and all(matches_run(run, each) for each in of_runs)
        ]
        sort = self._sort_of(whole)
        if sort is not None and sort["column"] == RUN_COLUMN:
            found.sort(key=lambda each: each[1].casefold(), reverse=sort["direction"] == "desc")
        return found

    def _spread(self, grid: str) -> bool:
        """Look at each table as far as the grid shows its leads. Return whether there is any."""
        whole = self._wholes[grid]
        wish, sort, before = whole.wish, self._sort_of(whole), 0
        tables = self._tables_of(whole)
        for table, _ in tables:
            key = f"{grid}{_PART}{clip(table.id, TABLE_ID_LIMIT)}"
            part = self._grids.get(key)
            if part is None:
                # The server knows nothing of runs.
                _, filters = _parted(wish.filters)
                part = LookedAt(
                    wish.query,
                    clip(table.id, TABLE_ID_LIMIT),
                    wish.size,
                    None,
                    filters,
                    wish.include_hidden,
                    wish.include_left_out,
                )
                part.is_unfiltered = self._shows_all(grid, table)
                self._grids[key] = part
            has_column = sort is not None and sort["column"] in {each.slug for each in table.columns}
            part.sort = sort if has_column else None
            part.asked_at = wish.asked_at
            # In the order of a column, all leads of the window may be of this table.
            start = 0 if has_column else before
            part.first, part.last = wish.first - start, wish.last - start
            before += (part.shown_total if part.pages else shown_count(table.lead_count)) or 0
        return bool(tables)

    def _parts(self, grid: str) -> list[tuple[str, LookedAt]]:
        """Return the name of the run and what was read for each table that is looked at, in their order."""
        whole = self._wholes[grid]
        keys = [(run, f"{grid}{_PART}{clip(table.id, TABLE_ID_LIMIT)}") for table, run in self._tables_of(whole)]
        return [(run, self._grids[key]) for run, key in keys if key in self._grids]

    def _send_page(self, grid: str, looked: LookedAt, number: int) -> None:
        whole, is_part, _ = grid.partition(_PART)
        if is_part:
            self._send_whole(whole)
        else:
            super()._send_page(grid, looked, number)

    def _send_whole(self, grid: str) -> None:
        """Send what has changed of a merged table."""
        whole = self._wholes.get(grid)
        if whole is None:
            return
        parts, wish = self._parts(grid), whole.wish
        for _, part in parts:
            part.count, part.is_final = self._count(part), self._is_final(part)
            for page in part.pages:
                page.is_sent = page.is_known = True
        found, is_cut = self._found(whole, parts)
        if not found and is_cut and not any(part.note for _, part in parts):
            # The first page is under way.
            return
        # Where no run matches, the columns stay.
        heads, rows = _drawn(parts, found) if parts else (wish.heads or [], [])
        if [head["slug"] for head in heads] != [head["slug"] for head in wish.heads or ()]:
            # The rows sent before have other columns.
            whole.forget_sent()
        marks = {row_id: mark for _, part in parts for page in part.pages for row_id, mark in page.marks.items()}
        order = [(row_id, marks.get(row_id)) for row_id, _ in rows]
        kept, changes = changed_rows(wish.sent, rows)
        is_same = whole.is_sent and order == whole.order
        # All rows from the first one that is new, moved or changed; where none has moved, the changed cells.
        start = 0 if is_same else _first_difference(order, whole.order, changes)
        is_headed, wish.heads = wish.heads == heads, heads
        runs = _cells_of_runs(parts)
        changed_runs = {name: cells for name, cells in runs.items() if cells != whole.runs.get(name)}
        whole.order, whole.runs, whole.is_sent = order, runs, True
        wish.sent.update(rows)
        shown = [part for _, part in parts]
        noted = next((part for part in shown if part.note), None)
        read_at = [page.read_at for part in shown for page in part.pages]
        hidden = _sum([self._hidden(part) if part.pages or self._lead_count(part) else 0 for part in shown])
        total = _sum([part.total_with_absent if part.pages else self._lead_count(part) for part in shown])
        absent, left_out = sum(part.absent for part in shown), sum(len(part.left_out) for part in shown)
        count = self._whole_count(whole, shown, len(rows) + absent, total, hidden)
        self._send(
            LeadsAnswer(
                kind="leads",
                grid=grid,
                query=wish.query,
                table=wish.table,
                start=start,
                rows=None if is_same else kept[start:],
                changes=[change._replace(row=change.row - start) for change in changes],
                read=len(rows),
                heads=None if is_headed or not parts else heads,
                total=None if total is None else total - absent,
                more=is_cut,
                marks={} if is_same else {row_id: mark for row_id, mark in order[start:] if mark is not None},
                hidden=hidden,
                left_out=left_out,
                judged=not self._is_unjudged(grid),
                count=with_left_out_words(count, left_out),
                final=all(part.is_final for part in shown),
                runs=changed_runs,
                note="" if noted is None else noted.note,
                next_at=None if noted is None else milliseconds(noted.next_try),
                read_at=(
                    milliseconds(time.time() - time.monotonic() + min(read_at))
                    if noted is not None and read_at
                    else None
                ),
            )
        )

    def _found(self, whole: MergedGrid, parts: Sequence[tuple[str, LookedAt]]) -> tuple[list[MergedRow], bool]:
        sort = self._sort_of(whole)
        return merge(parts, None if sort is None or sort["column"] == RUN_COLUMN else sort)

    def _whole_count(
        self, whole: MergedGrid, parts: Sequence[LookedAt], read: int, total: int | None, hidden: int | None
    ) -> str:
        """Return in words how many of how many leads were read, over all tables."""
        tables = [table for table, _ in self._merged(whole.wish.table) or ()]
        noun = noun_of(shown_columns(tables[0].columns), own=self._is_own(tables[0])) if tables else LEAD
        of_runs, others = _parted(self._filters_of(whole.wish))
        is_filtered, leads = bool(of_runs or others), _sum([shown_count(table.lead_count) for table in tables])
        marks = [mark for _, mark in whole.order]
        # The total counts all leads of a table of which no page was read yet.
        is_counted = all(part.pages or not self._lead_count(part) for part in parts)
        if whole.wish.include_hidden or not others:
            if is_filtered and (total is None or not is_counted):
                return match_words(read, 0, None, noun, is_whole=False)
            if whole.wish.include_hidden:
                marked = None if "checking" in marks else sum(mark not in (None, "left_out") for mark in marks)
                return with_hidden_words(read, total, leads, marked, is_filtered=is_filtered, noun=noun)
            if is_filtered and total is not None:
                return match_words(total, 0, leads, noun, is_whole=True)
            # Leads that came since a table was read are not hidden.
            shown = None if leads is None or hidden is None else leads - hidden
            return count_words(read, shown, leads, is_filtered=False, noun=noun)
        checking = marks.count("checking")
        if hidden is None or total is None:
            return match_words(read - checking, checking, leads, noun, is_whole=False)
        return match_words(total, checking, leads, noun, is_whole=True)


def merge(parts: Sequence[tuple[str, LookedAt]], sort: LeadSort | None) -> tuple[list[MergedRow], bool]:
    """Return the rows of tables in one order, up to the first place where one that was not read yet may stand.

    Args:
        parts: the name of the run and what was read of each table. Each is in the wanted order.
        sort: the wanted order; None for one table after the other.

    Returns:
        The rows, and whether there may be more.
    """
    lists = [[(run, lead, cells, part) for lead, cells in part.rows().values()] for run, part in parts]
    # A table that can't be read must not hide the others.
    unread = [not part.is_complete and not part.failures for _, part in parts]
    is_partial = any(not part.is_complete for _, part in parts)
    if sort is None:
        full = next((at for at, each in enumerate(unread) if each), len(lists))
        return [row for rows in lists[: full + 1] for row in rows], is_partial
    if any(more and not rows for rows, more in zip(lists, unread, strict=True)):
        return [], True
    ends = {id(rows[-1]) for rows, more in zip(lists, unread, strict=True) if rows and more}
    descending = sort["direction"] == "desc"
    found: list[MergedRow] = []
    for row in heapq.merge(
        *lists, key=lambda row: _sort_key(row[1].values.get(sort["column"]), descending), reverse=descending
    ):
        found.append(row)
        if id(row) in ends:
            break
    return found, is_partial


def _parted(filters: Sequence[LeadFilter]) -> tuple[list[LeadFilter], list[LeadFilter]]:
    """Return the conditions for runs, and those for the server."""
    of_runs = [each for each in filters if each["column"] == RUN_COLUMN]
    return of_runs, [each for each in filters if each["column"] != RUN_COLUMN]


def _sort_key(value: Any, descending: bool) -> tuple[bool, bool, float, str]:  # noqa: FBT001
    """Return what a value is sorted by: numbers, then texts; what is missing comes last in both directions."""
    if isinstance(value, dict):
        key = shown_key(value)
        value = None if key is None else value[key]
    is_number = isinstance(value, int | float)
    is_missing = value is None or value == ""
    text = "" if is_number or is_missing else str(value).casefold()
    return is_missing != descending, not is_number, float(value) if is_number else 0.0, text


def _drawn(
    parts: Sequence[tuple[str, LookedAt]], found: Sequence[MergedRow]
) -> tuple[list[LeadHead], list[tuple[str, list[LeadCell]]]]:
    """Return the heads and cells of all columns of the tables, with that of the run behind name and score."""
    columns: dict[str, Column] = {}
    for _, part in parts:
        for column in part.columns:
            known = columns.get(column.slug or "")
            columns[column.slug or ""] = column if known is None else replace(known, cells=_added(known, column))
    own = all(part.is_own for _, part in parts)
    slugs = slugs_in_order(list(columns.values()), own=own)
    places: dict[int, list[int | None]] = {}
    for _, part in parts:
        mine = slugs_in_order(part.columns, own=part.is_own)
        places[id(part)] = [mine.index(slug) if slug in mine else None for slug in slugs]
    cells = [[None if at is None else row[at] for at in places[id(part)]] for _, _, row, part in found]
    heads = make_heads(list(columns.values()), cells, own=own)
    at = sum(head["role"] in ("name", "score") for head in heads[:2])
    rows = [(lead.id, [*row[:at], run, *row[at:]]) for (run, lead, *_), row in zip(found, cells, strict=True)]
    return [*heads[:at], run_head(), *heads[at:]], rows


def _cells_of_runs(parts: Sequence[tuple[str, LookedAt]]) -> dict[str, RunCells]:
    """Return what is known of the cells without a result, by the name of the run."""
    of_runs: dict[str, list[LookedAt]] = {}
    for run, part in parts:
        of_runs.setdefault(run, []).append(part)
    found: dict[str, RunCells] = {}
    for run, tables in of_runs.items():
        rows = [(part, [cells for _, cells in part.rows().values()]) for part in tables]
        failed = [(part.columns, failures_of(part.columns, cells, own=part.is_own)) for part, cells in rows]
        found[run] = {"final": all(part.is_final for part in tables), "failed": failures_of_run(failed)}
    return found


def _added(one: Column, other: Column) -> Cells:
    return replace(
        one.cells,
        running=_sum([one.cells.running or 0, other.cells.running or 0]),
        errored=_sum([one.cells.errored or 0, other.cells.errored or 0]),
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum; None if one of the numbers is not known."""
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None


def _first_difference(new: Sequence[object], old: Sequence[object], changes: Sequence[CellChange]) -> int:
    same = next((at for at, (one, other) in enumerate(zip(new, old, strict=False)) if one != other), None)
    return min([min(len(new), len(old)) if same is None else same, *(change.row for change in changes)])
