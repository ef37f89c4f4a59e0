"""Turn JSON values into pandas arrays, for each `dtype_backend`, and frames into the oldest dtypes (`plain`)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.words.foreign_text import unicode_text

from .schema import Kind
from .values import INT64, READERS, as_json, read_text, read_timestamp

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray


DtypeBackend = Literal["numpy_nullable", "pyarrow"]


def check_backend(dtype_backend: str) -> None:
    """Check that a backend exists and is installed.

    Args:
        dtype_backend: the caller's argument.

    Raises:
        InvalidInput: the backend is unknown, or pyarrow isn't installed.
    """
    if str(dtype_backend) not in ("numpy_nullable", "pyarrow"):
        raise InvalidInput(
            "Unknown dtype_backend",
            cause=f"Got dtype_backend={dtype_backend!r:.40}.",
            remedy='Use dtype_backend="numpy_nullable" (the default) or dtype_backend="pyarrow".',
        )
    if dtype_backend == "pyarrow":
        optional_package(
            "pyarrow",
            cause='dtype_backend="pyarrow" needs it.',
            remedy="Run: pip install 'origami-widgets[parquet]'. The default dtype_backend works without it.",
        )


def optional_package(name: str, *, cause: str, remedy: str) -> Any:
    """Return a package that is not installed with this one.

    Args:
        name: the package.
        cause: what needs it, for the error.
        remedy: how to install it, and what works without it.

    Raises:
        InvalidInput: it isn't installed.
    """
    try:
        return import_module(name.lower())
    except ImportError as error:
        raise InvalidInput(f"{name} isn't installed", cause=cause, remedy=remedy) from error


def texts(raw: Sequence[object], dtype_backend: DtypeBackend) -> ExtensionArray | None:
    """Write texts straight into Arrow's memory, if pandas keeps them there; going through objects takes twice as long.

    Args:
        raw: the texts; None for a missing one.
        dtype_backend: `numpy_nullable` or `pyarrow`.

    Returns:
        An array; None if there is half an emoji, which no storage of texts holds, or if there is no Arrow.
    """
    dtype: Any = pd.StringDtype()
    if dtype_backend != "pyarrow" and dtype.storage != "pyarrow":
        return None
    pa: Any = import_module("pyarrow")
    kind = pa.string() if dtype_backend == "pyarrow" else pa.large_string()
    try:
        # For blocks of thousands of texts, its own pool would use half as much memory again.
        array = pa.chunked_array([pa.array(raw, kind, memory_pool=pa.system_memory_pool())])
    except ValueError:
        return None
    made: ExtensionArray = (
        pd.arrays.ArrowExtensionArray(array) if dtype_backend == "pyarrow" else dtype.__from_arrow__(array)
    )
    return made


def typed_array(
    kind: Kind, raw: Sequence[Any], dtype_backend: DtypeBackend, members: Iterable[str] = (), *, is_read: bool = False
) -> ExtensionArray:
    """Return JSON values as an array whose dtype depends only on the kind and the backend, not on the values.

    Both backends use pandas categories: Arrow's dictionary types have no list of possible values, so documented members
    that do not occur would be lost.

    Args:
        kind: the type of the values.
        raw: the JSON values; what can't be read becomes missing.
        dtype_backend: `numpy_nullable` or `pyarrow`.
        members: the documented words of a category; others are added.
        is_read: whether all values are of the kind already, times as microseconds since 1970.

    Returns:
        An array as long as the values.
    """
    if kind == "category":
        words = [read_text(value) for value in raw]
        known = dict.fromkeys((*members, *(word for word in dict.fromkeys(words) if word is not None)))
        return pd.Categorical(words, dtype=pd.CategoricalDtype(list(known)))
    read, dtype, own = READERS[kind]
    is_read = is_read or types_of(raw) <= own
    if kind == "string" and is_read and (array := texts(raw, dtype_backend)) is not None:
        return array
    try:
        data, missing = _filled(raw if is_read and kind != "string" else map(read, raw), dtype)
    except OverflowError:
        # A number with more than 64 bits.
        data, missing = _filled(map(read, raw), dtype)
    if kind in ("date", "timestamp"):
        data = data.astype("datetime64[us]")
    if dtype_backend == "pyarrow":
        pa: Any = import_module("pyarrow")
        data = data.astype("datetime64[D]") if kind == "date" else data
        return pd.arrays.ArrowExtensionArray(pa.array(data, type=arrow_type(kind), mask=missing))
    arrays: dict[Kind, Any] = {
        "integer": pd.arrays.IntegerArray,
        "number": pd.arrays.FloatingArray,
        "boolean": pd.arrays.BooleanArray,
    }
    made: ExtensionArray
    if kind in arrays:
        made = arrays[kind](data, missing)
    elif kind == "string":
        made = pd.array(data, dtype=pd.StringDtype())
    else:
        data[missing] = np.datetime64("NaT", "us")
        index = pd.DatetimeIndex(data)
        # pandas has no dtype for dates: they are times at midnight without a time zone.
        made = (index if kind == "date" else index.tz_localize("UTC")).array
    return made


def _filled(values: Iterable[Any], dtype: Any) -> tuple[Any, Any]:
    """Return values as an array of NumPy, with something in place of missing ones, and which are missing."""
    # NumPy itself takes None for a missing float.
    data: Any = np.array(list(values), dtype if dtype is np.float64 else object)
    missing = ~np.isfinite(data) if dtype is np.float64 else pd.isna(data)
    data[missing] = None if dtype is object else 0
    return data.astype(dtype, copy=False), missing


def arrow_type(kind: str) -> Any:
    """Return the Arrow type for a kind of values; texts for any other."""
    pa: Any = import_module("pyarrow")
    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "local time": pa.timestamp("us"),
    }
    return types.get(kind, pa.string())


LARGEST_EXACT = 2**53
"""Beyond this integer, several integers have the same float."""
EXACT = range(-LARGEST_EXACT, LARGEST_EXACT + 1)
ARROW_TEXTS = ("string[pyarrow]", "large_string[pyarrow]")


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with pandas' oldest dtypes, for libraries that do not know nullable dtypes and time zones.

    Sends nothing. The given frame is not changed.

    Args:
        frame: any frame of this package, or another DataFrame.

    Returns:
        A DataFrame with the same rows, columns, index and `attrs`, and these dtypes:

        - whole numbers: `int64`; `float64` where some are missing; `object` where some are missing and some are too
          large for a float to be exact
        - other numbers: `float64`, NaN where missing
        - booleans: `bool`; `object` with None where some are missing
        - texts: the default of pandas: `str`, NaN where missing; before pandas 3 `object`, None where missing
        - times: `datetime64[us]` without a time zone, in UTC; dates: the same, at midnight
        - lists, objects and mixed types: `object`, with lists and objects as JSON texts; None where missing
        - categories: as they are

    Raises:
        InvalidInput: the argument is not a DataFrame.

    Example:
        >>> import origami_widgets as ow
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15, "columns": []}
        >>> frame = ow.plain(ow.tables_frame(table))
        >>> frame["lead_count"].dtype, frame["credits_lifetime_used"].dtype, frame["created_at"].dtype
        (dtype('int64'), dtype('float64'), dtype('<M8[us]'))
    """
    given: object = frame
    if not isinstance(given, pd.DataFrame):
        raise InvalidInput(
            "plain takes a DataFrame",
            cause=f"Got {type(given).__name__}.",
            remedy="Pass a frame: ow.plain(ow.tables_frame(run)).",
        )
    columns = {at: _plain(frame.iloc[:, at]) for at in range(frame.shape[1])}
    made = pd.DataFrame(columns, index=frame.index, copy=False)
    made.columns = frame.columns
    made.attrs = frame.attrs
    return made


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    types, dtype = pd.api.types, column.dtype
    missing = column.isna().to_numpy(dtype=bool)
    if isinstance(dtype, pd.CategoricalDtype):
        return column
    if is_date(dtype):
        if "tz=" in str(dtype) or isinstance(dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return column.astype("datetime64[us]")
    is_whole = types.is_integer_dtype(dtype)
    exact = is_whole and missing.any() and column.dropna().astype("int64").between(-LARGEST_EXACT, LARGEST_EXACT).all()
    if types.is_float_dtype(dtype) or exact:
        return pd.Series(column.to_numpy(dtype="float64", na_value=np.nan), index=column.index)
    if (is_whole or types.is_bool_dtype(dtype)) and not missing.any():
        return column.astype("int64" if is_whole else bool)
    values = column.to_numpy(dtype=object, copy=True)
    values[missing] = None
    if {list, dict, np.ndarray} & set(map(type, values)):
        flat = (
            as_json(each, ascii_only=False) if isinstance(each, list | dict | np.ndarray) else each for each in values
        )
        values = np.fromiter(flat, dtype=object, count=len(values))
    objects = pd.Series(values, index=column.index, dtype=object)
    # Since pandas 3, the default for texts is `str`.
    is_text = isinstance(dtype, pd.StringDtype) or str(dtype) in ARROW_TEXTS
    return objects.astype(pd.Series([""]).dtype) if is_text else objects


def is_date(dtype: Any) -> bool:
    """Return whether a pandas or Arrow dtype holds dates or times."""
    return pd.api.types.is_datetime64_any_dtype(dtype) or str(dtype).startswith(("date32", "timestamp"))


CellKind: TypeAlias = Kind | Literal["object"]

_WORDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
_KINDS: dict[frozenset[type], Kind] = {
    frozenset(): "string",
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


@dataclass(frozen=True, slots=True)
class CellArray:
    """The cells of one column.

    Attributes:
        array: the cells as a pandas array or, without a common type, an array of objects.
        kind: their common kind. Texts that are all dates become dates, and all times timestamps.
        words: the types of the cells, in words, if they have no common kind.
    """

    array: Any
    kind: CellKind
    words: tuple[str, ...] = ()


def cell_array(values: Sequence[Any], dtype_backend: DtypeBackend, types: AbstractSet[type] | None = None) -> CellArray:
    """Return cells as one array. A column without a value is text.

    Args:
        values: the cells as JSON; None is a null.
        dtype_backend: `numpy_nullable` or `pyarrow`.
        types: their `types_of` if known.
    """
    types = types_of(values) if types is None else types
    kind = _kind_of(types, values)
    if kind == "object":
        words = sorted(_WORDS.get(each, each.__name__) for each in types)
        if any(type(value) is int and value not in INT64 for value in values):
            words.append("more than 64 bits")
        # `np.array` would make a matrix of lists of one length.
        cells = np.fromiter(values, dtype=object, count=len(values))
        return CellArray(cells, kind, tuple(words))
    if kind == "string" and (moments := read_iso_dates(values, dtype_backend)) is not None:
        return moments
    return CellArray(typed_array(kind, values, dtype_backend, is_read=True), kind)


def types_of(values: Sequence[Any]) -> set[type]:
    """Return the types of the values that are not None."""
    return set(map(type, values)) - {NoneType}


def _kind_of(types: AbstractSet[type], values: Sequence[Any]) -> CellKind:
    kind: CellKind = _KINDS.get(frozenset(types), "object")
    if kind not in ("integer", "number"):
        return kind
    whole = [value for value in values if type(value) is int] if int in types else [0]
    floats = [value for value in values if type(value) is float] if float in types else []
    largest = INT64 if kind == "integer" else EXACT
    return kind if min(whole) in largest and max(whole) in largest and all(map(math.isfinite, floats)) else "object"


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


def text_of(cell: Any) -> str:
    """Return a cell as text, as it was sent."""
    return unicode_text(cell) if isinstance(cell, str) else read_text(cell) or as_json(cell, ascii_only=False)
