"""Read columns of texts that are all ISO dates, or all ISO dates with a time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
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
    texts = [value for value in values if value is not None]
    kind = _kind_of(set(map(len, texts)))
    read = None if kind is None else _moments_of(texts)
    if read is None:
        return None
    data = np.zeros(len(values), np.int64)
    data[~missing] = read
    return IsoDates(kind, TypedValues(data, missing))


def iso_dates_of_arrow(texts: Any) -> IsoDates | None:
    """Read an array of Arrow texts as `read_iso_dates` does. Arrow reads them if all have the same shape."""
    pa, compute = import_module("pyarrow"), import_module("pyarrow.compute")
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    if missing.all():
        return IsoDates(None, TypedValues(np.zeros(len(texts), np.int64), missing))
    lengths = compute.min_max(compute.binary_length(texts)).as_py()
    shape = ISO_DATE.fullmatch(texts[int(missing.argmin())].as_py())
    # Arrow also accepts times without minutes, which have other lengths than those without a zone or with a Z.
    if lengths["min"] != lengths["max"] or shape is None or shape[1] not in (None, "Z"):
        return read_iso_dates(texts.to_pylist())
    try:
        moments = texts.cast(pa.timestamp("us", shape[1] and "UTC"))
    except ValueError:
        return read_iso_dates(texts.to_pylist())
    data = np.array(compute.fill_null(moments.cast("int64"), 0))
    # Arrow knows the year 0.
    return None if data.min() < _FIRST_DAY else IsoDates(_kind_of({lengths["min"]}), TypedValues(data, missing))


def _kind_of(lengths: set[int]) -> Literal["date", "timestamp"] | None:
    """Return the kind of dates with these lengths; None if there are both kinds, or no texts."""
    if lengths == {DATE_LENGTH}:
        return "date"
    return None if DATE_LENGTH in lengths or not lengths else "timestamp"


def _moments_of(texts: list[str]) -> npt.NDArray[np.int64] | None:
    """Read texts as microseconds since 1970, UTC; None if one of them is not a date."""
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


_FIRST_DAY = -719_162 * 86_400_000_000
"""1 January of the year 1, in microseconds since 1970."""


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

    def add(self, values: Any) -> None:
        """Count the cells of a column.

        Args:
            values: an array of Arrow texts or of objects; None is an empty cell.
        """
        start = 0
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
