"""Exporting a grid writes all its leads, as its `to_frame()` reads them."""

from __future__ import annotations

import asyncio
import functools
import io

import pandas as pd
import pytest

import origami_widgets as ow
from tests.card.live import on_loop, receive, sent_by
from tests.card.widgets.leads.lead_front import message
from tests.support.hidden_leads import HiddenLeads
from tests.support.quick import see


@pytest.fixture(scope="module")
def client():
    return ow.Sandbox(speed=600).client()


@pytest.fixture(scope="module")
def run(client):
    return ow.start("List bakeries in Porto", client=client, show=False).wait("cells")


@pytest.fixture
def grid(run):
    grid = ow.leads(run)
    yield grid
    grid.close()


@pytest.mark.parametrize("name", ["leads.xlsx", "leads.csv", "leads.parquet"])
def test_a_grid_gives_its_leads(grid, tmp_path, name):
    in_sheet = functools.partial(pd.read_excel, sheet_name="Leads")
    read = {"xlsx": in_sheet, "csv": pd.read_csv, "parquet": pd.read_parquet}[name.rpartition(".")[2]]
    (file,) = ow.export(grid, tmp_path / name, ids=True)
    wanted = grid.to_frame()
    assert 0 < len(wanted) == len(read(file))
    assert read(file)["row_id"].to_list() == wanted["row_id"].to_list()
    (file,) = ow.export({"Leads": grid}, tmp_path / f"again_{name}", ids=True)
    assert read(file)["row_id"].to_list() == wanted["row_id"].to_list()


def loaded_ids(grid):
    frame = grid.frame
    return set(frame["row_id"]) if len(frame) else set()


def files_in(messages):
    """The ids of the leads in each file that was sent."""
    sent = [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]
    return [pd.read_csv(io.StringIO(each["text"].lstrip("\ufeff")))["row_id"].to_list() for each in sent]


def test_refresh_leads_reads_the_file_of_a_page(client, grid, tmp_path):
    messages, table = sent_by(grid), grid.head["tabs"][0]["id"]
    receive(grid, message(table, size=200, last=199))
    see(lambda: len(grid.frame) > 2)
    receive(grid, {"kind": "download", "table": table, "ids": []})
    (sent,) = [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]
    file = tmp_path / sent["name"]
    file.write_text(sent["text"], encoding="utf-8", newline="")
    refreshed = ow.refresh_leads(file, client=client)
    assert len(refreshed.frame) == len(grid.frame)
    assert [len(each) for each in (refreshed.new, refreshed.changed, refreshed.gone)] == [0, 0, 0]


MAILABLE = [{"column": "contact-email", "operator": "is_not_empty", "value": ""}]


def test_leads_outside_the_filters_of_a_grid_are_not_called_new(run, client, tmp_path):
    grid = ow.leads(run, filters=MAILABLE)
    (file,) = ow.export(grid, tmp_path / "leads.parquet")
    found = ow.refresh_leads(file, client=client)
    assert 0 < len(found.frame) == len(grid.to_frame()) < run.tables[0].lead_count
    assert [len(each) for each in (found.new, found.changed, found.gone, found.cells)] == [0, 0, 0, 0]
    grid.close()


def test_leads_that_were_not_ticked_are_not_called_new(client, grid):
    table = grid.head["tabs"][0]["id"]
    receive(grid, message(table, size=200, last=199))
    see(lambda: len(grid.frame) >= 5)
    receive(grid, {"kind": "select", "ids": grid.frame["row_id"].to_list()[:3], "on": True})
    assert ow.refresh_leads(grid.selection, client=client).new.empty


def test_ticked_leads_are_those_of_the_table_in_front(grid):
    messages, (companies, people) = sent_by(grid), [tab["id"] for tab in grid.head["tabs"]]
    receive(grid, message(companies))
    see(lambda: len(grid.frame) > 2)
    ids = grid.frame["row_id"].to_list()
    receive(grid, {"kind": "select", "ids": ids[:3], "on": True})
    receive(grid, message(people, query=2))
    see(lambda: loaded_ids(grid) - set(ids))
    assert grid.selection.empty
    receive(grid, {"kind": "download", "table": people, "ids": []})
    receive(grid, message(companies, query=3))
    see(lambda: loaded_ids(grid) == set(ids))
    receive(grid, {"kind": "download", "table": companies, "ids": ids[:3]})
    shown, ticked = files_in(messages)
    assert len(shown) > 0
    assert set(shown).isdisjoint(ids)
    assert ticked == ids[:3]


def test_ticked_leads_that_a_filter_hides_are_left_out(grid):
    table = grid.head["tabs"][0]["id"]
    receive(grid, message(table, size=200, last=199))
    see(lambda: len(grid.frame) > 5)
    named = grid.frame.set_index("row_id")["company"]
    wanted = {"column": "company", "operator": "equals", "value": named.iloc[0]}
    receive(grid, {"kind": "select", "ids": list(named.index[:3]), "on": True})
    receive(grid, message(table, query=2, size=200, last=199, filters=[wanted]))
    see(lambda: 0 < len(loaded_ids(grid)) < 3)
    assert set(grid.selection["company"]) == {named.iloc[0]}
    assert grid.selected == tuple(named.index[:3])


def test_ticked_leads_are_delivered_while_they_are_checked():
    class Unread(HiddenLeads):
        """A server that does not answer which leads pass the saved filters."""

        async def __call__(self, scope, receive, send):
            if self.seen and scope.get("path", "").endswith("/rows"):
                await answered.wait()
            await super().__call__(scope, receive, send)

    answered = asyncio.Event()
    sandbox = Unread(60)
    client = sandbox.client()
    grid = ow.leads(sandbox.ended(client), client=client)
    messages = sent_by(grid)
    small = {"column": "employees", "operator": "less_than", "value": "300"}
    sandbox.clear()
    table = grid.head["tabs"][0]["id"]
    receive(grid, message(table, size=200, last=199, filters=[small]))
    marks = lambda: [each["content"]["marks"] for each in messages if each.get("content", {}).get("kind") == "leads"]  # noqa: E731
    see(marks)
    ids = list(marks()[0])[:3]
    receive(grid, {"kind": "select", "ids": ids, "on": True})
    receive(grid, {"kind": "download", "table": table, "ids": ids})
    assert grid.frame.empty
    assert grid.selection["row_id"].to_list() == ids
    assert files_in(messages) == [ids]
    on_loop(answered.set)
    grid.close()


def test_a_page_gets_a_file_of_the_ticked_leads_or_of_all_that_were_read(grid):
    messages, table = sent_by(grid), grid.head["tabs"][0]["id"]
    receive(grid, message(table))
    see(lambda: len(grid.frame))
    files = lambda: [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]  # noqa: E731
    for ids in ([], [grid.frame["row_id"][1]]):
        receive(grid, {"kind": "download", "table": table, "ids": ids})
    assert files_in(messages) == [grid.frame["row_id"].to_list(), [grid.frame["row_id"][1]]]
    assert {each["name"] for each in files()} == {"Bakeries in Porto.csv"}


def test_a_card_gives_the_ticked_leads_or_all_that_its_page_has_read(client, run, tmp_path):
    card = ow.RunCard(run)
    messages, table = sent_by(card), run.tables[0].id
    answers = lambda: [each["content"] for each in messages if each.get("content", {}).get("kind") == "leads"]  # noqa: E731
    receive(card, message(table, size=200, last=199))
    see(lambda: any(each["rows"] for each in answers()))
    ow.configure(client=client)
    wanted = eval(answers()[-1]["line"], {"ow": ow})["row_id"].to_list()  # noqa: S307 - a line of ours
    for ids in ([], [wanted[4], wanted[1]], ["", 7]):
        receive(card, {"kind": "download", "table": table, "ids": ids})
    assert files_in(messages) == [wanted, [wanted[1], wanted[4]], []]
    sent = [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]
    file = tmp_path / sent[1]["name"]
    file.write_text(sent[1]["text"], encoding="utf-8", newline="")
    refreshed = ow.refresh_leads(file, client=client)
    assert set(refreshed.frame["row_id"]) >= {wanted[1], wanted[4]}
    assert refreshed.changed.empty
    assert refreshed.gone.empty
    card.close()
