"""`origami-widgets new`: the file, the ledger, and the exit code, in this order."""

from __future__ import annotations

import pandas as pd
import pytest

from origami_widgets.cli.main import main
from tests.support.quick import without_environment, without_pauses
from tests.support.start_files import StartFiles
from tests.support.weekly_server import BRIEF, WEEK, WeeklyServer


@pytest.fixture
def server(request, monkeypatch, tmp_path, clock):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    StartFiles(monkeypatch, tmp_path / "home")
    options = {"agent_seconds": 30.0, "per_minute": None, "per_minute_of_ip": None, **getattr(request, "param", {})}
    with WeeklyServer(clock=clock.time, **options) as running:
        monkeypatch.setenv("ORIGAMI_API_KEY", running.key)
        monkeypatch.setenv("ORIGAMI_BASE_URL", running.base_url)
        monkeypatch.chdir(tmp_path)
        yield running


def new(*more: str, brief: str = BRIEF, out: str = "new.csv") -> int:
    return main(["new", brief, "--ledger", "bakeries.csv", "--out", out, *more])


def test_each_week_writes_what_is_new(server, clock, capsys):
    assert new() == 0
    assert len(pd.read_csv("new.csv")) == 10
    assert new("--overwrite") == 0
    assert len(pd.read_csv("new.csv")) == 10
    clock.skip(WEEK)
    assert new(out="second.xlsx") == 0
    assert len(pd.read_excel("second.xlsx")) == 8
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "second.xlsx"
    assert said.err.splitlines()[-1] == "8 new of 20 leads, period 2."
    assert len(server.runs) == 2


@pytest.mark.parametrize("server", [{"cells": 0}], indirect=True)
def test_nothing_new_is_a_code_of_its_own_and_an_empty_file(server):
    assert new() == 5
    assert pd.read_csv("new.csv").empty
    assert pd.read_csv("new.csv").columns[0]


def test_an_agent_that_asks_writes_nothing(server, tmp_path, capsys):
    assert new(brief="asking") == 4
    assert "Which region?" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.csv")] == []


LIMITED = {"cells": 40, "cells_per_second": 1.0, "in_flight": 2, "credits_per_cell": 10, "agent_seconds": 60.0}


@pytest.mark.parametrize("server", [LIMITED], indirect=True)
@pytest.mark.filterwarnings("ignore:The run ended")
def test_a_search_that_its_limit_stopped_writes_what_it_found(server):
    assert new("--credit-limit", "150") == 3
    assert len(pd.read_csv("new.csv")) > 10


def test_the_file_is_written_before_the_ledger(server, tmp_path, monkeypatch):
    monkeypatch.setattr("origami_widgets.ledger.replace_file", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert new() == 1
    assert len(pd.read_csv("new.csv")) == 10
    assert not (tmp_path / "bakeries.csv").exists()
    monkeypatch.undo()
    monkeypatch.setenv("ORIGAMI_API_KEY", server.key)
    monkeypatch.setenv("ORIGAMI_BASE_URL", server.base_url)
    monkeypatch.chdir(tmp_path)
    assert new("--overwrite") == 0
    assert len(server.runs) == 1


@pytest.mark.parametrize(
    "more",
    [
        ["--every", "month"],
        ["--out", "x.docx"],
        ["--out", "./bakeries.csv", "--overwrite"],
        ["--credit-limit", "-1"],
        ["--leave-out", "missing.csv"],
        ["--ledger", "x"],
        ["--ledger", "~nobody-of-that-name/x.csv"],
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(server, more, capsys):
    assert new(*more) == 2
    assert capsys.readouterr().err
    assert server.requests == []
