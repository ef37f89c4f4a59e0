"""`StartJob`: start one run, from its first request to its watched run.

A job has owners, the calls that want its run. It first looks for the run that its key stands for: in the start store if
it has a name (`once=`), else in the record of an equal start of its cell. Otherwise its `Request` is sent until the run is
known. When all run slots are in use, the job may wait for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background, is_under_way, kept_task
from origami_widgets.api.base_operations import not_wanted
from origami_widgets.api.errors import OrigamiError, RunPoolFull
from origami_widgets.host.runtime import monotonic, time_limit
from origami_widgets.run.agent_runs import with_later_runs
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import Subscribers, runs_ended
from origami_widgets.run.starts import credit_limit as limits
from origami_widgets.run.starts import reconcile
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.record import MINUTES, RecordSlot, StartRecord, recovered
from origami_widgets.run.starts.request import Request
from origami_widgets.run.starts.store import start_unclear
from origami_widgets.run.starts.stored_name import StoredName
from origami_widgets.run.state import Attached, Named, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.models import RunObject, Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.credit_limit import CreditLimit
    from origami_widgets.run.starts.record import StartSpec
    from origami_widgets.run.starts.store import RegistryUnusable, StoredStart

log = logging.getLogger("origami_widgets")

USUAL_WAIT = 60.0
"""Seconds to wait for a free slot if the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""
READ_BEFORE = 5.0
"""Seconds that a start waits for its focus tables."""


class StartJob:
    """Start request, from its first attempt to its run, which it watches. Background loop only, except `reconcile`.

    Args:
        operations: the API.
        spec: what is asked for.
        make_run: makes the run's handle from its watch and conversation.
        slot: holds the record of an equal earlier start, whose run is looked for first; None for a new start.
        once: the name in `once=` for the run's conversation; empty without one.
        name: the job's name in the start store, which may add to `once` the brief of a batch or the follow-up. Empty
            for a job that is not stored.
        fresh: start a run in any case; the name then belongs to that run.
        follow_up: the follow-up to send; None for a new agent.
        queues: when all run slots are in use, wait for a free one instead of failing.
        new_limit: another credit limit for the conversation that the follow-up continues; None keeps the one it has.

    Attributes:
        operations, slot: as given.
        request: the request, which is sent and looked for.
        watch: the watch of the run; also of a run that was started before.
        handle: the handle on the run.
        error: why the run could not be started; None while that is open.
        owners: the callers that want the run; when the last one leaves, the job is withdrawn.
        notice: text to print for a waiting caller; empty for none.
        credit_limit: the credit limit of the run, for a follow-up that of its conversation; None for no limit.
        queue: the job's wait while all run slots are in use; else None.
        subscribers: notified of each change.
    """

    def __init__(
        self,
        operations: Operations,
        spec: StartSpec,
        make_run: Callable[[RunWatch, Conversation], Any],
        slot: RecordSlot[StartRecord] | None = None,
        *,
        once: str = "",
        name: str = "",
        fresh: bool = False,
        follow_up: FollowUp | None = None,
        queues: bool = True,
        new_limit: float | None = None,
    ) -> None:
        self.operations = operations
        self.slot = slot or RecordSlot(StartRecord(str(uuid.uuid4())))
        self.slot.job = weakref.ref(self)
        self.request = Request(operations, spec, self.slot)
        self.watch: RunWatch | None = None
        self.handle: Any = None
        self.error: Exception | None = None
        self.owners: set[object] = set()
        self.notice = ""
        self.credit_limit: CreditLimit | None = None if follow_up is None else follow_up.conversation.credit_limit
        self.queue: Queue | None = None
        self.subscribers = Subscribers()
        self._make_run = make_run
        self._once = once
        self._name = StoredName(operations, name) if name else None
        self._fresh = fresh
        self._follow_up = follow_up
        self._queues = queues
        self._new_limit = new_limit
        self._task: asyncio.Task[None] | None = None
        self._driver: weakref.ref[Any] | None = None
        self._not_before = 0.0
        self._known_runs: frozenset[str] = frozenset()
        self._tables_before: dict[str, Table] = {}
        # What tables had used before the run began, by their ids.
        self._bases: dict[str, int] = {}
        if not self.record.may_have_started:
            self.renew()

    @property
    def spec(self) -> StartSpec:
        """What is asked for."""
        return self.request.spec

    @property
    def run(self) -> RunObject | None:
        """The run of this job's request, once it is known."""
        return self.request.run

    @property
    def withdrawn(self) -> asyncio.Event:
        """Set when nothing more may be sent that could start the run."""
        return self.request.withdrawn

    @property
    def record(self) -> StartRecord:
        """The newest record of the start."""
        return self.slot.record

    @property
    def key(self) -> str:
        """The idempotency key of the last attempt."""
        return self.record.idempotency_key

    @property
    def agent_id(self) -> str:
        """The id of the run's agent; empty until a new agent is known."""
        return self.record.agent_id or self.spec.agent_id or ""

    @property
    def is_going(self) -> bool:
        """Whether the run is being started now."""
        return self._task is not None and not self._task.done()

    @property
    def is_recalled(self) -> bool:
        """Whether an earlier start with this key has started a run that was not looked at yet."""
        return self.record.state == "started" and self.run is None and self.watch is None

    @property
    def is_worth_finding(self) -> bool:
        """Whether a later call with the same key wants this job: its run goes on, or may still be started."""
        if self.watch is not None:
            # With a name, the start store finds the run, and whether it still exists.
            return self._name is None and goes_on(self.watch)
        if self._name is not None:
            return self.is_going or not self._fresh
        return self.is_going or self.record.may_have_started or not self.slot.is_held

    @property
    def unrecorded(self) -> RegistryUnusable | None:
        """Why the run could not be recorded under the job's name; None if it could."""
        return None if self._name is None else self._name.unrecorded

    # Owners

    @property
    def driver(self) -> Any:
        """The `JobQueue` that starts the job when its turn has come; None if a call does."""
        return None if self._driver is None else self._driver()

    @driver.setter
    def driver(self, driver: Any) -> None:
        before = self.driver
        self._driver = None if driver is None else weakref.ref(driver)
        if before is not None and before is not driver:
            before.release(self)

    def go(self) -> None:
        """Begin to start the run, unless that is under way."""
        if not is_under_way(self._task):
            self.error, self.request.withdrawn = None, asyncio.Event()
            self.slot.is_wanted, self.slot.is_held = True, False
            self._task = kept_task(self._go(), "origami-widgets start")

    async def over(self) -> None:
        """Wait until the job is no longer under way. Cancelling the wait does not end the job."""
        if self._task is not None and is_under_way(self._task):
            await asyncio.wait((self._task,))

    async def start_for(self, owner: object) -> Any:
        """Start the run for one more owner, or wait if it is already being started. Return the handle on the run.

        An owner that gets an error stops being an owner.

        Raises:
            OrigamiError: the run was not started, or may have been started and was not found, as `start` says.
        """
        self.owners.add(owner)
        self.driver = None
        if self.withdrawn.is_set():
            # Let a start that others have stopped end first.
            await self.over()
        self.go()
        await self.over()
        if self.error is None and (result := await self._watch_run()) is not None:
            return result
        self.owners.discard(owner)
        error = self.error or self.request.marked(not_wanted())
        if not self.owners:
            # The caller has the error now. The error holds this job, so keeping it would form a cycle.
            self.error = None
        raise error

    def leave(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent."""
        self.owners.discard(owner)
        if not self.owners:
            self.withdrawn.set()

    async def withdraw(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, and a run that was started is cancelled."""
        self.leave(owner)
        if self.owners:
            return
        # A run that an earlier call has started is still wanted.
        self.slot.is_wanted = self.run is None and self.record.state == "started"
        if self._task is not None and self.record.sent_at is None:
            self._task.cancel()
        await self.over()
        if self.run is not None:
            await self._watch_run()
            if self.watch is not None:
                await cancel(self.watch)

    def abandon(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, but a run that was started goes on."""
        self.owners.discard(owner)
        if not self.owners and self._task is not None:
            self._task.cancel()

    # The run that the job's key stands for

    async def find_known(self, *, also_over: bool = False) -> bool:
        """Attach to the run of an equal earlier start; return whether there is one. Starts nothing.

        With a name, that is the run with the name; else the active run of the record. If the outcome of such a start is
        unknown, the job takes over its record, so that its run is looked for first.

        Args:
            also_over: attach to the record's run even if it is over.

        Raises:
            OrigamiError: the stored start cannot be read, or the run is gone.
        """
        if self.watch is None and self._name is not None and not self._starts_anew:
            stored = await self._name.read()
            if not await self._attach_stored(self._name, stored) and stored is not None and not stored.run_id:
                self._recover(stored)
        elif self.is_recalled:
            watch = await self.recall()
            if watch is not None and (also_over or goes_on(watch)):
                self.attach(watch)
            else:
                self.renew()
        elif self.watch is not None and self.slot.is_found:
            self.attach(self.watch)
        return self.watch is not None

    @property
    def _starts_anew(self) -> bool:
        # Even if a new run is wanted, one that this job may have started a moment ago is looked for.
        return self._fresh and not self.record.may_have_started

    async def recall(self) -> RunWatch | None:
        """Return the watch of the run that the record names; None if there is none or it cannot be read."""
        if not self.is_recalled:
            return self.watch
        watch = await poller().watch(self.operations, self.record.agent_id, self.record.run_id, started=None)
        with contextlib.suppress(OrigamiError):
            if watch.state.run is None:
                await poller().first_check(watch)
            return watch
        return None

    def attach(self, watch: RunWatch) -> None:
        """Attach to a run that this cell has started before."""
        began = None if watch.state.run is None else watch.state.run.started_at
        watch.update(Attached(poller().clock.time() if began is None else began.timestamp(), by="cell"))
        if self.watch is None:
            self._take_watch(watch)

    def renew(self) -> None:
        """Start anew, with a new key: the earlier start is over."""
        self.slot.record = StartRecord(str(uuid.uuid4()))

    async def _attach_stored(self, name: StoredName, stored: StoredStart | None) -> bool:
        """Attach to the run that is stored under the name; return whether there is one."""
        watch = await name.watch_of(stored, self.spec)
        if watch is None or stored is None:
            return False
        self._bases = stored.bases
        # An agent has at most one active run, so an active run has no later runs.
        is_over = watch.state.done and self._follow_up is None
        self._take_watch(watch, await with_later_runs(self.operations, watch) if is_over else conversation_of(watch))
        return True

    def _recover(self, stored: StoredStart) -> None:
        """Take over the record of a stored request that may have been sent."""
        self._bases = stored.bases
        self.slot.record = recovered(
            validate.idempotency_key(stored.idempotency_key),
            stored.claimed_at.timestamp(),
            attempted_at=stored.attempted_at.timestamp(),
            now=time.time(),
            passed=monotonic(),
        )
        if self._follow_up is not None:
            self.request.spec = self._follow_up.spec(may_be_sent=True)

    # Starting: under a name, in the queue for a run slot, one request after the other

    async def _go(self) -> None:
        try:
            if not await self.find_known():
                await (self._start() if self._name is None else self._start_named(self._name))
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            self.error = error.with_traceback(None)
        except Exception as error:
            log.exception("Couldn't start a run")
            self.error = error
        finally:
            self.queue, self.notice = None, ""
            self.subscribers.notify()

    async def _start_named(self, name: StoredName) -> None:
        """Start the run while no other job does so under this name."""
        async with name.claimed(self.spec, fresh=self._starts_anew) as (stored, is_new):
            if not is_new and await self._attach_stored(name, stored):
                return
            if is_new:
                self.slot.record = StartRecord(stored.idempotency_key)
            else:
                self._recover(stored)
            if name.next_step(stored, self.spec) != "reconcile":
                await self._start()
            elif await self.look() is None:
                raise start_unclear(stored)

    async def _start(self) -> None:
        follow_up = self._follow_up
        if follow_up is None:
            await self._queue_and_send()
        # Look for the run before its questions count as answered: that very run may be what has answered them.
        elif not (self.record.outcome_unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self._queues else None):
                self._known_runs = frozenset(state.run_id for state in follow_up.conversation.states)
                await self._queue_and_send()

    async def _queue_and_send(self) -> None:
        """Start the run. Wait for a free run slot if all are in use."""
        clock = poller().clock
        until = clock.monotonic() + LONGEST_QUEUE
        while True:
            if (wait := self._not_before - clock.monotonic()) > 0:
                # The server named this time before the job was withdrawn.
                await clock.sleep(wait, self.withdrawn)
            try:
                # If the run was found meanwhile, do not send again: the server may have forgotten the key.
                if self.run is None:
                    if not self.record.may_have_started:
                        await self._prepare()
                    brief = (self.operations.identity, self.spec.agent_id, self.spec.prompt)
                    async with reconcile.turn(brief, self.withdrawn):
                        await self.request.until_known()
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                self._not_before = clock.monotonic() + wait
                if not self._queues or self.withdrawn.is_set() or self._not_before > until:
                    raise
                self._wait_for_slot(Queue(wait, full.limit))
                await self._until_slot(wait)
                if self.withdrawn.is_set():
                    raise
                self._wait_for_slot(None)
            else:
                await self._watch_run()
                return

    async def _until_slot(self, wait: float) -> None:
        """Wait so many seconds, or until a run of this process ends."""
        ended = asyncio.Event()
        stop = runs_ended.add(ended.set)
        waits = [asyncio.ensure_future(each) for each in (ended.wait(), poller().clock.sleep(wait, self.withdrawn))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                self._not_before = 0.0
        finally:
            stop()
            for each in waits:
                each.cancel()

    async def before_attempt(self) -> None:
        """Do what precedes each attempt.

        Raises:
            ContinuedElsewhere: the conversation has a newer run that was not known when the follow-up was asked for.
            OrigamiError: the agent could not be read, or the attempt not be written down, so nothing may be sent.
        """
        if self._follow_up is not None:
            newest = await self._follow_up.newer_elsewhere(self.operations, self._known_runs)
            if newest is not None and self.record.outcome_unknown:
                # It may be our own lost one, which the lists do not show yet.
                await self.request.look((0.0,), only=newest.id)
            if newest is not None and self.run is None:
                raise self._follow_up.continued_elsewhere(newest)
        if self._name is not None:
            await self._name.note_attempt(self._bases)

    def _wait_for_slot(self, queue: Queue | None) -> None:
        self.queue = queue
        self.notice = (
            ""
            if queue is None
            else f"{queue.reason}. Waiting for a free one, retrying in {queue.wait:.0f} s; waiting is free. "
            "Interrupt to leave the queue."
        )
        if self._follow_up is not None:
            self._follow_up.waits(queue)
        self.subscribers.notify()

    async def _prepare(self) -> None:
        """Check the credit limit, and read the focus tables: one free GET for each, within `READ_BEFORE` seconds.

        What these have used does not count for the run, and their columns are not the run's to stop. A table that cannot
        be read counts from the first answer about the run.

        Raises:
            CreditLimitReached: the conversation to continue has used more than its credit limit; nothing was sent.
        """
        with contextlib.suppress(OrigamiError, TimeoutError):
            async with time_limit(READ_BEFORE):
                for table_id in self.spec.focus_tables:
                    if table_id not in self._tables_before:
                        self._tables_before[table_id] = await self.operations.get_table(table_id)
        read = list(self._tables_before.values())
        if self._follow_up is not None:
            # Newer readings last.
            read = [*(table for state in self._follow_up.conversation.states for table in state.tables), *read]
        known = ((table.id, table.credits.lifetime_used) for table in read)
        self._bases = {table_id: used for table_id, used in known if used is not None}
        self.limit(None)
        if self._follow_up is not None and self.credit_limit is not None:
            self.credit_limit.require_room()

    # Finding the run of a lost answer

    def reconcile(self) -> Any:
        """Look for the run again, blocking; see `look`."""
        return background().run(self.look())

    async def reconcile_async(self) -> Any:
        """Look for the run again, without blocking the event loop; see `look`."""
        return await background().bridge(self.look())

    async def look(self, *, patiently: bool = False) -> Any:
        """Look for a run that may have started. Return the handle on it; None without a run. Sends only GETs.

        Args:
            patiently: look as often as before anything is sent again: the server's lists may lag behind.

        Raises:
            AmbiguousStart: the lists could not be read, or several runs match; its `reconcile()` tries again.
        """
        await self.request.look(self.request.waits() if patiently else (0.0,))
        return await self._watch_run()

    # The run

    def limit(self, credit_limit: CreditLimit | None) -> None:
        """Set the credit limit of the run, also if the run is not known yet. None keeps the limit that it has."""
        self.credit_limit = limits.continued(credit_limit or self.credit_limit, self._new_limit)
        if self.credit_limit is None:
            return
        self.credit_limit.note_before(self._bases)
        if self.watch is not None:
            self.credit_limit.guard(self.watch, conversation_of(self.watch))

    async def _watch_run(self) -> Any:
        """Store the run under the name, watch it and return its handle; None without a run."""
        if self.watch is None and self.run is not None:
            if self._name is not None:
                await self._name.store(self.agent_id, self.run)
            # The moment of a request of another process may be off by hours.
            asked_at = self.record.sent_at if self.record.clock_slack <= MINUTES else None
            self._take_watch(
                await poller().watch(self.operations, self.agent_id, self.run.id, started=self.run, asked_at=asked_at)
            )
        return self.handle

    def _take_watch(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        watch.update(Named(self.request.agent_name, tuple(self._bases.items())))
        if self._follow_up is not None:
            self._follow_up.go_on_with(watch)
            conversation = self._follow_up.conversation
        conversation = conversation or conversation_of(watch)
        # Its follow-ups are then sent only once, too.
        conversation.once = conversation.once or self._once
        conversation.subscribers.relay_to(self.subscribers)
        self.handle = self._make_run(watch, conversation)
        self.watch = watch
        self.limit(None)
        self.subscribers.notify()


def goes_on(watch: RunWatch) -> bool:
    """Return whether a run is active and not being cancelled."""
    return not watch.state.done and watch.state.cancel != "requested"
