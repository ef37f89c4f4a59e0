"""Exporting a grid writes all its leads, as its `to_frame()` reads them."""

from __future__ import annotations

import pandas as pd
import pytest

import origami_widgets as ow


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
