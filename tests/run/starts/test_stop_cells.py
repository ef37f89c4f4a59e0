"""Stop means stop: the agent's work and its cells, at a server on which cells outlive both, and nobody else's cells."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

import origami_widgets as ow
from origami_widgets.run.starts import cancel as cancelling
from tests.support.errors import raises
from tests.support.interrupts import interrupt
from tests.support.quick import cancel_quickly, see, use_spending_clock
from tests.support.spending_server import COLLEAGUE, SpendingServer

STOP = "POST /tables/{id}/cancel"
DRY = "POST /tables/{id}/cancel dry"


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


@pytest.fixture
def server(request, clock):
    with SpendingServer(clock=clock.time, **getattr(request, "param", {})) as server:
        yield server


@pytest.fixture
def client(server):
    with ow.Client(server.key, base_url=server.base_url, timeout=5) as client:
        yield client


@pytest.fixture
def started(client, server):
    """Start a run; return it when cells that it asked for are waiting."""

    def start(brief="Find bakeries", **options):
        run = ow.start(brief, show=False, **{"client": client, **options})
        own = server.runs[-1].id

        def is_filling():
            known = {table.id for table in run.tables}
            return any(server.active(table, own) > 100 for table in server.tables if table in known)

        see(is_filling)
        return run

    return start


def over(run):
    """A run whose agent has ended while its cells fill."""
    run.wait()
    assert run.state.cells_running > 0
    return run


def stopped(run, server, clock):
    """Wait until nothing more is asked for, and let an hour pass: what is charged then is charged after all."""
    see(lambda: run.state.stopping == "none")
    before = server.paid
    clock.skip(3600)
    return server.paid - before


# What is stopped


@pytest.mark.parametrize(
    "server", [{"cells": 5000, "response": each} for each in ("null", "partial")], ids=str, indirect=True
)
def test_cancel_ends_the_agent_and_its_cells(server, started, clock):
    run = started()
    assert run.cancel() is run
    assert server.count(STOP) >= 1, "it returned before the first stop was acknowledged"
    run.wait("cells")
    assert run.status == "cancelled"
    assert stopped(run, server, clock) == 0
    assert server.paid < 2500
    assert run.state.stopped.cells > 500
    assert run.state.stopped.left_running == ()


@pytest.mark.parametrize("server", [{"cancel_delay": 120.0, "cells": 20_000}], ids=str, indirect=True)
def test_cancel_stops_again_what_the_agent_queued_before_it_ended(server, started, clock):
    """A dry run proves nothing before the agent has ended."""
    run = started()
    run.cancel().wait("cells")
    assert stopped(run, server, clock) == 0
    first, *_, last = server.stops
    assert first.at < server.runs[0].ends <= last.at
    assert last.dry_run
    assert (last.cells, last.jobs) == (0, 0)


@pytest.mark.parametrize("server", [{"cells": 5000}], ids=str, indirect=True)
def test_cancel_of_a_run_that_is_over_stops_its_cells(server, started, clock):
    run = over(started())
    run.cancel().wait("cells")
    assert (run.status, run.error) == ("completed", None)
    assert stopped(run, server, clock) == 0
    assert server.paid < 4000
    assert server.cancels == [], "its agent may be at work for somebody else by now"


def test_cancel_of_a_run_that_settled_a_minute_ago_sends_nothing(server, client, clock):
    run = ow.start("Find bakeries", client=client, show=False).wait("cells")
    clock.skip(61)
    sent = len(server.requests)
    run.cancel()
    assert run.stop_cells().cells == 0
    assert len(server.requests) == sent


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_cancel_without_cells_leaves_them(server, started, clock):
    run = started()
    run.cancel(cells=False).wait()
    assert run.status == "cancelled"
    assert server.stops == []
    assert stopped(run, server, clock) > 500


@pytest.mark.parametrize("server", [{"lead_source_cells": 1000}], ids=str, indirect=True)
def test_lead_sources_are_stopped_and_counted(server, started, clock):
    run = started()
    run.cancel().wait("cells")
    assert stopped(run, server, clock) == 0
    assert run.state.stopped.lead_source_jobs == 1


def test_a_table_that_comes_after_the_cancel_is_stopped(server, client):
    run = ow.start("Find bakeries", client=client, show=False)
    assert run.tables == ()
    run.cancel().wait("cells")
    assert run.status == "cancelled"
    see(lambda: run.state.looks >= 2)
    assert [server.active(table) for table in server.tables] == [0] * len(server.tables)


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_a_table_that_the_answers_leave_out_is_stopped(server, started, clock):
    """It was not in the agent's list before, and is now."""
    run = started("Find bakeries, silent")
    run.cancel().wait("cells")
    assert stopped(run, server, clock) == 0


@pytest.mark.parametrize("server", [{"cells": 5000}], ids=str, indirect=True)
def test_stop_cells_leaves_the_agent_at_work(server, started):
    run = started()
    result = run.stop_cells()
    assert result.cells > 100
    assert run.status == "running"
    assert server.cancels == []
    run.wait()
    assert run.status == "completed"


@pytest.mark.parametrize(
    "server", [{"cells": 60, "cells_per_second": 0.2, "agent_seconds": 4.0}], ids=str, indirect=True
)
def test_what_is_sent_after_a_stop_goes_on_while_its_last_cells_end(server, client, clock):
    clock.skips = lambda: False
    run = ow.start("Find bakeries", client=client, show=False)
    clock.skip(5)
    see(lambda: run.done and run.state.cells_running > 0)
    run.stop_cells()
    own = server.runs[-1].id
    assert run.state.stopping == "requested"
    run.follow_up("Find their suppliers", focus_tables=[run.tables[0]])
    clock.skips = lambda: True
    run.wait("cells")
    later = sum((stop.owners for stop in server.stops if not stop.dry_run), start=Counter())
    assert set(later) == {own}
    assert run.state.shown_status == "completed"


@pytest.mark.parametrize("server", [{"cells": 5000}], ids=str, indirect=True)
def test_both_can_be_awaited(server, client, clock):
    async def main():
        run = await ow.aio.start("Find bakeries", client=client, show=False)
        await run
        result = await run.stop_cells_async()
        assert result.cells > 100
        assert await run.cancel_async() is run
        await run.settle()
        return run

    assert stopped(asyncio.run(main()), server, clock) == 0


@pytest.mark.parametrize("server", [{"cells": 30_000}], ids=str, indirect=True)
def test_two_clicks_are_one_stop(server, started):
    run = over(started())

    async def twice():
        await asyncio.gather(run.cancel_async(), run.cancel_async(), run.stop_cells_async())

    asyncio.run(twice())
    run.wait("cells")
    see(lambda: run.state.stopping == "none")
    assert server.count(STOP) <= 3


# Whose cells


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_a_colleagues_cells_in_a_focus_table_go_on(server, started, clock):
    table = server.add_table(colleague_cells=20_000)
    run = started(focus_tables=[table])
    run.cancel().wait()
    see(lambda: run.state.stopping == "none")
    assert server.active(table, server.runs[0].id) == 0
    assert server.active(table, COLLEAGUE) > 0
    assert {tuple(stop.columns) for stop in server.stops} == {("phone",)}
    (left,) = run.state.stopped.left_running
    assert (left.table_id, left.cells > 0, bool(left.reason)) == (table, True, True)
    before = server.spent(table, COLLEAGUE)
    clock.skip(3600)
    assert server.spent(table, COLLEAGUE) > before


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_our_columns_are_stopped_although_another_run_works_on_the_table(server, started):
    table = server.add_table()
    first, second = (started(f"Find phone {n}", focus_tables=[table]) for n in (1, 2))
    first.cancel()
    see(lambda: first.done and first.state.stopping == "none")
    assert server.active(table, server.runs[0].id) == 0
    assert server.active(table, server.runs[1].id) > 0
    second.cancel()
    see(lambda: second.done and second.state.stopping == "none")
    assert server.active(table) == 0


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_a_table_that_a_colleague_has_built_with_our_agent_is_left(server, started):
    run = over(started())
    server.colleague_starts(agent=run.agent_id)
    see(lambda: len(server.tables) == 2)
    run.cancel()
    see(lambda: run.state.stopping == "none")
    ours, theirs = server.tables
    assert server.active(ours) == 0
    assert server.active(theirs) > 0
    assert {stop.table for stop in server.stops if not stop.dry_run} == {ours}


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_a_batch_whose_runs_are_over_stops_their_cells(server, client, clock):
    batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False).wait()
    assert batch.status == "filling"
    batch.cancel().wait("cells")
    assert sum(stopped(run, server, clock) for run in batch.runs) == 0
    assert server.cancels == []


@pytest.mark.parametrize("server", [{"cells": 3000}], ids=str, indirect=True)
def test_what_cannot_be_attributed_is_left_and_can_be_named(server, client, started, clock):
    """A table of an earlier run of the agent, seen from a kernel that knows only the later run."""
    first = over(started())
    table = first.tables[0].id
    client.create_run(first.agent_id, "Add phones", focus_table_ids=[table])
    server.colleague_fills(table, 20_000, slug="phone")
    forgotten = ow.Client(server.key, base_url=server.base_url, project="3f902e77-9e55-4b2c-9c2f-5c8d4b0a6e03")
    run = ow.attach(f"{first.agent_id}/{server.runs[1].id}", client=forgotten, show=False)
    see(lambda: run.done or run.state.cells_running)
    run.cancel()
    see(lambda: run.done and run.state.stopping == "none")
    (left,) = run.state.stopped.left_running
    assert left.table_id == table
    assert server.active(table, COLLEAGUE) > 0
    result = run.stop_cells(tables=[table])
    assert result.cells > 0
    # What is worked on can't be stopped.
    assert server.active(table) <= 10


@pytest.mark.parametrize("server", [{"cells": 30_000}], ids=str, indirect=True)
@pytest.mark.parametrize("is_over", [False, True])
def test_only_the_named_tables_are_stopped(server, started, is_over):
    table = server.add_table(colleague_cells=20_000)
    run = over(started()) if is_over else started()
    stop = run.stop_cells(tables=[table])
    # What is worked on can't be stopped.
    assert (stop.cells > 1000, server.active(table) <= 10) == (True, True)
    assert {stop.table for stop in server.stops} == {table}
    assert server.active(run.tables[0].id) > 0


@pytest.mark.parametrize("server", [{"cells": 20_000}], ids=str, indirect=True)
def test_tables_that_are_no_tables_are_refused_before_anything_is_sent(server, started):
    run = started()
    with raises("InvalidInput", match="list"):
        run.stop_cells(tables="abc")
    with raises("TableNotFound"):
        run.stop_cells(tables=[run.tables[0].id, "3f902e77-9e55-4b2c-9c2f-5c8d4b0a6e03"])
    assert server.stops == []


# What goes wrong


@pytest.mark.sweep
@pytest.mark.parametrize("server", [{"cells": 200_000}], ids=str, indirect=True)
@pytest.mark.parametrize("fault", [404, 500, 429, None])
def test_a_stop_that_fails_is_repeated_until_it_does_not(server, started, clock, fault):
    # Only what is never answered has to be given up soon.
    run = started(client=ow.Client(server.key, base_url=server.base_url, timeout=60 if fault else 4))
    # Each that is not answered takes these seconds of the patience that a cancel has.
    faults = [fault] * 3 if fault else [None]
    server.fail(STOP, *faults)
    run.cancel().wait()
    assert stopped(run, server, clock) == 0
    assert server.count(STOP) > len(faults)
    assert run.state.stop_error is None


@pytest.mark.parametrize("server", [{"cells": 30_000}], ids=str, indirect=True)
def test_while_a_stop_fails_the_run_says_so(server, started, monkeypatch):
    cancel_quickly(monkeypatch, patience=0.5)
    run = over(started())
    server.fail(DRY, *[500] * 10_000)
    with raises("CancelPending", match="keep retrying"):
        run.cancel()
    see(lambda: run.state.stop_error)
    assert run.state.stopping == "requested"
    assert run.state.cells_running > 0


@pytest.mark.parametrize("server", [{"cells": 30_000}], ids=str, indirect=True)
def test_a_stop_that_is_refused_raises_and_can_be_asked_for_again(server, started, clock):
    run = over(started())
    server.fail(DRY, 403)
    with pytest.raises(ow.OrigamiError):
        run.cancel()
    assert (run.state.stopping, run.state.stop_error is not None) == ("none", True)
    assert run.state.stop_error.__traceback__ is None, "frames would hold the run for as long as it is known"
    run.cancel().wait("cells")
    assert stopped(run, server, clock) == 0


@pytest.mark.parametrize("server", [{"cells": 30_000, "cancel_delay": 120.0}], ids=str, indirect=True)
def test_a_table_that_refuses_leaves_the_others_to_be_stopped(server, started):
    run = started("Find phones, own list too", focus_tables=[server.add_table()])
    see(lambda: all(server.active(table) > 100 for table in server.tables) and len(run.tables) == 2)
    server.fail(STOP, 403)
    with raises("PermissionDenied"):
        run.cancel()
    see(lambda: run.done and run.state.stopping == "none")
    assert sorted(server.active(table) > 0 for table in server.tables) == [False, True]
    assert run.state.stop_error is not None


@pytest.mark.parametrize("server", [{"cells": 30_000, "agent_seconds": 600.0}], ids=str, indirect=True)
def test_cells_are_stopped_although_the_agent_cannot_be_cancelled_yet(server, started, monkeypatch):
    monkeypatch.setattr(cancelling, "FIRST_ANSWER", 0.2)
    run = started()
    server.fail("POST /agents/{id}/cancel", *[503] * 20)
    run.cancel()
    see(lambda: run.state.stopping == "none")
    assert run.status == "cancelled"
    first = server.stops[0]
    assert first.cells > 100
    assert first.at < server.runs[0].ends


@pytest.mark.parametrize("server", [{"cells": 30_000}], ids=str, indirect=True)
def test_a_table_that_was_deleted_is_no_error(server, started):
    run = over(started())
    table = run.tables[0].id
    server.fail(DRY, *[404] * 100)
    server.fail(STOP, *[404] * 100)
    server.fail("GET /tables/{id}", *[404] * 100)
    server.fail("GET /agents/{id}/tables", *[500] * 2)
    run.cancel()
    see(lambda: run.state.stopping == "none")
    assert run.state.stop_error is None
    assert table not in {left.table_id for left in run.state.stopped.left_running}


def test_no_stop_carries_an_idempotency_key(server, started):
    """With one, the server would repeat its first answer instead of stopping."""
    started().cancel().wait("cells")
    sent = [request for request in server.requests if request.path.endswith("/cancel")]
    assert len(sent) >= 2
    assert not any("idempotency-key" in request.headers for request in sent)


@pytest.mark.parametrize("server", [{"agent_seconds": 600, "cells_per_second": 0.1}], indirect=True)
def test_an_interrupted_cancel_still_stops_cells(server, started, capsys):
    """An interrupt ends the waiting for the agent's cancel, and nothing else."""
    server.fail("POST /agents/{id}/cancel", *[None] * 3)
    run = started()
    asked = threading.Event()
    run.on_change(lambda _: asked.set() if run.state.cancel == "requested" else None)
    interrupt(run.cancel, asked)
    assert "still asking Origami to cancel" in capsys.readouterr().out
    see(lambda: server.count(STOP) > 0)
    run.wait("cells")
    assert server.finish() < 1000
