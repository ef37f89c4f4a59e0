"""Scripts of runs that are ended by something else than their own success."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from origami_widgets.sandbox.scripts.ending import finish, said_so_far, stop_early
from origami_widgets.sandbox.scripts.finished import overlong, settled
from origami_widgets.sandbox.scripts.stage import Stage, Story

if TYPE_CHECKING:
    from origami_widgets.sandbox.scripts.stage import Brief

CEILING = 1200.0
"""Simulated seconds after which every run is ended: 20 minutes."""


def cancelled(brief: Brief) -> Story:
    """Cancelled from the web app in the middle of its work."""
    return _stopped(settled(brief), brief, 0.6, "cancelled", "Cancelled from the web app.")


def errored(brief: Brief) -> Story:
    """Failed; what was built until then is kept, and there is no text."""
    return _stopped(settled(brief), brief, 0.7, "errored", None)


def incomplete(brief: Brief) -> Story:
    """Stopped because a tool call could not be read."""
    said = "I stopped early: one of my own tool calls could not be read."
    return _stopped(settled(brief), brief, 0.55, "incomplete", said)


def step_cap_hit(brief: Brief) -> Story:
    """Stopped at the plan's cap on steps."""
    story = settled(brief)
    at = brief.pace.start + 0.8 * (story.run.ends - brief.pace.start)
    story = _stopped(story, brief, 0.8, "step_cap_hit", f"I used all {brief.steps_max} steps of your plan.")
    span = at - brief.pace.start
    moments = tuple(brief.pace.start + span * (step + 1) / brief.steps_max for step in range(brief.steps_max))
    return Story(replace(story.run, step_moments=moments), story.tables)


def timed_out(brief: Brief) -> Story:
    """Ended by the ceiling of 20 minutes."""
    return stop_early(overlong(brief), brief.pace.at(CEILING), status="timed_out", text=None)


def unknown_status(brief: Brief) -> Story:
    """Says a status that is not documented: first as a run in progress, then as an end."""
    story = finish(
        Stage(brief), lasts=60, steps=8, text="The work was handed over to a reviewer.", status="handed_over"
    )
    run = replace(story.run, interim=((brief.pace.at(24), "reviewing"),))
    return Story(run, story.tables)


def _stopped(story: Story, brief: Brief, share: float, status: str, said: str | None) -> Story:
    at = brief.pace.start + share * (story.run.ends - brief.pace.start)
    stopped = stop_early(story, at, status=status, text=None)
    text = None if said is None else f"{said} {said_so_far(stopped.tables, at)}"
    return stop_early(story, at, status=status, text=text)
