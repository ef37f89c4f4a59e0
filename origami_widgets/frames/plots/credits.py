"""`plot_credits`: what each column has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import columns_frame, tables_frame

from .bars import Bars, Line, Piece, draw, sentence
from .needed import checked, layered
from .picked import Record, by_table, largest, left_out, newest, records, runs_named, subject
from .theme import LEADS, REST
from .words import LONGEST_IN_FULL, MISSING, amount, count, joined, many, name_of, share

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

MOST_TABLES = 12
_TABLES = ("run_id", "table_id", "table_name", "credits_lifetime_used", "column_count")
_COLUMNS = (
    *("run_id", "table_id", "table_name", "position", "column_id", "column_name", "kind"),
    *("credits_lifetime_used", "cells_errored", "cells_running"),
)


def plot_credits(source: Source, *, top: int = 20, width: int = 600) -> LayerChart:
    """What each column has cost, the most expensive first, with its share of its table and its errored cells.

    No request is sent and no credits are spent. The credits are those settled over the life of a column, as
    `columns_frame` has them; the share is `share_of_spend` of `column_economics_frame`, of what the columns of its table have
    used. Columns that have cost nothing are counted in a line, and so are those that are too many.
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
    width = checked(width, top)
    gathered = gather(source, "plot_credits")
    tables = newest(_possible(records(tables_frame(gathered), _TABLES)))
    if not tables:
        return layered(sentence("Credits by column", [], "There are no tables.", width))
    columns = by_table(newest(_possible(records(columns_frame(gathered), _COLUMNS))))
    title = f"Credits by column: {_spent(tables)} in {subject([table['table_name'] for table in tables])}"
    ranked = [column for rows in columns.values() for column in rows if (column["credits_lifetime_used"] or 0) > 0]
    shown = {id(column) for column in largest(ranked, "credits_lifetime_used", top)}
    drawn = largest(tables, "credits_lifetime_used", MOST_TABLES)
    lines: list[Line] = []
    for table in tables:
        table["columns"] = columns.get(table["table_id"] or ("", table["table_name"]), [])
        table["in_columns"] = _in_columns(table["columns"])
    for table in drawn:
        if len(tables) > 1:
            lines.append(_heading(table))
        lines += _lines(table, table["columns"], shown)
    others = sum(
        None not in (told := (table["credits_lifetime_used"], table["in_columns"])) and told[0] != told[1]
        for table in tables
    )
    unknown = sum(table["credits_lifetime_used"] is None for table in tables)
    details = [
        joined(runs_named(tables), "settled over the life of each column, and its share of its table's columns"),
        left_out(unknown, "table has", "tables have", "not told what was spent") if unknown < len(tables) else "",
        left_out(others, "table tells", "tables tell", "other credits than its columns add up to"),
        left_out(len(tables) - len(drawn), "cheaper table", "cheaper tables"),
    ]
    return layered(draw(Bars(title, details, lines, "credits", {"column": LEADS, "several": REST}), width))


def _possible(rows: list[Record]) -> list[Record]:
    """The rows without credits below zero: they cannot be true, so nothing is known."""
    for row in rows:
        if (row["credits_lifetime_used"] or 0) < 0:
            row["credits_lifetime_used"] = None
    return rows


def _in_columns(columns: list[Record]) -> float | None:
    """What the columns of a table have used, as `column_economics_frame` has it; None where one does not tell."""
    told = [column["credits_lifetime_used"] for column in columns]
    return None if None in told else sum(told)


def _spent(tables: list[Record]) -> str:
    told = [table["credits_lifetime_used"] for table in tables if table["credits_lifetime_used"] is not None]
    return amount(sum(told)) if told else MISSING


def _heading(table: Record) -> Line:
    tip = {"table": name_of(table["table_name"], LONGEST_IN_FULL), "credits": amount(table["credits_lifetime_used"])}
    return Line(f"{name_of(table['table_name'], 48)} · {tip['credits']}", kind="heading", tip=tip)


def _lines(table: Record, columns: list[Record], shown: set[int]) -> list[Line]:
    if not columns:
        return [Line("no columns", kind="remark")]
    costly: list[Record] = []
    nothing: list[Record] = []
    unknown: list[Record] = []
    for column in columns:
        used = column["credits_lifetime_used"]
        (unknown if used is None else costly if used > 0 else nothing).append(column)
    costly.sort(key=lambda column: -column["credits_lifetime_used"])
    lines = [_line(table, column) for column in costly if id(column) in shown]
    further = [column for column in costly if id(column) not in shown]
    if further:
        one, more = ("more column", "more columns") if lines else ("column", "columns")
        lines.append(_summed(table, further, many(len(further), one, more)))
    if nothing:
        lines.append(_summed(table, nothing, f"{many(len(nothing), 'column', 'columns')} at 0"))
    if unknown:
        lines.append(_summed(table, unknown, many(len(unknown), "column", "columns"), told=False))
    return lines


def _line(table: Record, column: Record) -> Line:
    used = column["credits_lifetime_used"]
    tip = {
        "table": name_of(table["table_name"], LONGEST_IN_FULL),
        "column": name_of(column["column_name"], LONGEST_IN_FULL),
        "kind": name_of(column["kind"]) if column["kind"] else MISSING,
        **_numbers(table, used, column["cells_errored"]),
        "running cells": count(column["cells_running"]),
    }
    piece = Piece("column", 0, used, tip=tip)
    return Line(name_of(column["column_name"]), _note(table, used, column["cells_errored"]), (piece,), tip=tip)


def _summed(table: Record, columns: list[Record], name: str, *, told: bool = True) -> Line:
    used = sum(column["credits_lifetime_used"] for column in columns) if told else None
    known = [column["cells_errored"] for column in columns if column["cells_errored"] is not None]
    errored = sum(known) if known else None
    names = joined(*(name_of(column["column_name"], 30) for column in columns[:8]))
    tip = {
        "table": name_of(table["table_name"], LONGEST_IN_FULL),
        "column": names + (" …" if len(columns) > 8 else ""),  # noqa: PLR2004 - as many as were named
        **_numbers(table, used, errored),
    }
    pieces = (Piece("several", 0, used, tip=tip),) if used else ()
    note = _note(table, used, errored) if used != 0 else _errored(errored)
    return Line(name, note, pieces, tip=tip)


def _numbers(table: Record, used: float | None, errored: int | None) -> dict[str, str]:
    return {
        "credits": amount(used),
        "share of the table": share(used, table["in_columns"]),
        "errored cells": count(errored),
    }


def _note(table: Record, used: float | None, errored: int | None) -> str:
    part = share(used, table["in_columns"]) if used else ""
    return joined(amount(used), "" if part == MISSING else part, _errored(errored))


def _errored(cells: int | None) -> str:
    return f"{count(cells)} errored" if cells else ""
