"""What an answer says about the quotas: its `X-RateLimit-*` headers, and how long a 429 asks everybody to wait. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from origami_widgets.api.answer import Answer

WINDOW = 60.0
"""Seconds of a window. What is said to be over later, or long ago, was not read against the clock that it was set by."""
DOCUMENTED = {"ip": 300.0, "global": 100.0, "org": 100.0}
"""Requests in a window by scope, where an answer leaves its limit out."""
MOST = 1e9
"""More means the same as this many to every caller."""
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Bounds of what a 429 may ask for: a header that says a day is a mistake, and the runs would be lost to it."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota as it stood when the server answered.

    Attributes:
        scope: whose it is: `ip`, `global` or `org` (two names for the organization's).
        limit: requests in a window.
        remaining: how many of them are left, at most `limit`.
        resets_in: seconds from the answer until the window is over, at most 60.
    """

    scope: str
    limit: float
    remaining: float
    resets_in: float


def read_quotas(headers: Mapping[str, str], now: datetime | None) -> tuple[Quota, ...]:
    """The quotas that an answer reports; one whose remainder cannot be read is left out.

    Args:
        headers: the answer's headers, names in lower case.
        now: the server's own clock (its `Date`), against which a reset is read; it may be hours off.

    >>> read_quotas({"x-ratelimit-remaining-global": "42"}, None)
    (Quota(scope='global', limit=100.0, remaining=42.0, resets_in=60.0),)
    """
    found = []
    for scope, documented in DOCUMENTED.items():
        remaining = _numbers(headers.get(f"x-ratelimit-remaining-{scope}"))
        if not remaining:
            continue
        # Where a proxy has joined two values, the tighter one counts.
        limit = min(_numbers(headers.get(f"x-ratelimit-limit-{scope}")), default=documented)
        reset = max(_numbers(headers.get(f"x-ratelimit-reset-{scope}")), default=None)
        found.append(Quota(scope, limit, min(*remaining, limit), _resets_in(reset, now)))
    return tuple(found)


def told_to_wait(answer: Answer) -> float | None:
    """Seconds for which a refusal keeps the whole organization from asking, None when the answer is no such refusal.

    A full pool of runs is no such refusal: it has the same status, and says nothing about requests.
    """
    if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    if isinstance(answer.body, dict) and answer.body.get("code") == "CONCURRENT_LIMIT_EXCEEDED":
        return None
    return min(max(answer.retry_after or 0.0, SHORTEST_WAIT), LONGEST_WAIT)


def _numbers(value: str | None) -> list[float]:
    parts = (part.strip() for part in (value or "").split(","))
    # More digits than a float can hold become infinity here; fewer than none are left means that none is.
    return [min(max(float(part), 0.0), MOST * 10) for part in parts if _NUMBER.fullmatch(part)]


def _resets_in(reset: float | None, now: datetime | None) -> float:
    if reset is None or now is None:
        return WINDOW
    seconds = reset - now.timestamp()
    # Both are rounded to whole seconds, in either direction.
    return min(max(seconds, 0.0), WINDOW) if -1.0 <= seconds <= WINDOW + 2.0 else WINDOW
