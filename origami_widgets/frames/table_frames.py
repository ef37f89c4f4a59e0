"""Frames about tables, their columns and their lead sources: `tables_frame`, `columns_frame`, `lead_sources_frame`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .dtype_backend import DtypeBackend, check_backend
from .economics.table_economics import COMPANIES, PEOPLE, TableEconomics
from .frame_builder import Columns, build, objects, others, read_columns, read_fields, run_fields, value_at
from .schema import (
    COLUMN_FIELDS,
    LEAD_SOURCE_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_FIELDS,
    TABLE_ID,
    TABLE_NAME,
    FrameField,
    FrameSchema,
    computed_field,
    number_field,
)
from .source import Source, gather

if TYPE_CHECKING:
    import pandas as pd


_FIRST = ("lead_count", "qualified_leads", "credits_lifetime_used", "credits_per_qualified_lead")
"""Columns that users look for first, because the middle of a wide frame is not shown."""
_LAST = ("url", "created_at", "updated_at", "workspace_id", "table_id")
_OTHERS = tuple(name for name in TABLE_FIELDS if name not in ("table_name", *_FIRST, *_LAST))

TABLES = FrameSchema(
    "tables_frame",
    (
        RUN_NAME,
        TABLE_NAME,
        FrameField("of", "category", "computed", "", "what its leads are", members=(PEOPLE, COMPANIES)),
        *(TABLE_FIELDS[name] for name in _FIRST),
        computed_field("judged_leads", "integer", "leads with a verdict", "leads"),
        number_field("qualified_share", "qualified_leads / judged_leads", "fraction"),
        number_field("credits_on_unqualified", "expected to have been spent on unfit leads", "credits"),
        *(TABLE_FIELDS[name] for name in _OTHERS),
        computed_field("column_count", "integer", "columns of the table", "columns"),
        *(TABLE_FIELDS[name] for name in _LAST),
        RUN_ID,
    ),
)


def tables_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: leads, credits, cells, and the statistics of `include=stats`.

    Sends no request and spends no credits. Rows are in the order of the source; a table given twice has two rows.
    Values that an answer leaves out are NA, such as all of `stats` if it was not requested.

    `of` is `people` for a person's name beside a company, `companies` for a company or website without one, by the
    headings of the columns; NA for anything else. `credits_per_qualified_lead` is the server's estimate for this table
    alone, which a table whose `qualified_leads` is NA may have, too; what a qualified lead of a run costs is in
    `runs_frame`. `credits_on_unqualified` is the sum of `columns_frame` over the columns that give no verdicts; NA if it
    is unknown for one that has spent credits.

    If more leads qualify than were judged, more were judged than exist, or a number is negative, what is computed from
    them is NA, and `attrs["origami"]` has a `note` that says so.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `of` (category): what its leads are
        - `lead_count` (Int64, leads): rows not deleted, before saved filters
        - `qualified_leads` (Int64, leads): judged to qualify
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): estimate, with the losses on the way
        - `judged_leads` (Int64, leads): leads with a verdict
        - `qualified_share` (Float64, fraction): qualified_leads / judged_leads
        - `credits_on_unqualified` (Float64, credits): expected to have been spent on unfit leads
        - `cells_running` (Int64, cells): waiting, queued or running
        - `cells_errored` (Int64, cells): ended in a failure
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
        - `column_count` (Int64, columns): columns of the table
        - `url` (string): page in the web app
        - `created_at` (datetime64[us, UTC]): when the table was made
        - `updated_at` (datetime64[us, UTC]): when it last changed
        - `workspace_id` (string): container (deprecated); missing if made in a chat
        - `table_id` (string): the table
        - `run_id` (string): the run; NA for a table given without its run

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
    return _of_tables(TABLES, source, dtype_backend, "", _of_table)


def _of_table(economics: TableEconomics) -> Columns:
    columns = economics.table.get("columns")
    return {
        "of": [economics.of],
        "judged_leads": [economics.judged],
        "qualified_share": [economics.qualified_share],
        "credits_on_unqualified": [economics.credits_on_unqualified],
        "column_count": [len(columns) if isinstance(columns, list | tuple) else None],
    }


def _of_tables(
    schema: FrameSchema,
    source: Source,
    dtype_backend: DtypeBackend,
    listed: str,
    columns_of: Callable[[TableEconomics], Columns],
) -> pd.DataFrame:
    """Build a frame with what `columns_of` says of each table, given the path of the list in the table that it reads."""
    check_backend(dtype_backend)
    data = gather(source, schema.name)
    columns: Columns = {field.name: [] for field in schema.fields}
    skipped, contradicts = 0, False
    for part in data.parts:
        skipped += others(part.tables)
        for _, table in objects(part.tables):
            economics, about = TableEconomics(table), {**read_fields(schema, "table", table), **run_fields(part)}
            found = columns_of(economics)
            size = max(map(len, found.values()))
            for name in columns:
                columns[name] += found[name] if name in found else [about.get(name)] * size
            skipped += others(value_at(table, listed))
            contradicts |= economics.contradicts
    return build(schema, data, columns, skipped=skipped, contradicts=contradicts, dtype_backend=dtype_backend)


_LAST_OF_COLUMNS = ("slug", "type", "auto_trigger", "column_id")

COLUMNS = FrameSchema(
    "columns_frame",
    (
        RUN_NAME,
        TABLE_NAME,
        *(COLUMN_FIELDS[name] for name in ("column_name", "kind", "credits_lifetime_used")),
        number_field(
            "share_of_table_credits", "of the credits of all columns of its table; NA if one is unknown", "fraction"
        ),
        number_field("credits_on_unqualified", "expected to have been spent on unfit leads", "credits"),
        *(
            field
            for name, field in COLUMN_FIELDS.items()
            if name not in ("column_name", "kind", "credits_lifetime_used", *_LAST_OF_COLUMNS)
        ),
        number_field(
            "qualification_pass_rate", "qualification_pass / qualification_total; NA without verdicts", "fraction"
        ),
        computed_field("position", "integer", "place in its list, from 0"),
        *(COLUMN_FIELDS[name] for name in _LAST_OF_COLUMNS),
        TABLE_ID,
        RUN_ID,
    ),
)


def columns_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per column of every table: kind, credits, cells, call rate and verdicts.

    Sends no request and spends no credits. Rows are in the order of the source and of each table's columns; a table
    given twice has its rows twice. Values that an answer leaves out are NA, as are the `qualification_*` values of a
    column without a relevance condition.

    Expected spend on leads that were judged not to qualify, without those that are unsure:

        credits_on_unqualified = credits_lifetime_used * qualification_fail of the judging column / leads

    It assumes that the column ran for all leads alike; use it to rank columns. A column of kind `sequence`, which drafts
    outreach, is assumed to have run for qualified leads alone, unless it ran for more: 0. NA for columns that give
    verdicts, as these must run for every lead, and if counts contradict each other.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `kind` are added to the categories.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `column_name` (string): the heading
        - `kind` (category): what the column does
        - `credits_lifetime_used` (Float64, credits): settled, over all runs
        - `share_of_table_credits` (Float64, fraction): of the credits of all columns of its table; NA if one is unknown
        - `credits_on_unqualified` (Float64, credits): expected to have been spent on unfit leads
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
        - `position` (Int64): place in its list, from 0
        - `slug` (string): key of its cells in rows; missing if rows cannot have them
        - `type` (string): storage type; new ones may appear, so prefer `kind`
        - `auto_trigger` (boolean): whether it runs automatically on new leads
        - `column_id` (string): the column
        - `table_id` (string): the table
        - `run_id` (string): the run; NA for a table given without its run

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
    return _of_tables(COLUMNS, source, dtype_backend, "columns", _of_columns)


def _of_columns(economics: TableEconomics) -> Columns:
    return {
        **read_columns(COLUMNS, "column", economics.columns),
        "position": economics.positions,
        "share_of_table_credits": economics.shares_of_credits,
        "credits_on_unqualified": economics.spent_on_unqualified,
        "qualification_pass_rate": economics.pass_rates,
    }


LEAD_SOURCES = FrameSchema(
    "lead_sources_frame",
    (
        RUN_NAME,
        TABLE_NAME,
        *(field for name, field in LEAD_SOURCE_FIELDS.items() if name != "source_id"),
        LEAD_SOURCE_FIELDS["source_id"],
        TABLE_ID,
        RUN_ID,
    ),
)


def lead_sources_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per lead source of every table: its leads and their cost.

    The API does not document whether these credits are also part of what the columns have used: do not add the two.

    Sends no request and spends no credits. Rows are in the order of the source and of each table's lead sources; a
    table given twice has its rows twice. Lead sources are part of `include=stats`; without it, the frame is empty.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from. Undocumented words of
        `source` are added to the categories.

        - `run_name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_name` (string): the table's name
        - `source_name` (string): the name
        - `avg_credits_per_lead` (Float64, credits per lead): mean cost
        - `total_credits` (Float64, credits): spent on the lead source
        - `total_leads` (Int64, leads): found by the lead source
        - `source` (category): whether its costs are measured or estimated
        - `source_id` (string): the lead source
        - `table_id` (string): the table
        - `run_id` (string): the run; NA for a table given without its run

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
    return _of_tables(LEAD_SOURCES, source, dtype_backend, _SOURCES, _of_sources)


_SOURCES = "stats.leadSources"


def _of_sources(economics: TableEconomics) -> Columns:
    sources = [each for _, each in objects(value_at(economics.table, _SOURCES))]
    return read_columns(LEAD_SOURCES, "lead_source", sources)
