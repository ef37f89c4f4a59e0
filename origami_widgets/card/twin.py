"""The static twin of a card as a notebook holds it: HTML and text. Pure."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, Any

from origami_widgets.card.html import render_html
from origami_widgets.card.text import render_text

if TYPE_CHECKING:
    from origami_widgets.card.contract import View


def static_bundle(view: View) -> dict[str, str]:
    """The static card as HTML and as text."""
    now = time.time()
    return {"text/html": render_html(view, now=now), "text/plain": render_text(view, now=now)}


def as_copy(static: dict[str, str], key: str) -> dict[str, str]:
    """A static twin that stands beside a live widget: the front end knows it again by the widget's key.

    It is what a notebook holds that is saved while the widget is alive, and where the widget is drawn when the page is
    loaded again.
    """
    return {**static, "text/html": f'<div class="origami-copy-{key}">{static["text/html"]}</div>'}


def token_bundle(view: View) -> dict[str, Any]:
    """One muted line that tells how to find the run again."""
    return muted_line("To see this run again: ", view["foot"]["attach_line"])


def muted_line(words: str, line: str) -> dict[str, Any]:
    """Words and a line of Python, in small."""
    return {
        "text/html": (
            f'<div style="opacity:0.7;font-size:12px;padding:2px 0">{words}'
            f'<code style="font-size:12px">{escape(line)}</code></div>'
        ),
        "text/plain": f"{words}{line}",
    }
