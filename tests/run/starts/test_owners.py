"""Several callers of one start: it is withdrawn when the last of them does not want it any more, and never before."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import threading
import time
import warnings

import pytest

import origami_widgets as ow
from tests.support.cells import Notebook
from tests.support.front import BROKE, FAILED, FULL, held, kept_off, passes
from tests.support.interrupts import interrupt
from tests.support.quick import look_after, see, without_environment, without_pauses
from tests.support.server import answer

FRONT = {"speed": 20, "plan": "ultra"}
TIMEOUT = 10
SLOW = "List bakeries in Porto with a web shop. scenario:slow"
QUEUED = answer(FULL, 429, headers={"Retry-After": "1"})
LATER = 1.5
"""Seconds in which what waits for a run slot would have asked again, and what was withdrawn would have been cancelled."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    look_after(monkeypatch, 0.2, 0.5)


class Caller:
    """A thread that starts a run, and can be interrupted as a kernel interrupts its main thread.

    Attributes:
        run: what it was given.
        raised: what it has raised.
    """

    def __init__(self, act):
        self.run = self.raised = None
        self._act = act
        self._thread = threading.Thread(target=self._carry_out)
        self._thread.start()

    def _carry_out(self):
        try:
            self.run = self._act()
        except BaseException as raised:  # noqa: BLE001 - looked at by the test
            self.raised = raised

    def interrupt(self):
        """Raise an interrupt in it, and wait until it has come out."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread.ident), ctypes.py_object(KeyboardInterrupt)
        )
        self._thread.join(20)
        assert isinstance(self.raised, KeyboardInterrupt)

    def result(self):
        """The run, when it has it."""
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self.raised is not None:
            raise self.raised
        return self.run


@pytest.fixture
def start(client):
    """Start one run under one name."""
    return lambda: ow.start(SLOW, once="porto", client=client, show=False)


@pytest.fixture
def on_its_way(front):
    """The first request is held; returns an event that is set when it has come so far, and one that lets it go."""
    reached, go_on = threading.Event(), threading.Event()
    front.faults = [held(go_on, reached=reached)]
    yield reached, go_on
    go_on.set()


def test_two_threads_that_ask_at_once_get_one_run(front, start, on_its_way):
    reached, go_on = on_its_way
    callers = [Caller(start) for _ in range(4)]
    assert reached.wait(20)
    time.sleep(0.3)
    go_on.set()
    (run,) = {caller.result() for caller in callers}
    assert front.runs() == [run.id]
    assert len(front.starts) == 1
    run.cancel()


@pytest.mark.parametrize("who", ["the first", "the second"])
def test_the_other_gets_the_run_where_one_is_interrupted(front, start, on_its_way, who):
    reached, go_on = on_its_way
    other = None
    if who == "the second":
        other = Caller(start)
        assert reached.wait(20)
    else:
        callers, both = [], threading.Event()

        def begin_late():
            assert reached.wait(20)
            callers.append(Caller(start))
            time.sleep(0.5)
            both.set()

        threading.Thread(target=begin_late).start()
    interrupt(start, reached if other else both)
    go_on.set()
    run = (other or callers[0]).result()
    assert front.runs() == [run.id]
    time.sleep(LATER)
    assert front.statuses() == {run.id: "running"}
    assert front.asked_to_cancel == 0
    assert len(set(front.keys)) == 1
    run.cancel()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_when_both_are_interrupted_the_run_is_cancelled(front, start, on_its_way, order):
    reached, go_on = on_its_way
    callers = [Caller(start)]
    assert reached.wait(20)
    callers.append(Caller(start))
    time.sleep(0.5)
    for number in order:
        callers[number].interrupt()
    go_on.set()
    see(lambda: list(front.statuses().values()) == ["cancelled"], every=0.1)
    assert len(front.starts) == 1
    assert front.asked_to_cancel == 1


async def test_two_tasks_that_ask_at_once_get_one_run_where_one_is_cancelled(front, client, on_its_way):
    reached, go_on = on_its_way
    tasks = [asyncio.create_task(ow.aio.start(SLOW, once="porto", client=client, show=False)) for _ in range(3)]
    assert await asyncio.to_thread(reached.wait, 20)
    await asyncio.sleep(0.3)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    go_on.set()
    (run,) = set(await asyncio.gather(*tasks[1:]))
    assert front.runs() == [run.id]
    await asyncio.sleep(LATER)
    assert front.statuses() == {run.id: "running"}
    assert len(set(front.keys)) == 1
    await run.cancel_async()


async def test_where_all_tasks_are_cancelled_the_run_is_left_alone(front, client, on_its_way):
    reached, go_on = on_its_way
    tasks = [asyncio.create_task(ow.aio.start(SLOW, once="porto", client=client, show=False)) for _ in range(2)]
    assert await asyncio.to_thread(reached.wait, 20)
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        go_on.set()
    await asyncio.sleep(LATER)
    assert front.asked_to_cancel == 0
    run = await ow.aio.start(SLOW, once="porto", client=client, show=False)
    assert front.statuses() == {run.id: "running"}
    await run.cancel_async()


@pytest.mark.parametrize("once", [None, "porto"])
async def test_a_task_cancelled_in_the_queue_for_a_slot_starts_nothing(front, client, once):
    """Nothing was started, so nothing is left alone that was paid for."""
    front.faults = [kept_off(QUEUED)]
    reached = threading.Event()
    front.asked = reached.set
    task = asyncio.create_task(ow.aio.start(SLOW, once=once, client=client, show=False))
    assert await asyncio.to_thread(reached.wait, 20)
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    await asyncio.sleep(LATER)
    assert front.runs() == []
    assert len(front.starts) == 1
    assert await caught.value.reconcile_async() is None
    run = await ow.aio.start(SLOW, once=once, client=client, show=False)
    assert front.runs() == [run.id]
    await run.cancel_async()


async def test_who_stays_in_the_queue_gets_the_run_of_a_cancelled_task(front, client):
    front.faults = [kept_off(QUEUED)] * 2
    reached = threading.Event()
    front.asked = reached.set
    tasks = [asyncio.create_task(ow.aio.start(SLOW, once="porto", client=client, show=False)) for _ in range(2)]
    assert await asyncio.to_thread(reached.wait, 20)
    await asyncio.sleep(0.3)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    run = await tasks[1]
    await asyncio.sleep(LATER)
    assert front.statuses() == {run.id: "running"}
    await run.cancel_async()


@pytest.mark.parametrize("first", ["start", "start_many"])
def test_a_single_start_and_a_batch_of_the_same_brief_are_two(front, client, first):
    """A batch and a run do not share a name, and a cancel of the one is none of the other."""
    front.faults = [passes]
    acts = {
        "start": lambda: ow.start(SLOW, once="porto", client=client, show=False),
        "start_many": lambda: ow.start_many([SLOW], once="porto", client=client, show=False),
    }
    started = {name: acts[name]() for name in sorted(acts, key=lambda name: name != first)}
    batch, run = started["start_many"], started["start"]
    see(lambda: batch.runs)
    assert batch.runs[0] != run
    batch.cancel()
    see(lambda: front.statuses()[batch.runs[0].id] == "cancelled", every=0.1)
    assert front.statuses()[run.id] == "running"
    assert len(front.runs()) == 2
    run.cancel()


def test_a_failed_call_does_not_keep_an_interrupt_from_ending_the_run(front, client, monkeypatch):
    """The cell is run again after an error that still holds the start: nothing but the new call wants its run."""
    execute = Notebook(monkeypatch)
    front.faults = [kept_off(FAILED)] * 2
    with pytest.raises(ow.errors.AmbiguousStart) as failed:
        execute(lambda: ow.start(SLOW, client=client, show=False))
    assert failed.value.job is not None
    reached, go_on = threading.Event(), threading.Event()
    front.faults = [held(go_on, reached=reached)]
    interrupt(lambda: execute(lambda: ow.start(SLOW, client=client, show=False), execution="e2"), reached)
    go_on.set()
    see(lambda: list(front.statuses().values()) == ["cancelled"], every=0.1)


@pytest.mark.posix
@pytest.mark.parametrize("fault", [passes, kept_off(answer(*BROKE))], ids=["started", "refused"])
def test_a_forked_child_that_asks_for_the_same_name_waits_for_its_parent(front, start, fault):
    reached, go_on = threading.Event(), threading.Event()
    front.faults = [held(go_on, fault, reached=reached)]
    first = Caller(start)
    assert reached.wait(20)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        with contextlib.suppress(BaseException):
            signal.alarm(20)
            os.write(writing, start().id.encode())
        os._exit(0)
    os.close(writing)
    time.sleep(0.5)
    assert len(front.starts) == 1
    go_on.set()
    with contextlib.suppress(ow.OrigamiError):
        first.result()
    with os.fdopen(reading) as child_said:
        found = child_said.read()
    os.waitpid(child, 0)
    assert front.runs() == [found]
    start().cancel()
