"""Fixtures of tests that start runs: a sandbox behind a front on which requests go wrong, a client of it, and `once=` files.

A `conftest.py` takes those that its tests need. The constants `FRONT` and `TIMEOUT` of a test module set options of the
front and the client.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

import origami_widgets as ow
from tests.support.cells import Notebook
from tests.support.front import Front, ended
from tests.support.quick import QuickClock, use_clock, without_environment, without_pauses
from tests.support.server import RawServer
from tests.support.start_files import StartFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send lost requests again at once, and read nothing from the machine's environment."""
    without_environment(monkeypatch)
    without_pauses(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> QuickClock:
    """A clock that hardly sleeps, in use by the poller."""
    return use_clock(monkeypatch, QuickClock())


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StartFiles:
    """The files of `once=` of this test."""
    return StartFiles(monkeypatch, tmp_path)


@pytest.fixture
def front(request: pytest.FixtureRequest) -> Front:
    """The sandbox behind its front; an indirect parameter adds options to those of the module."""
    return Front(**{**getattr(request.module, "FRONT", {}), **getattr(request, "param", {})})


@pytest.fixture
def base_url(front: Front) -> Iterator[str]:
    """The address of the front."""
    with RawServer(front) as server:
        yield server.base_url
    # An exception holds what it can find again, in a circle; it would be asked about after its server is gone.
    gc.collect()


@pytest.fixture
def client(request: pytest.FixtureRequest, front: Front, base_url: str) -> ow.Client:
    """A client of the front."""
    return ow.Client(front.sandbox.api_key, base_url=base_url, timeout=getattr(request.module, "TIMEOUT", 5.0))


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """Run code in a cell, for the nth time."""
    return Notebook(monkeypatch)


def starter(way: str, client: ow.Client, front: Front) -> Callable[[str], str]:
    """Return what starts one run for a brief, in this way, and returns its id. What comes before it is not counted."""
    earlier = None
    if way == "follow_up":
        earlier = ended(ow.start("Find partners. scenario:answer", client=client, show=False))
        front.starts.clear()

    def start(brief: str) -> str:
        if earlier is not None:
            return earlier.follow_up(brief).id
        if way == "aio.start":
            return asyncio.run(ow.aio.start(brief, client=client, show=False)).id
        if way == "start":
            return ow.start(brief, client=client, show=False).id
        batch = ow.start_many([brief], client=client, show=False)
        try:
            return batch.wait(timeout=20).runs[0].id
        finally:
            batch.stop()

    return start
