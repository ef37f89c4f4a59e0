"""The stop of cards and boards through the second stage of a run: a click ends cells, and the view says so at each moment."""

from __future__ import annotations

import re

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets.run_card import RunCard
from tests.card.live import settle, stop_of
from tests.support.quick import see

FILLING = "Find bakeries. scenario:filling"
SLOW = "Find bakeries. scenario:slow"


@pytest.fixture
def client():
    return ow.Sandbox(speed=30, plan="ultra").client()


def active(client, run):
    """How many cells of the run's tables the server itself counts as active."""
    return sum(client.active_cells(table.id).cells for table in run.tables)


def states_of(widget):
    """Every state of the stop that the page sees, in order."""
    seen = []

    def note(change):
        state = stop_of(change["new"])[0]
        if seen[-1:] != [state]:
            seen.append(state)

    widget.observe(note, "head")
    return seen


def test_a_card_stops_the_cells_of_a_run_that_is_over(client, click):
    run = ow.start(FILLING, client=client, show=False).wait(timeout=60)
    card = RunCard(run)
    settle()
    assert re.fullmatch(r"Stop filling \d+ cells", stop_of(card.head)[1])
    seen = states_of(card)
    assert click(card, "cancel", run.id)["ok"]
    see(lambda: card.head["settled"])
    settle()
    used = client.get_credits().balance
    assert seen == ["requested", "none"]
    assert run.status == "completed"
    assert active(client, run) == 0
    assert re.search(r"cells were stopped", card.notices[0]["title"])
    assert re.search(r"cells were stopped\. All cells are final\.$", card.head["announcement"])
    # Nothing is sent, and nothing spent, by a second click of a page that is behind.
    assert click(card, "cancel", run.id)["ok"]
    assert client.get_credits().balance == used
    card.close()


def test_all_of_a_board_stops_runs_that_are_over_while_cells_fill(client, show, click):
    over = ow.start(FILLING, client=client, show=False).wait(timeout=60)
    working = ow.start(SLOW, client=client, show=False)
    board = show([over, working])
    see(lambda: [row["button"] for row in board.view["rows"]] == ["stop", "cancel"])
    (button,) = board.head["buttons"]
    assert button["confirm"].startswith("Cancel 1 run and stop filling cells of 1 run? ")
    assert click(board, "cancel_all")["ok"]
    see(lambda: board.head["settled"])
    assert [over.status, working.status] == ["completed", "cancelled"]
    for run in (over, working):
        assert active(client, run) == 0
    assert over.state.stopped.cells > 0
    assert board.head["buttons"] == []
