"""`plot_credits`: the credits that each column has used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.economics.column_economics import column_economics_frame
from origami_widgets.frames.table_frames import tables_frame

from . import plot_data as data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from altair import LayerChart

    from origami_widgets.frames.source import Source

_UNFIT = "expected on unfit leads"
_PARTS = ["other credits", _UNFIT]


def plot_credits(source: Source, *, top: int = 20, width: int = 600) -> LayerChart:
    """Plot the credits of each column, the most expensive first, with its share of its table and its errored cells.

    No request is sent and no credits are spent. The credits are those settled over the life of a column, as
    `columns_frame` has them; the share is `share_of_spend` of `column_economics_frame`, of what the columns of its table have
    used. The brown part is what is expected to have been spent on leads judged unfit; its tooltip has the least that is certain, too
    (`credits_unqualified` and `credits_unqualified_min` of `column_economics_frame`). Columns that have cost nothing are counted
    in a row, and so are those beyond `top`.
    A table that is given several times is drawn as it was given last.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        top: columns at most, the most expensive ones; the rest is summed up. Tables at most, too.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: `credits.lifetimeUsed` and `cells.errored` of each column, `credits.lifetimeUsed` of each table.

    Example:
        >>> from origami_widgets.frames.plots import plot_credits
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "credits": {"lifetimeUsed": 57},
        ...          "columns": [{"id": "0c7d", "name": "Fit", "credits": {"lifetimeUsed": 18}},
        ...                      {"id": "2e8f", "name": "E-mail", "credits": {"lifetimeUsed": 39}}]}
        >>> plot_credits(table).description
        'Credits by column: 57 in Porto bakeries. E-mail: 39 · 68 %; Fit: 18 · 32 %'
    """
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    given = data.each_table_once(source, "plot_credits")
    tables, columns = tables_frame(given), column_economics_frame(given)
    if tables.empty:
        return chart.empty_plot("Credits by column", "There are no tables.", width)
    for frame, field in ((tables, "credits_lifetime_used"), (columns, "credits_used")):
        # Credits below zero cannot be true, so nothing is known.
        frame["used"] = frame[field].where(frame[field] >= 0)
    known = tables["used"].dropna()
    spent = data.amount(known.sum()) if len(known) else data.MISSING
    title = f"Credits by column: {spent} in {data.subject(tables['table_name'])}"
    if columns.empty:
        return chart.empty_plot(title, "There are no columns.", width, data.runs_named(tables))
    drawn = data.largest(tables, "used", top)
    columns["is_shown"] = columns.index.isin(columns["used"].nlargest(top).index)
    of_table = columns.groupby("table_id", dropna=False)["used"].transform("sum", min_count=1)
    columns["heading"] = data.amounts(of_table)
    rows = data.by_table(columns[columns["table_id"].isin(drawn["table_id"])], _rows, len(tables))
    of_columns = tables["table_id"].map(columns.groupby("table_id")["used"].agg(lambda used: used.sum(skipna=False)))
    color = alt.Color(
        "part:N",
        sort=[*_PARTS],
        scale=alt.Scale(domain=[*_PARTS], range=[chart.LEADS, chart.LOSS]),
        legend=alt.Legend() if any(row.get(_UNFIT) for row in rows) else None,
    )
    bars = (
        alt.Chart()
        .transform_fold([*_PARTS], as_=["part", "spent"])
        .transform_filter("datum.spent > 0")
        .mark_bar()
        .encode(
            x=alt.X("spent:Q", stack=True, title="credits"),
            color=color,
            order="color_part_sort_index:Q",
            tooltip=chart.tooltips(
                *("table", "column", "kind", "credits", "share of the table", "on unfit leads", "errored cells")
            ),
        )
    )
    settled = "settled over the life of each column, and its share of its table's columns"
    details = [
        data.joined(data.runs_named(tables), settled),
        data.left_out(len(tables) - len(known), "table", "have no credits reported") if len(known) else "",
        data.left_out(int((tables["used"] != of_columns).sum()), "table", "have credits that don't match the columns"),
        data.left_out(int((~tables["table_id"].isin(columns["table_id"])).sum()), "table", "have no columns"),
        data.left_out(len(tables) - len(drawn), "cheaper table"),
    ]
    return chart.row_plot(rows, [bars], title, details, width)


def _rows(columns: list[data.Record]) -> Iterator[data.Record]:
    """Yield a row for each expensive column of a table, and one for all that are cheap, free or unknown."""
    columns = sorted(columns, key=lambda column: -(column["used"] or 0))
    shown = [column for column in columns if column["used"] and column["is_shown"]]
    cheap = [column for column in columns if column["used"] and not column["is_shown"]]
    free = [column for column in columns if column["used"] == 0]
    unknown = [column for column in columns if column["used"] is None]
    for column in shown:
        yield _row([column], data.name_of(column["column_name"]))
    for group, name in ((cheap, "more column" if shown else "column"), (free, "column"), (unknown, "column")):
        if group:
            yield _row(group, data.many(len(group), name) + (" at 0" if group is free else ""))


def _row(columns: list[data.Record], name: str) -> data.Record:
    def total(field: str) -> float | None:
        values = [column[field] for column in columns if column[field] is not None]
        return sum(values) if values else None

    used, errored, unfit, least = map(
        total, ("used", "cells_errored", "credits_unqualified", "credits_unqualified_min")
    )
    part = data.share(total("share_of_spend"), 1)
    waste = "" if unfit is None else f"{data.amount(unfit)} expected, {data.amount(least)} at least"
    errors = f"{data.amount(errored)} errored" if errored else ""
    note = data.joined(data.amount(used), part, errors) if used != 0 else errors
    return {
        "name": name,
        "note": note,
        "said": f"{name}: {note}" + (f", of it on unfit leads {waste}" if unfit else ""),
        "used": used,
        "other credits": None if used is None else max(0, used - (unfit or 0)),
        _UNFIT: unfit and used and min(unfit, used),
        "on unfit leads": waste or data.MISSING,
        "column": data.name_of(
            " · ".join(data.name_of(column["column_name"], 30) for column in columns), data.FULL_NAME
        ),
        "kind": data.joined(*dict.fromkeys(data.name_of(column["kind"]) for column in columns)),
        "credits": data.amount(used),
        "share of the table": part,
        "errored cells": data.amount(errored),
    }
