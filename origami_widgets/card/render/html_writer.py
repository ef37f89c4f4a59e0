"""Writes documents as static HTML: inline styles only, and no script, style sheet or image; nothing is fetched.

Hosts sanitize saved output, each in its own way. Only `div`, `span`, `a`, `b`, `i`, `code`, `pre`, `ul`, `ol`, `li` and
`blockquote` survive everywhere, and all attributes except `href` may be lost. So nothing else is used, and no meaning
depends on a style. `table` is not used either: parsers add a `tbody`, which the strictest sanitizer shows as text.
`Html` is a separate type, so that a plain string cannot be used as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final, NewType

from origami_widgets.card.render.document import (
    SIGNS,
    Bar,
    Block,
    Items,
    Line,
    Part,
    Prose,
    SavedLeads,
    Section,
    Table,
    document_of,
    table_of,
)

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardView, FunnelPart, Inline, Node, Tone, View
    from origami_widgets.card.view.messages import LeadGridView

Html = NewType("Html", str)

# Middle tones with enough contrast to both white and near black (about 4:1). Text keeps the page's own colour.
_TONES: Final[dict[Tone, str]] = {
    "running": "#3d7be0",
    "good": "#2a8f57",
    "attention": "#b07410",
    "bad": "#d9483d",
    "neutral": "#7a828c",
}
_SHARES: Final[dict[FunnelPart, str]] = {
    "qualified": "#2a8f57",
    "not": "rgba(42,143,87,.45)",
    "check": "rgba(122,130,140,.2)",
    "failed": "rgba(217,72,61,.5)",
    "out": "rgba(122,130,140,.3)",
}
FEW_WORDS = 16
"""Characters of a cell that may stand one word under the other."""
_BORDER = "1px solid rgba(128,128,128,.32)"
_SOFT = "background:rgba(128,128,128,.08)"
_QUIET = "opacity:.74"
_SMALL = f"font-size:12px;{_QUIET}"
_PAGE = (
    f"box-sizing:border-box;margin:2px 0;border:{_BORDER};border-radius:10px;overflow:hidden;overflow-wrap:anywhere;"
    "text-align:left;font:13px/1.5 system-ui,'Segoe UI',Inter,'DejaVu Sans',sans-serif"
)
_LOOKS: Final = {
    "plain": ("span", ""),
    "bold": ("b", ""),
    "quiet": ("span", _QUIET),
    "code": ("code", ""),
    "figure": ("b", "font-size:18px"),
    "pill": ("span", f"padding:2px 10px;border:{_BORDER};border-radius:99px;font-weight:600"),
    "chip": ("span", f"padding:0 6px;border:{_BORDER};border-radius:5px;font-size:11px"),
}
_LISTS: Final = {
    "": ("div", "div", ""),
    "- ": ("ul", "li", "margin:0;padding-left:20px"),
    "1. ": ("ol", "li", "margin:0;padding-left:20px"),
}
_ABOVE = "margin:7px 0 0"
# Element and style of each node. `p` becomes a `div` and `h` a bold one, because the strictest sanitizer removes both.
_NODES: Final[dict[str, tuple[str, str]]] = {
    "p": ("div", _ABOVE),
    "h": ("div", f"{_ABOVE};font-weight:600"),
    "ul": ("ul", f"{_ABOVE};padding-left:20px"),
    "ol": ("ol", f"{_ABOVE};padding-left:22px"),
    "li": ("li", ""),
    "quote": ("blockquote", f"{_ABOVE};padding:0 0 0 10px;border-left:3px solid rgba(128,128,128,.4)"),
    "pre": ("pre", f"{_ABOVE};padding:7px 9px;border-radius:4px;{_SOFT};white-space:pre-wrap"),
    "code": ("code", ""),
    "b": ("b", ""),
    "i": ("i", ""),
}


def render_html(view: View | BoardView | LeadGridView, *, now: float, saved: Sequence[SavedLeads] = ()) -> str:
    """Return a card, a board or a grid of leads as static HTML.

    It reads well with all styles removed, on light and dark pages, and says when it was made.

    Args:
        view: a view in any form but `live`.
        now: the time of the view, in Unix seconds.
        saved: the leads of a grid to save.
    """
    sections = enumerate(document_of(view, now=now, saved=saved))
    return _element("div", *(_section(each, is_first=at == 0) for at, each in sections), style=_PAGE)


def _section(section: Section, *, is_first: bool) -> Html:
    style = "padding:9px 14px" if is_first else f"padding:9px 14px;border-top:{_BORDER}"
    if section.tone:
        style += f";border-left:3px solid {_TONES[section.tone]}"
    if section.tone or section.is_strip:
        style += f";{_SOFT}"
    return _element("div", *map(_block, section.blocks), style=style)


def _block(block: Block) -> Html:
    match block:
        case Line():
            return _line(block)
        case Bar():
            return _bar(block)
        case Items():
            name, inner, style = _LISTS[block.mark]
            return _element(name, *(_item(inner, lines) for lines in block.items), style=style)
        case Table():
            return _table(block)
        case Prose():
            # The first block has no space above it.
            return _element("div", _nodes(block.nodes), style="margin-top:-7px")


def _line(line: Line, name: str = "div") -> Html:
    said = " · ".join(" ".join(map(_part, group)) for group in line.groups)
    return _element(name, Html(said), style=_SMALL if line.is_small else "")


def _part(part: Part) -> Html:
    name, style = _LOOKS[part.look]
    # Text from outside must not change the direction of the text around it.
    style = ";".join(filter(None, (style, "" if part.text.isascii() else "unicode-bidi:isolate")))
    if part.href:
        return _link(part.href, _text(part.text), Html(" ↗"))
    sign = f'<span style="color:{_TONES[part.tone]}">{SIGNS[part.tone]}</span> ' if part.tone else ""
    said = Html(sign + _text(part.text))
    return _element(name, said, style=style) if style or name != "span" else said


def _item(name: str, lines: Sequence[Line]) -> Html:
    if len(lines) == 1:
        return _line(lines[0], name)
    return _element(name, *map(_line, lines), style="margin-bottom:8px")


def _bar(bar: Bar) -> Html:
    """Return a bar as a `span`, which takes no line of its own if styles are removed and it is gone."""
    every = sum(part["count"] for part in bar.parts)
    shares = [
        f"display:inline-block;height:100%;width:{part['count'] / every:.1%};background:{_SHARES[part['part']]}"
        for part in bar.parts
        if part["count"]
    ]
    style = (
        "display:inline-block;width:100%;height:5px;border-radius:9px;margin:8px 0 3px;font-size:0;text-align:left;"
        "white-space:nowrap;overflow:hidden;background:rgba(128,128,128,.18)"
    )
    return _element("span", *(_element("span", style=share) for share in shares), style=style)


def _table(table: Table) -> Html:
    """Return a table without a `table`."""
    rows = [_row(table.heads, "columnheader", ";font-weight:600"), *(_row(row, "cell") for row in table.rows)]
    align = "left" if table.is_text else "right"
    # Elsewhere the page breaks anywhere, which would split words in a narrow table.
    style = f"display:table;border-collapse:collapse;text-align:{align};overflow-wrap:break-word"
    shown = _element("div", *rows, style=style, role="table")
    whole = shown if table.is_text else Html(shown.replace(" %", "\u00a0%"))
    # Reached by keyboard, as it may scroll.
    return Html(f'<div tabindex="0" style="overflow-x:auto">{whole}</div>')


def _row(cells: Sequence[Inline], role: str, style: str = "") -> Html:
    # Bars between cells are visible only if all styles are lost and a row is a line of text.
    bar = _element("i", Html(" | "), style="display:none")
    shown = [
        _element(
            "span",
            bar if at else Html(""),
            _nodes(cell),
            style=f"display:table-cell;padding:3px 0 3px {'12px' if at else '0;text-align:left'}{_width(cell)}",
            role=role,
        )
        for at, cell in enumerate(cells)
    ]
    return _element("div", *shown, style=f"display:table-row;border-bottom:{_BORDER}{style}", role="row")


def _width(cell: Inline) -> str:
    """Return the style that keeps a cell with more than a few words from being one word wide, in a table that scrolls."""
    return ";min-width:8em" if sum(len(each) for each in cell if isinstance(each, str)) > FEW_WORDS else ""


def _nodes(nodes: Inline) -> Html:
    """Return nodes of prose, inline or block, as HTML."""
    return Html("".join(map(_node, nodes)))


def _node(node: str | Node) -> Html:
    if isinstance(node, str):
        return _text(node)
    children = node.get("c", [])
    match node["t"]:
        case "table":
            return _element("div", _table(table_of(node)), style=_ABOVE)
        case "a":
            return _link(node.get("href", ""), _nodes(children))
        case "br":
            return _element("div")
        case "hr":
            return _element("div", _text("· · ·"), style=f"{_ABOVE};{_QUIET}")
        case name:
            tag, style = _NODES[name]
            return _element(tag, _nodes(children), style=style)


def _link(href: str, *parts: Html) -> Html:
    """Return a link. Its address was checked when the view was made."""
    attributes = f'href="{_text(href)}" target="_blank" rel="noopener noreferrer nofollow"'
    return Html(f'<a {attributes} style="color:inherit;text-decoration:underline">{"".join(parts)}</a>')


def _text(value: str) -> Html:
    return Html(escape(value))


def _element(name: str, *parts: Html, style: str = "", role: str = "") -> Html:
    attributes = f' role="{role}"' if role else ""
    if style:
        attributes += f' style="{style}"'
    return Html(f"<{name}{attributes}>{''.join(parts)}</{name}>")
