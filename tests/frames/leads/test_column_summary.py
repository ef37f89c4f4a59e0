"""`describe_leads` against counts by hand: each cell in one of three states, the same as on the card."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.card.view.lead_cells import in_reading_order, make_cells
from origami_widgets.frames import describe_leads
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from tests.fixtures.make_frames import LEAD_FRAMES
from tests.frames.conftest import KEY
from tests.frames.leads.touched import ServedTable, lead
from tests.frames.payloads import BACKENDS
from tests.support.server import RawServer

SCHEMA = LEAD_FRAMES[describe_leads]
STATES = ["filled", "nothing_found", "not_run"]
TEXT = st.sampled_from(["", " ", "a@b.example", "c@d.example"]) | st.none()
CONFIDENCE = st.sampled_from(["high", "medium", "low", "unsure", None])
CELL = st.one_of(
    TEXT, st.integers(0, 2), st.fixed_dictionaries({"email": TEXT}, optional={"confidence": CONFIDENCE, "phone": TEXT})
)
ROWS = st.lists(st.fixed_dictionaries({}, optional={"x": CELL}), max_size=7)


def frame_of(rows, kind, lead_count, used):
    listed = [ListedColumn("c1", "The X", "x", kind)]
    table = LeadTable(listed, dtype_backend="numpy_nullable")
    table.add([{"id": str(at), **row} for at, row in enumerate(rows)])
    frame, _ = table.frame()
    column = {"column": "x", "id": "c1", "name": "The X", "kind": kind, "avg_credits_per_run": used, "cells_errored": 1}
    note = {"table_id": "t", "table_name": "T", "complete": True, "lead_count": lead_count, "table_columns": [column]}
    frame.attrs["origami"] = {"tables": [note]}
    return frame


def shown(cell):
    """The state of a cell on the card."""
    if cell is None:
        return "not_run"
    return "filled" if (cell["text"] if isinstance(cell, dict) else cell) else "nothing_found"


def main(value):
    return value.get("email") if isinstance(value, dict) else value


@pytest.mark.parametrize("backend", BACKENDS)
@given(
    rows=ROWS,
    kind=st.sampled_from(["input", "enrichment"]),
    hidden=st.integers(0, 1),
    used=st.none() | st.integers(0, 50),
)
def test_states_shares_and_prices_by_hand(backend, rows, kind, hidden, used):
    frame = frame_of(rows, kind, len(rows) + hidden, used)
    (found,) = ow.describe_leads(frame, dtype_backend=backend).to_dict("records")
    column = SimpleNamespace(id="c", slug="x", name="", kind=kind)
    states = [shown(make_cells(SimpleNamespace(values=row), in_reading_order([column]))[0]) for row in rows]
    assert [found[state] for state in STATES] == [states.count(state) for state in STATES]
    assert found["leads"] == len(rows)
    values = [row.get("x") for row, state in zip(rows, states, strict=True) if state == "filled"]
    if rows:
        assert found["share_found"] == len(values) / len(rows)
    else:
        assert pd.isna(found["share_found"])
    sure = [value.get("confidence") for value in values if isinstance(value, dict)]
    for word in ("high", "medium", "low"):
        count = found[f"confidence_{word}"]
        assert count == sure.count(word) if any(sure) else pd.isna(count)
    # Where another part was found, the main part may be empty.
    mains = [each for each in map(main, values) if each is not None and str(each).strip()]
    distinct = list(dict.fromkeys(map(json.dumps, mains)))
    assert found["distinct"] == len(distinct)
    examples = [each if pd.notna(each) else None for each in (found["example_1"], found["example_2"])]
    assert examples == [*(str(json.loads(each)) for each in distinct), None, None][:2]
    price = found["credits_per_found"]
    ran = len(rows) - states.count("not_run")
    assert price == ran * used / len(values) if values and used is not None else pd.isna(price)
    assert (found["column"], found["column_name"], found["kind"], found["cells_errored"]) == ("x", "The X", kind, 1)


def test_a_run_of_the_sandbox_is_read_with_all_its_leads(bakeries):
    found = ow.describe_leads(bakeries)
    assert (found[STATES].sum(axis=1) == found["leads"]).all()
    assert found.drop_duplicates("table_id")["leads"].to_list() == [each.lead_count for each in bakeries.tables]
    columns = {column.id: column for each in bakeries.tables for column in each.columns}
    for row in found.to_dict("records"):
        place = (row["table_id"], row["column_name"])
        column = columns[ow.columns_frame(bakeries).set_index(["table_id", "column_name"]).loc[place, "column_id"]]
        assert row["credits_lifetime_used"] == column.credits.lifetime_used
        ran = row["filled"] + row["nothing_found"]
        assert row["credits_per_found"] == pytest.approx(ran * column.stats.avg_credits_per_run / row["filled"])
        assert row["cells_errored"] == column.cells.errored


def test_examples_are_left_out_on_request_and_the_columns_stay(bakeries):
    leads = ow.leads_frame(bakeries)
    found = ow.describe_leads(leads, examples=False)
    assert found[["example_1", "example_2"]].isna().all(axis=None)
    assert list(found.columns) == [field.name for field in SCHEMA.fields]
    pd.testing.assert_frame_equal(
        found, ow.describe_leads(leads).assign(example_1=found["example_1"], example_2=found["example_2"])
    )


@pytest.mark.sweep
@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_and_dtypes_are_the_same_for_every_source(bakeries, backend):
    dtypes = dict(ow.describe_leads(bakeries, dtype_backend=backend).dtypes)
    rows = ow.leads_frame(bakeries)
    for leads in (rows, rows.iloc[:0], pd.concat([rows, rows]), rows.drop(columns=["phone"])):
        assert dict(ow.describe_leads(leads, dtype_backend=backend).dtypes) == dtypes


def test_a_frame_without_its_notes_is_refused(bakeries):
    bare = ow.leads_frame(bakeries)
    bare.attrs = {}
    with pytest.raises(InvalidInput, match="lost its notes") as caught:
        ow.describe_leads(bare)
    assert "ow.describe_leads(run)" in caught.value.remedy


LEADS = {
    "r0": lead(1),
    "r1": lead(2),
    "r2": lead(4, mail={"email": None, "phone": "+351"}),
    "r3": lead(3, mail={"email": None, "confidence": "low"}),
}
KNOWN = [3, 1, 0, 2]
"""Filled, nothing found and not bakeries of the e-mails, and how many are certain."""
UNKNOWN = [3, pd.NA, pd.NA, 2]


@pytest.mark.parametrize("options", [{}, {"flatten": False}])
@pytest.mark.parametrize(("more", "wanted"), [({}, KNOWN), ({"r4": lead(5, mail=None)}, UNKNOWN)])
def test_leads_read_with_whole_objects_are_counted_as_others_or_unknown(options, more, wanted):
    """A cell that is missing and one that is null look the same if objects are whole."""
    table = ServedTable(LEADS | more)
    if more and not options:
        wanted = [3, 1, 1, 2]
    with RawServer(table.behave) as server:
        leads = ow.leads_frame(table.raw(), client=ow.Client(KEY, base_url=server.base_url), **options)
    found = ow.describe_leads(leads).set_index("column").loc["mail"]
    assert found[[*STATES, "confidence_high"]].to_list() == wanted
    assert found["example_1"] == "info@1.example"
    assert found["distinct"] == 2


def test_a_text_that_says_nothing_counts_as_nothing_found():
    phones = ["N/A", "not found", "-", "Unknown.", " n/a ", "+351 22 555", None]
    leads = pd.DataFrame({"row_id": [f"r{at}" for at in range(7)], "table_id": "t1", "phone": phones})
    leads["phone_found"] = pd.array([True] * 6 + [pd.NA], dtype="boolean")
    column = {"column": "phone", "id": "c1", "name": "Phone", "kind": "enrichment"}
    leads.attrs["origami"] = {"tables": [{"table_id": "t1", "table_columns": [column]}]}
    (found,) = ow.describe_leads(leads).to_dict("records")
    assert (found["filled"], found["nothing_found"], found["not_run"], found["distinct"]) == (1, 5, 1, 1)
    assert found["example_1"] == "+351 22 555"
