"""The agent's prose as a small, safe tree."""

import json

import pytest

from origami_widgets.card.view.prose import NODE_LIMIT, SIZE_LIMIT, make_prose
from tests.card.work import count_calls


def words(nodes):
    return "".join(node if isinstance(node, str) else words(node.get("c", [])) for node in nodes)


def every(nodes):
    for node in nodes:
        if isinstance(node, dict):
            yield node
            yield from every(node.get("c", []))


def depth(nodes):
    return 1 + max((depth(node.get("c", [])) for node in nodes if isinstance(node, dict)), default=0)


def test_the_elements():
    source = (
        "# Title\n\nA **bold**, *lean* `code`.  \nnext\n\n- one\n- two\n\n1. a\n\n> said\n\n---\n\n```\nx = 1\n```\n\n"
        "| h |\n|---|\n| c |"
    )
    assert make_prose(source)["nodes"] == [
        {"t": "h", "c": ["Title"]},
        {
            "t": "p",
            "c": [
                "A ",
                {"t": "b", "c": ["bold"]},
                ", ",
                {"t": "i", "c": ["lean"]},
                " ",
                {"t": "code", "c": ["code"]},
                ".",
                {"t": "br"},
                "next",
            ],
        },
        {"t": "ul", "c": [{"t": "li", "c": ["one"]}, {"t": "li", "c": ["two"]}]},
        {"t": "ol", "c": [{"t": "li", "c": ["a"]}]},
        {"t": "quote", "c": [{"t": "p", "c": ["said"]}]},
        {"t": "hr"},
        {"t": "pre", "c": ["x = 1"]},
        {"t": "table", "c": [{"t": "tr", "c": [{"t": "th", "c": ["h"]}]}, {"t": "tr", "c": [{"t": "td", "c": ["c"]}]}]},
    ]


def test_a_list_keeps_its_numbers():
    assert words(make_prose("4. four\n5. five")["nodes"]) == "4. four5. five"


@pytest.mark.parametrize("text", [None, "", " \n ", 7])
def test_nothing_said(text):
    assert make_prose(text) == {"nodes": [], "cut": ""}


def test_definitions_alone_are_still_words():
    assert "a" in words(make_prose("[a]: https://example.com")["nodes"])


def test_markup_is_text():
    nodes = make_prose('<script>alert(1)</script>\n\n<img src=x onerror="x">\n\n<!-- c -->')["nodes"]
    assert {node["t"] for node in every(nodes)} == {"p"}
    assert "<script>" in words(nodes)


def test_references_bring_no_controls():
    assert words(make_prose("a&#13;b&#10;c&Tab;d&NewLine;e")["nodes"]) == "a b c d e"


def test_images_are_never_fetched():
    nodes = make_prose("![beacon](https://evil.example/p.gif)")["nodes"]
    assert {node["t"] for node in every(nodes)} <= {"p", "a"}


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "[x](javascript&#58;alert(1))",
        "[x](data:text/html,a)",
        "[x](//evil.example)",
        "[x](https://origami.chat@evil.example/)",
        "[x](http://example.com)",
        "<javascript:alert(1)>",
        "[x]: vbscript:1\n\n[x]",
    ],
)
def test_refused_addresses_leave_only_their_words(source):
    assert all(node["t"] != "a" for node in every(make_prose(source)["nodes"]))


def test_foreign_links_name_their_host():
    nodes = make_prose("[origami.chat](https://evil.example/x)")["nodes"]
    assert words(nodes) == "origami.chat (evil.example)"
    assert words(make_prose("<https://example.com/x>")["nodes"]) == "https://example.com/x"
    assert words(make_prose("[docs](https://docs.origami.chat/x)")["nodes"]) == "docs"


def test_look_alike_hosts_are_shown_as_they_resolve():
    assert "xn--" in words(make_prose("[origami.chat](https://\u043erigami.chat/)")["nodes"])


def test_character_references_bring_no_tricks():
    assert words(make_prose("a&#x202e;b&#8203;c `d&#x202e;\u202e`")["nodes"]) == "abc d&#x202e;"


# What 8,000 brackets take, at which the parser tries a link 8,000 times: a quarter of a second.
MOST_CALLS = 2_000_000
BOMBS = {
    "brackets": "[" * 50_000,
    "links": "[](" * 20_000,
    "stars": "*a_*" * 20_000,
    "quotes": "> " * 20_000 + "x",
    "lists": "\n".join(" " * (2 * level) + "- x" for level in range(2_000)),
    "code": "`" * 3 + "a`" * 20_000,
    "table": "|a|b|\n|-|-|\n" + "|1|2|\n" * 5_000,
    "elements": "**a** _b_ `c` [d](https://e.example) " * 2_000,
    "one long text": "word " * 200_000,
    "wide characters": "漢字" * 50_000,
    "emoji": "\U0001f468\u200d\U0001f469" * 50_000,
    "one word": "a" * 1_000_000,
    "paragraphs": "a\n\n" * 50_000,
}


@pytest.mark.sweep
@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_bombs_are_little_work_and_small(source):
    made = []
    assert count_calls(lambda: made.append(make_prose(source))) < MOST_CALLS
    (prose,) = made
    assert prose["cut"]
    assert prose["nodes"]
    assert len(json.dumps(prose["nodes"])) <= 2 * SIZE_LIMIT
    assert sum(1 for _ in every(prose["nodes"])) <= NODE_LIMIT + 1
    assert depth(prose["nodes"]) <= 12
