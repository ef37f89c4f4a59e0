"""Read JSON values, one kind at a time, and compare cells with those of frames and files. Never raises.

Unreadable values become missing. The models in `api` read single values by the same rules.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.models.base import LARGEST_WHOLE, NUMBER, WHOLE
from origami_widgets.words.foreign_text import unicode_text

if TYPE_CHECKING:
    from .schema import Kind

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
INT64 = range(-(2**63), 2**63)
_NUMBERS = (int, float, str)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def read_integer(value: object) -> int | None:
    """Return a 64-bit integer, also from a whole float or digits in a string; None for anything else."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    elif isinstance(value, str):
        value = int(value) if WHOLE.fullmatch(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value in INT64 else None


def read_number(value: object) -> float | None:
    """Return a finite float, also from a number in a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return None
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def read_boolean(value: object) -> bool | None:
    """Return True or False; None for anything else."""
    return value if isinstance(value, bool) else None


def read_text(value: object) -> str | None:
    """Return a string, also from a number; None for anything else. Half an emoji becomes the replacement character."""
    if isinstance(value, str):
        return unicode_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE:
        return str(value)
    return None


def read_timestamp(value: object) -> int | None:
    """Return microseconds since 1970 from an ISO 8601 string (UTC if it has no time zone); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // _MICROSECOND


def spaced(text: str) -> str:
    """Return a heading, slug or key as words.

    >>> spaced("firstName"), spaced("E-mail (work)"), spaced("company_url")
    ('first Name', 'E mail work', 'company url')
    """
    return _BETWEEN_WORDS.sub(" ", text).strip()


def as_json(value: Any, *, ascii_only: bool = True) -> str:
    """Return a value as JSON. Types that JSON does not know become text.

    >>> import pandas as pd
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


def parsed_object(value: Any) -> Any:
    """Return the object or list that a JSON text holds; any other value as it is.

    >>> parsed_object('{"email": null}'), parsed_object("{1}")
    ({'email': None}, '{1}')
    """
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


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


READERS: dict[Kind, tuple[Callable[[object], Any], type[Any], AbstractSet[type]]] = {
    "integer": (read_integer, np.int64, {int}),
    "number": (read_number, np.float64, {int, float}),
    "boolean": (read_boolean, np.bool_, {bool}),
    "string": (read_text, object, {str}),
    "date": (read_timestamp, np.int64, set()),
    "timestamp": (read_timestamp, np.int64, set()),
}
"""For each kind, what reads one value, the dtype of all, and the types of values that need not be read."""
