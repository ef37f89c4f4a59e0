"""Snapshots of cards and boards: their content, how a page keeps up to date with them, and when they replace the widget.

A widget does not survive its kernel: a reopened notebook shows an error instead. So a card that will not change any
more, and offers no more actions, is frozen: it is replaced by its snapshot, which every host can always show.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view.contract import SAVED_TYPES, SAVED_VERSION, BoardView, SavedView, View
from origami_widgets.card.view.messages import LeadGridView, PieceRange, SnapshotMessage
from origami_widgets.words.foreign_text import stored_size

if TYPE_CHECKING:
    from origami_widgets.card.render.document import SavedLeads

RUN_TYPE, BOARD_TYPE = SAVED_TYPES
PIECES: Final = {
    "text/html": re.compile(r"(?=<)|(?<=>)"),
    "text/plain": re.compile(r"(?<=\n)"),
    **dict.fromkeys(SAVED_TYPES, re.compile(r"(?<=,)")),
}
"""Where to cut a snapshot into pieces, as in the front end: around tags, after lines of text, and after commas in JSON."""
SAVED_SIZE = 90_000
"""Most bytes of a saved view in a notebook file; larger ones are left out."""

BUTTON_TIME = 120.0
"""Seconds that the buttons of a settled card stay, for a user who is looking at it."""
REMEDY_TIME = 600.0
"""The same for a run that ended badly, as its remedy is a button."""


def copies(view: View | BoardView | LeadGridView, saved: Sequence[SavedLeads] = ()) -> dict[str, Any]:
    """Return a view in any form but `live` as HTML and text, for a grid with the leads to save."""
    now = time.time()
    return {
        "text/html": render_html(view, now=now, saved=saved),
        "text/plain": render_text(view, now=now, saved=saved),
    }


def snapshot_of(view: View | BoardView) -> dict[str, Any]:
    """Return a card or board in any form but `live` as HTML and text, and a `snapshot` also as its view."""
    return {**copies(view), **saved_view(view)}


def saved_view(view: View | BoardView) -> dict[str, SavedView]:
    """Return the view for the JupyterLab extension; empty if the view will be replaced or is too large to save."""
    if view["head"]["form"] != "snapshot":
        return {}
    text = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
    if stored_size(text) > SAVED_SIZE:
        return {}
    return {BOARD_TYPE if "rows" in view else RUN_TYPE: SavedView(version=SAVED_VERSION, view=text)}


def mark_snapshot(snapshot: dict[str, Any], key: str) -> dict[str, Any]:
    """Mark the snapshot of a live widget with the widget's key, by which the front end recognizes it.

    A notebook that is saved while the widget is alive contains this snapshot, and a reloaded page draws the widget in
    its place.
    """
    return {**snapshot, "text/html": f'<div class="origami-snapshot-{key}">{snapshot["text/html"]}</div>'}


class SnapshotFeed:
    """Makes messages that keep a page's snapshot of a widget up to date and contain only what changed.

    Messages sent before a page listens are lost, so whole snapshots are sent until a page has asked for one. A page that
    has missed some asks again.
    """

    def __init__(self) -> None:
        self._number = 0
        self._last: dict[str, str] = {}
        self._is_asked = False

    def asked(self) -> None:
        """Note that a page listens and has no snapshot yet."""
        self._is_asked, self._last = True, {}

    def message(self, snapshot: dict[str, Any]) -> SnapshotMessage:
        """Return the message that brings a page from the last snapshot to this one."""
        texts = {kind: part if isinstance(part, str) else part["view"] for kind, part in snapshot.items()}
        last, since = self._last, self._number if self._last else 0
        self._number, self._last = self._number + 1, texts if self._is_asked else {}
        parts = {kind: _parts(PIECES[kind], last.get(kind, ""), text) for kind, text in texts.items()}
        return SnapshotMessage(kind="snapshot", number=self._number, since=since, parts=parts)


def _parts(pieces: re.Pattern[str], old: str, new: str) -> list[str | PieceRange]:
    """Return the pieces of the old text to keep and the new text between them, in linear time."""
    before, after = ([piece for piece in pieces.split(text) if piece] for text in (old, new))
    counts = Counter(before)
    once = {piece: at for at, piece in enumerate(before) if counts[piece] == 1}
    parts: list[str | PieceRange] = []
    at = 0
    for piece in after:
        # Continue at the next piece, after a replaced piece, or at the only place that has this piece.
        found = next((place for place in (at, at + 1) if before[place : place + 1] == [piece]), once.get(piece))
        last = parts[-1] if parts else None
        if found is None:
            if isinstance(last, str):
                parts[-1] = last + piece
            else:
                parts.append(piece)
        elif isinstance(last, PieceRange) and last.end == found:
            parts[-1] = PieceRange(last.start, found + 1)
        else:
            parts.append(PieceRange(found, found + 1))
        at = (at if found is None else found) + 1
    return parts


def is_final(view: View) -> bool:
    """Return whether the view will not change any more by itself."""
    return view["head"]["settled"] and not any(notice["key"] in ("sending", "queued") for notice in view["notices"])


def freeze_after(view: View) -> float | None:
    """Return the seconds after which a card is frozen; None while it must stay alive.

    Args:
        view: the card's view.
    """
    if not is_final(view) or view["ask"] is not None:
        return None
    if any(notice["button"] is not None for notice in view["notices"]):
        return REMEDY_TIME
    if any(suggestion["button"] is not None for suggestion in view["suggestions"]):
        return BUTTON_TIME
    return 0.0
