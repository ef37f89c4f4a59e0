"""How often credits are read while `credit_limit=` holds: at what rate they are used, and what the server is asked."""

from __future__ import annotations

import contextlib
import time
from itertools import pairwise

import pytest

import origami_widgets as ow
from origami_widgets.api.models.table import Table
from origami_widgets.run.starts.credit_limit import Rate
from tests.support.counting_server import STOP
from tests.support.quick import FastClock, see, use_clock, use_spending_clock
from tests.support.spending_server import SpendingServer

LIST, TABLE, RUN = "GET /agents/{id}/tables", "GET /tables/{id}", "GET /agents/{id}/runs/{id}"
MOMENT = 1.5
"""Seconds that a request may take on a clock that skips."""


@contextlib.contextmanager
def serving(clock, **options):
    """A server on a clock that skips, and a client of it."""
    with (
        SpendingServer(clock=clock.time, cells=4_000, cells_per_second=2, **options) as server,
        ow.Client(server.key, base_url=server.base_url) as client,
    ):
        yield server, client


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


def ended(run):
    """A run whose cells are final, and of which nothing is being stopped any more."""
    run.wait("cells")
    see(lambda: run.settled and run.state.stopping == "none")
    return run


def table(used, running=5):
    return Table.from_raw({"id": "t", "credits": {"lifetimeUsed": used}, "cells": {"running": running}})


def rate_after(*readings):
    rate = Rate()
    for now, *read in readings:
        rate.note(table(*read), now)
    return rate.a_second


def test_the_rate_is_that_between_the_last_two_readings():
    assert rate_after((0, 100)) == 0, "one reading tells none"
    assert rate_after((0, 100), (5, 150)) == 10
    assert rate_after((0, 100), (5, 150), (15, 170)) == 2
    assert rate_after((0, 100), (5, 150), (10, 150)) == 0
    assert rate_after((0, 100), (5, 150, 0)) == 0, "no cell is active any more"


def test_answers_that_are_old_or_come_twice_leave_the_rate():
    assert rate_after((0, 100), (5, 150), (10, 140)) == 10
    assert rate_after((0, 100), (5, 150), (5.1, 151)) == 10
    assert rate_after((0, 100), (5, 150), (5.9, 150), (10, 200)) == 10


def readings(server, key, begin, *routes):
    """When credits were read, from a moment on until anything was stopped."""
    asked = [each for each in server.asked_for if each.key == key and each.at >= begin]
    stop = next((each.at for each in asked if each.route in {STOP, "POST /agents/{id}/cancel"}), server.now())
    return [each.at for each in asked if each.route in routes and each.at <= stop]


def gaps(moments):
    return [later - earlier for earlier, later in pairwise(moments)]


def test_six_filling_tables_are_read_by_one_request(clock):
    """Each by itself took 18 seconds a check."""
    with serving(clock, tables=6, agent_seconds=12) as (server, client):
        run = ow.start("Find bakeries", credit_limit=1_200, client=client, show=False).wait()
        assert len(run.tables) == 6
        ended(run)
        assert run.error.code == "CREDIT_LIMIT"
        begin = server.runs[0].ends + 15 + MOMENT
        assert readings(server, server.key, begin, TABLE, RUN) == []
        waits = gaps(readings(server, server.key, begin, LIST))
        assert max(waits) <= 15 + MOMENT
        assert max(waits[:2]) >= 15 - MOMENT, "far from the limit it is read rarely"
        # The last ones are before the limit, at it, and of the stop.
        assert waits[-3] <= 6 + MOMENT, "and often near it"


def test_a_table_that_the_list_does_not_show_is_read_by_itself(clock):
    with serving(clock, tables=2, agent_seconds=12) as (server, client):
        run = ow.start("Find bakeries", credit_limit=300, client=client, show=False).wait()
        begin = clock.time()
        server.fail(LIST, *[404] * 30)
        ended(run)
        assert run.error.code == "CREDIT_LIMIT"
        assert len(readings(server, server.key, begin, TABLE)) >= 8
        assert server.finish() < 2_000


@pytest.mark.parametrize("form", ["null", "partial"])
def test_while_the_agent_works_one_request_tells_all(clock, form):
    with serving(clock, tables=3, agent_seconds=600, response=form) as (server, client):
        began = clock.time()
        run = ow.start("Find bakeries", credit_limit=600, client=client, show=False)
        assert ended(run).error.code == "CREDIT_LIMIT"
        assert readings(server, server.key, began, TABLE) == []
        told = readings(server, server.key, began, *((LIST,) if form == "null" else (LIST, RUN)))
        assert max(gaps(told)) <= 15 + MOMENT
        checks = readings(server, server.key, began, RUN)
        assert min(gaps(checks[:-2])) >= 14, "a run is not checked before Retry-After"


def test_a_limit_on_a_run_that_is_attached_reads_its_credits_at_once(clock, tmp_path, monkeypatch):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    with serving(clock, agent_seconds=600) as (server, client):
        options = {"once": "porto", "client": client, "show": False}
        first = ow.start("Find bakeries", **options)
        # Its first check is heard: the second one follows.
        see(lambda: server.count(RUN) > 1)
        assert not first.done
        clock.skips = lambda: False
        # A sleep that is ending may skip still.
        time.sleep(0.05)
        clock.skip(40)
        began = clock.time()
        run = ow.start("Find bakeries", credit_limit=100, **options)
        see(lambda: readings(server, server.key, began, LIST))
        assert readings(server, server.key, began, LIST)[0] - began <= MOMENT
        clock.skips = lambda: True
        assert ended(run).error.code == "CREDIT_LIMIT"


def test_what_is_used_between_two_looks_after_the_end_is_said(clock):
    options = {"cells": 0, "late_cells": 600, "late_after": 20, "agent_seconds": 30, "ends_when_read": True}
    with (
        SpendingServer(clock=clock.time, cells_per_second=20, **options) as server,
        ow.Client(server.key, base_url=server.base_url) as client,
    ):
        run = ow.start("Find bakeries", credit_limit=50, client=client, show=False).wait("cells")
        see(lambda: run.error is not None)
        assert (run.error.code, run.credits.used) == ("CREDIT_LIMIT", 600)
        assert server.count(STOP) == 0


@pytest.mark.parametrize("is_readable", [True, False], ids=["together", "each by itself"])
def test_many_limited_runs_are_read_together(clock, monkeypatch, is_readable):
    """If all tables can't be read at once, each limit still holds, by readings of its own."""
    clock = use_clock(monkeypatch, FastClock(10))
    with (
        SpendingServer(clock=clock.time, cells=2_000, cells_per_second=10) as server,
        ow.Client(server.key, base_url=server.base_url) as client,
    ):
        if not is_readable:
            server.fail("GET /tables", *[500] * 100)
        options = {"credit_limit": 50, "client": client, "show": False}
        runs = [ow.start(f"Find bakeries {number}", **options) for number in range(8)]
        see(lambda: all(run.error for run in runs) and not any(map(server.active, server.tables)))
        assert {run.error.code for run in runs} == {"CREDIT_LIMIT"}
        assert server.count("GET /tables") > 0
        for run in runs:
            see(lambda run=run: run.done and run.state.stopping == "none")
        server.finish()
        most = max(sum(server.spent(table, run.id) for table in run.tables) for run in server.runs)
        assert most <= 50 + (150 if is_readable else 550)
