"""Tables, their economics and their rows. A number that the server left out is None, never 0.

The content of rows is not to be trusted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from origami_widgets.api.models.base import Model
from origami_widgets.api.models.model_repr import as_html, many


class CreditsUsed(Model, frozen=True):
    """Settled credits over all runs ever, without work in flight."""

    lifetime_used: int | None = None


class Cells(Model, frozen=True):
    """Cells waiting, queued or running, and cells that ended in a failure."""

    running: int | None = None
    errored: int | None = None


class ColumnStats(Model, frozen=True):
    """Mean credits per execution, share of leads that triggered the column (0 to 1), and executions."""

    avg_credits_per_run: float | None = None
    call_rate: float | None = None
    total_runs: int | None = None


class ColumnQualification(Model, frozen=True):
    """Verdicts of a column with a relevance condition, in leads."""

    pass_: int | None = msgspec.field(default=None, name="pass")
    fail: int | None = None
    unsure: int | None = None
    total: int | None = None


class Column(Model, frozen=True):
    """One column of a table. `kind` is `input`, `enrichment`, `score` or `sequence`, or a newer word."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "slug", "kind", "credits", "cells", "qualification", "id")
    __line_fields__: ClassVar[tuple[str, ...]] = ("name", "kind", "credits.lifetime_used")

    object: str = ""
    id: str = ""
    name: str = ""
    type: str = ""
    kind: str = ""
    slug: str | None = None
    auto_trigger: bool | None = None
    credits: CreditsUsed = CreditsUsed()
    cells: Cells = Cells()
    stats: ColumnStats | None = None
    qualification: ColumnQualification | None = None


class QualificationStats(Model, frozen=True):
    """How many of a table's leads qualify. Rates are shares from 0 to 1."""

    rate: float | None = None
    fetch_rate: float | None = None
    qualified_leads: int | None = None
    effective_leads_per_qualified: float | None = None
    estimated_qualified_leads: int | None = None


class Funnel(Model, frozen=True):
    """How many sourced leads each step keeps. Rates are shares from 0 to 1."""

    total_sourced_leads: int | None = None
    post_static_leads: int | None = None
    deduped_leads: int | None = None
    dedup_rate: float | None = None
    excluded_leads: int | None = None
    excluded_rate: float | None = None


class RunningStats(Model, frozen=True):
    """Leads with active cell work, and when the oldest of it was started."""

    running_leads: int | None = None
    oldest_active_run_started_at: datetime | None = None


class LeadSource(Model, frozen=True):
    """A source of leads and its cost. `source` is `historical` or `estimate`, or a newer word."""

    id: str = ""
    name: str = ""
    avg_credits_per_lead: float | None = None
    total_credits: float | None = None
    total_leads: int | None = None
    source: str = ""


class TableStats(Model, frozen=True):
    """The economics of a table; only present when requested."""

    credits_per_lead: float | None = None
    credits_per_qualified_lead: float | None = None
    find_more_estimated_credits: float | None = None
    qualification: QualificationStats | None = None
    funnel: Funnel | None = None
    running: RunningStats | None = None
    lead_sources: tuple[LeadSource, ...] = ()
    has_unknown_total_with_more: bool | None = None


class Table(Model, frozen=True):
    """A table of leads, as in a run's response and at `GET /tables/{tableId}`."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "lead_count", "columns", "credits", "id")

    object: str = ""
    id: str = ""
    workspace_id: str | None = None
    name: str = ""
    lead_count: int | None = None
    columns: tuple[Column, ...] = ()
    credits: CreditsUsed = CreditsUsed()
    cells: Cells = Cells()
    url: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    stats: TableStats | None = None

    def _repr_html_(self) -> str:
        summary = (
            many(self.lead_count, "lead", "leads"),
            many(len(self.columns), "column", "columns"),
            many(self.credits.lifetime_used, "credit", "credits"),
            many(self.cells.running or None, "cell running", "cells running"),
            many(self.cells.errored or None, "cell failed", "cells failed"),
        )
        rows = [(column.name, column.kind, column.credits.lifetime_used) for column in self.columns]
        return as_html(self.name or "Table", summary, ("Column", "Kind", "Credits"), rows)


class Cell(Model, frozen=True):
    """A typed cell: `scalar` was entered, `value` was computed, `sequence` refers to a drafted message."""

    type: str = ""
    value: Any = None


class Row(Model, frozen=True):
    """A lead with typed cells by column slug. Cells that are empty or failed are left out."""

    object: str = ""
    id: str = ""
    cells: dict[str, Cell] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Accept a bare value for a cell."""
        cells = raw.get("cells")
        if not isinstance(cells, dict):
            return raw
        return {**raw, "cells": {slug: cell if _is_cell(cell) else {"value": cell} for slug, cell in cells.items()}}


class FlatRow(Model, frozen=True):
    """A lead as slug and value. The id of the row is separate: a column may have the slug `id`."""

    id: str = ""
    values: dict[str, Any] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Accept values in `cells`, where some responses have them; a column may have that slug too."""
        cells = raw.get("cells")
        leveled = isinstance(cells, dict) and raw.keys() <= {"object", "id", "cells"}
        values = cells if leveled else {key: value for key, value in raw.items() if key != "id"}
        return {"id": raw.get("id"), "values": values}


def _is_cell(value: object) -> bool:
    return isinstance(value, dict) and ("type" in value or "value" in value)
