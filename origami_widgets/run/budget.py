"""How many requests the polls of this process may send. Pure: the clock is an argument.

The organization has 100 requests a minute for everything; polls leave room for people, notebooks beside this one, and
the web app.
"""

from __future__ import annotations

PER_MINUTE = 80
BURST = 10
MINUTE = 60.0
ROUNDING = 1e-6


class Budget:
    """A few requests at once, then evenly spaced ones.

    Evenly, because a window that is used up at its beginning lets the same runs in first each time it opens.

    Args:
        per_minute: requests in any 60 seconds.
        burst: how many of them may be sent at once.
    """

    def __init__(self, per_minute: int = PER_MINUTE, burst: int = BURST) -> None:
        self._burst = burst
        self._pause = MINUTE / (per_minute - burst)
        self._full_at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until one more request fits; 0 when it fits now."""
        wait = self._full_at - now - self._pause * (self._burst - 1)
        return wait if wait > ROUNDING else 0.0

    def spend(self, now: float) -> None:
        """Count one request sent at this moment."""
        self._full_at = max(self._full_at, now) + self._pause
