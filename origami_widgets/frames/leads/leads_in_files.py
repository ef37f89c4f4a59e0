"""Read the files of leads that `refresh_leads` takes: what carries `row_id`."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.list_reading import SEPARATORS, UNREADABLE, check_can_read_workbooks, text_of
from origami_widgets.words.foreign_text import described


def read_leads(path: object) -> tuple[pd.DataFrame, str]:
    """Return the leads of a file, and what to say about reading it; empty if there is nothing to say.

    Args:
        path: a workbook with one or more sheets of leads, a CSV file or a Parquet file.

    Raises:
        InvalidInput: it is not a path, another kind of file, or damaged, or its leads have no ids.
        FileNotFoundError: there is no such file.
    """
    if not isinstance(path, str | os.PathLike):
        raise _refusal(f"Got {described(path)}.")
    file = Path(path).expanduser()
    said = ""
    try:
        match file.suffix.lower():
            case ".xlsx":
                frame = _of_workbook(file)
            case ".csv":
                frame, said = _of_csv(file)
            case ".parquet":
                frame = pd.read_parquet(file)
            case ending:
                raise _refusal(f"{file.name} is another kind of file ({ending or 'without an ending'}).")
    except (FileNotFoundError, InvalidInput):
        raise
    except UNREADABLE as error:
        raise _refusal(f"{file.name} can't be read: {str(error).rstrip('. ')}.") from None
    if "row_id" not in frame.columns:
        raise _refusal(f"{file.name} has no column row_id.")
    return frame, said


def _refusal(cause: str) -> InvalidInput:
    return InvalidInput(
        "refresh_leads needs leads with their row_id",
        cause=cause,
        remedy="Use a frame, a workbook or Parquet file of export, or a CSV file that it wrote with ids=True.",
    )


def _of_csv(file: Path) -> tuple[pd.DataFrame, str]:
    """Return the cells of a CSV file as texts: a number that only looks like one keeps its zeros."""
    text, encoding = text_of(file)
    said = f"{file.name} isn't UTF-8. It was read as Windows-1252." if encoding == "cp1252" else ""
    for separator in SEPARATORS:
        if "row_id" in next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), ()):
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype="string",
                keep_default_na=False,
                na_values=[""],
                # Without this, cells behind the last heading would move all others.
                index_col=False,
            )
            return frame.dropna(how="all"), said
    return pd.DataFrame(), said


def _of_workbook(file: Path) -> pd.DataFrame:
    check_can_read_workbooks()
    sheets = pd.read_excel(
        file, sheet_name=None, dtype=object, keep_default_na=False, na_values=[""], engine="openpyxl"
    )
    frames = [sheet.dropna(how="all") for sheet in sheets.values() if "row_id" in sheet.columns]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
