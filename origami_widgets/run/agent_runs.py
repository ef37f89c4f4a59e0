"""Runs of agents: the token `agent/run` of a run, all runs of an agent, and the newest runs of an account."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.models.run import AgentSummary, RunObject, RunSummary
from origami_widgets.api.operations import Operations, pages
from origami_widgets.api.validate import agent_id as valid_agent_id
from origami_widgets.api.validate import may_be_id, not_a_key, shortened
from origami_widgets.api.validate import run_id as valid_run_id
from origami_widgets.run.conversation import Conversation, conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import RunState

if TYPE_CHECKING:
    from origami_widgets.run.polling.run_watch import RunWatch

WHOLE_TURNS = 20
"""Turns of a conversation that are read whole: the newest ones."""
MOST_PAGES = 20
EXPECTED = 'Pass "AGENT_ID/RUN_ID" from the menu of the card, two ids, or only an agent id.'

# A link to an agent's workspace contains the agent's id, and so do the API's addresses. Any host is accepted: nothing
# is sent to it, and another base_url has other links.
_LINK = re.compile(
    r"https?://[^/?#\s]+/(?:[\w.-]+/)*(?:workspace|agents)/"
    r"(?P<agent>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/runs/(?P<run>[\w-]+))?/?(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)


def make_token(agent_id: str, run_id: str) -> str:
    """Return the token of a run.

    >>> make_token("6b1f0a8e", "v2_run-01k0c4m2f7")
    '6b1f0a8e/v2_run-01k0c4m2f7'
    """
    return f"{agent_id}/{run_id}"


def parse_token(token_or_agent_id: object, run_id: str | None = None) -> tuple[str, str | None]:
    """Read the ids in a token, or in a link to the agent's workspace. Sends nothing.

    Args:
        token_or_agent_id: a token, an agent's id, or an Origami link that contains one.
        run_id: a run's id, when the first argument is an agent's.

    Returns:
        The agent's id and the run's id. The run's id is None if only the agent is named.

    Raises:
        InvalidInput: it is not a token, an id or such a link, or it is the placeholder from an example.

    >>> parse_token("6b1f0a8e/v2_run-01k0c4m2f7")
    ('6b1f0a8e', 'v2_run-01k0c4m2f7')
    >>> parse_token("6b1f0a8e")
    ('6b1f0a8e', None)
    >>> parse_token("https://origami.chat/workspace/6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90?table=c0a3")
    ('6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90', None)
    """
    if not isinstance(token_or_agent_id, str):
        given = "None" if token_or_agent_id is None else type(token_or_agent_id).__name__
        raise _not_a_token(f"Got {given}.", _ids_of(token_or_agent_id))
    token = token_or_agent_id.strip()
    if not token:
        raise _not_a_token("It is empty.")
    if "://" in token:
        agent, run = _ids_in_link(token)
    else:
        agent, slash, run = token.partition("/")
        if slash and not run:
            raise _not_a_token(f"{shortened(token)} has no run id after the slash.")
    if run and run_id is not None:
        raise _not_a_token("Got both a token and a run id.")
    wanted = run or run_id
    ids = valid_agent_id(agent), None if wanted is None else valid_run_id(wanted)
    if not any(may_be_id(part) for part in ids if part is not None):
        raise _not_a_token(f"{shortened(token_or_agent_id)} contains words instead of ids.")
    return ids


def _ids_in_link(link: str) -> tuple[str, str]:
    found = _LINK.fullmatch(link)
    if found is None:
        not_a_key(link, "a link")
        raise _not_a_token("The URL doesn't contain an agent id.")
    return found["agent"], found["run"] or ""


def _ids_of(given: object) -> str:
    """Return advice on passing the ids of an object from `list_agents` or `list_runs`; empty for other objects."""
    if isinstance(given, RunSummary):
        return "Pass its ids: attach(run.agent_id, run.id). "
    return "Pass its id: attach(agent.id). " if isinstance(given, AgentSummary) else ""


def _not_a_token(cause: str, first: str = "") -> InvalidInput:
    return InvalidInput("Invalid run token", cause=cause, remedy=f"{first}{EXPECTED}")


async def runs_of(operations: Operations, agent_id: str) -> list[RunSummary]:
    """Read all runs of an agent, newest last. They are sorted here, as the API does not document the order of its lists.

    Raises:
        InvalidInput: the agent has no runs.
        OrigamiError: the runs could not be read.
    """
    reading = pages(lambda cursor: operations.list_runs(agent_id, cursor=cursor, limit=100), MOST_PAGES)
    runs = {each.id: each async for page in reading for each in page.items if each.id}
    if not runs:
        raise InvalidInput(
            "No runs for this agent",
            cause=f"Agent {agent_id} has never been given a brief.",
            remedy="Start one with ow.start('…').",
        )
    return sorted(runs.values(), key=_started)


async def newest_run(operations: Operations, agent_id: str) -> RunSummary:
    """Read an agent's newest run: one GET of the agent, which names it.

    If it does not, the list is read, too: the API documents no order for it.

    Raises:
        OrigamiError: the agent could not be read.
    """
    newest = (await operations.get_agent(agent_id)).last_run
    return newest if newest is not None and newest.id else (await runs_of(operations, agent_id))[-1]


async def read_turns(operations: Operations, agent_id: str, watch: RunWatch | None = None) -> Conversation:
    """Return an agent's conversation with all its turns, wherever they were sent. Sends only GETs.

    The newest `WHOLE_TURNS` are read whole and watched; of older ones, what the list says is kept. Without those turns,
    the card would ask questions that were answered before, and answering costs credits.

    Args:
        operations: the API.
        agent_id: the agent's id.
        watch: a turn that is known, which is enough if the others cannot be read.

    Raises:
        InvalidInput: the agent has no runs, and none is known.
        OrigamiError: the runs could not be read, and none is known.
    """
    try:
        runs = await runs_of(operations, agent_id)
        *others, newest = [
            await poller().watch(operations, agent_id, run.id, started=None) for run in runs[-WHOLE_TURNS:]
        ]
        await first_look(newest)
    except OrigamiError:
        if watch is None:
            raise
        return conversation_of(watch)
    conversation = conversation_of(newest)
    # An agent has at most one active run, so the older ones have ended.
    conversation.before = tuple(
        RunState(agent_id=agent_id, run_id=run.id, run=RunObject.from_raw(run.raw), done=True)
        for run in runs[:-WHOLE_TURNS]
        if run.id not in {each.state.run_id for each in conversation.watches}
    )
    unread = [each for each in others if each.state.run is None]
    await asyncio.gather(*map(poller().first_check, unread), return_exceptions=True)
    for each in others:
        if each.state.run is not None:
            conversation_of(each)
    return conversation


async def first_look(watch: RunWatch) -> None:
    """Read a turn that was never read, or whose checks have stopped, with its tables as far as the rate limit has room.

    Raises:
        OrigamiError: it could not be read.
    """
    if watch.state.run is None or watch.state.connection.state == "stopped":
        await poller().first_check(watch)
        if not watch.state.done:
            await poller().list_tables(watch, if_room=True)


def _started(summary: RunSummary) -> tuple[str, str]:
    return summary.started_at.isoformat() if summary.started_at is not None else "", summary.id


@dataclass(frozen=True, slots=True)
class RecentRun:
    """Newest run of an agent, in the short form that lists use.

    Attributes:
        agent_id: the agent's id.
        agent_name: the agent's name.
        run: the agent's newest run; its prompt is cut to 200 characters.
    """

    agent_id: str
    agent_name: str
    run: RunSummary

    @property
    def token(self) -> str:
        """`agent_id/run_id`, for `attach`."""
        return make_token(self.agent_id, self.run.id)


async def recent_runs(operations: Operations, *, limit: int = 20) -> list[RecentRun]:
    """Read the newest run of each agent, newest first. Sends only GETs: one for each 100 agents, at most 20.

    Reads all agents, as the API does not document the order of its lists.

    Args:
        operations: the API.
        limit: the maximum number of runs.

    Raises:
        OrigamiError: the agents could not be read.
    """
    reading = pages(lambda cursor: operations.list_agents(cursor=cursor, limit=100), MOST_PAGES)
    agents = {each.id: each async for page in reading for each in page.items if each.id}
    runs = [RecentRun(each.id, each.name, each.last_run) for each in agents.values() if each.last_run is not None]
    runs.sort(key=lambda recent: _started(recent.run), reverse=True)
    return [recent for recent in runs if recent.run.id][:limit]
