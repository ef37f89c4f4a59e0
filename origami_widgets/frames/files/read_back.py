"""Read leads back from files that `export` has written, or that have the ids of leads."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.words.foreign_text import described

from .xlsx_files import COLUMNS_SHEET

IDS = ("row_id", "table_id")


def read_leads(path: object) -> pd.DataFrame:
    """Return the leads of a file with the names of columns that `rows_frame` gives them.

    Args:
        path: a workbook with one or more sheets of leads, a CSV file or a Parquet file.

    Raises:
        InvalidInput: it is not a path, another kind of file, or has no leads.
        OSError: the file cannot be read.
    """
    if not isinstance(path, str | os.PathLike):
        raise InvalidInput(
            "refresh_leads needs leads",
            cause=f"Got {described(path)}.",
            remedy='Use a frame of rows_frame or leads_frame, or a file: refresh_leads("leads.xlsx").',
        )
    file = Path(path).expanduser()
    match file.suffix.lower():
        case ".xlsx":
            frame = _of_workbook(file)
        case ".csv":
            # Everything as text: a number that only looks like one keeps its zeros.
            frame = pd.read_csv(file, dtype="string", keep_default_na=False, na_values=[""])
        case ".parquet":
            frame = pd.read_parquet(file)
        case ending:
            raise InvalidInput(
                f"Can't read leads from {ending or 'a file without an ending'}",
                cause="The formats are Excel, CSV and Parquet.",
                remedy="Use a file that ends in .xlsx, .csv or .parquet, or read it with pandas and pass the frame.",
            )
    if missing := [name for name in IDS if name not in frame.columns]:
        raise InvalidInput(
            "This file holds no leads",
            cause=f"{file.name} has no column {missing[0]}.",
            remedy="Use a file that export has written. In a workbook, keep the hidden columns.",
        )
    return frame


def _of_workbook(file: Path) -> pd.DataFrame:
    try:
        openpyxl: Any = import_module("openpyxl")
    except ImportError as error:
        raise InvalidInput(
            "openpyxl isn't installed",
            cause="It's needed to read Excel workbooks.",
            remedy="Run: pip install 'origami-widgets[excel]'. CSV works without it.",
        ) from error
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
    finally:
        book.close()
    ours = {str(row[0]): [each for each in row[1:] if each is not None] for row in sheets.pop(COLUMNS_SHEET, [])}
    frames = []
    for title, rows in sheets.items():
        heads = [str(each) for each in (rows[0] if rows else ()) if each is not None]
        names = ours.get(title, heads)
        if title in ours and len(names) != len(heads):
            raise InvalidInput(
                "This sheet has other columns than when it was written",
                cause=f"{title!r} of {file.name} had {len(names)} columns and has {len(heads)}.",
                remedy="Read it with pandas, name the columns as rows_frame does, and pass the frame.",
            )
        if not set(IDS) <= set(names):
            continue
        width = len(names)
        cells = [row[:width] for row in rows[1:] if any(each is not None for each in row[:width])]
        frames.append(pd.DataFrame(cells, columns=names, dtype=object))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
