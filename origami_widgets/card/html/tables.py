"""The tables of a view as HTML, within what is left of the copy's size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card import words
from origami_widgets.card.contract import ColumnRow
from origami_widgets.card.html.tags import GREEN, LINE, QUIET, RED, Html, bar, bare, bold, div, join, link, span, text
from origami_widgets.card.view.rows import HEADINGS, column_words

if TYPE_CHECKING:
    from origami_widgets.card.contract import Funnel, FunnelPart, Table, Tables

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

_AROUND = 200
_WORTH_A_TABLE = 1_500
_HEADING_SIZE = 900
# Whole words: the card breaks anywhere, which would break "Company" in a narrow table.
_FIRST = "padding:3px 0;text-align:left;white-space:normal;overflow-wrap:break-word"
_NEXT = "padding:3px 0 3px 6px;text-align:right;white-space:normal;overflow-wrap:break-word"


def tables_html(tables: Tables, room: int) -> Html:
    """All tables: their heads first, then as many columns as the room in bytes allows, shared between them."""
    heads: list[Html] = []
    bars = len(tables["items"]) <= _WITH_BARS
    for table in tables["items"]:
        head = _head(table, bars=bars)
        room -= _size(head) + _AROUND
        if room < 0 and heads:
            break
        heads.append(head)
    shown = tables["items"][: len(heads)]
    columns = _columns(shown, max(0, room))
    sections = [div(SECTION, head, body) for head, body in zip(heads, columns, strict=True)]
    hidden = tables["hidden"] + len(tables["items"]) - len(heads)
    more = [f"{words.plural(hidden, 'more table')}: ow.tables_frame(run)"] if hidden else []
    if without := sum(_hidden(table) for table, body in zip(shown, columns, strict=True) if not body):
        more.append(f"{words.plural(without, 'column')} not shown: ow.columns_frame(run)")
    return join(*sections, div(f"{SECTION};font-size:12px;{QUIET}", text(" · ".join(more))))


def _hidden(table: Table) -> int:
    return table["columns_hidden"] + len(table["columns"])


def _size(part: Html) -> int:
    return len(part.encode())


def _head(table: Table, *, bars: bool) -> Html:
    opened = table["link"]
    name = bold(span("unicode-bidi:isolate", text(table["name"])))
    title = join(name, Html(" "), link(opened["href"], text(f"{opened['label']} ↗"))) if opened else name
    facts = [*table["facts"], *([table["filling"]] if table["filling"] else [])]
    return join(
        div("", title, Html(" "), span(f"margin-left:6px;font-size:12px;{QUIET}", text(" · ".join(facts)))),
        _funnel(table["funnel"], bars=bars) if table["funnel"] else Html(""),
    )


def _funnel(funnel: Funnel, *, bars: bool) -> Html:
    if not bars:
        told = [*(part["label"] for part in funnel["parts"]), funnel["sourced_label"]]
        return div(f"font-size:12px;{QUIET}", text(" · ".join(told)))
    shares = [(part["count"] / funnel["sourced"], _COLOURS[part["part"]]) for part in funnel["parts"]]
    keys = [join(_swatch(_COLOURS[part["part"]]), span(QUIET, text(part["label"]))) for part in funnel["parts"]]
    return join(
        bar(shares, "height:12px;border-radius:4px;margin:8px 0 4px"),
        div("font-size:12px", join(*keys, span(QUIET, text(funnel["sourced_label"])), by=" · ")),
    )


def _swatch(colour: str) -> Html:
    return bare(
        "span",
        style=f"display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:5px;background:{colour}",
    )


def _columns(tables: list[Table], room: int) -> list[Html]:
    rows = [[_row(ColumnRow(*row)) for row in table["columns"]] for table in tables]
    bodies = [Html("")] * len(tables)
    if not tables:
        return bodies
    # Two columns of each table say nothing: when there is room for few only, the first tables get it.
    left = min(len(tables), max(1, room // _WORTH_A_TABLE))
    for index in sorted(range(left), key=lambda i: sum(map(_size, rows[i]))):
        kept: list[Html] = []
        share = room // left - _HEADING_SIZE
        for row in rows[index]:
            share -= _size(row)
            if share < 0:
                break
            kept.append(row)
        room -= sum(map(_size, kept)) + _HEADING_SIZE
        left -= 1
        bodies[index] = _table(kept, _hidden(tables[index]) - len(kept))
    return bodies


def _table(rows: list[Html], hidden: int) -> Html:
    if not rows:
        return Html("")
    more = f"{words.plural(hidden, 'more column')}: ow.columns_frame(run)" if hidden else ""
    note = div(f"{QUIET};font-size:12px;margin-top:4px", text(more))
    heading = bare(
        "tr",
        *(bare("td", bold(text(word)), style=_NEXT if index else _FIRST) for index, word in enumerate(HEADINGS)),
        style=f"background:none;border-bottom:{LINE};font-size:11px",
    )
    # Spelled out where JupyterLab's own style for tables says otherwise.
    style = "table-layout:auto;width:100%;margin:8px 0 0;border-collapse:collapse;border:0;font-size:12px;font-variant-numeric:tabular-nums"
    return join(div("overflow-x:auto", bare("table", heading, *rows, style=style)), note)


def _row(row: ColumnRow) -> Html:
    name = text(row.name or "unnamed")
    first = join(name, span(f"{QUIET};font-size:11px", text(row.kind)), by=" ")
    *others, verdicts = column_words(row)
    cells = [bare("td", text(word.replace(" %", "\u00a0%")), style=_NEXT) for word in others]
    judged = join(_verdict_bar(row), text(verdicts))
    return bare("tr", bare("td", first, style=_FIRST), *cells, bare("td", judged, style=_NEXT), style="background:none")


def _verdict_bar(row: ColumnRow) -> Html:
    told = [row.passed or 0, row.failed or 0, row.unsure or 0]
    total = sum(told)
    if not total:
        return Html("")
    shares = [(told[0] / total, GREEN), (told[1] / total, RED)]
    return bar(
        shares, "display:inline-block;width:40px;height:8px;border-radius:3px;margin-right:6px;vertical-align:middle"
    )
