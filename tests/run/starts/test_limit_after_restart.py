"""A restarted kernel has no fresh credit limit: under a name, it counts from what the tables had used before the first request."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.run.starts import credit_limit
from tests.support.quick import SkippingClock, cancel_quickly, forget_limited_runs, see, use_clock
from tests.support.spending_server import SpendingServer

USED_BEFORE = 500
RATE = 5.0
OVER = 800
"""What may be spent beyond a limit: a check, a stop, and what this clock skips while requests are on their way."""


async def end_all_tasks():
    """End what a kernel has under way, as its death does; the loop itself goes on, and closes what is open."""
    tasks = [
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task() and "_until_idle" not in repr(task.get_coro())
    ]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=5)


class Kernels:
    """One kernel after the other, on a clock that skips only when a kernel is to go on to the end.

    Each has a client of its own, and nothing that an earlier one has kept in memory.
    """

    def __init__(self, patch, server, clock):
        self._patch, self.server, self.clock, self._number = patch, server, clock, 0
        self._client = None

    def restart(self):
        self.clock.skips = lambda: False
        self.end()
        credit_limit.limited.clear()
        use_clock(self._patch, self.clock)
        self._number += 1
        self._client = ow.Client(self.server.key, base_url=self.server.base_url, timeout=5.0 + self._number)
        return self._client

    def end(self):
        """Let the last kernel die."""
        background().run(end_all_tasks())
        if self._client is not None:
            self._client.close()
        background().run(asyncio.sleep(0.05))
        with warnings.catch_warnings():
            # A kernel that is killed while it connects closes nothing.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    def work(self, seconds):
        """Let it work for so long, and be killed then: nothing is checked meanwhile."""
        self.clock.skip(seconds)

    def go_on(self):
        self.clock.skips = lambda: True


@pytest.fixture
def clock(monkeypatch):
    cancel_quickly(monkeypatch)
    forget_limited_runs(monkeypatch)
    return SkippingClock()


@pytest.fixture
def kernels(request, monkeypatch, clock):
    options = {"cells": 60_000, "cells_per_second": RATE, "agent_seconds": 100.0, "in_flight": 2}
    options |= {"per_minute": None, "per_minute_of_ip": None, **getattr(request, "param", {})}
    with SpendingServer(clock=clock.time, **options) as server:
        kernels = Kernels(monkeypatch, server, clock)
        yield kernels
        kernels.end()


@pytest.fixture
def table(kernels):
    """A list that has used credits before."""
    table = kernels.server.add_table(colleague_cells=USED_BEFORE)
    kernels.work(600)
    assert kernels.server.spent(table) == USED_BEFORE
    return table


def said(error):
    """The credits that an error says were used."""
    return float(error.cause.split(" credits")[0].replace(",", ""))


def ended(server, *runs):
    for run in runs:
        see(lambda run=run: run.settled and run.state.stopping == "none")
    return server.finish()


def test_a_start_on_a_list_counts_from_its_first_start(kernels, table):
    """Its cells use 190 credits while no kernel looks: two thirds of the limit."""
    for _ in range(3):
        run = ow.start(
            "Find phones", focus_tables=[table], once="crm", credit_limit=300, client=kernels.restart(), show=False
        )
        assert run.error is None
        kernels.work(80 / RATE)
        del run
    client = kernels.restart()
    kernels.go_on()
    run = ow.start("Find phones", focus_tables=[table], once="crm", credit_limit=300, client=client, show=False)
    run.wait("cells")
    spent = ended(kernels.server, run) - USED_BEFORE
    assert len(kernels.server.runs) == 1
    assert run.error.code == "CREDIT_LIMIT"
    assert said(run.error) == spent
    assert 300 < spent < 300 + OVER
    assert "counted since" not in run.error.cause
    assert run.credits.used == spent


def test_it_is_written_down_before_the_request(kernels, table, files):
    seen = []
    client = kernels.restart()
    with files.before_each_write(lambda record: seen.append((record["bases"], kernels.server.count("POST /agents")))):
        ow.start("Find phones", focus_tables=[table], once="crm", client=client, show=False)
    assert seen[0] == ({table: USED_BEFORE}, 0)
    assert seen[-1] == ({table: USED_BEFORE}, 1)


def test_a_start_whose_answer_was_never_read_counts_from_there(kernels, table, files):
    client = kernels.restart()
    ow.start("Find phones", focus_tables=[table], once="crm", credit_limit=300, client=client, show=False)
    files.change(agent_id="", run_id="", started_at=None)
    kernels.work(240 / RATE)
    client = kernels.restart()
    run = ow.start("Find phones", focus_tables=[table], once="crm", credit_limit=300, client=client, show=False)
    kernels.go_on()
    run.wait("cells")
    assert len(kernels.server.runs) == 1
    assert said(run.error) == ended(kernels.server, run) - USED_BEFORE


def test_a_batch_on_one_list_counts_from_its_first_start(kernels, table):
    def batch(client):
        briefs = ["Find phones", "Find owners"]
        return ow.start_many(
            briefs, focus_tables=[table], once="crm", credit_limit=300, client=client, at_once=2, show=False
        )

    for seconds in (20, 12, 12):
        again = batch(kernels.restart())
        see(lambda batch=again: len(batch.runs) == 2)
        assert again.error is None
        kernels.work(seconds)
        del again
    client = kernels.restart()
    kernels.go_on()
    last = batch(client)
    with pytest.raises(ow.OrigamiError, match="Credit limit of"):
        last.wait("cells")
    kernels.clock.skips = lambda: False
    assert len(kernels.server.runs) == 2
    assert 300 < said(last.error) <= kernels.server.spent(table) - USED_BEFORE < said(last.error) + OVER


@pytest.mark.parametrize("limited", ["start", "follow_up"])
def test_a_follow_up_counts_from_its_first_start(kernels, table, execute, limited):
    """Under the limit of its conversation, or one of its own."""
    of_start, own = (300, None) if limited == "start" else (None, 300)

    def go_on(client):
        run = ow.start("Find bakers, asking first", once="crm", credit_limit=of_start, client=client, show=False)
        if len(run.turns) == 1:
            see(lambda: run.refresh().done)
        return run.follow_up("Find phones", focus_tables=[table], credit_limit=own)

    client = kernels.restart()
    run = ow.start("Find bakers, asking first", once="crm", credit_limit=of_start, client=client, show=False)
    kernels.work(10)
    del run
    for number in range(3):
        assert execute(lambda: go_on(client), execution=f"e{number}").error is None  # noqa: B023 - called at once
        kernels.work(80 / RATE)
        client = kernels.restart()
    run = execute(lambda: go_on(client), execution="last")
    kernels.go_on()
    run.wait("cells")
    spent = ended(kernels.server, run) - USED_BEFORE
    assert len(kernels.server.runs) == 2
    assert run.error.code == "CREDIT_LIMIT"
    assert said(run.error) == spent


def test_without_a_base_it_says_since_when_it_counts(kernels, table, files):
    client = kernels.restart()
    run = ow.start("Find phones", focus_tables=[table], once="crm", credit_limit=300, client=client, show=False)
    kernels.work(240 / RATE)
    files.change(bases={})
    del run
    client = kernels.restart()
    run = ow.start("Find phones", focus_tables=[table], once="crm", credit_limit=300, client=client, show=False)
    kernels.go_on()
    run.wait("cells")
    assert run.error.code == "CREDIT_LIMIT"
    assert "What a table had used before is not known: counted since " in run.error.cause
    assert said(run.error) < ended(kernels.server, run) - USED_BEFORE
