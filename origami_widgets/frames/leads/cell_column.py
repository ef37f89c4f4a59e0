"""Collect the cells of a column, block after block, in one typed array. Pure.

As there is no schema, the dtype of a column depends on its cells. Nothing is lost: integers stay exact, and cells
without a common type stay Python objects.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from itertools import repeat
from operator import is_
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd

from origami_widgets.frames.dtype_backend import (
    DtypeBackend,
    arrow_texts,
    keeps_arrow,
    pandas_texts,
    to_array,
)
from origami_widgets.frames.schema import Kind
from origami_widgets.frames.values import TypedValues, as_json, read_text
from origami_widgets.words.foreign_text import unicode_text

from .iso_dates import DateTally, IsoDates, iso_dates_of_arrow, may_be_iso_dates, read_iso_dates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


CellKind: TypeAlias = Kind | Literal["object"]

LARGEST_EXACT = 2**53
"""Beyond this integer, several integers have the same float."""
WORDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
KINDS: dict[frozenset[type], Kind] = {
    frozenset({str}): "string",
    frozenset({bool}): "boolean",
    frozenset({int}): "integer",
    frozenset({float}): "number",
    frozenset({int, float}): "number",
}
NUMPY: dict[str, type[Any]] = {"integer": np.int64, "number": np.float64, "boolean": np.bool_}


class CellColumn:
    """Column whose cells are still arriving.

    Args:
        dtype_backend: the dtype backend of its arrays.

    Attributes:
        length: the number of cells so far.
        kind: the common kind of all cells so far; None while all are null.
        words: the types of the JSON values so far, in words.
        read_as: the kind of the array returned last. Texts that are all dates become dates, and all times timestamps.
        too_large: whether there are integers of more than 64 bits.
        as_text: whether every cell becomes its text as it was sent, whatever the cells are.
        tally: counts of dates among texts that are not all dates.
    """

    def __init__(self, dtype_backend: DtypeBackend) -> None:
        self.length = 0
        self.kind: CellKind | None = None
        self.read_as: CellKind | None = None
        self.words: dict[str, None] = {}
        self.too_large = False
        self.as_text = False
        self.tally: DateTally | None = None
        self._backend = dtype_backend
        # By kind: Arrow or pandas texts, NumPy objects, else `TypedValues`; or a number of consecutive nulls.
        self._chunks: list[Any] = []
        self._maybe_moments = True

    @property
    def is_blank(self) -> bool:
        """Whether no cell so far has a value."""
        return self.kind is None

    def add_nulls(self, count: int) -> None:
        """Add a number of nulls."""
        self.length += count
        self._chunks.append(count)

    def add(self, values: list[Any], types: AbstractSet[type] | None = None) -> None:
        """Add cells; None is a null. Add thousands at once, as each call has a cost.

        Args:
            values: the cells.
            types: their types, if known already.
        """
        types = set(map(type, values)) if types is None else types
        if types <= {NoneType}:
            self.add_nulls(len(values))
            return
        self.length += len(values)
        self._take(types - {NoneType}, *self._typed(types - {NoneType}, values, has_nulls=NoneType in types))

    def add_texts(self, values: list[Any]) -> bool:
        """Add cells if all are texts or nulls, as in most columns. Return whether they were added.

        Arrow checks this while it copies the cells, which saves a separate check.

        Args:
            values: the cells; at least one is a text.
        """
        if not keeps_arrow(self._backend):
            return False
        try:
            chunk = arrow_texts(values, self._backend)
        except (TypeError, ValueError):
            # Other values, or half an emoji.
            return False
        self.length += len(values)
        self._maybe_moments = self._maybe_moments and may_be_iso_dates(values)
        self._take({str}, "string", chunk)
        return True

    def snapshot(self) -> CellColumn:
        """Return a copy of the column that can take other cells."""
        other = copy(self)
        other.words, other._chunks = {**self.words}, [*self._chunks]  # noqa: SLF001 - of the same class
        return other

    def array(self, *, copy: bool) -> Any:
        """Return all cells so far as one array. Unless it is a copy, later cells may share its memory.

        Args:
            copy: whether the array must be a copy.
        """
        merged = self._merged()
        self.read_as = self.kind
        if self.as_text:
            self.read_as = "string"
            texts = [None if cell is None else _text_of(cell) for cell in _as_objects(merged).tolist()]
            return pd.array(_objects(texts), dtype=pd.StringDtype())
        if self.kind == "string" and self._maybe_moments:
            moments = _iso_dates_of(merged)
            if moments is not None and moments.kind is not None:
                self.read_as = moments.kind
                return to_array(moments.kind, moments.cells, self._backend)
        if self.kind == "string" or (self.kind == "object" and "text" in self.words):
            self.tally = DateTally()
            self.tally.add(merged if _is_arrow(merged) else _as_objects(merged))
        if isinstance(merged, TypedValues):
            if copy:
                merged = TypedValues(merged.data.copy(), merged.missing.copy())
            return to_array(cast("Kind", self.kind), merged, self._backend)
        if _is_arrow(merged):
            # Arrow's memory is immutable, so it may be shared.
            return pandas_texts(merged, self._backend)
        return merged.copy() if copy else merged

    def missing(self) -> Any:
        """Return per cell whether it is null."""
        merged = self._merged()
        if isinstance(merged, TypedValues):
            return merged.missing
        return merged.is_null().to_numpy() if _is_arrow(merged) else pd.isna(merged)

    def _take(self, types: AbstractSet[type], kind: CellKind, chunk: Any) -> None:
        """Add a chunk of cells of a kind."""
        self.words |= dict.fromkeys(sorted(WORDS.get(each, each.__name__) for each in types))
        if self.kind is not None and kind != self.kind:
            kind, chunk = self._unify(kind, chunk)
        self.kind = kind
        self._chunks.append(chunk)

    def _typed(self, types: AbstractSet[type], values: list[Any], *, has_nulls: bool) -> tuple[CellKind, Any]:
        kind = KINDS.get(frozenset(types))
        if kind == "string":
            self._maybe_moments = self._maybe_moments and may_be_iso_dates(values)
            return kind, _text(values, self._backend)
        if kind is not None and (len(types) == 1 or _is_exact(value for value in values if type(value) is int)):
            cells = _numbers(kind, values, has_nulls=has_nulls)
            if cells is not None:
                return kind, cells
            self.too_large = True
        return "object", _objects(values)

    def _unify(self, kind: CellKind, chunk: Any) -> tuple[CellKind, Any]:
        """Convert the cells so far and a new chunk to a common kind."""
        if {kind, self.kind} == {"integer", "number"}:
            whole = [chunk] if kind == "integer" else [each for each in self._chunks if isinstance(each, TypedValues)]
            if all(_is_exact((int(each.data.min()), int(each.data.max()))) for each in whole):
                if kind == "integer":
                    return "number", _as_numbers(chunk)
                self._chunks = [_as_numbers(each) if isinstance(each, TypedValues) else each for each in self._chunks]
                return "number", chunk
        if self.kind != "object":
            self._chunks = [each if isinstance(each, int) else _as_objects(each) for each in self._chunks]
        return "object", chunk if kind == "object" else _as_objects(chunk)

    def _merged(self) -> Any:
        """Join the chunks into one and keep that, so that memory does not hold the column twice."""
        if self.kind is None:
            # The kind is not known yet, so the chunks are still numbers of nulls.
            return self._nulls(self.length)
        if len(self._chunks) > 1:
            self._chunks = [_joined([self._nulls(each) if isinstance(each, int) else each for each in self._chunks])]
        return self._chunks[0]

    def _nulls(self, count: int) -> Any:
        if self.kind == "object":
            return np.full(count, None, dtype=object)
        # An empty column will most likely get text.
        if self.kind in (None, "string"):
            return _text([None] * count, self._backend)
        return TypedValues(np.zeros(count, NUMPY[self.kind]), np.ones(count, np.bool_))


def arrow_type(kind: CellKind) -> Any:
    """Return the Arrow type for a kind of cells."""
    pa: Any = import_module("pyarrow")
    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return types.get(kind, pa.string())


def _numbers(kind: Kind, values: list[Any], *, has_nulls: bool) -> TypedValues | None:
    """Return numbers or booleans as `TypedValues`, with nulls as 0; None if a value does not fit."""
    size = len(values)
    try:
        if not has_nulls:
            data = np.fromiter(values, NUMPY[kind], size)
            fits = kind != "number" or np.isfinite(data).all()
            return TypedValues(data, np.zeros(size, np.bool_)) if fits else None
        if kind == "boolean":
            missing = np.fromiter(map(is_, values, repeat(None)), np.bool_, size)
            return TypedValues(np.fromiter(values, np.bool_, size), missing)
        # NumPy converts nulls to NaN in the same step.
        data = np.fromiter(values, np.float64, size)
        missing = np.isnan(data)
        data[missing] = 0
        if kind == "number":
            fits = np.isfinite(data).all() and np.count_nonzero(missing) == values.count(None)
            return TypedValues(data, missing) if fits else None
        if np.abs(data).max() < LARGEST_EXACT:
            return TypedValues(data.astype(np.int64), missing)
        return TypedValues(np.array([0 if value is None else value for value in values], np.int64), missing)
    except OverflowError:
        return None


def _text(values: list[Any], dtype_backend: DtypeBackend) -> Any:
    try:
        if keeps_arrow(dtype_backend):
            return arrow_texts(values, dtype_backend)
        return pd.array(_objects(values), dtype=pd.StringDtype())
    except UnicodeEncodeError:
        # Half an emoji, which JSON can carry but no string storage can hold.
        return _text([read_text(value) for value in values], dtype_backend)


def _text_of(cell: Any) -> str:
    return unicode_text(cell) if isinstance(cell, str) else read_text(cell) or as_json(cell, ascii_only=False)


def _is_arrow(chunk: Any) -> bool:
    return hasattr(chunk, "iterchunks")


def _iso_dates_of(texts: Any) -> IsoDates | None:
    """Read dates as `read_iso_dates` does, one Arrow chunk at a time: Python texts take more memory."""
    if not _is_arrow(texts):
        return read_iso_dates(_as_objects(texts))
    pieces = []
    for chunk in texts.iterchunks():
        piece = iso_dates_of_arrow(chunk)
        if piece is None:
            return None
        pieces.append(piece)
    kinds = {piece.kind for piece in pieces} - {None}
    if not pieces or len(kinds) > 1:
        return None
    return IsoDates(next(iter(kinds), None), _joined([piece.cells for piece in pieces]))


def _objects(values: list[Any]) -> Any:
    # `np.array` would make a matrix of lists of one length.
    return np.fromiter(values, dtype=object, count=len(values))


def _as_objects(chunk: Any) -> Any:
    if isinstance(chunk, TypedValues):
        objects = chunk.data.astype(object)
        objects[chunk.missing] = None
        return objects
    if _is_arrow(chunk):
        return _objects(chunk.to_pylist())
    return chunk if isinstance(chunk, np.ndarray) else chunk.to_numpy(dtype=object, na_value=None)


def _as_numbers(cells: TypedValues) -> TypedValues:
    return TypedValues(cells.data.astype(np.float64), cells.missing)


def _is_exact(integers: Iterable[int]) -> bool:
    return all(-LARGEST_EXACT <= each <= LARGEST_EXACT for each in integers)


def _joined(chunks: list[Any]) -> Any:
    if len(chunks) == 1:
        return chunks[0]
    if isinstance(chunks[0], TypedValues):
        data, missing = zip(*((chunk.data, chunk.missing) for chunk in chunks), strict=True)
        return TypedValues(np.concatenate(data), np.concatenate(missing))
    if isinstance(chunks[0], np.ndarray):
        return np.concatenate(chunks)
    if _is_arrow(chunks[0]):
        return import_module("pyarrow").chunked_array([piece for chunk in chunks for piece in chunk.iterchunks()])
    return pd.concat([pd.Series(chunk, copy=False) for chunk in chunks], ignore_index=True).array
