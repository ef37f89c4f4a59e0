"""What a run survives: stops, forks, broken callbacks, interrupts; and what is left when it is over."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import traceback
import warnings

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import AuthenticationError
from origami_widgets.run.polling.poller import poller
from tests.support.cells import Notebook
from tests.support.server import RawServer, answer

BRIEF = "List bakeries in Porto with a web shop"
SLOW = f"{BRIEF}. scenario:slow"


@pytest.fixture
def client():
    return ow.Sandbox(speed=240).client()


def start(client, brief=BRIEF):
    return ow.start(brief, client=client, show=False)


def stop_watching(run):
    async def fail():
        poller().checks.failed(run.conversation.current, AuthenticationError("No", status_code=401))

    background().run(fail())
    assert run.connection.state == "stopped"


def test_attach_starts_a_stopped_watch_again(client):
    run = start(client, SLOW)
    stop_watching(run)
    assert ow.attach(run.token, client=client, show=False) == run
    assert (run.connection.state, run.connection.error) == ("live", None)
    run.cancel()


def test_an_error_that_many_waits_raise_carries_the_frames_of_one(client):
    run = start(client, SLOW)
    stop_watching(run)
    depths = []
    for _ in range(3):
        with pytest.raises(AuthenticationError) as caught:
            run.wait()
        depths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(set(depths)) == 1
    run.refresh()
    run.cancel()


FORGOTTEN = """
import gc, threading, time
import origami_widgets as ow
def loops():
    return [thread for thread in threading.enumerate() if thread.name.startswith("origami-widgets")]
run = ow.start("List bakeries", client=ow.Sandbox(speed=240).client(), show=False)
threads = []
stop = run.on_change(lambda run: threads.append(threading.current_thread()))
run.wait("cells", timeout=20)
assert threads and threads[0] is not threading.main_thread()
stop()
ends = time.monotonic() + 20
while loops() and time.monotonic() < ends:
    time.sleep(0.1)
assert not loops()
del run
gc.collect()
assert not loops()
"""


def test_a_forgotten_run_starts_no_thread():
    # In a process of its own: in this one, the run of another test may still be watched.
    subprocess.run([sys.executable, "-c", FORGOTTEN], check=True, timeout=60)


@pytest.mark.posix
def test_a_forked_child_goes_on_watching_what_it_inherited(client):
    run = start(client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        code = 1
        with contextlib.suppress(BaseException):
            code = 0 if run.wait(timeout=15).status == "completed" else 2
        os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert run.wait(timeout=20).status == "completed"


async def timed_out(run):
    async with asyncio.timeout(0.2):
        await run


async def group(run):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run.settle())
        await asyncio.sleep(0.2)
        raise ZeroDivisionError


async def cancelled(run):
    task = asyncio.ensure_future(run)
    await asyncio.sleep(0.2)
    task.cancel()
    await task


@pytest.mark.parametrize(
    ("act", "ends"),
    [(timed_out, TimeoutError), (group, ExceptionGroup), (cancelled, asyncio.CancelledError)],
)
def test_what_a_loop_does_to_an_await_leaves_the_run_alone(client, act, ends):
    run = start(client, SLOW)
    with pytest.raises(ends):
        asyncio.run(act(run))
    assert run.status == "running"
    assert run.state.cancel == "none"
    assert asyncio.run(act_again(run)) == "cancelled"


async def act_again(run):
    await asyncio.to_thread(run.cancel)
    return (await run).status


def test_a_wait_outlives_the_end_of_the_loop(client):
    run = start(client)
    background().stop()
    assert run.wait(timeout=20).status == "completed"


def test_a_run_whose_card_cannot_be_shown_is_named(client, monkeypatch):
    notebook = Notebook(monkeypatch)
    notebook.show = lambda data: 1 / 0
    with pytest.raises(ZeroDivisionError) as caught:
        notebook(lambda: ow.start(BRIEF, client=client))
    (run,) = client.list_runs(client.list_agents().items[0].id).items
    assert run.id in caught.value.__notes__[0]


def test_a_seeded_random_gives_the_same_numbers(client):
    random.seed(7)
    before = random.getstate()
    start(client).wait("cells")
    with RawServer(answer({})) as server:
        server.plan(answer({}, 503), answer({"object": "credits", "balance": 7, "currency": "credits"}))
        assert ow.Client("og_live_random", base_url=server.base_url).get_credits().balance == 7
        assert len(server.requests) == 2
    assert random.getstate() == before
