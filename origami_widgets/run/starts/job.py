"""`StartJob`: start one run, from its first request to its watched run. It is paid for once, whatever happens to a request.

Its record says what is known; four rules say what comes next:

1. While an attempt may have started a run that is not known, that run is looked for before anything is sent again.
2. When no call wants the run any more, nothing more is sent; a run that was started is found, and cancelled.
3. What counts is written down before it is sent.
4. The server repeats its first answer to an idempotency key, except a 5xx: after a refusal, the next attempt has another
   key, and a repeated refusal says nothing about now.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from origami_widgets.api import retries
from origami_widgets.api.background.loop import background, is_under_way, kept_task
from origami_widgets.api.base_operations import not_wanted
from origami_widgets.api.errors import (
    AgentBusy,
    ConnectionFailed,
    IdempotencyConflict,
    NotFound,
    OrigamiError,
    ProjectNotFound,
    RateLimited,
    RunPoolFull,
    ambiguous,
)
from origami_widgets.host.runtime import monotonic, time_limit
from origami_widgets.run.agent_runs import read_turns
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import Subscribers, runs_ended
from origami_widgets.run.starts import credit_limit as limits
from origami_widgets.run.starts import reconcile
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.starts.store import (
    KEY_KEPT,
    Life,
    RegistryUnusable,
    StartRecord,
    StartUnclear,
    entry_of,
    recorded_runs,
)
from origami_widgets.run.state import Attached, Named, Queue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from origami_widgets.api.errors import AmbiguousStart
    from origami_widgets.api.models import RunObject, Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.credit_limit import CreditLimit
    from origami_widgets.run.starts.reconcile import Candidate
    from origami_widgets.run.starts.spec import StartSpec

log = logging.getLogger("origami_widgets")

MOST_LOSSES = 4
"""Attempts of one call that may end with an unknown outcome before the user has to decide.

One at which the server failed counts twice, because the server does not remember its key.
"""
MOST_REPLAYS = 80
"""Repeated refusals after which a start is given up: a 75-minute queue leaves one for each minute."""
NOT_BEGUN = (408, 425)
"""Statuses that say that the request was not read, or not begun."""
USUAL_WAIT = 60.0
"""Seconds to wait for a free slot if the server names no time."""
LONGEST_QUEUE = 75 * 60.0
"""Seconds after which a start leaves the queue for a run slot."""
READ_BEFORE = 5.0
"""Seconds that a start waits for its focus tables."""
SANDBOX = "sandbox"


class StartJob:
    """Start of one run, by the calls that want it, its owners. Background loop only, except `reconcile`.

    Args:
        operations: the API.
        spec: what is asked for.
        make_run: makes the run's handle from its watch and conversation.
        record: the record of an equal earlier start, whose run is looked for first; None for a new start.
        once: the name in `once=` for the run's conversation; empty without one.
        name: the job's name in the start store, which may add to `once` the brief of a batch or the follow-up. Empty
            for a job that is not stored.
        fresh: start a run in any case; the name then belongs to that run.
        follow_up: the follow-up to send; None for a new agent.
        queues: when all run slots are in use, wait for a free one instead of failing.
        new_limit: another credit limit for the conversation that the follow-up continues; None keeps the one it has.

    Attributes:
        operations, spec, record: as given.
        run: the run of this start, once the server has named it.
        watch: the watch of the run; also of a run that was started before.
        handle: the handle on the run.
        error: why the run could not be started; None while that is open.
        unrecorded: why the run could not be recorded under the job's name; None if it could.
        owners: the callers that want the run; when the last one leaves, the job is withdrawn.
        withdrawn: set when nothing more may be sent that could start the run.
        is_found: whether a later call has found the job.
        credit_limit: the credit limit of the run, for a follow-up that of its conversation; None for no limit.
        queue: the job's wait while all run slots are in use; else None.
        subscribers: notified of each change.
    """

    def __init__(
        self,
        operations: Operations,
        spec: StartSpec,
        make_run: Callable[[RunWatch, Conversation], Any],
        record: StartRecord | None = None,
        *,
        once: str = "",
        name: str = "",
        fresh: bool = False,
        follow_up: FollowUp | None = None,
        queues: bool = True,
        new_limit: float | None = None,
    ) -> None:
        self.operations = operations
        self.spec = spec
        self.record = record or StartRecord.new()
        self.run: RunObject | None = None
        self.watch: RunWatch | None = None
        self.handle: Any = None
        self.error: Exception | None = None
        self.unrecorded: RegistryUnusable | None = None
        self.owners: set[object] = set()
        self.withdrawn = asyncio.Event()
        self.is_found = False
        self.credit_limit: CreditLimit | None = None if follow_up is None else follow_up.conversation.credit_limit
        self.queue: Queue | None = None
        self.subscribers = Subscribers()
        self._make_run = make_run
        self._once = once
        self._name = name
        self._fresh = fresh
        self._follow_up = follow_up
        self._queues = queues
        self._new_limit = new_limit
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._driver: weakref.ref[Any] | None = None
        self._agent_name = spec.name or ""
        self._not_before = 0.0
        self._known_runs: frozenset[str] = frozenset()
        self._tables_before: dict[str, Table] = {}
        # The first attempt and the end of the last one, in seconds of `monotonic`, and the moments for looks after that.
        self._sent_at, self._lost_at = 0.0, 0.0
        self._looks: tuple[float, ...] = reconcile.LOOKS
        if self.record.may_have_started:
            self._resume(self.record)
        elif self.record.life != Life.CANCELLED:
            self.record.renew()

    @property
    def key(self) -> str:
        """The idempotency key of the next attempt."""
        return self.record.key

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
        if self._name:
            # The start store finds its run, and whether it still exists.
            return self.watch is None and (self.is_going or not self._fresh)
        return self.record.life != Life.CANCELLED if self.watch is None else goes_on(self.watch)

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
        if self.run is not None:
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
        if self.watch is None and self._name and not self._starts_anew:
            # Without the name's lock: for a known run this is all, so the folder may be read-only.
            await self._take_up(await (await entry_of(self.operations, self._name)).read())
        elif self.is_recalled:
            watch = await self.recall()
            if watch is not None and (also_over or goes_on(watch)):
                self.attach(watch)
            else:
                self.record.renew()
        elif self.watch is not None and self.is_found:
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

    async def _take_up(self, stored: StartRecord | None) -> None:
        """Go on where the record under the name ends: attach to its run, or look for it.

        Raises:
            NameTaken: the name stands for something else.
            RunNotFound: the run no longer exists on the server.
        """
        if stored is None:
            return
        stored.check(self.spec)
        watch = await self._watch_of(stored) if stored.run_id else None
        if watch is not None:
            stored.life, self.record = Life.STARTED, stored
            # An agent has at most one active run, so an active run has no later runs.
            is_over = watch.state.done and self._follow_up is None
            turns = read_turns(self.operations, stored.agent_id, watch) if is_over else None
            # Held until the handle holds it: turns that are found belong to it.
            conversation = conversation_of(watch) if turns is None else await turns
            if self._once:
                conversation.ours |= await recorded_runs(self.operations, self._once)
            self._take_watch(watch)
        elif not stored.run_id:
            stored.unknown, stored.losses = True, 0
            self._resume(stored)

    async def _watch_of(self, stored: StartRecord) -> RunWatch | None:
        """Return the watch of a stored run; None if a sandbox, which is free of charge, has forgotten it."""
        watch = await poller().watch(self.operations, stored.agent_id, stored.run_id, started=None)
        is_sandbox = self.operations.origin == SANDBOX
        try:
            if watch.state.run is None or watch.state.connection.state == "stopped":
                await poller().first_check(watch)
        except NotFound as error:
            if isinstance(error, ProjectNotFound):
                raise
            if is_sandbox:
                return None
            raise stored.gone(error) from error
        run = watch.state.run
        if is_sandbox and run is not None and run.request.prompt not in ("", self.spec.prompt):
            # A restarted sandbox gives the same ids to other runs.
            return None
        watch.update(Attached(stored.began.timestamp()))
        return watch

    def _resume(self, record: StartRecord) -> None:
        """Go on with a record whose attempts were made by an earlier job, perhaps in another process."""
        self.record = record
        if not record.run_id:
            record.life = Life.UNKNOWN
        now = self._server_time(monotonic())
        first, last = (
            now if moment is None else moment.timestamp() for moment in (record.claimed_at, record.attempted_at)
        )
        self._sent_at, self._lost_at = monotonic() - (now - first), monotonic() - max(0.0, now - last)

    def _server_time(self, moment: float) -> float:
        """Return a moment in seconds of `monotonic` by the server's clock, or by ours where that is not known."""
        by_server = self.operations.server_time(moment)
        return time.time() + moment - monotonic() if by_server is None else by_server

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
        if not self._name:
            yield
            return
        entry = await entry_of(self.operations, self._name)
        async with entry.held():
            before = None
            try:
                before = await entry.read()
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
            except StartUnclear:
                raise
            except OrigamiError as error:
                if self.record.unknown:
                    error.add_note(self.record.still_open)
                elif self.record.claimed_at is not None and not self.record.run_id:
                    with contextlib.suppress(RegistryUnusable):
                        await entry.write(self.record.before)
                raise

    async def _start(self) -> None:
        """Start the run. Wait for a free run slot if all are in use."""
        follow_up = self._follow_up
        if follow_up is None:
            await self._queue_and_send()
        # Look for the run before its questions count as answered: that very run may be what has answered them.
        elif not (self.record.unknown and await self.look()):
            with follow_up.sending(self.withdrawn if self._queues else None):
                self._known_runs = follow_up.known_turns()
                await self._queue_and_send()

    async def _queue_and_send(self) -> None:
        clock = poller().clock
        until = clock.monotonic() + LONGEST_QUEUE
        while True:
            if (wait := self._not_before - clock.monotonic()) > 0:
                # The server named this time before the job was withdrawn.
                await clock.sleep(wait, self.withdrawn)
            try:
                # If the run was found meanwhile, do not send again: the server may have forgotten the key.
                if self.run is None:
                    await self._prepare()
                    brief = (self.operations.identity, self.spec.agent_id, reconcile.plain(self.spec.prompt))
                    async with reconcile.turn(brief, self.withdrawn):
                        await self._until_known()
                await self._watch_run()
            except RunPoolFull as full:
                wait = max(1.0, full.retry_after or USUAL_WAIT)
                self._not_before = clock.monotonic() + wait
                if not self._queues or self.withdrawn.is_set() or self._not_before > until:
                    raise
                await self._wait_for_slot(Queue(wait, full.limit))
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
            await reconcile.first_of(ended.wait(), poller().clock.sleep(queue.wait, self.withdrawn))
        finally:
            stop()
        if ended.is_set():
            self._not_before = 0.0
        if not self.withdrawn.is_set():
            self._show_queue(None)

    def _show_queue(self, queue: Queue | None) -> None:
        self.queue = queue
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
        if self.record.may_have_started:
            # What was written down before the first attempt counts.
            return
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
        self.record.bases = {table_id: used for table_id, used in known if used is not None}
        self.limit(None)
        if self._follow_up is not None and self.credit_limit is not None:
            self.credit_limit.require_room()

    # The machine

    async def _until_known(self) -> None:
        """Look and send, until the run is known.

        Raises:
            AmbiguousStart: a run may have started, but was not found.
            OrigamiError: the run was not started.
        """
        answer: OrigamiError | None = None
        replays = 0
        while self.run is None:
            is_replay = answer is not None and answer.is_replay
            if (self.record.unknown or is_replay) and await self._look_before_sending(answer):
                return
            if answer is not None and not is_replay and not (self.record.unknown and is_unclear(answer)):
                self.record.life = Life.REFUSED
                raise answer
            if self.withdrawn.is_set():
                raise answer or not_wanted()
            is_forgotten = self.record.unknown and abs(monotonic() - self._sent_at) > KEY_KEPT
            if is_forgotten and self._name:
                raise self.record.unclear()
            if is_forgotten or self.record.losses >= MOST_LOSSES:
                raise self.ambiguous(answer) from answer
            answer = await self._attempt()
            replays += answer is not None and answer.is_replay
            if answer is not None and replays > MOST_REPLAYS:
                raise answer

    async def _attempt(self) -> OrigamiError | None:
        """Send the request once. Return its error; None if the run is known."""
        await self._before_attempt()
        if self.run is not None:
            return None
        record = self.record
        was_unknown, record.unknown, record.life = record.unknown, True, Life.SENDING
        try:
            await self._send()
        except OrigamiError as error:
            self._note(error, was_unknown=was_unknown)
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            return error.with_traceback(None)
        except BaseException as stopped:
            record.life, self._lost_at = Life.UNKNOWN, monotonic()
            record.losses += 1
            mark(stopped, self)
            raise
        return None

    async def _before_attempt(self) -> None:
        """Do what precedes each attempt, last of all write it down.

        Raises:
            ContinuedElsewhere: the conversation has a newer run that was not known when the follow-up was asked for.
            OrigamiError: the agent could not be read, or the attempt not be written down, so nothing may be sent.
        """
        record, now = self.record, monotonic()
        if self._follow_up is not None:
            newest = await self._follow_up.newer_elsewhere(self.operations, self._known_runs)
            if newest is not None and record.unknown:
                # It may be our own lost one, which the lists do not show yet.
                await self._look((0.0,), only=newest.id)
            if self.run is not None:
                return
            if newest is not None:
                raise self._follow_up.continued_elsewhere(newest)
        moment = datetime.fromtimestamp(self._server_time(now), UTC)
        if record.claimed_at is None:
            self._sent_at, record.claimed_at = now, moment
            record.after = "" if self._follow_up is None else self._follow_up.conversation.current.state.run_id
        record.attempted_at = moment
        if self._name:
            await (await entry_of(self.operations, self._name)).write(record)

    async def _send(self) -> None:
        spec = self.spec
        if spec.agent_id is not None:
            run = await self.operations.create_run(
                spec.agent_id,
                spec.prompt,
                model=spec.model,
                focus_table_ids=spec.focus_tables,
                idempotency_key=self.key,
                _stop=self.withdrawn,
            )
            self._take(spec.agent_id, run)
            return
        created = await self.operations.create_agent(
            spec.prompt,
            name=spec.name,
            model=spec.model,
            focus_table_ids=spec.focus_tables,
            idempotency_key=self.key,
            _stop=self.withdrawn,
        )
        self._take(created.agent.id or created.run.agent_id, created.run, created.agent.name)

    def _note(self, error: OrigamiError, *, was_unknown: bool) -> None:
        """Note what the error of an attempt says about the run.

        Args:
            error: the error.
            was_unknown: whether an attempt before may have started the run: no refusal says anything about that one.
        """
        record = self.record
        if error.is_replay or not is_unclear(error):
            # The next attempt needs another key.
            record.refused += 1
            record.unknown = was_unknown
        elif not was_unknown and is_unsent(error):
            record.unknown = False
        else:
            did_fail = not isinstance(error, ConnectionFailed) and error.status_code not in NOT_BEGUN
            record.losses += 1 + did_fail
            self._lost_at, self._looks = monotonic(), reconcile.LOOKS_AFTER_FAILURE if did_fail else reconcile.LOOKS
        record.life = Life.UNKNOWN if record.unknown or error.is_replay else Life.REFUSED

    async def _look_before_sending(self, answer: OrigamiError | None) -> bool:
        """Look for the run before anything is sent again, or a refusal is raised. Return whether it is known.

        Args:
            answer: the error that came instead of the run; None if it is no longer known.

        Raises:
            OrigamiError: `answer`, if the server refused and the lists could not be read.
            AmbiguousStart: the lists could not be read, or several runs may be ours.
        """
        if answer is not None and not answer.is_replay and not is_unclear(answer):
            # If an attempt has started a run, it did so before the server refused.
            unseen = await self._look((0.0,), only=answer.current_run_id if isinstance(answer, AgentBusy) else None)
            if unseen is not None:
                answer.add_note(f"An earlier attempt may have started the run, and we couldn't look for it: {unseen}")
                raise answer
            return self.run is not None
        if answer is not None and answer.retry_after and not answer.is_replay:
            await reconcile.pause(min(answer.retry_after, retries.LONGEST_IN_ALL), self.withdrawn)
        unseen = await self._look(self._waits(), if_unwanted=reconcile.LOOKS_FOR_UNWANTED)
        if unseen is not None:
            raise self.ambiguous(answer or unseen, unseen=True) from unseen
        return self.run is not None

    def _waits(self) -> list[float]:
        """Return the seconds before each search: they count from the last attempt, whichever process made it."""
        return reconcile.waits(monotonic() - self._lost_at, self._looks)

    async def _look(
        self, waits: Sequence[float], *, if_unwanted: Sequence[float] = (), only: str | None = None
    ) -> OrigamiError | None:
        """Look for the run, and take the only one that is ours. Return why the lists could not be read; None if they were.

        Args:
            waits: seconds before each search.
            if_unwanted: seconds before each further search while the lists cannot be read and no caller wants the run, so
                that it does not go on unseen and cost credits.
            only: see `Reconciliation.find`.

        Raises:
            AmbiguousStart: several runs are ours, or one may be.
        """
        known = () if self._follow_up is None else self._follow_up.runs_until(self.record.after)
        first_key = self.record.idempotency_key
        search = reconcile.Reconciliation(self.operations, self.spec, first_key, self._sent_at, known)
        unseen: OrigamiError | None = None
        for at, wait in enumerate((*waits, *if_unwanted)):
            if at >= len(waits) and not (self.withdrawn.is_set() and unseen is not None):
                break
            if wait:
                await reconcile.pause(wait)
            try:
                found = await search.find(only)
            except OrigamiError as problem:
                unseen = problem.with_traceback(None)
                continue
            unseen, ours = None, [each for each in found if each.is_ours]
            if len(ours) > 1 or (found and not ours):
                raise self.ambiguous(None, found)
            for each in ours:
                self._take(each.agent_id, each.run, each.agent_name)
                return None
        return unseen

    def ambiguous(
        self, last: OrigamiError | None, found: Sequence[Candidate] = (), *, unseen: bool = False
    ) -> AmbiguousStart:
        """Return the error of this start while its outcome is unknown.

        Args:
            last: the error of the last attempt.
            found: the runs that are ours or in doubt.
            unseen: whether the lists could not be read.
        """
        near, exact = (
            [(each.agent_id, each.run.id) for each in found if each.is_ours == is_ours] for is_ours in (False, True)
        )
        error = ambiguous(last, agent_id=self.spec.agent_id or "", exact=exact, near=near, unseen=unseen)
        error.idempotency_key, error.may_have_started, error.job = self.key, True, self
        return error

    def _marked(self, error: OrigamiError) -> OrigamiError:
        """Return an error with what it leaves behind: the idempotency key, and whether a run may have started."""
        error.idempotency_key = self.key
        error.may_have_started = error.may_have_started or self.record.may_have_started
        return error

    def _take(self, agent_id: str, run: RunObject, agent_name: str = "") -> None:
        """Take a run that the server has named for this start."""
        self.run = run
        self._agent_name = agent_name or self._agent_name
        record = self.record
        record.life, record.unknown, record.agent_id, record.run_id = Life.STARTED, False, agent_id, run.id
        reconcile.take(self.operations, run.id, record.idempotency_key)

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
        self.credit_limit = limits.continued(credit_limit or self.credit_limit, self._new_limit)
        if self.credit_limit is None:
            return
        self.credit_limit.note_before(self.record.bases)
        if self.watch is not None:
            self.credit_limit.guard(self.watch, conversation_of(self.watch))

    async def _watch_run(self) -> Any:
        """Write the run down under the name, watch it and return its handle; None without a run.

        What could not be written down is written down for the next owner that comes.
        """
        async with self._writing:
            if self.run is not None and self._name and (self.watch is None or self.unrecorded is not None):
                await self._write_run(self.run)
            if self.run is not None and self.watch is None:
                self._take_watch(
                    await poller().watch(
                        self.operations, self.record.agent_id, self.run.id, started=self.run, asked_at=self._sent_at
                    )
                )
        return self.handle

    async def _write_run(self, run: RunObject) -> None:
        """Complete the record under the name, unless the name belongs to a newer start by now."""
        record = self.record
        record.started_at = run.started_at or record.claimed_at
        record.before = self.unrecorded = None
        try:
            entry = await entry_of(self.operations, self._name)
            current = await entry.read()
            if current is None or current.idempotency_key == record.idempotency_key:
                await entry.write(record)
        except RegistryUnusable as error:
            # The run is paid for, so the caller gets it. The entry still finds it while the server remembers the key.
            self.unrecorded = error.with_traceback(None)

    def _take_watch(self, watch: RunWatch) -> None:
        watch.update(Named(self._agent_name, tuple(self.record.bases.items())))
        if self._follow_up is not None:
            self._follow_up.go_on_with(watch)
        conversation = conversation_of(watch)
        conversation.ours.add(watch.state.run_id)
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


def is_unsent(error: OrigamiError) -> bool:
    """Return whether nothing has reached the server, or the server put the request off without looking at it."""
    is_put_off = isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)
    return not error.may_have_started and (is_put_off or isinstance(error, ConnectionFailed))


def is_unclear(error: OrigamiError) -> bool:
    """Return whether the error of an attempt is no definite refusal."""
    return error.may_have_started or isinstance(error, IdempotencyConflict) or is_unsent(error)


def mark(stopped: BaseException, job: StartJob) -> None:
    """Give the exception that interrupted a start the attributes and methods of its job that find the run."""
    vars(stopped).update(
        idempotency_key=job.key,
        may_have_started=job.record.may_have_started,
        reconcile=job.reconcile,
        reconcile_async=job.reconcile_async,
    )
