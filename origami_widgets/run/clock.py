"""The clock of the poller, so that tests can bring their own."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the poller asks of time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...

    def time(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> None:
        """Return after so many seconds (None: never by itself), or as soon as `wake` is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def time(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> None:
        """Return after so many seconds (None: never by itself), or as soon as `wake` is set."""
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return
