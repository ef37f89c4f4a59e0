"""A sandbox behind a way on which things go wrong, and a poller that hardly sleeps."""

from __future__ import annotations

import asyncio
import gc

import pytest

import origami_widgets as ow
from origami_widgets.api import retries
from origami_widgets.api.starts import submit
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller
from tests.api.conftest import ENVIRONMENT
from tests.run.test_one_run import QuickClock
from tests.support.front import Front
from tests.support.server import RawServer


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)


@pytest.fixture
def clock(monkeypatch):
    made = QuickClock()
    monkeypatch.setattr(poller_module, "_poller", Poller(made))
    monkeypatch.setattr(submit, "pause", lambda seconds: made.sleep(seconds, asyncio.Event()))
    return made


@pytest.fixture
def front():
    return Front(plan="ultra")


@pytest.fixture
def client(front, clock):
    with RawServer(front) as server:
        yield ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5.0)
    # An exception holds what it can find again, in a circle; it would be asked about after its server is gone.
    gc.collect()


@pytest.fixture
def many(client):
    """Start a batch; what is left of it is ended."""
    batches = []

    def start(prompts, **options):
        batch = ow.start_many(prompts, client=client, show=False, **options)
        batches.append(batch)
        return batch

    yield start
    for batch in batches:
        batch.stop()
