"""`RateLimiter` says when a poll may be sent, and `next_request` which one. Pure: the clock is an argument.

An organization has 100 requests a minute for everything, so polls leave room for users, other notebooks and the web
app. Requests that a user makes are counted but never wait: polls wait instead. The answers show if others share the
quota; this process then takes only its part of what is left.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from origami_widgets.api.usage import Quota, TrafficEvent

T_co = TypeVar("T_co", covariant=True)

PER_MINUTE = 80
BURST = 10
KEPT = 2
"""Polls of a burst that are reserved for checks that a user waits for."""
MINUTE = 60.0
TRICKLE = 15.0
"""Seconds after which one more poll is sent, however many requests users send meanwhile."""
RESERVE = 0.3
"""Part of a shared quota that polls try not to use."""
LAST = 0.1
"""Part that polls never use: once it is reached, no poll is sent until the window is over."""
MORE, LESS = 1.0, 1.5
"""Steps towards equal shares of a quota: a step up is the same for all processes, a step down is larger for heavy users.
`MORE` is in polls a minute; `LESS` is the part of any excess use that is given back."""
AT_LEAST = 2.0
"""Minimum of polls a minute while nothing is refused and `LAST` is not reached."""
GENTLE = 10.0
"""Seconds between the first polls after a refusal. Processes that wait for the same moment spread over this time."""
JITTER = 0.2
"""Random part by which a pause varies, so that processes that began together drift apart."""
ROUNDING = 1e-6
NEVER = float("-inf")
# A separate generator: users who seed `random` get the same numbers as without this package.
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Pace:
    """Pause between polls up to `until`. Afterwards it shrinks to nothing within a minute.

    If `opens` is set, no poll is sent before it.
    """

    pause: float
    until: float
    opens: float = NEVER

    def earliest(self, now: float, last: float) -> float:
        if now < max(self.until, self.opens):
            return min(last + self.pause, self.until) if self.opens == NEVER else self.opens
        # The first poll after `until` does not pause.
        rest = max(0.0, 1 - (now - self.until) / MINUTE) if last >= self.until else 0.0
        return last + rest * self.pause


class RateLimiter:
    """Rate limiter of one organization: a few polls at once, then evenly spaced ones, fewer if others share the quota.

    They are evenly spaced, because a window used up at its start would serve the same runs first each time.

    Args:
        per_minute: polls in any 60 seconds, whatever the server allows.
        burst: how many polls may be sent at once.
        jitter: returns numbers from 0 to 1 that keep processes apart; random by default.
    """

    def __init__(
        self, per_minute: int = PER_MINUTE, burst: int = BURST, jitter: Callable[[], float] | None = None
    ) -> None:
        self._per_minute = per_minute
        self._pause = MINUTE / (per_minute - burst)
        self._slack = self._pause * (burst - 1)
        self._kept = self._pause * min(KEPT, burst - 1)
        self._jitter = jitter or _chance.random
        self._full_at = 0.0
        self._last = self._held_until = NEVER
        self._is_shared = False
        self._paces: dict[str, _Pace] = {}
        self._sent: deque[float] = deque()
        self._by_people: deque[float] = deque()

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
                *(pace.earliest(now, self._last) for pace in self._paces.values()),
            )
        return wait if (wait := earliest - now) > ROUNDING else 0.0

    def pause(self, now: float) -> float:
        """Return the seconds by which a poll sent now would delay the next one."""
        paces = (pace.earliest(now, now) - now for pace in self._paces.values())
        return max(0.0, max(self._full_at, now) + self._pause - self._slack + self._kept - now, *paces)

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
        self._note(self._sent, now)

    def count_request(self, now: float) -> None:
        """Count a request that is not a poll. It uses up the burst, but delays nothing urgent."""
        full_at = max(self._full_at, now) + self._pause
        self._full_at = max(self._full_at, min(full_at, now + self._slack))
        self._note(self._sent, now)
        self._note(self._by_people, now)

    def on_traffic(self, event: TrafficEvent, now: float) -> None:
        """Count a request that is not a poll, or apply the limits in an answer.

        A refusal's own duration counts; its quotas are less exact.
        """
        if event.refused_for is not None:
            self.on_refusal(event.refused_for, now)
        elif event.quotas:
            self.on_quotas(event.quotas, now)
        else:
            self.count_request(now)

    def on_quotas(self, quotas: Iterable[Quota], now: float) -> None:
        """Adapt the pauses between polls to the quotas in an answer."""
        for quota in quotas:
            self._paces[quota.scope] = self._pace(quota, now)

    def on_refusal(self, seconds: float, now: float) -> None:
        """Send no polls for so many seconds, as the server refuses them, and then not all at once."""
        self._held_until = max(self._held_until, now + seconds)
        # Without other processes, there is no rush to avoid.
        opens = self._held_until + (self._jitter() * GENTLE if self._is_shared else 0.0)
        self._paces["refused"] = _Pace(GENTLE, self._held_until, opens)

    def _pace(self, quota: Quota, now: float) -> _Pace:
        """Return the pause that spreads our part of the remaining quota over the rest of the window.

        As a window slides, our requests of a minute ago become free again, so we can keep our pace. Of the remainder we
        take only our part, because the others see the same remainder.
        """
        left = max(quota.resets_in, 1.0)
        sent = [at for at in self._sent if at > now - MINUTE]
        own = len(sent)
        others = max(0.0, quota.limit - quota.remaining - own)
        self._is_shared = others > 0
        room: float = sum(at <= now - MINUTE + left for at in sent)
        spare = quota.remaining - RESERVE * quota.limit
        if self._is_shared:
            spare *= (own + 1) / (own + 1 + others) * (1 if spare > 0 else LESS)
            room += MORE * left / MINUTE
        # Users will go on sending requests, too.
        room -= sum(at > now - MINUTE for at in self._by_people) * left / MINUTE
        pause = left / max(room + spare, AT_LEAST * left / MINUTE)
        if self._is_shared:
            pause *= 1 + JITTER * (2 * self._jitter() - 1)
        opens = now + left + self._jitter() * GENTLE if quota.remaining <= LAST * quota.limit else NEVER
        return _Pace(pause, now + left, opens)

    @staticmethod
    def _note(moments: deque[float], now: float) -> None:
        while moments and moments[0] <= now - MINUTE:
            moments.popleft()
        moments.append(now)


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
LOW_PRIORITY_PAUSE = 2.0
"""A low-priority request waits if it would delay the next one by more than this many seconds, as it does after a 429."""


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
        if rank >= best:
            continue
        may_be_passed_over = request.low_priority and others and passed_over < LOW_PRIORITY_TURN
        if may_be_passed_over and limiter.pause(now + wait) > LOW_PRIORITY_PAUSE:
            continue
        found, best = (wait, request), rank
    return found


def _due(request: PollRequest[object], now: float) -> float:
    if request.limit_at is None:
        return request.due
    return request.due - 2 * LIMITED_LEAD + min(max(request.limit_at - now, 0.0), LIMITED_LEAD)
