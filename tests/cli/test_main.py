"""The command `origami-widgets`: help, imports, and how commands end."""

import gc
import json
import subprocess
import sys
from argparse import Namespace

import pytest

from origami_widgets import __version__
from origami_widgets.cli import command
from origami_widgets.cli.command import EXIT_CODES, INTERRUPTED
from origami_widgets.cli.main import COMMANDS, main, run_command

NAMES = [each.name for each in COMMANDS]


@pytest.mark.parametrize("arguments", [["--project", "p"], ["dance"], ["sandbox", "--port", "x"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: origami-widgets" in capsys.readouterr().err


@pytest.mark.filterwarnings("always")
def test_an_interrupt_before_a_request_is_sent_shows_no_warning(capsys, recwarn):
    async def request():
        pytest.fail("it was not sent")

    def run(_options):
        made = request()
        raise KeyboardInterrupt(made.__name__)

    assert run_command(Namespace(run=run)) == INTERRUPTED
    gc.collect()
    assert capsys.readouterr() == ("", "")
    assert list(recwarn) == []


LOADED = """
import json, sys
from origami_widgets.cli.main import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit:
        pass
sys.stderr.write(" ".join(sys.modules))
"""


def loaded_by(*calls, environment=None):
    """Return the modules that a process has imported after these calls."""
    command = [sys.executable, "-c", LOADED, json.dumps(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(done.stderr.split())


def test_help_imports_only_the_parsers():
    loaded = loaded_by(["--help"], ["watch", "--help"], ["--version"])
    ours = {name.removeprefix("origami_widgets.") for name in loaded if name.startswith("origami_widgets")}
    assert ours == {
        "origami_widgets",
        "_version",
        "cli",
        *("words", "words.foreign_text", "api", "api.errors", "api.keys", "api.keys.secret"),
        *("cli.main", "cli.command"),
        *(each.run.__module__.removeprefix("origami_widgets.") for each in COMMANDS),
    }
    assert loaded.isdisjoint({"asyncio", "httpx", "msgspec", "numpy", "pandas", "starlette", "uvicorn"})


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"origami-widgets {__version__}\n"


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example_and_fits_a_terminal(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    output = capsys.readouterr().out
    assert f"origami-widgets {name}" in output.split("example:")[1]
    assert max(map(len, output.splitlines())) <= 80


def test_help_names_every_command_and_every_exit_code(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    output = capsys.readouterr().out
    codes = {value for name, value in vars(command).items() if name.isupper() and type(value) is int}
    assert {int(line.split()[0]) for line in EXIT_CODES.splitlines() if line[2:3].isdigit()} == codes
    assert EXIT_CODES.strip() in output
    for name in NAMES:
        assert f"    {name} " in output
    assert max(map(len, output.splitlines())) <= 80
