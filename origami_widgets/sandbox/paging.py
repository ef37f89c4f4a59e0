"""Pages of a list: opaque cursors that survive new items, clamped limits, the envelope."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

USUAL, MOST, MOST_ROWS = 50, 100, 200
"""Items on a page: when not said, at most, and at most for rows."""

_LONGEST_CURSOR = 400


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Cursor and limit as they were asked for; `list_id` tells lists apart, so that a foreign cursor starts over."""

    cursor: str | None
    limit: int
    list_id: str


def read_limit(text: str | None, most: int = MOST) -> int:
    """Read a limit; what is no number gives the usual one, what is out of range the nearest.

    >>> read_limit("0"), read_limit("1000"), read_limit("many"), read_limit(None)
    (1, 100, 50, 50)
    """
    try:
        wanted = int(text) if text is not None else USUAL
    except ValueError:
        return USUAL
    return min(most, max(1, wanted))


def cut_page(items: Sequence[T], request: PageRequest, id_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Return the items of a page and the cursor of the next one, None at the end."""
    start = _start(items, request, id_of)
    page = list(items[start : start + request.limit])
    end = start + len(page)
    if end >= len(items) or not page:
        return page, None
    mark = {"l": _fingerprint(request.list_id), "o": end, "a": id_of(page[-1])}
    packed = json.dumps(mark, separators=(",", ":")).encode()
    return page, base64.urlsafe_b64encode(packed).decode().rstrip("=")


def envelope(items: list[Any], next_cursor: str | None, url: str, **rest: Any) -> dict[str, Any]:
    """Return a list as it goes over the wire."""
    return {"object": "list", "items": items, "nextCursor": next_cursor, "url": url, **rest}


def _start(items: Sequence[T], request: PageRequest, id_of: Callable[[T], str]) -> int:
    mark = _unpack(request.cursor)
    if mark is None or mark.get("l") != _fingerprint(request.list_id):
        return 0
    after, offset = mark.get("a"), mark.get("o")
    for position, item in enumerate(items):
        if id_of(item) == after:
            # Items may have come before it since; what was read is not read again.
            return position + 1
    return offset if isinstance(offset, int) and 0 <= offset < len(items) else 0


def _unpack(cursor: str | None) -> dict[str, Any] | None:
    if not cursor or len(cursor) > _LONGEST_CURSOR:
        return None
    try:
        mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        return None
    return mark if isinstance(mark, dict) else None


def _fingerprint(list_id: str) -> int:
    return zlib.crc32(list_id.encode("utf-8", "replace"))
