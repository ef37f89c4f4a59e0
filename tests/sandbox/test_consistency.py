"""At every moment the numbers of a run, its tables and the wallet say the same."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.sandbox.scenarios import SCRIPTS

from .conftest import Session

# What is deleted and brought back does not only grow; it has tests of its own.
SMALL = sorted(set(SCRIPTS) - {"large", "every_action"})


def check_table(table) -> None:
    columns = table["columns"]
    assert table["credits"]["lifetimeUsed"] == sum(column["credits"]["lifetimeUsed"] for column in columns)
    for name in ("running", "errored"):
        assert table["cells"][name] == sum(column["cells"][name] for column in columns)
    assert table["createdAt"] <= table["updatedAt"]
    stats = table["stats"]
    check_funnel(table, stats["funnel"])
    assert sum(source["totalCredits"] for source in stats["leadSources"]) == table["credits"]["lifetimeUsed"]
    assert sum(source["totalLeads"] for source in stats["leadSources"]) == stats["funnel"]["totalSourcedLeads"]
    active = stats["running"]["runningLeads"]
    assert (active > 0) is (table["cells"]["running"] > 0)
    assert active <= min(table["leadCount"], table["cells"]["running"])
    assert (stats["running"]["oldestActiveRunStartedAt"] is not None) is (active > 0)
    for column in columns:
        check_column(column, table["leadCount"])
    check_qualification(table, stats)


def check_funnel(table, funnel) -> None:
    filtered = (
        funnel["totalSourcedLeads"] - funnel["dedupedLeads"] - funnel["excludedLeads"] - funnel["postStaticLeads"]
    )
    assert filtered >= 0
    assert funnel["postStaticLeads"] == table["leadCount"]
    if funnel["totalSourcedLeads"]:
        assert funnel["dedupRate"] == round(funnel["dedupedLeads"] / funnel["totalSourcedLeads"], 4)
        assert funnel["excludedRate"] == round(funnel["excludedLeads"] / funnel["totalSourcedLeads"], 4)
    else:
        assert (funnel["dedupRate"], funnel["excludedRate"]) == (None, None)


def check_column(column, leads) -> None:
    stats = column["stats"]
    assert stats["totalRuns"] + column["cells"]["running"] <= leads
    assert column["cells"]["errored"] <= stats["totalRuns"]
    assert stats["avgCreditsPerRun"] * stats["totalRuns"] == pytest.approx(column["credits"]["lifetimeUsed"], abs=0.01)
    assert stats["callRate"] * leads == pytest.approx(stats["totalRuns"], abs=0.01)
    if column["kind"] == "input":
        assert (stats["totalRuns"], column["credits"]["lifetimeUsed"]) == (0, 0)
    if "qualification" in column:
        verdicts = column["qualification"]
        assert verdicts["total"] == verdicts["pass"] + verdicts["fail"] + verdicts["unsure"]
        assert verdicts["total"] == stats["totalRuns"] - column["cells"]["errored"]


def check_qualification(table, stats) -> None:
    judged = [column["qualification"] for column in table["columns"] if "qualification" in column]
    if not judged:
        assert stats["qualification"] is None
        return
    said = stats["qualification"]
    assert said["qualifiedLeads"] == judged[0]["pass"]
    if judged[0]["total"]:
        assert said["rate"] == round(judged[0]["pass"] / judged[0]["total"], 4)
    if judged[0]["pass"]:
        spent = table["credits"]["lifetimeUsed"]
        assert stats["creditsPerQualifiedLead"] == round(spent / judged[0]["pass"], 4)
        assert said["effectiveLeadsPerQualified"] == round(judged[0]["total"] / judged[0]["pass"], 4)


def check_actions(run) -> None:
    """Actions of a first run are the whole story of its tables."""
    response = run["response"]
    tables = {table["id"]: table for table in response["tables"]}
    assert {action["tableId"] for action in response["actions"]} == set(tables)
    for table_id, table in tables.items():
        own = [action for action in response["actions"] if action["tableId"] == table_id]
        assert own[0]["type"] == "table_created"
        added = sum(action["leadCount"] for action in own if action["type"] == "leads_added")
        deleted = sum(action["count"] for action in own if action["type"] == "leads_deleted")
        assert table["leadCount"] == added - deleted
        columns = {column["id"]: column["name"] for column in table["columns"]}
        named = {action["columnId"]: action["columnName"] for action in own if action["type"] == "column_added"}
        assert named.items() <= columns.items()


def check_growth(before, after) -> None:
    assert before["steps"]["completed"] <= after["steps"]["completed"] <= after["steps"]["max"]
    if before["completedAt"] is not None:
        assert (before["status"], before["completedAt"]) == (after["status"], after["completedAt"])
        assert before["response"]["text"] == after["response"]["text"]
    done = before["response"]["actions"]
    assert after["response"]["actions"][: len(done)] == done
    later = {table["id"]: table for table in after["response"]["tables"]}
    for table in before["response"]["tables"]:
        check_table_growth(table, later[table["id"]])


def check_table_growth(before, after) -> None:
    assert before["updatedAt"] <= after["updatedAt"]
    for name in ("totalSourcedLeads", "dedupedLeads", "excludedLeads"):
        assert before["stats"]["funnel"][name] <= after["stats"]["funnel"][name]
    columns = {column["id"]: column for column in after["columns"]}
    for column in before["columns"]:
        later = columns[column["id"]]
        assert column["credits"]["lifetimeUsed"] <= later["credits"]["lifetimeUsed"]
        assert column["cells"]["errored"] <= later["cells"]["errored"]
        assert column["stats"]["totalRuns"] <= later["stats"]["totalRuns"]


async def check_rows(session, table) -> None:
    path = f"/tables/{table['id']}/rows"
    every = await session.get(path, defaults="false", limit="200")
    assert every["total"] == table["leadCount"] == len(every["items"])
    filled = {}
    for row in every["items"]:
        for slug in row["cells"]:
            filled[slug] = filled.get(slug, 0) + 1
    for column in table["columns"]:
        expected = (
            table["leadCount"]
            if column["kind"] == "input"
            else column["stats"]["totalRuns"] - column["cells"]["errored"]
        )
        # A column without a slug cannot appear in rows.
        assert filled.get(column["slug"], 0) == (expected if column["slug"] else 0)
    passing = [column["qualification"]["pass"] for column in table["columns"] if "qualification" in column]
    if passing:
        assert (await session.get(path))["total"] == passing[0]


async def check_moment(session, agent, run, before):
    body = await session.run(agent, run, "stats")
    for table in body["response"]["tables"]:
        check_table(table)
        assert await session.get(f"/tables/{table['id']}", include="stats") == table
        await check_rows(session, table)
    check_actions(body)
    spent = sum(table["credits"]["lifetimeUsed"] for table in body["response"]["tables"])
    assert (await session.get("/account/credits"))["balance"] == 5000 - spent
    if before is not None:
        check_growth(before, body)
    return body


async def stop_every_table(session, columns):
    """Stop each table, or those of these columns that it has; what was active is stopped, and nothing else."""
    for table in (await session.get("/tables"))["items"]:
        known = [column["slug"] for column in table["columns"] if columns and column["slug"] in columns]
        if columns and not known:
            continue
        body = {"columns": known} if columns else {}
        path = f"/tables/{table['id']}/cancel"
        active = (await session.http.post(path, json={**body, "dryRun": True})).json()
        stopped = (await session.http.post(path, json=body)).json()
        assert (stopped["cancelledCells"], stopped["cancelledLeadSourceJobs"]) == (
            active["activeCells"],
            active["activeLeadSourceJobs"],
        )
        shown = (await session.get(f"/tables/{table['id']}"))["columns"]
        running = sum(column["cells"]["running"] for column in shown if not columns or column["slug"] in columns)
        assert running == 0
        assert (await session.http.post(path, json=body)).json()["cancelledCells"] == 0


@given(
    scenario=st.sampled_from(SMALL),
    waits=st.lists(st.floats(0.01, 60), min_size=2, max_size=8),
    cancel_after=st.none() | st.integers(0, 5),
    stop_after=st.none() | st.integers(0, 5),
    columns=st.none() | st.just(["address", "fit"]),
    seed=st.integers(0, 5),
)
def test_everything_adds_up_and_only_grows(scenario, waits, cancel_after, stop_after, columns, seed):
    async def live() -> None:
        session = Session(seed=seed, speed=1)
        agent, run = await session.start(f"Find 8 cheese makers scenario:{scenario} scenario:partial")
        before = None
        for number, wait in enumerate([*waits, 0.0, 2.5, 400.0]):
            session.clock.advance(wait)
            if number == cancel_after:
                await session.http.post(f"/agents/{agent}/cancel")
            if number == stop_after:
                await stop_every_table(session, columns)
            before = await check_moment(session, agent, run, before)

    asyncio.run(live())


async def test_a_run_without_the_credits_for_it_ends_with_errored_cells(new_session):
    session = new_session(credits=60)
    run = await session.finished()
    tables = run["response"]["tables"]
    for table in tables:
        check_table(table)
    assert sum(table["cells"]["errored"] for table in tables) > 20
    balance = (await session.get("/account/credits"))["balance"]
    assert 0 <= balance < 5
    assert balance == 60 - sum(table["credits"]["lifetimeUsed"] for table in tables)
    refused = await session.http.post("/agents", json={"prompt": "More"})
    assert (refused.status_code, refused.json()["creditsAvailable"]) == (402, balance)


def counts(table) -> dict:
    """What a reader of a table sees, without the moment of its last change."""
    return {name: value for name, value in table.items() if name != "updatedAt"}


def test_every_change_of_a_table_moves_its_updated_at(wire):
    agent, _ = wire.start("Find 12 cheese makers in Leeds scenario:slow")
    before: dict[str, dict] = {}
    for second in range(0, 900, 20):
        if second == 500:
            wire.http.post(f"/agents/{agent}/cancel")
        for table in wire.get(f"/agents/{agent}/tables")["items"]:
            earlier = before.get(table["id"], table)
            assert (counts(table) != counts(earlier)) <= (table["updatedAt"] > earlier["updatedAt"])
            assert table["updatedAt"] >= earlier["updatedAt"]
            before[table["id"]] = table
        wire.clock.advance(20)
    assert sum(table["cells"]["running"] for table in before.values()) == 0 < len(before)
