"""A poller on a clock that jumps."""

from __future__ import annotations

import pytest

from origami_widgets.run.polling.poller import Poller
from tests.run.polling.scripted import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def poller(clock):
    return Poller(clock)
