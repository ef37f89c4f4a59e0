"""What the notices say beside each status and failure, as far as `fixtures/views` has no state that shows it."""

import json
from dataclasses import replace

import pytest

from origami_widgets.api.errors import AuthenticationError, UnexpectedAnswer
from origami_widgets.card.view import make_view
from origami_widgets.run.state import Connection, RunState
from tests.fixtures.states import NOW, STATES, ended, payload, running, settled_payload, state_of

SPENDS = "This starts another turn, which uses credits."


def view_of(name):
    return make_view(STATES[name](), now=NOW)


def notice(view, key):
    (found,) = [item for item in view["notices"] if item["key"] == key]
    return found


def test_no_follow_up_while_one_is_on_its_way():
    state = replace(ended("incomplete"), sending="follow_up")
    view = make_view(state, now=NOW)
    assert notice(view, "incomplete")["button"] is None
    assert "Continue" not in notice(view, "incomplete")["text"]
    assert notice(view, "sending")["button"] is None


def offering(state, *labels):
    """The state, with what the agent suggests."""
    todo = {**state.run.raw["todo"], "nextActions": [{"label": label} for label in labels]}
    return replace(state, run=type(state.run).from_raw({**state.run.raw, "todo": todo}))


@pytest.mark.parametrize("status", ["step_cap_hit", "incomplete", "errored", "timed_out", "cancelled"])
@pytest.mark.parametrize("kept", [True, False])
def test_an_end_has_one_place_that_says_what_each_way_on_keeps_and_costs(status, kept):
    state = offering(ended(status, kept=kept), "Continue where you left off", "Try again", "Add news")
    view = make_view(state, now=NOW)
    (choice,) = [each for each in view["notices"] if each["button"]]
    assert [each["label"] for each in view["suggestions"]] == ["Add news"]
    label = choice["button"]["label"]
    assert choice["text"].count(f"{label}: the same agent ") == 1
    if label == "Continue":
        both = "keeps what it has and goes on. Start over: ow.start(…, fresh=True), a new agent that pays again."
        assert both in choice["text"]
    else:
        # There is nothing to start over from.
        assert (label, kept) == ("Try again", False)
        assert "Start over" not in choice["text"]
    assert (label == "Try again") == (not kept and status in ("incomplete", "errored", "timed_out"))


def test_above_its_credit_limit_a_run_is_continued_only_with_another_limit():
    for status in ("cancelled", "step_cap_hit"):
        state = replace(
            offering(ended(status), "Continue where you left off"),
            limit_error=STATES["over_credit_limit"]().limit_error,
        )
        view = make_view(state, now=NOW)
        assert [each["button"] for each in view["notices"]] == [None] * len(view["notices"])
        assert view["suggestions"] == []
        assert "higher credit_limit" in notice(view, "credit_limit")["text"]


def test_above_its_credit_limit_a_run_says_how_many_cells_still_fill():
    state = replace(state_of(payload("completed_stats")), limit_error=STATES["over_credit_limit"]().limit_error)
    assert state.cells_running == 2
    assert (
        notice(make_view(state, now=NOW), "credit_limit")["title"]
        == "Credit limit of 500 reached: 2 cells still filling"
    )


def test_what_was_kept_is_said_only_when_the_server_said_so():
    assert "is kept" in notice(view_of("cancelled"), "cancelled")["title"]
    assert "changed nothing" in notice(make_view(ended("cancelled", kept=False), now=NOW), "cancelled")["title"]
    run = settled_payload()
    run |= {"status": "cancelled", "response": None}
    # The pill alone says that it was cancelled.
    assert make_view(state_of(run), now=NOW)["notices"] == []


def test_another_turn_says_what_the_conversation_has_used_of_its_limit():
    view = make_view(replace(STATES["incomplete"](), credit_limit=500), now=NOW)
    question = notice(view, "incomplete")["button"]["confirm"]
    assert question == f"Continue? {SPENDS} So far, it has used 57 credits of your limit of 500."


def test_cancelled_offers_nothing_that_spends_unless_the_agent_does():
    assert notice(view_of("cancelled"), "cancelled")["button"] is None
    run = settled_payload() | {"status": "cancelled", "response": None}
    view = make_view(offering(state_of(run), "Continue where you left off"), now=NOW)
    assert notice(view, "cancelled")["title"] == "The agent can continue"
    assert notice(view, "cancelled")["button"]["confirm"] == f"Continue? {SPENDS}"


class TestNothingBuilt:
    def test_tables_that_were_there_before_are_not_called_unbuilt(self):
        run = settled_payload()
        run["response"] |= {"actions": [], "text": "I added a column."}
        reported = notice(make_view(state_of(run), now=NOW), "answered")
        assert "these tables were there before" in reported["text"]

    @pytest.mark.parametrize("response", [None, {"text": "I built a table."}, {"text": "x", "actions": None}])
    def test_no_list_of_changes_is_not_an_empty_one(self, response):
        run = settled_payload()
        run["response"] = response
        keys = [item["key"] for item in make_view(state_of(run), now=NOW)["notices"]]
        assert keys == ["no_result"]

    @pytest.mark.parametrize("response", [None, {}, {"actions": []}])
    def test_never_while_running(self, response):
        run = payload("running_null")
        run["response"] = response
        assert make_view(state_of(run), now=NOW)["notices"] == []


class TestConnection:
    def test_nothing_is_claimed_of_a_run_that_the_server_does_not_find(self):
        for view in (view_of("missing"), make_view(replace(STATES["missing"](), run=None), now=NOW)):
            reported = notice(view, "stopped")
            assert reported["title"] == "No such agent"
            assert "continues" not in json.dumps(view)

    def test_nothing_is_claimed_of_the_cells_of_a_run_that_is_not_found(self):
        error = STATES["missing"]().connection.error
        state = replace(STATES["filling"](), connection=Connection(state="stopped", heard_at=NOW, error=error))
        assert "fill in" not in notice(make_view(state, now=NOW), "stopped")["text"]

    def test_a_new_run_that_is_not_found_yet_is_not_said_to_go_on(self):
        error = STATES["missing"]().connection.error
        lost = Connection(state="reconnecting", next_at=NOW + 2, interval=2.0, failures=1, error=error)
        for state in (replace(running(), connection=lost), replace(STATES["starting"](), connection=lost)):
            view = make_view(state, now=NOW)
            assert notice(view, "reconnecting")["title"] == "Can't find the run. Retrying."
            assert "continues" not in json.dumps(view)

    def test_stopped_without_an_error(self):
        state = replace(running(), connection=Connection(state="stopped", heard_at=NOW))
        assert notice(make_view(state, now=NOW), "stopped")["button"]["command"] == "check_now"

    def test_stopped_before_the_first_answer(self):
        error = AuthenticationError("No", remedy="Do")
        state = RunState(agent_id="a", run_id="r", connection=Connection(state="stopped", error=error))
        assert make_view(state, now=NOW)["head"]["status_label"] == "No answer yet"

    def test_a_finished_run_is_not_said_to_go_on(self):
        error = UnexpectedAnswer("Odd", cause="c", remedy="r")
        for connection in ("reconnecting", "stopped"):
            state = replace(STATES["filling"](), connection=Connection(state=connection, error=error))
            reported = notice(make_view(state, now=NOW), connection)
            assert "continues" not in reported["text"]
            assert "cells may still fill in" in reported["text"]
