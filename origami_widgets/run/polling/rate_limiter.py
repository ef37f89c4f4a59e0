"""`RateLimiter` says when a poll may be sent, and `next_request` which one. Pure: the clock is an argument.

An organization has 100 requests a minute for everything, so polls leave room for users, other notebooks and the web
app. Requests that a user makes are counted but never wait: polls wait instead. If several kernels use up the limit
together, each waits as long as the server says.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.api.usage import TrafficEvent

T_co = TypeVar("T_co", covariant=True)

PER_MINUTE = 80
BURST = 10
KEPT = 2
"""Polls of a burst that are reserved for checks that a user waits for."""
MINUTE = 60.0
TRICKLE = 15.0
"""Seconds after which one more poll is sent, however many requests users send meanwhile."""
ROUNDING = 1e-6
NEVER = float("-inf")


class RateLimiter:
    """Rate limiter of one organization: a few polls at once, then evenly spaced ones.

    They are evenly spaced, because a window used up at its start would serve the same runs first each time.

    Args:
        per_minute: polls in any 60 seconds, whatever the server allows.
        burst: how many polls may be sent at once.
    """

    def __init__(self, per_minute: int = PER_MINUTE, burst: int = BURST) -> None:
        self._per_minute = per_minute
        self._pause = MINUTE / (per_minute - burst)
        self._slack = self._pause * (burst - 1)
        self._kept = self._pause * min(KEPT, burst - 1)
        self._full_at = 0.0
        self._last = self._held_until = NEVER
        self._sent: deque[float] = deque()

    def wait(self, now: float, *, urgent: bool = False, after_urgent: bool = False) -> float:
        """Return the seconds until one more poll may be sent; 0 for now.

        Args:
            now: the present moment.
            urgent: a user waits for the poll. It may use the reserved polls, but must wait until a refusal is over.
            after_urgent: the last poll was urgent. No polls are then reserved, or many urgent ones would hold up all
                others.
        """
        if urgent:
            earliest = max(self._held_until, self._full_at - self._slack)
        else:
            # Users' requests never wait, so together with polls there may be more than that. Polls wait instead.
            counted = self._sent[-self._per_minute] + MINUTE if len(self._sent) >= self._per_minute else NEVER
            earliest = max(
                self._held_until,
                min(
                    max(counted, self._full_at - self._slack + (0.0 if after_urgent else self._kept)),
                    self._last + TRICKLE,
                ),
            )
        return wait if (wait := earliest - now) > ROUNDING else 0.0

    def refused_for(self, now: float) -> float:
        """Return the seconds for which the server has said that it refuses all requests; 0 if it accepts them."""
        return max(0.0, self._held_until - now)

    def count_poll(self, now: float) -> None:
        """Count one poll sent at this moment."""
        if self._last == NEVER:
            # Start without the full burst: other processes may begin at the same moment, and nothing shows them yet.
            self._full_at = max(self._full_at, now + self._slack - self._kept)
        self._full_at = max(self._full_at, now) + self._pause
        self._last = now
        self._note(now)

    def count_request(self, now: float) -> None:
        """Count a request that is not a poll. It uses up the burst, but delays nothing urgent."""
        full_at = max(self._full_at, now) + self._pause
        self._full_at = max(self._full_at, min(full_at, now + self._slack))
        self._note(now)

    def on_traffic(self, event: TrafficEvent, now: float) -> None:
        """Count a request that is not a poll, or hold polls after a refusal."""
        if event.refused_for is not None:
            self.on_refusal(event.refused_for, now)
        else:
            self.count_request(now)

    def on_refusal(self, seconds: float, now: float) -> None:
        """Send no polls for so many seconds, as the server refuses them, and then no burst."""
        self._held_until = max(self._held_until, now + seconds)
        self._full_at = max(self._full_at, self._held_until + self._slack - self._kept)

    def _note(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - MINUTE:
            self._sent.popleft()
        self._sent.append(now)


class PollRequest(NamedTuple, Generic[T_co]):
    """Request that the poller has to send. The poller makes one for each run whenever it plans: a tuple is made quickly.

    Attributes:
        purpose: what the request is for.
        due: the earliest moment to send it.
        limiter: the rate limiter that counts it.
        urgent: whether a user waits for the answer.
        low_priority: whether it waits for all others, as a table list does; now and then it goes first.
        limit_at: when a credit limit that relies on the answer is expected to be reached; None if none relies on it.
    """

    purpose: T_co
    due: float
    limiter: RateLimiter
    urgent: bool = False
    low_priority: bool = False
    limit_at: float | None = None


LOW_PRIORITY_TURN = 5
"""A low-priority request goes first after this many others, or, if there are fewer, after each of them was sent once."""
LIMITED_LEAD = 30.0
"""Seconds by which requests for a credit limit go before others, and twice as many if it is being reached. With many such
runs, others would else never be sent."""


def next_request(
    requests: Iterable[PollRequest[T_co]], now: float, *, others_first: bool = False, passed_over: int = 0
) -> tuple[float, PollRequest[T_co]] | tuple[None, None]:
    """Return the seconds to wait and the request to send then; (None, None) without requests.

    Urgent requests go first and low-priority ones last. Among equals, the one that has been due longest goes first; those
    for a credit limit count as due `LIMITED_LEAD` earlier, and those that are nearest to it earlier still.

    Args:
        requests: all requests to send.
        now: the present moment.
        others_first: prefer a request that is not urgent, because the last one was. Otherwise many urgent requests
            would block all others.
        passed_over: how many requests have been sent since the last low-priority one.
    """
    requests = tuple(requests)
    others = sum(not request.low_priority for request in requests)
    low_first = passed_over >= min(max(others, 1), LOW_PRIORITY_TURN)
    found: tuple[float, PollRequest[T_co]] | tuple[None, None] = (None, None)
    best = (float("inf"), True, True, 0.0)
    waits: dict[tuple[int, bool], float] = {}
    for request in requests:
        limiter, urgent = request.limiter, request.urgent and request.due <= now
        allowed = waits.get((id(limiter), urgent))
        if allowed is None:
            allowed = waits[id(limiter), urgent] = limiter.wait(now, urgent=urgent, after_urgent=others_first)
        wait = max(allowed, request.due - now, 0.0)
        if wait > best[0]:
            continue
        rank = (wait, urgent == others_first, request.low_priority != low_first, _due(request, now))
        if rank < best:
            found, best = (wait, request), rank
    return found


def _due(request: PollRequest[object], now: float) -> float:
    if request.limit_at is None:
        return request.due
    return request.due - 2 * LIMITED_LEAD + min(max(request.limit_at - now, 0.0), LIMITED_LEAD)
