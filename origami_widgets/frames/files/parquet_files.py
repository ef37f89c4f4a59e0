"""Write frames as Parquet, by way of Arrow."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import check_backend
from origami_widgets.frames.values import as_json
from origami_widgets.words.foreign_text import unicode_text

from .safe_cells import plain_cell

_ARROW_KNOWS = frozenset({str, bytes, date, time, Decimal})


def write_parquet(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame so that `pandas.read_parquet` restores dtypes, categories and `attrs`.

    Columns of objects are written as JSON, and `attrs["json_columns"]` lists them. A file without rows cannot hold
    categories that pandas can read, so they are in `attrs["categories"]`.

    Raises:
        InvalidInput: pyarrow isn't installed, or two columns have the same name.
    """
    table = arrow_table(frame)
    pq: Any = import_module("pyarrow.parquet")
    pq.write_table(table, file)


def arrow_table(frame: pd.DataFrame) -> Any:
    """Return a frame as the `pyarrow.Table` that `write_parquet` writes.

    Raises:
        InvalidInput: pyarrow isn't installed, or two columns have the same name.
    """
    check_backend("pyarrow")
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
    dtypes = {str(name): dtype for name, dtype in shown.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)}
    if frame.empty and dtypes:
        attrs["categories"] = {name: dtype.categories.to_list() for name, dtype in dtypes.items()}
    # As `DataFrame.to_parquet` writes it (pandas 3.1), which gives Arrow a frame with attrs: each column would copy them.
    pa: Any = import_module("pyarrow")
    table = pa.Table.from_pandas(shown, preserve_index=False)
    # pandas does not write attrs that are not JSON.
    noted = {"PANDAS_ATTRS": json.dumps(attrs, default=str, skipkeys=True)} if attrs else {}
    return table.replace_schema_metadata({**table.schema.metadata, **noted})
