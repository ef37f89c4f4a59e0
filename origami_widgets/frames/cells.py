"""Cells of one column, block after block, to one typed array. Pure.

Which dtype a column gets depends on what is in it, as no schema tells. Nothing is lost for it: integers stay exact, and
what has no common type stays the objects it is.
"""

from __future__ import annotations

import re
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from .backend import DtypeBackend, to_array
from .schema import Field, Kind
from .values import Cells, read, read_text, read_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

CellKind: TypeAlias = Kind | Literal["object"]

BLOCK = 2_000
"""Cells that are typed at once: enough to cost little each, and few to wait as the objects they were decoded to."""
LARGEST_EXACT = 2**53
"""Beyond it a float stands for several integers."""
MOMENT = re.compile(
    r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""A date, or a date and time, of at most microseconds: finer ones would be cut."""
WORDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
_FIELDS = {
    kind: Field("", kind, "computed", "", "") for kind in ("integer", "number", "boolean", "string", "timestamp")
}


class CellColumn:
    """One column while its cells arrive.

    Args:
        dtype_backend: which arrays hold them.

    Attributes:
        length: cells so far.
        kind: the one kind of all cells so far; None while all are null.
        words: which kinds of JSON values there were.
        read_as: the kind of the array that was given last: texts that are all moments become timestamps.
        too_large: integers of more than 64 bits were among them.
    """

    def __init__(self, dtype_backend: DtypeBackend) -> None:
        self.length = 0
        self.kind: CellKind | None = None
        self.read_as: CellKind | None = None
        self.words: dict[str, None] = {}
        self.too_large = False
        self._backend = dtype_backend
        # Arrays of the present kind, or how many nulls stand in a row.
        self._chunks: list[Any] = []
        self._waiting: list[Any] = []
        self._maybe_moments = True

    def add_nulls(self, count: int) -> None:
        """Add cells without a value."""
        if count < BLOCK:
            self.add([None] * count)
        else:
            self._type_waiting()
            self.length += count
            self._chunks.append(count)

    def add(self, values: list[Any]) -> None:
        """Add cells; None is one without a value."""
        self.length += len(values)
        self._waiting += values
        if len(self._waiting) >= BLOCK:
            self._type_waiting()

    def array(self, *, copy: bool) -> Any:
        """All cells so far as one array, which later cells may go on sharing unless it is a copy."""
        merged = self._merged()
        self.read_as = self.kind
        if self.kind == "string" and self._maybe_moments:
            moments = _moments_of(merged)
            if moments is not None:
                self.read_as = "timestamp"
                return to_array(_FIELDS["timestamp"], moments, self._backend)
        if _is_arrow(merged):
            # Arrow's memory is never written to, so it may be shared.
            return _dressed(merged, self._backend)
        return merged.copy() if copy else merged

    def missing(self) -> Any:
        """Per cell whether it has no value."""
        merged = self._merged()
        return pd.isna(_dressed(merged, self._backend) if _is_arrow(merged) else merged)

    def _type_waiting(self) -> None:
        values, self._waiting = self._waiting, []
        types = set(map(type, values)) - {NoneType}
        if not types:
            self._chunks += [len(values)] if values else []
            return
        kind, array = self._typed(types, values)
        self.words |= dict.fromkeys(sorted(WORDS.get(each, each.__name__) for each in types))
        if self.kind is not None and kind != self.kind:
            kind, array = self._unify(kind, array)
        self.kind = kind
        self._chunks.append(array)

    def _typed(self, types: set[type], values: list[Any]) -> tuple[CellKind, Any]:
        if types == {str}:
            self._maybe_moments = self._maybe_moments and _may_be_moments(values)
            return "string", _text(values, self._backend)
        kind = _number_kind(types, values)
        if kind is not None:
            cells = read(_FIELDS[kind], values)
            if not cells.unreadable:
                return kind, to_array(_FIELDS[kind], cells, self._backend)
            self.too_large = True
        return "object", _objects(values)

    def _unify(self, kind: CellKind, array: Any) -> tuple[CellKind, Any]:
        """Bring what is there and what is new under one kind."""
        if {kind, self.kind} == {"integer", "number"}:
            whole = [array] if kind == "integer" else [chunk for chunk in self._chunks if not isinstance(chunk, int)]
            if all(_is_exact(each) for each in whole):
                as_numbers = [self._as_numbers(each) for each in whole]
                if kind == "integer":
                    return "number", as_numbers[0]
                numbers = iter(as_numbers)
                self._chunks = [chunk if isinstance(chunk, int) else next(numbers) for chunk in self._chunks]
                return "number", array
        if self.kind != "object":
            self._chunks = [chunk if isinstance(chunk, int) else _as_objects(chunk) for chunk in self._chunks]
        return "object", array if kind == "object" else _as_objects(array)

    def _as_numbers(self, array: Any) -> Any:
        return array.astype("double[pyarrow]" if self._backend == "pyarrow" else "Float64")

    def _merged(self) -> Any:
        """The column as one chunk, which takes the place of the many: no other column is there twice meanwhile."""
        self._type_waiting()
        if self.kind is None:
            # Their kind is not decided yet, so they stay a number.
            return self._nulls(self.length)
        if len(self._chunks) > 1:
            self._chunks = [_joined([self._nulls(each) if isinstance(each, int) else each for each in self._chunks])]
        return self._chunks[0]

    def _nulls(self, count: int) -> Any:
        if self.kind == "object":
            return np.full(count, None, dtype=object)
        # A column that nobody has filled holds text most likely, once it does.
        kind = self.kind or "string"
        if kind == "string":
            return _text([None] * count, self._backend)
        return to_array(_FIELDS[kind], read(_FIELDS[kind], [None] * count), self._backend)


def read_moments(values: Sequence[Any]) -> Cells | None:
    """Timestamps of ISO 8601 texts, each in its own zone, without one in UTC; None when one of them is none.

    >>> read_moments(["1970-01-01", None, "2026-07-21T11:14:31+02:00"]).data.tolist()
    [0, 0, 1784625271000000]
    >>> read_moments(["2026-02-30"]) is None
    True
    """
    missing = np.fromiter((value is None for value in values), np.bool_, len(values))
    data = np.zeros(len(values), np.int64)
    texts = [value for value in values if value is not None]
    match = MOMENT.fullmatch
    zones = {found[1] if (found := match(text)) else "" for text in texts}
    if not texts or "" in zones:
        return None
    if zones <= {None, "Z"}:
        try:
            bare = [text.rstrip("Z") for text in texts] if "Z" in zones else texts
            data[~missing] = np.array(bare, "datetime64[us]").astype(np.int64)
        except ValueError:
            return None
        return Cells(data, missing)
    moments = [read_timestamp(text) for text in texts]
    if None in moments:
        return None
    data[~missing] = np.array(moments, np.int64)
    return Cells(data, missing)


def _may_be_moments(values: list[Any]) -> bool:
    """A glance at the ends; all of them are looked at in the end, once."""
    first = next(value for value in values if value is not None)
    last = next(value for value in reversed(values) if value is not None)
    return bool(MOMENT.fullmatch(first) and MOMENT.fullmatch(last))


def _number_kind(types: set[type], values: list[Any]) -> Kind | None:
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    if types == {float}:
        return "number"
    if types == {int, float} and all(abs(value) <= LARGEST_EXACT for value in values if type(value) is int):
        return "number"
    return None


def _text(values: list[Any], dtype_backend: DtypeBackend) -> Any:
    dtype: Any = pd.StringDtype()
    try:
        if dtype_backend == "pyarrow":
            pa: Any = import_module("pyarrow")
            return pa.chunked_array([pa.array(values, pa.string())])
        if dtype.storage == "pyarrow":
            pa = import_module("pyarrow")
            return pa.chunked_array([pa.array(values, pa.large_string())])
        return pd.array(_objects(values), dtype=dtype)
    except UnicodeEncodeError:
        # Half an emoji, which JSON can carry and no storage of strings can hold.
        return _text([read_text(value) for value in values], dtype_backend)


def _is_arrow(array: Any) -> bool:
    return hasattr(array, "iterchunks")


def _dressed(texts: Any, dtype_backend: DtypeBackend) -> Any:
    """Texts of Arrow as an array of pandas."""
    dtype: Any = pd.StringDtype()
    return pd.arrays.ArrowExtensionArray(texts) if dtype_backend == "pyarrow" else dtype.__from_arrow__(texts)


def _moments_of(texts: Any) -> Cells | None:
    """As `read_moments`, a piece at a time where there are pieces: texts take more room as Python's own."""
    if not _is_arrow(texts):
        return read_moments(_as_objects(texts))
    pieces = []
    for chunk in texts.iterchunks():
        if chunk.null_count == len(chunk):
            pieces.append(Cells(np.zeros(len(chunk), np.int64), np.ones(len(chunk), np.bool_)))
        elif (piece := read_moments(chunk.to_pylist())) is not None:
            pieces.append(piece)
        else:
            return None
    return Cells(np.concatenate([piece.data for piece in pieces]), np.concatenate([piece.missing for piece in pieces]))


def _objects(values: list[Any]) -> Any:
    # `np.array` would make a matrix of lists of one length.
    return np.fromiter(values, dtype=object, count=len(values))


def _as_objects(array: Any) -> Any:
    if _is_arrow(array):
        return _objects(array.to_pylist())
    return array if isinstance(array, np.ndarray) else array.to_numpy(dtype=object, na_value=None)


def _is_exact(array: Any) -> bool:
    known = array[~array.isna()]
    return not len(known) or (int(known.min()) >= -LARGEST_EXACT and int(known.max()) <= LARGEST_EXACT)


def _joined(arrays: list[Any]) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays)
    if _is_arrow(arrays[0]):
        return import_module("pyarrow").chunked_array([chunk for array in arrays for chunk in array.iterchunks()])
    return pd.concat([pd.Series(array, copy=False) for array in arrays], ignore_index=True).array
