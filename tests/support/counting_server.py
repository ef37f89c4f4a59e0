"""What every endpoint of `SpendingServer` has in common: keys, idempotency, the rate limit, planned faults, and counts.

Where the vendor is silent, it does what costs the user most: an idempotency key is forgotten when its answer was a 5xx or
got lost, and kept for a refusal; only answers about a run say what is left of the rate limit.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
import time
import urllib.parse
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from tests.support.server import RawServer, answer, silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import Behaviour, Received

    Handler = Callable[..., tuple[int, Any]]

KEY = "og_live_spending_server_0000000000"
PROXY_PAGE = answer("<html><title>502 Bad Gateway</title></html>", 502, content_type="text/html")
"""What a proxy puts in the place of an origin's error."""
STOP = "POST /tables/{id}/cancel"
ERRORS = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "TABLE_NOT_FOUND",
    429: "RATE_LIMITED",
    500: "CANCEL_PARTIALLY_FAILED",
}
MINUTE = 60.0


class Refusal(Exception):
    """An error of the API, with its status and code."""

    def __init__(self, status: int, code: str, *, retry_after: int | None = None, **fields: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.fields, self.retry_after = status, code, fields, retry_after


@dataclass
class Asked:
    """One request: when, by which organization, for what, and whether the rate limit refused it."""

    at: float
    key: str
    route: str
    is_refused: bool


@dataclass
class Fault:
    """What one request gets in the place of its answer: a status, a behaviour, or (None) nothing."""

    answer: int | Behaviour | None
    takes_effect: bool
    keeps_key: bool


class CountingServer:
    """The part of the server that is the same for all endpoints. Those are in `_handlers`.

    Args:
        clock: seconds since 1970; a test that moves it needs no patience.
        organizations: how many there are.
        per_minute: requests in any 60 seconds of an organization; None for any number.
        per_minute_of_ip: the same of all together, as they come from one address.
        retry_after: that of a running run; None leaves it out.

    Attributes:
        key: the API key of the first organization.
        keys: those of all organizations.
        asked_for: every request, in order, as `Asked`.
        now: the clock.
    """

    key = KEY

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        organizations: int = 1,
        per_minute: int | None = 100,
        per_minute_of_ip: int | None = 300,
        retry_after: int | None = 15,
    ) -> None:
        self.now = clock
        self.keys = [KEY, *(f"{KEY[:-4]}{number:04d}" for number in range(1, organizations))]
        self.asked_for: list[Asked] = []
        self._limits, self._retry_after = {"Global": per_minute, "IP": per_minute_of_ip}, retry_after
        self._answer_delay = 0.0
        self._held: dict[str, float] = {}
        self._kept: dict[tuple[str, str, str], tuple[bytes, int, Any]] = {}
        self._faults: dict[str, deque[Fault]] = {}
        self._lock = threading.RLock()
        self._wire = RawServer(self._answer)

    def __enter__(self) -> Self:
        self._wire.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._wire.__exit__(*exception)

    @property
    def base_url(self) -> str:
        return self._wire.base_url

    @property
    def requests(self) -> list[Received]:
        """Every request, in order."""
        return self._wire.requests

    @property
    def routes(self) -> Counter[str]:
        """How often each route was asked for, such as `GET /tables/{id}`."""
        with self._lock:
            return Counter(each.route for each in self.asked_for)

    def count(self, route: str) -> int:
        """How often a route was asked for, faults included; dry runs are `POST /tables/{id}/cancel dry`."""
        return self.routes[route]

    def by_minute(self, key: str | None = None) -> dict[int, Counter[str]]:
        """How often an organization (None: any) asked for each route, in each minute since the first request."""
        found: dict[int, Counter[str]] = {}
        with self._lock:
            for each in self.asked_for:
                if key in {None, each.key}:
                    minute = int((each.at - self.asked_for[0].at) // MINUTE)
                    found.setdefault(minute, Counter())[each.route] += 1
        return found

    @property
    def refused(self) -> int:
        """How many requests the rate limit has refused."""
        with self._lock:
            return sum(each.is_refused for each in self.asked_for)

    def fail(
        self, route: str, *faults: int | Behaviour | None, takes_effect: bool = False, keeps_key: bool = False
    ) -> None:
        """Let the next requests of a route fail: with a status, a behaviour, or (None) without any answer.

        Args:
            route: such as `POST /agents`.
            faults: one for each request.
            takes_effect: whether what was asked for is done all the same.
            keeps_key: whether its idempotency key is kept.
        """
        with self._lock:
            self._faults.setdefault(route, deque()).extend(Fault(each, takes_effect, keeps_key) for each in faults)

    def hold(self, route: str, seconds: float) -> None:
        """Keep the answers of a route back for so long; what was asked for is done at once."""
        self._held[route] = seconds

    def heal(self) -> None:
        """Take back the faults that have not come yet."""
        self._faults.clear()

    # What an endpoint is

    def _handlers(self) -> dict[str, Handler]:
        raise NotImplementedError

    def _advance(self, until: float) -> None:
        """Do all that has happened up to a moment."""
        raise NotImplementedError

    # One request

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        key = key_of(request)
        with self._lock:
            route, handler, ids = self._route(request)
            refused_for = self._refused_for(key)
            self.asked_for.append(Asked(self.now(), key, route, refused_for > 0))
            planned = self._faults.get(route)
            fault = planned.popleft() if planned and not refused_for else None
            self._advance(self.now())
            if refused_for:
                body, headers = {"error": "Too many requests", "code": "RATE_LIMITED"}, {}
                status, headers["Retry-After"] = 429, str(math.ceil(refused_for))
            elif fault is None or fault.takes_effect:
                status, body, headers = self._take(request, handler, ids, keeps_key=fault is None or fault.keeps_key)
            if fault is None:
                headers |= self._quota_headers(key, route) | {"Date": http_date(self.now())}
                behaviour = answer(body, status, headers)
            else:
                behaviour = _failing(fault.answer)
        await asyncio.sleep(self._held.get(route, self._answer_delay))
        await behaviour(request, writer)

    def _take(
        self, request: Received, handler: Handler, ids: tuple[str, ...], *, keeps_key: bool
    ) -> tuple[int, Any, dict[str, str]]:
        """Carry out a request, or repeat the answer that its idempotency key was given."""
        if key_of(request) not in self.keys:
            return 401, {"error": "Invalid key", "code": "UNAUTHORIZED"}, {}
        sent = request.headers.get("idempotency-key") if request.method == "POST" else None
        place = (key_of(request), request.path, sent or "")
        if sent is not None and (known := self._kept.get(place)) is not None:
            if known[0] != request.body:
                return 409, {"error": "Used for another request", "code": "IDEMPOTENCY_ERROR"}, {}
            return known[1], known[2], {"Idempotency-Replay": "true"}
        headers = {}
        try:
            status, body = handler(request, *ids)
        except Refusal as refusal:
            status, body = refusal.status, {"error": refusal.code, "code": refusal.code, **refusal.fields}
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
        if sent is not None and keeps_key and status < 500:
            # A copy: what is answered later must not change what was answered first.
            self._kept[place] = (request.body, status, json.loads(json.dumps(body)))
        if isinstance(body, dict) and body.get("status") == "running" and self._retry_after is not None:
            headers["Retry-After"] = str(self._retry_after)
        return status, body, headers

    def _route(self, request: Received) -> tuple[str, Handler, tuple[str, ...]]:
        path = request.path.removeprefix("/api/v2")
        for route, handler in self._handlers().items():
            method, pattern = route.split(" ")
            if method == request.method and (match := re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", pattern), path)):
                is_dry = route == STOP and body_of(request).get("dryRun") is True
                return f"{route} dry" if is_dry else route, handler, match.groups()
        return f"{request.method} {path}", _no_endpoint, ()

    # The rate limit: a window that slides

    def _in_window(self, scope: str, key: str) -> list[float]:
        """When the requests of the last minute came; refused ones don't count."""
        found = []
        for each in reversed(self.asked_for):
            if each.at <= self.now() - MINUTE:
                break
            if not each.is_refused and (scope == "IP" or each.key == key):
                found.append(each.at)
        return found[::-1]

    def _refused_for(self, key: str) -> float:
        """Seconds for which a request that comes now is refused; 0 if it is not."""
        waits = [0.0]
        for scope, limit in self._limits.items():
            if limit is not None and len(sent := self._in_window(scope, key)) >= limit:
                waits.append(sent[-limit] + MINUTE - self.now())
        return max(waits)

    def _quota_headers(self, key: str, route: str) -> dict[str, str]:
        headers = {}
        for scope, limit in self._limits.items():
            if limit is None or scope != "Global" or route != "GET /agents/{id}/runs/{id}":
                continue
            sent = self._in_window(scope, key)
            resets = (sent[0] if sent else self.now()) + MINUTE
            values = {"Limit": limit, "Remaining": max(0, limit - len(sent)), "Reset": math.ceil(resets)}
            headers |= {f"X-RateLimit-{name}-{scope}": str(value) for name, value in values.items()}
        return headers


def key_of(request: Received) -> str:
    """The API key that a request brings."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def body_of(request: Received) -> dict[str, Any]:
    return request.json() if request.body else {}


def query_of(request: Received) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(request.query))


def page(items: list[Any], request: Received, *, most: int = 100) -> dict[str, Any]:
    """One page of a list; its cursor is a number, which nobody may rely on."""
    query = query_of(request)
    start, size = int(query.get("cursor") or 0), min(int(query.get("limit") or 50), most)
    after = str(start + size) if start + size < len(items) else None
    return {"object": "list", "items": items[start : start + size], "nextCursor": after, "url": request.path}


def http_date(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _failing(fault: int | Behaviour | None) -> Behaviour:
    if fault is None:
        return silence()
    if isinstance(fault, int):
        headers = {"Retry-After": "1"} if fault == 429 else {}
        return answer({"error": "A fault", "code": ERRORS.get(fault, "INTERNAL_ERROR")}, fault, headers)
    return fault


def _no_endpoint(request: Received) -> tuple[int, Any]:
    raise Refusal(404, "NOT_FOUND")
