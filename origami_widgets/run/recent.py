"""The newest runs of an account: the newest one of each agent, as the list of agents tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.run.token import make_token

if TYPE_CHECKING:
    from origami_widgets.api.models import Agent, RunSummary
    from origami_widgets.api.operations import Operations

MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class RecentRun:
    """The newest run of an agent, in the short form of lists.

    Attributes:
        agent_id: the agent's id.
        agent_name: what the agent is called.
        run: its newest run; the prompt is cut to 200 characters.
    """

    agent_id: str
    agent_name: str
    run: RunSummary

    @property
    def token(self) -> str:
        """`agent/run`: what `attach` needs."""
        return make_token(self.agent_id, self.run.id)


async def recent_runs(operations: Operations, *, limit: int = 20) -> list[RecentRun]:
    """The newest run of each agent, the newest first. Sends GETs only: one for every hundred agents, 20 at most.

    All agents are read, as the API does not state in which order it lists them.

    Args:
        operations: the API.
        limit: runs in all.

    Raises:
        OrigamiError: the agents could not be read.
    """
    agents: dict[str, Agent] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await operations.list_agents(cursor=cursor, limit=100)
        agents.update((agent.id, agent) for agent in page.items if agent.id)
        cursor = page.next_cursor
        if cursor is None:
            break
    runs = [
        RecentRun(agent.id, agent.name, agent.last_run)
        for agent in agents.values()
        if agent.last_run is not None and agent.last_run.id
    ]
    runs.sort(key=_started, reverse=True)
    return runs[:limit]


def _started(recent: RecentRun) -> tuple[str, str]:
    at = recent.run.started_at
    return at.isoformat() if at is not None else "", recent.run.id
