"""The way from a client to a real sandbox, on which requests and answers get lost. Runs are counted at the sandbox.

Use a `Front` as the only behaviour of a `RawServer`. A POST that starts a run takes the next of `faults`, a request for
a list the next of `reads`. Whatever the client gets, `runs()` says what the sandbox has started.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

import origami_widgets as ow
from tests.support.server import answer, head, reset

if TYPE_CHECKING:
    import threading
    from collections.abc import Awaitable, Callable

    from tests.support.server import Behaviour, Received

    Fault = Callable[["Front", Received, asyncio.StreamWriter], Awaitable[None]]
    Refusal = tuple[dict[str, Any], int]

EMPTY_LIST = answer({"object": "list", "items": [], "nextCursor": None, "url": ""})
FULL = {"error": "full", "code": "CONCURRENT_LIMIT_EXCEEDED", "limit": 1}
BROKE = ({"error": "Too few credits", "code": "INSUFFICIENT_CREDITS"}, 402)
FAILED = answer({"error": "Sorry", "code": "INTERNAL_ERROR"}, 500)


def ended(run: ow.Run) -> ow.Run:
    """The run when it is over, asked about more often than its poller would."""
    ends = time.monotonic() + 30
    while not run.refresh().done:
        assert time.monotonic() < ends, "it never ended"
        time.sleep(0.02)
    return run


_seeds = itertools.count(1)
"""The system gives a port again: two sandboxes behind one address must not hand out the same run ids."""


class Front:
    """The way to one sandbox.

    Args:
        speed: simulated seconds per second.
        ahead: see the attribute.
        behind: see the attribute.
        options: of `Sandbox`.

    Attributes:
        sandbox: the API behind it.
        faults: what the next starts of a run meet; without any they pass.
        reads: what the next requests for a list meet.
        agent_reads: what the next requests for an agent meet.
        polls: what the next reads of one run are answered.
        cancels: what the next requests to cancel are answered.
        stops: what the next requests to stop cells, or to count them, are answered.
        starts: the requests that asked for a run.
        asks: the method of each request that asked for a run or a list, in their order.
        polled: how many times a run was read.
        asked_to_cancel: how many requests to cancel have reached the sandbox.
        asked_to_stop: how many requests to stop cells, or to count them, have reached it.
        asked: what is called at each start, after the sandbox has seen it.
        refusal: what starts are refused with, as body and status; None while none is refused.
        recorded: the refusals by idempotency key, which are repeated to it as real servers do.
        written: how the server writes a prompt.
        longest: characters of a prompt in its lists; None for all.
        ahead: seconds by which its `Date` is ahead of its other clock; None for no `Date`.
        behind: seconds by which its clock is behind. It never goes back: only the first value can be more than that.
        says_sandbox: whether its answers say that they are a sandbox's.
        is_gone: whether each run is answered with a 404.
    """

    def __init__(self, *, speed: float = 240, ahead: int | None = 0, behind: float = 0, **options: Any) -> None:
        self.ahead, self.behind = ahead, behind
        self._options = {"speed": speed, "clock": lambda: time.time() - self.behind, **options}
        self.faults: list[Fault] = []
        self.reads: list[Fault] = []
        self.agent_reads: list[Fault] = []
        self.polls: list[Behaviour] = []
        self.cancels: list[Behaviour] = []
        self.starts: list[Received] = []
        self.stops: list[Behaviour] = []
        self.polled = self.asked_to_cancel = self.asked_to_stop = 0
        self.asks: list[str] = []
        self.asked: Callable[[], object] = lambda: None
        self.refusal: Refusal | None = None
        self.recorded: dict[str, Refusal] = {}
        self.written: Callable[[str], str] = str
        self.longest: int | None = None
        self.says_sandbox, self.is_gone = True, False
        self.restart()

    def restart(self) -> None:
        """Begin with a sandbox that knows no agent."""
        self.sandbox = ow.Sandbox(**{"seed": next(_seeds), **self._options})
        self._behind = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.sandbox), base_url="http://sandbox")

    def later(self, seconds: float) -> None:
        """Let so many simulated seconds pass at once."""
        self.behind -= seconds / self._options["speed"]

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        fault = passes
        if request.method == "POST" and not request.path.endswith("/cancel"):
            self.starts.append(request)
            self.asks.append("POST")
            fault = self.faults.pop(0) if self.faults else self._usual(request)
        elif request.path.endswith("/cancel") and "/tables/" in request.path:
            fault = kept_off(self.stops.pop(0)) if self.stops else passes
            self.asked_to_stop += fault is passes
        elif request.path.endswith("/cancel"):
            fault = kept_off(self.cancels.pop(0)) if self.cancels else passes
            self.asked_to_cancel += fault is passes
        elif request.path.endswith(("/agents", "/runs")):
            self.asks.append("GET")
            fault = self.reads.pop(0) if self.reads else passes
        elif "/agents/" in request.path and request.path.count("/") == 4:
            fault = self.agent_reads.pop(0) if self.agent_reads else passes
        elif "/runs/" in request.path:
            self.polled += 1
            if self.is_gone:
                fault = kept_off(answer({"error": "No such run", "code": "RUN_NOT_FOUND"}, 404))
            elif self.polls:
                fault = kept_off(self.polls.pop(0))
        await fault(self, request, writer)

    def _usual(self, request: Received) -> Fault:
        """What a start meets that no fault was planned for."""
        key = request.headers["idempotency-key"]
        if key in self.recorded:
            return kept_off(answer(*self.recorded[key], headers={"Idempotency-Replay": "true"}))
        return passes if self.refusal is None else refused(self.refusal)

    async def forward(self, request: Received, *, without_key: bool = False) -> httpx.Response:
        """Let the sandbox answer."""
        headers = dict(request.headers)
        if without_key:
            headers.pop("idempotency-key", None)
        got = await self._behind.request(request.method, request.target, headers=headers, content=request.body)
        return httpx.Response(got.status_code, headers=self._headers(got), content=self._body(got))

    def _headers(self, got: httpx.Response) -> dict[str, str]:
        hidden = {"content-length", "content-type", "date", *(() if self.says_sandbox else ("x-origami-sandbox",))}
        headers = {name: value for name, value in got.headers.items() if name not in hidden}
        if self.ahead is not None and "date" in got.headers:
            date = parsedate_to_datetime(got.headers["date"]) + timedelta(seconds=self.ahead)
            headers["date"] = format_datetime(date, usegmt=True)
        return headers

    def _body(self, got: httpx.Response) -> bytes:
        if self.written is str and self.longest is None:
            return got.content
        body = got.json()
        for each in [body, *body.get("items", ())]:
            self._rewrite(each)
        return json.dumps(body).encode()

    def _rewrite(self, part: Any) -> None:
        if not isinstance(part, dict):
            return
        if isinstance(part.get("prompt"), str):
            shown = self.written(part["prompt"])
            is_cut = self.longest is not None and len(shown) > self.longest
            part["prompt"] = f"{shown[: self.longest]}…" if is_cut else shown
        if isinstance(part.get("request"), dict):
            part["request"]["prompt"] = self.written(part["request"]["prompt"])
        for name in ("run", "lastRun"):
            self._rewrite(part.get(name))

    @property
    def keys(self) -> list[str]:
        """The idempotency key of each start that was asked for."""
        return [request.headers["idempotency-key"] for request in self.starts]

    @property
    def prompts(self) -> list[str]:
        """The prompt of each start that was asked for."""
        return [request.json()["prompt"] for request in self.starts]

    def agents(self) -> list[Any]:
        """The agents that have a run, as the sandbox lists them."""
        client, cursor, found = self.sandbox.client(), None, []
        while True:
            page = client.list_agents(limit=100, cursor=cursor)
            found += [agent for agent in page.items if agent.last_run is not None]
            cursor = page.next_cursor
            if cursor is None:
                return found

    def summaries(self) -> list[Any]:
        """All runs that the sandbox has started, as it lists them."""
        client = self.sandbox.client()
        return [run for agent in self.agents() for run in client.list_runs(agent.id, limit=100).items]

    def runs(self) -> list[str]:
        """The ids of all runs that the sandbox has started."""
        return [run.id for run in self.summaries()]

    def statuses(self) -> dict[str, str]:
        """The status of each run that the sandbox has started, by its id."""
        return {run.id: run.status for run in self.summaries()}


async def passes(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
    """Nothing happens to it."""
    answer = await front.forward(request)
    if request.method == "POST":
        front.asked()
    headers = [(name, value) for name, value in answer.headers.items() if name != "content-length"]
    writer.write(head(answer.status_code, len(answer.content), headers) + answer.content)
    await writer.drain()


def lost(behaviour: Behaviour) -> Fault:
    """The sandbox does it and remembers its answer, which is replaced on the way back."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        await front.forward(request)
        front.asked()
        await behaviour(request, writer)

    return meet


def forgotten(behaviour: Behaviour) -> Fault:
    """The sandbox does it and fails then, so that it does not remember the key: sent again, it would do it again."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        await front.forward(request, without_key=True)
        front.asked()
        await behaviour(request, writer)

    return meet


def still_names(run: ow.Run) -> Fault:
    """For a request for the agent: it does not name a newer run than this one yet."""
    newest = {"object": "run", "id": run.id, "agentId": run.agent_id}
    return kept_off(answer({"object": "agent", "id": run.agent_id, "name": "", "lastRun": newest}))


def kept_off(behaviour: Behaviour) -> Fault:
    """It never reaches the sandbox."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        front.asked()
        await behaviour(request, writer)

    return meet


def refused(refusal: Refusal, way: Behaviour | None = None) -> Fault:
    """The server refuses, and repeats that to the same key from then on; `way` replaces the answer on its way."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        front.recorded[request.headers["idempotency-key"]] = refusal
        await kept_off(way or answer(*refusal))(front, request, writer)

    return meet


def held(go_on: threading.Event, fault: Fault = passes, *, reached: threading.Event | None = None) -> Fault:
    """It waits on its way to the sandbox until it is let go; `reached` is set when it has come so far."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        if reached is not None:
            reached.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        await fault(front, request, writer)

    return meet


def unanswered(reached: threading.Event, over: threading.Event) -> Fault:
    """The sandbox does it and remembers its answer, which never comes; `reached` is set when it is done.

    The connection breaks a moment after `over` is set.
    """

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        await front.forward(request)
        reached.set()
        while not over.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        await reset()(request, writer)

    return meet
