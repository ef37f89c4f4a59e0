"""Frames and Arrow record batches as Parquet."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.values import as_json, unicode_text

from .safe_cells import plain_cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS_OF_A_GROUP = 65_536
BYTES_OF_A_GROUP = 32 * 2**20
"""Batches are gathered up to here: a group of rows for each page of 200 would make files that are slow to read."""
_ARROW_KNOWS = frozenset({str, bytes, date, time, Decimal})


def write_parquet(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame so that `pandas.read_parquet` brings dtypes, categories and `attrs` back.

    Columns of objects are written as JSON, and `attrs["json_columns"]` says which. A file without rows cannot hold the
    categories that pandas reads, so `attrs["categories"]` holds them.

    Raises:
        InvalidInput: two columns have the same name.
    """
    shown = frame.copy(deep=False)
    shown.columns = pd.Index([unicode_text(str(name)) for name in frame.columns], dtype=object)
    if not shown.columns.is_unique:
        twice = shown.columns[shown.columns.duplicated()][0]
        raise InvalidInput(
            "Parquet holds every column once",
            cause=f"Two columns are called {twice!r:.80}.",
            remedy="Rename one, or export CSV or Excel.",
        )
    mixed = []
    for name, dtype in shown.dtypes.items():
        if pd.api.types.is_object_dtype(dtype):
            kinds = {type(value) for value in shown[name] if plain_cell(value) is not None}
            if kinds <= _ARROW_KNOWS and len(kinds) <= 1:
                shown[name] = [unicode_text(value) if isinstance(value, str) else value for value in shown[name]]
            else:
                mixed.append(str(name))
                texts = [None if plain_cell(value) is None else as_json(value) for value in shown[name]]
                shown[name] = pd.array(texts, dtype=pd.StringDtype())
        elif isinstance(dtype, pd.StringDtype) and dtype.storage == "python":
            shown[name] = shown[name].map(unicode_text, na_action="ignore").astype(dtype)
    told: dict[Any, Any] = dict(frame.attrs)
    if mixed:
        told["json_columns"] = mixed
    if frame.empty and (members := _members(shown)):
        told["categories"] = members
    # What pandas cannot write as JSON it would refuse.
    shown.attrs = json.loads(json.dumps(told, default=str, skipkeys=True))
    shown.to_parquet(file, engine="pyarrow", index=False)


def _members(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        str(name): dtype.categories.to_list()
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pd.CategoricalDtype)
    }


def is_stream(source: object) -> bool:
    """Whether something hands out Arrow record batches: a reader or a table of Arrow, a polars frame, a list of batches."""
    if isinstance(source, pd.DataFrame):
        return False
    if hasattr(source, "__arrow_c_stream__"):
        return True
    return isinstance(source, list | tuple) and bool(source) and all(map(_is_batch, source))


def _is_batch(item: object) -> bool:
    # Without Arrow loaded nothing can be a batch of it.
    return hasattr(item, "__arrow_c_array__") and hasattr(item, "schema") and hasattr(item, "num_rows")


def peeked(source: Any) -> tuple[Any, bool]:
    """An iterator that was looked into, and whether it hands out batches."""
    try:
        first = next(source)
    except StopIteration:
        return [], False
    return chain([first], source), _is_batch(first)


def write_batches(source: Any, file: Path) -> None:
    """Write record batches as they come; in memory there is one group of rows. The schema's metadata is kept.

    An error of the source, or a disk that is full, has a note that says how many rows had come.
    """
    pa: Any = import_module("pyarrow")
    pq: Any = import_module("pyarrow.parquet")
    schema, batches = _opened(source, pa)
    rows = size = held = 0
    pending: list[Any] = []
    try:
        with pq.ParquetWriter(file, schema) as writer:
            for batch in batches:
                pending.append(batch)
                rows, held, size = rows + batch.num_rows, held + batch.num_rows, size + batch.nbytes
                if held >= ROWS_OF_A_GROUP or size >= BYTES_OF_A_GROUP:
                    writer.write_table(pa.Table.from_batches(pending, schema))
                    pending, held, size = [], 0, 0
            if pending:
                writer.write_table(pa.Table.from_batches(pending, schema))
    except BaseException as error:
        error.add_note(f"{rows:,} rows for {file.stem} had come.")
        raise


def _opened(source: Any, pa: Any) -> tuple[Any, Iterator[Any]]:
    if hasattr(source, "__arrow_c_stream__"):
        reader = source if isinstance(source, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(source)
        return reader.schema, iter(reader)
    batches = iter(source)
    first = next(batches)
    return first.schema, chain([first], batches)


def name_of_stream(source: Any) -> str | None:
    """The table's name, where the schema's metadata has the `attrs` of a frame."""
    schema = getattr(source, "schema", None)
    metadata = getattr(schema, "metadata", None) or {}
    try:
        told = json.loads(metadata.get(b"PANDAS_ATTRS") or "{}").get("origami") or {}
        name = told.get("table_name")
    except (AttributeError, TypeError, ValueError):
        return None
    return name if isinstance(name, str) else None
