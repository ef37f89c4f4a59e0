"""`plot_funnel`: the leads of each table from sourced to qualified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import tables_frame

from . import plot_data as data

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

_STATS = ("total_sourced_leads", "post_static_leads", "deduped_leads", "excluded_leads", "qualified_leads")
_COLUMNS = ("run_id", "table_id", "table_name", "lead_count", "has_unknown_total_with_more", *_STATS)


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

    tables = data.newest(data.records(tables_frame(gather(source, "plot_funnel")), _COLUMNS))
    if not tables:
        return chart.empty_plot("Funnel", "There are no tables.", width)
    for table in tables:
        table["size"] = table["total_sourced_leads"] or table["lead_count"]
    drawn = data.largest(tables, "size", top)
    rows = [
        row
        for table in drawn
        for row in data.under_heading(table["table_name"], _rows(table, shares=shares), several=len(tables) > 1)
    ]
    end = max((row.get("end") or 0 for row in rows), default=0) or 1
    if shares:
        axis = alt.Axis(title="share of the leads sourced", format=".0%", tickCount=width // 100)
    else:
        axis = alt.Axis(title="leads", tickMinStep=1, tickCount=width // 100)
    bars = alt.Chart().mark_bar(height=chart.BAR, aria=False).transform_filter("datum.end > datum.start")
    bars = bars.encode(
        x=alt.X("start:Q", axis=axis, scale=alt.Scale(domain=[0, end], nice=False)),
        x2="end:Q",
        color=alt.Color(
            "part:N", scale=alt.Scale(domain=["leads", "lost"], range=[chart.LEADS, chart.LOSS]), legend=None
        ),
        tooltip=chart.tooltips("table", "stage", "leads", "share of sourced"),
    )
    details = [
        data.joined(data.runs_named(tables), "leads, and their share of those sourced"),
        data.left_out(len(tables) - len(drawn), "smaller table"),
    ]
    return chart.row_plot(
        rows, [bars], f"Funnel: {data.subject([table['table_name'] for table in tables])}", details, width
    )


def _rows(table: data.Record, *, shares: bool) -> list[data.Record]:
    sourced, kept, now = table["total_sourced_leads"], table["post_static_leads"], table["lead_count"]
    whole = (table["size"] or 1) if shares else 1

    def row(stage: str, leads: int | None, start: float = 0, part: str = "leads", more: str = "") -> data.Record:
        of_sourced = data.share(leads, sourced)
        compared = of_sourced if stage != "sourced" and of_sourced != data.MISSING else ""
        return {
            "name": stage,
            "note": data.joined(data.count(leads), compared, more),
            "part": part,
            "start": None if leads is None else start / whole,
            "end": None if leads is None else (start + leads) / whole,
            "stage": stage,
            "leads": data.count(leads),
            "share of sourced": of_sourced,
        }

    if all(table[name] is None for name in _STATS):
        return [row("leads now", now), {"remark": "no stats for this table"}]
    losses: dict[str, int | None] = {"duplicates": table["deduped_leads"], "excluded": table["excluded_leads"]}
    known = [number for number in losses.values() if number is not None]
    if None not in (sourced, kept) and len(known) == len(losses) and (rest := sourced - kept - sum(known)) > 0:
        losses["filtered out"] = rest
    rows = [row("sourced", sourced, more="more available" if table["has_unknown_total_with_more"] else "")]
    left = sourced
    for stage, leads in losses.items():
        # Each loss begins where the one before it ended, as long as the numbers can be right.
        start = left - leads if left is not None and leads is not None and leads <= left else 0
        rows.append(row(stage, leads, start, "lost"))
        left = start or left
    return [*rows, row("kept", kept), row("leads now", now), row("qualified", table["qualified_leads"])]
