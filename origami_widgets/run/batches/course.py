"""The course of a batch: which of its briefs wait, which are being started, and which have a run.

State changes on the background loop only; anyone may read it at any time. The briefs are started one after the other:
which of two requests has started a run is then never open for more than one of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.api.starts.spec import StartSpec
from origami_widgets.run.batches import cancelling
from origami_widgets.run.batches.doubt import not_understood, unclear
from origami_widgets.run.batches.orders import Order
from origami_widgets.run.batches.remains import Remains
from origami_widgets.run.batches.tasks import goes_on_here, kept
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starting import WatchedJob
from origami_widgets.run.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.run.batches.briefs import BriefState
    from origami_widgets.run.batches.earlier import Earlier
    from origami_widgets.run.batches.once import Names
    from origami_widgets.run.claims import Brief
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import Queue

log = logging.getLogger("origami_widgets")

USUAL_AT_ONCE = 10
"""Runs of a batch that are active at a time where the plan has no limit, or none is known."""


class Course:
    """What is known of a batch, shared by every handle and board of it, and what drives it.

    Args:
        operations: the API.
        briefs: the briefs, in the order in which they are started.
        wanted: how many runs may be active at a time; None for as many as the plan has run slots.
        names: the names of the briefs for `once=`; None without.
        earlier: the batches that earlier executions of its cell have begun; None without.

    Attributes:
        presentation: a place for whoever shows the batch; nothing here looks at it.
        at_once: how many runs may be active at a time, None until that is known.
        error: what halts it; None while nothing does.
        is_stopped: nothing more is to be started.
        is_unwanted: what has been started is to be cancelled.
        is_looking: runs that were started before, or may have been, are looked for to be cancelled.
        names, earlier: as given.
        remains: what has to be known of it when nobody holds it any more.
        driver: starts its briefs; None before it has begun.
        cancelling: asks the server to cancel its runs; None when nobody wanted that.
    """

    def __init__(
        self,
        operations: Operations,
        briefs: Sequence[Brief],
        wanted: int | None,
        names: Names | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        self.operations = operations
        self.presentation: Any = None
        self.wanted = self.at_once = wanted
        self.error: OrigamiError | None = None
        self.is_stopped = self.is_unwanted = self.is_inherited = self.is_looking = False
        self.remains = Remains()
        self.orders = tuple(Order(position, brief) for position, brief in enumerate(briefs))
        self.names = names
        self.earlier = earlier
        self.driver: asyncio.Task[None] | None = None
        self.cancelling: asyncio.Task[OrigamiError | None] | None = None
        self._changed = asyncio.Event()
        self._full_until = 0.0
        self._subscribers = Subscribers()
        _courses.add(self)

    # Reading, from any thread

    @property
    def briefs(self) -> tuple[BriefState, ...]:
        """What has become of each brief."""
        return tuple(order.state for order in self.orders)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that were started, in the order of the briefs."""
        return tuple(state.run for state in self.briefs if state.run is not None)

    @property
    def goes_on(self) -> bool:
        """Whether anything is being started, or going to be, or is looked for."""
        states = {state.state for state in self.briefs}
        halted = self.is_stopped or self.error is not None
        return self.is_looking or bool(states & {"starting", "queued"}) or ("waiting" in states and not halted)

    @property
    def active(self) -> int:
        """How many of its runs are going on; one that cannot be watched any more counts as over."""
        return sum(1 for run in self.runs if not run.done and run.connection.state != "stopped")

    def subscribe(self, callback: Callable[[], object], *, of_user: bool = False) -> Callable[[], None]:
        """Call back after each change of a brief or of any run, on the background loop's thread, or on that for callbacks of users.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        return self._subscribers.add(callback, of_user=of_user)

    # Steering, from any thread

    def go_on(self, wanted: int | None) -> None:
        """Begin, or go on where an error has halted it.

        Args:
            wanted: how many runs may be active at a time from now on; None for as many as the plan has run slots.
        """
        background().call_soon(self._go_on_now, wanted)

    def stop(self) -> None:
        """Start no more. A request that is on its way is not cut off: its answer tells which run there is."""
        # At once, so that nothing is begun any more while this is on its way to the loop.
        self.is_stopped = self.remains.is_stopped = True
        background().call(self.stop_now)

    def resume(self) -> None:
        """Start what was not started.

        Raises:
            InvalidInput: another process starts it.
        """
        if self.is_inherited:
            raise InvalidInput(
                "This batch belongs to another process",
                cause="This process was forked from the one that starts its briefs: started here as well, they would be "
                "paid for twice.",
                remedy="Resume it there, or start what you want here with start_many().",
            )
        background().call(self._resume_now)

    # On the background loop

    async def cancel(self) -> None:
        """Start no more, and ask the server to cancel all that is active; see `cancelling.cancel`."""
        await cancelling.cancel(self)

    def drive(self) -> None:
        """Go on starting, unless that is being done."""
        if goes_on_here(self.driver):
            self._changed.set()
        elif self.goes_on and not self.is_inherited:
            self._changed = asyncio.Event()
            self.driver = kept(asyncio.create_task(self._drive(), name="origami-widgets batch"))

    def keep(self) -> None:
        """Make sure that its briefs go on being started and its runs being watched."""
        for order in self.orders:
            if order.watch is not None:
                poller().keep(order.watch)
        self.drive()

    def abandon(self) -> None:
        """Start nothing in a process that was forked: the one that it was forked from does."""
        # Kept for good: collecting what belongs to a loop that does not exist here would complain about it.
        _inherited.append((self.driver, self.cancelling, self._changed))
        self.driver = self.cancelling = None
        self._changed = asyncio.Event()
        self.is_inherited = self.is_stopped = True
        for order in self.orders:
            if order.state.state in ("waiting", "starting", "queued"):
                order.update(state="stopped", queue=None)

    async def _drive(self) -> None:
        if self.earlier is not None:
            await self.earlier.hand_over(self)
        if self.names is not None:
            await self._attach_known(self.names)
        clock = poller().clock
        while (order := self._next()) is not None:
            if self.at_once is None:
                self.at_once = await self._run_slots()
            self._changed.clear()
            if self.active >= self.at_once:
                await self._changed.wait()
            elif (wait := self._full_until - clock.monotonic()) > 0:
                # It was told when to ask again before it was stopped and resumed.
                await clock.sleep(wait, self._changed)
            else:
                self._update(order, state="starting", error=None)
                await self._attempt(
                    order, self.carry_out(order) if self.names is None else self.names.start(order, self)
                )
        self._subscribers.tell()

    def _next(self) -> Order | None:
        """The brief whose turn it is. One that may have a run already comes first: else there might be one too many."""
        if self.is_stopped or self.error is not None:
            return None
        waiting = [order for order in self.orders if order.is_waiting]
        return next((order for order in waiting if order.may_have_started), waiting[0] if waiting else None)

    async def _run_slots(self) -> int:
        try:
            slots = (await self.operations.get_account()).capabilities.concurrent_agents
        except OrigamiError:
            # If that is in the way of a start as well, the start tells.
            slots = None
        return slots if slots is not None and slots > 0 else USUAL_AT_ONCE

    async def _attach_known(self, names: Names) -> None:
        """Find what was started before, so that the rest is not started beside it."""
        for order in self.orders:
            if order.is_waiting and self._next() is not None:
                await self._attempt(order, names.find_known(order, self))

    async def _attempt(self, order: Order, finding: Awaitable[RunWatch | None]) -> None:
        try:
            watch = await finding
        except OrigamiError as error:
            self._failed(order, error)
        except asyncio.CancelledError:
            # The loop ends.
            self._update(order, state="waiting", queue=None)
            raise
        except Exception as error:
            # A mistake of ours must not leave a batch behind that says for ever that it is starting.
            log.exception("Brief %d of a batch could not be started", order.state.position)
            self._failed(order, not_understood(error))
        else:
            if watch is not None:
                self.take(order, watch)
                self.tell()

    async def carry_out(self, order: Order, record: StartRecord | None = None) -> RunWatch:
        """Start the run of a brief and watch it.

        Args:
            order: the brief.
            record: what is known of its start; None for what its own job knows.

        Raises:
            OrigamiError: it was not started.
        """
        job = order.job
        if job is None or record is not None:
            job = self.keep_record(order, record)
        if self.is_stopped:
            job.withdrawn.set()

        def tell(queue: Queue | None) -> None:
            self._full_until = 0.0 if queue is None else poller().clock.monotonic() + queue.wait
            self._update(order, state="starting" if queue is None else "queued", queue=queue)

        return await job.carry_out(queue=True, tell=tell)

    def new_job(self, order: Order, record: StartRecord | None = None) -> WatchedJob:
        """A start job for a brief; `record` as in `StartJob`."""
        prompt, name, model, tables = order.brief
        job = WatchedJob(self.operations, StartSpec(prompt, name=name, model=model, focus_tables=tables), record)
        job.once = self.names.once if self.names is not None else ""
        return job

    def keep_record(self, order: Order, record: StartRecord | None) -> WatchedJob:
        """Give a brief a start job with this record, which is remembered when the batch is not held any more."""
        job = order.job = self.new_job(order, record)
        self.remains.jobs[order.state.position] = job.slot
        return job

    def drop_job(self, order: Order) -> None:
        """Forget the start job of a brief: its run was taken, there is none, or a later batch looks for it."""
        order.job = None
        self.remains.jobs.pop(order.state.position, None)

    def take(self, order: Order, watch: RunWatch) -> None:
        """Take the run of a brief, and be told of its changes."""
        run = Run(watch, order.conversation)
        if self.names is not None:
            # What follows on it is then sent once as well.
            run.conversation.once = run.conversation.once or self.names.once
        order.watch, order.conversation = watch, None
        self.drop_job(order)
        order.update(state="started", run=run, error=order.unrecorded, queue=None)
        began = run.state.run.started_at if run.state.run is not None else None
        at = poller().clock.time() if began is None else began.timestamp()
        self.remains.started[order.state.position] = (run.agent_id, run.id, at)
        # Weak, or a run would keep the batch alive, which keeps the run alive: polled for ever.
        course = weakref.ref(self)

        def tell() -> None:
            if (known := course()) is not None:
                known.tell()

        run.conversation.subscribe(tell)

    def tell(self) -> None:
        """Something has changed."""
        self._changed.set()
        self._subscribers.tell()

    def _failed(self, order: Order, error: OrigamiError) -> None:
        # Its frames hold it and the batch, in a circle: what nobody holds any more would go on being asked about.
        error.with_traceback(None)
        was_withdrawn = order.job is not None and order.job.withdrawn.is_set()
        if not order.may_have_started:
            self.drop_job(order)
        elif order.job is not None:
            order.job.withdrawn.clear()
        if order.may_have_started:
            error = unclear(order, error)
        if self.is_stopped or order.is_given_away:
            self._update(order, state="stopped", error=error if order.may_have_started else None, queue=None)
        elif was_withdrawn:
            # It was stopped and resumed meanwhile.
            self._update(order, state="waiting", queue=None)
        else:
            self.error = error
            self._update(order, state="failed", error=error, queue=None)

    def give_away(self, order: Order) -> None:
        """Leave a brief to a later batch; what is on its way is not cut off. Background loop only."""
        order.is_given_away = True
        self.remains.given_away.add(order.state.position)
        if order.state.state in ("waiting", "failed"):
            order.update(state="stopped")
        if all(state.state in ("started", "stopped") for state in self.briefs):
            self.stop_now()
        self.tell()

    def stop_now(self) -> None:
        """Start no more. Background loop only."""
        self.is_stopped = self.remains.is_stopped = True
        # What was in the way of the others is in nobody's way any more.
        self.error = None
        for order in self.orders:
            if order.job is not None:
                order.job.withdrawn.set()
            if order.state.state in ("waiting", "failed"):
                # Why it was not started stays said.
                order.update(state="stopped")
        self.tell()

    def _go_on_now(self, wanted: int | None) -> None:
        self.wanted = self.at_once = wanted
        if self.error is not None and not self.is_inherited:
            self._resume_now()
        else:
            self.drive()

    def _resume_now(self) -> None:
        self.is_stopped = self.is_unwanted = self.remains.is_stopped = self.remains.is_unwanted = False
        self.error, self.at_once = None, self.wanted
        for order in self.orders:
            if order.state.state in ("failed", "stopped") and not order.is_given_away:
                order.update(state="waiting", error=None)
        self.drive()
        self.tell()

    def _update(self, order: Order, **changes: Any) -> None:
        order.update(**changes)
        self.tell()


_courses: weakref.WeakSet[Course] = weakref.WeakSet()
_inherited: list[object] = []


def _abandon_in_child() -> None:
    """After a fork the parent's tasks do not run in the child, and must not: each brief would be paid for twice."""
    for course in list(_courses):
        course.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_in_child)
