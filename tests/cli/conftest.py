"""A sandbox on a port, whose time the tests can move on, and the command as a person calls it."""

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
"""Seconds after which every run of the sandbox has ended and its cells have settled."""


@dataclass
class Place:
    """Where the API is served, and how far its time is ahead of ours."""

    base_url: str = ""
    api_key: str = ""
    ahead: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, prompt: str, *, ended: bool = True) -> str:
        """Start a run and give its token; where it is to have ended, time has passed."""
        run = self._post("agents", prompt, ended=ended)
        return f"{run['agentId']}/{run['id']}"

    def follow(self, agent: str, prompt: str) -> str:
        """Go on with an agent, to the end; the id of the run."""
        return self._post(f"agents/{agent}/runs", prompt, ended=True)["id"]

    def _post(self, path: str, prompt: str, *, ended: bool) -> dict:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx.post(f"{self.base_url}/{path}", json={"prompt": prompt}, headers=headers)
        assert answer.status_code == 202, answer.text
        if ended:
            self.ahead += LONG
        return answer.json()["run"]

    def command(self, *arguments: str, **options) -> subprocess.Popen[str]:
        environment = self.environment | options.pop("environment", {})
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen([*COMMAND, *arguments], text=True, encoding="utf-8", env=environment, **pipes)


@pytest.fixture(scope="module")
def place():
    where = Place()
    sandbox = Sandbox(plan="ultra", credits=1_000_000, clock=lambda: time.time() + where.ahead)
    with sandbox.serve() as served:
        where.base_url, where.api_key = served.base_url, served.api_key
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORIGAMI_", "COLUMNS", "CI"))}
        named = {"ORIGAMI_BASE_URL": served.base_url, "ORIGAMI_API_KEY": served.api_key}
        where.environment = kept | named | {"PYTHONIOENCODING": "utf-8", "TERM": "xterm-256color"}
        yield where


@pytest.fixture
def here(place, monkeypatch):
    """The same for a command that is called in this process."""
    monkeypatch.delenv("ORIGAMI_PROJECT", raising=False)
    monkeypatch.setenv("ORIGAMI_BASE_URL", place.base_url)
    monkeypatch.setenv("ORIGAMI_API_KEY", place.api_key)
    return place
