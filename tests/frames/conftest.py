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


@pytest.fixture
def client(server: RawServer) -> ow.Client:
    """A client of the server."""
    return ow.Client(KEY, base_url=server.base_url, timeout=5)
