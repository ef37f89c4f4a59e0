"""The scenarios by name, and which one a prompt asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from origami_widgets.sandbox.scripts import finished, large, reworked, spoken, unfinished
from origami_widgets.sandbox.subject import scenario_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.sandbox.run_life import ResponseForm
    from origami_widgets.sandbox.scripts.stage import Brief, Story

Refusal = Literal["no_credits", "budget_exceeded", "subscription_required", "account_blocked", "pool_full"]

SCRIPTS: dict[str, Callable[[Brief], Story]] = {
    "completed": finished.completed,
    "settled": finished.settled,
    "filling": finished.filling,
    "slow": finished.slow,
    "every_action": reworked.every_action,
    "large": large.large,
    "empty": spoken.empty,
    "answer": spoken.answer,
    "needs_input": spoken.needs_input,
    "step_cap_hit": unfinished.step_cap_hit,
    "incomplete": unfinished.incomplete,
    "cancelled": unfinished.cancelled,
    "errored": unfinished.errored,
    "timed_out": unfinished.timed_out,
    "unknown_status": unfinished.unknown_status,
}
FORMS: dict[str, ResponseForm] = {"null_response": "null", "partial": "partial", "partial_actions": "actions"}
REFUSALS: tuple[Refusal, ...] = (
    "no_credits",
    "budget_exceeded",
    "subscription_required",
    "account_blocked",
    "pool_full",
)

SCENARIOS: tuple[str, ...] = (*SCRIPTS, *FORMS, *REFUSALS)
"""Every name that may follow `scenario:` in a prompt. Several can be joined: one script, one form of the answer."""


def scenario_of(prompt: str) -> tuple[str, ResponseForm, Refusal | None]:
    """Read script, form of `response` while running, and refusal from a prompt.

    Raises:
        LookupError: a name that is none of `SCENARIOS`.
    """
    script: str = "completed"
    form: ResponseForm = "null"
    refusal: Refusal | None = None
    for name in scenario_words(prompt):
        if name in SCRIPTS:
            script = name
        elif name in FORMS:
            form = FORMS[name]
        elif name in REFUSALS:
            refusal = next(known for known in REFUSALS if known == name)
        else:
            raise LookupError(name)
    return script, form, refusal


def direct(brief: Brief) -> Story:
    """Lay out the run that a brief asks for."""
    script, form, _ = scenario_of(brief.prompt)
    return SCRIPTS[script](replace(brief, form=form))
