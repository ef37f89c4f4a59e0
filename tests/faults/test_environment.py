"""Proxies and certificates of the environment that cannot be used: the error names the variable, and nothing is sent."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed
from tests.faults.between import TunnelProxy, certificate, context_of
from tests.faults.journey import KEY
from tests.faults.planted import held_by, of_error, showing
from tests.support.server import RawServer, answer

PASSWORD = "s3cret-of-the-proxy"
PROXIES = {
    "socks": (f"socks5://me:{PASSWORD}@proxy.example:1080", "httpx[socks]"),
    "gopher": ("gopher://x", ""),
    "half an address": ("http://[::1", ""),
}
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
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize(("address", "said"), PROXIES.values(), ids=PROXIES)
def test_a_proxy_that_cannot_be_used(monkeypatch, kind, variable, address, said):
    monkeypatch.setenv(variable, address)
    error = error_of(kind, AWAY)
    assert error.code == "CONNECTION_SETTINGS"
    assert variable in error.remedy
    assert said in error.cause
    assert not error.sent
    assert not error.transient


@pytest.mark.parametrize("address", ["127.0.0.1:9", f"HTTP://me:{PASSWORD}@127.0.0.1:9/pac?x", "127.0.0.1:99999"])
def test_a_proxy_that_may_be_there_is_asked(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    error = error_of(ow.Client, AWAY)
    assert error.code in ("NO_CONNECTION", "REQUEST_FAILED")
    assert "HTTPS_PROXY" in error.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_from_the_proxy_that_cannot_be_read(monkeypatch, kind):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,fe80::/10")
    error = error_of(kind, AWAY)
    assert error.code == "CONNECTION_SETTINGS"
    assert "NO_PROXY" in error.remedy
    assert not error.sent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
@pytest.mark.parametrize("content", [None, b"\x00no certificate\xff", b""], ids=["missing", "junk", "empty"])
def test_certificates_that_cannot_be_loaded(monkeypatch, tmp_path, kind, variable, content):
    path = tmp_path / ("named" if variable == "SSL_CERT_FILE" else "missing/keys.log")
    if content is not None and path.parent.exists():
        path.write_bytes(content)
    monkeypatch.setenv(variable, str(path))
    error = error_of(kind, AWAY)
    assert error.code == "CONNECTION_SETTINGS"
    assert variable in error.remedy
    assert not error.sent
    assert not error.transient


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("variable", "value"), [("ALL_PROXY", "gopher://x"), ("SSL_CERT_FILE", "/missing.pem")])
def test_a_run_is_not_started_and_not_said_to_be_possible(monkeypatch, kind, variable, value):
    monkeypatch.setenv(variable, value)
    error = error_of(kind, AWAY, lambda client: client.create_agent("Find bakeries"))
    assert variable in str(error)
    assert not error.may_have_started


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


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_refuses_is_named_and_has_seen_no_start(monkeypatch, variable):
    with TunnelProxy(refuse_from=1, refuse_until=99) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        with pytest.raises(ConnectionFailed, match=variable) as caught:
            ow.Client(KEY, base_url=AWAY).create_agent("Find bakeries")
    assert caught.value.code == "PROXY_REFUSED"
    assert not caught.value.sent
    assert not caught.value.may_have_started


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
