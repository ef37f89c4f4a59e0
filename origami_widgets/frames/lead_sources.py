"""`lead_sources_frame`: one row per source that a table's leads come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .backend import DtypeBackend, check_backend
from .build import Holder, build, entries, tables_of
from .records import pluck
from .schema import RUN_ID, TABLE_ID, TABLE_NAME, Field, Schema
from .source import Source, gather

if TYPE_CHECKING:
    import pandas as pd

COST_SOURCES = ("historical", "estimate")

COST_SOURCE = Field(
    "source",
    "category",
    "lead_source",
    "source",
    "whether costs are real or estimated from code",
    "",
    COST_SOURCES,
)

LEAD_SOURCES = Schema(
    "lead_sources_frame",
    (
        RUN_ID,
        TABLE_ID,
        TABLE_NAME,
        Field("source_id", "string", "lead_source", "id", "the lead source"),
        Field("source_name", "string", "lead_source", "name", "its name"),
        Field("avg_credits_per_lead", "number", "lead_source", "avgCreditsPerLead", "mean", "credits per lead"),
        Field("total_credits", "number", "lead_source", "totalCredits", "what it has cost", "credits"),
        Field("total_leads", "integer", "lead_source", "totalLeads", "what it has found", "leads"),
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
    each = entries(tables["stats.leadSources"])
    return build(
        LEAD_SOURCES,
        gathered,
        {
            "run": Holder(run.fields, found.owners[each.owners]),
            "table": Holder(tables, each.owners),
            "lead_source": Holder(pluck(each.items, LEAD_SOURCES.paths("lead_source"))),
        },
        skipped=found.skipped + each.skipped,
        dtype_backend=dtype_backend,
    )
