"""Cells that begin after the end of a run or of its agent's cancel: what was promised holds until all is quiet."""

from __future__ import annotations

import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.errors import raises
from tests.support.own_list_server import OwnListServer
from tests.support.quick import see, use_spending_clock
from tests.support.spending_server import STOP, SpendingServer

AFTER = (0.0, 1.0, 3.0, 20.0)
"""Seconds after the end at which cells begin."""
BRIEF = "Find the head of operations"


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


def server_of(kind, clock, **options):
    return kind(clock=clock.time, ends_when_read=True, cells_per_second=2.0, **options)


def client_of(server):
    return ow.Client(server.key, base_url=server.base_url)


@pytest.mark.parametrize("after", AFTER)
def test_a_limit_holds_for_cells_that_begin_after_the_end(clock, after):
    with server_of(SpendingServer, clock, cells=0, late_cells=6000, late_after=after) as server:
        run = ow.start("Find bakeries", credit_limit=50, client=client_of(server), show=False).wait("cells")
        see(lambda: run.error is not None and run.state.stopping == "none")
        assert (run.error.code, server.count(STOP) > 0) == ("CREDIT_LIMIT", True)
        assert 50 < server.finish() < 1500


def test_a_wait_ends_although_cells_of_an_earlier_turn_begin_after_their_stop(clock):
    late = {"late_cells": 6000, "late_after": range(200, 500, 10)}
    with SpendingServer(clock=clock.time, cells=4000, cells_per_second=5.0, agent_seconds=20.0, **late) as server:
        run = ow.start("Find bakeries", credit_limit=1200, client=client_of(server), show=False).wait()
        run.follow_up("Find partners, asking").wait("cells", timeout=20)
        assert (run.error.code, run.settled) == ("CREDIT_LIMIT", True)


@pytest.mark.parametrize("after", AFTER)
def test_a_cancel_holds_for_cells_that_begin_after_it(clock, after):
    with server_of(SpendingServer, clock, cells=0, late_cells=6000, late_after=after) as server:
        run = ow.start("Find bakeries", client=client_of(server), show=False)
        see(lambda: run.tables)
        run.cancel()
        see(lambda: run.state.stopped is not None and run.state.stopped.cells > 0)
        see(lambda: run.state.stopping == "none")
        assert server.finish() < 1500


@pytest.mark.parametrize("after", AFTER)
def test_an_ordinary_wait_lasts_until_columns_that_never_ran_are_quiet(clock, after):
    with server_of(SpendingServer, clock, cells=0, late_cells=60, late_after=after) as server:
        run = ow.start("Find bakeries", client=client_of(server), show=False).wait("cells")
        assert server.paid == 60 or run.state.looks >= 2
        assert after > 15 or server.paid == 60


@pytest.mark.parametrize("after", [*AFTER, 90.0])
def test_enrich_waits_a_minute_for_cells_that_have_not_begun(clock, after):
    companies = pd.DataFrame({"website": [f"shop-{n}.example" for n in range(40)]})
    with server_of(OwnListServer, clock, cells=0, late_cells=40, late_after=after) as server:

        def enrich():
            return ow.enrich(companies, BRIEF, key="website", client=client_of(server), show=False)

        if after > 60:
            with raises("EnrichmentFailed", match="begun") as caught:
                enrich()
            assert (caught.value.code, len(caught.value.partial)) == ("NOT_BEGUN", 40)
        else:
            assert enrich().iloc[:, -1].notna().all()
