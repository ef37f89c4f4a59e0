"""What an answer may change, and what it may not."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.errors import ServerError
from origami_widgets.api.models import RunObject, Table
from origami_widgets.run.reduce import reduce
from origami_widgets.run.state import (
    HISTORY_LIMIT,
    CancelRequested,
    CheckFailed,
    CommandFailed,
    Heard,
    Planned,
    RunRead,
    RunState,
    SendingChanged,
    TableRead,
)

FIXTURES = Path(__file__).parent.parent / "fixtures"


def fixture(name, **changes):
    return {**json.loads((FIXTURES / f"{name}.json").read_text()), **changes}


RUNNING, COMPLETED = fixture("running_partial"), fixture("completed_stats")


def begun():
    return RunState(agent_id=RUNNING["agentId"], run_id=RUNNING["id"])


def read(raw, at=100.0, **options):
    return RunRead(RunObject.from_raw(raw), at=at, **options)


def after(*events):
    state = begun()
    for event in events:
        state = reduce(state, event)
    return state


def test_before_the_first_answer_it_is_running_and_empty():
    state = begun()
    assert (state.status, state.done, state.settled, state.payload()) == ("running", False, False, {})


def test_a_completed_run_is_done_and_settles_with_its_cells():
    state = after(read(RUNNING, keep_polling=True), read(COMPLETED))
    assert (state.status, state.done, state.settled) == ("completed", True, False)
    assert (state.cells_running, state.cells_errored, state.lead_count, state.credits_used) == (2, 1, 15, 57)
    table = copy.deepcopy(COMPLETED["response"]["tables"][0])
    table["cells"]["running"] = 0
    table["updatedAt"] = "2026-07-21T09:18:40Z"
    assert reduce(state, TableRead(Table.from_raw(table), at=101)).settled


def test_an_answer_about_another_run_changes_nothing():
    state = after(read(RUNNING))
    assert reduce(state, read(fixture("needs_input"))) is state


@pytest.mark.parametrize("name", ["completed", "cancelled", "errored", "timed_out", "needs_input"])
def test_a_terminal_status_is_final(name):
    state = after(read({**COMPLETED, "status": name}), read(RUNNING, keep_polling=True))
    assert (state.status, state.done) == (name, True)


def test_an_unknown_status_ends_when_the_server_stops_asking_to_come_back():
    odd = {**RUNNING, "status": "pondering"}
    assert not after(read(odd, keep_polling=True)).done
    state = after(read(odd))
    assert (state.done, state.status) == (True, "pondering")


def test_fewer_steps_come_from_a_server_that_is_behind():
    behind = {**RUNNING, "steps": {"completed": 2, "max": 50}}
    state = after(read(RUNNING, keep_polling=True), read(behind, at=200, keep_polling=True))
    assert state.run.steps.completed == 9
    assert state.connection.heard_at == 200


def test_a_null_response_does_not_wipe_what_was_told():
    silent = {**RUNNING, "steps": {"completed": 12, "max": 50}, "response": None}
    state = after(read(RUNNING, keep_polling=True), read(silent, keep_polling=True))
    assert len(state.actions) == 3
    assert [action["type"] for action in state.payload()["response"]["actions"]] == [
        "table_created",
        "column_added",
        "leads_added",
    ]


def test_actions_at_the_top_level_are_read():
    moved = {**RUNNING, "actions": RUNNING["response"]["actions"], "response": None}
    assert len(after(read(moved, keep_polling=True)).actions) == 3


def test_a_run_read_again_does_not_bring_back_older_tables():
    state = after(read(COMPLETED))
    newer = copy.deepcopy(COMPLETED["response"]["tables"][0])
    newer["cells"], newer["updatedAt"] = {"running": 0, "errored": 1}, "2026-07-21T09:19:00Z"
    state = reduce(state, TableRead(Table.from_raw(newer), at=101))
    state = reduce(state, read(COMPLETED, at=102))
    assert state.cells_running == 0
    assert state.payload()["response"]["tables"][0]["cells"]["running"] == 0


def test_a_transcript_once_read_stays():
    plain = copy.deepcopy(COMPLETED)
    plain["response"]["transcript"] = None
    state = after(read(COMPLETED), read(plain))
    assert len(state.transcript) == 2
    assert len(state.payload()["response"]["transcript"]) == 2


def test_the_payload_is_the_answer_itself_when_nothing_newer_is_known():
    assert after(read(COMPLETED)).payload() == COMPLETED
    assert after(read(fixture("running_null"), keep_polling=True)).payload() == fixture("running_null")


def test_a_failed_check_is_told_and_forgotten_with_the_next_answer():
    error = ServerError("No", status_code=503)
    state = after(read(RUNNING, keep_polling=True), CheckFailed(error, at=110), CheckFailed(error, at=120))
    assert (state.connection.state, state.connection.failures, state.connection.error) == ("reconnecting", 2, error)
    assert state.connection.heard_at == 100
    state = reduce(state, Heard(130))
    assert (state.connection.state, state.connection.failures, state.connection.error) == ("live", 0, None)


def test_a_plan_without_a_next_check_ends_or_stops():
    assert reduce(begun(), Planned(None, None)).connection.state == "ended"
    stopped = reduce(begun(), Planned(None, None, stopped=True))
    assert stopped.connection.state == "stopped"
    assert reduce(stopped, Planned(200.0, 15.0)).connection.state == "live"


def test_cancel_is_a_wish_until_the_server_says_so():
    state = after(read(RUNNING, keep_polling=True), CancelRequested())
    assert (state.cancel, state.status) == ("requested", "running")
    assert reduce(state, read({**COMPLETED, "status": "cancelled"})).cancel == "none"
    failed = reduce(state, CommandFailed(ServerError("No"), cancel=True))
    assert failed.cancel == "none"
    assert failed.command_error is not None
    assert after(read(COMPLETED), CancelRequested()).cancel == "none"


def test_a_new_attempt_clears_the_last_failure():
    state = after(SendingChanged("answer"), SendingChanged(""), CommandFailed(ServerError("No")))
    assert reduce(state, SendingChanged("answer")).command_error is None


def test_history_has_one_record_per_change_and_a_bound():
    state = after(read(RUNNING, keep_polling=True), read(RUNNING, at=115, keep_polling=True), read(COMPLETED, at=130))
    assert [(point.time, point.status, point.lead_count) for point in state.history] == [
        (100, "running", None),
        (130, "completed", 15),
    ]
    # What no table has told is not known: it is not 0.
    assert [(point.cells_running, point.cells_errored, point.credits_used) for point in state.history] == [
        (None, None, None),
        (2, 1, 57),
    ]


def test_history_keeps_the_credits_of_each_table_as_one_object_for_as_long_as_they_stay():
    later = copy.deepcopy(COMPLETED)
    later["response"]["tables"][0]["cells"]["running"] = 0
    silent = {**RUNNING, "response": None}
    state = after(read(silent, keep_polling=True), read(COMPLETED, at=101.0), read(later, at=102.0))
    first, second, third = (point.credits_of_tables for point in state.history)
    assert first is None
    assert second == ((COMPLETED["response"]["tables"][0]["id"], 57),)
    assert third is second


def test_of_very_many_tables_history_keeps_the_sum_only():
    many = copy.deepcopy(COMPLETED)
    (table,) = many["response"]["tables"]
    many["response"]["tables"] = [{**table, "id": f"t-{number}"} for number in range(51)]
    (point,) = after(read(many)).history
    assert (point.credits_used, point.credits_of_tables) == (51 * 57, None)


def test_a_long_history_keeps_its_beginning_and_its_newest_half():
    state = begun()
    for steps in range(3 * HISTORY_LIMIT):
        state = reduce(state, read({**RUNNING, "steps": {"completed": steps, "max": 9_999}}, keep_polling=True))
        assert len(state.history) <= HISTORY_LIMIT
    told = [point.steps_completed for point in state.history]
    newest = 3 * HISTORY_LIMIT - 1
    assert (told[0], told[-1], told[-500]) == (0, newest, newest - 499)
    assert told == sorted(set(told))


answers = st.builds(
    lambda status, steps, response: {
        **RUNNING,
        "status": status,
        "steps": {"completed": steps, "max": 50},
        "response": response,
    },
    st.sampled_from(["running", "completed", "cancelled", "pondering", "needs_input"]),
    st.integers(0, 60),
    st.sampled_from([None, {}, RUNNING["response"], COMPLETED["response"]]),
)


@given(st.lists(st.tuples(answers, st.booleans()), max_size=12))
def test_in_any_order_of_answers_nothing_known_is_lost_and_the_end_is_final(told):
    state, ended = begun(), None
    for at, (raw, keep_polling) in enumerate(told):
        before = state
        state = reduce(state, read(raw, at=float(at), keep_polling=keep_polling))
        assert len(state.actions) >= (0 if state.done else len(before.actions))
        assert len(state.tables) >= len(before.tables) or not before.done
        if ended is None and state.done:
            ended = state.status
        assert ended is None or state.done
