"""What an answer may change, and what it may not."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.errors import ServerError
from origami_widgets.api.models.run import RunObject
from origami_widgets.api.models.table import Table
from origami_widgets.run.reduce import (
    Changed,
    CheckFailed,
    Heard,
    Planned,
    RunRead,
    TableGone,
    TablesListed,
    TablesRead,
    reduce,
    wants_table_list,
)
from origami_widgets.run.state import RunState, is_unjudged

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


@pytest.mark.parametrize(
    ("column", "is_so"),
    [
        ({"kind": "score", "qualification": {"pass": 0, "fail": 0, "unsure": 0}}, True),
        ({"kind": "enrichment", "qualification": {"pass": 0, "fail": 0, "unsure": 0, "total": 0}}, True),
        ({"kind": "score", "qualification": {"pass": 0, "fail": 1, "unsure": 0}}, False),
        ({"kind": "score", "qualification": {"pass": 0, "fail": None, "unsure": 0}}, False),
        ({"kind": "score"}, False),
        ({"kind": "enrichment"}, False),
    ],
)
def test_leads_are_unjudged_only_where_the_server_says_so(column, is_so):
    made = {"id": "c1", "name": "Fit", "slug": "fit", "cells": {}} | column
    raw = COMPLETED["response"]["tables"][0] | {"columns": [made]}
    assert is_unjudged(Table.from_raw(raw)) is is_so


def test_a_completed_run_is_done_and_settles_with_its_cells():
    state = after(read(RUNNING, keep_polling=True), read(COMPLETED))
    assert (state.status, state.done, state.settled) == ("completed", True, False)
    assert (state.cells_running, state.cells_errored, state.lead_count, state.credits_used) == (2, 1, 15, 57)
    table = copy.deepcopy(COMPLETED["response"]["tables"][0])
    table["cells"]["running"] = 0
    table["updatedAt"] = "2026-07-21T09:18:40Z"
    assert reduce(state, TablesRead((Table.from_raw(table),), at=101)).settled


def test_it_comes_from_where_its_answers_came_from():
    sandbox = read(RUNNING, origin="sandbox")
    assert [after(*each).origin for each in ([read(RUNNING)], [sandbox], [sandbox, read(RUNNING)])] == [
        *("", "sandbox", "sandbox"),
    ]


def test_an_answer_about_another_run_changes_nothing():
    state = after(read(RUNNING))
    assert reduce(state, read(fixture("needs_input"))) is state


def test_an_id_that_was_typed_in_capitals_is_that_of_the_same_run():
    typed = RunState(agent_id=RUNNING["agentId"], run_id=RUNNING["id"].upper())
    assert reduce(typed, read(COMPLETED)).status == "completed"


@pytest.mark.parametrize(
    "name", ["completed", "needs_input", "step_cap_hit", "incomplete", "cancelled", "errored", "timed_out"]
)
def test_a_terminal_status_is_final(name):
    state = after(read({**COMPLETED, "status": name}, keep_polling=True), read(RUNNING, keep_polling=True))
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


def test_a_null_response_does_not_wipe_what_is_known():
    silent = {**RUNNING, "steps": {"completed": 12, "max": 50}, "response": None}
    state = after(read(RUNNING, keep_polling=True), read(silent, keep_polling=True))
    assert len(state.actions) == 3
    assert [action["type"] for action in state.payload()["response"]["actions"]] == [
        "table_created",
        "column_added",
        "leads_added",
    ]


def test_only_the_last_answer_takes_actions_back():
    none = {**COMPLETED["response"], "actions": []}
    known = after(read(RUNNING, keep_polling=True))
    assert len(reduce(known, read({**RUNNING, "response": none}, keep_polling=True)).actions) == 3
    assert reduce(known, read({**COMPLETED, "response": none})).actions == ()


def test_a_run_read_again_does_not_bring_back_older_tables():
    state = after(read(COMPLETED))
    newer = copy.deepcopy(COMPLETED["response"]["tables"][0])
    newer["cells"], newer["updatedAt"] = {"running": 0, "errored": 1}, "2026-07-21T09:19:00Z"
    state = reduce(state, TablesRead((Table.from_raw(newer),), at=101))
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


def test_the_error_of_a_failed_check_stays_until_the_next_answer():
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


def test_a_cancel_is_requested_until_the_run_has_ended():
    requested = Changed(cancel="requested", cancel_error=None)
    state = after(read(RUNNING, keep_polling=True), requested)
    assert (state.cancel, state.status) == ("requested", "running")
    assert reduce(state, read({**COMPLETED, "status": "cancelled"})).cancel == "none"
    ended = after(read(COMPLETED), requested, Changed(cancel_error=ServerError("No")))
    assert (ended.cancel, ended.cancel_error) == ("none", None)


def test_history_has_one_record_per_change_and_a_bound():
    state = after(read(RUNNING, keep_polling=True), read(RUNNING, at=115, keep_polling=True), read(COMPLETED, at=130))
    assert [(point.time, point.status, point.lead_count) for point in state.history] == [
        (100, "running", None),
        (130, "completed", 15),
    ]
    # A number that no table has is not known: it is not 0.
    assert [(point.cells_running, point.cells_errored, point.credits_used) for point in state.history] == [
        (None, None, None),
        (2, 1, 57),
    ]


def test_history_shares_the_credits_of_a_table_while_they_stay():
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
    longest = 0
    for steps in range(6_000):
        state = reduce(state, read({**RUNNING, "steps": {"completed": steps, "max": 9_999}}, keep_polling=True))
        longest = max(longest, len(state.history))
    # As the docstring of `history_frame` says.
    assert longest == 2_000
    steps = [point.steps_completed for point in state.history]
    assert (steps[0], steps[-1], steps[-500]) == (0, 5_999, 5_500)
    assert steps == sorted(set(steps))


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
def test_in_any_order_nothing_known_is_lost_and_the_end_is_final(reported):
    state, ended = begun(), None
    for at, (raw, keep_polling) in enumerate(reported):
        before = state
        state = reduce(state, read(raw, at=float(at), keep_polling=keep_polling))
        assert len(state.actions) >= (0 if state.done else len(before.actions))
        assert len(state.tables) >= len(before.tables) or not before.done
        if ended is None and state.done:
            ended = state.status
        assert ended is None or state.done


TABLE = COMPLETED["response"]["tables"][0]
SILENT = {**RUNNING, "response": None}
BEFORE, START, DURING, LATER, END, AFTER = (
    f"2026-07-21T09:{moment}Z" for moment in ("00:00", "14:02", "15:00", "16:00", "17:45", "30:00")
)


def table(table_id, *, created=START, updated=DURING, leads=3, **more):
    return {**TABLE, "id": table_id, "createdAt": created, "updatedAt": updated, "leadCount": leads, **more}


def listed(*tables, at=101.0):
    return TablesListed(tuple(map(Table.from_raw, tables)), at=at)


def ids(state):
    return [each.id for each in state.tables]


def ended(status="completed", **response):
    return read({**COMPLETED, "status": status, "response": {"text": None, "actions": [], "tables": [], **response}})


def test_a_running_run_without_tables_of_its_own_has_those_of_the_list():
    state = after(read(SILENT, keep_polling=True), listed(table("t-1", created=DURING, leads=7)))
    assert (ids(state), state.lead_count, state.credits_used, state.cells_running) == (["t-1"], 7, 57, 2)
    assert state.payload()["response"]["tables"][0]["id"] == "t-1"
    assert state.payload()["status"] == "running"
    assert [point.lead_count for point in state.history] == [None, 7]


@pytest.mark.parametrize(
    ("changes", "belongs"),
    [
        ({"created": DURING}, True),
        ({"created": START, "updated": START}, True),
        # The cells of an earlier run go on filling, which moves the moment of its tables' last change.
        ({"created": BEFORE, "updated": DURING}, False),
        ({"created": BEFORE, "updated": BEFORE}, False),
        ({"created": None, "updated": None}, False),
        ({"created": "soon", "updated": 7}, False),
    ],
)
def test_only_tables_that_the_server_ties_to_the_run_are_its(changes, belongs):
    state = after(read(SILENT, keep_polling=True), listed(table("t-1", **changes)))
    assert ids(state) == (["t-1"] if belongs else [])


def test_tables_named_by_the_request_or_a_change_belong_to_the_run():
    request = {**RUNNING["request"], "focusTableIds": ["T-FOCUS", "T-FOCUS"]}
    actions = [{"type": "column_added", "tableId": "t-changed"}]
    old = {"created": BEFORE, "updated": BEFORE}
    state = after(
        read({**SILENT, "request": request, "response": {"actions": actions}}, keep_polling=True),
        listed(table("t-other", **old), table("t-changed", **old), table("t-focus", **old)),
    )
    assert ids(state) == ["t-changed", "t-focus"]


def test_without_a_start_no_table_is_tied_by_its_moments():
    state = after(read({**SILENT, "startedAt": None}, keep_polling=True), listed(table("t-1", created=DURING)))
    assert ids(state) == []


def test_a_list_brings_no_old_table_back_and_a_late_one_deletes_none():
    state = after(
        read(SILENT, keep_polling=True),
        listed(table("t-1", updated=LATER, leads=9), table("t-2", created=DURING, updated=LATER)),
        listed(table("t-1", updated=DURING, leads=5)),
    )
    assert (ids(state), state.tables[0].lead_count) == (["t-1", "t-2"], 9)
    # The same moment, or a later one, is news; and a table that such a list does not name is gone.
    state = reduce(state, listed(table("t-1", updated=LATER, leads=11)))
    assert (ids(state), state.lead_count) == (["t-1"], 11)


@pytest.mark.parametrize("gone", [listed(table("t-1", updated=LATER)), TableGone("t-2", at=102.0)], ids=["list", "404"])
def test_a_deleted_table_keeps_its_credits_and_counts_once_when_it_is_back(gone):
    both = (table("t-1", updated=LATER), table("t-2", created=DURING, updated=LATER))
    state = after(read(SILENT, keep_polling=True), listed(*both), gone)
    assert (ids(state), state.cells_running) == (["t-1"], 2)
    assert state.credits_used == 2 * TABLE["credits"]["lifetimeUsed"]
    state = reduce(state, listed(*both))
    assert (ids(state), state.deleted) == (["t-1", "t-2"], ())
    assert state.credits_used == 2 * TABLE["credits"]["lifetimeUsed"]


def test_new_tables_come_in_the_order_in_which_they_were_made():
    first = table("t-2", created=DURING)
    request = {**RUNNING["request"], "focusTableIds": ["t-4"]}
    state = after(read({**SILENT, "request": request}, keep_polling=True), listed(first))
    state = reduce(state, listed(table("t-4", created=None), table("t-3", created=LATER), table("t-1"), first))
    assert ids(state) == ["t-2", "t-1", "t-3", "t-4"]


def test_tables_that_an_answer_names_are_the_truth():
    known = after(read(SILENT, keep_polling=True), listed(table("t-1"), table("t-2")))
    assert ids(reduce(known, ended(tables=[table("t-2")]))) == ["t-2"]
    partial = {**RUNNING, "response": {**RUNNING["response"], "tables": [table("t-1", updated=BEFORE, leads=1)]}}
    state = reduce(known, read(partial, keep_polling=True))
    assert (ids(state), state.lead_count) == (["t-1"], 3)
    assert reduce(state, listed(table("t-1", updated=LATER, leads=99))) is state


def test_an_end_that_names_no_tables_keeps_those_that_the_list_has_shown():
    """Their cells go on filling, and cost credits, whatever the answer leaves out."""
    known = after(read(SILENT, keep_polling=True), listed(table("t-1")))
    for status in ("completed", "errored", "timed_out", "cancelled"):
        assert ids(reduce(known, read({**COMPLETED, "status": status, "response": None}))) == ["t-1"]
    for status in ("errored", "timed_out"):
        assert ids(reduce(known, ended(status))) == ["t-1"]
    for status in ("completed", "needs_input", "cancelled"):
        state = reduce(known, ended(status))
        assert ids(state) == ["t-1"]
        assert wants_table_list(state)
        assert ids(reduce(state, listed(table("t-2")))) == ["t-2"]
    # It changed something, so what it says of its tables is no whole answer.
    assert ids(reduce(known, ended(actions=[{"type": "table_created", "tableId": "t-1"}]))) == ["t-1"]
    assert ids(reduce(known, read({**COMPLETED, "response": {"text": "Done."}}))) == ["t-1"]


def test_after_the_end_a_list_updates_what_a_failed_run_has_kept():
    state = after(read(SILENT, keep_polling=True), listed(table("t-1")), ended("errored"))
    assert wants_table_list(state)
    state = reduce(
        state,
        listed(
            table("t-1", updated=AFTER, leads=8),
            table("t-later", created=AFTER, updated=AFTER),
            table("t-own", created=LATER, updated=AFTER),
            table("t-last", created=END, updated=AFTER),
        ),
    )
    assert (ids(state), state.lead_count) == (["t-1", "t-own", "t-last"], 8)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ((), False),
        ((read(SILENT, keep_polling=True),), True),
        ((read(RUNNING, keep_polling=True),), True),
        ((read({**RUNNING, "response": {"tables": [TABLE]}}, keep_polling=True),), False),
        ((read(COMPLETED),), False),
        ((ended("completed"),), False),
        ((ended("needs_input"),), False),
        ((ended("errored"),), False),
        ((ended("errored", actions=[{"type": "column_added", "tableId": "t-1"}]),), True),
        ((read({**COMPLETED, "response": None}),), False),
    ],
)
def test_the_list_is_wanted_while_it_can_say_more(events, wanted):
    assert wants_table_list(after(*events)) is wanted


moments = st.sampled_from([BEFORE, START, DURING, LATER, END, AFTER, None])
tables_of_agent = st.lists(
    st.builds(
        lambda name, created, updated, leads: table(name, created=created, updated=updated, leads=leads),
        st.sampled_from(["t-1", "t-2", "t-3", "T-1", ""]),
        moments,
        moments,
        st.one_of(st.none(), st.integers(0, 99)),
    ),
    max_size=4,
    unique_by=lambda each: each["id"],
)
responses = st.one_of(
    st.none(),
    st.just({}),
    st.builds(lambda tables: {"actions": [], "tables": tables}, tables_of_agent),
    st.builds(lambda name: {"actions": [{"type": "column_added", "tableId": name}]}, st.sampled_from(["t-2", "t-3"])),
)
events = st.one_of(
    st.builds(
        lambda status, response, ids: read(
            {**RUNNING, "status": status, "response": response, "request": {"focusTableIds": ids}},
            keep_polling=status == "running",
        ),
        st.sampled_from(["running", "running", "completed", "errored", "timed_out"]),
        responses,
        st.lists(st.sampled_from(["t-1", "T-3"]), max_size=2),
    ),
    st.builds(lambda tables: listed(*tables), tables_of_agent),
)


@given(st.lists(events, max_size=14))
def test_in_any_order_numbers_are_the_servers_and_no_table_goes_back(reported):
    state = begun()
    said = set()
    for event in reported:
        before = state
        state = reduce(state, event)
        raws = event.tables if isinstance(event, TablesListed) else event.run.response and event.run.response.tables
        said |= {(each.id, each.lead_count, each.updated_at) for each in raws or ()}
        assert {(each.id, each.lead_count, each.updated_at) for each in state.tables} <= said
        known = {each.id: each for each in before.tables}
        for each in state.tables:
            earlier = known.get(each.id)
            if earlier is not None and earlier.updated_at is not None and each.updated_at is not None:
                assert each.updated_at >= earlier.updated_at
        if isinstance(event, TablesListed):
            # Of the list only what was created during the run, what the run names, and what was known before.
            named = {name.lower() for name in state.run.request.focus_table_ids} if state.run is not None else set()
            named |= {(action.table_id or "").lower() for action in state.actions}
            assert all(
                each.id in known
                or each.id.lower() in named
                or (each.created_at is not None and each.created_at >= state.run.started_at)
                for each in state.tables
            )
            assert len({each.id for each in state.tables}) == len(state.tables) or state.tables == before.tables
            assert bool(state.tables) >= bool(before.tables)
            assert (state.status, state.done, state.run) == (before.status, before.done, before.run)
            assert reduce(state, event) is state
