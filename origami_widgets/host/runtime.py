"""The Python that runs this: whether it has threads, whether it can block in a browser, its clock and its time limits."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import math
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import AsyncIterator

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


@contextlib.asynccontextmanager
async def time_limit(seconds: float | None) -> AsyncIterator[None]:
    """Raise `TimeoutError` after so many seconds (None: never), like `asyncio.timeout`, on the loop of a browser, too.

    Pyodide's loop raises `ValueError` if a moment passes while it is being scheduled there, and takes durations only.
    """
    async with asyncio.timeout(None) as limit:  # noqa: TID251 - without a moment, it schedules nothing
        if seconds is None:
            yield
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), limit.reschedule, -math.inf)
        try:
            yield
        finally:
            timer.cancel()
