"""`credit_limit=` holds until the cells are final, at a server on which they outlive their run and its agent's cancel."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

import origami_widgets as ow
from origami_widgets.run.polling.schedule import QUIET_LOOKS
from origami_widgets.run.starts import credit_limit
from tests.support.errors import raises
from tests.support.quick import see, use_spending_clock
from tests.support.server import answer
from tests.support.spending_server import SpendingServer

CELLS = 60_000
"""Cells of each run: a limit that bounds nothing is far from one that does."""
IN_TIME = CELLS // 2
"""What may be spent: a check and a stop, and what this clock skips while requests are on their way."""


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


@pytest.fixture
def server(request, clock):
    options = {"cells": CELLS, "cells_per_second": 5.0, **getattr(request, "param", {})}
    with SpendingServer(clock=clock.time, **options) as server:
        yield server


@pytest.fixture
def client(server):
    with ow.Client(server.key, base_url=server.base_url, timeout=5) as client:
        yield client


def said(error):
    """The credits that an error says were used."""
    return float(error.cause.split(" credits")[0].replace(",", ""))


def ended(server, *runs):
    for run in runs:
        see(lambda run=run: run.settled and run.state.stopping == "none")
    return server.finish()


@pytest.mark.parametrize(
    "server", [{"agent_seconds": 600.0, "response": each} for each in ("null", "partial")], ids=str, indirect=True
)
@pytest.mark.parametrize("limit", [50, 200])
def test_one_run_is_ended_with_its_cells(server, client, limit):
    run = ow.start("Find bakeries", credit_limit=limit, client=client, show=False).wait("cells")
    assert run.state.looks >= QUIET_LOOKS, "a process may end now"
    spent = ended(server, run)
    assert limit < spent < IN_TIME
    assert (run.status, run.error.code) == ("cancelled", "CREDIT_LIMIT")
    assert said(run.error) == spent, "it says what was used in the end"


@pytest.mark.parametrize("server", [{"agent_seconds": 20.0}], ids=str, indirect=True)
def test_a_run_that_completed_below_the_limit_is_ended_by_its_cells(server, client):
    run = ow.start("Find bakeries", credit_limit=400, client=client, show=False).wait()
    assert (run.status, run.error) == ("completed", None)
    run.wait("cells")
    assert 400 < ended(server, run) < IN_TIME
    assert (run.status, run.error.code) == ("completed", "CREDIT_LIMIT")
    assert server.cancels == []


@pytest.mark.parametrize("server", [{"agent_seconds": 20.0}], ids=str, indirect=True)
def test_a_batch_whose_agents_have_ended_is_ended_by_its_cells(server, client):
    batch = ow.start_many(["Find bakeries", "Find butchers"], credit_limit=500, client=client, show=False).wait()
    assert batch.error is None
    with raises("CreditLimitReached"):
        batch.wait("cells")
    assert 500 < ended(server, *batch.runs) < 2 * IN_TIME


def test_a_list_of_ones_own_counts_from_the_start(server, client, clock):
    """What a colleague used before does not count; what anyone uses meanwhile does."""
    table = server.add_table(colleague_cells=500)
    clock.skip(600)
    assert server.spent(table) == 500
    run = ow.start("Find phones", focus_tables=[table], credit_limit=300, client=client, show=False).wait("cells")
    assert 800 < ended(server, run) < 500 + IN_TIME
    assert run.error.code == "CREDIT_LIMIT"
    run.conversation.credit_limit.note_before({table: 900})
    assert run.conversation.credit_limit.before == {table: 500}, "a follow-up on it counts from there, too"


def test_it_holds_without_a_handle(server, client):
    ow.start("Find bakeries", credit_limit=100, client=client, show=False)
    gc.collect()
    see(lambda: server.tables and server.stops and server.active(server.tables[0]) == 0)
    assert 100 < server.finish() < IN_TIME


@pytest.mark.clock
@pytest.mark.parametrize("server", [{"cells_per_second": 0.05, "in_flight": 1}], ids=str, indirect=True)
def test_it_holds_for_hours(server, client, clock):
    """Other checks end after 75 minutes."""
    began = clock.time()
    run = ow.start("Find bakeries", credit_limit=260, client=client, show=False).wait()
    clock.skip(75 * 60)
    run.wait("cells")
    assert clock.time() - began > 5_000
    assert 260 < ended(server, run) < 300
    assert run.error.code == "CREDIT_LIMIT"


def test_an_answer_inherits_it(server, client):
    run = ow.start("Find partners, asking", credit_limit=100, client=client, show=False).wait()
    assert run.status == "needs_input"
    run.answer("North").wait("cells")
    assert 100 < ended(server, run) < IN_TIME
    assert run.error.code == "CREDIT_LIMIT"


def test_a_follow_up_beyond_it_is_refused_and_a_higher_one_lets_it_go_on(server, client):
    run = ow.start("Find bakeries", credit_limit=100, client=client, show=False).wait("cells")
    see(lambda: run.state.stopping == "none")
    spent = server.paid
    with raises("CreditLimitReached", match="Nothing was sent"):
        run.follow_up("Add owners")
    assert len(server.runs) == 1
    run.follow_up("Add owners", credit_limit=spent + 200).wait("cells")
    assert len(server.runs) == 2
    assert spent + 200 < ended(server, run) < spent + 200 + IN_TIME
    assert run.error.code == "CREDIT_LIMIT"


@pytest.mark.parametrize("server", [{"cells": 120, "cells_per_second": 1000.0}], ids=str, indirect=True)
def test_a_follow_up_with_a_limit_that_has_been_used_is_refused(server, client):
    run = ow.start("Find bakeries", credit_limit=500, client=client, show=False).wait("cells")
    assert run.error is None
    with raises("CreditLimitReached", match="Nothing was sent"):
        run.follow_up("Add owners", credit_limit=50)
    assert len(server.runs) == 1


@pytest.mark.parametrize("server", [{"agent_seconds": 60.0, "cells_per_second": 10.0}], ids=str, indirect=True)
def test_another_limit_for_one_conversation_leaves_that_of_its_batch(server, client):
    # So high that it is not reached while the other run is still being started.
    batch = ow.start_many(["Find bakeries", "Find butchers, asking"], credit_limit=3_000, client=client, show=False)
    see(lambda: len(batch.runs) == 2 and batch.runs[1].done)
    assert batch.error is None
    answered = batch.runs[1].answer("North", credit_limit=CELLS)
    see(lambda: batch.runs[0].settled)
    assert batch.runs[0].error.code == "CREDIT_LIMIT"
    assert answered.error is None
    answered.cancel()
    see(lambda: answered.settled)


def test_a_follow_up_can_bring_the_first_limit(server, client):
    run = ow.start("Find bakeries, asking", client=client, show=False).wait()
    run.answer("North", credit_limit=150).wait("cells")
    assert 150 < ended(server, run) < IN_TIME
    with raises("InvalidInput", match="credit_limit"):
        run.follow_up("Add owners", credit_limit=-1)


def test_a_higher_limit_of_the_same_name_replaces_it(server, client, tmp_path, monkeypatch):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    first = ow.start("Find bakeries", once="porto", credit_limit=50, client=client, show=False)
    again = ow.start("Find bakeries", once="porto", credit_limit=300, client=client, show=False)
    assert again == first
    again.wait("cells")
    assert 300 < ended(server, again) < 300 + IN_TIME


@pytest.mark.clock
@pytest.mark.parametrize(
    "server",
    [
        {
            "cells": 300,
            "cells_per_second": 500.0,
            "agent_seconds": 20.0,
            "lead_source_cells": 2_000,
            "lead_source_rate": 0.05,
        }
    ],
    ids=str,
    indirect=True,
)
def test_it_holds_while_a_slow_lead_source_starts_cells_now_and_then(server, client):
    """Between two leads no cell is running: the run looks settled."""
    run = ow.start("Find bakeries", credit_limit=305, client=client, show=False).wait("cells")
    see(lambda: run.error is not None)
    assert 305 < ended(server, run) < 405
    assert run.state.stopped.lead_source_jobs == 1


AT_ONCE = {"cells": 215, "cells_per_second": 1e6, "agent_seconds": 0.001}
"""All is done before the first check."""


@pytest.mark.parametrize("server", [AT_ONCE], ids=str, indirect=True)
def test_a_run_that_ended_above_it_on_its_own_says_by_how_much(server, client):
    run = ow.start("Find bakeries", credit_limit=200, client=client, show=False).wait("cells")
    see(lambda: run.error is not None)
    assert (run.status, run.error.code, run.error.title) == (
        "completed",
        "CREDIT_LIMIT",
        "Ended above the credit limit",
    )
    for said_there in (run.error.cause, str(run), run.to_html()):
        assert "215 credits were used since the start; credit_limit is 200." in said_there
    assert (server.cancels, [each for each in server.stops if not each.dry_run]) == ([], [])
    with raises("CreditLimitReached", match="Nothing was sent"):
        run.follow_up("Add owners")


@pytest.mark.parametrize("server", [AT_ONCE], ids=str, indirect=True)
def test_it_ended_on_its_own_also_while_that_is_still_being_looked_into(server, client):
    asked, go_on = threading.Event(), threading.Event()

    async def late(request, writer):
        asked.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        nothing = {"dryRun": True, "tableId": server.tables[0], "activeCells": 0, "activeLeadSourceJobs": 0}
        await answer(nothing)(request, writer)

    server.fail("POST /tables/{id}/cancel dry", late)
    run = ow.start("Find bakeries", credit_limit=200, client=client, show=False).wait("cells")
    assert asked.wait(10)
    assert run.refresh().error.title == "Ended above the credit limit"
    go_on.set()
    assert run.refresh().error.title == "Ended above the credit limit"
    assert (server.cancels, [each for each in server.stops if not each.dry_run]) == ([], [])


STILL_FINDING = {**AT_ONCE, "lead_source_cells": 2_000, "lead_source_rate": 0.05}
"""Its run is over, and no cell is active, but a lead source goes on: one lead in 20 s."""


@pytest.mark.parametrize("server", [STILL_FINDING], ids=str, indirect=True)
def test_a_lead_source_that_goes_on_after_a_run_ended_above_it_is_stopped(server, client):
    run = ow.start("Find bakeries", credit_limit=200, client=client, show=False).wait("cells")
    see(lambda: server.stops and not server.stops[-1].dry_run)
    # Of the 2,000 that it would have found.
    assert ended(server, run) < 1_000
    assert run.error.title == "Credit limit of 200 reached"


@pytest.mark.parametrize("server", [STILL_FINDING], ids=str, indirect=True)
def test_a_lead_source_that_goes_on_after_its_batch_was_halted_is_stopped(server, client):
    batch = ow.start_many(["Find bakeries", "Find butchers"], at_once=1, credit_limit=200, client=client, show=False)
    see(lambda: server.stops and not server.stops[-1].dry_run)
    assert batch.error.code == "CREDIT_LIMIT"
    assert ended(server, *batch) < 1_000


@pytest.mark.parametrize("server", [AT_ONCE], ids=str, indirect=True)
def test_a_run_that_ended_below_a_higher_limit_no_longer_says_so(server, client, tmp_path, monkeypatch):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    options = {"once": "porto", "client": client, "show": False}
    run = ow.start("Find bakeries", credit_limit=200, **options).wait("cells")
    assert run.error is not None
    assert ow.start("Find bakeries", credit_limit=215, **options) == run
    assert run.error is None
    assert "limit" not in str(run).lower()


@pytest.mark.parametrize("server", [AT_ONCE], ids=str, indirect=True)
def test_a_limit_that_was_replaced_says_no_more(server, client, tmp_path, monkeypatch):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    go_on = threading.Event()

    async def late(request, writer):
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        nothing = {"dryRun": True, "tableId": server.tables[0], "activeCells": 0, "activeLeadSourceJobs": 0}
        await answer(nothing)(request, writer)

    server.fail("POST /tables/{id}/cancel dry", late)
    options = {"once": "porto", "client": client, "show": False}
    ow.start("Find bakeries", credit_limit=200, **options).wait("cells")
    gc.collect()
    run = ow.start("Find bakeries", credit_limit=215, **options)
    go_on.set()
    see(lambda: not credit_limit.limited)
    assert run.error is None


@pytest.mark.parametrize("server", [AT_ONCE], ids=str, indirect=True)
def test_a_batch_that_ended_above_it_on_its_own_says_so_in_its_last_run(server, client):
    batch = ow.start_many(["Find bakeries", "Find butchers"], at_once=1, credit_limit=300, client=client, show=False)
    assert batch.wait("cells").error is None, "nothing was halted"
    assert [run.status for run in batch] == ["completed"] * 2
    first, last = batch
    # Where the count comes after the end, it is said once all is quiet.
    see(lambda: last.refresh().error is not None)
    assert (first.refresh().error, last.error.code) == (None, "CREDIT_LIMIT")
    assert last.error.cause == "430 credits were used by all runs together since the start; credit_limit is 300."
    board = ow.RunBoard(batch)
    assert [row["note"] for row in board.view["rows"]] == ["", "Ended above the credit limit"]
    board.close()
    assert server.cancels == []
