"""`run.fill()` at a server that shares nothing with the sandbox, with agents that obey and others: cells, credits, words."""

from __future__ import annotations

import contextlib
import gc
import weakref

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.card.view import view_now
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from origami_widgets.run.fill import count_gaps
from tests.support.errors import raises
from tests.support.quick import see, use_spending_clock
from tests.support.spending_server import SpendingServer
from tests.support.start_files import StartFiles

CELLS, PRICE = 60, 2
BRIEF = "Find bakeries"


@pytest.fixture
def clock(monkeypatch):
    return use_spending_clock(monkeypatch)


@contextlib.contextmanager
def serving(clock, **options):
    usual = {"cells": CELLS, "cells_per_second": 0.2, "in_flight": 2, "agent_seconds": 4.0, "credits_per_cell": PRICE}
    with SpendingServer(clock=clock.time, response="partial", **{**usual, **options}) as server:
        yield server


def client_of(server, timeout=5.0):
    return ow.Client(server.key, base_url=server.base_url, timeout=timeout)


def stopped(client, clock, **options):
    """A run whose cells were stopped in the middle."""
    clock.skips = lambda: False
    run = ow.start(BRIEF, client=client, show=False, **options)
    clock.skip(5)
    see(lambda: run.done)
    clock.skip(100)
    run.stop_cells()
    clock.skips = lambda: True
    see(lambda: run.settled and run.state.stopping == "none")
    return run


def missing(client, run):
    return sum("phone" not in row.values for row in client.iter_rows(run.tables[0].id, flat=True))


def filled(run):
    see(lambda: run.state.filled is not None)
    return run.state.filled


AGENTS = {
    # The cells that ran, as multiples of those that were missing: at least and at most.
    "obeys": (1, 1),
    "adds": (1, 1.4),
    "again": (0, 0.5),
    "asks": (0, 0),
    "nothing": (0, 0),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_what_is_missing_is_filled_and_little_else(clock, agent):
    with serving(clock, filler=agent) as server, client_of(server) as client:
        run = stopped(client, clock)
        lacking, paid = missing(client, run), server.paid
        assert 10 < lacking < CELLS - 10
        assert run.fill() is run
        see(lambda: len(run.turns) == 2 and run.settled and run.state.stopping == "none")
        outcome = filled(run)
        least, most = AGENTS[agent]
        ran = (server.finish() - paid) / PRICE
        assert least * lacking <= ran <= most * lacking
        assert outcome.asked == lacking
        assert outcome.found == lacking - missing(client, run)
        assert outcome.strayed is (agent in ("adds", "again"))
        assert run.status == ("needs_input" if agent == "asks" else "completed")
        if agent == "obeys":
            assert (outcome.found, run.state.offer) == (lacking, None)
            assert run.fill() is run, "nothing is missing, nothing is sent"
            assert server.count("POST /agents/{id}/runs") == 1


def test_a_limit_of_its_own_counts_from_its_start(clock):
    with serving(clock) as server, client_of(server) as client:
        run = stopped(client, clock)
        paid = server.paid
        run.fill(credit_limit=10)
        see(lambda: len(run.turns) == 2 and run.settled and run.state.stopping == "none")
        assert (run.error.code, run.state.credit_limit) == ("CREDIT_LIMIT", None), "the conversation has none"
        assert 10 < server.finish() - paid < 60


@pytest.mark.parametrize(
    ("limit", "is_over", "code"), [(1000, False, None), (None, False, "CREDIT_LIMIT"), (None, True, None)]
)
def test_a_follow_up_is_none_of_its_strays_and_counts_to_its_limit_only_while_it_goes_on(clock, limit, is_over, code):
    with serving(clock) as server, client_of(server) as client:
        run = stopped(client, clock)
        clock.skips = lambda: is_over
        run.fill(credit_limit=limit)
        clock.skip(5)
        see(lambda: run.settled if is_over else run.done and run.state.cells_running > 0)
        clock.skips = lambda: False
        stops = len(server.stops)
        run.follow_up("Find their suppliers", focus_tables=[run.tables[0]])
        clock.skips = lambda: True
        run.wait("cells")
        assert (run.error.code if run.error else None) == code
        if code is None:
            assert [stop for stop in server.stops[stops:] if not stop.dry_run] == []
            assert server.finish() == 2 * CELLS * PRICE


def test_a_conversation_at_its_limit_is_asked_to_raise_it(clock):
    with serving(clock) as server, client_of(server) as client:
        clock.skips = lambda: True
        run = ow.start(BRIEF, credit_limit=30, client=client, show=False).wait("cells")
        see(lambda: run.settled and run.state.stopping == "none")
        assert run.error.code == "CREDIT_LIMIT"
        paid, starts = server.paid, server.count("POST /agents/{id}/runs")
        with raises("CreditLimitReached", r"fill\(credit_limit="):
            run.fill()
        assert server.count("POST /agents/{id}/runs") == starts
        run.fill(credit_limit=200).wait("cells")
        assert filled(run).found == filled(run).asked
        assert run.error is None
        assert server.finish() > paid


def test_it_is_refused_while_something_is_active(clock):
    with serving(clock, agent_seconds=600.0) as server, client_of(server) as client:
        clock.skips = lambda: False
        run = ow.start(BRIEF, client=client, show=False)
        with raises("InvalidInput", "hasn't ended"):
            run.fill()
        clock.skips = lambda: True
        run.cancel()
        see(lambda: run.settled and run.state.stopping == "none")


def test_a_click_fills_at_the_price_that_the_card_has_named(clock):
    with serving(clock) as server, client_of(server) as client:
        run = stopped(client, clock)
        background().run(count_gaps(run.conversation))
        (button,) = [each["button"] for each in view_now(run.conversation)["notices"] if each["button"]]
        assert button["command"] == "fill"
        lacking, prompt = missing(client, run), view_now(run.conversation)["head"]["prompt"]
        assert f"{lacking} remaining cells" in button["label"]
        assert f"at most {PRICE * lacking}" in button["confirm"]
        handler = CardCommandHandler(run.conversation)
        for _ in "ab":
            background().run(handler.carry_out(ClickCommand("click", "fill", run.id)))
        see(lambda: len(run.turns) == 2 and run.settled)
        assert filled(run).found == lacking
        view = view_now(run.conversation)
        assert view["head"]["prompt"] == prompt, "nobody has written that brief"
        assert [each["key"] for each in view["notices"]] == ["filled"]
        assert server.count("POST /agents/{id}/runs") == 1


def test_a_script_that_runs_again_finds_the_fill_and_after_a_restart_knows_what_was_stopped(
    clock, monkeypatch, tmp_path
):
    StartFiles(monkeypatch, tmp_path)
    with serving(clock) as server:
        with client_of(server) as client:
            run = stopped(client, clock, once="porto")
            lacking = missing(client, run)
            see(lambda: len(list(tmp_path.rglob("*.json"))) == 2)
            kept = weakref.ref(run.conversation)
            del run
            # Its stop looks once more after a minute.
            see(lambda: gc.collect() and kept() is None)
        with client_of(server, timeout=6.0) as client:
            run = ow.start(BRIEF, once="porto", client=client, show=False)
            assert run.state.stopped is None
            run.fill().wait("cells")
            assert filled(run).found == lacking
        with client_of(server, timeout=7.0) as client:
            run = ow.start(BRIEF, once="porto", client=client, show=False)
            run.fill()
            assert [turn.is_ours for turn in run.turns] == [True, True]
        assert server.count("POST /agents/{id}/runs") == 1
