"""`Conversation`: what a person briefed: an agent's first run with all answers and follow-ups, which are its turns.

`merged` makes one state of the states of its turns, which is what card, board, frames, exports and waits look at.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
    from origami_widgets.api.operations import Operations


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
    progress = {table_id: known for each in states for table_id, known in each.row_progress.items()}
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
        row_progress=progress,
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
