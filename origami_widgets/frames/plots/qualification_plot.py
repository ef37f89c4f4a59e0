"""`plot_qualification`: the verdicts of each column with a relevance condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import columns_frame

from . import plot_data as data

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

_VERDICTS = ("pass", "fail", "unsure")
_COLUMNS = (
    *("run_id", "table_id", "table_name", "position", "column_id", "column_name", "qualification_total"),
    *(f"qualification_{verdict}" for verdict in _VERDICTS),
)


def plot_qualification(source: Source, *, top: int = 30, width: int = 600) -> LayerChart:
    """Plot how each column with a relevance condition judged its leads: pass, fail or unsure.

    No request is sent and no credits are spent. A bar is all verdicts of a column; its numbers are leads. Columns
    without verdicts are counted and not drawn; verdicts of a kind that is not known yet are "other". A table that is
    given several times is drawn as it was given last.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        top: columns at most, those with the most verdicts; the rest is counted.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: `qualification` of each column, by `columns_frame`.

    Example:
        >>> from origami_widgets.frames.plots import plot_qualification
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "columns": [
        ...     {"id": "2e8f", "name": "Fit", "qualification": {"pass": 12, "fail": 2, "unsure": 1, "total": 15}}]}
        >>> plot_qualification(table).description
        'Verdicts by column: Porto bakeries. Fit: 80 % pass of 15, 2 fail, 1 unsure'
    """
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    columns = data.newest(data.records(columns_frame(gather(source, "plot_qualification")), _COLUMNS))
    for column in columns:
        column["verdicts"] = {verdict: column[f"qualification_{verdict}"] for verdict in _VERDICTS}
        # Where the verdicts are more than their total, the bar is as long as they are.
        column["total"] = max(column["qualification_total"] or 0, sum(filter(None, column["verdicts"].values())))
    tables = data.by_table(columns)
    title = f"Verdicts by column: {data.subject([table[0]['table_name'] for table in tables.values()])}"
    judged = [column for column in columns if column["total"]]
    if not columns:
        return chart.empty_plot("Verdicts by column", "There are no columns.", width)
    if not judged:
        none = f"None of {data.many(len(columns), 'column')} has verdicts."
        why = "Only columns with a relevance condition have them."
        return chart.empty_plot(title, f"{none} {why}", width, data.runs_named(columns))
    drawn = data.largest(judged, "total", top)
    longest = max(len(data.name_of(column["column_name"])) for column in drawn)
    bar = width * (1 - data.NOTES) - min(width * data.NAMES, longest * data.CHARACTER)
    rows: list[data.Record] = []
    for table in data.by_table(drawn).values():
        bars_of_table = (_row(column, bar) for column in table)
        rows += data.under_heading(table[0]["table_name"], bars_of_table, several=len(tables) > 1)
    parts = [verdict for verdict in chart.VERDICTS if any(row.get(verdict) for row in rows)] or ["pass"]
    # A row has a field for each verdict; the fold makes a bar of each.
    stacked = (
        alt.Chart()
        .transform_fold(list(chart.VERDICTS), as_=["verdict", "leads"])
        .transform_filter("datum.leads > 0")
        .transform_calculate(part="datum.leads / datum.total", rank=f"indexof({parts!r}, datum.verdict)")
        .encode(
            order="rank:Q",
            tooltip=[
                *chart.tooltips("table", "column", "verdicts", "verdict"),
                alt.Tooltip("leads:Q", format=","),
                alt.Tooltip("part:Q", title="share", format=".1%"),
            ],
        )
    )
    x = alt.X(
        "part:Q",
        stack="zero",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title="share of verdicts", format=".0%", tickCount=max(1, bar // 60)),
    )
    colours = alt.Scale(domain=parts, range=[chart.VERDICTS[part] for part in parts])
    bars = stacked.mark_bar(height=chart.BAR, aria=False).encode(
        x=x, color=alt.Color("verdict:N", title=None, scale=colours)
    )
    numbers = stacked.mark_text(color=chart.ON_MARKS, aria=False).encode(
        x=alt.X("part:Q", stack="zero", bandPosition=0.5), detail="verdict:N", text=alt.Text("leads:Q", format=",")
    )
    numbers = numbers.transform_filter("indexof(datum.inside, datum.verdict) >= 0")
    details = [
        data.joined(data.runs_named(columns), "share of the leads that a column has judged"),
        data.left_out(len(columns) - len(judged), "column", "have no verdicts"),
        data.left_out(len(judged) - len(drawn), "further column"),
    ]
    return chart.row_plot(rows, [bars, numbers], title, details, width)


def _row(column: data.Record, bar: float) -> data.Record:
    """Return a row with the number of each verdict; `bar` is the length of its bar in px, or somewhat less."""
    verdicts, total, name = dict(column["verdicts"]), column["total"], data.name_of(column["column_name"])
    # A verdict that was left out is no remainder: only where all are known, others are missing from the total.
    if None not in verdicts.values() and (other := total - sum(verdicts.values())) > 0:
        verdicts["other"] = other
    passed = f"{data.share(verdicts['pass'], total)} pass of {data.count(total)}"
    words = {verdict: f"{data.count(number)} {verdict}" for verdict, number in verdicts.items() if number != 0}
    # Numbers without room in the bar stand beside it.
    inside = [
        v for v in words if data.CHARACTER * (len(data.count(verdicts[v])) + 1) <= (verdicts[v] or 0) / total * bar
    ]
    beside = [text for verdict, text in words.items() if verdict not in inside and text != f"{data.MISSING} pass"]
    return {
        **{verdict: number or 0 for verdict, number in verdicts.items()},
        "name": name,
        "note": data.joined(passed, *beside),
        "said": f"{name}: {', '.join([passed, *(text for verdict, text in words.items() if verdict != 'pass')])}",
        "total": total,
        "inside": inside,
        "column": data.name_of(column["column_name"], data.FULL_NAME),
        "verdicts": f"{data.joined(*words.values())} of {data.count(total)}",
    }
