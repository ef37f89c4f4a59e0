"""`column_economics_frame`: which columns have used a table's credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import OriginValues, build
from origami_widgets.frames.schema import (
    COLUMN_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    computed_field,
)
from origami_widgets.frames.source import Source, gather

from .spending import ERRORED, UNQUALIFIED, UNQUALIFIED_MIN, Measure, Spending, measured, over

if TYPE_CHECKING:
    import pandas as pd

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
        computed_field(
            "share_of_spend",
            "number",
            "of the credits of all columns of its table; NA if one is unknown",
            "fraction",
        ),
        COLUMN_FIELDS["total_runs"].renamed("executions"),
        COLUMN_FIELDS["avg_credits_per_run"].renamed("credits_per_execution"),
        computed_field("credits_per_lead", "number", "credits_used / leads of its table", "credits per lead"),
        computed_field(
            "credits_per_qualified_lead",
            "number",
            "credits_per_lead / qualified share of its table",
            "credits per qualified lead",
        ),
        COLUMN_FIELDS["cells_errored"],
        computed_field("errored_rate", "number", "cells_errored / leads of its table", "fraction"),
        computed_field("fail_rate", "number", "`fail` verdicts / all verdicts; NA without verdicts", "fraction"),
        ERRORED,
        UNQUALIFIED,
        UNQUALIFIED_MIN,
        computed_field("unqualified_share", "number", "credits_unqualified / credits_used", "fraction"),
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
    `attrs["origami"]["contradictions"]` lists these.

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
        computed = {name: measured(values) for name, values in _measures(spending).items()}
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
        issues=spending.issues,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending) -> dict[str, Measure]:
    used, leads = spending.column("credits_lifetime_used"), spending.of_table(spending.table("lead_count"))
    failed, judged = spending.column("qualification_fail"), spending.column("qualification_total")
    spending.issues.add_contradiction("more leads failed than were judged", failed > judged)
    return {
        "share_of_spend": spending.share_of_table,
        "credits_per_lead": over(used, leads),
        "credits_per_qualified_lead": over(over(used, leads), spending.of_table(spending.qualified_share)),
        "errored_rate": over(spending.column("cells_errored"), leads),
        "fail_rate": over(np.where(failed > judged, np.nan, failed), judged),
        "credits_errored": spending.credits_errored,
        "credits_unqualified": spending.credits_unqualified,
        "credits_unqualified_min": spending.credits_unqualified_min,
        "unqualified_share": over(spending.credits_unqualified, used),
    }
