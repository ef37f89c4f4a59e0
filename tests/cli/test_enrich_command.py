"""`origami-widgets enrich`: from a CSV file to a workbook, with the same rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from origami_widgets.cli.main import main
from tests.support.own_list_server import OwnListServer
from tests.support.quick import without_environment, without_pauses
from tests.support.start_files import StartFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST = "website,name,zip,owner\r\nb.example,Pão,01234,Ana\r\na.example,=1+1,,Rui\r\nb.example,Pão,01234,Eva\r\n"


@pytest.fixture
def server(request, monkeypatch, tmp_path, clock) -> Iterator[OwnListServer]:
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    StartFiles(monkeypatch, tmp_path)
    options = {"cells": 2, "agent_seconds": 30.0, **getattr(request, "param", {})}
    with OwnListServer(clock=clock.time, **options) as running:
        monkeypatch.setenv("ORIGAMI_API_KEY", running.key)
        monkeypatch.setenv("ORIGAMI_BASE_URL", running.base_url)
        yield running


@pytest.fixture
def companies(tmp_path: Path) -> Path:
    path = tmp_path / "companies.csv"
    path.write_text(LIST, encoding="utf-8-sig", newline="")
    return path


def enrich(companies: Path, out: Path, *more: str, brief: str = "Find phones") -> int:
    return main(
        ["enrich", str(companies), brief, "--key", "website", "--columns", "name, zip", "--out", str(out), *more]
    )


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_sentence_without_code(server, companies, tmp_path, capsys):
    companies.write_text(LIST.replace("a.example", ""), encoding="utf-8", newline="")
    assert enrich(companies, tmp_path / "enriched.csv") == 0
    warned = next(line for line in capsys.readouterr().err.splitlines() if "no 'website'" in line)
    assert warned.startswith("1 of 3 rows")


def test_a_list_becomes_a_workbook(server, companies, tmp_path, capsys):
    out = tmp_path / "enriched.xlsx"
    assert enrich(companies, out) == 0
    found = pd.read_excel(out, dtype=str)
    assert list(found) == ["website", "name", "zip", "owner", "Phone"]
    assert found["website"].to_list() == ["b.example", "a.example", "b.example"]
    assert found["zip"].fillna("").to_list() == ["01234", "", "01234"]
    assert found["Phone"].notna().all()
    assert capsys.readouterr().out.endswith(f"{out}\n")
    assert "Ana" not in server.sent
    assert (len(server.runs), server.enrichments) == (1, 0)


@pytest.mark.parametrize("server", [{"cells": 5}], ids=str, indirect=True)
def test_a_pilot_ends_with_a_price_and_the_same_command_goes_on(server, tmp_path, capsys):
    file, out = tmp_path / "list.csv", tmp_path / "found.csv"
    file.write_text("website;zip\n" + "".join(f"{n}.example;01234\n" for n in range(30)))
    more = ("--columns", "zip", "--pilot", "10", "--once", "crm", "--credit-limit")
    assert enrich(file, out, *more, "25") == 3
    assert "10 of 30 rows" in capsys.readouterr().err
    assert pd.read_csv(out, sep=";")["Phone"].notna().sum() == 10
    assert enrich(file, out, *more, "200", "--overwrite") == 0
    assert pd.read_csv(out, sep=";", dtype=str)["zip"].to_list() == ["01234"] * 30
    assert (len(server.runs), server.enriched.total()) == (1, 25)


@pytest.mark.parametrize(
    "more",
    [
        ["--key", "nope"],
        ["--columns", "nope"],
        ["--out", "x.docx"],
        ["--credit-limit", "-1"],
        ["--model", "gpt"],
        ["--out", "no-package.xlsx"],
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(server, companies, tmp_path, more, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert enrich(companies, tmp_path / "out.csv", *more) == 2
    assert capsys.readouterr().err
    assert server.requests == []


@pytest.mark.posix
def test_a_file_that_cannot_be_made_is_refused_before_anything_is_sent(server, companies, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_bytes(b"")
    # Nobody may make a file there, not even root.
    for out in (tmp_path / "folder.csv", tmp_path / "file" / "out.csv", "/proc/1/out.csv"):
        assert enrich(companies, out, "--overwrite") == 2
    assert server.requests == []


def test_an_existing_file_is_kept(server, companies, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert enrich(companies, out) == 2
    assert (out.read_text(), server.requests) == ("mine", [])
    assert enrich(tmp_path / "missing.csv", tmp_path / "new.csv") == 2
    assert enrich(companies, out, "--overwrite") == 0


SLOW_CELLS = {"cells": 3, "agent_seconds": 5.0, "cells_per_second": 0.02, "in_flight": 1, "credits_per_cell": 10}


@pytest.mark.parametrize("server", [SLOW_CELLS], indirect=True)
def test_cells_that_the_limit_stopped_are_no_success(server, companies, tmp_path, capsys):
    assert enrich(companies, tmp_path / "out.csv", "--credit-limit", "5") == 3
    assert "1 cell" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "out.csv")) == 3
