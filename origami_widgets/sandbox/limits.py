"""Request quotas: sliding windows per address and for the organization, with the headers that report them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from origami_widgets.sandbox import errors

PER_ADDRESS, PER_ORGANIZATION = 300, 100
"""Requests per window."""

WINDOW = 60.0
"""Simulated seconds of a window; on the wall clock it is never shorter than one second."""

_MOST_ADDRESSES = 1000


@dataclass(slots=True)
class Window:
    """The requests of the last `seconds`, at most `limit` of them."""

    limit: int
    seconds: float
    _moments: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count a request; False, and not counted, when the window is full."""
        self._forget(now)
        if len(self._moments) >= self.limit:
            return False
        self._moments.append(now)
        return True

    def wait(self, now: float) -> int:
        """Return the whole seconds until a request would be taken again, at least 1."""
        return max(1, math.ceil(self._moments[0] + self.seconds - now)) if self._moments else 1

    def headers(self, scope: Literal["IP", "Global"], now: float) -> dict[str, str]:
        """Report limit, remainder and the Unix second at which the window is free again."""
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


class Quota:
    """The quotas of one organization.

    Args:
        speed: simulated seconds per wall second.
    """

    def __init__(self, speed: float) -> None:
        self._seconds = max(1.0, WINDOW / speed)
        self._organization = Window(PER_ORGANIZATION, self._seconds)
        self._addresses: dict[str, Window] = {}

    def take_address(self, address: str, now: float) -> dict[str, str]:
        """Count a request of an address; return its headers, or refuse."""
        while len(self._addresses) > _MOST_ADDRESSES:
            self._addresses.pop(next(iter(self._addresses)))
        window = self._addresses.setdefault(address, Window(PER_ADDRESS, self._seconds))
        return self._take(window, "IP", now)

    def take_organization(self, now: float) -> dict[str, str]:
        """Count a request of the organization; return its headers, or refuse."""
        return self._take(self._organization, "Global", now)

    def _take(self, window: Window, scope: Literal["IP", "Global"], now: float) -> dict[str, str]:
        if window.take(now):
            return window.headers(scope, now)
        refused = errors.rate_limited(window.wait(now))
        refused.headers |= window.headers(scope, now)
        raise refused
