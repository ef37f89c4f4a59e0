"""`SystemClock`: a sleep ends at its moment, when it is woken, or after the machine was suspended."""

from __future__ import annotations

import asyncio

import pytest

from origami_widgets.host import runtime
from origami_widgets.host.runtime import SystemClock


async def test_a_sleep_ends_after_its_seconds():
    clock = SystemClock()
    before = clock.monotonic()
    assert await clock.sleep(0.05, asyncio.Event()) is None
    assert clock.monotonic() - before >= 0.05


@pytest.mark.parametrize("seconds", [None, 3600.0])
async def test_a_sleep_ends_when_it_is_woken(seconds):
    wake = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, wake.set)
    assert await SystemClock().sleep(seconds, wake) is None


async def test_a_sleep_ends_at_once_after_a_suspension(monkeypatch):
    """Timers stand still meanwhile, so that the sleep would last as much longer."""
    monkeypatch.setattr(runtime, "NAP", 0.01)
    clock, before = SystemClock(), runtime.monotonic
    asyncio.get_running_loop().call_later(0.05, monkeypatch.setattr, runtime, "monotonic", lambda: before() + 600)
    assert await clock.sleep(3600.0, asyncio.Event()) == pytest.approx(600, abs=5)
