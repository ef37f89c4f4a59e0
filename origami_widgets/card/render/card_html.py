"""Static HTML of a card, with its parts in the order of the live card, and of a grid of leads."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tags import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    LINE,
    MONO,
    QUIET,
    RED,
    SMALL,
    SOFT,
    Html,
    bar,
    bold,
    code,
    div,
    element,
    grid,
    heading,
    isolated,
    join,
    link,
    link_button,
    span,
    text,
    with_separators,
)
from origami_widgets.card.view.fixed_words import AGAIN, CELL_NOT_FOUND, NEXT_STEPS
from origami_widgets.card.view.lead_cells import cell_words, in_reading_order, make_cells
from origami_widgets.card.view.prose import GOES_ON, prune
from origami_widgets.card.view.questions import FOLLOW_UP_LINE, answer_line
from origami_widgets.card.view.run_head import times_of
from origami_widgets.card.view.table_view import more_columns, more_tables
from origami_widgets.words.foreign_text import clip, stored_size, take
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from origami_widgets.api.models import Column, FlatRow
    from origami_widgets.card.view.contract import (
        Ask,
        Earlier,
        EarlierRun,
        FunnelPart,
        FunnelView,
        Grid,
        Head,
        Node,
        Notice,
        Prose,
        QuestionView,
        Remark,
        SuggestionView,
        TablesView,
        TableView,
        Tone,
        View,
    )
    from origami_widgets.card.view.lead_contract import LeadCell, LeadGridView


SIZE_LIMIT = 28_500
"""Bytes that the HTML may take in a notebook file. Together with the text, which is saved as well, it stays under 40 kB."""

_AROUND = 1_000
_TABLES_LEAST = 3_500
_PROSE_SIZE = 5_000
_FEW_TABLES = 8
_ASK_SIZE = 4_500
_NOTICES_SIZE = 5_000
_OTHERS_SIZE = 2_000
_LEAD_COLUMNS, _LEAD_CELL_LIMIT = 8, 60
_LEADS_BOX = f"padding:9px 14px;border:{LINE};border-radius:10px;font:13px/1.45 system-ui,sans-serif;overflow-x:auto"

TONES: Final[dict[Tone, tuple[str, str]]] = {
    "running": (BLUE, "●"),
    "good": (GREEN, "✓"),
    "attention": (AMBER, "◆"),
    "bad": (RED, "✕"),
    "neutral": (GREY, "■"),
}
CARD = (
    f"box-sizing:border-box;margin:2px 0;border:{LINE};border-radius:10px;overflow:hidden;overflow-wrap:anywhere;"
    "text-align:left;font:13px/1.45 system-ui,'Segoe UI',Inter,'DejaVu Sans',sans-serif"
)
STRIP = f"padding:8px 14px;background:{SOFT};font-size:12px"
_LIST = "margin:0;padding-left:20px"


def render_html(view: View, *, now: float) -> str:
    """Return a card as static HTML.

    It has inline styles only, and no script, style sheet or image; nothing is fetched. It reads well with all styles
    removed, on light and dark pages, and says when it was made.

    Args:
        view: a view from `make_view`, in any form but `live`.
        now: the time of the view, in Unix seconds.

    Returns:
        HTML that takes at most 28.5 kB in a notebook; with its text, it stays under 40 kB.
    """
    before = [
        _earlier(view["earlier"]),
        _head(view["head"]),
        _result(view, now),
        _within(map(_notice, view["notices"]), _NOTICES_SIZE),
    ]
    after = [
        _suggestions(view["suggestions"]),
        _ask(view["ask"]) if view["ask"] else Html(""),
        div(SECTION, prose_html(view["now"])) if view["now"] else Html(""),
        _again(view["head"]),
    ]
    room = SIZE_LIMIT - _AROUND - sum(map(stored_size, (*before, *after)))
    # Text made of escapes is up to six times as long here. The prose gives way first, also to many tables.
    wanted = _PROSE_SIZE if len(view["tables"]["items"]) <= _FEW_TABLES else _PROSE_SIZE // 2
    prose = _prose(view["prose"], min(wanted, room - _TABLES_LEAST))
    tables = tables_html(view["tables"], room - stored_size(prose))
    return div(CARD, *before, tables, prose, *after)


def _within(parts: Iterable[Html], size: int) -> Html:
    return join(*take(parts, size, stored_size))


def _earlier(earlier: Earlier) -> Html:
    runs = earlier["runs"]
    lines = [
        element("li", bold(isolated(run["prompt"])), text(f" {run['status_label']}"), _outcome(run)) for run in runs
    ]
    if not lines:
        return Html("")
    listed = element("ol", _within(lines, _OTHERS_SIZE), style=f"{_LIST};margin-top:4px")
    return div(f"{STRIP};border-bottom:{LINE}", span(QUIET, text(earlier["title"])), listed)


def _outcome(run: EarlierRun) -> Html:
    return join(text(" · "), isolated(run["outcome"])) if run["outcome"] else Html("")


def _head(head: Head) -> Html:
    reply = div(SMALL, isolated(head["reply"]))
    prompt = div("flex:1 1 240px;padding:4px 12px 4px 0", bold(isolated(head["prompt"])), reply)
    opened = link_button(head["link"]) if head["link"] else Html("")
    return div(
        "display:flex;flex-wrap:wrap;align-items:flex-start;padding:12px 14px 4px",
        join(_pill(head), prompt, opened, by=" "),
    )


def _result(view: View, now: float) -> Html:
    """Return the result in large type, and beside it, in small type, how long the run took and how old this is."""
    head, result = view["head"], view["result"]
    figures = [
        span(
            "margin-right:20px",
            element("b", text(figure["value"]), style="font-size:18px"),
            text(f" {figure['label']}"),
            span(QUIET, text(f" · {figure['note']}")) if figure["note"] else Html(""),
        )
        for figure in result["figures"]
    ]
    pieces = [text(piece) for piece in times_of(view, now=now) if piece]
    if head["origin"]:
        pieces.append(span(f"padding:0 6px;border:{LINE};border-radius:5px;font-size:11px", isolated(head["origin"])))
    pieces.append(text(head["as_of"]))
    funnel = funnel_html(result["funnel"]) if result["funnel"] else Html("")
    return div(
        "padding:0 14px 10px;font-variant-numeric:tabular-nums",
        div("", join(*figures, text(result["note"]), by=" ")),
        div(SMALL, join(*pieces, by=" · ")),
        funnel,
    )


def _pill(head: Head) -> Html:
    colour, sign = TONES[head["tone"]]
    style = f"margin:2px 12px 2px 0;padding:2px 10px 2px 8px;border:1px solid {colour};border-radius:99px;font-size:12px;font-weight:600"
    return span(style, span(f"color:{colour}", text(sign)), text(f" {head['status_label']}"))


def _notice(notice: Notice) -> Html:
    colour, sign = TONES[notice["tone"]]
    said = div(
        "flex:1 1 220px",
        div("", span(f"color:{colour}", text(sign)), Html(" "), bold(isolated(notice["title"]))),
        div(SMALL, isolated(notice["text"])),
        div("", code(notice["code"])),
    )
    to = div("margin-left:14px", link_button(notice["link"])) if notice["link"] else Html("")
    return div(
        f"display:flex;flex-wrap:wrap;padding:8px 14px 8px 11px;border-top:{LINE};border-left:3px solid {colour};background:{SOFT}",
        said,
        to,
    )


def _ask(ask: Ask) -> Html:
    asked = [
        div("margin-bottom:12px", bold(isolated(question["question"])), _choices(question))
        for question in ask["questions"]
    ]
    line = join(code(answer_line(ask)), span(SMALL, text(ask["cost_note"])), by=" ")
    return div(SECTION, _within(asked, _ASK_SIZE), div("", line))


def _choices(question: QuestionView) -> Html:
    choices = [*question["suggestions"], question["freeform"]]
    circle = span(QUIET, text("○ "))
    # Like the live card's radio buttons. Without styles, the circles still separate the answers.
    return div(
        "margin-top:4px", *(span("margin-right:16px", circle, isolated(choice), text(" ")) for choice in choices)
    )


def _prose(prose: Prose, size: int) -> Html:
    if not prose["nodes"]:
        return Html("")
    nodes: list[str | Node] = list(prose["nodes"])
    body, room = prose_blocks(nodes), size
    while stored_size(body) > size and nodes:
        # Markup and escapes make the HTML longer than the JSON; by how much is known only afterwards.
        nodes = prune(prose["nodes"], room)
        body, room = prose_blocks(nodes), room * 4 // 5
    cut = prose["cut"] or (GOES_ON if nodes != prose["nodes"] else "")
    return div(SECTION, body, div(SMALL, text(cut)))


def _suggestions(suggestions: list[SuggestionView]) -> Html:
    if not suggestions:
        return Html("")
    items = [element("li", isolated(suggestion["label"])) for suggestion in suggestions]
    return div(
        SECTION,
        heading(NEXT_STEPS),
        element("ul", _within(items, _OTHERS_SIZE), style=_LIST),
        div("margin-top:4px", code(FOLLOW_UP_LINE)) if any(one["button"] for one in suggestions) else Html(""),
    )


def _again(head: Head) -> Html:
    return div(f"{STRIP};border-top:{LINE}", join(span(QUIET, text(AGAIN)), code(head["line"]), by=" "))


_ABOVE = 7
_BLOCK = f"margin:{_ABOVE}px 0 0"

# Element and style of each node. `p` becomes a `div` and `h` a bold one, because the strictest sanitizer removes both.
_AS: Final[dict[str, tuple[str, str]]] = {
    "p": ("div", _BLOCK),
    "h": ("div", f"{_BLOCK};font-weight:600"),
    "ul": ("ul", f"{_BLOCK};padding-left:20px"),
    "ol": ("ol", f"{_BLOCK};padding-left:22px"),
    "li": ("li", ""),
    "quote": ("blockquote", f"{_BLOCK};padding:0 0 0 10px;border-left:3px solid rgba(128,128,128,.4)"),
    "pre": ("pre", f"{MONO};{_BLOCK};padding:7px 9px;border-radius:4px;background:{SOFT};white-space:pre-wrap"),
    "code": ("code", f"{MONO};padding:0 3px;border-radius:4px;background:{SOFT}"),
    "b": ("b", ""),
    "i": ("i", ""),
}


def prose_html(nodes: Sequence[str | Node]) -> Html:
    """Return nodes of prose, inline or block, as HTML."""
    return Html("".join(_one(node) for node in nodes))


def prose_blocks(nodes: Sequence[str | Node]) -> Html:
    """Return blocks of prose as HTML, the first without space above it."""
    return div(f"margin-top:-{_ABOVE}px", prose_html(nodes))


def _one(node: str | Node) -> Html:
    if isinstance(node, str):
        return text(node)
    if node["t"] == "table":
        return _table(node)
    children = prose_html(node.get("c", ()))
    match node["t"]:
        case "a":
            return link(node.get("href", ""), children)
        case "br":
            return element("div")
        case "hr":
            return element("div", text("· · ·"), style=f"{_BLOCK};{QUIET}")
        case name:
            tag, style = _AS[name]
            return element(tag, children, style=style)


def _table(node: Node) -> Html:
    """Return a table from the agent's text as HTML, with the first row as headings."""
    rows = [
        [prose_html(cell.get("c", ())) for cell in row.get("c", ()) if isinstance(cell, dict)]
        for row in node.get("c", ())
        if isinstance(row, dict)
    ]
    return div(f"{_BLOCK};overflow-x:auto", grid(rows))


SECTION = f"padding:11px 14px;border-top:{LINE}"

_COLOURS: Final[dict[FunnelPart, str]] = {
    "qualified": GREEN,
    "not": "rgba(42,143,87,.45)",
    "check": "rgba(122,130,140,.2)",
    "failed": "rgba(217,72,61,.5)",
    "out": "rgba(122,130,140,.3)",
}
_AROUND_TABLE = 80
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
        head = _table_head(table, reading)
        room -= stored_size(head) + _AROUND_TABLE
        if room < 0 and heads:
            break
        heads.append(head)
    columns = _columns(items[: len(heads)], max(0, room))
    sections = [
        div("margin-top:14px" if place else "", head, body)
        for place, (head, body) in enumerate(zip(heads, columns, strict=True))
    ]
    more = tables["hidden"] or more_tables(len(items) - len(heads))
    if not sections and not more:
        return Html("")
    return div(SECTION, *sections, div(f"margin-top:8px;{SMALL}", text(more)))


def _table_head(table: TableView, reading: str) -> Html:
    opened = table["link"]
    facts = span(f"margin-left:6px;{SMALL}", text(" · ".join(filter(None, (table["facts"], reading)))))
    remarks = [_remark(remark) for remark in table["remarks"]]
    said = div("flex:1 1 200px", join(bold(isolated(table["name"])), facts, *remarks, by=" "))
    to = link(opened["href"], isolated(opened["label"]), Html(" ↗")) if opened else Html("")
    head = div("display:flex;flex-wrap:wrap", said, div("margin-left:12px;font-size:12px", to))
    return join(head, div(SMALL, text(table["funnel"])))


def _remark(remark: Remark) -> Html:
    said = text(f"· {remark['text']}")
    return span("margin-left:6px;font-size:12px", bold(said) if remark["tone"] == "bad" else said)


def funnel_html(funnel: FunnelView) -> Html:
    """Return a funnel as a thin bar, with the numbers in words below."""
    every = sum(part["count"] for part in funnel["parts"])
    shares = [(part["count"] / every, _COLOURS[part["part"]]) for part in funnel["parts"]]
    return join(bar(shares), div(SMALL, text(funnel["words"])))


def _columns(tables: list[TableView], room: int) -> list[Html]:
    rows = [[_row(table["columns"], row) for row in table["columns"]["rows"]] for table in tables]
    bodies = [Html("")] * len(tables)
    if not tables:
        return bodies
    # Two columns of each table would say nothing: if there is room for only a few, the first tables get it.
    left = min(len(tables), max(1, room // _WORTH_A_TABLE))
    for index in sorted(range(left), key=lambda i: sum(map(stored_size, rows[i]))):
        kept = take(rows[index], room // left - _HEADING_SIZE, stored_size)
        room -= sum(map(stored_size, kept)) + _HEADING_SIZE
        left -= 1
        bodies[index] = _columns_grid(tables[index], kept)
    return bodies


def _columns_grid(table: TableView, rows: list[Html]) -> Html:
    columns = table["columns"]
    note = more_columns(table["hidden"] + len(columns["rows"]) - len(rows))
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


def render_leads_html(view: LeadGridView, saved: Sequence[tuple[str, Sequence[FlatRow], Sequence[Column]]]) -> str:
    """Return the snapshot as HTML.

    Args:
        view: the view of the grid, in the form `snapshot`.
        saved: name, leads and columns of each table whose leads to save.
    """
    head = view["head"]
    tabs = [
        join(bold(isolated(tab["name"])), text(f"{tab['leads']} leads" if tab["leads"] else ""), by=" ")
        for tab in head["tabs"]
    ]
    first = div("", join(*tabs, text(head["as_of"]), by=" · "))
    again = div(SMALL, join(text("To see the leads, in any kernel:"), code(head["line"]), by=" "))
    room = SIZE_LIMIT - stored_size(first) - stored_size(again) - 400
    tables = take((_leads_table(*each) for each in saved), room, stored_size)
    save = code(f"{head['line'].removesuffix(')')}, save=True)")
    note = (
        text("") if tables else join(text("Leads are not saved in the notebook. To save the first ones:"), save, by=" ")
    )
    return div(_LEADS_BOX, first, div(SMALL, note), *tables, again)


def _leads_table(name: str, rows: Sequence[FlatRow], columns: Sequence[Column]) -> Html:
    shown = [column for column, _ in in_reading_order(columns)][:_LEAD_COLUMNS]
    lines = [[bold(isolated(clip(column.name, _LEAD_CELL_LIMIT))) for column in shown]]
    lines += [[_lead_cell(*each) for each in zip(make_cells(row, columns), shown, strict=False)] for row in rows]
    kept = f"The first {plural(len(rows), 'lead')} of {clip(name, 80)}, saved on request (save=True)."
    return div("margin-top:8px", grid(lines), div(SMALL, text(kept)))


def _lead_cell(cell: LeadCell, column: Column) -> Html:
    words = clip(cell_words(cell), _LEAD_CELL_LIMIT)
    is_missing = not words and cell is not None and column.kind != "input"
    return span(QUIET, text(CELL_NOT_FOUND)) if is_missing else isolated(words)
