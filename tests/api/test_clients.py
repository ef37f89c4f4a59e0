"""The verbs, through both clients: what is sent, and what becomes of the answers of all ages."""

from __future__ import annotations

import asyncio
import inspect
import urllib.parse

import httpx
import pytest

from origami_widgets.api.background.loop import background
from origami_widgets.api.client import AsyncClient, Client
from origami_widgets.api.errors import InvalidInput, UnexpectedAnswer
from origami_widgets.api.models import base
from tests.api.conftest import KEY
from tests.api.verbs import RECEIPT, TABLE, VERBS
from tests.support.quick import see
from tests.support.server import answer


def test_a_closed_client_returns_its_connections_and_opens_new_ones(server, quick):
    server.plan(answer({"balance": 7}))
    with Client(KEY, base_url=server.base_url, timeout=0.5) as client:
        client.get_credits()
    see(lambda: server.open == 0)
    assert client.get_credits().balance == 7
    assert server.connections == 2


@pytest.mark.parametrize("verb", VERBS)
async def test_each_call_sends_the_same_request_from_both_clients(server, quick, verb):
    args, options, body, sent, kind = VERBS[verb]
    server.plan(answer(body))
    client = Client(KEY, base_url=server.base_url)
    blocking = await asyncio.to_thread(getattr(client, verb), *args, **options)
    awaited = await getattr(AsyncClient(KEY, base_url=server.base_url), verb)(*args, **options)
    assert blocking == awaited
    for given in (blocking, awaited):
        if isinstance(given, base.Page):
            assert len(given) == 1 or verb == "list_columns"
            assert all(isinstance(item, kind) and item.raw for item in given)
        else:
            assert isinstance(given, kind)
        assert given.raw
    targets = [f"{request.method} {request.target}" for request in server.requests]
    assert [tuple(sorted(urllib.parse.parse_qsl(t.partition("?")[2]))) for t in targets] == [
        tuple(sorted(urllib.parse.parse_qsl(sent.partition("?")[2])))
    ] * 2
    assert [target.partition("?")[0] for target in targets] == [sent.partition("?")[0].replace(" ", " /api/v2")] * 2
    for request in server.requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["accept"].startswith("application/json")
        assert KEY not in request.target


def test_both_clients_have_the_same_calls_with_the_same_arguments():
    names = {*VERBS, "iter_rows", "close", "request", "upload_documents"}
    for name in names:
        one, other = (inspect.signature(getattr(kind, name)).parameters for kind in (Client, AsyncClient))
        assert {key: (value.kind, value.default) for key, value in one.items()} == {
            key: (value.kind, value.default) for key, value in other.items()
        }
        assert getattr(Client, name).__doc__
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == names == {name for name in dir(AsyncClient) if not name.startswith("_")}
    arguments = ["api_key", "base_url", "project", "timeout", "_transport"]
    assert list(inspect.signature(Client).parameters) == arguments
    assert list(inspect.signature(AsyncClient).parameters) == arguments


def test_documents_go_as_base64_in_json(server, client):
    server.plan(answer({"results": [{"kind": "table", "table": {"id": "t"}}]}, 201))
    assert client.upload_documents("w", {"list.csv": "a\r\n"}, mode="table")[0]["table"]["id"] == "t"
    assert server.requests[0].json() == {"files": [{"filename": "list.csv", "content": "YQ0K", "mode": "table"}]}


def test_rows_are_written_without_filling_cells_unless_asked_for(server, client):
    server.plan(answer(RECEIPT, 201))
    client.upsert_rows("t", [{"website": "a.example"}], ["website"])
    client.upsert_rows("t", [{"website": "a.example"}], ["website"], enrich=True, batch_id="b")
    assert [request.json()["enrich"] for request in server.requests] == [False, True]
    with pytest.raises(InvalidInput):
        client.upsert_rows("t", [{"website": "a.example"}] * 101, ["website"])
    assert len(server.requests) == 2


@pytest.mark.parametrize("body", [{}, {"items": None}, {"total": 3}])
def test_a_missing_list_is_not_an_empty_list(server, client, body):
    server.plan(answer(body))
    with pytest.raises(UnexpectedAnswer, match="Expected a list"):
        client.list_agents()


def test_a_client_with_a_transport_of_its_own_opens_no_socket():
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx.Response(200, stream=httpx.ByteStream(b'{"object": "credits", "balance": 7}'))

    client = Client(KEY, _transport=httpx.MockTransport(respond))
    assert client.get_credits().balance == 7


def test_an_id_in_capitals_is_the_same_id(server, client):
    server.plan(answer({**TABLE, "id": "c0a3f1d2-9b6e"}))
    assert client.get_table("C0A3F1D2-9B6E").id == "c0a3f1d2-9b6e"
    with pytest.raises(UnexpectedAnswer, match="another id"):
        background().run(client.operations.poll_table("c0a3f1d2-0000"))
