"""From answers to the prompt of a follow-up run: the agent reads it as natural language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import Question


def answer_prompt(questions: Sequence[Question], answers: Sequence[object]) -> str:
    """Each question with its answer, one per line.

    Args:
        questions: the run's pending questions.
        answers: as many answers, in the same order.

    Returns:
        The prompt of the follow-up run.

    Raises:
        InvalidInput: there is nothing to answer, or an answer is missing, left over, no text or empty; nothing was sent.

    >>> from origami_widgets.api.models import Question
    >>> answer_prompt([Question(question="Which region?")], ["Iberia"])
    'Which region? Iberia'
    """
    if not questions:
        raise InvalidInput(
            "There is nothing to answer",
            cause="The run has no pending question.",
            remedy="To go on with its agent, use run.follow_up('…').",
        )
    asked = "; ".join(f"{number}. {question.question}" for number, question in enumerate(questions, 1))
    if len(answers) != len(questions):
        raise InvalidInput(
            f"{len(questions)} answers are needed, {len(answers)} given",
            cause=f"The agent asks: {asked}",
            remedy="Give one answer per question, in this order: run.answer('…', '…'). Free text is always possible.",
        )
    words: list[str] = []
    for number, answer in enumerate(answers, 1):
        if not isinstance(answer, str):
            raise InvalidInput(
                f"Answer {number} is not text",
                cause=f"It is {shortened(answer)}, of type {type(answer).__name__}. The agent asks: {asked}",
                remedy="Answers are texts, which the agent reads: run.answer('Iberia', 'yes'). Put a number in quotes: '2'.",
            )
        if not answer.strip():
            raise InvalidInput(
                f"Answer {number} is empty",
                cause=f"The agent asks: {asked}",
                remedy="Write a few words, or one of the suggested answers.",
            )
        words.append(answer.strip())
    return "\n".join(f"{question.question} {answer}" for question, answer in zip(questions, words, strict=True))
