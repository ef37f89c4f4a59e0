"""The files of a built site, as far as tests ask about them."""

from __future__ import annotations

import re
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src", "srcdoc"),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
"""What a browser loads by itself. A link that somebody has to click is none of it."""
OF_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Document(HTMLParser):
    """A page: its links, its anchors, what it makes a browser load, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.headings: list[str] = []
        self._text: list[str] = []
        self._silent = 0
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values and (name == "id" or tag == "a")}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag != "link" or values.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched += [values[name] for name in FETCHED.get(tag, ()) if values.get(name)]
        self.fetched += list(addresses_of_css(values.get("style", "")))
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)
        elif self.lasttag == "style":
            self.fetched += list(addresses_of_css(data))


def addresses_of_css(css: str) -> Iterator[str]:
    """What a style sheet makes a browser load."""
    return (first or second for first, second in OF_CSS.findall(css))


class Site:
    """A built site in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[str, Document]:
        """Every page by its place."""
        return {
            path.relative_to(self.folder).as_posix(): Document(path.read_text(encoding="utf-8"))
            for path in sorted(self.folder.rglob("*.html"))
        }

    def broken(self) -> list[str]:
        """Every link within the site that leads nowhere."""
        return [
            f"{place}: {link}"
            for place, page in self.pages.items()
            for link in page.links
            if self._is_broken(place, link)
        ]

    def _is_broken(self, place: str, link: str) -> bool:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return parts.scheme not in {"https", "mailto"}
        target = (self.folder / place).parent / unquote(parts.path) if parts.path else self.folder / place
        if target.is_dir():
            target /= "index.html"
        # The page of what is not there stands nowhere, so its links begin at the top.
        target = self.folder / parts.path.lstrip("/") if place == "404.html" and parts.path.startswith("/") else target
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            return True
        other = target.resolve().relative_to(self.folder.resolve()).as_posix()
        anchor = unquote(parts.fragment)
        return bool(anchor) and other in self.pages and anchor not in self.pages[other].anchors
