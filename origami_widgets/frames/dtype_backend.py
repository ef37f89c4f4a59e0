"""Turn typed values into pandas arrays, for each `dtype_backend`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from pandas.api.extensions import ExtensionArray

    from .schema import Kind
    from .values import TypedValues

DtypeBackend = Literal["numpy_nullable", "pyarrow"]


def check_backend(dtype_backend: str) -> None:
    """Check that a backend exists and is installed.

    Args:
        dtype_backend: the caller's argument.

    Raises:
        InvalidInput: the backend is unknown, or pyarrow isn't installed.
    """
    if dtype_backend not in ("numpy_nullable", "pyarrow"):
        raise InvalidInput(
            "Unknown dtype_backend",
            cause=f"Got dtype_backend={dtype_backend!r}.",
            remedy='Use dtype_backend="numpy_nullable" (the default) or dtype_backend="pyarrow".',
        )
    if dtype_backend == "pyarrow":
        try:
            import_module("pyarrow")
        except ImportError as error:
            raise InvalidInput(
                "pyarrow isn't installed",
                cause='dtype_backend="pyarrow" needs it.',
                remedy="Run: pip install 'origami-widgets[parquet]'. The default dtype_backend works without it.",
            ) from error


def texts(raw: Sequence[object], dtype_backend: DtypeBackend) -> ExtensionArray | None:
    """Write texts straight into Arrow's memory, if pandas keeps them there; going through objects takes twice as long.

    Args:
        raw: the JSON values; None for a missing one.
        dtype_backend: `numpy_nullable` or `pyarrow`.

    Returns:
        An array; None if there are other values than texts, half an emoji, or if there is no Arrow.
    """
    dtype: Any = pd.StringDtype()
    arrow = dtype_backend == "pyarrow"
    if not (arrow or dtype.storage == "pyarrow"):
        return None
    pa: Any = import_module("pyarrow")
    try:
        # Arrow accepts only texts, and bytes, which JSON does not have.
        array = pa.array(raw, pa.string() if arrow else pa.large_string())
    except (UnicodeEncodeError, pa.ArrowException):
        return None
    return pd.arrays.ArrowExtensionArray(array) if arrow else dtype.__from_arrow__(array)


def to_array(kind: Kind, cells: TypedValues, dtype_backend: DtypeBackend) -> ExtensionArray:
    """Return values as an array whose dtype depends only on the kind and the backend, not on the values.

    Both backends use pandas categories: Arrow's dictionary types have no list of possible values, so documented members
    that do not occur would be lost.

    Args:
        kind: the type of the values.
        cells: the values.
        dtype_backend: `numpy_nullable` or `pyarrow`.

    Returns:
        An array as long as the cells.
    """
    if kind == "category":
        dtype = pd.CategoricalDtype(list(cells.members))
        return pd.Categorical.from_codes(cells.data, dtype=dtype)
    if dtype_backend == "pyarrow":
        return _arrow(kind, cells)
    return _nullable(kind, cells)


def dated(kind: str, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert microseconds since 1970 to NumPy dates or times, for those kinds; Arrow reads these."""
    if kind == "timestamp":
        return data.astype("datetime64[us]")
    return data.astype("datetime64[us]").astype("datetime64[D]") if kind == "date" else data


def _nullable(kind: Kind, cells: TypedValues) -> ExtensionArray:
    match kind:
        case "integer":
            return pd.arrays.IntegerArray(cells.data, cells.missing)
        case "number":
            return pd.arrays.FloatingArray(cells.data, cells.missing)
        case "boolean":
            return pd.arrays.BooleanArray(cells.data, cells.missing)
        case "date" | "timestamp":
            moments = cells.data.astype("datetime64[us]")
            moments[cells.missing] = np.datetime64("NaT", "us")
            index = pd.DatetimeIndex(moments)
            # pandas has no dtype for dates: they are times at midnight without a time zone.
            return (index if kind == "date" else index.tz_localize("UTC")).array
        case _:
            return pd.array(cells.data, dtype=pd.StringDtype())


def _arrow(kind: Kind, cells: TypedValues) -> ExtensionArray:
    pa: Any = import_module("pyarrow")
    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "string": pa.string(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    values = dated(kind, cells.data)
    return pd.arrays.ArrowExtensionArray(pa.array(values, type=types[kind], mask=cells.missing))
