"""Decode pages of rows into objects with one slot per column, once the first page has shown their shape. Pure."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec
from msgspec.structs import astuple

from origami_widgets.api.responses import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

T = TypeVar("T")
ITEMS = "items"

_Scalar = None | bool | int | float | str
# Any deeper, and pages are decoded as other responses are. Each further level makes a decoder four times as dear.
_Nested = _Scalar | list[_Scalar] | dict[str, _Scalar | list[_Scalar]]
MOST_MISFITS = 2
"""Pages that may be of another shape before slots are given up: each of them is decoded twice."""
_VALUE = attrgetter("value")


class SlottedRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A row whose cells are in slots, one for each column.

    Attributes:
        id: the row's id, empty if it has none.
        object: the word that the server stamps on typed rows.
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
    """Return the ids of rows, slotted or dicts; empty texts where missing."""
    if rows and isinstance(rows[0], SlottedRow):
        return [row.id for row in rows]
    ids = [row.get("id") for row in rows]
    if set(map(type, ids)) == {str}:
        return ids
    return ["" if row_id is None else str(row_id) for row_id in ids]


def cells_by_slug(rows: Sequence[SlottedRow]) -> dict[str, Iterable[Any]]:
    """Return the cells of slotted rows by slug, those of all columns."""
    first: Any = rows[0]
    own = len(_OWN)
    columns = zip(first.__struct_encode_fields__[own:], list(zip(*map(astuple, rows), strict=True))[own:], strict=True)
    if not isinstance(first.slot_0, TypedCells):
        return dict(columns)
    [(_, cells)] = columns
    inner = zip(cells[0].__struct_encode_fields__, zip(*map(astuple, cells), strict=True), strict=True)
    return {slug: map(_VALUE, column) for slug, column in inner}


class RowDecoder:
    """Decodes the pages of one table, one after the other.

    The first page is decoded as any response is. It shows the order of the keys, and whether cells are typed. Rows of later
    pages have slots, which takes less time and memory than a dict for each; a page that does not fit is decoded like the
    first. Both keep the same values.

    Args:
        absent: what stands for a missing cell, by slug of all columns.
        nested: slugs of the columns whose cells may be objects or lists.

    >>> page = RowDecoder({"fit": None, "mail": None}, nested=["mail"])
    >>> page(b'{"items": [{"id": "r1", "mail": {"email": "a@b.example"}}]}')["items"]
    [{'id': 'r1', 'mail': {'email': 'a@b.example'}}]
    >>> [row] = page(b'{"items": [{"id": "r2", "fit": 82}], "nextCursor": null}')["items"]
    >>> row.id, {slug: list(cells) for slug, cells in cells_by_slug([row]).items()}
    ('r2', {'mail': [None], 'fit': [82]})
    """

    def __init__(self, absent: Mapping[str, Any], nested: Iterable[str]) -> None:
        self._absent = absent
        self._nested = frozenset(nested)
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._misfits = 0

    def __call__(self, body: bytes) -> Any:
        """Decode the body of a response.

        Raises:
            UnexpectedAnswer: the body is not JSON.
        """
        if self._decoder is None:
            value = decode(body)
            if self._misfits < MOST_MISFITS:
                self._decoder = self._decoder_like(value)
            return value
        try:
            page = self._decoder.decode(body)
        except msgspec.ValidationError:
            # The next page is another first one; an object may be where all were texts.
            self._decoder, self._nested = None, frozenset(self._absent)
            self._misfits += 1
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        else:
            return {ITEMS: page.items, "nextCursor": page.nextCursor, "total": page.total}
        return decode(body)

    def _decoder_like(self, body: Any) -> msgspec.json.Decoder[Any] | None:
        """Return a decoder for more pages like one; None where its rows say too little."""
        rows: Any = body.get(ITEMS) if isinstance(body, dict) else None
        if not isinstance(rows, list) or not rows or set(map(type, rows)) != {dict}:
            return None
        typed = rows[0].keys() <= _TYPED_KEYS and isinstance(rows[0].get("cells"), dict)
        longest = max((row.get("cells") for row in rows) if typed else rows, key=_size)
        # In the order of the keys, each slot is found at once.
        names = dict.fromkeys((*longest, *self._absent))
        if not typed:
            names = {name: None for name in names if name not in _OWN}
        if not names or names.keys() != self._absent.keys():
            return None
        kind = self._typed_row(names) if typed else self._row(names)
        page = msgspec.defstruct(
            "Page",
            [
                (ITEMS, list[kind]),  # type: ignore[valid-type]
                ("nextCursor", str | None, None),
                ("total", int | None, None),
                ("object", str, ""),
                ("url", str, ""),
            ],
            forbid_unknown_fields=True,
            gc=False,
        )
        return msgspec.json.Decoder(page)

    def _row(self, slugs: Iterable[str]) -> type[SlottedRow]:
        fields = [(_Nested if slug in self._nested else _Scalar, self._absent[slug]) for slug in slugs]
        return _with_slots(SlottedRow, slugs, fields)

    def _typed_row(self, slugs: Iterable[str]) -> type[SlottedRow]:
        fields = [
            (_NestedCell if slug in self._nested else _Cell, _NestedCell("value", self._absent[slug])) for slug in slugs
        ]
        cells = _with_slots(TypedCells, slugs, fields)
        return _with_slots(SlottedRow, ["cells"], [(cells, cells())])


def _size(cells: Any) -> int:
    return len(cells) if isinstance(cells, dict) else 0


def _with_slots(base: type[T], keys: Iterable[str], fields: Iterable[tuple[Any, Any]]) -> type[T]:
    """Return a class with a slot for each key of JSON, of a type and with a default."""
    names = {f"slot_{number}": key for number, key in enumerate(keys)}
    made = msgspec.defstruct(
        base.__name__,
        [(name, *field) for name, field in zip(names, fields, strict=True)],
        bases=(base,),
        rename=names,
    )
    return cast("type[T]", made)
