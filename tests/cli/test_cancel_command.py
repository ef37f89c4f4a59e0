"""`origami-widgets cancel`: what it stops, counted at a server whose cells go on, its output and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import httpx
import pytest

from origami_widgets.cli.main import main
from tests.cli.conftest import COMMAND
from tests.support.quick import see, use_spending_clock
from tests.support.spending_server import COLLEAGUE, SpendingServer

STOP, CANCEL = "POST /tables/{id}/cancel", "POST /agents/{id}/cancel"
BRIEF = "Find bakeries in Porto"
AGENT_SECONDS = 60


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


@pytest.fixture
def server(clock, monkeypatch):
    with SpendingServer(clock=clock.time, cells_per_second=2, agent_seconds=AGENT_SECONDS) as server:
        monkeypatch.setenv("ORIGAMI_BASE_URL", server.base_url)
        monkeypatch.setenv("ORIGAMI_API_KEY", server.key)
        yield server


def start(server, prompt=BRIEF, **body):
    """Start a run elsewhere; return its token."""
    headers = {"Authorization": f"Bearer {server.key}"}
    run = httpx.post(f"{server.base_url}/agents", json={"prompt": prompt, **body}, headers=headers).json()["run"]
    return f"{run['agentId']}/{run['id']}"


def test_it_ends_the_run_and_its_cells_and_says_how_many(server, clock, capsys):
    token = start(server)
    clock.skip(20)
    assert main(["cancel", token]) == 0
    (table,) = server.tables
    assert (len(server.cancels), server.active(table)) == (1, 0)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{token} has ended: cancelled."
    stopped = sum(stop.cells for stop in server.stops if not stop.dry_run)
    assert f"{stopped} cells" in second.replace(",", "")
    used = server.paid
    assert server.finish() == used < 150


def test_of_a_run_that_has_settled_it_sends_nothing(server, clock, capsys):
    token = start(server)
    clock.skip(1000)
    assert main(["cancel", token]) == 0
    assert all(request.method == "GET" for request in server.requests[1:])
    assert capsys.readouterr().out.startswith("Nothing to cancel")


def test_a_colleagues_cells_are_left_and_named(server, clock, capsys):
    table = server.add_table(colleague_cells=5000)
    token = start(server, focusTableIds=[table])
    clock.skip(AGENT_SECONDS + 10)
    assert main(["cancel", token, "--json"]) == 3
    written = json.loads(capsys.readouterr().out)
    (left,) = written.pop("left_running")
    stopped = sum(stop.cells for stop in server.stops if not stop.dry_run)
    assert written == {"token": token, "status": "completed", "cells": stopped, "lead_source_jobs": 0}
    assert (left["table_id"], left["cells"] > 0, bool(left["reason"])) == (table, True, True)
    assert all(stop.columns == ["phone"] for stop in server.stops)
    server.finish()
    assert server.spent(table, COLLEAGUE) == 5000
    assert server.spent(table, token.partition("/")[2]) < 1000


def test_what_is_not_over_in_time_is_124(server, clock, capsys):
    """Without an answer, the caller of `Run.cancel` waits longer than that."""
    token = start(server)
    clock.skip(20)
    server.fail(STOP, *[None] * 100)
    began = time.monotonic()
    assert main(["cancel", token, "--timeout", "1"]) == 124
    assert time.monotonic() - began < 10
    assert f"origami-widgets cancel {token}" in capsys.readouterr().err


def test_a_refusal_is_1(server, clock, capsys):
    token = start(server)
    clock.skip(20)
    server.fail(STOP, *[403] * 10_000)
    assert main(["cancel", token]) == 1
    assert capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["6b1f0a8e/v2_run-1", "--timeout", "0"], []])
def test_wrong_usage_is_2_before_anything_is_sent(server, capsys, arguments):
    try:
        code = main(["cancel", *arguments])
    except SystemExit as usage:
        code = usage.code
    assert (code, server.requests) == (2, [])


@pytest.mark.posix
def test_an_interrupt_says_how_to_go_on():
    with SpendingServer() as server:
        token = start(server)
        server.fail(CANCEL, *[None] * 100)
        named = {"ORIGAMI_BASE_URL": server.base_url, "ORIGAMI_API_KEY": server.key, "PYTHONIOENCODING": "utf-8"}
        command = subprocess.Popen(
            [*COMMAND, "cancel", token],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | named,
        )
        see(lambda: server.count(CANCEL))
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=30)
    assert (command.returncode, out) == (130, "")
    assert f"origami-widgets cancel {token}" in err
