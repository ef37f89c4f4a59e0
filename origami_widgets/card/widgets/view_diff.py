"""What a conversation shows now, and whether that is worth telling whoever shows it. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from origami_widgets.card.view import make_view

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Clock, View
    from origami_widgets.run.conversation import Conversation

TOLERANCE = 2_500.0
"""Milliseconds by which the moment of a check may differ from what a reader counts on."""


def view_now(conversation: Conversation) -> View:
    """The view of a conversation's newest run, with those before it."""
    *earlier, current = conversation.states
    return make_view(current, earlier=earlier, now=time.time())


def tells_more(old: View, new: View) -> bool:
    """Whether a new view is worth sending: time that passes is not, the front end counts it itself."""
    if any(section != old[name] for name, section in new.items() if name != "clock"):  # type: ignore[literal-required]
        return True
    return is_off_grid(old["clock"], new["clock"])


def is_off_grid(before: Clock, after: Clock) -> bool:
    """Whether a reader who only knows `before` would be wrong about when the server was heard and is asked next.

    The front end goes on counting from the check that it knows, one interval after the other; checks that
    the rate limit delays do not keep to that.
    """
    first, following, interval = before["next_at"], after["next_at"], after["interval"]
    if before["connection"] != after["connection"] or before["interval"] != interval:
        return True
    if first is None or following is None or not interval:
        return first != following
    step = interval * 1_000
    beside = (following - first) % step
    return min(beside, step - beside) > max(TOLERANCE, step / 4)
