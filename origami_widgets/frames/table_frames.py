"""`tables_frame`, `columns_frame` and `lead_sources_frame`: tables, their columns, and where their leads come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .dtype_backend import DtypeBackend, check_backend
from .frame_builder import DataIssues, OriginValues, build, nested_items, pluck, tables_of
from .schema import LEAD_COUNT, RUN_ID, TABLE_ID, TABLE_NAME, FrameField, FrameSchema
from .source import Source, gather
from .values import TypedValues, read_values

if TYPE_CHECKING:
    import pandas as pd

_COLUMN_COUNT = FrameField("column_count", "integer", "computed", "", "columns of the table", "columns")

TABLES = FrameSchema(
    "tables_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        FrameField("workspace_id", "string", "table", "workspaceId", "container (deprecated); NA when made in a chat"),
        LEAD_COUNT,
        _COLUMN_COUNT,
        FrameField(
            "credits_lifetime_used", "number", "table", "credits.lifetimeUsed", "settled, over all runs", "credits"
        ),
        FrameField("cells_running", "integer", "table", "cells.running", "waiting, queued or running", "cells"),
        FrameField("cells_errored", "integer", "table", "cells.errored", "ended in a failure", "cells"),
        FrameField("url", "string", "table", "url", "page for people"),
        FrameField("created_at", "timestamp", "table", "createdAt", "when the table was made"),
        FrameField("updated_at", "timestamp", "table", "updatedAt", "when it last changed"),
        FrameField(
            "credits_per_lead", "number", "table", "stats.creditsPerLead", "estimate", "credits per sourced lead"
        ),
        FrameField(
            "credits_per_qualified_lead",
            "number",
            "table",
            "stats.creditsPerQualifiedLead",
            "estimate, with the losses on the way",
            "credits per qualified lead",
        ),
        FrameField(
            "find_more_estimated_credits",
            "number",
            "table",
            "stats.findMoreEstimatedCredits",
            'estimate for one more "find more"',
            "credits per execution",
        ),
        FrameField(
            "has_unknown_total_with_more",
            "boolean",
            "table",
            "stats.hasUnknownTotalWithMore",
            "a source has more leads, nobody knows how many",
        ),
        FrameField("qualification_rate", "number", "table", "stats.qualification.rate", "qualified share", "fraction"),
        FrameField(
            "qualification_fetch_rate",
            "number",
            "table",
            "stats.qualification.fetchRate",
            "qualified share from filters alone",
            "fraction",
        ),
        FrameField(
            "qualified_leads", "integer", "table", "stats.qualification.qualifiedLeads", "leads that qualify", "leads"
        ),
        FrameField(
            "effective_leads_per_qualified",
            "number",
            "table",
            "stats.qualification.effectiveLeadsPerQualified",
            "measured",
            "leads per qualified lead",
        ),
        FrameField(
            "estimated_qualified_leads",
            "integer",
            "table",
            "stats.qualification.estimatedQualifiedLeads",
            "estimate",
            "leads",
        ),
        FrameField(
            "total_sourced_leads", "integer", "table", "stats.funnel.totalSourcedLeads", "found at first", "leads"
        ),
        FrameField(
            "post_static_leads",
            "integer",
            "table",
            "stats.funnel.postStaticLeads",
            "left after deduplication, exclusion and required filters",
            "leads",
        ),
        FrameField("deduped_leads", "integer", "table", "stats.funnel.dedupedLeads", "dropped as duplicates", "leads"),
        FrameField(
            "dedup_rate", "number", "table", "stats.funnel.dedupRate", "share dropped as duplicates", "fraction"
        ),
        FrameField("excluded_leads", "integer", "table", "stats.funnel.excludedLeads", "dropped as excluded", "leads"),
        FrameField(
            "excluded_rate", "number", "table", "stats.funnel.excludedRate", "share dropped as excluded", "fraction"
        ),
        FrameField(
            "running_leads", "integer", "table", "stats.running.runningLeads", "with a cell still running", "leads"
        ),
        FrameField(
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
        {"run": run, "table": OriginValues(tables)},
        computed={_COLUMN_COUNT.name: read_values(_COLUMN_COUNT, counts)},
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )


COLUMN_KINDS = ("input", "enrichment", "score", "sequence")

_PASS = FrameField("qualification_pass", "integer", "column", "qualification.pass", "judged to fit", "leads")
_TOTAL = FrameField("qualification_total", "integer", "column", "qualification.total", "judged at all", "leads")

COLUMNS = FrameSchema(
    "columns_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        FrameField("position", "integer", "computed", "", "place in the table, from 0"),
        FrameField("column_id", "string", "column", "id", "the column"),
        FrameField("column_name", "string", "column", "name", "its heading"),
        FrameField("slug", "string", "column", "slug", "key in rows; NA: it cannot appear there"),
        FrameField("kind", "category", "column", "kind", "input, enrichment, score or sequence", "", COLUMN_KINDS),
        FrameField("type", "string", "column", "type", "storage type, an open set: prefer `kind`"),
        FrameField("auto_trigger", "boolean", "column", "autoTrigger", "runs by itself on new leads"),
        FrameField(
            "credits_lifetime_used", "number", "column", "credits.lifetimeUsed", "settled, over all runs", "credits"
        ),
        FrameField("cells_running", "integer", "column", "cells.running", "waiting, queued or running", "cells"),
        FrameField("cells_errored", "integer", "column", "cells.errored", "ended in a failure", "cells"),
        FrameField(
            "avg_credits_per_run",
            "number",
            "column",
            "stats.avgCreditsPerRun",
            "mean when the column runs",
            "credits per execution",
        ),
        FrameField("call_rate", "number", "column", "stats.callRate", "share of leads that triggered it", "fraction"),
        FrameField("total_runs", "integer", "column", "stats.totalRuns", "over its life", "executions"),
        _PASS,
        FrameField("qualification_fail", "integer", "column", "qualification.fail", "judged not to fit", "leads"),
        FrameField("qualification_unsure", "integer", "column", "qualification.unsure", "judged unsure", "leads"),
        _TOTAL,
        FrameField(
            "qualification_pass_rate",
            "number",
            "computed",
            "",
            "pass over total; NA without verdicts",
            "fraction",
        ),
    ),
)


def columns_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per column of every table: kind, credits, cells, call rate and pass, fail or unsure.

    No request is sent and no credits are spent. The rows follow the order of the source and of each table's columns;
    a table that is given twice has its rows twice. What an answer leaves out is NA, and so is `qualification_*` of a
    column without a relevance condition.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. A `kind` that is not documented is added
        to the categories.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `position` (Int64): place in the table, from 0
        - `column_id` (string): the column
        - `column_name` (string): its heading
        - `slug` (string): key in rows; NA: it cannot appear there
        - `kind` (category): input, enrichment, score or sequence
        - `type` (string): storage type, an open set: prefer `kind`
        - `auto_trigger` (boolean): runs by itself on new leads
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `avg_credits_per_run` (Float64, credits per execution): mean when the column runs
        - `call_rate` (Float64, fraction): share of leads that triggered it
        - `total_runs` (Int64, executions): over its life
        - `qualification_pass` (Int64, leads): judged to fit
        - `qualification_fail` (Int64, leads): judged not to fit
        - `qualification_unsure` (Int64, leads): judged unsure
        - `qualification_total` (Int64, leads): judged at all
        - `qualification_pass_rate` (Float64, fraction): pass over total; NA without verdicts

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `columns[]` of each table.

    Example:
        >>> from origami_widgets.frames import columns_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "columns": [
        ...     {"id": "0c7d", "name": "Bakery", "kind": "input", "credits": {"lifetimeUsed": 0}},
        ...     {"id": "2e8f", "name": "Fit", "kind": "score", "credits": {"lifetimeUsed": 18},
        ...      "qualification": {"pass": 12, "fail": 2, "unsure": 1, "total": 15}}]}
        >>> frame = columns_frame(table)
        >>> frame["column_name"].to_list(), frame["credits_lifetime_used"].to_list()
        (['Bakery', 'Fit'], [0.0, 18.0])
        >>> frame["qualification_pass_rate"].to_list()
        [<NA>, 0.8]
    """
    check_backend(dtype_backend)
    gathered = gather(source, COLUMNS.name)
    found, run = tables_of(gathered)
    tables = pluck(found.items, [*COLUMNS.paths("table"), "columns"])
    each = nested_items(tables["columns"])
    columns = pluck(each.items, COLUMNS.paths("column"))
    computed = {
        "position": TypedValues(each.positions, np.zeros(len(each.items), np.bool_)),
        _PASS.name: read_values(_PASS, columns[_PASS.path]),
        _TOTAL.name: read_values(_TOTAL, columns[_TOTAL.path]),
    }
    notes = DataIssues()
    computed["qualification_pass_rate"] = _share(computed[_PASS.name], computed[_TOTAL.name], notes)
    return build(
        COLUMNS,
        gathered,
        {
            "run": OriginValues(run.fields, found.owners[each.owners]),
            "table": OriginValues(tables, each.owners),
            "column": OriginValues(columns),
        },
        computed=computed,
        skipped=found.skipped + each.skipped,
        notes=notes,
        dtype_backend=dtype_backend,
    )


def _share(part: TypedValues, whole: TypedValues, notes: DataIssues) -> TypedValues:
    told = ~part.missing & ~whole.missing
    is_wrong = told & ((part.data < 0) | (part.data > whole.data))
    notes.contradicts("more leads passed than were judged, or fewer than none", is_wrong)
    missing = ~told | is_wrong | (whole.data <= 0)
    return TypedValues(part.data / np.where(missing, 1, whole.data), missing)


COST_SOURCES = ("historical", "estimate")

COST_SOURCE = FrameField(
    "source",
    "category",
    "lead_source",
    "source",
    "whether costs are real or estimated from code",
    "",
    COST_SOURCES,
)

LEAD_SOURCES = FrameSchema(
    "lead_sources_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        FrameField("source_id", "string", "lead_source", "id", "the lead source"),
        FrameField("source_name", "string", "lead_source", "name", "its name"),
        FrameField("avg_credits_per_lead", "number", "lead_source", "avgCreditsPerLead", "mean", "credits per lead"),
        FrameField("total_credits", "number", "lead_source", "totalCredits", "what it has cost", "credits"),
        FrameField("total_leads", "integer", "lead_source", "totalLeads", "what it has found", "leads"),
        COST_SOURCE,
    ),
)


def lead_sources_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per lead source of every table: its leads and what they cost.

    No request is sent and no credits are spent. The rows follow the order of the source and of each table's lead
    sources; a table that is given twice has its rows twice. Lead sources come with `include=stats` only: without it
    the frame is empty.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`. A `source` that is not documented is added
        to the categories.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `source_id` (string): the lead source
        - `source_name` (string): its name
        - `avg_credits_per_lead` (Float64, credits per lead): mean
        - `total_credits` (Float64, credits): what it has cost
        - `total_leads` (Int64, leads): what it has found
        - `source` (category): whether costs are real or estimated from code

    Raises:
        InvalidInput: for a source of another kind or an unknown `dtype_backend`.

    Source in the API: `stats.leadSources[]` of each table.

    Example:
        >>> from origami_widgets.frames import lead_sources_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "columns": [], "stats": {"leadSources": [
        ...     {"id": "3f90", "name": "Local listings", "avgCreditsPerLead": 2, "totalCredits": 42, "totalLeads": 21,
        ...      "source": "historical"}]}}
        >>> frame = lead_sources_frame(table)
        >>> frame["source_name"].to_list(), frame["total_credits"].to_list()
        (['Local listings'], [42.0])
        >>> frame["source"].cat.categories.to_list()
        ['historical', 'estimate']
    """
    check_backend(dtype_backend)
    gathered = gather(source, LEAD_SOURCES.name)
    found, run = tables_of(gathered)
    tables = pluck(found.items, [*LEAD_SOURCES.paths("table"), "stats.leadSources"])
    each = nested_items(tables["stats.leadSources"])
    return build(
        LEAD_SOURCES,
        gathered,
        {
            "run": OriginValues(run.fields, found.owners[each.owners]),
            "table": OriginValues(tables, each.owners),
            "lead_source": OriginValues(pluck(each.items, LEAD_SOURCES.paths("lead_source"))),
        },
        skipped=found.skipped + each.skipped,
        dtype_backend=dtype_backend,
    )
