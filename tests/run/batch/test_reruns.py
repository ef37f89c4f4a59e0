"""The same cell with the same briefs pays once at a time."""

from __future__ import annotations

import gc
import threading
import weakref
from functools import partial

import pytest

import origami_widgets as ow
from tests.run.batch.common import finished, is_done, prompts_at, states, towns, waiting
from tests.support.front import BROKE, EMPTY_LIST, forgotten, held, kept_off, passes
from tests.support.quick import see
from tests.support.server import answer


def test_each_handle_of_a_cell_that_is_run_again_steers_the_same_batch(front, many, execute):
    first = execute(lambda: many(towns(3, "slow"), at_once=1))
    see(lambda: first.runs)
    again = execute(lambda: many(towns(3, "slow"), at_once=2), execution="e2")
    see(lambda: len(again.runs) == 2)
    first.stop()
    assert states(again) == states(first) == ["started", "started", "stopped"]
    again.cancel()
    finished(first)
    assert [run.status for run in first] == ["cancelled"] * 2
    assert len(front.starts) == 2


def test_other_cells_briefs_options_and_fresh_start_their_own(many, execute):
    briefs = towns(2, "slow")
    first = execute(lambda: many(briefs, at_once=1))
    others = [
        execute(lambda: many(briefs, at_once=1), cell="c2"),
        execute(lambda: many(briefs[::-1], at_once=1), execution="e2"),
        execute(lambda: many(briefs[:1], at_once=1), execution="e2"),
        execute(lambda: many(dict(zip("ab", briefs, strict=True)), at_once=1), execution="e2"),
        execute(lambda: many(briefs, at_once=1, model="origami-lite"), execution="e2"),
        execute(lambda: many(briefs, at_once=1, fresh=True), execution="e2"),
    ]
    assert len({first, *others}) == 7
    for batch in (first, *others):
        batch.cancel()


def test_running_the_cell_again_is_how_a_halted_batch_goes_on(front, many, execute):
    front.faults = [passes, kept_off(answer(*BROKE))]
    first = execute(lambda: many(towns(3)))
    see(lambda: first.error is not None)
    finished_one = first.runs[0]
    assert execute(lambda: many(towns(3)), execution="e2") == first
    finished(first)
    assert first.runs[0] == finished_one
    assert prompts_at(front) == sorted(towns(3))


def test_a_batch_without_a_handle_is_found(front, client, execute):
    def start(execution):
        return execute(
            lambda: ow.start_many(towns(3, "slow"), at_once=3, client=client, show=False), execution=execution
        )

    first = start("e1")
    kept = weakref.ref(first)
    see(lambda: len(kept().runs) == 3)
    tokens = [run.token for run in first]
    first.runs[0].cancel()
    del first
    gc.collect()
    assert kept() is None
    again = start("e2")
    see(lambda batch=again: [run.token for run in batch] == tokens)
    assert {run.state.attached_by for run in again} == {"cell"}
    assert len(front.starts) == 3
    again.cancel()
    del again
    gc.collect()
    anew = start("e3")
    see(lambda: anew.runs)
    anew.cancel()


@pytest.mark.parametrize("end", ["halted", "stopped"])
def test_a_run_that_may_have_started_is_looked_for_without_a_handle(front, client, execute, end):
    def start(execution):
        return execute(lambda: ow.start_many(towns(3), client=client, show=False), execution=execution)

    front.faults = [passes, kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    first = start("e1")
    kept = weakref.ref(first)
    see(lambda: kept().error is not None)
    assert isinstance(first.error, ow.errors.AmbiguousStart)
    if end == "stopped":
        first.stop()
    del first
    gc.collect()
    assert kept() is None
    again = start("e2")
    if end == "stopped":
        see(lambda: states(again) == ["started", "stopped", "stopped"])
        see(lambda: is_done(again))
        again.resume()
    finished(again)
    assert prompts_at(front) == sorted(towns(3))
    assert len(front.starts) == 4, "it was found, not sent again"


@pytest.mark.parametrize("act", ["stop", "cancel"])
def test_a_batch_stopped_while_it_reads_earlier_runs_starts_none(front, client, execute, act):
    start = lambda: ow.start_many(towns(2), client=client, show=False)  # noqa: E731
    finished(execute(start))
    gc.collect()
    reached, go_on = threading.Event(), threading.Event()
    front.polls = [partial(held(go_on, reached=reached), front)] * 2
    batch = execute(start, execution="e2")
    assert reached.wait(20)
    acting = threading.Thread(target=getattr(batch, act))
    acting.start()
    see(lambda: waiting(batch) == 0)
    go_on.set()
    acting.join(20)
    see(lambda: is_done(batch))
    assert states(batch) == ["stopped", "stopped"]
    assert len(front.starts) == 2
