"""Splitting and parsing the line of a magic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.commands import CELL, COMMANDS
from origami_widgets.magics.line_parser import as_options, parse, split


def refused(*words, command=CELL):
    with pytest.raises(InvalidInput) as error:
        parse(command, words)
    return str(error.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  \t ", []),
        ("--name 'Porto bakers' --fresh", ["--name", "Porto bakers", "--fresh"]),
        ('--name="Joe\'s"', ["--name=Joe's"]),
        ("--name ''", ["--name", ""]),
        ("--focus {tables['a b'].id} x", ["--focus", "{tables['a b'].id}", "x"]),
        ("--name 'in {city}'", ["--name", "in {city}"]),
        ("--name C:\\bakers", ["--name", "C:\\bakers"]),
    ],
)
def test_a_line_is_split_into_words(line, words):
    assert split(line) == words


@pytest.mark.parametrize("line", ["--name Joe's bakers", '"'])
def test_a_quote_that_is_not_closed_is_refused(line):
    with pytest.raises(InvalidInput, match="A quote isn't closed"):
        split(line)


WORD = st.text(st.characters(exclude_characters="'{}"), min_size=1)


@given(st.lists(WORD))
def test_quoted_words_stay_together(words):
    assert split(" ".join(f"'{word}'" for word in words)) == words


def test_options_with_and_without_values():
    line = parse(CELL, split("--once=porto --into run --focus a --focus=b --fresh --wait --model origami-max"))
    assert line.options == {
        "--once": ["porto"],
        "--into": ["run"],
        "--focus": ["a", "b"],
        "--fresh": [""],
        "--wait": ["run"],
        "--model": ["origami-max"],
    }
    assert line.words == []
    assert parse(CELL, ["--wait", "cells"]).value("--wait") == "cells"
    assert parse(CELL, []).value("--wait") is None
    assert parse(COMMANDS["attach"], ["a/b", "--into", "run"]).words == ["a/b"]


def test_a_wrong_option_is_refused_with_a_suggestion():
    assert "Did you mean --model?" in refused("--modell", "x")
    assert "--once is used twice" in refused("--once", "a", "--once", "b")
    assert "--fresh takes no value" in refused("--fresh=yes")
    assert "--into needs a value" in refused("--into")
    assert "--into needs a value" in refused("--into", "--fresh")
    assert "Invalid value for --wait: 'cell'" in refused("--wait", "cell")
    assert "Did you mean cells?" in refused("--wait", "cell")
    assert "--into run" in refused("run")
    assert "%origami attach needs AGENT_ID/RUN_ID" in refused(command=COMMANDS["attach"])
    assert "doesn't take 'b'" in refused("a", "b", command=COMMANDS["tables"])
    assert "It has no options" in refused("--into", command=COMMANDS["runs"])


@pytest.mark.parametrize(
    "words", [["--og_live_0123456789abcdef"], ["--name", "og_live_0123456789abcdef"], ["og_live_x"]]
)
def test_a_key_is_refused_and_never_repeated(words):
    output = refused(*words)
    assert "An API key was passed" in output
    assert "og_live_0" not in output
    assert "og_live_x" not in output


def test_links_in_errors_are_not_rewritten():
    link = "https://origami.chat/settings?name=x&model=y#once=z"
    assert as_options(link) == link
