"""The Python that runs this: whether it has threads, whether it can block in a browser, and its clock for durations."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import concurrent.futures

IN_BROWSER = sys.platform == "emscripten"
HAS_THREADS = sys.platform not in ("emscripten", "wasi")


def can_suspend() -> bool:
    """Return whether a call can be suspended while the event loop goes on, as in Pyodide in some browsers."""
    return IN_BROWSER and bool(_pyodide().can_run_sync())


def suspend_until_done(future: concurrent.futures.Future[Any], seconds: float) -> None:
    """Suspend the call until a future is done or the time is over, while the event loop goes on."""
    _pyodide().run_sync(asyncio.wait((asyncio.wrap_future(future),), timeout=seconds))


def _pyodide() -> Any:
    return importlib.import_module("pyodide.ffi")


def _counting_clock() -> int | None:
    """Return the clock that goes on during a suspension, whose name differs between systems. Windows has no other kind."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        clock: int | None = getattr(time, name, None)
        if clock is None:
            continue
        try:
            time.clock_gettime(clock)
        except OSError:
            # In a browser, Python has the name of a clock that does not exist.
            continue
        return clock
    return None


COUNTING_CLOCK = _counting_clock()


def monotonic() -> float:
    """Return seconds of a clock that only grows, even while the machine is suspended. `time.monotonic` may stop then."""
    return time.monotonic() if COUNTING_CLOCK is None else time.clock_gettime(COUNTING_CLOCK)
