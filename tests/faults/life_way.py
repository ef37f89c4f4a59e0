"""The way from a client to a sandbox in this process, with a fault on any request, and a record of what came through.

Which runs there are is counted at the sandbox. What the server has said is known from what was put into its answers, and
not from what the package reads there.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx

import origami_widgets as ow
from origami_widgets.sandbox.app import SandboxApplication
from origami_widgets.sandbox.embedded import API_KEY, BASE_URL, CREDITS
from origami_widgets.sandbox.organization import SandboxOrganization
from tests.faults.journey import KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.faults.life_clock import LifeClock

LONGEST = 300.0
ROUNDING = 0.001
PLANNED = "origami-widgets check"
"""The task in which the poller asks as it has planned; what a person waits for is asked in others."""
OK, FAILED = 200, 400
HTML = "<!DOCTYPE html><title>Welcome to the hotel</title>"

RETRY_AFTERS: dict[str, tuple[Callable[[float], list[str]], float | None]] = {
    "in 42 s": (lambda _: ["42"], 42.0),
    "in 31.5 s": (lambda _: ["31.5"], 31.5),
    "twice": (lambda _: ["7", "42"], 42.0),
    "joined": (lambda _: ["7, 42"], 42.0),
    "an hour": (lambda _: ["3600"], LONGEST),
    "no float": (lambda _: ["1" + "0" * 400], LONGEST),
    "a date": (lambda now: [formatdate(int(now) + 40, usegmt=True)], 40.0),
    "a past date": (lambda _: ["Sun, 06 Nov 1994 08:49:37 GMT"], None),
    "at once": (lambda _: ["0"], None),
    "a word": (lambda _: ["soon"], None),
    "negative": (lambda _: ["-5"], None),
    "empty": (lambda _: [""], None),
    "NaN": (lambda _: ["NaN"], None),
    "": (lambda _: [], None),
}
"""Forms of `Retry-After`: what stands there at a moment, and the seconds that this means; None where it means nothing."""

STATUSES = ("500", "502", "503", "504", "408", "425", "429")
BODIES = {
    "cut off": b'{"id": "v2_run',
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "mark": b"\xef\xbb\xbf",
    "latin": b'{"id": "\xff"}',
    "NUL": b'{"id": "\x00"}',
    "portal": HTML.encode(),
    "no run": b'{"status": "ok"}',
    "another run": b'{"id": "v2_run-other", "status": "errored", "steps": {"completed": 40, "max": 50}}',
}
BROKEN = ("refused", "reset", "cut short", "silence")
STOPPING = ("401", "403", "404", "tls", "proxy", "elsewhere")
ODD: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no response": lambda run: {"response": None},
    "no steps": lambda run: {"steps": None, "request": None, "todo": None},
    "texts": lambda run: {"steps": {name: str(value) for name, value in run["steps"].items()}, "prompt": 7},
    "lists": lambda run: {"request": [], "todo": []},
    "later": lambda run: {"mood": {"is": "good"}, "todo": {"pendingQuestions": [{"type": "hologram"}]}},
    "the key": lambda run: {"prompt": f"Bearer {KEY}", "model": KEY},
}


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    Args:
        kind: one of those above, or `stale` for an answer that was given before; empty for nothing.
        retry_after: the form of `Retry-After` on it; None leaves the server's own.
        arrives: what the server does about a request whose answer is replaced: nothing, do and remember, do and forget.
        takes: seconds until the answer is there.
        wall: seconds by which the machine's wall clock is set meanwhile.
    """

    kind: str = ""
    retry_after: str | None = None
    arrives: str = "no"
    takes: float = 0.0
    wall: float = 0.0


@dataclass
class Asked:
    """One read of a run or of a table: when, and whether a plan or a person wanted it."""

    at: float
    path: str
    planned: bool


@dataclass
class Way:
    """The way, and all that went over it.

    Attributes:
        polls, starts, lists, cancels: what the next requests of each kind meet.
        away_until: nobody can be reached before.
        asked: each read of a run or of a table.
        not_before: when the server wants to be asked again, by path.
        early: questions of a plan that came before that, and how much.
        hasty: the runs about which a person does not want to wait that long.
        is_excused: whether a question may come before that.
        on_request: called before each request.
        keys: the idempotency keys that were sent, by what is asked for.
        refused: those of them that the sandbox has refused, by what is asked for.
        made: the runs that the sandbox has started, by what is asked for.
        cancelled: the agents that the sandbox was asked to cancel.
        leaks: requests that carried the key anywhere else than to the server.
    """

    clock: LifeClock
    seed: int
    polls: list[Fault] = field(default_factory=list)
    starts: list[Fault] = field(default_factory=list)
    lists: list[Fault] = field(default_factory=list)
    cancels: list[Fault] = field(default_factory=list)
    away_until: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    not_before: dict[str, float] = field(default_factory=dict)
    early: list[str] = field(default_factory=list)
    hasty: list[str] = field(default_factory=list)
    is_excused: Callable[[str], bool] = lambda _path: False
    on_request: Callable[[], None] = lambda: None
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    made: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    cancelled: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = SandboxOrganization(self.seed, 1.0, "pro", CREDITS, self.clock.server_time)
        self.carrier = _Carrier(self)
        self.client = ow.Client(KEY, base_url=BASE_URL, _transport=self.carrier)
        self._inner = httpx.ASGITransport(app=SandboxApplication(self.world, API_KEY, api_access=True))
        self._remembered: set[str] = set()
        self._known: dict[str, tuple[bytes, list[str]]] = {}

    def calm(self) -> None:
        """No further faults."""
        for plan in (self.polls, self.starts, self.lists, self.cancels):
            plan.clear()
        self.away_until = 0.0

    def haste_is_over(self, run_id: str) -> None:
        """What was said before a person acted does not count any more."""
        self.hasty.remove(run_id)
        self.not_before.clear()

    async def carry(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.on_request()
        if request.headers.get("authorization") != f"Bearer {KEY}" or request.url.host != "origami-sandbox.invalid":
            self.leaks.append(f"{request.method} {request.url}")
        if request.method == "POST":
            is_start = not path.endswith("/cancel")
            if is_start:
                self.keys[json.loads(await request.aread())["prompt"]].add(request.headers["idempotency-key"])
            plan = self.starts if is_start else self.cancels
        elif path.endswith(("/agents", "/runs")):
            plan = self.lists
        else:
            task = asyncio.current_task()
            planned = task is not None and task.get_name() == PLANNED
            self.asked.append(Asked(self.clock.now, path, planned))
            by = self.not_before.get(path, 0.0) - self.clock.now
            is_hasty = any(run_id in path for run_id in self.hasty) or self.is_excused(path)
            if planned and by > ROUNDING and not is_hasty:
                self.early.append(f"{path}, {by:.1f} s too early")
            plan = self.polls
        if self.clock.now < self.away_until:
            raise httpx.ConnectError("Nobody listens")
        return await self._meet(plan.pop(0) if plan else Fault(), request)

    async def _meet(self, fault: Fault, request: httpx.Request) -> httpx.Response:
        is_poll = request.method == "GET" and "include" in request.url.params
        changes = fault.kind in ODD or fault.kind == "stale"
        if changes and not is_poll:
            fault = Fault(takes=fault.takes)
        if fault.kind == "refused":
            raise httpx.ConnectError("Nobody listens")
        if fault.kind == "tls":
            raise httpx.ConnectError("certificate verify failed") from ssl.SSLCertVerificationError(1, "self-signed")
        if fault.kind == "proxy":
            raise httpx.ProxyError("407 Proxy Authentication Required")
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        real: httpx.Response | None = None
        if not fault.kind or changes or fault.arrives != "no" or request.method == "GET":
            real = await self._forward(request, forgets=fault.arrives == "forgotten")
        if fault.takes:
            await self.clock.pause(fault.takes)
        if fault.wall:
            self.clock.set_wall(fault.wall)
        if fault.kind == "silence":
            await self.clock.pause(30.0)
            raise httpx.ReadTimeout("")
        if fault.kind == "reset":
            raise httpx.ReadError("Connection reset by peer")
        return self._answer(fault, request, real)

    def _answer(self, fault: Fault, request: httpx.Request, real: httpx.Response | None) -> httpx.Response:
        path, now = request.url.path, self.clock.server_time()
        headers = [("Date", formatdate(now, usegmt=True)), ("X-Origami-Sandbox", "true")]
        status, body, natural, ends_in = 200, b"", [], None
        if real is not None:
            status, body, natural = real.status_code, real.content, real.headers.get_list("retry-after")
        if not fault.kind or fault.kind in ODD or fault.kind == "stale":
            if real is not None and "idempotency-replay" in real.headers:
                headers.append(("Idempotency-Replay", "true"))
            body, natural = self._changed(fault.kind, request, status, body, natural)
        elif fault.kind == "cut short":
            body, ends_in = body[: len(body) // 2] or b"{", httpx.RemoteProtocolError("peer closed")
            status = status if real is not None else 200
        elif fault.kind in BODIES:
            status, body, natural = 200, BODIES[fault.kind], []
        else:
            status, body, natural = _refusal(fault.kind)
            headers.append(("X-Request-Id", KEY))
            if fault.kind == "elsewhere":
                headers.append(("Location", f"https://elsewhere.invalid/?key={KEY}"))
        retry_after: float | None = float(natural[0]) if natural else None
        # Without it, a status that nobody knows is final: only errors, and runs that are running, can go without.
        can_go_without = status >= FAILED or b'"running"' in body
        if fault.retry_after is not None and (can_go_without or (natural and fault.retry_after)):
            text, retry_after = RETRY_AFTERS[fault.retry_after]
            natural = text(now)
        headers += [("Retry-After", value) for value in natural]
        if request.method == "GET" and "include" in request.url.params:
            self.not_before[path] = self.clock.now + min(retry_after or 0.0, LONGEST)
        return httpx.Response(status, headers=headers, stream=_Body(body, ends_in), request=request)

    def _changed(
        self, kind: str, request: httpx.Request, status: int, body: bytes, retry_after: list[str]
    ) -> tuple[bytes, list[str]]:
        """What the server says, made odd or old: an old answer comes with its old `Retry-After`."""
        path = request.url.path
        if kind in ODD and status == OK and "/runs/" in path:
            run = json.loads(body)
            body = json.dumps({**run, **ODD[kind](run)}).encode()
        elif kind == "stale":
            body, retry_after = self._known.get(path, (body, retry_after))
        self._known.setdefault(path, (body, retry_after))
        return body, retry_after

    async def _forward(self, request: httpx.Request, *, forgets: bool) -> httpx.Response:
        headers = {**request.headers, "authorization": f"Bearer {API_KEY}"}
        key = headers.get("idempotency-key", "")
        # What was remembered once is not forgotten by a later fault.
        if forgets and key not in self._remembered:
            headers.pop("idempotency-key", None)
        elif key:
            self._remembered.add(key)
        content = await request.aread()
        answer = await self._inner.handle_async_request(
            httpx.Request(request.method, request.url, headers=headers, content=content)
        )
        await answer.aread()
        if request.method == "POST" and request.url.path.endswith("/cancel"):
            self.cancelled.append(request.url.path.split("/")[-2])
        elif request.method == "POST" and answer.status_code == 202 and "idempotency-replay" not in answer.headers:
            self.made[json.loads(content)["prompt"]].append(answer.json()["run"]["id"])
        elif request.method == "POST" and answer.status_code >= FAILED:
            self.refused[json.loads(content)["prompt"]].add(key)
        return answer


def _refusal(kind: str) -> tuple[int, bytes, list[str]]:
    """An answer that is none; whatever came is repeated in it, as some servers do."""
    code = {"401": "UNAUTHORIZED", "403": "FORBIDDEN", "404": "RUN_NOT_FOUND", "429": "RATE_LIMITED"}
    if kind == "elsewhere":
        return 302, b"", []
    if kind == "in flight":
        return 409, b'{"error": "in flight", "code": "IDEMPOTENCY_ERROR"}', []
    if kind == "502":
        return 502, f"<html>Bad gateway. Authorization: Bearer {KEY}</html>".encode(), []
    if kind == "empty list":
        return 200, b'{"object": "list", "items": [], "nextCursor": null, "url": ""}', []
    return int(kind), json.dumps({"error": f"no, Bearer {KEY}", "code": code.get(kind, "INTERNAL_ERROR")}).encode(), []


class _Carrier(httpx.AsyncBaseTransport):
    def __init__(self, way: Way) -> None:
        self._way = way

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._way.carry(request)


class _Body(httpx.AsyncByteStream):
    def __init__(self, data: bytes, ends_in: Exception | None) -> None:
        self._data, self._ends_in = data, ends_in

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data
        if self._ends_in is not None:
            raise self._ends_in
