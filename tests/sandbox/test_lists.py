"""Lists of agents, runs and tables: order, pages, envelope."""

from __future__ import annotations

import base64

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


@pytest.mark.parametrize(
    ("deleted", "added", "expected"),
    [((1,), 0, (2, 3)), ((1,), 1, (2, 3)), ((0, 1), 0, (2, 3)), ((1, 3), 0, (2, 4)), ((1, 2, 3, 4), 0, ())],
)
def test_a_page_goes_on_although_items_are_gone(wire, deleted, added, expected):
    def start(count):
        for _ in range(count):
            wire.start("scenario:answer")
            wire.clock.advance(30)

    start(5)
    agents = [agent["id"] for agent in wire.get("/agents")["items"]]
    cursor = wire.get("/agents", limit=2)["nextCursor"]
    start(added)
    for position in deleted:
        wire.http.delete(f"/workspaces/{agents[position]}", params={"confirm": "true"})
    page = wire.get("/agents", limit=2, cursor=cursor)
    assert [agent["id"] for agent in page["items"]] == [agents[position] for position in expected]
    assert page["items"] or page["nextCursor"] is None


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
async def test_a_bad_cursor_starts_over(session, five_agents, cursor):
    assert (await session.get("/agents", limit="2", cursor=cursor))["items"] == (
        await session.get("/agents", limit="2")
    )["items"]


@pytest.mark.parametrize(
    ("limit", "count"),
    [("-3", 1), ("0", 1), ("", 5), ("two", 5), ("1e3", 5), ("0_3", 5), ("٣", 5), ("101", 5), ("9" * 5000, 5)],
)
async def test_a_bad_limit_is_clamped(session, five_agents, limit, count):
    assert len((await session.get("/agents", limit=limit))["items"]) == count


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


@pytest.mark.parametrize("given", ["focusTableIds", "attachments"])
async def test_a_focused_or_attached_table_is_linked_to_the_agent(session, conforms, given):
    first = await session.finished()
    own = [table["id"] for table in first["response"]["tables"]]
    other, _ = await session.start("scenario:answer")
    assert (await session.get(f"/agents/{other}/tables"))["items"] == []
    session.clock.advance(60)
    value = [own[1]] if given == "focusTableIds" else [{"kind": "table", "tableId": own[1]}]
    await session.follow(other, "scenario:answer", **{given: value})
    session.clock.advance(60)
    body = await session.get(f"/agents/{other}/tables")
    conforms(body, "AgentTableList")
    assert [table["id"] for table in body["items"]] == own[1:]
    # It stays where it is, too, and further runs of the agent know it.
    assert [table["id"] for table in (await session.get(f"/agents/{first['agentId']}/tables"))["items"]] == own
    run = await session.follow(other, "Find more")
    session.clock.advance(100)
    assert [table["id"] for table in (await session.run(other, run))["response"]["tables"]] == own[1:]
    assert [table["id"] for table in (await session.get(f"/agents/{other}/tables"))["items"]] == own[1:]
