"""Answers that are whole and strange: words of a later version, values of another kind, contradictions."""

from __future__ import annotations

import pytest

from tests.faults.journey import completed, going_on, running
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


@pytest.mark.sweep
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
