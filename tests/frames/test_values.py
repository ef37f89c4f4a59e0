"""What becomes of single values: exact when they can be read, NA when they cannot, never an error."""

import re
from datetime import UTC, datetime
from operator import attrgetter

import pandas as pd
import pytest

from origami_widgets import frames
from origami_widgets.api.models.table import Table
from tests.frames.payloads import BACKENDS, changed, table

JUNK = [True, 3.5, "soon", "", [], {}, [1], {"value": 1}, float("nan"), float("inf"), 10**400, -(2**63) - 1, "--5"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def count(value, backend="numpy_nullable"):
    frame = frames.tables_frame([table(), changed(table(), "leadCount", value)], dtype_backend=backend)
    return frame["lead_count"][1]


WHOLE = {2**53 + 1: 2**53 + 1, 2**63 - 1: 2**63 - 1, -(2**63): -(2**63), 15.0: 15, "15": 15, " 15 ": 15, 0: 0}


@pytest.mark.parametrize(("value", "expected"), WHOLE.items())
def test_integers_are_exact(value, expected, backend):
    assert count(value, backend) == expected


def test_a_large_integer_beside_a_missing_one_stays_exact(backend):
    tables = [changed(table(), "leadCount", value) for value in (None, 2**53 + 1)]
    counts = frames.tables_frame(tables, dtype_backend=backend)["lead_count"]
    assert counts[0] is pd.NA
    assert counts[1] == 2**53 + 1


@pytest.mark.parametrize("value", JUNK, ids=str)
def test_what_is_no_integer_is_missing(value, backend):
    assert count(value, backend) is pd.NA


@pytest.mark.parametrize(
    ("value", "expected"), [(2, 2.0), ("0.5", 0.5), (1e300, 1e300), (2**53, 2.0**53), (-0.25, -0.25)]
)
def test_numbers(value, expected, backend):
    frame = frames.tables_frame(changed(table(), "stats.creditsPerLead", value), dtype_backend=backend)
    assert frame["credits_per_lead"][0] == expected


@pytest.mark.parametrize("value", [True, "much", [], {}, float("nan"), float("-inf"), 10**400], ids=str)
def test_what_is_no_finite_number_is_missing(value, backend):
    frame = frames.tables_frame(changed(table(), "stats.creditsPerLead", value), dtype_backend=backend)
    assert frame["credits_per_lead"][0] is pd.NA


@pytest.mark.parametrize("value", [1, 0, "true", "", [], {}], ids=repr)
def test_only_true_and_false_are_booleans(value, backend):
    frame = frames.columns_frame(changed(table(), "columns.1.autoTrigger", value), dtype_backend=backend)
    assert frame["auto_trigger"].to_list() == [False, pd.NA, True]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-07-21T11:14:31+02:00", datetime(2026, 7, 21, 9, 14, 31, tzinfo=UTC)),
        ("2026-07-20T23:44:31-09:30", datetime(2026, 7, 21, 9, 14, 31, tzinfo=UTC)),
        ("2026-07-21T09:14:31", datetime(2026, 7, 21, 9, 14, 31, tzinfo=UTC)),
        ("2026-07-21T09:14:31.5Z", datetime(2026, 7, 21, 9, 14, 31, 500000, tzinfo=UTC)),
        ("2026-07-21T09:14:31.123456789Z", datetime(2026, 7, 21, 9, 14, 31, 123456, tzinfo=UTC)),
        ("2026-07-21", datetime(2026, 7, 21, tzinfo=UTC)),
    ],
)
def test_timestamps_of_all_zones_and_ages(value, expected, backend):
    tables = [table(), changed(table(), "createdAt", value)]
    created = frames.tables_frame(tables, dtype_backend=backend)["created_at"]
    assert created[1] == expected
    assert created[0] == datetime(2026, 7, 21, 9, 14, 31, tzinfo=UTC)


@pytest.mark.parametrize("value", ["yesterday", "", 1784625271, True, [], {}, "9999-12-31T23:59:59-12:00"], ids=repr)
def test_what_is_no_timestamp_is_missing(value, backend):
    frame = frames.tables_frame(changed(table(), "createdAt", value), dtype_backend=backend)
    assert pd.isna(frame["created_at"][0])


def test_unknown_words_join_the_categories_in_the_order_they_appear(backend):
    source = changed(changed(table(), "columns.0.kind", "verdict"), "columns.2.kind", "audit")
    kinds = frames.columns_frame(source, dtype_backend=backend)["kind"]
    assert kinds.to_list() == ["verdict", "enrichment", "audit"]
    assert list(kinds.cat.categories) == ["input", "enrichment", "score", "sequence", "verdict", "audit"]


@pytest.mark.parametrize("value", [None, True, [], {"kind": "input"}], ids=repr)
def test_a_kind_that_is_no_word_is_missing(value, backend):
    frame = frames.columns_frame(changed(table(), "columns.1.kind", value), dtype_backend=backend)
    assert frame["kind"].isna().to_list() == [False, True, False]
    assert list(frame["kind"].cat.categories) == ["input", "enrichment", "score", "sequence"]


def test_half_an_emoji_becomes_the_replacement_character(backend):
    source = changed(changed(table(), "name", "Bakeries \ud83d"), "columns.0.kind", "odd \udc00")
    assert frames.tables_frame(source, dtype_backend=backend)["table_name"].to_list() == ["Bakeries \ufffd"]
    assert frames.columns_frame(source, dtype_backend=backend)["kind"][0] == "odd \ufffd"


FIELDS = ("lead_count", "stats.credits_per_lead", "stats.has_unknown_total_with_more", "url", "created_at")
"""An integer, a number, a boolean, a text and a timestamp."""
NUMBERS = (15, 15.0, 3.5, 1e300, 2**70, float("nan"))
VALUES = (*NUMBERS, "15", "-3", " 7", "3.5", "x", "٣", "1_0", "1e3", "--5", True, None, [], {})


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("attribute", FIELDS)
def test_frames_and_models_read_alike(attribute, value):
    source = changed(table(), re.sub("_([a-z])", lambda found: found[1].upper(), attribute), value)
    in_frame = frames.tables_frame(source)[attribute.rpartition(".")[2]][0]
    in_model = attrgetter(attribute)(Table.from_raw(source))
    if pd.isna(in_frame):
        # Models have a default where a frame has NA.
        assert in_model in (None, "", False)
    else:
        assert in_frame == in_model
