"""An interrupt while a run is being started: it comes out at once, says what became of the run, and finds it."""

from __future__ import annotations

import gc
import signal
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api import retry
from origami_widgets.api.errors import RunPoolFull
from tests.api.conftest import ENVIRONMENT
from tests.support.front import Front, forgotten, kept_off, lost
from tests.support.server import RawServer, answer, reset, silence

BRIEF = "List bakeries in Porto with a web shop"
SOON = 5.0
"""Seconds; a machine with nothing else to do needs a fifth of one. What would not come out at once would wait for longer."""
MORE = "Add their opening hours"
FULL = answer({"error": "full", "code": "CONCURRENT_LIMIT_EXCEEDED", "limit": 3}, 429, headers={"Retry-After": "3600"})


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def client(front):
    with RawServer(front) as server:
        yield ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=60)
    # An exception holds what it can find again, in a circle; it would be asked about after its server is gone.
    gc.collect()


@pytest.fixture(params=["start", "follow_up"])
def intend(request, client, front):
    if request.param == "start":
        return lambda: ow.start(BRIEF, client=client, show=False)
    run = ow.start(f"{BRIEF}. scenario:answer", client=client, show=False).wait(timeout=30)
    front.starts.clear()
    return lambda: run.follow_up(MORE)


def interrupt(act, reached):
    """Press the interrupt once `reached` is set, until it is heard; the exception, and the seconds it took."""
    out = threading.Event()
    pressed = []

    def press():
        reached.wait(30)
        # More than once: one that arrives while a callback of the garbage collector runs is lost there.
        while not out.wait(0.5):
            pressed.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    # Who runs the tests in the background of a shell has interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            act()
    finally:
        out.set()
        presser.join()
        signal.signal(signal.SIGINT, before)
    return caught.value, time.monotonic() - pressed[-1]


AWAITED = {
    "its answer": ([lost(silence())], []),
    "a second attempt": ([lost(reset()), kept_off(silence())], []),
    "the pause before a second attempt": ([lost(reset())], []),
    "the first look": ([forgotten(answer({}, 500))], []),
    "the answer to a look": ([forgotten(answer({}, 500))], [kept_off(silence())]),
}


@pytest.mark.parametrize("stage", AWAITED)
def test_an_interrupt_while_it_waits_for(front, intend, monkeypatch, capsys, stage):
    """Whatever it waits for: the exception finds the one run that was started."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 3600.0 if stage.startswith("the pause") else 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 3600.0)
    monkeypatch.setattr(retry, "LONGEST_IN_ALL", 7200.0)
    before = set(front.runs())
    reached = threading.Event()
    front.faults, front.reads = map(list, AWAITED[stage])
    wanted = len(front.faults)
    if front.reads:
        (hang,) = front.reads

        async def told(*arguments):
            reached.set()
            await hang(*arguments)

        front.reads = [told]
    else:
        front.asked = lambda: len(front.starts) == wanted and reached.set()
    stopped, took = interrupt(intend, reached)
    assert took < SOON
    assert stopped.idempotency_key == front.starts[0].headers["idempotency-key"]
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "it may go on and cost credits" in printed
    assert "reconcile()" in printed
    assert stopped.idempotency_key in "".join(stopped.__notes__)
    run = stopped.reconcile()
    assert [run_id for run_id in front.runs() if run_id not in before] == [run.id]
    assert stopped.reconcile() == run


def test_an_interrupt_in_the_queue_for_a_slot_leaves_it(front, intend, capsys):
    before = front.runs()
    front.faults = [kept_off(FULL)] * 2
    reached = threading.Event()
    front.asked = reached.set
    stopped, took = interrupt(intend, reached)
    assert took < SOON
    *waits, left = capsys.readouterr().out.splitlines()
    assert all("All 3 run slots of the plan are in use" in line and "3600 s" in line for line in waits)
    assert "nothing is charged" in left
    assert stopped.reconcile() is None
    assert front.runs() == before


def test_after_an_interrupt_the_follow_up_can_be_sent_anew(front, client):
    run = ow.start(f"{BRIEF}. scenario:answer", client=client, show=False).wait(timeout=30)
    front.faults = [kept_off(silence())]
    reached = threading.Event()
    front.asked = reached.set
    stopped, _ = interrupt(lambda: run.follow_up(MORE), reached)
    assert run.state.sending == ""
    assert stopped.reconcile() is None
    assert run.follow_up(MORE).wait(timeout=30).done


def test_a_run_that_is_found_again_goes_on_in_the_same_card(front, client):
    run = ow.start(f"{BRIEF}. scenario:answer", client=client, show=False).wait(timeout=30)
    front.faults = [lost(silence())]
    reached = threading.Event()
    front.asked = reached.set
    stopped, _ = interrupt(lambda: run.follow_up(MORE), reached)
    found = stopped.reconcile()
    assert run.continued_by == found
    assert found.conversation is run.conversation


def test_code_that_wants_no_queue_is_told_of_a_full_pool_at_once(front, client, monkeypatch):
    monkeypatch.setattr("origami_widgets.run.settings._queue", True)
    ow.configure(queue=False)
    front.faults = [kept_off(FULL)]
    with pytest.raises(RunPoolFull):
        ow.start(BRIEF, client=client, show=False)
    assert front.runs() == []
