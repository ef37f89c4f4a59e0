"""API objects as JSON, made from timelines at one moment: runs, tables with their economics, rows and cells.

Credits are booked once, on the cell that used them. Summed by column, they are the column's and the table's credits;
summed by lead source, the source's `totalCredits`. So columns, sources, table and the decrease of the balance agree,
and a duplicate lead has cost nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.timelines import iso

if TYPE_CHECKING:
    from origami_widgets.sandbox.timelines import ColumnTimeline, RunTimeline, SimulatedLead, TableTimeline

PROMPT_DISPLAY_LENGTH = 200
"""Characters to which a prompt is cut outside `request.prompt`."""

TRANSCRIPT_LIMIT = 100
"""Messages of a transcript that is marked as truncated."""


def run_summary(run: RunTimeline, now: float) -> dict[str, Any]:
    """Return a RunSummary."""
    shown = run.prompt if len(run.prompt) <= PROMPT_DISPLAY_LENGTH else run.prompt[:PROMPT_DISPLAY_LENGTH] + "…"
    return {
        "object": "run",
        "id": run.id,
        "agentId": run.agent_id,
        "status": run.status_at(now),
        "prompt": shown,
        "model": run.model,
        "steps": {"completed": run.steps_at(now), "max": run.steps_max},
        "startedAt": iso(run.starts),
        "completedAt": None if run.is_active(now) else iso(run.ends),
    }


def run_object(
    run: RunTimeline,
    tables: Mapping[str, TableTimeline],
    history: list[Mapping[str, Any]],
    now: float,
    include: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return a Run; `tables` are those of the organization, `history` the agent's messages up to this run."""
    active = run.is_active(now)
    is_null = active and run.running_response == "null_response"
    return {
        **run_summary(run, now),
        "workspaceId": run.container,
        "request": {"prompt": run.prompt, "model": run.model, "focusTableIds": list(run.focus_table_ids)},
        "response": None if is_null else _response(run, tables, history, now, include),
        "todo": {
            "pendingQuestions": [] if active else list(run.questions),
            "nextActions": [] if active else list(run.suggestions),
        },
    }


def _response(
    run: RunTimeline,
    tables: Mapping[str, TableTimeline],
    history: list[Mapping[str, Any]],
    now: float,
    include: frozenset[str],
) -> dict[str, Any]:
    active = run.is_active(now)
    actions = run.actions_at(now)
    focused = (table_id.lower() for table_id in run.focus_table_ids)
    touched = dict.fromkeys([*(action["tableId"] for action in actions), *focused])
    shown = [table for table_id in touched if (table := tables.get(table_id)) is not None and table.exists(now)]
    if active and run.running_response == "partial_actions":
        shown = []
    transcript = [*history, *run.messages_at(now)] if "transcript" in include else None
    truncated = transcript is not None and run.transcript_truncated and len(transcript) > TRANSCRIPT_LIMIT
    return {
        "text": None if active else run.text,
        "actions": actions,
        "tables": [table_object(table, now, stats="stats" in include) for table in shown],
        "transcript": transcript[-TRANSCRIPT_LIMIT:] if truncated and transcript is not None else transcript,
        "transcriptTruncated": truncated,
    }


def table_object(table: TableTimeline, now: float, *, stats: bool) -> dict[str, Any]:
    """Return a Table, on request with `stats` and `qualification`."""
    rows = table.rows_at(now)
    columns = [_table_column(column, rows, now, stats=stats) for column in table.columns_at(now)]
    body: dict[str, Any] = {
        "object": "table",
        "id": table.id,
        "workspaceId": table.container if table.is_own_list else None,
        "name": table.name,
        "leadCount": len(rows),
        "columns": columns,
        "credits": {"lifetimeUsed": sum(column["credits"]["lifetimeUsed"] for column in columns)},
        "cells": {
            "running": sum(column["cells"]["running"] for column in columns),
            "errored": sum(column["cells"]["errored"] for column in columns),
        },
        "url": f"{SITE}/workspace/{table.container}?table={table.id}",
        "createdAt": iso(table.created_at),
        "updatedAt": iso(table.updated_at(now)),
    }
    if stats:
        body["stats"] = table_stats(table, now)
    return body


def _table_column(column: ColumnTimeline, rows: Sequence[SimulatedLead], now: float, *, stats: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        **column_meta(column),
        "type": column.recipe.type,
        "credits": {"lifetimeUsed": column.credits(now)},
        "cells": {"running": column.running(now), "errored": column.errored(now)},
    }
    if stats:
        body["stats"] = column_stats(column, rows, now)
        if column.recipe.is_relevance:
            body["qualification"] = column_qualification(column, now)
    return body


def column_meta(column: ColumnTimeline) -> dict[str, Any]:
    """Return a Column of the list of columns."""
    return {
        "object": "column",
        "id": column.id,
        "name": column.recipe.name,
        "slug": column.recipe.slug,
        "kind": column.recipe.kind,
        "autoTrigger": column.recipe.auto_trigger,
    }


FIND_MORE_LEADS = 25
"""Number of leads whose price is `findMoreEstimatedCredits`."""


def ratio(part: float, whole: float) -> float | None:
    """Return a quotient with four decimals, or None when `whole` is zero.

    >>> ratio(3, 21), ratio(0, 0)
    (0.1429, None)
    """
    return round(part / whole, 4) if whole else None


def column_stats(column: ColumnTimeline, rows: Sequence[SimulatedLead], now: float) -> dict[str, Any]:
    """Return `stats` of a column in a table with these rows."""
    ended = column.ended(now)
    called = {cell_run.lead_id for cell_run in ended}.intersection(lead.id for lead in rows)
    return {
        "avgCreditsPerRun": ratio(column.credits(now), len(ended)) or 0,
        "callRate": ratio(len(called), len(rows)) or 0,
        "totalRuns": len(ended),
    }


def column_qualification(column: ColumnTimeline, now: float) -> dict[str, int]:
    """Return the verdicts of a column with the relevance condition."""
    passed, failed, unsure = (column.verdict_count(name, now) for name in ("pass", "fail", "unsure"))
    return {"pass": passed, "fail": failed, "unsure": unsure, "total": passed + failed + unsure}


def table_stats(table: TableTimeline, now: float) -> dict[str, Any]:
    """Return `stats` of a table.

    Shares of the funnel refer to all sourced leads. Sourced leads minus duplicates, excluded leads and those removed by
    a static filter are `postStaticLeads`, which always equals the table's `leadCount`.
    """
    sourced = [lead for lead in table.leads if lead.sourced_at <= now]
    leads = len(table.rows_at(now))
    spent = table.credits_at(now)
    duplicates = sum(lead.outcome == "duplicate" for lead in sourced)
    excluded = sum(lead.outcome == "excluded" and not lead.is_row(now) for lead in sourced)
    judging = next((column for column in table.columns_at(now) if column.recipe.is_relevance), None)
    verdicts = column_qualification(judging, now) if judging is not None else None
    per_lead = ratio(spent, leads) or 0
    active = table.active_cell_runs(now)
    return {
        "creditsPerLead": per_lead,
        "creditsPerQualifiedLead": (ratio(spent, verdicts["pass"]) or 0) if verdicts is not None else per_lead,
        "findMoreEstimatedCredits": round(per_lead * FIND_MORE_LEADS, 1),
        "qualification": _table_qualification(table, verdicts, leads, len(sourced)) if verdicts is not None else None,
        "funnel": {
            "totalSourcedLeads": len(sourced),
            "postStaticLeads": leads,
            "dedupedLeads": duplicates,
            "dedupRate": ratio(duplicates, len(sourced)),
            "excludedLeads": excluded,
            "excludedRate": ratio(excluded, len(sourced)),
        },
        "running": {
            "runningLeads": len({cell_run.lead_id for cell_run in active}),
            "oldestActiveRunStartedAt": iso(min(cell_run.queued for cell_run in active)) if active else None,
        },
        "leadSources": [_lead_source(table, position, now) for position in range(len(table.sources))],
        "hasUnknownTotalWithMore": any(source.available is None for source in table.sources),
    }


def _table_qualification(table: TableTimeline, verdicts: dict[str, int], leads: int, sourced: int) -> dict[str, Any]:
    passed, judged = verdicts["pass"], verdicts["total"]
    rate = ratio(passed, judged)
    fetch_rate = ratio(leads, sourced)
    sizes = [source.available for source in table.sources]
    known = [size for size in sizes if size is not None]
    estimate = None
    if rate is not None and fetch_rate is not None and len(known) == len(sizes):
        estimate = max(passed, round(sum(known) * fetch_rate * rate))
    return {
        "rate": rate,
        "fetchRate": fetch_rate,
        "qualifiedLeads": passed,
        "effectiveLeadsPerQualified": ratio(judged, passed) or 0,
        "estimatedQualifiedLeads": estimate,
    }


def _lead_source(table: TableTimeline, position: int, now: float) -> dict[str, Any]:
    source = table.sources[position]
    spent = table.source_credits_at(position, now)
    leads = sum(lead.source == position and lead.sourced_at <= now for lead in table.leads)
    return {
        "id": source.id,
        "name": source.name,
        "avgCreditsPerLead": ratio(spent, leads) or 0,
        "totalCredits": spent,
        "totalLeads": leads,
        "source": "historical" if position == 0 else "estimate",
    }


_MAIN_KEYS = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
_SECONDARY_KEYS = ("confidence", "reasoning", "title")


def cell_value(column: ColumnTimeline, lead: SimulatedLead, now: float) -> Any:
    """Return the value of a cell, None for empty, running and failed ones.

    A cell that looked and found nothing has an object whose main field is null.
    """
    if column.recipe.kind == "input":
        return lead.values.get(column.recipe.slug or "")
    cell_run = column.by_lead.get(lead.id)
    if cell_run is None or cell_run.done > now or cell_run.outcome == "errored":
        return None
    return {"sequenceId": cell_run.value} if column.recipe.kind == "sequence" else cell_run.value


def main_value(value: Any) -> Any:
    """Return the main value of an object, which filters and sort use.

    >>> main_value({"email": None, "confidence": "low"}) is None
    True
    >>> main_value({"amount_usd": 5, "stage": "seed", "source_url": "https://a.example"})
    5
    """
    if not isinstance(value, dict):
        return value
    main = next((key for key in _MAIN_KEYS if key in value), None)
    others = (key for key in value if key not in _SECONDARY_KEYS and not key.endswith("_url"))
    return value.get(main or next(others, None))


def typed_row(lead: SimulatedLead, columns: Sequence[ColumnTimeline], now: float) -> dict[str, Any]:
    """Return a row whose cells are tagged; cells without a value are missing."""
    cells = {slug: _typed_cell(column, lead, value) for slug, column, value in _filled_cells(lead, columns, now)}
    return {"object": "row", "id": lead.id, "cells": cells}


def _filled_cells(
    lead: SimulatedLead, columns: Sequence[ColumnTimeline], now: float
) -> Iterator[tuple[str, ColumnTimeline, Any]]:
    for column in columns:
        value = cell_value(column, lead, now)
        if value is not None and column.recipe.slug is not None:
            yield column.recipe.slug, column, value


def _typed_cell(column: ColumnTimeline, lead: SimulatedLead, value: Any) -> dict[str, Any]:
    """Return a tagged cell that has a value, with the run that found it."""
    if column.recipe.kind == "input":
        return {"type": "scalar", "value": value}
    cell_run = column.by_lead[lead.id]
    run = {"status": "complete", "completedAt": iso(cell_run.done), "credits": cell_run.credits}
    if column.recipe.kind == "sequence":
        return {"type": "sequence", **value, "run": run}
    return {"type": "value", "value": value, "run": run}


def flat_row(lead: SimulatedLead, columns: Sequence[ColumnTimeline], now: float) -> dict[str, Any]:
    """Return a row as slug to value; cells without a value are missing."""
    return {"id": lead.id} | {slug: value for slug, _, value in _filled_cells(lead, columns, now)}


def csv_rows(leads: Sequence[SimulatedLead], columns: Sequence[ColumnTimeline], now: float) -> str:
    """Return rows as CSV under the columns' names; objects and lists are written as JSON."""
    shown = [column for column in columns if column.recipe.slug is not None]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.recipe.name for column in shown)
    for lead in leads:
        row = flat_row(lead, shown, now)
        writer.writerow(_csv_field(row.get(column.recipe.slug or "")) for column in shown)
    return text.getvalue()


def _csv_field(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
