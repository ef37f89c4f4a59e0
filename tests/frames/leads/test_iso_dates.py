"""Texts are read as the standard library reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.dtype_backend import ISO_DATE, read_iso_dates

MOMENTS = st.lists(st.datetimes(), min_size=1, max_size=5)
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


def read_as(texts):
    """The kind that texts are read as, and their microseconds since 1970; None if they are no dates."""
    found = read_iso_dates(texts, "numpy_nullable")
    if found is None:
        return None
    missing, moments = found.array.isna(), found.array.astype("datetime64[us]" if found.kind == "date" else "int64")
    return found.kind, [
        None if lost else int(each) for each, lost in zip(moments.astype("int64"), missing, strict=True)
    ]


@pytest.mark.parametrize("ending", ["", "Z"])
@pytest.mark.parametrize("digits", range(7))
@given(moments=MOMENTS)
def test_times_with_any_number_of_digits_are_read_exactly(digits, ending, moments):
    cut = [each.replace(microsecond=each.microsecond - each.microsecond % 10 ** (6 - digits)) for each in moments]
    texts = [f"{each:%H:%M:%S}.{each.microsecond:06d}"[: 9 + digits].rstrip(".") for each in cut]
    texts = [f"{each.date()}T{text}{ending}" for each, text in zip(cut, texts, strict=True)]
    wanted = [(each.replace(tzinfo=UTC) - BEGAN) // timedelta(microseconds=1) for each in cut]
    assert read_as(texts) == ("timestamp", wanted)


FIRST = ("2026-07-21", "2026-07-21T09:14", "2026-07-21 09:14:31Z", "2026-07-21T09:14:31.5Z", "2026-07-21T09:14+02:00")
OTHERS = (
    *("2026-02-30", "2026-13-01", "0000-07-21", "0001-01-01", "9999-12-31", "2026-7-021", "2026-07-2\u0661"),
    *("20260721", "2026-07-21T09:14:31,5Z"),
    *("2026-07-21T09", "2026-07-21T09Z", "2026-07-21T09+02", "2026-07-21T09+0200", "2026-07-21T09+02:00"),
    *("2026-07-21T24:00", "2026-07-21T23:60", "2026-07-21t09:14", "2026-07-21T09.14", "2026-07-21T9:014"),
    *("2026-07-21T09:14:60Z", "2026-07-21T09:14:31z", "2026-07-21T09:1431+2", "2026-07-21T09:14+0200"),
    *("2026-07-21T09:14:31+00", "2026-07-21T09:14:31.1234567Z", "-026-07-21", "", " "),
)


def plainly_read(text):
    """Return the kind of a text and its moment, as the standard library reads it; None if it is no date."""
    if not ISO_DATE.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ("date" if len(text) == len(FIRST[0]) else "timestamp"), read if read.tzinfo else read.replace(tzinfo=UTC)


@pytest.mark.parametrize("first", FIRST)
def test_a_column_is_read_if_all_of_its_texts_are_of_one_kind(first):
    for other in (*FIRST, *OTHERS):
        found, wanted = read_as([first, None, other]), [plainly_read(each) for each in (first, other)]
        if None in wanted or wanted[0][0] != wanted[1][0]:
            assert found is None, other
            continue
        moments = [(each[1] - BEGAN) // timedelta(microseconds=1) for each in wanted]
        assert found == (wanted[0][0], [moments[0], None, moments[1]])
