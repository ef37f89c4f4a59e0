"""Scripts of runs that answer in words, ask back, or claim what they did not do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from origami_widgets.sandbox.run_life import Happening
from origami_widgets.sandbox.scripts.ending import finish
from origami_widgets.sandbox.scripts.stage import Stage

if TYPE_CHECKING:
    from origami_widgets.sandbox.scripts.stage import Brief, Story

_MARKS = re.compile(r"^(?:[\s\-\u2013\u2014:>*\"\u201c]|a(?:nswer)?:)+|[\s.\"\u201d*]+$", re.IGNORECASE)

FREEFORM = "Or something else"
REGION = "Which region should I search first?"
LOOKUPS = "May I look up e-mail addresses, which costs credits?"
QUESTIONS = (
    {
        "type": "single-choice",
        "question": REGION,
        "suggestedAnswers": ["Iberia", "France", "Benelux"],
        "freeformOption": FREEFORM,
    },
    {"type": "confirm", "question": LOOKUPS, "suggestedAnswers": ["Confirm"], "freeformOption": FREEFORM},
)


def empty(brief: Brief) -> Story:
    """A clean end whose text claims a table that does not exist."""
    title = brief.subject.title
    text = f"Done! I created the table **{title}** with {brief.subject.wanted} leads and started to enrich them."
    return finish(Stage(brief), lasts=48, steps=9, text=text)


def answer(brief: Brief) -> Story:
    """An answer in words; nothing is changed, and nothing should be."""
    text = (
        "Origami builds tables of leads from a brief. A run finds candidates, removes duplicates and misfits, "
        "then fills columns.\n\nTell me *who* you look for and *where*, and I will start."
    )
    return finish(Stage(brief), lasts=12, steps=2, text=text)


def needs_input(brief: Brief) -> Story:
    """A clean end that asks two questions."""
    stage = Stage(brief)
    call = f"call_{stage.rng.getrandbits(40):010x}"
    asked = Happening(
        stage.at(30),
        {
            "role": "assistant",
            "content": "Two things to settle before I start.",
            "toolCalls": [{"id": call, "name": "ask-questions", "input": {"questions": list(QUESTIONS)}}],
        },
    )
    return finish(
        stage,
        lasts=31,
        steps=2,
        text="Two things to settle before I start.",
        status="needs_input",
        talk=[asked],
        questions=QUESTIONS,
        suggestions=({"label": "Answer the questions", "type": "input_required"},),
    )


def read_answers(prompt: str) -> tuple[str, ...]:
    r"""Read the answers to the questions out of the free text of a follow-up.

    >>> read_answers("Which region should I search first? Iberia.\nMay I look up e-mail addresses? Yes.")
    ('Iberia', 'Yes')
    """
    answers = [part for line in prompt.splitlines() if (part := _after_question(line))]
    return tuple(answers[: len(QUESTIONS)])


def _after_question(line: str) -> str:
    said = line.rsplit("?", 1)[-1]
    return _MARKS.sub("", said)[:60]
