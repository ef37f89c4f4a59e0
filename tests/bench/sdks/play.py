"""One client and one fault: `python -m tests.bench.sdks.play CLIENT FAULT` prints what became of it, as JSON.

It runs in the client's own environment. The server counts what arrives: the runs it made, the keys it was given.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tests.bench.sdks.faults import POLLS, REDIRECT, STARTS
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    import asyncio

    from tests.support.server import Behaviour, Received

KEY = "og_live_TheKeyThatMustNotGoElsewhere00000000"
RUNNING_POLLS = 1
TIMEOUT = 2.0
"""Seconds that a request may take, wherever a client lets that be set."""


class Adapter(Protocol):
    """One client: its API as far as it needs it, and the way to start a run and wait for its end."""

    PACKAGE: str
    NOTE: str

    def is_start(self, request: Received) -> bool:
        """Whether a request starts a run."""
        ...

    def body(self, *, done: bool, start: bool) -> dict[str, Any]:
        """The run as the API describes it."""
        ...

    def go(self, base_url: str) -> None:
        """Start a run and wait for its end, by what the client has for that."""
        ...


@dataclass
class Story:
    """What the server does, and what arrived there."""

    adapter: Adapter
    fault: str
    elsewhere: str = ""
    polled: list[float] = field(default_factory=list)
    failed_at: list[float] = field(default_factory=list)
    posts: int = 0
    runs: int = 0
    keys: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    remembered: set[str] = field(default_factory=set)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if self.adapter.is_start(request):
            await self._start(request)(request, writer)
        elif request.method == "GET":
            await self._poll(request)(request, writer)
        else:
            await answer({})(request, writer)

    def _start(self, request: Received) -> Behaviour:
        self.posts += 1
        key = next(
            (request.headers[name] for name in ("idempotency-key", "x-idempotency-key") if name in request.headers), ""
        )
        key = key or request_id_of(request)
        self.keys.append(key)
        fault = STARTS.get(self.fault) if self.posts == 1 else None
        already = getattr(self.adapter, "ALREADY_THERE", None)
        if already is not None and key in self.made:
            return answer(already, 409)
        self.made.add(key)
        if not key or key not in self.remembered:
            self.runs += 1
        if key and not (fault is not None and fault.forgets):
            self.remembered.add(key)
        return fault.behaviour if fault is not None else answer(self.adapter.body(done=False, start=True), 200)

    def _poll(self, request: Received) -> Behaviour:
        special = getattr(self.adapter, "other_read", lambda _request, _runs: None)(request, self.runs)
        if special is not None:
            return answer(special)
        self.polled.append(time.monotonic())
        number = len(self.polled) - RUNNING_POLLS
        fault = POLLS.get(self.fault)
        if fault is not None and 0 < number <= fault.times:
            self.failed_at.append(time.monotonic())
            return fault.behaviour
        if self.fault == REDIRECT and number == 1:
            return answer("", 302, {"Location": f"{self.elsewhere}{request.target}"})
        if number <= 0:
            return answer(self.adapter.body(done=False, start=False), headers={"Retry-After": "1"})
        return answer(self.adapter.body(done=True, start=False))


def request_id_of(request: Received) -> str:
    """An id that the client chose for the thing it makes: sent again, it makes nothing new."""
    try:
        return str(request.json()["jobReference"]["jobId"])
    except (ValueError, KeyError, TypeError):
        return ""


def play(client: str, fault: str) -> dict[str, Any]:
    """Let one client meet one fault; what became of it."""
    adapter: Any = importlib.import_module(f"tests.bench.sdks.{client}")
    story = Story(adapter, fault)
    other = RawServer(answer(adapter.body(done=True, start=False)))
    with RawServer(story) as server, other:
        story.elsewhere = f"http://localhost:{other.port}"
        error = ""
        try:
            adapter.go(server.origin)
        except Exception as raised:
            # Whatever it is, the client has given up.
            error = type(raised).__name__
            if os.environ.get("PLAY_VERBOSE"):
                raise
        reported = POLLS[fault].reported if fault in POLLS else 0.0
        pause = next(
            (at - story.failed_at[0] for at in story.polled if story.failed_at and at > story.failed_at[0] + 1e-3), None
        )
        return {
            "error": error,
            "reported": reported,
            "slack": POLLS[fault].slack if fault in POLLS else 0.0,
            "pause": pause,
            "polls": len(story.polled),
            "met": len(story.failed_at),
            "posts": story.posts,
            "runs": story.runs,
            "keys": sorted(set(filter(None, story.keys))),
            "elsewhere": [any(KEY in value for value in request.headers.values()) for request in other.requests],
        }


def main() -> None:
    """Print what became of it, and end at once, whatever threads are left."""
    client, fault = sys.argv[1:3]
    print(json.dumps(play(client, fault)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
