"""The Python that runs this: whether it has threads, whether it can block in a browser, its clock and its time limits."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib
import math
import sys
import time
from types import TracebackType
from typing import Any

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
            # In a browser, Python has the name of a clock that does not exist (Pyodide 314).
            continue
        return clock
    return None


COUNTING_CLOCK = _counting_clock()


def monotonic() -> float:
    """Return seconds of a clock that only grows, even while the machine is suspended. `time.monotonic` may stop then."""
    return time.monotonic() if COUNTING_CLOCK is None else time.clock_gettime(COUNTING_CLOCK)


class time_limit:  # noqa: N801 - used like `asyncio.timeout`
    """Raise `TimeoutError` after so many seconds (None: never), like `asyncio.timeout`, on the loop of a browser, too.

    Pyodide's loop raises `ValueError` if a moment passes while it is being scheduled (`WebLoop.call_at`, without an issue;
    still so in 314.0.7), and takes durations only. When that is repaired, `asyncio.timeout` will do. Not
    a generator: where a loop ends with tasks that wait, closing them would turn their `GeneratorExit` into an error.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)  # noqa: TID251 - without a moment, it schedules nothing
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        if self._seconds is not None:
            seconds, expire = max(0.0, self._seconds), self._limit.reschedule
            self._timer = asyncio.get_running_loop().call_later(seconds, expire, -math.inf)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)


NAP = 1.0
"""Seconds between two readings of the clock: timers stand still while the machine is suspended."""
SUSPENDED = 1.0
"""Seconds from which a suspension counts. Reading two clocks in turn never takes that long, even on a busy machine."""


class SystemClock:
    """The poller's clock, which tests replace."""

    def monotonic(self) -> float:
        """Return seconds that only grow, even while the machine is suspended."""
        return monotonic()

    def time(self) -> float:
        """Return the time in Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        """Return after so many seconds (None: never), as soon as `wake` is set, or when the machine was suspended.

        Returns:
            The seconds for which the machine was suspended; None if it was not.
        """
        now = self.monotonic()
        ends = None if seconds is None else now + seconds
        suspended = _suspended()
        while not wake.is_set() and (ends is None or now < ends):
            with contextlib.suppress(TimeoutError):
                async with time_limit(NAP if ends is None else min(NAP, ends - now)):
                    await wake.wait()
            now = self.monotonic()
            if (away := _suspended() - suspended) > SUSPENDED:
                return away
        return None


async def sleep_until(clock: SystemClock, moment: float, wake: asyncio.Event) -> None:
    """Return at a moment of the clock, or as soon as `wake` is set. A suspension ends it only if the moment has passed."""
    while not wake.is_set() and (left := moment - clock.monotonic()) > 0:
        await clock.sleep(left, wake)


def _suspended() -> float:
    """Return for how many seconds the machine was suspended since some fixed moment."""
    return monotonic() - time.monotonic()
