"""The clock for durations: nobody sets it, and it goes on while the machine is suspended."""

from __future__ import annotations

import time

_COUNTING = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""The clock that goes on during a suspension; its name differs between systems. Windows has no other kind."""


def seconds_passed() -> float:
    """Seconds that only ever grow, also while the machine is suspended."""
    return time.monotonic() if _COUNTING is None else time.clock_gettime(_COUNTING)
