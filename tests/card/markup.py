"""Reads HTML as a browser would, for tests: elements with their attributes, and the words that are left."""

import re
from html.parser import HTMLParser

OURS = {"div", "span", "a", "b", "i", "code", "pre", "ul", "ol", "li", "blockquote"}
ATTRIBUTES = {"style", "role", "tabindex"}
LINK = {"href", "target", "rel"}
ROLES = {"table", "row", "columnheader", "cell"}
PROPERTIES = {
    *("align-items", "background", "border", "border-bottom", "border-collapse", "border-left", "border-radius"),
    *("border-top", "box-sizing", "color", "display", "flex", "flex-wrap", "font", "font-size", "font-variant-numeric"),
    *(
        "font-weight",
        "height",
        "letter-spacing",
        "margin",
        "min-width",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
    ),
    *("opacity", "overflow", "overflow-wrap", "overflow-x", "padding", "padding-left", "text-align", "text-decoration"),
    *("text-transform", "unicode-bidi", "white-space", "width"),
}
VOID = frozenset({"br", "img", "hr", "input", "meta", "link"})


class Reader(HTMLParser):
    """Collects elements and words; fails on what is not closed in order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.text = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl):
        raise AssertionError(f"a declaration: {decl}")


def read(markup):
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert reader.open == []
    return reader


def only_ours(markup):
    """Fails on an element, an attribute or a style that the static card has no use for; returns what was read."""
    found = read(markup)
    for tag, attributes in found.elements:
        assert tag in OURS
        assert set(attributes) <= ATTRIBUTES | (LINK if tag == "a" else set())
        assert attributes.get("role") in {None, *ROLES}
        style = attributes.get("style", "")
        for declaration in filter(None, style.split(";")):
            assert declaration.split(":")[0].strip() in PROPERTIES
        assert not re.search(r"var\(|url\(|expression|@import|\\|/\*", style)
        if tag == "a":
            _checked_link(**attributes)
    return found


def _checked_link(href, target, rel, style):
    assert href.startswith(("https://", "mailto:"))
    assert href.isascii()
    assert "@" not in href.removeprefix("https://").split("/")[0] or href.startswith("mailto:")
    assert (target, rel) == ("_blank", "noopener noreferrer nofollow")
    assert style


def words(markup):
    """All visible text with its white space made simple."""
    return " ".join(" ".join(read(markup).text).split())
