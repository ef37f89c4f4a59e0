"""A server that misbehaves, and a poller whose clock jumps."""

from __future__ import annotations

import random
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from origami_widgets.api.background import callbacks
from origami_widgets.api.background import loop as loop_module
from origami_widgets.api.background.loop import BackgroundLoop, background
from origami_widgets.host import runtime
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller
from origami_widgets.run.polling.schedule import NEVER
from tests.faults.journey import INTERFACES, Journey, JumpingClock
from tests.faults.life_clock import raw_submit
from tests.support.keys import use_keyring
from tests.support.quick import without_environment, without_pauses
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.life_clock import LifeClock


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)
    for name in ("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    use_keyring(monkeypatch, NoKeyring())
    # Between attempts; how long these pauses are is for tests/api to say.
    without_pauses(monkeypatch)


@pytest.fixture(params=INTERFACES)
def interface(request: pytest.FixtureRequest) -> str:
    """The blocking handle, the awaited one, and the card."""
    return str(request.param)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[JumpingClock]:
    """The clock of a poller of this test's own."""
    made = JumpingClock()
    own = Poller(made)
    monkeypatch.setattr(poller_module, "current", own)
    yield made
    # A clock that is still held would keep the loop of the process busy for the tests after this one.
    for watch in own.watched():
        watch.schedule = NEVER
    own.wake()


@pytest.fixture
def own_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[LifeClock], None]]:
    """Let everybody go by a clock, and by another one after that.

    The time of a whole process has no seam: modules ask for it themselves.
    """
    clocks: list[LifeClock] = []
    real_time, real_clock, real_monotonic = time.time, time.clock_gettime, time.monotonic

    def install(clock: LifeClock) -> None:
        clocks[:] = [clock]
        # Pauses are spread by chance: the same steps have to give the same life again.
        chance = random.Random(0)  # noqa: S311 - no secret
        monkeypatch.setattr(random.SystemRandom, "random", lambda _: chance.random())
        monkeypatch.setattr(poller_module, "current", Poller(clock))

    def submit(loop, coroutine):
        return raw_submit(loop, clocks[0].carry_out(coroutine) if clocks else coroutine)

    def clock_gettime(which):
        return clocks[0].now if clocks and which == runtime.COUNTING_CLOCK else real_clock(which)

    own_clock = SimpleNamespace(
        time=lambda: clocks[0].time() if clocks else real_time(),
        monotonic=lambda: clocks[0].now - clocks[0].suspended if clocks else real_monotonic(),
    )
    # A loop of its own: on this clock, those before and after it would take hours or no time to find out that they idle.
    background().stop()
    monkeypatch.setattr(loop_module, "IDLE", 1e9)
    # These count the age of what they note on the monotonic clock of the process.
    monkeypatch.setattr("origami_widgets.api.usage.time", own_clock)
    monkeypatch.setattr("origami_widgets.api.base_operations.time", own_clock)
    # Callbacks run on a thread of their own in real time: the loop waits for each, or a busy machine gives another life.
    monkeypatch.setattr(callbacks, "MOMENT", 30.0)
    monkeypatch.setattr(BackgroundLoop, "wait_for_callbacks", lambda *_: None)
    monkeypatch.setattr(time, "time", lambda: clocks[0].time() if clocks else real_time())
    monkeypatch.setattr(time, "clock_gettime", clock_gettime)
    monkeypatch.setattr(BackgroundLoop, "submit", submit)
    yield install
    background().stop()
    # Whoever was imported meanwhile has kept these functions.
    clocks.clear()


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(answer({})) as serving:
        yield serving


@pytest.fixture
def journey(server: RawServer, clock: JumpingClock) -> Callable[..., Journey]:
    return lambda **options: Journey(server, clock, **options)
