"""The view of a run: everything that a renderer of the card is given, in the tense in which it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.activity import make_activity
from origami_widgets.card.view.clock import make_clock
from origami_widgets.card.view.head import make_earlier, make_head
from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.prose import make_prose
from origami_widgets.card.view.questions import make_ask, make_suggestions
from origami_widgets.card.view.result import make_result
from origami_widgets.card.view.tables import make_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.card.view.contract import Form, View
    from origami_widgets.run.state import RunState


def make_view(state: RunState, *, earlier: Sequence[RunState] = (), now: float, form: Form = "live") -> View:
    """Return everything that a renderer of the card is given about one run.

    Args:
        state: what is known about the run that is shown.
        earlier: the states of earlier runs of the same conversation, oldest first.
        now: the kernel's clock, in Unix seconds.
        form: how it is read: `live` on a widget, `current` where it is replaced as the run goes on, `snapshot` later.

    Returns:
        A JSON-safe dictionary of at most 60 kB, however large the run is. Only the `clock` of a live one depends on `now`.
    """
    response = state.run.response if state.run else None
    return {
        "head": make_head(state, earlier, now=now, form=form),
        "clock": make_clock(state, now),
        "result": make_result(state, form=form),
        "earlier": make_earlier(earlier),
        "notices": make_notices(state, form=form),
        "ask": make_ask(state),
        "tables": make_tables(state.tables, state.row_progress, form=form),
        "activity": make_activity(state, form=form),
        "prose": make_prose(response.text if response else None),
        "suggestions": make_suggestions(state),
    }
