"""`Client.request` reaches every operation of the API and nothing else, and sends what may spend at most once."""

from __future__ import annotations

import asyncio
import json

import pytest

from origami_widgets.api import errors
from origami_widgets.api.client import AsyncClient, Client
from tests.api.conftest import KEY
from tests.contract.client import operations
from tests.support.server import answer, head, raw, reset, silence

LOST = {
    "reset before the answer": reset(),
    "reset in the answer": reset(head(202, 500) + b'{"agent"'),
    "answer cut short": raw(head(202, 500) + b'{"agent"', close=True),
    "500": answer({}, 500),
    "503 that asks to wait": answer({}, 503, {"Retry-After": "1"}),
    "sign-in page": answer("<html>Welcome", content_type="text/html"),
    "JSON that breaks off": answer('{"agent": '),
}
ELSEWHERE = (
    *("", "/", "tables", "/tables/", "//evil.example/tables", "https://evil.example", "http:/x", "/a//b", "/a/../b"),
    *(
        "/..",
        "/a/./b",
        "/%2e%2e/b",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/a?b=c",
        "/a#b",
        "/a b",
        "/a\n",
        "/a:b",
        "/é",
        "/a@b",
    ),
    *("/a;b", "/a\x00", "/\u2215a", "/\uff0fa", None, b"/a", 7),
)


OPERATIONS = {
    name: (method, "/".join("0a6f3c1e-0000" if part.startswith("{") else part for part in path.split("/")), each)
    for name, (method, path, each) in operations().items()
}
EACH = pytest.mark.parametrize("operation", OPERATIONS)


def test_the_description_has_as_many_operations_as_its_vendor_s():
    assert len(OPERATIONS) == 64


@EACH
def test_each_operation_is_sent_as_it_is_described(server, client, operation):
    method, path, described = OPERATIONS[operation]
    (success,) = [status for status in described["responses"] if status.startswith("2")][:1]
    answered = {"object": "x", "items": [None, 1.5, "ü"]}
    server.plan(answer(answered, int(success)))
    body = None if method == "GET" else {"text": "ü😀", "number": 2**60, "list": [None, True, 0.1], "object": {}}
    options = {"params": {"limit": 7, "defaults": False, "cursor": None}, "json": body}
    assert client.request(method.lower(), path, **options) == answered
    (request,) = server.requests
    assert (request.method, request.target) == (method, f"/api/v2{path}?limit=7&defaults=false")
    assert (json.loads(request.body) if request.body else None) == body
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert ("idempotency-key" in request.headers) == (method == "POST")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_it_says_first_that_it_may_spend_and_send(kind):
    (first, *_) = kind.request.__doc__.splitlines()
    assert "spend credits" in first
    assert "send messages to real people" in first


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_path_leads_elsewhere(server, client, path):
    with pytest.raises(errors.InvalidInput):
        client.request("GET", path)
    assert server.requests == []


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("PUT", {}),
        ("GET /tables", {}),
        (None, {}),
        ("GET", {"json": {}}),
        ("DELETE", {"idempotency_key": "k"}),
        ("POST", {"idempotency_key": ""}),
        ("POST", {"json": {"value": float("nan")}}),
        ("POST", {"json": {"value": "\ud800"}}),
        ("POST", {"json": object()}),
        ("GET", {"params": {"filters": [1]}}),
        ("GET", {"params": "limit=7"}),
        ("GET", {"params": {"search": KEY}}),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(server, client, method, options):
    with pytest.raises(errors.InvalidInput) as caught:
        client.request(method, "/tables", **options)
    assert caught.value.remedy
    assert KEY not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_what_may_have_had_an_effect_is_not_sent_again(server, client, method, fault):
    server.plan(fault, answer({"id": "p"}))
    with pytest.raises(errors.OrigamiError) as caught:
        client.request(method, "/projects/p", json={"name": "x"})
    assert len(server.requests) == 1
    assert caught.value.may_have_started
    assert caught.value.idempotency_key == server.requests[0].headers.get("idempotency-key")
    assert (caught.value.idempotency_key is not None) == (method == "POST")


def test_an_interrupt_knows_the_key(server):
    server.plan(silence())

    async def interrupted() -> BaseException:
        client = AsyncClient(KEY, base_url=server.base_url)
        task = asyncio.ensure_future(client.request("POST", "/projects", json={"name": "x"}))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    stopped = asyncio.run(interrupted())
    assert stopped.idempotency_key == server.requests[0].headers["idempotency-key"]


def test_csv_comes_as_text_and_nothing_as_none(server, client):
    text = 'Company,Phone\r\n"Müller, 😀",+49 30\r\n'
    server.plan(answer(text, content_type="text/csv; charset=utf-8"), answer(b"", 204), answer([1, {"a": None}]))
    assert client.request("GET", "/tables/t/rows", params={"format": "csv"}) == text
    assert client.request("DELETE", "/agents/a") is None
    assert client.request("GET", "/tables") == [1, {"a": None}]


def test_it_counts_among_the_requests_that_cards_leave_room_for(server, client):
    limits = {"X-RateLimit-Limit-Global": "100", "X-RateLimit-Remaining-Global": "7", "Retry-After": "9"}
    server.plan(answer({}, headers=limits), answer({"code": "RATE_LIMITED"}, 429, limits))
    events = []
    client.operations.traffic.listen(lambda event, age: events.append(event))
    client.request("POST", "/projects", json={"name": "x"})
    with pytest.raises(errors.RateLimited):
        client.request("POST", "/projects", json={"name": "x"})
    seen = [(event.refused_for, [quota.remaining for quota in event.quotas]) for event in events]
    assert seen == [(None, []), (None, [7]), (None, []), (9, [7])]
