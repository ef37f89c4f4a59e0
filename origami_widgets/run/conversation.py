"""`Conversation`: what a person briefed: an agent's first run with all answers and follow-ups, which are its turns.

`merged` makes one state of the states of its turns, which is what card, board, frames, exports and waits look at. Its turns
are found by the token `agent/run` of one, or among the newest runs of an account.
"""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.models.run import RunObject, RunSummary
from origami_widgets.api.operations import Operations, pages
from origami_widgets.api.validate import agent_id as valid_agent_id
from origami_widgets.api.validate import may_be_id, not_a_key, shortened
from origami_widgets.api.validate import run_id as valid_run_id
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.run_watch import RunWatch, Subscribers
from origami_widgets.run.state import (
    HISTORY_LIMIT,
    HistoryPoint,
    RunState,
    deleted_tables,
    full_prompt,
    newest_tables,
    total,
)

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action


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


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of the API in a conversation, as it was when this was read.

    Attributes:
        id: the id of the API's run.
        prompt: its brief; of an answer, each question with its answer.
        status: the server's status.
        started_at: when it started, by the server's clock; None if the server did not say.
        completed_at: when its agent ended; None before, or if the server did not say.
        text: the agent's answer; None while it runs, if it failed, and for a turn that is known from a list only.
        actions: the changes that it made, in order.
        is_ours: whether this process or a record of `once=` sent it, or you have named it. What others have sent is shown
            and counted, but neither limited nor stopped.
        raw: the newest object of the API as a dictionary.
    """

    id: str
    prompt: str
    status: str
    started_at: datetime | None
    completed_at: datetime | None
    text: str | None
    actions: tuple[Action, ...]
    is_ours: bool
    raw: dict[str, Any]


class Conversation:
    """Watched turns of one agent, newest last, with one set of subscribers for all of them.

    Args:
        watch: a turn.

    Attributes:
        presentation: reserved for the display backend; not used here.
        once: the name in `once=` that its first turn was started under; empty without one.
        credit_limit: the credit limit that its turns share; None without one.
        whole: the ids of tables and their columns that were seen to run for every row, so that a missing cell was to run.
        subscribers: notified of each change of any of its turns.
        before: states of older turns, oldest first, known from the agent's list. They have ended and are not watched.
        ours: ids of the turns that this process or a record of ours sent, or that the user named; shared by all
            conversations of one account, as a handle may be gone when the same turn is looked at again.
    """

    def __init__(self, watch: RunWatch) -> None:
        self.presentation: Any = None
        self.once = ""
        # A `CreditLimit`, which cancels conversations and so knows this class.
        self.credit_limit: Any = None
        self.whole = set[tuple[str, str]]()
        self.before: tuple[RunState, ...] = ()
        self.ours = set[str]() if watch.operations is None else _own_turns(watch.operations)
        self.subscribers = Subscribers()
        self._watches: tuple[RunWatch, ...] = ()
        self._merged: tuple[tuple[RunState, ...], RunState] | None = None
        self.extend(watch)

    @property
    def watches(self) -> tuple[RunWatch, ...]:
        """The watched turns, oldest first. One that was never read comes first, and one that can't be read is left out."""
        found = [each for each in self._watches if each.state.run or each.state.connection.state != "stopped"]
        return tuple(sorted(found or self._watches, key=_started))

    @property
    def states(self) -> tuple[RunState, ...]:
        """The states of all its turns, oldest first."""
        return (*self.before, *(watch.state for watch in self.watches))

    @property
    def own_states(self) -> tuple[RunState, ...]:
        """The states of the turns that are ours: only what these have begun is limited and stopped."""
        return tuple(state for state in self.states if state.run_id in self.ours)

    @property
    def current(self) -> RunWatch:
        """The newest turn."""
        return self.watches[-1]

    @property
    def state(self) -> RunState:
        """The state of the whole conversation; see `merged`."""
        states, known = self.states, self._merged
        if known is None or len(known[0]) != len(states) or any(a is not b for a, b in zip(known[0], states)):  # noqa: B905 - equal lengths
            known = self._merged = states, merged(states)
        return known[1]

    @property
    def goes_on(self) -> bool:
        """Whether the newest turn is active and not being cancelled, or another one is being sent."""
        state = self.state
        return bool(state.sending) or (not state.done and state.cancel != "requested")

    @property
    def history(self) -> tuple[HistoryPoint, ...]:
        """The changes of all turns in order of time. Credits are those of all tables that were known by then."""
        points = sorted((point for state in self.states for point in state.history), key=lambda point: point.time)
        known: dict[str, int | None] = {}
        leads: int | None = None
        found: list[HistoryPoint] = []
        for point in points:
            known |= dict(point.credits_of_tables or ())
            leads = leads if point.lead_count is None else point.lead_count
            used = total(known.values()) if known else point.credits_used
            found.append(replace(point, lead_count=leads, credits_used=used))
        return tuple(found[-HISTORY_LIMIT:])

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All its turns, oldest first."""
        return tuple(_turn(state, is_ours=state.run_id in self.ours) for state in self.states)

    def keep(self) -> None:
        """Make sure that all turns are checked, as cells of older ones may fill. Background loop only."""
        for watch in self._watches:
            poller().keep(watch)

    def extend(self, watch: RunWatch) -> None:
        """Add a turn, unless the conversation already has it."""
        if watch in self._watches:
            return
        self._watches = (*self._watches, watch)
        self.before = tuple(state for state in self.before if state.run_id != watch.state.run_id)
        watch.subscribers.relay_to(self.subscribers)
        if len(self._watches) > 1:
            self.subscribers.notify()


def _started(watch: RunWatch) -> float:
    run = watch.state.run
    if run is None:
        return 0.0
    return float("inf") if run.started_at is None else run.started_at.timestamp()


def _turn(state: RunState, *, is_ours: bool) -> Turn:
    run = state.run
    return Turn(
        state.run_id,
        full_prompt(state) or "",
        state.status,
        None if run is None else run.started_at,
        None if run is None else run.completed_at,
        None if run is None or run.response is None else run.response.text,
        state.actions,
        is_ours,
        state.payload(),
    )


def merged(states: Sequence[RunState]) -> RunState:
    """Return the state of a conversation: the newest turn's, with the tables and credits of all of them.

    Each table is there once, with its newest numbers, in the order in which the turns have named them.

    Args:
        states: the states of its turns, oldest first.
    """
    *earlier, newest = states
    if not earlier:
        return newest
    found = next((each for each in reversed(states) if each.attached is not None), newest)
    began = next((each.run.started_at for each in states if each.run is not None and each.run.started_at), None)
    bases: dict[str, int] = {}
    known: set[str] = set()
    for each in states:
        # The turn that first worked on a table has read what others had used before, or nobody has.
        bases |= {table_id: used for table_id, used in each.used_before if table_id not in known}
        known |= bases.keys() | {table.id for table in each.tables}
    going = (each.connection for each in reversed(earlier) if each.connection.state != "ended" and not each.settled)
    return replace(
        newest,
        # As long as cells of an older turn fill, it is not all over.
        connection=next(going, newest.connection) if newest.connection.state == "ended" else newest.connection,
        tables=tuple(newest_tables(states).values()),
        deleted=tuple(deleted_tables(states).values()),
        began=began,
        focused_before=frozenset().union(*(each.focused for each in earlier)),
        used_before=tuple(bases.items()),
        limit_error=next((each.limit_error for each in reversed(states) if each.limit_error is not None), None),
        found=next((each.found for each in reversed(states) if each.found is not None), None),
        attached=found.attached,
        attached_by=found.attached_by,
        agent_name=next((each.agent_name for each in reversed(states) if each.agent_name), ""),
    )


def conversation_of(watch: RunWatch) -> Conversation:
    """Return the conversation of a turn, or a new one. All turns of an agent that one client reads share one conversation.

    A run that was made from a saved answer has its own.
    """
    operations, agent_id = watch.operations, watch.state.agent_id.lower()
    key = watch if operations is None or not agent_id else (operations.identity, agent_id)
    conversation = _conversations.get(key)
    if conversation is None:
        conversation = _conversations[key] = Conversation(watch)
    conversation.extend(watch)
    return conversation


def _own_turns(operations: Operations) -> set[str]:
    known = own_turns.get(operations.identity)
    if known is None:
        known = own_turns[operations.identity] = set()
        if operations.embedded is not None:
            # Another sandbox may get its place in memory, and gives the same ids.
            weakref.finalize(operations.embedded, own_turns.pop, operations.identity, None).atexit = False
    return known


own_turns: dict[Hashable, set[str]] = {}
"""Ids of the turns that are ours, by the client's identity."""
_conversations: weakref.WeakValueDictionary[Hashable, Conversation] = weakref.WeakValueDictionary()
"""By client and agent, or the one turn of a saved answer."""


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
        raise _not_a_token(f"Got {given}.")
    token = token_or_agent_id.strip()
    if "://" in token:
        found = _LINK.fullmatch(not_a_key(token, "a link"))
        if found is None:
            raise _not_a_token("The URL doesn't contain an agent id.")
        agent, run = found["agent"], found["run"] or ""
    else:
        agent, _, run = token.partition("/")
    if run and run_id is not None:
        raise _not_a_token("Got both a token and a run id.")
    wanted = run or run_id
    ids = valid_agent_id(agent), None if wanted is None else valid_run_id(wanted)
    if not any(may_be_id(part) for part in ids if part is not None):
        raise _not_a_token(f"{shortened(token_or_agent_id)} contains words instead of ids.")
    return ids


def _not_a_token(cause: str) -> InvalidInput:
    return InvalidInput("Invalid run token", cause=cause, remedy=EXPECTED)


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
    return sorted(runs.values(), key=_began)


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
        await poller().list_tables(watch, if_room=True)


def _began(summary: RunSummary) -> tuple[str, str]:
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
    runs.sort(key=lambda recent: _began(recent.run), reverse=True)
    return [recent for recent in runs if recent.run.id][:limit]
