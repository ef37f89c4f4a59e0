"""The few elements the static card is made of.

Hosts sanitize saved output, each in its own way. What survives everywhere are `div`, `span`, `a`, `b`, `i`, `code`,
`pre`, `ul`, `ol`, `li`, `blockquote`, `table`, `tr` and `td`; what may be lost is every `style`. So nothing else is
used, and no meaning hangs on a style. `Html` is a type of its own: a plain string does not pass where markup goes.
"""

from __future__ import annotations

from html import escape
from typing import NewType

Html = NewType("Html", str)

# Middle tones that stand out from white and from near black alike (about 4:1); words keep the page's own colour.
BLUE = "#3d7be0"
GREEN = "#2a8f57"
AMBER = "#b07410"
RED = "#d9483d"
GREY = "#7a828c"

LINE = "1px solid rgba(128,128,128,.32)"
SOFT = "rgba(128,128,128,.08)"
QUIET = "opacity:.74"


def text(value: str) -> Html:
    """Escaped text."""
    return Html(escape(value, quote=True))


def join(*parts: Html, by: str = "") -> Html:
    """Parts one after another, empty ones left out."""
    return Html(escape(by).join(part for part in parts if part))


def div(style: str, *parts: Html) -> Html:
    """A block; nothing when it would be empty."""
    return _element("div", style, parts)


def span(style: str, *parts: Html) -> Html:
    """A run of text."""
    return _element("span", style, parts)


def bold(*parts: Html) -> Html:
    """Strong words."""
    return _element("b", "", parts)


def code(value: str) -> Html:
    """A line of Python or an id."""
    style = "font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;background:none;color:inherit;padding:0"
    return _element("code", style, (text(value),)) if value else Html("")


def link(href: str, *parts: Html) -> Html:
    """A link to an address that was checked when the view was made."""
    attributes = f'href="{escape(href, quote=True)}" target="_blank" rel="noopener noreferrer nofollow"'
    return Html(f'<a {attributes} style="color:inherit;text-decoration:underline">{"".join(parts)}</a>')


def bare(name: str, *parts: Html, style: str = "") -> Html:
    """Any other element of the list above, also an empty one."""
    attribute = f' style="{escape(style, quote=True)}"' if style else ""
    return Html(f"<{name}{attribute}>{''.join(parts)}</{name}>")


def bar(parts: list[tuple[float, str]], style: str) -> Html:
    """A stacked bar: shares of the whole with their colours. Says nothing that words beside it don't."""
    shown = [
        span(f"display:inline-block;height:100%;width:{share * 100:.1f}%;background:{colour}", Html(""))
        for share, colour in parts
        if share > 0
    ]
    return bare(
        "div",
        *shown,
        style=f"{style};font-size:0;text-align:left;white-space:nowrap;overflow:hidden;background:rgba(128,128,128,.18)",
    )


def _element(name: str, style: str, parts: tuple[Html, ...]) -> Html:
    body = "".join(parts)
    if not body and "background" not in style:
        return Html("")
    return bare(name, Html(body), style=style)
