"""What a follow-up run does with what the agent has."""

from __future__ import annotations

import pytest


async def test_a_follow_up_extends_the_first_table_of_the_agent(session):
    first = await session.finished()
    agent, (table, other) = first["agentId"], first["response"]["tables"]
    run = await session.follow(agent, "Find 9 more")
    session.clock.advance(100)
    body = await session.run(agent, run, "stats")
    (longer,) = body["response"]["tables"]
    assert longer["id"] == table["id"]
    assert longer["leadCount"] == table["leadCount"] + 4
    assert [column["id"] for column in longer["columns"][:-1]] == [column["id"] for column in table["columns"]]
    assert longer["columns"][-1]["name"] == "Recent news"
    assert longer["credits"]["lifetimeUsed"] > table["credits"]["lifetimeUsed"]
    kinds = [action["type"] for action in body["response"]["actions"]]
    assert kinds[0] == "column_added"
    assert set(kinds) == {"column_added", "leads_added"}
    tables = (await session.get(f"/agents/{agent}/tables", include="stats"))["items"]
    assert [item["id"] for item in tables] == [table["id"], other["id"]]
    assert tables[1] == other


async def test_the_table_in_focus_is_the_one_that_grows(session):
    first = await session.finished()
    second = first["response"]["tables"][1]
    run = await session.follow(first["agentId"], "Find more", focusTableIds=[second["id"]])
    session.clock.advance(100)
    (table,) = (await session.run(first["agentId"], run))["response"]["tables"]
    assert table["id"] == second["id"]
    assert table["leadCount"] > second["leadCount"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Which region should I search first? Iberia.\nCan I use credits to look up email addresses? Yes.",
        "Which region should I search first?\nIberia\n\nCan I use credits to look up email addresses?\nConfirm",
        '- **Which region should I search first?** "Iberia"\n- **Can I use credits to look up email addresses?** yes',
        "Q: Which region should I search first?\nA: Iberia",
        "Iberia",
    ],
)
async def test_answers_decide_what_is_built(session, prompt):
    agent, _ = await session.start("Find wholesale partners scenario:needs_input")
    session.clock.advance(40)
    run = await session.follow(agent, prompt)
    session.clock.advance(100)
    body = await session.run(agent, run)
    table = body["response"]["tables"][0]
    assert (body["status"], table["name"]) == ("completed", "Wholesale partners in Iberia")
    assert "contact-email" in {column["slug"] for column in table["columns"]}
    rows = (await session.get(f"/tables/{table['id']}/rows", defaults="false", cells="flat"))["items"]
    assert {row["city"] for row in rows} <= {"Lisbon", "Porto", "Madrid", "Valencia", "Bilbao", "Seville"}


async def test_an_agent_that_is_told_to_fill_cells_does_just_that_and_overlooks_few(session):
    agent, begun = await session.start("Find 60 partners. scenario:filling")
    session.clock.advance(75)
    table, _ = (await session.run(agent, begun))["response"]["tables"]
    await session.http.post(f"/tables/{table['id']}/cancel", json={})
    before = await session.get(f"/tables/{table['id']}", include="stats")
    column = next(each for each in before["columns"] if each["name"] == "Contact e-mail")
    prompt = f"Fill the empty cells of Contact e-mail in {table['id']}"
    run = await session.follow(agent, prompt, focusTableIds=[table["id"]])
    session.clock.advance(200)
    after = await session.get(f"/tables/{table['id']}", include="stats")
    assert [each["id"] for each in after["columns"]] == [each["id"] for each in before["columns"]]
    assert after["leadCount"] == before["leadCount"]
    runs = {each["id"]: each["stats"]["totalRuns"] for each in after["columns"]}
    changed = [each["id"] for each in before["columns"] if each["stats"]["totalRuns"] != runs[each["id"]]]
    assert changed == [column["id"]]
    missing = after["leadCount"] - column["stats"]["totalRuns"] + column["cells"]["errored"]
    assert 0.85 * missing <= runs[column["id"]] - column["stats"]["totalRuns"] <= missing
    assert (await session.run(agent, run))["response"]["actions"] == []
