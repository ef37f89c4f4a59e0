"""`WatchedJob`: a start job that waits for a free run slot, watches its run, and may have a name (`once=`).

The first job with a name starts a run; later jobs attach to it instead of paying again. A name is valid for one base
URL, one project and one organization. The organization is read from the server (`GET /account`, once per client), so
that nothing made from the key is written down. If the server names no organization, keys of two organizations share
their names: the second key then gets an error that the run does not exist, and never pays unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from origami_widgets.api.errors import (
    AmbiguousStart,
    IdempotencyConflict,
    NotFound,
    OrigamiError,
    ProjectNotFound,
    RunNotFound,
    RunPoolFull,
)
from origami_widgets.api.loop import kept_task
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.agent_runs import with_later_runs
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import Subscribers
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.credit_limit import CreditLimit
from origami_widgets.run.starts.record import MINUTES, Started
from origami_widgets.run.starts.store import RegistryUnusable, Scope, StoredStart, StoreEntry, next_step, spoken
from origami_widgets.run.starts.submit import StartJob, new_record, recovered_record
from origami_widgets.run.state import Attached, Named, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from origami_widgets.api.models import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.record import RecordSlot
    from origami_widgets.run.starts.spec import StartSpec

USUAL_WAIT = 60.0
"""Seconds to wait for a free slot if the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""
READ_BEFORE = 5.0
"""Seconds that a start waits for its focus tables."""
SANDBOX = "sandbox"
JUST_STARTED = 30.0
"""Seconds after its start in which the server may not know a run yet."""


class StartUnclear(AmbiguousStart):
    """A run may have started under this name; starting it again might pay twice. Nothing was sent."""


class WatchedJob(StartJob):
    """Start job that watches its run and may wait for a run slot or have a name.

    Args:
        operations: the API.
        spec: the start spec.
        make_run: makes the run's handle from its watch and conversation.
        once: the name in `once=` for the run's conversation; empty without one.
        name: the job's name in the start store, which may add to `once` the brief of a batch or the follow-up. Empty
            for a job that is not stored.
        fresh: start a run in any case; the name then belongs to that run.
        follow_up: the follow-up to send; None for a new agent.
        queues: when all run slots are in use, wait for a free one instead of failing.
        new_limit: another credit limit for the conversation that the follow-up continues; None keeps the one it has.

    Attributes:
        credit_limit: the credit limit of the run, for a follow-up that of its conversation; None for no limit.
        earlier: records of equal starts in earlier executions of the cell, whose runs may still be active.
        watch: the watch of the run, once the run is known.
        handle: the handle on the run.
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
        super().__init__(operations, spec)
        self.credit_limit = None if follow_up is None else follow_up.conversation.credit_limit
        self.earlier: list[RecordSlot] = []
        self.watch: RunWatch | None = None
        self.handle: Any = None
        self.queue: Queue | None = None
        self.unrecorded: RegistryUnusable | None = None
        self.subscribers = Subscribers()
        self._make_run = make_run
        self._once = once
        self._name = name
        self._fresh = fresh
        self._follow_up = follow_up
        self._queues = queues
        self._new_limit = new_limit
        self._not_before = 0.0
        self._tables_before: dict[str, Table] = {}
        self._stored: StoredStart | None = None

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
            stored = await (await self._find_entry()).read()
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

    def limit(self, credit_limit: CreditLimit | None) -> None:
        """Set the credit limit of the run, also if the run is not known yet. None changes nothing."""
        self.credit_limit = credit_limit or self.credit_limit
        if self.credit_limit is not None and self.watch is not None:
            self.credit_limit.guard(self.watch, conversation_of(self.watch))

    async def hand_over(self) -> Any:
        """Record the run and return its handle; None without a run."""
        if self.watch is None and self.run is not None:
            await self._write_down(self.run.started_at)
            agent_id = self.agent_id
            # The moment of a request of another process may be off by hours.
            asked_at = self.record.sent_at if self.record.clock_slack <= MINUTES else None
            self._take_watch(
                await poller().watch(self._operations, agent_id, self.run.id, started=self.run, asked_at=asked_at)
            )
        return self.handle

    async def cancel(self) -> None:
        """Ask the server to cancel the run, and show that on its card."""
        if self.run is not None:
            await self.hand_over()
        if self.watch is not None:
            await cancel(self.watch)

    def _take_watch(self, watch: RunWatch, conversation: Conversation | None = None) -> None:
        created = self._created
        watch.update(Named((created.agent.name if created is not None else self.spec.name) or ""))
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

    async def _go(self) -> None:
        try:
            await super()._go()
        finally:
            self.queue, self.notice = None, ""
            self.subscribers.notify()

    async def begin(self) -> None:
        """Start the run, or attach to the run with the job's name. Waits for a free run slot if all are in use.

        Raises:
            RunPoolFull: all run slots are in use, and the job does not wait for one or has stopped waiting.
            InvalidInput: it is a follow-up, and either another one is being sent or its questions were answered before.
            NameTaken: the name belongs to another brief or other options.
            StartUnclear: a run may have started under the name, but cannot be found.
            RunNotFound: the run no longer exists on the server.
            RegistryUnusable: the start store cannot be read or written.
            OrigamiError: as in `StartJob.begin`, or the run could not be read.
        """
        if not self._name:
            await self._begin_unnamed()
            return
        entry = await self._find_entry()
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
                await self._begin_named(entry, fresh=fresh)
        finally:
            del _under_way[entry.key]

    async def _wait_for(self, other: WatchedJob) -> bool:
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

    async def _begin_named(self, entry: StoreEntry, *, fresh: bool) -> None:
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
            self.slot.record = new_record(key)
        else:
            self._recover(stored)
        self._stored = stored
        if next_step(stored, self.spec, _now()) == "reconcile":
            if await self.look() is None:
                raise _unclear(stored)
            return
        try:
            await self._begin_unnamed()
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

    async def _begin_unnamed(self) -> None:
        follow_up = self._follow_up
        if follow_up is None:
            await self._queue_and_begin()
        # Look for the run before its questions count as answered: that very run may be what has answered them.
        elif not (self.record.outcome_unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self._queues else None):
                await self._queue_and_begin()

    async def _queue_and_begin(self) -> None:
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

    async def _find_entry(self) -> StoreEntry:
        operations = self._operations
        organization = ""
        if operations.embedded is None:
            if operations.identity not in _organizations:
                _organizations[operations.identity] = (await operations.get_account()).organization.id
            organization = _organizations[operations.identity]
        return StoreEntry(operations.embedded, Scope(*operations.destination, organization), self._name)

    async def _write_down(self, started_at: datetime | None) -> None:
        """Record the started run under the name, unless the name belongs to a newer start by now."""
        if (stored := self._stored) is None or self.run is None:
            return
        entry = await self._find_entry()
        known = replace(stored, agent_id=self.agent_id, run_id=self.run.id, started_at=started_at or stored.claimed_at)
        try:
            current = stored if _under_way.get(entry.key) is self else await entry.read()
            if current is None or current.idempotency_key == stored.idempotency_key:
                await entry.write(known)
        except RegistryUnusable as error:
            # The run is paid for, so the caller gets it. The entry still finds it while the server remembers the key.
            self.unrecorded = error.with_traceback(None)

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
            raise _gone(stored, error) from error
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
        self.slot.record = recovered_record(stored.idempotency_key, stored.claimed_at.timestamp())
        if self._follow_up is not None:
            self.spec = self._follow_up.spec(may_be_sent=True)


_organizations: dict[Hashable, str] = {}
"""The organization of each client, once it was read."""
_under_way: dict[object, WatchedJob] = {}
"""The jobs that are starting a run under a name right now, by the key of the name's entry."""


def goes_on(watch: RunWatch) -> bool:
    """Return whether a run is active and not being cancelled."""
    return not watch.state.done and watch.state.cancel != "requested"


def _unclear(stored: StoredStart) -> StartUnclear:
    return StartUnclear(
        f"{stored.name!r} may have started",
        cause=f"The response to the request of {spoken(stored.claimed_at)} never arrived, and no run with this brief "
        "was found. Sending it again could start a second run. Nothing was sent.",
        remedy="Look for its agent in Origami, or with list_agents(). If it's there: ow.attach('AGENT_ID'). If it "
        "isn't, start again with fresh=True, or under another name.",
        code="START_UNCLEAR",
    )


def _gone(stored: StoredStart, error: NotFound) -> RunNotFound:
    if (_now() - stored.began).total_seconds() < JUST_STARTED:
        remedy = "It started a moment ago, and the server may not list it yet. Run this cell again."
    else:
        remedy = "Start again under the same name with fresh=True, which costs another run, or use another name."
    return RunNotFound(
        f"The run named {stored.name!r} no longer exists",
        cause=f"It was started at {spoken(stored.began)} ({stored.agent_id}/{stored.run_id}), but doesn't exist for "
        "this key and project. Nothing was started.",
        remedy=remedy,
        code=error.code,
        status_code=error.status_code,
        request_id=error.request_id,
    )


def _now() -> datetime:
    return datetime.now(UTC)
