"""The static twin of a board as a notebook holds it. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from origami_widgets.card.render.board_html import render_board_html
from origami_widgets.card.render.board_text import render_board_text
from origami_widgets.card.widgets.snapshot import muted_line

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardView


def static_board(view: BoardView, *, saved: bool = True) -> dict[str, str]:
    """The static board as HTML and as text; `saved`: nothing will change it any more."""
    now = time.time()
    return {
        "text/html": render_board_html(view, now=now, saved=saved),
        "text/plain": render_board_text(view, now=now, saved=saved),
    }


def again_bundle(view: BoardView) -> dict[str, Any]:
    """One muted line that tells how to see the runs again."""
    return muted_line(f"{view['head']['again_words']}: ", view["head"]["again_line"])
