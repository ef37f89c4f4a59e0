"""Columns and dtypes that do not depend on which leads were read: few of them, none, or with `schema=`."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from origami_widgets.frames.leads.pinned_dtypes import check_schema
from tests.frames.conftest import KEY
from tests.frames.leads.test_row_reading import TABLE, about, columns, lead, page
from tests.frames.payloads import BACKENDS
from tests.support.server import RawServer, answer

LISTED = [ListedColumn("c1", "X", "x", "enrichment"), ListedColumn("c2", "Y", "y", "input")]
BIG = 2**53 + 1
VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just(BIG), st.just(2**70), st.floats(-2, 2), st.text(max_size=3),
    st.sampled_from(["2026-07-21", "1970-01-01", "2026-07-21T09:14:31Z", "2026-02-30", "\ud83d"]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["email", "confidence", "n", "value", "rest"]), st.none() | st.integers(0, 3) | st.just("a"), max_size=3),
)  # fmt: skip
ROW = st.dictionaries(st.sampled_from(["x", "y", "id2", "late", "x.email"]), VALUE, max_size=4)
CELL = {"x": {"email": "a@b.example", "confidence": "high", "tags": ["a"]}, "y": 1}


def leads(rows, *, backend="numpy_nullable", schema=None, first=None, **options):
    table = LeadTable(LISTED, dtype_backend=backend, schema=check_schema(schema), **options)
    table.add([{"id": f"r{number}", **row} for number, row in enumerate(rows)])
    return table.frame(rows=first)


@given(st.lists(ROW, max_size=8), st.integers(0, 8), st.sampled_from(BACKENDS), st.sampled_from([".", "_"]))
def test_the_dtypes_of_a_frame_pin_those_of_any_part_of_it(rows, first, backend, sep):
    rows = [{slug: cell for slug, cell in row.items() if slug in ("x", "y")} for row in rows]
    whole, _ = leads(rows, backend=backend, sep=sep)
    few, _ = leads(rows, backend=backend, sep=sep, first=first)
    pd.testing.assert_frame_equal(few, whole[:first])
    # Read alone, with nothing that says what the other rows hold.
    pinned, findings = leads(rows[:first], backend=backend, sep=sep, schema=whole.dtypes.to_dict())
    assert findings.misfits == {}
    assert pinned.dtypes.to_dict() == whole.dtypes.to_dict()
    for name, dtype in whole.dtypes.items():
        if not pd.api.types.is_object_dtype(dtype) and not name.endswith("found"):
            pd.testing.assert_series_equal(pinned[name], whole[name][:first])


@given(st.lists(ROW, max_size=8), st.sampled_from(["json", "main"]), st.booleans())
def test_one_column_for_each_column_of_the_table(rows, objects, flatten):
    rows = [{slug: cell for slug, cell in row.items() if slug in ("x", "y")} for row in rows]
    frame, _ = leads(rows, objects=objects, flatten=flatten)
    assert list(frame) == ["row_id", "x", "y"]
    if objects == "json":
        assert object not in frame.dtypes.to_list()


FITS = [
    ("Int64", [1, "2", 3.0, None], [1, 2, 3, pd.NA]),
    ("int8", [1, 127], [1, 127]),
    ("float", [1, "2.5", None], [1.0, 2.5, None]),
    ("Float64", [1, 2.5, "3"], [1.0, 2.5, 3.0]),
    ("boolean", [True, None], [True, pd.NA]),
    ("string", ["a", 1, 2.5, True, [1], None], ["a", "1", "2.5", "true", "[1]", pd.NA]),
    (str, ["2026-07-21", 7], ["2026-07-21", "7"]),
    ("category", ["b", "a", "b"], ["b", "a", "b"]),
    (pd.CategoricalDtype(["a", "b"], ordered=True), ["b", None], ["b", None]),
    ("datetime64[us, UTC]", ["2026-07-21", "2026-07-21T02:00+02:00"], [pd.Timestamp("2026-07-21", tz="UTC")] * 2),
    ("datetime64[ns]", ["2026-07-21", "2026-07-21T09:00"], [pd.Timestamp("2026-07-21"), pd.Timestamp("2026-07-21 09:00")]),
    ("object", [1, "a", [2]], [1, "a", [2]]),
    ("int64[pyarrow]", ["1", None], [1, None]),
    ("date32[pyarrow]", ["2026-07-21"], [date(2026, 7, 21)]),
]  # fmt: skip
MISFITS = [
    ("Int64", [1, "soon", 2.5, None, True, 2**64], [1, 2, 4, 5]),
    ("int64", [1, None], [1]),
    ("int8", [1, 128], [1]),
    ("Float64", ["1,5", [1]], [0, 1]),
    ("boolean", ["true", 1], [0, 1]),
    (pd.CategoricalDtype(["a"]), ["a", "b"], [1]),
    ("datetime64[us, UTC]", ["2026-07-21", "2026", 2026], [1, 2]),
    ("datetime64[us]", ["2026-07-21", "2026-07-21T00:00Z"], [1]),
    ("date32[pyarrow]", ["2026-07-21T09:00"], [0]),
]


@pytest.mark.parametrize(("dtype", "cells", "wanted"), FITS, ids=lambda each: repr(each)[:40])
def test_what_fits_a_dtype(dtype, cells, wanted):
    frame, findings = leads([{} if cell is None else {"y": cell} for cell in cells], schema={"y": dtype})
    assert findings.misfits == {}
    asked = pd.StringDtype() if dtype is str else pd.Series([], dtype=dtype).dtype
    assert frame["y"].dtype == asked or (dtype in (str, "category") and type(frame["y"].dtype) is type(asked))
    assert [None if pd.api.types.is_scalar(each) and pd.isna(each) else each for each in frame["y"]] == [
        None if each is pd.NA else each for each in wanted
    ]
    assert leads([], schema={"y": dtype})[0]["y"].dtype == frame["y"].dtype or dtype == "category"


@pytest.mark.parametrize(("dtype", "cells", "rows"), MISFITS, ids=lambda each: repr(each)[:40])
def test_what_does_not_fit_a_dtype_is_named_by_its_row(dtype, cells, rows):
    frame, findings = leads([{} if cell is None else {"y": cell} for cell in cells], schema={"y": dtype})
    assert findings.misfits["y"][1] == rows
    unpinned, _ = leads([{} if cell is None else {"y": cell} for cell in cells])
    pd.testing.assert_frame_equal(frame, unpinned)


NOT_DATES = [
    (["2026-07-21", "2019", "2020-01-01", None, "2021-01-01"], {"dates": 3, "times": 0, "others": 1, "rows": [1]}),
    (["2026-07-21", 2019, "2020-01-01"], {"dates": 2, "times": 0, "others": 1, "rows": [1]}),
    (["2026-07-21T09:00", "2019-01-01", "2020-01-01T09:00Z"], {"dates": 1, "times": 2, "others": 0, "rows": [1]}),
    (["2026-02-30", "2020-01-01", "2021-01-01"], {"dates": 2, "times": 0, "others": 1, "rows": [0]}),
    (["2026-07-21", "soon"], None),
    (["2019", "2020"], None),
    (["2026-07-21"], None),
    ([2019, True], None),
]


@pytest.mark.parametrize(("cells", "note"), NOT_DATES, ids=repr)
def test_a_column_that_is_nearly_dates_says_what_is_in_the_way(cells, note):
    rows = [{} if cell is None else {"y": cell} for cell in cells]
    for backend in BACKENDS:
        frame, findings = leads(rows, backend=backend)
        assert findings.not_dates == ({} if note is None else {"y": note})
    if note is not None:
        assert not frame.loc[note["rows"], "y"].astype("string").str.fullmatch(r"\d{4}-\d\d-\d\d.+").any()


MAIL = {"email": "a@b.example", "confidence": "high"}
ROWS = [lead(1), lead(2, **{"contact-email": MAIL, "fit": 7}), lead(3, fit=2.5)]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, None])
def test_few_leads_have_the_columns_of_all(server, client, limit):
    server.plan(columns(), page(*ROWS, total=3), columns(), page(*ROWS, total=3))
    few, every = ow.rows_frame(TABLE, client=client, limit=limit), ow.rows_frame(TABLE, client=client)
    notes = about(few)
    pd.testing.assert_frame_equal(few, every[:limit])
    assert (notes["rows"], notes["total"], notes["complete"]) == (len(few), 3, True)
    assert [request.query for request in server.requests if request.path.endswith("rows")] == [
        "limit=200&cells=flat"
    ] * 2


def test_an_error_about_the_schema_keeps_all_rows_and_names_no_cell(server, client):
    server.plan(columns(), page(*ROWS, total=3))
    with pytest.raises(ow.IncompleteRows, match="schema") as caught:
        ow.rows_frame(TABLE, client=client, schema={"bakery": "Int64", "fit": "Float64"})
    assert "'bakery'" in caught.value.cause
    assert "Int64" in caught.value.cause
    assert "Bakery 1" not in "".join(map(str, (caught.value, caught.value.cause, caught.value.remedy)))
    kept = caught.value.partial
    notes = about(kept)
    assert kept["bakery"].to_list() == ["Bakery 1", "Bakery 2", "Bakery 3"]
    assert kept["fit"].dtype in ("Float64", "float64")
    assert notes["unpinned"] == {"bakery": "Int64"}


BAD = [
    ({"schema": {"fitt": "Int64"}}, "Did you mean 'fit'"),
    ({"schema": {"contact-email.found": "Int64"}}, "found can't have"),
]
REFUSED = [
    ({"schema": {"fit": "complex"}}, "leads can't have"),
    ({"schema": {"fit": "integer"}}, "leads can't have"),
    ({"schema": {"fit": "decimal128(10,2)[pyarrow]"}}, "leads can't have"),
    ({"schema": {"fit": "string_view[pyarrow]"}}, "leads can't have"),
    ({"schema": {"fit": pd.ArrowDtype(pa.decimal128(10, 2))}}, "leads can't have"),
    ({"schema": {"fit": pd.ArrowDtype(pa.month_day_nano_interval())}}, "leads can't have"),
    ({"schema": ["fit"]}, "must map columns"),
    ({"schema": {1: "Int64"}}, "must map columns"),
    ({"objects": "text"}, "Invalid objects"),
    ({"sep": ""}, "Invalid sep"),
    ({"sep": 1}, "Invalid sep"),
    ({"filters": "x"}, "Invalid filters"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED + BAD)
def test_what_cannot_be_done_is_refused_before_rows_are_asked_for(server, client, options, words):
    server.plan(columns())
    with pytest.raises(InvalidInput, match=words):
        ow.rows_frame(TABLE, client=client, **options)
    assert len(server.requests) == ((options, words) in BAD)


def test_a_frame_with_another_sep_for_libraries_that_take_dots_for_paths(server, client):
    server.plan(columns(), page(*ROWS))
    assert list(ow.rows_frame(TABLE, client=client, sep="_")) == [
        "row_id", "bakery", "contact-email", "contact-email_confidence", "contact-email_found", "fit",
    ]  # fmt: skip


FIT = [{"column": "fit", "operator": "greater_than", "value": 50}]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12), st.none() | st.integers(0, 12), st.integers(1, 5)
)
def test_filters_return_the_leads_that_also_pass_the_saved_ones(marks, limit, size):
    mine = [lead(number) for number, (_, own) in enumerate(marks) if own]
    saved = [lead(number) for number, (kept, _) in enumerate(marks) if kept]

    def pages(rows):
        cut = [rows[at : at + size] for at in range(0, len(rows), size)] or [[]]
        return [
            page(*each, cursor=f"{id(rows)}-{n}" if n + 1 < len(cut) else None, total=len(rows))
            for n, each in enumerate(cut)
        ]

    both = [f"r{number}" for number, each in enumerate(marks) if all(each)]
    read = pages(mine)
    if limit and len(both) >= limit:
        read = read[: 1 + [row["id"] for row in mine].index(both[limit - 1]) // size]
    now = answer({**TABLE, "leadCount": len(marks)})
    hides = len(saved) < len(marks)
    counts = [page(*saved[:1], total=len(saved)), page(total=len(marks))]
    ids = [now, *pages(saved)] if hides else []
    with RawServer(columns()) as server:
        server.plan(columns(), *([*counts, *ids] if limit != 0 else []), *read, now)
        frame = ow.rows_frame(TABLE, client=ow.Client(KEY, base_url=server.base_url), filters=FIT, limit=limit)
        rows = [request.query for request in server.requests if request.path.endswith("rows")]
    assert frame["row_id"].to_list() == both[:limit]
    assert about(frame)["complete"]
    assert (about(frame)["filters"], about(frame)["saved_filters"]) == (FIT, True)
    if limit is None:
        assert about(frame)["total"] == len(both)
    # The saved order stays in force where the own filters are sent.
    assert [query for query in rows if "defaults=false" in query] == (rows[1:2] if limit != 0 else [])
