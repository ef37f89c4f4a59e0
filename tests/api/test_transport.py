"""What a network does to one request, over real sockets: each fault becomes one typed error, or is asked again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from origami_widgets.api import errors
from origami_widgets.api.background.loop import background
from origami_widgets.api.client import Client
from tests.api.conftest import KEY, fixture
from tests.support.server import RawServer, answer, drip, head, raw, reset, silence

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = fixture("completed_stats")
AGENT, RUN_ID = RUN["agentId"], RUN["id"]


def poll(client: Client):
    return background().run(client.operations.poll_run(AGENT, RUN_ID))


ONCE: list[tuple[str, Callable, type[errors.OrigamiError], str]] = [
    ("500", answer({"error": "no", "code": "INTERNAL_ERROR"}, 500), errors.ServerError, "no"),
    ("502 html", answer("<html>Bad gateway</html>", 502, content_type="text/html"), errors.ServerError, "web page"),
    ("503 empty", answer(b"", 503), errors.ServerError, "empty"),
    ("408", answer({}, 408), errors.ServerError, ""),
    ("425", answer({}, 425), errors.ServerError, ""),
    ("429", answer({"error": "slow down"}, 429), errors.RateLimited, "slow down"),
    ("reset before headers", reset(), errors.ConnectionFailed, ""),
    ("reset after headers", reset(head(200, 100)), errors.ConnectionFailed, ""),
    ("reset in the body", reset(head(200, 100) + b'{"id": "v2'), errors.ConnectionFailed, ""),
    ("closed before headers", raw(b"", close=True), errors.ConnectionFailed, ""),
    ("cut short", raw(head(200, 100) + b'{"id": "v2', close=True), errors.ConnectionFailed, ""),
    ("no HTTP", raw(b"SSH-2.0-OpenSSH_9.9\r\n", close=True), errors.ConnectionFailed, ""),
    ("empty", answer(""), errors.UnexpectedAnswer, "empty"),
    ("null", answer("null"), errors.UnexpectedAnswer, "Expected an object"),
    ("an empty object", answer("{}"), errors.UnexpectedAnswer, "no id"),
    ("invalid UTF-8", answer(b'{"id": "\xff"}'), errors.UnexpectedAnswer, "UTF-8"),
    ("captive portal", answer("<html>Welcome", content_type="text/html"), errors.UnexpectedAnswer, "sign-in page"),
    ("another run", answer({**RUN, "id": "v2_run-other"}), errors.UnexpectedAnswer, "another id"),
    ("500 with NaN", answer('{"error": NaN}', 500), errors.ServerError, "Infinity|NaN"),
    ("broken gzip", answer(b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}), errors.ConnectionFailed, ""),
]


@pytest.mark.parametrize(("behaviour", "kind", "words"), [case[1:] for case in ONCE], ids=[case[0] for case in ONCE])
def test_a_poll_is_one_attempt_and_each_fault_is_transient(server, client, behaviour, kind, words):
    server.plan(behaviour)
    with pytest.raises(kind, match=words or None) as caught:
        poll(client)
    assert len(server.requests) == 1
    assert caught.value.transient
    assert caught.value.title
    assert caught.value.remedy
    server.plan(answer(RUN, headers={"Retry-After": "15"}))
    assert poll(client).body == RUN


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "VALIDATION_ERROR", errors.InvalidInput),
        (401, "UNAUTHORIZED", errors.AuthenticationError),
        (402, "ACCOUNT_BLOCKED", errors.AccountBlocked),
        (403, "", errors.PermissionDenied),
        (404, "RUN_NOT_FOUND", errors.RunNotFound),
        (409, "", errors.Conflict),
    ],
)
def test_an_error_that_a_retry_cannot_change_is_raised_at_once(server, client, status, code, kind):
    server.plan(answer({"error": "no", "code": code}, status), answer(RUN))
    with pytest.raises(kind) as caught:
        client.get_run(AGENT, RUN_ID)
    assert len(server.requests) == 1
    assert not caught.value.transient


def test_a_poll_reads_the_headers(server, client):
    headers = [
        ("Date", "Tue, 21 Jul 2026 09:14:02 GMT"),
        ("Retry-After", "Tue, 21 Jul 2026 09:14:06 GMT"),
        ("Retry-After", "2"),
        ("X-Request-Id", "req-1"),
        ("X-Origami-Sandbox", "true"),
    ]
    server.plan(answer(RUN, headers=headers), answer(RUN), answer({**RUN, "status": "running"}))
    first, second, third = poll(client), poll(client), poll(client)
    assert first.retry_after == 4.0
    assert first.server_date.isoformat() == "2026-07-21T09:14:02+00:00"
    assert first.request_id == "req-1"
    assert first.sandbox
    assert first.headers["x-request-id"] == "req-1"
    assert second.retry_after is None
    assert not second.sandbox
    assert first.digest == second.digest != third.digest


@pytest.mark.parametrize(
    "behaviour", [silence(), drip(head(200, 1_000) + b" " * 1_000, every=0.1)], ids=["silence", "drip"]
)
def test_the_timeout_is_for_the_whole_request(server, quick, behaviour):
    server.plan(behaviour)
    client = Client(KEY, base_url=server.base_url, timeout=0.5)
    began = time.monotonic()
    with pytest.raises(errors.RequestTimedOut, match=r"0\.5 s") as caught:
        poll(client)
    assert 0.4 < time.monotonic() - began < 20
    assert caught.value.transient
    assert caught.value.sent
    server.plan(answer(RUN))
    assert poll(Client(KEY, base_url=server.base_url)).body == RUN


def test_plain_text_where_encryption_is_expected_is_named_and_tried_twice(server, monkeypatch, quick):
    monkeypatch.setenv("NO_PROXY", "*")
    client = Client(KEY, base_url=server.base_url.replace("http://", "https://"), timeout=5)
    with pytest.raises(errors.ConnectionFailed) as caught:
        client.get_credits()
    assert caught.value.code == "TLS_FAILED"
    assert not caught.value.sent
    assert server.requests == []
    assert server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_host_sees_nothing(server, client, status):
    with RawServer(answer(RUN)) as other:
        server.plan(answer("", status, headers={"Location": f"{other.base_url}/agents?key=1"}))
        with pytest.raises(errors.RedirectRefused, match=str(status)):
            poll(client)
        with pytest.raises(errors.RedirectRefused):
            client.create_agent("Find bakeries")
        assert other.requests == []
        assert other.connections == 0
    assert len(server.requests) == 2
