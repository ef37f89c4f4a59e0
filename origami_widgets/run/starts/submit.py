"""`StartJob`: send a start request until its run is known, or until it is certain that there is none.

The job's record decides the next step; this module carries it out. The server remembers its answer to an idempotency
key, except a 5xx, which a proxy may replace by anything. So after any unknown outcome, the job looks for the run before
it sends anything again. If several runs match, it takes none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from origami_widgets.api import retries, validate
from origami_widgets.api.errors import (
    AgentBusy,
    AmbiguousStart,
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    RunNotFound,
    RunPoolFull,
    ambiguous,
)
from origami_widgets.api.loop import background, is_under_way, kept_task
from origami_widgets.api.models import CreatedAgent
from origami_widgets.api.operations import not_wanted
from origami_widgets.host.runtime import monotonic
from origami_widgets.run.starts.reconcile import Likeness, Reconciliation, take
from origami_widgets.run.starts.record import (
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
from origami_widgets.run.starts.turns import turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.starts.reconcile import Candidate
    from origami_widgets.run.starts.record import StartEvent
    from origami_widgets.run.starts.spec import StartSpec

log = logging.getLogger("origami_widgets")

LOOKS = (2.0, 10.0)
"""Seconds before each search for a run that may have started: after a failure, the server's list may lag behind."""
NOT_BEGUN = (408, 425)
"""Statuses that say that the request was not read, or not begun."""
LOOKS_FOR_UNWANTED = (30.0,) * 40
"""Seconds before further searches for a run to cancel, while the lists cannot be read: a run takes at most 20 minutes."""
MOST_REPLAYS = 80
"""Repeated refusals after which a request is given up: a 75-minute queue leaves one for each minute."""


async def pause(seconds: float, wake: asyncio.Event | None = None) -> None:
    """Wait before a search, at most until an event is set."""
    await retries.pause(seconds, asyncio.Event() if wake is None else wake)


def new_record(key: str | None = None) -> StartRecord:
    """Return the record of a start that was never sent.

    Args:
        key: the idempotency key; None makes one.

    Raises:
        InvalidInput: the key is not valid.
    """
    return StartRecord(str(uuid.uuid4()) if key is None else validate.idempotency_key(key))


def recovered_record(key: str, sent_at: float) -> StartRecord:
    """Return the record of a request that an earlier process or call may have sent; `sent_at` in Unix seconds."""
    return recovered(validate.idempotency_key(key), sent_at, now=time.time(), passed=monotonic())


class StartJob:
    """Start request, from its first attempt to its run. Call coroutines and `go` on the background loop.

    Args:
        operations: the API.
        spec: what is asked for.
        idempotency_key: the key of the first attempt; None makes one.

    Attributes:
        spec: what is asked for.
        slot: the holder of the record.
        run: the run, once it is known.
        error: why the run could not be started; None while that is open.
        owners: the callers that want the run; when the last one leaves, the job is withdrawn.
        withdrawn: set when nothing more may be sent that could start the run.
        is_cancelled: whether the server was asked to cancel the run, because the job was withdrawn.
        notice: text to print for a waiting caller; empty for none.

    Raises:
        InvalidInput: the key is not valid.
    """

    def __init__(self, operations: Operations, spec: StartSpec, idempotency_key: str | None = None) -> None:
        self.spec = spec
        self.slot = RecordSlot(new_record(idempotency_key))
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
        """Start the run for one more owner, or wait if it is already being started. Return what `hand_over` returns.

        An owner that gets an error stops being an owner.

        Raises:
            OrigamiError: as in `begin`.
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
            await self.cancel()
            self.is_cancelled = True

    def abandon(self, owner: object) -> None:
        """Remove an owner. After the last one, nothing more is sent, but a run that was started goes on."""
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
            log.exception("Couldn't start a run")
            self.error = error

    async def begin(self) -> None:
        """Start the run, or find the run that an attempt without an answer has started.

        Raises:
            AmbiguousStart: a run may have started, but was not found.
            OrigamiError: the run was not started.
        """
        async with turn((self._operations.identity, self.spec.agent_id, self.spec.prompt), self.withdrawn):
            await self._begin()

    async def _begin(self) -> None:
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

    async def hand_over(self) -> Any:
        """Return the caller's result once the run is known."""
        return self.run if self.spec.continues_agent else self._created

    async def cancel(self) -> None:
        """Ask the server to cancel the agent's active run: an agent has at most one, and this one began a moment ago."""
        if self.run is not None and (await self._read_when_known(self.run)).status == "running":
            await self._operations.cancel(self.agent_id)

    async def _read_when_known(self, run: RunObject) -> RunObject:
        """Read the run. A new run may not be readable everywhere at once."""
        for wait in LOOKS:
            with contextlib.suppress(RunNotFound):
                return await self._operations.get_run(self.agent_id, run.id)
            await pause(wait)
        return await self._operations.get_run(self.agent_id, run.id)

    def reconcile(self) -> Any:
        """Look for the run again, blocking; see `look`."""
        return background().run(self.look())

    async def reconcile_async(self) -> Any:
        """Look for the run again, without blocking the event loop; see `look`."""
        return await background().bridge(self.look())

    async def look(self, waits: Sequence[float] = (0.0,)) -> Any:
        """Look for a run that may have started. Return what `hand_over` returns; None without a run. Sends only GETs.

        Args:
            waits: seconds before each search.

        Raises:
            AmbiguousStart: the lists could not be read, or several runs match; its `reconcile()` tries again.
        """
        if self.run is None and self.is_sent and (unseen := await self._look(waits)) is not None:
            raise self.ambiguous(unseen, unseen=True) from unseen
        return None if self.run is None else await self.hand_over()

    async def _attempt(self) -> OrigamiError | None:
        """Send the request. Return the error if no run is known afterwards."""
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
        options: dict[str, Any] = {
            "model": spec.model,
            "focus_table_ids": spec.focus_tables,
            "attachments": spec.attachments,
            "idempotency_key": self.key,
            "stop": self.withdrawn,
        }
        if spec.agent_id is not None:
            self._take(spec.agent_id, await self._operations.create_run(spec.agent_id, spec.prompt, **options))
            return
        created = self._created = await self._operations.create_agent(spec.prompt, name=spec.name, **options)
        self._take(created.agent.id or created.run.agent_id, created.run)

    def _event_of(self, error: OrigamiError) -> StartEvent:
        """Return the event that an error of the request stands for."""
        if error.is_replay:
            return DefiniteRefusal(is_replay=True)
        if error.may_have_started or isinstance(error, IdempotencyConflict):
            return Lost(is_failure=_is_failure(error))
        # After too many requests, the server refuses them without looking at them.
        is_put_off = isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)
        return NotSent() if is_put_off or isinstance(error, ConnectionFailed) else DefiniteRefusal()

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


def _is_failure(error: OrigamiError) -> bool:
    """Return whether the server failed, or a proxy's answer may have replaced its 5xx."""
    return not isinstance(error, ConnectionFailed) and error.status_code not in NOT_BEGUN


def mark(stopped: BaseException, job: StartJob) -> None:
    """Give the exception that interrupted a start the attributes and methods that find its run."""
    vars(stopped).update(
        idempotency_key=job.key,
        may_have_started=job.record.may_have_started,
        reconcile=job.reconcile,
        reconcile_async=job.reconcile_async,
    )
