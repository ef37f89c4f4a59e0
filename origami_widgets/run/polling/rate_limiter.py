"""`RateLimiter`: how many polls may be sent, and `next_request`: which one is next. Pure: the clock is an argument.

The organization has 100 requests a minute for everything; polls leave room for people, other notebooks and the web app.
Requests that a person makes are counted, but never wait: polls wait instead. When others share the quota, the answers show
it, and this process takes its part of what is left.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from origami_widgets.api.usage import Quota, TrafficEvent

T_co = TypeVar("T_co", covariant=True)

PER_MINUTE = 80
BURST = 10
KEPT = 2
"""Polls of a burst that are kept for checks that a person waits for."""
MINUTE = 60.0
TRICKLE = 15.0
"""Seconds after which one more poll is sent, however many requests a person sends meanwhile."""
RESERVE = 0.3
"""The part of a shared quota that polls aim to leave alone."""
LAST = 0.1
"""The part that they do not touch: there are none until the window is over."""
MORE, LESS = 1.0, 1.5
"""What shares a quota alike in the end: a step up is the same for all, a step down larger for who uses more. `MORE` is
in polls a minute; `LESS` is how much of what is used too much is given back."""
AT_LEAST = 2.0
"""Polls a minute while nothing is refused and the last part is not reached."""
GENTLE = 10.0
"""Seconds between the first polls after a refusal, and within which processes that wait for one moment begin again."""
RELAX = 20.0
"""Seconds in which a pause shrinks to a third at most: one answer with a large remainder is no reason for a rush."""
JITTER = 0.2
"""By how much a pause is made longer or shorter, so that processes which began together do not go on together."""
ROUNDING = 1e-6
NEVER = float("-inf")
# A generator of its own: a user who has seeded `random` gets the same numbers as without this package.
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Pace:
    """Pause between polls from one moment until another, after which it shrinks to nothing within a minute.

    No poll is sent before `opens`, where that is set.
    """

    pause: float
    since: float
    until: float
    opens: float = NEVER

    def earliest(self, now: float, last: float) -> float:
        if now < max(self.until, self.opens):
            return min(last + self.pause, self.until) if self.opens == NEVER else self.opens
        # The first one after that moment is free.
        rest = max(0.0, 1 - (now - self.until) / MINUTE) if last >= self.until else 0.0
        return last + rest * self.pause


class RateLimiter:
    """Rate limiter of one organization: a few polls at once, then evenly spaced ones, fewer when others share the quota.

    Evenly, because a window that is used up at its beginning would serve the same runs first each time.

    Args:
        per_minute: polls in any 60 seconds, whatever the server allows.
        burst: how many of them may be sent at once.
        jitter: returns numbers from 0 to 1, to keep apart from other processes. By default they are random.
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
        """Return the seconds until one more poll may be sent; 0 when it may be sent now.

        Args:
            now: the present moment.
            urgent: a person waits for it. It may use polls that are kept for people, but must wait until a refusal is over.
            after_urgent: the last poll was urgent; then none are kept, or many urgent ones would hold up all others.
        """
        if urgent:
            earliest = max(self._held_until, self._full_at - self._slack)
        else:
            # People may have sent more than that; what they send is not put off, so polls are.
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

    def is_refused(self, now: float) -> bool:
        """Return whether the server has said that it refuses all requests at this moment."""
        return now < self._held_until

    def count_poll(self, now: float) -> None:
        """Count one poll sent at this moment."""
        if self._last == NEVER:
            # Other processes may begin at the same moment, and nothing is known of them yet.
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
        """Count a request that was not counted as a poll, or take account of an answer.

        A refusal says how long it lasts, which its quotas say less exactly.
        """
        if event.refused_for is not None:
            self.on_refusal(event.refused_for, now)
        elif event.quotas:
            self.on_quotas(event.quotas, now)
        else:
            self.count_request(now)

    def on_quotas(self, quotas: Iterable[Quota], now: float) -> None:
        """Take account of the quotas in an answer."""
        for quota in quotas:
            self._paces[quota.scope] = self._pace(quota, now)

    def on_refusal(self, seconds: float, now: float) -> None:
        """Send nothing for so many seconds, while the server refuses requests, and then not all at once."""
        self._held_until = max(self._held_until, now + seconds)
        # Alone, there are no others to keep apart from.
        opens = self._held_until + (self._jitter() * GENTLE if self._is_shared else 0.0)
        self._paces["refused"] = _Pace(GENTLE, now, self._held_until, opens)

    def _pace(self, quota: Quota, now: float) -> _Pace:
        """Return the pause that spreads our part of the remaining quota over the rest of the window.

        While a window slides, requests of a minute ago are free again, so we may go on as we did. Of the rest we take no
        more than our part, as the others see the same remainder.
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
        # People go on sending requests, too.
        room -= sum(at > now - MINUTE for at in self._by_people) * left / MINUTE
        pause = left / max(room + spare, AT_LEAST * left / MINUTE)
        if self._is_shared:
            pause *= 1 + JITTER * (2 * self._jitter() - 1)
        if (before := self._paces.get(quota.scope)) is not None:
            pause = max(pause, before.pause * math.exp((before.since - now) / RELAX))
        opens = now + left + self._jitter() * GENTLE if quota.remaining <= LAST * quota.limit else NEVER
        return _Pace(pause, now, now + left, opens)

    @staticmethod
    def _note(moments: deque[float], now: float) -> None:
        while moments and moments[0] <= now - MINUTE:
            moments.popleft()
        moments.append(now)


@dataclass(frozen=True, slots=True)
class PollRequest(Generic[T_co]):
    """Request that the poller is to send.

    Attributes:
        purpose: what the request is for.
        due: the earliest moment to send it.
        limiter: the rate limit that it counts towards.
        urgent: a person waits for the answer.
        low_priority: such as a table list: sent when no other request is due, and now and then before one.
    """

    purpose: T_co
    due: float
    limiter: RateLimiter
    urgent: bool = False
    low_priority: bool = False


LOW_PRIORITY_TURN = 5
"""A low-priority request goes first after this many others, or after each of them has been sent once if there are fewer."""
LOW_PRIORITY_PAUSE = 2.0
"""A low-priority request waits if it would delay the next one by more than this many seconds, as it does after a 429."""


def next_request(
    requests: Iterable[PollRequest[T_co]], now: float, *, others_first: bool = False, passed_over: int = 0
) -> tuple[float, PollRequest[T_co]] | tuple[None, None]:
    """Return the next request to send, and in how many seconds; (None, None) when there is none.

    Urgent requests go first and low-priority ones last. Among equals, the one that has been due longest goes first.

    Args:
        requests: all requests that are to be sent.
        now: the present moment.
        others_first: prefer a request that is not urgent, because the last one was: otherwise many urgent requests
            would keep all others from being sent.
        passed_over: how many requests were sent since the last low-priority one.
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
        may_be_passed_over = request.low_priority and others and passed_over < LOW_PRIORITY_TURN
        if may_be_passed_over and limiter.pause(now + wait) > LOW_PRIORITY_PAUSE:
            continue
        rank = (wait, urgent == others_first, request.low_priority != low_first, request.due)
        if rank < best:
            found, best = (wait, request), rank
    return found
