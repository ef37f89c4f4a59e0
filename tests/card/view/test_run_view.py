"""What the view says beside each status, as far as `fixtures/views` has no state that shows it."""

from dataclasses import replace

import pytest

from origami_widgets.card.view import clock_drifted, make_view
from origami_widgets.card.view.questions import fill_button
from origami_widgets.run.follow_up import answer_prompt
from origami_widgets.run.state import FILL_BEGINS
from tests.fixtures.states import NOW, STATES, payload, running, settled_payload, state_of

SPENDS = "This starts another turn, which uses credits."


def notice(view, key):
    (found,) = [item for item in view["notices"] if item["key"] == key]
    return found


def test_the_full_prompt_is_shown_not_the_cut_one():
    run = payload("running_null")
    run["prompt"] = "short…"
    assert make_view(state_of(run), now=NOW)["head"]["prompt"] == run["request"]["prompt"]


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
