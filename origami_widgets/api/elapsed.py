"""The clock for durations: nobody sets it, and it goes on while the machine is suspended."""

from __future__ import annotations

import time


def _counting() -> int | None:
    """The clock that goes on during a suspension; its name differs between systems. Windows has no other kind."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        clock: int | None = getattr(time, name, None)
        if clock is None:
            continue
        try:
            time.clock_gettime(clock)
        except OSError:
            # In a browser, Python knows the name of a clock that is not there.
            continue
        return clock
    return None


_COUNTING = _counting()


def seconds_passed() -> float:
    """Seconds that only ever grow, also while the machine is suspended."""
    return time.monotonic() if _COUNTING is None else time.clock_gettime(_COUNTING)
