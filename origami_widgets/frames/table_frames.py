"""Frames about tables, their columns and their lead sources: `tables_frame`, `columns_frame`, `lead_sources_frame`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .dtype_backend import DtypeBackend, check_backend
from .frame_builder import OriginValues, build, nested_items, pluck, tables_of
from .schema import (
    COLUMN_FIELDS,
    LEAD_SOURCE_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_FIELDS,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    computed_field,
)
from .source import Source, gather
from .values import TypedValues, read_values

if TYPE_CHECKING:
    import pandas as pd

_COLUMN_COUNT = computed_field("column_count", "integer", "columns of the table", "columns")
_FIRST = (
    *("table_name", "lead_count", "qualified_leads", "credits_lifetime_used", "credits_per_qualified_lead"),
    *("cells_running", "cells_errored"),
)
"""Columns that users look for first, because the middle of a wide frame is not shown."""
_IDS = ("table_id", "url", "created_at", "updated_at")
_LAST = ("workspace_id",)
_OTHERS = tuple(name for name in TABLE_FIELDS if name not in (*_FIRST, *_IDS, *_LAST))

TABLES = FrameSchema(
    "tables_frame",
    (
        RUN_NAME,
        *(TABLE_FIELDS[name] for name in _FIRST),
        RUN_ID,
        *(TABLE_FIELDS[name] for name in _IDS),
        _COLUMN_COUNT,
        *(TABLE_FIELDS[name] for name in (*_OTHERS, *_LAST)),
    ),
)


def tables_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: leads, credits, cells, and the statistics of `include=stats`.

    Sends no request and spends no credits. Rows are in the order of the source; a table given twice has two rows.
    Values that an answer leaves out are NA, such as all of `stats` if it was not requested.
    `credits_per_qualified_lead` is the server's estimate, which a table whose `qualified_leads` is NA may have, too;
    `export` and the card leave it out there.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `lead_count` (Int64, leads): rows not deleted, before saved filters
        - `qualified_leads` (Int64, leads): judged to qualify
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): estimate, with the losses on the way
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `run_id` (string): the run; NA for a table given without its run
        - `table_id` (string): the table
        - `url` (string): page in the web app
        - `created_at` (datetime64[us, UTC]): when the table was made
        - `updated_at` (datetime64[us, UTC]): when it last changed
        - `column_count` (Int64, columns): columns of the table
        - `credits_per_lead` (Float64, credits per sourced lead): estimate
        - `find_more_estimated_credits` (Float64, credits per execution): estimate for one more "find more"
        - `has_unknown_total_with_more` (boolean): whether a lead source has more leads, without a known number
        - `qualification_rate` (Float64, fraction): share that qualifies
        - `qualification_fetch_rate` (Float64, fraction): share that qualifies by filters alone
        - `effective_leads_per_qualified` (Float64, leads per qualified lead): sourced leads per qualified lead, measured
        - `estimated_qualified_leads` (Int64, leads): estimate
        - `total_sourced_leads` (Int64, leads): found by the lead sources
        - `post_static_leads` (Int64, leads): left after deduplication, exclusion and required filters
        - `deduped_leads` (Int64, leads): dropped as duplicates
        - `dedup_rate` (Float64, fraction): share dropped as duplicates
        - `excluded_leads` (Int64, leads): dropped as excluded
        - `excluded_rate` (Float64, fraction): share dropped as excluded
        - `running_leads` (Int64, leads): with a cell still running
        - `oldest_active_run_started_at` (datetime64[us, UTC]): start of the oldest running work
        - `workspace_id` (string): container (deprecated); missing if made in a chat

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `response.tables[]` of a run, or a table of its own.

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
    data = gather(source, TABLES.name)
    found, run = tables_of(data)
    tables = pluck(found.items, [*TABLES.paths("table"), "columns"])
    counts = [len(columns) if isinstance(columns, list | tuple) else None for columns in tables["columns"]]
    return build(
        TABLES,
        data,
        {"run": run, "table": OriginValues(tables)},
        computed={_COLUMN_COUNT.name: read_values(_COLUMN_COUNT, counts)},
        skipped=found.skipped,
        dtype_backend=dtype_backend,
    )


COLUMNS = FrameSchema(
    "columns_frame",
    (
        RUN_ID,
        RUN_NAME,
        TABLE_ID,
        TABLE_NAME,
        computed_field("position", "integer", "place in the table, from 0"),
        *COLUMN_FIELDS.values(),
        computed_field(
            "qualification_pass_rate",
            "number",
            "qualification_pass / qualification_total; NA without verdicts",
            "fraction",
        ),
    ),
)


def columns_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per column of every table: kind, credits, cells, call rate and verdicts.

    Sends no request and spends no credits. Rows are in the order of the source and of each table's columns; a table
    given twice has its rows twice. Values that an answer leaves out are NA, as are the `qualification_*` values of a
    column without a relevance condition.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `kind` are added to the categories.

        - `run_id` (string): the run; NA for a table given without its run
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `position` (Int64): place in the table, from 0
        - `column_id` (string): the column
        - `column_name` (string): the heading
        - `slug` (string): key of its cells in rows; missing if rows cannot have them
        - `kind` (category): what the column does
        - `type` (string): storage type; new ones may appear, so prefer `kind`
        - `auto_trigger` (boolean): whether it runs automatically on new leads
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
        - `avg_credits_per_run` (Float64, credits per execution): mean per execution
        - `call_rate` (Float64, fraction): share of leads that triggered the column
        - `total_runs` (Int64, executions): executions so far
        - `qualification_pass` (Int64, leads): judged to qualify
        - `qualification_fail` (Int64, leads): judged not to qualify
        - `qualification_unsure` (Int64, leads): judged unsure
        - `qualification_total` (Int64, leads): with a verdict
        - `qualification_pass_rate` (Float64, fraction): qualification_pass / qualification_total; NA without verdicts

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `columns[]` of each table.

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
    data = gather(source, COLUMNS.name)
    found, run = tables_of(data)
    tables = pluck(found.items, [*COLUMNS.paths("table"), "columns"])
    each = nested_items(tables["columns"])
    columns = pluck(each.items, COLUMNS.paths("column"))
    computed = {
        "position": TypedValues(each.positions, np.zeros(len(each.items), np.bool_)),
        "qualification_pass": read_values(COLUMNS["qualification_pass"], columns[COLUMNS["qualification_pass"].path]),
        "qualification_total": read_values(
            COLUMNS["qualification_total"], columns[COLUMNS["qualification_total"].path]
        ),
    }
    part, whole = computed["qualification_pass"], computed["qualification_total"]
    is_known = ~part.missing & ~whole.missing
    is_wrong = is_known & ((part.data < 0) | (part.data > whole.data))
    missing = ~is_known | is_wrong | (whole.data <= 0)
    computed["qualification_pass_rate"] = TypedValues(part.data / np.where(missing, 1, whole.data), missing)
    return build(
        COLUMNS,
        data,
        {
            "run": OriginValues(run.fields, found.owners[each.owners]),
            "table": OriginValues(tables, each.owners),
            "column": OriginValues(columns),
        },
        computed=computed,
        skipped=found.skipped + each.skipped,
        contradicts=bool(is_wrong.any()),
        dtype_backend=dtype_backend,
    )


LEAD_SOURCES = FrameSchema("lead_sources_frame", (RUN_ID, TABLE_ID, TABLE_NAME, *LEAD_SOURCE_FIELDS.values()))


def lead_sources_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per lead source of every table: its leads and their cost.

    Sends no request and spends no credits. Rows are in the order of the source and of each table's lead sources; a
    table given twice has its rows twice. Lead sources are part of `include=stats`; without it, the frame is empty.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `source` are added to the categories.

        - `run_id` (string): the run; NA for a table given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `source_id` (string): the lead source
        - `source_name` (string): the name
        - `avg_credits_per_lead` (Float64, credits per lead): mean cost
        - `total_credits` (Float64, credits): spent on the lead source
        - `total_leads` (Int64, leads): found by the lead source
        - `source` (category): whether its costs are measured or estimated

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `stats.leadSources[]` of each table.

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
    data = gather(source, LEAD_SOURCES.name)
    found, run = tables_of(data)
    tables = pluck(found.items, [*LEAD_SOURCES.paths("table"), "stats.leadSources"])
    each = nested_items(tables["stats.leadSources"])
    return build(
        LEAD_SOURCES,
        data,
        {
            "run": OriginValues(run.fields, found.owners[each.owners]),
            "table": OriginValues(tables, each.owners),
            "lead_source": OriginValues(pluck(each.items, LEAD_SOURCES.paths("lead_source"))),
        },
        skipped=found.skipped + each.skipped,
        dtype_backend=dtype_backend,
    )
