"""What goes over the comm: bounded for a large run, and by table."""

import json

import pytest

from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.run.handle import Run
from origami_widgets.run.reduce import Planned
from tests.card.live import changes, follow, on_loop, page_of, read, receive, sent_by, settle, watch_of
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
    card, watch, messages = large
    page = page_of(card)
    run = json.loads(json.dumps(watch.state.run.raw))
    table = run["response"]["tables"][0]
    run["response"]["actions"].append({"type": "leads_added", "tableId": table["id"], "leadCount": 7})
    table["leadCount"] += 7
    table["cells"] = {"running": 7, "errored": 1}
    table["columns"][1]["cells"] = {"running": 7, "errored": 1}
    on_loop(watch.update, read(run, at=watch.state.connection.heard_at + 15))
    settle()
    state = next(message for message in messages if message["method"] == "update")
    assert {"result"} <= set(state["state"])
    assert not {"tables", "prose"} & set(state["state"])
    assert changes(messages).keys() == {("items", 0)}
    assert len(json.dumps(messages)) <= 4_000
    assert follow(page, messages) == page_of(card)


def test_a_page_that_opens_late_and_one_that_follows_have_the_same_tables(large):
    card, watch, messages = large
    early = page_of(card)
    tables = watch.state.run.raw["response"]["tables"]
    for kept in (tables[:5], tables[:6], tables[3:6], tables[:1]):
        run = {**watch.state.run.raw, "response": {**watch.state.run.raw["response"], "tables": kept}}
        on_loop(watch.update, read(run, at=watch.state.connection.heard_at + 15))
        settle()
        assert [table["id"] for table in card.tables["items"]] == [table["id"] for table in kept]
    late = page_of(card)
    assert follow(early, messages) == late
    assert late["tables"] == json.loads(json.dumps({**card.view["tables"], "seq": card.tables["seq"]}))


def test_a_front_end_that_missed_a_change_gets_the_whole_state_once(sent, card, watch):
    before = card.seq
    run = payload("running_partial")
    run["response"]["actions"][-1]["leadCount"] = 10
    on_loop(watch.update, read(run, at=115.0), Planned(130.0, 15.0))
    settle()
    assert card.seq == before + 1
    sent.clear()
    receive(card, {"kind": "hello", "seq": before, "keeps": None})
    state, clock = sent
    assert state["method"] == "update"
    assert set(state["state"]) == set(RunCard.TRAITS)
    assert state["state"]["result"]["note"] == "10 leads added."
    assert clock["content"]["kind"] == "clock"
    sent.clear()
    receive(card, {"kind": "hello", "seq": card.seq, "list_seq": card.tables["seq"], "keeps": None})
    assert [message["method"] for message in sent] == ["custom"]
    # A page that has the newest traits, but no newest tables.
    sent.clear()
    receive(card, {"kind": "hello", "seq": card.seq, "list_seq": card.tables["seq"] + 1, "keeps": None})
    assert [message["method"] for message in sent] == ["update", "custom"]
