"""What a card costs in Python: a run of 20 tables of 40 columns and 200 actions, and fifty live cards in a kernel.

Times are processor time. The share of fifty cards is what their kernel uses over some seconds of polling, with all that
goes over its sockets, against a sandbox in this process whose runs are so fast that nearly every poll has something new.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import start_new_kernel

sys.path.insert(0, str(Path(__file__).parents[2]))

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.models.run import RunObject
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import make_view
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import RunRead
from tests.fixtures.states import NOW, STATES
from tests.kernels.front_end import FrontEnd

CARDS = 50
HITCH = 50
"""Milliseconds: the background thread must not hold up a cell that computes for longer than a person would notice."""
PREPARE = """
import time
import origami_widgets as ow
from IPython.display import display

def share(seconds):
    began, used = time.monotonic(), time.process_time()
    time.sleep(seconds)
    return 100 * (time.process_time() - used) / (time.monotonic() - began)
"""


@dataclass(frozen=True)
class Figure:
    """One measured number with the most that it may be."""

    name: str
    value: float
    unit: str
    bar: float

    def __str__(self) -> str:
        return f"{self.name:<50} {self.value:8.1f} {self.unit:<5} (at most {self.bar:g})"


def milliseconds(function, rounds: int) -> float:
    """Return the processor time of one call, the median over the rounds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        function()
        times.append((time.process_time() - began) * 1e3)
    return statistics.median(times)


def large_run(rounds: int) -> list[Figure]:
    """Measure the view of a large run, its next step and its snapshot."""
    state = STATES["large"]()
    view = make_view(state, now=NOW)
    watch = RunWatch(None, state)
    card = ow.RunCard(Run(watch))
    sent: list[str] = []

    async def flushes() -> float:
        # What is planned on the loop comes in its next round.
        await asyncio.sleep(0)
        card.comm.send = lambda data=None, metadata=None, buffers=None: sent.append(json.dumps(data))
        times = []
        for _ in range(rounds):
            run = next_answer(watch.state.run.raw)
            began = time.process_time()
            watch.update(RunRead(RunObject.from_raw(run), at=NOW, keep_polling=True))
            await asyncio.sleep(0)
            times.append((time.process_time() - began) * 1e3)
        return statistics.median(times)

    flush = background().run(flushes())
    card.close()
    snapshot = make_view(state, now=NOW, form="snapshot")
    html, text = render_html(snapshot, now=NOW), render_text(snapshot, now=NOW)
    return [
        Figure("view", milliseconds(lambda: make_view(state, now=NOW), rounds), "ms", HITCH),
        Figure("one more step, from answer to bytes for the comm", flush, "ms", HITCH),
        Figure("one more step", max(map(len, sent)) / 1e3, "kB", 4),
        Figure("whole view", len(json.dumps(view).encode()) / 1e3, "kB", 60),
        Figure("snapshot, from view to HTML and text", milliseconds(lambda: both(snapshot), rounds), "ms", HITCH),
        Figure("snapshot, HTML and text", (len(html.encode()) + len(text.encode())) / 1e3, "kB", 90),
    ]


def next_answer(run: dict) -> dict:
    """Return the answer of the next poll: seven more leads in a table, and what they cost."""
    run = json.loads(json.dumps(run))
    run["steps"]["completed"] = (run["steps"]["completed"] or 0) + 1
    run["response"]["actions"].append({"type": "leads_added", "tableId": "table-19", "leadCount": 7})
    table = run["response"]["tables"][-1]
    table["leadCount"] = (table["leadCount"] or 0) + 7
    table["credits"]["lifetimeUsed"] = (table["credits"]["lifetimeUsed"] or 0) + 90
    return run


def both(view: dict) -> None:
    """Render the snapshot."""
    render_html(view, now=NOW)
    render_text(view, now=NOW)


class Counted(ow.Sandbox):
    """A sandbox that counts what it is asked."""

    asked = 0

    async def __call__(self, scope, receive, send) -> None:
        """Answer one request."""
        self.asked += 1
        await super().__call__(scope, receive, send)


def fifty_cards(seconds: float) -> list[Figure]:
    """Measure a kernel with fifty live cards in it."""
    manager, client = start_new_kernel()
    try:
        sandbox = Counted(speed=10, plan="enterprise")
        with sandbox.serve() as served:
            front_end = FrontEnd(client)
            front_end.run(PREPARE)
            idle = front_end.value("share(3)")
            front_end.run(
                f"client = ow.Client({served.api_key!r}, base_url={served.base_url!r})\n"
                f"runs = [ow.start('Find bakeries. scenario:slow', client=client, show=False) for _ in range({CARDS})]\n"
                "cards = [ow.RunCard(run) for run in runs]\n"
                "for card in cards: display(card)"
            )
            # The starts have used up what may be sent at once.
            front_end.run("time.sleep(2)")
            before, since = sandbox.asked, len(front_end.heard)
            busy = front_end.value(f"share({seconds})")
            polls = sandbox.asked - before
            updates = sum(message["msg_type"] == "comm_msg" for message in front_end.heard[since:])
            print(
                f"{CARDS} live cards over {seconds:g} s: {polls} requests, {updates} updates; before them {idle:.1f} %"
            )
            return [Figure(f"{CARDS} live cards, share of one core", busy, "%", 2)]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> int:
    """Print the figures; returns 1 when one of them is above its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    figures = [*large_run(options.rounds), *fifty_cards(options.seconds)]
    for figure in figures:
        print(figure)
    return int(any(figure.value > figure.bar for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
