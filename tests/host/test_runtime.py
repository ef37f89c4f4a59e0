"""The Python that runs us: blocking in a browser, the clock for durations, and time limits."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import time
from types import ModuleType

import pytest

from origami_widgets.host import runtime


@pytest.mark.parametrize(
    ("in_browser", "can_run_sync", "expected"), [(False, True, False), (True, False, False), (True, True, True)]
)
def test_a_call_can_be_suspended_only_in_a_browser_that_allows_it(monkeypatch, in_browser, can_run_sync, expected):
    pyodide = ModuleType("pyodide.ffi")
    pyodide.can_run_sync = lambda: can_run_sync
    monkeypatch.setitem(sys.modules, pyodide.__name__, pyodide)
    monkeypatch.setattr(runtime, "IN_BROWSER", in_browser)
    assert runtime.can_suspend() is expected


async def test_a_suspended_call_ends_with_its_future_or_its_timeout(monkeypatch):
    pyodide, suspended = ModuleType("pyodide.ffi"), []
    pyodide.run_sync = suspended.append
    monkeypatch.setitem(sys.modules, pyodide.__name__, pyodide)
    done, pending = concurrent.futures.Future(), concurrent.futures.Future()
    done.set_result(None)
    runtime.suspend_until_done(done, 5)
    runtime.suspend_until_done(pending, 0)
    assert [len(finished) for finished, _ in [await each for each in suspended]] == [1, 0]


def test_the_clock_for_durations_only_goes_forward(monkeypatch):
    first = runtime.monotonic()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert runtime.monotonic() >= first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its name differs between systems")
def test_the_clock_for_durations_counts_suspension():
    assert time.CLOCK_BOOTTIME == runtime.COUNTING_CLOCK


class LateLoop(asyncio.SelectorEventLoop):
    """Behaves as Pyodide's loop on a busy machine: each moment has passed when it is to be scheduled."""

    def call_later(self, delay, callback, *args, context=None):
        if delay < 0:
            raise ValueError("Can't schedule in the past")
        return super().call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        raise ValueError("Can't schedule in the past")


async def after(seconds, limit):
    async with runtime.time_limit(limit):
        await asyncio.sleep(seconds)
    return "in time"


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, LateLoop])
def test_a_time_limit_ends_what_takes_longer_on_every_loop(new_loop):
    with asyncio.Runner(loop_factory=new_loop) as runner:
        for limit in (-1.0, 0.0, 1e-9, 0.02):
            with pytest.raises(TimeoutError):
                runner.run(after(60, limit))
        assert [runner.run(after(0, limit)) for limit in (None, 60, 1e9)] == ["in time"] * 3


def test_a_time_limit_that_ended_in_time_ends_nothing_later():
    async def twice():
        first = await after(0, 0.02)
        await asyncio.sleep(0.05)
        return first, await after(0.05, 60)

    assert asyncio.run(twice()) == ("in time", "in time")


async def test_a_cancelled_call_within_a_time_limit_has_not_timed_out():
    waiting = asyncio.ensure_future(after(60, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
