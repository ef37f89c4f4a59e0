"""The same cell with the same brief pays once at a time."""

from __future__ import annotations

import time
import uuid

import pytest

import origami_widgets as ow
from tests.support.cells import Notebook
from tests.support.kept import texts_with

BRIEF = "List bakeries in Porto. scenario:slow"


@pytest.fixture
def client():
    return ow.Sandbox(speed=20, plan="ultra").client()


@pytest.fixture
def execute(monkeypatch):
    """Run code in a cell, for the nth time."""
    return Notebook(monkeypatch)


def runs(client):
    return len(client.list_agents(limit=100).items)


def start(client, brief=BRIEF, **options):
    return ow.start(brief, client=client, show=False, **options)


def test_a_cell_that_is_run_again_shows_its_run(client, execute):
    first = execute(lambda: start(client))
    again = execute(lambda: start(client), execution="e2")
    assert again == first
    assert runs(client) == 1
    assert "This cell had started it" in " ".join(str(again).split())
    assert execute(lambda: start(client), execution="e3") == first


def test_another_cell_another_brief_and_a_wish_for_a_fresh_one_start_their_own(client, execute):
    first = execute(lambda: start(client))
    others = [
        execute(lambda: start(client), cell="c2"),
        execute(lambda: start(client, f"{BRIEF} More"), execution="e2"),
        execute(lambda: start(client, model="origami-lite"), execution="e2"),
        execute(lambda: start(client, fresh=True), execution="e2"),
    ]
    assert len({first, *others}) == runs(client) == 5


def test_a_run_that_is_over_is_no_reason_not_to_start_another(client, execute):
    first = execute(lambda: start(client, "List bakeries. scenario:answer"))
    first.wait(timeout=30)
    assert execute(lambda: start(client, "List bakeries. scenario:answer"), execution="e2") != first


def test_a_run_that_is_told_to_end_is_no_reason_either(client, execute):
    first = execute(lambda: start(client))
    first.cancel()
    assert execute(lambda: start(client), execution="e2") != first


def test_a_loop_starts_what_it_asks_for_and_finds_it_again(client, execute):
    three = execute(lambda: [start(client) for _ in range(3)])
    assert len(set(three)) == 3
    assert execute(lambda: [start(client) for _ in range(4)], execution="e2")[:3] == three
    assert runs(client) == 4


def test_a_run_that_nobody_holds_any_more_is_found_all_the_same(client, execute):
    first = execute(lambda: start(client).id)
    assert execute(lambda: start(client), execution="e2").id == first


def test_where_nobody_names_the_cells_each_call_starts(client):
    assert start(client) != start(client)


def test_no_brief_is_kept_for_as_long_as_the_process_lives(execute):
    """Briefs may be long, and cells are many: what is remembered of a cell is short."""
    word = uuid.uuid4().hex
    execute(lambda: start(ow.Sandbox(speed=240).client(), f"List bakeries of {word}. scenario:answer"))
    settled = time.monotonic() + 20
    while texts_with(word):
        assert time.monotonic() < settled
        time.sleep(0.2)
