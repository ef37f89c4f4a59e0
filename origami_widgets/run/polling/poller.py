"""`Poller`: checks every watched run of the process on the background loop, within the rate limits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import weakref
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.usage import Traffic, is_counted
from origami_widgets.host.runtime import SystemClock
from origami_widgets.run.polling import schedule as plans
from origami_widgets.run.polling.run_watch import Checks, RunWatch
from origami_widgets.run.polling.schedule import PollRequest, RateLimiter, next_request
from origami_widgets.run.reduce import Delayed, RunRead, wants_table_list
from origami_widgets.run.state import RunState

if TYPE_CHECKING:
    from origami_widgets.api.models.run import RunObject
    from origami_widgets.api.operations import Operations


log = logging.getLogger("origami_widgets")


LATE = 2.0
"""Seconds that a check may be late before its run shows the delay: users see when the next check is planned."""
AFTER_FAILURE = 1.0
"""Seconds until the poller goes on after an exception that should not have happened."""


class Poller:
    """Checks each watched run when its schedule says so.

    A run is watched as long as a handle or card holds its watch. The poller holds the watch weakly: a run without a
    handle or card is no longer checked, and the poller's task ends when nothing is left to check.

    Args:
        clock: the clock to plan with.

    Attributes:
        clock: the clock.
        checks: sends the requests of a check.
    """

    def __init__(self, clock: SystemClock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.checks = Checks(self.clock, self.allow, self.watched)
        self._limiters: weakref.WeakKeyDictionary[Traffic, RateLimiter] = weakref.WeakKeyDictionary()
        self._watches: weakref.WeakValueDictionary[Hashable, RunWatch] = weakref.WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None
        self._sent: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Future[None], Callable[[], PollRequest]] = {}
        self._wake = asyncio.Event()

    async def watch(
        self,
        operations: Operations,
        agent_id: str,
        run_id: str,
        *,
        started: RunObject | None,
    ) -> RunWatch:
        """Return the existing watch of a run, or a new one.

        Args:
            operations: the API through which the run is read.
            agent_id: the agent's id.
            run_id: the run's id.
            started: the run object from the answer to the POST, if this process started the run; else None.
        """
        # Users type ids in any case.
        key = (operations.identity, agent_id.lower(), run_id)
        known = self._watches.get(key)
        if known is not None and not (known.state.run is None and known.state.connection.state == "stopped"):
            return known
        state = RunState(agent_id=agent_id, run_id=run_id, origin=operations.origin)
        watch = self._watches[key] = RunWatch(operations, state)
        at, offset = self.clock.time(), operations.clock_offset
        read = [] if started is None else [RunRead(started, at, keep_polling=True, clock_offset=offset)]
        self.checks.plan(watch, plans.begin(self.clock.monotonic(), fresh=started is not None), *read)
        weakref.finalize(watch, self.wake).atexit = False
        self._poll()
        return watch

    def watched(self) -> list[RunWatch]:
        """Return all watched runs; from any thread."""
        # Copies the references in one step, as the loop may add a watch meanwhile.
        return [watch for reference in self._watches.valuerefs() if (watch := reference()) is not None]

    def keep(self, watch: RunWatch) -> None:
        """Make sure that a run is checked, even one inherited from the parent process by a fork."""
        if watch.operations is None:
            return
        if not any(known is watch for known in self._watches.values()):
            watch.reading.clear()
            self._watches[id(watch)] = watch
            weakref.finalize(watch, self.wake).atexit = False
        self._poll()

    def hurry(self, watch: RunWatch) -> None:
        """Check a run now, because the user asked. Stopped checks start again. Background loop only."""
        watch.hurried = True
        self.soon(watch)

    def limit(self, watch: RunWatch) -> None:
        """Check a run before others and without a deadline, as a credit limit relies on it. Background loop only."""
        self.checks.plan(watch, plans.limit(watch.schedule, self.clock.monotonic()))
        self.keep(watch)

    def soon(self, watch: RunWatch) -> None:
        """Check a run at its next turn, after requests that the user waits for. Background loop only."""
        if watch.operations is not None:
            self.checks.plan(watch, plans.hurry(watch.schedule, self.clock.monotonic()))
            self.keep(watch)

    async def check(self, watch: RunWatch, include: tuple[str, ...] = ("stats",)) -> None:
        """Read a run once, outside its schedule. Stopped checks start again.

        Raises:
            InvalidInput: the run was made from a saved answer.
            OrigamiError: the run could not be read; the next check waits as long as the server asks.
        """
        self.keep(watch)
        try:
            # Always with `stats`: an answer without them would wipe the known ones.
            await self.checks.read_run(watch, tuple(dict.fromkeys(("stats", *include))), renew=True)
        except OrigamiError as error:
            # The next check comes no earlier than the server asked for.
            after = plans.hold_off(watch.schedule, error.retry_after, self.clock.monotonic())
            if after is not watch.schedule:
                self.checks.plan(watch, after)
            raise
        # The poller may be asleep beyond the moment that was just planned.
        self._poll()

    async def refresh(self, watch: RunWatch, include: str) -> None:
        """Read a run now, and its tables if answers about it name none. Stopped checks start again.

        Raises:
            InvalidInput: the run was made from a saved answer.
            OrigamiError: the run could not be read.
        """
        await self.check(watch, tuple(include.split(",")) if include else ())
        await self.list_tables(watch)

    async def first_check(self, watch: RunWatch) -> None:
        """Read a run for the first time.

        After a transient error, or while the server refuses all requests, the run's schedule takes over.

        Raises:
            OrigamiError: the run could not be read, and another check would not help; checks have stopped.
        """
        if self.refused_for(watch.connected()):
            self.soon(watch)
            return
        try:
            await self.check(watch)
        except OrigamiError as error:
            self.checks.failed(watch, error)
            if watch.schedule.stopped:
                raise
            self._poll()
        wanted = wants_table_list(watch.state)
        watch.schedule = plans.want_list(watch.schedule, self.clock.monotonic(), wanted=wanted)

    async def list_tables(self, watch: RunWatch, *, if_room: bool = False) -> None:
        """Read the agent's table list now, if the run goes on and the answers about it name no tables.

        If the read fails, the run and its known tables stay as they are, and the list is read again later.

        Args:
            watch: the run.
            if_room: send nothing if that would delay a poll; the poller then reads the list later.
        """
        is_full = if_room and self._limiter(watch.connected()).wait(self.clock.monotonic())
        if not (is_full or watch.state.done) and wants_table_list(watch.state):
            await self._read_list(watch)

    async def _read_list(self, watch: RunWatch) -> None:
        watch.update(*await self.checks.read_list(watch, watch.state))

    async def allow(
        self,
        operations: Operations,
        *,
        low_priority: bool = True,
        limit_at: float | None = None,
        urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait until the rate limit has room for one more request, such as a page of leads.

        The request is then already counted: set `is_counted` before you send it. Background loop only.

        Args:
            operations: the API that receives the request.
            low_priority: whether it comes after all checks.
            limit_at: when a credit limit that relies on the answer is expected to be reached; None if none relies on it.
            urgent: returns whether a user waits for the answer now. It is called at each plan: after a change, call
                `wake`.
        """
        admitted = asyncio.get_running_loop().create_future()
        purpose = functools.partial(admitted.set_result, None)
        now, limiter = self.clock.monotonic(), self._limiter(operations)

        def request() -> PollRequest:
            is_urgent = urgent()
            return PollRequest(purpose, now, limiter, is_urgent, low_priority and not is_urgent, limit_at)

        self._waiting[admitted] = request
        # The poller may have stopped: the runs of a card can have ended long ago.
        self._poll()
        try:
            await admitted
        finally:
            del self._waiting[admitted]

    def refused_for(self, operations: Operations) -> float:
        """Return the seconds for which the server refuses all requests of a client; 0 if it accepts them."""
        return self._limiter(operations).refused_for(self.clock.monotonic())

    def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._wake = asyncio.Event()
            self._task = loop.create_task(self._run(self._wake), name="origami-widgets poller")
        else:
            self._wake.set()

    def wake(self) -> None:
        """Plan the next requests anew; from any thread."""
        task = self._task
        # Without a running poller there is nothing to wake, and no thread must start. Its loop may just be ending.
        if task is not None and not task.done():
            with contextlib.suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(self._wake.set)

    def abandon(self) -> None:
        """Discard a poller whose loop does not exist in this process."""
        self._task = None
        for watch in list(self._watches.values()):
            # The parent process sends that follow-up, and sees the end of it; this one never would.
            watch.state = replace(watch.state, sending="", queue=None)

    async def _run(self, wake: asyncio.Event) -> None:
        goes_on = True
        while goes_on:
            try:
                goes_on = await self._send_next(wake)
            except Exception:
                # Whatever a host's event loop raises: without this task no card would ever change again.
                log.exception("Polling failed, and goes on")
                await asyncio.sleep(AFTER_FAILURE)
        self._task = None

    async def _send_next(self, wake: asyncio.Event) -> bool:
        """Send the next request, or sleep until it is due. Return False if there is none."""
        wake.clear()
        now = self.clock.monotonic()
        wait, request = next_request(self._requests(), now)
        if request is None and not self._sent:
            return False
        if wait is not None and request is not None and wait <= 0:
            # Counted here, not when it is sent: the next request is admitted before this one has begun.
            request.limiter.count_poll(now, urgent=request.urgent, low_priority=request.low_priority)
            request.purpose()
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
        for task in self._sent:
            task.cancel()
        for watch in list(self._watches.values()):
            if watch.operations is not None:
                watch.operations.renew_connections()
                self.checks.plan(watch, plans.wake_up(watch.schedule, away))

    def show_delays(self, now: float) -> None:
        """Show on each run that the rate limit delays its check."""
        for watch in list(self._watches.values()):
            due = None if "run" in watch.reading else watch.schedule.due
            if due is not None and now - due > LATE and watch.state.connection.next_at is not None:
                watch.update(Delayed())

    def _limiter(self, operations: Operations) -> RateLimiter:
        """Return the rate limiter for a client's organization. It lives as long as the organization has a client."""
        traffic, clock = operations.traffic, self.clock
        limiter = self._limiters.get(traffic)
        if limiter is None:
            made = limiter = self._limiters[traffic] = RateLimiter()
            traffic.listen(lambda event, age: made.on_traffic(event, clock.monotonic() - age))
        return limiter

    def _requests(self) -> Iterator[PollRequest]:
        """Yield all requests to send, now or later: checks of runs, table lists, and those that wait in `allow`."""
        yield from (request() for admitted, request in self._waiting.items() if not admitted.done())
        for watch in self._watches.values():
            plan, operations = watch.schedule, watch.operations
            if operations is None or "run" in watch.reading:
                continue
            limiter, limit_at = self._limiter(operations), plan.limit_at
            is_listing = "list" in watch.reading
            if not is_listing and (listed := plans.next_list(plan)) is not None:
                purpose = functools.partial(self._begin, watch, "list")
                yield PollRequest(purpose, listed, limiter, low_priority=limit_at is None, limit_at=limit_at)
            is_for_user = watch.state.limit_error is None and "requested" in (watch.state.cancel, watch.state.stopping)
            urgent = watch.hurried or is_for_user
            # A run is not checked while its list is being read, unless the user waits for the check.
            if plan.due is not None and (urgent or not is_listing):
                purpose = functools.partial(self._begin, watch, "run")
                yield PollRequest(purpose, plan.due, limiter, urgent, limit_at=limit_at if plan.reads_credits else None)

    def _begin(self, watch: RunWatch, what: Literal["run", "list"]) -> None:
        watch.reading.add(what)
        watch.hurried = watch.hurried and what == "list"
        task = asyncio.get_running_loop().create_task(self._read(watch, what), name="origami-widgets check")
        self._sent.add(task)
        task.add_done_callback(self._sent.discard)
        task.add_done_callback(lambda _: self._wake.set())

    async def _read(self, watch: RunWatch, what: Literal["run", "list"]) -> None:
        is_counted.set(True)
        try:
            await (self._read_list(watch) if what == "list" else self.checks.check(watch))
        finally:
            watch.reading.discard(what)


current = Poller()


def poller() -> Poller:
    """Return the poller of this process."""
    return current


def _forget_in_child() -> None:
    """Start with a new poller after a fork: the parent's loop and tasks do not run in the child."""
    global current  # noqa: PLW0603 - one poller for the process is the point
    current.abandon()
    current = Poller()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
