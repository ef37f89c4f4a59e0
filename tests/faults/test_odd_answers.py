"""Answers that are whole and strange: words of a later version, values of another kind, contradictions."""

from __future__ import annotations

import json

import pytest

from tests.faults.journey import RUNNING, completed, going_on, running
from tests.support.server import answer

LATER = {"type": "orbit_reached", "tableId": "t-1", "apogee": 7}
QUESTION = {"type": "hologram", "question": "Which side?", "options": None}
ODD = {
    "an unknown action": {"response": {"actions": [LATER], "tables": []}},
    "an unknown kind of question": {"todo": {"pendingQuestions": [QUESTION], "nextActions": []}},
    "an unknown kind of column": {
        "response": {"tables": [{"id": "t-1", "columns": [{"id": "c-1", "type": "smell", "slug": None}]}]}
    },
    "null where a value is required": {"steps": None, "request": None, "prompt": None, "todo": None, "startedAt": None},
    "a text for a number": {"steps": {"completed": "9", "max": "fifty"}, "response": {"tables": "none"}},
    "a number for a text": {"prompt": 7, "model": 2.5, "agentId": 9},
    "a list for an object": {"response": [], "todo": [], "request": []},
    "a whole number of 23 digits": {"steps": {"completed": 12345678901234567890123, "max": 50}},
    "a number that no float can hold": {"steps": {"completed": 9, "max": 50}, "credits": float("1e300")},
    "a field of a later version": {"mood": {"is": "good"}},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_the_run_is_usable_and_goes_on(journey, interface, odd):
    seen = journey().go(
        interface, going_on(3), answer({**running(9), **odd}, headers={"Retry-After": "15"}), completed()
    )
    assert seen.error is None
    assert seen.run.status == "completed"
    assert seen.pauses == [15, 15]
    assert {connection.failures for connection in seen.connections} == {0}
    if interface == "card":
        assert seen.notice("reconnecting") is None


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_the_end_itself_may_be_odd_and_raw_keeps_what_came(journey, interface, odd):
    seen = journey().go(interface, going_on(3), completed(**odd))
    assert seen.run.status == "completed"
    kept = {name: value for name, value in odd.items() if name != "response"}
    assert {name: seen.run.raw[name] for name in kept} == kept
    assert str(seen.run)
    assert seen.run.to_html()


def test_an_emoji_that_was_cut_in_the_middle_can_be_read_and_shown(journey, interface):
    cut = json.dumps(running(9)).replace(json.dumps(RUNNING["prompt"]), '"Bakeries \\ud83e"').encode()
    seen = journey().go(
        interface, going_on(3), answer(cut, headers={"Retry-After": "15"}), completed(prompt="x \ud83e")
    )
    assert seen.run.status == "completed"
    assert {connection.failures for connection in seen.connections} == {0}
    assert seen.run.raw["prompt"] == "x \ufffd"
    seen.run.to_html().encode()


def test_an_unknown_status_is_asked_about_while_the_server_says_so(journey, interface):
    odd = going_on(5, status="pondering")
    seen = journey().go(interface, going_on(3), odd, odd, completed())
    assert seen.run.status == "completed"
    assert seen.pauses == [15, 15, 15]
    if interface == "card":
        assert "pondering" in seen.notice("unknown_status")["title"]


def test_an_unknown_status_without_that_is_the_end(journey, interface):
    seen = journey().go(interface, going_on(3), answer(running(5, status="archived")), going_on(9))
    assert (seen.run.status, seen.run.done) == ("archived", True)
    assert len(seen.asked) == 2
    if interface == "card":
        assert "archived" in seen.notice("unknown_status")["title"]


def test_another_runs_answer_changes_nothing_but_the_connection(journey, interface):
    other = answer(running(40, id="v2_run-other", status="errored", model="not ours"))
    seen = journey().go(interface, going_on(3), other, going_on(9), completed())
    assert seen.run.status == "completed"
    assert [point.status for point in seen.run.history if point.status != "running"] == ["completed"]
    assert 40 not in [point.steps_completed for point in seen.run.history]


def test_an_end_is_final_and_steps_never_fall(journey, interface):
    seen = journey().go(interface, going_on(9), going_on(4), going_on(12), completed(), going_on(2))
    assert seen.run.status == "completed"
    steps = [point.steps_completed for point in seen.run.history[:-1]]
    assert steps == sorted(steps)
    assert {9, 12} <= set(steps)
    seen.run.refresh()
    assert (seen.run.status, seen.run.done) == ("completed", True)
