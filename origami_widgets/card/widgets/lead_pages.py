"""What one grid of leads looks at: the question in its message, and the pages that were read for it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.row_reader import MOST_EMPTY_PAGES
from origami_widgets.api.validate import OPERATORS
from origami_widgets.card.view.lead_cells import (
    RUN_COLUMN,
    ShownColumn,
    hidden_mark,
    make_cells,
)
from origami_widgets.card.view.messages import (
    LeadCell,
    LeadFilter,
    LeadHead,
    LeadMark,
    LeadsMessage,
    LeadSort,
    RunCells,
    read_message,
)
from origami_widgets.card.view.table_view import TABLE_ID_LIMIT
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.base import Page
    from origami_widgets.api.models.table import Column, FlatRow, Table
    from origami_widgets.api.rows.saved_filters import SavedFilters

LARGEST_PAGE = 200
FIRST_REQUESTS = 3
"""Requests for what the saved filters hide that go before routine polls: two totals and the first page of its leads."""

Version = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LoadedLeads:
    """Leads of a table that were read for a grid.

    Attributes:
        table: the table; None if there is none yet.
        rows: the leads, in order.
        columns: the shown columns, in the table's order.
        order: the same in the order in which people read them.
        filters: the conditions besides those saved with the table.
        include_hidden: whether leads that fail the saved filters may be among them.
        sort: the order; None for the saved one.
        total: the server's count of leads.
        pages: the number of pages read.
        complete: whether these are all pages.
        version: the version of the table when all pages were read; None if the table has changed meanwhile.
        hidden: ids of the leads among them that fail the saved filters.
        checking: ids of the leads read of which this is not known yet.
        is_unfiltered: whether the saved filters are ignored, as while a run goes on or its cells fill.
        left_out: the leads that the user's list leaves out.
    """

    table: Table | None
    rows: list[FlatRow] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    filters: list[LeadFilter] = field(default_factory=list)
    include_hidden: bool = False
    sort: LeadSort | None = None
    total: int | None = None
    pages: int = 0
    complete: bool = False
    version: Version | None = None
    hidden: frozenset[str] = frozenset()
    checking: frozenset[str] = frozenset()
    is_unfiltered: bool = False
    left_out: list[FlatRow] = field(default_factory=list)

    def passes(self, row_id: str) -> bool | None:
        """Return whether a lead passes the saved filters; None if this is not known yet."""
        return None if row_id in self.checking else row_id not in self.hidden


@dataclass
class LeadPage:
    """Page of a table's rows.

    Attributes:
        received: all rows, as the server sent them.
        listed: ids of those among them that the user's list leaves out.
        left_out: those of `listed` that the saved filters don't hide, by id.
        rows: the shown rows among them, with their cells.
        marks: how rows are marked, by row id.
        following: the cursor of the next page; None on the last.
        is_cut: whether the server names a next page although it would never come to an end.
        version: the version of the table when the page was read; None if the page is no longer valid.
        read_at: when the page was read (monotonic clock).
    """

    received: list[FlatRow]
    following: str | None
    is_cut: bool
    version: Version | None
    read_at: float
    listed: frozenset[str] = frozenset()
    left_out: dict[str, FlatRow] = field(default_factory=dict)
    rows: list[tuple[FlatRow, list[LeadCell]]] = field(default_factory=list)
    marks: dict[str, LeadMark] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """The ids of the rows."""
        return [lead.id for lead, _ in self.rows]

    def choose(self, looked: LookedAt) -> None:
        """Choose the shown rows: not those that the saved filters hide or the user's list leaves out, unless they are asked for."""
        self.rows, self.marks, self.left_out = [], {}, {}
        for lead in self.received:
            passes = looked.passes(lead.id)
            if passes is False and not looked.grid.include_hidden:
                continue
            if lead.id in self.listed:
                self.left_out[lead.id] = lead
                if not looked.grid.include_left_out:
                    continue
                self.marks[lead.id] = "left_out"
            elif passes is None:
                self.marks[lead.id] = "checking"
            elif not passes:
                self.marks[lead.id] = hidden_mark(lead, looked.columns)
            self.rows.append((lead, make_cells(lead, looked.order)))

    def is_stale(self, version: Version, now: float, spacing: float) -> bool:
        """Return whether the page must be read again, at least `spacing` seconds after it was read."""
        # Where there were no leads yet, the first ones are awaited.
        is_spaced = not self.received or now - self.read_at >= spacing
        return self.version is None or (self.version != version and is_spaced)


@dataclass(eq=False)
class LookedAt:
    """What was read of one table for a grid, and the part of its leads that the grid shows.

    Attributes:
        grid: the grid.
        table: the table as it is now.
        run: the name of its run, in a grid of several.
        is_unfiltered: whether the table's saved filters are ignored, as in `LoadedLeads`.
        sort: the order; None for the saved one.
        first: the first row that is shown; `last` is the last one, below 0 if none is, as of a table further down.
        pages: the pages read, from the first one.
        columns: the shown columns, in the table's order.
        order: the same in the order in which people read them.
        total: the server's count of leads.
        note: why no leads come; empty while all is well.
        failures: failed requests in a row.
        is_own: whether it is the user's own list, whose columns stay in their order.
        stopped: the ids of the columns that were stopped here.
        not_before: the earliest time for the next request after an error (monotonic clock).
        saved_filters: those of the table; None while they do not matter.
        next_saved_filters: the same for a newer version of the table, until it is complete.
        next_saved_filters_at: the earliest time to read it (monotonic clock).
    """

    grid: LookedAtGrid
    table: Table
    run: str
    is_unfiltered: bool
    sort: LeadSort | None = None
    first: int = 0
    last: int = -1
    pages: list[LeadPage] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    order: list[ShownColumn] = field(default_factory=list)
    total: int | None = None
    note: str = ""
    failures: int = 0
    is_own: bool = False
    stopped: Collection[str] = ()
    not_before: float = float("-inf")
    saved_filters: SavedFilters | None = None
    next_saved_filters: SavedFilters | None = None
    next_saved_filters_at: float = float("-inf")

    @property
    def lead_count(self) -> int | None:
        """The number of leads in the table; None if the server did not say."""
        return shown_count(self.table.lead_count)

    @property
    def is_complete(self) -> bool:
        """Whether all pages were read."""
        return bool(self.pages) and self.pages[-1].following is None

    @property
    def is_checked_first(self) -> bool:
        """Whether a user waits for the first answer to which leads pass the saved filters."""
        saved = self.saved_filters
        return bool(self.pages) and saved is not None and saved.requests < FIRST_REQUESTS and not saved.is_complete

    @property
    def is_checking(self) -> bool:
        """Whether it is not known of all leads if they pass the saved filters."""
        return self.saved_filters is not None and not self.saved_filters.is_complete

    @property
    def narrows(self) -> bool:
        """Whether the server's count has leads that are not shown, or not known to pass the saved filters."""
        return self.saved_filters is not None and self.saved_filters.hides is not False and not self.grid.include_hidden

    @property
    def left_out(self) -> dict[str, FlatRow]:
        """The leads read that the user's list leaves out, by id."""
        return {row_id: lead for page in self.pages for row_id, lead in page.left_out.items()}

    @property
    def absent(self) -> int:
        """The number of leads read that are not shown because the user's list leaves them out."""
        return 0 if self.grid.include_left_out else len(self.left_out)

    @property
    def total_with_absent(self) -> int | None:
        """The number of leads to show, with those that are left out; while pages or saved filters are still read, at most."""
        if not self.narrows or self.total is None:
            return self.total
        unread = max(0, self.total - sum(len(page.received) for page in self.pages))
        return sum(len(page.rows) for page in self.pages) + self.absent + (0 if self.is_complete else unread)

    @property
    def hidden(self) -> int | None:
        """The number of leads that the saved filters hide, or would hide; None if unknown."""
        saved, leads = self.saved_filters, self.lead_count
        if self.is_unfiltered or (saved is not None and saved.hides is False):
            return 0
        if saved is None:
            return None if leads is None or self.total is None else max(0, leads - self.total)
        if not self.grid.row_filters:
            return saved.hidden
        if not (saved.is_complete and self.is_complete):
            return None
        return sum(1 for page in self.pages for lead in page.received if not saved.passes(lead.id))

    def loaded(self, *, with_checking: bool) -> LoadedLeads:
        """Return the leads read, also those of which it is not known yet if they pass the saved filters, if asked for."""
        versions = {page.version for page in self.pages}
        marks = [item for page in self.pages for item in page.marks.items()]
        checking = frozenset(row_id for row_id, mark in marks if mark == "checking")
        unsure = frozenset() if self.grid.include_hidden or with_checking else checking
        is_complete = self.is_complete and not self.pages[-1].is_cut and not unsure
        left_out = self.left_out
        return LoadedLeads(
            self.table,
            [lead for row_id, (lead, _) in self.rows().items() if row_id not in unsure and row_id not in left_out],
            self.columns,
            self.grid.row_filters,
            self.is_unfiltered or self.grid.include_hidden,
            self.sort,
            self.total_with_absent if is_complete or not self.narrows else None,
            len(self.pages),
            is_complete,
            versions.pop() if len(versions) == 1 else None,
            frozenset(row_id for row_id, mark in marks if mark != "checking"),
            checking,
            self.is_unfiltered,
            list(left_out.values()),
        )

    def passes(self, row_id: str) -> bool | None:
        """Return whether a lead passes the saved filters, as far as this matters; None if it is not known yet."""
        return True if self.saved_filters is None else self.saved_filters.passes(row_id)

    def is_current(self, version: Version) -> bool:
        """Return whether all visible pages that were read are of this version of the table."""
        start = 0
        for page in self.pages:
            is_visible = start <= self.last and self.first < start + len(page.rows)
            if is_visible and page.version != version:
                return False
            start += len(page.rows)
        return True

    def due(self, version: Version, now: float, spacing: float) -> int | None:
        """Return the number of the page to read now; None if everything visible is up to date.

        Args:
            version: the version of the table.
            now: the present moment (monotonic clock).
            spacing: least seconds between two reads of a page.
        """
        if now < self.not_before or self.last < 0:
            return None
        start, last = 0, self.last
        for number, page in enumerate(self.pages):
            if start > last:
                return None
            # Leads may still come into an empty page.
            if self.first < start + max(len(page.rows), 1) and page.is_stale(version, now, spacing):
                return number
            start += len(page.rows)
        # A page may have fewer rows than were asked for, or none. Each has the cursor of the next one, so the pages in
        # between are read on the way.
        is_wanted = not self.pages or (start <= last and self.pages[-1].following is not None)
        return len(self.pages) if is_wanted else None

    def is_endless(self, number: int, answer: Page[FlatRow]) -> bool:
        """Return whether an answer names a next page although the server would never come to an end."""
        before = self.pages[:number]
        if answer.next_cursor is None:
            return False
        if any(page.following == answer.next_cursor for page in before):
            return True
        empty = [page for page in before[1 - MOST_EMPTY_PAGES :] if not page.received]
        return not answer.items and len(empty) >= MOST_EMPTY_PAGES - 1

    def choose_rows(self) -> bool:
        """Choose the shown rows of all pages anew. Return whether there are others, or others are marked."""
        before = [(page.ids, page.marks) for page in self.pages]
        for page in self.pages:
            page.choose(self)
        return before != [(page.ids, page.marks) for page in self.pages]

    def rows(self) -> dict[str, tuple[FlatRow, list[LeadCell]]]:
        """Return the leads read, by row id and in order. If a lead is on two pages, the newest reading counts."""
        newest: dict[str, LeadPage] = {}
        for page in self.pages:
            for row_id in page.ids:
                if row_id not in newest or page.read_at >= newest[row_id].read_at:
                    newest[row_id] = page
        return {lead.id: (lead, cells) for page in self.pages for lead, cells in page.rows if newest[lead.id] is page}

    def put(self, number: int, page: LeadPage) -> None:
        """Store a page, replacing an older one."""
        known = self.pages[number] if number < len(self.pages) else None
        self.pages[number : number + 1] = [page]
        if known is None:
            return
        if page.following is None or len(known.received) != len(page.received):
            del self.pages[number + 1 :]
        elif known.following != page.following or known.ids != page.ids:
            # The rows after this page have moved.
            for each in self.pages[number + 1 :]:
                each.version = None


@dataclass
class LookedAtGrid:
    """What one grid shows: a table, or several as one.

    Attributes:
        id: the grid's id.
        query: the number of the question, which distinguishes answers to it from answers to older ones.
        table: the id of the table, or of what several tables are together.
        size: rows per page.
        sort: the order; None for the saved one.
        filters: the conditions that were set in the grid.
        include_hidden: whether to show leads that fail the tables' saved filters, marked.
        include_left_out: whether to show leads that the user's list leaves out, marked.
        first: the first row that is shown; `last` is the last one.
        asked_at: when the grid has asked last (monotonic clock).
        parts: what was read of each table, by its id.
        heads: the heads that the front end has; None if it has nothing.
        order: ids and marks of the rows that it has.
        sent: the cells that it has, by row id.
        runs: what it knows of each run's cells without a result.
        said: what it knows that follows from the tables alone: the words for the number of leads, and for each table
            whether no cell may still come.
    """

    id: str
    query: int
    table: str
    size: int
    sort: LeadSort | None
    filters: list[LeadFilter]
    include_hidden: bool
    include_left_out: bool
    first: int
    last: int
    asked_at: float = 0.0
    parts: dict[str, LookedAt] = field(default_factory=dict)
    heads: list[LeadHead] | None = None
    order: list[tuple[str, LeadMark | None]] = field(default_factory=list)
    sent: dict[str, list[LeadCell]] = field(default_factory=dict)
    runs: dict[str, RunCells] = field(default_factory=dict)
    said: tuple[str, list[bool]] = ("", [])

    @property
    def run_filters(self) -> list[LeadFilter]:
        """The conditions for runs, of which the server knows nothing."""
        return [each for each in self.filters if each["column"] == RUN_COLUMN]

    @property
    def row_filters(self) -> list[LeadFilter]:
        """The conditions for rows, besides those saved with their table."""
        return [each for each in self.filters if each["column"] != RUN_COLUMN]

    @property
    def question(self) -> tuple[Any, ...]:
        """What is asked for, apart from the place in it."""
        return self.table, self.size, self.sort, self.filters, self.include_hidden, self.include_left_out

    def forget_sent(self) -> None:
        """Note that the front end has nothing any more."""
        self.heads, self.order, self.sent, self.runs = None, [], {}, {}


def read_looked_at(content: object) -> LookedAtGrid | None:
    """Return what a grid asks for with a message; None if our front end could not have sent the message."""
    asked = read_message(content, LeadsMessage)
    if asked is None or len(asked["grid"]) > TABLE_ID_LIMIT:
        return None
    return LookedAtGrid(
        asked["grid"],
        asked["query"],
        asked["table"],
        min(max(asked["size"], 1), LARGEST_PAGE),
        asked["sort"],
        [each for each in asked["filters"][:8] if each["operator"] in OPERATORS],
        asked["include_hidden"],
        asked["include_left_out"],
        max(asked["first"], 0),
        min(max(asked["last"], 0), 100_000),
    )
