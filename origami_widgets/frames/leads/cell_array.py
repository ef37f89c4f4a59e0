"""Make one typed array of the cells of a column. Pure.

As there is no schema, the dtype of a column depends on its cells. Nothing is lost: integers stay exact, and cells
without a common type stay Python objects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from origami_widgets.frames.dtype_backend import DtypeBackend, texts, to_array
from origami_widgets.frames.schema import Kind
from origami_widgets.frames.values import TypedValues, as_json, read_text
from origami_widgets.words.foreign_text import unicode_text

from .iso_dates import not_dates, read_iso_dates

CellKind: TypeAlias = Kind | Literal["object"]

LARGEST_EXACT = 2**53
"""Beyond this integer, several integers have the same float."""
_INT64 = range(-(2**63), 2**63)
_WORDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
_KINDS: dict[frozenset[type], Kind] = {
    frozenset({str}): "string",
    frozenset({bool}): "boolean",
    frozenset({int}): "integer",
    frozenset({float}): "number",
    frozenset({int, float}): "number",
}
_NUMPY: dict[str, type[Any]] = {"integer": np.int64, "number": np.float64, "boolean": np.bool_}


@dataclass(frozen=True, slots=True)
class CellArray:
    """The cells of one column.

    Attributes:
        array: the cells as a pandas array or, without a common type, an array of objects.
        kind: their common kind. Texts that are all dates become dates, and all times timestamps.
        words: the types of the cells, in words, if they have no common kind.
        not_dates: why the column is text although most of its cells are dates; else None.
    """

    array: Any
    kind: CellKind
    words: tuple[str, ...] = ()
    not_dates: dict[str, Any] | None = None


def cell_array(values: Sequence[Any], dtype_backend: DtypeBackend, *, as_text: bool = False) -> CellArray:
    """Return cells as one array. A column without a value is text.

    Args:
        values: the cells as JSON; None is a null.
        dtype_backend: `numpy_nullable` or `pyarrow`.
        as_text: whether every cell becomes its text as it was sent.
    """
    if as_text:
        sent = [None if cell is None else _text_of(cell) for cell in values]
        return CellArray(pd.array(_objects(sent), dtype=pd.StringDtype()), "string")
    types = set(map(type, values)) - {NoneType}
    kind = _kind_of(types, values) if types else "string"
    if kind == "object":
        words = sorted(_WORDS.get(each, each.__name__) for each in types)
        if any(type(value) is int and value not in _INT64 for value in values):
            words.append("more than 64 bits")
        return CellArray(_objects(values), kind, tuple(words), not_dates(values) if str in types else None)
    if kind == "string":
        moments = read_iso_dates(values)
        if moments is None:
            return CellArray(text_array(values, dtype_backend), kind, not_dates=not_dates(values))
        return CellArray(to_array(moments.kind, moments.cells, dtype_backend), moments.kind)
    missing = np.array([value is None for value in values], np.bool_)
    data = np.array([0 if value is None else value for value in values], _NUMPY[kind])
    return CellArray(to_array(kind, TypedValues(data, missing), dtype_backend), kind)


def text_array(values: Sequence[Any], dtype_backend: DtypeBackend) -> Any:
    """Return texts and nulls as an array. Half an emoji, which no storage of texts holds, becomes the replacement character."""
    array = texts(values, dtype_backend)
    if array is not None:
        return array
    read = _objects([read_text(value) for value in values])
    return to_array("string", TypedValues(read, np.array([value is None for value in read], np.bool_)), dtype_backend)


def _kind_of(types: AbstractSet[type], values: Sequence[Any]) -> CellKind:
    kind: CellKind = _KINDS.get(frozenset(types), "object")
    whole = [value for value in values if type(value) is int] if int in types else []
    if kind == "integer":
        return kind if min(whole) in _INT64 and max(whole) in _INT64 else "object"
    if kind == "number":
        is_exact = all(-LARGEST_EXACT <= value <= LARGEST_EXACT for value in whole)
        is_finite = all(math.isfinite(value) for value in values if type(value) is float)
        return kind if is_exact and is_finite else "object"
    return kind


def _text_of(cell: Any) -> str:
    return unicode_text(cell) if isinstance(cell, str) else read_text(cell) or as_json(cell, ascii_only=False)


def _objects(values: Sequence[Any]) -> Any:
    # `np.array` would make a matrix of lists of one length.
    return np.fromiter(values, dtype=object, count=len(values))
