"""The way from a client to a sandbox in this process, with a fault on any request, and a record of what came through.

Which runs there are is counted at the sandbox. What the server has said is known from what was put into its answers, and
not from what the package reads there.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.sandbox.app import SandboxApplication
from origami_widgets.sandbox.embedded import API_KEY, BASE_URL, CREDITS
from origami_widgets.sandbox.organization import SandboxOrganization

if TYPE_CHECKING:
    from tests.faults.life_clock import LifeClock

LONGEST = 300.0
ROUNDING = 0.001
PLANNED = "origami-widgets check"
"""The task in which the poller asks as it has planned; what a person waits for is asked in others."""
OK, FAILED = 200, 400
STATUSES = ("500", "502", "503", "504", "408", "425", "429")
BODIES = {
    "cut off": b'{"id": "v2_run',
    "list": b"[]",
    "portal": b"<!DOCTYPE html><title>Welcome to the hotel</title>",
    "another run": b'{"id": "v2_run-other", "status": "errored", "steps": {"completed": 40, "max": 50}}',
}
BROKEN = ("refused", "reset", "cut short", "silence")
STOPPING = ("401", "404", "tls", "elsewhere")


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    Args:
        kind: one of those above, `stale` for an answer that was given before, or `no steps`; empty for nothing.
        retry_after: the seconds on it, which may be too many; None leaves the server's own.
        arrives: what the server does about a request whose answer is replaced: nothing, do and remember, do and forget.
        takes: seconds until the answer is there.
    """

    kind: str = ""
    retry_after: int | None = None
    arrives: str = "no"
    takes: float = 0.0


retry_after = st.sampled_from([None, None, 42, 3_600])
takes = st.sampled_from([0.0, 0.0, 0.0, 2.0, 12.0])
put_off = st.builds(
    Fault,
    kind=st.sampled_from(["429", "in flight"]),
    retry_after=retry_after,
    arrives=st.sampled_from(["no", "yes"]),
    takes=takes,
)
lost = st.builds(
    Fault,
    kind=st.sampled_from(["500", "502", "503", "504", "408", *BROKEN, "portal", "cut off"]),
    retry_after=retry_after,
    arrives=st.sampled_from(["no", "yes", "forgotten"]),
    takes=takes,
)
"""What a start may meet."""


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
    """

    clock: LifeClock
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

    def __post_init__(self) -> None:
        self.world = SandboxOrganization(0, 1.0, "pro", CREDITS, self.clock.time)
        self.carrier = _Carrier(self)
        self.client = ow.Client(API_KEY, base_url=BASE_URL, _transport=self.carrier)
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
        is_changed = fault.kind in ("stale", "no steps")
        if is_changed and not _is_poll(request):
            fault = Fault(takes=fault.takes)
        if fault.kind == "refused":
            raise httpx.ConnectError("Nobody listens")
        if fault.kind == "tls":
            raise httpx.ConnectError("certificate verify failed") from ssl.SSLCertVerificationError(1, "self-signed")
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        real: httpx.Response | None = None
        if not fault.kind or is_changed or fault.arrives != "no" or request.method == "GET":
            real = await self._forward(request, forgets=fault.arrives == "forgotten")
        if fault.takes:
            await self.clock.pause(fault.takes)
        if fault.kind == "silence":
            await self.clock.pause(30.0)
            raise httpx.ReadTimeout("")
        if fault.kind == "reset":
            raise httpx.ReadError("Connection reset by peer")
        return self._answer(fault, request, real)

    def _answer(self, fault: Fault, request: httpx.Request, real: httpx.Response | None) -> httpx.Response:
        path = request.url.path
        headers = [("Date", formatdate(self.clock.time(), usegmt=True)), ("X-Origami-Sandbox", "true")]
        status, body, waits, ends_in = OK, b"", [], None
        if real is not None:
            status, body, waits = real.status_code, real.content, real.headers.get_list("retry-after")
        if fault.kind in ("", "stale", "no steps"):
            if real is not None and "idempotency-replay" in real.headers:
                headers.append(("Idempotency-Replay", "true"))
            if fault.kind == "no steps" and "/runs/" in path and status == OK:
                body = json.dumps({**json.loads(body), "steps": None}).encode()
            elif fault.kind == "stale":
                # An old answer comes with its old `Retry-After`.
                body, waits = self._known.get(path, (body, waits))
            self._known.setdefault(path, (body, waits))
        elif fault.kind == "cut short":
            body, ends_in = body[: len(body) // 2] or b"{", httpx.RemoteProtocolError("peer closed")
        elif fault.kind in BODIES:
            status, body, waits = OK, BODIES[fault.kind], []
        else:
            status, body, waits = _refusal(fault.kind)
            headers += [("Location", "https://elsewhere.invalid/")] if fault.kind == "elsewhere" else []
        if fault.retry_after is not None and (status >= FAILED or waits):
            waits = [str(fault.retry_after)]
        headers += [("Retry-After", value) for value in waits]
        if _is_poll(request):
            self.not_before[path] = self.clock.now + min(float(waits[0]) if waits else 0.0, LONGEST)
        return httpx.Response(status, headers=headers, stream=_Body(body, ends_in), request=request)

    async def _forward(self, request: httpx.Request, *, forgets: bool) -> httpx.Response:
        headers = dict(request.headers)
        key = headers.get("idempotency-key", "")
        # What was remembered once is not forgotten by a later fault.
        if forgets and key not in self._remembered:
            headers.pop("idempotency-key", None)
        elif key:
            self._remembered.add(key)
        content = await request.aread()
        sent = httpx.Request(request.method, request.url, headers=headers, content=content)
        answer = await self._inner.handle_async_request(sent)
        await answer.aread()
        if request.method == "POST" and not request.url.path.endswith("/cancel"):
            if answer.status_code == 202 and "idempotency-replay" not in answer.headers:
                self.made[json.loads(content)["prompt"]].append(answer.json()["run"]["id"])
            elif answer.status_code >= FAILED:
                self.refused[json.loads(content)["prompt"]].add(key)
        return answer


def _is_poll(request: httpx.Request) -> bool:
    return request.method == "GET" and "include" in request.url.params


def _refusal(kind: str) -> tuple[int, bytes, list[str]]:
    """An answer that is none."""
    if kind == "elsewhere":
        return 302, b"", []
    if kind == "empty list":
        return OK, b'{"object": "list", "items": [], "nextCursor": null, "url": ""}', []
    status, code = {
        "401": (401, "UNAUTHORIZED"),
        "404": (404, "RUN_NOT_FOUND"),
        "429": (429, "RATE_LIMITED"),
        "in flight": (409, "IDEMPOTENCY_ERROR"),
    }.get(kind, (0, "INTERNAL_ERROR"))
    return status or int(kind), json.dumps({"error": "no", "code": code}).encode(), []


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
