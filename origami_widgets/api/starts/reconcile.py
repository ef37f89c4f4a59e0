"""Find the run that a request with a lost answer may have started, in the lists of agents and runs.

A run is taken for ours only when it has our whole brief, was started after we sent by the server's own clock, and was
given to no other start job of this process; a new agent must also have the name that was asked for, if one was. No mark
is put into the agent's name: people read it as long as the agent lives, and a brief within seconds tells as much.

A run that is nearly that is a near match: a server may write a brief in another way, and clocks are off. Nothing is sent
beside one, since it may be ours, and it is not taken, since it may be another's.
"""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING, Literal, NamedTuple

from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.host.runtime import monotonic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from origami_widgets.api.models import Agent, Page, RunObject, RunSummary
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.api.starts.spec import StartSpec

SLACK = 3.0
"""Seconds by which the server's clock is known at best: its `Date` has whole ones."""
SLACK_WITHOUT_DATE = 60.0
MOST_PAGES = 20
MOST_AGENTS = 100
"""So many agents that are younger than the request are looked through run by run."""
SHORTEST_CUT = 90
"""A brief is cut to 200 characters in lists; fewer where the server counts an emoji as two."""
ELLIPSIS = "..."
"""What a brief ends in where it is cut, in the compatible form of Unicode."""

Likeness = Literal["equal", "similar", "different"]

_taken: dict[tuple[object, str], str] = {}
"""The first key of the start job that a run was given to in this process, by client: it is no other job's."""


class Found(NamedTuple):
    """A run that fits, and its agent as the list tells of it (None where the agent was known before)."""

    agent_id: str
    run: RunObject
    agent: Agent | None


class Matches(NamedTuple):
    """The runs that a record may have started.

    Attributes:
        exact: those that fit in everything.
        near: those that would, if the server writes briefs in another way, or the clocks are off.
    """

    exact: list[Found]
    near: list[Found]

    def add(self, likeness: Likeness, found: Found) -> None:
        """Add a run where it belongs, unless it does not fit."""
        if likeness != "different":
            (self.exact if likeness == "equal" else self.near).append(found)


def take(operations: Operations, run_id: str, first_key: str) -> None:
    """Note that a run was given to the start job with this first idempotency key."""
    _taken[operations.identity, run_id] = first_key


class Reconciliation:
    """Searches the server for the run of one record. Sends GETs only.

    Args:
        operations: the API.
        spec: what was asked for.
        record: what is known of the start.
    """

    def __init__(self, operations: Operations, spec: StartSpec, record: StartRecord) -> None:
        self._operations = operations
        self._spec = spec
        self._record = record

    async def find(self, only: str | None = None) -> Matches:
        """All runs that fit.

        Args:
            only: the id of the one run that it can be, where an agent is continued; None for any.

        Raises:
            OrigamiError: the lists could not be read to their end.
        """
        found = Matches([], [])
        agent_id = self._spec.agent_id
        if agent_id is None:
            await self._find_agent(found)
        elif only is not None:
            run = await self._run(agent_id, only)
            found.add(self._likeness(run, run.request.prompt), Found(agent_id, run, None))
        else:
            async for shown in self._runs(agent_id):
                await self._compare(found, shown, agent_id)
        return found

    async def _find_agent(self, found: Matches) -> None:
        looked_through = 0
        async for agent in self._agents():
            if (named := self._named(agent)) == "different":
                continue
            newest = agent.last_run
            is_young = self._when(agent.created_at) == "equal"
            fits = newest is not None and self._likeness(newest) != "different"
            if is_young and not fits:
                # Its first run may be ours all the same, with a follow-up since.
                looked_through += 1
                if looked_through > MOST_AGENTS:
                    raise _too_many("agents")
                async for shown in self._runs(agent.id):
                    await self._compare(found, shown, agent.id, agent, named)
            elif newest is not None:
                await self._compare(found, newest, agent.id, agent, named)

    async def _compare(
        self, found: Matches, shown: RunSummary, agent_id: str, agent: Agent | None = None, named: Likeness = "equal"
    ) -> None:
        if self._likeness(shown) != "different":
            # Lists cut a brief: it is compared whole.
            run = await self._run(agent_id, shown.id)
            found.add(_worst(named, self._likeness(shown, run.request.prompt)), Found(agent_id, run, agent))

    async def _run(self, agent_id: str, run_id: str) -> RunObject:
        run = await self._operations.get_run(agent_id, run_id)
        if not run.id:
            # One that may be ours must not count as another because it could not be read.
            raise UnexpectedAnswer("A run cannot be read", cause=f"The answer about {run_id} does not name it.")
        return run

    def _likeness(self, run: RunSummary, whole: str = "") -> Likeness:
        """How much a run is ours.

        Args:
            run: what a list tells of it.
            whole: its whole brief; empty where that is not known.
        """
        owner = _taken.get((self._operations.identity, run.id))
        if run.id in self._spec.known_runs or owner not in (None, self._record.first_key):
            return "different"
        prompt = self._spec.prompt
        brief = _likeness_of_whole(whole, prompt) if whole else _likeness_of_shown(run.prompt, prompt)
        return brief if owner is not None else _worst(brief, self._when(run.started_at))

    def _named(self, agent: Agent) -> Likeness:
        wanted = self._spec.name
        if wanted is None or agent.name == wanted:
            return "equal"
        return "similar" if agent.name and _plain(agent.name) == _plain(wanted) else "different"

    def _when(self, at: datetime | None) -> Likeness:
        """Whether the server says of something that it is younger than our first request."""
        if at is None:
            return "different"
        since = self._record.sent_at or 0.0
        sent, slack = self._operations.server_time(since), SLACK
        if sent is None:
            sent, slack = time.time() - (monotonic() - since), SLACK_WITHOUT_DATE
        if at.timestamp() >= sent - slack:
            return "equal"
        return "similar" if at.timestamp() >= sent - slack - self._record.clock_slack else "different"

    async def _agents(self) -> AsyncIterator[Agent]:
        """The agents that are younger than our first request, or may be."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._operations.list_agents(cursor=cursor, limit=100)
            for agent in page.items:
                if agent.id and self._when(agent.created_at) != "different":
                    yield agent
            cursor = page.next_cursor
            if cursor is None or self._goes_back_further(page):
                return
        raise _too_many("agents")

    def _goes_back_further(self, page: Page[Agent]) -> bool:
        """Whether the pages after this one are older than our request: the API does not state their order."""
        times = [agent.created_at for agent in page.items if agent.created_at is not None]
        return bool(times) and times == sorted(times, reverse=True) and self._when(times[-1]) == "different"

    async def _runs(self, agent_id: str) -> AsyncIterator[RunSummary]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._operations.list_runs(agent_id, cursor=cursor, limit=100)
            for run in page.items:
                yield run
            cursor = page.next_cursor
            if cursor is None:
                return
        raise _too_many("runs")


def _worst(*parts: Likeness) -> Likeness:
    for likeness in ("different", "similar"):
        if likeness in parts:
            return likeness
    return "equal"


def _plain(text: str) -> str:
    r"""A text without what servers change on their way: line ends, spaces, one of several ways to write a letter.

    >>> _plain("Find bakers\r\n in  Porto ")
    'Find bakers in Porto'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _likeness_of_whole(whole: str, prompt: str) -> Likeness:
    """Compare the whole brief of a run, as the run itself tells it, with ours."""
    if whole.strip() == prompt.strip():
        return "equal"
    shown, ours = _plain(whole), _plain(prompt)
    is_cut = shown.endswith(ELLIPSIS) and len(shown) > SHORTEST_CUT and ours.startswith(_uncut(shown))
    return "similar" if shown == ours or is_cut else "different"


def _likeness_of_shown(shown: str, prompt: str) -> Likeness:
    """Compare a brief as a list shows it, where it may be cut, with ours."""
    shown, prompt = shown.strip(), prompt.strip()
    if shown == prompt:
        return "equal"
    cut = shown.removesuffix("…").removesuffix("...").rstrip("\ufffd")
    if cut != shown and len(cut) >= SHORTEST_CUT and prompt.startswith(cut):
        return "equal"
    # One that is cut shorter, or was put in another form before it was.
    return "similar" if _plain(prompt).startswith(_uncut(_plain(shown))) else "different"


def _uncut(plain: str) -> str:
    return plain.removesuffix(ELLIPSIS).rstrip("\ufffd ")


def _too_many(things: str) -> OrigamiError:
    return OrigamiError(
        f"There are too many {things} to look through",
        cause=f"{MOST_PAGES} pages of them, or {MOST_AGENTS} new ones, are the limit.",
        remedy="Look for it in the app.",
    )
