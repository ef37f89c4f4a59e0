"""A clock that skips the time between checks, and sandboxes: one that goes by it, and one whose runs go on for a while."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from tests.support.quick import SkippingClock, use_clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SkippingClock:
    """The poller's clock."""
    return use_clock(monkeypatch, SkippingClock())


@pytest.fixture
def client(clock: SkippingClock) -> ow.Client:
    """A client of a sandbox whose runs have ended as soon as they are waited for."""
    return ow.Sandbox(speed=1, clock=clock.time).client()


@pytest.fixture
def slow_client() -> ow.Client:
    """A client of a sandbox in which time passes: a slow run goes on for seconds."""
    return ow.Sandbox(speed=240).client()
