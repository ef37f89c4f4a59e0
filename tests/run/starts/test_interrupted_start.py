"""An interrupt while a run is being started: it comes out at once, says what became of the run, and ends it."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
import time
from contextlib import ExitStack

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import BackgroundLoop
from origami_widgets.api.errors import InvalidInput, RunPoolFull
from origami_widgets.run import settings
from origami_widgets.run.starts.call import LOOK_AGAIN, outcome_of_interrupt
from tests.support.cells import Notebook
from tests.support.front import ended, forgotten, kept_off, lost
from tests.support.interrupts import interrupt
from tests.support.quick import look_after, see, wait_for_last_words, without_environment
from tests.support.server import RawServer, answer, reset, silence

# Slow enough to be cancelled while it runs.
FRONT = {"speed": 20}
TIMEOUT = 3
BRIEF = "List bakeries in Porto with a web shop"
SLOW = f"{BRIEF}. scenario:slow"
NO_RUN = outcome_of_interrupt(None, is_over=True)
SOON = 5.0
"""Seconds; a machine with nothing else to do needs a fifth of one. What would not come out at once would wait for longer."""
MORE = "Add their opening hours. scenario:slow"
FULL = answer({"error": "full", "code": "CONCURRENT_LIMIT_EXCEEDED", "limit": 3}, 429, headers={"Retry-After": "3600"})


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    without_environment(monkeypatch)
    look_after(monkeypatch, 0.5, 1.0)


@pytest.fixture(params=["start", "follow_up"])
def intend(request, client, front):
    if request.param == "start":
        return lambda: ow.start(SLOW, client=client, show=False)
    run = an_ended_run(front, client)
    front.starts.clear()
    return lambda: run.follow_up(MORE)


def an_ended_run(front, client):
    run = ow.start(f"{BRIEF}. scenario:answer", client=client, show=False)
    front.later(3600)
    return ended(run)


AWAITED = {
    "its answer": lambda over: ([lost(silent_until(over))], []),
    "a second attempt": lambda over: ([kept_off(reset()), lost(silent_until(over))], []),
    "the pause that the server asks for": lambda over: ([lost(answer({}, 408, headers={"Retry-After": "100"}))], []),
    "the first look": lambda over: ([forgotten(answer({}, 500))], []),
    "the answer to a look": lambda over: ([forgotten(answer({}, 500))], [kept_off(silent_until(over))]),
}


def silent_until(over):
    """No answer until something is over, and a broken connection then."""

    async def behave(*request):
        while not over.is_set():
            await asyncio.sleep(0.01)
        await reset()(*request)

    return behave


def made_since(front, before):
    return [run_id for run_id in front.runs() if run_id not in before]


def see_cancelled(front, run_id):
    see(lambda: front.asked_to_cancel)
    front.later(60)
    # Rarely: each look counts for the sandbox's rate limit.
    see(lambda: front.statuses()[run_id] == "cancelled", every=0.1)


def interrupt_once_it_is_known(monkeypatch, front):
    """Interrupt the call that starts a run, between the answer and the return: a signal may come earlier or later."""
    kept = BackgroundLoop.result

    def interrupted(loop, future, *arguments, **options):
        result = kept(loop, future, *arguments, **options)
        if not front.starts:
            return result
        monkeypatch.setattr(BackgroundLoop, "result", kept)
        raise KeyboardInterrupt

    monkeypatch.setattr(BackgroundLoop, "result", interrupted)


@pytest.mark.parametrize("stage", AWAITED)
def test_an_interrupt_while_it_waits_for(front, intend, monkeypatch, capsys, stage):
    """Whatever it waits for: the one run that was started is found, and cancelled."""
    wait_for_last_words(monkeypatch, 0.2)
    before = set(front.runs())
    reached, over = threading.Event(), threading.Event()
    front.faults, front.reads = AWAITED[stage](over)
    wanted = len(front.faults)
    if front.reads:
        (hang,) = front.reads

        async def read(*arguments):
            reached.set()
            await hang(*arguments)

        front.reads = [read]
    else:
        front.asked = lambda: len(front.starts) == wanted and reached.set()
    stopped, took = interrupt(intend, reached, after=0.1)
    over.set()
    assert took < SOON
    assert stopped.idempotency_key == front.starts[0].headers["idempotency-key"]
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "cancel it" in printed
    assert stopped.idempotency_key in "".join(stopped.__notes__)
    sent = len(front.starts)
    (run_id,) = made_since(front, before)
    found = stopped.reconcile()
    assert found.id == run_id
    see_cancelled(front, run_id)
    assert len(front.starts) == sent, "nothing was sent again"
    assert made_since(front, before) == [run_id]


def test_an_interrupt_between_the_answer_and_the_return_ends_the_run(front, client, capsys, monkeypatch):
    """The run is known already, and the caller does not have it."""
    before = set(front.runs())
    interrupt_once_it_is_known(monkeypatch, front)
    with pytest.raises(KeyboardInterrupt) as caught:
        ow.start(SLOW, client=client, show=False)
    (run_id,) = made_since(front, before)
    assert caught.value.reconcile().id == run_id
    see_cancelled(front, run_id)
    assert LOOK_AGAIN in capsys.readouterr().out


def test_a_second_interrupt_returns_at_once(front, client, capsys, monkeypatch):
    wait_for_last_words(monkeypatch, 3600.0)
    reached, over = threading.Event(), threading.Event()
    front.faults = [lost(silent_until(over))]
    front.asked = reached.set
    _, took = interrupt(lambda: ow.start(SLOW, client=client, show=False), reached)
    over.set()
    assert took < SOON
    assert capsys.readouterr().out.count("Interrupted") == 1
    see_cancelled(front, front.runs()[0])


def test_a_cancelled_task_leaves_the_run_alone_and_finds_it(front, client):
    """What an event loop does to a task says nothing about the run."""
    front.faults = [lost(silence())]

    async def cut_short():
        with RawServer(front) as server:
            slow = ow.AsyncClient(front.sandbox.api_key, base_url=server.base_url, timeout=60)
            reached = asyncio.Event()
            loop = asyncio.get_running_loop()
            front.asked = lambda: loop.call_soon_threadsafe(reached.set)
            task = asyncio.create_task(ow.aio.start(SLOW, client=slow, show=False))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value, await caught.value.reconcile_async()

    stopped, found = asyncio.run(cut_short())
    assert stopped.idempotency_key == front.starts[0].headers["idempotency-key"]
    assert front.runs() == [found.id]
    assert front.statuses()[found.id] == "running"


@pytest.mark.parametrize("intend", ["start", "follow_up"], indirect=True)
def test_an_interrupt_in_the_queue_for_a_slot_leaves_it(front, intend, capsys):
    before = front.runs()
    front.faults = [kept_off(FULL)] * 2
    reached = threading.Event()
    front.asked = reached.set
    stopped, took = interrupt(intend, reached)
    assert took < SOON
    *waits, left = capsys.readouterr().out.splitlines()
    assert all("3600 s" in line for line in waits)
    assert "nothing was charged" in left
    assert stopped.reconcile() is None
    assert front.runs() == before


def test_who_waits_for_a_slot_again_is_told_so_again(front, client, capsys):
    # Each time: that a run of an earlier test ends also makes it try again.
    front.faults = [kept_off(FULL)] * 9
    start = functools.partial(ow.start, SLOW, once="porto", client=client, show=False)
    reached = threading.Event()
    front.asked = reached.set
    # The exception holds the start, as the last one of a notebook does.
    stopped, _ = interrupt(start, reached)
    capsys.readouterr()
    told = threading.Event()
    threading.Timer(2.0, told.set).start()
    interrupt(start, told)
    waits, left = capsys.readouterr().out.splitlines()
    assert "All 3 run slots are in use" in waits
    assert "nothing was charged" in left
    assert (stopped.reconcile(), front.runs()) == (None, [])


def test_after_an_interrupt_the_follow_up_can_be_sent_anew(front, client):
    run = an_ended_run(front, client)
    front.faults = [kept_off(silence())]
    reached = threading.Event()
    front.asked = reached.set
    stopped, _ = interrupt(lambda: run.follow_up(MORE), reached)
    with pytest.raises(InvalidInput, match="being sent"):
        run.follow_up(MORE)
    see(lambda: run.state.sending == "")
    assert stopped.reconcile() is None
    assert run.follow_up(MORE).status == "running"


def test_a_run_that_is_found_again_goes_on_in_the_same_card(front, client):
    run = an_ended_run(front, client)
    front.faults = [lost(silence())]
    reached = threading.Event()
    front.asked = reached.set
    stopped, _ = interrupt(lambda: run.follow_up(MORE), reached)
    assert stopped.reconcile() == run
    assert run.turns[-1].prompt == MORE


def test_without_a_queue_a_full_pool_raises_at_once(front, client, monkeypatch):
    monkeypatch.setattr(settings, "current", settings.current)
    ow.configure(queue=False)
    front.faults = [kept_off(FULL)]
    with pytest.raises(RunPoolFull):
        ow.start(BRIEF, client=client, show=False)
    assert front.runs() == []


@pytest.mark.parametrize("stage", ["writing it down", "showing it"])
def test_an_interrupt_before_the_run_is_handed_over_ends_it(front, client, capsys, monkeypatch, files, stage):
    """The server has answered, and the caller does not have the run: it is being written down, or shown."""
    reached = threading.Event()

    def slowly(data):
        if stage == "showing it" or data.get("run_id"):
            reached.set()
            # Longer than it takes a busy machine to interrupt it; a write is not cut short.
            time.sleep(20 if stage == "showing it" else 1)

    cell = Notebook(monkeypatch)
    if stage == "writing it down":
        with files.before_each_write(slowly):
            stopped, _ = interrupt(lambda: ow.start(SLOW, once="porto", client=client, show=False), reached)
    else:
        cell.show = slowly
        stopped, _ = interrupt(lambda: cell(lambda: ow.start(SLOW, once="porto", client=client)), reached)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert stopped.idempotency_key == front.keys[0]
    (run_id,) = front.runs()
    assert stopped.reconcile().id == run_id
    see_cancelled(front, run_id)


def test_an_interrupt_before_anything_was_asked_for_says_so(front, client, capsys, files):
    first = ow.start(SLOW, once="porto", client=client, show=False)
    reached = threading.Event()
    with files.locked():
        # By then it waits for the name.
        threading.Timer(0.5, reached.set).start()
        interrupt(lambda: ow.start(SLOW, once="porto", fresh=True, client=client, show=False), reached)
    assert capsys.readouterr().out == f"{NO_RUN}\n"
    assert front.runs() == [first.id]
    assert front.statuses()[first.id] == "running"


def test_what_is_about_to_be_sent_is_not_said_to_be_no_run(front, capsys):
    """Interrupted while the connection is being made: the request leaves a moment later."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listening.getsockname()
        # One waits to be accepted: further ones are not answered, and not refused.
        for _ in range(2):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(address)
        client = ow.Client(front.sandbox.api_key, base_url=f"http://127.0.0.1:{address[1]}/api/v2", timeout=30)
        reached = threading.Event()
        threading.Timer(0.5, reached.set).start()
        interrupt(lambda: ow.start(SLOW, client=client, show=False), reached)
        said = capsys.readouterr().out
    assert LOOK_AGAIN in said


def test_after_an_interrupt_the_name_finds_what_the_server_forgot(front, client, files):
    """It was given to the interrupted call, under the same key: it is this call's run, and sent again it would be two."""
    front.faults = [forgotten(answer({}, 500))]
    reached = threading.Event()

    def slowly(record):
        if record["run_id"]:
            reached.set()
            time.sleep(1)
            raise OSError(28, "No space left on device")

    with files.before_each_write(slowly):
        stopped, _ = interrupt(lambda: ow.start(SLOW, once="porto", client=client, show=False), reached)
    again = ow.start(SLOW, once="porto", client=client, show=False)
    assert front.runs() == [again.id]
    assert stopped.reconcile() == again
