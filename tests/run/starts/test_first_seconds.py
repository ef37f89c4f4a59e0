"""A stop in the first seconds of a run: its cells begin after the cancel, in tables that no answer has named yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

import origami_widgets as ow
from tests.support.interrupts import interrupt
from tests.support.own_list_server import OwnListServer
from tests.support.quick import look_after, see, use_spending_clock, wait_for_last_words
from tests.support.spending_server import STOP, SpendingServer

MOMENTS = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Seconds after the start at which it is stopped."""
BEGIN = (0.5, 2.0, 5.0, 10.0)
"""Seconds after the start at which its first cells begin."""
CELLS = 2000
TABLES = {
    "known": {"response": "partial"},
    "unknown": {"response": "null"},
    "listed late": {"response": "null", "lists_lag": 5.0},
}


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


def server_of(clock, begins, **options):
    """A server whose cells begin so many seconds after a start, and outlive the run and its agent's cancel."""
    return SpendingServer(
        clock=clock.time, cells=CELLS, cells_per_second=20.0, begins=begins, cancel_delay=0.0, **options
    )


def client_of(server):
    return ow.Client(server.key, base_url=server.base_url)


def stopped(server, run):
    """Wait until the stop of a run is over; return what was paid in the end."""
    see(lambda: run.state.cancel == "none" and run.state.stopping == "none" and run.state.looks >= 3)
    assert server.count(STOP) > 0
    return server.finish()


# Ten in flight, and twenty a second for a minute, as the clock may skip the longest pause while a request is out.
MOST = 10 + 20 * 60


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("begins", BEGIN)
@pytest.mark.parametrize("after", MOMENTS)
def test_a_cancel_holds_in_the_first_seconds(clock, after, begins, tables):
    with server_of(clock, begins, **TABLES[tables]) as server:
        run = ow.start("Find bakeries", client=client_of(server), show=False)
        clock.skip(after)
        run.cancel()
        assert stopped(server, run) <= MOST


@pytest.mark.posix
@pytest.mark.parametrize("begins", BEGIN)
def test_an_interrupted_start_that_is_found_later_is_stopped(monkeypatch, clock, begins):
    look_after(monkeypatch, 0.5, 1.0)
    wait_for_last_words(monkeypatch, 0.1)
    with server_of(clock, begins) as server:
        client = ow.Client(server.key, base_url=server.base_url, timeout=1)
        server.fail("POST /agents", None, takes_effect=True)
        sent = threading.Event()
        threading.Thread(target=lambda: (see(lambda: server.runs), sent.set())).start()
        interrupt(lambda: ow.start("Find bakeries", client=client, show=False), sent, after=0.2)
        see(lambda: any(not stop.dry_run for stop in server.stops))
        see(lambda: not any(map(server.active, server.tables)))
        assert len(server.cancels) == 1
        assert server.finish() <= MOST


@pytest.mark.parametrize("begins", BEGIN)
def test_a_batch_stops_at_its_limit_what_it_finds_later(clock, begins):
    with server_of(clock, begins, agent_seconds=600.0) as server:
        client = ow.Client(server.key, base_url=server.base_url, timeout=3)
        server.fail("POST /agents", None, takes_effect=True)
        briefs = ["Find cheese makers", "Find dairies"]
        batch = ow.start_many(briefs, credit_limit=100, client=client, show=False)
        see(lambda: batch.error is not None and len(server.runs) >= 2)
        see(lambda: all(run.state.looks >= 3 and run.state.stopping == "none" for run in batch.runs))
        assert batch.error.code == "CREDIT_LIMIT"
        assert not any(map(server.active, server.tables))
        assert server.finish() <= 100 + 2 * MOST


SCRIPTS = {
    "start": "import origami_widgets as ow; ow.start('Find bakeries', show=False).wait()",
    "enrich": "import origami_widgets as ow, pandas as pd; rows = pd.DataFrame({'website': ['a.example', 'b.example']}); "
    "ow.enrich(rows, 'Find phones', key='website', show=False)",
}
STILL_OUT = {"start": (4.0, 12.0), "enrich": (0.0, 4.0, 12.0)}
"""Seconds for which the answer to a start is out. A script that has it waits for the run, and an interrupt leaves a run alone."""


def interrupted_script(name, after, is_out, folder):
    """Interrupt a script so many seconds after its start has reached the server; its exit code, what was paid, what goes on."""
    server = OwnListServer(
        cells=CELLS, cells_per_second=20.0, begins=max(2.0, after + 0.5), opens=after + 0.2, cancel_delay=0.0
    )
    server.hold("POST /agents", is_out)
    with server:
        address = server.base_url.replace("127.0.0.1", "localhost")
        own = {"ORIGAMI_API_KEY": server.key, "ORIGAMI_BASE_URL": address, "ORIGAMI_WIDGETS_DATA": str(folder)}
        script = subprocess.Popen(
            [sys.executable, "-c", SCRIPTS[name]], env={**os.environ, **own}, stderr=subprocess.PIPE, text=True
        )
        while not server.runs:
            assert script.poll() is None
            time.sleep(0.002)
        time.sleep(after)
        script.send_signal(signal.SIGINT)
        said = script.communicate(timeout=110)[1]
        goes_on = sum(map(server.active, server.tables))
        return script.returncode, len(server.cancels), goes_on, "Ctrl-C ends the wait" in said, server.finish()


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.clock
@pytest.mark.timeout(240)
def test_a_script_that_is_interrupted_waits_until_nothing_begins_any_more(tmp_path):
    cases = [(name, *case) for name in SCRIPTS for case in product(MOMENTS, STILL_OUT[name])]
    with ThreadPoolExecutor(len(cases)) as pool:
        ends = [pool.submit(interrupted_script, *case, tmp_path / str(number)) for number, case in enumerate(cases)]
    for case, end in zip(cases, ends, strict=True):
        code, cancels, goes_on, says_it, paid = end.result()
        assert (code != 0, cancels, goes_on, says_it) == (True, 1, 0, True), case
        # In flight, until its answer says which run it is, and between two looks.
        assert paid <= 10 + 20 * (case[2] + 15), case
