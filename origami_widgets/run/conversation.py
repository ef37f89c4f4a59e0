"""The runs of one agent that follow each other: an answer or a follow-up continues in the same card."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.run.polling.run_watch import Subscribers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState


class Conversation:
    """A chain of watches, the newest last, and one stream of changes over all of them.

    Args:
        watch: the first run.
        before: what is known of the agent's runs before that one, oldest first; they are over and not watched.

    Attributes:
        presentation: a place for whoever shows the conversation; nothing here looks at it.
        once: the name of `once=` that its first run was started under; empty for none.
        subscribers: are notified of each change of any of its runs.
    """

    def __init__(self, watch: RunWatch, before: Sequence[RunState] = ()) -> None:
        self.presentation: Any = None
        self.once = ""
        self.before = tuple(before)
        self._watches: tuple[RunWatch, ...] = ()
        self.subscribers = Subscribers()
        self.extend(watch)

    @property
    def watches(self) -> tuple[RunWatch, ...]:
        """The runs in order."""
        return self._watches

    @property
    def states(self) -> tuple[RunState, ...]:
        """What is known of all its runs, oldest first."""
        return (*self.before, *(watch.state for watch in self._watches))

    @property
    def current(self) -> RunWatch:
        """The newest run."""
        return self._watches[-1]

    def extend(self, watch: RunWatch) -> None:
        """Go on with a further run; the same run is not taken twice."""
        if watch in self._watches:
            return
        self._watches = (*self._watches, watch)
        watch.subscribers.relay_to(self.subscribers)
        if len(self._watches) > 1:
            self.subscribers.notify()


def conversation_of(watch: RunWatch, before: Sequence[RunState] = ()) -> Conversation:
    """The conversation that a watch belongs to: handles of one run share one, hence one card.

    Args:
        watch: the run.
        before: what is known of earlier runs, for a conversation that is not known yet.
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
