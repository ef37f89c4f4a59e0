"""A server whose answers a test plans, and a client of it that repeats lost requests at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import origami_widgets as ow
from tests.support.quick import without_pauses
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "og_live_Pl4ntedK3yThatMustNeverShow0000000000000"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """The server; give it a plan."""
    without_pauses(monkeypatch)
    with RawServer(answer({})) as running:
        yield running


@pytest.fixture(scope="session")
def sandbox() -> ow.Client:
    """The client of the founders."""
    return ow.Sandbox(speed=600).client()


@pytest.fixture(scope="session")
def founders(sandbox: ow.Client) -> ow.Run:
    """A settled run with companies, and the people at them. No test changes it, nor those below."""
    return ow.start("Find 20 SaaS founders in Austin", client=sandbox, show=False).wait("cells")


@pytest.fixture(scope="session")
def bakeries() -> ow.Run:
    """A smaller one, in a sandbox of its own."""
    return ow.start("List bakeries in Porto", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")


@pytest.fixture(scope="session")
def cities() -> ow.RunBatch:
    """Two of these."""
    briefs = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
    return ow.start_many(briefs, client=ow.Sandbox(speed=600).client(), show=False).wait("cells")


@pytest.fixture
def client(server: RawServer) -> ow.Client:
    """A client of the server."""
    return ow.Client(KEY, base_url=server.base_url, timeout=5)
