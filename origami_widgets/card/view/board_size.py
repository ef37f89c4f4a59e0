"""Room for a hundred rows: how long their texts may be, so that a board stays small however many runs there are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card.view.safe_text import clip_to
from origami_widgets.card.view.size_limits import size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.card.view.contract import BoardRow

ROWS_SIZE: Final = 55_500
"""Bytes of all rows with their moments, as ASCII JSON; what is left of 60 kB is the head's."""
_MOMENTS = 76
"""Bytes of the moments of a row, which must not change how its texts are cut."""
_NOTE, _NAME = 0.45, 0.25
"""Shares of a row's room for text that its note and its name may take from the others."""


def fitted(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """These rows with their texts cut to one share of the room each, whatever the others need.

    A share of its own, so that a change of one row is not a change of the others.

    Args:
        rows: the rows to show.

    Returns:
        As many rows as fit, the first ones.
    """
    share = ROWS_SIZE // max(len(rows), 1)
    room = ROWS_SIZE
    kept = []
    for row in rows:
        cut = _cut(row, share)
        room -= size_of(cut) + _MOMENTS
        if room < 0:
            break
        kept.append(cut)
    return kept


def _cut(row: BoardRow, share: int) -> BoardRow:
    note, name, prompt = row["note"], row["name"], row["prompt"]
    needed = sum(map(_bytes, (note, name, prompt)))
    room = share - _MOMENTS - (size_of(row) - needed)
    if needed <= room:
        return row
    note = _clipped(note, max(int(room * _NOTE), room - _bytes(name) - _bytes(prompt)))
    name = _clipped(name, max(int(room * _NAME), room - _bytes(note) - _bytes(prompt)))
    prompt = _clipped(prompt, room - _bytes(note) - _bytes(name))
    return {**row, "note": note, "name": name, "prompt": prompt}


def _bytes(text: str) -> int:
    return size_of(text) - 2


def _clipped(text: str, size: int) -> str:
    return clip_to(text, size + 2) if size > 0 else ""
