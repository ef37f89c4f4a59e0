"""Frames that analysts have touched: each answer is the one of a plain loop over ids, or a refusal that says why."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.frames.conftest import KEY
from tests.frames.leads.touched import (
    TOUCHES,
    WANTED,
    ServedTable,
    cell,
    ids_of,
    lead,
    plain_text,
    touched,
)
from tests.support.server import RawServer

ALWAYS = sorted(TOUCHES)
STEPS = st.lists(st.sampled_from(ALWAYS), min_size=1, max_size=3)
CHANGES = st.fixed_dictionaries(
    {
        "gone": st.sets(st.integers(0, 5), max_size=2),
        "fit": st.sets(st.integers(0, 5), max_size=2),
        "confidence": st.sets(st.integers(0, 5), max_size=1),
        "new": st.integers(0, 2),
    }
)
SIZE = 6


def leads_then():
    # For one lead, nothing has run yet.
    return {f"r{number}": lead(number, mail=None) if number == 4 else lead(number) for number in range(SIZE)}


def changed_leads(change):
    now = {row_id: dict(values) for row_id, values in leads_then().items()}
    for number in change["fit"]:
        now[f"r{number}"]["fit"] = 90
    for number in change["confidence"]:
        now[f"r{number}"]["mail"] = {"email": "x@y.example", "confidence": "low"}
    for number in change["gone"]:
        del now[f"r{number}"]
    return now | {f"r{number}": lead(number) for number in range(10, 10 + change["new"])}


def answered(function, *given, **options):
    """The answer, or None for a refusal, which has a title, a cause and a remedy."""
    try:
        return function(*given, **options)
    except InvalidInput as error:
        said = [error.title, error.cause, error.remedy]
    assert all(said)
    return None


@given(steps=STEPS, change=CHANGES)
def test_refreshed_frames_equal_a_plain_loop(steps, change):
    then, now = leads_then(), changed_leads(change)
    table = ServedTable(then)
    with RawServer(table.behave) as server:
        client = ow.Client(KEY, base_url=server.base_url)
        frame = touched(ow.leads_frame(table.raw(), client=client), steps)
        table.leads, table.version = now, int(now != then)
        found = answered(ow.refresh_leads, frame, client=client)
    if found is None:
        return
    mine = ids_of(frame)
    has_notes = bool(frame.attrs.get("origami"))
    known = list(then) if has_notes else mine
    assert ids_of(found.new) == [row_id for row_id in now if row_id not in known]
    assert ids_of(found.gone) == [row_id for row_id in mine if row_id not in now]
    compared = [name for name in frame.columns if name in WANTED]
    assert set(ids_of(found.changed)) == {
        row_id
        for row_id in mine
        if row_id in now and any(cell(then[row_id], name) != cell(now[row_id], name) for name in compared)
    }
    if now == then and has_notes:
        assert found.frame is frame
        return
    assert ids_of(found.frame) == list(now)
    assert set(frame.columns) == set(found.frame.columns)
    rows = dict(zip(mine, frame.to_dict("records"), strict=True))
    for row_id, row in zip(now, found.frame.to_dict("records"), strict=True):
        for name, value in row.items():
            if name in compared:
                assert plain_text(value) == plain_text(cell(now[row_id], name))
            elif name in ("table_id", "row_id"):
                assert value == (row_id if name == "row_id" else table.name)
            elif name not in ("run_name", "table_name", "domain"):
                wanted = rows[row_id][name] if row_id in rows else None
                assert plain_text(value) == plain_text(wanted)


@given(steps=STEPS)
def test_described_frames_equal_a_plain_loop_or_are_unknown(steps):
    then = leads_then()
    table = ServedTable(then)
    with RawServer(table.behave) as server:
        client = ow.Client(KEY, base_url=server.base_url)
        frame = touched(ow.leads_frame(table.raw(), client=client), steps)
    found = answered(ow.describe_leads, frame)
    if found is None:
        return
    found = found.set_index("column")
    values = [then[row_id] for row_id in dict.fromkeys(ids_of(frame))]
    for name in set(found.index) & {"company", "site", "since", "fit", "mail"}:
        row = found.loc[name]
        cells = [each.get(name) for each in values]
        filled = sum(bool(each["email"] if isinstance(each, dict) else each is not None) for each in cells)
        assert row["leads"] == len(values)
        assert pd.isna(row["filled"]) or row["filled"] == filled
        assert pd.isna(row["not_run"]) or row["not_run"] == cells.count(None)
        assert pd.isna(row["nothing_found"]) or row["nothing_found"] == len(values) - filled - cells.count(None)
        if frame.attrs.get("origami") and (name != "mail" or "mail_found" in frame):
            assert row[["filled", "not_run", "nothing_found"]].notna().all()


@given(
    steps=STEPS,
    other=st.lists(st.sampled_from(ALWAYS), max_size=1),
    backend=st.sampled_from(["numpy_nullable", "pyarrow"]),
)
def test_stacked_frames_keep_every_cell(steps, other, backend):
    then = leads_then()
    table = ServedTable(then)
    with RawServer(table.behave) as server:
        client = ow.Client(KEY, base_url=server.base_url)
        frame = ow.leads_frame(table.raw(), client=client)
    parts = [touched(frame, steps), touched(frame, other)]
    found = answered(ow.leads_frame, parts, dtype_backend=backend)
    if found is None:
        return
    assert ids_of(found) == [row_id for part in parts for row_id in ids_of(part)]
    at = 0
    for part in parts:
        for row in part.to_dict("records"):
            there = found.iloc[at]
            at += 1
            for name, value in row.items():
                if name not in ("run_name", "table_id", "table_name"):
                    assert plain_text(there[name]) == plain_text(value)
