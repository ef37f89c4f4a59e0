"""What is paid beyond a credit limit, a stop or an end: counted at a server that reads every silence at the user's cost.

`python -m tests.bench.bench_credit_limit` measures all, `python -m tests.bench.bench_credit_limit six-tables late-cells`
some, `--list` names them. It prints a table and then the same as lines of JSON. `spent` is what the dearest run, or all
that shares one limit, has paid in the end; `busiest` the most requests of one organization in one minute. A table has at
most `CELLS` cells of one credit, so what goes on for ever ends there. Time passes faster, but not for scripts and kernels,
which are processes of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.own_list_server import OwnListServer
from tests.support.quick import FastClock, forget_limited_runs, use_clock, without_environment, without_pauses
from tests.support.spending_server import SpendingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CELLS = 2_000
SPEEDS = (2.0, 10.0, 40.0)
MANY_SPEEDS = (2.0, 10.0, 20.0, 40.0)
LATE = (0, 1, 3, 20)
LATE_RUN = {"agent_seconds": 30.0, "ends_when_read": True, "cells_per_second": 20.0}
LIMIT = 50
PATIENCE = 90.0
"""Seconds of this machine after which a wait is given up."""
ROOT = Path(__file__).parents[2]


@dataclass
class Result:
    """One line of the table."""

    what: str
    cells_per_second: float
    limit: float | None
    spent: float
    over: float | None
    requests: int
    busiest: int
    refused: int
    note: str = ""

    def __str__(self) -> str:
        shown = ["-" if each is None else f"{each:g}" for each in (self.limit, self.spent, self.over)]
        return (
            f"{self.what:42} {self.cells_per_second:7g} {shown[0]:>6} {shown[1]:>6} {shown[2]:>6} "
            f"{self.requests:8} {self.busiest:7} {self.refused:4}  {self.note}"
        )


HEAD = (
    f"{'what':42} {'cells/s':>7} {'limit':>6} {'spent':>6} {'over':>6} {'requests':>8} {'busiest':>7} {'429':>4}  note"
)


def result(
    server: SpendingServer, what: str, speed: float, limit: float | None, spent: float, note: str = ""
) -> Result:
    """What was measured, with what the server counted of requests."""
    busiest = max(sum(minute.values()) for key in server.keys for minute in server.by_minute(key).values())
    over = None if limit is None else spent - limit
    return Result(what, speed, limit, spent, over, len(server.asked_for), busiest, server.refused, note)


@contextlib.contextmanager
def served(
    faster: float, kind: type[SpendingServer] = SpendingServer, **options: Any
) -> Iterator[tuple[Any, list[ow.Client]]]:
    """A server, and a client for each of its organizations, on a clock of their own."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        without_environment(patch)
        without_pauses(patch)
        forget_limited_runs(patch)
        patch.setenv("ORIGAMI_WIDGETS_DATA", folder)
        clock = use_clock(patch, FastClock(faster))
        with kind(clock=clock.time, **{"cells": CELLS, **options}) as server:
            yield server, [ow.Client(key, base_url=server.base_url) for key in server.keys]


def until(what: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Wait until something is so; return whether it came to be."""
    ends = time.monotonic() + patience
    while not what():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True


def ended(runs: list[ow.Run]) -> str:
    """Wait until the cells of runs are final and no stop is under way; say so if that isn't to be."""
    left = 0
    for run in runs:
        try:
            run.wait("cells", timeout=PATIENCE)
        except ow.OrigamiError:
            left += 1
    left += not until(lambda: all(run.state.stopping == "none" for run in runs))
    return "" if not left else "not ended"


def spent_by(server: SpendingServer) -> list[float]:
    """What each run of the client has paid in the end."""
    server.finish()
    return [sum(server.spent(table, run.id) for table in run.tables) for run in server.runs if not run.by]


# In one process, on a clock that is faster


def limited_runs(runs: int, organizations: int, speeds: tuple[float, ...] = SPEEDS) -> Iterator[Result]:
    """So many runs, each with a limit of its own, in so many organizations."""
    for speed in speeds:
        with served(10, cells_per_second=speed, organizations=organizations) as (server, clients):
            started = [
                ow.start(f"Find bakeries {n}", credit_limit=LIMIT, client=clients[n % organizations], show=False)
                for n in range(runs)
            ]
            note = ended(started)
            spent = spent_by(server)
            where = "one organization" if organizations == 1 else f"{organizations} organizations"
            note = f"{min(spent):g}, {statistics.median(spent):g}, {max(spent):g} at least, median, most {note}".strip()
            yield result(server, f"{runs} limited runs, {where}", speed, LIMIT, max(spent), note)


def one() -> Iterator[Result]:
    yield from limited_runs(1, 1)


def eight() -> Iterator[Result]:
    yield from limited_runs(8, 1, MANY_SPEEDS)


def twenty() -> Iterator[Result]:
    yield from limited_runs(20, 1, MANY_SPEEDS)


def fifteen_organizations() -> Iterator[Result]:
    yield from limited_runs(15, 15)


def six_tables() -> Iterator[Result]:
    """One run builds six tables, which spend at once."""
    for speed in SPEEDS:
        limit = 6 * LIMIT * 4
        with served(10, cells_per_second=speed, tables=6, cells=CELLS) as (server, (client,)):
            run = ow.start("Find bakeries", credit_limit=limit, client=client, show=False)
            note = ended([run])
            yield result(server, "six tables of one run", speed, limit, sum(spent_by(server)), note)


def shared_list() -> Iterator[Result]:
    """A colleague's run fills its own column of the same list. His cells go on, whatever is stopped of ours."""
    for kind in ("limit", "cancel"):
        for speed in SPEEDS:
            with served(10, cells_per_second=speed, agent_seconds=300.0) as (server, (client,)):
                table = server.add_table(rows=500)
                theirs = server.colleague_starts(focus=[table])
                limit = 4 * LIMIT if kind == "limit" else None
                run = ow.start("Find", focus_tables=[table], credit_limit=limit, client=client, show=False)
                own = server.runs[-1]
                used = 0.0
                if kind == "cancel":
                    until(lambda table=table, own=own: server.spent(table, own.id) >= LIMIT)
                    used = server.spent(table, own.id)
                    run.cancel()
                until(lambda run=run: run.done)
                # What isn't stopped while a colleague's cells are active isn't stopped at all, or when those have ended.
                until(lambda table=table, own=own: not server.active(table, own.id), 30)
                stopped = sum(stop.owners[theirs.id] for stop in server.stops if not stop.dry_run)
                all_paid = server.spent(table)
                (ours,) = spent_by(server)
                note = f"all of ours; {all_paid:g} by both when last looked at; {stopped} cells of a colleague stopped"
                if kind == "cancel":
                    note = f"{used:g} when cancelled; {note}"
                yield result(server, f"list with a colleague's run, {kind}", speed, limit, ours, note)


def late_cells() -> Iterator[Result]:
    """Cells begin so many seconds after the end of the run, or after its agent's cancel."""
    for after in LATE:
        yield late_enrich(after)
    for kind in ("limit", "cancel", "limit while filling"):
        for after in LATE:
            yield late_run(kind, after)


def late_enrich(after: float) -> Result:
    options = {**LATE_RUN, "cells": 0, "late_cells": 200, "late_after": after}
    with served(4, OwnListServer, **options) as (server, (client,)):
        frame = pd.DataFrame({"website": [f"{number}.example" for number in range(200)]})
        filled, said = 0, "no error"
        try:
            found = ow.enrich(frame, "Find phones", key="website", client=client, show=False)
            filled = max((int(found[name].notna().sum()) for name in found if name not in frame), default=0)
        except ow.OrigamiError as error:
            said = f"{type(error).__name__}: {error.title}"
        return result(server, f"enrich, cells after {after} s", 20.0, None, server.finish(), f"{filled} of 200, {said}")


def late_run(kind: str, after: float) -> Result:
    cells = CELLS if kind == "limit while filling" else 0
    options = {**LATE_RUN, "cells": cells, "late_cells": 600, "late_after": after}
    limit = None if kind == "cancel" else LIMIT
    with served(4, **options) as (server, (client,)):
        run = ow.start("Find bakeries", credit_limit=limit, client=client, show=False)
        if kind == "cancel":
            until(lambda: server.tables and run.tables)
            run.cancel()
        run.wait("cells", timeout=PATIENCE)
        # Until every late cell has been paid or stopped, the process lives on.
        over_at = min(server.runs[0].ends, server.now()) + after + 1
        until(lambda: server.now() > over_at and not any(server.active(table) for table in server.tables))
        until(lambda: run.state.stopping == "none", 10)
        said = "no error" if run.error is None else run.error.title
        stops = sum(not stop.dry_run for stop in server.stops)
        what = f"{kind}, cells after {after} s"
        return result(server, what, 20.0, limit, server.finish(), f"{run.status}, {said}, {stops} table cancels")


# In processes of their own, on the clock of the machine

MANY = """
import origami_widgets as ow
ow.start_many(["Find bakeries", "Find butchers"], once="towns", credit_limit=100, show=False).wait("cells")
"""
CANCELS = """
import time, origami_widgets as ow
run = ow.start("Find bakeries", show=False)
while not (run.tables and run.state.cells_running):
    time.sleep(0.1)
run.cancel()
"""
LIST = """
import sys, origami_widgets as ow
run = ow.start("Find phones", focus_tables=[sys.argv[1]], once="phones", credit_limit=100, show=False)
run.wait("cells")
"""


def begin(server: SpendingServer, script: str, folder: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Run a script that reaches the server by a host name."""
    base_url = server.base_url.replace("127.0.0.1", "localhost")
    own = {"ORIGAMI_API_KEY": server.key, "ORIGAMI_BASE_URL": base_url, "ORIGAMI_WIDGETS_DATA": folder}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", script, *arguments], env={**os.environ, **own}, cwd=ROOT, **silent)


def ends(process: subprocess.Popen[bytes]) -> str:
    """Wait for a script; say how it ended."""
    try:
        return f"exit {process.wait(120)}"
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "killed after 120 s"


def script_ends() -> Iterator[Result]:
    """A script's `wait` raises at the limit of a batch, and the process ends; then the same, and the script once more."""
    for times in (1, 2):
        with tempfile.TemporaryDirectory() as folder, SpendingServer(cells=1_000) as server:
            exits = [ends(begin(server, MANY, folder)) for _ in range(times)]
            at_end = server.paid
            stops = sum(not stop.dry_run for stop in server.stops)
            note = f"{', '.join(exits)}; {at_end:g} at the end, {stops} table cancels, {len(server.runs)} runs"
            yield result(server, f"script that ends at its limit, {times} times", 20.0, 100, server.finish(), note)


def script_cancels() -> Iterator[Result]:
    """A script's last line is a cancel; some cells begin a second after its agent's end."""
    options = {"cells": CELLS, "late_cells": 600, "late_after": 1.0}
    with tempfile.TemporaryDirectory() as folder, SpendingServer(**options) as server:
        end = ends(begin(server, CANCELS, folder))
        at_end = server.paid
        stops = sum(not stop.dry_run for stop in server.stops)
        note = f"{end}; {at_end:g} at the end, {stops} table cancels"
        yield result(server, "script whose last line is a cancel", 20.0, None, server.finish(), note)


def restarts() -> Iterator[Result]:
    """A kernel under a limit of 100 on a list is killed after 60 credits, three times, and started again."""
    with (
        tempfile.TemporaryDirectory() as folder,
        SpendingServer(cells=CELLS, cells_per_second=10, agent_seconds=600) as server,
    ):
        table, killed = server.add_table(rows=500), 0
        for _ in range(3):
            kernel, before = begin(server, LIST, folder, table), server.paid
            until(lambda before=before, kernel=kernel: server.paid >= before + 60 or kernel.poll() is not None)
            killed += kernel.poll() is None
            kernel.kill()
            kernel.wait()
        end = ends(begin(server, LIST, folder, table))
        note = f"{killed} killed, then {end}; {server.paid:g} at the end, {len(server.runs)} runs"
        yield result(server, "three restarts under one limit", 10.0, 100, server.finish(), note)


ROWS: dict[str, Callable[[], Iterator[Result]]] = {
    "one": one,
    "eight": eight,
    "twenty": twenty,
    "fifteen-organizations": fifteen_organizations,
    "six-tables": six_tables,
    "shared-list": shared_list,
    "restarts": restarts,
    "script-ends": script_ends,
    "script-cancels": script_cancels,
    "late-cells": late_cells,
}


def main(*names: str) -> None:
    if "--list" in names:
        print("\n".join(ROWS))
        return
    found = []
    print(HEAD)
    for name in names or ROWS:
        for each in ROWS[name]():
            print(each, flush=True)
            found.append({"name": name, **asdict(each)})
    print()
    for line in found:
        print(json.dumps(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
