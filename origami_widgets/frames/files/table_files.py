"""Write frames as CSV, which is safe even in programs that split at semicolons or tabs, and as Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import check_backend
from origami_widgets.frames.values import as_json
from origami_widgets.words.foreign_text import unicode_text

STARTS = "=+-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""First characters of formulas, including the full-width and small forms that some spreadsheets accept."""
_NUMBER = re.compile(r"[+\-\u2212]?\d[\d\u00a0.,' ]*([eE][+-]?\d{1,3})?\s?%?", re.ASCII)
_PHONE = re.compile(r"\+\d[\d ()./-]*( ?(x|ext\.?) ?\d+)?", re.ASCII)
_SUM = re.compile(r"\+[\d.]+(\s*[-/][-+(\s]*[\d.]+\)?)+\s*", re.ASCII)
"""Matches phone numbers that Excel would compute: there, +1-555-0127 is -681."""


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may compute a text. Numbers are not formulas; phone numbers are only if they look like sums.

    >>> [is_formula(text) for text in ("=1+1", "+1 555 0127", "-3.5", "-2+3+cmd|' /C calc'!A0", "a=b", "+1-555-0127")]
    [True, False, False, True, False, True]
    """
    if text[:1] in ("\t", "\r"):
        return True
    bare = visible_text(text)
    if not bare or bare[0] not in STARTS or _NUMBER.fullmatch(bare):
        return False
    return not _PHONE.fullmatch(bare) or _SUM.fullmatch(bare) is not None


def visible_text(text: str) -> str:
    """Return the text without leading blanks and invisible characters, which spreadsheets skip."""
    for at, sign in enumerate(text):
        if sign.isprintable() and not sign.isspace():
            return text[at:]
    return ""


def plain_cell(value: Any) -> Any:
    """Return a cell as text, number, boolean, date or UTC time. Lists and objects become JSON, missing values None.

    >>> plain_cell(["a", 1]), plain_cell(pd.NA), plain_cell(pd.Timestamp("2026-01-01T01:00+01:00"))
    ('["a", 1]', None, Timestamp('2026-01-01 00:00:00+0000', tz='UTC'))
    """
    if isinstance(value, str):
        return unicode_text(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | dict | tuple):
        return as_json(value, ascii_only=False)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_convert(UTC) if value.tzinfo is not None else value
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float | Decimal) and value != value else value  # noqa: PLR0124 - NaN alone differs from itself


def plain_cells(frame: pd.DataFrame, at: int) -> list[Any]:
    """Return the cells of one column as `plain_cell` has them, dates as dates."""
    return [plain_cell(value) for value in plain_column(frame.iloc[:, at]).astype(object)]


def plain_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column with dates instead of times if all are midnight without a time zone, which is how pandas stores dates.

    >>> plain_column(pd.Series(pd.to_datetime(["2026-01-01", None]))).to_list()
    [datetime.date(2026, 1, 1), NaT]
    """
    if not pd.api.types.is_datetime64_dtype(column.dtype):
        return column
    there = column.dropna()
    return column.dt.date if (there == there.dt.normalize()).all() else column


ROWS_AT_ONCE = 10_000
_AS_IT_IS = re.compile(r'\w[^,;|"\t\r\n\ud800-\udfff]*(?<!\s)')
"""Matches most texts, which need neither quotation marks nor a check for formulas."""
_QUOTED = re.compile(r'[,;|"\t\r\n]|^\s|\s$|^$')


_SEPARATOR = re.compile(r"([;\t\r\n])")
"""Where a spreadsheet may begin a new cell inside a text: in half of Europe, Excel splits at semicolons, and then ignores
quotation marks in the middle of a line."""
_CALL = re.compile(r"\w\(|\|")


def write_csv(
    frame: pd.DataFrame, file: Path, *, bom: bool, neutralize: bool, separator: str = ",", encoding: str = "utf-8"
) -> None:
    """Write a frame by RFC 4180, and quote texts that contain separators other than its own, too.

    A missing value is empty; an empty text is two quotation marks. Dates and times look as in pandas. If an encoding lacks
    a character, the file is UTF-8 with a byte order mark.
    """
    encoding = "utf-8-sig" if bom and encoding == "utf-8" else encoding
    try:
        with file.open("w", encoding=encoding, newline="") as out:
            out.writelines(_lines(frame, neutralize=neutralize, separator=separator))
    except UnicodeEncodeError:
        write_csv(frame, file, bom=True, neutralize=neutralize, separator=separator)


def csv_text(frame: pd.DataFrame) -> str:
    """Return what `write_csv` writes, neutralized and with a byte order mark."""
    return "\ufeff" + "".join(_lines(frame, neutralize=True, separator=","))


def _lines(frame: pd.DataFrame, *, neutralize: bool, separator: str) -> Iterator[str]:
    shown = [plain_column(frame.iloc[:, at]) for at in range(frame.shape[1])]
    yield _line(separator, [_text(str(name), neutralize=neutralize) for name in frame.columns])
    for start in range(0, len(frame), ROWS_AT_ONCE):
        columns = [
            [_text(value, neutralize=neutralize) for value in each.iloc[start : start + ROWS_AT_ONCE].astype(object)]
            for each in shown
        ]
        yield from (_line(separator, cells) for cells in zip(*columns, strict=True))


def _line(separator: str, cells: Any) -> str:
    # Readers skip empty lines.
    return (separator.join(cells) or '""') + "\r\n"


def _text(value: Any, *, neutralize: bool) -> str:
    if isinstance(value, str) and _AS_IT_IS.fullmatch(value):
        return value
    cell = plain_cell(value)
    if cell is None:
        return ""
    # Of other types, such as sets and intervals, the text may contain a separator, too.
    text = neutral(cell) if neutralize and isinstance(cell, str) else str(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def neutral(text: str) -> str:
    """Return the text with an apostrophe before formulas, so that spreadsheets show them as text.

    >>> neutral("=HYPERLINK(1)"), neutral("Padaria"), neutral("a;=HYPERLINK(1);b")
    ("'=HYPERLINK(1)", 'Padaria', "a;'=HYPERLINK(1);b")
    """
    if _SEPARATOR.search(text) is None:
        return f"'{text}" if is_formula(text) else text
    first, *rest = _SEPARATOR.split(text)
    guarded = "".join(f"'{part}" if _is_call(part) else part for part in rest)
    return f"'{first}{guarded}" if is_formula(text) else f"{first}{guarded}"


def _is_call(part: str) -> bool:
    """Return whether a part may be computed. Lines that begin with a dash are common, and harmless without a call or pipe."""
    bare = visible_text(part)
    if not bare or bare[0] not in STARTS:
        return False
    return not (bare[0] in "+-" and _CALL.search(bare) is None)


_ARROW_KNOWS = frozenset({str, bytes, date, time, Decimal})


def _kind(value: Any) -> type:
    """Return the type of a cell for Arrow, which has no infinite decimals."""
    return float if isinstance(value, Decimal) and value.is_infinite() else type(value)


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
        InvalidInput: pyarrow isn't installed, two columns have the same name, or Arrow has no type for one.
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
            kinds = {_kind(value) for value in column if plain_cell(value) is not None}
            if kinds <= _ARROW_KNOWS and len(kinds) <= 1:
                cells = [None if plain_cell(value) is None else value for value in column]
                texts = [unicode_text(value) if isinstance(value, str) else value for value in cells]
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
    try:
        table = pa.Table.from_pandas(shown, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        raise InvalidInput(
            "Parquet can't hold one of the columns",
            cause=f"{error.args[-1]!s:.200}",
            remedy='Write it as text: frame.astype({"the column": "string"}). Or export to CSV or Excel.',
        ) from error
    # pandas does not write attrs that are not JSON.
    noted = {"PANDAS_ATTRS": json.dumps(attrs, default=str, skipkeys=True)} if attrs else {}
    return table.replace_schema_metadata({**table.schema.metadata, **noted})
