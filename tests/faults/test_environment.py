"""Proxies and certificates of the environment that cannot be used: the error names the variable, and nothing is sent."""

from __future__ import annotations

import asyncio
import os
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
    "socks, names resolved there": ("socks5h://proxy.example:1080", "httpx[socks]"),
    "gopher": ("gopher://x", "http://host:port"),
    "an unknown version": ("socks4://x", "http://host:port"),
    "no scheme": ("://x", "http://host:port"),
    "a port that is too high": (f"http://me:{PASSWORD}@127.0.0.1:99999", "http://host:port"),
    "a port that is too high, without a scheme": ("127.0.0.1:99999", "http://host:port"),
    "the port 0": ("http://127.0.0.1:0", "http://host:port"),
    "a port that is no number": (f"http://me:{PASSWORD}@proxy.example:http", "http://host:port"),
    "half an address": ("http://[::1", "http://host:port"),
    "no host": ("http://:8080", "http://host:port"),
    "only a scheme": ("http://", "http://host:port"),
    "a space before": (" http://proxy.example:8080", "http://host:port"),
    "a control character": ("http://a\x01b:80", "http://host:port"),
    "a space within": ("http://proxy example:8080", "http://host:port"),
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


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"]
)
@pytest.mark.parametrize(("address", "said"), PROXIES.values(), ids=PROXIES)
def test_a_proxy_that_cannot_be_used(monkeypatch, kind, variable, address, said):
    monkeypatch.setenv(variable, address)
    error = error_of(kind, AWAY)
    assert error.code == "PROXY_UNUSABLE"
    assert variable in error.cause
    assert variable in error.remedy
    assert said in error.cause
    assert not error.sent
    assert not error.transient


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:9",
        "http://127.0.0.1:9/",
        "HTTP://me:p%40ss@127.0.0.1:9/pac?x",
        "https://localhost:09",
        "http://[::1]:9",
    ],
)
def test_a_proxy_that_may_be_there_is_asked(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    error = error_of(ow.Client, AWAY)
    assert error.code == "NO_CONNECTION"
    assert "HTTPS_PROXY" in error.remedy


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_an_exception_from_the_proxy_that_cannot_be_read(monkeypatch, kind, variable):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv(variable, "localhost,fe80::/10")
    error = error_of(kind, AWAY)
    assert error.code == "PROXY_UNUSABLE"
    assert variable in error.cause
    assert not error.sent


def missing(folder):
    return folder / "missing"


def junk(folder):
    (folder / "junk").write_bytes(b"\x00no certificate\xff" * 9)
    return folder / "junk"


def empty(folder):
    (folder / "empty").touch()
    return folder / "empty"


def a_folder(folder):
    return folder


def a_pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("variable", "named"),
    [
        *[("SSL_CERT_FILE", named) for named in (missing, junk, empty, a_folder)],
        pytest.param("SSL_CERT_FILE", a_pipe, marks=pytest.mark.posix),
        *[("SSL_CERT_DIR", named) for named in (missing, junk, a_folder)],
    ],
)
def test_certificates_that_cannot_be_loaded(monkeypatch, tmp_path, kind, variable, named):
    path = str(named(tmp_path))
    monkeypatch.setenv(variable, path)
    error = error_of(kind, AWAY)
    assert error.code == "CERTIFICATES_UNUSABLE"
    assert variable in error.cause
    assert path in error.cause
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


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_card_is_not_shown_for_what_was_not_started(monkeypatch, variable):
    monkeypatch.setenv(variable, "gopher://x")
    with pytest.raises(ConnectionFailed, match=variable) as caught:
        ow.start("Find bakeries", client=ow.Client(KEY, base_url=AWAY))
    assert not caught.value.may_have_started
    assert showing(held_by(caught.value)) == []


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


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_log_that_cannot_be_written_is_named(monkeypatch, kind, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys.log"))
    error = error_of(kind, AWAY)
    assert (error.code, error.sent) == ("CERTIFICATES_UNUSABLE", False)
    assert "SSLKEYLOGFILE" in error.cause
    assert "SSLKEYLOGFILE" in error.remedy
