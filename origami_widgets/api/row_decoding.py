"""Decode pages of rows into objects with one slot per column, as far as their shape allows. Pure."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec
from msgspec.structs import astuple

from origami_widgets.api.responses import decode

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
            return decode(body)
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
        return decode(body)

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
