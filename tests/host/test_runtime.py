"""The Python that runs us: blocking in a browser, and the clock for durations."""

from __future__ import annotations

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
