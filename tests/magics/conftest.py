"""A sandbox that records its requests, used by calls without `client=`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import origami_widgets as ow
from origami_widgets.magics.variables import Variables
from tests.support.quick import QuickClock, use_clock

if TYPE_CHECKING:
    from collections.abc import Iterator


class RecordingSandbox(ow.Sandbox):
    """A sandbox that records its requests.

    Attributes:
        requests: method and path of each.
        bodies: the JSON bodies of those that had one.
        ignores_cancel: answer a cancel with the run, and do not cancel it.
    """

    def __init__(self, speed: float) -> None:
        super().__init__(speed=speed, plan="enterprise", credits=10**9)
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.ignores_cancel = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests.append(f"{scope['method']} {scope['path']}")
        if self.ignores_cancel and scope["path"].endswith("/cancel"):
            path = scope["path"].removesuffix("/cancel")
            scope |= {"method": "GET", "path": path, "raw_path": path.encode()}

        async def recording() -> Any:
            message = await receive()
            if message.get("body"):
                self.bodies.append(json.loads(message["body"]))
            return message

        await super().__call__(scope, recording, send)

    @property
    def starts(self) -> int:
        """The number of runs that were requested."""
        return sum(line.startswith("POST") and not line.endswith("/cancel") for line in self.requests)


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """Forget at the end of the test what it has configured."""
    yield
    ow.configure()


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, unconfigured: None) -> RecordingSandbox:
    """The sandbox, at ten simulated minutes per second unless a test asks for another speed. No run is watched yet."""
    made = RecordingSandbox(getattr(request, "param", 600))
    ow.configure(client=made.client())
    use_clock(monkeypatch, QuickClock())
    return made


@pytest.fixture
def variables() -> Variables:
    """The variables of a notebook."""
    return Variables({"city": "Porto", "price": 5000})
