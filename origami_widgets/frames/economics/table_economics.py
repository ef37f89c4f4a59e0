"""`economics_frame`: what each table has cost, and what more qualified leads would cost."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import OriginValues, build
from origami_widgets.frames.schema import RUN_ID, TABLE_ID, TABLE_NAME, FrameField, FrameSchema
from origami_widgets.frames.source import Source, gather
from origami_widgets.frames.values import read_values

from .leads_needed import leads_needed
from .spending import UNQUALIFIED, UNQUALIFIED_MIN, Measure, Spending, counted, measured, over

if TYPE_CHECKING:
    import pandas as pd

MOST_LEADS = 10**9
_JUDGED = FrameField("judged_leads", "integer", "computed", "", "leads with a verdict", "leads")
_MORE = FrameField("more", "integer", "computed", "", "what you asked the price of", "qualified leads")
_EXPECTED_LEADS = FrameField("expected_leads", "integer", "computed", "", "more / qualified_share", "leads")
_LEFT = FrameField(
    "leads_left", "integer", "computed", "", "qualified leads still to find, estimated", "qualified leads"
)
_COSTLIEST = FrameField("costliest_column", "string", "computed", "", "the column that used most credits")

ECONOMICS = FrameSchema(
    "economics_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        FrameField("credits_used", "number", "table", "credits.lifetimeUsed", "settled, over all runs", "credits"),
        FrameField(
            "share_of_spend", "number", "computed", "", "of what all tables of the source have used", "fraction"
        ),
        FrameField(
            "cells_running", "integer", "table", "cells.running", "above 0, the credits are not all spent", "cells"
        ),
        FrameField("leads", "integer", "table", "leadCount", "rows not deleted, before saved filters", "leads"),
        _JUDGED,
        FrameField(
            "qualified_leads", "integer", "table", "stats.qualification.qualifiedLeads", "judged to fit", "leads"
        ),
        FrameField("qualified_share", "number", "computed", "", "qualified_leads / judged_leads", "fraction"),
        FrameField("credits_per_lead", "number", "computed", "", "credits_used / leads", "credits per lead"),
        FrameField(
            "credits_per_qualified_lead",
            "number",
            "computed",
            "",
            "credits_per_lead / qualified_share",
            "credits per qualified lead",
        ),
        FrameField(
            "estimated_credits_per_qualified_lead",
            "number",
            "table",
            "stats.creditsPerQualifiedLead",
            "the server's own estimate",
            "credits per qualified lead",
        ),
        _MORE,
        _EXPECTED_LEADS,
        FrameField(
            "expected_credits",
            "number",
            "computed",
            "",
            "more x credits_per_qualified_lead, if leads cost as before",
            "credits",
        ),
        FrameField(
            "expected_credits_low",
            "number",
            "computed",
            "",
            "what 98 % of such orders cost at least, if leads cost as before",
            "credits",
        ),
        FrameField(
            "expected_credits_high",
            "number",
            "computed",
            "",
            "what 99 % of them cost at most, if leads cost as before; NA with none qualified yet",
            "credits",
        ),
        _LEFT,
        _COSTLIEST,
        FrameField(
            "costliest_column_share", "number", "computed", "", "of what the table's columns have used", "fraction"
        ),
        FrameField("credits_errored", "number", "computed", "", "cells that failed, at the mean price", "credits"),
        UNQUALIFIED,
        UNQUALIFIED_MIN,
    ),
)


def economics_frame(source: Source, *, more: int = 100, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: what it has cost per lead, what more qualified leads would cost, and what was of no use.

    No request is sent and no credits are spent. All of it is arithmetic on what the server has said; where a part of
    that is missing, so is the result. Read the run with `stats` (a `Run` does), else most of it is NA. Which columns
    and which sources of leads the money went to is told by `column_economics_frame` and `lead_source_economics_frame`.

    - A qualified lead: `credits_per_qualified_lead` = (credits_used / leads) / (qualified_leads / judged_leads). Leads
      without a verdict count in the price and not in the share, so a run that was stopped half-way is not made dear by
      them. While cells are running, the credits are too few. Without a relevance condition it is NA.
    - The price of more: `expected_credits` supposes that leads cost as before (credits_per_lead) and qualify as before.
      How many leads it takes is chance, and the share that qualifies is known from few verdicts. `_low` and `_high` are
      credits_per_lead x the leads needed, of whose posterior predictive distribution (beta-negative-binomial, from
      Jeffreys' prior) they are the 2 % and the 99 % quantile. With 10 leads judged or more, at least 94 of 100 such orders
      lie between, and at most 3.5 are dearer, whatever share qualifies; with fewer judged it is somewhat less. That the
      price of a lead may differ, too, is not in it. With no qualified lead yet there is only `_low` (the 1 % quantile):
      nothing bounds the price above. `leads_left` is what the server
      estimates in all less what is there; NA where a source has an unknown number of further leads.
    - Of no use: `credits_unqualified` is the expected, `credits_unqualified_min` the least amount that columns without
      verdicts of their own have spent on leads judged unfit; `column_economics_frame` has the formulas and what they
      suppose. `credits_errored` = failed cells x the mean price: some of these cells never ran, and whether Origami
      charges for the others is not documented.
    - Numbers that cannot be true: where more leads qualify than were judged, more were judged than there are, or a number
      is negative, what is computed of them is NA, and `attrs["origami"]["contradictions"]` says so.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these. A
            table that is given more than once counts once in `share_of_spend`, as it was given last.
        more: how many more qualified leads to price, 1 to a billion.
        dtype_backend: `"numpy_nullable"`, or `"pyarrow"` for Arrow's dtypes.

    Returns:
        A frame with these columns, the same for every source (dtypes of the default backend). Units are also in
        `attrs["units"]`, where the frame comes from in `attrs["origami"]`.

        - `run_id` (string): the run; NA for a table that was given without its run
        - `table_id` (string): the table
        - `table_name` (string): the table's name
        - `credits_used` (Float64, credits): settled, over all runs
        - `share_of_spend` (Float64, fraction): of what all tables of the source have used
        - `cells_running` (Int64, cells): above 0, the credits are not all spent
        - `leads` (Int64, leads): rows not deleted, before saved filters
        - `judged_leads` (Int64, leads): leads with a verdict
        - `qualified_leads` (Int64, leads): judged to fit
        - `qualified_share` (Float64, fraction): qualified_leads / judged_leads
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_per_lead / qualified_share
        - `estimated_credits_per_qualified_lead` (Float64, credits per qualified lead): the server's own estimate
        - `more` (Int64, qualified leads): what you asked the price of
        - `expected_leads` (Int64, leads): more / qualified_share
        - `expected_credits` (Float64, credits): more x credits_per_qualified_lead, if leads cost as before
        - `expected_credits_low` (Float64, credits): what 98 % of such orders cost at least, if leads cost as before
        - `expected_credits_high` (Float64, credits): what 99 % of them cost at most, if leads cost as before; NA with none qualified yet
        - `leads_left` (Int64, qualified leads): qualified leads still to find, estimated
        - `costliest_column` (string): the column that used most credits
        - `costliest_column_share` (Float64, fraction): of what the table's columns have used
        - `credits_errored` (Float64, credits): cells that failed, at the mean price
        - `credits_unqualified` (Float64, credits): expected to be spent on leads that were judged unfit
        - `credits_unqualified_min` (Float64, credits): spent on them at least, as far as counts prove it

    Raises:
        InvalidInput: for a source of another kind, a `more` that is no such number, or an unknown `dtype_backend`.

    Source in the API: the tables of a run and their `stats`.

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
    wanted = _checked(more)
    spending = Spending(gather(source, ECONOMICS.name))
    # What is missing is NaN here, and a count may be larger than a float.
    with np.errstate(all="ignore"):
        computed = {name: measured(values) for name, values in _measures(spending, wanted).items()}
        computed[_JUDGED.name] = counted(_JUDGED, _whole(spending.judged))
        computed[_EXPECTED_LEADS.name] = counted(_EXPECTED_LEADS, _whole(_needed(spending, wanted)))
        costliest = _costliest(spending)
    computed[_MORE.name] = counted(_MORE, [wanted] * spending.size)
    computed[_LEFT.name] = counted(_LEFT, _left(spending))
    computed[_COSTLIEST.name] = read_values(_COSTLIEST, costliest)
    return build(
        ECONOMICS,
        spending.source,
        {"run": spending.run_of_tables, "table": OriginValues(spending.tables)},
        computed=computed,
        skipped=spending.skipped,
        notes=spending.notes,
        dtype_backend=dtype_backend,
    )


def _checked(more: object) -> int:
    try:
        wanted = 0 if isinstance(more, bool) else operator.index(more)  # type: ignore[arg-type]
    except TypeError:
        wanted = 0
    if not 1 <= wanted <= MOST_LEADS:
        raise InvalidInput(
            "more is a number of qualified leads",
            cause=f"more={more!r:.40} was given.",
            remedy=f"Give a whole number from 1 to {MOST_LEADS:,}: economics_frame(run, more=100).",
        )
    return wanted


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
    # What is whole but for the rounding of floats must not become one more.
    return np.ceil(np.round(over(np.full(spending.size, float(more)), spending.qualified_share), 6))


def _whole(values: Measure) -> list[int | None]:
    return [int(value) if math.isfinite(value) else None for value in values.tolist()]


def _left(spending: Spending) -> list[int | None]:
    estimated, qualified = spending.table_counts("estimated_qualified_leads"), spending.table_counts("qualified_leads")
    told = zip(estimated, qualified, spending.has_more(), strict=True)
    return [None if most is None or there is None or more else max(0, most - there) for most, there, more in told]


def _largest(spending: Spending) -> Measure:
    largest = np.full(spending.size, -np.inf)
    np.fmax.at(largest, spending.each.owners, spending.share_of_table)
    return largest


def _costliest(spending: Spending) -> list[Any]:
    """The name of the first column with the largest share of its table."""
    names: list[Any] = [None] * spending.size
    is_largest = spending.share_of_table == spending.of_table(_largest(spending))
    told = zip(spending.each.owners.tolist(), spending.columns["name"], is_largest.tolist(), strict=True)
    for owner, name, largest in told:
        if largest and names[owner] is None:
            names[owner] = name
    return names
