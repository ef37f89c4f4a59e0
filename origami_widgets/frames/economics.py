"""`economics_frame`: what each table has cost, and what more of it would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.errors import InvalidInput

from .backend import DtypeBackend, check_backend
from .build import Holder, build
from .measures import Measure, counted, measured, over, wilson
from .schema import RUN_ID, TABLE_ID, TABLE_NAME, Field, Schema
from .source import Source, gather
from .spending import Spending
from .values import read

if TYPE_CHECKING:
    import pandas as pd

MOST_LEADS = 10**9
_COSTLIEST = Field("costliest_column", "string", "computed", "", "the column that used most credits")

ECONOMICS = Schema(
    "economics_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        Field("credits_used", "number", "table", "credits.lifetimeUsed", "settled, over all runs", "credits"),
        Field("share_of_spend", "number", "computed", "", "of what all tables of the source have used", "fraction"),
        Field("leads", "integer", "table", "leadCount", "rows not deleted, before saved filters", "leads"),
        Field("qualified_leads", "integer", "table", "stats.qualification.qualifiedLeads", "that qualify", "leads"),
        Field("credits_per_lead", "number", "computed", "", "credits_used / leads", "credits per lead"),
        Field(
            "credits_per_qualified_lead",
            "number",
            "computed",
            "",
            "credits_used / qualified_leads",
            "credits per qualified lead",
        ),
        Field(
            "estimated_credits_per_qualified_lead",
            "number",
            "table",
            "stats.creditsPerQualifiedLead",
            "the server's estimate",
            "credits per qualified lead",
        ),
        Field("more", "integer", "computed", "", "what you asked the price of", "qualified leads"),
        Field("expected_leads", "integer", "computed", "", "leads to build for that", "leads"),
        Field("expected_credits", "number", "computed", "", "their price", "credits"),
        Field(
            "expected_credits_low", "number", "computed", "", "at the upper end of the share that qualifies", "credits"
        ),
        Field("expected_credits_high", "number", "computed", "", "at the lower end of it", "credits"),
        Field("leads_left", "integer", "computed", "", "qualified leads still to find, estimated", "leads"),
        _COSTLIEST,
        Field("costliest_column_share", "number", "computed", "", "of what the table's columns have used", "fraction"),
        Field("credits_errored", "number", "computed", "", "at cells that failed, at most", "credits"),
        Field("credits_unqualified", "number", "computed", "", "at leads that do not qualify, at least", "credits"),
        Field("credits_wasted", "number", "computed", "", "per column the larger of the two", "credits"),
        Field("wasted_share", "number", "computed", "", "credits_wasted / credits_used", "fraction"),
    ),
)


def economics_frame(source: Source, *, more: int = 100, dtype_backend: DtypeBackend = "numpy_nullable") -> pd.DataFrame:
    """One row per table: what it has cost per lead, what more qualified leads would cost, and what was of no use.

    No request is sent and no credits are spent. All of it is arithmetic on what the server has said; where that is
    missing, so is the result. Read the run with `stats` (a `Run` does), else most of it is NA. `column_economics_frame`
    and `lead_source_economics_frame` tell which columns and which sources of leads the money went to.

    - Price of more: `expected_credits` = `more` x the server's estimate per qualified lead, or without one x
      `credits_per_qualified_lead`. It supposes that leads go on to qualify as those before. `_low` and `_high` are the
      same at both ends of the 95 % Wilson interval of the share that has qualified so far: with few leads they lie far
      apart. `expected_leads` = `more` x leads per qualified lead. When `leads_left` is less than `more`, the sources at
      hand hold no such number.
    - Of no use: `credits_errored` = failed cells x the column's mean credits per execution. Whether Origami charges for
      them is not documented, so it is the most that they can have cost. `credits_unqualified` = executions beyond the
      number of qualified leads x the same mean: these were at leads that do not qualify, whichever they are.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
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
        - `leads` (Int64, leads): rows not deleted, before saved filters
        - `qualified_leads` (Int64, leads): that qualify
        - `credits_per_lead` (Float64, credits per lead): credits_used / leads
        - `credits_per_qualified_lead` (Float64, credits per qualified lead): credits_used / qualified_leads
        - `estimated_credits_per_qualified_lead` (Float64, credits per qualified lead): the server's estimate
        - `more` (Int64, qualified leads): what you asked the price of
        - `expected_leads` (Int64, leads): leads to build for that
        - `expected_credits` (Float64, credits): their price
        - `expected_credits_low` (Float64, credits): at the upper end of the share that qualifies
        - `expected_credits_high` (Float64, credits): at the lower end of it
        - `leads_left` (Int64, leads): qualified leads still to find, estimated
        - `costliest_column` (string): the column that used most credits
        - `costliest_column_share` (Float64, fraction): of what the table's columns have used
        - `credits_errored` (Float64, credits): at cells that failed, at most
        - `credits_unqualified` (Float64, credits): at leads that do not qualify, at least
        - `credits_wasted` (Float64, credits): per column the larger of the two
        - `wasted_share` (Float64, fraction): credits_wasted / credits_used

    Raises:
        InvalidInput: for a source of another kind, a `more` that is no such number, or an unknown `dtype_backend`.

    Source in the API: the tables of a run and their `stats`.

    Example:
        >>> from origami_widgets.frames import economics_frame
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15,
        ...          "credits": {"lifetimeUsed": 57}, "columns": [], "stats": {"creditsPerQualifiedLead": 4.75,
        ...          "qualification": {"rate": 0.8, "qualifiedLeads": 12, "effectiveLeadsPerQualified": 1.25}}}
        >>> frame = economics_frame(table, more=100)
        >>> frame["credits_per_lead"].to_list(), frame["expected_credits"].to_list()
        ([3.8], [475.0])
        >>> frame[["expected_credits_low", "expected_credits_high"]].round(0).iloc[0].to_list()
        [409.0, 693.0]
    """
    check_backend(dtype_backend)
    wanted: object = more
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= MOST_LEADS:
        raise InvalidInput(
            "more is a number of qualified leads",
            cause=f"more={more!r:.40} was given.",
            remedy=f"Give a whole number from 1 to {MOST_LEADS:,}: economics_frame(run, more=100).",
        )
    spending = Spending.of(gather(source, ECONOMICS.name))
    # What is missing is NaN here, and a count may be larger than a float.
    with np.errstate(all="ignore"):
        computed = {name: measured(values) for name, values in _measures(spending, more).items()}
        wholes = {name: counted(values) for name, values in _counts(spending, more).items()}
    return build(
        ECONOMICS,
        spending.source,
        {"run": spending.run_of_tables, "table": Holder(spending.tables)},
        computed={**computed, **wholes, _COSTLIEST.name: read(_COSTLIEST, _costliest(spending))},
        skipped=spending.skipped,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending, more: int) -> dict[str, Measure]:
    used, qualified = spending.table("credits_lifetime_used"), spending.table("qualified_leads")
    own = over(used, qualified)
    estimated = spending.table("credits_per_qualified_lead")
    # A price of nothing is no price: the server has none to tell yet.
    expected = more * np.where(estimated > 0, estimated, own)
    share = spending.table("qualification_rate")
    low, high = wilson(qualified, over(qualified, share))
    wasted = spending.of_columns(spending.credits_wasted)
    return {
        "share_of_spend": over(used, np.full(len(used), np.nansum(used))),
        "credits_per_lead": over(used, spending.table("lead_count")),
        "credits_per_qualified_lead": own,
        "expected_credits": expected,
        "expected_credits_low": expected * over(share, high),
        "expected_credits_high": expected * over(share, low),
        "costliest_column_share": _largest(spending),
        "credits_errored": spending.of_columns(spending.credits_errored),
        "credits_unqualified": spending.of_columns(spending.credits_unqualified),
        "credits_wasted": wasted,
        "wasted_share": over(wasted, used),
    }


def _counts(spending: Spending, more: int) -> dict[str, Measure]:
    needed = spending.table("effective_leads_per_qualified")
    left = spending.table("estimated_qualified_leads") - spending.table("qualified_leads")
    return {
        "more": np.full(len(needed), float(more)),
        "expected_leads": np.ceil(more * np.where(needed > 0, needed, np.nan)),
        "leads_left": np.maximum(left, 0),
    }


def _largest(spending: Spending) -> Measure:
    largest = np.full(len(spending.found.items), -np.inf)
    np.fmax.at(largest, spending.each.owners, spending.share_of_table)
    return largest


def _costliest(spending: Spending) -> list[Any]:
    """The name of the first column with the largest share of its table."""
    names: list[Any] = [None] * len(spending.found.items)
    is_largest = spending.share_of_table == spending.of_table(_largest(spending))
    told = zip(spending.each.owners.tolist(), spending.columns["name"], is_largest.tolist(), strict=True)
    for owner, name, largest in told:
        if largest and names[owner] is None:
            names[owner] = name
    return names
