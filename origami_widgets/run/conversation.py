"""`Conversation`: an agent's run with its answers and follow-ups, which share one card."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.run.polling.run_watch import Subscribers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState


class Conversation:
    """Chain of watched runs, newest last, with one set of subscribers for all of them.

    Args:
        watch: the first run.
        before: states of the agent's earlier runs, oldest first. These runs have ended and are not watched.

    Attributes:
        presentation: reserved for the display backend; not used here.
        once: the name in `once=` that its first run was started under; empty without one.
        credit_limit: the credit limit that its runs share; None without one.
        subscribers: notified of each change of any of its runs.
    """

    def __init__(self, watch: RunWatch, before: Sequence[RunState] = ()) -> None:
        self.presentation: Any = None
        self.once = ""
        # A `CreditLimit`, which cancels conversations and so knows this class.
        self.credit_limit: Any = None
        self.before = tuple(before)
        self._watches: tuple[RunWatch, ...] = ()
        self.subscribers = Subscribers()
        self.extend(watch)

    @property
    def watches(self) -> tuple[RunWatch, ...]:
        """The runs, oldest first."""
        return self._watches

    @property
    def states(self) -> tuple[RunState, ...]:
        """The states of all its runs, oldest first."""
        return (*self.before, *(watch.state for watch in self._watches))

    def before_run(self, watch: RunWatch) -> tuple[RunState, ...]:
        """The states of the runs before the given one, oldest first."""
        at = self._watches.index(watch) if watch in self._watches else 0
        return (*self.before, *(each.state for each in self._watches[:at]))

    @property
    def current(self) -> RunWatch:
        """The newest run."""
        return self._watches[-1]

    def extend(self, watch: RunWatch) -> None:
        """Add a run, unless the conversation already has it."""
        if watch in self._watches:
            return
        self._watches = (*self._watches, watch)
        watch.subscribers.relay_to(self.subscribers)
        if len(self._watches) > 1:
            self.subscribers.notify()


def conversation_of(watch: RunWatch, before: Sequence[RunState] = ()) -> Conversation:
    """Return a run's conversation, or a new one. All handles of a run share one conversation, and so one card.

    Args:
        watch: the run.
        before: states of earlier runs, for a new conversation.
    """
    known = _conversations.get(watch)
    conversation = known() if known is not None else None
    if conversation is None:
        conversation = Conversation(watch, before)
        remember(watch, conversation)
    return conversation


def remember(watch: RunWatch, conversation: Conversation) -> None:
    """Let later handles of the run find its conversation."""
    _conversations[watch] = weakref.ref(conversation)


_conversations: weakref.WeakKeyDictionary[RunWatch, weakref.ref[Conversation]] = weakref.WeakKeyDictionary()
