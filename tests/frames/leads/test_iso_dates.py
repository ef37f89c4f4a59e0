"""Texts of one shape are read all at once, and each as the standard library reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.leads.iso_dates import read_iso_dates

MOMENTS = st.lists(st.datetimes(), min_size=1, max_size=5)
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("ending", ["", "Z"])
@pytest.mark.parametrize("digits", range(7))
@given(moments=MOMENTS)
def test_times_with_any_number_of_digits_are_read_exactly(digits, ending, moments):
    cut = [each.replace(microsecond=each.microsecond - each.microsecond % 10 ** (6 - digits)) for each in moments]
    texts = [f"{each:%H:%M:%S}.{each.microsecond:06d}"[: 9 + digits].rstrip(".") for each in cut]
    found = read_iso_dates([f"{each.date()}T{text}{ending}" for each, text in zip(cut, texts, strict=True)])
    assert found.kind == "timestamp"
    assert found.cells.data.tolist() == [
        (each.replace(tzinfo=UTC) - BEGAN) // timedelta(microseconds=1) for each in cut
    ]
