"""What blocks can be awaited as well, with the same promise: one run for each intent."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import origami_widgets as ow
from tests.support.front import Front, kept_off, lost, passes
from tests.support.quick import look_after, without_environment, without_pauses
from tests.support.server import RawServer, reset, silence
from tests.support.start_files import StartFiles

ROOT = Path(__file__).parents[2]
BRIEF = "List bakeries in Porto with a web shop"
SLOW = f"{BRIEF}. scenario:slow"


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    look_after(monkeypatch, 0.02, 0.1, 0.2)
    StartFiles(monkeypatch, tmp_path)


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def client(front):
    with RawServer(front) as server:
        yield ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=60)


@pytest.mark.parametrize("name", ow.aio.__all__)
def test_each_function_is_awaited_under_its_name(name):
    awaited = getattr(ow.aio, name)
    assert inspect.iscoroutinefunction(awaited)
    assert inspect.signature(awaited) == inspect.signature(getattr(ow, name))


def test_a_name_that_has_no_twin_is_said_with_those_that_have():
    with pytest.raises(AttributeError, match="start, upload"):
        _ = ow.aio.begin


async def test_a_run_is_started_steered_and_found_again(client):
    run = await ow.aio.start("Find partners. scenario:needs_input", client=client, show=False)
    assert run.status == "running"
    assert (await run).status == "needs_input"
    assert await run.answer_async("Iberia", "yes") is run
    assert (await run.settle()).status == "completed"
    await run.follow_up_async("Add their opening hours. scenario:slow")
    assert await ow.aio.attach(run.token, client=client, show=False) == run
    assert (await (await run.cancel_async())).status == "cancelled"
    assert (await run.refresh_async("transcript")).transcript
    assert [turn.status for turn in run.turns] == ["needs_input", "completed", "cancelled"]


@pytest.mark.parametrize("second", [lost(reset()), kept_off(reset()), passes], ids=["lost", "off", "passes"])
async def test_equal_starts_at_once_whose_answers_are_lost_get_a_run_each(front, client, second):
    """A run is found by its brief: neither takes the other's."""
    front.faults = [lost(reset()), second]
    starting = [ow.aio.start(BRIEF, client=client, show=False) for _ in range(2)]
    runs = await asyncio.wait_for(asyncio.gather(*starting), 20)
    assert sorted(front.runs()) == sorted(run.id for run in runs)
    assert len(set(front.runs())) == 2


async def test_a_start_waits_for_an_equal_one_only_while_that_is_wanted(front, client):
    front.faults = [lost(silence())]
    reached, loop = asyncio.Event(), asyncio.get_running_loop()
    front.asked = lambda: loop.call_soon_threadsafe(reached.set)
    task = asyncio.create_task(ow.aio.start(SLOW, client=client, show=False))
    await reached.wait()
    other = asyncio.create_task(ow.aio.start(SLOW, client=client, show=False))
    await asyncio.sleep(0.2)
    assert len(front.starts) == 1
    task.cancel()
    await asyncio.wait_for(asyncio.wait((other,)), 3)
    assert len(front.starts) == 2
    assert other.result().id in front.runs()


@pytest.mark.parametrize("embedded", [False, True])
async def test_a_blocking_call_ends_although_it_holds_a_tasks_name(front, client, embedded):
    """It gets the run that the task has started, or says that it cannot; it starts none beside it."""
    if embedded:
        client, begun = front.sandbox.client(), asyncio.sleep(0)
    else:
        reached, loop = asyncio.Event(), asyncio.get_running_loop()
        front.asked = lambda: loop.call_soon_threadsafe(reached.set)
        begun = reached.wait()
    task = asyncio.create_task(ow.aio.start(SLOW, once="porto", client=client, show=False))
    await begun
    while embedded and not client.list_agents().items:
        await asyncio.sleep(0)
    beside = None
    with contextlib.suppress(ow.OrigamiError):
        beside = ow.start(SLOW, once="porto", client=client, show=False)
    run = await task
    assert beside in (None, run)
    assert front.runs() == [run.id]
    await run.cancel_async()


WITHOUT_THREADS = """
import asyncio, threading

def refuse(thread):
    raise RuntimeError("can't start new thread")

threading.Thread.start = refuse
import origami_widgets as ow

async def main():
    client = ow.Sandbox(speed=600).client()
    run = await ow.aio.start("Find partners. scenario:needs_input", client=client)
    card, statuses = ow.RunCard(run), []
    run.on_change(lambda run: statuses.append(run.status))
    await run
    # Who follows the run hears of its end a moment after who waits for it.
    while card.ask is None or statuses[-1] == "running":
        await asyncio.sleep(0.01)
    print(run.status, card.status, statuses[-1], len(run.questions), card.ask is not None)
    run = await (await run.answer_async("Iberia", "yes")).settle()
    while not card.done:
        await asyncio.sleep(0.01)
    print(run.settled, card.settled, card.done, card.lead_count == run.tables[0].lead_count)
    print(len(ow.tables_frame(run)), ow.columns_frame(run).run_id.eq(run.id).all(), len(ow.runs_frame([run])))
    print((await ow.aio.leads_frame(run.tables[0], client=client)).attrs["origami"]["complete"])
    slow = await ow.aio.start("Find bakeries. scenario:slow", once="bakeries", client=client)
    print((await ow.aio.start("Find bakeries. scenario:slow", once="bakeries", client=client)) == slow)
    print((await (await slow.cancel_async())).status)
    for call in (lambda: ow.start("More", client=client), run.refresh, lambda: ow.leads_frame(run.tables[0], client=client)):
        try:
            call()
        except ow.OrigamiError as error:
            print(error.code)
    return run

async def later(run):
    return (await run.refresh_async()).status

async def forgotten():
    return await ow.aio.start("Find bakeries. scenario:slow", client=ow.Sandbox().client())

print(asyncio.run(later(asyncio.run(main()))), asyncio.run(forgotten()).status, len(threading.enumerate()))
"""
SAID = """needs_input needs_input needs_input 2 True
True True True True
2 True 1
True
True
cancelled
CANNOT_BLOCK
CANNOT_BLOCK
CANNOT_BLOCK
completed running 1
"""


@pytest.mark.slow
def test_without_threads_a_program_does_all_of_it_on_its_own_loop():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_THREADS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
