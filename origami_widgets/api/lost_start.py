"""The run that a request without an answer may have started: looked for in the lists of agents and runs.

A run is taken for ours only when it has our whole brief, was started after we sent by the server's own clock, and was
given to nobody else in this process; a new agent must also have the name that was asked for, if one was. No mark is
put into the agent's name: people read it as long as the agent lives, and a brief within seconds tells as much.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from origami_widgets.api.elapsed import seconds_passed
from origami_widgets.api.errors import OrigamiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable
    from datetime import datetime

    from origami_widgets.api.models import Agent, Page, RunObject, RunSummary
    from origami_widgets.api.operations import Operations

SLACK = 3.0
"""Seconds by which the server's clock is known at best: its `Date` has whole ones."""
SLACK_WITHOUT_DATE = 60.0
MOST_PAGES = 20
MOST_AGENTS = 100
"""So many agents that are younger than the request are looked through run by run."""
SHORTEST_CUT = 90
"""A brief is cut to 200 characters in lists; fewer where the server counts an emoji as two."""

_taken: dict[tuple[object, str], str] = {}
"""The key of the intent that a run was given to in this process, by client: none of them is another intent's."""


class Found(NamedTuple):
    """A run that fits, and its agent as the list tells of it (None where the agent was known before)."""

    agent_id: str
    run: RunObject
    agent: Agent | None


def take(operations: Operations, run_id: str, key: str) -> None:
    """Note that a run was given to the intent with this idempotency key."""
    _taken[operations.identity, run_id] = key


class LostStart:
    """Looks for one run.

    Args:
        operations: the API.
        prompt: the whole brief.
        key: the idempotency key of the intent.
        agent_id: the agent that was to be continued; empty for a new one.
        name: what a new agent was to be called; None where the server was to choose.
        known: ids of the agent's runs that were there before.
        since: when the first request was sent, of `seconds_passed`.
    """

    def __init__(
        self,
        operations: Operations,
        prompt: str,
        key: str,
        *,
        agent_id: str = "",
        name: str | None = None,
        known: Collection[str] = (),
        since: float,
    ) -> None:
        self._operations = operations
        self._prompt = prompt.strip()
        self._key = key
        self._agent_id = agent_id
        self._name = name
        self._known = known
        self._since = since

    async def find(self) -> list[Found]:
        """All runs that fit.

        Raises:
            OrigamiError: the lists could not be read to their end.
        """
        if self._agent_id:
            return await self.among([run.id async for run in self._runs(self._agent_id) if self._fits(run)])
        found: list[Found] = []
        looked_through = 0
        async for agent in self._agents():
            if self._name is not None and agent.name != self._name:
                continue
            newest = agent.last_run
            if newest is None or not self._fits(newest):
                # Its first run may be ours all the same, and somebody has gone on with it since.
                looked_through += 1
                if looked_through > MOST_AGENTS:
                    raise _too_many("agents")
            runs: Iterable[RunSummary] = (
                [newest] if newest is not None and self._fits(newest) else [run async for run in self._runs(agent.id)]
            )
            for run in runs:
                if self._fits(run):
                    found += await self._read([run.id], agent.id, agent)
        return found

    async def among(self, run_ids: Iterable[str]) -> list[Found]:
        """Those of these runs of the known agent that fit."""
        return await self._read(run_ids, self._agent_id, None)

    async def _read(self, run_ids: Iterable[str], agent_id: str, agent: Agent | None) -> list[Found]:
        runs = [await self._operations.get_run(agent_id, run_id) for run_id in run_ids]
        return [Found(agent_id, run, agent) for run in runs if self._fits(run) and self._has_our_brief(run)]

    def _fits(self, run: RunSummary) -> bool:
        owner = _taken.get((self._operations.identity, run.id), self._key)
        free = run.id not in self._known and owner == self._key
        return free and self._came_after(run.started_at) and _begins(run.prompt.strip(), self._prompt)

    def _has_our_brief(self, run: RunObject) -> bool:
        return not run.request.prompt or run.request.prompt.strip() == self._prompt

    def _came_after(self, at: datetime | None) -> bool:
        """Whether the server says of something that it is younger than our first request."""
        if at is None:
            return False
        sent = self._operations.server_time(self._since)
        if sent is None:
            return at.timestamp() >= time.time() - (seconds_passed() - self._since) - SLACK_WITHOUT_DATE
        return at.timestamp() >= sent - SLACK

    async def _agents(self) -> AsyncIterator[Agent]:
        """The agents that are younger than our first request."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._operations.list_agents(cursor=cursor, limit=100)
            for agent in page.items:
                if agent.id and self._came_after(agent.created_at):
                    yield agent
            cursor = page.next_cursor
            if cursor is None or self._goes_back_further(page):
                return
        raise _too_many("agents")

    def _goes_back_further(self, page: Page[Agent]) -> bool:
        """Whether the pages after this one are older than our request: the API does not state their order."""
        times = [agent.created_at for agent in page.items if agent.created_at is not None]
        return bool(times) and times == sorted(times, reverse=True) and not self._came_after(times[-1])

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


def _begins(shown: str, prompt: str) -> bool:
    """Whether a brief may be the one that a list shows, where it is cut."""
    if shown == prompt:
        return True
    cut = shown.removesuffix("…").removesuffix("...").rstrip("\ufffd")
    return cut != shown and len(cut) >= SHORTEST_CUT and prompt.startswith(cut)


def _too_many(things: str) -> OrigamiError:
    return OrigamiError(
        f"There are too many {things} to look through",
        cause=f"{MOST_PAGES} pages of them, or {MOST_AGENTS} new ones, are the limit.",
        remedy="Look for it in the app.",
    )
