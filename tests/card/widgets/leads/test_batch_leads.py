"""The leads of many runs in one grid: tables that list the same are one, with a column for the run."""

from __future__ import annotations

import time
from base64 import b64decode

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.card.live import receive
from tests.card.widgets.leads.lead_front import Page
from tests.fixtures.states import settled_payload
from tests.support.quick import see

CITIES = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}


@pytest.fixture(scope="module")
def client():
    return ow.Sandbox(speed=600).client()


@pytest.fixture(scope="module")
def batch(client):
    return ow.start_many(CITIES, client=client, show=False).wait("cells", timeout=60)


@pytest.fixture
def grid(batch, unlimited):
    made = ow.leads(batch)
    yield made
    made.close()


def companies_of(batch):
    return [run.tables[0] for run in batch]


def test_tables_that_list_the_same_are_one_tab(batch, grid):
    assert [tab["name"] for tab in grid.head["tabs"]] == ["Bakeries", "People at Bakeries"]
    assert grid.head["tabs"][0]["leads"] == str(sum(table.lead_count for table in companies_of(batch)))


def test_a_column_says_which_run_each_lead_is_from(batch, grid):
    page = Page(grid)
    front = page.ask(include_hidden=True)
    assert [head["name"] for head in front.answers[0]["heads"]][:3] == ["Company", "Fit", "Run"]
    runs = [name for name, table in zip(CITIES, companies_of(batch), strict=True) for _ in range(table.lead_count)]
    assert page.column("Run") == runs
    whole = ow.leads_frame(batch, tables=[table.name for table in companies_of(batch)], include_hidden=True)
    assert set(whole["row_id"]) == {row_id for row_id, _ in front.rows}


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorting_mixes_the_runs(grid, direction):
    page = Page(grid)
    page.ask(include_hidden=True, sort={"column": "fit", "direction": direction})
    scores = [int(each) for each in page.column("Fit") if each]
    assert scores == sorted(scores, reverse=direction == "desc")
    assert len(set(page.column("Run")[:8])) == 2
    page.ask(include_hidden=True, sort={"column": ":run", "direction": direction})
    assert page.column("Run") == sorted(page.column("Run"), reverse=direction == "desc")


def test_tables_that_have_no_name_in_common_are_called_by_what_they_list():
    client = ow.Sandbox(speed=600).client()
    batch = ow.start_many(["Find 5 bakeries in Porto", "Find 5 dentists in Lyon"], client=client, show=False)
    grid = ow.leads(batch.wait("cells", timeout=60))
    assert [tab["name"] for tab in grid.head["tabs"]] == ["Company", "People"]


def test_conditions_narrow_all_runs(batch, grid):
    page = Page(grid)
    whole = page.ask()
    assert page.front.answers[-1]["hidden"] > 0
    all_rows = len(whole.rows)
    has_phone = {"column": "phone", "operator": "is_not_empty", "value": ""}
    page.ask(filters=[has_phone])
    see(lambda: not page.update().marks)
    assert all(page.column("Phone"))
    assert 0 < len(page.front.rows) < all_rows
    assert set(page.column("Run")) == set(CITIES)
    expected = ow.leads_frame(batch, tables=[table.id for table in companies_of(batch)], filters=[has_phone])
    assert {row_id for row_id, _ in page.front.rows} == set(expected["row_id"])
    assert page.front.answers[-1]["count"].startswith(f"{len(expected)} of ")
    assert "leads" in page.front.answers[-1]["count"]


def of_runs(operator, value):
    return {"column": ":run", "operator": operator, "value": value}


@pytest.mark.parametrize("include_hidden", [False, True])
def test_a_condition_chooses_the_leads_of_its_runs(batch, grid, include_hidden):
    page = Page(grid)
    page.ask(filters=[of_runs("equals", "porto")], include_hidden=include_hidden)
    porto = companies_of(batch)[0]
    expected = ow.leads_frame(porto, include_hidden=include_hidden)
    answer = page.front.answers[-1]
    assert set(page.column("Run")) == {"Porto"}
    assert {row_id for row_id, _ in page.front.rows} == set(expected["row_id"])
    if not include_hidden:
        leads = sum(table.lead_count for table in companies_of(batch))
        assert answer["count"] == f"{len(expected)} of {leads} leads"
        assert answer["hidden"] == porto.lead_count - len(expected)
    assert set(grid.frame["row_id"]) == set(expected["row_id"])
    assert grid.frame.attrs["origami"]["complete"]


def test_without_a_run_that_matches_the_columns_stay(grid):
    page = Page(grid)
    page.ask()
    page.ask(filters=[of_runs("is_empty", "")])
    answer = page.front.answers[-1]
    assert (page.front.rows, answer["heads"]) == ([], None)
    assert answer["count"].startswith("0 of ")
    page.ask()
    assert set(page.column("Run")) == set(CITIES)


def test_runs_with_the_same_name_are_distinguished(unlimited):
    names = ["Bakeries in Porto (1)", "Bakeries in Porto (2)"]
    client = ow.Sandbox(speed=600, plan="enterprise").client()
    runs = [ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60) for _ in names]
    grid = ow.leads(runs)
    page = Page(grid)
    page.ask(include_hidden=True)
    assert list(dict.fromkeys(page.column("Run"))) == names
    page.ask(include_hidden=True, filters=[of_runs("equals", names[1])])
    assert set(page.column("Run")) == {names[1]}
    assert set(grid.frame["table_id"]) == {runs[1].tables[0].id}
    grid.close()


def test_frame_ticks_and_file_are_the_same_leads(batch, client, grid, tmp_path):
    page = Page(grid)
    page.ask(sort={"column": "fit", "direction": "desc"})
    loaded = grid.frame
    assert loaded["row_id"].to_list() == [row_id for row_id, _ in page.front.rows]
    assert loaded["run_name"].to_list() == page.column("Run")
    whole = grid.to_frame()
    assert list(whole.columns) == list(loaded.columns)
    assert set(whole["row_id"]) == set(loaded["row_id"])
    ow.configure(client=client)
    assert set(whole["run_name"]) == {run.name for run in batch}
    ids = [loaded["row_id"].iloc[0], loaded["row_id"].iloc[-1]]
    receive(grid, {"kind": "select", "ids": ids, "on": True})
    assert set(grid.selection["row_id"]) == set(ids)
    asked = {"kind": "download", "grid": "g", "table": grid.head["tabs"][0]["id"], "ids": ids, "columns": []}
    for kind in ("csv", "xlsx"):
        receive(grid, {**asked, "format": kind})
    csv, workbook = [each["content"] for each in page.messages if each.get("content", {}).get("kind") == "download"]
    text = b64decode(csv["base64"]).decode("utf-8-sig")
    assert text.count("\n") == 3
    assert "Run" in text.partition("\n")[0].split(",")
    assert workbook["note"] == ""
    (path,) = ow.export(grid, tmp_path / "leads.csv")
    assert len(pd.read_csv(path)) > 0
    assert ow.refresh_leads(whole).gone.empty


def test_its_lines_show_the_same_leads_in_any_kernel(client, grid):
    ow.configure(client=client)
    again = eval(grid.head["line"], {"ow": ow})  # noqa: S307 - a line of ours
    assert [tab["id"] for tab in again.head["tabs"]] == [tab["id"] for tab in grid.head["tabs"]]
    again.close()


@pytest.mark.parametrize("source", [[], ["x"], None])
def test_what_has_no_leads_is_refused(source):
    with pytest.raises(InvalidInput):
        ow.leads(source)


@pytest.mark.parametrize("newest", [0, 1])
def test_of_a_table_that_runs_share_the_newest_answer_counts(client, newest):
    runs = []
    for at, leads in enumerate((18, 19)):
        answer = settled_payload() | {"id": f"v2_run-{at}"}
        day = 2 if at == newest else 1
        answer["response"]["tables"][0] |= {"leadCount": leads, "updatedAt": f"2026-08-0{day}T00:00:00Z"}
        runs.append(ow.Run.from_payload(answer))
    grid, board = ow.LeadGrid(runs, client=client), ow.RunBoard(runs)
    (tab,) = grid.head["tabs"]
    assert tab["leads"] == board.view["head"]["sums"].partition(" leads")[0] == ["18", "19"][newest]
    grid.close()
    board.close()


def known_of(page):
    """What the page knows of the cells without a result of each run."""
    return {name: cells for answer in page.front.answers for name, cells in answer["runs"].items()}


@pytest.fixture(scope="module")
def three():
    """Three runs of an account, in whose columns not the same cells failed, and a client of it."""
    client = ow.Sandbox(speed=600, plan="enterprise").client()
    briefs = ["List bakeries in Porto", "List bakeries in Faro", "List bakeries in Braga"]
    return [ow.start(brief, client=client, show=False).wait("cells", timeout=60) for brief in briefs], client


def test_an_empty_cell_takes_no_failure_from_another_runs_column(three, unlimited):
    runs, _ = three
    grid = ow.leads(runs)
    page = Page(grid)
    page.ask(include_hidden=True)
    newest = next(each["heads"] for each in reversed(page.front.answers) if each["heads"])
    heads = {head["slug"]: head for head in newest}
    failed = {
        run.state.agent_name: {each.slug: each.cells.errored for each in run.tables[0].columns if each.cells.errored}
        for run in runs
    }
    assert len({tuple(each) for each in failed.values()}) > 1
    for name, cells in known_of(page).items():
        assert {slug: count for slug, (_, count) in cells["failed"].items()} == failed[name]
        assert all("failed" in words for words, _ in cells["failed"].values())
        assert cells["final"]
    for slug in {slug for each in failed.values() for slug in each}:
        assert heads[slug]["failed"] == sum(each.get(slug, 0) for each in failed.values())
    grid.close()


def test_a_run_that_has_ended_waits_for_none_of_its_cells_while_another_one_fills():
    begun, ahead = time.time(), [0.0]
    client = ow.Sandbox(clock=lambda: begun + ahead[0], plan="enterprise").client()
    ended = ow.start("List bakeries in Porto", client=client, show=False)
    ahead[0] = 3_600.0
    ended.refresh()
    filling = ow.start("List bakeries in Faro. scenario:filling", client=client, show=False)
    ahead[0] += 120.0
    filling.refresh()
    assert (ended.settled, filling.done, filling.settled) == (True, True, False)
    grid = ow.leads([ended, filling])
    page = Page(grid)
    page.ask()
    names = [run.state.agent_name for run in (ended, filling)]
    assert {name: cells["final"] for name, cells in known_of(page).items()} == dict(
        zip(names, (True, False), strict=True)
    )
    assert not page.front.answers[-1]["final"]
    before = len(page.front.answers)
    ahead[0] += 3_600.0
    filling.refresh()
    see(lambda: page.update().answers[-1]["final"])
    assert {cells["final"] for cells in known_of(page).values()} == {True}
    # Only what has changed is sent.
    assert {name for answer in page.front.answers[before:] for name in answer["runs"]} == {names[1]}
    grid.close()


def test_cells_that_fill_keep_the_filters_of_a_table_that_nothing_follows():
    begun, ahead = time.time(), [0.0]
    client = ow.Sandbox(clock=lambda: begun + ahead[0]).client()
    run = ow.start("List bakeries in Porto. scenario:filling", client=client, show=False)
    ahead[0] = 120.0
    run.refresh()
    assert (run.done, run.settled) == (True, False)
    followed, given = ow.leads(run), ow.leads(client.get_table(run.tables[0].id), client=client)
    shown = [len(Page(grid).ask().rows) for grid in (followed, given)]
    assert shown[0] == run.tables[0].lead_count > shown[1]
    for grid in (followed, given):
        grid.close()
