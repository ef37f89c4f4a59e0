"""Leads to columns: dtypes, names, objects, and nothing lost. Pure."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.leads import lead_table
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from tests.frames.payloads import BACKENDS

BIG = 2**53 + 1


def table(rows, slugs=("x",), *, backend="numpy_nullable", kind="enrichment", page=1, **options):
    listed = [
        each if isinstance(each, ListedColumn) else ListedColumn(f"c-{each}", f"The {each}", each, kind)
        for each in slugs
    ]
    made = LeadTable(listed, dtype_backend=backend, **options)
    for at in range(0, len(rows), page):
        made.add([{"id": f"r{at + n}", **row} for n, row in enumerate(rows[at : at + page])])
    return made.frame()


def one(*values, **options):
    """The column that these cells make; None is a cell that is missing."""
    frame, findings = table([{} if value is None else {"x": value} for value in values], **options)
    return frame["x"], findings


DTYPES = [
    ([None, None], "string"),
    (["a", None, "b"], "string"),
    ([1, None, BIG], "Int64"),
    ([-(2**63), 2**63 - 1], "Int64"),
    ([1, None, 2.5], "Float64"),
    ([2.5, 1], "Float64"),
    ([True, None, False], "boolean"),
    (["1970-01-01T00:00Z", "9999-12-31T23:59:59.999999Z"], "datetime64[us, UTC]"),
    (["1970-01-01", None, "9999-12-31", "0001-01-01"], "datetime64[us]"),
    (["2026-07-21T11:14:31+02:00", "2026-07-21T09:14:31Z", "2026-07-21 09:14"], "datetime64[us, UTC]"),
    (["2026-07-21", "2019", None, "2020-01-01"], "string"),
    (["2026-07-21T09:00", "2019-01-01"], "string"),
]
KEPT = [
    [2**63, 1],
    [10**30, -1],
    [BIG, 2.5],
    [2.5, None, BIG],
    [True, 1],
    ["a", 1, None, 2.5, False],
    [["a", "b"], ["c", "d"]],
    [[1], None, "a"],
]


@pytest.mark.parametrize(("values", "dtype"), DTYPES, ids=repr)
def test_one_kind_has_its_dtype(values, dtype):
    column, findings = one(*values)
    assert column.dtype == dtype
    assert findings.mixed_types == {}
    if "datetime" not in dtype:
        assert [None if pd.isna(value) else value for value in column] == values


@pytest.mark.parametrize("values", KEPT, ids=repr)
def test_what_has_no_common_type_stays_what_it_is_and_is_noted(values):
    column, findings = one(*values)
    assert column.dtype == object
    assert repr(column.to_list()) == repr(values)
    assert "x" in findings.mixed_types


def test_dates_are_dates_and_no_moments():
    days = ["1970-01-01", None, "9999-12-31", "0001-01-01"]
    column, _ = one(*days)
    assert column.dtype == "datetime64[us]"
    assert column.dt.strftime("%Y-%m-%d").fillna("").to_list()[0] == "1970-01-01"
    assert [None if pd.isna(day) else day.date().isoformat() for day in column] == days
    in_arrow, _ = one(*days, backend="pyarrow")
    assert str(in_arrow.dtype) == "date32[day][pyarrow]"
    assert [None if pd.isna(day) else day.isoformat() for day in in_arrow] == days


def test_integers_beyond_64_bits_are_noted():
    assert one(2**70)[1].mixed_types == {"x": ["integer", "more than 64 bits"]}


MAIL = {"email": "a@b.example", "confidence": "high", "source_url": "https://b.example"}


def test_objects_are_taken_apart_and_a_finding_differs_from_no_run():
    frame, _ = table([{"x": MAIL}, {"x": {**MAIL, "email": None}}, {}, {"x": "c@d.example"}])
    assert list(frame.columns) == ["row_id", "x", "x_confidence", "x_source_url", "x_found"]
    assert frame["x"].to_list() == ["a@b.example", pd.NA, pd.NA, "c@d.example"]
    assert frame["x_found"].to_list() == [True, False, pd.NA, True]
    assert frame["x_found"].dtype == "boolean"


def test_a_null_means_nothing_found_unless_it_was_typed_in():
    rows = [{"x": 5}, {"x": None}, {}]
    assert table(rows)[0]["x_found"].to_list() == [True, False, pd.NA]
    assert "x_found" not in table(rows, kind="input")[0]


@pytest.mark.parametrize(
    ("cell", "found"), [({"title": "CEO", "sources": ["https://a.example"]}, True), (0, True), ({"email": " "}, False)]
)
def test_what_counts_as_found(cell, found):
    frame, _ = table([{"x": cell}, {}, {"x": None}])
    assert frame["x_found"].to_list() == [found, pd.NA, False]
    # Beside objects of another shape, it is the same.
    assert table([{"x": cell}, {"x": {"other": 1}}], page=2)[0]["x_found"].to_list() == [found, True]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0\n"])
def test_a_blank_text_is_kept_and_is_not_found(blank):
    frame, _ = table([{"x": "a"}, {"x": blank}, {}])
    assert frame["x"].to_list() == ["a", blank, pd.NA]
    assert frame["x_found"].to_list() == [True, False, pd.NA]
    assert "x_found" not in table([{"x": "a"}, {"x": blank}], kind="input")[0]
    # Also before the first object, and after it.
    mixed = [{"x": "a"}, {"x": blank}, {}, {"x": MAIL}, {"x": blank}, {"x": "b"}]
    for page in (1, 2, 6):
        frame, _ = table(mixed, kind="input", page=page)
        assert frame["x_found"].to_list() == [True, False, pd.NA, True, False, True]


def test_objects_stay_in_their_cells_when_asked():
    frame, _ = table([{"x": MAIL}, {}], flatten=False)
    assert list(frame.columns) == ["row_id", "x"]
    assert frame["x"].to_list() == [MAIL, None]


def test_an_object_used_as_a_dictionary_makes_no_thousands_of_columns(monkeypatch):
    monkeypatch.setattr(lead_table, "MOST_KEYS", 2)
    frame, _ = table([{"x": {"a": 1, "b": 2}}, {"x": {"a": 3, "c": 4, "d": 5}}, {}])
    assert list(frame.columns) == ["row_id", "x", "x_b", "x_rest", "x_found"]
    assert frame["x_rest"].to_list() == [None, {"c": 4, "d": 5}, None]


def test_names_that_are_taken_get_a_number_and_null_slugs_are_kept():
    slugs = [
        ListedColumn("1", "Row", "row_id", "input"),
        ListedColumn("2", "Mail", "mail", "enrichment"),
        ListedColumn("3", "Mail", "mail", "enrichment"),
        ListedColumn("4", "No slug", None, "input"),
        ListedColumn("5", "Dotted", "mail.email", "input"),
    ]
    rows = [{"row_id": "own", "mail": {"value": "v", "email": "a@b"}, "mail.email": "dotted"}]
    frame, findings = table(rows, slugs)
    assert list(frame.columns) == [
        "row_id", "row_id_2", "mail", "mail_email_2", "mail_found", "mail_2", "no_slug", "mail_email",
    ]  # fmt: skip
    assert frame.iloc[0].to_list()[:5] == ["r0", "own", "v", "a@b", True]
    assert frame["mail_email"][0] == "dotted"
    assert findings.without_cells == {"mail_2": "shares the slug mail", "no_slug": "no slug"}


def test_unlisted_columns_are_kept(monkeypatch):
    monkeypatch.setattr(lead_table, "MOST_UNLISTED", 1)
    frame, findings = table([{"x": 1}, {"new": 2}, {"newer": 3, "new": 4}])
    assert frame["new"].to_list() == [pd.NA, 2, 4]
    assert frame["unlisted"].to_list() == [None, None, {"newer": 3}]
    assert findings.unlisted == ["new", "unlisted"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_rows_and_no_columns(backend):
    frame, _ = table([], slugs=(), backend=backend)
    assert (list(frame.columns), len(frame)) == (["row_id"], 0)
    frame, _ = table([], backend=backend)
    assert str(frame["x"].dtype) in ("string", "string[pyarrow]")
    assert table([{}, {}], slugs=(), backend=backend)[0]["row_id"].to_list() == ["r0", "r1"]


def test_typed_rows_and_rows_with_a_level_are_read_alike():
    flat = {"id": "1", "x": MAIL, "s": {"sequenceId": "q"}}
    level = {"id": "1", "cells": {"x": MAIL, "s": {"sequenceId": "q"}}}
    typed = {
        "object": "row",
        "id": "1",
        "cells": {
            "x": {"type": "value", "value": MAIL, "run": {"status": "complete"}},
            "s": {"type": "sequence", "sequenceId": "q", "run": None},
        },
    }
    frames = [table([row], slugs=("x", "s"))[0] for row in (flat, level, typed)]
    for other in frames[1:]:
        pd.testing.assert_frame_equal(other, frames[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["2026-07-21", "1970-01-01T00:00:00Z", BIG, 10**30]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), JSON), max_size=12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_lost_for_any_cells(backend):
    @given(ROWS, st.integers(1, 5))
    def check(rows, page):
        frame, _ = table(rows, ("x", "y"), backend=backend, flatten=False, page=page)
        assert len(frame) == len(rows)
        for slug in ("x", "y", "z"):
            if slug not in frame:
                assert not any(slug in row for row in rows)
                continue
            for wanted, found in zip((row.get(slug) for row in rows), frame[slug], strict=True):
                if wanted is None:
                    assert found is None or found is pd.NA or found is pd.NaT
                elif frame[slug].dtype == "datetime64[us]" or str(frame[slug].dtype).startswith("date32"):
                    assert f"{found:%Y-%m-%d}" == wanted
                elif not str(frame[slug].dtype).endswith(("UTC]", "UTC][pyarrow]")):
                    assert found == wanted
        together, _ = table(rows, ("x", "y"), backend=backend, flatten=False, page=max(1, len(rows)))
        assert together.dtypes.to_dict() == frame.dtypes.to_dict()
        table(rows, ("x", "y"), backend=backend, page=page)

    check()


def test_main_values_shared_with_a_part_are_separated_when_they_differ():
    rows = [{"x": {"email": "a@b", "n": 1}}, {"x": None}, {"x": {"email": None, "n": 2}}, {"x": {"n": 3}}, {"x": "c@d"}]
    frame, _ = table(rows)
    assert frame["x"].to_list() == ["a@b", None, None, 3, "c@d"]
    assert frame["x_email"].to_list() == ["a@b", pd.NA, pd.NA, pd.NA, pd.NA]
    assert frame["x_n"].to_list() == [1, pd.NA, 2, 3, pd.NA]


def test_the_main_value_has_no_second_column():
    rows = [{"x": {"score": 1}}, {"x": {"score": 2}}, {}, {"x": 3}]
    assert list(table(rows)[0].columns) == ["row_id", "x", "x_found"]


def test_a_value_beside_an_empty_object_is_kept():
    assert table([{"x": {}}, {"x": 5}], page=2)[0]["x"].to_list() == [pd.NA, 5]
