"""Lists of agents, runs and tables: order, pages, envelope."""

from __future__ import annotations

import pytest

from .conftest import UNKNOWN_ID


@pytest.fixture
async def five_agents(session):
    agents = []
    for name in ("Ada", "Bea", "Cleo", "Dora", "Eve"):
        agents.append((await session.start("scenario:answer", name=name))[0])
        session.clock.advance(30)
    return agents


async def test_agents_come_newest_first_in_an_envelope(session, five_agents, conforms):
    body = await session.get("/agents")
    conforms(body, "AgentList")
    assert [agent["id"] for agent in body["items"]] == five_agents[::-1]
    assert (body["object"], body["nextCursor"], body["url"]) == ("list", None, "/api/v2/agents")
    assert body["items"][0]["lastRun"]["status"] == "completed"
    assert body["items"][0]["apiKeyOwned"] is True


async def test_search_matches_agent_names(session, five_agents):
    assert [agent["name"] for agent in (await session.get("/agents", search="E"))["items"]] == ["Eve", "Cleo", "Bea"]
    assert (await session.get("/agents", search="nobody"))["items"] == []


async def test_runs_come_newest_first_as_summaries(session, conforms):
    agent, first = await session.start("scenario:answer")
    session.clock.advance(30)
    second = await session.follow(agent, "Go on")
    body = await session.get(f"/agents/{agent}/runs")
    conforms(body, "RunSummaryList")
    assert [(run["id"], run["status"]) for run in body["items"]] == [(second, "running"), (first, "completed")]
    assert {"response", "request", "todo"}.isdisjoint(body["items"][0])
    last = (await session.get(f"/agents/{agent}"))["lastRun"]
    assert last == body["items"][0]


async def test_tables_of_an_agent_are_one_page(session, conforms):
    run = await session.finished("scenario:large")
    body = await session.get(f"/agents/{run['agentId']}/tables", include="stats", limit="2")
    conforms(body, "AgentTableList")
    assert (len(body["items"]), body["nextCursor"], body["workspaceId"]) == (20, None, run["agentId"])
    assert body["items"] == run["response"]["tables"]


async def test_tables_of_all_containers_and_of_one(session, conforms):
    first = await session.finished()
    second = await session.finished("Find 9 bakers")
    body = await session.get("/tables", include="stats")
    conforms(body, "TableList")
    names = [table["id"] for run in (second, first) for table in run["response"]["tables"][::-1]]
    assert [table["id"] for table in body["items"]] == names
    assert all("stats" not in table for table in body["items"])
    only = await session.get("/tables", workspaceId=first["agentId"].upper())
    assert [table["id"] for table in only["items"]] == names[2:]
    sharing, _ = await session.start("scenario:answer", workspaceId=first["agentId"])
    assert await session.get("/tables", workspaceId=sharing) == only
    assert (await session.get("/tables", workspaceId=UNKNOWN_ID))["items"] == []
    assert [len(page["items"]) for page in await session.pages("/tables", limit="3")] == [3, 1]
