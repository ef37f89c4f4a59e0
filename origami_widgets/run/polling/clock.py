"""`SystemClock`: the poller's clock. It sleeps until a moment, and notices that the machine was suspended."""

from __future__ import annotations

import asyncio
import contextlib
import time

from origami_widgets.host.runtime import monotonic, time_limit

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
