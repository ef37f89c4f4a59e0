"""How long a batch lives: until its briefs are started, and never in two processes."""

from __future__ import annotations

import gc
import os
import time
import warnings
import weakref

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.waiting import WaitTimedOut
from tests.run.batch.common import finished, prompts_at, states, towns
from tests.support.front import BROKE, forgotten, kept_off
from tests.support.quick import see
from tests.support.server import answer, silence


def test_it_goes_on_without_handle_until_all_are_started(front, client):
    batch = ow.start_many(towns(4, "slow"), at_once=3, client=client, show=False)
    see(lambda batch=batch: len(batch.runs) == 3)
    kept = weakref.ref(batch.runs[0].conversation)
    first = batch.runs[0].agent_id
    gc.collect()
    gc.disable()
    try:
        del batch
        gc.collect()
        see(lambda: len(front.starts) == 3)
        assert kept() is not None, "a brief is waiting for the end of this run"
        front.sandbox.client().cancel(first)
        see(lambda: len(front.starts) == 4)
        see(lambda: kept() is None)
        see(lambda: is_quiet(front))
    finally:
        gc.enable()


def is_quiet(front):
    """Whether no run is asked about any more: each would be every few hundredths of a second."""
    before = front.polled
    time.sleep(0.5)
    return front.polled == before


def test_a_halted_batch_without_a_handle_is_collected(front, client):
    front.faults = [kept_off(answer(*BROKE))]
    batch = ow.start_many(towns(2), client=client, show=False)
    kept = weakref.ref(batch)
    see(lambda: kept().error is not None)
    gc.collect()
    gc.disable()
    try:
        del batch
        see(lambda: kept() is None)
    finally:
        gc.enable()


def test_what_the_loops_end_cut_off_is_looked_for_before_a_resend(front, many):
    front.faults = [forgotten(silence())]
    batch = many(towns(2))
    see(front.runs)
    background().stop()
    with pytest.raises(WaitTimedOut):
        batch.wait(timeout=0.01)
    finished(batch)
    assert prompts_at(front) == sorted(towns(2))
    assert len(front.starts) == 2


@pytest.mark.posix
def test_a_forked_child_starts_nothing(front, many):
    batch = many(towns(3, "slow"), at_once=1)
    see(lambda: len(batch.runs) == 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        code = 1
        try:
            assert states(batch) == ["started", "stopped", "stopped"]
            with pytest.raises(InvalidInput, match="another process"):
                batch.resume()
            for run in batch.runs:
                run.cancel().wait(timeout=15)
            batch.wait(timeout=15)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert states(batch)[1:] == ["waiting", "waiting"] or len(batch.runs) == 2
    see(lambda: len(front.starts) == 2)
    batch.cancel()


def test_a_batch_that_cannot_be_shown_starts_nothing(front, client, execute):
    execute.show = lambda data: 1 / 0
    with pytest.raises(ZeroDivisionError):
        execute(lambda: ow.start_many(towns(2), client=client))
    time.sleep(0.3)
    assert front.starts == []
