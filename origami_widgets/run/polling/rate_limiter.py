"""`RateLimiter` says when a poll may be sent, and `next_request` which one. Pure: the clock is an argument.

An organization has 100 requests a minute for everything, so polls leave room for users, other notebooks and the web
app. Requests that a user makes are counted but never wait: polls wait instead. If several kernels use up the limit
together, each waits as long as the server says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from origami_widgets.api.usage import Quota, TrafficEvent

PER_MINUTE = 80
BURST = 10
KEPT = 2
"""Polls of a burst that are reserved for checks that a user waits for."""
MINUTE = 60.0
TRICKLE = 15.0
"""Seconds after which one more poll is sent, however many requests users send meanwhile."""
LAST = 0.1
"""Part of a quota that polls never use: once it is reached, they wait until the window is over."""
LOW_PRIORITY_TURN = 5
"""A low-priority request goes first after this many others."""
LIMITED_LEAD = 30.0
"""Seconds by which requests for a credit limit go before others, and twice as many if it is being reached. With many such
runs, others would else never be sent."""
ROUNDING = 1e-6
NEVER = float("-inf")


class RateLimiter:
    """Rate limiter of one organization: a few polls at once, then evenly spaced ones.

    They are evenly spaced, because a window used up at its start would serve the same runs first each time.

    Attributes:
        urgent_last: whether the last poll was urgent. Others then go first, and no polls are reserved: many urgent ones
            would hold up all others.
        passed_over: how many polls have been sent since the last low-priority one.
    """

    def __init__(self) -> None:
        self.urgent_last = False
        self.passed_over = 0
        self._pause = MINUTE / (PER_MINUTE - BURST)
        self._slack = self._pause * (BURST - 1)
        self._full_at = 0.0
        self._last = self._refused_until = self._used_up_until = NEVER
        self._sent: deque[float] = deque(maxlen=PER_MINUTE)

    def wait(self, now: float, *, urgent: bool = False, for_limit: bool = False) -> float:
        """Return the seconds until one more poll may be sent; 0 for now.

        Args:
            now: the present moment.
            urgent: a user waits for the poll. It may use the reserved polls, but must wait until a refusal is over.
            for_limit: a credit limit relies on the poll. It may use what is left of a quota.
        """
        evenly = self._full_at - self._slack
        if not urgent:
            evenly += 0.0 if self.urgent_last else self._pause * KEPT
            # Users' requests never wait, so together with polls there may be more than that. Polls wait instead.
            counted = self._sent[0] + MINUTE if len(self._sent) == PER_MINUTE else NEVER
            evenly = min(max(counted, evenly), self._last + TRICKLE)
        used_up = NEVER if urgent or for_limit else self._used_up_until
        wait = max(self._refused_until, used_up, evenly) - now
        return wait if wait > ROUNDING else 0.0

    def refused_for(self, now: float) -> float:
        """Return the seconds for which the server has said that it refuses all requests; 0 if it accepts them."""
        return max(0.0, self._refused_until - now)

    def count_poll(self, now: float, *, urgent: bool = False, low_priority: bool = False) -> None:
        """Count one poll sent at this moment."""
        self.urgent_last = urgent
        self.passed_over = 0 if low_priority else self.passed_over + 1
        if max(self._refused_until, self._used_up_until) >= self._last:
            # Begin without the full burst: other processes may begin at the same moment, and nothing shows them yet.
            self._full_at = max(self._full_at, now + self._slack - self._pause * KEPT)
        self._full_at = max(self._full_at, now) + self._pause
        self._last = now
        self._sent.append(now)

    def count_request(self, now: float) -> None:
        """Count a request that is not a poll. It uses up the burst, but delays nothing urgent."""
        full_at = max(self._full_at, now) + self._pause
        self._full_at = max(self._full_at, min(full_at, now + self._slack))
        self._sent.append(now)

    def on_traffic(self, event: TrafficEvent, now: float) -> None:
        """Count a request that is not a poll, or apply the limits in an answer.

        A refusal's own duration counts; its quotas are less exact.
        """
        if event.refused_for is not None:
            self._refused_until = max(self._refused_until, now + event.refused_for)
        elif event.quotas:
            self.on_quotas(event.quotas, now)
        else:
            self.count_request(now)

    def on_quotas(self, quotas: Iterable[Quota], now: float) -> None:
        """Hold polls until the window is over if an answer says that little of a quota is left."""
        for quota in quotas:
            if quota.remaining <= LAST * quota.limit:
                self._used_up_until = max(self._used_up_until, now + quota.resets_in)


class PollRequest(NamedTuple):
    """Request that the poller has to send. The poller makes one for each run whenever it plans: a tuple is made quickly.

    Attributes:
        purpose: sends the request.
        due: the earliest moment to send it.
        limiter: the rate limiter that counts it.
        urgent: whether a user waits for the answer.
        low_priority: whether it waits for all others, as a table list does; now and then it goes first.
        limit_at: when a credit limit that relies on the answer is expected to be reached; None if none relies on it.
    """

    purpose: Callable[[], None]
    due: float
    limiter: RateLimiter
    urgent: bool = False
    low_priority: bool = False
    limit_at: float | None = None


def next_request(requests: Iterable[PollRequest], now: float) -> tuple[float, PollRequest] | tuple[None, None]:
    """Return the seconds to wait and the request to send then; (None, None) without requests.

    Urgent requests go first and low-priority ones last. Among equals, the one that has been due longest goes first; those
    for a credit limit count as due `LIMITED_LEAD` earlier, and those that are nearest to it earlier still.
    """

    def rank(request: PollRequest) -> tuple[float, bool, bool, float]:
        limiter, due, urgent = request.limiter, request.due, request.urgent and request.due <= now
        is_limited = request.limit_at is not None
        wait = max(limiter.wait(now, urgent=urgent, for_limit=is_limited), due - now)
        if request.limit_at is not None:
            due -= 2 * LIMITED_LEAD - min(max(request.limit_at - now, 0.0), LIMITED_LEAD)
        is_low_turn = limiter.passed_over >= LOW_PRIORITY_TURN
        return wait, urgent == limiter.urgent_last, request.low_priority != is_low_turn, due

    found = min(requests, key=rank, default=None)
    return (None, None) if found is None else (rank(found)[0], found)
