"""Write frames and Arrow record batches as Parquet."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.values import as_json
from origami_widgets.words.foreign_text import unicode_text

from .safe_cells import plain_cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS_OF_A_GROUP = 65_536
BYTES_OF_A_GROUP = 32 * 2**20
"""Rows per row group. Batches are collected up to this size, because row groups of one page (200 rows) are slow to read."""
_ARROW_KNOWS = frozenset({str, bytes, date, time, Decimal})


def write_parquet(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame so that `pandas.read_parquet` restores dtypes, categories and `attrs`.

    Columns of objects are written as JSON, and `attrs["json_columns"]` lists them. A file without rows cannot hold
    categories that pandas can read, so they are in `attrs["categories"]`.

    Raises:
        InvalidInput: two columns have the same name.
    """
    shown = frame.copy(deep=False)
    shown.columns = pd.Index([unicode_text(str(name)) for name in frame.columns], dtype=object)
    if not shown.columns.is_unique:
        twice = shown.columns[shown.columns.duplicated()][0]
        raise InvalidInput(
            "Parquet needs unique column names",
            cause=f"Two columns are named {twice!r:.80}.",
            remedy="Rename one, or export to CSV or Excel.",
        )
    # Since pandas 2.2, a frame copies its attrs with each column that it gives (pandas-dev/pandas#55314), and it moves
    # its blocks with each that it gets.
    shown.attrs = {}
    mixed, arrays = [], {}
    for name, column in shown.items():
        arrays[name] = column.array
        if pd.api.types.is_object_dtype(column.dtype):
            kinds = {type(value) for value in column if plain_cell(value) is not None}
            if kinds <= _ARROW_KNOWS and len(kinds) <= 1:
                texts = [unicode_text(value) if isinstance(value, str) else value for value in column]
                arrays[name] = pd.Series(texts, dtype=object).array
            else:
                mixed.append(str(name))
                texts = [None if plain_cell(value) is None else as_json(value) for value in column]
                arrays[name] = pd.array(texts, dtype=pd.StringDtype())
        elif isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "python":
            arrays[name] = column.map(unicode_text, na_action="ignore").astype(column.dtype).array
    shown = pd.DataFrame(arrays, index=shown.index, columns=shown.columns, copy=False)
    attrs: dict[Any, Any] = dict(frame.attrs)
    if mixed:
        attrs["json_columns"] = mixed
    if frame.empty and (members := _members(shown)):
        attrs["categories"] = members
    # As `DataFrame.to_parquet` writes it (pandas 3.1), which gives Arrow a frame with attrs: each column would copy them.
    pa: Any = import_module("pyarrow")
    pq: Any = import_module("pyarrow.parquet")
    table = pa.Table.from_pandas(shown, preserve_index=False)
    # pandas does not write attrs that are not JSON.
    noted = {"PANDAS_ATTRS": json.dumps(attrs, default=str, skipkeys=True)} if attrs else {}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **noted}), file)


def _members(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        str(name): dtype.categories.to_list()
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pd.CategoricalDtype)
    }


def is_stream(source: object) -> bool:
    """Return whether a source has Arrow record batches: an Arrow reader or table, a polars frame, or a list of batches."""
    if isinstance(source, pd.DataFrame):
        return False
    if hasattr(source, "__arrow_c_stream__"):
        return True
    return isinstance(source, list | tuple) and bool(source) and all(map(_is_batch, source))


def _is_batch(item: object) -> bool:
    # Checked by attributes, so that Arrow need not be imported.
    return hasattr(item, "__arrow_c_array__") and hasattr(item, "schema") and hasattr(item, "num_rows")


def peeked(source: Any) -> tuple[Any, bool]:
    """Look at an iterator's first item. Return an equal iterator, and whether it has batches."""
    try:
        first = next(source)
    except StopIteration:
        return [], False
    return chain([first], source), _is_batch(first)


def write_batches(source: Any, file: Path) -> None:
    """Write record batches as they come, with one row group in memory. Keeps the schema's metadata.

    An error from the source or the disk gets a note with the number of rows so far.
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
        error.add_note(f"{rows:,} rows of {file.stem} had been read.")
        raise


def _opened(source: Any, pa: Any) -> tuple[Any, Iterator[Any]]:
    if hasattr(source, "__arrow_c_stream__"):
        reader = source if isinstance(source, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(source)
        return reader.schema, iter(reader)
    batches = iter(source)
    first = next(batches)
    return first.schema, chain([first], batches)


def name_of_stream(source: Any) -> str | None:
    """Return the table's name if the schema's metadata has the `attrs` of a frame."""
    schema = getattr(source, "schema", None)
    metadata = getattr(schema, "metadata", None) or {}
    try:
        provenance = json.loads(metadata.get(b"PANDAS_ATTRS") or "{}").get("origami") or {}
        name = provenance.get("table_name")
    except (AttributeError, TypeError, ValueError):
        return None
    return name if isinstance(name, str) else None
