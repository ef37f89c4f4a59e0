"""`StartJob`: start one run, from its first request to its watched run.

The job's record decides the next step; this module carries it out. The server remembers its answer to an idempotency
key, except a 5xx, which a proxy may replace by anything. So after any unknown outcome, the job looks for the run before
it sends anything again. If several runs match, it takes none. When all run slots are in use, the job may wait for one.

The first job with a name (`once=`) starts a run; later jobs attach to it instead of paying again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace

from origami_widgets.api import retries, validate
from origami_widgets.api.background.loop import background, is_under_way, kept_task
from origami_widgets.api.errors import (
    AgentBusy,
    AmbiguousStart,
    ConnectionFailed,
    IdempotencyConflict,
    NotFound,
    OrigamiError,
    ProjectNotFound,
    RateLimited,
    RunPoolFull,
    ambiguous,
)
from origami_widgets.api.operations import not_wanted
from origami_widgets.host.runtime import monotonic, time_limit
from origami_widgets.run.agent_runs import with_later_runs
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import Subscribers
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.credit_limit import CreditLimit
from origami_widgets.run.starts.reconcile import Likeness, Reconciliation, take, turn
from origami_widgets.run.starts.record import (
    MINUTES,
    MOST_LOSSES,
    DefiniteRefusal,
    Lost,
    NothingFound,
    NotSent,
    RecordSlot,
    Requeued,
    Sent,
    Started,
    StartRecord,
    Withdrawn,
    recovered,
    transition,
)
from origami_widgets.run.starts.store import RegistryUnusable, entry_of, next_step, run_gone, spoken, start_unclear
from origami_widgets.run.state import Attached, Named, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from origami_widgets.api.models import RunObject, Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.reconcile import Candidate
    from origami_widgets.run.starts.record import StartEvent
    from origami_widgets.run.starts.spec import StartSpec
    from origami_widgets.run.starts.store import StoredStart, StoreEntry

log = logging.getLogger("origami_widgets")

LOOKS = (2.0, 10.0)
"""Seconds before each search for a run that may have started: after a failure, the server's list may lag behind."""
NOT_BEGUN = (408, 425)
"""Statuses that say that the request was not read, or not begun."""
LOOKS_FOR_UNWANTED = (30.0,) * 40
"""Seconds before further searches for a run to cancel, while the lists cannot be read: a run takes at most 20 minutes."""
MOST_REPLAYS = 80
"""Repeated refusals after which a request is given up: a 75-minute queue leaves one for each minute."""
USUAL_WAIT = 60.0
"""Seconds to wait for a free slot if the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""
READ_BEFORE = 5.0
"""Seconds that a start waits for its focus tables."""
SANDBOX = "sandbox"


async def pause(seconds: float, wake: asyncio.Event | None = None) -> None:
    """Wait before a search, at most until an event is set."""
    await retries.pause(seconds, asyncio.Event() if wake is None else wake)


class Driver(Protocol):
    """Protocol of a queue that starts jobs."""

    def release(self, job: StartJob) -> None:
        """Hear that another queue or call starts the job from now on."""


class StartJob:
    """Start request, from its first attempt to its run, which it watches. Background loop only, except `reconcile`.

    Args:
        operations: the API.
        spec: what is asked for.
        make_run: makes the run's handle from its watch and conversation.
        once: the name in `once=` for the run's conversation; empty without one.
        name: the job's name in the start store, which may add to `once` the brief of a batch or the follow-up. Empty
            for a job that is not stored.
        fresh: start a run in any case; the name then belongs to that run.
        follow_up: the follow-up to send; None for a new agent.
        queues: when all run slots are in use, wait for a free one instead of failing.
        new_limit: another credit limit for the conversation that the follow-up continues; None keeps the one it has.

    Attributes:
        spec: what is asked for.
        slot: the holder of the record.
        run: the run of this job's request, once it is known.
        watch: the watch of the run; also of a run that was started before.
        handle: the handle on the run.
        error: why the run could not be started; None while that is open.
        owners: the callers that want the run; when the last one leaves, the job is withdrawn.
        withdrawn: set when nothing more may be sent that could start the run.
        is_cancelled: whether the server was asked to cancel the run, because the job was withdrawn.
        notice: text to print for a waiting caller; empty for none.
        credit_limit: the credit limit of the run, for a follow-up that of its conversation; None for no limit.
        earlier: records of equal starts in earlier executions of the cell, whose runs may still be active.
        queue: the job's wait while all run slots are in use; else None.
        unrecorded: why the run could not be recorded under the job's name; None if it could.
        subscribers: notified of each change.
    """

    def __init__(
        self,
        operations: Operations,
        spec: StartSpec,
        make_run: Callable[[RunWatch, Conversation], Any],
        *,
        once: str = "",
        name: str = "",
        fresh: bool = False,
        follow_up: FollowUp | None = None,
        queues: bool = True,
        new_limit: float | None = None,
    ) -> None:
        self.spec = spec
        self.slot = RecordSlot(StartRecord(str(uuid.uuid4())))
        self.run: RunObject | None = None
        self.watch: RunWatch | None = None
        self.handle: Any = None
        self.error: Exception | None = None
        self.owners: set[object] = set()
        self.withdrawn = asyncio.Event()
        self.is_cancelled = False
        self.notice = ""
        self.credit_limit = None if follow_up is None else follow_up.conversation.credit_limit
        self.earlier: list[RecordSlot] = []
        self.queue: Queue | None = None
        self.unrecorded: RegistryUnusable | None = None
        self.subscribers = Subscribers()
        self._operations = operations
        self._make_run = make_run
        self._once = once
        self._name = name
        self._fresh = fresh
        self._follow_up = follow_up
        self._queues = queues
        self._new_limit = new_limit
        self._task: asyncio.Task[None] | None = None
        self._driver: weakref.ref[Driver] | None = None
        self._agent_name = spec.name or ""
        self._not_before = 0.0
        self._tables_before: dict[str, Table] = {}
        self._stored: StoredStart | None = None

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
    def is_sent(self) -> bool:
        """Whether any attempt was made."""
        return self.record.sent_at is not None

    @property
    def is_going(self) -> bool:
        """Whether the run is being started now."""
        return self._task is not None and not self._task.done()

    # Owners

    @property
    def driver(self) -> Driver | None:
        """The queue that starts the job when its turn has come; None if a call does."""
        return None if self._driver is None else self._driver()

    @driver.setter
    def driver(self, driver: Driver | None) -> None:
        before = self.driver
        self._driver = None if driver is None else weakref.ref(driver)
        if before is not None and before is not driver:
            before.release(self)

    def go(self) -> None:
        """Begin to start the run, unless that is under way."""
        if not is_under_way(self._task):
            self.error, self.withdrawn, self.slot.is_wanted = None, asyncio.Event(), True
            self._task = kept_task(self._go(), "origami-widgets start")

    async def over(self) -> bool:
        """Wait until the job is no longer under way; return whether it was. Cancelling the wait does not end the job."""
        if self._task is None or not is_under_way(self._task):
            return False
        await asyncio.wait((self._task,))
        return True

    async def start_for(self, owner: object) -> Any:
        """Start the run for one more owner, or wait if it is already being started. Return the handle on the run.

        An owner that gets an error stops being an owner.

        Raises:
            RunPoolFull: all run slots are in use, and the job does not wait for one or has stopped waiting.
            InvalidInput: it is a follow-up, and either another one is being sent or its questions were answered before.
            NameTaken: the name belongs to another brief or other options.
            StartUnclear: a run may have started under the name, but cannot be found.
            RunNotFound: the run with the name no longer exists on the server.
            RegistryUnusable: the start store cannot be read or written.
            AmbiguousStart: a run may have started, but was not found.
            OrigamiError: the run was not started, or could not be read.
        """
        self.owners.add(owner)
        if self.withdrawn.is_set():
            # Let a start that others have stopped end first.
            await self.over()
        self.go()
        await self.over()
        if self.error is None and (result := await self.hand_over()) is not None:
            return result
        self.owners.discard(owner)
        error = self.error or self._marked(not_wanted())
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
        self.slot.is_wanted = False
        if self._task is not None and self.is_going:
            if not self.is_sent:
                self._task.cancel()
            await self.over()
        if self.run is not None:
            await self.hand_over()
            if self.watch is not None:
                await cancel(self.watch)
            self.is_cancelled = True

    def abandon(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, but a run that was started goes on."""
        self.owners.discard(owner)
        if not self.owners and self._task is not None and self.is_going:
            self._task.cancel()

    # Runs that were started before

    async def find_known(self) -> bool:
        """Attach to the run of an equal earlier start; return whether there is one. Starts nothing.

        With a name, that is the run with the name; else an active run from an earlier execution of the cell. If the
        outcome of such a start is unknown, the job takes over its record, so that its run is looked for first.

        Raises:
            OrigamiError: the stored start cannot be read, or the run is gone.
        """
        if self._name:
            if self._fresh:
                return False
            stored = await (await entry_of(self._operations, self._name)).read()
            if await self._attach_stored(stored):
                return True
            if stored is not None and not stored.run_id:
                self._recover(stored)
        while self.earlier:
            watch = await self.earlier_run(self.earlier.pop(0))
            if watch is not None and goes_on(watch):
                self.attach(watch)
                return True
            if self.record.outcome_unknown:
                break
        return False

    async def earlier_run(self, slot: RecordSlot) -> RunWatch | None:
        """Watch the run of an earlier record and return the watch; None if the run is unknown or cannot be read."""
        record = slot.record
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
        """Attach to a run that this cell has started before."""
        run = watch.state.run
        at = run.started_at.timestamp() if run is not None and run.started_at is not None else poller().clock.time()
        watch.update(Attached(at, by="cell"))
        self._apply(Started(watch.state.agent_id, watch.state.run_id))
        self._take_watch(watch)

    async def _attach_stored(self, stored: StoredStart | None) -> bool:
        """Attach to the run that is stored under the name; return whether there is one."""
        if stored is None or next_step(stored, self.spec, _now()) != "attach":
            return False
        watch = await poller().watch(self._operations, stored.agent_id, stored.run_id, started=None)
        try:
            if watch.state.run is None or watch.state.connection.state == "stopped":
                await poller().first_check(watch)
        except NotFound as error:
            if isinstance(error, ProjectNotFound):
                raise
            if self._operations.origin == SANDBOX:
                # A restarted sandbox has forgotten its runs, and a new run costs nothing.
                return False
            raise run_gone(stored, error, _now()) from error
        run = watch.state.run
        is_another = run is not None and run.request.prompt not in ("", self.spec.prompt)
        if is_another and self._operations.origin == SANDBOX:
            # A restarted sandbox gives the same ids to other runs.
            return False
        watch.update(Attached(stored.began.timestamp()))
        # An agent has at most one active run, so an active run has no later runs.
        is_over = watch.state.done and self._follow_up is None
        self._take_watch(watch, await with_later_runs(self._operations, watch) if is_over else conversation_of(watch))
        return True

    def _recover(self, stored: StoredStart) -> None:
        """Take over the record of a stored request that may have been sent."""
        sent_at = stored.claimed_at.timestamp()
        self.slot.record = recovered(
            validate.idempotency_key(stored.idempotency_key), sent_at, now=time.time(), passed=monotonic()
        )
        if self._follow_up is not None:
            self.spec = self._follow_up.spec(may_be_sent=True)

    # Starting: under a name, in the queue for a run slot, one request after the other

    async def _go(self) -> None:
        try:
            await (self._begin_named() if self._name else self._begin())
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            self.error = error.with_traceback(None)
        except Exception as error:
            log.exception("Couldn't start a run")
            self.error = error
        finally:
            self.queue, self.notice = None, ""
            self.subscribers.notify()

    async def _begin_named(self) -> None:
        """Start the run, or attach to the run with the job's name."""
        entry = await entry_of(self._operations, self._name)
        # Even if a new run is wanted, one that this job may have started a moment ago is looked for.
        fresh = self._fresh and not self.record.may_have_started
        while True:
            # Without the lock: for a known run nothing is written, so the folder may be read-only.
            if not fresh and await self._attach_stored(await entry.read()):
                return
            other = _under_way.get(entry.key)
            if other is None or not await self._wait_for(other):
                break
        _under_way[entry.key] = self
        try:
            async with entry.held():
                await self._begin_alone(entry, fresh=fresh)
        finally:
            del _under_way[entry.key]

    async def _wait_for(self, other: StartJob) -> bool:
        """Wait for another start under the same name as one of its owners; return whether it was under way."""
        other.owners.add(self)
        try:
            was_under_way = await other.over()
        except asyncio.CancelledError:
            # Cancelling the caller's task does not affect the run; an interrupt withdraws the start.
            if self.slot.is_wanted:
                other.abandon(self)
            else:
                kept_task(other.withdraw(self), "origami-widgets withdraw")
            raise
        other.owners.discard(self)
        return was_under_way

    async def _begin_alone(self, entry: StoreEntry, *, fresh: bool) -> None:
        """Start the run while no other job does so under this name."""
        try:
            before = await entry.read()
        except RegistryUnusable:
            # With `fresh`, the old content does not matter.
            if not fresh:
                raise
            before = None
        stored = None if fresh else before
        if await self._attach_stored(stored):
            return
        if is_new := stored is None:
            key = str(uuid.uuid4())
            stored = entry.new(self.spec, key, _now())
            await entry.write(stored)
            self.slot.record = StartRecord(key)
        else:
            self._recover(stored)
        self._stored = stored
        if next_step(stored, self.spec, _now()) == "reconcile":
            if await self.look() is None:
                raise start_unclear(stored)
            return
        try:
            await self._begin()
        except OrigamiError as error:
            if is_new and not error.may_have_started and not isinstance(error, IdempotencyConflict):
                # Nothing was started, so the name keeps its old content.
                with contextlib.suppress(RegistryUnusable):
                    await entry.write(before)
            else:
                # A refusal now does not prove that the same request, sent before, has started no run.
                error.add_note(
                    f"once={stored.name!r} still refers to the request of {spoken(stored.claimed_at)}. Run the cell "
                    "again to look for its run; this won't start a second one. If you're sure there is no run: "
                    "fresh=True."
                )
            raise

    async def _begin(self) -> None:
        follow_up = self._follow_up
        if follow_up is None:
            await self._queue_and_send()
        # Look for the run before its questions count as answered: that very run may be what has answered them.
        elif not (self.record.outcome_unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self._queues else None):
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
                        self._check_limit()
                        await self._read_focus_tables()
                    async with turn((self._operations.identity, self.spec.agent_id, self.spec.prompt), self.withdrawn):
                        await self._until_known()
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
            else f"{queue.reason}. Waiting for a free one, retrying in {queue.wait:.0f} s; waiting is free. "
            "Interrupt to leave the queue."
        )
        if self._follow_up is not None:
            self._follow_up.waits(queue)
        self.subscribers.notify()

    async def _read_focus_tables(self) -> None:
        """Read the focus tables before the run works on them: one free GET for each, within `READ_BEFORE` seconds.

        What they have used does not count for the run, and their columns are not the run's to stop. A table that cannot
        be read counts from the first answer about the run.
        """
        with contextlib.suppress(OrigamiError, TimeoutError):
            async with time_limit(READ_BEFORE):
                for table_id in self.spec.focus_tables:
                    if table_id not in self._tables_before:
                        self._tables_before[table_id] = await self._operations.get_table(table_id)
        if self.credit_limit is not None:
            self.credit_limit.note_before(self._tables_before.values())

    def _check_limit(self) -> None:
        """Refuse to continue a conversation that has used more than its credit limit.

        Raises:
            CreditLimitReached: it has; nothing was sent.
        """
        if self._follow_up is None:
            return
        if self._new_limit is not None and self.credit_limit is not None and not self.credit_limit.is_of_batch:
            self.credit_limit.set(self._new_limit)
        elif self._new_limit is not None:
            self.credit_limit = CreditLimit(self._new_limit)
            states = self._follow_up.conversation.states
            self.credit_limit.note_before(table for state in states for table in state.tables)
        if self.credit_limit is not None:
            self.credit_limit.require_room()

    async def _until_known(self) -> None:
        """Send and reconcile, as the record says, until the run is known.

        Raises:
            AmbiguousStart: a run may have started, but was not found.
            OrigamiError: the run was not started.
        """
        self._apply(Requeued())
        error: OrigamiError | None = None
        replays = 0
        while True:
            if self.withdrawn.is_set():
                self._apply(Withdrawn())
            match self.record.next_step:
                case "send":
                    error = await self._attempt()
                    replays += error is not None and error.is_replay
                    if error is not None and replays > MOST_REPLAYS:
                        raise error
                case "reconcile":
                    await self._reconcile(error)
                case _:
                    break
        if self.run is None:
            if self.record.state == "unknown":
                raise self.ambiguous(error) from error
            raise self._marked(error or not_wanted())

    async def _attempt(self) -> OrigamiError | None:
        """Send the request. Return the error if no run is known afterwards."""
        self._apply(Sent(monotonic()))
        try:
            await self._send()
        except OrigamiError as error:
            self._apply(_event_of(error))
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            return self._marked(error).with_traceback(None)
        except BaseException as stopped:
            self._apply(Lost())
            mark(stopped, self)
            raise
        return None

    async def _send(self) -> None:
        spec = self.spec
        options: dict[str, Any] = {
            "model": spec.model,
            "focus_table_ids": spec.focus_tables,
            "idempotency_key": self.key,
            "stop": self.withdrawn,
        }
        if spec.agent_id is not None:
            self._take(spec.agent_id, await self._operations.create_run(spec.agent_id, spec.prompt, **options))
            return
        created = await self._operations.create_agent(spec.prompt, name=spec.name, **options)
        self._take(created.agent.id or created.run.agent_id, created.run, created.agent.name)

    # Reconciling

    async def _reconcile(self, error: OrigamiError | None) -> None:
        """Look for the run before anything is sent again.

        Args:
            error: the error that came instead of the run; None if it is no longer known.

        Raises:
            OrigamiError: `error`, if the server refused and the lists could not be read.
            AmbiguousStart: the lists could not be read, or several runs may be ours.
        """
        if error is None or self.record.last_answer == "old_refusal":
            await self.look()
            return
        if self.record.last_answer == "lost":
            if await self._is_clear_soon(error):
                return
            if (unseen := await self._look(LOOKS, LOOKS_FOR_UNWANTED)) is not None:
                raise self.ambiguous(error, unseen=True) from unseen
            return
        # If an attempt has started a run, it did so before the server refused.
        unseen = await self._look((0.0,), only=error.current_run_id if isinstance(error, AgentBusy) else None)
        if unseen is not None:
            error.add_note(f"An earlier attempt may have started the run, and we couldn't look for it: {unseen}")
            raise error

    async def _is_clear_soon(self, error: OrigamiError) -> bool:
        """Look at once and after `LOOKS[0]`, if that is enough; return whether it was.

        It is enough after a lost answer: the server most likely remembers the key, which is sent once more. It is not
        enough after a failure, nor if nothing is sent any more.
        """
        if _is_failure(error) or self.record.losses >= MOST_LOSSES or self.withdrawn.is_set():
            return False
        await pause(retries.wait_after(error, self.record.losses), self.withdrawn)
        unseen = await self._look((0.0, *LOOKS[:1]))
        return self.run is not None or (unseen is None and not self.withdrawn.is_set())

    def reconcile(self) -> Any:
        """Look for the run again, blocking; see `look`."""
        return background().run(self.look())

    async def reconcile_async(self) -> Any:
        """Look for the run again, without blocking the event loop; see `look`."""
        return await background().bridge(self.look())

    async def look(self, *, patiently: bool = False) -> Any:
        """Look for a run that may have started. Return the handle on it; None without a run. Sends only GETs.

        Args:
            patiently: look several times: after a failure, the server's list may lag behind.

        Raises:
            AmbiguousStart: the lists could not be read, or several runs match; its `reconcile()` tries again.
        """
        if self.run is None and self.is_sent:
            unseen = await self._look((0.0, *LOOKS) if patiently else (0.0,))
            if unseen is not None:
                raise self.ambiguous(unseen, unseen=True) from unseen
        return None if self.run is None else await self.hand_over()

    async def _look(
        self, waits: Sequence[float], waits_if_withdrawn: Sequence[float] = (), only: str | None = None
    ) -> OrigamiError | None:
        """Look for the run and take it if it is found. Return why the lists could not be read; None if they were.

        Args:
            waits: seconds before each search.
            waits_if_withdrawn: seconds before each further search while the lists cannot be read and the run is
                withdrawn, so that it does not go on unseen and cost credits.
            only: see `Reconciliation.find`.

        Raises:
            AmbiguousStart: several runs match, or one nearly does.
        """
        reconciliation = Reconciliation(self._operations, self.spec, self.record)
        unseen: OrigamiError | None = None
        for at, wait in enumerate((*waits, *waits_if_withdrawn)):
            if at >= len(waits) and not (self.withdrawn.is_set() and unseen is not None):
                break
            if wait:
                await pause(wait)
            try:
                found = await reconciliation.find(only)
            except OrigamiError as problem:
                unseen = problem.with_traceback(None)
                continue
            unseen = None
            if self._take_only(found):
                return None
        if unseen is None:
            self._apply(NothingFound())
        return unseen

    def _take_only(self, found: Sequence[Candidate]) -> bool:
        """Take the only run that matches; return False if none does.

        Raises:
            AmbiguousStart: several match, or one nearly does.
        """
        exact = [each for each in found if each.likeness == Likeness.EQUAL]
        if len(exact) > 1 or (found and not exact):
            raise self.ambiguous(None, found)
        for agent_id, run, agent, _ in exact:
            self._take(agent_id, run, "" if agent is None else agent.name)
        return bool(exact)

    def ambiguous(
        self, last: OrigamiError | None, found: Sequence[Candidate] = (), *, unseen: bool = False
    ) -> AmbiguousStart:
        """Return the error of this start while its outcome is unknown.

        Args:
            last: the error of the last attempt.
            found: the runs that match or nearly match.
            unseen: whether the lists could not be read.
        """
        near, exact = (
            [(each.agent_id, each.run.id) for each in found if each.likeness == likeness]
            for likeness in (Likeness.SIMILAR, Likeness.EQUAL)
        )
        error = ambiguous(last, agent_id=self.spec.agent_id or "", exact=exact, near=near, unseen=unseen)
        error.idempotency_key, error.may_have_started, error.job = self.key, True, self
        return error

    def _marked(self, error: OrigamiError) -> OrigamiError:
        error.idempotency_key, error.may_have_started = self.key, self.record.may_have_started
        return error

    # The run

    def _apply(self, event: StartEvent) -> None:
        self.slot.record = transition(self.record, event)

    def _take(self, agent_id: str, run: RunObject, agent_name: str = "") -> None:
        self.run = run
        self._agent_name = agent_name or self._agent_name
        self._apply(Started(agent_id, run.id))
        take(self._operations, run.id, self.record.first_key)

    def limit(self, credit_limit: CreditLimit | None) -> None:
        """Set the credit limit of the run, also if the run is not known yet. None changes nothing."""
        self.credit_limit = credit_limit or self.credit_limit
        if self.credit_limit is not None and self.watch is not None:
            self.credit_limit.guard(self.watch, conversation_of(self.watch))

    async def hand_over(self) -> Any:
        """Record the run, watch it and return its handle; None without a run."""
        if self.watch is None and self.run is not None:
            await self._write_down(self.run.started_at)
            # The moment of a request of another process may be off by hours.
            asked_at = self.record.sent_at if self.record.clock_slack <= MINUTES else None
            self._take_watch(
                await poller().watch(self._operations, self.agent_id, self.run.id, started=self.run, asked_at=asked_at)
            )
        return self.handle

    async def _write_down(self, started_at: datetime | None) -> None:
        """Record the started run under the name, unless the name belongs to a newer start by now."""
        if (stored := self._stored) is None or self.run is None:
            return
        entry = await entry_of(self._operations, self._name)
        known = replace(stored, agent_id=self.agent_id, run_id=self.run.id, started_at=started_at or stored.claimed_at)
        try:
            current = stored if _under_way.get(entry.key) is self else await entry.read()
            if current is None or current.idempotency_key == stored.idempotency_key:
                await entry.write(known)
        except RegistryUnusable as error:
            # The run is paid for, so the caller gets it. The entry still finds it while the server remembers the key.
            self.unrecorded = error.with_traceback(None)

    def _take_watch(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        watch.update(Named(self._agent_name))
        if self._follow_up is not None:
            self._follow_up.go_on_with(watch)
            conversation = self._follow_up.conversation
        conversation = conversation or conversation_of(watch)
        # Its follow-ups are then sent only once, too.
        conversation.once = conversation.once or self._once
        for table in self._tables_before.values():
            columns = frozenset(column.id for column in table.columns)
            conversation.columns_before.setdefault(table.id.lower(), columns)
        conversation.subscribers.relay_to(self.subscribers)
        self.handle = self._make_run(watch, conversation)
        self.watch = watch
        self.limit(self.credit_limit)
        self.subscribers.notify()


_under_way: dict[object, StartJob] = {}
"""The jobs that are starting a run under a name right now, by the key of the name's entry."""


def goes_on(watch: RunWatch) -> bool:
    """Return whether a run is active and not being cancelled."""
    return not watch.state.done and watch.state.cancel != "requested"


def mark(stopped: BaseException, job: StartJob) -> None:
    """Give the exception that interrupted a start the attributes and methods that find its run."""
    vars(stopped).update(
        idempotency_key=job.key,
        may_have_started=job.record.may_have_started,
        reconcile=job.reconcile,
        reconcile_async=job.reconcile_async,
    )


def _event_of(error: OrigamiError) -> StartEvent:
    """Return the event that an error of the request stands for."""
    if error.is_replay:
        return DefiniteRefusal(is_replay=True)
    if error.may_have_started or isinstance(error, IdempotencyConflict):
        return Lost(is_failure=_is_failure(error))
    # After too many requests, the server refuses them without looking at them.
    is_put_off = isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)
    return NotSent() if is_put_off or isinstance(error, ConnectionFailed) else DefiniteRefusal()


def _is_failure(error: OrigamiError) -> bool:
    """Return whether the server failed, or a proxy's answer may have replaced its 5xx."""
    return not isinstance(error, ConnectionFailed) and error.status_code not in NOT_BEGUN


def _now() -> datetime:
    return datetime.now(UTC)
