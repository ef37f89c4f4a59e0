"""A server that misbehaves, and a poller whose clock jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from keyring.backends.fail import Keyring as NoKeyring

from origami_widgets.api.loop import background
from origami_widgets.run import hub as hub_module
from origami_widgets.run.hub import Hub
from tests.api.conftest import ENVIRONMENT
from tests.faults.journey import INTERFACES, Journey, JumpingClock
from tests.support.keys import use_keyring
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

settings.register_profile(
    "deep",
    max_examples=2_000,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENVIRONMENT, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    use_keyring(monkeypatch, NoKeyring())


@pytest.fixture(params=INTERFACES)
def interface(request: pytest.FixtureRequest) -> str:
    """The blocking handle, the awaited one, and the card."""
    return str(request.param)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[JumpingClock]:
    """The clock of a poller of this test's own."""
    made = JumpingClock()
    own = Hub(made)
    monkeypatch.setattr(hub_module, "_hub", own)
    yield made
    # A clock that is still held would keep the loop of the process busy for the tests after this one.
    if own._task is not None:
        background().call_soon(own._task.cancel)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(answer({})) as serving:
        yield serving


@pytest.fixture
def journey(server: RawServer, clock: JumpingClock) -> Callable[..., Journey]:
    return lambda **options: Journey(server, clock, **options)
