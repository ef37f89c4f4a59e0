"""Answers and follow-ups under `once=` whose own answer was lost: found, and paid for once. Counted at the server."""

from __future__ import annotations

import asyncio
import gc

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
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

    def __init__(self, front, base_url, kind):
        scenario, self.go_on, self.go_on_otherwise = CONTINUED[kind]
        self.brief = f"{BRIEF}. scenario:{scenario}"
        self.front = front
        self.base_url = base_url
        self.timeout = 5.0

    def run(self):
        self.timeout += 1
        client = ow.Client(self.front.sandbox.api_key, base_url=self.base_url, timeout=self.timeout)
        return ended(ow.start(self.brief, once="porto", client=client, show=False))


@pytest.fixture(params=CONTINUED)
def notebook(request, front, base_url):
    return Notebook(front, base_url, request.param)


def lose(front, notebook, *, started):
    """The continuation is sent, and neither the lists nor the agent show its run in time."""
    run = notebook.run()
    front.faults = [forgotten(FAILED) if started else kept_off(FAILED), kept_off(FAILED)]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    front.agent_reads = [still_names(run)] * 2
    with pytest.raises(ow.AmbiguousStart):
        notebook.go_on(run)
    front.starts.clear()


def test_a_lost_continuation_is_found_by_the_notebook_that_is_run_again(front, notebook):
    lose(front, notebook, started=True)
    gc.collect()
    first, lost = sorted(front.runs(), key=lambda run_id: run_id != notebook.run().id)
    for _ in range(2):
        run = notebook.run()
        assert run.id == first
        assert notebook.go_on(run).id == lost
        assert run.continued_by.id == lost
        gc.collect()
    assert front.starts == []
    assert len(front.runs()) == 2


def test_a_lost_continuation_is_found_in_the_same_kernel(front, notebook):
    lose(front, notebook, started=True)
    run = notebook.run()
    assert {run.id, notebook.go_on(run).id} == set(front.runs())
    assert front.starts == []


def test_a_lost_continuation_is_sent_when_the_notebook_runs_again(front, notebook):
    lose(front, notebook, started=False)
    gc.collect()
    run = notebook.run()
    made = notebook.go_on(run)
    assert {run.id, made.id} == set(front.runs())
    assert len(front.starts) == 1


def test_another_continuation_is_not_taken_for_the_lost_one(front, base_url):
    """Somebody has answered in the app what never arrived from here: it was answered, and not by this call."""
    notebook = Notebook(front, base_url, "answer")
    lose(front, notebook, started=False)
    run = notebook.run()
    theirs = front.sandbox.client().create_run(run.agent_id, "Iberia, no")
    del run
    gc.collect()
    run = notebook.run()
    with pytest.raises(InvalidInput, match="already answered"):
        notebook.go_on(run)
    assert set(front.runs()) == {run.id, theirs.id}
    assert front.starts == []


def test_another_follow_up_beside_the_lost_one_is_sent(front, base_url):
    notebook = Notebook(front, base_url, "follow_up")
    lose(front, notebook, started=True)
    gc.collect()
    run = notebook.run()
    lost = ended(run.continued_by or notebook.go_on(run))
    other = notebook.go_on_otherwise(run)
    assert set(front.runs()) == {run.id, lost.id, other.id}
