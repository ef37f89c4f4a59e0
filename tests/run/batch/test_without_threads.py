"""A batch where no thread can be started: the loop of the caller drives it, and nothing waits for itself."""

from __future__ import annotations

import asyncio
import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.background import loop as loops
from origami_widgets.api.background.loop import BackgroundLoop
from origami_widgets.api.errors import CannotBlock
from origami_widgets.host.runtime import SystemClock
from tests.run.batch.common import states, towns
from tests.support.quick import use_clock


@pytest.fixture(autouse=True)
def loop(monkeypatch):
    """A background loop in a process whose threads have run out."""

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    use_clock(monkeypatch, SystemClock())
    monkeypatch.setattr(loops, "current", BackgroundLoop())


@pytest.fixture
def client():
    return ow.Sandbox(speed=240, plan="ultra").client()


async def soon(what):
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.01)


async def test_it_is_awaited(client):
    batch = await ow.start_many(towns(3), at_once=2, once="towns", client=client, show=False)
    assert {run.status for run in batch} == {"completed"}
    assert await batch.settle() is batch
    again = await ow.start_many(towns(3), once="towns", client=client, show=False)
    assert again.runs == batch.runs


async def test_it_is_stopped_resumed_and_cancelled_without_blocking(client):
    batch = ow.start_many(towns(3, "slow"), at_once=1, client=client, show=False)
    await soon(lambda: batch.runs)
    batch.stop()
    assert states(batch) == ["started", "stopped", "stopped"]
    batch.resume()
    assert states(batch) == ["started", "waiting", "waiting"]
    with pytest.raises(CannotBlock):
        batch.cancel()
    assert await batch.cancel_async() is batch
    assert {run.status for run in await batch} == {"cancelled"}
