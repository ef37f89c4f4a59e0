"""`plot_qualification`: how the leads were judged, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import columns_frame

from .bars import ROOM, Bars, Line, Piece, draw, sentence
from .needed import checked, layered
from .picked import Record, by_table, largest, left_out, newest, records, runs_named, subject
from .theme import FAIL, OTHER, PASS, UNSURE
from .words import LONGEST_IN_FULL, MISSING, count, joined, many, name_of, share, width_of

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

VERDICTS = {"pass": PASS, "fail": FAIL, "unsure": UNSURE, "other": OTHER}
_COLUMNS = (
    *("run_id", "table_id", "table_name", "position", "column_id", "column_name"),
    *("qualification_pass", "qualification_fail", "qualification_unsure", "qualification_total"),
)


def plot_qualification(source: Source, *, top: int = 30, width: int = 600) -> LayerChart:
    """How the leads were judged by each column with a relevance condition: pass, fail or unsure.

    No request is sent and no credits are spent. A bar is all verdicts of a column; its numbers are leads. Columns
    without verdicts are counted and not drawn; verdicts of a kind that is not known yet are "other". A table that is
    given several times is drawn as it was given last.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        top: columns at most, those with the most verdicts; the rest is told.
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
    width = checked(width, top)
    columns = newest(records(columns_frame(gather(source, "plot_qualification")), _COLUMNS))
    for column in columns:
        column["size"] = _total(column)
    judged = [column for column in columns if column["size"]]
    tables = by_table(columns)
    title = f"Verdicts by column: {subject([rows[0]['table_name'] for rows in tables.values()])}"
    details = [joined(runs_named(columns), "share of the leads that a column has judged")]
    if not judged:
        said = (
            f"None of {many(len(columns), 'column', 'columns')} has verdicts. They come with the stats, from columns "
            "with a relevance condition."
            if columns
            else "There are no columns."
        )
        return layered(sentence(title if columns else "Verdicts by column", [runs_named(columns)], said, width))
    drawn = largest(judged, "size", top)
    details.append(left_out(len(columns) - len(judged), "column has", "columns have", "no verdicts"))
    details.append(left_out(len(judged) - len(drawn), "further column", "further columns"))
    lines: list[Line] = []
    for rows in by_table(drawn).values():
        if len(tables) > 1:
            whole = name_of(rows[0]["table_name"], LONGEST_IN_FULL)
            lines.append(Line(name_of(rows[0]["table_name"]), kind="heading", tip={"table": whole}))
        lines += [_line(row, width) for row in rows]
    bars = Bars(title, details, lines, "share of verdicts", VERDICTS, legend=True, most=1, percent=True)
    return layered(draw(bars, width))


def _told(column: Record) -> dict[str, int | None]:
    return {verdict: column[f"qualification_{verdict}"] for verdict in ("pass", "fail", "unsure")}


def _total(column: Record) -> int:
    """What the column's bar is the whole of: the total, or the verdicts where there are more of them."""
    return max(column["qualification_total"] or 0, sum(number or 0 for number in _told(column).values()))


def _line(column: Record, width: int) -> Line:
    told = _told(column)
    total = _total(column)
    # A number that was left out is no remainder: only where all are told, others are missing from the total.
    counted = {verdict: number for verdict, number in told.items() if number}
    if None not in told.values() and (rest := total - sum(counted.values())) > 0:
        counted["other"] = rest
    whole = {"table": name_of(column["table_name"], LONGEST_IN_FULL), "column": _name(column, LONGEST_IN_FULL)}
    tip = {**whole, **{verdict: count(number) for verdict, number in told.items()}, "of": count(total)}
    pieces: list[Piece] = []
    start = 0.0
    for verdict, number in counted.items():
        end = start + number / total
        told_here = {**tip, "verdict": verdict, "leads": count(number), "share": share(number, total)}
        pieces.append(Piece(verdict, start, end, count(number), told_here))
        start = end
    first = share(told["pass"], total)
    # The bar has at least half of the plot; what has no room in it stands beside it.
    outside = [
        f"{count(number)} {verdict}"
        for verdict, number in {**told, **counted}.items()
        if number is None or (number and number / total * width / 2 < width_of(count(number)) + ROOM)
    ]
    note = joined(f"{first} pass of {count(total)}", *(each for each in outside if each != f"{MISSING} pass"))
    return Line(_name(column), note, tuple(pieces), tip=tip)


def _name(column: Record, limit: int = 60) -> str:
    return name_of(column["column_name"], limit)
