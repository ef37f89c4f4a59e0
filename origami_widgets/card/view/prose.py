"""Parse the agent's prose into a small tree for all renderers.

The prose is CommonMark with tables, but without raw HTML, images, or addresses guessed from text. The tree is limited
in depth, elements and bytes, so that no text can make a renderer slow or a saved notebook large.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from origami_widgets.words.foreign_text import (
    clean_block,
    host_of,
    is_product,
    one_line,
    safe_href,
    shown_host,
    strip_tricks,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from origami_widgets.card.view.contract import Node, NodeName, Prose

GOES_ON: Final = "The text continues in run.text."
"""Shown below a text that was cut."""

TEXT_LIMIT = 8_000
DEPTH_LIMIT = 8
NODE_LIMIT = 200
SIZE_LIMIT = 10_000
CELL_LIMIT = 20_000

_OPENING: Final[dict[str, NodeName]] = {
    "paragraph_open": "p",
    "heading_open": "h",
    "bullet_list_open": "ul",
    "ordered_list_open": "ol",
    "list_item_open": "li",
    "blockquote_open": "quote",
    "table_open": "table",
    "tr_open": "tr",
    "th_open": "th",
    "td_open": "td",
    "strong_open": "b",
    "em_open": "i",
}
_INLINE = frozenset({"strong_open", "em_open"})
_INVISIBLE = frozenset({"thead_open", "thead_close", "tbody_open", "tbody_close"})


@lru_cache(maxsize=2)
def _parser(*, tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 60})
    parser.disable(["image", "html_block", "html_inline"])
    return parser.enable("table") if tables else parser


def _cells(source: str) -> int:
    """Count the cells that the parser may make: it fills every row to the width of the table's head."""
    lines = source.split("\n")
    return len(lines) * max(line.count("|") for line in lines)


def make_prose(text: object) -> Prose:
    """Parse a text into the tree that renderers use.

    Args:
        text: the agent's prose; None without any.

    Returns:
        Nodes of at most 10,000 bytes of JSON, and a note if something was left out.

    Example:
        >>> make_prose("I built **15** rows.")["nodes"]
        [{'t': 'p', 'c': ['I built ', {'t': 'b', 'c': ['15']}, ' rows.']}]
    """
    source, cut = clean_block(text, TEXT_LIMIT)
    # Of scripts whose characters take more bytes, there are fewer.
    if (size := len(json.dumps(source))) > SIZE_LIMIT:
        source, cut = clean_block(source, len(source) * SIZE_LIMIT // size)[0], True
    if not source.strip():
        return {"nodes": [], "cut": GOES_ON if cut else ""}
    nodes, full = _tree(source)
    return {"nodes": list(nodes), "cut": GOES_ON if cut or full else ""}


@lru_cache(maxsize=32)
def _tree(source: str) -> tuple[tuple[Node, ...], bool]:
    """Parse a text, cached: it is read at every check and hardly ever changes."""
    builder = _Builder()
    nodes = builder.build(_parser(tables=_cells(source) <= CELL_LIMIT).parse(source))
    # A text of link definitions alone makes no element, but is shown anyway.
    return tuple(nodes or [{"t": "p", "c": [source]}]), builder.full


class _Builder:
    """Turns the parser's flat tokens into nodes until the limits are reached."""

    def __init__(self) -> None:
        self.full = False
        self._count = 0

    def build(self, tokens: Sequence[Token]) -> list[Node]:
        top: list[str | Node] = []
        self._fill(top, iter(tokens), 0)
        return [item if isinstance(item, dict) else {"t": "p", "c": [item]} for item in top]

    def _fill(self, into: list[str | Node], tokens: Iterator[Token], depth: int) -> None:
        """Add nodes until the closing token of the current element."""
        for token in tokens:
            if token.type in _INVISIBLE:
                continue
            if token.nesting < 0:
                return
            if token.nesting > 0:
                self._open(into, token, tokens, depth)
            elif token.type == "inline":
                self._fill(into, iter(token.children or ()), depth)
            else:
                self._leaf(into, token)

    def _open(self, into: list[str | Node], token: Token, tokens: Iterator[Token], depth: int) -> None:
        """Add an element with its children. These must always be read, to reach the end of the element."""
        has_room = self._has_room()
        children: list[str | Node] = []
        self._fill(children, tokens, depth + 1)
        if token.type == "link_open":
            into.extend(_linked(str(token.attrs.get("href", "")), children) if has_room else children)
            return
        name = _OPENING.get(token.type)
        # A paragraph in a tight list item makes no element, nor does anything that is too deep or unknown.
        if name is None or token.hidden or depth >= DEPTH_LIMIT or (token.type in _INLINE and not has_room):
            _extend(into, children)
        elif has_room:
            start = int(token.attrs.get("start", 1))
            if name == "ol" and start != 1:
                name, children = "ul", _numbered(children, start)
            into.append({"t": name, "c": children} if children else {"t": name})

    def _leaf(self, into: list[str | Node], token: Token) -> None:
        match token.type:
            case "text" | "softbreak":
                # The parser has just turned character references (&#x202e;) into characters.
                _extend(into, [one_line(token.content) if token.type == "text" else " "])
            case "hardbreak" | "hr":
                if self._has_room():
                    into.append({"t": "br" if token.type == "hardbreak" else "hr"})
            case "code_inline" | "fence" | "code_block":
                content = strip_tricks(token.content).rstrip("\n")
                if self._has_room():
                    into.append({"t": "code" if token.type == "code_inline" else "pre", "c": [content]})
                elif token.type == "code_inline":
                    _extend(into, [content])
            case _:
                _extend(into, [one_line(token.content)])

    def _has_room(self) -> bool:
        self._count += 1
        self.full = self.full or self._count > NODE_LIMIT
        return self._count <= NODE_LIMIT


def _extend(into: list[str | Node], more: list[str | Node]) -> None:
    """Append items, joining neighbouring strings."""
    for item in more:
        if isinstance(item, str) and into and isinstance(into[-1], str):
            into[-1] += item
        elif item:
            into.append(item)


def _numbered(items: list[str | Node], start: int) -> list[str | Node]:
    """Write the numbers of a list that does not start at one into its items, as the tree has no field for them."""
    numbered: list[str | Node] = []
    for number, item in enumerate((item for item in items if isinstance(item, dict)), start):
        children: list[str | Node] = [f"{number}. "]
        _extend(children, item.get("c", []))
        numbered.append({"t": "li", "c": children})
    return numbered


def _linked(address: str, children: list[str | Node]) -> list[str | Node]:
    """Return a link with its text, or only the text if the address is refused. A foreign host is shown beside it."""
    href = safe_href(address)
    if href is None or not children:
        return children
    words = "".join(_words(children)).strip()
    link: Node = {"t": "a", "c": children, "href": href}
    says_where = is_product(href) or words in (href, host_of(href), href.removeprefix("mailto:"))
    return [link] if says_where else [link, f" ({shown_host(href)})"]


def _words(children: Sequence[str | Node]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            yield child
        else:
            yield from _words(child.get("c", ()))
