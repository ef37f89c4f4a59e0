"""Help, parsing and execution use one table of commands."""

import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.commands import CELL, COMMANDS, explained, split
from origami_widgets.magics.execute import ACTIONS, run_line

EVERY = {"start": CELL, **COMMANDS}


def test_every_command_has_an_action():
    assert ACTIONS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", EVERY)
def test_help_lists_every_option(name, variables, capsys):
    assert run_line(f"help {name}", variables) is None
    output = capsys.readouterr().out
    assert output == explained(EVERY[name]) + "\n"
    command = EVERY[name]
    for argument in command.actions:
        assert [*argument.option_strings, argument.metavar or ""][0] in output
        assert argument.help.split()[0] in output
    assert "\033" not in output
    assert max(map(len, output.splitlines())) <= 110


@pytest.mark.parametrize("name", EVERY)
def test_every_example_is_valid(name):
    command = EVERY[name]
    line = command.example.partition("\n")[0]
    assert line.startswith(command.line)
    assert command.parse(split(line.removeprefix(command.line)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("atach x", "Did you mean attach?"),
        ("help atach", "Did you mean attach?"),
        ("--once x", "one percent sign is a command"),
        ("Find bakers in Porto", "begin a cell with %%origami"),
        ("og_live_0123456789abcdef", "No command %origami og_live_hidden"),
        ("login og_live_0123456789abcdef", "An API key was passed"),
    ],
)
def test_an_unknown_command_is_refused(line, expected, variables):
    with pytest.raises(InvalidInput) as refused:
        run_line(line, variables)
    assert expected in str(refused.value)
    assert "0123456789" not in str(refused.value)
