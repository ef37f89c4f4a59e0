"""The command `origami-widgets`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from origami_widgets.cli.main import main

START = [sys.executable, "-c", "import sys; from origami_widgets.cli.main import main; sys.exit(main(sys.argv[1:]))"]


@pytest.fixture
def served():
    process = subprocess.Popen(
        [*START, "sandbox", "--speed", "50", "--seed", "3", "--plan", "starter"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    yield process
    process.kill()
    process.communicate()


def test_sandbox_prints_where_it_is_and_serves_until_interrupted(served):
    lines = [served.stdout.readline().strip() for _ in range(4)]
    url = lines[1].removeprefix("export ORIGAMI_BASE_URL=")
    assert url.startswith("http://127.0.0.1:")
    assert lines[0] == f"Origami sandbox at {url} with the key og_live_sandbox"
    assert lines[2] == "export ORIGAMI_API_KEY=og_live_sandbox"
    assert "Ctrl-C" in lines[3]
    account = httpx.get(f"{url}/account", headers={"Authorization": "Bearer og_live_sandbox"})
    assert account.json()["plan"]["id"] == "starter"
    served.send_signal(signal.SIGINT)
    out, err = served.communicate(timeout=10)
    assert (served.returncode, out, err) == (0, "", "")


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["sandbox", "--port", str(taken.getsockname()[1])]) == 1
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "99999"], "port"),
        (["--speed", "0"], "speed must be a number from 0.001 to 1,000,000"),
        (["--plan", "gold"], "plan must be one of starter"),
    ],
)
def test_impossible_options_say_what_is_possible(capsys, options, said):
    assert main(["sandbox", *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("origami-widgets sandbox: ")
    assert said in error


def test_a_missing_extra_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["sandbox"]) == 1
    assert 'pip install "origami-widgets[sandbox]"' in capsys.readouterr().err


def test_a_call_without_arguments_prints_the_help_and_is_no_success(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert main([]) == 2
    assert capsys.readouterr() == (shown, "")
    monkeypatch.setattr(sys, "argv", ["origami-widgets"])
    assert main() == 2
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("arguments", [["--project", "p"], ["dance"], ["sandbox", "--port", "x"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: origami-widgets" in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "sandbox" in capsys.readouterr().out
