"""Processes that watch runs of one sandbox over sockets, in a time that passes faster for all of them alike.

What is scaled: one clock, which the sandbox and the pollers of all processes read, runs `SCALE` times as fast as the
wall's. So the limiter's window is its real one, 60 seconds of that clock, the sandbox names the real 15 seconds between
polls, and the rate limit is the one that ships. What is not scaled are the sockets: a request takes, in seconds of that
clock, `SCALE` times as long as it would. While everything is being prepared that clock stands still, but for the time
that the starts take within the limits.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import origami_widgets as ow

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALE = 20.0
ROOT = Path(__file__).parents[2]
RUN = re.compile(r"/agents/[^/]+/runs/([^/]+)$")
ROWS = re.compile(r"/tables/([^/]+)/rows$")

PROGRAM = """
import asyncio, contextlib, json, sys, threading, time
import origami_widgets as ow
from origami_widgets.api.operations import Operations
from origami_widgets.run.polling import poller as poller_module

order = json.loads(sys.argv[1])

class ScaledClock:
    def time(self):
        return time.monotonic() * order["scale"] + order["offset"]
    monotonic = time
    async def sleep(self, seconds, wake):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else seconds / order["scale"]):
                await wake.wait()

client = ow.Client(order["key"], base_url=order["base_url"])
client.get_account()
print("ready", flush=True)
order |= json.loads(input())
clock = ScaledClock()
poller_module.current = poller_module.Poller(clock)
sent = []
def noted(asking):
    async def ask(*arguments, **options):
        sent.append(clock.time())
        return await asking(*arguments, **options)
    return ask
for name in ("poll_run", "poll_table", "list_rows", "list_columns"):
    setattr(Operations, name, noted(getattr(Operations, name)))
runs = [ow.attach(token, client=client, show=False) for token in order["tokens"]]
print("attached", flush=True)

def look_at_leads():
    # A page with a card of each run, all on their leads; it says again and again that it still looks.
    cards = [ow.RunCard(run) for run in runs]
    look = {"kind": "leads", "grid": "g", "query": 1, "first": 0, "last": 5, "size": 50, "sort": None, "filters": [],
        "include_hidden": False, "include_left_out": False}
    while True:
        for card, run in zip(cards, runs):
            for table in run.tables[:1]:
                receive(card, {**look, "table": table.id})
        time.sleep(20 / order["scale"])

if order["looks_at_leads"]:
    from origami_widgets.card.widgets import lead_feed
    from tests.card.live import receive
    lead_feed.SPACING /= order["scale"]
    threading.Thread(target=look_at_leads, daemon=True).start()
if order["until_the_end"]:
    print(json.dumps([run.wait(timeout=100).status for run in runs]), flush=True)
input()
print(json.dumps(sent), flush=True)
input()
"""


class Counting(ow.Sandbox):
    """A sandbox on the fast clock, which stands still until it is let go, that writes down what it was asked.

    Attributes:
        asked: when each run was asked about with success, by run id, in seconds of the clock.
        refused: when that was refused.
        rows: when leads were asked for, by table id.
    """

    def __init__(self) -> None:
        self.offset: float | None = None
        self._still_at = 1_795_000_000.0
        super().__init__(plan="enterprise", credits=10**9, clock=self.now)
        self.asked: dict[str, list[float]] = defaultdict(list)
        self.refused: dict[str, list[float]] = defaultdict(list)
        self.rows: dict[str, list[float]] = defaultdict(list)
        self._counting = Lock()

    def now(self) -> float:
        return self._still_at if self.offset is None else time.monotonic() * SCALE + self.offset

    def let_go(self) -> None:
        """Let the clock run."""
        self.offset = self._still_at - time.monotonic() * SCALE

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        about = RUN.search(scope.get("path", ""))
        if (leads := ROWS.search(scope.get("path", ""))) is not None:
            with self._counting:
                self.rows[leads[1]].append(self.now())

        async def watched(message: Any) -> None:
            if about is not None and scope["method"] == "GET" and "status" in message:
                with self._counting:
                    (self.refused if message["status"] == 429 else self.asked)[about[1]].append(self.now())
            await send(message)

        await super().__call__(scope, receive, watched)

    def start(self, runs: int, brief: str) -> list[str]:
        """Start runs within the limits, and let a minute pass; their tokens."""
        client, tokens = self.client(), []
        for number in range(runs):
            created = client.create_agent(f"{brief} No. {number}")
            tokens.append(f"{created.agent.id}/{created.run.id}")
            self._still_at += 60 / 80
        self._still_at += 60
        return tokens


class Kernel:
    """One process. Use it as a context manager, which waits until it is ready to begin."""

    def __init__(self, sandbox: Counting, base_url: str, *, until_the_end: bool, looks_at_leads: bool = False) -> None:
        self._sandbox = sandbox
        self._order = {
            "key": sandbox.api_key,
            "base_url": base_url,
            "scale": SCALE,
            "until_the_end": until_the_end,
            "looks_at_leads": looks_at_leads,
        }

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", PROGRAM, json.dumps(self._order)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)

    def says(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def begin(self, tokens: Sequence[str]) -> None:
        """Let it attach to these runs."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"tokens": list(tokens), "offset": self._sandbox.offset}) + "\n")
        self._process.stdin.flush()

    def polled(self) -> list[float]:
        """When it has sent each of its requests, in seconds of the clock."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self.says())
