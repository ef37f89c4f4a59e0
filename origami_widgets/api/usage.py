"""Usage of an organization by this process: the requests sent, the rate limits, and the credit balances read.

The API keeps no history of the balance. The balance belongs to the organization, but a key does not tell which one that
is. Each key therefore has its own balance history, shared by all its clients, whatever their project.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from origami_widgets.api.responses import ApiResponse

SHORTEST_REFUSAL, LONGEST_REFUSAL = 1.0, 300.0
"""Bounds of the wait after a 429, in seconds: a header that asks for a day is a mistake, and the runs would be lost."""
WINDOW = 60.0
"""Length of a rate limit window in seconds. A reset beyond it, or long ago, refers to a clock other than the server's."""
DOCUMENTED = {"ip": 300.0, "global": 100.0, "org": 100.0}
"""Requests in a window, by scope, for responses that leave the limit out."""
LARGEST_NUMBER = 1e10
"""Larger numbers make no difference to any caller."""
MOST_REMEMBERED = 1_000
MOST_READINGS = 1_000
"""Readings that a balance history keeps; the oldest are dropped first."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quota:
    """A rate limit as the server reported it.

    Attributes:
        scope: what the limit counts: `ip`, or `global` or `org` (two names for the organization).
        limit: requests in a window.
        remaining: requests left, at most `limit`.
        resets_in: seconds from the response to the end of the window, at most 60.
    """

    scope: str
    limit: float
    remaining: float
    resets_in: float


def read_quotas(headers: Mapping[str, str], now: datetime | None) -> tuple[Quota, ...]:
    """Return the quotas in `X-RateLimit-*` headers. Quotas without a readable remainder are left out.

    Args:
        headers: the response's headers, with names in lower case.
        now: the server's time (its `Date`, which may be hours off), to compute when the window resets.

    >>> read_quotas({"x-ratelimit-remaining-global": "42"}, None)
    (Quota(scope='global', limit=100.0, remaining=42.0, resets_in=60.0),)
    """
    found = []
    for scope, documented in DOCUMENTED.items():
        remaining = _numbers(headers.get(f"x-ratelimit-remaining-{scope}"))
        if not remaining:
            continue
        # If a proxy has joined two values, the tighter one counts.
        limit = min(_numbers(headers.get(f"x-ratelimit-limit-{scope}")), default=documented)
        reset = max(_numbers(headers.get(f"x-ratelimit-reset-{scope}")), default=None)
        found.append(Quota(scope, limit, min(*remaining, limit), _resets_in(reset, now)))
    return tuple(found)


def read_refusal(response: ApiResponse) -> float | None:
    """Return the seconds for which the server refuses all requests of the organization; None if it does not.

    "No free run slot" is no such refusal: it has the same status, but does not limit requests.
    """
    has_no_slot = isinstance(response.body, dict) and response.body.get("code") == "CONCURRENT_LIMIT_EXCEEDED"
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS or has_no_slot:
        return None
    return min(max(response.retry_after or 0.0, SHORTEST_REFUSAL), LONGEST_REFUSAL)


def _numbers(value: str | None) -> list[float]:
    parts = (part.strip() for part in (value or "").split(","))
    # More digits than a float can hold become infinity; a negative remainder means that none is left.
    return [min(max(float(part), 0.0), LARGEST_NUMBER) for part in parts if _NUMBER.fullmatch(part)]


def _resets_in(reset: float | None, now: datetime | None) -> float:
    if reset is None or now is None:
        return WINDOW
    seconds = reset - now.timestamp()
    # Both times are rounded to whole seconds, up or down.
    return min(max(seconds, 0.0), WINDOW) if -1.0 <= seconds <= WINDOW + 2.0 else WINDOW


is_counted: ContextVar[bool] = ContextVar("is_counted", default=False)
"""Set while sending a request that the rate limiter has already counted."""


class TrafficEvent(NamedTuple):
    """A request that is being sent, or, with `quotas` or `refused_for`, a response.

    Attributes:
        at: the moment, in seconds of `time.monotonic`.
        quotas: the quotas that the response reports.
        refused_for: seconds for which the server refuses all requests.
    """

    at: float
    quotas: tuple[Quota, ...] = ()
    refused_for: float | None = None


class Traffic:
    """Requests from this process to one organization, and the quotas in the responses. Background loop only."""

    def __init__(self) -> None:
        self._listener: Callable[[TrafficEvent, float], object] | None = None
        self._recent: deque[TrafficEvent] = deque(maxlen=MOST_REMEMBERED)

    def listen(self, listener: Callable[[TrafficEvent, float], object]) -> None:
        """Call a function with each event and its age in seconds, starting with the events of the last minute.

        It replaces the previous listener.
        """
        now = time.monotonic()
        for event in self._recent:
            if now - event.at < WINDOW:
                listener(event, now - event.at)
        self._listener = listener

    def note_request(self) -> None:
        """Note that a request is being sent."""
        if not is_counted.get():
            self._note(TrafficEvent(time.monotonic()))

    def note_response(self, response: ApiResponse) -> None:
        """Note the quotas of a response, whatever its status."""
        event = TrafficEvent(
            time.monotonic(), read_quotas(response.headers, response.server_date), read_refusal(response)
        )
        if event.quotas or event.refused_for is not None:
            self._note(event)

    def _note(self, event: TrafficEvent) -> None:
        self._recent.append(event)
        if self._listener is not None:
            self._listener(event, 0.0)


_known: weakref.WeakValueDictionary[Hashable, Traffic] = weakref.WeakValueDictionary()


def traffic_of(organization: Hashable) -> Traffic:
    """Return the traffic of an organization: the same object for all clients with the same base URL and key."""
    return _known.setdefault(organization, Traffic())


class BalanceReading(NamedTuple):
    """The credit balance at one moment.

    Attributes:
        at: when it was read (Unix seconds, on this machine's clock).
        balance: the credits left; None if the response did not say.
    """

    at: float
    balance: float | None


class BalanceHistory:
    """The readings of one credit balance, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: deque[BalanceReading] = deque(maxlen=MOST_READINGS)

    @property
    def readings(self) -> tuple[BalanceReading, ...]:
        """All readings so far, oldest first."""
        with self._lock:
            return tuple(self._readings)

    def note(self, balance: float | None) -> None:
        """Add a balance that was read just now."""
        with self._lock:
            self._readings.append(BalanceReading(time.time(), balance))


_lock = threading.Lock()
_kept: dict[Hashable, BalanceHistory] = {}
_embedded: weakref.WeakKeyDictionary[object, BalanceHistory] = weakref.WeakKeyDictionary()


def balance_history_of(wallet: Hashable, embedded: object | None) -> BalanceHistory:
    """Return the balance history of a wallet: the same object each time.

    Args:
        wallet: identifies the balance: base URL and fingerprint of the key.
        embedded: the API itself if it is embedded in this process; its history ends with it.
    """
    with _lock:
        if embedded is not None:
            return _embedded.setdefault(embedded, BalanceHistory())
        return _kept.setdefault(wallet, BalanceHistory())
