"""The tree of prose as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tags import MONO, QUIET, SOFT, Html, bare, div, grid, link, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.card.view.contract import Node

_ABOVE = 7
_BLOCK = f"margin:{_ABOVE}px 0 0"

# Element and style of each node. `p` becomes a `div` and `h` a bold one, because the strictest sanitizer keeps neither.
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
    """Nodes of prose, inline or block."""
    return Html("".join(_one(node) for node in nodes))


def prose_blocks(nodes: Sequence[str | Node]) -> Html:
    """Blocks of prose, the first without room above it."""
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
            return bare("div")
        case "hr":
            return bare("div", text("· · ·"), style=f"{_BLOCK};{QUIET}")
        case name:
            element, style = _AS[name]
            return bare(element, children, style=style)


def _table(node: Node) -> Html:
    """A table of the agent, with the first row as its headings."""
    rows = [
        [prose_html(cell.get("c", ())) for cell in row.get("c", ()) if isinstance(cell, dict)]
        for row in node.get("c", ())
        if isinstance(row, dict)
    ]
    return div(f"{_BLOCK};overflow-x:auto", grid(rows, style="text-align:left"))
