"""Enrichment runs: the writes of rows and the cells that they set off."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.cell_plan import CellPlanner, CellWindow
from origami_widgets.sandbox.run_builder import add_cell_runs, fail_unaffordable
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from collections.abc import Collection

    from origami_widgets.sandbox.own_lists import RowOutcome, WrittenRows
    from origami_widgets.sandbox.simulated_time import Pace
    from origami_widgets.sandbox.timelines import CellRun, TableTimeline

_MIN_FILLING, _FILLING_PER_ROW = 20.0, 0.1
"""Simulated seconds in which the cells of a write fill."""

_FAILURE_RATE = 0.03


@dataclass(frozen=True, slots=True)
class EnrichmentRunRecord:
    """One write of rows. `table_run_id` is None if it was to set off no cells."""

    id: str
    table_id: str
    project: str | None
    type: str
    created_at: float
    table_run_id: str | None
    outcomes: tuple[tuple[str, RowOutcome], ...]


def enrich(
    written: WrittenRows, outcomes: Collection[RowOutcome], run_id: str, pace: Pace, *, seed: str, affordable: int
) -> TableTimeline:
    """Let the columns that trigger by themselves run for the rows with these outcomes."""
    table, now = written.table, pace.start
    chosen = {row_id for row_id, outcome in written.outcomes if outcome in outcomes}
    leads = [lead for lead in table.leads if lead.id in chosen]
    window = CellWindow(0, _MIN_FILLING + _FILLING_PER_ROW * len(leads), _FAILURE_RATE).on(pace)
    columns = tuple(column for column in table.columns_at(now) if column.auto_trigger)
    planner = CellPlanner(Random(seed), run_id, window)  # noqa: S311  # repeatable on purpose, nothing is secret
    table = add_cell_runs(table, planner.plan(columns, leads))
    return fail_unaffordable({table.id: table}, run_id, affordable)[table.id]


def enrichment_run(record: EnrichmentRunRecord, table: TableTimeline, now: float) -> dict[str, Any]:
    """Return an EnrichmentRun."""
    return _summary(record, _cell_runs(record, table), now)


def enrichment_run_detail(record: EnrichmentRunRecord, table: TableTimeline, now: float) -> dict[str, Any]:
    """Return an EnrichmentRunDetail. Credits show when all cells have settled."""
    cell_runs = _cell_runs(record, table)
    settled = [cell_run for cell_run in cell_runs if cell_run.done <= now]
    failed = sum(cell_run.outcome == "errored" for cell_run in settled)
    return {
        **_summary(record, cell_runs, now),
        "rowCount": len(record.outcomes),
        "enrichments": {
            "total": len(cell_runs),
            "completed": len(settled) - failed,
            "pending": len(cell_runs) - len(settled),
            "failed": failed,
        },
        "creditsUsed": sum(cell_run.credits for cell_run in settled) if len(settled) == len(cell_runs) else 0,
        "outcomes": [
            {"inputIndex": place, "rowId": row_id, "outcome": outcome}
            for place, (row_id, outcome) in enumerate(record.outcomes)
        ],
        "outcomeCounts": _counts(record),
    }


def upsert_receipt(record: EnrichmentRunRecord) -> dict[str, Any]:
    """Return an UpsertReceipt."""
    return {
        "object": "enrichment_run",
        "id": record.id,
        "batchId": record.id,
        "tableRunId": record.table_run_id,
        "counts": _counts(record),
    }


def _cell_runs(record: EnrichmentRunRecord, table: TableTimeline) -> list[CellRun]:
    """Return the cell runs that a write has set off and that weren't stopped."""
    return [cell_run for cell_run in table.cell_runs if cell_run.run_id == record.id]


def _summary(record: EnrichmentRunRecord, cell_runs: list[CellRun], now: float) -> dict[str, Any]:
    ended = _ended(record, cell_runs, now)
    return {
        "object": "enrichment_run",
        "id": record.id,
        "batchId": record.id,
        "tableId": record.table_id,
        "type": record.type,
        "status": "processing" if ended is None else "complete",
        "createdAt": iso(record.created_at),
        "completedAt": None if ended is None else iso(ended),
        "tableRunId": record.table_run_id,
    }


def _ended(record: EnrichmentRunRecord, cell_runs: list[CellRun], now: float) -> float | None:
    ends = max((cell_run.done for cell_run in cell_runs), default=record.created_at)
    return ends if ends <= now else None


def _counts(record: EnrichmentRunRecord) -> dict[str, int]:
    outcomes = [outcome for _, outcome in record.outcomes]
    return {name: outcomes.count(name) for name in ("inserted", "updated", "skipped")}
