"""Exporting a grid writes all its leads, as its `to_frame()` reads them."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import origami_widgets as ow
from tests.card.live import receive, sent_by
from tests.card.widgets.leads.lead_front import message
from tests.support.quick import see


@pytest.fixture(scope="module")
def grid():
    client = ow.Sandbox(speed=600).client()
    grid = ow.leads(ow.start("List bakeries in Porto", client=client, show=False).wait("cells"))
    yield grid
    grid.close()


@pytest.mark.parametrize("name", ["leads.xlsx", "leads.csv", "leads.parquet"])
def test_a_grid_gives_its_leads(grid, tmp_path, name):
    read = {"xlsx": pd.read_excel, "csv": pd.read_csv, "parquet": pd.read_parquet}[name.rpartition(".")[2]]
    (file,) = ow.export(grid, tmp_path / name)
    wanted = grid.to_frame()
    assert 0 < len(wanted) == len(read(file))
    assert read(file)["row_id"].to_list() == wanted["row_id"].to_list()
    (file,) = ow.export({"bakeries": grid}, tmp_path / f"again_{name}")
    assert read(file)["row_id"].to_list() == wanted["row_id"].to_list()


def test_a_page_gets_a_file_of_the_ticked_leads_or_of_all_that_were_read(grid):
    messages = sent_by(grid)
    receive(grid, message(grid.to_frame().attrs["origami"]["table_id"]))
    see(lambda: len(grid.frame))
    files = lambda: [each["content"] for each in messages if each.get("content", {}).get("kind") == "download"]  # noqa: E731
    receive(grid, {"kind": "download"})
    receive(grid, {"kind": "select", "ids": [grid.frame["row_id"][1]], "on": True})
    receive(grid, {"kind": "download"})
    everything, ticked = (pd.read_csv(io.StringIO(each["text"].lstrip("\ufeff"))) for each in files())
    assert everything["row_id"].to_list() == grid.frame["row_id"].to_list()
    assert ticked["row_id"].to_list() == [grid.frame["row_id"][1]]
    assert {each["name"] for each in files()} == {"Bakeries in Porto.csv"}
