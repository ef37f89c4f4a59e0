"""`StartJob`: send a start request until its one run is known, or until it is sure that there is none.

What is to be done next follows from the job's record; this module carries it out. The server remembers its answer to an
idempotency key unless that is a 5xx. After one of those, and wherever it stays open whether a run was started, nothing is
sent before the run was looked for. Where several runs fit, none is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from origami_widgets.api import validate
from origami_widgets.api.errors import (
    AgentBusy,
    AmbiguousStart,
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    RunNotFound,
    RunPoolFull,
    ServerError,
    UnexpectedAnswer,
    ambiguous,
)
from origami_widgets.api.loop import background, is_under_way, kept_task
from origami_widgets.api.models import CreatedAgent
from origami_widgets.api.operations import not_wanted
from origami_widgets.api.starts.reconcile import Reconciliation, take
from origami_widgets.api.starts.record import (
    Lost,
    NotFound,
    NotSent,
    RecordSlot,
    Refused,
    Requeued,
    Sent,
    Started,
    StartRecord,
    Withdrawn,
    recovered,
    transition,
)
from origami_widgets.host.runtime import monotonic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.reconcile import Found, Matches
    from origami_widgets.api.starts.record import StartEvent
    from origami_widgets.api.starts.spec import StartSpec

log = logging.getLogger("origami_widgets")

LOOKS = (2.0, 10.0)
"""Seconds before each look for a run that may have been started: a server that failed may be late with its list."""
LOOKS_FOR_UNWANTED = (30.0,) * 40
"""The same for a run that is to be cancelled, while the lists cannot be read: it lasts 20 minutes at most."""
MOST_REPLAYS = 80
"""Old refusals after which a request is given up: a queue of 75 minutes has left one for each minute."""
UNCLEAR = (ConnectionFailed, ServerError, UnexpectedAnswer, IdempotencyConflict)


async def pause(seconds: float) -> None:
    """Wait before a look."""
    await asyncio.sleep(seconds)


def new_record(key: str | None = None) -> StartRecord:
    """The record of a start that was never sent.

    Args:
        key: its idempotency key; None makes one.

    Raises:
        InvalidInput: the key is not valid.
    """
    return StartRecord(str(uuid.uuid4()) if key is None else validate.idempotency_key(key))


def recovered_record(key: str, sent_at: float) -> StartRecord:
    """The record of a request that an earlier process, or an earlier call, may have sent; `sent_at` in Unix seconds."""
    return recovered(validate.idempotency_key(key), sent_at, now=time.time(), passed=monotonic())


class StartJob:
    """One start request, from its first attempt to the run. Coroutines and `go` are for the background loop.

    Args:
        operations: the API.
        spec: what is asked for.
        slot: where its record is kept; None for a start that was never sent.

    Attributes:
        spec, slot: as given.
        run: the run, once it is known.
        error: why it could not be started; None while that is open.
        owners: who wants the run; when the last one stops, it is withdrawn.
        withdrawn: set when nothing is to be sent any more that could start it.
        is_cancelled: the server was asked to cancel it, because it was withdrawn.
        notice: what to tell a caller who waits; empty for nothing.
    """

    def __init__(self, operations: Operations, spec: StartSpec, slot: RecordSlot | None = None) -> None:
        self.spec = spec
        self.slot = RecordSlot(new_record()) if slot is None else slot
        self.run: RunObject | None = None
        self.error: Exception | None = None
        self.owners: set[object] = set()
        self.withdrawn = asyncio.Event()
        self.is_cancelled = False
        self.notice = ""
        self._operations = operations
        self._created: CreatedAgent | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def record(self) -> StartRecord:
        """What is known of it."""
        return self.slot.record

    @property
    def key(self) -> str:
        """The idempotency key of the last attempt."""
        return self.record.idempotency_key

    @property
    def agent_id(self) -> str:
        """The run's agent; empty until a new one is known."""
        return self.record.agent_id or self.spec.agent_id or ""

    @property
    def is_sent(self) -> bool:
        """Whether an attempt was made, now or before."""
        return self.record.sent_at is not None

    @property
    def is_going(self) -> bool:
        """Whether it is being started at this moment."""
        return self._task is not None and not self._task.done()

    def go(self) -> None:
        """Begin to start the run, unless that is under way."""
        if not is_under_way(self._task):
            self.error, self.withdrawn, self.slot.is_wanted = None, asyncio.Event(), True
            self._task = kept_task(self._go(), "origami-widgets start")

    async def over(self) -> None:
        """Wait until it is not under way any more; a waiting task may be cancelled without ending it."""
        if self._task is not None and is_under_way(self._task):
            await asyncio.wait((self._task,))

    async def start_for(self, owner: object) -> Any:
        """Start the run for one more owner, or wait for it where it is being started; what the owner's caller is given.

        An owner that is given an error does not want the run any more.

        Raises:
            OrigamiError: as `begin`.
        """
        self.owners.add(owner)
        if self.withdrawn.is_set():
            # What others have stopped comes to its end first.
            await self.over()
        self.go()
        await self.over()
        if self.error is None and (result := await self.hand_over()) is not None:
            return result
        self.owners.discard(owner)
        error = self.error or self._marked(not_wanted())
        if not self.owners:
            # It is the caller's from now on: an error that holds its job would be held by it in a cycle.
            self.error = None
        raise error

    def leave(self, owner: object) -> None:
        """Stop wanting the run: after the last owner nothing more is sent."""
        self.owners.discard(owner)
        if not self.owners:
            self.withdrawn.set()

    async def withdraw(self, owner: object) -> None:
        """Stop wanting the run. After the last owner nothing more is sent, and a run that was started is cancelled."""
        self.leave(owner)
        if self.owners:
            return
        self.slot.is_wanted = False
        if self._task is not None and self.is_going:
            if not self.is_sent:
                self._task.cancel()
            await self.over()
        if self.run is not None:
            await self.cancel()
            self.is_cancelled = True

    def abandon(self, owner: object) -> None:
        """Stop waiting for the run. After the last owner nothing more is sent, and a run that was started goes on."""
        self.owners.discard(owner)
        if not self.owners and self._task is not None and self.is_going:
            self._task.cancel()

    async def _go(self) -> None:
        try:
            await self.begin()
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            self.error = error.with_traceback(None)
        except Exception as error:
            log.exception("A run could not be started")
            self.error = error

    async def begin(self) -> None:
        """Start the run: the one that the server's answer names, or that an attempt without an answer has started.

        Raises:
            AmbiguousStart: a run may have been started, and was not found.
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
                raise self._ambiguous(error) from error
            raise self._marked(error or not_wanted())

    async def hand_over(self) -> Any:
        """What the caller is given once the run is known."""
        return self.run if self.spec.continues_agent else self._created

    async def cancel(self) -> None:
        """Ask the server to cancel the run. An agent has one active run at most, and this one began a moment ago."""
        if self.run is not None and (await self._read_when_known(self.run)).status == "running":
            await self._operations.cancel(self.agent_id)

    async def _read_when_known(self, run: RunObject) -> RunObject:
        """The run as it stands now. A new run may not be readable everywhere at once."""
        for wait in LOOKS:
            with contextlib.suppress(RunNotFound):
                return await self._operations.get_run(self.agent_id, run.id)
            await pause(wait)
        return await self._operations.get_run(self.agent_id, run.id)

    def reconcile(self) -> Any:
        """Look again for the run; see `look`. Blocks."""
        return background().run(self.look())

    async def reconcile_async(self) -> Any:
        """Look again for the run without blocking the event loop; see `look`."""
        return await background().bridge(self.look())

    async def look(self, waits: Sequence[float] = (0.0,)) -> Any:
        """Look for the run that may have been started, and hand it over if it is there; None when it is not. Sends GETs only.

        Args:
            waits: seconds before each look; the last one is followed by none.

        Raises:
            AmbiguousStart: the lists could not be read, or several runs fit; it can be tried again from there.
        """
        if self.run is None and self.is_sent:
            try:
                await self._look(waits)
            except AmbiguousStart:
                raise
            except OrigamiError as unseen:
                raise self._ambiguous(unseen, unseen=True) from unseen.with_traceback(None)
        return None if self.run is None else await self.hand_over()

    async def _attempt(self) -> OrigamiError | None:
        """Send, with those repetitions that the key makes safe; the error when no run is known afterwards."""
        self._apply(Sent(monotonic()))
        try:
            await self._send()
        except OrigamiError as error:
            self._apply(self._event_of(error))
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            return self._marked(error).with_traceback(None)
        except BaseException as stopped:
            self._apply(Lost())
            mark(stopped, self)
            raise
        return None

    async def _send(self) -> None:
        spec = self.spec
        if spec.agent_id is not None:
            run = await self._operations.create_run(
                spec.agent_id,
                spec.prompt,
                model=spec.model,
                focus_table_ids=spec.focus_tables,
                attachments=spec.attachments,
                idempotency_key=self.key,
                stop=self.withdrawn,
            )
            self._take(spec.agent_id, run)
            return
        created = await self._operations.create_agent(
            spec.prompt,
            name=spec.name,
            model=spec.model,
            focus_table_ids=spec.focus_tables,
            attachments=spec.attachments,
            idempotency_key=self.key,
            stop=self.withdrawn,
        )
        self._created = created
        self._take(created.agent.id or created.run.agent_id, created.run)

    def _event_of(self, error: OrigamiError) -> StartEvent:
        """What an error says of the request that it ends."""
        if error.is_replay:
            return Refused(is_replay=True, after_loss=error.may_have_started)
        if isinstance(error, IdempotencyConflict):
            return Lost()
        # Too many requests: the server has looked at none of them.
        if isinstance(error, UNCLEAR) or (isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)):
            return Lost() if error.may_have_started else NotSent()
        return Refused(after_loss=error.may_have_started)

    async def _reconcile(self, error: OrigamiError | None) -> None:
        """Look for the run before anything is sent again.

        Args:
            error: what came instead of an answer that names the run; None where that is not known any more.

        Raises:
            OrigamiError: `error`, where the server has refused, and the lists could not be read.
            AmbiguousStart: the lists could not be read, or one of several runs may be ours.
        """
        if error is None or self.record.last_answer == "old_refusal":
            await self.look()
            return
        try:
            if self.record.last_answer == "lost":
                await self._look(LOOKS, LOOKS_FOR_UNWANTED)
            else:
                # Whatever has started a run did so before the server refused.
                await self._look((0.0,), only=error.current_run_id if isinstance(error, AgentBusy) else None)
        except AmbiguousStart:
            raise
        except OrigamiError as unseen:
            unseen.__traceback__ = None
            if self.record.last_answer == "lost":
                raise self._ambiguous(error, unseen=True) from unseen
            error.add_note(f"An earlier attempt may have started the run, and it could not be looked for: {unseen}")
            raise error from None

    async def _look(
        self, waits: Sequence[float], waits_if_withdrawn: Sequence[float] = (), only: str | None = None
    ) -> None:
        """Look for the run, and take it if it is found.

        Args:
            waits: seconds before each look.
            waits_if_withdrawn: the same of further ones while the lists cannot be read and the run is not wanted any more,
                so that it does not go on unseen and cost credits.
            only: see `Reconciliation.find`.

        Raises:
            AmbiguousStart: several runs fit, or one nearly does.
            OrigamiError: the lists could not be read the last time.
        """
        reconciliation = Reconciliation(self._operations, self.spec, self.record)
        unseen: OrigamiError | None = None
        for at, wait in enumerate((*waits, *waits_if_withdrawn)):
            if at >= len(waits) and not (self.withdrawn.is_set() and unseen is not None):
                break
            if wait:
                await pause(wait)
            try:
                unseen = None
                if self._take_only(await reconciliation.find(only)):
                    return
            except AmbiguousStart:
                raise
            except OrigamiError as problem:
                unseen = problem.with_traceback(None)
        if unseen is not None:
            raise unseen
        self._apply(NotFound())

    def _take_only(self, found: Matches) -> bool:
        """Take the one run that fits; False when there is none.

        Raises:
            AmbiguousStart: several fit, or one nearly does.
        """
        exact, near = found
        if len(exact) > 1 or (near and not exact):
            raise self._ambiguous(None, exact=exact, near=near)
        for agent_id, run, agent in exact:
            if agent is not None:
                self._created = CreatedAgent.from_raw({"agent": agent.raw, "run": run.raw})
            self._take(agent_id, run)
        return bool(exact)

    def _take(self, agent_id: str, run: RunObject) -> None:
        self.run = run
        self._apply(Started(agent_id, run.id))
        take(self._operations, run.id, self.record.first_key)

    def _apply(self, event: StartEvent) -> None:
        self.slot.record = transition(self.record, event)

    def _marked(self, error: OrigamiError) -> OrigamiError:
        error.idempotency_key, error.may_have_started = self.key, self.record.may_have_started
        return error

    def _ambiguous(
        self,
        last: OrigamiError | None,
        *,
        exact: Sequence[Found] = (),
        near: Sequence[Found] = (),
        unseen: bool = False,
    ) -> AmbiguousStart:
        error = ambiguous(
            last,
            agent_id=self.spec.agent_id or "",
            exact=[(each.agent_id, each.run.id) for each in exact],
            near=[(each.agent_id, each.run.id) for each in near],
            unseen=unseen,
        )
        error.idempotency_key, error.may_have_started, error.job = self.key, True, self
        return error


def mark(stopped: BaseException, job: StartJob) -> None:
    """Let an exception find the run that it interrupted the start of."""
    vars(stopped).update(
        idempotency_key=job.key,
        may_have_started=job.record.may_have_started,
        reconcile=job.reconcile,
        reconcile_async=job.reconcile_async,
    )
