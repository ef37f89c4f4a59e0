"""Convert the cells of a column to the dtype that `schema=` pins. Pure.

A cell fits if the package's other frames could read it: digits in a text are a number, a whole float is an integer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import DtypeBackend, to_array
from origami_widgets.frames.schema import Kind
from origami_widgets.frames.values import (
    TypedValues,
    as_json,
    read_boolean,
    read_integer,
    read_number,
    read_text,
    read_timestamp,
)
from origami_widgets.words.foreign_text import unicode_text

from .iso_dates import ISO_DATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt


CellKind: TypeAlias = Kind | Literal["object"]

_DAY = 86_400_000_000
MOST_NAMED = 20
"""Rows that a message or note lists, at most."""
_READERS: dict[str, tuple[Callable[[object], Any], type[Any]]] = {
    "integer": (read_integer, np.int64),
    "number": (read_number, np.float64),
    "boolean": (read_boolean, np.bool_),
    "timestamp": (read_timestamp, np.int64),
}
_EXAMPLES = '"string", "Int64", "Float64", "boolean", "datetime64[us, UTC]", "datetime64[us]", "category" or "object"'


def check_schema(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the dtypes in `schema=` as pandas objects.

    Args:
        schema: a dtype by column, in any form that pandas accepts.

    Raises:
        InvalidInput: it is not a mapping of names, or pandas or leads do not have a dtype.
    """
    if schema is None:
        return {}
    given: object = schema
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise InvalidInput(
            "schema must map columns to dtypes",
            cause=f"Got {type(schema).__name__}.",
            remedy='Use {"employees": "Int64"}, or frame.dtypes.to_dict() of another frame.',
        )
    return {name: _checked(name, dtype) for name, dtype in schema.items()}


def _checked(name: str, given: Any) -> Any:
    dtype: Any = None
    try:
        dtype = pd.api.types.pandas_dtype(given)
        if getattr(dtype, "kind", "") == "U" and not isinstance(dtype, pd.api.extensions.ExtensionDtype):
            dtype = pd.StringDtype()
        if dtype == np.dtype("datetime64"):
            dtype = np.dtype("datetime64[us]")
        is_known = kind_of(dtype) is not None
    except (TypeError, ValueError, NotImplementedError):
        # The last comes from Arrow types with parameters in a text, and from those without a NumPy dtype.
        is_known = False
    if not is_known:
        raise InvalidInput(
            "schema has a dtype that leads can't have",
            cause=f"Got {given!r:.60} for {name!r:.60}.",
            remedy=f"Use {_EXAMPLES}, or another dtype of pandas for texts, numbers, booleans or dates.",
        )
    return dtype


def kind_of(dtype: Any) -> CellKind | None:
    """Return the kind of values that a dtype holds; None if leads have no such values."""
    types = pd.api.types
    tests: tuple[tuple[CellKind, bool], ...] = (
        ("category", isinstance(dtype, pd.CategoricalDtype)),
        ("boolean", types.is_bool_dtype(dtype)),
        ("integer", types.is_integer_dtype(dtype)),
        ("number", types.is_float_dtype(dtype)),
        ("timestamp", isinstance(dtype, pd.DatetimeTZDtype) or (str(dtype).startswith("timestamp") and "tz=" in str(dtype))),
        ("date", types.is_datetime64_dtype(dtype) or str(dtype).startswith(("timestamp[", "date32", "date64"))),
        ("object", dtype == np.dtype(object)),
        ("string", types.is_string_dtype(dtype)),
    )  # fmt: skip
    return next((kind for kind, holds in tests if holds), None)


def pin(values: Sequence[Any], dtype: Any, dtype_backend: DtypeBackend) -> tuple[Any, list[int]]:
    """Return JSON values as an array of a dtype, and the positions of those that do not fit.

    Args:
        values: the cells; None is an empty cell.
        dtype: the dtype, as `check_schema` returns it.
        dtype_backend: the dtype backend of intermediate arrays.
    """
    kind = kind_of(dtype)
    if kind == "object":
        return np.fromiter(values, dtype=object, count=len(values)), []
    if kind in ("string", "category"):
        texts = np.fromiter((_as_text(value) for value in values), dtype=object, count=len(values))
        return (
            _as_words(texts, dtype) if kind == "category" else convert(pd.array(texts, dtype=pd.StringDtype()), dtype)
        )
    read, storage = _READERS["timestamp" if kind == "date" else str(kind)]
    found = [_as_local(value) if kind == "date" else read(value) for value in values]
    missing = np.fromiter((value is None for value in found), np.bool_, len(found))
    misfits = [at for at, value in enumerate(values) if value is not None and missing[at]]
    data = np.array([0 if value is None else value for value in found], storage)
    if str(dtype).startswith("date32"):
        misfits += np.flatnonzero(data % _DAY).tolist()
    array, others = convert(_typed(kind, TypedValues(data, missing), dtype_backend), dtype)
    return array, misfits or others


def convert(array: Any, dtype: Any) -> tuple[Any, list[int]]:
    """Return an array as another dtype for the same kind of values, and the positions of values that this dtype can't hold."""
    if array.dtype == dtype:
        return array, []
    series = pd.Series(array, copy=False)
    try:
        other = series.astype(dtype)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        # A NumPy dtype can't hold an empty cell, and a narrow dtype can't hold a large number.
        return array, [at for at in range(len(series)) if not _holds(series.iloc[at : at + 1], dtype)]
    if pd.api.types.is_integer_dtype(dtype):
        # pandas lets integers wrap around.
        changed = (other.astype("Int64") != series.astype("Int64")).fillna(value=False).to_numpy(dtype=bool)
        return other.array, np.flatnonzero(changed).tolist()
    return other.array, []


def _holds(one: pd.Series[Any], dtype: Any) -> bool:
    try:
        one.astype(dtype)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return False
    return True


def _typed(kind: CellKind | None, cells: TypedValues, dtype_backend: DtypeBackend) -> Any:
    plain: Kind = kind if kind in ("integer", "number", "boolean", "timestamp", "date") else "string"
    # pandas' dates keep the time of day of a local time, which Arrow's would cut off.
    return to_array(plain, cells, "numpy_nullable" if plain == "date" else dtype_backend)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return unicode_text(value) if isinstance(value, str) else read_text(value) or as_json(value, ascii_only=False)


def _as_local(value: Any) -> int | None:
    """Return microseconds since 1970 for a date or time without a time zone. With one, it would be another moment."""
    found = ISO_DATE.fullmatch(value) if isinstance(value, str) else None
    return read_timestamp(value) if found is not None and found[1] is None else None


def _as_words(texts: npt.NDArray[Any], dtype: Any) -> tuple[Any, list[int]]:
    if dtype.categories is None:
        return pd.Categorical(texts, ordered=dtype.ordered), []
    known = {None, *dtype.categories}
    misfits = [at for at, text in enumerate(texts) if text not in known]
    texts[misfits] = None
    return pd.Categorical(texts, dtype=dtype), misfits


def misfit(columns: Mapping[str, tuple[Any, Sequence[int]]], *, noun: str) -> InvalidInput:
    """Return the error for cells that do not fit their pinned dtypes. It names rows, not their content.

    Args:
        columns: for each column, the dtype and the rows.
        noun: what the error's `.partial` is, for its message; empty if it has none.
    """
    parts = []
    for name, (dtype, rows) in columns.items():
        shown = ", ".join(f"{row:,}" for row in rows[:MOST_NAMED]) + (", …" if len(rows) > MOST_NAMED else "")
        parts.append(f"{name!r:.60} is pinned to {dtype}, and {len(rows):,} of its cells can't be that: row {shown}")
    kept = f" `.partial` of this error is {noun} with its own dtypes in these columns: nothing needs to be read again."
    return InvalidInput(
        "The leads don't fit the schema",
        cause="; ".join(parts) + ".",
        remedy='Pin such a column to "string" or "object", or leave it out of schema.' + (kept if noun else ""),
    )
