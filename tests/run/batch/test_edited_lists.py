"""A cell that is run again with an edited list pays for what was edited, and not for the rest once more."""

from __future__ import annotations

import threading

import pytest

from origami_widgets.api.errors import AmbiguousStart
from tests.run.batch.common import finished, prompts_at, refreshed, states, towns
from tests.support.front import EMPTY_LIST, forgotten, held, kept_off, passes
from tests.support.quick import see
from tests.support.server import answer


@pytest.fixture
def cell(many, execute):
    """Run one cell, each time anew, with these briefs."""
    executions = iter(range(100))

    def run(briefs, **options):
        return execute(lambda: many(briefs, **options), execution=str(next(executions)))

    return run


def test_an_edited_brief_is_the_only_one_that_is_started(front, cell):
    a, b, c, d = towns(4, "slow")
    first = cell([a, b, c])
    see(lambda: len(first.runs) == 3)
    second = cell([a, d, c])
    see(lambda: len(second.runs) == 3)
    assert second != first
    assert (second.runs[0], second.runs[2]) == (first.runs[0], first.runs[2])
    assert {second.runs[0].state.attached_by, second.runs[2].state.attached_by} == {"cell"}
    assert prompts_at(front) == [a, b, c, d]
    assert first.runs[1].status == "running", "what was taken out is not ended"
    assert cell([a, d, c]) == second
    third = cell([c, b, a])
    see(lambda: len(third.runs) == 3)
    assert third.runs == first.runs[::-1]
    assert len(front.starts) == 4
    for batch in (first, second, third):
        batch.cancel()


def test_what_waits_for_its_turn_is_started_by_one_of_them(front, cell):
    a, b, c, d = towns(4, "slow")
    first = cell([a, b, c], at_once=1)
    see(lambda: len(first.runs) == 1)
    second = cell([a, b, d], at_once=3)
    see(lambda: len(second.runs) == 3)
    assert states(first) == ["started", "started", "waiting"]
    assert first.runs == second.runs[:2]
    for run in first.runs:
        run.cancel()
    see(lambda: refreshed(first.runs) and len(first.runs) == 3, every=0.05)
    first.stop()
    first.resume()
    assert prompts_at(front) == [a, b, c, d]
    for batch in (first, second):
        batch.cancel()
    assert len(front.starts) == 4


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_is_on_its_way_is_waited_for(front, cell, is_cancelled):
    reached, go_on = threading.Event(), threading.Event()
    a, b, c = towns(3, "slow")
    front.faults = [passes, held(go_on, reached=reached)]
    first = cell([a, b], at_once=3)
    assert reached.wait(20)
    second = cell([c, b, a], at_once=3)
    see(lambda: len(second.runs) == 1)
    asking = threading.Thread(target=second.cancel)
    if is_cancelled:
        asking.start()
        see(lambda: front.asked_to_cancel)
    go_on.set()
    if is_cancelled:
        asking.join(20)
        finished(second)
        assert [run.status for run in second] == ["cancelled"] * 2
        assert prompts_at(front) == [a, b]
        return
    see(lambda: len(second.runs) == 3)
    assert second.runs[1:] == first.runs[::-1]
    assert prompts_at(front) == [a, b, c]
    second.cancel()


def test_what_may_have_been_started_is_looked_for_by_the_later_one(front, cell):
    a, b = towns(2, "slow")
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    first = cell([a])
    see(lambda: first.error is not None)
    assert isinstance(first.error, AmbiguousStart)
    second = cell([b, a])
    see(lambda: len(second.runs) == 2)
    assert (states(first), first.error) == (["started"], None)
    first.resume()
    assert prompts_at(front) == [a, b]
    second.cancel()


def test_a_cancel_at_once_reaches_what_would_have_been_handed_over(front, cell):
    briefs = towns(3, "slow")
    first = cell(briefs)
    see(lambda: len(first.runs) == 3)
    cell(briefs[:2]).cancel()
    see(lambda: [run.status for run in refreshed(first.runs)][:2] == ["cancelled"] * 2)
    assert first.runs[2].status != "cancelled"
    first.cancel()
