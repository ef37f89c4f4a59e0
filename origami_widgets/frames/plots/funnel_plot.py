"""`plot_funnel`: the leads of each table from sourced to qualified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.table_frames import tables_frame

from . import plot_data as data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from altair import LayerChart

    from origami_widgets.frames.source import Source

_LOST = {"duplicates": "deduped_leads", "excluded": "excluded_leads", "filtered out": "filtered_out"}
_STAGES = {
    "sourced": "total_sourced_leads",
    **_LOST,
    "kept": "post_static_leads",
    "leads now": "lead_count",
    "qualified": "qualified_leads",
}
_OF_STATS = ["total_sourced_leads", "post_static_leads", "deduped_leads", "excluded_leads", "qualified_leads"]


def plot_funnel(source: Source, *, shares: bool = False, top: int = 8, width: int = 600) -> LayerChart:
    """Plot the leads of each table: sourced, lost on the way, kept, and qualified.

    No request is sent and no credits are spent. Each row has its number of leads and its share of those sourced. A number that
    the server left out is "n/a" and has no bar; a table without any stats says so (`run.refresh(include=["stats"])`
    asks for them). "Filtered out" are those that are neither kept nor counted as duplicates or excluded; it is left out
    where the numbers do not add up. A table that is given several times is drawn as it was given last.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        shares: make each table as wide as the leads that were sourced for it, to read small tables beside large ones.
        top: tables at most, those with the most leads; the rest is counted.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: `leadCount` and `stats.funnel`, `stats.qualification` of each table, by `tables_frame`.

    Example:
        >>> from origami_widgets.frames.plots import plot_funnel
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15, "columns": [],
        ...          "stats": {"funnel": {"totalSourcedLeads": 21, "postStaticLeads": 15, "dedupedLeads": 4}}}
        >>> plot_funnel(table).description.split('; ')
        ['Funnel: Porto bakeries. sourced: 21', 'duplicates: 4 · 19 %', 'excluded: n/a', 'kept: 15 · 71 %', \
'leads now: 15 · 71 %', 'qualified: n/a']
    """
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    tables = tables_frame(data.each_table_once(source, "plot_funnel"))
    if tables.empty:
        return chart.empty_plot("Funnel", "There are no tables.", width)
    sourced = tables["total_sourced_leads"]
    rest = sourced - tables[["post_static_leads", "deduped_leads", "excluded_leads"]].sum(axis="columns", skipna=False)
    tables["filtered_out"] = rest.where(rest > 0)
    tables["remark"] = tables[_OF_STATS].notna().any(axis="columns").map({True: "", False: "no stats for this table"})
    tables["size"] = sourced.mask(sourced == 0).fillna(tables["lead_count"])
    drawn = data.largest(tables, "size", top)
    rows = data.by_table(drawn, lambda table: _stages(table[0], shares=shares), len(tables))
    x = alt.X("start:Q", title="leads", axis=alt.Axis(tickMinStep=1))
    if shares:
        x = alt.X("start:Q", title="share of the leads sourced", axis=alt.Axis(format=".0%", tickCount=5))
    color = alt.Color("part:N", legend=None, scale=alt.Scale(domain=["leads", "lost"], range=[chart.LEADS, chart.LOSS]))
    tooltip = chart.tooltips("table", "stage", "leads", "share of sourced")
    bars = alt.Chart().mark_bar().transform_filter("datum.end > datum.start")
    return chart.row_plot(
        rows,
        [bars.encode(x=x, x2="end:Q", color=color, tooltip=tooltip)],
        f"Funnel: {data.subject(tables['table_name'])}",
        [
            data.joined(data.runs_named(tables), "leads, and their share of those sourced"),
            data.left_out(len(tables) - len(drawn), "smaller table"),
        ],
        width,
    )


def _stages(table: data.Record, *, shares: bool) -> Iterator[data.Record]:
    """Yield a row for each stage of a table. A loss begins where the one before it ended."""
    sourced = left = table["total_sourced_leads"]
    whole = (table["size"] or 1) if shares else 1
    for stage, column in _STAGES.items():
        leads = table[column]
        if leads is None and (stage == "filtered out" or table["remark"]):
            continue
        start = 0
        if stage in _LOST:
            start = left = max(0, (left or 0) - (leads or 0))
        part = data.share(leads, sourced)
        more = "more available" if table["has_unknown_total_with_more"] else ""
        yield {
            "name": stage,
            "note": data.joined(data.amount(leads), more if stage == "sourced" else part, table["remark"]),
            "part": "lost" if stage in _LOST else "leads",
            "start": None if leads is None else start / whole,
            "end": None if leads is None else (start + leads) / whole,
            "stage": stage,
            "leads": data.amount(leads),
            "share of sourced": part,
        }
