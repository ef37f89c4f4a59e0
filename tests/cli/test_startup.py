"""What the command costs before it does anything."""

import subprocess
import sys

import pytest

from origami_widgets import __version__
from origami_widgets.cli import exits
from origami_widgets.cli.main import main

COMMANDS = ("demo", "watch", "export", "runs", "login", "sandbox")


def loaded_for(*arguments, environment=None):
    code = (
        "import sys\nfrom origami_widgets.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n    sys.stderr.write(' '.join(sys.modules))"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["watch", "--help"], ["--version"]])
def test_help_loads_the_parsers_and_nothing_else(arguments):
    loaded = loaded_for(*arguments)
    ours = {name.removeprefix("origami_widgets.") for name in loaded if name.startswith("origami_widgets")}
    assert ours == {
        "origami_widgets",
        "_version",
        "cli",
        *("api", "api.errors", "api.secret"),
        *("cli.main", "cli.ending", "cli.exits", "cli.options", "cli.page"),
        *(f"cli.{command}" for command in COMMANDS),
    }
    assert loaded.isdisjoint({"asyncio", "httpx", "msgspec", "numpy", "pandas", "rich", "starlette", "uvicorn"})


@pytest.mark.parametrize("arguments", [["watch", "TOKEN"], ["watch", "TOKEN", "--json"], ["runs"]])
def test_whoever_only_looks_loads_neither_frames_nor_widgets(place, arguments):
    token = place.start("List bakeries in Porto")
    loaded = loaded_for(*(token if word == "TOKEN" else word for word in arguments), environment=place.environment)
    assert "httpx" in loaded
    assert loaded.isdisjoint({"pandas", "numpy", "anywidget", "ipywidgets", "IPython", "starlette"})
    assert not [name for name in loaded if name.startswith("origami_widgets.frames")]


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"origami-widgets {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_fits_a_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert f"origami-widgets {command}" in said.split("example:")[1]
    assert max(map(len, said.splitlines())) <= 80


def test_help_names_every_command_and_every_exit_code(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert {int(line.split()[0]) for line in exits.TABLE.splitlines() if line[2:3].isdigit()} == codes
    assert exits.TABLE.strip() in said
    for command in COMMANDS:
        assert f"    {command} " in said
    assert max(map(len, said.splitlines())) <= 80
