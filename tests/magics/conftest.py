"""A sandbox that counts what it is asked, behind the client that calls without `client=` use."""

from __future__ import annotations

import json
from typing import Any

import pytest

import origami_widgets as ow
from origami_widgets.magics.names import Names
from origami_widgets.run import settings
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller


class Counting(ow.Sandbox):
    """A sandbox that writes down what it was asked."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed=speed, plan="enterprise", credits=10**9)
        self.asked: list[str] = []
        self.told: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(f"{scope['method']} {scope['path']}")

        async def listening() -> Any:
            message = await receive()
            if message.get("body"):
                self.told.append(json.loads(message["body"]))
            return message

        await super().__call__(scope, listening, send)

    @property
    def starts(self) -> int:
        """How many runs it was asked for."""
        return sum(line.startswith("POST") and not line.endswith("/cancel") for line in self.asked)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The sandbox, in which ten minutes take a second or what a test wants instead; nothing is watched yet."""
    made = Counting(getattr(request, "param", 600))
    monkeypatch.setattr(settings, "_client", made.client())
    monkeypatch.setattr(poller_module, "_poller", Poller())
    return made


@pytest.fixture
def names() -> Names:
    """The variables of a notebook."""
    return Names({"city": "Porto", "price": 5000})
