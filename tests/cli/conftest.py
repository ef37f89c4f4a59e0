"""A sandbox on a port, whose clock tests can move forward, and the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

import httpx
import pytest

from origami_widgets.sandbox import Sandbox

COMMAND = [sys.executable, "-c", "import sys; from origami_widgets.cli.main import main; sys.exit(main())"]
LONG = 4_000.0
"""Seconds after which every run of the sandbox has ended and its cells are filled."""


@dataclass
class ServedApi:
    """The sandbox on a port.

    Attributes:
        base_url: its base URL.
        api_key: its key.
        ahead: seconds that its clock is ahead of ours.
        environment: variables for commands that use it.
    """

    base_url: str = ""
    api_key: str = ""
    ahead: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, prompt: str, *, ended: bool = True) -> str:
        """Start a run and return its token. With `ended`, move the clock to the time after its end."""
        run = self._post("agents", prompt, ended=ended)
        return f"{run['agentId']}/{run['id']}"

    def follow(self, agent: str, prompt: str) -> str:
        """Start a follow-up run of an agent, move the clock to its end, and return its id."""
        return self._post(f"agents/{agent}/runs", prompt, ended=True)["id"]

    def _post(self, path: str, prompt: str, *, ended: bool) -> dict:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx.post(f"{self.base_url}/{path}", json={"prompt": prompt}, headers=headers)
        assert answer.status_code == 202, answer.text
        if ended:
            self.ahead += LONG
        return answer.json()["run"]

    def command(self, *arguments: str, **options) -> subprocess.Popen[str]:
        """Start the command in a process of its own."""
        environment = self.environment | options.pop("environment", {})
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen([*COMMAND, *arguments], text=True, encoding="utf-8", env=environment, **pipes)


@pytest.fixture(scope="module")
def api():
    served_api = ServedApi()
    sandbox = Sandbox(plan="ultra", credits=1_000_000, clock=lambda: time.time() + served_api.ahead)
    with sandbox.serve() as served:
        served_api.base_url, served_api.api_key = served.base_url, served.api_key
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORIGAMI_", "COLUMNS", "CI"))}
        named = {"ORIGAMI_BASE_URL": served.base_url, "ORIGAMI_API_KEY": served.api_key}
        served_api.environment = kept | named | {"PYTHONIOENCODING": "utf-8", "TERM": "xterm-256color"}
        yield served_api


@pytest.fixture
def configured_api(api, monkeypatch):
    """The same, for commands that run in this process."""
    monkeypatch.delenv("ORIGAMI_PROJECT", raising=False)
    monkeypatch.setenv("ORIGAMI_BASE_URL", api.base_url)
    monkeypatch.setenv("ORIGAMI_API_KEY", api.api_key)
    return api
