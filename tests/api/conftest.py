"""A client and a server that misbehaves, with nothing of the machine's own settings in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from origami_widgets.api.client import Client
from tests.support.keys import use_keyring
from tests.support.quick import without_environment, without_pauses
from tests.support.server import RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "og_live_Pl4ntedK3yThatMustNeverShow0000000000000"
FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    without_environment(monkeypatch)
    use_keyring(monkeypatch, NoKeyring())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without their pauses; what the server asks for is still waited."""
    without_pauses(monkeypatch)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(answer({})) as running:
        yield running


@pytest.fixture
def client(server: RawServer, quick: None) -> Client:
    return Client(KEY, base_url=server.base_url, timeout=5)


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
