"""`Poller`: checks every watched run of the process on the background loop, within the rate limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError, TableNotFound, UnexpectedAnswer
from origami_widgets.api.models import Page, RunObject, Table
from origami_widgets.api.rows import row_progress
from origami_widgets.api.usage import is_counted
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.polling import schedule as plans
from origami_widgets.run.polling.clock import PollerClock, SystemClock
from origami_widgets.run.polling.rate_limiter import PollRequest, RateLimiter, next_request
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import reduce, wants_table_list
from origami_widgets.run.state import (
    TERMINAL_STATUSES,
    CheckFailed,
    Delayed,
    Heard,
    Planned,
    RowsRead,
    RunRead,
    RunState,
    TableGone,
    TableRead,
    TablesListed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.responses import ApiResponse
    from origami_widgets.api.rows.row_progress import RowProgress
    from origami_widgets.api.usage import Traffic


log = logging.getLogger("origami_widgets")


@dataclass(frozen=True)
class ListRead:
    """Purpose of a request that reads the agent's table list for one watched run."""

    watch: RunWatch


Purpose = RunWatch | ListRead | asyncio.Future[None]
"""The purpose of a request: a check of a run, a table list, or a further request of a check under way."""
KNOWN_STATUSES = TERMINAL_STATUSES | {"running"}
LATE = 2.0
"""Seconds that a check may be late before its run shows the delay: users see when the next check is planned."""
END_PATIENCE = 5.0
"""Seconds that the end of a run waits for the table list, if the run's last answer names no tables."""
AFTER_FAILURE = 1.0
"""Seconds until the poller goes on after an exception that should not have happened."""
DATE_RESOLUTION = 2.0
"""Seconds by which two clock offsets may differ for no reason: they come from `Date`, which has whole seconds."""


class Poller:
    """Checks each watched run when its schedule says so.

    A run is watched as long as a handle or card holds its watch. The poller holds the watch weakly: a run without a
    handle or card is no longer checked, and the poller's task ends when nothing is left to check.

    Args:
        clock: the clock to plan with.
        make_limiter: makes the rate limiter for an organization.
    """

    def __init__(self, clock: PollerClock | None = None, make_limiter: Callable[[], RateLimiter] = RateLimiter) -> None:
        self.clock = clock or SystemClock()
        self._make_limiter = make_limiter
        self._limiters: weakref.WeakKeyDictionary[Traffic, RateLimiter] = weakref.WeakKeyDictionary()
        self._watches: weakref.WeakValueDictionary[Hashable, RunWatch] = weakref.WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None
        self._checks: set[asyncio.Task[None]] = set()
        self._further: list[tuple[PollRequest[asyncio.Future[None]], Callable[[], bool]]] = []
        self._others_first = False
        self._passed_over = 0
        self._wake: asyncio.Event | None = None

    async def watch(
        self,
        operations: Operations,
        agent_id: str,
        run_id: str,
        *,
        started: RunObject | None,
        asked_at: float | None = None,
    ) -> RunWatch:
        """Return the existing watch of a run, or a new one.

        Args:
            operations: the API through which the run is read.
            agent_id: the agent's id.
            run_id: the run's id.
            started: the run object from the answer to the POST, if this process started the run; else None.
            asked_at: when the first such request was sent (seconds of the monotonic clock); None if unknown.
        """
        key = (operations.identity, agent_id, run_id)
        known = self._watches.get(key)
        if known is not None and not (known.state.run is None and known.state.connection.state == "stopped"):
            return known
        state = RunState(agent_id=agent_id, run_id=run_id, origin=operations.origin)
        watch = RunWatch(operations, state, plans.begin(self.clock.monotonic(), fresh=started is not None))
        if started is not None:
            offset = operations.clock_offset
            now = self.clock.time()
            asked = None if asked_at is None else now - (self.clock.monotonic() - asked_at)
            watch.update(RunRead(started, at=now, keep_polling=True, clock_offset=offset, asked_at=asked))
        self._watches[key] = watch
        self._plan(watch)
        weakref.finalize(watch, self.wake).atexit = False
        self._poll()
        return watch

    def watched(self) -> list[RunWatch]:
        """Return all watched runs; from any thread."""
        # Copies the references in one step, as the loop may add a watch meanwhile.
        return [watch for reference in self._watches.valuerefs() if (watch := reference()) is not None]

    @property
    def is_polling(self) -> bool:
        """Whether there is anything left to check."""
        return self._task is not None and not self._task.done()

    def keep(self, watch: RunWatch) -> None:
        """Make sure that a run is checked, even one inherited from the parent process by a fork."""
        if watch.operations is None:
            return
        if not any(known is watch for known in self._watches.values()):
            watch.checking = watch.is_listing = False
            self._watches[id(watch)] = watch
            weakref.finalize(watch, self.wake).atexit = False
        self._poll()

    def hurry(self, watch: RunWatch) -> None:
        """Check a run now, because the user asked. Stopped checks start again. Background loop only."""
        watch.hurried = True
        self.soon(watch)

    def limit(self, watch: RunWatch) -> None:
        """Check a run before others and without a deadline, as a credit limit relies on it. Background loop only."""
        watch.is_limited = True
        if watch.schedule is not None:
            watch.schedule = replace(watch.schedule, is_limited=True)
        self.keep(watch)

    def soon(self, watch: RunWatch) -> None:
        """Check a run at its next turn, after requests that the user waits for. Background loop only."""
        if watch.schedule is not None and watch.operations is not None:
            watch.schedule = plans.hurry(watch.schedule, self.clock.monotonic())
            self._plan(watch)
            self.keep(watch)

    async def check(self, watch: RunWatch, include: tuple[str, ...] = ("stats",)) -> None:
        """Read a run once, outside its schedule. Stopped checks start again.

        Raises:
            OrigamiError: the run could not be read; the schedule is unchanged.
        """
        if watch.operations is not None:
            self.keep(watch)
            # Always with `stats`: an answer without them would wipe the known ones.
            answer = await self._read_run(watch, watch.operations, tuple(dict.fromkeys(("stats", *include))))
            if watch.schedule is not None:
                watch.schedule = plans.renew(watch.schedule, self.clock.monotonic())
            self._on_success(watch, answer.retry_after)
            # The poller may be asleep beyond the moment that was just planned.
            self._poll()

    async def refresh(self, watch: RunWatch, include: str) -> None:
        """Read a run now, and its tables if answers about it name none. Stopped checks start again.

        Raises:
            InvalidInput: the run was made from a saved answer.
            OrigamiError: the run could not be read.
        """
        watch.connected()
        await self.check(watch, tuple(include.split(",")) if include else ())
        if not watch.state.done:
            await self.list_tables(watch)

    async def first_check(self, watch: RunWatch) -> None:
        """Read a run for the first time.

        After a transient error, or while the server refuses all requests, the run's schedule takes over.

        Raises:
            OrigamiError: the run could not be read, and another check would not help; checks have stopped.
        """
        now = self.clock.monotonic()
        if (
            watch.operations is not None
            and watch.schedule is not None
            and self._limiter(watch.operations).refused_for(now)
        ):
            self.soon(watch)
            return
        try:
            await self.check(watch)
        except OrigamiError as error:
            self.note_failure(watch, error)
            if watch.schedule is not None and watch.schedule.stopped:
                raise
            self._poll()
        self._want_list(watch)

    async def list_tables(self, watch: RunWatch, *, if_room: bool = False) -> None:
        """Read the agent's table list now, if the answers about the run name no tables.

        If the read fails, the run and its known tables stay as they are, and the list is read again later.

        Args:
            watch: the run.
            if_room: send nothing if that would delay a poll; the poller then reads the list later.
        """
        operations, plan = watch.operations, watch.schedule
        if operations is None or plan is None or not wants_table_list(watch.state):
            return
        if if_room and self._limiter(operations).wait(self.clock.monotonic()):
            return
        watch.schedule = plans.list_sent(plan)
        watch.update(*await self._read_list(watch, operations, watch.state))

    async def allow(self, operations: Operations, *, urgent: Callable[[], bool] = lambda: False) -> None:
        """Wait until the rate limit has room for a request that is not a check, such as a page of leads.

        The request is then already counted: set `is_counted` before you send it. Background loop only.

        Args:
            operations: the API that receives the request.
            urgent: returns whether a user waits for the answer now; if not, the request comes after all checks. It is
                called at each plan: after a change, call `wake`.
        """
        await self._until_allowed(operations, low_priority=True, urgent=urgent)

    def refused_for(self, operations: Operations) -> float:
        """Return the seconds for which the server refuses all requests of a client; 0 if it accepts them."""
        return self._limiter(operations).refused_for(self.clock.monotonic())

    def note_row_progress(self, organization: Traffic, table_id: str, progress: RowProgress | None) -> None:
        """Note in each run with this table how many of the table's rows have been read. Background loop only."""
        for watch in self.watched():
            if watch.operations is not None and watch.operations.traffic is organization:
                watch.update(RowsRead(table_id, progress))

    def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._wake = asyncio.Event()
            self._task = loop.create_task(self._run(), name="origami-widgets poller")
        elif self._wake is not None:
            self._wake.set()

    def wake(self) -> None:
        """Plan the next requests anew; from any thread."""
        wake, task = self._wake, self._task
        # Without a running poller there is nothing to wake, and no thread must start. Its loop may just be ending.
        if wake is not None and task is not None and not task.done():
            with contextlib.suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(wake.set)

    def abandon(self) -> None:
        """Discard a poller whose loop does not exist in this process."""
        self._task = self._wake = None
        for watch in list(self._watches.values()):
            # The parent process reads those rows and sees the end of it; this one never would.
            watch.state = replace(watch.state, row_progress={})

    async def _run(self) -> None:
        wake = self._wake
        if wake is None:  # pragma: no cover - `_poll` sets it before it starts this task
            return
        while True:
            try:
                if not await self._send_next(wake):
                    self._task = None
                    return
            except Exception:
                # Whatever a host's event loop raises: without this task no card would ever change again.
                log.exception("Polling failed, and goes on")
                await asyncio.sleep(AFTER_FAILURE)

    async def _send_next(self, wake: asyncio.Event) -> bool:
        """Send the next request, or sleep until it is due. Return False if there is none."""
        wake.clear()
        now = self.clock.monotonic()
        wait, request = next_request(
            self._requests(), now, others_first=self._others_first, passed_over=self._passed_over
        )
        if request is None and not self._checks:
            return False
        if wait is not None and request is not None and wait <= 0:
            self._others_first = request.urgent
            self._passed_over = 0 if request.low_priority else self._passed_over + 1
            self._admit(request, now)
        # A sleeping poller must not keep a run alive that has no handle.
        del request
        if wait is None or wait > 0:
            self.show_delays(now)
            away = await self.clock.sleep(wait, wake)
            if away:
                self._wake_up(away)
        return True

    def _wake_up(self, away: float) -> None:
        """Check again after the machine was suspended: connections are gone, and users want to see changes now."""
        for task in self._checks:
            task.cancel()
        for watch in list(self._watches.values()):
            if watch.operations is not None and watch.schedule is not None:
                watch.operations.renew_connections()
                watch.schedule = plans.wake_up(watch.schedule, away)
                self._plan(watch)

    def show_delays(self, now: float) -> None:
        """Show on each run that the rate limit delays its check."""
        for watch in list(self._watches.values()):
            due = watch.schedule.due if watch.schedule is not None and not watch.checking else None
            if due is not None and now - due > LATE and watch.state.connection.next_at is not None:
                watch.update(Delayed())

    def _limiter(self, operations: Operations) -> RateLimiter:
        """Return the rate limiter for a client's organization. It lives as long as the organization has a client."""
        traffic, clock = operations.traffic, self.clock
        limiter = self._limiters.get(traffic)
        if limiter is None:
            made = limiter = self._limiters[traffic] = self._make_limiter()
            traffic.listen(lambda event, age: made.on_traffic(event, clock.monotonic() - age))
        return limiter

    def _requests(self) -> Iterator[PollRequest[Purpose]]:
        """Yield all requests to send, now or later: checks of runs, table lists, and further tables of checks under way."""
        self._further = [each for each in self._further if not each[0].purpose.done()]
        for further, is_urgent in self._further:
            yield further._replace(urgent=True, low_priority=False) if is_urgent() else further
        limiters: dict[Operations, RateLimiter] = {}
        for watch in self._watches.values():
            plan, operations = watch.schedule, watch.operations
            if plan is None or operations is None or watch.checking:
                continue
            limiter = limiters.get(operations)
            if limiter is None:
                limiter = limiters[operations] = self._limiter(operations)
            if not watch.is_listing and (listed := plans.next_list(plan)) is not None:
                # While answers about a run name no tables, its credits are known from the list alone.
                is_limited = watch.is_limited
                yield PollRequest(ListRead(watch), listed, limiter, low_priority=not is_limited, is_limited=is_limited)
            urgent = watch.hurried or "requested" in (watch.state.cancel, watch.state.stopping)
            # A run is not checked while its list is being read, unless the user waits for the check.
            if (due := plans.next_due(plan)) is None or (watch.is_listing and not urgent):
                continue
            yield PollRequest(watch, due, limiter, urgent, is_limited=watch.is_limited)

    def _admit(self, request: PollRequest[Purpose], now: float) -> None:
        # Counted here, not when it is sent: the next request is admitted before this one has begun.
        request.limiter.count_poll(now)
        match request.purpose:
            case asyncio.Future() as further:
                further.set_result(None)
                return
            case ListRead(watch):
                watch.is_listing = True
                sent = self._list(watch)
            case watch:
                watch.checking, watch.hurried = True, False
                sent = self._check(watch)
        task = asyncio.get_running_loop().create_task(sent, name="origami-widgets check")
        self._checks.add(task)
        task.add_done_callback(self._check_ended)

    def _check_ended(self, task: asyncio.Task[None]) -> None:
        self._checks.discard(task)
        if self._wake is not None:
            self._wake.set()

    async def _check(self, watch: RunWatch) -> None:
        operations, plan = watch.operations, watch.schedule
        if operations is None or plan is None:  # pragma: no cover - such a watch is never planned
            return
        is_counted.set(True)
        try:
            if plan.phase == "cells":
                self._on_success(watch, await self._read_tables(watch, operations))
            else:
                answer = await self._read_run(watch, operations, ("stats",))
                self._on_success(watch, answer.retry_after)
                self._want_list(watch)
        except OrigamiError as error:
            self.note_failure(watch, error)
        except Exception as error:
            # A bug of ours must neither end the checks of a run that costs credits nor repeat them without a pause.
            log.exception("A check of run %s failed", watch.state.run_id)
            self.note_failure(watch, _not_understood(error))
        finally:
            watch.checking = False

    async def _list(self, watch: RunWatch) -> None:
        is_counted.set(True)
        try:
            await self.list_tables(watch)
        finally:
            watch.is_listing = False

    def _want_list(self, watch: RunWatch) -> None:
        if watch.schedule is not None:
            wanted = wants_table_list(watch.state)
            watch.schedule = plans.want_list(watch.schedule, self.clock.monotonic(), wanted=wanted)

    async def _read_run(self, watch: RunWatch, operations: Operations, include: tuple[str, ...]) -> ApiResponse:
        answer = await operations.poll_run(watch.state.agent_id, watch.state.run_id, include=include)
        at = self.clock.time()
        # The digest includes whether there is a `Retry-After`: with an unknown status, its absence means the end.
        digest = (answer.digest, answer.retry_after is not None)
        offset = None if answer.server_date is None else answer.server_date.timestamp() - at
        if offset is not None and abs(offset - watch.state.clock_offset) < DATE_RESOLUTION:
            # `Date` has whole seconds only: a new value each time would redraw every card for nothing.
            offset = None
        # If the server's clock was reset, that is a change even when the answer is the same.
        if digest == watch.response_digest and offset is None:
            watch.update(Heard(at))
            return answer
        run = RunObject.from_raw(answer.body)
        if not run.id and run.status not in KNOWN_STATUSES:
            raise UnexpectedAnswer(
                "Response isn't about a run",
                cause="It has no run id and no valid status.",
                remedy="We'll keep retrying. If it keeps happening, check that base_url leads to Origami.",
                transient=True,
            )
        read = RunRead(
            run,
            at=at,
            keep_polling=answer.retry_after is not None,
            origin=operations.origin,
            clock_offset=offset,
        )
        after = reduce(watch.state, read)
        listed = await self._list_at_end(watch, operations, after) if after.done and wants_table_list(after) else ()
        watch.update(read, *listed)
        watch.response_digest = digest
        return answer

    async def _list_at_end(self, watch: RunWatch, operations: Operations, state: RunState) -> tuple[TablesListed, ...]:
        """Read the table list of a run whose last answer names no tables: those known so far may be outdated.

        The end is reported together with the tables, or the run would seem to have settled. Waits at most
        `END_PATIENCE`.
        """
        try:
            async with time_limit(END_PATIENCE):
                if is_counted.get():
                    await self._until_allowed(operations)
                return await self._read_list(watch, operations, state)
        except TimeoutError:
            return ()

    async def _read_list(self, watch: RunWatch, operations: Operations, state: RunState) -> tuple[TablesListed, ...]:
        """Read the agent's table list. Return () if neither the list nor the run has changed, or if the list cannot be read."""
        retry_after: float | None = None
        listed: tuple[TablesListed, ...] = ()
        failed = False
        try:
            answer = await operations.poll_agent_tables(state.agent_id, include=("stats",))
            retry_after, heard = answer.retry_after, (answer.digest, watch.response_digest)
            if heard != watch.list_digest or state.done:
                listed = (TablesListed(Page.of(Table, answer.body).items, at=self.clock.time()),)
                watch.list_digest = heard
        except OrigamiError as error:
            failed, retry_after = True, error.retry_after
        except Exception:
            log.exception("The tables of agent %s couldn't be read", state.agent_id)
            failed = True
        if watch.schedule is not None:
            is_empty = not (listed[0].tables if listed else state.tables)
            watch.schedule = plans.on_list(
                watch.schedule,
                retry_after,
                self.clock.monotonic(),
                failed=failed,
                is_empty=is_empty,
                limited=self._limited(watch),
            )
        return listed

    async def _read_tables(self, watch: RunWatch, operations: Operations) -> float | None:
        """Read all filling tables. Return the longest `Retry-After` of the answers; None if no answer had one."""
        waits: list[float] = []
        filling = [table.id for table in watch.state.tables if table.cells.running]
        # A table that could not be read comes last, so that it does not block the others.
        filling.sort(key=lambda table_id: table_id in watch.failing)
        for at, table_id in enumerate(filling):
            if at > 0:
                await self._until_allowed(operations, is_limited=watch.is_limited)
            watch.failing.add(table_id)
            try:
                answer = await operations.poll_table(table_id, include=("stats",))
            except TableNotFound:
                watch.update(TableGone(table_id, at=self.clock.time()))
            else:
                watch.update(TableRead(Table.from_raw(answer.body), at=self.clock.time()))
                if answer.retry_after is not None:
                    waits.append(answer.retry_after)
            watch.failing.discard(table_id)
        return max(waits, default=None)

    async def _until_allowed(
        self,
        operations: Operations,
        *,
        low_priority: bool = False,
        is_limited: bool = False,
        urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait until the poller admits one more request."""
        further = asyncio.get_running_loop().create_future()
        now, limiter = self.clock.monotonic(), self._limiter(operations)
        request = PollRequest(further, now, limiter, low_priority=low_priority, is_limited=is_limited)
        self._further.append((request, urgent))
        # The poller may have stopped: the runs of a card can have ended long ago.
        self._poll()
        await further

    def _on_success(self, watch: RunWatch, retry_after: float | None) -> None:
        if watch.schedule is None:
            return
        filling = sum(1 for table in watch.state.tables if table.cells.running)
        phase: plans.Phase = "run" if not watch.state.done else "cells" if filling else "over"
        result = plans.Checked(phase, retry_after=retry_after, tables=filling, limited=self._limited(watch))
        watch.schedule = plans.on_result(watch.schedule, result, self.clock.monotonic())
        self._plan(watch)

    async def read_tables(self, watch: RunWatch) -> None:
        """Read all tables of a run that has settled. What cannot be read stays as it is."""
        for table in watch.state.tables:
            if watch.operations is not None:
                await self._until_allowed(watch.operations, is_limited=True)
                is_counted.set(True)
                with contextlib.suppress(OrigamiError):
                    answer = await watch.operations.poll_table(table.id, include=("stats",))
                    watch.update(TableRead(Table.from_raw(answer.body), at=self.clock.time()))

    def _limited(self, watch: RunWatch) -> int:
        """Count the runs with a credit limit that have not settled; 0 if this run has none."""
        if not watch.is_limited:
            return 0
        return sum(each.is_limited and not each.state.settled for each in self.watched())

    def note_failure(self, watch: RunWatch, error: OrigamiError) -> None:
        """After a failed check, plan the next one or stop, depending on the error. Background loop only."""
        if watch.schedule is None:
            return
        watch.schedule = plans.on_result(watch.schedule, plans.Failed(error), self.clock.monotonic())
        # The error is kept without its frames: they hold the answer and the watch, which would outlive its last handle.
        self._plan(watch, CheckFailed(error.with_traceback(None), at=self.clock.time()))

    def _plan(self, watch: RunWatch, *events: CheckFailed) -> None:
        plan = watch.schedule
        if plan is None:
            return
        next_at = None if plan.due is None else self.clock.time() + plan.due - self.clock.monotonic()
        interval = plan.interval if plan.due is not None else None
        watch.update(*events, Planned(next_at, interval, stopped=plan.stopped))


def _not_understood(error: Exception) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        "Couldn't read the response",
        cause=f"{type(error).__name__}: {error}",
        remedy="We'll keep retrying. If it keeps happening, please report it: run.raw has the newest response.",
        transient=True,
    )


current: Poller | None = None


def poller() -> Poller:
    """Return the poller of this process."""
    global current  # noqa: PLW0603 - one poller for the process is the point
    if current is None:
        current = Poller()
    return current


def _forget_in_child() -> None:
    """Start with a new poller after a fork: the parent's loop and tasks do not run in the child."""
    global current  # noqa: PLW0603 - see `poller`
    if current is not None:
        current.abandon()
    current = None


row_progress.subscribe(lambda *progress: poller().note_row_progress(*progress))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
