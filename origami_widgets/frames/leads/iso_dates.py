"""Read columns of texts that are all ISO dates, or all ISO dates with a time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from origami_widgets.frames.values import TypedValues, read_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

ISO_DATE = re.compile(
    r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""Matches a date, or a date and time with at most microseconds: finer times would lose digits."""
DATE_LENGTH = len("2026-07-21")
"""Length of a date without a time; nothing else that `ISO_DATE` matches has this length."""
_ZERO, _NINE = ord("0"), 9


class IsoDates(NamedTuple):
    """Texts of a column that were read as dates or times.

    Attributes:
        kind: `date` if no text has a time, `timestamp` if all have one; None if all are null.
        cells: microseconds since 1970; for a date, those at midnight.
    """

    kind: Literal["date", "timestamp"] | None
    cells: TypedValues


def may_be_iso_dates(values: Sequence[Any]) -> bool:
    """Return whether the first and last text of a block look like dates. All texts are checked once at the end."""
    first = next(value for value in values if value is not None)
    last = next(value for value in reversed(values) if value is not None)
    return (
        bool(ISO_DATE.fullmatch(first) and ISO_DATE.fullmatch(last)) and _kind_of({len(first), len(last)}) is not None
    )


def read_iso_dates(values: Sequence[Any]) -> IsoDates | None:
    """Read ISO 8601 texts. Return None if one of them is not a date or time, or if both occur.

    Times without a time zone are UTC.

    >>> read_iso_dates(["1970-01-01T00:00", None, "2026-07-21T11:14:31+02:00"]).cells.data.tolist()
    [0, 0, 1784625271000000]
    >>> read_iso_dates(["1970-01-02", None]).kind, read_iso_dates(["1970-01-02T00:00"]).kind
    ('date', 'timestamp')
    >>> read_iso_dates(["2026-02-30"]) is None, read_iso_dates(["2026-07-21", "2026-07-21T09:14"]) is None
    (True, True)
    """
    missing = np.fromiter((value is None for value in values), np.bool_, len(values))
    data = np.zeros(len(values), np.int64)
    texts = [value for value in values if value is not None]
    lengths = set(map(len, texts))
    kind = _kind_of(lengths)
    if kind is None:
        return None
    read = None
    if len(lengths) == 1 and (joined := "".join(texts)).isascii():
        read = _alike(np.frombuffer(joined.encode(), np.uint8), len(texts[0]))
    if read is None:
        read = _one_by_one(texts)
    if read is None:
        return None
    data[~missing] = read
    return IsoDates(kind, TypedValues(data, missing))


def iso_dates_of_arrow(texts: Any) -> IsoDates | None:
    """Read an array of Arrow texts as `read_iso_dates` does, straight from memory if all have the same shape."""
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    data = np.zeros(len(texts), np.int64)
    if missing.all():
        return IsoDates(None, TypedValues(data, missing))
    _, offsets, memory = texts.buffers()
    wide = np.int64 if str(texts.type) == "large_string" else np.int32
    ends = np.frombuffer(offsets, wide)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(ends)[~missing]
    if lengths.min() == lengths.max() == DATE_LENGTH:
        return _dates_of_arrow(texts, missing)
    if lengths.min() == lengths.max() and ends[-1] - ends[0] == lengths.sum():
        alike = _alike(np.frombuffer(memory, np.uint8)[ends[0] : ends[-1]], int(lengths[0]))
        if alike is not None:
            data[~missing] = alike
            return IsoDates("timestamp", TypedValues(data, missing))
    return read_iso_dates(texts.to_pylist())


def _dates_of_arrow(texts: Any, missing: npt.NDArray[np.bool_]) -> IsoDates | None:
    """Read Arrow texts of a date's length; None if one of them is not a date."""
    try:
        # Arrow accepts what `ISO_DATE` matches, and the year 0.
        days = texts.cast("date32")
    except ValueError:
        return None
    data = np.frombuffer(days.buffers()[1], np.int32)[days.offset : days.offset + len(days)] * np.int64(_DAY)
    data[missing] = 0
    return None if data.min() < _FIRST_DAY else IsoDates("date", TypedValues(data, missing))


def _kind_of(lengths: set[int]) -> Literal["date", "timestamp"] | None:
    """Return the kind of dates with these lengths; None if there are both kinds, or no texts."""
    if lengths == {DATE_LENGTH}:
        return "date"
    return None if DATE_LENGTH in lengths or not lengths else "timestamp"


def _one_by_one(texts: list[str]) -> npt.NDArray[np.int64] | None:
    """Read texts as UTC, one by one; None if one of them is not a date."""
    match = ISO_DATE.fullmatch
    zones = {found[1] if (found := match(text)) else "" for text in texts}
    if "" in zones:
        return None
    if zones <= {None, "Z"}:
        try:
            bare = [text.rstrip("Z") for text in texts] if "Z" in zones else texts
            return np.array(bare, "datetime64[us]").astype(np.int64)
        except ValueError:
            return None
    moments = [read_timestamp(text) for text in texts]
    return None if None in moments else np.array(moments, np.int64)


def _alike(letters: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.int64] | None:
    """Read texts of the same length and shape as UTC, all at once; None if they need the careful reader."""
    if not width:
        return None
    rows = letters.reshape(-1, width)
    found = ISO_DATE.fullmatch(rows[0].tobytes().decode("ascii", "replace"))
    if found is None or found[1] not in (None, "Z"):
        return None
    digits = rows - np.uint8(_ZERO)
    counted = digits[0] <= _NINE
    if not ((digits <= _NINE) == counted).all() or not (rows[:, ~counted] == rows[0, ~counted]).all():
        return None
    return _moments_of(digits, width - len(found[1] or ""))


def _moments_of(digits: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.int64] | None:
    """Compute microseconds since 1970 from the digits of texts of the same shape; None if one is not a date or time.

    >>> letters = np.array([[*b"1970-01-02"], [*b"2024-02-29"]], np.uint8)
    >>> _moments_of(letters - np.uint8(48), 10).tolist()
    [86400000000, 1709164800000000]
    """
    # One row per digit position, across all texts.
    columns = digits.T.astype(np.int64)

    def number(start: int, length: int) -> npt.NDArray[np.int64]:
        value: npt.NDArray[np.int64] = columns[start]
        for column in columns[start + 1 : start + length]:
            value = value * 10 + column
        return value

    year, month, day = number(0, 4), number(5, 2), number(8, 2)
    if year.min() < 1 or month.min() < 1 or month.max() > _MONTHS or day.min() < 1:
        return None
    months = (year - _EPOCH_YEAR) * _MONTHS + month - 1
    first = _days_before(months)
    if (day > _days_before(months + 1) - first).any():
        return None
    moments = (first + day - 1) * _DAY
    for start, length, most, unit in _PARTS_OF_TIME:
        if width > start:
            value = number(start, length or width - start)
            if value.max() >= most:
                return None
            moments += value * (unit if length else 10 ** (_DIGITS_OF_SECOND - (width - start)))
    return moments


def _days_before(months: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the days from 1970 to the first of each month; months count from January 1970."""
    days: npt.NDArray[np.int64] = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


_EPOCH_YEAR, _MONTHS = 1970, 12
_DAY, _DIGITS_OF_SECOND = 86_400_000_000, 6
_FIRST_DAY = -719_162 * _DAY
"""1 January of the year 1, in microseconds since 1970."""
_PARTS_OF_TIME = ((11, 2, 24, 3_600_000_000), (14, 2, 60, 60_000_000), (17, 2, 60, 1_000_000), (20, 0, 10**6, 1))
"""Position, length (0: to the end), upper bound and microseconds of each part of a time."""


MOST_NAMED = 20
"""Rows that a note lists, at most."""
_DASH, _YEAR_ENDS, _MONTH_ENDS = ord("-"), 4, 7


@dataclass(slots=True)
class DateTally:
    """Counts dates, times and other values in a text column, to say why it is not a date column.

    Attributes:
        counts: the number of values by kind: `dates`, `times`, `others`.
        rows: the first rows of each kind.
    """

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("dates", "times", "others"), 0))
    rows: dict[str, list[int]] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["date", "timestamp"] | None:
        """The kind of all values, if all are dates or all are times."""
        kinds = {kind for kind, count in self.counts.items() if count}
        return "date" if kinds == {"dates"} else "timestamp" if kinds == {"times"} else None

    def add(self, values: Any, start: int) -> None:
        """Count cells.

        Args:
            values: an array of Arrow texts or of objects; None is an empty cell.
            start: the row of the first cell.
        """
        if hasattr(values, "iterchunks"):
            for chunk in values.iterchunks():
                self._add_arrow(chunk, start)
                start += len(chunk)
            return
        filled = [(at, value) for at, value in enumerate(values) if value is not None]
        if sum(type(value) is str and _has_dashes(value) for _, value in filled) * 2 > len(filled):
            self._count(filled, start)
        else:
            self.counts["others"] += len(filled)

    def _add_arrow(self, texts: Any, start: int) -> None:
        filled = len(texts) - texts.null_count
        if _dashes_of_arrow(texts) * 2 <= filled:
            self.counts["others"] += filled
        elif (read := iso_dates_of_arrow(texts)) is not None:
            kind = "dates" if read.kind == "date" else "times"
            self.counts[kind] += filled
            self._name(kind, (np.flatnonzero(~read.cells.missing)[:MOST_NAMED] + start).tolist())
        else:
            self._count([(at, value) for at, value in enumerate(texts.to_pylist()) if value is not None], start)

    def _count(self, filled: Sequence[tuple[int, Any]], start: int) -> None:
        for at, value in filled:
            dated = type(value) is str and ISO_DATE.fullmatch(value) and read_timestamp(value) is not None
            kind = "others" if not dated else "dates" if len(value) == DATE_LENGTH else "times"
            self.counts[kind] += 1
            self._name(kind, [start + at])

    def _name(self, kind: str, rows: list[int]) -> None:
        named = self.rows.setdefault(kind, [])
        named += rows[: MOST_NAMED - len(named)]

    def note(self) -> dict[str, Any] | None:
        """Return why the column has no dates or times although more than half of its values are such; else None."""
        most = max(("dates", "times"), key=lambda kind: self.counts[kind])
        others = sum(self.counts.values()) - self.counts[most]
        if not 0 < others < self.counts[most]:
            return None
        rows = sorted(row for kind, rows in self.rows.items() if kind != most for row in rows)
        return {**self.counts, "rows": rows[:MOST_NAMED]}


def _has_dashes(text: str) -> bool:
    return text[_YEAR_ENDS : _YEAR_ENDS + 1] == text[_MONTH_ENDS : _MONTH_ENDS + 1] == "-"


def _dashes_of_arrow(texts: Any) -> int:
    """Return how many texts have dashes where dates do, or 0 if at most half of them do. Reads straight from Arrow's memory."""
    _, offsets, memory = texts.buffers()
    if memory is None:
        return 0
    wide = np.int64 if str(texts.type) == "large_string" else np.int32
    ends: npt.NDArray[Any] = np.frombuffer(offsets, wide)[texts.offset : texts.offset + len(texts) + 1]
    letters: npt.NDArray[Any] = np.frombuffer(memory, np.uint8)
    if not letters.size:
        return 0
    at = ends[:-1] + _YEAR_ENDS
    dashed = letters.take(at, mode="clip") == _DASH
    if np.count_nonzero(dashed) * 2 <= len(texts) - texts.null_count:
        # The case of nearly all columns. Some texts may even be too short.
        return 0
    dashed &= letters.take(at + (_MONTH_ENDS - _YEAR_ENDS), mode="clip") == _DASH
    return int(np.count_nonzero(dashed & (ends[1:] - ends[:-1] >= DATE_LENGTH)))
