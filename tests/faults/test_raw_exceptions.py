"""Whatever a library below raises: one error of ours, the key nowhere behind it, and a start that is looked for."""

from __future__ import annotations

import asyncio
import pickle
import ssl
import zlib

import anyio
import h11
import httpcore
import httpx
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed, InvalidInput, OrigamiError
from tests.faults.journey import KEY, RUNNING
from tests.faults.planted import held_by, of_error, showing, within
from tests.support.quick import look_after


class Unsayable(Exception):
    """Has no words for itself."""

    def __str__(self):
        raise ValueError("no words")


RAISED = {
    "ValueError": lambda: ValueError(f"bad header value: Bearer {KEY}"),
    "UnicodeEncodeError": lambda: UnicodeEncodeError("ascii", f"Bearer {KEY}", 0, 1, "ordinal not in range(128)"),
    "OverflowError": lambda: OverflowError("date value out of range"),
    "RecursionError": lambda: RecursionError("maximum recursion depth exceeded"),
    "MemoryError": MemoryError,
    "AssertionError": AssertionError,
    "OSError": lambda: OSError(9, f"Bad file descriptor {KEY}"),
    "a group": lambda: ExceptionGroup("multiple connection attempts failed", [OverflowError("port must be 0-65535.")]),
    "a group of groups": lambda: ExceptionGroup("a", [ExceptionGroup("b", [OSError(KEY), ValueError()])]),
    "ssl": lambda: ssl.SSLError(1, "wrong version number"),
    "zlib": lambda: zlib.error("incorrect header check"),
    "h11, remote": lambda: h11.RemoteProtocolError("illegal header line"),
    "h11, local": lambda: h11.LocalProtocolError("Illegal header value"),
    "httpcore": httpcore.ConnectionNotAvailable,
    "httpcore, local": lambda: httpcore.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
    "anyio": anyio.ClosedResourceError,
    "anyio, busy": lambda: anyio.BusyResourceError("reading from"),
    "httpx, an address": lambda: httpx.InvalidURL("Invalid port"),
    "httpx, reading": lambda: httpx.ReadError("reset"),
    "httpx, a stream": httpx.StreamConsumed,
    "without words": Unsayable,
    "a timeout": TimeoutError,
}


class Raising(httpx.AsyncBaseTransport):
    def __init__(self, raised):
        self.raised = raised
        self.keys = []

    async def handle_async_request(self, request):
        self.keys.append(request.headers.get("idempotency-key"))
        # As a library's frames and causes do, this holds the key.
        raise self.raised() from KeyError(request.headers["authorization"])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    look_after(monkeypatch, 0.0, 0.0)


def error_of(kind, call):
    async def awaited():
        return await call()

    with pytest.raises(OrigamiError) as caught:
        asyncio.run(awaited()) if kind is ow.AsyncClient else call()
    return caught.value


@pytest.mark.sweep
@pytest.mark.parametrize("raised", RAISED.values(), ids=RAISED)
@pytest.mark.parametrize("kind", [ow.Client, ow.AsyncClient])
def test_it_is_an_error_of_ours_behind_which_there_is_no_key(kind, raised):
    carrier = Raising(raised)
    client = kind(KEY, _transport=carrier)
    agent, run = RUNNING["agentId"], RUNNING["id"]
    for call in (client.get_credits, lambda: client.get_run(agent, run), lambda: client.list_agent_tables(agent)):
        error = error_of(kind, call)
        assert isinstance(error, ConnectionFailed)
        assert error.sent
        assert error.transient
        assert all((error.title, error.cause, error.remedy, error.code))
        assert showing(of_error(error)) == []
        assert showing(held_by(error)) == []
        assert showing(within(pickle.loads(pickle.dumps(error)))) == []  # noqa: S301 - our own
    start = error_of(kind, lambda: client.create_agent("Find bakeries"))
    assert start.may_have_started
    assert {key for key in carrier.keys if key is not None} == {start.idempotency_key}
    assert showing(of_error(start)) == []
    assert showing(held_by(start)) == []


def test_what_cannot_be_written_down_is_not_sent(server):
    client = ow.Client(KEY, base_url=server.base_url)
    with pytest.raises(InvalidInput):
        client.list_agents(search="half an emoji \ud83d")
    assert server.requests == []
