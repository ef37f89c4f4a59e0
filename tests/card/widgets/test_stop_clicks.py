"""The stop of cards and boards through the second stage of a run: a click ends cells, and the view says so at each moment."""

from __future__ import annotations

import re

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets.run_card import RunCard
from tests.card.live import receive, settle, stop_of
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


def test_all_of_a_batch_stops_runs_that_are_over_while_cells_fill(client, show, click):
    batch = ow.start_many([FILLING, FILLING], client=client, show=False)
    batch.wait(timeout=60)
    board = show(batch)
    (button,) = board.head["buttons"]
    assert (button["label"], button["yes"]) == ("Stop filling", "Yes, stop filling")
    assert button["confirm"].startswith("Stop filling cells of 2 runs? ")
    assert click(board, "cancel_all")["ok"]
    see(lambda: board.head["settled"])
    assert all(run.state.stopped.cells > 0 for run in batch.runs)


def test_a_row_of_a_board_stops_its_own_cells_alone(client, show, click):
    made = [ow.start(FILLING, client=client, show=False).wait(timeout=60) for _ in range(2)]
    board = show(made)
    see(lambda: [row["button"] for row in board.view["rows"]] == ["stop", "stop"])
    assert click(board, "cancel", made[1].token)["ok"]
    see(lambda: board.rows["items"][1]["settled"])
    assert [row["button"] for row in board.rows["items"]] == ["stop", "fill"]
    assert made[0].state.stopped is None
    made[0].cancel()


def test_a_click_is_acknowledged_before_the_server_has_answered(client, click):
    run = ow.start(FILLING, client=client, show=False).wait(timeout=60)
    card = RunCard(run)
    settle()
    seen = states_of(card)
    receive(card, {"kind": "command", "id": "now", "name": "cancel", "run_id": run.id})
    see(lambda: card.head["settled"])
    assert seen[0] == "requested"
    card.close()
