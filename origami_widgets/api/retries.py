"""When a request is repeated, and what the answers say about it: `Retry-After`, and the quotas of the organization.

Reading again costs nothing. Starting again may cost credits: the same idempotency key is sent each time, and after a
5xx, which the server does not remember, nothing is sent again at all. Polls are not repeated here: they have a schedule.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
import weakref
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from origami_widgets.api.errors import (
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    ServerError,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping

    from origami_widgets.api.answer import Answer

T = TypeVar("T")

ATTEMPTS = 4
LONGEST_IN_ALL = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
NOT_BEGUN = (408, 425)
ATTEMPTS_WITHOUT_TRUST = 2
"""A certificate or a proxy that refuses does so the next time too."""
LONGEST_RETRY_AFTER = 86_400.0
"""Longer waits mean the same as this one to every caller, and overflow nothing."""
SHORTEST_REFUSAL, LONGEST_REFUSAL = 1.0, 300.0
"""Bounds of what a 429 may ask for: a header that says a day is a mistake, and the runs would be lost to it."""
WINDOW = 60.0
"""Seconds of a window. What is said to be over later, or long ago, was not read against the clock that it was set by."""
DOCUMENTED = {"ip": 300.0, "global": 100.0, "org": 100.0}
"""Requests in a window by scope, where an answer leaves its limit out."""
LARGEST_NUMBER = 1e10
"""More means the same as this many to every caller."""
MOST_REMEMBERED = 1_000

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?", re.ASCII)
# The numbers of `random` itself are the person's: whoever has seeded them wants the same ones again.
_chance = random.SystemRandom()


async def with_retries(
    call: Callable[[], Awaitable[T]],
    is_retryable: Callable[[OrigamiError], bool] = lambda error: error.transient,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Send a request until it succeeds, its error is not retryable, or four attempts or two minutes are used up.

    Args:
        call: sends the request once.
        is_retryable: whether an error is worth another attempt; the default suits requests that change nothing.
        pause: waits between two attempts.

    Raises:
        OrigamiError: the last attempt's error.
    """
    began, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        try:
            return await call()
        except OrigamiError as error:
            most = ATTEMPTS_WITHOUT_TRUST if error.code in ("TLS_FAILED", "PROXY_REFUSED") else ATTEMPTS
            backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempts - 1)) * _chance.uniform(0.75, 1.25)
            wait = max(backoff, error.retry_after or 0.0)
            is_too_late = time.monotonic() - began + wait >= LONGEST_IN_ALL
            if attempts >= most or is_too_late or not is_retryable(error):
                raise
        await pause(wait)


def is_start_retryable(error: OrigamiError) -> bool:
    """Whether a POST that starts a run may be sent again with the same key.

    Yes where nothing arrived, where the first attempt is still in flight, and where an answer got lost, which the
    server then repeats. No after a 5xx, which the server does not remember: it would run again, even with the key. No
    after a refusal that the server repeats: it would repeat it for ever.
    """
    if error.is_replay:
        return False
    if isinstance(error, ServerError):
        return error.status_code in NOT_BEGUN
    if isinstance(error, IdempotencyConflict):
        return True
    return isinstance(error, ConnectionFailed | RateLimited | UnexpectedAnswer) and error.transient


def retry_after(values: Iterable[str], *, now: datetime | None) -> float | None:
    """Seconds to wait, from `Retry-After` in every form that servers and proxies have been seen to send.

    Args:
        values: the header's values; the longest readable wait counts, so that no request is sent too early.
        now: the server's own clock (its `Date`), against which a date is read; None for this machine's.

    Returns:
        0 to 86,400 seconds, or None when no value can be read.

    >>> retry_after(["15"], now=None)
    15.0
    >>> retry_after(["soon"], now=None) is None
    True
    """
    waits = [wait for value in values for part in _parts(value) if (wait := _one(part.strip(), now)) is not None]
    return max(waits) if waits else None


def http_date(value: str) -> datetime | None:
    """The moment in an HTTP date of any of its three forms, None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
        # In another zone than UTC a date may lie before the first year or after the last one.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _parts(value: str) -> list[str]:
    """Two headers that a proxy has joined; a date has a comma of its own."""
    parts = value.split(",")
    return parts if all(_SECONDS.fullmatch(part.strip()) for part in parts) else [value]


def _one(value: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(value):
        # More digits than a float can hold become infinity here, and the longest wait below.
        return min(float(value), LONGEST_RETRY_AFTER)
    moment = http_date(value)
    if moment is None:
        return None
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER)


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
    """The quotas that an answer reports in `X-RateLimit-*`; one whose remainder cannot be read is left out.

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


def refused_for(answer: Answer) -> float | None:
    """Seconds for which the server refuses all requests of the organization; None when it does not.

    No free run slot is no such refusal: it has the same status, and says nothing about requests.
    """
    if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    if isinstance(answer.body, dict) and answer.body.get("code") == "CONCURRENT_LIMIT_EXCEEDED":
        return None
    return min(max(answer.retry_after or 0.0, SHORTEST_REFUSAL), LONGEST_REFUSAL)


def _numbers(value: str | None) -> list[float]:
    parts = (part.strip() for part in (value or "").split(","))
    # More digits than a float can hold become infinity here; fewer than none are left means that none is.
    return [min(max(float(part), 0.0), LARGEST_NUMBER) for part in parts if _NUMBER.fullmatch(part)]


def _resets_in(reset: float | None, now: datetime | None) -> float:
    if reset is None or now is None:
        return WINDOW
    seconds = reset - now.timestamp()
    # Both are rounded to whole seconds, in either direction.
    return min(max(seconds, 0.0), WINDOW) if -1.0 <= seconds <= WINDOW + 2.0 else WINDOW


is_counted: ContextVar[bool] = ContextVar("is_counted", default=False)
"""Set where a request is sent that its rate limiter has counted before."""


class TrafficEvent(NamedTuple):
    """A request that is being sent, unless it has `quotas` or `refused_for`: then an answer with these.

    Attributes:
        at: when, in seconds of `time.monotonic`.
        quotas: what the answer says is left.
        refused_for: seconds for which the server refuses all requests.
    """

    at: float
    quotas: tuple[Quota, ...] = ()
    refused_for: float | None = None


class Traffic:
    """What the process sends to one organization, and what the answers say of its quotas. Background loop only."""

    def __init__(self) -> None:
        self._listener: Callable[[TrafficEvent, float], object] | None = None
        self._recent: deque[TrafficEvent] = deque(maxlen=MOST_REMEMBERED)

    def listen(self, listener: Callable[[TrafficEvent, float], object]) -> None:
        """Call a function with each event and its age in seconds, in place of the one before; with the last minute's first."""
        now = time.monotonic()
        for event in self._recent:
            if now - event.at < WINDOW:
                listener(event, now - event.at)
        self._listener = listener

    def send(self) -> None:
        """Note that a request is being sent."""
        if not is_counted.get():
            self._note(TrafficEvent(time.monotonic()))

    def hear(self, answer: Answer) -> None:
        """Note what an answer says, whatever its status."""
        event = TrafficEvent(time.monotonic(), read_quotas(answer.headers, answer.server_date), refused_for(answer))
        if event.quotas or event.refused_for is not None:
            self._note(event)

    def _note(self, event: TrafficEvent) -> None:
        self._recent.append(event)
        if self._listener is not None:
            self._listener(event, 0.0)


_known: weakref.WeakValueDictionary[Hashable, Traffic] = weakref.WeakValueDictionary()


def traffic_of(organization: Hashable) -> Traffic:
    """The traffic of an organization: of all clients with one address and key, whatever their project."""
    return _known.setdefault(organization, Traffic())
