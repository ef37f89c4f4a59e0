"""Answers and follow-ups under `once=` whose own answer was lost: found, and paid for once. Counted at the server."""

from __future__ import annotations

import asyncio
import gc
import itertools

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from tests.support.front import EMPTY_LIST, FAILED, ended, forgotten, kept_off, still_names

pytestmark = pytest.mark.usefixtures("clock")
BRIEF = "List bakeries in Porto with a web shop"


CONTINUED = {
    "follow_up": (
        "answer",
        lambda run: run.follow_up("Add their opening hours"),
        lambda run: run.follow_up("Add prices"),
    ),
    "answer": ("needs_input", lambda run: run.answer("Iberia", "yes"), lambda run: run.answer("Iberia", "no")),
    "follow_up_async": (
        "answer",
        lambda run: asyncio.run(run.follow_up_async("Add their opening hours")),
        lambda run: asyncio.run(run.follow_up_async("Add prices")),
    ),
    "answer_async": (
        "needs_input",
        lambda run: asyncio.run(run.answer_async("Iberia", "yes")),
        lambda run: asyncio.run(run.answer_async("Iberia", "no")),
    ),
}


class Notebook:
    """A notebook that continues its run: run again by another kernel, it has another client and no handle."""

    def __init__(self, front, base_url, kind, execute):
        scenario, self._go_on, self._go_on_otherwise = CONTINUED[kind]
        self.brief = f"{BRIEF}. scenario:{scenario}"
        self.front = front
        self.base_url = base_url
        self.timeout = 5.0
        self._execute, self._executions = execute, itertools.count()

    def go_on(self, run):
        return self._execute(lambda: self._go_on(run), execution=f"e{next(self._executions)}")

    def go_on_otherwise(self, run):
        return self._execute(lambda: self._go_on_otherwise(run), execution=f"e{next(self._executions)}")

    def run(self):
        self.timeout += 1
        client = ow.Client(self.front.sandbox.api_key, base_url=self.base_url, timeout=self.timeout)
        return ended(ow.start(self.brief, once="porto", client=client, show=False))


@pytest.fixture(params=CONTINUED)
def notebook(request, front, base_url, execute):
    return Notebook(front, base_url, request.param, execute)


def lose(front, notebook, *, started):
    """The continuation is sent, and neither the lists nor the agent show its run in time."""
    run = notebook.run()
    front.faults = [forgotten(FAILED) if started else kept_off(FAILED), kept_off(FAILED)]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    front.agent_reads = [still_names(run)] * 2
    with pytest.raises(ow.errors.AmbiguousStart):
        notebook.go_on(run)
    front.starts.clear()


def test_a_lost_continuation_is_found_by_the_notebook_that_is_run_again(front, notebook):
    lose(front, notebook, started=True)
    gc.collect()
    for _ in range(2):
        run = notebook.run()
        assert notebook.go_on(run) is run
        assert {turn.id for turn in run.turns} == set(front.runs())
        assert all(turn.is_ours for turn in run.turns)
        gc.collect()
    assert front.starts == []
    assert len(front.runs()) == 2


def test_a_lost_continuation_is_found_in_the_same_kernel(front, notebook):
    lose(front, notebook, started=True)
    run = notebook.run()
    notebook.go_on(run)
    assert [turn.is_ours for turn in run.turns] == [True, True]
    assert {turn.id for turn in run.turns} == set(front.runs())
    assert front.starts == []


def test_a_lost_continuation_is_sent_when_the_notebook_runs_again(front, notebook):
    lose(front, notebook, started=False)
    gc.collect()
    run = notebook.go_on(notebook.run())
    assert {turn.id for turn in run.turns} == set(front.runs())
    assert len(front.runs()) == 2
    assert len(front.starts) == 1


def test_another_continuation_is_not_taken_for_the_lost_one(front, base_url, execute):
    """Somebody has answered in the app what never arrived from here: it was answered, and not by this call."""
    notebook = Notebook(front, base_url, "answer", execute)
    lose(front, notebook, started=False)
    run = notebook.run()
    theirs = front.sandbox.client().create_run(run.agent_id, "Iberia, no")
    del run
    gc.collect()
    run = notebook.run()
    with pytest.raises(ow.OrigamiError, match=r"continued elsewhere|already answered"):
        notebook.go_on(run)
    assert set(front.runs()) == {turn.id for turn in run.turns}
    assert [turn.is_ours for turn in run.turns] == [True, False]
    assert run.id == theirs.id
    assert front.starts == []


def test_another_follow_up_beside_the_lost_one_is_sent(front, base_url, execute):
    notebook = Notebook(front, base_url, "follow_up", execute)
    lose(front, notebook, started=True)
    gc.collect()
    run = notebook.run()
    ended(notebook.go_on(run))
    notebook.go_on_otherwise(run)
    assert set(front.runs()) == {turn.id for turn in run.turns}
    assert len(run.turns) == 3


@pytest.mark.parametrize("kind", ["follow_up", "answer"])
def test_run_all_sends_nothing_twice_whatever_has_followed(front, base_url, execute, kind):
    """Of two equal follow-ups in a cell each is sent once; a later turn, here or by a click, has nothing sent again."""
    notebook = Notebook(front, base_url, kind, execute)

    def cell():
        run = ended(CONTINUED[kind][1](notebook.run()))
        return ended(run.follow_up("Add prices")), ended(run.follow_up("Add prices"))

    for number in range(3):
        run, _ = execute(cell, execution=f"all {number}")
        assert len(front.runs()) == 4
        assert {turn.id for turn in run.turns} == set(front.runs())
        del run, _
        gc.collect()


def test_what_was_answered_by_a_click_is_not_answered_again_by_the_cell(front, base_url, execute):
    notebook = Notebook(front, base_url, "answer", execute)
    run = notebook.run()
    click = ClickCommand("c1", "answer", run.id, answers=("Iberia", "yes"))
    assert background().run(CardCommandHandler(run.conversation).carry_out(click))["ok"]
    ended(run)
    del run
    gc.collect()
    run = notebook.go_on(notebook.run())
    assert [turn.is_ours for turn in run.turns] == [True, True]
    assert len(front.runs()) == 2
