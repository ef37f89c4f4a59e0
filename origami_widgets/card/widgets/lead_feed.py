"""Leads for grids that show them: pages are read on demand, and again when their table has changed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from origami_widgets.api.background.loop import kept_task
from origami_widgets.api.errors import OrigamiError, RateLimited
from origami_widgets.api.rows.row_paging import RowQuery
from origami_widgets.api.rows.saved_filters import saved_filters
from origami_widgets.api.usage import is_counted
from origami_widgets.card.view.lead_cells import (
    LIMITED,
    changed_rows,
    make_heads,
    shown_columns,
    slugs_in_order,
)
from origami_widgets.card.view.lead_contract import LeadFilter, LeadsAnswer, LeadSort
from origami_widgets.card.view.run_head import milliseconds
from origami_widgets.card.widgets.lead_pages import LeadPage, LoadedLeads, LookedAt, ShownLeads, Version, read_looked_at
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import is_unjudged
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations

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


class LeadFeed:
    """Sends leads to the grids of one widget. Everything happens on the background loop.

    It reads only leads that a grid shows, keeps none in the widget's state, and sends only changes. Further
    filters narrow what the table's saved filters let through; until it is known whether a lead passes these, it is marked.

    Args:
        send: sends a message to all grids of the widget.
        table: returns the current table with an id, cut to `TABLE_ID_LIMIT`; None if there is none.
        operations: returns the API to read a table through; None without one.
        goes_on: returns whether the run of a table, or after it the filling of its cells, goes on. Until then, the table's
            saved filters are ignored: they would hide each lead until it has been judged.
        is_own: returns whether a table is a list of the user's own: all its rows are shown, its own columns first.
        filters: conditions for all reads, besides those of the grid.
        sort: the order if the grid has none.
        counted: called with a table's id and its number of leads if an answer has another one than the table.
        left_out: returns the ids of those rows of a table that the user's list leaves out.
    """

    def __init__(
        self,
        send: Callable[[LeadsAnswer], object],
        table: Callable[[str], Table | None],
        operations: Callable[[Table], Operations | None],
        *,
        goes_on: Callable[[Table], bool] = lambda _: False,
        is_own: Callable[[Table], bool] = lambda _: False,
        filters: Sequence[LeadFilter] = (),
        sort: LeadSort | None = None,
        counted: Callable[[str, int], object] = lambda _table_id, _leads: None,
        left_out: Callable[[LoadedLeads], frozenset[str]] = lambda _: frozenset(),
    ) -> None:
        self._send = send
        self._table = table
        self._operations = operations
        self._goes_on = goes_on
        self._is_own = is_own
        self._filters = list(filters)
        self._sort = sort
        self._counted = counted
        self._left_out = left_out
        self._grids: dict[str, LookedAt] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    @property
    def newest_table(self) -> str:
        """The id of the table that was shown last; empty while none is shown."""
        return next((each.table for each in reversed(list(self._grids.values()))), "")

    def loaded(self, table_id: str, *, with_checking: bool = False) -> LoadedLeads:
        """Return the loaded leads of a table, from the grid that has read most of them.

        Args:
            table_id: the table.
            with_checking: whether to return also those of which it is not known yet if they pass the saved filters.
        """
        table = self._table(table_id)
        looked = [each for each in list(self._grids.values()) if each.table == table_id]
        most = max(looked, key=lambda each: sum(len(page.leads) for page in each.pages), default=None)
        if most is None:
            return LoadedLeads(table)
        versions = {page.version for page in most.pages}
        marks = [item for page in most.pages for item in page.marks.items()]
        checking = frozenset(row_id for row_id, mark in marks if mark == "checking")
        unsure = frozenset() if most.include_hidden or with_checking else checking
        is_complete = most.is_complete and not most.pages[-1].is_cut and not unsure
        left_out = most.left_out
        return LoadedLeads(
            table,
            [lead for row_id, (lead, _) in most.rows().items() if row_id not in unsure and row_id not in left_out],
            most.columns,
            self._filters_of(most),
            most.is_unfiltered or most.include_hidden,
            most.sort or self._sort,
            most.total_with_absent if is_complete or not most.narrows else None,
            len(most.pages),
            is_complete,
            versions.pop() if len(versions) == 1 else None,
            frozenset(row_id for row_id, mark in marks if mark != "checking"),
            checking,
            most.is_unfiltered,
            list(left_out.values()),
        )

    def shown(self, grid: str) -> ShownLeads:
        """Return the leads that a grid shows, as far as they were read, without those that the user's list leaves out."""
        looked = self._grids.get(grid)
        kept = {} if looked is None else {key: row for key, row in looked.rows().items() if key not in looked.left_out}
        rows = [(row_id, cells) for row_id, (_, cells) in kept.items()]
        return ShownLeads((looked.heads if looked is not None else None) or [], rows)

    def slugs(self) -> dict[str, str]:
        """Return the slugs of all shown columns by their ids."""
        columns = [column for looked in list(self._grids.values()) for column in looked.columns]
        return {column.id: column.slug or "" for column in columns}

    def look(self, message: Any) -> None:
        """Note which leads a grid shows.

        Args:
            message: a `LeadsMessage`; anything else is ignored.
        """
        read = read_looked_at(message)
        if read is None:
            return
        grid, wish = read
        if not wish.table:
            self._grids.pop(grid, None)
            return
        wish.asked_at = time.monotonic()
        known = self._grids.pop(grid, None)
        if known is not None and known.question == wish.question:
            if known.query != wish.query:
                # A grid that starts anew has nothing that was sent before.
                known.forget_sent()
            known.query, known.first, known.last, known.asked_at = wish.query, wish.first, wish.last, wish.asked_at
            wish = known
        self._grids[grid] = wish
        while len(self._grids) > GRIDS_LIMIT:
            self._grids.pop(next(iter(self._grids)))
        self._send_missing(grid, wish)
        self.changed()

    def changed(self) -> None:
        """Check whether shown leads have changed. Called after each change of the run."""
        if not self._grids:
            return
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

    async def _run(self) -> None:
        is_counted.set(True)
        while self._grids:
            self._wake.clear()
            now = time.monotonic()
            for grid in [grid for grid, each in self._grids.items() if now - each.asked_at > STALE]:
                del self._grids[grid]
            if (due := self._next_read()) is not None:
                if (operations := due[2]) is None:
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
                if not any(self._is_behind(each) for each in self._grids.values()):
                    return

    async def _read_next(self, operations: Operations) -> None:
        """Read what is due most through this API, with one request that is already counted."""
        grid, number, through = self._next_read() or ("", None, None)
        if through is not operations:
            return
        if number is None:
            await self._read_saved_filters(grid, operations)
        else:
            await self._read(grid, number, operations)

    def _next_read(self) -> tuple[str, int | None, Operations | None] | None:
        """Return what is due most: the grid, the number of its page, or None for its saved filters, and the API."""
        grid, number = self._next_due(time.monotonic()) or (self._next_to_check(), None)
        table = self._table(self._grids[grid].table) if grid is not None else None
        return None if grid is None or table is None else (grid, number, self._operations(table))

    def _due(self, grid: str, now: float) -> int | None:
        looked = self._grids[grid]
        table = self._table(looked.table)
        return None if table is None else looked.due(self._wanted_version(looked, table), now, SPACING)

    def _wanted_version(self, looked: LookedAt, table: Table) -> Version:
        """Return the version that pages must have to be up to date: none has, once the saved filters apply or apply no more."""
        grid = next((grid for grid, each in self._grids.items() if each is looked), "")
        return table.version if looked.is_unfiltered == self._shows_all(grid, table) else ()

    def _next_due(self, now: float) -> tuple[str, int] | None:
        """Return the grid to read for now and the number of its page, a first page before all others."""
        due = [(grid, number) for grid in self._grids if (number := self._due(grid, now)) is not None]
        return min(due, key=lambda each: not self._is_awaited(self._grids[each[0]]), default=None)

    def _is_awaited(self, looked: LookedAt) -> bool:
        """Return whether a page shows a place where leads are counted and none is there yet."""
        return self._lead_count(looked) != 0 and not any(page.received for page in looked.pages)

    def _is_urgent(self) -> bool:
        now = time.monotonic()
        return any(
            (self._is_awaited(each) and self._due(grid, now) is not None) or each.is_checked_first
            for grid, each in self._grids.items()
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
        """Say in the grids that wait for leads that the server refuses all requests, and until when."""
        seconds = poller().refused_for(operations)
        next_try = time.time() + seconds
        if seconds < SPACING:
            return
        for grid, looked in self._grids.items():
            is_sent = looked.note == LIMITED and abs(looked.next_try - next_try) < SPACING
            if not is_sent and (self._due(grid, time.monotonic()) is not None or looked.is_checked_first):
                looked.note, looked.next_try = LIMITED, next_try
                self._send_page(grid, looked, 0)

    def _is_behind(self, looked: LookedAt) -> bool:
        """Return whether something will become due without a further change."""
        table = self._table(looked.table)
        if table is None:
            return False
        is_checking_behind = looked.saved_filters is not None and not (
            looked.saved_filters.is_complete and looked.saved_filters.version == table.version
        )
        return (
            looked.note != ""
            or is_checking_behind
            or looked.due(self._wanted_version(looked, table), float("inf"), SPACING) is not None
        )

    def _lead_count(self, looked: LookedAt) -> int | None:
        table = self._table(looked.table)
        return None if table is None else shown_count(table.lead_count)

    async def _read(self, grid: str, number: int, operations: Operations) -> None:
        """Read one page and send its changes. The request is already counted."""
        looked = self._grids.get(grid)
        table = self._table(looked.table) if looked is not None else None
        if looked is None or table is None or number > len(looked.pages):
            return
        cursor = None if number == 0 else looked.pages[number - 1].following
        is_unfiltered = self._shows_all(grid, table)
        if looked.is_unfiltered != is_unfiltered:
            looked.is_unfiltered = is_unfiltered
            looked.pages.clear()
            looked.forget_sent()
            number, cursor = 0, None
        # The API takes the filters in place of the saved ones, in the saved order.
        query = RowQuery(
            filters=self._filters_of(looked) or None,
            sort=_as_query(looked.sort or self._sort),
            flat=True,
            saved_filters=not (is_unfiltered or looked.include_hidden),
        )
        try:
            columns = shown_columns(table.columns)
            if not columns:
                columns = shown_columns((await operations.list_columns(table.id)).items)
                if not await self._may_read(operations):
                    return
            answer = await operations.list_rows(table.id, query, cursor=cursor, limit=looked.size)
            listed = self._left_out(LoadedLeads(table, list(answer.items), columns))
        except OrigamiError as error:
            self._failed(grid, looked, error)
            return
        except Exception:
            log.exception("The leads of table %s could not be read", table.id)
            looked.not_before = time.monotonic() + RETRY
            return
        if self._grids.get(grid) is not looked:
            return
        table = self._noted_count(query, table, answer.total)
        self._use_saved_filters(looked, table, operations)
        own = self._is_own(table)
        is_shaped_anew = slugs_in_order(columns, own=own) != slugs_in_order(looked.columns, own=looked.is_own)
        looked.columns, looked.is_own, looked.total, looked.note, looked.failures = columns, own, answer.total, "", 0
        looked.leads_then = shown_count(table.lead_count)
        is_cut = looked.is_endless(number, answer)
        following = None if is_cut else answer.next_cursor
        page = LeadPage(list(answer.items), following, is_cut, table.version, time.monotonic(), listed)
        page.choose(looked)
        looked.put(number, page)
        if is_shaped_anew:
            # The rows sent before have other columns.
            looked.forget_sent()
            for each in looked.pages:
                each.choose(looked)
        self._send_missing(grid, looked)

    def _noted_count(self, query: RowQuery, table: Table, leads: int | None) -> Table:
        """Let the run have the count of leads that came with rows, before they are shown: it is checked more seldom.

        Returns:
            The table with this count.
        """
        if query.saved_filters or query.filters or leads in (None, table.lead_count):
            return table
        self._counted(table.id, leads)
        return replace(table, lead_count=leads)

    def _use_saved_filters(self, looked: LookedAt, table: Table, operations: Operations) -> None:
        """Look up which leads pass the saved filters, where that matters."""
        if looked.is_unfiltered or not (self._filters_of(looked) or looked.include_hidden):
            looked.saved_filters = looked.next_saved_filters = None
        elif looked.saved_filters is None:
            looked.saved_filters = saved_filters(operations, table)

    def _next_to_check(self) -> str | None:
        """Return the grid to go on with reading which leads pass the saved filters; None if there is none.

        While the table changes, the last complete reading stays in force until the next one is complete.
        """
        now = time.monotonic()
        for grid, looked in self._grids.items():
            table = self._table(looked.table)
            if table is None or looked.saved_filters is None or not looked.pages or now < looked.not_before:
                continue
            if looked.is_checking or looked.next_saved_filters is not None:
                return grid
            operations = self._operations(table)
            if (
                operations is not None
                and looked.saved_filters.version != table.version
                and now >= looked.next_saved_filters_at
            ):
                looked.next_saved_filters = saved_filters(operations, table)
                return grid
        return None

    async def _read_saved_filters(self, grid: str, operations: Operations) -> None:
        """Read on which leads pass the saved filters, and send what changes by it. The request is already counted."""
        looked = self._grids[grid]
        reading = looked.next_saved_filters or looked.saved_filters
        try:
            if reading is not None and not reading.is_complete:
                await reading.read(operations)
        except OrigamiError as error:
            self._failed(grid, looked, error)
            return
        except Exception:
            log.exception("The saved filters of a table could not be applied")
            looked.not_before = time.monotonic() + RETRY
            return
        if self._grids.get(grid) is not looked or reading is None or looked.saved_filters is None:
            return
        if reading.is_complete:
            looked.saved_filters, looked.next_saved_filters = reading, None
            looked.next_saved_filters_at = time.monotonic() + SPACING * max(1, reading.requests)
        looked.note, looked.failures = "", 0
        looked.choose_rows()
        self._send_missing(grid, looked)
        if looked.count != self._count(looked):
            self._send_page(grid, looked, len(looked.pages) - 1)

    def _hidden(self, looked: LookedAt) -> int | None:
        return looked.hidden(self._lead_count(looked), is_filtered=bool(self._filters_of(looked)))

    def _is_unfiltered(self, table: Table) -> bool:
        # Of a list of the user's own, all rows are shown, whatever the agent has saved filters for.
        return self._goes_on(table) or self._is_own(table)

    def _shows_all(self, grid: str, table: Table) -> bool:
        return self._is_unfiltered(table) or self._is_unjudged(grid, table)

    def _is_unjudged(self, grid: str, *tables: Table) -> bool:  # noqa: ARG002 - the grid of a merged table has others
        # No verdict lets a lead through, so the saved filters would hide all, as if they were rejected.
        return bool(tables) and all(is_unjudged(table) and not self._is_unfiltered(table) for table in tables)

    def _filters_of(self, looked: LookedAt) -> list[LeadFilter]:
        return [*self._filters, *looked.filters]

    def _failed(self, grid: str, looked: LookedAt, error: OrigamiError) -> None:
        wait = max(error.retry_after or 0.0, min(SPACING * 2.0**looked.failures, RETRY))
        looked.failures += 1
        looked.not_before, looked.next_try = time.monotonic() + wait, time.time() + wait
        reason = ". ".join(filter(None, (error.title, error.remedy)))
        looked.note = LIMITED if isinstance(error, RateLimited) else clip(reason, 300)
        self._send_page(grid, looked, 0)

    def _send_missing(self, grid: str, looked: LookedAt) -> None:
        """Send the pages that the grid does not have."""
        for number, page in enumerate(looked.pages):
            if not page.is_sent:
                self._send_page(grid, looked, number)

    def _send_counts(self) -> None:
        """Send what follows from the table alone: the words for the number of leads, and whether cells may still come."""
        for grid, looked in self._grids.items():
            if looked.pages and (looked.count, looked.is_final) != (self._count(looked), self._is_final(looked)):
                self._send_page(grid, looked, 0)

    def _is_final(self, looked: LookedAt) -> bool:
        """Return whether no cell of the visible leads may still come, as far as the server says."""
        table = self._table(looked.table)
        if table is None or self._goes_on(table) or shown_count(table.cells.running):
            return False
        return looked.is_current(self._wanted_version(looked, table))

    def _count(self, looked: LookedAt) -> str:
        return looked.count_words(self._lead_count(looked), is_filtered=bool(self._filters_of(looked)))

    def _send_page(self, grid: str, looked: LookedAt, number: int) -> None:
        """Send a page, or its changes; an empty page if none was read."""
        table = self._table(looked.table)
        page = looked.pages[number] if looked.pages else None
        shown = page.rows if page is not None else []
        rows, changes = changed_rows(looked.sent, shown)
        is_known = page is not None and page.is_known
        if page is not None:
            page.is_sent = page.is_known = True
        looked.sent.update(shown)
        read = looked.rows()
        heads = make_heads(looked.columns, [cells for _, cells in read.values()], own=looked.is_own)
        before, looked.heads = looked.heads, heads
        more = bool(looked.pages) and not looked.is_complete
        looked.count, looked.is_final = self._count(looked), self._is_final(looked)
        oldest = min((each.read_at for each in looked.pages), default=None)
        self._send(
            LeadsAnswer(
                kind="leads",
                grid=grid,
                query=looked.query,
                table=looked.table,
                start=sum(len(each.rows) for each in looked.pages[:number]),
                rows=None if is_known else rows,
                changes=changes,
                read=sum(len(each.rows) for each in looked.pages),
                heads=None if heads == before else heads,
                total=looked.shown_total,
                more=more,
                marks=page.marks if page is not None else {},
                hidden=self._hidden(looked),
                left_out=len(looked.left_out),
                judged=table is None or not self._is_unjudged(grid, table),
                count=looked.count,
                final=looked.is_final,
                runs={},
                note=looked.note,
                next_at=milliseconds(looked.next_try) if looked.note else None,
                read_at=milliseconds(time.time() - time.monotonic() + oldest) if looked.note and oldest else None,
            )
        )


def _as_query(sort: LeadSort | None) -> dict[str, str] | None:
    return None if sort is None else {"column": sort["column"], "direction": sort["direction"]}
