"""The tables of a run that goes on, as card, handle and frames show them while the server names them in a list only."""

from __future__ import annotations

import asyncio
import threading
import time

import pandas as pd
import pytest

import origami_widgets as ow
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


def has_grown(run):
    return not run.done and bool(run.state.credits_used)


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


def test_all_frames_of_a_running_run(client):
    run = ow.start(f"{BRIEF}. scenario:slow", client=client, show=False)
    seen_until(run, lambda run: has_grown(run) and len(run.tables) == 2 and bool(run.tables[1].lead_count))
    assert run.raw["status"] == "running"
    assert run.raw["response"]["tables"]
    assert (run.text, run.done, run.error) == (None, False, None)
    before = run.state.credits_used
    tables, columns = ow.tables_frame(run), ow.columns_frame(run)
    assert run.state.lead_count in tables["lead_count"].to_list(), "the leads of one table, never a sum"
    assert set(columns["table_id"]) >= set(tables["table_id"])
    # A check may come in between.
    assert before <= columns["credits_lifetime_used"].sum() <= run.state.credits_used
    assert len(ow.leads_frame(run.tables[1], client=client)) > 0
    leads = run.history_frame()["lead_count"]
    assert pd.isna(leads.iloc[0])
    assert leads.iloc[-1] > 0
    html, text = run.to_html(), str(run)
    for table in run.tables:
        assert table.name in html
        assert table.name in text
    run.cancel().wait(timeout=30)


def test_until_there_is_a_table_nothing_is_said_about_any(client):
    run = ow.start(f"{BRIEF}. scenario:slow", client=client, show=False).refresh()
    assert (run.tables, run.state.lead_count, run.state.credits_used) == ((), None, None)
    for said in (str(run), run.to_html()):
        assert "0 leads" not in said
        assert "0 credits" not in said
        assert "no table" not in said.lower()
    assert len(ow.tables_frame(run)) == 0
    run.cancel()


def test_attach_and_refresh_bring_the_tables_at_once(sandbox):
    run = ow.start(f"{BRIEF}. scenario:slow", client=sandbox.client(), show=False)
    seen_until(run, lambda run: bool(run.tables))
    attached = ow.attach(run.token, client=sandbox.client(), show=False)
    assert attached != run
    assert [table.id for table in attached.tables] == [table.id for table in run.tables]
    assert len(ow.tables_frame(attached)) == len(attached.tables)
    ends = time.monotonic() + 20
    while not attached.refresh().state.credits_used:
        assert time.monotonic() < ends
        time.sleep(0.5)
    run.cancel()


def test_the_same_where_it_is_awaited(sandbox):
    async def live():
        client = sandbox.async_client()
        run = await ow.aio.start(BRIEF, client=client, show=False)
        grown = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop = run.on_change(lambda run: has_grown(run) and loop.call_soon_threadsafe(grown.set))
        async with asyncio.timeout(30):
            await grown.wait()
            stop()
            attached = await ow.aio.attach(run.token, client=client, show=False)
            assert attached.tables
            await run.settle()
        return run

    run = asyncio.run(live())
    assert (run.status, run.settled, len(run.tables)) == ("completed", True, 2)


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


@pytest.mark.parametrize("name", ["errored", "timed_out", "cancelled"])
def test_a_run_that_ends_otherwise_keeps_its_tables(client, name):
    run = ow.start(f"{BRIEF}. scenario:{name}", client=client, show=False).wait("cells", timeout=60)
    assert run.status == name
    assert len(run.tables) == 2


def test_other_forms_of_a_running_answer_show_them_as_well(client):
    for form in ("partial", "partial_actions"):
        run = ow.start(f"{BRIEF}. scenario:slow scenario:{form}", client=client, show=False)
        seen_until(run, has_grown)
        assert run.actions
        run.cancel()
