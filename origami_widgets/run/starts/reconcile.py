"""Find the run that a request with a lost answer may have started, in the lists of agents and runs.

A run is ours if it has our whole brief (spaces, line ends and Unicode forms do not count, as a server may change them),
started after our first attempt by the server's own clock, and belongs to no other start of this process. A new agent must
also have the requested name, if any. We put no mark into the agent's name: users read that name as long as the agent
lives, and a brief within seconds is just as telling.

A run that is known only by a cut brief, or that is too old by no more than clocks may be off, is in doubt: nothing is sent
again, because the run may be ours; it is not taken, because it may belong to someone else.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from origami_widgets.api.errors import NotFound, OrigamiError, ProjectNotFound, UnexpectedAnswer
from origami_widgets.api.operations import Operations, pages
from origami_widgets.host.runtime import monotonic
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.starts.record import plain
from origami_widgets.run.starts.store import runs_taken

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Agent, RunObject, RunSummary
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.starts.record import StartRecord, StartSpec


SLACK = 3.0
"""Seconds by which the server's clock may differ from what we know: its `Date` has whole seconds."""
SLACK_WITHOUT_DATE = 60.0
DOUBT = 300.0
"""Seconds by which a run may be older than that and still be in doubt; `DOUBT_AFTER_SETTING` if a clock was set since."""
DOUBT_AFTER_SETTING = 24 * 3600.0
SANDBOX = "sandbox"
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


class Candidate(NamedTuple):
    """A run that a start may have made.

    Attributes:
        agent_id: its agent.
        agent_name: the agent's name; empty if it is not known.
        run: the run.
        is_ours: whether it is the one; False leaves it in doubt.
    """

    agent_id: str
    agent_name: str
    run: RunObject
    is_ours: bool


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


@dataclass(frozen=True)
class Reconciliation:
    """Search on the server for the run of one start. Sends only GETs.

    Args:
        operations: the API.
        spec: the start spec.
        first_key: the first idempotency key of the start.
        sent_at: when its first attempt was made, in seconds of `monotonic`; a moment in the future means that a clock
            was set since.
        known_runs: ids of the agent's runs that are older.
    """

    operations: Operations
    spec: StartSpec
    first_key: str
    sent_at: float
    known_runs: Collection[str]

    async def find(self, only: str | None = None) -> list[Candidate]:
        """Return all runs that are ours or in doubt.

        Args:
            only: when continuing an agent, the id of the only possible run; None for any run.

        Raises:
            OrigamiError: the lists could not be read to the end.
        """
        found: list[Candidate] = []
        if self.spec.agent_id is not None and only is not None:
            await self._compare(found, self.spec.agent_id, "", only)
            return found
        async for agent_id, name, shown in self._listed():
            if self._may_be(shown):
                await self._compare(found, agent_id, name, shown.id)
        return found

    async def _compare(self, found: list[Candidate], agent_id: str, name: str, run_id: str) -> None:
        """Read a run, and add it if it may be ours."""
        run = await self.operations.get_run(agent_id, run_id)
        if not run.id:
            # A run that may be ours must not be ruled out because it could not be read.
            raise UnexpectedAnswer("Can't read a run", cause=f"The response for {run_id} is about another run.")
        shown, ours = plain(run.request.prompt or run.prompt), plain(self.spec.prompt)
        is_cut = shown.endswith(ELLIPSIS) and len(shown) > SHORTEST_CUT and ours.startswith(_uncut(shown))
        if (shown == ours or is_cut) and self._is_new(run):
            is_young = self._owner_of(run) is not None or self._is_after(run.started_at, 0.0)
            found.append(Candidate(agent_id, name, run, is_ours=shown == ours and is_young))

    async def _listed(self) -> AsyncIterator[tuple[str, str, RunSummary]]:
        """Yield agent id, agent name and run to compare: of the continued agent, or else of agents whose name and age fit."""
        if self.spec.agent_id is not None:
            async for shown in self._runs(self.spec.agent_id):
                yield self.spec.agent_id, "", shown
            return
        wanted, read_through = self.spec.name, 0
        async for agent in self._agents():
            if wanted is not None and plain(agent.name) != plain(wanted):
                continue
            newest = agent.last_run
            if newest is not None and self._may_be(newest):
                yield agent.id, agent.name, newest
            elif self._is_after(agent.created_at, 0.0):
                # The first run of this agent may still be ours, with a follow-up since.
                read_through += 1
                if read_through > MOST_AGENTS:
                    raise _too_many("agents")
                async for shown in self._runs(agent.id):
                    yield agent.id, agent.name, shown

    def _may_be(self, shown: RunSummary) -> bool:
        """Return whether a run of a list, which cuts its brief, may be ours: then it is read."""
        return plain(self.spec.prompt).startswith(_uncut(plain(shown.prompt))) and self._is_new(shown)

    def _is_new(self, run: RunSummary) -> bool:
        """Return whether a run may be younger than the first attempt, and belongs to no other start."""
        owner = self._owner_of(run)
        if run.id in self.known_runs or owner not in (None, self.first_key):
            return False
        return owner is not None or self._is_after(run.started_at, self._doubt)

    @property
    def _doubt(self) -> float:
        return DOUBT_AFTER_SETTING if self.sent_at > monotonic() else DOUBT

    def _owner_of(self, run: RunSummary) -> str | None:
        return runs_taken.get((self.operations.identity, run.id))

    def _is_after(self, at: datetime | None, doubt: float) -> bool:
        """Return whether a moment on the server's clock is later than the first attempt, less some seconds of doubt."""
        slack = SLACK_WITHOUT_DATE if self.operations.clock_offset is None else SLACK
        return at is not None and at.timestamp() >= self.operations.server_time(self.sent_at) - slack - doubt

    async def _agents(self) -> AsyncIterator[Agent]:
        """Yield the agents that are, or may be, younger than our first request."""
        reading = pages(
            lambda cursor: self.operations.list_agents(cursor=cursor, limit=100), MOST_PAGES, beyond=_too_many("agents")
        )
        async for page in reading:
            for agent in page.items:
                if agent.id and self._is_after(agent.created_at, self._doubt):
                    yield agent
            times = [agent.created_at for agent in page.items if agent.created_at is not None]
            # The API does not document an order. But if this page is sorted, all agents after it are older than our
            # request.
            if times and times == sorted(times, reverse=True) and not self._is_after(times[-1], self._doubt):
                return

    async def _runs(self, agent_id: str) -> AsyncIterator[RunSummary]:
        reading = pages(
            lambda cursor: self.operations.list_runs(agent_id, cursor=cursor, limit=100),
            MOST_PAGES,
            beyond=_too_many("runs"),
        )
        async for page in reading:
            for run in page.items:
                yield run


def _uncut(plain: str) -> str:
    return plain.removesuffix(ELLIPSIS).rstrip("\ufffd ")


def _too_many(things: str) -> OrigamiError:
    return OrigamiError(
        f"Too many {things} to search",
        cause=f"The limit is {MOST_PAGES} pages, or {MOST_AGENTS} new ones.",
        remedy="Look for it in the app.",
    )


async def watch_of(operations: Operations, record: StartRecord, prompt: str) -> RunWatch | None:
    """Return the watch of the run that a record names; None if a sandbox, which is free of charge, has forgotten it.

    Args:
        operations: the API.
        record: the record.
        prompt: the run's brief.

    Raises:
        RunNotFound: the run no longer exists on the server.
        OrigamiError: it could not be read.
    """
    watch = await poller().watch(operations, record.agent_id, record.run_id, started=None)
    is_sandbox = operations.origin == SANDBOX
    try:
        if watch.state.run is None or watch.state.connection.state == "stopped":
            await poller().first_check(watch)
    except NotFound as error:
        if isinstance(error, ProjectNotFound):
            raise
        if is_sandbox:
            return None
        raise record.gone(error) from error
    run = watch.state.run
    # A restarted sandbox gives the same ids to other runs.
    is_another = is_sandbox and run is not None and run.request.prompt not in ("", prompt)
    return None if is_another else watch
