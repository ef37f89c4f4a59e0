"""Plan of a table's cells: when they run, what they give and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.sandbox.recipes import verdict_of
from origami_widgets.sandbox.timelines import CellRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from origami_widgets.sandbox.recipes import ColumnKind, ColumnRecipe
    from origami_widgets.sandbox.simulated_time import Pace
    from origami_widgets.sandbox.timelines import CellOutcome, ColumnTimeline, SimulatedLead

_MIN_DURATION, _MAX_DURATION = 0.04, 0.10
_PHASES: dict[ColumnKind, tuple[float, float]] = {"enrichment": (0.0, 0.65), "score": (0.4, 0.85)}
"""The part of the window in which each kind works: scores need some enrichment, and sequences need a passing score."""


@dataclass(frozen=True, slots=True)
class CellWindow:
    """The time in which cells run, and the share that fails in addition to those that fail by recipe."""

    opens: float
    closes: float
    failure_rate: float = 0.0

    def on(self, pace: Pace) -> CellWindow:
        """Return the same window on the wall clock."""
        return CellWindow(pace.at(self.opens), pace.at(self.closes), self.failure_rate)


@dataclass(frozen=True, slots=True)
class CellPlanner:
    """Plans the cell runs of one run in its window on the wall clock."""

    rng: Random
    run_id: str
    window: CellWindow

    def plan(self, columns: Sequence[ColumnTimeline], leads: Iterable[SimulatedLead]) -> dict[str, list[CellRun]]:
        """Plan the cell runs of some columns on some leads.

        Returns:
            Cell runs by column id, all of them queued, started and done inside the window.
        """
        cell_runs: dict[str, list[CellRun]] = {column.id: [] for column in columns if column.kind != "input"}
        for lead in leads:
            scored: CellRun | None = None
            for column in columns:
                if column.recipe is None or column.kind not in _PHASES or self.rng.random() > column.recipe.call_rate:
                    continue
                cell_run = self._cell_run(column, column.recipe, lead)
                cell_runs[column.id].append(cell_run)
                scored = cell_run if column.is_relevance else scored
            for column in columns:
                if column.recipe is None or column.kind != "sequence":
                    continue
                if scored is not None and scored.verdict == "pass":
                    cell_runs[column.id].append(self._sequence_run(column.recipe, lead, scored))
        return cell_runs

    def _cell_run(self, column: ColumnTimeline, recipe: ColumnRecipe, lead: SimulatedLead) -> CellRun:
        rng, window = self.rng, self.window
        length = window.closes - window.opens
        first, last = _PHASES[column.kind]
        duration = rng.uniform(_MIN_DURATION, _MAX_DURATION) * length
        earliest = window.opens + first * length
        started = rng.uniform(earliest, window.opens + last * length - duration)
        errored = rng.random() < recipe.error_rate + window.failure_rate
        found = rng.random() < recipe.found_rate
        value = recipe.make(rng, lead.facts, found=found)
        outcome: CellOutcome = "value" if found or column.kind == "score" else "nothing"
        return CellRun(
            lead_id=lead.id,
            source=lead.source,
            run_id=self.run_id,
            decided=window.opens,
            queued=window.opens,
            done=started + duration,
            credits=0 if errored else rng.randint(*recipe.credits),
            outcome="errored" if errored else outcome,
            value=None if errored else value,
            verdict=verdict_of(value) if recipe.is_relevance and not errored else None,
        )

    def _sequence_run(self, recipe: ColumnRecipe, lead: SimulatedLead, scored: CellRun) -> CellRun:
        rng, window = self.rng, self.window
        length = window.closes - window.opens
        duration = rng.uniform(_MIN_DURATION, _MAX_DURATION) * length
        return CellRun(
            lead_id=lead.id,
            source=lead.source,
            run_id=self.run_id,
            decided=scored.decided,
            queued=scored.done,
            done=min(window.closes, scored.done + 0.02 * length + duration),
            credits=rng.randint(*recipe.credits),
            outcome="value",
            value=recipe.make(rng, lead.facts, found=True),
        )
