"""Decode pages of rows, so that no cell costs the others. Pure."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import UnexpectedAnswer
from origami_widgets.api.responses import DEEPEST, decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A string (which may be cut off), a run of brackets, or an integer with more digits than Python reads. What is read once
# is given up by none of them: the time is that of one pass.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|\[++|\]++|[{}]|(?<![\d.eE+-])-?\d{4301,}+(?![\d.eE])', re.DOTALL)
_CELL, _TYPED_CELL = 4, 6
"""Levels of nesting at which a cell that is an object or a list begins: in a flat row, and in a typed one."""
_CELLS = re.compile(rb'"cells"\s*:\s*\Z')
MOST_TOKENS = 1_000_000
"""Tokens of a page that are inspected, which takes a second. A page of 200 rows with 50 columns has about 100,000."""


def ids_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of rows; empty if missing."""
    return ["" if row.get("id") is None else str(row["id"]) for row in rows]


def decode_rows(body: bytes) -> Any:
    """Decode a page of rows as `decode` does. A cell that no decoder reads becomes the text of its JSON.

    Such cells are nested too deeply, or have an integer with thousands of digits. Agents copy them from the web, and one
    of them must not cost the other rows.

    Raises:
        UnexpectedAnswer: the body is not JSON.

    >>> [row] = decode_rows(b'{"items": [{"id": "r1", "n": ' + b"7" * 5000 + b', "deep": ' + b"[" * 99 + b"]" * 99 + b"}]}")["items"]
    >>> len(row["n"]), len(row["deep"])
    (5000, 198)
    """
    try:
        return decode(body)
    except UnexpectedAnswer:
        readable = _with_texts(body)
        if readable == body:
            raise
        return decode(readable)


def _with_texts(body: bytes) -> bytes:
    """Return a page in which cells that are nested too deeply, and integers that are too long, are texts. No recursion."""
    spans: list[tuple[int, int]] = []
    depth, cell, start, deepest = 0, _CELL, 0, 0
    for token in islice(_TOKEN.finditer(body), MOST_TOKENS):
        at, size = token.start(), token.end() - token.start()
        match body[at : at + 1]:
            case b"[" | b"{":
                if depth < _CELL <= depth + size:
                    cell = _TYPED_CELL if _CELLS.search(body, max(0, at - 20), at) else _CELL
                if depth < cell <= depth + size:
                    start, deepest = at + cell - depth - 1, 0
                depth += size
                deepest = max(deepest, depth)
            case b"]" | b"}":
                if depth - size < cell <= depth and deepest > DEEPEST:
                    # Integers in this cell are part of its text.
                    while spans and spans[-1][0] > start:
                        spans.pop()
                    spans.append((start, at + depth - cell + 1))
                depth -= size
            case b'"':
                pass
            case _:
                spans.append(token.span())
    parts, done = [], 0
    for begin, end in spans:
        parts += [body[done:begin], json.dumps(body[begin:end].decode("utf-8", "replace")).encode()]
        done = end
    return b"".join([*parts, body[done:]])
