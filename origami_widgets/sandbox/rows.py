"""Rows and cells of a table at one moment: typed, flat and as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.moments import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.sandbox.life import Column, Lead, Work

_PRIMARY = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
_ASIDE = ("confidence", "reasoning", "title")


def cell_value(column: Column, lead: Lead, now: float) -> tuple[bool, Any]:
    """Return whether a cell has a value, and the value.

    Cells that are empty, at work or failed have none. One that looked and found nothing has an object whose main
    field is null.
    """
    if column.kind == "input":
        return (column.slug or "") in lead.values, lead.values.get(column.slug or "")
    work = column.by_lead.get(lead.id)
    if work is None or work.done > now or work.outcome == "errored":
        return False, None
    return True, {"sequenceId": work.value} if column.kind == "sequence" else work.value


def main_value(value: Any) -> Any:
    """Return the one value of an object that filters, sorts and people mean.

    >>> main_value({"email": None, "confidence": "low"}) is None
    True
    >>> main_value({"amount_usd": 5, "stage": "seed", "source_url": "https://a.example"})
    5
    """
    if not isinstance(value, dict):
        return value
    for key in _PRIMARY:
        if key in value:
            return value[key]
    for key, part in value.items():
        if key not in _ASIDE and not key.endswith("_url"):
            return part
    return None


def typed_row(lead: Lead, columns: Sequence[Column], now: float) -> dict[str, Any]:
    """Return a row whose cells are tagged; cells without a value are missing."""
    cells = {
        column.slug: typed_cell(column, lead, now)
        for column in columns
        if column.slug is not None and cell_value(column, lead, now)[0]
    }
    return {"object": "row", "id": lead.id, "cells": cells}


def typed_cell(column: Column, lead: Lead, now: float) -> dict[str, Any]:
    """Return one tagged cell; asked for by itself, a cell without a value says null and why."""
    _, value = cell_value(column, lead, now)
    if column.kind == "input":
        return {"type": "scalar", "value": value}
    state = _state(column.by_lead.get(lead.id), now)
    if column.kind == "sequence":
        return {"type": "sequence", "sequenceId": value["sequenceId"] if value else None, "run": state}
    return {"type": "value", "value": value, "run": state}


def flat_row(lead: Lead, columns: Sequence[Column], now: float) -> dict[str, Any]:
    """Return a row as slug to value; cells without a value are missing."""
    row: dict[str, Any] = {"id": lead.id}
    for column in columns:
        there, value = cell_value(column, lead, now)
        if there and column.slug is not None:
            row[column.slug] = value
    return row


def csv_rows(leads: Sequence[Lead], columns: Sequence[Column], now: float) -> str:
    """Write rows as CSV under the columns' names; objects and lists are written as JSON."""
    shown = [column for column in columns if column.slug is not None]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.name for column in shown)
    for lead in leads:
        row = flat_row(lead, shown, now)
        writer.writerow(_csv(row.get(column.slug or "")) for column in shown)
    return text.getvalue()


def _csv(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _state(work: Work | None, now: float) -> dict[str, Any] | None:
    if work is None or work.queued > now:
        return None
    if work.done > now:
        return {"status": "running" if work.started <= now else "queued", "completedAt": None, "credits": 0}
    status = work.failure or "complete"
    return {"status": status, "completedAt": iso(work.done), "credits": work.credits}
