"""Where no thread can be started: all of it runs on the loop that runs already, and nothing ever waits for itself."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.background import loop as loops
from origami_widgets.api.background.loop import BackgroundLoop
from origami_widgets.api.errors import CannotBlock, NoEventLoop
from origami_widgets.host import runtime
from tests.support.server import answer

HERE = contextvars.ContextVar("here", default="no caller")


@pytest.fixture
def loop(monkeypatch):
    """A background loop in a process whose threads have run out."""

    start = threading.Thread.start

    def refuse(thread):
        if thread.name != "raw server":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    own = BackgroundLoop()
    monkeypatch.setattr(loops, "current", own)
    return own


async def who() -> tuple[str, str]:
    return threading.current_thread().name, HERE.get()


async def test_without_threads_a_coroutine_runs_on_the_callers_loop(loop):
    HERE.set("cell 7")
    assert await loop.bridge(who()) == ("MainThread", "no caller")
    seen = asyncio.Event()
    loop.call_soon(seen.set)
    await asyncio.wait_for(seen.wait(), 5)

    async def running() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert await loop.bridge(running()) is asyncio.get_running_loop()


async def test_cancelling_an_await_cancels_the_coroutine(loop):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    task = asyncio.create_task(loop.bridge(forever()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_blocking_call_names_what_to_await_and_starts_nothing(loop):
    begun = []

    async def begin() -> None:
        begun.append(True)

    with pytest.raises(CannotBlock) as caught:
        loop.run(begin())
    await asyncio.sleep(0.05)
    assert begun == []
    assert "await ow.aio.start('…')" in caught.value.remedy
    assert "can't start new thread" in caught.value.cause
    assert "ulimit -u" in caught.value.remedy


async def test_a_host_without_threads_is_not_said_to_have_refused_one(loop, monkeypatch):
    monkeypatch.setattr(runtime, "HAS_THREADS", False)
    with pytest.raises(CannotBlock, match="single thread") as caught:
        loop.run(who())
    assert "ulimit" not in caught.value.remedy


def test_without_an_event_loop_the_error_asks_for_one(loop):
    with pytest.raises(NoEventLoop, match="can't start new thread"):
        loop.run(who())
    # The coroutine was closed: Python does not warn that it was never awaited.
    gc.collect()


def test_each_loop_gets_its_own_connections_and_closes_them_at_its_end(loop, server):
    for _ in range(2):
        server.plan(answer({"object": "credits", "balance": 7}))
    client = ow.AsyncClient("og_live_x", base_url=server.base_url)

    async def main() -> float:
        balance = (await client.get_credits()).balance
        assert [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}] == [
            "origami-widgets keeper"
        ]
        return balance

    generations = []
    for _ in range(2):
        assert asyncio.run(main()) == 7
        generations.append(loop.generation)
    assert len(set(generations)) == 2
    assert server.connections == 2
    # An open socket would complain here.
    client = None
    gc.collect()


async def test_a_client_that_is_forgotten_leaves_no_task(loop, server):
    server.plan(answer({"object": "credits", "balance": 7}))
    client = ow.AsyncClient("og_live_x", base_url=server.base_url)
    await client.get_credits()
    del client
    for _ in range(500):
        gc.collect()
        if asyncio.all_tasks() == {asyncio.current_task()}:
            break
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_host_that_can_suspend_calls_blocks_except_in_our_own_callbacks(loop, monkeypatch):
    monkeypatch.setattr(runtime, "can_suspend", lambda: True)
    refused = []

    def wait_in_a_callback() -> None:
        try:
            loop.run(who())
        except RuntimeError as error:
            refused.append(error)

    done = asyncio.Event()
    loop.call_soon(wait_in_a_callback)
    loop.call_soon(done.set)
    await asyncio.wait_for(done.wait(), 5)
    assert "inside one of its own callbacks" in str(refused[0])
