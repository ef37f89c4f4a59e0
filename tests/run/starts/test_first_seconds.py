"""A stop in the first seconds of a run: its cells begin after the cancel, in tables that no answer has named yet."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from tests.support.quick import see, use_spending_clock
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
