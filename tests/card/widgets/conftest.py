"""Cards and boards of runs whose answers a test makes up, and what they send."""

from __future__ import annotations

import gc

import pytest

from origami_widgets.card.widgets.run_board import RunBoard
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.host.application import pages
from origami_widgets.run.handle import Run
from tests.card.boards import runs, watches
from tests.card.live import click_on, sent_by, settle, watch_of
from tests.fixtures.states import payload


@pytest.fixture(autouse=True)
def prompt_updates(monkeypatch):
    """Updates come as soon as they are planned: what they hold is tested here, not how long they wait."""
    monkeypatch.setattr(RunBoard, "SPACING", 0.0)


@pytest.fixture
def show():
    """Make boards, which are closed in the end."""
    made = []

    def make(*args, **options):
        board = RunBoard(*args, **options)
        made.append(board)
        settle()
        return board

    yield make
    for board in made:
        board.close()
    made.clear()
    gc.collect()


@pytest.fixture
def listen():
    """What a board sends from now on."""
    return sent_by


@pytest.fixture
def three(show):
    """A board of three runs that are under way, and their watches."""
    made = watches(3)
    return show(runs(made)), made


@pytest.fixture
def click():
    """Click on a board: carry out a command and return what is answered."""
    return click_on


@pytest.fixture(autouse=True)
def pages_are_forgotten():
    """A page of one test is none of another's."""
    pages.keep_snapshots = None
    yield
    pages.keep_snapshots = None


@pytest.fixture
def watch():
    return watch_of(payload("running_partial"))


@pytest.fixture
def card(watch):
    made = RunCard(Run(watch))
    settle()
    yield made
    made.close()


@pytest.fixture
def sent(card):
    """What goes over the comm from now on."""
    return sent_by(card)
