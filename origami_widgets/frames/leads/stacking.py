"""Stack frames of leads: the union of their columns, each with one dtype, whatever the order of the frames. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from origami_widgets.api.cell_values import is_found
from origami_widgets.frames.dtype_backend import to_array
from origami_widgets.frames.values import TypedValues

from .cell_column import CellColumn
from .lead_column import FOUND
from .lead_table import Findings
from .pinned_dtypes import pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from origami_widgets.frames.dtype_backend import DtypeBackend


HEAD = ("run_id", "name", "table_id", "table_name", "row_id", "domain")
"""First columns of a frame of several tables."""


def table_notes(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return the notes of a frame of leads about each of its tables; empty if pandas has dropped its `attrs`."""
    notes = frame.attrs.get("origami")
    if not isinstance(notes, Mapping):
        return []
    tables = notes.get("tables")
    if isinstance(tables, list | tuple):
        return [table for table in tables if isinstance(table, Mapping)]
    return [notes] if isinstance(notes.get("table_id"), str) else []


def separators(notes: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the separators between `slug` and `key` in the columns of tables, from the tables' notes."""
    return {str((note.get("options") or {}).get("sep", ".")) for note in notes} or {"."}


def stack_frames(
    frames: Sequence[pd.DataFrame],
    dtype_backend: DtypeBackend,
    seps: Iterable[str] = (".",),
    schema: Mapping[str, Any] | None = None,
) -> tuple[pd.DataFrame, Findings]:
    """Return the rows of all frames in one, and notes about its columns.

    A column has the dtype of its values in all frames together, as if they were one table: integers mixed with numbers
    become numbers if that is exact, dates mixed with other texts become ISO texts, and other mixtures become objects. A
    frame without a column gets NA. If only other frames have `slug.found`, its values are derived from the frame's own
    cells.

    Args:
        frames: frames with unique column names.
        dtype_backend: the arrays of the result.
        seps: possible separators between `slug` and `key` in the names of columns.
        schema: wanted dtypes by column.
    """
    schema = schema or {}
    findings = Findings()
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    endings = [f"{sep}{FOUND}" for sep in seps]
    arrays: dict[str, Any] = {}
    for name in names:
        slug = next((str(name).removesuffix(ending) for ending in endings if str(name).endswith(ending)), None)
        parts = [_part(frame, name, slug) for frame in frames]
        sizes = [len(frame) for frame in frames]
        if name in schema:
            array, misfits = _pinned(parts, sizes, schema[name], dtype_backend)
            if not misfits:
                arrays[name] = array
                continue
            findings.misfits[name] = (schema[name], misfits)
        arrays[name] = _joined(name, parts, sizes, dtype_backend, findings, tells_found=slug is not None)
    return pd.DataFrame(arrays, copy=False), findings


def is_missing(values: Any) -> Any:
    """Return for each value whether it is missing. Lists are values."""
    return np.asarray(pd.isna(values), dtype=np.bool_)


def python_values(values: pd.Series[Any]) -> list[Any]:
    """Return the values of a column as JSON has them: None for missing ones, dates and times as ISO texts."""
    cells = values.astype(object).to_list()
    missing = is_missing(values).tolist()
    kind = _moment_kind(values.dtype)
    if kind is not None:
        cells = [cell if lost else _iso(cell, kind) for cell, lost in zip(cells, missing, strict=True)]
    return [None if lost else cell for cell, lost in zip(cells, missing, strict=True)]


def _iso(value: Any, kind: str) -> str:
    return f"{value:%Y-%m-%d}" if kind == "date" else str(value.isoformat()).replace("+00:00", "Z")


def _part(frame: pd.DataFrame, name: str, slug: str | None) -> pd.Series[Any] | None:
    """Return a column of a frame. For a column `found`, `slug` is the column that it describes; else None."""
    if name in frame:
        return frame[name]
    if slug is None or slug not in frame:
        return None
    # The frame lacks the column because all its cells are findings, and nothing is known about missing cells.
    cells = frame[slug].astype(object).to_list()
    found = [None if lost else is_found(cell) for cell, lost in zip(cells, is_missing(frame[slug]), strict=True)]
    return pd.Series(pd.array(found, dtype="boolean"))


def _pinned(
    parts: list[pd.Series[Any] | None], sizes: list[int], dtype: Any, dtype_backend: DtypeBackend
) -> tuple[Any, list[int]]:
    """Return a column of all frames as a dtype, and the rows whose cells do not fit."""
    alike = [part for part in parts if part is not None and part.dtype == dtype]
    if len(alike) == len(parts) and not isinstance(dtype, pd.CategoricalDtype):
        return pd.concat(alike, ignore_index=True).array, []
    cells = [[None] * size if part is None else python_values(part) for part, size in zip(parts, sizes, strict=True)]
    return pin(list(chain.from_iterable(cells)), dtype, dtype_backend)


def _joined(
    name: str,
    parts: list[pd.Series[Any] | None],
    sizes: list[int],
    dtype_backend: DtypeBackend,
    findings: Findings,
    *,
    tells_found: bool,
) -> Any:
    with_values = [part for part in parts if part is not None and not is_missing(part).all()]
    dtypes = {part.dtype for part in with_values or [part for part in parts if part is not None]}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    if dtype is not None and _is_of_backend(dtype, dtype_backend):
        pieces = [
            pd.Series([None] * size, dtype=dtype) if part is None or part.dtype != dtype else part
            for part, size in zip(parts, sizes, strict=True)
        ]
        if (kind := _moment_kind(dtype)) is not None:
            (findings.dates if kind == "date" else findings.timestamps).append(name)
        return pd.concat(pieces, ignore_index=True).array
    if not with_values and tells_found:
        size = sum(sizes)
        return to_array("boolean", TypedValues(np.zeros(size, np.bool_), np.ones(size, np.bool_)), dtype_backend)
    column = CellColumn(dtype_backend)
    for part, size in zip(parts, sizes, strict=True):
        column.add([None] * size if part is None else python_values(part))
    array = column.array(copy=False)
    findings.note(name, column, column.read_as)
    return array


def _is_of_backend(dtype: Any, dtype_backend: DtypeBackend) -> bool:
    if dtype == np.dtype(object):
        # Add the cells one by one, so that their types are known.
        return False
    return isinstance(dtype, pd.ArrowDtype) == (dtype_backend == "pyarrow")


def _moment_kind(dtype: Any) -> str | None:
    name = str(dtype)
    if not name.startswith(("datetime64", "timestamp", "date")):
        return None
    return "timestamp" if "UTC" in name else "date"
