"""Decode pages of rows into objects with one slot per column, as far as their shape allows. Pure."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec
from msgspec.structs import astuple

from origami_widgets.api.errors import UnexpectedAnswer
from origami_widgets.api.responses import DEEPEST, decode

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

T = TypeVar("T")
ITEMS = "items"

_Scalar = None | bool | int | float | str
# Deeper pages are decoded like other responses, because each further level makes a decoder four times as expensive.
_Nested = _Scalar | list[_Scalar] | dict[str, _Scalar | list[_Scalar]]
MOST_MISFITS = 2
"""Pages of another shape, each decoded twice, after which slots are given up."""
MOST_PEEKED = 8
"""Rows that are inspected for the order of their keys."""
_ID, _VALUE = attrgetter("id"), attrgetter("value")


class SlottedRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A row whose cells are in slots, one for each column.

    Attributes:
        id: the row's id, empty if it has none.
        object: the object type that the server writes on typed rows.
    """

    id: str = ""
    object: str = ""


class TypedCells(msgspec.Struct, forbid_unknown_fields=True, gc=False, frozen=True):
    """The typed cells of a row, one slot for each column."""


class _Cell(msgspec.Struct, gc=False, frozen=True):
    type: Literal["scalar", "value", "sequence"]
    value: _Scalar


class _NestedCell(msgspec.Struct, gc=False, frozen=True):
    type: Literal["scalar", "value", "sequence"]
    value: _Nested


# A string (which may be cut off), a run of brackets, or an integer with more digits than Python reads. What is read once
# is given up by none of them: the time is that of one pass.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|\[++|\]++|[{}]|(?<![\d.eE+-])-?\d{4301,}+(?![\d.eE])', re.DOTALL)
_CELL, _TYPED_CELL = 4, 6
"""Levels of nesting at which a cell that is an object or a list begins: in a flat row, and in a typed one."""
_CELLS = re.compile(rb'"cells"\s*:\s*\Z')
MOST_TOKENS = 1_000_000
"""Tokens of a page that are inspected, which takes a second. A page of 200 rows with 50 columns has about 100,000."""

_OWN = SlottedRow.__struct_fields__
_TYPED_KEYS = frozenset({*_OWN, "cells"})


def ids_of(rows: Sequence[Any]) -> list[str]:
    """Return the ids of rows (slotted or dicts); empty if missing."""
    if rows and isinstance(rows[0], SlottedRow):
        return list(map(_ID, rows))
    ids = [row.get("id") for row in rows]
    if set(map(type, ids)) == {str}:
        return ids
    return ["" if row_id is None else str(row_id) for row_id in ids]


def slots_of(rows: Sequence[SlottedRow]) -> tuple[Iterable[str], dict[str, Iterable[Any]]]:
    """Return the ids of slotted rows, and the cells of all columns by slug."""
    first: Any = rows[0]
    ids, _, *columns = zip(*map(astuple, rows), strict=True)
    slugs = first.__struct_encode_fields__[len(_OWN) :]
    if not isinstance(first.slot_0, TypedCells):
        return ids, dict(zip(slugs, columns, strict=True))
    cells: Any = columns[0]
    inner = zip(cells[0].__struct_encode_fields__, zip(*map(astuple, cells), strict=True), strict=True)
    return ids, {slug: map(_VALUE, column) for slug, column in inner}


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


class RowDecoder:
    """Decodes the pages of one table, one after the other.

    The first rows show the order of the keys, and whether cells are typed. Rows then have slots, which takes less time
    and memory than dicts. A page of another shape is decoded like any response, with the same values.

    Args:
        absent: the value for a missing cell, by slug, for all columns.
        nested: the slugs of columns whose cells may be objects or lists.

    >>> page = RowDecoder({"fit": None, "mail": None}, nested=["mail"])
    >>> [row] = page(b'{"items": [{"id": "r1", "mail": {"email": "a@b.example"}}], "nextCursor": null}')["items"]
    >>> slots_of([row])
    (('r1',), {'mail': ({'email': 'a@b.example'},), 'fit': (None,)})
    >>> page(b'{"items": [{"id": "r2", "new": 82}]}')["items"]
    [{'id': 'r2', 'new': 82}]
    """

    def __init__(self, absent: Mapping[str, Hashable], nested: Iterable[str]) -> None:
        self._absent = absent
        self._nested = frozenset(nested)
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._misfits = 0

    def __call__(self, body: bytes) -> Any:
        """Decode the body of a response.

        Raises:
            UnexpectedAnswer: the body is not JSON.
        """
        if self._misfits >= MOST_MISFITS:
            return decode_rows(body)
        try:
            if self._decoder is None:
                self._decoder = self._decoder_like(_PEEK.decode(body).items[:MOST_PEEKED])
            page = self._decoder.decode(body)
        except (msgspec.ValidationError, _Unslotted):
            # Treat the next page as a first page, in which cells may be objects even if all were texts before.
            self._decoder, self._nested = None, frozenset(self._absent)
            self._misfits += 1
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return {ITEMS: page.items, "nextCursor": page.nextCursor, "total": page.total}
        return decode_rows(body)

    def _decoder_like(self, peeked: Sequence[msgspec.Raw]) -> msgspec.json.Decoder[Any]:
        """Return a decoder for pages with rows like these."""
        rows = [_OBJECT.decode(row) for row in peeked]
        typed = all(row.keys() <= _TYPED_KEYS and isinstance(row.get("cells"), dict) for row in rows)
        # With slots in the order of the keys, the decoder finds each slot at once.
        keys = dict.fromkeys(chain(*sorted((row["cells"] if typed else row for row in rows), key=len, reverse=True)))
        slugs = [key for key in keys if typed or key not in _OWN]
        slugs += [slug for slug in self._absent if slug not in keys]
        if not rows or not slugs or set(slugs) != self._absent.keys():
            raise _Unslotted
        return _decoder_of(tuple((slug, self._absent[slug], slug in self._nested) for slug in slugs), typed=typed)


class _Unslotted(Exception):
    """Rows have keys that are not columns of the table."""


class _Peek(msgspec.Struct):
    items: list[msgspec.Raw]


_PEEK = msgspec.json.Decoder(_Peek)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


@lru_cache(maxsize=64)
def _decoder_of(slots: tuple[tuple[str, Any, bool], ...], *, typed: bool) -> msgspec.json.Decoder[Any]:
    """Return the decoder for a page. Tables of one brief, or a table that is read again, share a decoder.

    Args:
        slots: for each column, its slug, the value for a missing cell, and whether cells may be objects or lists.
        typed: whether cells are typed.
    """
    slugs = [slug for slug, _, _ in slots]
    row: Any
    if typed:
        fields = [(_NestedCell if nested else _Cell, _NestedCell("value", absent)) for _, absent, nested in slots]
        cells = _with_slots(TypedCells, slugs, fields)
        row = _with_slots(SlottedRow, ["cells"], [(cells, cells())])
    else:
        row = _with_slots(SlottedRow, slugs, [(_Nested if nested else _Scalar, absent) for _, absent, nested in slots])
    page = msgspec.defstruct(
        "Page",
        [
            (ITEMS, list[row]),
            ("nextCursor", str | None, None),
            ("total", int | None, None),
            ("object", str, ""),
            ("url", str, ""),
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(page)


def _with_slots(base: type[T], keys: Iterable[str], fields: Iterable[tuple[Any, Any]]) -> type[T]:
    """Return a class with a slot of a type and a default for each key of the JSON."""
    names = {f"slot_{number}": key for number, key in enumerate(keys)}
    made = msgspec.defstruct(
        base.__name__,
        [(name, *field) for name, field in zip(names, fields, strict=True)],
        bases=(base,),
        rename=names,
    )
    return cast("type[T]", made)
