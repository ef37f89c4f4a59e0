"""Rows of a board, from what is known of a run or brief, cut so that a hundred of them fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from origami_widgets.api.errors import AmbiguousStart, OrigamiError
from origami_widgets.api.models.run import RunObject
from origami_widgets.card.view import make_view
from origami_widgets.card.view.board_view import (
    ROW_BUTTONS,
    BoardEntry,
    make_check_times,
    make_row,
)
from origami_widgets.card.view.notices import CONTINUE, TRY_AGAIN
from origami_widgets.run.state import Queue, RunState
from tests.card.boards import entry_of, stopped
from tests.card.live import stop_of
from tests.fixtures.states import NOW, STATES, answers_sent, needs_input, payload, running, state_of

OF_THE_CARD = ("prompt", "status_label", "tone", "token", "done", "settled")
"""What is the same in the head of the card; the texts are cut."""


@pytest.mark.parametrize("name", STATES)
def test_a_row_says_what_the_card_says(name):
    state = STATES[name]()
    row, card = make_row(entry_of(0, state)), make_view(state, now=NOW)
    for key in OF_THE_CARD:
        reported, expected = row[key], card["head"][key]
        if key == "prompt":
            reported = reported.rstrip("…")
            expected = expected or state.run_id
            assert expected.startswith(reported) or state.run is None
        elif key == "status_label" and reported.startswith("Filling "):
            # What the card says beside its status, in the button that stops them.
            assert (expected, row["tone"], row["stage"]) in (
                ("Completed", "good", "filling"),
                ("Stopped", "neutral", "filling"),
            )
            label = stop_of(card["head"])[1]
            assert not label or label.startswith(f"Stop {reported.lower()} cell") or row["button"] == "stopping"
        else:
            assert reported == expected, key
    button = ROW_BUTTONS.get(row["button"])
    # The question on a card also says what was used so far.
    of_notices = [{**(notice["button"] or {}), "confirm": ""} for notice in card["notices"]]
    ways_on = [{**each, "confirm": ""} for each in (TRY_AGAIN, CONTINUE)]
    state_of_stop, label = stop_of(card["head"])
    assert (row["button"] == "answer") == (card["ask"] is not None and not card["ask"]["send"].get("requested", False))
    if row["button"] in ("try_again", "continue"):
        assert {**button, "confirm": ""} in of_notices
        assert state_of_stop == "none"
    elif row["button"] != "answer":
        assert row["button"] or state.status == "cancelled" or not [each for each in of_notices if each in ways_on]
        assert stop_of({"buttons": [button] if button else []})[0] == state_of_stop
        assert label.startswith(stop_of({"buttons": [button] if button else []})[1])


def test_where_cells_were_stopped_the_row_opens_the_card_that_fills_them():
    stopped, filled = STATES["stopped_cells"](), STATES["filled"]()
    rows = [make_row(entry_of(0, each)) for each in (stopped, filled, replace(stopped, sending="fill"))]
    assert [row["button"] for row in rows] == ["fill", "", ""]
    assert ROW_BUTTONS["fill"]["command"] == "open"


@pytest.mark.parametrize("name", STATES)
def test_a_row_has_the_moments_of_the_card(name):
    state = STATES[name]()
    clock = make_view(state, now=NOW)["clock"]
    moments = make_check_times(entry_of(0, state))
    assert moments._asdict() == {key: clock[key] for key in ("heard_at", "next_at", "interval", "connection")}


def test_of_a_run_that_was_not_read_nothing_is_made_up():
    row = make_row(entry_of(0, RunState(agent_id="a", run_id="r-1")))
    assert [row[key] for key in ("leads", "qualified", "credits", "price")] == [""] * 4
    assert [*row["keys"], row["started_at"], row["completed_at"]] == [None] * 6
    assert (row["done"], row["settled"], row["button"], row["stage"]) == (False, False, "", "running")
    assert row["prompt"] == "r-1"


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 10**18])
def test_a_number_that_cannot_be_is_not_shown(value):
    state = STATES["completed"]()
    (table,) = state.tables
    used = structs.replace(table.credits, lifetime_used=value)
    odd = structs.replace(table, lead_count=value, credits=used)
    row = make_row(entry_of(0, replace(state, tables=(odd,))))
    assert (row["leads"], row["credits"]) == ("", "")
    assert row["keys"][:3] == [None, 12, None]


def failed_and_filling():
    """A run that has failed while two of its cells fill."""
    return state_of(payload("completed_stats") | {"status": "errored"})


def test_nobody_knows_what_a_run_does_that_is_not_asked_about_any_more():
    row = make_row(entry_of(0, stopped(running())))
    assert (row["status_label"] != "Running", bool(row["note"])) == (True, True)
    assert (row["tone"], row["stage"], row["done"], row["button"]) == ("neutral", "needs_you", False, "")


def test_cells_that_fill_are_counted():
    live, later = (make_row(entry_of(0, STATES["filling"]()), form=form) for form in ("live", "snapshot"))
    assert (live["status_label"], live["note"]) == ("Filling 2", "")
    assert (later["status_label"], later["note"]) == ("Completed", "2 cells filling")
    failed = make_row(entry_of(0, failed_and_filling()))
    assert (failed["status_label"], failed["tone"], failed["button"]) == ("Failed, filling 2", "bad", "stop")
    assert "filling" not in failed["note"]
    # Nobody looks any more.
    lost = make_row(entry_of(0, stopped(STATES["filling"]())))
    assert lost["status_label"] == "Completed"
    assert "2 cells filling" in lost["note"]


@pytest.mark.parametrize(
    ("name", "button"),
    [("needs_input", "answer"), ("errored", "continue"), ("timed_out", "try_again"), ("completed", "")],
)
def test_a_row_offers_what_the_user_must_do_while_it_can_be_done(name, button):
    state = STATES[name]()
    assert make_row(entry_of(0, state))["button"] == button
    assert make_row(entry_of(0, state), form="snapshot")["button"] == ""
    assert make_row(entry_of(0, stopped(state)))["button"] == ""
    assert make_row(entry_of(0, replace(state, sending="follow_up")))["button"] == ""
    assert make_row(entry_of(0, state, unread=True))["button"] == ""


def test_a_run_from_a_list_can_be_stopped():
    assert make_row(entry_of(0, running(), unread=True))["button"] == "cancel"
    assert make_row(entry_of(0, STATES["filling"](), unread=True))["button"] == "stop"


def test_a_run_that_goes_on_from_questions_keeps_its_brief():
    row = make_row(entry_of(0, answers_sent(), earlier=(needs_input(),)))
    assert row["prompt"] == make_row(entry_of(0, needs_input()))["prompt"]


def test_what_only_a_list_says_is_not_settled():
    """Its tables are not known: cells of them may be running."""
    state = STATES["completed"]()
    assert make_row(entry_of(0, replace(state, tables=())))["settled"]
    row = make_row(entry_of(0, replace(state, tables=()), unread=True))
    assert (row["done"], row["settled"], row["stage"]) == (True, False, "ended")


def test_run_slots_that_nobody_counted_are_not_counted():
    row = make_row(BoardEntry(0, "", "x", brief="queued", queue=Queue(wait=1.0, limit=None)))
    counted = make_row(BoardEntry(0, "", "x", brief="queued", queue=Queue(wait=1.0, limit=3)))
    assert "3" in counted["note"]
    assert not any(character.isdigit() for character in row["note"])


def test_what_a_list_leaves_out_is_not_said_to_be_missing():
    for name in ("completed", "needs_input", "nothing_built"):
        state = STATES[name]()
        bare = {
            key: state.run.raw[key] for key in ("id", "agentId", "status", "prompt", "steps") if key in state.run.raw
        }
        listed = replace(state, run=RunObject.from_raw(bare), tables=(), actions=())
        assert make_row(BoardEntry(0, state=listed, unread=True))["note"] == ""


def test_a_start_whose_answer_was_lost_is_not_said_to_be_none():
    error = AmbiguousStart("A run may have started", cause="The server failed.", remedy="Look for it.")
    row = make_row(BoardEntry(0, prompt="Find bakeries", brief="failed", error=error))
    assert (row["status_label"], row["tone"], row["stage"]) == ("May have started", "attention", "needs_you")
    unrecorded = OrigamiError("The run was not written down", cause="The disk is full.", remedy="Make room.")
    assert make_row(BoardEntry(0, state=STATES["running"](), error=unrecorded))["note"] == unrecorded.title


def test_a_brief_that_is_being_started_has_no_run_yet():
    """`boards/batch.json` holds what is said of briefs that wait, that failed and that were stopped."""
    row = make_row(BoardEntry(4, "Porto", "Find bakeries", brief="starting"))
    assert (row["status_label"], row["stage"], row["done"], row["button"]) == ("Starting", "waiting", False, "")
