"""Cells as files can hold them. Pure."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pandas as pd


def plain_cell(value: Any) -> Any:
    """A text, a number, a boolean or a moment in UTC; lists and objects as JSON, None for no value.

    >>> plain_cell(["a", 1]), plain_cell(pd.NA)
    ('["a", 1]', None)
    """
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        moment = value.tz_convert(UTC) if value.tzinfo is not None else value
        return moment.to_pydatetime(warn=False)
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN alone differs from itself
