"""Read a user's own list from what people have, and leads from files. No text becomes a number.

A list is a frame of any library, dicts, or a file; files of leads are those that carry `row_id`, for `refresh_leads`.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import os
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import file_path, no_path, shortened
from origami_widgets.frames.dtype_backend import optional_package
from origami_widgets.words.foreign_text import described
from origami_widgets.words.numbers import plural

SEPARATORS = (",", ";", "\t", "|")
UNREADABLE = (OSError, ValueError, KeyError, SyntaxError, zipfile.BadZipFile, csv.Error)
"""What pandas and the libraries behind it raise for damaged files."""
RUN = "Run"
"""The heading of `run_name` in a sheet with the leads of several runs."""
LIST_FILE = "list_file"
"""The name in `attrs` of how the list's CSV file is written, so that `export` writes the same."""


class ArrowTable(Protocol):
    """A table of a library that hands its columns over as Arrow does, such as polars or duckdb."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a stream of Arrow's C data interface."""
        ...


GivenList: TypeAlias = "pd.DataFrame | Sequence[Mapping[str, Any]] | str | os.PathLike[str] | ArrowTable"
"""A list of the user's own, as `as_frame` takes it."""


def as_frame(rows: object) -> pd.DataFrame:
    """Return a user's list as a DataFrame. Dicts keep their values as they are: no integer becomes a float.

    Args:
        rows: a pandas DataFrame, a list of dicts, the path of a CSV file, workbook or Parquet file, or a table of another
            library that Arrow can read, such as polars or duckdb.

    Raises:
        InvalidInput: it is none of these, has no rows, or the file can't be read.
    """
    if isinstance(rows, str | os.PathLike):
        rows = read_list(rows)
    elif isinstance(rows, Sequence) and all(isinstance(row, Mapping) for row in rows):
        rows = pd.DataFrame([dict(row) for row in rows], dtype=object)
    elif not isinstance(rows, pd.DataFrame) and hasattr(rows, "__arrow_c_stream__"):
        arrow = need_pyarrow(described(rows))
        # A series, which has no heads, stays what it is. Integers with gaps don't become floats.
        with contextlib.suppress(ValueError):
            rows = arrow.table(rows).to_pandas(integer_object_nulls=True)
    if not isinstance(rows, pd.DataFrame):
        raise InvalidInput(
            "Expected your list as a DataFrame",
            cause=f"Got {described(rows)}.",
            remedy="Pass a DataFrame, a list of dicts, one for each row, or the path of a CSV file, workbook or Parquet file.",
        )
    if rows.columns.nlevels > 1:
        raise InvalidInput(
            "The frame has several levels of column names",
            cause=f"Its columns are a MultiIndex of {rows.columns.nlevels} levels.",
            remedy="Give each column one name: frame.columns = ['_'.join(name) for name in frame.columns].",
        )
    if rows.empty:
        raise InvalidInput("The list is empty", cause=f"It has {plural(len(rows), 'row')}.", remedy="Pass some rows.")
    return rows


def need_pyarrow(what: str) -> Any:
    """Return pyarrow.

    Args:
        what: what needs it, for the error.

    Raises:
        InvalidInput: it isn't installed.
    """
    return optional_package(
        "pyarrow",
        cause=f"It's needed to read {what}.",
        remedy="Run: pip install 'origami-widgets[parquet]'. CSV files and frames of pandas work without it.",
    )


def read_list(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return a Parquet file as a frame, or a CSV file, the first sheet of a workbook or its sheets of leads as one of texts.

    Empty fields of a CSV file or workbook are missing.

    Raises:
        InvalidInput: there is no such file, or it is none of these.
    """
    file = file_path(path)
    if file is None:
        raise _unreadable(no_path(path))
    try:
        match file.suffix.lower():
            case ".xlsx":
                leads, others = _sheets_of(file, dtype=str)
                return pd.concat(leads, ignore_index=True) if leads else others[0]
            case ".parquet":
                need_pyarrow("Parquet files")
                return pd.read_parquet(file)
            case ".csv" | ".txt" | ".tsv":
                return _of_csv(file)
    except InvalidInput:
        raise
    except UNREADABLE as error:
        raise _unreadable(f"{file}: {_reason(error)}.") from None
    raise _unreadable(f"{shortened(str(file))} is no CSV file, workbook or Parquet file.")


def _reason(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).strip().rstrip(".?")


def _unreadable(cause: str) -> InvalidInput:
    return InvalidInput(
        "The list can't be read",
        cause=cause,
        remedy="Pass a CSV file (.csv) or workbook (.xlsx) with a line of headings, a Parquet file (.parquet), or a frame.",
    )


def check_can_read_workbooks() -> None:
    """Do nothing if workbooks can be read.

    Raises:
        InvalidInput: the package for it isn't installed.
    """
    optional_package(
        "openpyxl",
        cause="It's needed to read Excel workbooks.",
        remedy="Run: pip install 'origami-widgets[excel]'. CSV works without it.",
    )


def text_of(file: Path) -> tuple[str, str]:
    """Return the text of a CSV file, and its encoding: as its byte order mark says, else UTF-8, else Windows-1252.

    Raises:
        OSError: the file cannot be read.
    """
    data = file.read_bytes()
    encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"


def _of_csv(file: Path) -> pd.DataFrame:
    text, encoding = text_of(file)
    headings = next(filter(None, text.splitlines()), "")
    # A heading may contain a separator, but hardly splits the line in more parts than the right one.
    separator = max(SEPARATORS, key=lambda each: len(next(csv.reader(io.StringIO(headings), delimiter=each), ())))
    frame = _cells_of(text, separator, dtype=str)
    frame.attrs[LIST_FILE] = {"separator": separator, "encoding": encoding}
    return frame


def _cells_of(text: str, separator: str, dtype: Any) -> pd.DataFrame:
    """Return the cells of a CSV file. Empty ones behind the last heading are left out.

    Raises:
        ValueError: a cell behind the last heading isn't empty, or the text is no CSV.
    """
    options: dict[str, Any] = {"sep": separator, "dtype": dtype, "keep_default_na": False, "na_values": [""]}
    # Without index_col, cells behind the last heading would move all others.
    read = partial(cast("Callable[..., pd.DataFrame]", pd.read_csv), index_col=False, **options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return read(io.StringIO(text))
    except (pd.errors.ParserWarning, pd.errors.ParserError):
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        width = len(next(filter(None, lines), ()))
        for cells in lines:
            if any(map(str.strip, cells[width:])):
                raise ValueError(
                    f"line {lines.line_num:,} has {len(cells):,} cells, and the line of headings {width:,}. Give each "
                    "column a heading, and put quotes around a cell that contains the separator"
                ) from None
        return read(io.StringIO(text), usecols=range(width))


def read_leads(path: object) -> tuple[pd.DataFrame, str]:
    """Return the leads of a file, and what to say about reading it; empty if there is nothing to say.

    Args:
        path: a workbook with one or more sheets of leads, a CSV file or a Parquet file.

    Raises:
        InvalidInput: it is not a path, there is no such file, it is another kind of file, or damaged, or its leads have no
            ids.
    """
    file = file_path(path)
    if file is None:
        raise _refusal(no_path(path) if isinstance(path, str | os.PathLike) else f"Got {described(path)}.")
    said = ""
    try:
        match file.suffix.lower():
            case ".xlsx":
                leads, _ = _sheets_of(file, dtype=object)
                frame = pd.concat(leads, ignore_index=True) if leads else pd.DataFrame()
            case ".csv":
                frame, said = _leads_of_csv(file)
            case ".parquet":
                need_pyarrow("Parquet files")
                frame = pd.read_parquet(file)
            case ending:
                raise _refusal(f"{file.name} is another kind of file ({ending or 'without an ending'}).")
    except InvalidInput:
        raise
    except UNREADABLE as error:
        raise _refusal(f"{file.name} can't be read: {_reason(error)}.") from None
    if "row_id" not in frame.columns:
        raise _refusal(f"{file.name} has no column row_id.")
    return frame, said


def _refusal(cause: str) -> InvalidInput:
    return InvalidInput(
        "refresh_leads needs leads with their row_id",
        cause=cause,
        remedy="Use a frame, a workbook or Parquet file of export, or a CSV file that it wrote with ids=True.",
    )


def _leads_of_csv(file: Path) -> tuple[pd.DataFrame, str]:
    """Return the cells of a CSV file as texts: a number that only looks like one keeps its zeros."""
    text, encoding = text_of(file)
    said = f"{file.name} isn't UTF-8. It was read as Windows-1252." if encoding == "cp1252" else ""
    for separator in SEPARATORS:
        if "row_id" in next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), ()):
            return _cells_of(text, separator, dtype="string").dropna(how="all"), said
    return pd.DataFrame(), said


def _sheets_of(file: Path, dtype: Any) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Return the sheets of a workbook that hold leads, as `export` writes them behind a summary, and the others."""
    check_can_read_workbooks()
    sheets = pd.read_excel(file, sheet_name=None, dtype=dtype, keep_default_na=False, na_values=[""], engine="openpyxl")
    leads = [
        # Where leads of several runs share a sheet, people read the run in front.
        sheet.rename(columns={} if "run_name" in sheet.columns else {RUN: "run_name"}).dropna(how="all")
        for sheet in sheets.values()
        if "row_id" in sheet.columns
    ]
    return leads, [sheet for sheet in sheets.values() if "row_id" not in sheet.columns]
