"""How many polls may be sent, and when. Pure: the clock is an argument.

The organization has 100 requests a minute for everything; polls leave room for people, notebooks beside this one, and
the web app. What a person does is counted, but never waits: polls yield. When others share the quota, the answers tell
it, and this process takes its part of what is left.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from origami_widgets.api.quota import Quota

PER_MINUTE = 80
BURST = 10
KEPT = 2
"""How many of a burst are kept for checks that a person waits for."""
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
UNEVEN = 0.2
"""By how much a pause is made longer or shorter, so that processes which began together do not go on together."""
ROUNDING = 1e-6
NEVER = float("-inf")
# The numbers of `random` itself are the person's: whoever has seeded them wants the same ones again.
_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Pace:
    """A pause between polls, from one moment until another, after which it shrinks to nothing within a minute.

    There is no poll before it `opens`, where it does.
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


class Budget:
    """A few polls at once, then evenly spaced ones, and fewer when the quota is shared.

    Evenly, because a window that is used up at its beginning lets the same runs in first each time it opens.

    Args:
        per_minute: polls in any 60 seconds, whatever the server allows.
        burst: how many of them may be sent at once.
        uneven: returns numbers from 0 to 1, to keep apart from other processes.
    """

    def __init__(
        self, per_minute: int = PER_MINUTE, burst: int = BURST, uneven: Callable[[], float] = _chance.random
    ) -> None:
        self._per_minute = per_minute
        self._pause = MINUTE / (per_minute - burst)
        self._slack = self._pause * (burst - 1)
        self._kept = self._pause * min(KEPT, burst - 1)
        self._uneven = uneven
        self._full_at = 0.0
        self._last = self._held_until = NEVER
        self._is_shared = False
        self._paces: dict[str, _Pace] = {}
        self._sent: deque[float] = deque()
        self._by_people: deque[float] = deque()

    def wait(self, now: float, *, urgent: bool = False, after_urgent: bool = False) -> float:
        """Seconds until one more poll may be sent; 0 when it may be sent now.

        Args:
            now: the present moment.
            urgent: a person waits for it. It may use what is kept for people, but not come before a refusal is over.
            after_urgent: the last one was urgent; then nothing is kept, or many of them would let nobody else through.
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
        """Seconds that a poll sent now would put off the next one."""
        paces = (pace.earliest(now, now) - now for pace in self._paces.values())
        return max(0.0, max(self._full_at, now) + self._pause - self._slack + self._kept - now, *paces)

    def held(self, now: float) -> bool:
        """Whether the server refuses all requests at the moment, as it has told."""
        return now < self._held_until

    def spend(self, now: float) -> None:
        """Count one poll sent at this moment."""
        if self._last == NEVER:
            # Others may begin at the same moment, and nothing is known of them yet.
            self._full_at = max(self._full_at, now + self._slack - self._kept)
        self._full_at = max(self._full_at, now) + self._pause
        self._last = now
        self._note(self._sent, now)

    def count(self, now: float) -> None:
        """Count a request that is no poll. It uses up what may be sent at once, but puts off nothing urgent."""
        full_at = max(self._full_at, now) + self._pause
        self._full_at = max(self._full_at, min(full_at, now + self._slack))
        self._note(self._sent, now)
        self._note(self._by_people, now)

    def hear(self, quotas: Iterable[Quota], now: float) -> None:
        """Learn from an answer what is left."""
        for quota in quotas:
            self._paces[quota.scope] = self._pace(quota, now)

    def refuse(self, seconds: float, now: float) -> None:
        """The server refuses requests for so many seconds: nobody asks before, and then not all at once."""
        self._held_until = max(self._held_until, now + seconds)
        # Alone, there is nobody to keep apart from.
        opens = self._held_until + (self._uneven() * GENTLE if self._is_shared else 0.0)
        self._paces["refused"] = _Pace(GENTLE, now, self._held_until, opens)

    def _pace(self, quota: Quota, now: float) -> _Pace:
        """The pause that spreads our part of what is left over the rest of the window.

        While a window slides, what was sent a minute ago comes back, so we may go on as we did. Of what is left besides
        we take no more than our part, as the others see the same remainder.
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
        # People go on, too.
        room -= sum(at > now - MINUTE for at in self._by_people) * left / MINUTE
        pause = left / max(room + spare, AT_LEAST * left / MINUTE)
        if self._is_shared:
            pause *= 1 + UNEVEN * (2 * self._uneven() - 1)
        if (before := self._paces.get(quota.scope)) is not None:
            pause = max(pause, before.pause * math.exp((before.since - now) / RELAX))
        opens = now + left + self._uneven() * GENTLE if quota.remaining <= LAST * quota.limit else NEVER
        return _Pace(pause, now, now + left, opens)

    @staticmethod
    def _note(moments: deque[float], now: float) -> None:
        while moments and moments[0] <= now - MINUTE:
            moments.popleft()
        moments.append(now)
