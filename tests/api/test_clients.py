"""The verbs, through both clients: what is sent, and what becomes of the answers of all ages."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
import urllib.parse

import httpx
import pytest

from origami_widgets.api import loop as loops
from origami_widgets.api import models
from origami_widgets.api.async_client import AsyncClient
from origami_widgets.api.client import Client
from origami_widgets.api.errors import TableNotFound, UnexpectedAnswer
from origami_widgets.api.loop import background
from origami_widgets.api.operations import Operations
from origami_widgets.api.paging import PartialRows
from tests.api.conftest import KEY, fixture
from tests.support.server import answer

RUN = fixture("completed_stats")
CREATED = fixture("create_agent")
TABLE = RUN["response"]["tables"][0]
SUMMARY = {key: RUN[key] for key in ("object", "id", "agentId", "status", "prompt", "model", "steps", "startedAt")}
ACCOUNT = {
    "object": "account",
    "organization": {"id": "o", "name": "Org"},
    "plan": {"id": "pro", "name": "Pro"},
    "capabilities": {"canUseApi": True, "canRunScheduledTasks": True, "concurrentAgents": 3},
    "workspaces": {"used": 1, "limit": None},
}
VERBS = {
    "create_agent": (("Find",), {}, CREATED, "POST /agents", models.CreatedAgent),
    "create_run": (("a", "Go on"), {}, {"run": RUN}, "POST /agents/a/runs", models.RunObject),
    "get_run": (("a", RUN["id"]), {}, RUN, f"GET /agents/a/runs/{RUN['id']}", models.RunObject),
    "list_runs": (("a",), {"cursor": "c+/=", "limit": 7}, {"items": [SUMMARY]}, "GET /agents/a/runs?limit=7&cursor=c%2B%2F%3D", models.RunSummary),
    "cancel": (("a",), {}, {"run": RUN}, "POST /agents/a/cancel", models.RunObject),
    "list_agents": ((), {"search": "por & to"}, {"agents": [{**CREATED["agent"], "lastRun": SUMMARY}]}, "GET /agents?limit=50&search=por+%26+to", models.Agent),
    "list_agent_tables": (("a",), {}, {"workspaceId": "w", "tables": [TABLE]}, "GET /agents/a/tables?include=stats", models.Table),
    "get_table": (("t",), {"include": ()}, {**TABLE, "id": "t"}, "GET /tables/t", models.Table),
    "list_tables": ((), {"agent_id": "a"}, {"items": [TABLE]}, "GET /tables?limit=50&workspaceId=a", models.Table),
    "list_columns": (("t",), {}, {"columns": TABLE["columns"]}, "GET /tables/t/columns", models.Column),
    "get_account": ((), {}, ACCOUNT, "GET /account", models.Account),
    "get_credits": ((), {}, {"object": "credits", "balance": 7.5, "currency": "credits"}, "GET /account/credits", models.Credits),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
async def test_each_verb_is_the_same_in_both_clients(server, quick, verb):
    args, options, body, sent, kind = VERBS[verb]
    server.plan(answer(body))
    client = Client(KEY, base_url=server.base_url)
    blocking = await asyncio.to_thread(getattr(client, verb), *args, **options)
    awaited = await getattr(AsyncClient(KEY, base_url=server.base_url), verb)(*args, **options)
    assert blocking == awaited
    for given in (blocking, awaited):
        if isinstance(given, models.Page):
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
        assert request.headers["accept"] == "application/json"
        assert KEY not in request.target


def test_both_clients_have_every_verb_with_the_same_arguments():
    names = set(VERBS) | {"iter_rows"}
    for name in names:
        one, other = (inspect.signature(getattr(kind, name)).parameters for kind in (Client, AsyncClient))
        assert {key: (value.kind, value.default) for key, value in one.items()} == {
            key: (value.kind, value.default) for key, value in other.items()
        }
        assert getattr(Client, name).__doc__
    public = {name for name in vars(Client) if not name.startswith("_")}
    assert public == names == {name for name in vars(AsyncClient) if not name.startswith("_")}
    arguments = ["api_key", "base_url", "project", "timeout", "_transport"]
    assert list(inspect.signature(Client).parameters) == arguments
    assert list(inspect.signature(AsyncClient).parameters) == arguments


@pytest.mark.parametrize("body", [{}, {"items": None}, {"total": 3}])
def test_a_list_without_a_list_is_no_empty_list(server, client, body):
    server.plan(answer(body))
    with pytest.raises(UnexpectedAnswer, match="list was expected"):
        client.list_agents()


def rows(*ids: str, cursor: str | None = None, total: int | None = None):
    items = [{"object": "row", "id": row_id, "cells": {"n": {"type": "scalar", "value": row_id}}} for row_id in ids]
    return answer({"object": "list", "items": items, "nextCursor": cursor, "total": total, "url": ""})


async def read(server, kind, **options) -> list[str]:
    if kind is Client:
        client = Client(KEY, base_url=server.base_url)
        return await asyncio.to_thread(lambda: [row.id for row in client.iter_rows("t", **options)])
    client = AsyncClient(KEY, base_url=server.base_url)
    return [row.id async for row in client.iter_rows("t", **options)]


both = pytest.mark.parametrize("kind", [Client, AsyncClient])


@both
async def test_all_pages_in_order(server, kind):
    server.plan(rows("1", "2", cursor="a"), rows("3", cursor="b"), rows("4"))
    assert await read(server, kind) == ["1", "2", "3", "4"]
    assert [request.query for request in server.requests] == [
        "limit=200",
        "limit=200&cursor=a",
        "limit=200&cursor=b",
    ]


@both
async def test_what_is_asked_of_the_rows_is_sent(server, kind):
    server.plan(rows("1"))
    filters = [{"column": "fit", "operator": "greater_than", "value": 70}]
    sort = {"column": "fit", "direction": "desc"}
    await read(server, kind, filters=filters, sort=sort, flat=True, saved_filters=False, page_size=10)
    query = dict(urllib.parse.parse_qsl(server.requests[0].query))
    assert json.loads(query.pop("filters")) == filters
    assert json.loads(query.pop("sort")) == sort
    assert query == {"limit": "10", "cells": "flat", "defaults": "false"}


@both
async def test_flat_rows(server, kind):
    server.plan(answer(fixture("rows_flat")))
    assert len(await read(server, kind, flat=True)) == 2


@both
async def test_rows_that_come_again_are_given_once(server, kind):
    server.plan(rows("1", "2", cursor="a"), rows("2", "3"))
    assert await read(server, kind) == ["1", "2", "3"]


@both
@pytest.mark.parametrize(
    ("plan", "ids", "reason"),
    [
        ([rows("1", cursor="a"), rows("2", cursor="b"), rows("3", cursor="a")], ["1", "2", "3"], "cursor came twice"),
        ([rows("1", cursor="a"), rows("1", cursor="b"), rows("2")], ["1"], "page came twice"),
        ([rows("1", cursor="a"), rows(cursor="b"), rows(cursor="c"), rows(cursor="d")], ["1"], "empty"),
    ],
)
async def test_a_walk_in_a_circle_ends_and_says_so(server, kind, plan, ids, reason):
    server.plan(*plan)
    with pytest.warns(PartialRows, match=reason):
        assert await read(server, kind) == ids


@both
async def test_an_empty_page_in_between_is_no_end(server, kind):
    server.plan(rows("1", cursor="a"), rows(cursor="b"), rows("2"))
    assert await read(server, kind) == ["1", "2"]


@both
async def test_a_limit_over_all_pages(server, kind):
    server.plan(rows("1", "2", cursor="a"), rows("3", "4", cursor="b"), rows("5"))
    assert await read(server, kind, limit=3) == ["1", "2", "3"]
    assert len(server.requests) == 2
    assert await read(server, kind, limit=0) == []
    assert len(server.requests) == 2


@both
async def test_a_fault_in_the_middle_is_passed_over(server, quick, kind):
    server.plan(rows("1", cursor="a"), answer({}, 429), answer("", 502), rows("2"))
    assert await read(server, kind) == ["1", "2"]


@both
async def test_a_table_that_is_deleted_on_the_way_is_an_error(server, kind):
    server.plan(rows("1", cursor="a"), answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404))
    with pytest.raises(TableNotFound):
        await read(server, kind)


def test_a_reader_may_rest_between_two_pages_until_the_loop_has_ended(server, client, monkeypatch):
    monkeypatch.setattr(loops, "IDLE", 0.1)
    server.plan(rows("1", cursor="a"), rows("2"))
    reading = client.iter_rows("t")
    assert next(reading).id == "1"
    generation = background().generation
    background().stop()
    assert [row.id for row in reading] == ["2"]
    assert background().generation > generation


def test_pages_for_the_background_loop(server, client):
    server.plan(rows("1", cursor="a", total=2), rows("1", "2", total=2))

    async def read_pages() -> list[models.Page]:
        return [page async for page in client.operations.iter_row_pages("t")]

    pages = background().run(read_pages())
    assert [[row.id for row in page] for page in pages] == [["1"], ["2"]]
    assert pages[0].total == 2
    assert pages[1].raw["items"][0]["id"] == "1"


def test_a_client_without_sockets():
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx.Response(200, stream=httpx.ByteStream(b'{"object": "credits", "balance": 7}'))

    client = Client(KEY, _transport=httpx.MockTransport(respond))
    assert client.get_credits().balance == 7


def test_a_call_inside_a_callback_of_the_loop_says_so(server, client):
    async def call() -> None:
        client.get_credits()

    with pytest.raises(RuntimeError, match="callbacks"):
        background().run(call())
    assert server.requests == []


async def test_cancelling_an_await_ends_the_request(server):
    from tests.support.server import silence

    server.plan(silence())
    client = AsyncClient(KEY, base_url=server.base_url, timeout=20)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await client.get_credits()
    assert time.monotonic() - began < 5
    server.plan(answer({"object": "credits", "balance": 1}))
    assert (await client.get_credits()).balance == 1


def test_operations_have_the_verbs_as_coroutines():
    for name in [*VERBS, "poll_run", "poll_table"]:
        assert inspect.iscoroutinefunction(getattr(Operations, name))


def test_an_id_in_capitals_is_the_same_id(server, client):
    server.plan(answer({**TABLE, "id": "c0a3f1d2-9b6e"}))
    assert client.get_table("C0A3F1D2-9B6E").id == "c0a3f1d2-9b6e"
    with pytest.raises(UnexpectedAnswer, match="something else"):
        background().run(client.operations.poll_table("c0a3f1d2-0000"))
