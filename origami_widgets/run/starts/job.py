"""`StartJob`: start one run, from its first request to its watched run. It is paid for once, whatever happens to a request.

The attempts themselves are in `attempts.py`. Here is what stands around them: who wants the run, under which name it is
known, the wait for a run slot, and the watch of the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from origami_widgets.api.background.loop import background, is_under_way, kept_task
from origami_widgets.api.base_operations import not_wanted
from origami_widgets.api.errors import OrigamiError, RunPoolFull
from origami_widgets.run.conversation import Conversation, conversation_of, read_turns
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import RunWatch, Subscribers, runs_ended
from origami_widgets.run.reduce import Changed
from origami_widgets.run.starts import credit_limit as limits
from origami_widgets.run.starts.attempts import Attempts, alone, first_of
from origami_widgets.run.starts.cancel import cancel, whole_columns_of
from origami_widgets.run.starts.reconcile import watch_of
from origami_widgets.run.starts.record import Life, StartRecord, plain
from origami_widgets.run.starts.store import RegistryUnusable, recorded_runs
from origami_widgets.run.state import Queue

if TYPE_CHECKING:
    from origami_widgets.api.models.run import RunObject
    from origami_widgets.api.models.table import Table
    from origami_widgets.run.starts.credit_limit import CreditLimit

log = logging.getLogger("origami_widgets")

USUAL_WAIT = 60.0
"""Seconds to wait for a free slot if the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""


@dataclass(eq=False, repr=False)
class StartJob(Attempts):
    """Start of one run, by the calls that want it, its owners. Background loop only, except `reconcile`.

    Args:
        operations, spec, record, name, follow_up, entry: as in `Attempts`.
        make_run: makes the run's handle from its watch and conversation.
        once: the name in `once=` for the run's conversation, to which `name` may add the brief of a batch or the
            follow-up; empty without one.
        fresh: start a run in any case; the name then belongs to that run.
        queues: when all run slots are in use, wait for a free one instead of failing.
        new_limit: another credit limit for the conversation, once the follow-up goes on with it; None keeps the one it
            has.

    Attributes:
        watch: the watch of the run; also of a run that was started before.
        handle: the handle on the run.
        error: why the run could not be started; None while that is open.
        unrecorded: why the run could not be recorded under the job's name; None if it could.
        owners: the callers that want the run; when the last one leaves, the job is withdrawn.
        is_found: whether a later call has found the job.
        credit_limit: the credit limit of the run, for a follow-up that of its conversation; None for no limit.
        queue: the job's wait while all run slots are in use; else None.
        subscribers: notified of each change.
    """

    _: KW_ONLY
    make_run: Callable[[RunWatch, Conversation], Any]
    once: str = ""
    fresh: bool = False
    queues: bool = True
    new_limit: float | None = None
    watch: RunWatch | None = field(default=None, init=False)
    handle: Any = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)
    unrecorded: RegistryUnusable | None = field(default=None, init=False)
    owners: set[object] = field(default_factory=set, init=False)
    is_found: bool = field(default=False, init=False)
    queue: Queue | None = field(default=None, init=False)
    subscribers: Subscribers = field(default_factory=Subscribers, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _driver: weakref.ref[Any] | None = field(default=None, init=False)
    # When the server has a free slot, at the earliest, and how many slots there are.
    _not_before: float = field(default=0.0, init=False)
    _slots: int | None = field(default=None, init=False)
    _tables_before: dict[str, Table] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.credit_limit: CreditLimit | None = (
            None if self.follow_up is None else self.follow_up.conversation.credit_limit
        )

    @property
    def is_going(self) -> bool:
        """Whether the run is being started now."""
        return self._task is not None and not self._task.done()

    @property
    def is_recalled(self) -> bool:
        """Whether an earlier start with this key has started a run that was not looked at yet."""
        return self.record.life == Life.STARTED and self.run is None and self.watch is None

    @property
    def is_worth_finding(self) -> bool:
        """Whether a later call with the same key wants this job: its run goes on, or may still be started."""
        if self.name:
            # The start store finds its run, and whether it still exists.
            return self.watch is None and (self.is_going or not self.fresh)
        return self.record.life != Life.CANCELLED if self.watch is None else conversation_of(self.watch).goes_on

    # Owners

    @property
    def driver(self) -> Any:
        """The `JobQueue` of the batch that starts the job when its turn has come; None if a call does."""
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
            self.error, self.withdrawn = None, asyncio.Event()
            self.record.losses = 0
            self.want()
            self._task = kept_task(self._go(), "origami-widgets start")

    def want(self) -> None:
        """Let the start be wanted again, after it was refused or cancelled."""
        if self.record.life in (Life.REFUSED, Life.CANCELLED):
            self.record.life = Life.UNKNOWN if self.record.unknown else Life.QUEUED

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
        if self.error is None and (handle := await self._watch_run()) is not None:
            return handle
        self.owners.discard(owner)
        error = self.error or self._marked(not_wanted())
        if not self.owners:
            # The caller has the error now. The error holds this job, so keeping it would form a cycle.
            self.error = None
        raise error

    def leave(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, but a run that was started goes on."""
        self.owners.discard(owner)
        if not self.owners:
            self.withdrawn.set()
            if not self.record.may_have_started:
                self.record.life = Life.CANCELLED

    async def withdraw(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, and a run that was started is cancelled."""
        self.leave(owner)
        if self.owners:
            return
        # A run that an earlier call has started is still wanted.
        if self.record.life != Life.STARTED:
            self.record.life = Life.CANCELLED
        if self._task is not None and self.record.claimed_at is None:
            self._task.cancel()
        await self.over()
        # The same cell may have been run again meanwhile, and wants the run.
        if self.run is not None and not self.owners:
            await self._watch_run()
            if self.watch is not None:
                await cancel(self.watch)

    # The run that the job's key stands for

    async def find_known(self, *, also_over: bool = False) -> bool:
        """Attach to the run of an equal earlier start; return whether there is one. Starts nothing.

        With a name, that is the run with the name; else the active run of the record. If the outcome of such a start is
        unknown, its run is looked for first.

        Args:
            also_over: attach to the record's run even if it is over.

        Raises:
            OrigamiError: the stored start cannot be read, or the run is gone.
        """
        if self.watch is None and self.name and not self._starts_anew:
            # Without the name's lock: for a known run this is all, so the folder may be read-only.
            await self._take_up((await self._entry()).read())
        elif self.is_recalled:
            watch = await self.recall()
            if watch is not None and (also_over or conversation_of(watch).goes_on):
                self.attach(watch)
            else:
                self.record.renew()
        elif self.watch is not None and self.is_found:
            self.attach(self.watch)
        return self.watch is not None

    @property
    def _starts_anew(self) -> bool:
        # Even if a new run is wanted, one that this job may have started a moment ago is looked for.
        return self.fresh and not self.record.may_have_started

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
        at = poller().clock.time() if began is None else began.timestamp()
        watch.update(Changed(attached=at, attached_by="cell"))
        if self.watch is None:
            self._take_watch(watch)

    async def _take_up(self, stored: StartRecord | None) -> None:
        """Go on where the record under the name ends: attach to its run, or look for it.

        Raises:
            NameTaken: the name stands for something else.
            RunNotFound: the run no longer exists on the server.
        """
        if stored is None or self.run is not None:
            # It may have been started while the file was read: what is known of it is not forgotten.
            return
        stored.check(self.spec)
        watch = await watch_of(self.operations, stored, self.spec.prompt) if stored.run_id else None
        if watch is not None:
            stored.life, self.record = Life.STARTED, stored
            watch.update(Changed(attached=stored.began.timestamp(), attached_by="name"))
            # An agent has at most one active run, so an active run has no later runs.
            is_over = watch.state.done and self.follow_up is None
            turns = read_turns(self.operations, stored.agent_id, watch) if is_over else None
            # Held until the handle holds it: turns that are found belong to it.
            conversation = conversation_of(watch) if turns is None else await turns
            if self.once:
                conversation.once = conversation.once or self.once
                conversation.ours |= await recorded_runs(self.operations, self.once)
                await whole_columns_of(conversation)
            self._take_watch(watch)
        elif not stored.run_id:
            stored.unknown, stored.losses = True, 0
            self._resume(stored)

    # Starting: under a name, in the queue for a run slot, one request after the other

    async def _go(self) -> None:
        try:
            if not await self.find_known():
                async with self._held_name():
                    if self.watch is None:
                        await self._start()
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            self.error = self._marked(error).with_traceback(None)
        except Exception as error:
            log.exception("Couldn't start a run")
            mark(error, self)
            self.error = error
        finally:
            if self.withdrawn.is_set() and not self.record.may_have_started:
                self.record.life = Life.CANCELLED
            self.queue = None
            self.subscribers.notify()

    @contextlib.asynccontextmanager
    async def _held_name(self) -> AsyncIterator[None]:
        """Hold the job's name, if it has one, and take up its record. If the server refuses, the name gets back what it had.

        Raises:
            RegistryUnusable: the name cannot be held, read or written.
        """
        if not self.name:
            yield
            return
        entry = await self._entry()
        async with entry.held():
            before = None
            try:
                before = entry.read()
            except RegistryUnusable:
                # If a new run is wanted, the old content does not matter.
                if not self._starts_anew:
                    raise
            if not self._starts_anew:
                await self._take_up(before)
            if self.watch is None and (before is None or not self.record.may_have_started):
                self.record = record = StartRecord.new()
                entry.place(record)
                record.fingerprint = self.spec.fingerprint(record.idempotency_key)
                record.before = before and msgspec.structs.replace(before, before=None)
            try:
                yield
            except OrigamiError as error:
                if self.record.unknown:
                    error.add_note(self.record.still_open)
                elif self.record.claimed_at is not None and not self.record.run_id:
                    with contextlib.suppress(RegistryUnusable):
                        entry.write(self.record.before)
                raise

    async def _start(self) -> None:
        """Start the run. Wait for a free run slot if all are in use."""
        follow_up = self.follow_up
        if follow_up is None:
            await self._queue_and_send()
        # Look for the run before its questions count as answered: that very run may be what has answered them.
        elif not (self.record.unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self.queues else None):
                self._known_runs = follow_up.known_turns()
                await self._queue_and_send()

    async def _queue_and_send(self) -> None:
        clock = poller().clock
        until: float | None = None
        while True:
            if (wait := self._not_before - clock.monotonic()) > 0:
                # The server named this time before the job was withdrawn.
                await self._wait_for_slot(Queue(wait, self._slots))
            try:
                # If the run was found meanwhile, do not send again: the server may have forgotten the key.
                if self.run is None:
                    await self._prepare()
                    brief = (self.operations.identity, self.spec.agent_id, plain(self.spec.prompt))
                    async with alone(brief, self.withdrawn):
                        await self._until_known()
                await self._watch_run()
            except RunPoolFull as full:
                now, wait = clock.monotonic(), max(1.0, full.retry_after or USUAL_WAIT)
                until = until or now + LONGEST_QUEUE
                self._not_before, self._slots = now + wait, full.limit
                if not self.queues or self.withdrawn.is_set() or self._not_before > until:
                    raise
                await self._wait_for_slot(Queue(wait, self._slots))
                if self.withdrawn.is_set():
                    raise
            else:
                return

    async def _wait_for_slot(self, queue: Queue) -> None:
        """Wait as long as the server says, or until a run of this process ends, and let everybody see that."""
        ended = asyncio.Event()
        stop = runs_ended.add(ended.set)
        self._show_queue(queue)
        try:
            await first_of(ended.wait(), poller().clock.sleep(queue.wait, self.withdrawn))
        finally:
            stop()
        if ended.is_set():
            self._not_before = 0.0
        if not self.withdrawn.is_set():
            self._show_queue(None)

    def _show_queue(self, queue: Queue | None) -> None:
        self.queue = queue
        if self.follow_up is not None:
            self.follow_up.waits(queue)
        self.subscribers.notify()

    async def _prepare(self) -> None:
        """Check the credit limit, and read the focus tables: what these have used does not count for the run.

        Raises:
            CreditLimitReached: the conversation to continue has used more than its credit limit; nothing was sent.
        """
        if self.record.may_have_started:
            # What was written down before the first attempt counts.
            return
        if self.spec.focus_tables:
            await limits.read_before(self.operations, self.spec.focus_tables, self._tables_before)
        read = list(self._tables_before.values())
        if self.follow_up is not None:
            # Newer readings last.
            read = [*(table for state in self.follow_up.conversation.states for table in state.tables), *read]
        known = ((table.id, table.credits.lifetime_used) for table in read)
        self.record.bases = {table_id: used for table_id, used in known if used is not None}
        self.limit(self._limit_from_now_on())
        if self.follow_up is not None and self.credit_limit is not None:
            self.credit_limit.require_room(self.new_limit)

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
        if self.run is None and self.record.claimed_at is not None:
            unseen = await self._look(self._waits() if patiently else (0.0,))
            if unseen is not None:
                raise self.ambiguous(unseen, unseen=True) from unseen
        return await self._watch_run()

    # The run

    def limit(self, credit_limit: CreditLimit | None) -> None:
        """Set the credit limit of the run, also if the run is not known yet. None keeps the limit that it has."""
        self.credit_limit = credit_limit or self.credit_limit
        if self.credit_limit is None:
            return
        # What its earlier turns have used counts from their own bases: these are older.
        if self.watch is not None:
            self.credit_limit.guard(conversation_of(self.watch))
        elif self.follow_up is not None:
            self.credit_limit.count(self.follow_up.conversation)
        self.credit_limit.note_before(self.record.bases)

    def _limit_from_now_on(self) -> CreditLimit | None:
        """Return the credit limit under which the run goes on. A new one replaces none, or that of a batch."""
        known = self.credit_limit
        if self.new_limit is None or (known is not None and not known.is_of_batch):
            return known
        return limits.CreditLimit(self.new_limit)

    async def _watch_run(self) -> Any:
        """Write the run down under the name, watch it and return its handle; None without a run.

        What could not be written down is written down for the next owner that comes.
        """
        async with self._writing:
            if self.run is not None and self.name and (self.watch is None or self.unrecorded is not None):
                await self._write_run(self.run)
            if self.run is not None and self.watch is None:
                watch = await poller().watch(self.operations, self.record.agent_id, self.run.id, started=self.run)
                self._take_watch(watch)
        return self.handle

    async def _write_run(self, run: RunObject) -> None:
        """Complete the record under the name, unless the name belongs to a newer start by now."""
        record = self.record
        record.started_at = run.started_at or record.claimed_at
        record.before = self.unrecorded = None
        try:
            entry = await self._entry()
            current = entry.read()
            if current is None or current.idempotency_key == record.idempotency_key:
                entry.write(record)
        except RegistryUnusable as error:
            # The run is paid for, so the caller gets it. The entry still finds it while the server remembers the key.
            self.unrecorded = error.with_traceback(None)

    def _take_watch(self, watch: RunWatch) -> None:
        known = watch.state
        used_before = tuple(self.record.bases.items()) or known.used_before
        watch.update(Changed(agent_name=self._agent_name or known.agent_name, used_before=used_before))
        self.credit_limit = self._limit_from_now_on()
        if self.new_limit is not None and self.credit_limit is not None:
            # Only now: a refusal leaves the conversation its limit.
            self.credit_limit.set(self.new_limit)
        if self.follow_up is not None:
            self.follow_up.go_on_with(watch)
        conversation = conversation_of(watch)
        conversation.ours.add(watch.state.run_id)
        # Its follow-ups are then sent only once, too.
        conversation.once = conversation.once or self.once
        conversation.subscribers.relay_to(self.subscribers)
        self.handle = self.make_run(watch, conversation)
        self.watch = watch
        self.limit(None)
        self.subscribers.notify()


def mark(stopped: BaseException, job: StartJob) -> None:
    """Give the exception that interrupted a start the attributes and methods of its job that find the run."""
    vars(stopped).update(
        idempotency_key=job.key,
        may_have_started=job.record.may_have_started,
        reconcile=job.reconcile,
        reconcile_async=job.reconcile_async,
    )
