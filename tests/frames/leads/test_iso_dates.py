"""Texts are read as the standard library reads them, also by Arrow, which reads those of one shape all at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.leads.iso_dates import DateTally, iso_dates_of_arrow, read_iso_dates

MOMENTS = st.lists(st.datetimes(), min_size=1, max_size=5)
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("ending", ["", "Z"])
@pytest.mark.parametrize("digits", range(7))
@given(moments=MOMENTS)
def test_times_with_any_number_of_digits_are_read_exactly(digits, ending, moments):
    cut = [each.replace(microsecond=each.microsecond - each.microsecond % 10 ** (6 - digits)) for each in moments]
    texts = [f"{each:%H:%M:%S}.{each.microsecond:06d}"[: 9 + digits].rstrip(".") for each in cut]
    texts = [f"{each.date()}T{text}{ending}" for each, text in zip(cut, texts, strict=True)]
    wanted = [(each.replace(tzinfo=UTC) - BEGAN) // timedelta(microseconds=1) for each in cut]
    for found in (read_iso_dates(texts), iso_dates_of_arrow(pa.array([None, *texts])[1:])):
        assert found is not None
        assert found.kind == "timestamp"
        assert found.cells.data.tolist() == wanted


FIRST = ("2026-07-21", "2026-07-21T09:14", "2026-07-21 09:14:31Z", "2026-07-21T09:14:31.5Z", "2026-07-21T09:14+02:00")
OTHERS = (
    *(
        "2026-02-30",
        "2026-13-01",
        "0000-07-21",
        "0001-01-01",
        "9999-12-31",
        "2026-7-021",
        "2026-07-2\u0661",
        "20260721",
    ),
    *("2026-07-21T09", "2026-07-21T09Z", "2026-07-21T09+02", "2026-07-21T09+0200", "2026-07-21T09+02:00"),
    *("2026-07-21T24:00", "2026-07-21T23:60", "2026-07-21t09:14", "2026-07-21T09.14", "2026-07-21T9:014"),
    *("2026-07-21T09:14:60Z", "2026-07-21T09:14:31z", "2026-07-21T09:1431+2", "2026-07-21T09:14+0200"),
    *("2026-07-21T09:14:31,5Z", "2026-07-21T09:14:31+00", "2026-07-21T09:14:31.1234567Z", "-026-07-21", "", " "),
)


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("other", [*FIRST, *OTHERS])
def test_arrow_reads_what_the_careful_reader_reads_and_nothing_else(first, other):
    texts = [first, None, other]
    careful, quick = read_iso_dates(texts), iso_dates_of_arrow(pa.array(texts))
    if careful is None:
        assert quick is None
    else:
        assert quick is not None
        assert quick.kind == careful.kind
        assert quick.cells.data.tolist() == careful.cells.data.tolist()
        assert quick.cells.missing.tolist() == [False, True, False]


def test_a_column_that_was_read_can_be_changed():
    read = iso_dates_of_arrow(pa.array(["2026-07-21T09:14Z", "2026-07-22T09:14Z"]))
    assert read is not None
    read.cells.data[0] = 0
    assert read.cells.data.tolist() == [0, 1784711640000000]


def tallied(values):
    tally = DateTally()
    tally.add(values)
    return tally.counts, tally.note()


@pytest.mark.parametrize("texts", [pa.string(), pa.large_string()], ids=str)
@given(values=st.lists(st.sampled_from([None, *FIRST[:2], *FIRST[:2], *FIRST, *OTHERS]), max_size=9))
def test_dates_in_arrow_texts_are_counted_as_in_any_list(texts, values):
    column = pa.chunked_array([pa.array([FIRST[0], *values], texts)[1:]])
    assert tallied(column) == tallied(values)


def test_a_column_with_a_text_among_its_dates_names_its_row():
    dates = ["2026-07-21", None, "2026-07-22"]
    counts = {"dates": 4, "times": 0, "others": 1}
    assert tallied(pa.chunked_array([dates, ["soon", "2026-07-23", "2026-07-24"]])) == (counts, {**counts, "rows": [3]})
    assert tallied(pa.chunked_array([dates])) == ({"dates": 2, "times": 0, "others": 0}, None)
