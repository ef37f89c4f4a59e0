"""Lists of agents, runs and tables: order, pages, envelope."""

from __future__ import annotations

import base64

import pytest


async def pages(talk, path, **params):
    found, cursor = [], None
    while True:
        page = await talk.get(path, **params, **({"cursor": cursor} if cursor else {}))
        found.append(page)
        cursor = page["nextCursor"]
        if cursor is None:
            return found


@pytest.fixture
async def five(talk):
    agents = []
    for name in ("Ada", "Bea", "Cleo", "Dora", "Eve"):
        agents.append((await talk.start("scenario:answer", name=name))[0])
        talk.clock.advance(30)
    return agents


async def test_agents_come_newest_first_in_an_envelope(talk, five, conforms):
    body = await talk.get("/agents")
    conforms(body, "AgentList")
    assert [agent["id"] for agent in body["items"]] == five[::-1]
    assert (body["object"], body["nextCursor"], body["url"]) == ("list", None, "/api/v2/agents")
    assert body["items"][0]["lastRun"]["status"] == "completed"
    assert body["items"][0]["apiKeyOwned"] is True


async def test_pages_follow_the_cursor(talk, five):
    found = await pages(talk, "/agents", limit="2")
    assert [len(page["items"]) for page in found] == [2, 2, 1]
    assert [agent["id"] for page in found for agent in page["items"]] == five[::-1]


async def test_new_items_do_not_repeat_old_ones(talk, five):
    first = await talk.get("/agents", limit="2")
    await talk.start("scenario:answer")
    second = await talk.get("/agents", limit="2", cursor=first["nextCursor"])
    assert [agent["id"] for agent in second["items"]] == five[2:0:-1]


async def test_a_page_goes_on_although_its_last_item_is_gone(talk, five):
    first = await talk.get("/agents", limit="2")
    await talk.http.delete(f"/agents/{first['items'][-1]['id']}")
    second = await talk.get("/agents", limit="2", cursor=first["nextCursor"])
    assert {agent["id"] for agent in second["items"]} < set(five)
    assert len(second["items"]) == 2


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "ü",
        "===",
        "x" * 5000,
        base64.urlsafe_b64encode(b"[1]").decode(),
        base64.urlsafe_b64encode(b'{"o": 2}').decode(),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
    ],
)
async def test_a_bad_cursor_starts_over(talk, five, cursor):
    assert (await talk.get("/agents", limit="2", cursor=cursor))["items"] == (await talk.get("/agents", limit="2"))[
        "items"
    ]


async def test_a_cursor_of_another_list_starts_over(talk, five):
    cursor = (await talk.get("/agents", limit="2"))["nextCursor"]
    runs = await talk.get(f"/agents/{five[0]}/runs", cursor=cursor)
    assert len(runs["items"]) == 1
    searched = await talk.get("/agents", search="a", cursor=cursor)
    assert [agent["name"] for agent in searched["items"]] == ["Dora", "Bea", "Ada"]


@pytest.mark.parametrize(
    ("limit", "count"), [("-3", 1), ("0", 1), ("", 5), ("two", 5), ("1e3", 5), ("101", 5), ("9" * 5000, 5)]
)
async def test_a_bad_limit_is_clamped(talk, five, limit, count):
    assert len((await talk.get("/agents", limit=limit))["items"]) == count


async def test_search_looks_at_the_names(talk, five):
    assert [agent["name"] for agent in (await talk.get("/agents", search="E"))["items"]] == ["Eve", "Cleo", "Bea"]
    assert (await talk.get("/agents", search="nobody"))["items"] == []


async def test_runs_come_newest_first_as_summaries(talk, conforms):
    agent, first = await talk.start("scenario:answer")
    talk.clock.advance(30)
    second = await talk.follow(agent, "Go on")
    body = await talk.get(f"/agents/{agent}/runs")
    conforms(body, "RunSummaryList")
    assert [(run["id"], run["status"]) for run in body["items"]] == [(second, "running"), (first, "completed")]
    assert {"response", "request", "todo"}.isdisjoint(body["items"][0])
    last = (await talk.get(f"/agents/{agent}"))["lastRun"]
    assert last == body["items"][0]


async def test_tables_of_an_agent_are_one_page(talk, conforms):
    run = await talk.finished("scenario:large")
    body = await talk.get(f"/agents/{run['agentId']}/tables", include="stats", limit="2")
    conforms(body, "AgentTableList")
    assert (len(body["items"]), body["nextCursor"], body["workspaceId"]) == (20, None, run["agentId"])
    assert body["items"] == run["response"]["tables"]


async def test_tables_of_everyone_and_of_one_container(talk, conforms):
    first = await talk.finished()
    second = await talk.finished("Find 9 bakers")
    body = await talk.get("/tables", include="stats")
    conforms(body, "TableList")
    names = [table["id"] for run in (second, first) for table in run["response"]["tables"][::-1]]
    assert [table["id"] for table in body["items"]] == names
    assert all("stats" not in table for table in body["items"])
    only = await talk.get("/tables", workspaceId=first["agentId"].upper())
    assert [table["id"] for table in only["items"]] == names[2:]
    assert (await talk.get("/tables", workspaceId="nothing"))["items"] == []
    assert [len(page["items"]) for page in await pages(talk, "/tables", limit="3")] == [3, 1]
