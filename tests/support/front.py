"""What stands between a client and a real sandbox: each request reaches the sandbox or not, then its answer gets lost.

Use it as the only behaviour of a `RawServer`. POSTs that start a run take the next fault; lists take the next of
`reads`. A run that was started is counted at the sandbox, whatever the client was told.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import httpx

import origami_widgets as ow
from tests.support.server import head

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from tests.support.server import Behaviour, Received

    Fault = Callable[["Front", Received, asyncio.StreamWriter], Awaitable[None]]


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

    Attributes:
        sandbox: the API behind it.
        faults: what the next starts of a run meet; without any they pass.
        reads: what the next reads of a list meet.
        polls: what the next reads of one run are answered.
        cancels: what the next wishes to cancel are answered.
        starts: the requests that asked for a run.
        asked_to_cancel: how many wishes to cancel have reached the sandbox.
        asked: what is called at each of them, after the sandbox has seen it.
    """

    def __init__(self, *, speed: float = 240, **options: Any) -> None:
        self.sandbox = ow.Sandbox(speed=speed, seed=next(_seeds), **options)
        self.faults: list[Fault] = []
        self.reads: list[Fault] = []
        self.polls: list[Behaviour] = []
        self.cancels: list[Behaviour] = []
        self.starts: list[Received] = []
        self.asked_to_cancel = 0
        self.asked: Callable[[], object] = lambda: None
        self._behind = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.sandbox), base_url="http://sandbox")

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        fault = passes
        if request.method == "POST" and not request.path.endswith("/cancel"):
            self.starts.append(request)
            fault = self.faults.pop(0) if self.faults else passes
        elif request.path.endswith("/cancel"):
            fault = kept_off(self.cancels.pop(0)) if self.cancels else passes
            self.asked_to_cancel += fault is passes
        elif request.path.endswith(("/agents", "/runs")) and self.reads:
            fault = self.reads.pop(0)
        elif "/runs/" in request.path and self.polls:
            fault = kept_off(self.polls.pop(0))
        await fault(self, request, writer)

    async def forward(self, request: Received, *, without_key: bool = False) -> httpx.Response:
        """Let the sandbox answer."""
        headers = dict(request.headers)
        if without_key:
            headers.pop("idempotency-key", None)
        return await self._behind.request(request.method, request.target, headers=headers, content=request.body)

    def runs(self) -> list[str]:
        """The ids of all runs that the sandbox has started."""
        client = self.sandbox.client()
        return [run.id for agent in client.list_agents().items for run in client.list_runs(agent.id).items]


async def passes(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
    """Nothing happens to it."""
    answer = await front.forward(request)
    if request.method == "POST":
        front.asked()
    headers = [
        (name, value) for name, value in answer.headers.items() if name not in ("content-length", "content-type")
    ]
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


def kept_off(behaviour: Behaviour) -> Fault:
    """It never reaches the sandbox."""

    async def meet(front: Front, request: Received, writer: asyncio.StreamWriter) -> None:
        front.asked()
        await behaviour(request, writer)

    return meet
