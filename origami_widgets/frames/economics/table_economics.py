"""`economics_frame`: what each table has cost, and what more qualified leads would cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import OriginValues, build
from origami_widgets.frames.schema import (
    RUN_ID,
    RUN_NAME,
    TABLE_FIELDS,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    computed_field,
    number_field,
)
from origami_widgets.frames.source import Source, gather
from origami_widgets.frames.values import read_values

from .leads_needed import checked_order, leads_needed
from .spending import ERRORED, UNQUALIFIED, UNQUALIFIED_MIN, Measure, Spending, counted, measured, over

if TYPE_CHECKING:
    import pandas as pd

ECONOMICS = FrameSchema(
    "economics_frame",
    (
        RUN_ID,
        RUN_NAME,
        TABLE_ID,
        TABLE_NAME,
        TABLE_FIELDS["credits_lifetime_used"].renamed("credits_used"),
        number_field("share_of_spend", "of the credits of all tables of the source", "fraction"),
        TABLE_FIELDS["cells_running"].renamed("cells_running", "if above 0, more credits will be spent"),
        TABLE_FIELDS["lead_count"].renamed("leads"),
        computed_field("judged_leads", "integer", "leads with a verdict", "leads"),
        TABLE_FIELDS["qualified_leads"],
        number_field("qualified_share", "qualified_leads / judged_leads", "fraction"),
        number_field("credits_per_lead", "credits_used / leads", "credits per lead"),
        number_field("credits_per_qualified_lead", "credits_per_lead / qualified_share", "credits per qualified lead"),
        TABLE_FIELDS["credits_per_qualified_lead"].renamed(
            "estimated_credits_per_qualified_lead", "estimate of the server"
        ),
        computed_field("more", "integer", "the argument `more`", "qualified leads"),
        computed_field("expected_leads", "integer", "more / qualified_share", "leads"),
        number_field("expected_credits", "more x credits_per_qualified_lead, if leads cost as before", "credits"),
        number_field(
            "expected_credits_low", "98 % of such orders cost at least this, if leads cost as before", "credits"
        ),
        number_field(
            "expected_credits_high",
            "99 % of such orders cost at most this, if leads cost as before; NA with no qualified lead yet",
            "credits",
        ),
        computed_field("leads_left", "integer", "estimated qualified leads still to be found", "qualified leads"),
        computed_field("costliest_column", "string", "name of the column that used most credits"),
        number_field("costliest_column_share", "its share of the credits of the table's columns", "fraction"),
        ERRORED,
        UNQUALIFIED,
        UNQUALIFIED_MIN,
    ),
)


def economics_frame(source: Source, *, more: int = 100, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: its cost per lead, the price of more qualified leads, and the wasted credits.

    Sends no request and spends no credits. All values are computed from what the server reports; a result is NA if one
    of its inputs is missing. Most need the table's `stats`, which a `Run` always reads. For single columns and lead
    sources, see `column_economics_frame` and `lead_source_economics_frame`.

    Price of a qualified lead:

        credits_per_qualified_lead = (credits_used / leads) / (qualified_leads / judged_leads)

    Leads without a verdict count in the price but not in the share, so that a run that was stopped early does not look
    expensive. While cells are running, some credits are not counted yet. NA without a relevance condition.

    Price of more leads: `expected_credits` assumes that further leads cost (`credits_per_lead`) and qualify as before.
    `expected_credits_low` and `expected_credits_high` are `credits_per_lead` times the number of leads needed: the 2 %
    and 99 % quantiles of its posterior predictive distribution (beta-negative-binomial, from Jeffreys' prior). With 10
    or more judged leads, at least 94 of 100 such orders are within this range and at most 3.5 cost more, whatever the
    true share; with fewer, somewhat less. The range assumes that the price of a lead does not change. Without a
    qualified lead, there is no upper end, and the lower end is the 1 % quantile. `leads_left` is the server's estimate
    of all qualified leads minus those found; NA if a lead source has an unknown number of further leads.

    Waste: `credits_unqualified` is the expected, and `credits_unqualified_min` the least, number of credits that
    columns without their own verdicts have spent on leads judged unfit; `column_economics_frame` documents both
    formulas. `credits_errored` is failed cells times the mean price of a cell. Some of these cells never ran, and the
    API does not document whether the others are charged.

    Contradictions: if more leads qualify than were judged, more were judged than exist, or a number is negative,
    results are NA, and `attrs["origami"]` has a `note` that says so.

    Args:
        source: a `Run`, an API answer about a run or a table (a dict), a table object, or a list of these. A table
            given more than once counts once in `share_of_spend`, with its last values.
        more: the number of further qualified leads to price, 1 to 1,000,000,000.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), the same for every source. `attrs["units"]`
        has the units, and `attrs["origami"]` says where the frame comes from.

        - `run_id` (string): the run; NA for a table given without its run
        - `name` (string): the agent's name, as in `start_many({…})`; NA if unknown
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `credits_used` (Float64, credits): settled, over all runs
        - `share_of_spend` (Float64, fraction): of the credits of all tables of the source
        - `cells_running` (Int64, cells): if above 0, more credits will be spent
        - `leads` (Int64, leads): rows not deleted, before saved filters
        - `judged_leads` (Int64, leads): leads with a verdict
        - `qualified_leads` (Int64, leads): judged to qualify
        - `qualified_share` (Float64, fraction): qualified_leads / judged_leads
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_per_lead / qualified_share
        - `estimated_credits_per_qualified_lead` (Float64, credits per qualified lead): estimate of the server
        - `more` (Int64, qualified leads): the argument `more`
        - `expected_leads` (Int64, leads): more / qualified_share
        - `expected_credits` (Float64, credits): more x credits_per_qualified_lead, if leads cost as before
        - `expected_credits_low` (Float64, credits): 98 % of such orders cost at least this, if leads cost as before
        - `expected_credits_high` (Float64, credits): 99 % of such orders cost at most this, if leads cost as before; NA with no qualified lead yet
        - `leads_left` (Int64, qualified leads): estimated qualified leads still to be found
        - `costliest_column` (string): name of the column that used most credits
        - `costliest_column_share` (Float64, fraction): its share of the credits of the table's columns
        - `credits_errored` (Float64, credits): failed cells at the mean price
        - `credits_unqualified` (Float64, credits): expected to have been spent on leads judged unfit
        - `credits_unqualified_min` (Float64, credits): least credits spent on leads judged unfit, as the counts prove

    Raises:
        InvalidInput: the source cannot be read, `more` is out of range, or `dtype_backend` is unknown.

    API: the tables of a run and their `stats`.

    Example:
        >>> from origami_widgets.frames import economics_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15,
        ...          "credits": {"lifetimeUsed": 57}, "columns": [],
        ...          "stats": {"qualification": {"rate": 0.8, "qualifiedLeads": 12}}}
        >>> frame = economics_frame(table, more=100)
        >>> frame["credits_per_lead"].to_list(), frame["expected_credits"].round(6).to_list()
        ([3.8], [475.0])
        >>> frame[["expected_credits_low", "expected_credits_high"]].round(0).iloc[0].to_list()
        [399.0, 764.0]
    """
    check_backend(dtype_backend)
    wanted = checked_order(more, ECONOMICS.name)
    spending = Spending(gather(source, ECONOMICS.name))
    # Missing values are NaN here, and a count may exceed the largest float.
    with np.errstate(all="ignore"):
        computed = {name: measured(values) for name, values in _measures(spending, wanted).items()}
        computed["judged_leads"] = counted(ECONOMICS["judged_leads"], _whole(spending.judged))
        computed["expected_leads"] = counted(ECONOMICS["expected_leads"], _whole(_needed(spending, wanted)))
        costliest = _costliest(spending)
    computed["more"] = counted(ECONOMICS["more"], [wanted] * spending.size)
    computed["leads_left"] = counted(ECONOMICS["leads_left"], _left(spending))
    computed["costliest_column"] = read_values(ECONOMICS["costliest_column"], costliest)
    return build(
        ECONOMICS,
        spending.source,
        {"run": spending.run_of_tables, "table": OriginValues(spending.tables)},
        computed=computed,
        skipped=spending.skipped,
        contradicts=spending.contradicts,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending, more: int) -> dict[str, Measure]:
    used, share = spending.table("credits_lifetime_used"), spending.qualified_share
    per_lead = over(used, spending.table("lead_count"))
    verdicts = zip(spending.qualified.tolist(), spending.judged.tolist(), strict=True)
    needed = np.array([leads_needed(more, *each) for each in verdicts]).reshape(-1, 2)
    return {
        "share_of_spend": over(used, np.full(len(used), np.nansum(used[spending.newest()]))),
        "qualified_share": share,
        "credits_per_lead": per_lead,
        "credits_per_qualified_lead": over(per_lead, share),
        "expected_credits": more * over(per_lead, share),
        "expected_credits_low": per_lead * needed[:, 0],
        "expected_credits_high": per_lead * needed[:, 1],
        "costliest_column_share": _largest(spending),
        "credits_errored": spending.credits_errored_of_tables,
        "credits_unqualified": spending.credits_unqualified_of_tables,
        "credits_unqualified_min": spending.credits_unqualified_min_of_tables,
    }


def _needed(spending: Spending, more: int) -> Measure:
    # A whole number with a rounding error must not be rounded up.
    return np.ceil(np.round(over(np.full(spending.size, float(more)), spending.qualified_share), 6))


def _whole(values: Measure) -> list[int | None]:
    return [int(value) if math.isfinite(value) else None for value in values.tolist()]


def _left(spending: Spending) -> list[int | None]:
    estimated, qualified = spending.table_counts("estimated_qualified_leads"), spending.table_counts("qualified_leads")
    tables = zip(estimated, qualified, spending.has_more(), strict=True)
    return [None if most is None or there is None or more else max(0, most - there) for most, there, more in tables]


def _largest(spending: Spending) -> Measure:
    largest = np.full(spending.size, -np.inf)
    np.fmax.at(largest, spending.each.owners, spending.share_of_table)
    return largest


def _costliest(spending: Spending) -> list[Any]:
    """Return the name of the first column with the largest share of its table."""
    names: list[Any] = [None] * spending.size
    is_largest = spending.share_of_table == spending.of_table(_largest(spending))
    columns = zip(spending.each.owners.tolist(), spending.columns["name"], is_largest.tolist(), strict=True)
    for owner, name, largest in columns:
        if largest and names[owner] is None:
            names[owner] = name
    return names
