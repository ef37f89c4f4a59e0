"""What a conversation shows now, and whether that is worth telling whoever shows it. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from origami_widgets.card.view import make_view

if TYPE_CHECKING:
    from origami_widgets.card.contract import View
    from origami_widgets.run.conversation import Conversation


def view_now(conversation: Conversation) -> View:
    """The view of a conversation's newest run, with those before it."""
    *earlier, current = conversation.states
    return make_view(current, earlier=earlier, now=time.time())


def tells_more(old: View, new: View) -> bool:
    """Whether a new view is worth sending: time that passes is not, the front end counts it itself."""
    if any(section != old[name] for name, section in new.items() if name != "clock"):  # type: ignore[literal-required]
        return True
    before, after = old["clock"], new["clock"]
    return before["connection"] != after["connection"] or before["interval"] != after["interval"]
