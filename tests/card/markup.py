"""Reads HTML as a browser would, for tests: elements with their attributes, and the words that are left."""

from html.parser import HTMLParser

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


def words(markup):
    """All visible text with its white space made simple."""
    return " ".join(" ".join(read(markup).text).split())
