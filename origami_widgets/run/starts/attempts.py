"""`Attempts`: send the request of one start, and look for its run, until the run is known. It is paid for once.

The record of the start says what is known; four rules say what comes next:

1. While an attempt may have started a run that is not known, that run is looked for before anything is sent again.
2. When no call wants the run any more, nothing more is sent; a run that was started is found, and cancelled.
3. What counts is written down before it is sent.
4. The server repeats its first answer to an idempotency key, except a 5xx: after a refusal, the next attempt has another
   key, and a repeated refusal says nothing about now.

Starts of equal briefs in this process take turns: if the answers to two of them were lost at the same time, it would be
unknown which of the runs is whose, and one job could take the other's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from origami_widgets.api.background.loop import background
from origami_widgets.api.base_operations import LONGEST_IN_ALL, not_wanted
from origami_widgets.api.errors import (
    AgentBusy,
    AmbiguousStart,
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    RunPoolFull,
    ambiguous,
)
from origami_widgets.host.runtime import monotonic
from origami_widgets.run.conversation import newest_run
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starts import reconcile
from origami_widgets.run.starts.record import KEY_KEPT, Life, StartRecord
from origami_widgets.run.starts.store import StoreEntry, entry_of, runs_taken

if TYPE_CHECKING:
    from origami_widgets.api.background.threads import Coro
    from origami_widgets.api.models.run import RunObject
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.follow_up import FollowUp
    from origami_widgets.run.starts.reconcile import Candidate
    from origami_widgets.run.starts.record import StartSpec

MOST_LOSSES = 4
"""Attempts of one call that may end with an unknown outcome before the user has to decide.

One at which the server failed counts twice, because the server does not remember its key.
"""
MOST_REPLAYS = 80
"""Repeated refusals after which a start is given up: a 75-minute queue leaves one for each minute."""
NOT_BEGUN = (408, 425)
"""Statuses that say that the request was not read, or not begun."""


class Outcome(Enum):
    """What the error that a request to start a run ended with says about the run.

    Attributes:
        REFUSED: there is none. The server repeats this answer, so that the next attempt needs another key.
        REPLAYED: nothing about now: the server has repeated an older refusal.
        UNSENT: nothing has reached the server, or it put the request off without looking at it.
        LOST: there may be one.
        FAILED: the same; the server failed, and does not remember the key.
    """

    REFUSED = auto()
    REPLAYED = auto()
    UNSENT = auto()
    LOST = auto()
    FAILED = auto()

    @classmethod
    def of(cls, error: OrigamiError) -> Outcome:
        """Return what an error says."""
        if error.is_replay:
            return cls.REPLAYED
        is_put_off = isinstance(error, RateLimited) and not isinstance(error, RunPoolFull)
        is_cut_off = isinstance(error, ConnectionFailed)
        if error.may_have_started or isinstance(error, IdempotencyConflict):
            return cls.LOST if is_cut_off or error.status_code in NOT_BEGUN else cls.FAILED
        return cls.UNSENT if is_put_off or is_cut_off else cls.REFUSED


@dataclass(eq=False, repr=False)
class Attempts:
    """Attempts to start one run. Background loop only.

    Args:
        operations: the API.
        spec: what is asked for.
        record: the record of an equal earlier start, whose run is looked for first, or of a new start.
        name: the name in the start store; empty for a start that is not stored.
        follow_up: the follow-up to send; None for a new agent.
        entry: the entry in which the record is kept; None for that of the name in the start store.

    Attributes:
        run: the run of this start, once the server has named it.
        withdrawn: set when nothing more may be sent that could start the run.
    """

    operations: Operations
    spec: StartSpec
    record: StartRecord = field(default_factory=StartRecord.new)
    _: KW_ONLY
    name: str = ""
    follow_up: FollowUp | None = None
    entry: StoreEntry[StartRecord] | None = None
    run: RunObject | None = field(default=None, init=False)
    withdrawn: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _known_runs: frozenset[str] = field(default=frozenset(), init=False)
    # The first attempt and the end of the last one, in seconds of `monotonic`, and the moments for looks after that.
    _sent_at: float = field(default=0.0, init=False)
    _lost_at: float = field(default=0.0, init=False)
    _looks: tuple[float, ...] = field(default_factory=lambda: reconcile.LOOKS, init=False)

    def __post_init__(self) -> None:
        self._agent_name = self.spec.name or ""
        if self.record.may_have_started:
            self._resume(self.record)
        elif self.record.life != Life.CANCELLED:
            self.record.renew()

    @property
    def key(self) -> str:
        """The idempotency key of the next attempt."""
        return self.record.key

    async def _entry(self) -> StoreEntry[StartRecord]:
        """Return the entry in which the record is kept."""
        return self.entry or await entry_of(self.operations, self.name)

    def _resume(self, record: StartRecord) -> None:
        """Go on with a record whose attempts were made by an earlier job, perhaps in another process."""
        self.record = record
        if not record.run_id:
            record.life = Life.UNKNOWN
        now = self.operations.server_time(monotonic())
        first, last = (
            now if moment is None else moment.timestamp() for moment in (record.claimed_at, record.attempted_at)
        )
        # The other process may have known the server's clock no better: less has passed since its last attempt, rather than more.
        passed = max(0.0, now - last - reconcile.SLACK)
        self._sent_at, self._lost_at = monotonic() - (now - first), monotonic() - passed

    async def _until_known(self) -> None:
        """Look and send, until the run is known.

        Raises:
            AmbiguousStart: a run may have started, but was not found.
            OrigamiError: the run was not started.
        """
        error: OrigamiError | None = None
        replays = 0
        while self.run is None:
            outcome = None if error is None else Outcome.of(error)
            is_replay = outcome == Outcome.REPLAYED
            if (self.record.unknown or is_replay) and await self._look_before_sending(error):
                return
            if error is not None and not is_replay and (outcome == Outcome.REFUSED or not self.record.unknown):
                self.record.life = Life.REFUSED
                raise error
            if self.withdrawn.is_set():
                raise error or not_wanted()
            is_forgotten = self.record.unknown and abs(monotonic() - self._sent_at) > KEY_KEPT
            if is_forgotten or self.record.losses >= MOST_LOSSES:
                raise self.ambiguous(error) from error
            error = await self._attempt()
            replays += error is not None and error.is_replay
            if error is not None and replays > MOST_REPLAYS:
                raise error

    async def _attempt(self) -> OrigamiError | None:
        """Send the request once. Return its error; None if the run is known."""
        await self._before_attempt()
        if self.run is not None:
            return None
        record = self.record
        # In a file, a moment of sending without a run says the same: it is written before.
        was_unknown, record.unknown, record.life = record.unknown, True, Life.SENDING
        try:
            await self._send()
        except OrigamiError as error:
            self._note(error, was_unknown=was_unknown)
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            return error.with_traceback(None)
        except BaseException:
            record.life, self._lost_at = Life.UNKNOWN, monotonic()
            record.losses += 1
            raise
        return None

    async def _before_attempt(self) -> None:
        """Do what precedes each attempt, last of all write it down.

        Raises:
            ContinuedElsewhere: the conversation has a newer run that was not known when the follow-up was asked for.
            OrigamiError: the agent could not be read, or the attempt not be written down, so nothing may be sent.
        """
        record, now = self.record, monotonic()
        if self.follow_up is not None:
            newest = await newest_run(self.operations, self.follow_up.watch.state.agent_id)
            is_elsewhere = newest.id not in self._known_runs
            if is_elsewhere and record.unknown:
                # It may be our own lost one, which the lists do not show yet.
                await self._look((0.0,), only=newest.id)
            if self.run is not None:
                return
            if is_elsewhere:
                raise self.follow_up.continued_elsewhere(newest)
        moment = datetime.fromtimestamp(self.operations.server_time(now), UTC)
        if record.claimed_at is None:
            self._sent_at, record.claimed_at = now, moment
            record.after = "" if self.follow_up is None else self.follow_up.conversation.current.state.run_id
        record.attempted_at = moment
        if self.name:
            (await self._entry()).write(record)

    async def _send(self) -> None:
        spec, key, stop = self.spec, self.key, self.withdrawn
        if spec.agent_id is not None:
            self._take(spec.agent_id, await self.operations.post_run(spec.agent_id, spec.body, key, stop))
            return
        created = await self.operations.post_agent(spec.body, key, stop)
        self._take(created.agent.id or created.run.agent_id, created.run, created.agent.name)

    def _note(self, error: OrigamiError, *, was_unknown: bool) -> None:
        """Note what the error of an attempt says about the run.

        Args:
            error: the error.
            was_unknown: whether an attempt before may have started the run: no refusal says anything about that one.
        """
        record, outcome = self.record, Outcome.of(error)
        if outcome in (Outcome.REFUSED, Outcome.REPLAYED):
            record.refused += 1
            record.unknown = was_unknown
        elif outcome == Outcome.UNSENT and not was_unknown:
            record.unknown = False
        else:
            did_fail = outcome == Outcome.FAILED
            record.losses += 1 + did_fail
            self._lost_at, self._looks = monotonic(), reconcile.LOOKS_AFTER_FAILURE if did_fail else reconcile.LOOKS
        record.life = Life.UNKNOWN if record.unknown or outcome == Outcome.REPLAYED else Life.REFUSED

    async def _look_before_sending(self, error: OrigamiError | None) -> bool:
        """Look for the run before anything is sent again, or a refusal is raised. Return whether it is known.

        Args:
            error: what came instead of the run; None if it is no longer known.

        Raises:
            OrigamiError: `error`, if the server refused and the lists could not be read.
            AmbiguousStart: the lists could not be read, or several runs may be ours.
        """
        if error is not None and Outcome.of(error) == Outcome.REFUSED:
            # If an attempt has started a run, it did so before the server refused.
            unseen = await self._look((0.0,), only=error.current_run_id if isinstance(error, AgentBusy) else None)
            if unseen is not None:
                error.add_note(f"An earlier attempt may have started the run, and we couldn't look for it: {unseen}")
                raise error
            return self.run is not None
        if error is not None and error.retry_after and not error.is_replay:
            await poller().clock.sleep(min(error.retry_after, LONGEST_IN_ALL), self.withdrawn)
        unseen = await self._look(self._waits(), if_unwanted=reconcile.LOOKS_FOR_UNWANTED)
        if unseen is not None:
            raise self.ambiguous(error or unseen, unseen=True) from unseen
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
        known = () if self.follow_up is None else self.follow_up.runs_until(self.record.after)
        first_key = self.record.idempotency_key
        search = reconcile.Reconciliation(self.operations, self.spec, first_key, self._sent_at, known)
        unseen: OrigamiError | None = None
        for at, wait in enumerate((*waits, *if_unwanted)):
            if at >= len(waits) and not (self.withdrawn.is_set() and unseen is not None):
                break
            if wait:
                await poller().clock.sleep(wait, asyncio.Event())
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
        runs_taken[self.operations.identity, run.id] = record.idempotency_key


class OpenStart(NamedTuple):
    """A start whose outcome is open.

    Attributes:
        over: set when its outcome is known, or given up.
        withdrawn: set when nothing more of it is sent. It may still look for its run for minutes; no caller waits for that.
    """

    over: asyncio.Event
    withdrawn: asyncio.Event


_open: dict[Hashable, OpenStart] = {}


@contextlib.asynccontextmanager
async def alone(brief: Hashable, withdrawn: asyncio.Event) -> AsyncIterator[None]:
    """Wait until no other start of this brief has an open outcome, and be the only one until the end of the block.

    Args:
        brief: what is equal for equal starts.
        withdrawn: set when the start is no longer wanted, and need not wait.
    """
    # Turns of a loop that was stopped, or of the process that this one was forked from, never end.
    key = (os.getpid(), background().generation, brief)
    while (other := _open.get(key)) is not None and not withdrawn.is_set() and not other.withdrawn.is_set():
        await first_of(other.over.wait(), other.withdrawn.wait(), withdrawn.wait())
    own = _open[key] = OpenStart(asyncio.Event(), withdrawn)
    try:
        yield
    finally:
        own.over.set()
        if _open.get(key) is own:
            del _open[key]


async def first_of(*coroutines: Coro[object]) -> None:
    """Wait until one of several coroutines is done, and cancel the others."""
    waits = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
