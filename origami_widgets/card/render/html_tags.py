"""HTML elements for snapshots.

Hosts sanitize saved output, each in its own way. Only `div`, `span`, `a`, `b`, `i`, `code`, `pre`, `ul`, `ol`, `li` and
`blockquote` survive everywhere, and all attributes except `href` may be lost. So nothing else is used, and no meaning
depends on a style. `table` is not used either: parsers add a `tbody`, which the strictest sanitizer shows as text. The
exception is `details`, which folds a card's earlier changes: the strictest (nbconvert with `sanitize_html`) shows its
tags as text, with all changes between them; the others keep it.
`Html` is a separate type, so that a plain string cannot be used as markup.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from origami_widgets.card.view.contract import Link

Html = NewType("Html", str)

# Middle tones with enough contrast to both white and near black (about 4:1). Text keeps the page's own colour.
BLUE = "#3d7be0"
GREEN = "#2a8f57"
AMBER = "#b07410"
RED = "#d9483d"
GREY = "#7a828c"

LINE = "1px solid rgba(128,128,128,.32)"
SOFT = "rgba(128,128,128,.08)"
QUIET = "opacity:.74"
SMALL = f"font-size:12px;{QUIET}"
HEADING = f"margin:0 0 6px;font-size:11px;font-weight:600;letter-spacing:.05em;text-transform:uppercase;{QUIET}"
MONO = "font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;background:none;color:inherit"


def text(value: str) -> Html:
    """Escape a text."""
    return Html(escape(value, quote=True))


def join(*parts: Html, by: str = "") -> Html:
    """Join parts, leaving out empty ones."""
    return Html(escape(by).join(part for part in parts if part))


def div(style: str, *parts: Html) -> Html:
    """Return a block; nothing if it would be empty."""
    return _element("div", style, parts)


def span(style: str, *parts: Html) -> Html:
    """Return an inline element; nothing if it would be empty."""
    return _element("span", style, parts)


def bold(*parts: Html) -> Html:
    """Return bold text."""
    return _element("b", "", parts)


def code(value: str) -> Html:
    """Return a line of Python or an id in monospace."""
    return _element("code", f"{MONO};padding:0", (text(value),)) if value else Html("")


def link(href: str, *parts: Html, style: str = "color:inherit;text-decoration:underline") -> Html:
    """Return a link. Its address was checked when the view was made."""
    attributes = f'href="{escape(href, quote=True)}" target="_blank" rel="noopener noreferrer nofollow"'
    return Html(f'<a {attributes} style="{style}">{"".join(parts)}</a>')


def link_button(to: Link) -> Html:
    """Return a link that looks like the buttons of the live card."""
    style = (
        f"display:inline-block;padding:4px 11px;border:{LINE};border-radius:7px;background:{SOFT};color:inherit;"
        "font-size:12px;font-weight:600;text-decoration:none"
    )
    return link(to["href"], isolated(to["label"]), Html(" ↗"), style=style)


def isolated(value: str) -> Html:
    """Return text from outside, isolated so that it cannot change the direction of the text around it."""
    return span("unicode-bidi:isolate", text(value))


def heading(words: str) -> Html:
    """Return the heading of a section."""
    return div(HEADING, bold(text(words)))


def grid(rows: Iterable[Iterable[Html]]) -> Html:
    """Return rows and columns without a `table`; the first row holds the headings."""
    cell = "display:table-cell;padding:3px 12px 3px 0"
    lines = [
        line(
            (
                element("span", *part, style=cell, role="cell" if number else "columnheader")
                for part in with_separators(row)
            ),
            style=f"display:table-row;border-bottom:{LINE}" + ("" if number else ";font-weight:600"),
        )
        for number, row in enumerate(rows)
    ]
    return element("div", *lines, style="display:table;border-collapse:collapse;text-align:left", role="table")


def line(cells: Iterable[Html], *, style: str) -> Html:
    """Return one row."""
    return element("div", *cells, style=style, role="row")


def with_separators(cells: Iterable[Html]) -> Iterator[tuple[Html, Html]]:
    """Yield each cell after a bar, which is visible only if all styles are lost and a row is a line of text."""
    bar_between = element("i", Html(" | "), style="display:none")
    for index, cell in enumerate(cells):
        yield (bar_between if index else Html(""), cell)


def element(name: str, *parts: Html, style: str = "", role: str = "") -> Html:
    """Return any other element of those above, even if it is empty."""
    attributes = f' role="{role}"' if role else ""
    if style:
        attributes += f' style="{escape(style, quote=True)}"'
    return Html(f"<{name}{attributes}>{''.join(parts)}</{name}>")


def bar(parts: list[tuple[float, str]]) -> Html:
    """Return a stacked bar of shares with their colours. The words beside it say the same.

    It is a `span`, which takes no line of its own if styles are removed and the bar is gone.
    """
    shown = [
        span(f"display:inline-block;height:100%;width:{share * 100:.1f}%;background:{colour}", Html(""))
        for share, colour in parts
        if share > 0
    ]
    return element(
        "span",
        *shown,
        style="display:inline-block;width:100%;height:5px;border-radius:9px;margin:8px 0 3px;font-size:0;text-align:left;"
        "white-space:nowrap;overflow:hidden;background:rgba(128,128,128,.18)",
    )


def _element(name: str, style: str, parts: tuple[Html, ...]) -> Html:
    body = "".join(parts)
    if not body and "background" not in style:
        return Html("")
    return element(name, Html(body), style=style)
