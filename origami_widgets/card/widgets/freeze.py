"""When a live card gives way to its static twin. Pure.

A widget does not survive its kernel: a reopened notebook shows an error in its place. So a card that has nothing more
to say and nothing more to offer is replaced by its static HTML, which every host shows for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import View

READ_AND_CLICK = 120.0
"""Seconds that the buttons of a settled card stay, for a person who is looking at it."""
SECOND_THOUGHTS = 600.0
"""The same for a run that came to a bad end: its remedy is a button."""


def freeze_after(view: View) -> float | None:
    """Seconds after which a card should be frozen; None while it must stay alive.

    Args:
        view: what the card shows.
    """
    if not view["head"]["settled"] or view["ask"] is not None:
        return None
    if any(notice["key"] in ("sending", "queued") for notice in view["notices"]) or view["tables"]["reading"]:
        return None
    if any(notice["button"] is not None for notice in view["notices"]):
        return SECOND_THOUGHTS
    if any(suggestion["button"] is not None for suggestion in view["suggestions"]):
        return READ_AND_CLICK
    return 0.0
