"""The places in a notebook where a card was shown, and what replaces it there."""

from __future__ import annotations

import time
import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import display

from origami_widgets.card.html import render_html
from origami_widgets.card.text import render_text

if TYPE_CHECKING:
    from origami_widgets.card.contract import View


class Outputs:
    """The outputs of one card; each can be replaced from any thread.

    Beside each card stands one muted line with the run's token. It is what is left in a notebook that was saved in
    mid-run and reopened without its kernel, and it goes away when the card is frozen.
    """

    def __init__(self) -> None:
        self._cards: list[str] = []
        self._lines: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._cards)

    def add(self, data: dict[str, Any], metadata: dict[str, Any], view: View) -> None:
        """Show a card here."""
        card_id, line_id = uuid.uuid4().hex, uuid.uuid4().hex
        display(data, metadata=metadata, raw=True, display_id=card_id)
        display(token_bundle(view), raw=True, display_id=line_id)
        self._cards.append(card_id)
        self._lines.append(line_id)

    def replace(self, view: View) -> None:
        """Put the static twin in the place of every card shown so far."""
        bundle = static_bundle(view)
        for display_id in self._cards:
            display(bundle, raw=True, display_id=display_id, update=True)
        for display_id in self._lines:
            display({"text/html": "", "text/plain": ""}, raw=True, display_id=display_id, update=True)

    def revive(self, data: dict[str, Any], metadata: dict[str, Any], view: View) -> None:
        """Put a live card back in the place of its static twins, because the conversation goes on."""
        for display_id in self._cards:
            display(data, metadata=metadata, raw=True, display_id=display_id, update=True)
        self.name(view)

    def name(self, view: View) -> None:
        """Let the line beside each card name the run that the card shows now."""
        for display_id in self._lines:
            display(token_bundle(view), raw=True, display_id=display_id, update=True)


def static_bundle(view: View) -> dict[str, str]:
    """The static card as HTML and as text."""
    now = time.time()
    return {"text/html": render_html(view, now=now), "text/plain": render_text(view, now=now)}


def copy_bundle(view: View, key: str) -> dict[str, str]:
    """The static card beside a live one: the front end knows it again by the card's key.

    It is what a notebook holds that is saved while the card is alive, and where the card is drawn when the page is
    loaded again.
    """
    bundle = static_bundle(view)
    return {**bundle, "text/html": f'<div class="origami-copy-{key}">{bundle["text/html"]}</div>'}


def token_bundle(view: View) -> dict[str, Any]:
    """One muted line that tells how to find the run again."""
    line = view["foot"]["attach_line"]
    return {
        "text/html": (
            '<div style="opacity:0.7;font-size:12px;padding:2px 0">To see this run again: '
            f'<code style="font-size:12px">{escape(line)}</code></div>'
        ),
        "text/plain": f"To see this run again: {line}",
    }
