"""Help, parsing and what is done come of one table."""

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.commands import ALSO_CALLED, CELL, COMMANDS, explained, overview
from origami_widgets.magics.lines import _DOING, carry_out
from origami_widgets.magics.words import parse, split

EVERY = {"start": CELL, **COMMANDS}


def test_every_command_is_carried_out():
    assert _DOING.keys() == COMMANDS.keys()


def test_the_overview_names_them_all():
    for command in EVERY.values():
        assert command.line in overview()


@pytest.mark.parametrize("name", EVERY)
def test_a_command_is_explained_with_all_it_takes(name, names, capsys):
    assert carry_out(f"help {name}", names) is None
    said = capsys.readouterr().out
    assert said == explained(EVERY[name]) + "\n"
    command = EVERY[name]
    for option in command.options:
        assert option.usage in said.replace("\n    ", " ")
        assert option.says.split()[0] in said
    assert max(map(len, said.splitlines())) <= 110


@pytest.mark.parametrize("asking", ["--help", "-h"])
def test_help_is_an_option_as_well(asking, names, capsys):
    assert carry_out(asking, names) is None
    assert capsys.readouterr().out == overview() + "\n"
    assert carry_out(f"attach {asking}", names) is None
    assert capsys.readouterr().out == explained(COMMANDS["attach"]) + "\n"


@pytest.mark.parametrize(("word", "command"), ALSO_CALLED.items())
def test_another_word_for_a_command_leads_to_it(word, command, names):
    with pytest.raises(InvalidInput, match=f"There is no %origami {word}") as refused:
        carry_out(word, names)
    assert refused.value.remedy.startswith(f"Did you mean {command}? ")
    assert command in COMMANDS


def test_help_says_what_stands_in_braces_and_which_runs_are_listed():
    assert "Any Python expression in braces is evaluated" in CELL.says
    assert COMMANDS["runs"].says.startswith("Show the newest run of each agent")


@pytest.mark.parametrize("name", EVERY)
def test_its_example_is_one(name):
    command = EVERY[name]
    line = command.example.partition("\n")[0]
    assert line.startswith(command.line)
    assert parse(command, split(line.removeprefix(command.line)))


@pytest.mark.parametrize("line", ["", "help"])
def test_a_bare_line_explains_everything(line, names, capsys):
    carry_out(line, names)
    assert capsys.readouterr().out == overview() + "\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("atach x", "Did you mean attach?"),
        ("help atach", "Did you mean attach?"),
        ("--once x", "One percent sign is a command"),
        ("Find bakers in Porto", "begin a cell with %%origami"),
        ("og_live_0123456789abcdef", "There is no %origami og_live_hidden"),
        ("login og_live_0123456789abcdef", "An API key was given"),
    ],
)
def test_what_is_no_command_is_refused(line, said, names):
    with pytest.raises(InvalidInput) as refused:
        carry_out(line, names)
    assert said in str(refused.value)
    assert "0123456789" not in str(refused.value)
