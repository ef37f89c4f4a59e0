"""Snapshots: what a page saves in a widget's place, how it is kept up to date, and when it replaces the widget."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from origami_widgets.card.view import make_view
from origami_widgets.card.view.contract import BOARD_SLOTS, SAVED_TYPES, SAVED_VERSION, SavedView
from origami_widgets.card.widgets import snapshot as snapshots
from origami_widgets.card.widgets.run_board import RunBoard
from origami_widgets.card.widgets.run_card import RunCard
from origami_widgets.card.widgets.snapshot import (
    BUTTON_TIME,
    PIECES,
    REMEDY_TIME,
    RUN_TYPE,
    SnapshotFeed,
    freeze_after,
)
from origami_widgets.host.application import Outputs
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import Heard, Planned
from origami_widgets.run.state import RunState
from tests.card.boards import running, runs, watches
from tests.card.live import on_loop, read, receive, sent_by, settle
from tests.fixtures.make_views import SNAPSHOTS, encoded
from tests.fixtures.make_views import snapshots as made
from tests.fixtures.states import NOW, STATES, payload, settled_payload, state_of
from tests.support.outputs import keep_outputs
from tests.support.quick import see


class Page:
    """A page that saves the notebook, as the front end does it: js/src/snapshot.ts and its tests say the same."""

    def __init__(self):
        self.number, self.data, self.missed = 0, {}, 0

    def receive(self, message):
        message = json.loads(json.dumps(message))
        if message["since"] not in (0, self.number):
            self.missed += 1
            return
        self.number, data = message["number"], {}
        for kind, parts in message["parts"].items():
            before = self._texts().get(kind, "") if message["since"] else ""
            old = [piece for piece in PIECES[kind].split(before) if piece]
            data[kind] = "".join(part if isinstance(part, str) else "".join(old[slice(*part)]) for part in parts)
        saved = {kind: SavedView(version=SAVED_VERSION, view=data[kind]) for kind in SAVED_TYPES if kind in data}
        self.data = {**data, **saved}

    def holds(self, snapshot):
        """Tell whether it holds this snapshot, whose view may have been made a moment later."""
        (now, then) = ({**data, RUN_TYPE: json.loads(data[RUN_TYPE]["view"])} for data in (self.data, snapshot))
        now[RUN_TYPE]["clock"]["now"] = then[RUN_TYPE]["clock"]["now"]
        return now == then

    def _texts(self):
        return {kind: part if isinstance(part, str) else part["view"] for kind, part in self.data.items()}


@pytest.fixture
def outputs(monkeypatch):
    """Outputs that a card stands in without a kernel; what replaces it there."""
    (shown, made) = keep_outputs(monkeypatch), Outputs()
    made.add({"text/plain": "the card"}, {})
    (replaced,) = shown.values()
    replaced.clear()
    return made, replaced


@pytest.fixture
def displayed(watch, outputs):
    """A card that stands on a page, and the messages that it sends."""
    card = RunCard(Run(watch), outputs[0])
    settle()
    messages = sent_by(card)
    yield card, messages
    card.close()


def hello(card, *, keeps):
    receive(card, {"kind": "hello", "seq": card.seq, "keeps": keeps})
    settle()


def reported(messages):
    return [one["content"] for one in messages if one["method"] == "custom" and one["content"]["kind"] == "snapshot"]


def stepped(leads, at):
    run = payload("running_partial")
    run["response"]["actions"][-1]["leadCount"] = leads
    return read(run, at=at), Planned(at + 15.0, 15.0)


def test_the_snapshot_is_never_older_than_the_card(displayed, watch):
    card, messages = displayed
    page = Page()
    hello(card, keeps=True)
    for number in range(10, 14):
        on_loop(watch.update, *stepped(number, at=100.0 + number))
        settle()
        names = [one["content"]["kind"] if one["method"] == "custom" else "update" for one in messages]
        assert "update" not in names[: names.index("snapshot")], "a page that saves in between would hold an older one"
        for message in reported(messages):
            page.receive(message)
        messages.clear()
        assert page.missed == 0
        assert f"{number} leads" in page.data["text/plain"]
    on_loop(watch.update, read(payload("completed_stats"), at=130.0), Planned(145.0, 15.0))
    settle()
    for message in reported(messages):
        page.receive(message)
    assert page.holds(snapshots.mark_snapshot(card.snapshot(), card.key))
    assert "Completed" in page.data["text/html"]


def test_a_check_that_brings_nothing_sends_none(displayed, watch):
    card, messages = displayed
    hello(card, keeps=True)
    messages.clear()
    on_loop(watch.update, Heard(115.0), Planned(130.0, 15.0))
    settle()
    assert messages == []


def test_a_page_that_cannot_ask_gets_the_whole(displayed, watch):
    """A cell that waits for the run blocks the kernel from the display on: no page is heard."""
    card, messages = displayed
    card.shown()
    settle()
    for number in range(10, 12):
        on_loop(watch.update, *stepped(number, at=100.0 + number))
        settle()
    assert [message["since"] for message in reported(messages)] == [0, 0]


def test_a_page_that_saves_no_snapshots_is_sent_none(displayed, watch):
    card, messages = displayed
    hello(card, keeps=False)
    on_loop(watch.update, *stepped(12, at=112.0))
    settle()
    assert reported(messages) == []


def test_one_page_that_keeps_snapshots_is_enough(displayed, watch):
    card, messages = displayed
    hello(card, keeps=True)
    hello(card, keeps=False)
    messages.clear()
    on_loop(watch.update, *stepped(12, at=112.0))
    settle()
    assert len(reported(messages)) == 1


def test_a_page_that_is_behind_gets_the_snapshot_with_the_state(displayed, watch):
    card, messages = displayed
    hello(card, keeps=True)
    on_loop(watch.update, *stepped(12, at=112.0))
    settle()
    messages.clear()
    receive(card, {"kind": "hello", "seq": card.seq - 1, "keeps": None})
    settle()
    (message,) = reported(messages)
    assert message["since"] == 0


def test_one_more_step_of_a_large_run_changes_little_of_its_snapshot(outputs):
    run = {**STATES["large"]().run.raw, "status": "running", "completedAt": None}
    watch = RunWatch(None, RunState(agent_id=run["agentId"], run_id=run["id"]))
    on_loop(watch.update, read(run), Planned(115.0, 15.0))
    card = RunCard(Run(watch), outputs[0])
    settle()
    messages = sent_by(card)
    hello(card, keeps=True)
    messages.clear()
    run = json.loads(json.dumps(run))
    run["response"]["actions"][-1]["leadCount"] += 1
    run["response"]["actions"].append(
        {"type": "leads_added", "tableId": run["response"]["tables"][0]["id"], "leadCount": 7}
    )
    run["response"]["tables"][0]["leadCount"] += 7
    on_loop(watch.update, read(run, at=115.0), Planned(130.0, 15.0))
    settle()
    assert reported(messages)
    # In contrast to the whole of 39 kB and its view of 41 kB; what the view itself costs is tested in test_traffic.
    assert len(json.dumps(reported(messages))) <= 3_100
    card.close()


@pytest.mark.parametrize("keeps", [True, False, None])
def test_a_card_gives_way_only_where_its_page_keeps_no_snapshot(displayed, outputs, watch, keeps, monkeypatch):
    monkeypatch.setattr(snapshots, "BUTTON_TIME", 0.0)
    monkeypatch.setattr(snapshots, "REMEDY_TIME", 0.0)
    card, _ = displayed
    if keeps is not None:
        hello(card, keeps=keeps)
    on_loop(watch.update, read(settled_payload(), at=130.0), Planned(None, None))
    settle()
    assert card.settled
    assert bool(outputs[1]) == card.frozen == (keeps is not True)


def test_a_change_on_a_board_of_a_hundred_runs_is_small(outputs):
    made = watches(BOARD_SLOTS)
    board = RunBoard(runs(made))
    board.outputs = outputs[0]
    settle()
    messages = sent_by(board)
    hello(board, keeps=True)
    page = Page()
    for number in range(5):
        page.receive(reported(messages)[-1])
        messages.clear()
        end = {"status": "cancelled", "completedAt": "2026-07-21T09:20:00Z"}
        on_loop(made[number].update, read(running(number, **end), at=116.0), Planned(None, None))
        settle()
        see(lambda: reported(messages))
        assert len(json.dumps(reported(messages))) <= 1_500
    page.receive(reported(messages)[-1])
    assert page.missed == 0
    assert page.data["text/html"].count("Stopped") == 5
    board.close()


def test_each_card_has_a_key_from_the_moment_it_is_opened(watch):
    cards = [RunCard(Run(watch)) for _ in range(2)]
    assert [card.get_state("key")["key"] for card in cards] == [card.model_id for card in cards]
    assert len({card.key for card in cards}) == 2
    for card in cards:
        card.close()


def test_no_drift():
    """`python -m tests.fixtures.make_views` writes them anew."""
    assert SNAPSHOTS.read_text(encoding="utf-8") == encoded(made())


def test_a_page_holds_what_the_fixtures_say():
    page = Page()
    for step in json.loads(SNAPSHOTS.read_text(encoding="utf-8")):
        page.receive(step["message"])
        assert page.data == step["holds"]
    assert page.missed == 0


TEXTS = st.lists(st.sampled_from(["<div>a", "<tr>😀", "<li>x</li>", "<divan>", "<", "b\n", "\n", "é", ""])).map("".join)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
@example([("", ""), ("<div>", "\n"), ("", "")])
def test_any_text_is_rebuilt(texts):
    page, feed = Page(), SnapshotFeed()
    feed.asked()
    for html, plain in texts:
        snapshot = {"text/html": html, "text/plain": plain}
        page.receive(feed.message(snapshot))
        assert page.data == snapshot
    assert page.missed == 0


GOOD = state_of(settled_payload())
TO_COME = ("running", "running_many", "filling", "needs_input", "reconnecting", "starting")
FROZEN_AFTER = [
    *((STATES[name](), None) for name in TO_COME),
    *((STATES[name](), REMEDY_TIME) for name in ("errored", "timed_out", "incomplete", "step_cap_hit")),
    (GOOD, BUTTON_TIME),
    (state_of(settled_payload() | {"todo": {}}), 0),
    *((replace(GOOD, sending=sending), None) for sending in ("answer", "follow_up")),
]
"""States, and how long a card of them stays alive: None while something is to come."""


@pytest.mark.parametrize(("state", "seconds"), FROZEN_AFTER)
def test_a_card_stays_alive_as_long_as_it_has_something_to_offer(state, seconds):
    assert freeze_after(make_view(state, now=NOW)) == seconds
