"""Questions of the agent with their form, the next steps it proposes, and buttons that start a follow-up run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.safe_text import clip, size_of, take

if TYPE_CHECKING:
    from origami_widgets.api import models
    from origami_widgets.card.view.contract import Ask, Button, QuestionView, SuggestionView
    from origami_widgets.run.state import RunState

ASK_SIZE = 5_500
SUGGESTIONS_SIZE = 2_400
QUESTIONS_LIMIT = 12
_QUESTION_LIMIT = 400
_ANSWER_LIMIT = 120
_ANSWERS_LIMIT = 8
_SUGGESTIONS_LIMIT = 8
_FREEFORM = "Or something else"
_AS_PROMPT = frozenset({"", "find_more_leads"})

FOLLOW_UP_COST = "This starts a follow-up run, which uses credits."


def make_ask(state: RunState) -> Ask | None:
    """Return the answer form of a run that ended with questions, whatever its status."""
    run = state.run
    if run is None or not state.done or not run.todo.pending_questions:
        return None
    questions = [_question(question) for question in run.todo.pending_questions[:QUESTIONS_LIMIT]]
    _shorten(questions)
    return {
        "run_id": clip(state.run_id, 128),
        "questions": questions,
        "state": "sending" if state.sending == "answer" else "open",
        "send_label": _send_label(len(questions)),
        "cost_note": "Starts a follow-up run, which uses credits.",
    }


def _question(question: models.Question) -> QuestionView:
    answers = (clip(answer, _ANSWER_LIMIT) for answer in question.suggested_answers[:_ANSWERS_LIMIT])
    return {
        "kind": clip(question.type, 24),
        "question": clip(question.question, _QUESTION_LIMIT) or "The agent asks for an answer.",
        "suggestions": list(dict.fromkeys(answer for answer in answers if answer)),
        "freeform": clip(question.freeform_option, 60) or _FREEFORM,
    }


def _shorten(questions: list[QuestionView]) -> None:
    """Shorten long questions, so that each keeps a place in the form: they are answered together."""
    share = ASK_SIZE // len(questions)
    for question in questions:
        bytes_left = share - 120
        question["question"] = clip(question["question"], _QUESTION_LIMIT, bytes_left * 2 // 3)
        question["suggestions"] = take(question["suggestions"], bytes_left - size_of(question["question"]))


def _send_label(count: int) -> str:
    if count == 1:
        return "Send answer"
    return "Send both answers" if count == 2 else f"Send all {words.count(count)} answers"  # noqa: PLR2004 - a pair


def make_suggestions(state: RunState) -> list[SuggestionView]:
    """Return the next steps: a button where the label works as a prompt, else the label alone."""
    run = state.run
    if run is None:
        return []
    asked = bool(run.todo.pending_questions)
    items: list[SuggestionView] = []
    for proposed in run.todo.next_actions[:_SUGGESTIONS_LIMIT]:
        label, kind = clip(proposed.label, 160), clip(proposed.type, 24)
        if label and not (asked and kind == "input_required"):
            button = follow_up_button(state, label, label) if kind in _AS_PROMPT else None
            items.append({"label": label, "kind": kind, "button": button})
    return take(items, SUGGESTIONS_SIZE)


def can_follow_up(state: RunState) -> bool:
    """Return whether a follow-up can be sent now: the agent is free, no start is pending, the server answers."""
    return state.run is not None and state.done and not state.sending and state.connection.state != "stopped"


def follow_up_button(state: RunState, label: str, prompt: str) -> Button | None:
    """Return a button that continues the conversation; None when that is not possible now."""
    if not can_follow_up(state):
        return None
    shown = clip(label, 160)
    # The question takes the button's place: it must say what it asks about.
    return {"command": "follow_up", "label": shown, "prompt": prompt, "confirm": f"{shown}? {FOLLOW_UP_COST}"}
