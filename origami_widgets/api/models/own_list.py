"""Workspaces, documents, row writes and enrichment runs: what a user's own list is uploaded with."""

from __future__ import annotations

from datetime import datetime

from origami_widgets.api.models.base import Model


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
