"""Certificates and proxies that refuse in the middle of a run: two tries, a likely cause, and never without encryption."""

from __future__ import annotations

import json
import ssl

import certifi
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed
from tests.faults.between import TunnelProxy, certificate, context_of, issued
from tests.faults.journey import COMPLETED, KEY, RUNNING, Journey, running
from tests.support.server import RawServer, answer, head, raw


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return certificate(folder, "trusted"), certificate(folder, "unknown")


@pytest.fixture
def secure(certificates, monkeypatch):
    """A server over https that is trusted."""
    (cert, key), _ = certificates
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with RawServer(answer({}), tls=context_of(cert, key)) as serving:
        yield serving


def closing(body, act=None):
    """Answer, do something, and close, so that the next poll needs a new connection."""
    data = json.dumps(body).encode()
    send = raw(head(200, len(data), {"Retry-After": "15", "Connection": "close"}) + data, close=True)

    async def behave(request, writer):
        if act is not None:
            act()
        await send(request, writer)

    return behave


OVER = {**COMPLETED, "id": RUNNING["id"], "agentId": RUNNING["agentId"], "response": None}


def test_a_certificate_that_nobody_knows_is_tried_twice_and_named(secure, clock, interface, certificates):
    _, unknown = certificates
    seen = Journey(secure, clock)
    seen.go(interface, closing(running(3), lambda: secure.tls.load_cert_chain(*unknown)), closing(OVER))
    assert isinstance(seen.error, ConnectionFailed)
    assert seen.error.code == "TLS_FAILED"
    assert seen.run.connection.state == "stopped"
    assert seen.run.connection.failures == 2
    assert len(secure.requests) == 2, "nothing was sent over a connection that is not trusted"
    assert "certificate" in seen.error.cause
    if interface == "card":
        assert seen.shows("stopped", seen.error)
        assert seen.run.token in seen.notice("stopped")["code"]


@pytest.mark.parametrize(("until", "ends"), [(3, "completed"), (9, "running")], ids=["once", "twice"])
def test_a_proxy_that_wants_a_login_is_tried_twice_and_named(secure, clock, interface, monkeypatch, until, ends):
    with TunnelProxy(refuse_from=2, refuse_until=until) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        seen = Journey(secure, clock)
        # One tunnel for the start, which is kept for the first poll; one for the list of tables, which is kept for the
        # second poll; the next ones are refused: to the list once, and to the run twice.
        seen.go(interface, closing(running(3)), closing(running(5)), closing(OVER))
        asked = list(proxy.asked)
    assert not any(KEY.encode() in request for request in asked)
    assert seen.run.status == ends
    if ends == "running":
        assert seen.error.code == "PROXY_REFUSED"
        assert len(asked) == 5
        assert "407" in seen.error.cause
        assert "HTTPS_PROXY" in seen.error.cause + seen.error.remedy
        if interface == "card":
            assert seen.shows("stopped", seen.error)


@pytest.fixture
def system(monkeypatch, tmp_path):
    """The system's store of certificates, which a test fills; and a context of this test's own, as one key log has one."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    store = tmp_path / "system.pem"
    paths = ssl.DefaultVerifyPaths(str(store), None, "SSL_CERT_FILE", str(store), "SSL_CERT_DIR", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(
        ssl.SSLContext,
        "set_default_verify_paths",
        lambda context: context.load_verify_locations(store) if store.exists() else None,
        raising=False,
    )
    return store


@pytest.fixture
def inspected(certificates, monkeypatch, tmp_path):
    """What a company's proxy that inspects traffic answers with: a certificate of the company's own authority."""
    own = issued(tmp_path, certificates[0])
    with (
        RawServer(answer({"balance": 7}), tls=context_of(*own)) as serving,
        TunnelProxy(refuse_from=99, refuse_until=99) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield serving


def balance(server):
    return ow.Client(KEY, base_url=server.base_url).get_credits().balance


def test_a_certificate_that_the_system_trusts_is_trusted(inspected, system, certificates):
    system.write_bytes(certificates[0][0].read_bytes())
    assert balance(inspected) == 7
    assert system.with_name("keys.log").exists()


def test_a_certificate_that_the_system_does_not_trust_is_refused(inspected, system, certificates):
    system.write_bytes(certificates[1][0].read_bytes())
    with pytest.raises(ConnectionFailed) as caught:
        balance(inspected)
    assert caught.value.code == "TLS_FAILED"
    assert inspected.requests == []


def test_a_system_without_certificates_has_those_of_certifi(inspected, system, certificates, monkeypatch):
    assert not system.exists()
    monkeypatch.setattr(certifi, "where", lambda: str(certificates[0][0]))
    assert balance(inspected) == 7
