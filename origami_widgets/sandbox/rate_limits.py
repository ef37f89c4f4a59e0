"""Rate limits: sliding windows per address and for the organization, with the headers that report them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from origami_widgets.sandbox import error_responses

LIMIT_PER_ADDRESS, LIMIT_PER_ORGANIZATION = 300, 100
"""Requests per window."""

WINDOW_SECONDS = 60.0
"""Simulated seconds of a window. On the wall clock, it is never shorter than one second."""

_MAX_ADDRESSES = 1000


@dataclass(slots=True)
class SlidingWindow:
    """The requests of the last `seconds`, at most `limit` of them."""

    limit: int
    seconds: float
    _moments: deque[float] = field(default_factory=deque)

    def count(self, now: float) -> bool:
        """Count a request, or return False when the window is full."""
        self._forget(now)
        if len(self._moments) >= self.limit:
            return False
        self._moments.append(now)
        return True

    def retry_after(self, now: float) -> int:
        """Return the whole seconds until a request would be accepted again, at least 1."""
        return max(1, math.ceil(self._moments[0] + self.seconds - now)) if self._moments else 1

    def headers(self, scope: Literal["IP", "Global"], now: float) -> dict[str, str]:
        """Return the headers that report the limit, what remains and the Unix second at which the window is empty."""
        self._forget(now)
        newest = self._moments[-1] if self._moments else now
        return {
            f"X-RateLimit-Limit-{scope}": str(self.limit),
            f"X-RateLimit-Remaining-{scope}": str(self.limit - len(self._moments)),
            f"X-RateLimit-Reset-{scope}": str(math.ceil(newest + self.seconds)),
        }

    def _forget(self, now: float) -> None:
        while self._moments and self._moments[0] <= now - self.seconds:
            self._moments.popleft()


class RateLimits:
    """Rate limits of one organization.

    Args:
        speed: simulated seconds per wall second.
    """

    def __init__(self, speed: float) -> None:
        self._seconds = max(1.0, WINDOW_SECONDS / speed)
        self._organization = SlidingWindow(LIMIT_PER_ORGANIZATION, self._seconds)
        self._addresses: dict[str, SlidingWindow] = {}

    def count_address(self, address: str, now: float) -> dict[str, str]:
        """Count a request of an address and return its headers.

        Raises:
            ErrorResponse: the address has used up its limit.
        """
        while len(self._addresses) > _MAX_ADDRESSES:
            self._addresses.pop(next(iter(self._addresses)))
        window = self._addresses.setdefault(address, SlidingWindow(LIMIT_PER_ADDRESS, self._seconds))
        return self._count(window, "IP", now)

    def count_organization(self, now: float) -> dict[str, str]:
        """Count a request of the organization and return its headers.

        Raises:
            ErrorResponse: the organization has used up its limit.
        """
        return self._count(self._organization, "Global", now)

    def _count(self, window: SlidingWindow, scope: Literal["IP", "Global"], now: float) -> dict[str, str]:
        if window.count(now):
            return window.headers(scope, now)
        error = error_responses.rate_limited(window.retry_after(now))
        error.headers |= window.headers(scope, now)
        raise error
