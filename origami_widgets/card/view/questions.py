"""The agent's questions with their form, and the next steps it proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.follow_up import follow_up_button
from origami_widgets.card.view.size_limits import ASK_SIZE, SUGGESTIONS_SIZE, clip, size_of, take

if TYPE_CHECKING:
    from origami_widgets.api import models
    from origami_widgets.card.view.contract import Ask, Question, Suggestion
    from origami_widgets.run.state import RunState

QUESTIONS_LIMIT = 12
_QUESTION_LIMIT = 400
_ANSWER_LIMIT = 120
_ANSWERS_LIMIT = 8
_SUGGESTIONS_LIMIT = 8
_FREEFORM = "Or something else"
_AS_PROMPT = frozenset({"", "find_more_leads"})


def make_ask(state: RunState) -> Ask | None:
    """The answer form of a run that ended with questions, whatever its status."""
    run = state.run
    if run is None or not state.done or not run.todo.pending_questions:
        return None
    questions = [_question(question) for question in run.todo.pending_questions[:QUESTIONS_LIMIT]]
    _fit(questions)
    return {
        "run_id": clip(state.run_id, 128),
        "questions": questions,
        "state": "sending" if state.sending == "answer" else "open",
        "send_label": _send_label(len(questions)),
        "cost_note": "Starts a follow-up run, which uses credits.",
    }


def _question(question: models.Question) -> Question:
    answers = (clip(answer, _ANSWER_LIMIT) for answer in question.suggested_answers[:_ANSWERS_LIMIT])
    return {
        "kind": clip(question.type, 24),
        "question": clip(question.question, _QUESTION_LIMIT) or "The agent asks for an answer.",
        "suggestions": list(dict.fromkeys(answer for answer in answers if answer)),
        "freeform": clip(question.freeform_option, 60) or _FREEFORM,
    }


def _fit(questions: list[Question]) -> None:
    """Every question keeps a place in the form, since they are answered together: long ones lose words."""
    share = ASK_SIZE // len(questions)
    for question in questions:
        room = share - 120
        question["question"] = clip(question["question"], _QUESTION_LIMIT, room * 2 // 3)
        question["suggestions"] = take(question["suggestions"], room - size_of(question["question"]))


def _send_label(count: int) -> str:
    if count == 1:
        return "Send answer"
    return "Send both answers" if count == 2 else f"Send all {words.count(count)} answers"  # noqa: PLR2004 - a pair


def make_suggestions(state: RunState) -> list[Suggestion]:
    """The next steps: a button where the label works as a prompt, words where only the app can do it."""
    run = state.run
    if run is None:
        return []
    asked = bool(run.todo.pending_questions)
    items: list[Suggestion] = []
    for proposed in run.todo.next_actions[:_SUGGESTIONS_LIMIT]:
        label, kind = clip(proposed.label, 160), clip(proposed.type, 24)
        if label and not (asked and kind == "input_required"):
            button = follow_up_button(state, label, label) if kind in _AS_PROMPT else None
            items.append({"label": label, "kind": kind, "button": button})
    return take(items, SUGGESTIONS_SIZE)
