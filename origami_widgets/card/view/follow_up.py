"""Buttons that start a follow-up run. They spend, so they say so and ask once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.size_limits import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Button
    from origami_widgets.run.state import RunState

FOLLOW_UP_COST = "This starts a follow-up run, which uses credits."


def can_follow_up(state: RunState) -> bool:
    """Whether a follow-up can be sent now: the agent is free, nothing is on its way, the server answers us."""
    return state.run is not None and state.done and not state.sending and state.connection.state != "stopped"


def follow_up_button(state: RunState, label: str, prompt: str) -> Button | None:
    """A button that continues the conversation, or None when that is not possible now."""
    if not can_follow_up(state):
        return None
    shown = clip(label, 160)
    # The question takes the button's place: it must say what it asks about.
    return {"command": "follow_up", "label": shown, "prompt": prompt, "confirm": f"{shown}? {FOLLOW_UP_COST}"}
