"""Start a run and watch it, through the queue for a free run slot where all are in use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from origami_widgets.api.either_way import Awaiting, Blocking
from origami_widgets.api.errors import RunPoolFull
from origami_widgets.api.starts.interrupt import Starter, started
from origami_widgets.api.starts.submit import StartJob
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import Queue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.api.starts.spec import StartSpec
    from origami_widgets.run.handle import Run
    from origami_widgets.run.polling.run_watch import RunWatch

USUAL_WAIT = 60.0
"""Seconds to wait for a free slot when the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which nobody is thought to wait for it any more."""


class WatchedJob(StartJob):
    """A start job whose run is watched.

    Args:
        operations: the API.
        spec: what is asked for.
        record: what is known of it; None when it was never sent.

    Attributes:
        once: the name of `once=` that its conversation has; empty for none.
        queue: what is waited for while all run slots are in use, None while nothing is.
        adopt: makes the run that was started one that is watched; None where nothing else follows from it.
        watch: the run that came of it, once it is watched.
    """

    def __init__(self, operations: Operations, spec: StartSpec, record: StartRecord | None = None) -> None:
        super().__init__(operations, spec, record, sleep=_sleep)
        self.once = ""
        self.queue: Queue | None = None
        self.watch: RunWatch | None = None
        self.adopt: Callable[[RunObject], Awaitable[RunWatch]] | None = None

    async def carry_out(self, *, queue: bool, tell: Callable[[Queue | None], object] = lambda _queue: None) -> RunWatch:
        """Start the run, once, and watch it.

        Args:
            queue: when all run slots are in use, wait for a free one instead of failing.
            tell: told what is waited for, and None when it is sent again.

        Raises:
            RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
            AmbiguousStart: a run may have been started, and was not found.
            OrigamiError: the run was not started.
        """
        clock = poller().clock
        until = clock.monotonic() + LONGEST_QUEUE
        while True:
            try:
                # One that was found since is not asked for again: the server may have forgotten the key.
                return await self._adopted(await self.begin() if self.run is None else self.run)
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                if not queue or self.withdrawn.is_set() or clock.monotonic() + wait > until:
                    raise
                self.queue = Queue(wait, full.limit)
                tell(self.queue)
                await clock.sleep(wait, self.withdrawn)
                if self.withdrawn.is_set():
                    raise
                self.queue = None
                tell(None)

    async def found(self) -> RunWatch | None:
        """The run of an attempt that was made before, watched; None where it is not found. Sends GETs only.

        Raises:
            AmbiguousStart: nobody could look, or several runs fit.
        """
        await self.looked_for()
        return self.watch

    async def _adopted(self, run: RunObject) -> RunWatch:
        if self.watch is None and self.adopt is not None:
            self.watch = await self.adopt(run)
        if self.watch is None:
            self.watch = await poller().watch(self._operations, self.agent_id, run.id, started=run)
        return self.watch

    async def hand_over(self) -> Run | None:
        """The handle on the run."""
        from origami_widgets.run.handle import Run

        if self.run is None:
            return None
        found = Run(await self._adopted(self.run))
        # So that what follows on it is sent once, as after the call that should have returned it.
        found.conversation.once = found.conversation.once or self.once
        return found

    async def cancel(self) -> None:
        """Ask the server to cancel the run, where its card can tell of it."""
        from origami_widgets.run import cancelling

        if self.run is not None:
            await cancelling.cancel(await self._adopted(self.run))


class QueueingStarter(Starter, Blocking):
    """For code that blocks: a starter that says once that it waits for a free slot."""

    def __init__(self) -> None:
        super().__init__()
        self._has_told = False

    def meanwhile(self) -> None:
        """Say it."""
        self._has_told = self._has_told or tell_of_the_queue(self.job)

    async def fulfil(self, job: WatchedJob, coroutine: Coroutine[Any, Any, RunWatch]) -> RunWatch:
        """Block until the run is started."""
        return self.run(job, coroutine)


class AwaitingStarter(Awaiting):
    """The same for an event loop. A task that is cancelled leaves the run alone, and its exception finds it."""

    def __init__(self) -> None:
        self._has_told = False

    async def fulfil(self, job: WatchedJob, coroutine: Coroutine[Any, Any, RunWatch]) -> RunWatch:
        """Await the start of the run."""

        def meanwhile() -> None:
            self._has_told = self._has_told or tell_of_the_queue(job)

        watch: RunWatch = await started(job, coroutine, meanwhile)
        return watch


AnyStarter = QueueingStarter | AwaitingStarter


def tell_of_the_queue(job: StartJob | None) -> bool:
    """Say that a free slot is waited for, where it is; whether it was said."""
    queue = job.queue if isinstance(job, WatchedJob) else None
    if queue is None:
        return False
    print(  # noqa: T201 - a silent wait looks like a hang
        f"{queue.reason}. Waiting for a free one, asking again in {queue.wait:.0f} s; this costs "
        "nothing. Interrupt to leave the queue."
    )
    return True


async def _sleep(seconds: float) -> None:
    await poller().clock.sleep(seconds, asyncio.Event())
