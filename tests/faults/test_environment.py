"""Proxies and certificates of the environment that cannot be used: the error names the variable, and nothing is sent."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed
from tests.faults.between import certificate, context_of
from tests.faults.journey import KEY
from tests.faults.planted import held_by, of_error, showing
from tests.support.server import RawServer, answer

PASSWORD = "s3cret-of-the-proxy"
UNUSABLE = {
    "socks": ({"HTTPS_PROXY": f"socks5://me:{PASSWORD}@proxy.example:1080"}, "httpx[socks]"),
    "gopher": ({"all_proxy": "gopher://x"}, ""),
    "half an address": ({"HTTP_PROXY": "http://[::1"}, ""),
    "an exception that can't be read": (
        {"NO_PROXY": "localhost,fe80::/10", "HTTPS_PROXY": "http://127.0.0.1:3128"},
        "",
    ),
    "missing certificates": ({"SSL_CERT_FILE": "/missing.pem"}, ""),
    "no certificates": ({"SSL_CERT_FILE": __file__}, ""),
    "nowhere to log keys": ({"SSLKEYLOGFILE": "/missing/keys.log"}, ""),
}
"""What stands in the environment, the variable that is named first; and what the cause says."""
KINDS = [ow.Client, ow.AsyncClient]
AWAY = "https://origami.invalid/api/v2"


def error_of(kind, base_url, call=lambda client: client.get_credits()):
    client = kind(KEY, base_url=base_url, timeout=5)

    async def awaited():
        return await call(client)

    began = time.monotonic()
    with pytest.raises(ConnectionFailed) as caught:
        asyncio.run(awaited()) if kind is ow.AsyncClient else call(client)
    error = caught.value
    assert showing(of_error(error)) == []
    assert showing(held_by(error)) == []
    assert not any(PASSWORD in text for text in of_error(error))
    assert time.monotonic() - began < 10, "asking again would not help"
    return error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("environment", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_named_and_nothing_is_sent(monkeypatch, kind, environment, said):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    for call in (lambda client: client.get_credits(), lambda client: client.create_agent("Find bakeries")):
        error = error_of(kind, AWAY, call)
        assert error.code == "CONNECTION_SETTINGS"
        assert next(iter(environment)) in error.remedy
        assert said in error.cause
        assert not error.sent
        assert not error.transient
        assert not error.may_have_started


@pytest.mark.parametrize("address", ["127.0.0.1:9", f"HTTP://me:{PASSWORD}@127.0.0.1:9/pac?x", "127.0.0.1:99999"])
def test_a_proxy_that_may_be_there_is_asked(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    error = error_of(ow.Client, AWAY)
    assert error.code in ("NO_CONNECTION", "REQUEST_FAILED")
    assert "HTTPS_PROXY" in error.remedy


def test_it_works_once_the_variable_is_right(monkeypatch, tmp_path):
    cert, key = certificate(tmp_path, "trusted")
    with RawServer(answer({"object": "credits", "balance": 7}), tls=context_of(cert, key)) as server:
        client = ow.Client(KEY, base_url=server.base_url)
        for variable, wrong in (("SSL_CERT_FILE", str(tmp_path / "missing")), ("HTTPS_PROXY", "gopher://x")):
            monkeypatch.setenv(variable, wrong)
            with pytest.raises(ConnectionFailed, match=variable):
                client.get_credits()
            monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        monkeypatch.delenv("HTTPS_PROXY")
        assert client.get_credits().balance == 7


def test_what_stays_on_this_machine_needs_neither(server, monkeypatch):
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "gopher://x")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(variable, "/missing")
    server.plan(answer({"object": "credits", "balance": 7}))
    assert ow.Client(KEY, base_url=server.base_url).get_credits().balance == 7
    assert ow.Sandbox().client().get_credits().balance > 0


def test_a_proxy_that_hangs_up_has_seen_no_start(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up():
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(ConnectionFailed, match="HTTPS_PROXY") as caught:
            ow.Client(KEY, base_url=AWAY).create_agent("Find bakeries")
        listening.shutdown(socket.SHUT_RDWR)
    assert not caught.value.may_have_started
