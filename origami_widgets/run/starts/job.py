"""`WatchedJob`: a start job that waits for a free run slot, and whose run is watched once it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import OrigamiError, RunPoolFull
from origami_widgets.api.starts.record import Started
from origami_widgets.api.starts.submit import StartJob
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import Subscribers
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.state import Attached, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import RecordSlot
    from origami_widgets.api.starts.spec import StartSpec
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.credit_limit import CreditLimit

USUAL_WAIT = 60.0
"""Seconds to wait for a free slot when the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""


class WatchedJob(StartJob):
    """A start job whose run is watched.

    Args:
        operations: the API.
        spec: what is asked for.
        make_run: makes the handle on the run, from its watch and its conversation.
        follow_up: what the run continues; None for a new agent.
        queues: when all run slots are in use, wait for a free one instead of failing.

    Attributes:
        credit_limit: what its run may use; None for as much as it wants.
        earlier: records of the same start by earlier executions of its cell, whose runs may still be going on.
        watch: the run, once it is known.
        handle: the handle on it.
        queue: what it waits for while all run slots are in use, else None.
        subscribers: are notified of each change.
    """

    def __init__(
        self,
        operations: Operations,
        spec: StartSpec,
        make_run: Callable[[RunWatch, Conversation], Any],
        *,
        follow_up: FollowUp | None = None,
        queues: bool = True,
    ) -> None:
        super().__init__(operations, spec)
        self.credit_limit: CreditLimit | None = None
        self.earlier: list[RecordSlot] = []
        self.watch: RunWatch | None = None
        self.handle: Any = None
        self.queue: Queue | None = None
        self.subscribers = Subscribers()
        self._make_run = make_run
        self._follow_up = follow_up
        self._once = ""
        self._queues = queues
        self._not_before = 0.0

    async def find_known(self) -> bool:
        """Take the run of an equal start that was made before, if it still goes on; whether there is one. Starts nothing.

        The record of one that may have a run which is not known is taken as well: that run is then looked for first.

        Raises:
            OrigamiError: what is known cannot be read, or is gone.
        """
        while self.earlier:
            watch = await self.earlier_run()
            if watch is not None and goes_on(watch):
                self.attach(watch)
                return True
            if self.record.outcome_unknown:
                break
        return False

    async def earlier_run(self) -> RunWatch | None:
        """The run of the next earlier record, watched; None where it has none that is known or can be read."""
        record = self.earlier.pop(0).record
        if record.state != "started":
            if record.may_have_started:
                self.slot.record = record
            return None
        watch = await poller().watch(self._operations, record.agent_id, record.run_id, started=None)
        if watch.state.run is None:
            try:
                await poller().first_check(watch)
            except OrigamiError:
                return None
        return watch

    def attach(self, watch: RunWatch) -> None:
        """Take a run that this cell has started before."""
        run = watch.state.run
        at = run.started_at.timestamp() if run is not None and run.started_at is not None else poller().clock.time()
        watch.update(Attached(at, by="cell"))
        self._apply(Started(watch.state.agent_id, watch.state.run_id))
        self._take_watch(watch)

    def limit(self, credit_limit: CreditLimit | None) -> None:
        """Cancel the run when it uses more credits, now and whenever it is known; None changes nothing."""
        self.credit_limit = credit_limit or self.credit_limit
        if self.credit_limit is not None and self.watch is not None:
            self.credit_limit.guard(self.watch)

    async def hand_over(self) -> Any:
        """The handle on the run; None where there is no run."""
        if self.watch is None and self.run is not None:
            agent_id = self.agent_id
            self._take_watch(await poller().watch(self._operations, agent_id, self.run.id, started=self.run))
        return self.handle

    async def cancel(self) -> None:
        """Ask the server to cancel the run, where its card can tell of it."""
        if self.run is not None:
            await self.hand_over()
        if self.watch is not None:
            await cancel(self.watch)

    def _take_watch(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        if self._follow_up is not None:
            self._follow_up.go_on_with(watch)
            conversation = self._follow_up.conversation
        conversation = conversation or conversation_of(watch)
        # So that what follows on it is sent once, too.
        conversation.once = conversation.once or self._once
        conversation.subscribers.relay_to(self.subscribers)
        self.handle = self._make_run(watch, conversation)
        self.watch = watch
        self.limit(self.credit_limit)
        self.subscribers.notify()

    async def _go(self) -> None:
        try:
            await super()._go()
        finally:
            self.queue, self.notice = None, ""
            self.subscribers.notify()

    async def begin(self) -> None:
        """Start the run, and wait for a free run slot where all are in use.

        Raises:
            RunPoolFull: all run slots are in use, and it is not or no longer waited for one.
            InvalidInput: it is a follow-up, and another one is being sent, or its questions were answered before.
            OrigamiError: as `StartJob.begin`.
        """
        follow_up = self._follow_up
        if follow_up is None:
            await self._queue_and_begin()
        # Found before its questions count as answered: by nothing but this very run.
        elif not (self.record.outcome_unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self._queues else None):
                await self._queue_and_begin()

    async def _queue_and_begin(self) -> None:
        clock = poller().clock
        until = clock.monotonic() + LONGEST_QUEUE
        while True:
            if (wait := self._not_before - clock.monotonic()) > 0:
                # It was told when to ask again before it was withdrawn.
                await clock.sleep(wait, self.withdrawn)
            try:
                # One that was found since is not asked for again: the server may have forgotten the key.
                if self.run is None:
                    if self.credit_limit is not None:
                        await self.credit_limit.note_before(self._operations, self.spec.focus_tables)
                    await super().begin()
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                self._not_before = clock.monotonic() + wait
                if not self._queues or self.withdrawn.is_set() or self._not_before > until:
                    raise
                self._wait_for_slot(Queue(wait, full.limit))
                await clock.sleep(wait, self.withdrawn)
                if self.withdrawn.is_set():
                    raise
                self._wait_for_slot(None)
            else:
                await self.hand_over()
                return

    def _wait_for_slot(self, queue: Queue | None) -> None:
        self.queue = queue
        self.notice = (
            ""
            if queue is None
            else f"{queue.reason}. Waiting for a free one, asking again in {queue.wait:.0f} s; this costs nothing. "
            "Interrupt to leave the queue."
        )
        if self._follow_up is not None:
            self._follow_up.waits(queue)
        self.subscribers.notify()


def goes_on(watch: RunWatch) -> bool:
    """Whether a run is running and was not asked to cancel."""
    return not watch.state.done and watch.state.cancel != "requested"
