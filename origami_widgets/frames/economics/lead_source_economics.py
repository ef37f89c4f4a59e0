"""`lead_source_economics_frame`: which lead source is cheapest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import FieldValues, OriginValues, build, nested_items, pluck
from origami_widgets.frames.schema import (
    LEAD_SOURCE_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    computed_field,
)
from origami_widgets.frames.source import Source, gather
from origami_widgets.frames.table_frames import LEAD_SOURCES

from .spending import Measure, Spending, measure, measured, over, sums

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.frames.frame_builder import NestedItems

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
        computed_field("share_of_leads", "number", "of the leads of all lead sources of its table", "fraction"),
        computed_field("share_of_spend", "number", "of the credits of all lead sources of its table", "fraction"),
        _MEAN,
        computed_field(
            "credits_per_qualified_lead",
            "number",
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
        computed = {name: measured(values) for name, values in _measures(spending, each, fields).items()}
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
        issues=spending.issues,
        dtype_backend=dtype_backend,
    )


def _measures(spending: Spending, each: NestedItems, fields: FieldValues) -> dict[str, Measure]:
    def share(values: Measure) -> Measure:
        return over(values, sums(values, each.owners, spending.size)[each.owners])

    used, leads, mean = (measure(field, fields, spending.issues) for field in (_CREDITS, _LEADS, _MEAN))
    per_lead = np.where(np.isnan(mean), over(used, leads), mean)
    qualified = spending.table("lead_count") * spending.qualified_share
    per_qualified = over(spending.table("total_sourced_leads"), qualified)
    return {
        "share_of_leads": share(leads),
        "share_of_spend": share(used),
        _MEAN.name: per_lead,
        "credits_per_qualified_lead": per_lead * per_qualified[each.owners],
    }
