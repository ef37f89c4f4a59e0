"""How long the first leads of a grid take after its run counts them, with a batch beside it.

The rate limit is the server's and does not speed up with the sandbox, so a fast sandbox leaves less room for each request. A
script stands for the page: it looks at the first table as soon as the run has one. The bar: at most 1 s.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import origami_widgets as ow

LONGEST = 1.0
BATCH = 12
GIVEN_UP = 300.0


class Page:
    """Looks at the first table of a run, and notes when its leads are counted and when they come."""

    def __init__(self, run: ow.Run) -> None:
        self.counted = self.came = 0.0
        self._run, self._grid, self._looks = run, ow.LeadGrid(run), 0.0
        self._grid.comm.send = self._receive
        run.conversation.subscribers.add(self._changed)

    def _receive(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        content = data.get("content") or {}
        if content.get("kind") == "leads" and content["rows"] and not self.came:
            self.came = time.monotonic()

    def _changed(self) -> None:
        tables = self._run.state.tables
        if not tables:
            return
        if not self.counted and tables[0].lead_count:
            self.counted = time.monotonic()
        if not self._looks:
            self._looks = time.monotonic()
            look = {"kind": "leads", "grid": "g", "query": 1, "table": tables[0].id, "first": 0, "last": 49}
            content = {
                **look,
                "size": 50,
                "sort": None,
                "filters": [],
                "include_hidden": False,
                "include_left_out": False,
            }
            self._grid.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def measure(speed: float) -> float:
    """Return the seconds from the count of the first leads to the leads themselves."""
    client = ow.Sandbox(speed=speed, plan="scale").client()
    briefs = [f"List bakeries in Porto, district {number}" for number in range(BATCH)]
    batch = ow.start_many(briefs, client=client, show=False)
    page = Page(ow.start("List cheese makers in Faro", client=client, show=False))
    ends = time.monotonic() + GIVEN_UP
    while not page.came and time.monotonic() < ends:
        time.sleep(0.01)
    batch.stop()
    return page.came - page.counted if page.came else float("inf")


def main() -> int:
    """Print the seconds at each speed; returns 1 when the bar is missed."""
    speeds = [float(each) for each in sys.argv[1:]] or [1.0, 4.0]
    took = {speed: measure(speed) for speed in speeds}
    for speed, seconds in took.items():
        print(
            f"speed {speed:g}: first leads {seconds:.3f} s after they are counted, beside {BATCH} runs; bar {LONGEST} s"
        )
    return 0 if max(took.values()) <= LONGEST else 1


if __name__ == "__main__":
    sys.exit(main())
