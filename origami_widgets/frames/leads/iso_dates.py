"""Read columns of texts that are all ISO dates, or all ISO dates with a time. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np

from origami_widgets.frames.values import TypedValues, read_timestamp

ISO_DATE = re.compile(
    r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""Matches a date, or a date and time with at most microseconds: finer times would lose digits."""
DATE_LENGTH = len("2026-07-21")
"""Length of a date without a time; nothing else that `ISO_DATE` matches has this length."""


class IsoDates(NamedTuple):
    """Texts of a column that were read as dates or times.

    Attributes:
        kind: `date` if no text has a time, `timestamp` if all have one.
        cells: microseconds since 1970; for a date, those at midnight.
    """

    kind: Literal["date", "timestamp"]
    cells: TypedValues


def read_iso_dates(values: Sequence[Any]) -> IsoDates | None:
    """Read ISO 8601 texts. Return None if one of them is not a date or time, if both occur, or if there are none.

    Times without a time zone are UTC.

    >>> read_iso_dates(["1970-01-01T00:00", None, "2026-07-21T11:14:31+02:00"]).cells.data.tolist()
    [0, 0, 1784625271000000]
    >>> read_iso_dates(["1970-01-02", None]).kind, read_iso_dates(["1970-01-02T00:00"]).kind
    ('date', 'timestamp')
    >>> read_iso_dates(["2026-02-30"]) is None, read_iso_dates(["2026-07-21", "2026-07-21T09:14"]) is None
    (True, True)
    """
    texts = [value for value in values if value is not None]
    if not texts or not all(map(ISO_DATE.fullmatch, texts)):
        return None
    kind = _kind_of(set(map(len, texts)))
    moments = None if kind is None else _moments_of(texts, kind)
    if kind is None or moments is None:
        return None
    missing = np.array([value is None for value in values], np.bool_)
    data = np.zeros(len(values), np.int64)
    data[~missing] = moments
    return IsoDates(kind, TypedValues(data, missing))


def _kind_of(lengths: set[int]) -> Literal["date", "timestamp"] | None:
    """Return the kind of dates with these lengths; None if there are both kinds, or no texts."""
    if lengths == {DATE_LENGTH}:
        return "date"
    return None if DATE_LENGTH in lengths or not lengths else "timestamp"


def _moments_of(texts: Sequence[str], kind: Literal["date", "timestamp"]) -> Sequence[int] | None:
    """Return microseconds since 1970; None if a text is no date, such as 30 February."""
    if kind == "timestamp":
        moments = [moment for text in texts if (moment := read_timestamp(text)) is not None]
        return moments if len(moments) == len(texts) else None
    try:
        return [each.toordinal() * _DAY - _EPOCH for each in map(date.fromisoformat, texts)]
    except ValueError:
        return None


_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal() * _DAY
MOST_NAMED = 20
"""Rows that a note lists, at most."""


def not_dates(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return why a column has no dates or times although more than half of its values are such; else None.

    Args:
        values: the cells; None is an empty one.

    Returns:
        The number of `dates`, `times` and `others`, and the first `rows` of those that are fewer.

    >>> not_dates(["2026-07-21", "soon", None, "2026-07-22"])
    {'dates': 2, 'times': 0, 'others': 1, 'rows': [1]}
    """
    dashed = [value for value in values if type(value) is str and value[4:5] == "-"]
    if 2 * len(dashed) <= len(values) - values.count(None):
        # The case of nearly all columns.
        return None
    kinds = [(at, _kind_of_value(value)) for at, value in enumerate(values) if value is not None]
    counts = Counter({"dates": 0, "times": 0, "others": 0})
    counts.update(kind for _, kind in kinds)
    most = max(("dates", "times"), key=counts.__getitem__)
    if not 0 < len(kinds) - counts[most] < counts[most]:
        return None
    return {**counts, "rows": [at for at, kind in kinds if kind != most][:MOST_NAMED]}


def _kind_of_value(value: Any) -> str:
    if type(value) is not str or not ISO_DATE.fullmatch(value) or read_timestamp(value) is None:
        return "others"
    return "dates" if len(value) == DATE_LENGTH else "times"
