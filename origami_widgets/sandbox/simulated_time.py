"""The sandbox's clock, the pace of simulated time, and how a moment is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate

_LAST_MOMENT = 253_402_300_799.0


class SandboxClock:
    """Clock that gives seconds since 1970 from an injected source and never goes back.

    Args:
        source: returns seconds since 1970, as `time.time` does.
    """

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._offset = 0.0
        self._last = 0.0

    def now(self) -> float:
        """Return the present moment, which continues from the last one if the source was set back."""
        reading = self._source() + self._offset
        if reading < self._last:
            # If a laptop's clock is set back, finished runs must not come alive again.
            self._offset += self._last - reading
            reading = self._last
        self._last = reading
        return reading


@dataclass(frozen=True, slots=True)
class Pace:
    """Start of a run, and simulated seconds per second of the wall clock."""

    start: float
    speed: float

    def at(self, seconds: float) -> float:
        """Return the wall moment of a simulated second of this run."""
        return self.start + seconds / self.speed


def whole_seconds(simulated: float, speed: float) -> int:
    """Return simulated seconds as the whole wall seconds of a `Retry-After` header, at least 1."""
    return max(1, math.ceil(simulated / speed))


def iso(moment: float) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds.

    >>> iso(1_784_625_242.5)
    '2026-07-21T09:14:02.500Z'
    """
    stamp = datetime.fromtimestamp(min(moment, _LAST_MOMENT), tz=UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"


def month_start(moment: float) -> float:
    """Return the first moment of the month, in UTC."""
    day = datetime.fromtimestamp(min(moment, _LAST_MOMENT), tz=UTC)
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def http_date(moment: float) -> str:
    """Write a moment as the value of a `Date` header."""
    return formatdate(min(moment, _LAST_MOMENT), usegmt=True)
