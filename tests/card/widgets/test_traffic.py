"""What goes over the comm: bounded for a large run, and by table."""

import json

import pytest

from origami_widgets.card.view.contract import TABLE_SLOTS
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.run.handle import Run
from origami_widgets.run.state import Planned
from tests.card.live import on_loop, read, receive, sent_by, settle, watch_of
from tests.fixtures.states import STATES, payload


@pytest.fixture
def large():
    """A card of 20 tables with 40 columns and 200 actions, its watch, and what it sends from now on."""
    run = {**STATES["large"]().run.raw, "status": "running", "completedAt": None}
    watch = watch_of(run)
    card = RunCard(Run(watch))
    settle()
    messages = sent_by(card)
    yield card, watch, messages
    card.close()


def test_one_more_step_of_a_large_run_is_at_most_four_kilobytes(large):
    _, watch, messages = large
    run = json.loads(json.dumps(watch.state.run.raw))
    table = run["response"]["tables"][0]
    run["steps"]["completed"] += 1
    run["response"]["actions"].append({"type": "leads_added", "tableId": table["id"], "leadCount": 7})
    table["leadCount"] += 7
    table["cells"] = {"running": 7, "errored": 1}
    table["columns"][1]["cells"] = {"running": 7, "errored": 1}
    on_loop(watch.update, read(run, at=watch.state.connection.heard_at + 15))
    settle()
    state = next(message for message in messages if message["method"] == "update")
    assert {"result", "activity", "table_0"} <= set(state["state"])
    assert not {"tables", "table_1", "prose"} & set(state["state"])
    assert len(json.dumps(messages)) <= 4_000


def test_the_whole_view_of_a_large_run_is_at_most_sixty_kilobytes(large):
    card, *_ = large
    assert len(json.dumps({name: getattr(card, name) for name in RunCard.TRAITS})) <= 60_000
    assert [getattr(card, f"table_{slot}") is not None for slot in range(TABLE_SLOTS)] == [True] * 20 + [False] * 4


def test_the_slots_hold_the_tables_of_the_view(large):
    card, *_ = large
    items = [getattr(card, f"table_{slot}") for slot in range(20)]
    assert json.dumps(items) == json.dumps(card.view["tables"]["items"])


def test_all_columns_of_a_table_come_when_they_are_asked_for(large):
    card, _, messages = large
    first = card.table_0
    assert len(first["columns"]["rows"]) + first["hidden"] == 40
    assert first["hidden"] > 0
    receive(card, {"kind": "columns", "table": first["id"]})
    (message,) = messages
    answer = message["content"]
    assert (answer["kind"], answer["table"], answer["hidden"], len(answer["columns"]["rows"])) == (
        "columns",
        first["id"],
        0,
        40,
    )
    names = [row[0] for row in answer["columns"]["rows"]]
    assert [row[0] for row in first["columns"]["rows"]] == names[: len(first["columns"]["rows"])]


@pytest.mark.parametrize("table", ["", "another", 7, None])
def test_columns_of_no_table_are_not_answered(large, table):
    card, _, messages = large
    receive(card, {"kind": "columns", "table": table})
    assert messages == []


def test_a_front_end_that_missed_a_change_gets_the_whole_state_once(sent, card, watch):
    before = card.seq
    run = payload("running_partial")
    run["steps"]["completed"] = 10
    on_loop(watch.update, read(run, at=115.0), Planned(130.0, 15.0))
    settle()
    assert card.seq == before + 1
    sent.clear()
    receive(card, {"kind": "hello", "seq": before, "keeps": None})
    state, clock = sent
    assert state["method"] == "update"
    assert set(state["state"]) == set(RunCard.TRAITS)
    assert state["state"]["result"]["steps"] == "step 10"
    assert clock["content"]["kind"] == "clock"
    sent.clear()
    receive(card, {"kind": "hello", "seq": card.seq, "keeps": None})
    assert [message["method"] for message in sent] == ["custom"]
