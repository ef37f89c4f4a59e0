"""Lives of runs that hypothesis makes up: see `life_machine.py` for what may happen and what must hold."""

from __future__ import annotations

import gc
import logging
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from origami_widgets.api import elapsed
from origami_widgets.api import loop as loop_module
from origami_widgets.api.loop import BackgroundLoop, background
from origami_widgets.run import hub as hub_module
from origami_widgets.run.hub import Hub
from tests.faults.life_checks import LOGGERS
from tests.faults.life_clock import LifeClock, raw_submit
from tests.faults.life_machine import Life

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDED = settings(
    derandomize=True,
    database=None,
    max_examples=100,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Life]]:
    """Each life has a clock of its own, which everybody goes by."""
    clocks: list[LifeClock] = []
    real_time, real_clock = time.time, time.clock_gettime

    def install(clock: LifeClock) -> None:
        clocks[:] = [clock]
        monkeypatch.setattr(hub_module, "_hub", Hub(clock))

    def submit(loop, coroutine):
        return raw_submit(loop, clocks[0].carry_out(coroutine) if clocks else coroutine)

    def clock_gettime(which):
        return clocks[0].now if clocks and which == elapsed._COUNTING else real_clock(which)

    # A loop of its own: on this clock, those before and after it would take hours or no time to find out that they idle.
    background().stop()
    monkeypatch.setattr(loop_module, "IDLE", 1e9)
    monkeypatch.setattr(time, "time", lambda: clocks[0].time() if clocks else real_time())
    monkeypatch.setattr(time, "clock_gettime", clock_gettime)
    monkeypatch.setattr(BackgroundLoop, "submit", submit)
    for logger in LOGGERS:
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        logger.manager._clear_cache()
    # Each life is swept up after; what was there before it need not be looked through each time.
    gc.collect()
    gc.freeze()
    yield type("OwnLife", (Life,), {"install": staticmethod(install), "kept": [], "planned": []})
    gc.unfreeze()
    background().stop()
    # Whoever was imported meanwhile has kept these functions.
    clocks.clear()


def chosen() -> settings:
    return settings.get_profile("deep") if settings.get_current_profile_name() == "deep" else BOUNDED


def test_a_run_is_watched_rightly_whatever_happens(lives: type[Life]) -> None:
    run_state_machine_as_test(lives, settings=chosen())
    assert sum(lives.planned) > len(lives.kept), "nobody was asked by a plan: this test no longer knows its questions"
