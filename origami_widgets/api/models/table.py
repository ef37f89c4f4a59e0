"""Tables, their economics and their rows, and what a user's own list becomes. A number that the server left out is None, never 0.

Treat the content of rows as untrusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from origami_widgets.api.models.base import About, JsonObject, Model

COLUMN_KINDS = ("input", "enrichment", "score", "sequence")
COST_SOURCES = ("historical", "estimate")


class CreditsUsed(Model, frozen=True):
    """Settled credits over all runs so far, without work in flight."""

    lifetime_used: Annotated[int | None, About("settled, over all runs", "credits", "credits_lifetime_used")] = None


class Cells(Model, frozen=True):
    """Number of cells that are waiting, queued or running, and of failed cells."""

    running: Annotated[int | None, About("waiting, queued or running", "cells", "cells_running")] = None
    errored: Annotated[int | None, About("ended in a failure", "cells", "cells_errored")] = None


class ColumnStats(Model, frozen=True):
    """Mean credits per execution, share of leads that triggered the column (0 to 1), and executions."""

    avg_credits_per_run: Annotated[float | None, About("mean per execution", "credits per execution")] = None
    call_rate: Annotated[float | None, About("share of leads that triggered the column", "fraction")] = None
    total_runs: Annotated[int | None, About("executions so far", "executions")] = None


class ColumnQualification(Model, frozen=True):
    """Verdicts of a column with a relevance condition, counted in leads."""

    pass_: Annotated[int | None, About("judged to qualify", "leads", "qualification_pass")] = msgspec.field(
        default=None, name="pass"
    )
    fail: Annotated[int | None, About("judged not to qualify", "leads", "qualification_fail")] = None
    unsure: Annotated[int | None, About("judged unsure", "leads", "qualification_unsure")] = None
    total: Annotated[int | None, About("with a verdict", "leads", "qualification_total")] = None


class Column(Model, frozen=True):
    """A column of a table. `kind` is `input`, `enrichment`, `score` or `sequence`, or a newer word."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "kind", "credits.lifetime_used")

    object: str = ""
    id: Annotated[str, About("the column", column="column_id")] = ""
    name: Annotated[str, About("the heading", column="column_name")] = ""
    slug: Annotated[str | None, About("key of its cells in rows; missing if rows cannot have them")] = None
    kind: Annotated[str, About("what the column does", words=COLUMN_KINDS)] = ""
    type: Annotated[str, About("storage type; new ones may appear, so prefer `kind`")] = ""
    auto_trigger: Annotated[bool | None, About("whether it runs automatically on new leads")] = None
    credits: CreditsUsed = CreditsUsed()
    cells: Cells = Cells()
    stats: ColumnStats | None = None
    qualification: ColumnQualification | None = None


class QualificationStats(Model, frozen=True):
    """How many of a table's leads qualify. Rates are shares from 0 to 1."""

    rate: Annotated[float | None, About("share that qualifies", "fraction", "qualification_rate")] = None
    fetch_rate: Annotated[
        float | None, About("share that qualifies by filters alone", "fraction", "qualification_fetch_rate")
    ] = None
    qualified_leads: Annotated[int | None, About("judged to qualify", "leads")] = None
    effective_leads_per_qualified: Annotated[
        float | None, About("sourced leads per qualified lead, measured", "leads per qualified lead")
    ] = None
    estimated_qualified_leads: Annotated[int | None, About("estimate", "leads")] = None


class Funnel(Model, frozen=True):
    """How many sourced leads each step keeps. Rates are shares from 0 to 1."""

    total_sourced_leads: Annotated[int | None, About("found by the lead sources", "leads")] = None
    post_static_leads: Annotated[
        int | None, About("left after deduplication, exclusion and required filters", "leads")
    ] = None
    deduped_leads: Annotated[int | None, About("dropped as duplicates", "leads")] = None
    dedup_rate: Annotated[float | None, About("share dropped as duplicates", "fraction")] = None
    excluded_leads: Annotated[int | None, About("dropped as excluded", "leads")] = None
    excluded_rate: Annotated[float | None, About("share dropped as excluded", "fraction")] = None


class RunningStats(Model, frozen=True):
    """Number of leads with active cells, and when the oldest of these was started."""

    running_leads: Annotated[int | None, About("with a cell still running", "leads")] = None
    oldest_active_run_started_at: Annotated[datetime | None, About("start of the oldest running work")] = None


class CancelledCells(Model, frozen=True):
    """What stopping the work of a table has stopped."""

    table_id: str = ""
    cells: int | None = msgspec.field(default=None, name="cancelledCells")
    lead_source_jobs: int | None = msgspec.field(default=None, name="cancelledLeadSourceJobs")


class ActiveCells(Model, frozen=True):
    """Work of a table that stopping would stop: the answer to a dry run."""

    dry_run: bool | None = None
    table_id: str = ""
    cells: int | None = msgspec.field(default=None, name="activeCells")
    lead_source_jobs: int | None = msgspec.field(default=None, name="activeLeadSourceJobs")


class LeadSource(Model, frozen=True):
    """A source of leads and its cost. `source` is `historical` or `estimate`, or a newer word."""

    id: Annotated[str, About("the lead source", column="source_id")] = ""
    name: Annotated[str, About("the name", column="source_name")] = ""
    avg_credits_per_lead: Annotated[float | None, About("mean cost", "credits per lead")] = None
    total_credits: Annotated[float | None, About("spent on the lead source", "credits")] = None
    total_leads: Annotated[int | None, About("found by the lead source", "leads")] = None
    source: Annotated[str, About("whether its costs are measured or estimated", words=COST_SOURCES)] = ""


class TableStats(Model, frozen=True):
    """The economics of a table; only present when requested."""

    credits_per_lead: Annotated[float | None, About("estimate", "credits per sourced lead")] = None
    credits_per_qualified_lead: Annotated[
        float | None, About("estimate, with the losses on the way", "credits per qualified lead")
    ] = None
    find_more_estimated_credits: Annotated[
        float | None, About('estimate for one more "find more"', "credits per execution")
    ] = None
    has_unknown_total_with_more: Annotated[
        bool | None, About("whether a lead source has more leads, without a known number")
    ] = None
    qualification: QualificationStats | None = None
    funnel: Funnel | None = None
    running: RunningStats | None = None
    lead_sources: tuple[LeadSource, ...] = ()


class Table(Model, frozen=True, dict=True):
    """A table of leads, as in a run's response and at `GET /tables/{tableId}`.

    Attributes:
        operations: the API that the table came from, and that its leads are read through; None for a table from a saved
            response. It is no part of the table's value: not of comparisons, its repr, pickles or copies.
    """

    operations: ClassVar[Any] = None
    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "lead_count", "columns", "credits", "id")

    object: str = ""
    id: Annotated[str, About("the table", column="table_id")] = ""
    name: Annotated[str, About("the table's name", column="table_name")] = ""
    workspace_id: Annotated[str | None, About("container (deprecated); missing if made in a chat")] = None
    lead_count: Annotated[int | None, About("rows not deleted, before saved filters", "leads")] = None
    columns: tuple[Column, ...] = ()
    credits: CreditsUsed = CreditsUsed()
    cells: Cells = Cells()
    url: Annotated[str, About("page in the web app")] = ""
    created_at: Annotated[datetime | None, About("when the table was made")] = None
    updated_at: Annotated[datetime | None, About("when it last changed")] = None
    stats: TableStats | None = None

    @property
    def version(self) -> tuple[str | int | None, ...]:
        """Value that differs if the rows may have changed: the table's counts, and when it last changed. JSON-safe."""
        return (
            self.lead_count,
            None if self.updated_at is None else self.updated_at.isoformat(),
            self.cells.running,
            self.cells.errored,
            self.credits.lifetime_used,
            len(self.columns),
        )


def container_of(table: Table) -> str:
    """Return the id of what a table was made in, in lower case: most often its agent. Only its page's address names it."""
    return urlsplit(table.url).path.rpartition("/workspace/")[2].lower()


def with_stats_of(table: Table, known: Table | None) -> Table:
    """Return a table from a list that leaves out `stats`, with those that are known of it and of its columns."""
    if known is None:
        return table
    columns = {column.id: column for column in known.columns}
    shown = (
        msgspec.structs.replace(column, stats=old.stats, qualification=old.qualification)
        if (old := columns.get(column.id)) is not None
        else column
        for column in table.columns
    )
    return msgspec.structs.replace(table, stats=known.stats, columns=tuple(shown))


def came_from(operations: object, tables: Iterable[object]) -> None:
    """Note the API that tables came from; other objects are left alone."""
    for each in tables:
        if isinstance(each, Table):
            vars(each)["operations"] = operations


def counted_index(verdicts: Iterable[object]) -> int:
    """Return the position of the table whose leads are the run's count: the first judged one, else the first.

    Leads of several tables are never added up: they are different things, such as companies and their people.

    Args:
        verdicts: for each table of the run, its `stats.qualification`; None if its leads are not judged.
    """
    return next((at for at, each in enumerate(verdicts) if each is not None), 0)


def cost_per_qualified_lead(
    credits_used: Sequence[float | None], qualified: Iterable[int | None], others: Iterable[int | None]
) -> float | None:
    """Return what a qualified lead of one run costs, or of several whose tables are counted once.

    None without a qualified lead, if the credits of a table are unknown, or if leads of other tables qualify, too.

    Args:
        credits_used: the credits of each table; None if unknown. Of a table that the user gave to the run, those since it
            began.
        qualified: the qualified leads of each judged table.
        others: the qualified leads of all other tables.

    >>> cost_per_qualified_lead([269, 114], [13], [None]), cost_per_qualified_lead([269, None], [13], [])
    (29.46153846153846, None)
    """
    known, found = [used for used in credits_used if used is not None], sum(each or 0 for each in qualified)
    return sum(known) / found if found and len(known) == len(credits_used) and not any(others) else None


class Cell(Model, frozen=True):
    """A typed cell: a `scalar` was entered, a `value` was computed, a `sequence` refers to a drafted message."""

    type: str = ""
    value: Any = None


class Row(Model, frozen=True):
    """A lead with typed cells by column slug. Cells that are empty or failed are left out."""

    object: str = ""
    id: str = ""
    cells: dict[str, Cell] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Accept a bare value for a cell."""
        cells = raw.get("cells")
        if not isinstance(cells, dict):
            return raw
        return {**raw, "cells": {slug: cell if _is_cell(cell) else {"value": cell} for slug, cell in cells.items()}}


class FlatRow(Model, frozen=True):
    """A lead with plain values by column slug. The row's id is separate, as a column may have the slug `id`."""

    id: str = ""
    values: dict[str, Any] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: JsonObject) -> JsonObject:
        """Accept values in `cells`, where some responses have them. A column may have that slug, too."""
        cells = raw.get("cells")
        leveled = isinstance(cells, dict) and raw.keys() <= {"object", "id", "cells"}
        values = cells if leveled else {key: value for key, value in raw.items() if key != "id"}
        return {"id": raw.get("id"), "values": values}


def _is_cell(value: object) -> bool:
    return isinstance(value, dict) and ("type" in value or "value" in value)


class DeletionPreview(Model, frozen=True):
    """What deleting a workspace would delete."""

    tables: int | None = None
    rows: int | None = None


class DeletedWorkspace(Model, frozen=True):
    """Answer to deleting a workspace: `will_delete` is the preview, `deleted` says that it was done."""

    workspace_id: str = ""
    name: str = ""
    confirmation_required: bool = False
    will_delete: DeletionPreview | None = None
    deleted: bool = False


class Document(Model, frozen=True):
    """A document in a workspace."""

    object: str = ""
    id: str = ""
    document_id: str = ""
    filename: str = ""
    vfs_path: str = ""
    kind: str = ""
    status: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


class OutcomeCounts(Model, frozen=True):
    """How many rows a write has inserted, updated and skipped."""

    inserted: int | None = None
    updated: int | None = None
    skipped: int | None = None


class UpsertReceipt(Model, frozen=True):
    """Answer to writing rows. `table_run_id` is None if no cell was started."""

    object: str = ""
    id: str = ""
    batch_id: str = ""
    table_run_id: str | None = None
    counts: OutcomeCounts = OutcomeCounts()


class RowOutcome(Model, frozen=True):
    """What became of one written row: `inserted`, `updated` or `skipped`."""

    input_index: int | None = None
    row_id: str | None = None
    outcome: str = ""


class EnrichmentCounts(Model, frozen=True):
    """How many cells an enrichment run has, by their state."""

    total: int | None = None
    completed: int | None = None
    pending: int | None = None
    failed: int | None = None


class EnrichmentRun(Model, frozen=True):
    """A write of rows and the cells that it has started. `credits_used` is 0 until it has ended.

    Only `get_enrichment_run` gives the counts, and `outcomes` for rows that were upserted.
    """

    object: str = ""
    id: str = ""
    batch_id: str = ""
    table_id: str = ""
    type: str = ""
    status: str = ""
    created_at: datetime | None = None
    completed_at: datetime | None = None
    table_run_id: str | None = None
    row_count: int | None = None
    enrichments: EnrichmentCounts = EnrichmentCounts()
    credits_used: int | None = None
    outcomes: tuple[RowOutcome, ...] = ()
    outcome_counts: OutcomeCounts = OutcomeCounts()
