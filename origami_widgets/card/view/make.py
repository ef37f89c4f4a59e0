"""The one function that makes a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.changes import make_actions
from origami_widgets.card.view.head import make_clock, make_earlier, make_foot, make_head
from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.prose import make_prose
from origami_widgets.card.view.questions import make_ask, make_suggestions
from origami_widgets.card.view.tables import make_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.card.view.contract import View
    from origami_widgets.run.state import RunState


def make_view(state: RunState, *, earlier: Sequence[RunState] = (), now: float) -> View:
    """Everything that a renderer of the card is given about one run.

    Args:
        state: what is known about the run that is shown.
        earlier: the states of earlier runs of the same conversation, oldest first.
        now: the kernel's clock, in Unix seconds.

    Returns:
        A JSON-safe dictionary of at most 60 kB, however large the run is. Only its `clock` depends on `now`.
    """
    response = state.run.response if state.run else None
    return {
        "head": make_head(state, earlier),
        "clock": make_clock(state, now),
        "earlier": make_earlier(earlier),
        "notices": make_notices(state),
        "ask": make_ask(state),
        "tables": make_tables(state.tables, state.row_progress),
        "prose": make_prose(response.text if response else None),
        "actions": make_actions(state),
        "suggestions": make_suggestions(state),
        "foot": make_foot(state),
    }
