"""Convert cells to what files can hold, and recognise texts that a spreadsheet would compute. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd

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
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN alone differs from itself


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
