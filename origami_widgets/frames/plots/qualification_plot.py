"""`plot_qualification`: the verdicts of each column with a relevance condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.table_frames import columns_frame

from . import plot_data as data

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

_VERDICTS = ("pass", "fail", "unsure")
_ROOM = 0.05
"""Share of a bar that has room for its number. Smaller numbers stand beside the bar."""


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
        'Verdicts by column: Porto bakeries. Fit: 80 % pass of 15 · 2 fail · 1 unsure'
    """
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    columns = columns_frame(data.each_table_once(source, "plot_qualification"))
    if columns.empty:
        return chart.empty_plot("Verdicts by column", "There are no columns.", width)
    known = columns[[f"qualification_{verdict}" for verdict in _VERDICTS]]
    # Where the verdicts are more than their total, the bar is as long as they are.
    columns["total"] = columns["qualification_total"].fillna(0).clip(lower=known.sum(axis="columns"))
    # A verdict that was left out is no remainder: only where all are known, others are missing from the total.
    columns["qualification_other"] = columns["total"] - known.sum(axis="columns", skipna=False)
    tables = columns.drop_duplicates(["table_id", "table_name"])["table_name"]
    title = f"Verdicts by column: {data.subject(tables)}"
    judged = columns[columns["total"] > 0]
    if judged.empty:
        none = f"None of {data.many(len(columns), 'column')} has verdicts."
        why = "Only columns with a relevance condition have them."
        return chart.empty_plot(title, f"{none} {why}", width, data.runs_named(columns))
    drawn = data.largest(judged, "total", top)
    rows = data.by_table(drawn, lambda table: map(_row, table), len(tables))
    parts = [verdict for verdict in chart.VERDICTS if any(row.get(verdict) for row in rows)]
    color = alt.Color("verdict:N", scale=alt.Scale(domain=parts, range=[chart.VERDICTS[part] for part in parts]))
    stacked = (
        alt.Chart()
        .transform_fold([*parts], as_=["verdict", "leads"])
        .transform_calculate(share="datum.leads / datum.total", rank=f"indexof({parts}, datum.verdict)")
        .transform_filter("datum.leads > 0")
        .encode(
            x=alt.X("share:Q", stack=True, title="share of verdicts", axis=alt.Axis(format=".0%", tickCount=5)),
            order="rank:Q",
            tooltip=["table:N", "column:N", "verdicts:N", "verdict:N", "leads:Q", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    bars = stacked.mark_bar().encode(color=color)
    numbers = stacked.mark_text(color=chart.ON_MARKS, aria=False).encode(
        x=alt.X("share:Q", stack=True, bandPosition=0.5),
        detail="verdict:N",
        text=alt.condition(f"datum.share >= {_ROOM}", "leads:Q", alt.value("")),
    )
    details = [
        data.joined(data.runs_named(columns), "share of the leads that a column has judged"),
        data.left_out(len(columns) - len(judged), "column", "have no verdicts"),
        data.left_out(len(judged) - len(drawn), "further column"),
    ]
    return chart.row_plot(rows, [bars, numbers], title, details, width)


def _row(column: data.Record) -> data.Record:
    total, verdicts = column["total"], {each: column[f"qualification_{each}"] for each in (*_VERDICTS, "other")}
    known = {verdict: number for verdict, number in verdicts.items() if (verdict, number) != ("other", None)}
    words = {each: f"{data.amount(number)} {each}" for each, number in known.items() if each != "pass" and number != 0}
    passed = f"{data.share(verdicts['pass'], total)} pass of {data.amount(total)}"
    name, spoken = data.name_of(column["column_name"]), data.joined(passed, *words.values())
    return {
        **verdicts,
        "total": total,
        "name": name,
        "note": data.joined(passed, *(text for each, text in words.items() if (verdicts[each] or 0) < _ROOM * total)),
        "said": f"{name}: {spoken}",
        "column": data.name_of(column["column_name"], data.FULL_NAME),
        "verdicts": spoken,
    }
