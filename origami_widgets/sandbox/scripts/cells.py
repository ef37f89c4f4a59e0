"""When the cells of a table are worked on, what comes out of them and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.sandbox.life import Work
from origami_widgets.sandbox.recipes import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from origami_widgets.sandbox.life import Column, Lead, Outcome
    from origami_widgets.sandbox.moments import Pace
    from origami_widgets.sandbox.recipes import ColumnKind, ColumnRecipe

_SHORTEST, _LONGEST = 0.04, 0.10
_PHASES: dict[ColumnKind, tuple[float, float]] = {"enrichment": (0.0, 0.65), "score": (0.4, 0.85)}
"""In which part of the window each kind works: scores need some enrichment, sequences need a score that passes."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which cells are worked on, and how many of them fail besides those that fail by recipe."""

    opens: float
    closes: float
    failing: float = 0.0

    def on(self, pace: Pace) -> Window:
        """Return the same window on the wall clock."""
        return Window(pace.at(self.opens), pace.at(self.closes), self.failing)


@dataclass(frozen=True, slots=True)
class Shift:
    """One run's work: its source of chance, its id, and its window on the wall clock."""

    rng: Random
    run_id: str
    window: Window


def work_on(shift: Shift, columns: Sequence[Column], leads: Iterable[Lead]) -> dict[str, list[Work]]:
    """Lay out the work of some columns on some leads.

    Returns:
        The work by column id. All of it is queued, run and done inside the window.
    """
    works: dict[str, list[Work]] = {column.id: [] for column in columns if column.kind != "input"}
    for lead in leads:
        scored: Work | None = None
        for column in columns:
            if column.recipe is None or column.kind not in _PHASES or shift.rng.random() > column.recipe.call:
                continue
            work = _one(shift, column, column.recipe, lead)
            works[column.id].append(work)
            scored = work if column.relevance else scored
        for column in columns:
            if column.recipe is None or column.kind != "sequence":
                continue
            if scored is not None and scored.verdict == "pass":
                works[column.id].append(_drafted(shift, column.recipe, lead, scored))
    return works


def _one(shift: Shift, column: Column, recipe: ColumnRecipe, lead: Lead) -> Work:
    rng, window = shift.rng, shift.window
    length = window.closes - window.opens
    first, last = _PHASES[column.kind]
    lasts = rng.uniform(_SHORTEST, _LONGEST) * length
    earliest = window.opens + first * length
    started = rng.uniform(earliest, window.opens + last * length - lasts)
    errored = rng.random() < recipe.errored + window.failing
    found = rng.random() < recipe.found
    value = recipe.make(rng, lead.facts, found=found)
    outcome: Outcome = "value" if found or column.kind == "score" else "nothing"
    return Work(
        lead_id=lead.id,
        source=lead.source,
        run_id=shift.run_id,
        queued=window.opens,
        started=started,
        done=started + lasts,
        credits=0 if errored else rng.randint(*recipe.credits),
        outcome="errored" if errored else outcome,
        value=None if errored else value,
        verdict=verdict_of(value) if recipe.relevance and not errored else None,
        failure="errored" if errored else None,
    )


def _drafted(shift: Shift, recipe: ColumnRecipe, lead: Lead, scored: Work) -> Work:
    rng, window = shift.rng, shift.window
    length = window.closes - window.opens
    lasts = rng.uniform(_SHORTEST, _LONGEST) * length
    return Work(
        lead_id=lead.id,
        source=lead.source,
        run_id=shift.run_id,
        queued=scored.done,
        started=scored.done + 0.02 * length,
        done=min(window.closes, scored.done + 0.02 * length + lasts),
        credits=rng.randint(*recipe.credits),
        outcome="value",
        value=recipe.make(rng, lead.facts, found=True),
    )
