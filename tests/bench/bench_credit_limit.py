"""By how much a credit limit is overshot: one run, a batch, a list of one's own; three speeds of cells, both answers.

The server of these tests spends as much as the vendor's words allow: cells outlive their run and its cancel, and what is
in flight is paid for. Time passes twenty times faster. `python -m tests.bench.bench_credit_limit` takes three minutes and
prints a table; GET counts all reads, stop the requests that stop cells.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time

import pytest

import origami_widgets as ow
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.clock import SystemClock
from tests.support.quick import forget_limited_runs, use_clock, without_environment, without_pauses
from tests.support.spending_server import SpendingServer

LIMIT = 200
SPEEDS = (2.0, 10.0, 40.0)
BRIEFS = 6
FASTER = 20
STARTED = time.time()


class FastClock(SystemClock):
    """A clock on which time passes `FASTER` times as fast."""

    def monotonic(self) -> float:
        return super().monotonic() * FASTER

    def time(self) -> float:
        return STARTED + (super().time() - STARTED) * FASTER

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else seconds / FASTER):
                await wake.wait()
        return None


def measured(kind: str, response: str, speed: float, *, limit: float = LIMIT) -> dict[str, float]:
    """Start with a limit, let all cells of the server be worked off, and count there.

    Args:
        kind: `run`, `batch` or `list`.
        response: `null` until a run's end, or `partial`.
        speed: cells a second and table, of one credit each.
        limit: the credit limit.
    """
    with pytest.MonkeyPatch.context() as patch:
        without_environment(patch)
        without_pauses(patch)
        forget_limited_runs(patch)
        clock = use_clock(patch, FastClock())
        options = {"clock": clock.time, "cells": 2_000, "cells_per_second": speed, "response": response}
        with SpendingServer(**options) as server:
            client = ow.Client(server.key, base_url=server.base_url)
            if kind == "batch":
                briefs = [f"Find bakeries {number}" for number in range(BRIEFS)]
                batch = ow.start_many(briefs, at_once=3, credit_limit=limit, client=client, show=False)
                with pytest.raises(ow.OrigamiError):
                    batch.wait("cells", timeout=120)
                runs = batch.runs
            else:
                focus = [server.add_table(rows=500)] if kind == "list" else []
                runs = (ow.start("Find", focus_tables=focus, credit_limit=limit, client=client, show=False),)
            for run in runs:
                run.wait("cells", timeout=120)
            said = float(runs[0].error.cause.split(" credits")[0].replace(",", ""))
            routes = server.routes
            spent = server.finish()
        poller_module.current = None
        stops = routes["POST /tables/{id}/cancel"] + routes["POST /tables/{id}/cancel dry"]
        gets = sum(count for route, count in routes.items() if route.startswith("GET"))
        return {"spent": spent, "said": said, "over": spent - limit, "GET": gets, "stop": stops}


def main() -> None:
    print(f"credit_limit={LIMIT}; 10 cells in flight a table; {BRIEFS} briefs in a batch, 3 at a time")
    print("what   response  cells/s  spent  error says  overshoot  GET  stop")
    for kind, response, speed in itertools.product(("run", "batch", "list"), ("null", "partial"), SPEEDS):
        found = measured(kind, response, speed)
        print(
            f"{kind:6} {response:8} {speed:8g} {found['spent']:6g} {found['said']:11g} {found['over']:10g} "
            f"{found['GET']:4g} {found['stop']:5g}"
        )


if __name__ == "__main__":
    main()
