"""The one poller of the process: it asks about every watched run, within one budget, on the background loop."""

from __future__ import annotations

import asyncio
import os
import weakref
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.api.loop import background
from origami_widgets.api.models import RunObject, Table
from origami_widgets.run import schedule as plans
from origami_widgets.run.budget import Budget
from origami_widgets.run.clock import Clock, SystemClock
from origami_widgets.run.state import CheckFailed, Heard, Planned, RunRead, RunState, TableRead
from origami_widgets.run.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Hashable

    from origami_widgets.api.answer import Answer
    from origami_widgets.api.operations import Operations


DATE_RESOLUTION = 2.0
"""Seconds by which a clock offset from `Date`, which has whole seconds, may differ from another for no reason."""


class Hub:
    """Polls every live watch when its plan says so.

    A watch lives as long as a handle or card holds it; the hub holds it weakly, so that a forgotten run is not asked
    about any more, and its task ends when nothing is left to ask.

    Args:
        clock: the clock to plan with.
        budget: how many requests the polls may send.
    """

    def __init__(self, clock: Clock | None = None, budget: Budget | None = None) -> None:
        self.clock = clock or SystemClock()
        self._budget = budget or Budget()
        self._watches: weakref.WeakValueDictionary[Hashable, Watch] = weakref.WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None
        self._checks: set[asyncio.Task[None]] = set()
        self._wake: asyncio.Event | None = None

    async def watch(self, operations: Operations, agent_id: str, run_id: str, *, started: RunObject | None) -> Watch:
        """The watch of a run: the one that exists, or a new one.

        Args:
            operations: the API through which the run is read.
            agent_id: the agent's id.
            run_id: the run's id.
            started: the run object of the POST answer when this process started the run.
        """
        key = (operations.identity, agent_id, run_id)
        known = self._watches.get(key)
        if known is not None and not (known.state.run is None and known.state.connection.state == "stopped"):
            return known
        state = RunState(agent_id=agent_id, run_id=run_id, origin=operations.origin)
        watch = Watch(operations, state, plans.begin(self.clock.monotonic(), fresh=started is not None))
        if started is not None:
            watch.update(RunRead(started, at=self.clock.time(), keep_polling=True))
        self._watches[key] = watch
        self._plan(watch)
        weakref.finalize(watch, self._wake_up_from_anywhere).atexit = False
        self._poll()
        return watch

    def hurry(self, watch: Watch) -> None:
        """Check a run now, because a person asked; a stopped watch starts again. Background loop only."""
        if watch.schedule is not None and watch.operations is not None:
            watch.schedule = plans.hurry(watch.schedule, self.clock.monotonic())
            self._plan(watch)
            self._poll()

    async def check(self, watch: Watch, include: tuple[str, ...] = ("stats",)) -> None:
        """Read a run once, outside its plan, and raise what goes wrong.

        Raises:
            OrigamiError: the read failed; the plan is unchanged.
        """
        if watch.operations is not None:
            answer = await self._read_run(watch, watch.operations, include)
            self._on_success(watch, answer.retry_after)

    async def first_check(self, watch: Watch) -> None:
        """Read a run for the first time. A passing fault is left to the plan, which asks again.

        Raises:
            OrigamiError: asking again cannot help; the watch is given up.
        """
        try:
            await self.check(watch)
        except OrigamiError as error:
            self._on_failure(watch, error)
            if watch.schedule is not None and watch.schedule.stopped:
                raise

    def _poll(self) -> None:
        if self._task is None or self._task.done():
            self._wake = asyncio.Event()
            self._task = asyncio.get_running_loop().create_task(self._run(), name="origami-widgets poller")
        elif self._wake is not None:
            self._wake.set()

    def _wake_up_from_anywhere(self) -> None:
        wake = self._wake
        if wake is not None:
            background().call_soon(wake.set)

    async def _run(self) -> None:
        wake = self._wake
        if wake is None:  # pragma: no cover - `_poll` sets it before it starts this task
            return
        while True:
            wake.clear()
            now = self.clock.monotonic()
            waits = [self._seconds_until(watch, now) for watch in self._watches.values() if not watch.checking]
            planned = [wait for wait in waits if wait is not None]
            if not planned and not self._checks:
                self._task = None
                return
            pause = max(min(planned), self._budget.wait(now)) if planned else None
            if pause is not None and pause <= 0:
                self._start_check(now)
            else:
                await self.clock.sleep(pause, wake)

    @staticmethod
    def _seconds_until(watch: Watch, now: float) -> float | None:
        due = plans.next_due(watch.schedule) if watch.schedule is not None else None
        return None if due is None else due - now

    def _start_check(self, now: float) -> None:
        """Start the check that has waited longest, so that no run is starved by the others."""
        idle = [(self._seconds_until(watch, now), watch) for watch in self._watches.values() if not watch.checking]
        watch = min(((wait, watch) for wait, watch in idle if wait is not None), key=lambda pair: pair[0])[1]
        watch.checking = True
        # Counted here and not when it is sent: the next check is admitted before this one has begun.
        self._budget.spend(now)
        task = asyncio.get_running_loop().create_task(self._check(watch), name="origami-widgets check")
        self._checks.add(task)
        task.add_done_callback(self._check_ended)

    def _check_ended(self, task: asyncio.Task[None]) -> None:
        self._checks.discard(task)
        if self._wake is not None:
            self._wake.set()

    async def _check(self, watch: Watch) -> None:
        operations, plan = watch.operations, watch.schedule
        if operations is None or plan is None:  # pragma: no cover - such a watch is never planned
            return
        try:
            if plan.phase == "cells":
                await self._read_tables(watch, operations)
                self._on_success(watch, None)
            else:
                answer = await self._read_run(watch, operations, ("stats",))
                self._on_success(watch, answer.retry_after)
        except OrigamiError as error:
            self._on_failure(watch, error)
        finally:
            watch.checking = False

    async def _read_run(self, watch: Watch, operations: Operations, include: tuple[str, ...]) -> Answer:
        answer = await operations.poll_run(watch.state.agent_id, watch.state.run_id, include=include)
        at = self.clock.time()
        if answer.digest == watch.digest:
            watch.update(Heard(at))
            return answer
        run = RunObject.from_raw(answer.body)
        if run.id and run.id != watch.state.run_id:
            raise UnexpectedAnswer(
                "The answer is about another run",
                cause=f"Asked for {watch.state.run_id}, the answer names {run.id}.",
                remedy="Nothing to do: it is asked again. If it stays, a proxy between here and Origami mixes answers up.",
                transient=True,
            )
        offset = None if answer.server_date is None else answer.server_date.timestamp() - at
        if (
            offset is not None
            and watch.state.run is not None
            and abs(offset - watch.state.clock_offset) < DATE_RESOLUTION
        ):
            # `Date` has whole seconds only: a new value each time would redraw every card for nothing.
            offset = None
        watch.update(
            RunRead(
                run,
                at=at,
                keep_polling=answer.retry_after is not None,
                origin=operations.origin,
                clock_offset=offset,
            )
        )
        watch.digest = answer.digest
        return answer

    async def _read_tables(self, watch: Watch, operations: Operations) -> None:
        filling = [table.id for table in watch.state.tables if table.cells.running]
        for at, table_id in enumerate(filling):
            if at > 0:
                await self._room_for_one_more()
            answer = await operations.poll_table(table_id, include=("stats",))
            watch.update(TableRead(Table.from_raw(answer.body), at=self.clock.time()))

    async def _room_for_one_more(self) -> None:
        never = asyncio.Event()
        while (wait := self._budget.wait(self.clock.monotonic())) > 0:
            await self.clock.sleep(wait, never)
        self._budget.spend(self.clock.monotonic())

    def _on_success(self, watch: Watch, retry_after: float | None) -> None:
        if watch.schedule is None:
            return
        filling = sum(1 for table in watch.state.tables if table.cells.running)
        phase: plans.Phase = "run" if not watch.state.done else "cells" if filling else "over"
        result = plans.Checked(phase, retry_after=retry_after, tables=filling)
        watch.schedule = plans.on_result(watch.schedule, result, self.clock.monotonic())
        self._plan(watch)

    def _on_failure(self, watch: Watch, error: OrigamiError) -> None:
        if watch.schedule is None:
            return
        watch.schedule = plans.on_result(watch.schedule, plans.Failed(error), self.clock.monotonic())
        self._plan(watch, CheckFailed(error, at=self.clock.time()))

    def _plan(self, watch: Watch, *events: CheckFailed) -> None:
        plan = watch.schedule
        if plan is None:
            return
        next_at = None if plan.due is None else self.clock.time() + plan.due - self.clock.monotonic()
        interval = plan.interval if plan.due is not None else None
        watch.update(*events, Planned(next_at, interval, stopped=plan.stopped))


_hub: Hub | None = None


def hub() -> Hub:
    """The poller of this process."""
    global _hub  # noqa: PLW0603 - one poller for the process is the point
    if _hub is None:
        _hub = Hub()
    return _hub


def _forget_in_child() -> None:
    """After a fork the parent's loop and tasks do not run in the child: it begins with a poller of its own."""
    global _hub  # noqa: PLW0603 - see `hub`
    _hub = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
