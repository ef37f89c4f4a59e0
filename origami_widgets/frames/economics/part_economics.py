"""`column_economics_frame` and `lead_source_economics_frame`: which parts of a table have used its credits, and what leads cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import FieldValues, OriginValues, build, nested_items, pluck
from origami_widgets.frames.schema import (
    COLUMN_FIELDS,
    LEAD_SOURCE_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    number_field,
)
from origami_widgets.frames.source import Source, gather
from origami_widgets.frames.table_frames import LEAD_SOURCES

from .spending import ERRORED, UNQUALIFIED, UNQUALIFIED_MIN, Measure, Spending, measured, over, sums

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.frames.frame_builder import NestedItems


COLUMN_ECONOMICS = FrameSchema(
    "column_economics_frame",
    (
        RUN_ID,
        RUN_NAME,
        TABLE_ID,
        TABLE_NAME,
        COLUMN_FIELDS["column_id"],
        COLUMN_FIELDS["column_name"],
        COLUMN_FIELDS["kind"],
        COLUMN_FIELDS["credits_lifetime_used"].renamed("credits_used"),
        number_field("share_of_spend", "of the credits of all columns of its table; NA if one is unknown", "fraction"),
        COLUMN_FIELDS["total_runs"].renamed("executions"),
        COLUMN_FIELDS["avg_credits_per_run"].renamed("credits_per_execution"),
        number_field("credits_per_lead", "credits_used / leads of its table", "credits per lead"),
        number_field(
            "credits_per_qualified_lead",
            "credits_per_lead / qualified share of its table",
            "credits per qualified lead",
        ),
        COLUMN_FIELDS["cells_errored"],
        number_field("errored_rate", "cells_errored / leads of its table", "fraction"),
        number_field("fail_rate", "`fail` verdicts / all verdicts; NA without verdicts", "fraction"),
        ERRORED,
        UNQUALIFIED,
        UNQUALIFIED_MIN,
        number_field("unqualified_share", "credits_unqualified / credits_used", "fraction"),
    ),
)


def column_economics_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per column of every table: its share of the spend, and the credits that it wasted.

    Sends no request and spends no credits. All values are computed from what the server reports, by the formulas given
    with the columns. A result is NA if one of its inputs is missing.

    Expected spend on unfit leads:

        credits_unqualified = credits_used * leads judged unfit / leads

    The API does not report which leads a column ran for. The formula assumes that it ran for fit and unfit leads alike.
    Only a column of kind `sequence`, which drafts outreach, is assumed to have run for qualified leads alone, unless it
    ran for more leads than qualify: 0. Use this value to rank columns.

    Least spend on unfit leads: `credits_unqualified_min` is the number of unfit leads that the column must have run
    for, times `credits_per_execution`, and at most `credits_used`. The column ran for (call rate * leads) leads. If
    that is more than the leads that are not judged unfit, the rest must be unfit. It is 0 for most columns that run
    only for some leads.

    Both are NA for columns that give verdicts, because these must run for every lead, and if counts contradict each
    other: more leads qualify than were judged, more were judged than exist, or a number is negative.
    `attrs["origami"]` then has a `note` that says so.

    Failed cells: `credits_errored` is cells_errored * credits_per_execution, at most credits_used. Some of these cells
    never ran, for example for lack of credits, and the API does not document whether the others are charged.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_id` (string): the run; NA for a table given without its run
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `column_id` (string): the column
        - `column_name` (string): the heading
        - `kind` (category): what the column does
        - `credits_used` (Float64, credits): settled, over all runs
        - `share_of_spend` (Float64, fraction): of the credits of all columns of its table; NA if one is unknown
        - `executions` (Int64, executions): executions so far
        - `credits_per_execution` (Float64, credits per execution): mean per execution
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads of its table
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_per_lead / qualified share of its table
        - `cells_errored` (Int64, cells): ended in a failure
        - `errored_rate` (Float64, fraction): cells_errored / leads of its table
        - `fail_rate` (Float64, fraction): `fail` verdicts / all verdicts; NA without verdicts
        - `credits_errored` (Float64, credits): failed cells at the mean price
        - `credits_unqualified` (Float64, credits): expected to have been spent on leads judged unfit
        - `credits_unqualified_min` (Float64, credits): least credits spent on leads judged unfit, as the counts prove
        - `unqualified_share` (Float64, fraction): credits_unqualified / credits_used

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `columns[]` of each table with their `stats`, and the table's `stats.qualification`.

    Example:
        >>> from origami_widgets.frames import column_economics_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "columns": [
        ...     {"id": "1d9e", "name": "Contact e-mail", "kind": "enrichment", "credits": {"lifetimeUsed": 39},
        ...      "cells": {"errored": 1}, "stats": {"avgCreditsPerRun": 3, "totalRuns": 13}},
        ...     {"id": "2e8f", "name": "Fit", "kind": "score", "credits": {"lifetimeUsed": 18}}]}
        >>> frame = column_economics_frame(table)
        >>> frame["share_of_spend"].round(2).to_list(), frame["credits_errored"].to_list()
        ([0.68, 0.32], [3.0, <NA>])
    """
    check_backend(dtype_backend)
    spending = Spending(gather(source, COLUMN_ECONOMICS.name))
    # Missing values are NaN here, and a count may exceed the largest float.
    with np.errstate(all="ignore"):
        computed = {name: measured(values) for name, values in _column_measures(spending).items()}
    return build(
        COLUMN_ECONOMICS,
        spending.source,
        {
            "run": spending.run_of(spending.each.owners),
            "table": OriginValues(spending.tables, spending.each.owners),
            "column": OriginValues(spending.columns),
        },
        computed=computed,
        skipped=spending.skipped,
        contradicts=spending.contradicts,
        dtype_backend=dtype_backend,
    )


def _column_measures(spending: Spending) -> dict[str, Measure]:
    used, leads = spending.column("credits_lifetime_used"), spending.of_table(spending.table("lead_count"))
    failed, judged = spending.column("qualification_fail"), spending.column("qualification_total")
    return {
        "share_of_spend": spending.share_of_table,
        "credits_per_lead": over(used, leads),
        "credits_per_qualified_lead": over(over(used, leads), spending.of_table(spending.qualified_share)),
        "errored_rate": over(spending.column("cells_errored"), leads),
        "fail_rate": over(spending.unless(failed > judged, failed), judged),
        "credits_errored": spending.credits_errored,
        "credits_unqualified": spending.credits_unqualified,
        "credits_unqualified_min": spending.credits_unqualified_min,
        "unqualified_share": over(spending.credits_unqualified, used),
    }


_CREDITS = LEAD_SOURCE_FIELDS["total_credits"].renamed("credits_used")
_LEADS = LEAD_SOURCE_FIELDS["total_leads"].renamed("leads")
_MEAN = LEAD_SOURCE_FIELDS["avg_credits_per_lead"].renamed(
    "credits_per_lead", "mean that the server reports, else credits_used / leads"
)

LEAD_SOURCE_ECONOMICS = FrameSchema(
    "lead_source_economics_frame",
    (
        RUN_ID,
        RUN_NAME,
        TABLE_ID,
        TABLE_NAME,
        LEAD_SOURCE_FIELDS["source_id"],
        LEAD_SOURCE_FIELDS["source_name"],
        _LEADS,
        _CREDITS,
        number_field("share_of_leads", "of the leads of all lead sources of its table", "fraction"),
        number_field("share_of_spend", "of the credits of all lead sources of its table", "fraction"),
        _MEAN,
        number_field(
            "credits_per_qualified_lead",
            "credits_per_lead x sourced leads per qualified lead",
            "credits per qualified lead",
        ),
        LEAD_SOURCE_FIELDS["source"],
    ),
)


def lead_source_economics_frame(source: Source, *, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per lead source of every table: its share of leads and spend, and its price per qualified lead.

    Sends no request and spends no credits. The server does not report which lead source a qualified lead came from, so
    `credits_per_qualified_lead` assumes that the leads of all sources of a table are equally likely to qualify:

        credits_per_qualified_lead = credits_per_lead * sourced leads of the table / (its leads * its qualified share)

    It therefore ranks the sources as `credits_per_lead` does. The API does not document whether these credits are also
    part of what the columns have used, so do not add the two.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_id` (string): the run; NA for a table given without its run
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `source_id` (string): the lead source
        - `source_name` (string): the name
        - `leads` (Int64, leads): found by the lead source
        - `credits_used` (Float64, credits): spent on the lead source
        - `share_of_leads` (Float64, fraction): of the leads of all lead sources of its table
        - `share_of_spend` (Float64, fraction): of the credits of all lead sources of its table
        - `credits_per_lead` (Float64, credits per lead): mean that the server reports, else credits_used / leads
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_per_lead x sourced leads per qualified lead
        - `source` (category): whether its costs are measured or estimated

    Raises:
        InvalidInput: the source cannot be read, or `dtype_backend` is unknown.

    API: `stats.leadSources[]`, `stats.funnel` and `stats.qualification` of each table.

    Example:
        >>> from origami_widgets.frames import lead_source_economics_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 10, "stats": {
        ...     "funnel": {"totalSourcedLeads": 20}, "qualification": {"rate": 0.8, "qualifiedLeads": 12}, "leadSources": [
        ...     {"id": "3f90", "name": "Local listings", "avgCreditsPerLead": 2, "totalCredits": 42, "totalLeads": 21}]}}
        >>> frame = lead_source_economics_frame(table)
        >>> frame["share_of_spend"].to_list(), frame["credits_per_qualified_lead"].to_list()
        ([1.0], [5.0])
    """
    check_backend(dtype_backend)
    spending = Spending(gather(source, LEAD_SOURCE_ECONOMICS.name), ("stats.leadSources",))
    each = nested_items(spending.tables["stats.leadSources"])
    fields = pluck(each.items, LEAD_SOURCES.paths("lead_source"))
    # Missing values are NaN here, and a count may exceed the largest float.
    with np.errstate(all="ignore"):
        computed = {name: measured(values) for name, values in _lead_source_measures(spending, each, fields).items()}
    return build(
        LEAD_SOURCE_ECONOMICS,
        spending.source,
        {
            "run": spending.run_of(each.owners),
            "table": OriginValues(spending.tables, each.owners),
            "lead_source": OriginValues(fields),
        },
        computed=computed,
        skipped=spending.found.skipped + each.skipped,
        contradicts=spending.contradicts,
        dtype_backend=dtype_backend,
    )


def _lead_source_measures(spending: Spending, each: NestedItems, fields: FieldValues) -> dict[str, Measure]:
    def share(values: Measure) -> Measure:
        return over(values, sums(values, each.owners, spending.size)[each.owners])

    used, leads, mean = (spending.measure(field, fields) for field in (_CREDITS, _LEADS, _MEAN))
    per_lead = np.where(np.isnan(mean), over(used, leads), mean)
    qualified = spending.table("lead_count") * spending.qualified_share
    per_qualified = over(spending.table("total_sourced_leads"), qualified)
    return {
        "share_of_leads": share(leads),
        "share_of_spend": share(used),
        _MEAN.name: per_lead,
        "credits_per_qualified_lead": per_lead * per_qualified[each.owners],
    }
