"""Splitting and parsing the line of a magic."""

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.commands import CELL, COMMANDS, split


def refused(*words, command=CELL):
    with pytest.raises(InvalidInput) as error:
        command.parse(words)
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


def test_options_with_and_without_values():
    line = CELL.parse(split("--once=porto --into run --focus a --focus=b --fresh --wait --model origami-max"))
    assert vars(line) == {
        "once": "porto",
        "into": "run",
        "focus": ["a", "b"],
        "fresh": True,
        "wait": "run",
        "model": "origami-max",
        "name": None,
        "credit_limit": None,
        "data": None,
        "key": None,
        "columns": None,
        "quiet": False,
    }
    assert CELL.parse(["--wait", "cells"]).wait == "cells"
    assert CELL.parse([]).wait is None
    assert CELL.parse([]).focus == []
    assert COMMANDS["attach"].parse(["a/b", "--into", "run"]).token == "a/b"
    assert COMMANDS["attach"].parse(["--into", "run", "a/b"]).token == "a/b"


def test_a_wrong_option_is_refused_with_a_suggestion():
    assert "Did you mean --model?" in refused("--modell", "x")
    assert "Did you mean --model?" in refused("--mode", "x"), "an option is not abbreviated"
    assert "Argument --fresh: ignored explicit argument 'yes'" in refused("--fresh=yes")
    assert "Argument --into: expected one argument" in refused("--into")
    assert "Argument --into: expected one argument" in refused("--into", "--fresh")
    assert "Argument --wait: invalid choice: 'cell' (choose from" in refused("--wait", "cell")
    assert "--into run" in refused("run")
    assert "arguments are required: AGENT_ID/RUN_ID" in refused(command=COMMANDS["attach"])
    assert "doesn't take 'b'" in refused("a", "b", command=COMMANDS["tables"])
    assert "To see how it works: %origami help attach" in refused(command=COMMANDS["attach"])
    assert "It has no options" in refused("--into", command=COMMANDS["runs"])


@pytest.mark.parametrize(
    "words", [["--og_live_0123456789abcdef"], ["--name", "og_live_0123456789abcdef"], ["og_live_x"]]
)
def test_a_key_is_refused_and_never_repeated(words):
    output = refused(*words)
    assert "An API key was passed" in output
    assert "og_live_0" not in output
    assert "og_live_x" not in output
