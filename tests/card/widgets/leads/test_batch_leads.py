"""The leads of many runs in one grid: a tab for each table, which says whose it is."""

from __future__ import annotations

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import message
from tests.support.quick import see

CITIES = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}


@pytest.fixture(scope="module")
def client():
    return ow.Sandbox(speed=600).client()


@pytest.fixture(scope="module")
def batch(client):
    return ow.start_many(CITIES, client=client, show=False).wait("cells", timeout=60)


@pytest.fixture
def grid(batch):
    made = ow.leads(batch)
    yield made
    made.close()


def tables_of(batch):
    return [table for run in batch for table in run.tables]


def test_each_table_of_a_batch_is_a_tab_that_names_its_run(batch, grid):
    tabs = grid.head["tabs"]
    assert [tab["id"] for tab in tabs] == [table.id for table in tables_of(batch)]
    assert [tab["name"].partition(": ")[0] for tab in tabs] == [
        name for name, run in zip(CITIES, batch, strict=True) for _ in run.tables
    ]


def test_a_batch_and_a_list_of_its_runs_show_the_same_leads(batch, grid):
    same, other = batch.leads(), ow.leads(list(batch))
    assert same.head["tabs"] == grid.head["tabs"]
    assert [tab["id"] for tab in other.head["tabs"]] == [tab["id"] for tab in grid.head["tabs"]]
    same.close()
    other.close()


def test_the_frame_is_of_the_tab_in_front_and_says_whose_it_is(batch, grid, tmp_path):
    messages = sent_by(grid)
    last = tables_of(batch)[-1]
    receive(grid, message(last.id))
    see(lambda: any(each["content"].get("rows") for each in messages if each["content"].get("kind") == "leads"))
    whole = grid.to_frame()
    assert len(whole) == last.lead_count > 0
    for frame in (grid.frame, whole):
        assert next(iter(frame)) == "run"
        assert set(frame["run"]) == {"Faro"}
        assert frame.attrs["origami"]["table_id"] == last.id
    assert ow.refresh_leads(whole).gone.empty
    (path,) = ow.export(grid, tmp_path / "leads.csv")
    assert len(pd.read_csv(path)) == len(whole)


def test_its_lines_show_the_same_leads_in_any_kernel(client, grid):
    ow.configure(client=client)
    again = eval(grid.head["line"], {"ow": ow})  # noqa: S307 - a line of ours
    assert [tab["id"] for tab in again.head["tabs"]] == [tab["id"] for tab in grid.head["tabs"]]
    again.close()


def test_a_run_that_starts_later_joins(client):
    one = ow.start_many(["List bakeries in Porto", "List bakeries in Faro"], at_once=1, client=client, show=False)
    grid = ow.leads(one)
    one.wait("cells", timeout=60)
    see(lambda: len(grid.head["tabs"]) == len(tables_of(one)) >= 2)
    grid.close()


def test_a_table_that_runs_share_is_one_tab(batch):
    grid = ow.leads([batch.runs[0], batch.runs[0]])
    assert len(grid.head["tabs"]) == len(batch.runs[0].tables)
    grid.close()


@pytest.mark.parametrize("source", [[], ["x"], None])
def test_what_has_no_leads_is_refused(source):
    with pytest.raises(InvalidInput):
        ow.leads(source)
