"""A sandbox that counts what it is asked, behind the client that calls without `client=` use."""

from __future__ import annotations

from typing import Any

import pytest

import origami_widgets as ow
from origami_widgets.magics.names import Names
from origami_widgets.run import hub as hubs
from origami_widgets.run import settings
from origami_widgets.run.hub import Hub


class Counting(ow.Sandbox):
    """A sandbox that writes down what it was asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(speed=600, plan="scale", **options)
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(f"{scope['method']} {scope['path']}")
        await super().__call__(scope, receive, send)

    @property
    def starts(self) -> int:
        """How many runs it was asked for."""
        return sum(line.startswith("POST") and not line.endswith("/cancel") for line in self.asked)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The sandbox; nothing is watched yet."""
    made = Counting()
    monkeypatch.setattr(settings, "_client", made.client())
    monkeypatch.setattr(hubs, "_hub", Hub())
    return made


@pytest.fixture
def names() -> Names:
    """The variables of a notebook."""
    return Names({"city": "Porto", "price": 5000})
