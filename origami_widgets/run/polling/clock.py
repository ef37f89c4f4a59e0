"""The clock of the poller, so that tests can bring their own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol

from origami_widgets.host.runtime import monotonic

NAP = 1.0
"""A timer does not run while the machine is suspended, so it is looked at the clock this often."""
SUSPENDED = 1.0
"""Two clocks that are read one after the other differ by less, however busy the machine is."""


class Clock(Protocol):
    """What the poller asks of time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, also while the machine is suspended."""
        ...

    def time(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        """Return after so many seconds (None: never by itself), as soon as `wake` is set, or when the machine was away.

        Returns:
            The seconds for which the machine was suspended meanwhile, or nothing.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, also while the machine is suspended."""
        return monotonic()

    def time(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        """Return after so many seconds (None: never by itself), as soon as `wake` is set, or when the machine was away.

        Returns:
            The seconds for which the machine was suspended meanwhile, or nothing.
        """
        now = self.monotonic()
        ends = None if seconds is None else now + seconds
        suspended = _suspended()
        while not wake.is_set() and (ends is None or now < ends):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NAP if ends is None else min(NAP, ends - now)):
                    await wake.wait()
            now = self.monotonic()
            if (away := _suspended() - suspended) > SUSPENDED:
                return away
        return None


def _suspended() -> float:
    """For how long the machine has been suspended, from some moment on."""
    return monotonic() - time.monotonic()
