"""A server of lists that counts rows, writes and enrichments; files of `once=` of this test; a clock that hardly sleeps."""

from __future__ import annotations

import gc
import itertools
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.cells import Notebook
from tests.support.own_list_server import OwnListServer
from tests.support.quick import SkippingClock, use_clock, without_environment, without_pauses
from tests.support.start_files import StartFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SkippingClock:
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    return use_clock(monkeypatch, SkippingClock())


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StartFiles:
    return StartFiles(monkeypatch, tmp_path)


@pytest.fixture
def server(request: pytest.FixtureRequest, clock: SkippingClock) -> Iterator[OwnListServer]:
    options = {"cells": 3, "agent_seconds": 30.0, **getattr(request, "param", {})}
    with OwnListServer(clock=clock.time, **options) as running:
        yield running
    gc.collect()


@pytest.fixture
def client(server: OwnListServer) -> ow.Client:
    return ow.Client(server.key, base_url=server.base_url, timeout=2)


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], object]:
    """Run a function as the cell `c1`, each time anew."""
    notebook, executions = Notebook(monkeypatch), itertools.count()
    return lambda act: notebook(act, execution=f"e{next(executions)}")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """What the user was asked, in a notebook that can ask; `answers` are given in turn."""
    questions: list[str] = []
    answers = ["y"]

    def read(question: str = "") -> str:
        questions.append(question)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr("builtins.input", read)
    return questions, answers


@pytest.fixture
def companies() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "website": ["c.example", "a.example", "c.example", "b.example"],
            "zip": ["01234", None, "01234", "99999"],
            "revenue": [7, 8, 9, 10],
        },
        index=[40, 30, 20, 10],
    )
