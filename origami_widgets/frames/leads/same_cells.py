"""Compare cells that were read from Origami with those that analysts have kept in a frame or a file. Pure."""

from __future__ import annotations

import ast
from typing import Any

from origami_widgets.frames.values import read_number, read_timestamp

from .column_summary import parsed_object


def is_same(one: Any, other: Any, *, from_file: bool) -> bool:
    """Return whether two cells hold the same value, although files and other dtypes write it in another way.

    Args:
        one: a cell as JSON.
        other: another.
        from_file: whether a text may have become a missing cell.

    >>> is_same("01234", 1234, from_file=True), is_same("1.0", "1", from_file=True), is_same("n/a", None, from_file=True)
    (True, False, True)
    >>> is_same("2026-01-05 10:00:00+00:00", "2026-01-05T10:00:00Z", from_file=False), is_same(["a"], "['a']", from_file=True)
    (True, True)
    """
    if one is None or other is None:
        return from_file and all(each is None or (isinstance(each, str) and each in _MISSING) for each in (one, other))
    if isinstance(one, str) and isinstance(other, str):
        moments = read_timestamp(one), read_timestamp(other)
        if None not in moments:
            return moments[0] == moments[1]
        one, other = _parsed(one), _parsed(other)
        return not isinstance(one, str) and _bare(one) == _bare(other)
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return bool(_bare(_parsed(one)) == _bare(_parsed(other)))
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    numbers = read_number(one), read_number(other)
    return None not in numbers and numbers[0] == numbers[1]


_MISSING = {
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
}
"""Texts that `pandas.read_csv` and `read_excel` take for missing cells."""


def _parsed(value: Any) -> Any:
    """Return the list or object that a text holds, as JSON or as Python writes it; any other value as it is."""
    found = parsed_object(value)
    if not isinstance(found, str) or not found.startswith(("[", "{")):
        return found
    try:
        return ast.literal_eval(found)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return found


def _bare(value: Any) -> Any:
    """Return a value without the missing fields of its objects, which Parquet adds."""
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if each is not None}
    return [_bare(each) for each in value] if isinstance(value, list) else value
