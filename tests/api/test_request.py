"""`Client.request` reaches every operation of the API and nothing else, and sends what may spend at most once."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from origami_widgets.api import errors
from origami_widgets.api.async_client import AsyncClient
from origami_widgets.api.client import Client
from tests.api.conftest import KEY
from tests.contract import description
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


@pytest.mark.parametrize("path", list(description()["paths"]))
def test_each_path_of_the_description_is_reached(server, client, path):
    server.plan(answer({"object": "list", "items": []}))
    concrete = "/".join("v2_run-01k0" if part.startswith("{") else part for part in path.split("/"))
    assert client.request("get", concrete, params={"limit": 7, "defaults": False, "cursor": None}) == {
        "object": "list",
        "items": [],
    }
    (request,) = server.requests
    assert request.target == f"/api/v2{concrete}?limit=7&defaults=false"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert "idempotency-key" not in request.headers


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


@pytest.mark.parametrize("status", [400, 402, 403, 404, 409, 413, 429])
def test_a_refusal_is_not_sent_again_either(server, client, status):
    server.plan(answer({"error": "No", "code": "SOME_CODE"}, status, {"Retry-After": "7"}), answer({"id": "p"}))
    with pytest.raises(errors.OrigamiError) as caught:
        client.request("POST", "/projects", json={"name": "x"}, idempotency_key="mine")
    assert [request.headers["idempotency-key"] for request in server.requests] == ["mine"]
    assert caught.value.status_code == status
    assert caught.value.retry_after == 7
    assert not caught.value.may_have_started


def test_each_post_has_a_key_of_its_own(server, client):
    server.plan(answer({"id": "p"}, 201))
    for _ in range(2):
        client.request("POST", "/projects", json={"name": "x"})
    keys = [uuid.UUID(request.headers["idempotency-key"]) for request in server.requests]
    assert len(set(keys)) == 2


def test_a_read_is_retried(server, client):
    server.plan(answer({}, 503), reset(), answer({"items": []}))
    assert client.request("GET", "/projects") == {"items": []}
    assert len(server.requests) == 3


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


def test_an_answer_without_end_is_refused(server, client):
    server.plan(raw(head(200, 10**9) + b" " * (33 * 2**20)))
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        client.request("GET", "/projects")
    assert caught.value.code == "ANSWER_TOO_LARGE"


def test_no_redirect_is_followed(server, client):
    server.plan(answer("", 307, {"Location": "https://evil.example/"}))
    with pytest.raises(errors.RedirectRefused):
        client.request("POST", "/projects", json={})
    assert len(server.requests) == 1


def test_the_project_is_sent(server, quick):
    server.plan(answer({}))
    Client(KEY, base_url=server.base_url, project="p-1").request("GET", "/tables")
    assert server.requests[0].headers["x-origami-project"] == "p-1"
