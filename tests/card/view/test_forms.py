"""A view is read live, as a copy that is replaced, or later as a snapshot, whose head says from when it is."""

from dataclasses import replace

import pytest

from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.card.view.board_view import BoardEntry
from origami_widgets.run.state import Connection
from tests.card.boards import board_of, entry_of, many, stopped
from tests.card.live import stop_of
from tests.card.markup import words
from tests.fixtures.states import NOW, STATES, payload, state_of, too_few_credits

FORMS = ("live", "current", "snapshot")


def with_connection(name, state, error_of="reconnecting"):
    error = STATES[error_of]().connection.error
    return replace(STATES[name](), connection=Connection(state=state, heard_at=NOW - 130, error=error))


def asks_while_running():
    run = payload("running_null")
    run["todo"]["pendingQuestions"] = ["Which one?"]
    return state_of(run)


def fills_without_a_word():
    run = payload("completed_stats")
    run["response"]["text"] = None
    return state_of(run)


CASES = {
    **{name: state for name, state in STATES.items() if name != "hostile"},
    "stopped for no reason": lambda: stopped(STATES["running"]()),
    "filling, reconnecting": lambda: with_connection("filling", "reconnecting"),
    "filling, stopped": lambda: with_connection("filling", "stopped"),
    "filling, reason unknown": lambda: stopped(STATES["filling"]()),
    "filling, missing": lambda: with_connection("filling", "stopped", "missing"),
    "running, not found yet": lambda: with_connection("running", "reconnecting", "missing"),
    "starting, not found yet": lambda: with_connection("starting", "reconnecting", "missing"),
    "follow-up": lambda: replace(STATES["completed"](), sending="follow_up"),
    "asks while running": asks_while_running,
    "fills without a word": fills_without_a_word,
}


def view_of(name, form):
    return make_view(CASES[name](), now=NOW, form=form)


@pytest.mark.parametrize("name", CASES)
def test_the_status_of_a_snapshot_is_the_last_known_one(name):
    live, snapshot = (view_of(name, form)["head"] for form in ("live", "snapshot"))
    assert live["last_known"] == snapshot["last_known"] == snapshot["status_label"]
    if not live["done"] and live["status"] and CASES[name]().run is not None:
        assert snapshot["status_label"].startswith("Was ")
        assert snapshot["tone"] == "neutral"


@pytest.mark.parametrize("name", CASES)
def test_only_a_live_view_has_buttons_and_copies_say_when_they_are_from(name):
    for form in FORMS:
        view = view_of(name, form)
        notices = view["notices"]
        assert view["head"]["form"] == form
        assert (
            view["head"]["as_of"]
            == {
                "live": "",
                "current": "as of 2026-07-21 09:18:30 UTC",
                "snapshot": "Snapshot of 2026-07-21 09:18 UTC",
            }[form]
        )
        if form != "live":
            assert stop_of(view["head"])[0] == "none"
            assert {notice["button"] and notice["button"]["command"] for notice in notices} <= {None}


@pytest.mark.parametrize("name", CASES)
def test_a_replaced_copy_speaks_of_the_present_like_the_live_card(name):
    live, current = (view_of(name, form) for form in ("live", "current"))
    for section in ("result", "earlier", "ask", "tables", "now", "prose", "suggestions", "clock"):
        assert current[section] == live[section]
    for one, other in zip(live["notices"], current["notices"], strict=True):
        assert (one["key"], one["tone"], one["title"], one["text"]) == (
            other["key"],
            other["tone"],
            other["title"],
            other["text"],
        )
    assert live["head"]["status_label"] == current["head"]["status_label"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("step_cap_hit", "step_cap_hit"),
        ("incomplete", "incomplete"),
        ("errored", "errored"),
        ("nothing_built", "nothing_built"),
    ],
)
def test_the_line_of_python_in_the_place_of_a_button_sends_the_same(name, key):
    button = next(one["button"] for one in view_of(name, "live")["notices"] if one["key"] == key)
    for form in ("current", "snapshot"):
        (notice,) = [one for one in view_of(name, form)["notices"] if one["key"] == key]
        assert notice["code"] == f'run.follow_up("{button["prompt"]}")'


# Boards


def test_the_snapshot_of_a_board_says_what_was_going_on():
    entries = [
        *many(1, "running", "completed"),
        BoardEntry(2, "", "x", brief="waiting"),
        entry_of(3, STATES["stopped"]()),
    ]
    labels = {form: [row["status_label"] for row in board_of(entries, form=form)["rows"]] for form in FORMS}
    assert labels["live"] == labels["current"] == ["Running", "Waiting", "Was running"]
    assert labels["snapshot"] == ["Was running", "Was waiting", "Was running"]


@pytest.mark.parametrize("form", ["current", "snapshot"])
def test_a_copy_of_a_board_has_no_buttons(form):
    error = too_few_credits().command_error
    copied, live = (
        board_of(many(2, "running"), error=error, can_resume=True, can_stop=True, form=each) for each in (form, "live")
    )
    assert live["head"]["buttons"]
    assert copied["head"]["buttons"] == []
    assert copied["head"]["notices"][0]["button"] is None
    assert copied["head"]["notices"][0]["code"] == "batch.resume()"


def test_nothing_is_claimed_of_a_run_that_the_server_does_not_find():
    view = board_of([entry_of(0, STATES["missing"]()), entry_of(1, STATES["running"]())])
    assert view["rows"][0]["note"] == "No such agent"
    assert view["rows"][0]["status_label"] == "Was running"
    assert view["head"]["gone"] != board_of(many(2, "running"))["head"]["gone"]


def test_the_snapshot_of_a_board_says_when_it_was_made():
    for form, as_of in (("snapshot", "Snapshot of 2026-07-21 09:18 UTC"), ("current", "as of 2026-07-21 09:18:30 UTC")):
        view = board_of(many(1, "running"), form=form)
        assert as_of in words(render_html(view, now=NOW))
        assert as_of in render_text(view, now=NOW)
        assert "last update 2026-07-21 09:18 UTC" in words(render_html(view, now=NOW))
