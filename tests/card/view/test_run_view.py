"""What the view says beside each status, as far as `fixtures/views` has no state that shows it."""

import json
from dataclasses import replace

import pytest

from origami_widgets.api.errors import AuthenticationError, UnexpectedAnswer
from origami_widgets.card.view import clock_drifted, make_view
from origami_widgets.card.view.questions import fill_button
from origami_widgets.run.follow_up import answer_prompt
from origami_widgets.run.state import FILL_BEGINS, Connection, RunState
from tests.fixtures.states import NOW, STATES, ended, payload, running, settled_payload, state_of

SPENDS = "This starts another turn, which uses credits."


def view_of(name):
    return make_view(STATES[name](), now=NOW)


def notice(view, key):
    (found,) = [item for item in view["notices"] if item["key"] == key]
    return found


def test_the_full_prompt_is_shown_not_the_cut_one():
    run = payload("running_null")
    run["prompt"] = "short…"
    assert make_view(state_of(run), now=NOW)["head"]["prompt"] == run["request"]["prompt"]


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


class TestQuestions:
    @pytest.mark.parametrize(("count", "label"), [(1, "Send answer"), (2, "Send answers"), (3, "Send answers")])
    def test_the_button(self, count, label):
        run = payload("needs_input")
        run["todo"]["pendingQuestions"] = [{"question": f"q{i}"} for i in range(count)]
        assert make_view(state_of(run), now=NOW)["ask"]["send"]["label"] == label

    def test_none_while_the_agent_is_busy(self):
        run = payload("running_null")
        run["todo"]["pendingQuestions"] = ["Which one?"]
        view = make_view(state_of(run), now=NOW)
        assert view["ask"] is None
        assert "when the run has ended" in notice(view, "questions")["text"]

    def test_needs_input_without_questions_shows_the_line_that_replies(self):
        run = payload("needs_input")
        run["todo"]["pendingQuestions"] = []
        view = make_view(state_of(run), now=NOW)
        assert view["ask"] is None
        assert notice(view, "needs_input")["code"] == 'run.follow_up("…")'

    def test_more_than_fit_are_counted(self):
        run = payload("needs_input")
        run["todo"]["pendingQuestions"] = [{"question": f"q{i} {'long ' * 200}"} for i in range(40)]
        view = make_view(state_of(run), now=NOW)
        assert len(view["ask"]["questions"]) == 8
        assert "See all of them with run.questions." in notice(view, "questions")["text"]


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


def test_small_differences_of_clocks_do_not_change_the_head():
    heads = [make_view(replace(running(), clock_offset=offset), now=NOW)["head"] for offset in (-1.2, 0.0, 0.9)]
    assert heads[0] == heads[1] == heads[2]


def test_a_clock_that_is_hours_off_does_not_change_how_long_it_took():
    view = make_view(replace(running(), clock_offset=7_200.0), now=NOW - 7_200)
    assert view["clock"]["now"] - view["head"]["started_at"] == round(NOW * 1000) - 1784625242000


def test_earlier_runs_take_one_line():
    view = make_view(STATES["filling"](), earlier=[STATES["needs_input"]()] * 12, now=NOW)
    assert view["earlier"]["title"] == "13 briefs"
    assert len(view["earlier"]["runs"]) == 8
    assert view["earlier"]["runs"][0] == {
        "prompt": "Find wholesale partners for us.",
        "status_label": "Asked 2 questions",
        "tone": "neutral",
        "outcome": "Two questions before I start.",
    }


def test_a_fill_is_a_turn_and_no_brief():
    run = settled_payload()
    run["prompt"] = run["request"]["prompt"] = f"{FILL_BEGINS} Run only these columns."
    assert make_view(state_of(run), earlier=[STATES["filling"]()], now=NOW)["earlier"]["title"] == "2 turns"


def test_a_run_that_answers_twice_in_a_row_keeps_its_first_brief():
    def answer(asked, *answers):
        run = payload("needs_input")
        run["prompt"] = run["request"]["prompt"] = answer_prompt(asked.run.todo.pending_questions, answers)
        return state_of(run)

    first = STATES["needs_input"]()
    second = answer(first, "Iberia", "Confirm")
    third = answer(second, "France", "Change it")
    head = make_view(third, earlier=[first, second], now=NOW)["head"]
    assert (head["prompt"], head["reply"]) == ("Find wholesale partners for us.", "Answered: France · Change it")


def test_only_suggestions_whose_label_works_as_a_prompt_are_shown():
    run = settled_payload()
    run["todo"]["nextActions"] += [{"label": "Send them", "type": "send_messages"}, {"label": "New", "type": "x"}, {}]
    suggestions = make_view(state_of(run), now=NOW)["suggestions"]
    assert [(item["label"], bool(item["button"])) for item in suggestions] == [
        ("Find more bakeries like these", True),
        ("Add opening hours", True),
    ]
    assert suggestions[0]["button"] == {
        "command": "follow_up",
        "label": "Find more bakeries like these",
        "prompt": "Find more bakeries like these",
        "confirm": f"Find more bakeries like these? {SPENDS} So far, it has used 57 credits.",
        "yes": "Yes, start it",
    }


def test_a_suggestion_that_was_taken_is_not_offered_again():
    run = settled_payload()
    taken = state_of(run | {"id": "r2", "prompt": "Add opening hours", "request": {"prompt": "Add opening hours"}})
    labels = [each["label"] for each in make_view(taken, earlier=[state_of(run)], now=NOW)["suggestions"]]
    assert labels == ["Find more bakeries like these"]


def clock_at(next_at, *, interval=15, connection="live"):
    return {"next_at": next_at, "interval": interval, "connection": connection}


@pytest.mark.parametrize(
    ("later", "drifted"),
    [(0, False), (15_000, False), (45_000, False), (3_700, False), (11_300, False), (3_800, True), (11_200, True)],
)
def test_a_reader_is_wrong_by_a_quarter_of_an_interval(later, drifted):
    assert clock_drifted(clock_at(10_000), clock_at(10_000 + later)) == drifted


def test_a_reader_is_wrong_without_a_next_check():
    assert not clock_drifted(clock_at(None), clock_at(None))
    assert clock_drifted(clock_at(10_000), clock_at(None))
    assert clock_drifted(clock_at(None), clock_at(10_000))
    assert clock_drifted(clock_at(10_000), clock_at(10_000, interval=5))
    assert clock_drifted(clock_at(10_000), clock_at(10_000, connection="reconnecting"))
    # Of short intervals a check may differ by more than a quarter.
    assert [clock_drifted(clock_at(0, interval=6), clock_at(later, interval=6)) for later in (2_400, 2_600)] == [
        False,
        True,
    ]


def test_cells_that_failed_in_several_tables_are_tried_again_together():
    state = STATES["to_try_again"]()
    assert fill_button(state)["label"] == "Try 2 again", "3 have failed"
    all_of_them = replace(state, offer=replace(state.offer, cells=3))
    assert fill_button(all_of_them)["label"] == "Try these 3 again"
    at_limit = replace(STATES["over_credit_limit"](), offer=replace(state.offer, raised=700, is_failed=False))
    (button,) = [each["button"] for each in make_view(at_limit, now=NOW)["notices"] if each["key"] == "credit_limit"]
    assert button["label"] == "Raise it and fill 2 cells"
    assert make_view(replace(state, tables=state.tables * 2), now=NOW)["tables"]["failed"] == "6 cells failed"
