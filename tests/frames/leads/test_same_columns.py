"""Columns and dtypes that do not depend on which leads were read: few of them or none."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from tests.frames.leads.test_row_reading import COLUMNS, TABLE, lead
from tests.frames.listed import about, page
from tests.frames.payloads import BACKENDS

LISTED = [ListedColumn("c1", "X", "x", "enrichment"), ListedColumn("c2", "Y", "y", "input")]
BIG = 2**53 + 1
VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just(BIG), st.just(2**70), st.floats(-2, 2), st.text(max_size=3),
    st.sampled_from(["2026-07-21", "1970-01-01", "2026-07-21T09:14:31Z", "2026-02-30", "\ud83d"]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["email", "confidence", "n", "value", "rest"]), st.none() | st.integers(0, 3) | st.just("a"), max_size=3),
)  # fmt: skip
ROW = st.dictionaries(st.sampled_from(["x", "y", "id2", "late", "x.email"]), VALUE, max_size=4)


def leads(rows, *, backend="numpy_nullable", first=None, **options):
    table = LeadTable(LISTED, dtype_backend=backend, **options)
    table.add([{"id": f"r{number}", **row} for number, row in enumerate(rows)])
    return table.frame(rows=first)


@given(st.lists(ROW, max_size=8), st.integers(0, 8), st.sampled_from(BACKENDS))
def test_any_part_of_a_frame_has_the_dtypes_of_the_frame(rows, first, backend):
    rows = [{slug: cell for slug, cell in row.items() if slug in ("x", "y")} for row in rows]
    whole, _ = leads(rows, backend=backend)
    few, _ = leads(rows, backend=backend, first=first)
    pd.testing.assert_frame_equal(few, whole[:first])


def test_cells_as_texts_are_as_they_were_sent():
    cells = ["0012", 12, 2.5, True, [1], "2026-07-21T11:14:31+02:00", "2026-07-21", {"email": "a@b.example"}]
    frame, _ = leads([*({"y": cell} for cell in cells), {}], as_texts={"y"})
    texts = ["0012", "12", "2.5", "true", "[1]", "2026-07-21T11:14:31+02:00", "2026-07-21", "a@b.example", pd.NA]
    assert frame["y"].to_list() == texts
    assert [str(leads([{"y": cell}], as_texts={"y"})[0]["y"][0]) for cell in cells] == texts[:-1]


MAIL = {"email": "a@b.example", "confidence": "high"}
ROWS = [lead(1), lead(2, **{"contact-email": MAIL, "fit": 7}), lead(3, fit=2.5)]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, None])
def test_few_leads_have_the_columns_of_all(server, client, limit):
    server.plan(COLUMNS, page(*ROWS, total=3), COLUMNS, page(*ROWS, total=3))
    few, every = ow.leads_frame(TABLE, client=client, limit=limit), ow.leads_frame(TABLE, client=client)
    (notes,) = about(few)["tables"]
    pd.testing.assert_frame_equal(few, every[:limit])
    assert (notes["rows"], notes["total"], notes["complete"]) == (len(few), 3, True)
    rows = [request.query for request in server.requests if request.path.endswith("rows")]
    assert rows == ["limit=200&cells=flat"] * 2
