"""Frames of leads stacked: as if all rows had been in one table, and the same dtypes in any order of the tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from origami_widgets.frames.leads.stacking import python_values, stack_frames
from tests.frames.payloads import BACKENDS

BIG = 2**53 + 1
DAYS, TIMES = ["2026-01-05", "2025-12-31"], ["2026-01-05T10:00:00Z", "2024-02-29T23:59:59.250000Z"]
PLAIN = st.one_of(
    st.sampled_from(["Porto", "", " ", "12", *DAYS, *TIMES]),
    st.sampled_from([0, 1, -7, BIG, 2**63, 0.5, 3.0, True, False]),
    st.lists(st.sampled_from(["a", None]), max_size=2),
)
PART = st.none() | st.sampled_from(["a@b.example", "high", 1, 2.5, *DAYS])
CELL = st.one_of(st.none(), PLAIN, st.fixed_dictionaries({}, optional={"email": PART, "confidence": PART, "n": PART}))
# Tables tend to have cells of one kind, which is where dtypes differ from table to table.
KINDS = (st.integers(-5, 5), st.floats(-2, 2), *map(st.sampled_from, (DAYS, TIMES, ["x", "y"])), CELL)
ROWS = st.sampled_from(KINDS).flatmap(
    lambda cells: st.lists(
        st.fixed_dictionaries({}, optional={"x": cells | st.none(), "y": st.sampled_from(["p", 1])}), max_size=5
    )
)


def frame_of(rows, backend="numpy_nullable", slugs=("x", "y")):
    listed = [ListedColumn(slug, slug, slug, "enrichment") for slug in slugs]
    table = LeadTable(listed, dtype_backend=backend)
    table.add([{"id": str(at), **row} for at, row in enumerate(rows)])
    return table.frame()[0]


def contents(frame):
    return {name: python_values(frame[name]) for name in frame.columns}


@pytest.mark.parametrize("backend", BACKENDS)
@given(tables=st.lists(ROWS, min_size=1, max_size=3), data=st.data())
def test_stacked_tables_are_as_one_table_of_all_rows_in_any_order(backend, tables, data):
    order = data.draw(st.permutations(range(len(tables))))
    stacked, _ = stack_frames([frame_of(rows, backend) for rows in tables], backend)
    other, _ = stack_frames([frame_of(tables[place], backend) for place in order], backend)
    together = frame_of([row for rows in tables for row in rows], backend)
    assert dict(stacked.dtypes) == dict(together.dtypes) == dict(other.dtypes)
    found, wanted = contents(stacked), contents(together)
    del found["row_id"], wanted["row_id"]
    assert found == wanted


def test_notes_about_mixtures_and_dates():
    stacked, findings = stack_frames([frame_of([{"x": [1], "y": DAYS[0]}]), frame_of([{"x": "a"}])], BACKENDS[0])
    assert findings.mixed_types == {"x": ["list", "text"]}
    assert str(stacked["y"].dtype) == "datetime64[us]"


def test_frames_of_both_backends_can_be_stacked():
    frames = [frame_of([{"x": 1, "y": DAYS[0]}], backend) for backend in BACKENDS]
    for backend in BACKENDS:
        stacked, _ = stack_frames(frames, backend)
        assert dict(stacked.dtypes) == dict(frame_of([{"x": 1, "y": DAYS[0]}], backend).dtypes)
        assert python_values(stacked["x"]) == [1, 1]
