"""`plot_credits`: the credits that each column has used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.economics.column_economics import column_economics_frame
from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import columns_frame, tables_frame

from . import plot_data as data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from altair import LayerChart

    from origami_widgets.frames.source import Source

_MOST_TABLES = 12
_MOST_NAMED = 8
"""Columns named in the tooltip of a bar for several columns."""
_TABLES = ("run_id", "table_id", "table_name", "credits_lifetime_used")
_WASTE = ("credits_unqualified", "credits_unqualified_min")
_COLUMNS = (*_TABLES, "position", "column_id", "column_name", "kind", "cells_errored", "cells_running")


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
        top: columns at most, the most expensive ones; the rest is summed up.
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

    gathered = gather(source, "plot_credits")
    tables = data.newest(data.records(tables_frame(gathered), _TABLES))
    # Both frames have a row for each column, in the same order.
    waste = data.records(column_economics_frame(gathered), _WASTE)
    found = data.records(columns_frame(gathered), _COLUMNS)
    columns = data.newest([column | wasted for column, wasted in zip(found, waste, strict=True)])
    if not tables:
        return chart.empty_plot("Credits by column", "There are no tables.", width)
    for each in (*tables, *columns):
        # Credits below zero cannot be true, so nothing is known.
        each["used"] = None if (each["credits_lifetime_used"] or 0) < 0 else each["credits_lifetime_used"]
    shown = {id(column) for column in data.largest([column for column in columns if column["used"]], "used", top)}
    grouped = data.by_table(columns)
    for table in tables:
        table["columns"] = grouped.get(table["table_id"] or ("", table["table_name"]), [])
        table["in_columns"] = _total(table["columns"], "used")
    drawn = data.largest(tables, "used", _MOST_TABLES)
    rows: list[data.Record] = []
    for table in drawn:
        spent, several = data.amount(table["used"]), len(tables) > 1
        rows += data.under_heading(table["table_name"], _rows(table, shown), several=several, more=spent)
    most = max((row.get("used") or 0 for row in rows), default=0) or 1
    bars = alt.Chart().mark_bar(height=chart.BAR, aria=False).transform_filter("datum.used > 0")
    bars = bars.encode(
        x=alt.X(
            "used:Q",
            axis=alt.Axis(title="credits", tickCount=width // 100),
            scale=alt.Scale(domain=[0, most], nice=False),
        ),
        color=alt.condition("datum.columns > 1", alt.value(chart.REST), alt.value(chart.LEADS)),
        tooltip=chart.tooltips(
            *("table", "column", "kind", "credits", "share of the table", "on unfit leads"),
            *("errored cells", "running cells"),
        ),
    )
    wasted = bars.transform_filter("datum.wasted > 0").encode(
        x=alt.X("fitting:Q"), x2="used:Q", color=alt.value(chart.LOSS)
    )
    known = [table["used"] for table in tables if table["used"] is not None]
    differing = [t for t in tables if None not in (t["used"], t["in_columns"]) and t["used"] != t["in_columns"]]
    details = [
        data.joined(
            data.runs_named(tables), "settled over the life of each column, and its share of its table's columns"
        ),
        "brown: expected to have been spent on leads judged unfit" if any(row.get("wasted") for row in rows) else "",
        data.left_out(len(tables) - len(known), "table", "have no credits reported") if known else "",
        data.left_out(len(differing), "table", "have credits that don't match the columns"),
        data.left_out(len(tables) - len(drawn), "cheaper table"),
    ]
    spent = data.amount(sum(known)) if known else data.MISSING
    title = f"Credits by column: {spent} in {data.subject([table['table_name'] for table in tables])}"
    return chart.row_plot(rows, [bars, wasted], title, details, width)


def _total(columns: Sequence[data.Record], field: str) -> float | None:
    """Return the sum of a field; None where a column lacks it."""
    values = [column[field] for column in columns]
    return None if None in values else sum(values)


def _known(columns: Sequence[data.Record], field: str) -> float | None:
    """Return the sum of a field over the columns that have it; None where none has."""
    values = [column[field] for column in columns if column[field] is not None]
    return sum(values) if values else None


def _rows(table: data.Record, shown: set[int]) -> Iterator[data.Record]:
    """Yield a row for each expensive column of a table, and one for all that are cheap, free or unknown."""
    columns = sorted(table["columns"], key=lambda column: -(column["used"] or 0))
    if not columns:
        yield {"remark": "no columns"}
    single = [column for column in columns if id(column) in shown]
    for column in single:
        yield _row(table, [column], data.name_of(column["column_name"]))
    cheap = [column for column in columns if column["used"] and id(column) not in shown]
    if cheap:
        yield _row(table, cheap, data.many(len(cheap), "more column" if single else "column"))
    if free := [column for column in columns if column["used"] == 0]:
        yield _row(table, free, f"{data.many(len(free), 'column')} at 0")
    if unknown := [column for column in columns if column["used"] is None]:
        yield _row(table, unknown, data.many(len(unknown), "column"))


def _row(table: data.Record, columns: list[data.Record], name: str) -> data.Record:
    used = _total(columns, "used")
    counted = [column for column in columns if column["cells_errored"] is not None]
    errored = _total(counted, "cells_errored") if counted else None
    running = _total(columns, "cells_running")
    expected, least = (_known(columns, name) for name in _WASTE)
    part = data.share(used, table["in_columns"])
    waste = "" if expected is None else f"{data.amount(expected)} expected, {data.amount(least)} at least"
    numbers = (data.amount(used), "" if part == data.MISSING else part) if used != 0 else ()
    longest = data.FULL_NAME if len(columns) == 1 else 30
    names = data.joined(*(data.name_of(column["column_name"], longest) for column in columns[:_MOST_NAMED]))
    kinds = dict.fromkeys(data.name_of(column["kind"]) for column in columns if column["kind"])
    note = data.joined(*numbers, f"{data.count(errored)} errored" if errored else "")
    return {
        "name": name,
        "note": note,
        "said": f"{name}: {note}" + (f", of it on unfit leads {waste}" if expected else ""),
        "used": used,
        "wasted": expected,
        "fitting": None if used is None or expected is None else max(0, used - expected),
        "on unfit leads": waste or data.MISSING,
        "columns": len(columns),
        "column": names + (" …" if len(columns) > _MOST_NAMED else ""),
        "kind": data.joined(*kinds) or data.MISSING,
        "credits": data.amount(used),
        "share of the table": part,
        "errored cells": data.count(errored),
        "running cells": data.count(running),
    }
