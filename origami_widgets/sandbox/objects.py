"""Objects as they go over the wire, read off a life at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.errors import SITE
from origami_widgets.sandbox.moments import iso
from origami_widgets.sandbox.stats import column_qualification, column_stats, table_stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.life import Column, TableLife
    from origami_widgets.sandbox.run_life import RunLife

SHOWN_PROMPT = 200
"""Characters of a prompt that are shown outside `request.prompt`."""

TRANSCRIPT_CAP = 100
"""Messages of a transcript that are handed out when it is marked as truncated."""


def run_summary(run: RunLife, now: float) -> dict[str, Any]:
    """Return a RunSummary."""
    shown = run.prompt if len(run.prompt) <= SHOWN_PROMPT else run.prompt[:SHOWN_PROMPT] + "…"
    return {
        "object": "run",
        "id": run.id,
        "agentId": run.agent_id,
        "status": run.status_at(now),
        "prompt": shown,
        "model": run.model,
        "steps": {"completed": run.steps_at(now), "max": run.steps_max},
        "startedAt": iso(run.starts),
        "completedAt": None if run.active(now) else iso(run.ends),
    }


def run_object(
    run: RunLife,
    tables: Mapping[str, TableLife],
    history: list[Mapping[str, Any]],
    now: float,
    include: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return a Run; `tables` are all that exist, `history` the agent's messages up to this run."""
    active = run.active(now)
    return {
        **run_summary(run, now),
        "workspaceId": run.container,
        "request": {"prompt": run.prompt, "model": run.model, "focusTableIds": list(run.focus_table_ids)},
        "response": None if active and run.form == "null" else _response(run, tables, history, now, include),
        "todo": {
            "pendingQuestions": [] if active else list(run.questions),
            "nextActions": [] if active else list(run.suggestions),
        },
    }


def _response(
    run: RunLife, tables: Mapping[str, TableLife], history: list[Mapping[str, Any]], now: float, include: frozenset[str]
) -> dict[str, Any]:
    active = run.active(now)
    actions = run.actions_at(now)
    focused = (table_id.lower() for table_id in run.focus_table_ids)
    touched = dict.fromkeys([*(action["tableId"] for action in actions), *focused])
    shown = [tables[table_id] for table_id in touched if table_id in tables]
    if active and run.form == "actions":
        shown = []
    transcript = [*history, *run.messages_at(now)] if "transcript" in include else None
    truncated = transcript is not None and run.transcript_truncated and len(transcript) > TRANSCRIPT_CAP
    return {
        "text": None if active else run.text,
        "actions": actions,
        "tables": [table_object(table, now, stats="stats" in include) for table in shown],
        "transcript": transcript[-TRANSCRIPT_CAP:] if truncated and transcript is not None else transcript,
        "transcriptTruncated": truncated,
    }


def table_object(table: TableLife, now: float, *, stats: bool) -> dict[str, Any]:
    """Return a Table, with `stats` and `qualification` when asked for."""
    leads = len(table.rows_at(now))
    columns = [_table_column(column, leads, now, stats=stats) for column in table.columns_at(now)]
    answer: dict[str, Any] = {
        "object": "table",
        "id": table.id,
        "workspaceId": None,
        "name": table.name,
        "leadCount": leads,
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
        answer["stats"] = table_stats(table, now)
    return answer


def _table_column(column: Column, leads: int, now: float, *, stats: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "object": "column",
        "id": column.id,
        "name": column.name,
        "type": column.type,
        "kind": column.kind,
        "slug": column.slug,
        "autoTrigger": column.auto_trigger,
        "credits": {"lifetimeUsed": column.credits(now)},
        "cells": {"running": column.running(now), "errored": column.errored(now)},
    }
    if stats:
        answer["stats"] = column_stats(column, leads, now)
        if column.relevance:
            answer["qualification"] = column_qualification(column, now)
    return answer


def column_meta(column: Column) -> dict[str, Any]:
    """Return a column as the list of columns has it."""
    return {
        "object": "column",
        "id": column.id,
        "name": column.name,
        "slug": column.slug,
        "kind": column.kind,
        "autoTrigger": column.auto_trigger,
    }
