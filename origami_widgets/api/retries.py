"""Retries: which requests are sent again and when, and how `Retry-After` is read.

Repeating a read is free. Repeating a start may cost credits, so a start whose outcome is unknown is not retried here: its
job looks for the run first. Polls are not retried here, as they have a schedule.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from origami_widgets.api.errors import ConnectionFailed, IdempotencyConflict, OrigamiError, RateLimited
from origami_widgets.host.runtime import time_limit

T = TypeVar("T")

ATTEMPTS = 4
LONGEST_IN_ALL = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
CONFLICT_WAITS = (4, 10, 20, 40)
"""Waits while a first request with the same key is in flight, as multiples of `FIRST_WAIT`: a server may take half a minute."""
ATTEMPTS_WITHOUT_TRUST = 2
"""Attempts if a certificate or proxy is the problem: what refuses once usually refuses again."""
LONGEST_RETRY_AFTER = 86_400.0
"""Longest wait in seconds. To every caller, longer ones would mean the same, and this one cannot overflow."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)
# Not `random` itself: users who seed it expect the same numbers again.
_chance = random.SystemRandom()


async def with_retries(
    call: Callable[[], Awaitable[T]],
    is_retryable: Callable[[OrigamiError], bool] = lambda error: error.transient,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Send a request until it succeeds or fails for good: at most four attempts (five of a key in use), within two minutes.

    Args:
        call: sends the request once.
        is_retryable: returns whether to retry after an error; the default suits requests that change nothing.
        pause: waits between two attempts.

    Raises:
        OrigamiError: the error of the last attempt.
    """
    began, attempts = time.monotonic(), 0
    while True:
        attempts += 1
        try:
            return await call()
        except OrigamiError as error:
            most = ATTEMPTS_WITHOUT_TRUST if error.code in ("TLS_FAILED", "PROXY_REFUSED") else ATTEMPTS
            if isinstance(error, IdempotencyConflict):
                most = len(CONFLICT_WAITS) + 1
            wait = wait_after(error, attempts)
            is_too_late = time.monotonic() - began + wait >= LONGEST_IN_ALL
            if attempts >= most or is_too_late or not is_retryable(error):
                raise
        await pause(wait)


def wait_after(error: OrigamiError, attempts: int) -> float:
    """Return the seconds to wait after a number of failed attempts: longer each time, and as long as the server asks.

    At most two minutes, in which the caller would learn nothing.
    """
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempts - 1)) * _chance.uniform(0.75, 1.25)
    if isinstance(error, IdempotencyConflict) and attempts <= len(CONFLICT_WAITS):
        backoff = FIRST_WAIT * CONFLICT_WAITS[attempts - 1]
    return min(max(backoff, error.retry_after or 0.0), LONGEST_IN_ALL)


async def pause(seconds: float, wake: asyncio.Event) -> None:
    """Wait, at most until an event is set."""
    with contextlib.suppress(TimeoutError):
        async with time_limit(seconds):
            await wake.wait()


def is_start_retryable(error: OrigamiError) -> bool:
    """Return whether a POST that starts a run may be sent again with the same key, without looking for the run.

    Yes if nothing was sent, if the server put the request off, or if the first attempt is still in flight. No if a
    response was lost or not understood: if it stood for a 5xx, the server does not remember the key, and another attempt
    could start a second run. No after a repeated refusal, which the server would repeat for ever.
    """
    if error.is_replay:
        return False
    if isinstance(error, IdempotencyConflict):
        return True
    return is_unsent(error) or (isinstance(error, RateLimited) and error.transient)


def is_unsent(error: OrigamiError) -> bool:
    """Return whether a request that is sent at most once may be tried again, because nothing was sent."""
    return isinstance(error, ConnectionFailed) and not error.sent and error.transient


def parse_retry_after(values: Iterable[str], *, now: datetime | None) -> float | None:
    """Return the seconds to wait, from `Retry-After` in every form that servers and proxies are known to send.

    Args:
        values: the header's values; the longest readable wait counts, so that no request is sent too early.
        now: the server's clock (its `Date`), for values that are dates; None for this machine's.

    Returns:
        0 to 86,400 seconds, or None if no value can be read.

    >>> parse_retry_after(["15"], now=None)
    15.0
    >>> parse_retry_after(["soon"], now=None) is None
    True
    """
    waits = [wait for value in values for part in _split(value) if (wait := _parse_one(part.strip(), now)) is not None]
    return max(waits) if waits else None


def parse_http_date(value: str) -> datetime | None:
    """Return the time of an HTTP date in any of its three forms; None for other texts."""
    try:
        moment = parsedate_to_datetime(value)
        # Converted to UTC, a date may lie before the first year or after the last one.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _split(value: str) -> list[str]:
    """Split headers that a proxy has joined by commas; a date itself contains one."""
    parts = value.split(",")
    return parts if all(_SECONDS.fullmatch(part.strip()) for part in parts) else [value]


def _parse_one(value: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(value):
        # More digits than a float can hold become infinity, and so the longest wait.
        return min(float(value), LONGEST_RETRY_AFTER)
    moment = parse_http_date(value)
    if moment is None:
        return None
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER)
