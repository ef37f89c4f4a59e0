"""The tree of prose as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card.html.tags import QUIET, Html, bare, link, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.card.contract import Node

_BLOCK = "margin:0 0 6px"
_CELL = "text-align:left;padding:2px 12px 2px 0;white-space:normal"
_MONO = "font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;background:none;color:inherit"

# Element and style of each node. `p` becomes a `div` and `h` a bold one, because the strictest sanitizer keeps neither.
_AS: Final[dict[str, tuple[str, str]]] = {
    "p": ("div", _BLOCK),
    "h": ("div", f"{_BLOCK};font-weight:600"),
    "ul": ("ul", f"{_BLOCK};padding-left:20px"),
    "ol": ("ol", f"{_BLOCK};padding-left:22px"),
    "li": ("li", ""),
    "quote": ("blockquote", f"{_BLOCK};padding:0 0 0 10px;border-left:3px solid rgba(128,128,128,.4)"),
    "pre": ("pre", f"{_BLOCK};{_MONO};white-space:pre-wrap"),
    "code": ("code", f"{_MONO};padding:0"),
    "b": ("b", ""),
    "i": ("i", ""),
    "table": ("table", f"{_BLOCK};table-layout:auto;color:inherit;border-collapse:collapse;border:0"),
    "tr": ("tr", "background:none"),
    "th": ("td", f"{_CELL};font-weight:600"),
    "td": ("td", _CELL),
}


def prose_html(nodes: Sequence[str | Node]) -> Html:
    """Nodes of prose, inline or block."""
    return Html("".join(_one(node) for node in nodes))


def _one(node: str | Node) -> Html:
    if isinstance(node, str):
        return text(node)
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
