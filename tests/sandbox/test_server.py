"""The sandbox over a real socket."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import httpx
import pytest

from origami_widgets.sandbox import Sandbox, embedded


@pytest.fixture(scope="module")
def http():
    with (
        Sandbox(speed=200).serve() as served,
        httpx.Client(base_url=served.base_url, headers={"Authorization": f"Bearer {served.api_key}"}) as client,
    ):
        yield client


def test_answers_carry_one_date_and_the_mark_of_the_sandbox(http):
    answer = http.get("/account")
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["x-origami-sandbox"] == "true"
    assert answer.headers["content-type"] == "application/json"


AUTHORIZED = b"Host: 127.0.0.1\r\nAuthorization: Bearer og_live_sandbox\r\n"
WHOLE = b"GET /api/v2/account HTTP/1.1\r\n" + AUTHORIZED + b"\r\n"
POST = b"POST /api/v2/agents HTTP/1.1\r\n" + AUTHORIZED + b"Idempotency-Key: k1\r\nContent-Length: 99\r\n\r\n"
HALVES = {
    "nothing": b"",
    "half a request line": b"GET /api/v2/acc",
    "half of the headers": b"GET /api/v2/account HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
    "half a body": POST + b'{"prompt": "',
    "a chunk of a body": POST.replace(b"k1", b"k2").replace(b"Content-Length: 99", b"Transfer-Encoding: chunked")
    + b"5\r\n{",
    "a request and half another one": WHOLE + b"GET /api",
}


@pytest.fixture
def served():
    with Sandbox().serve() as served:
        yield served


def until_closed(connection: socket.socket, drop: bytes = b"") -> bytes:
    """Return what the server sends until it closes the connection; `drop` is sent again and again meanwhile."""
    connection.settimeout(0.2)
    got, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if drop:
                connection.send(drop)
            part = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return got
        if not part:
            return got
        got += part
    raise AssertionError("the connection was left open")


def test_a_request_that_never_arrives_whole_is_dropped(served, monkeypatch):
    monkeypatch.setattr(embedded, "REQUEST_TIMEOUT", 1.0)
    with ExitStack() as stack:
        halves = {
            name: stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=30))
            for name in [*HALVES, "drops"]
        }
        for name, sent in HALVES.items():
            halves[name].sendall(sent)
        halves["drops"].sendall(HALVES["half of the headers"])
        # Others are answered meanwhile.
        headers = {"Authorization": f"Bearer {served.api_key}"}
        assert httpx.get(f"{served.base_url}/account", headers=headers).status_code == 200
        begun = time.monotonic()
        got = {name: until_closed(connection, b"x" * (name == "drops")) for name, connection in halves.items()}
        assert time.monotonic() - begun < 15
    assert got.pop("a request and half another one").startswith(b"HTTP/1.1 200")
    assert set(got.values()) == {b""}
    # Nothing was started by half a request, and its key is free.
    started = httpx.post(
        f"{served.base_url}/agents", json={"prompt": "x"}, headers={**headers, "Idempotency-Key": "k1"}
    )
    assert started.status_code == 202
    assert len(httpx.get(f"{served.base_url}/agents", headers=headers).json()["items"]) == 1


def test_stopping_drops_half_a_request_without_a_traceback(capsys):
    with ExitStack() as stack:
        with Sandbox().serve() as served:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=30))
            connection.sendall(HALVES["half a body"])
            # It has reached the application once a later request is answered.
            assert httpx.get(f"{served.base_url}/account").status_code == 401
        assert until_closed(connection) == b""
    assert capsys.readouterr().err == ""


def test_a_page_that_was_rebound_to_this_machine_is_refused(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(WHOLE.replace(b"Host: 127.0.0.1", b"Connection: close\r\nHost: rebound.example:8765"))
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b'"code":"HOST_NOT_ALLOWED"' in answer
    assert b"access-control" not in answer.lower()


def test_each_answer_is_sent_at_once():
    with (
        embedded.listen(0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as one,
    ):
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
