"""What this process knows about an organization: the requests it has sent, the rate limits, and the credit balances it has read.

The API keeps no history of the balance. The wallet belongs to the organization, but a key does not tell which organization
that is: each key has a balance history of its own, shared by all its clients, whatever their project.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections import OrderedDict, deque
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import datetime

    from origami_widgets.api.responses import ApiResponse

SHORTEST_REFUSAL, LONGEST_REFUSAL = 1.0, 300.0
"""Bounds of what a 429 may ask for: a header that says a day is a mistake, and the runs would be lost to it."""
WINDOW = 60.0
"""Seconds of a window. What is said to be over later, or long ago, was not read against the clock that it was set by."""
DOCUMENTED = {"ip": 300.0, "global": 100.0, "org": 100.0}
"""Requests in a window by scope, where an answer leaves its limit out."""
LARGEST_NUMBER = 1e10
"""More means the same as this many to every caller."""
MOST_REMEMBERED = 1_000
MOST_READINGS = 1_000
"""Readings of one ledger; the oldest goes first."""
MOST_HISTORIES = 32
"""Ledgers that are kept when nobody uses them; the one that was asked for longest ago goes first."""

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


def refused_for(answer: ApiResponse) -> float | None:
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

    def note_request(self) -> None:
        """Note that a request is being sent."""
        if not is_counted.get():
            self._note(TrafficEvent(time.monotonic()))

    def note_response(self, answer: ApiResponse) -> None:
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


class BalanceReading(NamedTuple):
    """One answer about the balance.

    Attributes:
        at: when it was read (Unix seconds, on this machine's clock).
        balance: the credits that were left; None where the answer did not say.
        server_second: the second on the server's clock in which it answered (Unix seconds); None where it did not say.
    """

    at: float
    balance: float | None
    server_second: float | None


class BalanceHistory:
    """The readings of one balance, oldest first. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: deque[BalanceReading] = deque(maxlen=MOST_READINGS)

    @property
    def readings(self) -> tuple[BalanceReading, ...]:
        """All readings so far, oldest first."""
        with self._lock:
            return tuple(self._readings)

    def note(self, balance: float | None, server_second: float | None) -> None:
        """Write down what was read just now."""
        with self._lock:
            self._readings.append(BalanceReading(time.time(), balance, server_second))


_lock = threading.Lock()
_kept: OrderedDict[Hashable, BalanceHistory] = OrderedDict()
_embedded: weakref.WeakKeyDictionary[object, BalanceHistory] = weakref.WeakKeyDictionary()


def balance_history_of(wallet: Hashable, embedded: object | None) -> BalanceHistory:
    """The ledger of a wallet: always the same one.

    Args:
        wallet: what tells it from others: address and fingerprint of the key.
        embedded: the API itself where it lives in this process; its ledger ends with it.
    """
    with _lock:
        if embedded is not None:
            return _embedded.setdefault(embedded, BalanceHistory())
        ledger = _kept.setdefault(wallet, BalanceHistory())
        _kept.move_to_end(wallet)
        while len(_kept) > MOST_HISTORIES:
            _kept.popitem(last=False)
        return ledger
