"""`origami-widgets sandbox`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

import httpx
import pytest

from origami_widgets.cli.main import main
from tests.cli.conftest import COMMAND


@pytest.fixture
def served():
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "--speed", "50", "--seed", "3", "--plan", "starter", "--credits", "77"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.posix
def test_the_sandbox_prints_its_address_and_serves_until_interrupted(served):
    lines = [served.stdout.readline().strip() for _ in range(4)]
    url = lines[1].removeprefix("export ORIGAMI_BASE_URL=")
    assert url.startswith("http://127.0.0.1:")
    assert lines[0] == f"Origami sandbox at {url} with the key og_live_sandbox"
    assert lines[2] == "export ORIGAMI_API_KEY=og_live_sandbox"
    assert "Ctrl-C" in lines[3]
    account = httpx.get(f"{url}/account", headers={"Authorization": "Bearer og_live_sandbox"})
    assert account.json()["plan"]["id"] == "starter"
    balance = httpx.get(f"{url}/account/credits", headers={"Authorization": "Bearer og_live_sandbox"})
    assert balance.json()["balance"] == 77
    served.send_signal(signal.SIGINT)
    out, err = served.communicate(timeout=10)
    assert (served.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_an_error(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["sandbox", "--port", str(taken.getsockname()[1])]) == 1
    assert "in use" in capsys.readouterr().err
