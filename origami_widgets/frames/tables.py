"""`tables_frame`: one row per table, with its economics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .backend import DtypeBackend, check_backend
from .build import Holder, build, tables_of
from .records import pluck
from .schema import LEAD_COUNT, RUN_ID, TABLE_ID, TABLE_NAME, Field, Schema
from .source import Source, gather
from .values import read

if TYPE_CHECKING:
    import pandas as pd

_COLUMN_COUNT = Field("column_count", "integer", "computed", "", "columns of the table", "columns")

TABLES = Schema(
    "tables_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        Field("workspace_id", "string", "table", "workspaceId", "container (deprecated); NA when made in a chat"),
        LEAD_COUNT,
        _COLUMN_COUNT,
        Field("credits_lifetime_used", "number", "table", "credits.lifetimeUsed", "settled, over all runs", "credits"),
        Field("cells_running", "integer", "table", "cells.running", "waiting, queued or running", "cells"),
        Field("cells_errored", "integer", "table", "cells.errored", "ended in a failure", "cells"),
        Field("url", "string", "table", "url", "page for people"),
        Field("created_at", "timestamp", "table", "createdAt", "when the table was made"),
        Field("updated_at", "timestamp", "table", "updatedAt", "when it last changed"),
        Field("credits_per_lead", "number", "table", "stats.creditsPerLead", "estimate", "credits per sourced lead"),
        Field(
            "credits_per_qualified_lead",
            "number",
            "table",
            "stats.creditsPerQualifiedLead",
            "estimate, with the losses on the way",
            "credits per qualified lead",
        ),
        Field(
            "find_more_estimated_credits",
            "number",
            "table",
            "stats.findMoreEstimatedCredits",
            'estimate for one more "find more"',
            "credits per execution",
        ),
        Field(
            "has_unknown_total_with_more",
            "boolean",
            "table",
            "stats.hasUnknownTotalWithMore",
            "a source has more leads, nobody knows how many",
        ),
        Field("qualification_rate", "number", "table", "stats.qualification.rate", "qualified share", "fraction"),
        Field(
            "qualification_fetch_rate",
            "number",
            "table",
            "stats.qualification.fetchRate",
            "qualified share from filters alone",
            "fraction",
        ),
        Field(
            "qualified_leads", "integer", "table", "stats.qualification.qualifiedLeads", "leads that qualify", "leads"
        ),
        Field(
            "effective_leads_per_qualified",
            "number",
            "table",
            "stats.qualification.effectiveLeadsPerQualified",
            "measured",
            "leads per qualified lead",
        ),
        Field(
            "estimated_qualified_leads",
            "integer",
            "table",
            "stats.qualification.estimatedQualifiedLeads",
            "estimate",
            "leads",
        ),
        Field("total_sourced_leads", "integer", "table", "stats.funnel.totalSourcedLeads", "found at first", "leads"),
        Field(
            "post_static_leads",
            "integer",
            "table",
            "stats.funnel.postStaticLeads",
            "left after deduplication, exclusion and required filters",
            "leads",
        ),
        Field("deduped_leads", "integer", "table", "stats.funnel.dedupedLeads", "dropped as duplicates", "leads"),
        Field("dedup_rate", "number", "table", "stats.funnel.dedupRate", "share dropped as duplicates", "fraction"),
        Field("excluded_leads", "integer", "table", "stats.funnel.excludedLeads", "dropped as excluded", "leads"),
        Field("excluded_rate", "number", "table", "stats.funnel.excludedRate", "share dropped as excluded", "fraction"),
        Field("running_leads", "integer", "table", "stats.running.runningLeads", "with a cell still running", "leads"),
        Field(
            "oldest_active_run_started_at",
            "timestamp",
            "table",
            "stats.running.oldestActiveRunStartedAt",
            "start of the oldest work under way",
        ),
    ),
)


def tables_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: leads, credits, cells, and the economics of `include=stats`.

    No request is sent and no credits are spent. The rows follow the order of the source; a table that is given twice
    has two rows. What an answer leaves out, such as all of `stats` when it was not asked for, is NA.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `workspace_id` (string): container (deprecated); NA when made in a chat
        - `lead_count` (Int64, leads): rows not deleted, before saved filters
        - `column_count` (Int64, columns): columns of the table
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `url` (string): page for people
        - `created_at` (datetime64[us, UTC]): when the table was made
        - `updated_at` (datetime64[us, UTC]): when it last changed
        - `credits_per_lead` (Float64, credits per sourced lead): estimate
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): estimate, with the losses on the way
        - `find_more_estimated_credits` (Float64, credits per execution): estimate for one more "find more"
        - `has_unknown_total_with_more` (boolean): a source has more leads, nobody knows how many
        - `qualification_rate` (Float64, fraction): qualified share
        - `qualification_fetch_rate` (Float64, fraction): qualified share from filters alone
        - `qualified_leads` (Int64, leads): leads that qualify
        - `effective_leads_per_qualified` (Float64, leads per qualified lead): measured
        - `estimated_qualified_leads` (Int64, leads): estimate
        - `total_sourced_leads` (Int64, leads): found at first
        - `post_static_leads` (Int64, leads): left after deduplication, exclusion and required filters
        - `deduped_leads` (Int64, leads): dropped as duplicates
        - `dedup_rate` (Float64, fraction): share dropped as duplicates
        - `excluded_leads` (Int64, leads): dropped as excluded
        - `excluded_rate` (Float64, fraction): share dropped as excluded
        - `running_leads` (Int64, leads): with a cell still running
        - `oldest_active_run_started_at` (datetime64[us, UTC]): start of the oldest work under way

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `response.tables[]` of a run, or a table of its own.

    Example:
        >>> from origami_widgets.frames import tables_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15,
        ...          "credits": {"lifetimeUsed": 57}, "columns": [], "stats": {"creditsPerQualifiedLead": 4.75}}
        >>> frame = tables_frame(table)
        >>> frame["lead_count"].to_list(), frame["credits_per_qualified_lead"].to_list()
        ([15], [4.75])
        >>> frame.attrs["units"]["credits_per_qualified_lead"]
        'credits per qualified lead'
    """
    check_backend(dtype_backend)
    gathered = gather(source, TABLES.name)
    found, run = tables_of(gathered)
    tables = pluck(found.items, [*TABLES.paths("table"), "columns"])
    counts = [len(columns) if isinstance(columns, list | tuple) else None for columns in tables["columns"]]
    return build(
        TABLES,
        gathered,
        {"run": run, "table": Holder(tables)},
        computed={_COLUMN_COUNT.name: read(_COLUMN_COUNT, counts)},
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )
