"""`Request`: send a start request, and look for its run, until the run is known. The record decides the next step.

The server remembers its answer to an idempotency key, except a 5xx, which a proxy may replace by anything. So after any
unknown outcome, the request looks for the run before it is sent again. If several runs match, it takes none.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from origami_widgets.api import retries
from origami_widgets.api.base_operations import not_wanted
from origami_widgets.api.errors import AgentBusy, AmbiguousStart, OrigamiError, ambiguous
from origami_widgets.host.runtime import monotonic
from origami_widgets.run.starts import reconcile
from origami_widgets.run.starts.reconcile import Likeness, Reconciliation, take
from origami_widgets.run.starts.record import (
    Lost,
    NothingFound,
    RecordSlot,
    Requeued,
    Sent,
    Started,
    StartRecord,
    Withdrawn,
    event_of,
    transition,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.starts.reconcile import Candidate
    from origami_widgets.run.starts.record import StartEvent, StartSpec

MOST_REPLAYS = 80
"""Repeated refusals after which a request is given up: a 75-minute queue leaves one for each minute."""


class Request:
    """Start request, which may be sent several times. Background loop only.

    Args:
        operations: the API.
        spec: what is asked for.
        slot: the holder of its record.

    Attributes:
        spec, slot: as given.
        withdrawn: set when nothing more may be sent that could start the run.
        run: the run, once it is known.
        agent_name: the agent's name as far as it is known.
    """

    def __init__(self, operations: Operations, spec: StartSpec, slot: RecordSlot[StartRecord]) -> None:
        self.spec = spec
        self.slot = slot
        self.withdrawn = asyncio.Event()
        self.run: RunObject | None = None
        self.agent_name = spec.name or ""
        self._operations = operations

    @property
    def record(self) -> StartRecord:
        """The newest record of the start."""
        return self.slot.record

    async def until_known(self) -> None:
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
            raise self.marked(error or not_wanted())

    async def _attempt(self) -> OrigamiError | None:
        """Send the request. Return the error if no run is known afterwards.

        Raises:
            OrigamiError: nothing was sent, as the job has found a reason against it.
        """
        job = self.slot.job()
        if job is not None:
            try:
                await job.before_attempt()
            except OrigamiError as error:
                raise self.marked(error)  # noqa: B904 - it is the same error
            if self.run is not None:
                return None
        self._apply(Sent(monotonic()))
        try:
            await self._send()
        except OrigamiError as error:
            self._apply(event_of(error, monotonic()))
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            return self.marked(error).with_traceback(None)
        except BaseException as stopped:
            self._apply(Lost(at=monotonic()))
            mark(stopped, self.slot.job())
            raise
        return None

    async def _send(self) -> None:
        spec = self.spec
        options: dict[str, Any] = {
            "model": spec.model,
            "focus_table_ids": spec.focus_tables,
            "idempotency_key": self.record.idempotency_key,
            "stop": self.withdrawn,
        }
        if spec.agent_id is not None:
            self._take(spec.agent_id, await self._operations.create_run(spec.agent_id, spec.prompt, **options))
            return
        created = await self._operations.create_agent(spec.prompt, name=spec.name, **options)
        self._take(created.agent.id or created.run.agent_id, created.run, created.agent.name)

    async def _reconcile(self, error: OrigamiError | None) -> None:
        """Look for the run before anything is sent again.

        Args:
            error: the error that came instead of the run; None if it is no longer known.

        Raises:
            OrigamiError: `error`, if the server refused and the lists could not be read.
            AmbiguousStart: the lists could not be read, or several runs may be ours.
        """
        if error is not None and self.record.last_answer == "refused":
            # Nothing is sent again. If an attempt has started a run, it did so before the server refused.
            unseen = await self._look((0.0,), only=error.current_run_id if isinstance(error, AgentBusy) else None)
            if unseen is not None:
                error.add_note(f"An earlier attempt may have started the run, and we couldn't look for it: {unseen}")
                raise error
            return
        if error is not None and error.retry_after and self.record.last_answer in ("lost", "failed"):
            await reconcile.pause(min(error.retry_after, retries.LONGEST_IN_ALL), self.withdrawn)
        unseen = await self._look(self.waits(), if_unwanted=reconcile.LOOKS_FOR_UNWANTED)
        if unseen is not None:
            raise self.ambiguous(error or unseen, unseen=True) from unseen

    def waits(self) -> list[float]:
        """Return the seconds before each search that must come before anything is sent again.

        They count from the last attempt with an unknown outcome, whichever process made it.
        """
        moments = reconcile.LOOKS_AFTER_FAILURE if self.record.last_answer == "failed" else reconcile.LOOKS
        at = self.record.lost_at
        return reconcile.waits(math.inf if at is None else monotonic() - at, moments)

    async def look(self, waits: Sequence[float], *, only: str | None = None) -> None:
        """Look for a run that may have started, after so many seconds each. Sends only GETs.

        Args:
            waits: seconds before each search.
            only: see `Reconciliation.find`.

        Raises:
            AmbiguousStart: the lists could not be read, or several runs match.
        """
        if self.run is not None or self.record.sent_at is None:
            return
        if (unseen := await self._look(waits, only=only)) is not None:
            raise self.ambiguous(unseen, unseen=True) from unseen

    async def _look(
        self, waits: Sequence[float], *, if_unwanted: Sequence[float] = (), only: str | None = None
    ) -> OrigamiError | None:
        """Look for the run, and take the only one that matches. Return why the lists could not be read; None if they were.

        Args:
            waits: seconds before each search.
            if_unwanted: seconds before each further search while the lists cannot be read and no caller wants the run, so
                that it does not go on unseen and cost credits.
            only: see `Reconciliation.find`.

        Raises:
            AmbiguousStart: several runs match, or one nearly does.
        """
        search = Reconciliation(self._operations, self.spec, self.record)
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
            unseen = None
            exact = [each for each in found if each.likeness == Likeness.EQUAL]
            if len(exact) > 1 or (found and not exact):
                raise self.ambiguous(None, found)
            for agent_id, run, agent, _ in exact:
                self._take(agent_id, run, "" if agent is None else agent.name)
                return None
        if unseen is None:
            self._apply(NothingFound())
        return unseen

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
        error.idempotency_key, error.may_have_started, error.job = self.record.idempotency_key, True, self.slot.job()
        return error

    def marked(self, error: OrigamiError) -> OrigamiError:
        """Return an error with what it leaves behind: the idempotency key, and whether a run may have started."""
        error.idempotency_key, error.may_have_started = self.record.idempotency_key, self.record.may_have_started
        return error

    def _apply(self, event: StartEvent) -> None:
        self.slot.record = transition(self.record, event)

    def _take(self, agent_id: str, run: RunObject, agent_name: str = "") -> None:
        self.run = run
        self.agent_name = agent_name or self.agent_name
        self._apply(Started(agent_id, run.id))
        take(self._operations, run.id, self.record.first_key)


def mark(stopped: BaseException, job: Any) -> None:
    """Give the exception that interrupted a start the attributes and methods of its job that find the run."""
    if job is not None:
        vars(stopped).update(
            idempotency_key=job.key,
            may_have_started=job.record.may_have_started,
            reconcile=job.reconcile,
            reconcile_async=job.reconcile_async,
        )
