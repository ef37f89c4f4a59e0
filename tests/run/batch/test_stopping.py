"""Stopping a batch, resuming and cancelling it: what is paid for is what was wanted."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from origami_widgets.api import errors
from origami_widgets.api.errors import AmbiguousStart, InvalidInput
from origami_widgets.host.runtime import SystemClock
from origami_widgets.run.batch import briefs_of
from tests.run.batch.common import finished, is_done, states, towns, waiting
from tests.support.front import BROKE, EMPTY_LIST, FULL, forgotten, held, kept_off, passes
from tests.support.quick import QuickClock, see, use_clock
from tests.support.server import answer


def test_what_stop_has_kept_back_is_started_by_resume(front, many):
    batch = many(towns(4, "slow"), at_once=2)
    see(lambda: len(batch.runs) == 2)
    assert batch.stop() is batch
    assert states(batch) == ["started", "started", "stopped", "stopped"]
    assert (waiting(batch), is_done(batch)) == (0, False)
    assert {run.status for run in batch} == {"running"}
    for run in batch.runs:
        run.cancel().wait(timeout=20)
    assert is_done(batch.wait(timeout=1))
    assert len(front.starts) == 2
    batch.resume()
    see(lambda: len(batch.runs) == 4)
    batch.cancel()


def test_stop_leaves_the_queue_and_resume_asks_not_before_retry_after(front, many, monkeypatch):
    slept = []

    class Waits(QuickClock):
        async def sleep(self, seconds, wake):
            slept.append(seconds)
            return await SystemClock.sleep(self, seconds, wake)

    use_clock(monkeypatch, Waits())
    front.faults = [kept_off(answer(FULL, 429, headers={"Retry-After": "96"}))]
    batch = many(towns(1))
    see(lambda: states(batch) == ["queued"])
    batch.stop()
    see(lambda: states(batch) == ["stopped"])
    slept.clear()
    batch.resume()
    see(lambda: any(90 < (seconds or 0) <= 96 for seconds in slept))
    assert len(front.starts) == 1
    batch.stop()
    see(lambda: states(batch) == ["stopped"])


def test_a_callback_may_stop_the_rest(front, many):
    batch = many(towns(3, "slow"), at_once=1)
    batch.on_change(lambda batch: batch.runs and batch.stop())
    see(lambda: "stopped" in states(batch))
    assert len(batch.runs) <= 1
    assert front.asked_to_cancel == 0
    batch.cancel()


def test_what_cannot_be_called_back_is_refused(many):
    with pytest.raises(InvalidInput, match=r"on_change"):
        many(towns(1)).on_change("print")


def test_cancel_ends_what_runs_and_starts_no_more(front, many):
    batch = many(towns(5, "slow"), at_once=3)
    see(lambda: len(batch.runs) == 3)
    before = time.monotonic()
    assert batch.cancel() is batch
    assert time.monotonic() - before < 5
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"] * 3
    assert states(batch)[3:] == ["stopped"] * 2
    assert (front.asked_to_cancel, len(front.starts)) == (3, 3)


@pytest.mark.parametrize("is_known", ["while the others are asked for", "after that"])
def test_cancel_ends_what_is_being_started_as_well(front, many, is_known):
    reached, go_on = threading.Event(), threading.Event()

    async def busy(request, writer):
        go_on.set()
        while len(batch.runs) == 1:
            await asyncio.sleep(0.01)
        await answer({}, 503)(request, writer)

    front.faults = [passes, held(go_on, reached=reached)]
    front.cancels = [] if is_known == "after that" else [busy]
    batch = many(towns(3, "slow"), at_once=3)
    assert reached.wait(20)
    asking = threading.Thread(target=batch.cancel)
    asking.start()
    see(lambda: front.asked_to_cancel)
    go_on.set()
    asking.join(20)
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"] * 2
    assert states(batch) == ["started", "started", "stopped"]


def test_a_cancel_that_is_refused_can_be_tried_again(front, many):
    front.cancels = [answer({"error": "no", "code": "FORBIDDEN"}, 403)] * 2
    batch = many(towns(2, "slow"))
    see(lambda: len(batch.runs) == 2)
    with pytest.raises(errors.PermissionDenied):
        batch.cancel()
    asyncio.run(batch.cancel_async())
    assert all(run.done or run.state.cancel == "requested" for run in batch)


def test_cancel_finds_and_ends_what_may_have_been_started(front, many):
    front.faults = [passes, kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    batch = many(towns(2, "slow"))
    see(lambda: batch.error is not None)
    assert isinstance(briefs_of(batch)[1].error, AmbiguousStart)
    assert "batch.resume()" in briefs_of(batch)[1].error.remedy
    batch.cancel()
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"] * 2
    assert (front.asked_to_cancel, len(front.starts)) == (2, 3)
    assert batch.error is None


def test_cancel_says_that_a_run_which_may_have_started_is_not_found(front, many):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    batch = many(towns(1, "slow"))
    see(lambda: batch.error is not None)
    front.reads = [kept_off(answer({}, 403))] * 20
    with pytest.raises(AmbiguousStart):
        batch.cancel()
    assert isinstance(batch.error, AmbiguousStart)
    assert isinstance(briefs_of(batch)[0].error, AmbiguousStart)
    assert f"halted: {batch.error.title}" in repr(batch)
    front.reads = []
    finished(batch.cancel())
    assert [run.status for run in batch] == ["cancelled"]


def test_an_answer_that_is_lost_after_a_stop_is_an_ambiguous_start(front, many):
    reached, go_on = threading.Event(), threading.Event()
    front.faults = [held(go_on, forgotten(answer({}, 500)), reached=reached)]
    front.reads = [kept_off(EMPTY_LIST)] * 2
    batch = many(towns(1, "slow"))
    assert reached.wait(20)
    batch.stop()
    go_on.set()
    see(lambda: isinstance(briefs_of(batch)[0].error, AmbiguousStart))
    assert states(batch) == ["stopped"]
    finished(batch.cancel())
    assert [run.status for run in batch] == ["cancelled"]


def test_stop_after_a_halt_leaves_nothing_behind_that_waits(front, many):
    front.faults = [kept_off(answer(*BROKE))]
    batch = many(towns(2))
    see(lambda: batch.error is not None)
    batch.stop()
    see(lambda: batch.error is None)
    assert states(batch) == ["stopped", "stopped"]
    assert (waiting(batch), is_done(batch)) == (0, True)
    assert "failed" not in repr(batch)
    assert isinstance(briefs_of(batch)[0].error, errors.InsufficientCredits), "why stays said"
    batch.resume()
    finished(batch)
    assert len(batch.runs) == 2
