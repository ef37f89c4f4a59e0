"""The view of a run: everything that the card's renderers get, in the right tense. Pure.

A view stays under 60 kB however large the run is. Every part has its own size limit and does not lend it to others: if
tables could use what prose leaves, one more sentence would send all tables again. Sizes are measured as ASCII JSON, the
longest form that any host sends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.prose import make_prose
from origami_widgets.card.view.questions import make_ask, make_suggestions
from origami_widgets.card.view.result import make_now, make_result
from origami_widgets.card.view.run_head import agent_text, make_clock, make_earlier, make_head
from origami_widgets.card.view.table_view import make_tables
from origami_widgets.run.settings import configuration

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Form, View
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.state import RunState


def make_view(
    state: RunState, *, earlier: Sequence[RunState] = (), now: float, form: Form = "live", leads: bool = True
) -> View:
    """Return the view of a run: everything that the card's renderers get.

    Args:
        state: the state of the run: its newest turn's, with the tables of all turns.
        earlier: the states of earlier turns of the same conversation, oldest first.
        now: the kernel's clock, in Unix seconds.
        leads: whether the card may show leads.
        form: `live` for a widget, `current` for output that is replaced as the run goes on, `snapshot` for later
            reading.

    Returns:
        A JSON-safe dictionary of at most 60 kB. In a live view, only the `clock` depends on `now`.
    """
    return {
        "head": make_head(state, earlier, now=now, form=form),
        "clock": make_clock(state, now),
        "result": make_result(state, form=form),
        "earlier": make_earlier(state, earlier),
        "notices": make_notices(state, form=form),
        "ask": make_ask(state),
        "tables": make_tables(state, leads=leads),
        "now": make_now(state),
        "prose": make_prose(agent_text(state)),
        "suggestions": make_suggestions(state, earlier),
    }


def view_now(conversation: Conversation, form: Form = "live") -> View:
    """Return the current view of a conversation."""
    state, earlier = conversation.state, conversation.states[:-1]
    return make_view(state, earlier=earlier, now=time.time(), form=form, leads=configuration().leads)


TOLERANCE = 2_500.0
"""Milliseconds by which a check may differ from what the reader expects."""


def view_changed(old: View, new: View) -> bool:
    """Return whether a new view is worth sending. Passing time is not: the front end counts it itself."""
    if any(section != old[name] for name, section in new.items() if name != "clock"):  # type: ignore[literal-required]
        return True
    return clock_drifted(old["clock"], new["clock"])


def clock_drifted(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether a reader who knows only `before` would be wrong about when the server was heard or is asked next.

    Both are clocks or check times. The front end counts on from the last known check, one interval after the other, but the rate limit may delay
    checks.
    """
    first, following, interval = before["next_at"], after["next_at"], after["interval"]
    if before["connection"] != after["connection"] or before["interval"] != interval:
        return True
    if first is None or following is None or not interval:
        return bool(first != following)
    step = interval * 1_000
    beside = (following - first) % step
    return bool(min(beside, step - beside) > max(TOLERANCE, step / 4))
