"""A named batch that ran out of credits and whose kernel died: once there are credits, each brief is paid for once."""

from __future__ import annotations

import contextlib
import json
import threading

import pytest

import origami_widgets as ow
from tests.run.batch.common import finished, prompts_at, towns
from tests.support.front import BROKE, passes, refused
from tests.support.processes import OtherKernels
from tests.support.quick import look_after, see
from tests.support.server import answer, reset
from tests.support.start_files import StartFiles

KERNEL = """
import json, sys, time
import origami_widgets as ow
batch = ow.start_many(json.loads(sys.argv[1]), once="towns", at_once=3, show=False)
while batch.error is None:
    time.sleep(0.01)
print(batch.error.code, flush=True)
time.sleep(3600)
"""


@pytest.fixture(autouse=True)
def files(monkeypatch, tmp_path):
    look_after(monkeypatch, 0.05, 0.1)
    return StartFiles(monkeypatch, tmp_path)


def answer_is(way, reached):
    """How the answer of a refusal comes to the kernel; `reached` is set when it was given."""

    async def behave(request, writer):
        reached.set()
        await way(request, writer)

    return behave


@pytest.fixture(params=["the refusal is known", "its answer is lost"])
def broke(request, front, base_url):
    """Another kernel has started the first brief, was refused the second, and died."""

    def die(briefs):
        reached = threading.Event()
        is_known = request.param == "the refusal is known"
        way = answer(*BROKE) if is_known else reset()
        front.refusal = BROKE
        front.faults = [passes, *[refused(BROKE, answer_is(way, reached))] * (1 if is_known else 4)]
        dying = OtherKernels(front, base_url).begin(KERNEL, json.dumps(briefs))
        assert reached.wait(60)
        if is_known:
            assert dying.stdout.readline() == "INSUFFICIENT_CREDITS\n"
        dying.kill()
        dying.communicate(timeout=60)
        front.faults.clear()
        assert len(front.runs()) == 1

    return die


def start(client, briefs, **options):
    return ow.start_many(briefs, once="towns", at_once=3, client=client, show=False, **options)


def see_all_started(front, batch):
    """Three go on at once; the fourth begins when one of them is over."""
    see(lambda: len(batch.runs) == 3)
    front.later(3600)
    see(lambda: len(batch.runs) == 4)


def paid_once(front, briefs):
    """Each brief has as many runs as it stands in the list, and no run is another's."""
    assert prompts_at(front) == sorted(briefs)
    assert len(front.runs()) == len(briefs)


@pytest.mark.sweep
@pytest.mark.parametrize("order", ["the same", "another"])
def test_credits_that_were_bought_start_only_what_is_missing(front, client, broke, order):
    briefs = towns(4, "slow")
    broke(briefs)
    front.refusal = None
    batch = start(client, briefs if order == "the same" else briefs[::-1])
    see_all_started(front, batch)
    paid_once(front, briefs)
    assert batch.error is None
    batch.cancel()
    finished(batch)


def test_cancel_ends_the_one_that_was_started_and_starts_none(front, client, broke):
    """Whether there is a second one cannot be known where its answer was lost, and is not asked by sending it."""
    briefs = towns(3, "slow")
    broke(briefs)
    front.refusal = None
    batch = start(client, briefs).stop()
    sent = len(front.starts)
    with contextlib.suppress(ow.errors.AmbiguousStart):
        batch.cancel()
    see(lambda: set(front.statuses().values()) == {"cancelled"}, every=0.1)
    assert len(front.starts) <= sent + 1, "what was on its way when it was stopped"
    assert len(front.runs()) <= 2
