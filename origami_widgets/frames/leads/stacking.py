"""Stack frames of leads: the union of their columns, each with one dtype, whatever the order of the frames. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from importlib import import_module
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import Role, is_found, reading_order
from origami_widgets.frames.dtype_backend import ARROW_TEXTS, DtypeBackend, arrow_type, cell_array, typed_array
from origami_widgets.frames.schema import DTYPE_NAMES, Kind

from .lead_table import FOUND, OURS, Findings

IDS = ("table_id", "row_id")
ENDING = f"_{FOUND}"
"""End of the names of columns that say whether a value was found."""


def table_notes(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return the notes of a frame of leads about each of its tables; empty if pandas has dropped its `attrs`."""
    notes = frame.attrs.get("origami")
    tables = notes.get("tables") if isinstance(notes, Mapping) else None
    return [table for table in tables if isinstance(table, Mapping)] if isinstance(tables, list | tuple) else []


def mains_of(notes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return for each column of tables, and for each of its parts, the column, all by their names in the frame."""
    found: dict[str, str] = {}
    for note in notes:
        mains = {each["id"]: str(each["column"]) for each in note.get("table_columns", ())}
        for name, column_id in note.get("columns", {}).items():
            if column_id in mains:
                found.setdefault(str(name), mains[column_id])
    return found


def keys_of(notes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the key of each column that holds a part of cells, by its name in the frame."""
    return {str(name): str(key) for note in notes for name, key in note.get("parts", {}).items()}


def lead_names(leads: pd.DataFrame) -> pd.Series[Any]:
    """Return the name of each lead: its cell in the column of its table that people read first; NA if unknown."""
    firsts: dict[object, str] = {}
    if not (notes := table_notes(leads)):
        # The first column of a frame, and of a file, is that of the names, if it is of one table.
        first = leads.columns[0]
        tables: Any = leads["table_id"].unique() if "table_id" in leads else ()
        firsts = {tables[0]: first} if first not in OURS and len(tables) == 1 else {}
    for note in notes:
        if order := columns_as_read(leads, [note]):
            firsts[note.get("table_id")] = str(order[0][0]["column"])
    return texts_by_table(leads, firsts)


def columns_as_read(leads: pd.DataFrame, notes: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Role]]:
    """Return what notes say of the columns of a frame, in the order in which people read these, each with its role."""
    listed = [each for note in notes for each in note.get("table_columns", ()) if each["column"] in leads]
    return [
        (listed[at], role) for at, role in reading_order([(str(each["name"]), str(each["kind"])) for each in listed])
    ]


def texts_by_table(leads: pd.DataFrame, columns: Mapping[Any, str]) -> pd.Series[Any]:
    """Return the text of each lead's cell in one column, given that of each table by its id; NA if unknown."""
    found: pd.Series[Any] = pd.Series(pd.NA, leads.index, dtype="string")
    tables = leads["table_id"] if "table_id" in leads else pd.Series(next(iter(columns), None), leads.index)
    for table, name in columns.items():
        cells = leads[name]
        if not isinstance(cells.dtype, pd.StringDtype):
            texts = [None if cell is None else str(cell) for cell in python_values(cells)]
            cells = pd.Series(texts, leads.index, dtype="string")
        found = found.mask(tables.eq(table).fillna(value=False), cells)
    return found


def columns_of(note: Mapping[str, Any]) -> set[str]:
    """Return the columns of the frame that a table had when it was read."""
    return {*note.get("columns", ()), *note.get("unlisted_columns", ())}


def headings_of(notes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headings of the columns of tables and of their parts, `Phone: confidence`, by their names in the frame.

    A column keeps its name if another one has its heading, if two tables head it in two ways, or if a program might take its heading for something else.
    """
    mains, keys = mains_of(notes), keys_of(notes)
    heads: dict[str, set[str]] = {}
    for each in (each for note in notes for each in note.get("table_columns", ())):
        heads.setdefault(str(each["column"]), set()).add(str(each["name"]))
    made = {
        name: f"{min(heads[main])}: {words_of(keys[name])}" if name in keys else min(heads[main])
        for name, main in mains.items()
    }
    counts, taken = Counter(made.values()), {*OURS}.union(*map(columns_of, notes))
    unclear = {main for main, texts in heads.items() if len(texts) > 1}
    unclear |= {
        mains[name] for name, text in made.items() if counts[text] > 1 or text in taken or not text[:1].isalnum()
    }
    return {name: text for name, text in made.items() if mains[name] not in unclear}


def words_of(key: str) -> str:
    """Return a key as words.

    >>> words_of("announced_on"), words_of("source_url")
    ('announced on', 'source URL')
    """
    return " ".join("URL" if word == "url" else word for word in key.replace("-", "_").split("_") if word)


def renamed_columns(note: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return the entries of a table's notes that name its columns, with the new names of some."""
    listed = [{**each, "column": renamed.get(each["column"], each["column"])} for each in note.get("table_columns", ())]
    columns = {renamed.get(name, name): column_id for name, column_id in note.get("columns", {}).items()}
    parts = {renamed.get(name, name): key for name, key in note.get("parts", {}).items()}
    return {"columns": columns, "parts": parts, "table_columns": listed}


def check_columns(frame: pd.DataFrame) -> None:
    """Check that no two columns of a frame have the same name.

    Raises:
        InvalidInput: two columns do.
    """
    if frame.columns.nlevels > 1 or not frame.columns.is_unique:
        name = next(iter(frame.columns[frame.columns.duplicated()]), frame.columns[0])
        raise InvalidInput(
            "This frame has ambiguous column names",
            cause=f"{name!r:.60} is the name of several columns, or has several levels.",
            remedy='Rename them, or merge with suffixes: left.merge(right, on="domain", suffixes=("", "_other")).',
        )


def check_leads(frame: pd.DataFrame) -> None:
    """Check that every row of a frame is a lead.

    Raises:
        InvalidInput: a row has no id, or ids are not texts.
    """
    lost = int(is_missing(frame["row_id"]).sum())
    if lost:
        raise InvalidInput(
            "Some rows aren't leads",
            cause=f"{lost:,} of {len(frame):,} rows have no row_id, for example after an outer merge.",
            remedy='Leave them out: frame[frame["row_id"].notna()].',
        )
    for name in ("table_id", "row_id"):
        if name in frame and pd.api.types.is_numeric_dtype(frame[name].dtype) and frame[name].notna().any():
            raise InvalidInput(
                f"{name} holds numbers instead of texts",
                cause="Reading a file may have changed ids, such as 0012 to 12.",
                remedy=f'Read it as text: pd.read_csv(path, dtype={{"{name}": "string"}}).',
            )


def stack_frames(
    frames: Sequence[pd.DataFrame],
    dtype_backend: DtypeBackend,
) -> tuple[pd.DataFrame, Findings]:
    """Return the rows of all frames in one, and notes about its columns.

    A column has the dtype of its values in all frames together, as if they were one table: integers mixed with numbers
    become numbers if that is exact, dates mixed with other texts become ISO texts, and other mixtures become objects. A
    frame without a column gets NA. If only other frames have `slug_found`, its values are derived from the frame's own
    cells.

    Args:
        frames: frames with unique column names.
        dtype_backend: the arrays of the result.
    """
    findings = Findings()
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    keys = keys_of(note for frame in frames for note in table_notes(frame))
    arrays: dict[str, Any] = {}
    for name in names:
        slug = str(name).removesuffix(ENDING) if _is_flag(str(name), frames, keys) else None
        parts = [_part(frame, name, slug) for frame in frames]
        sizes = [len(frame) for frame in frames]
        arrays[name] = _joined(name, parts, sizes, dtype_backend, findings, with_found=slug is not None)
    return pd.DataFrame(arrays, copy=False), findings


def _is_flag(name: str, frames: Sequence[pd.DataFrame], keys: Mapping[str, str]) -> bool:
    """Return whether a column says whether a value was found, as `lost_and_found` of a table doesn't."""
    if not name.endswith(ENDING):
        return False
    return keys.get(name) == FOUND or (
        not keys and all(pd.api.types.is_bool_dtype(frame[name].dtype) for frame in frames if name in frame)
    )


def folded_text(text: str) -> str:
    """Return a text as texts are compared: without case and outer or double spaces."""
    return " ".join(text.split()).casefold()


def is_missing(values: Any) -> Any:
    """Return for each value whether it is missing. Lists are values."""
    return np.asarray(pd.isna(values), dtype=np.bool_)


def python_values(values: pd.Series[Any]) -> list[Any]:
    """Return the values of a column as JSON has them: None for missing ones, dates and times as ISO texts."""
    cells = values.astype(object).to_list()
    missing = is_missing(values).tolist()
    kinds = set(map(type, cells))
    if kinds <= _JSON | {float}:
        # A nullable column can hold NaN, which alone differs from itself, beside its missing values.
        return [None if lost or cell != cell else cell for cell, lost in zip(cells, missing, strict=True)]  # noqa: PLR0124
    return [None if lost else _plain(cell) for cell, lost in zip(cells, missing, strict=True)]


_JSON = {str, bool, int, list, dict, NoneType, type(pd.NA)}


def _plain(cell: Any) -> Any:
    """Return a cell as JSON has it. Frames that were changed or read from a file have NumPy's types and Python's dates."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, datetime):
        if cell.tzinfo is not None:
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return f"{cell:%Y-%m-%d}" if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, np.ndarray):
        return [_plain(each) for each in cell.tolist()]
    return None if isinstance(cell, float) and math.isnan(cell) else cell


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


def _joined(
    name: str,
    parts: list[pd.Series[Any] | None],
    sizes: list[int],
    dtype_backend: DtypeBackend,
    findings: Findings,
    *,
    with_found: bool,
) -> Any:
    with_values = [part for part in parts if part is not None and not is_missing(part.array).all()]
    known = with_values or [part for part in parts if part is not None]
    dtype = _common_dtype([part.dtype for part in known], dtype_backend)
    if dtype is not None:
        pieces = [
            cast_to(part, dtype) if part is not None and any(part is each for each in known) else _missing(size, dtype)
            for part, size in zip(parts, sizes, strict=True)
            if size
        ]
        return pd.concat(pieces or [_missing(0, dtype)], ignore_index=True).array
    if not with_values and with_found:
        return typed_array("boolean", [None] * sum(sizes), dtype_backend)
    sized = zip(parts, sizes, strict=True)
    cells = chain.from_iterable([None] * size if part is None else python_values(part) for part, size in sized)
    made = cell_array(list(cells), dtype_backend)
    findings.note(name, made)
    return made.array


def _common_dtype(dtypes: Sequence[Any], dtype_backend: DtypeBackend) -> Any:
    """Return the dtype that holds the values of all these dtypes and missing ones; None if the cells must decide."""
    first = dtypes[0] if dtypes else None
    if first is not None and all(dtype == first for dtype in dtypes) and _is_kept(first, dtype_backend):
        return first
    wanted = {_wanted(dtype, dtype_backend) for dtype in dtypes}
    return wanted.pop() if len(wanted) == 1 else None


def _missing(size: int, dtype: Any) -> pd.Series[Any]:
    # Repeating one missing value takes no Python step for each row.
    return pd.Series(pd.Series([pd.NA], dtype=dtype).array.take(np.zeros(size, np.intp)))


def cast_to(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    """Return values as a dtype that can hold them."""
    if values.dtype == dtype:
        return values
    storages = {
        getattr(each, "storage", "") if isinstance(each, pd.StringDtype) else "" for each in (values.dtype, dtype)
    }
    if storages == {"pyarrow"}:
        # The two texts of pandas share Arrow's memory; its own conversion makes a Python text of each.
        texts: Any = import_module("pyarrow").array(values.array)
        return pd.Series(dtype.__from_arrow__(texts), index=values.index)
    return values.astype(dtype)


def _is_kept(dtype: Any, dtype_backend: DtypeBackend) -> bool:
    """Return whether a column keeps its dtype. It does not if the dtype is not of the backend or has no missing value."""
    if isinstance(dtype, pd.ArrowDtype):
        return dtype_backend == "pyarrow"
    return dtype_backend == "numpy_nullable" and (
        isinstance(dtype, pd.CategoricalDtype | pd.DatetimeTZDtype | pd.PeriodDtype)
        or getattr(dtype, "kind", "") in ("m", "M")
        or (isinstance(dtype, pd.api.extensions.ExtensionDtype) and dtype.na_value is pd.NA)
    )


def _wanted(dtype: Any, dtype_backend: DtypeBackend) -> Any:
    """Return the backend's dtype for the values of a dtype; None if the cells must decide, as for objects."""
    types, name = pd.api.types, str(dtype)
    if isinstance(dtype, pd.SparseDtype | pd.CategoricalDtype) or name.startswith("uint64"):
        return None
    kind: Kind | None = None
    if (moments := _moment_kind(dtype)) is not None:
        if dtype_backend == "numpy_nullable":
            return pd.DatetimeTZDtype("us", "UTC") if moments == "timestamp" else np.dtype("datetime64[us]")
        if moments == "date":
            # In Arrow, a day is not a time without a zone.
            return None if name.startswith("date") and "time" not in name else pd.ArrowDtype(arrow_type("local time"))
        kind = "timestamp"
    elif types.is_bool_dtype(dtype):
        kind = "boolean"
    elif types.is_integer_dtype(dtype):
        kind = "integer"
    elif types.is_float_dtype(dtype):
        kind = "number"
    elif isinstance(dtype, pd.StringDtype) or name in ARROW_TEXTS:
        kind = "string"
    if kind is None:
        return None
    return pd.ArrowDtype(arrow_type(kind)) if dtype_backend == "pyarrow" else types.pandas_dtype(DTYPE_NAMES[kind])


def _moment_kind(dtype: Any) -> str | None:
    name = str(dtype)
    if not name.startswith(("datetime64", "timestamp", "date")):
        return None
    return "timestamp" if "," in name or "tz=" in name else "date"
