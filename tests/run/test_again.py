"""The same cell with the same brief pays once at a time."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.compose import NotebookBackend
from origami_widgets.run import again as again_module
from origami_widgets.run.again import keep_newest
from origami_widgets.run.display_backend import CellRef

BRIEF = "List bakeries in Porto. scenario:slow"


@pytest.fixture
def client():
    return ow.Sandbox(speed=20, plan="ultra").client()


@pytest.fixture
def execute(monkeypatch):
    """Run code in a cell, for the nth time."""

    def in_cell(act, cell="c1", execution="e1"):
        monkeypatch.setattr(NotebookBackend, "cell", lambda backend: CellRef(cell, execution))
        return act()

    return in_cell


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


def test_the_oldest_cells_are_forgotten_and_no_brief_is_kept(client, execute, monkeypatch):
    monkeypatch.setattr(again_module, "MOST_CELLS", 2)
    kept = {}
    for cell in "abacd":
        keep_newest(kept, cell).append(cell)
    assert list(kept) == ["c", "d"]
    execute(lambda: start(client, "List secret bakeries. scenario:answer"))
    assert "secret" not in repr(again_module._begun)
