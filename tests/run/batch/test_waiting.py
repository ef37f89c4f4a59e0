"""Waiting for a batch touches none of its runs, and ends when nothing more is to be waited for."""

from __future__ import annotations

import signal
import threading

import pytest

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.waiting import WaitTimedOut
from tests.run.batch.common import finished, states, towns
from tests.support.quick import see
from tests.support.server import answer


def test_an_interrupt_of_a_wait_leaves_the_batch_alone(front, many, capsys):
    batch = many(towns(2, "slow"), at_once=1)
    see(lambda: len(batch.runs) == 1)
    beside = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))
    beside.start()
    with pytest.raises(KeyboardInterrupt):
        batch.wait()
    beside.join()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for call in ("batch.wait()", "batch.stop()", "batch.cancel()"):
        assert call in said
    assert states(batch) == ["started", "waiting"]
    assert batch.runs[0].state.cancel == "none"
    batch.runs[0].cancel()
    see(lambda: len(batch.runs) == 2 or batch.runs[0].refresh() is None)
    batch.cancel()


def test_a_wait_ends_when_its_patience_does(many):
    batch = many(towns(1, "slow"))
    with pytest.raises(WaitTimedOut, match=r"batch\.cancel"):
        batch.wait(timeout=0.05)
    with pytest.raises(InvalidInput, match="until"):
        batch.wait("table")
    batch.cancel()


def test_a_run_that_can_no_longer_be_checked_ends_the_wait_with_an_error(front, many):
    batch = many(towns(2, "slow"), at_once=1)
    see(lambda: batch.runs)
    front.polls = [answer({"error": "no", "code": "FORBIDDEN"}, 403)]
    see(lambda: len(batch.runs) == 2)
    with pytest.raises(errors.PermissionDenied):
        batch.wait()
    batch.runs[0].refresh()
    batch.cancel()


@pytest.mark.parametrize("timeout", [True, -1, float("nan"), float("inf"), 10**400, "5"])
def test_what_is_no_number_of_seconds_is_refused(many, timeout):
    batch = finished(many(towns(1)))
    for one in (batch, batch.runs[0], ow.RunBoard(batch), ow.RunBoard(batch.runs)):
        with pytest.raises(InvalidInput, match="timeout"):
            one.wait(timeout=timeout)
