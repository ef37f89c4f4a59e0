"""`origami-widgets watch`: its output, its errors and its exit codes."""

import json
import re
import signal
import sys

import pytest

from origami_widgets.cli.main import main
from origami_widgets.sandbox import Sandbox
from tests.cli.plain import is_plain

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  \S.*")


@pytest.mark.parametrize(
    ("scenario", "code", "status"),
    [
        ("completed", 0, "✓ Completed"),
        ("needs_input", 4, "◆ Needs your answer"),
        ("errored", 3, "✕ Failed"),
        ("cancelled", 3, "■ Stopped"),
        ("incomplete", 3, "◆ Stopped early"),
    ],
)
def test_a_run_that_has_ended_is_written_once_with_its_card(configured_api, capsys, scenario, code, status):
    token = configured_api.start(f"List bakeries in Porto. scenario:{scenario}")
    assert main(["watch", token, "--until", "cells"]) == code
    output = capsys.readouterr()
    line, *card = output.out.splitlines()
    assert LINE.fullmatch(line)
    assert f"UTC  {status}: List bakeries in Porto." in line
    assert card[0].startswith(f"{status} · List bakeries in Porto.")
    assert card[-1] == f'To see this run again: ow.attach("{token}")'
    assert output.err == ""
    assert all(map(is_plain, (line, *card)))


def test_each_change_is_one_line(api, monkeypatch, capsys):
    """A run that moves on while it is watched, over HTTP."""
    with Sandbox(speed=120).serve() as served:
        monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        moving = type(api)(served.base_url, served.api_key)
        token = moving.start("List bakeries in Porto", ended=False)
        assert main(["watch", token]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if LINE.fullmatch(line)]
        texts = [line.partition("  ")[2] for line in lines]
        assert len(texts) == len(set(texts)) > 1
        assert texts[0].startswith("● Running: List bakeries in Porto")
        assert texts[-1].startswith("✓ Completed · ")


def test_json_writes_records_and_nothing_else(configured_api, capsys):
    token = configured_api.start("List bakeries in Porto. scenario:needs_input")
    assert main(["watch", token, "--json"]) == 4
    output = capsys.readouterr()
    assert output.err == ""
    (record,) = [json.loads(line) for line in output.out.splitlines()]
    assert record["token"] == token
    assert (record["status"], record["done"], record["settled"]) == ("needs_input", True, True)
    assert record["questions"] == 2
    assert record["connection"] == "ended"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_timeout_is_an_error_and_the_run_continues(configured_api, capsys, options):
    token = configured_api.start("List bakeries in Porto. scenario:slow", ended=False)
    assert main(["watch", token, "--timeout", "0.2", *options]) == 124
    output = capsys.readouterr()
    if options:
        error = json.loads(output.err)["error"]
        assert [json.loads(line)["status"] for line in output.out.splitlines()] == ["running"]
    else:
        error = dict(zip(("title", "cause", "remedy"), output.err.splitlines(), strict=True))
        assert f'ow.attach("{token}")' in output.out
    assert error["title"] == "The run didn't end within 0.2 s"
    assert "'running'" in error["cause"]
    assert error["remedy"].endswith(f"origami-widgets watch {token}")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["https://origami.chat/x"], 2, "Invalid run token"),
        (["6b1f0a8e/v2_run-01k0c4m2f7"], 1, "No such"),
        (["6b1f0a8e/v2_run-1", "--timeout", "0"], 2, "--timeout was 0."),
        (["6b1f0a8e/v2_run-1", "--timeout", "nan"], 2, "--timeout was nan."),
        (["6b1f0a8e/v2_run-1", "--base-url", "http://example.com/api/v2"], 2, "isn't encrypted"),
        (["6b1f0a8e/v2_run-1", "--project", "a b"], 2, "Invalid project id"),
    ],
)
@pytest.mark.usefixtures("configured_api")
def test_wrong_arguments_and_unknown_runs_are_errors(capsys, arguments, code, expected):
    assert main(["watch", *arguments]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert expected in output.err
    assert len(output.err.splitlines()) in (3, 4)
    assert "Traceback" not in output.err


def test_a_missing_key_is_an_error_with_a_remedy(configured_api, monkeypatch, capsys):
    monkeypatch.delenv("ORIGAMI_API_KEY")
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert main(["watch", "6b1f0a8e/v2_run-1"]) == 2
    title, cause, remedy = capsys.readouterr().err.splitlines()
    assert title == "No API key"
    assert "ORIGAMI_API_KEY" in cause
    assert "ORIGAMI_API_KEY" in remedy
    assert "origami-widgets login" in remedy
    assert configured_api.api_key not in remedy


@pytest.mark.slow
@pytest.mark.posix
def test_a_closed_pipe_ends_the_watch_without_an_error(api):
    with Sandbox(speed=60).serve() as served:
        moving = type(api)(served.base_url, served.api_key, environment=api.environment)
        token = moving.start("List bakeries in Porto. scenario:slow", ended=False)
        watching = moving.command("watch", token, "--base-url", served.base_url)
        assert "Running" in watching.stdout.readline()
        watching.stdout.close()
        assert watching.wait(20) == 141
        assert watching.stderr.read() == ""
        watching.stderr.close()


@pytest.mark.slow
def test_characters_that_the_terminal_lacks_are_replaced(api):
    token = api.start("Bäckereien in Porto")
    watching = api.command("watch", token, environment={"PYTHONIOENCODING": "ascii"})
    out, err = watching.communicate(timeout=20)
    assert (watching.returncode, err) == (0, "")
    assert "? Completed: B?ckereien in Porto" in out


@pytest.mark.posix
def test_an_interrupt_prints_how_to_continue(api):
    token = api.start("List bakeries in Porto. scenario:slow", ended=False)
    watching = api.command("--base-url", api.base_url, "watch", token)
    assert "Running" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert out == ""
    assert err == (
        f"Stopped watching; the run continues. To see it: origami-widgets watch {token} --base-url {api.base_url}\n"
    )
