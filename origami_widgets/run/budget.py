"""How many requests the polls of this process may send. Pure: the clock is an argument.

The organization has 100 requests a minute for everything; polls leave room for people, notebooks beside this one, and
the web app.
"""

from __future__ import annotations

from collections import deque

POLLS_PER_WINDOW = 80
WINDOW = 60.0


class Budget:
    """A sliding window over the requests that were sent.

    Args:
        limit: requests per window.
        window: length of the window in seconds.
    """

    def __init__(self, limit: int = POLLS_PER_WINDOW, window: float = WINDOW) -> None:
        self._limit = limit
        self._window = window
        self._sent: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more request fits; 0 when it fits now."""
        while self._sent and self._sent[0] <= now - self._window:
            self._sent.popleft()
        if len(self._sent) < self._limit:
            return 0.0
        # Not simply the oldest: rounding can leave one more in the window than fits.
        return max(0.0, self._sent[len(self._sent) - self._limit] + self._window - now)

    def spend(self, now: float) -> None:
        """Count one request sent at this moment."""
        self._sent.append(now)
