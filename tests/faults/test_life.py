"""Lives of runs that hypothesis makes up: see `life_machine.py` for what may happen and what must hold."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.life_machine import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.life_clock import LifeClock

pytestmark = pytest.mark.hypothesis

LIVES = settings(stateful_step_count=20, suppress_health_check=list(HealthCheck))
"""The lives of the profile: `--hypothesis-profile=random` looks for rare orders of events."""


@pytest.fixture
def lives(own_time: Callable[[LifeClock], None]) -> Iterator[type[Life]]:
    """Each life has a clock of its own, which everybody goes by."""
    # Each life is swept up after; what was there before it need not be looked through each time.
    gc.collect()
    gc.freeze()
    yield type("OwnLife", (Life,), {"install": staticmethod(own_time), "kept": [], "planned": []})
    gc.unfreeze()


def test_a_run_is_watched_rightly_whatever_happens(lives: type[Life]) -> None:
    run_state_machine_as_test(lives, settings=LIVES)
    assert sum(lives.planned) > len(lives.kept), "nobody was asked by a plan: this test no longer knows its questions"
