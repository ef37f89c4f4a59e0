"""The tables of a run that goes on, as card, handle and frames show them while the server names them in a list only."""

from __future__ import annotations

import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import ServerError
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.reduce import CheckFailed
from tests.support.quick import SkippingClock, use_clock

BRIEF = "Find 12 cheese makers in Leeds"


@pytest.fixture
def clock(monkeypatch):
    """The poller's, which skips the time between checks."""
    return use_clock(monkeypatch, SkippingClock())


@pytest.fixture
def sandbox(clock):
    return ow.Sandbox(speed=1, clock=clock.time)


@pytest.fixture
def client(sandbox):
    return sandbox.client()


def seen_until(run, is_enough, timeout=30.0, begin=lambda: None):
    """The calls of `on_change` until a condition is met: status, leads, credits, and the rows of its tables' frame.

    `begin` is called once they are heard.
    """
    seen, enough = [], threading.Event()

    def look(run):
        seen.append((run.status, run.state.lead_count, run.state.credits_used, len(ow.tables_frame(run)), run.done))
        if is_enough(run):
            enough.set()

    stop = run.on_change(look)
    look(run)
    begin()
    assert enough.wait(timeout), seen
    stop()
    return seen


def test_leads_and_credits_grow_during_the_run_and_cells_after_it(client, clock):
    shown = []
    clock.skips = lambda: False
    run = ow.start(BRIEF, client=client, show=False)
    card = ow.RunCard(run)
    card.observe(
        lambda _: shown.append((card.status, card.lead_count, card.credits_used)), ["lead_count", "credits_used"]
    )
    try:
        seen = seen_until(run, lambda run: run.settled, begin=lambda: setattr(clock, "skips", lambda: True))
    finally:
        card.close()
    running = [each for each in seen if each[0] == "running"]
    assert running[0][1:4] == (None, None, 0)
    assert max(each[1] or 0 for each in running) >= 12
    assert max(each[2] or 0 for each in running) > 0
    assert max(each[3] for each in running) == 2
    assert any(status == "running" and leads for status, leads, _ in shown)
    # The credits go on growing when the agent is done.
    history = run.history_frame()
    after = history[history["status"] == "completed"]
    assert after["cells_running"].max() > 0
    assert after["cells_running"].iloc[-1] == 0
    assert after["credits_lifetime_used"].is_monotonic_increasing
    assert (
        after["credits_lifetime_used"].iloc[-1] > history[history["status"] == "running"]["credits_lifetime_used"].max()
    )


def test_a_follow_up_keeps_the_tables_and_their_order(client):
    run = ow.start(f"{BRIEF}. scenario:settled", client=client, show=False).wait("cells", timeout=30)
    companies, people = run.tables
    run.follow_up("Find more. scenario:settled", focus_tables=[people.id])
    assert [table.id for table in run.tables] == [companies.id, people.id]
    run.wait("cells", timeout=30)
    assert [table.id for table in run.tables] == [companies.id, people.id]
    assert run.tables[1].lead_count > people.lead_count
    assert run.turns[1].raw["response"]["tables"][0]["id"] == people.id


def test_a_follow_up_that_builds_nothing_keeps_the_leads_in_view(client, clock):
    clock.skips = lambda: False
    run = ow.start(BRIEF, client=client, show=False)
    clock.skips = lambda: not run.done
    run.wait(timeout=60)
    assert run.state.cells_running
    leads = run.state.lead_count
    card = ow.RunCard(run)
    shown = []
    card.observe(lambda change: shown.append(change["new"]), ["lead_count"])
    try:
        clock.skips = lambda: True
        run.follow_up("scenario:answer What is the weather?")
        # Cells of the first turn go on filling meanwhile.
        assert run.wait("cells", timeout=60).settled
        assert (run.status, run.state.lead_count, shown) == ("completed", leads, [])
    finally:
        card.close()
    credits_used = [point.credits_used for point in run.history]
    assert credits_used == sorted(credits_used, key=lambda used: used or 0)


def test_a_check_that_reads_all_filling_tables_at_once_is_heard(client, clock):
    clock.skips = lambda: False
    run = ow.start(BRIEF, client=client, show=False)
    clock.skips = lambda: not run.done
    run.wait(timeout=60)
    assert [table.cells.running > 0 for table in run.tables] == [True, True]
    watch, before = run.conversation.current, run.connection.heard_at
    background().call(lambda: watch.update(CheckFailed(ServerError("No", status_code=503), at=clock.time())))
    assert run.connection.state == "reconnecting"
    background().run(poller().checks.check(watch))
    assert (run.connection.state, run.connection.failures) == ("live", 0)
    assert run.connection.heard_at > before
