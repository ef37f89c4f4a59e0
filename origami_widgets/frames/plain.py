"""Cells as files can hold them. Pure."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import numpy as np
import pandas as pd


def plain_cell(value: Any) -> Any:
    """A text, a number, a boolean, a date or a moment in UTC; lists and objects as JSON, None for no value.

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


def plain_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """The column with dates for moments where it has only dates: without a zone, all at midnight, as pandas has them.

    >>> plain_column(pd.Series(pd.to_datetime(["2026-01-01", None]))).to_list()
    [datetime.date(2026, 1, 1), NaT]
    """
    if not pd.api.types.is_datetime64_dtype(column.dtype):
        return column
    there = column.dropna()
    return column.dt.date if (there == there.dt.normalize()).all() else column


def as_json(value: Any, *, ascii_only: bool = True) -> str:
    """A value as JSON; what JSON does not know becomes text.

    >>> as_json({"n": 2**70, "day": pd.Timestamp("2026-01-01")})
    '{"n": 1180591620717411303424, "day": "2026-01-01 00:00:00"}'
    """
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, default=_as_known)
    except (TypeError, ValueError, RecursionError):  # a key that is no text, or a circle
        return str(value)
    return text if ascii_only else unicode_text(text)


def _as_known(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def unicode_text(text: str) -> str:
    r"""The text as UTF-8 can hold it: half an emoji becomes the replacement character.

    >>> unicode_text("\ud83d!")
    '�!'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
