"""A sandbox behind a front on which requests go wrong, a poller that hardly sleeps, and batches."""

from __future__ import annotations

import gc

import pytest

import origami_widgets as ow
from tests.support.front import Front
from tests.support.server import RawServer
from tests.support.starts import clock, execute, quick

__all__ = ["clock", "execute", "quick"]


@pytest.fixture
def front():
    return Front(plan="ultra")


@pytest.fixture
def base_url(front, clock):
    with RawServer(front) as server:
        yield server.base_url
    # An exception holds what it can find again, in a circle; it would be asked about after its server is gone.
    gc.collect()


@pytest.fixture
def client(front, base_url):
    return ow.Client(front.sandbox.api_key, base_url=base_url, timeout=5.0)


class Many:
    """Starts batches, and holds each until it is forgotten."""

    def __init__(self, client):
        self._client = client
        self._batches = []

    def __call__(self, prompts, **options):
        batch = ow.start_many(prompts, client=self._client, show=False, **options)
        self._batches.append(batch)
        return batch

    def forget(self):
        """Hold none any more."""
        self._batches.clear()
        gc.collect()

    def stop(self):
        """Let none of them start anything more."""
        for batch in self._batches:
            batch.stop()


@pytest.fixture
def many(client):
    """Start a batch; what is left of it is ended."""
    starting = Many(client)
    yield starting
    starting.stop()
