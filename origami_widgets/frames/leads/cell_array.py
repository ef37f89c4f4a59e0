"""Make one typed array of the cells of a column. Pure.

As there is no schema, the dtype of a column depends on its cells. Nothing is lost: integers stay exact, and cells
without a common type stay Python objects.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from origami_widgets.frames.dtype_backend import LARGEST_EXACT, DtypeBackend, texts, typed_array
from origami_widgets.frames.schema import Kind
from origami_widgets.frames.values import INT64, as_json, read_text, read_timestamp
from origami_widgets.words.foreign_text import unicode_text

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

CellKind: TypeAlias = Kind | Literal["object"]

_WORDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
_KINDS: dict[frozenset[type], Kind] = {
    frozenset({str}): "string",
    frozenset({bool}): "boolean",
    frozenset({int}): "integer",
    frozenset({float}): "number",
    frozenset({int, float}): "number",
}
ISO_DATE = re.compile(
    r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""Matches a date, or a date and time with at most microseconds: finer times would lose digits."""
DATE_LENGTH = len("2026-07-21")
"""Length of a date without a time; nothing else that `ISO_DATE` matches has this length."""
MOST_NAMED = 20
"""Rows that a note lists, at most."""


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
        return CellArray(pd.array(sent, dtype=pd.StringDtype()), "string")
    types = set(map(type, values)) - {NoneType}
    kind = _kind_of(types, values) if types else "string"
    if kind == "object":
        words = sorted(_WORDS.get(each, each.__name__) for each in types)
        if any(type(value) is int and value not in INT64 for value in values):
            words.append("more than 64 bits")
        # `np.array` would make a matrix of lists of one length.
        cells = np.fromiter(values, dtype=object, count=len(values))
        return CellArray(cells, kind, tuple(words), not_dates(values) if str in types else None)
    if kind == "string":
        moments = read_iso_dates(values, dtype_backend)
        return moments or CellArray(text_array(values, dtype_backend), kind, not_dates=not_dates(values))
    return CellArray(typed_array(kind, values, dtype_backend, is_read=True), kind)


def text_array(values: Sequence[Any], dtype_backend: DtypeBackend) -> ExtensionArray:
    """Return texts and nulls as an array. Half an emoji, which no storage of texts holds, becomes the replacement character."""
    array = texts(values, dtype_backend)
    return typed_array("string", values, dtype_backend) if array is None else array


def _kind_of(types: AbstractSet[type], values: Sequence[Any]) -> CellKind:
    kind: CellKind = _KINDS.get(frozenset(types), "object")
    whole = [value for value in values if type(value) is int] if int in types else []
    if kind == "integer":
        return kind if min(whole) in INT64 and max(whole) in INT64 else "object"
    if kind == "number":
        is_exact = all(-LARGEST_EXACT <= value <= LARGEST_EXACT for value in whole)
        is_finite = all(math.isfinite(value) for value in values if type(value) is float)
        return kind if is_exact and is_finite else "object"
    return kind


def read_iso_dates(values: Sequence[Any], dtype_backend: DtypeBackend) -> CellArray | None:
    """Read ISO 8601 texts. Return None if one of them is not a date or time, if both occur, or if there are none.

    Times without a time zone are UTC.

    >>> read_iso_dates(["1970-01-01T00:00", None, "2026-07-21T11:14:31+02:00"], "numpy_nullable").array[2]
    Timestamp('2026-07-21 09:14:31+0000', tz='UTC')
    >>> read_iso_dates(["1970-01-02", None], "numpy_nullable").kind
    'date'
    >>> read_iso_dates(["2026-02-30"], "pyarrow"), read_iso_dates(["2026-07-21", "2026-07-21T09:14"], "pyarrow")
    (None, None)
    """
    texts = [value for value in values if value is not None]
    if not texts or not all(map(ISO_DATE.fullmatch, texts)):
        return None
    lengths = set(map(len, texts))
    kind: Kind = "date" if DATE_LENGTH in lengths else "timestamp"
    if kind == "timestamp":
        moments = [None if value is None else read_timestamp(value) for value in values]
    elif len(lengths) > 1:
        return None
    else:
        try:
            days = iter(np.array(texts, "datetime64[us]").astype(np.int64).tolist())
        except ValueError:
            # Such as 30 February.
            return None
        moments = [None if value is None else next(days) for value in values]
    if moments.count(None) > len(values) - len(texts):
        return None
    return CellArray(typed_array(kind, moments, dtype_backend, is_read=True), kind)


def not_dates(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return why a column has no dates or times although more than half of its values are such; else None.

    Args:
        values: the cells; None is an empty one.

    Returns:
        The number of `dates`, `times` and `others`, and the first `rows` of those that are fewer.

    >>> not_dates(["2026-07-21", "soon", None, "2026-07-22"])
    {'dates': 2, 'times': 0, 'others': 1, 'rows': [1]}
    """
    dashed = [value for value in values if type(value) is str and value[4:5] == "-"]
    if 2 * len(dashed) <= len(values) - values.count(None):
        # The case of nearly all columns.
        return None
    kinds = [(at, _kind_of_value(value)) for at, value in enumerate(values) if value is not None]
    counts = Counter({"dates": 0, "times": 0, "others": 0})
    counts.update(kind for _, kind in kinds)
    most = max(("dates", "times"), key=counts.__getitem__)
    if not 0 < len(kinds) - counts[most] < counts[most]:
        return None
    return {**counts, "rows": [at for at, kind in kinds if kind != most][:MOST_NAMED]}


def _kind_of_value(value: Any) -> str:
    if type(value) is not str or not ISO_DATE.fullmatch(value) or read_timestamp(value) is None:
        return "others"
    return "dates" if len(value) == DATE_LENGTH else "times"


def _text_of(cell: Any) -> str:
    return unicode_text(cell) if isinstance(cell, str) else read_text(cell) or as_json(cell, ascii_only=False)
