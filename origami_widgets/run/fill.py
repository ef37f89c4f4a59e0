"""`fill`: have the agent fill the cells that were stopped, have failed or lacked credits. Background loop only.

No endpoint runs one column, so it is a follow-up whose brief is written here, with a credit limit of its own. An agent may
do something else: while the turn and its cells go on, columns that were not asked for are stopped, and so is a column once
more of its cells ran than were missing. `own_cells.py` has the rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import weakref
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from origami_widgets.api.background.loop import kept_task
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.operations import Operations, pages
from origami_widgets.api.rows.row_reader import RowQuery
from origami_widgets.api.usage import is_counted
from origami_widgets.run.follow_up import FollowUp
from origami_widgets.run.own_cells import (
    Gap,
    fill_brief,
    filled,
    gaps_of,
    may_lack,
    offer_of,
    own_columns,
    strays,
)
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts.cancel import whole_columns_of
from origami_widgets.run.starts.credit_limit import CreditLimit, CreditLimitReached

if TYPE_CHECKING:
    from origami_widgets.api.models.base import Page
    from origami_widgets.api.models.table import Column, FlatRow, Table
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import FillOffer

LONGEST_STOP, LOOK = 30.0, 0.25
"""Seconds to wait for a stop that is under way, and between two looks at it."""
MOST_PAGES = 1_000
"""Pages of a table that are read: 200,000 rows."""
MOST_ROWS_COUNTED = 2_000
"""Rows of a run up to which a card has its missing cells counted by itself: ten requests."""


@dataclass(frozen=True)
class FillPlan:
    """What a fill is about to do.

    Attributes:
        gaps: the cells.
        offer: how many these are, and their price.
        limit: the credits at which it stops.
    """

    gaps: tuple[Gap, ...]
    offer: FillOffer
    limit: float

    def follow_up(self, conversation: Conversation) -> FollowUp:
        """Return the follow-up that carries it out."""
        return FollowUp(
            conversation,
            conversation.current,
            fill_brief(self.gaps),
            "fill",
            focus_tables=tuple(dict.fromkeys(each.table_id for each in self.gaps)),
            # The same call finds the same turn, whatever is missing by then.
            given=("fill",),
            started=lambda watch: _Watcher(self, watch, conversation),
        )


async def plan_fill(conversation: Conversation, credit_limit: float | None, *, asks: bool) -> FillPlan | None:
    """Count the cells that can be filled: one GET for each 200 rows of the tables that may lack some.

    Args:
        conversation: the conversation.
        credit_limit: the credits at which the fill is to stop; None for the upper estimate.
        asks: whether the user is asked before it, and so agrees to a higher limit of the conversation.

    Returns:
        The plan; None if no cell is missing that can be filled.

    Raises:
        InvalidInput: cells are still active, or there is no estimate and no limit.
        CreditLimitReached: the conversation's own credit limit leaves too little.
        OrigamiError: the rows could not be read.
    """
    state = conversation.state
    if not state.settled or state.sending:
        raise InvalidInput(
            "The run hasn't ended" if not state.done or state.sending else "Cells are still filling",
            cause="What is missing is known when nothing is active any more. Nothing was sent.",
            remedy="Wait for it with run.wait('cells'), or stop it with run.cancel(). Then run.fill().",
        )
    gaps = await _read_gaps(conversation, await _tables_to_read(conversation))
    offer = _offer(conversation, gaps, credit_limit)
    if offer is None:
        return None
    limit = credit_limit or offer.at_most
    if limit is None:
        raise InvalidInput(
            "A credit limit is needed here",
            cause=f"None of the columns of these {offer.cells:,} cells has run yet, so nothing is known of their price. "
            "Nothing was sent.",
            remedy="Say how much it may use: run.fill(credit_limit=100).",
        )
    if offer.raised is not None and not asks and credit_limit is None:
        raise CreditLimitReached(
            "Credit limit reached",
            cause=f"To fill {offer.cells:,} cells takes up to {limit:,.0f} credits, which is more than the run's credit limit "
            "leaves. Nothing was sent.",
            remedy=f"To allow them on top: run.fill(credit_limit={limit:.0f}).",
            code="CREDIT_LIMIT",
        )
    return FillPlan(gaps, offer, limit)


def _raised(conversation: Conversation, limit: float) -> float | None:
    """Return the credit limit that a conversation needs for so many more credits; None if it has room, or no limit."""
    known = conversation.credit_limit
    if known is None:
        return None
    known.count(conversation)
    if known.used + limit <= known.limit:
        return None
    # Above that of a batch, the conversation gets a limit of its own.
    own = CreditLimit(math.inf)
    own.count(conversation)
    return math.ceil((own.used if known.is_of_batch else known.used) + limit)


async def plan_stopped(conversation: Conversation) -> FillPlan | None:
    """Return the plan that fills what was stopped, for a cell that is run again; None if nothing was, or it can't be read.

    A stop that is under way is waited for: what it stops is known when nothing is active.
    """
    clock, never = poller().clock, asyncio.Event()
    until = clock.monotonic() + LONGEST_STOP
    while conversation.state.stopping != "none" and clock.monotonic() < until:
        await clock.sleep(LOOK, never)
    # Without a stop, there is nothing to read the rows for.
    if not await whole_columns_of(conversation) or not may_offer(conversation):
        return None
    with contextlib.suppress(OrigamiError):
        plan = await plan_fill(conversation, None, asks=True)
        if plan is not None and not plan.offer.is_failed:
            return plan
    return None


def _offer(conversation: Conversation, gaps: Sequence[Gap], credit_limit: float | None = None) -> FillOffer | None:
    """Return what some gaps cost at most, or under a limit of one's own; None without gaps."""
    if not gaps:
        return None
    offer = offer_of(gaps)
    limit = credit_limit or offer.at_most
    return offer if limit is None else replace(offer, raised=_raised(conversation, limit))


async def count_gaps(conversation: Conversation) -> None:
    """Count the cells that can be filled, for a card. Does nothing for very large tables, and where rows can't be read."""
    watch, tables = conversation.current, await _tables_to_read(conversation)
    if sum(table.lead_count or 0 for table in conversation.state.tables if table.id in tables) > MOST_ROWS_COUNTED:
        return
    try:
        gaps = await _read_gaps(conversation, tables, low_priority=True)
    except OrigamiError:
        return
    if conversation.current is watch:
        watch.update(Changed(offer=_offer(conversation, gaps)))


def may_offer(conversation: Conversation) -> bool:
    """Return whether cells may be missing that can be filled, as far as the answers about the run tell."""
    state = conversation.state
    if not state.settled or state.sending or state.stopping != "none" or state.connection.state == "stopped":
        return False
    return bool(may_lack(_own_columns(conversation), conversation.whole))


async def _tables_to_read(conversation: Conversation) -> set[str]:
    """Return the ids of the tables of which rows have to be read."""
    whole = await whole_columns_of(conversation)
    return may_lack(_own_columns(conversation), whole)


def _own_columns(conversation: Conversation) -> list[tuple[Table, Column]]:
    return own_columns(conversation.own_states, conversation.state.tables)


async def _read_gaps(
    conversation: Conversation, tables: Collection[str], *, low_priority: bool = False
) -> tuple[Gap, ...]:
    rows = await _read_rows(conversation.current.connected(), tables, low_priority=low_priority)
    return gaps_of(_own_columns(conversation), rows, conversation.whole)


async def _read_rows(
    operations: Operations, table_ids: Collection[str], *, low_priority: bool = False
) -> dict[str, list[FlatRow]]:
    """Read all rows of some tables, hidden ones, too.

    Raises:
        OrigamiError: they could not be read.
    """
    query = RowQuery(flat=True, saved_filters=False)
    found: dict[str, list[FlatRow]] = {}

    async def read(table_id: str, cursor: str | None) -> Page[FlatRow]:
        if low_priority:
            await poller().allow(operations)
            is_counted.set(True)
        return await operations.list_rows(table_id, query, cursor=cursor)

    for table_id in table_ids:
        reading = pages(functools.partial(read, table_id), MOST_PAGES)
        found[table_id] = list({row.id: row async for page in reading for row in page.items}.values())
    return found


class _Watcher:
    """Watches one turn that fills cells: limits it, stops what was not asked for, and counts at the end what is filled.

    Args:
        plan: what it is to do.
        watch: the turn.
        conversation: its conversation.
    """

    def __init__(self, plan: FillPlan, watch: RunWatch, conversation: Conversation) -> None:
        self._plan = plan
        # Weak, or the watch would hold itself by its subscriber.
        self._watch, self._conversation = weakref.ref(watch), weakref.ref(conversation)
        self._stopping: set[str] = set()
        self._strayed = False
        self._unsubscribe = watch.subscribers.add(self._look)
        for each in conversation.watches:
            # An earlier fill was ended at its own limit, which this one does not have.
            if "fill" in each.limits and each is not watch:
                each.update(Changed(limit_error=None))
        before = {table.id: table.credits.lifetime_used or 0 for table in conversation.state.tables}
        limit = CreditLimit(plan.limit, kind="fill")
        limit.note_before(before | dict(watch.state.used_before))
        limit.guard_turn(watch, conversation)
        self._look()

    def _look(self) -> None:
        watch, conversation = self._watch(), self._conversation()
        if watch is None or conversation is None:
            self._unsubscribe()
            return
        columns = own_columns(conversation.own_states, watch.state.tables)
        # What a later turn of ours runs, it was asked for.
        is_newest = conversation.own_states[-1] is watch.state and not conversation.state.sending
        for table_id, slugs in strays(self._plan.gaps, columns).items():
            if is_newest and table_id not in self._stopping:
                self._stopping.add(table_id)
                self._strayed = True
                kept_task(self._stop(watch, table_id, slugs), "origami-widgets stop what was not asked for")
        if watch.state.settled and watch.state.stopping == "none":
            self._unsubscribe()
            kept_task(self._count(watch, conversation), "origami-widgets count filled cells")

    async def _stop(self, watch: RunWatch, table_id: str, slugs: tuple[str, ...]) -> None:
        try:
            await watch.connected().cancel_cells(table_id, columns=slugs)
        except OrigamiError:
            # The next reading shows whether they go on, and the limit holds anyway.
            pass
        finally:
            self._stopping.discard(table_id)
            poller().hurry(watch)

    async def _count(self, watch: RunWatch, conversation: Conversation) -> None:
        try:
            rows = await _read_rows(watch.connected(), {each.table_id for each in self._plan.gaps}, low_priority=True)
        except OrigamiError:
            return
        # Where it overlooked some, they can be filled once more.
        conversation.whole |= {each.key for each in self._plan.gaps}
        offer = _offer(conversation, gaps_of(_own_columns(conversation), rows, conversation.whole))
        outcome = replace(filled(self._plan.gaps, rows), strayed=self._strayed)
        watch.update(Changed(offer=offer, filled=outcome))
