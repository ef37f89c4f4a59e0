"""Dates, or dates with a time, in texts: all of a column's or none. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from origami_widgets.frames.values import TypedValues, read_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

MOMENT = re.compile(
    r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""A date, or a date and time, of at most microseconds: finer ones would be cut."""
DATE_LENGTH = len("2026-07-21")
"""Of a date without a time, and of nothing else that `MOMENT` matches."""
_ZERO, _NINE = ord("0"), 9


class IsoDates(NamedTuple):
    """Texts that were read as dates or as times.

    Attributes:
        kind: `date` where no text has a time, `timestamp` where all have one; None where all are null.
        cells: microseconds since 1970; of a date, of its midnight.
    """

    kind: Literal["date", "timestamp"] | None
    cells: TypedValues


def may_be_iso_dates(values: Sequence[Any]) -> bool:
    """A glance at the ends of a block of texts; all of them are looked at in the end, once."""
    first = next(value for value in values if value is not None)
    last = next(value for value in reversed(values) if value is not None)
    return bool(MOMENT.fullmatch(first) and MOMENT.fullmatch(last)) and _kind_of({len(first), len(last)}) is not None


def read_iso_dates(values: Sequence[Any]) -> IsoDates | None:
    """Dates, or times, of ISO 8601 texts; None when one of them is neither, or when there are both.

    A time counts in its own zone, without one in UTC.

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
    told = None
    if len(lengths) == 1 and (joined := "".join(texts)).isascii():
        told = _alike(np.frombuffer(joined.encode(), np.uint8), len(texts[0]))
    if told is None:
        told = _one_by_one(texts)
    if told is None:
        return None
    data[~missing] = told
    return IsoDates(kind, TypedValues(data, missing))


def iso_dates_of_arrow(texts: Any) -> IsoDates | None:
    """As `read_iso_dates`, of an array of Arrow's texts, and from its memory where they are all of one shape."""
    missing = texts.is_null().to_numpy(zero_copy_only=False)
    data = np.zeros(len(texts), np.int64)
    if missing.all():
        return IsoDates(None, TypedValues(data, missing))
    _, offsets, memory = texts.buffers()
    wide = np.int64 if str(texts.type) == "large_string" else np.int32
    ends = np.frombuffer(offsets, wide)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(ends)[~missing]
    if lengths.min() == lengths.max() and ends[-1] - ends[0] == lengths.sum():
        alike = _alike(np.frombuffer(memory, np.uint8)[ends[0] : ends[-1]], int(lengths[0]))
        if alike is not None:
            data[~missing] = alike
            return IsoDates(_kind_of({int(lengths[0])}), TypedValues(data, missing))
    return read_iso_dates(texts.to_pylist())


def _kind_of(lengths: set[int]) -> Literal["date", "timestamp"] | None:
    """What texts of these lengths are, if they are dates or times at all; None where there are both, or no texts."""
    if lengths == {DATE_LENGTH}:
        return "date"
    return None if DATE_LENGTH in lengths or not lengths else "timestamp"


def _one_by_one(texts: list[str]) -> npt.NDArray[np.int64] | None:
    """The moments of texts, in UTC; None when one of them is none."""
    match = MOMENT.fullmatch
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
    """The moments of texts of one width and one shape, in UTC, all at once; None when it takes a closer look."""
    if not width:
        return None
    rows = letters.reshape(-1, width)
    found = MOMENT.fullmatch(rows[0].tobytes().decode("ascii", "replace"))
    if found is None or found[1] not in (None, "Z"):
        return None
    digits = rows - np.uint8(_ZERO)
    counted = digits[0] <= _NINE
    if not ((digits <= _NINE) == counted).all() or not (rows[:, ~counted] == rows[0, ~counted]).all():
        return None
    if not digits[:, :4].any(axis=1).all():
        return None
    bare = np.ascontiguousarray(rows[:, : width - len(found[1] or "")])
    # By way of Python's kind of text: from bytes, NumPy 1.26 ends the process at a date that does not exist.
    texts = bare.view(f"S{bare.shape[1]}").ravel().astype(f"U{bare.shape[1]}")
    try:
        return texts.astype("datetime64[us]").astype(np.int64)
    except ValueError:
        return None
