"""The agent's questions with their form, and its suggestions. Buttons that start another turn say so and ask once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from origami_widgets.card.view.run_head import QUESTIONS_LIMIT
from origami_widgets.run.credits import used_since_start
from origami_widgets.run.own_cells import fill_question
from origami_widgets.run.state import RunState, full_prompt
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip

if TYPE_CHECKING:
    from origami_widgets.api.models import run as models
    from origami_widgets.card.view.contract import Ask, Button, QuestionView, SuggestionView

FOLLOW_UP_LINE = 'run.follow_up("…")'
"""Shown instead of the buttons of suggestions if these cannot be sent."""
FOLLOW_UP_COST = "This starts another turn, which uses credits."
_QUESTION_LIMIT = 400
_ANSWER_LIMIT = 80
_ANSWERS_LIMIT = 6
_SUGGESTIONS_LIMIT = 4
_FREEFORM = "Something else"
_AS_PROMPT = frozenset({"", "find_more_leads"})
# The notice of such an end has the button that goes on from there, with its explanation. The agent's offer of the same
# is left out: two buttons for one choice could be paid for twice.
_RESUMABLE = frozenset({"step_cap_hit", "incomplete", "errored", "timed_out", "cancelled"})
_RESUMES = re.compile(r"(?:continue|resume|retry|try again)\b", re.IGNORECASE)


def make_ask(state: RunState) -> Ask | None:
    """Return the answer form of a run that ended with questions, whatever its status; else None."""
    run = state.run
    if run is None or not state.done or not run.todo.pending_questions:
        return None
    questions = [_question(question) for question in run.todo.pending_questions[:QUESTIONS_LIMIT]]
    return {
        "run_id": clip(state.run_id, 128),
        "questions": questions,
        "send": _send_button(len(questions), is_requested=state.sending == "answer"),
        "cost_note": "Starts another turn, which uses credits.",
    }


def _send_button(questions: int, *, is_requested: bool) -> Button:
    button: Button = {
        "command": "answer",
        "label": "Send answer" if questions == 1 else "Send answers",
        "sent": "Sending…",
    }
    # From the first click on, so that a second one sends nothing.
    return {**button, "requested": True} if is_requested else button


def _question(question: models.Question) -> QuestionView:
    answers = (clip(answer, _ANSWER_LIMIT) for answer in question.suggested_answers[:_ANSWERS_LIMIT])
    return {
        "question": clip(question.question, _QUESTION_LIMIT) or "The agent asks for an answer.",
        "suggestions": list(dict.fromkeys(answer for answer in answers if answer)),
        "freeform": clip(question.freeform_option, 60) or _FREEFORM,
    }


def can_follow_up(state: RunState) -> bool:
    """Return whether a follow-up can be sent now: the agent is free, nothing is being sent, and the server answers."""
    return state.run is not None and state.done and not state.sending and state.connection.state != "stopped"


def follow_up_button(label: str, prompt: str, state: RunState | None = None) -> Button:
    """Return the button that continues a conversation, which asks once. It is shown only while it `can_follow_up`.

    Args:
        label: the label of the button.
        prompt: the prompt that the button sends.
        state: the state of the conversation, for what it has cost so far; None on a board, whose rows share the button.
    """
    shown = clip(label, 160)
    # The question replaces the button, so it must say what it is about. The price of a turn is not known before it has run.
    used = "" if state is None else _used_so_far(state)
    question = " ".join(filter(None, (f"{shown}?", FOLLOW_UP_COST, used)))
    return {"command": "follow_up", "label": shown, "prompt": prompt, "confirm": question, "yes": "Yes, start it"}


def _used_so_far(state: RunState) -> str:
    used = used_since_start(state)[0]
    if not used:
        return ""
    limit = "" if state.credit_limit is None else f" of your limit of {words.amount(state.credit_limit)}"
    return f"So far, it has used {words.plural(used, 'credit')}{limit}."


def fill_button(state: RunState) -> Button | None:
    """Return the button that fills missing cells, which asks once and names its price; None without one."""
    offer = state.offer
    if offer is None or offer.at_most is None or not can_follow_up(state):
        return None
    cells = words.count(offer.cells)
    what = "the last cell" if offer.cells == 1 else f"the {cells} remaining cells"
    # Some columns run for some rows only: which of their failed cells are missing can't be told from the rows.
    is_part = offer.cells < sum(table.cells.errored or 0 for table in state.tables)
    failed = cells if is_part else "this cell" if offer.cells == 1 else f"these {cells}"
    label = f"Try {failed} again" if offer.is_failed else f"Fill {what}"
    if offer.raised is not None and state.limit_error is not None:
        # Beside the notice of the limit.
        label = f"Raise it and {'try' if offer.is_failed else 'fill'} {words.plural(offer.cells, 'cell')}{' again' * offer.is_failed}"
    price = "" if offer.credits is None else f" · about {words.plural(max(1, round(offer.credits)), 'credit')}"
    return {
        "command": "fill",
        "label": f"{label}{price}",
        "confirm": fill_question(offer, offer.at_most),
        "yes": "Yes, try again" if offer.is_failed else "Yes, fill them",
    }


def has_notice_of_cells(state: RunState) -> bool:
    """Return whether a notice tells of cells that were stopped or filled, and so has the offer to fill what is missing."""
    stopped = state.stopped is not None and bool(state.stopped.cells or state.stopped.lead_source_jobs)
    return stopped or state.filled is not None or state.limit_error is not None or state.status == "cancelled"


def answer_line(ask: Ask) -> str:
    """Return the line of Python that answers all questions of a form."""
    blanks = ", ".join('"…"' for _ in ask["questions"])
    return f"run.answer({blanks})"


def offers_to_resume(state: RunState) -> bool:
    """Return whether the agent offers to go on from where its run ended."""
    proposed = state.run.todo.next_actions if state.run else ()
    return any(_is_prompt(each) and _RESUMES.match(clip(each.label, 160)) for each in proposed)


def _is_prompt(proposed: models.Suggestion) -> bool:
    """Return whether a suggestion can be sent as a brief; others are for the app."""
    return clip(proposed.type, 24) in _AS_PROMPT


def make_suggestions(state: RunState, earlier: Sequence[RunState] = ()) -> list[SuggestionView]:
    """Return the agent's suggestions, except those that only the app can carry out, and those that were taken.

    Before them, the offer to fill cells, unless the notice of a stop or of a fill has it: it comes when the rows have been
    counted, and must not move the leads.

    Args:
        state: the state of the run.
        earlier: the states of earlier turns.
    """
    run = state.run
    if run is None:
        return []
    items: list[SuggestionView] = []
    fill = None if has_notice_of_cells(state) else fill_button(state)
    if fill is not None:
        items.append({"label": fill["label"], "button": fill})
    resumable = state.status in _RESUMABLE
    taken = {full_prompt(each) for each in (*earlier, state)}
    for proposed in run.todo.next_actions[:_SUGGESTIONS_LIMIT]:
        label = clip(proposed.label, 160)
        if label in taken or (resumable and _RESUMES.match(label)):
            continue
        if label and _is_prompt(proposed):
            items.append(
                {"label": label, "button": follow_up_button(label, label, state) if can_follow_up(state) else None}
            )
    return items
