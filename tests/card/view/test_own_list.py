"""The card of a run that works on the user's own list, over the sandbox."""

from __future__ import annotations

import time
from dataclasses import replace

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.card.view import make_view
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import message
from tests.support.quick import see

COMPANIES = pd.DataFrame(
    {
        "Zip": [f"0{1000 + number}" for number in range(30)],
        "Company": [f"Firm {number}" for number in range(30)],
        "Website": [f"firm{number}.example" for number in range(30)],
    }
)


@pytest.fixture(scope="module")
def client():
    return ow.Sandbox(speed=30).client()


@pytest.fixture(scope="module")
def table(client):
    return ow.upload(COMPANIES, key="Zip", columns=["Company", "Website"], client=client)


@pytest.fixture(scope="module")
def run(client, table):
    return ow.start("Find an e-mail address and how well they fit", focus_tables=[table], client=client, show=False)


def figures(state):
    return [f"{each['value']} {each['label']}" for each in make_view(state, now=time.time())["result"]["figures"]]


def bar(state):
    parts = make_view(state, now=time.time())["result"]["funnel"]["parts"]
    return {part["part"]: part["count"] for part in parts}


def test_rows_count_as_looked_up_once_their_cells_have_run():
    ahead, counts = 0.0, []
    client = ow.Sandbox(clock=lambda: time.time() + ahead).client()
    table = ow.upload(COMPANIES, key="Zip", columns=["Company", "Website"], client=client)
    run = ow.start("Find an e-mail address and how well they fit", focus_tables=[table], client=client, show=False)
    state = run.state
    while not state.settled:
        assert ahead < 3600
        # Time passes between two looks only, so that none of them comes too late, and each is at a single state: the
        # poller may change that of the run at any moment.
        ahead += 5
        state = run.refresh().state
        text = figures(state)[0] if state.tables else ""
        if text.endswith("of 30 rows looked up"):
            counts.append(int(text.split()[0]))
            shown = bar(state)
            assert (shown.get("qualified", 0), sum(shown.values())) == (counts[-1], 30)
    assert counts[-1] == 30 - state.tables[0].cells.errored
    assert counts == sorted(counts)
    assert 0 <= counts[0] < 30
    assert [each.id for each in run.tables] == [table.id]


def test_all_rows_are_shown_in_their_order_with_their_own_columns_first(run, table):
    run.wait("cells")
    grid = ow.leads(run)
    try:
        messages = sent_by(grid)
        receive(grid, message(table.id))
        leads = lambda: [each["content"] for each in messages if each.get("content", {}).get("kind") == "leads"]  # noqa: E731
        see(leads)
        (answer,) = leads()[:1]
        heads = [(head["name"], head["own"], head["is_number"]) for head in answer["heads"]]
        assert heads[:3] == [("Zip", True, False), ("Company", True, False), ("Website", True, False)]
        assert not any(own for _, own, _ in heads[3:])
        shown = [cells[0] for _, cells in answer["rows"]]
        assert shown == COMPANIES["Zip"].to_list()[: len(shown)]
        assert answer["total"] == len(COMPANIES)
    finally:
        grid.close()


def test_what_was_found_is_counted_from_the_rows_that_were_read(run, table):
    """And is no longer said once the list has changed."""
    run.wait("cells")
    frame = ow.leads_frame(run, include_hidden=True)
    values = int(frame["work_email"].notna().sum())
    grid = ow.leads(run)
    try:
        sent_by(grid)
        receive(grid, message(table.id, size=10))
        for first in (0, 10, 20):
            receive(grid, message(table.id, size=10, first=first, last=first + 9))
            see(lambda rows=first + 10: run.state.found and run.state.found.rows == rows)
            if not first:
                assert figures(run.state)[0].endswith(" found of 10 values read")
    finally:
        grid.close()
    assert figures(run.state)[0] == f"{values} of 30 values found"
    shown = bar(run.state)
    assert (shown["qualified"], sum(shown.values())) == (values, 30)
    old = replace(run.state, found=replace(run.state.found, version=()))
    assert figures(old)[0] == f"{30 - run.tables[0].cells.errored} of 30 rows looked up"


def test_a_run_that_only_fills_cells_has_changed_something(client, table):
    ow.upload([{"Zip": "99999", "Company": "New"}], key="Zip", columns=["Company"], table=table, client=client)
    run = ow.start("Find an e-mail address", focus_tables=[table], client=client, show=False).wait("cells")
    codes = [notice["code"] for notice in make_view(run.state, now=time.time())["notices"]]
    assert not {"answered", "nothing_built"} & set(codes)


def test_a_list_that_is_only_left_out_comes_after_what_was_built(client, table):
    brief = "Find 20 bakeries in Porto. Leave out the companies in my list"
    run = ow.start(brief, focus_tables=[table], client=client, show=False).wait("cells")
    assert run.tables[0].id != table.id
    assert run.tables[-1].id == table.id
