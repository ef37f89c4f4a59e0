"""Exporting a grid writes all its leads, as its `to_frame()` reads them."""

from __future__ import annotations

import base64
import functools
import io
import re
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

import origami_widgets as ow
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import Front, message
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


def download(table, ids=(), columns=(), kind="csv"):
    """Ask for a file of what a grid shows, as its page does once it has read all of it."""
    return {"kind": "download", "grid": "g", "table": table, "ids": [*ids], "columns": [*columns], "format": kind}


def downloads_in(messages):
    return [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]


def frame_of(answer):
    content = io.BytesIO(base64.b64decode(answer["base64"]))
    if answer["name"].endswith(".xlsx"):
        return pd.read_excel(content, sheet_name=1)
    return pd.read_csv(content, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def shown_in(front):
    """The heads and the words of the cells that a page has."""
    heads = [answer["heads"] for answer in front.answers if answer["heads"]][-1]
    return [head["name"] for head in heads], [[words_of(cell) for cell in cells] for _, cells in front.rows]


def words_of(cell):
    return (cell["text"] if isinstance(cell, dict) else cell[0] if isinstance(cell, list) else cell) or ""


@pytest.fixture(params=["grid", "card"])
def page(request, run):
    """A grid or a card whose page has read all leads, and what that page has."""
    widget = ow.leads(run) if request.param == "grid" else ow.RunCard(run)
    messages, front, table = sent_by(widget), Front(), run.tables[0].id
    receive(widget, message(table, size=200, last=99_999))
    see(lambda: any(each.get("content", {}).get("rows") for each in messages))
    for each in messages:
        if each.get("content", {}).get("kind") == "leads":
            front.receive(each["content"])
    yield SimpleNamespace(widget=widget, messages=messages, front=front, table=table)
    widget.close()


def test_a_csv_file_is_what_the_page_shows(page):
    receive(page.widget, download(page.table))
    (answer,) = downloads_in(page.messages)
    heads, rows = shown_in(page.front)
    read = frame_of(answer)
    assert answer["name"] == "Bakeries in Porto.csv"
    assert list(read.columns) == heads
    assert read.to_numpy().tolist() == rows
    text = base64.b64decode(answer["base64"]).decode("utf-8-sig")
    assert not re.search(r"True|False|[{}]|[0-9a-f]{8}-[0-9a-f]{4}-", text)
    assert "drafted" in text


def test_a_workbook_has_the_same_rows_and_columns_with_their_values(page):
    receive(page.widget, download(page.table, kind="xlsx"))
    (answer,) = downloads_in(page.messages)
    heads, rows = shown_in(page.front)
    read = frame_of(answer)
    # The draft stands folded beside what explains the others.
    assert list(read.columns)[: len(heads) - 1] == heads[:-1]
    assert read[heads[0]].to_list() == [row[0] for row in rows]
    assert read["Fit"].fillna(0).astype(int).astype(str).to_list() == [row[heads.index("Fit")] or "0" for row in rows]
    assert set(read[heads[-1]].dropna()) <= {"drafted"}


def test_a_web_page_has_the_leads_that_are_ticked_with_their_sources(page):
    ids = [row_id for row_id, _ in page.front.rows]
    receive(page.widget, download(page.table, [ids[4], ids[1]], ["company", "contact-email"], "html"))
    (answer,) = downloads_in(page.messages)
    assert (answer["name"], answer["note"]) == ("Bakeries in Porto.html", "")
    text = base64.b64decode(answer["base64"]).decode()
    found = re.findall(r'<th scope="row">(.*?)</th>', text)
    assert found == [words_of(page.front.rows[at][1][0]) for at in (1, 4)]
    assert re.findall(r'<th scope="col">(.*?)</th>', text) == ["Company", "Contact e-mail"]
    assert "confidence: " in text


def test_ticked_leads_and_shown_columns_alone(page):
    ids = [row_id for row_id, _ in page.front.rows]
    for kind in ("csv", "xlsx"):
        receive(page.widget, download(page.table, [ids[4], ids[1]], ["company", "phone"], kind))
    names = [page.front.rows[at][1][0] for at in (1, 4)]
    for answer in downloads_in(page.messages):
        read = frame_of(answer)
        assert list(read.columns)[:2] == ["Company", "Phone"]
        assert not {"Contact e-mail", "Fit"} & set(read.columns)
        assert read["Company"].to_list() == [words_of(name) for name in names]


def test_without_the_package_for_workbooks_the_page_is_told_what_to_do(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    receive(page.widget, download(page.table, kind="xlsx"))
    (answer,) = downloads_in(page.messages)
    assert answer["base64"] == ""
    assert "origami-widgets[excel]" in answer["note"]


MAILABLE = [{"column": "contact-email", "operator": "is_not_empty", "value": ""}]


def test_leads_outside_the_filters_of_a_grid_are_not_called_new(run, client, tmp_path):
    grid = ow.leads(run, filters=MAILABLE)
    (file,) = ow.export(grid, tmp_path / "leads.parquet")
    found = ow.refresh_leads(file, client=client)
    assert 0 < len(found.frame) == len(grid.to_frame()) < run.tables[0].lead_count
    assert [len(each) for each in (found.new, found.changed, found.gone, found.cells)] == [0, 0, 0, 0]
    grid.close()


def test_ticked_leads_are_those_of_the_table_in_front(grid):
    companies, people = (tab["id"] for tab in grid.head["tabs"])
    receive(grid, message(companies))
    see(lambda: len(grid.frame) > 2)
    ids = grid.frame["row_id"].to_list()
    receive(grid, {"kind": "select", "ids": ids[:3], "on": True})
    receive(grid, message(people, query=2))
    see(lambda: loaded_ids(grid) - set(ids))
    assert grid.selection.empty
    receive(grid, message(companies, query=3))
    see(lambda: loaded_ids(grid) == set(ids))
    assert grid.selection["row_id"].to_list() == ids[:3]


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
