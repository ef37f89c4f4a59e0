"""Leads for grids that show them: pages are read on demand, and again when their table has changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from origami_widgets.api.background.loop import kept_task
from origami_widgets.api.errors import OrigamiError, RateLimited
from origami_widgets.api.rows.row_reader import RowQuery
from origami_widgets.api.rows.saved_filters import saved_filters
from origami_widgets.api.usage import is_counted
from origami_widgets.card.view.lead_cells import (
    LIMITED,
    in_reading_order,
    shown_columns,
)
from origami_widgets.card.view.result import found_values
from origami_widgets.card.view.table_view import TABLE_ID_LIMIT
from origami_widgets.card.widgets.lead_pages import (
    LeadPage,
    LoadedLeads,
    LookedAt,
    LookedAtGrid,
    Version,
    read_looked_at,
)
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.own_cells import added_later
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.reduce import Changed, LeadsCounted
from origami_widgets.run.state import is_unjudged
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

from .lead_order import KnownTables, ShownLeads, drawn, leads_answer, merge, said_of, tables_with_leads

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.card.view.messages import LeadFilter, LeadsAnswer, LeadSort
    from origami_widgets.run.conversation import Conversation


log = logging.getLogger("origami_widgets")

GRIDS_LIMIT = 8
"""Most grids of a widget that can show leads at the same time."""
STALE = 90.0
"""Seconds after which a silent grid is forgotten, as its page may be closed."""
SPACING = 2.0
"""Least seconds between two reads of a page, however often its table changes."""
RETRY = 15.0
"""Most seconds until a page that could not be read is requested again, unless the server names more."""
AT_ONCE = 0.1
"""Seconds within which a read that is allowed brings the news itself."""
NOTICED = 1.0
"""Seconds between two looks at whether the server refuses requests, while a read waits for the rate limit."""


@dataclass(eq=False)
class LeadFeed:
    """Sends leads to the grids of one widget. Everything happens on the background loop.

    It reads only leads that a grid shows, keeps none in the widget's state, and sends only changes. Further
    filters narrow what the table's saved filters let through; until it is known whether a lead passes these, it is marked.

    A grid may show several tables as one. Without an order, these follow each other, and are read as far as the grid shows
    them. In the order of a column, the first page of each is read. Rows that follow the last one read of a table are not
    shown before it is read on.

    Args:
        send: sends a message to all grids of the widget.
        table: returns the current table with an id, cut to `TABLE_ID_LIMIT`; None if there is none.
        operations: returns the API to read a table through; None without one.
        conversation: returns the conversation whose table has an id; None for a table without a run.
        filters: conditions for all reads, besides those of the grid.
        sort: the order if the grid has none.
        counted: called when an answer has told another number of leads than the run knew: the widget shows it before the leads.
        left_out: returns the ids of those rows of a table that the user's list leaves out.
        merged: returns the tables that are shown as one, each with the name of its run; None if an id is that of a table.
    """

    send: Callable[[LeadsAnswer], object]
    table: Callable[[str], Table | None]
    operations: Callable[[Table], Operations | None]
    _: KW_ONLY
    conversation: Callable[[str], Conversation | None] = lambda _: None
    filters: Sequence[LeadFilter] = ()
    sort: LeadSort | None = None
    counted: Callable[[], object] = lambda: None
    left_out: Callable[[LoadedLeads], frozenset[str]] = lambda _: frozenset()
    merged: Callable[[str], Sequence[tuple[Table, str]] | None] = lambda _: None
    _grids: dict[str, LookedAtGrid] = field(default_factory=dict, init=False)
    _judged: set[str] = field(default_factory=set, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def newest_table(self) -> str:
        """The id of the table, or of several as one, that was shown last; empty while none is shown."""
        return next((each.table for each in reversed(list(self._grids.values()))), "")

    def loaded(self, table_id: str, *, with_checking: bool = False) -> LoadedLeads:
        """Return the loaded leads of a table, from the grid that has read most of them.

        Args:
            table_id: the table.
            with_checking: whether to return also those of which it is not known yet if they pass the saved filters.
        """
        looked = [grid.parts[table_id] for grid in list(self._grids.values()) if table_id in grid.parts]
        most = max(looked, key=lambda each: sum(len(page.rows) for page in each.pages), default=None)
        return LoadedLeads(self.table(table_id)) if most is None else most.loaded(with_checking=with_checking)

    def shown(self, grid: str) -> ShownLeads:
        """Return the leads that a grid shows, as far as they were read, without those that the user's list leaves out."""
        looked = self._grids.get(grid)
        if looked is None:
            return ShownLeads([], [])
        parts = list(looked.parts.values())
        heads, rows = drawn(looked, parts, merge(looked, parts)[0], has_runs=self._has_runs(looked))
        left_out = {row_id for part in parts for row_id in part.left_out}
        return ShownLeads(heads, [row for row in rows if row[0] not in left_out])

    def slugs(self) -> dict[str, str]:
        """Return the slugs of all shown columns by their ids."""
        return {column.id: column.slug or "" for part in self._looks() for column in part.columns}

    def order(self, table_id: str) -> list[str]:
        """Return the ids of the leads of several tables as one, in the order in which they are shown."""
        grids = [each for each in list(self._grids.values()) if each.table == table_id]
        return [row_id for row_id, _ in max((each.order for each in grids), key=len, default=[])]

    def tables_not_shown(self, table_id: str) -> set[str]:
        """Return the ids of those of several tables as one whose leads the newest grid does not show, as of other runs."""
        grid = next((each for each in reversed(list(self._grids.values())) if each.table == table_id), None)
        if grid is None:
            return set()
        return {table.id for table, _ in self._all_tables(table_id)} - {table.id for table, _ in self._tables_of(grid)}

    def look(self, message: Any) -> None:
        """Note which leads a grid shows.

        Args:
            message: a `LeadsMessage`; anything else is ignored.
        """
        wish = read_looked_at(message)
        if wish is None:
            return
        wish.filters, wish.sort = [*self.filters, *wish.filters], wish.sort or self.sort
        known = self._grids.pop(wish.id, None)
        if not wish.table:
            return
        grid = known if known is not None and known.question == wish.question else wish
        if grid.query != wish.query:
            # A grid that starts anew has nothing that was sent before.
            grid.forget_sent()
        grid.query, grid.first, grid.last, grid.asked_at = wish.query, wish.first, wish.last, time.monotonic()
        self._grids[grid.id] = grid
        while len(self._grids) > GRIDS_LIMIT:
            self._grids.pop(next(iter(self._grids)))
        self._spread(grid)
        if grid.heads is None and (any(part.pages for part in grid.parts.values()) or not self._tables_of(grid)):
            self._send_grid(grid)
        self.changed()

    def changed(self) -> None:
        """Check whether shown leads have changed, and whether there are other tables. Called after each change of the run."""
        if not self._grids:
            return
        for grid in self._grids.values():
            self._spread(grid)
        self._wake.set()
        # A read that waits for the rate limit may have become urgent.
        poller().wake()
        if self._task is None or self._task.done():
            # Made for the current loop, as the background loop may have ended and started anew.
            self._wake = asyncio.Event()
            self._task = kept_task(self._run(), "origami-widgets leads")

    def stop(self) -> None:
        """Forget all grids."""
        self._grids.clear()
        self._wake.set()

    def _looks(self) -> list[LookedAt]:
        """Return what was read of each table for each grid."""
        return [part for grid in list(self._grids.values()) for part in list(grid.parts.values())]

    def _has_runs(self, grid: LookedAtGrid) -> bool:
        return self.merged(grid.table) is not None

    def _all_tables(self, table_id: str) -> Sequence[tuple[Table, str]]:
        """Return the table with an id, or the tables that are shown as one with it, each with the name of its run."""
        merged = self.merged(table_id)
        if merged is not None:
            return merged
        table = self.table(table_id)
        return [] if table is None else [(table, "")]

    def _tables_of(self, grid: LookedAtGrid) -> list[tuple[Table, str]]:
        """Return the tables to read, in their order."""
        found = self._all_tables(grid.table)
        return tables_with_leads(grid, found) if self._has_runs(grid) else list(found)

    def _spread(self, grid: LookedAtGrid) -> None:
        """Look at each table, as it is now, as far as the grid shows its leads."""
        sort, before, parts = grid.sort, 0, {}
        for table, run in self._tables_of(grid):
            table_id = clip(table.id, TABLE_ID_LIMIT)
            part = grid.parts.get(table_id) or LookedAt(grid, table, run, self._shows_all(grid, table))
            part.table, part.run, parts[table_id] = table, run, part
            has_column = sort is not None and sort["column"] in {each.slug for each in table.columns}
            part.sort = sort if has_column or not self._has_runs(grid) else None
            # In the order of a column, all leads of the window may be of this table.
            start = 0 if has_column else before
            part.first, part.last = grid.first - start, grid.last - start
            total = part.total_with_absent
            before += (part.lead_count or 0) if not part.pages else 0 if total is None else total - part.absent
        grid.parts = parts

    async def _run(self) -> None:
        is_counted.set(True)
        while self._grids:
            self._wake.clear()
            now = time.monotonic()
            for stale in [name for name, each in self._grids.items() if now - each.asked_at > STALE]:
                del self._grids[stale]
            for grid in self._grids.values():
                self._spread(grid)
            if (due := self._next_read()) is not None:
                if (operations := self.operations(due[0].table)) is None:
                    return
                if await self._may_read(operations):
                    await self._read_next(operations)
                continue
            self._send_counts()
            try:
                # Delayed reads and retries become due without a notification.
                async with time_limit(SPACING):
                    await self._wake.wait()
            except TimeoutError:
                if not any(self._is_behind(part) for part in self._looks()):
                    return

    async def _read_next(self, operations: Operations) -> None:
        """Read what is due most through this API, with one request that is already counted."""
        part, number = self._next_read() or (None, None)
        if part is None or self.operations(part.table) is not operations:
            return
        try:
            if number is None:
                await self._read_saved_filters(part, operations)
            else:
                await self._read(part, number, operations)
        except OrigamiError as error:
            wait = max(error.retry_after or 0.0, min(SPACING * 2.0**part.failures, RETRY))
            part.failures += 1
            part.not_before = time.monotonic() + wait
            reason = ". ".join(filter(None, (error.title, error.remedy)))
            part.note = LIMITED if isinstance(error, RateLimited) else clip(reason, 300)
            self._send_grid(part.grid)
        except Exception:
            log.exception("The leads of table %s could not be read", part.table.id)
            part.not_before = time.monotonic() + RETRY

    def _next_read(self) -> tuple[LookedAt, int | None] | None:
        """Return what is due most: the number of a page, a first page before all others, or None for a table's saved filters."""
        now = time.monotonic()
        due = [(part, number) for part in self._looks() if (number := self._due(part, now)) is not None]
        return min(due, key=lambda each: not self._is_awaited(each[0]), default=None) or self._next_to_check(now)

    def _due(self, part: LookedAt, now: float) -> int | None:
        """Return the number of the page to read; None if all are up to date: none is, once the saved filters apply or apply no more."""
        return part.due(self._wanted_version(part), now, SPACING)

    def _wanted_version(self, part: LookedAt) -> Version:
        return part.table.version if part.is_unfiltered == self._shows_all(part.grid, part.table) else ()

    def _is_awaited(self, part: LookedAt) -> bool:
        """Return whether a page shows a place where leads are counted and none is there yet."""
        return part.lead_count != 0 and not any(page.received for page in part.pages)

    def _is_urgent(self) -> bool:
        now = time.monotonic()
        return any(
            (self._is_awaited(part) and self._due(part, now) is not None) or part.is_checked_first
            for part in self._looks()
        )

    async def _may_read(self, operations: Operations) -> bool:
        """Wait until the rate limit allows a request. Return False if no page shows the leads any more.

        The first leads on a page go before routine polls. Other reads come last.
        """
        allowed = asyncio.ensure_future(poller().allow(operations, urgent=self._is_urgent))
        try:
            if (await asyncio.wait({allowed}, timeout=AT_ONCE))[0]:
                return True
            while self._grids:
                self._send_counts()
                self._send_refused(operations)
                if (await asyncio.wait({allowed}, timeout=NOTICED))[0]:
                    return True
            return False
        finally:
            allowed.cancel()

    def _send_refused(self, operations: Operations) -> None:
        """Say in the grids that wait for leads that the server refuses all requests."""
        if poller().refused_for(operations) < SPACING:
            return
        for part in self._looks():
            waits = self._due(part, time.monotonic()) is not None or part.is_checked_first
            if part.note != LIMITED and waits:
                part.note = LIMITED
                self._send_grid(part.grid)

    def _is_behind(self, part: LookedAt) -> bool:
        """Return whether something will become due without a further change."""
        saved = part.saved_filters
        is_checking_behind = saved is not None and not (saved.is_complete and saved.version == part.table.version)
        return part.note != "" or is_checking_behind or self._due(part, float("inf")) is not None

    def _is_read_on(self, part: LookedAt) -> bool:
        """Return whether a page still shows what an answer is for."""
        return self._grids.get(part.grid.id) is part.grid and part in part.grid.parts.values()

    async def _read(self, part: LookedAt, number: int, operations: Operations) -> None:
        """Read one page and send its changes. The request is already counted."""
        grid, table = part.grid, part.table
        if number > len(part.pages):
            return
        is_unfiltered = self._shows_all(grid, table)
        if not is_unfiltered:
            # They stay in view, in their order, when a follow-up goes on with the table.
            self._judged.add(table.id)
        if part.is_unfiltered != is_unfiltered:
            part.is_unfiltered, number = is_unfiltered, 0
            part.pages.clear()
        cursor = None if number == 0 else part.pages[number - 1].following
        # The API takes the filters in place of the saved ones, in the saved order.
        query = RowQuery(
            filters=grid.row_filters or None,
            sort=_as_query(part.sort),
            flat=True,
            saved_filters=not (is_unfiltered or grid.include_hidden),
        )
        columns = shown_columns(table.columns)
        if not columns:
            columns = shown_columns((await operations.list_columns(table.id)).items)
            if not await self._may_read(operations):
                return
        answer = await operations.list_rows(table.id, query, cursor=cursor, limit=grid.size)
        listed = self.left_out(LoadedLeads(table, list(answer.items), columns))
        if not self._is_read_on(part):
            return
        if not (query.saved_filters or query.filters or answer.total in (None, table.lead_count)):
            self._note_count(table.id, answer.total)
            table = replace(table, lead_count=answer.total)
        self._use_saved_filters(part, table, operations)
        own = self.is_own(table)
        conversation = self.conversation(table.id)
        order = in_reading_order(columns, own=own, added=_added(conversation, table))
        is_shaped_anew = [each.slug for each, _ in order] != [each.slug for each, _ in part.order]
        part.columns, part.order, part.is_own, part.total = columns, order, own, answer.total
        part.note, part.failures = "", 0
        part.stopped = _stopped(conversation, table)
        is_cut = part.is_endless(number, answer)
        following = None if is_cut else answer.next_cursor
        page = LeadPage(list(answer.items), following, is_cut, table.version, time.monotonic(), listed)
        page.choose(part)
        part.put(number, page)
        if is_shaped_anew:
            part.choose_rows()
        if conversation is not None and own and not query.filters:
            _note_found(conversation, part, table)
        self._send_grid(grid)

    def _note_count(self, table_id: str, leads: int) -> None:
        """Tell the run the number of leads before the rows are shown: it is checked more seldom."""
        if (conversation := self.conversation(table_id)) is not None:
            conversation.current.update(LeadsCounted(table_id, leads, at=time.time()))
            self.counted()

    def _use_saved_filters(self, part: LookedAt, table: Table, operations: Operations) -> None:
        """Look up which leads pass the saved filters, where that matters."""
        if part.is_unfiltered or not (part.grid.row_filters or part.grid.include_hidden):
            part.saved_filters = part.next_saved_filters = None
        elif part.saved_filters is None:
            part.saved_filters = saved_filters(operations, table)

    def _next_to_check(self, now: float) -> tuple[LookedAt, None] | None:
        """Return where to go on with reading which leads pass the saved filters; None if nowhere.

        While the table changes, the last complete reading stays in force until the next one is complete.
        """
        for part in self._looks():
            if part.saved_filters is None or not part.pages or now < part.not_before:
                continue
            if part.is_checking or part.next_saved_filters is not None:
                return part, None
            operations, is_of_now = self.operations(part.table), part.saved_filters.version == part.table.version
            if operations is not None and not is_of_now and now >= part.next_saved_filters_at:
                part.next_saved_filters = saved_filters(operations, part.table)
                return part, None
        return None

    async def _read_saved_filters(self, part: LookedAt, operations: Operations) -> None:
        """Read on which leads pass the saved filters, and send what changes by it. The request is already counted."""
        reading = part.next_saved_filters or part.saved_filters
        if reading is None:
            return
        if not reading.is_complete:
            await reading.read(operations)
        if not self._is_read_on(part) or part.saved_filters is None:
            return
        if reading.is_complete:
            part.saved_filters, part.next_saved_filters = reading, None
            part.next_saved_filters_at = time.monotonic() + SPACING * max(1, reading.requests)
        had_note = bool(part.note)
        part.note, part.failures = "", 0
        if part.choose_rows() or had_note or part.grid.said != said_of(part.grid, self._known(part.grid)):
            self._send_grid(part.grid)

    def goes_on(self, table: Table) -> bool:
        """Return whether the run of a table goes on, or fills its cells as far as it is still followed.

        Until then, the table's saved filters are ignored, unless leads were judged before: they would hide each lead until
        it has been judged.
        """
        conversation = self.conversation(table.id)
        if conversation is None:
            return False
        state = conversation.current.state
        is_followed = state.connection.state in ("live", "reconnecting")
        return not state.done or (is_followed and bool(shown_count(table.cells.running)))

    def is_own(self, table: Table) -> bool:
        """Return whether a table is a list that the run was given: all its rows are shown, its own columns first."""
        conversation = self.conversation(table.id)
        return conversation is not None and table.id.lower() in conversation.state.focused

    def _is_unfiltered(self, table: Table) -> bool:
        # Of a list of the user's own, all rows are shown, whatever the agent has saved filters for.
        return (self.goes_on(table) and table.id not in self._judged) or self.is_own(table)

    def _shows_all(self, grid: LookedAtGrid, table: Table) -> bool:
        return self._is_unfiltered(table) or self._is_unjudged(grid)

    def _is_unjudged(self, grid: LookedAtGrid) -> bool:
        # No verdict lets a lead through, so the saved filters would hide all, as if they were rejected. One switch is for
        # all tables of a grid: where leads of one were judged, the filters can tell something.
        tables = [table for table, _ in self._all_tables(grid.table)]
        return bool(tables) and all(is_unjudged(table) and not self._is_unfiltered(table) for table in tables)

    def _send_counts(self) -> None:
        """Send what follows from the tables alone: the words for the number of leads, and whether cells may still come."""
        for grid in self._grids.values():
            if grid.heads is not None and grid.said != said_of(grid, self._known(grid)):
                self._send_grid(grid)

    def _is_final(self, part: LookedAt) -> bool:
        """Return whether no cell of the visible leads of a table may still come, as far as the server says."""
        is_running = self.goes_on(part.table) or bool(shown_count(part.table.cells.running))
        return not is_running and part.is_current(self._wanted_version(part))

    def _known(self, grid: LookedAtGrid) -> KnownTables:
        parts, tables = list(grid.parts.values()), [table for table, _ in self._all_tables(grid.table)]
        return KnownTables(
            parts,
            [self._is_final(part) for part in parts],
            tables if self._has_runs(grid) else None,
            own=bool(tables) and self.is_own(tables[0]),
            judged=not self._is_unjudged(grid),
        )

    def _send_grid(self, grid: LookedAtGrid) -> None:
        """Send what has changed of a grid's leads since it was sent."""
        answer = leads_answer(grid, self._known(grid))
        if answer is not None:
            self.send(answer)


def _stopped(conversation: Conversation | None, table: Table) -> set[str]:
    """Return the ids of a table's columns that were stopped here, and would have run for every lead."""
    if conversation is None or conversation.state.stopped is None:
        return set()
    return {column for table_id, column in conversation.whole if table_id == table.id}


def _added(conversation: Conversation | None, table: Table) -> list[str]:
    """Return the ids of a table's columns that follow-ups have added, newest first."""
    return [] if conversation is None else added_later(conversation.states, table)


def _note_found(conversation: Conversation, part: LookedAt, table: Table) -> None:
    """Note what was found in a list of the user's own, as far as it was read in one version."""
    if {page.version for page in part.pages} != {table.version}:
        return
    rows = [row for page in part.pages for row in page.received]
    if (found := found_values(conversation.own_states, table, rows)) is not None:
        conversation.current.update(Changed(found=found))


def _as_query(sort: LeadSort | None) -> dict[str, str] | None:
    return None if sort is None else {"column": sort["column"], "direction": sort["direction"]}
