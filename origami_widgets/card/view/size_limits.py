"""How large each part of a view may become, so that the whole stays under 60 kB however large the run is.

Every part has a budget of its own and does not lend it to others: if tables could use what prose leaves, one more
sentence would send all tables again. Sizes are measured as ASCII JSON, the longest form any host sends.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from origami_widgets.card.view.safe_text import clean, clip_to

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

TABLE_ID_LIMIT = 64

EARLIER_SIZE = 2_000
NOTICES_SIZE = 5_000
ASK_SIZE = 5_500
TABLES_SIZE = 28_000
COLUMNS_SIZE = 40_000
ACTIONS_SIZE = 1_300
SUGGESTIONS_SIZE = 2_400


def size_of(value: object) -> int:
    """Bytes of a value as ASCII JSON with the separators of Python's default."""
    return len(json.dumps(value))


def clip(value: object, limit: int, size: int = 0) -> str:
    """One clean line of at most `limit` characters and `size` bytes of JSON (default: twice the characters)."""
    return clip_to(clean(value, limit), (size or 2 * limit) + 2)


def take(items: Iterable[T], size: int) -> list[T]:
    """The first items that fit into `size` bytes of JSON together."""
    taken: list[T] = []
    for item in items:
        size -= size_of(item) + 2
        if size < 0:
            break
        taken.append(item)
    return taken


def stored_size(text: str) -> int:
    """Return the bytes that a text takes in the file of a notebook, which is JSON."""
    return len(text.encode()) + sum(map(text.count, '"\\\n'))
