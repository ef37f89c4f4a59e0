"""Find the run that a request with a lost answer may have started, in the lists of agents and runs.

A run counts as ours only if it has our whole brief, started after our request by the server's own clock, and belongs to
no other start job of this process. A new agent must also have the requested name, if any. We put no mark into the
agent's name: users read that name as long as the agent lives, and a brief within seconds is just as telling.

A server may reformat a brief: spaces, line ends and Unicode forms do not count. A run that is known only by a cut brief, or
that is too old by no more than clocks may be off, is a near match. With a near match nothing is sent again, because the run
may be ours; it is not taken, because it may belong to someone else.

Starts of equal briefs in this process take turns: if the answers to two of them were lost at the same time, it would be
unknown which of the runs is whose, and one job could take the other's.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from origami_widgets.api import retries
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.host.runtime import monotonic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
    from datetime import datetime

    from origami_widgets.api.models import Agent, Page, RunObject, RunSummary
    from origami_widgets.api.models.base import Model
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.starts.record import StartRecord, StartSpec

    M = TypeVar("M", bound=Model)

SLACK = 3.0
"""Seconds by which the server's clock may differ from what we know: its `Date` has whole seconds."""
SLACK_WITHOUT_DATE = 60.0
MOST_PAGES = 20
MOST_AGENTS = 100
"""Agents younger than the request whose runs are read, one by one, at most."""
SHORTEST_CUT = 90
"""Shortest text that may be a cut brief: lists cut to 200 characters, or fewer if the server counts an emoji as two."""
ELLIPSIS = "..."
"""End of a cut brief, in Unicode compatibility form."""

LOOKS = (0.5, 2.5, 8.5)
"""Seconds from the last attempt to each search for the run that it may have started: the server's lists may lag behind."""
LOOKS_AFTER_FAILURE = (2.0, 10.0)
"""The same after an attempt at which the server failed."""
LOOKS_FOR_UNWANTED = (30.0,) * 40
"""Seconds before further searches for a run to cancel, while the lists cannot be read: a run takes at most 20 minutes."""

_taken: dict[tuple[object, str], str] = {}
"""The first key of the start job that owns a run, by client and run id: no other job may take the run."""


class Likeness(IntEnum):
    """How well a run, or a part of it, matches the requested one."""

    DIFFERENT = 0
    SIMILAR = 1
    EQUAL = 2


class Candidate(NamedTuple):
    """A run that a record may have started, and its agent from the list (None if the agent was known before)."""

    agent_id: str
    run: RunObject
    agent: Agent | None
    likeness: Likeness


async def pause(seconds: float, wake: asyncio.Event | None = None) -> None:
    """Wait before a search, at most until an event is set."""
    await retries.pause(seconds, asyncio.Event() if wake is None else wake)


def waits(passed: float, moments: Sequence[float]) -> list[float]:
    """Return the seconds before each search. Moments that are past stand for one search at once.

    Args:
        passed: seconds since the last attempt.
        moments: seconds from that attempt to each search.

    >>> waits(0.0, (0.5, 2.5, 8.5)), waits(3.0, (0.5, 2.5, 8.5)), waits(60.0, (0.5, 2.5, 8.5))
    ([0.5, 2.0, 6.0], [0.0, 5.5], [0.0])
    """
    due = sorted({max(0.0, moment - passed) for moment in moments})
    return [later - earlier for earlier, later in itertools.pairwise((0.0, *due))]


def take(operations: Operations, run_id: str, first_key: str) -> None:
    """Note that a run belongs to the start job with this first idempotency key."""
    _taken[operations.identity, run_id] = first_key


class Reconciliation:
    """Search on the server for the run of one record. Sends only GETs.

    Args:
        operations: the API.
        spec: the start spec.
        record: the record of the start.
    """

    def __init__(self, operations: Operations, spec: StartSpec, record: StartRecord) -> None:
        self._operations = operations
        self._spec = spec
        self._record = record

    async def find(self, only: str | None = None) -> list[Candidate]:
        """Return all runs that match or nearly match.

        Args:
            only: when continuing an agent, the id of the only possible run; None for any run.

        Raises:
            OrigamiError: the lists could not be read to the end.
        """
        found = []
        if self._spec.agent_id is not None and only is not None:
            run = await self._read(self._spec.agent_id, only)
            found.append(Candidate(self._spec.agent_id, run, None, self._likeness(run, run.request.prompt)))
        else:
            async for agent_id, shown, agent, named in self._listed():
                if self._likeness(shown):
                    # Lists cut a brief, so read the run to compare the whole brief.
                    run = await self._read(agent_id, shown.id)
                    likeness = min(named, self._likeness(shown, run.request.prompt))
                    found.append(Candidate(agent_id, run, agent, likeness))
        return [candidate for candidate in found if candidate.likeness]

    async def _listed(self) -> AsyncIterator[tuple[str, RunSummary, Agent | None, Likeness]]:
        """Yield the runs to compare: those of the continued agent, or else of agents whose name and age match."""
        if self._spec.agent_id is not None:
            async for shown in self._runs(self._spec.agent_id):
                yield self._spec.agent_id, shown, None, Likeness.EQUAL
            return
        read_through = 0
        async for agent in self._agents():
            if not (named := self._named(agent)):
                continue
            newest = agent.last_run
            if self._when(agent.created_at) == Likeness.EQUAL and not (newest and self._likeness(newest)):
                # The first run of this agent may still be ours, with a follow-up since.
                read_through += 1
                if read_through > MOST_AGENTS:
                    raise _too_many("agents")
                async for shown in self._runs(agent.id):
                    yield agent.id, shown, agent, named
            elif newest is not None:
                yield agent.id, newest, agent, named

    async def _read(self, agent_id: str, run_id: str) -> RunObject:
        run = await self._operations.get_run(agent_id, run_id)
        if not run.id:
            # A run that may be ours must not be ruled out because it could not be read.
            raise UnexpectedAnswer("Can't read a run", cause=f"The response for {run_id} is about another run.")
        return run

    def _likeness(self, run: RunSummary, whole: str = "") -> Likeness:
        """Compare a run with the requested one.

        Args:
            run: the run as a list shows it.
            whole: its whole brief; empty if unknown.
        """
        owner = _taken.get((self._operations.identity, run.id))
        if run.id in self._spec.known_runs or owner not in (None, self._record.first_key):
            return Likeness.DIFFERENT
        prompt = self._spec.prompt
        brief = _likeness_of_whole(whole, prompt) if whole else _likeness_of_shown(run.prompt, prompt)
        return brief if owner is not None else min(brief, self._when(run.started_at))

    def _named(self, agent: Agent) -> Likeness:
        wanted = self._spec.name
        return Likeness.EQUAL if wanted is None or _plain(agent.name) == _plain(wanted) else Likeness.DIFFERENT

    def _when(self, at: datetime | None) -> Likeness:
        """Compare a moment on the server's clock with our first request: a run of ours is younger."""
        if at is None:
            return Likeness.DIFFERENT
        since = self._record.sent_at or 0.0
        sent, slack = self._operations.server_time(since), SLACK
        if sent is None:
            sent, slack = time.time() - (monotonic() - since), SLACK_WITHOUT_DATE
        if at.timestamp() >= sent - slack:
            return Likeness.EQUAL
        return _similar_if(at.timestamp() >= sent - slack - self._record.clock_slack)

    async def _agents(self) -> AsyncIterator[Agent]:
        """Yield the agents that are, or may be, younger than our first request."""
        async for page in _pages(lambda cursor: self._operations.list_agents(cursor=cursor, limit=100), "agents"):
            for agent in page.items:
                if agent.id and self._when(agent.created_at):
                    yield agent
            times = [agent.created_at for agent in page.items if agent.created_at is not None]
            # The API does not document an order. But if this page is sorted, all agents after it are older than our
            # request.
            if times and times == sorted(times, reverse=True) and not self._when(times[-1]):
                return

    async def _runs(self, agent_id: str) -> AsyncIterator[RunSummary]:
        async for page in _pages(lambda cursor: self._operations.list_runs(agent_id, cursor=cursor, limit=100), "runs"):
            for run in page.items:
                yield run


async def _pages(read: Callable[[str | None], Awaitable[Page[M]]], things: str) -> AsyncIterator[Page[M]]:
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await read(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
    raise _too_many(things)


def _similar_if(is_similar: bool) -> Likeness:  # noqa: FBT001 - the condition
    return Likeness.SIMILAR if is_similar else Likeness.DIFFERENT


def _plain(text: str) -> str:
    r"""Normalize what servers may change in a text: line ends, spaces, and the Unicode form of letters.

    >>> _plain("Find bakers\r\n in  Porto ")
    'Find bakers in Porto'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _likeness_of_whole(whole: str, prompt: str) -> Likeness:
    """Compare the whole brief of a run with ours."""
    shown, ours = _plain(whole), _plain(prompt)
    if shown == ours:
        return Likeness.EQUAL
    return _similar_if(shown.endswith(ELLIPSIS) and len(shown) > SHORTEST_CUT and ours.startswith(_uncut(shown)))


def _likeness_of_shown(shown: str, prompt: str) -> Likeness:
    """Compare a brief from a list, which may be cut, with ours."""
    return _similar_if(_plain(prompt).startswith(_uncut(_plain(shown))))


def _uncut(plain: str) -> str:
    return plain.removesuffix(ELLIPSIS).rstrip("\ufffd ")


def _too_many(things: str) -> OrigamiError:
    return OrigamiError(
        f"Too many {things} to search",
        cause=f"The limit is {MOST_PAGES} pages, or {MOST_AGENTS} new ones.",
        remedy="Look for it in the app.",
    )


class Turn(NamedTuple):
    """A start whose outcome is open.

    Attributes:
        over: set when its outcome is known, or given up.
        withdrawn: set when nothing more of it is sent. It may still look for its run for minutes; no caller waits for that.
    """

    over: asyncio.Event
    withdrawn: asyncio.Event


_turns: dict[Hashable, Turn] = {}


@contextlib.asynccontextmanager
async def turn(brief: Hashable, withdrawn: asyncio.Event) -> AsyncIterator[None]:
    """Wait until no other start of this brief has an open outcome, and be the only one until the end of the block.

    Args:
        brief: what is equal for equal starts.
        withdrawn: set when the start is no longer wanted, and need not wait.
    """
    # Turns of a loop that was stopped, or of the process that this one was forked from, never end.
    key = (os.getpid(), background().generation, brief)
    while (other := _turns.get(key)) is not None and not withdrawn.is_set() and not other.withdrawn.is_set():
        await _any_of(other.over, other.withdrawn, withdrawn)
    own = _turns[key] = Turn(asyncio.Event(), withdrawn)
    try:
        yield
    finally:
        own.over.set()
        if _turns.get(key) is own:
            del _turns[key]


async def _any_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
