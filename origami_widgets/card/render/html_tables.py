"""HTML of a view's tables, within what is left of the snapshot's size limit."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tags import (
    GREEN,
    LINE,
    QUIET,
    SMALL,
    Html,
    bar,
    bold,
    div,
    element,
    isolated,
    join,
    link,
    span,
    text,
    with_separators,
)
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import stored_size

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import FunnelPart, FunnelView, Grid, Remark, TablesView, TableView

SECTION = f"padding:11px 14px;border-top:{LINE}"

_COLOURS: Final[dict[FunnelPart, str]] = {
    "qualified": GREEN,
    "kept": "rgba(42,143,87,.45)",
    "duplicate": "rgba(122,130,140,.6)",
    "excluded": "rgba(217,72,61,.5)",
    "filtered": "rgba(122,130,140,.3)",
}
_AROUND = 80
_WORTH_A_TABLE = 1_500
_HEADING_SIZE = 1_200
# A name and its numbers share a line if there is room; otherwise they are below each other. Numbers have the same share
# of the width in every row, so that they line up with their headings.
_ROW = f"display:flex;flex-wrap:wrap;padding:4px 0;border-top:{LINE}"
_NAME = "flex:1 1 150px;overflow-wrap:anywhere;text-align:left"
_NUMBERS = "display:flex;flex-wrap:wrap;flex:4 1 290px"
_SHARES: Final = {"r": "1", "l": "1.8", "m": "1", "x": "1"}
_HEADINGS = "display:flex;flex-wrap:wrap;font-size:11px;font-weight:600"


def tables_html(tables: TablesView, room: int) -> Html:
    """Return all tables: their heads first, then as many columns as `room` (in bytes) allows, shared between the tables."""
    items = tables["items"]
    heads: list[Html] = []
    for table, reading in zip(items, tables["reading"] or repeat(""), strict=False):
        # The run's funnel is that of its main table, and is already shown above.
        head = _head(table, reading, with_funnel=table["id"] != tables["main"])
        room -= stored_size(head) + _AROUND
        if room < 0 and heads:
            break
        heads.append(head)
    columns = _columns(items[: len(heads)], max(0, room))
    sections = [
        div("margin-top:14px" if place else "", head, body)
        for place, (head, body) in enumerate(zip(heads, columns, strict=True))
    ]
    left = len(items) - len(heads)
    more = (
        f"{words.plural(left, 'more table')}: ow.tables_frame(run)"
        if left and not tables["hidden"]
        else tables["hidden"]
    )
    if not sections and not more:
        return Html("")
    return div(SECTION, *sections, div(f"margin-top:8px;{SMALL}", text(more)))


def _head(table: TableView, reading: str, *, with_funnel: bool) -> Html:
    opened = table["link"]
    facts = span(f"margin-left:6px;{SMALL}", text(" · ".join(filter(None, (table["facts"], reading)))))
    remarks = [_remark(remark) for remark in table["remarks"]]
    said = div("flex:1 1 200px", join(bold(isolated(table["name"])), facts, *remarks, by=" "))
    to = link(opened["href"], isolated(opened["label"]), Html(" ↗")) if opened else Html("")
    funnel = table["funnel"] if with_funnel else ""
    return join(
        div("display:flex;flex-wrap:wrap", said, div("margin-left:12px;font-size:12px", to)), div(SMALL, text(funnel))
    )


def _remark(remark: Remark) -> Html:
    said = text(f"· {remark['text']}")
    return span("margin-left:6px;font-size:12px", bold(said) if remark["tone"] == "bad" else said)


def funnel_html(funnel: FunnelView) -> Html:
    """Return a funnel as a thin bar, with the numbers in words below."""
    every = sum(part["count"] for part in funnel["parts"])
    shares = [(part["count"] / every, _COLOURS[part["part"]]) for part in funnel["parts"]]
    return join(
        bar(shares, "width:100%;height:5px;border-radius:9px;margin:8px 0 3px"), div(SMALL, text(funnel["words"]))
    )


def _columns(tables: list[TableView], room: int) -> list[Html]:
    rows = [[_row(table["columns"], row) for row in table["columns"]["rows"]] for table in tables]
    bodies = [Html("")] * len(tables)
    if not tables:
        return bodies
    # Two columns of each table would say nothing: if there is room for only a few, the first tables get it.
    left = min(len(tables), max(1, room // _WORTH_A_TABLE))
    for index in sorted(range(left), key=lambda i: sum(map(stored_size, rows[i]))):
        kept: list[Html] = []
        share = room // left - _HEADING_SIZE
        for row in rows[index]:
            share -= stored_size(row)
            if share < 0:
                break
            kept.append(row)
        room -= sum(map(stored_size, kept)) + _HEADING_SIZE
        left -= 1
        bodies[index] = _grid(tables[index], kept)
    return bodies


def _grid(table: TableView, rows: list[Html]) -> Html:
    columns = table["columns"]
    hidden = table["hidden"] + len(columns["rows"]) - len(rows)
    note = f"{words.plural(hidden, 'more column')}: ow.columns_frame(run)" if hidden else ""
    if not rows:
        return div(SMALL, text(note))
    # Break between words: elsewhere the card breaks anywhere, which would split "Company" in a narrow table.
    style = "margin-top:6px;text-align:right;overflow-wrap:break-word;font-variant-numeric:tabular-nums"
    headings = _row(columns, columns["heads"], role="columnheader", style=_HEADINGS)
    return join(element("div", headings, *rows, style=style, role="table"), div(f"{SMALL};margin-top:4px", text(note)))


def _row(grid: Grid, row: list[str], *, role: str = "cell", style: str = _ROW) -> Html:
    """Return a row: its name and its values, with the same shares of the width as in every row."""
    cells = [_cell(form, word.replace(" %", "\u00a0%")) for form, word in zip(grid["form"], row, strict=True)]
    (_, name), *others = with_separators(cells)
    shown = [
        element("span", *cell, style=f"flex:{_SHARES[form]};padding-left:8px", role=role)
        for form, cell in zip(grid["form"][1:], others, strict=True)
    ]
    first = element("span", name, style=_NAME, role=role)
    return element(
        "div", first, element("span", *shown, style=_NUMBERS) if shown else Html(""), style=style, role="row"
    )


def _cell(form: str, word: str) -> Html:
    match form:
        case "t":
            return isolated(word)
        case "x":
            return bold(text(word))
        case "m":
            return span(QUIET, text(word))
        case _:
            return text(word)
