"""`CreditLimit` (`credit_limit=`): end runs, and stop their cells, once their tables have used more credits than allowed.

The limit belongs to a conversation, so answers and follow-ups share it, or to all runs of a batch. A turn that fills cells
has another one beside it, of its own. A limit holds until the cells are final, while this process runs, is online and its key is valid. Credits are counted at each check, and the API
does not count work in flight: what settles between two checks, and what is in flight then, is used on top.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import weakref
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from origami_widgets.api.background.loop import kept_task
from origami_widgets.api.errors import OrigamiError
from origami_widgets.host.runtime import sleep_until, time_limit
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import LIMITED_INTERVAL, QUIET_LOOKS, SHORTEST, Quiet
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts.cancel import STOP_BEGINS, cancel, has_active_work
from origami_widgets.words.numbers import amount, plural

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState


class CreditLimitReached(OrigamiError):
    """Runs have used more credits than `credit_limit=` allows. Active ones are cancelled, and their cells stopped."""

    stops_since: float | None = None
    """When the stop of what was active began, on the poller's clock; None if nothing was."""


LONGEST_QUIET = 60.0
"""Seconds after which a wait no longer waits for the stops of a reached limit. They go on."""
READ_BEFORE = 5.0
"""Seconds that a start waits for its focus tables."""
ENDED_ABOVE = "Ended above the credit limit"
REMEDY = (
    "Everything built so far is kept. To continue, start again with a higher credit_limit, or pass one to "
    "run.answer() or run.follow_up()."
)
Halt = Callable[[CreditLimitReached], bool]


class Rate:
    """Credits a second that a table used between its last two readings. Pure: the moments are arguments."""

    def __init__(self) -> None:
        self.a_second = 0.0
        self._read: tuple[float, float] | None = None

    def note(self, table: Table, now: float) -> None:
        """Note a reading of the table. An older answer, or one that comes right after another, tells nothing."""
        used = table.credits.lifetime_used or 0
        since, before = self._read or (now, used)
        if used < before or now - since < SHORTEST:
            self._read = self._read or (now, used)
            return
        # Without an active cell, nothing is used at present.
        self.a_second = (used - before) / (now - since) if table.cells.running else 0.0
        self._read = (now, used)


class CreditLimit:
    """Limit on the credits that one or several runs may use together. Background loop only.

    Args:
        limit: the credits that may be used.
        halt: called with the error when more has been used; returns whether it has stopped anything.
        kind: a run has at most one limit of each kind: that of its conversation or batch, and that of a fill.

    Attributes:
        kind: as given.
        limit: as given; `set` changes it.
        before: the credits that tables had used before the runs began, by table id.
        error: the error once more has been used; None until then.
    """

    def __init__(
        self, limit: float, halt: weakref.WeakMethod[Halt] | None = None, *, kind: Literal["run", "fill"] = "run"
    ) -> None:
        self.kind = kind
        self.error: CreditLimitReached | None = None
        self.limit = limit
        self._halt = halt
        self.before: dict[str, float] = {}
        self._used: dict[str, float] = {}
        self._in_flight: dict[str, int] = {}
        # When counting began, in Unix seconds, for tables that are older than their run and were not read before it.
        self._counted_since: dict[str, float] = {}
        self._rates: dict[str, Rate] = {}
        self._watches: weakref.WeakSet[RunWatch] = weakref.WeakSet()
        # Settled runs that are still counted, and whether work of theirs is known to be left.
        self._unfinished: weakref.WeakKeyDictionary[RunWatch, bool] = weakref.WeakKeyDictionary()

    @property
    def is_of_batch(self) -> bool:
        """Whether it is the limit of a batch, and not of one conversation."""
        return self._halt is not None

    @property
    def used(self) -> float:
        """The credits that were used so far, as they were counted."""
        return sum(self._used.values())

    @property
    def guarded(self) -> list[RunWatch]:
        """The runs that it limits at present."""
        return [watch for watch in self._watches if self._limits(watch)]

    def note_before(self, bases: Mapping[str, float]) -> None:
        """Note what tables had used before the runs that work on them began. Of two numbers, the smaller one is older."""
        for table_id, used in bases.items():
            if used <= self.before.get(table_id, used):
                self.before[table_id] = used
                self._counted_since.pop(table_id, None)

    def set(self, limit: float) -> None:
        """Set another limit from now on."""
        self.limit = limit
        for each in self.guarded:
            self._tell(each)
        if self.used <= limit:
            self.error = None
            for each in self.guarded:
                each.update(Changed(limit_error=None))

    def require_room(self, new_limit: float | None = None) -> None:
        """Do nothing if more may be used.

        Args:
            new_limit: what may be used from now on; None for as much as before.

        Raises:
            CreditLimitReached: more has been used than that; nothing was sent.
        """
        limit = self.limit if new_limit is None else new_limit
        if self.used > limit:
            raise self._reached(limit, remedy=f"Nothing was sent. {REMEDY}")

    def count(self, conversation: Conversation) -> None:
        """Count what the turns of a conversation that are ours have used so far."""
        for state in conversation.own_states:
            self.note_before(dict(state.used_before))
            self._count(state)

    def guard(self, conversation: Conversation) -> None:
        """Count what the turns of a conversation that are ours use, and end them when the limit is reached.

        An earlier limit of theirs ends.
        """
        conversation.credit_limit = self
        self.count(conversation)
        for watch in conversation.watches:
            if watch.state.run_id in conversation.ours:
                self.guard_turn(watch, conversation)

    def guard_turn(self, watch: RunWatch, conversation: Conversation) -> None:
        """Count what one turn of a conversation uses, and end it when the limit is reached."""
        earlier = watch.limits.get(self.kind)
        if earlier is self:
            return
        watch.limits[self.kind] = self
        self._watches.add(watch)
        self._tell(watch)
        if earlier is not None and watch.state.limit_error is not None:
            # It was above the earlier limit.
            watch.update(Changed(limit_error=None))
        if watch.state.settled and watch is not conversation.current:
            return
        # A run that nothing holds would not be checked any more, and so not be ended.
        limited[watch] = conversation
        poller().limit(watch)
        # Weak, or the run would hold itself and be polled for ever.
        look = functools.partial(self._look, weakref.ref(watch))
        watch.subscribers.add(look)
        look()

    def _tell(self, watch: RunWatch) -> None:
        # What a batch may use, or one fill, is not what the conversation may.
        if self.kind == "run" and not self.is_of_batch:
            watch.update(Changed(credit_limit=self.limit))

    def hold(self, conversation: Conversation) -> None:
        """Count and end, too, what begins after the newest turn has settled: rows that are written to be enriched."""
        watch = conversation.current
        limited[watch] = conversation
        self._look(weakref.ref(watch))

    def note(self, tables: Iterable[Table], now: float) -> None:
        """Note what tables that have just been read have used, for the rate at which they do."""
        for table in tables:
            self._rates.setdefault(table.id, Rate()).note(table, now)

    def reached_in(self, state: RunState) -> float | None:
        """Return the seconds until it is reached at the rate at which its tables use credits; None if none is known.

        Args:
            state: the newest state of one of its runs.
        """
        self._count(state)
        rate = sum(self._rates[table_id].a_second for table_id in self._used if table_id in self._rates)
        return (self.limit - self.used) / rate if rate > 0 else None

    def _look(self, reference: weakref.ref[RunWatch]) -> None:
        watch = reference()
        if watch is None or not self._limits(watch):
            return
        self._count(watch.state)
        guarded = self.guarded
        active = [each for each in guarded if not each.state.settled or self._unfinished.get(each)]
        if self.error is None and self.used > self.limit:
            self._exceed(watch, is_active=bool(active))
        if self.error is not None:
            cause = self._cause(self.limit)
            is_news, self.error.cause = self.error.cause != cause, cause
            for each in guarded:
                said = each.state.limit_error
                # By this limit, or by the other one of the same run.
                is_ended = isinstance(said, CreditLimitReached) and said.stops_since is not None
                if each in active and not is_ended:
                    # Where only cells are left, nothing comes before their stop: it is under way from now on.
                    stop = (STOP_BEGINS,) if each.state.done else ()
                    each.update(Changed(limit_error=self.error), *stop)
                    kept_task(_end(each), "origami-widgets credit limit", holds_exit=True)
                elif is_news and said is self.error:
                    each.update(Changed(limit_error=self.error))
        if watch.state.connection.state == "stopped":
            limited.pop(watch, None)
        elif watch.state.settled and watch in limited and watch not in self._unfinished:
            self._unfinished[watch] = False
            kept_task(self._until_quiet(watch), "origami-widgets credit limit")

    def _exceed(self, watch: RunWatch, *, is_active: bool) -> None:
        """Set the error if there is anything to end. If not, all was used between two checks: the last run says so."""
        reached, halt = self._reached(), None if self._halt is None else self._halt()
        is_halted = halt is not None and halt(reached)
        said = watch.state.limit_error
        if is_halted or is_active:
            self.error = reached
            reached.stops_since = poller().clock.monotonic()
        # Of several runs, the one that has settled last says so; those that are only looked at once more don't.
        elif watch in limited and watch not in self._unfinished if said is None else said.cause != reached.cause:
            watch.update(Changed(limit_error=self._reached(title=ENDED_ABOVE)))

    async def _until_quiet(self, watch: RunWatch) -> None:
        """Count on after a run has settled: cells may begin later, and no count of cells shows what lead sources will start."""
        clock, never = poller().clock, asyncio.Event()
        quiet = Quiet(clock.monotonic(), watch.retry_after)
        try:
            while not quiet.is_over and self._limits(watch):
                is_active = self._unfinished[watch] = await has_active_work(watch)
                quiet = quiet.after_look(clock.monotonic(), is_active=is_active)
                if is_active or quiet.is_over:
                    # Cells may have begun and ended between two looks.
                    await poller().checks.read_tables(watch)
                    self._look(weakref.ref(watch))
                # Also after the limit of a batch was reached: what this run has left is ended, too.
                if self.error is not None and is_active:
                    break
                if is_active:
                    await clock.sleep(LIMITED_INTERVAL, never)
                else:
                    await sleep_until(clock, quiet.due, never)
            is_said = any(each.state.limit_error is not None for each in self.guarded)
            if self.error is None and self.used > self.limit and not is_said and self._limits(watch):
                # All of it was used between two looks, so that nothing was left to stop.
                watch.update(Changed(limit_error=self._reached(title=ENDED_ABOVE)))
        finally:
            self._unfinished.pop(watch, None)
            # A limit that has taken its place counts on.
            if watch.limits.get(self.kind, self) is self:
                limited.pop(watch, None)

    def _limits(self, watch: RunWatch) -> bool:
        return watch.limits.get(self.kind) is self

    def _reached(self, limit: float | None = None, *, title: str = "", remedy: str = REMEDY) -> CreditLimitReached:
        limit = self.limit if limit is None else limit
        title = title or f"Credit limit of {amount(limit)} reached"
        return CreditLimitReached(title, cause=self._cause(limit), remedy=remedy, code="CREDIT_LIMIT")

    def _cause(self, limit: float) -> str:
        in_flight = sum(self._in_flight.values())
        cells = f"{plural(in_flight, 'cell')} {'is' if in_flight == 1 else 'are'}"
        still = f" {cells} still in flight, and what they use comes on top." if in_flight else ""
        whose = " by all runs together" if self.is_of_batch else ""
        late = ""
        if self._counted_since:
            tables = "a table" if len(self._counted_since) == 1 else f"{len(self._counted_since):,} tables"
            at = datetime.fromtimestamp(min(self._counted_since.values()), UTC)
            late = f" What {tables} had used before is not known: counted since {at:%H:%M} UTC."
        since = f"{whose} since the start; credit_limit" if self.kind == "run" else " since the fill began; its limit"
        return f"{amount(self.used)} credits were used{since} is {amount(limit)}.{late}{still}"

    def _count(self, state: RunState) -> None:
        """Count what each table has used since the runs began, or for an older table, since it was first read."""
        began = state.run.started_at if state.run is not None else None
        for table in state.all_tables:
            used = table.credits.lifetime_used or 0
            is_new = began is None or table.created_at is None or table.created_at >= began
            if table.id not in self.before and not is_new:
                self._counted_since[table.id] = poller().clock.time()
            before = self.before.setdefault(table.id, 0 if is_new else used)
            # Credits never decrease: a smaller number comes from an older answer.
            self._used[table.id] = max(self._used.get(table.id, 0), used - before)
            self._in_flight[table.id] = table.cells.running or 0


async def read_before(operations: Operations, table_ids: Iterable[str], known: dict[str, Table]) -> None:
    """Read tables before a run works on them, if that takes `READ_BEFORE` seconds at most: one free GET for each.

    A table that cannot be read counts from the first answer about the run.

    Args:
        operations: the API.
        table_ids: ids of the tables.
        known: gets the tables, by id; those in there are not read again.
    """
    with contextlib.suppress(OrigamiError, TimeoutError):
        async with time_limit(READ_BEFORE):
            for table_id in table_ids:
                if table_id not in known:
                    known[table_id] = await operations.get_table(table_id)


limited: dict[RunWatch, Conversation] = {}
"""Runs with a limit that have not settled, with their conversations. They stay watched even without a handle."""


def stops_for(state: RunState) -> bool:
    """Return whether a wait for a run goes on, as its credit limit was reached and its cells may still begin."""
    error = state.limit_error
    if not isinstance(error, CreditLimitReached) or error.stops_since is None or state.looks >= QUIET_LOOKS:
        return False
    return state.stop_error is None and poller().clock.monotonic() < error.stops_since + LONGEST_QUIET


async def _end(watch: RunWatch) -> None:
    # The card says what went wrong, and the requests are repeated.
    with contextlib.suppress(OrigamiError):
        await cancel(watch)
