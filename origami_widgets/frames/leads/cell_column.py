"""Cells of one column, block after block, to one typed array. Pure.

Which dtype a column gets depends on what is in it, as no schema tells. Nothing is lost for it: integers stay exact, and
what has no common type stays the objects it is.
"""

from __future__ import annotations

from copy import copy
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd

from origami_widgets.frames.dtype_backend import DtypeBackend, dated, to_array
from origami_widgets.frames.schema import Kind
from origami_widgets.frames.values import TypedValues, as_json, read_text

from .iso_dates import IsoDates, iso_dates_of_arrow, may_be_iso_dates, read_iso_dates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

CellKind: TypeAlias = Kind | Literal["object"]

BLOCK = 2_000
"""Cells that are typed at once: enough to cost little each, and few to wait as the objects they were decoded to."""
LARGEST_EXACT = 2**53
"""Beyond it a float stands for several integers."""
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
    """One column while its cells arrive.

    Args:
        dtype_backend: which arrays hold them.

    Attributes:
        length: cells so far.
        kind: the one kind of all cells so far; None while all are null.
        words: which kinds of JSON values there were.
        read_as: the kind of the array that was given last: texts that are all dates become dates, all times timestamps.
        too_large: integers of more than 64 bits were among them.
    """

    def __init__(self, dtype_backend: DtypeBackend) -> None:
        self.length = 0
        self.kind: CellKind | None = None
        self.read_as: CellKind | None = None
        self.words: dict[str, None] = {}
        self.too_large = False
        self._backend = dtype_backend
        # By kind: texts of Arrow or of pandas, objects of numpy, else `TypedValues`; or how many nulls stand in a row.
        self._chunks: list[Any] = []
        self._waiting: list[Any] = []
        self._types: set[type] = set()
        self._maybe_moments = True

    @property
    def is_blank(self) -> bool:
        """No cell so far has a value."""
        return self.kind is None and self._types <= {NoneType}

    def add_nulls(self, count: int) -> None:
        """Add cells without a value."""
        if count < BLOCK:
            self.add([None] * count, {NoneType})
        else:
            self._type_waiting()
            self.length += count
            self._chunks.append(count)

    def add(self, values: list[Any], types: AbstractSet[type] | None = None) -> None:
        """Add cells; None is one without a value.

        Args:
            values: the cells.
            types: their types, where they are known already.
        """
        self.length += len(values)
        self._waiting += values
        self._types |= set(map(type, values)) if types is None else types
        if len(self._waiting) >= BLOCK:
            self._type_waiting()

    def snapshot(self) -> CellColumn:
        """A column of the same cells, to which other ones may be added."""
        self._type_waiting()
        other = copy(self)
        other.words, other._chunks = {**self.words}, [*self._chunks]  # noqa: SLF001 - another of its own kind
        other._waiting, other._types = [], set()  # noqa: SLF001
        return other

    def array(self, *, copy: bool) -> Any:
        """All cells so far as one array, which later cells may go on sharing unless it is a copy."""
        merged = self._merged()
        self.read_as = self.kind
        if self.kind == "string" and self._maybe_moments:
            moments = _iso_dates_of(merged)
            if moments is not None and moments.kind is not None:
                self.read_as = moments.kind
                return to_array(moments.kind, moments.cells, self._backend)
        if isinstance(merged, TypedValues):
            if copy:
                merged = TypedValues(merged.data.copy(), merged.missing.copy())
            return to_array(cast("Kind", self.kind), merged, self._backend)
        if _is_arrow(merged):
            # Arrow's memory is never written to, so it may be shared.
            return _dressed(merged, self._backend)
        return merged.copy() if copy else merged

    def arrow(self, kind: CellKind) -> Any:
        """All cells so far as an array of Arrow, of a kind that these cells have, or that they have been brought under."""
        pa: Any = import_module("pyarrow")
        merged, to = self._merged(), arrow_type(kind)
        if self.kind is None:
            return pa.nulls(self.length, to)
        if kind == "object":
            return pa.array([None if each is None else as_json(each) for each in _as_objects(merged)], to)
        moments = _iso_dates_of(merged) if kind in ("date", "timestamp") else None
        cells = merged if moments is None else moments.cells
        if isinstance(cells, TypedValues):
            data = dated(kind, cells.data)
            return pa.array(data.astype(np.float64) if kind == "number" else data, to, mask=cells.missing)
        return pa.concat_arrays(list(merged.iterchunks()))

    def missing(self) -> Any:
        """Per cell whether it has no value."""
        merged = self._merged()
        if isinstance(merged, TypedValues):
            return merged.missing
        return merged.is_null().to_numpy() if _is_arrow(merged) else pd.isna(merged)

    def _type_waiting(self) -> None:
        values, self._waiting = self._waiting, []
        types, self._types = self._types, set()
        has_nulls = NoneType in types
        types.discard(NoneType)
        if not types:
            self._chunks += [len(values)] if values else []
            return
        kind, chunk = self._typed(types, values, has_nulls=has_nulls)
        self.words |= dict.fromkeys(sorted(WORDS.get(each, each.__name__) for each in types))
        if self.kind is not None and kind != self.kind:
            kind, chunk = self._unify(kind, chunk)
        self.kind = kind
        self._chunks.append(chunk)

    def _typed(self, types: set[type], values: list[Any], *, has_nulls: bool) -> tuple[CellKind, Any]:
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
        """Bring what is there and what is new under one kind."""
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
        if self.kind in (None, "string"):
            return _text([None] * count, self._backend)
        return TypedValues(np.zeros(count, NUMPY[self.kind]), np.ones(count, np.bool_))


class KindOnlyColumn(CellColumn):
    """What is known of a column whose cells are not kept: which kind they all have."""

    def __init__(self, dtype_backend: DtypeBackend) -> None:
        super().__init__(dtype_backend)
        # What the texts have been so far, while all have been dates, or all times.
        self._moments: CellKind | None = None

    @property
    def known(self) -> CellKind:
        """The kind of the array that all cells make; of a column that nobody has filled, text."""
        self._type_waiting()
        if self.kind == "string" and self._maybe_moments and self._moments is not None:
            return self._moments
        return self.kind or "string"

    def _type_waiting(self) -> None:
        super()._type_waiting()
        chunks = [chunk for chunk in self._chunks if not isinstance(chunk, int)]
        if self.kind == "string" and self._maybe_moments:
            told = [_iso_dates_of(chunk) for chunk in chunks]
            kinds = {self._moments, *(None if moments is None else moments.kind for moments in told)} - {None}
            self._maybe_moments = None not in told and len(kinds) <= 1
            self._moments = next(iter(kinds), None)
        self._chunks = [_ends(chunk) for chunk in chunks] if self.kind == "integer" else []
        if len(self._chunks) > 1:
            self._chunks = [_ends(_joined(self._chunks))]


def arrow_type(kind: CellKind) -> Any:
    """The type of Arrow for a kind of cells; what has no common type is JSON."""
    pa: Any = import_module("pyarrow")
    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return types.get(kind, pa.string())


def _ends(integers: TypedValues) -> TypedValues:
    """The smallest and the largest, which decide whether they may become numbers."""
    return TypedValues(np.array([integers.data.min(), integers.data.max()]), np.zeros(2, np.bool_))


def _numbers(kind: Kind, values: list[Any], *, has_nulls: bool) -> TypedValues | None:
    """Numbers or booleans as `TypedValues`, missing ones as 0; None where one of them does not fit."""
    nulls = np.fromiter((value is None for value in values), np.bool_, len(values)) if has_nulls else None
    if has_nulls:
        values = [0 if value is None else value for value in values]
    try:
        data = np.array(values, NUMPY[kind])
    except OverflowError:
        return None
    if kind == "number" and not np.isfinite(data).all():
        return None
    return TypedValues(data, np.zeros(len(values), np.bool_) if nulls is None else nulls)


def _text(values: list[Any], dtype_backend: DtypeBackend) -> Any:
    dtype: Any = pd.StringDtype()
    try:
        if dtype_backend == "pyarrow" or dtype.storage == "pyarrow":
            pa: Any = import_module("pyarrow")
            kind = pa.string() if dtype_backend == "pyarrow" else pa.large_string()
            # Arrow's own pool takes half as much again for blocks of this size.
            return pa.chunked_array([pa.array(values, kind, memory_pool=pa.system_memory_pool())])
        return pd.array(_objects(values), dtype=dtype)
    except UnicodeEncodeError:
        # Half an emoji, which JSON can carry and no storage of strings can hold.
        return _text([read_text(value) for value in values], dtype_backend)


def _is_arrow(chunk: Any) -> bool:
    return hasattr(chunk, "iterchunks")


def _dressed(texts: Any, dtype_backend: DtypeBackend) -> Any:
    """Texts of Arrow as an array of pandas."""
    dtype: Any = pd.StringDtype()
    return pd.arrays.ArrowExtensionArray(texts) if dtype_backend == "pyarrow" else dtype.__from_arrow__(texts)


def _iso_dates_of(texts: Any) -> IsoDates | None:
    """As `read_iso_dates`, a piece at a time where there are pieces: texts take more room as Python's own."""
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
