"""Tables of a view as HTML, within the bytes that the rest of the snapshot leaves."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tags import (
    GREEN,
    LINE,
    QUIET,
    RED,
    SMALL,
    Html,
    bar,
    bold,
    div,
    element,
    heading,
    isolated,
    join,
    line,
    link,
    span,
    text,
    with_separators,
)
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.contract import ColumnRow
from origami_widgets.card.view.snapshot_words import columns_not_shown, stored, tables_not_shown
from origami_widgets.card.view.table_view import HEADINGS, column_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.card.view.contract import FunnelPart, FunnelView, TablesView, TableView

SECTION = f"padding:11px 14px;border-top:{LINE}"

_COLOURS: Final[dict[FunnelPart, str]] = {
    "qualified": GREEN,
    "kept": "rgba(42,143,87,.45)",
    "duplicate": "rgba(122,130,140,.6)",
    "excluded": "rgba(217,72,61,.5)",
    "filtered": "rgba(122,130,140,.3)",
}
_WITH_BARS = 8
"""Above so many tables their words are worth more than their pictures."""

_AROUND = 80
_WORTH_A_TABLE = 1_500
_HEADING_SIZE = 1_200
# A name and its numbers stand in one line where they fit, and below each other where they do not. The shares of
# the numbers are the same in every row, so that they stand below their headings.
_ROW = f"display:flex;flex-wrap:wrap;padding:4px 0;border-top:{LINE}"
_NAME = "flex:1 1 150px;overflow-wrap:anywhere;text-align:left"
_NUMBERS = "display:flex;flex:4 1 290px"
_SHARES = ("1", "1.2", "1", "1.6", "1.8")


def tables_html(tables: TablesView, bytes_left: int) -> Html:
    """Return all tables: their heads first, then as many columns as the bytes allow, shared between them."""
    heads: list[Html] = []
    bars = len(tables["items"]) <= _WITH_BARS
    for table, reading in zip(tables["items"], tables["reading"] or repeat(""), strict=False):
        head = _head(table, reading, bars=bars)
        bytes_left -= stored(head) + _AROUND
        if bytes_left < 0 and heads:
            break
        heads.append(head)
    shown = tables["items"][: len(heads)]
    columns = _columns(shown, max(0, bytes_left))
    sections = [
        div("margin-top:14px" if index else "", head, body)
        for index, (head, body) in enumerate(zip(heads, columns, strict=True))
    ]
    hidden = tables["hidden"] + len(tables["items"]) - len(heads)
    without = sum(_hidden(table) for table, body in zip(shown, columns, strict=True) if not body)
    more = [tables_not_shown(hidden), columns_not_shown(without)]
    if not sections and not hidden:
        return Html("")
    every = len(tables["items"]) + tables["hidden"]
    title = heading(words.plural(every, "table")) if every > 1 else Html("")
    return div(SECTION, title, *sections, div(f"margin-top:8px;{SMALL}", text(" · ".join(filter(None, more)))))


def _hidden(table: TableView) -> int:
    return table["columns_hidden"] + len(table["columns"])


def _head(table: TableView, reading: str, *, bars: bool) -> Html:
    opened = table["link"]
    facts = span(f"margin-left:6px;{SMALL}", text(" · ".join(filter(None, (*table["facts"], reading)))))
    filling = span("margin-left:6px;font-size:12px;font-weight:600", text(table["filling"]))
    said = div("flex:1 1 200px", join(bold(isolated(table["name"])), facts, filling, by=" "))
    to = link(opened["href"], isolated(opened["label"]), Html(" ↗")) if opened else Html("")
    return join(
        div("display:flex;flex-wrap:wrap", said, div("margin-left:12px;font-size:12px", to)),
        _funnel(table["funnel"], bars=bars) if table["funnel"] else Html(""),
    )


def _funnel(funnel: FunnelView, *, bars: bool) -> Html:
    if not bars:
        labels = [*(part["label"] for part in funnel["parts"]), funnel["sourced_label"]]
        return div(SMALL, text(" · ".join(labels)))
    shares = [(part["count"] / funnel["sourced"], _COLOURS[part["part"]]) for part in funnel["parts"]]
    keys = [join(_swatch(_COLOURS[part["part"]]), span(QUIET, text(part["label"]))) for part in funnel["parts"]]
    return join(
        bar(shares, "width:100%;height:16px;border-radius:4px;margin:8px 0 4px"),
        div("font-size:12px", join(*keys, span(QUIET, text(funnel["sourced_label"])), by=" · ")),
    )


def _swatch(colour: str) -> Html:
    return element(
        "span",
        style=f"display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:5px;background:{colour}",
    )


def _columns(tables: list[TableView], bytes_left: int) -> list[Html]:
    rows = [[_row(_cells(ColumnRow(*row))) for row in table["columns"]] for table in tables]
    bodies = [Html("")] * len(tables)
    if not tables:
        return bodies
    # Two columns of each table say nothing: when few fit, the first tables get them.
    left = min(len(tables), max(1, bytes_left // _WORTH_A_TABLE))
    for index in sorted(range(left), key=lambda i: sum(map(stored, rows[i]))):
        kept: list[Html] = []
        share = bytes_left // left - _HEADING_SIZE
        for row in rows[index]:
            share -= stored(row)
            if share < 0:
                break
            kept.append(row)
        bytes_left -= sum(map(stored, kept)) + _HEADING_SIZE
        left -= 1
        bodies[index] = _table(kept, _hidden(tables[index]) - len(kept))
    return bodies


def _table(rows: list[Html], hidden: int) -> Html:
    if not rows:
        return Html("")
    note = div(f"{SMALL};margin-top:4px", text(columns_not_shown(hidden)))
    # Whole words: the card breaks anywhere, which would break "Company" in a narrow table.
    style = "margin-top:6px;text-align:right;overflow-wrap:break-word;font-variant-numeric:tabular-nums"
    headings = _row(
        map(text, HEADINGS), role="columnheader", style="display:flex;flex-wrap:wrap;font-size:11px;font-weight:600"
    )
    return join(element("div", headings, *rows, style=style, role="table"), note)


def _row(cells: Iterable[Html], *, role: str = "cell", style: str = _ROW) -> Html:
    (_, name), *numbers = with_separators(cells)
    shown = [
        element("span", *number, style=f"flex:{share};padding-left:8px", role=role)
        for share, number in zip(_SHARES, numbers, strict=True)
    ]
    return line((element("span", name, style=_NAME, role=role), span(_NUMBERS, *shown)), style=style)


def _cells(row: ColumnRow) -> Iterable[Html]:
    kind = span(f"{QUIET};font-size:11px", text(row.kind))
    yield join(isolated(row.name), kind, by=" ")
    *others, verdicts = column_words(row)
    for word in others:
        yield text(word.replace(" %", "\u00a0%"))
    yield join(_verdict_bar(row), text(verdicts.replace(" ", "\u00a0")))


def _verdict_bar(row: ColumnRow) -> Html:
    verdicts = [row.passed or 0, row.failed or 0, row.unsure or 0]
    total = sum(verdicts)
    if not total:
        return Html("")
    shares = [(verdicts[0] / total, GREEN), (verdicts[1] / total, RED)]
    return bar(shares, "width:44px;height:8px;border-radius:4px;margin-right:8px")
