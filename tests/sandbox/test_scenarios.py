"""How each scenario ends."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox import agent_text
from origami_widgets.sandbox.prompt_parser import parse_prompt
from origami_widgets.sandbox.scenarios import SCRIPTS

ENDS = {
    "completed": "completed",
    "settled": "completed",
    "filling": "completed",
    "slow": "completed",
    "every_action": "completed",
    "large": "completed",
    "empty": "completed",
    "answer": "completed",
    "needs_input": "needs_input",
    "step_cap_hit": "step_cap_hit",
    "incomplete": "incomplete",
    "cancelled": "cancelled",
    "errored": "errored",
    "timed_out": "timed_out",
    "unknown_status": "handed_over",
}


def cells_running(run) -> int:
    return sum(table["cells"]["running"] for table in run["response"]["tables"])


def test_every_scenario_with_a_run_has_an_expected_status():
    assert set(ENDS) == set(SCRIPTS)


@pytest.mark.parametrize(("name", "status"), ENDS.items())
async def test_ends_with_its_status(session, name, status):
    run = await session.finished(f"Find 12 cheese makers in Leeds scenario:{name}")
    assert run["status"] == status
    assert run["completedAt"] > run["startedAt"]
    assert (run["response"]["text"] is None) is (status in {"errored", "timed_out"})
    assert (run["steps"]["completed"] == run["steps"]["max"]) is (status == "step_cap_hit")


async def test_cells_of_the_default_scenario_fill_after_the_end(session):
    agent, run = await session.start()
    session.clock.advance(96)
    body = await session.run(agent, run)
    assert body["status"] == "completed"
    assert all(table["cells"]["running"] > 0 for table in body["response"]["tables"])
    assert f" {cells_running(body)} " in body["response"]["text"]
    session.clock.advance(40)
    settled = await session.run(agent, run)
    assert cells_running(settled) == 0
    assert settled["response"]["text"] == body["response"]["text"]


async def test_settled_has_two_settled_tables(session):
    agent, run = await session.start("Find 12 cheese makers in Leeds scenario:settled")
    session.clock.advance(96)
    body = await session.run(agent, run)
    assert [table["name"] for table in body["response"]["tables"]] == [
        "Cheese makers in Leeds",
        "People at Cheese makers in Leeds",
    ]
    assert cells_running(body) == 0
    kinds = {column["kind"] for column in body["response"]["tables"][0]["columns"]}
    assert kinds == {"input", "enrichment", "score", "sequence"}
    assert [action["type"] for action in body["todo"]["nextActions"][:2]] == ["find_more_leads", "export_csv"]
    assert "type" not in body["todo"]["nextActions"][2]


async def test_cells_of_filling_fill_for_two_minutes_and_then_settle(session):
    agent, run = await session.start("scenario:filling")
    session.clock.advance(72)
    body = await session.run(agent, run)
    assert body["status"] == "completed"
    table = body["response"]["tables"][0]["id"]
    before = await session.get(f"/tables/{table}", include="stats")
    assert before["cells"]["running"] > 0
    assert before["stats"]["running"]["runningLeads"] > 0
    session.clock.advance(60)
    later = await session.get(f"/tables/{table}", include="stats")
    assert 0 < later["cells"]["running"] < before["cells"]["running"]
    # All cells of enrichment and score were queued at once; drafts were queued later.
    for moment in (before, later):
        assert moment["stats"]["running"]["oldestActiveRunStartedAt"] == "2026-07-21T09:14:27.920Z"
    assert later["credits"]["lifetimeUsed"] > before["credits"]["lifetimeUsed"]
    assert later["updatedAt"] > before["updatedAt"]
    session.clock.advance(60)
    settled = await session.get(f"/tables/{table}", include="stats")
    assert settled["cells"]["running"] == 0
    assert settled["cells"]["errored"] > 0
    assert settled["stats"]["running"] == {"runningLeads": 0, "oldestActiveRunStartedAt": None}
    assert (await session.run(agent, run, "stats"))["response"]["tables"][0] == settled


async def test_empty_reports_a_table_that_does_not_exist(session):
    prompt = "Find 12 cheese makers in Leeds scenario:empty"
    run = await session.finished(prompt)
    assert run["response"]["text"] == agent_text.false_report(parse_prompt(prompt))
    assert (run["response"]["actions"], run["response"]["tables"]) == ([], [])
    assert (await session.get(f"/agents/{run['agentId']}/tables"))["items"] == []


async def test_needs_input_asks_two_questions(session):
    run = await session.finished("Find wholesale partners scenario:needs_input")
    assert run["steps"]["completed"] == 2
    assert run["todo"] == {
        "pendingQuestions": list(agent_text.QUESTIONS),
        "nextActions": list(agent_text.ANSWER_QUESTIONS),
    }
    choice, confirm = run["todo"]["pendingQuestions"]
    assert (choice["type"], choice["suggestedAnswers"]) == ("single-choice", ["Iberia", "France", "Benelux"])
    assert (confirm["type"], confirm["suggestedAnswers"]) == ("confirm", ["Confirm"])
    assert run["todo"]["nextActions"][0]["type"] == "input_required"


@pytest.mark.parametrize("name", ["cancelled", "errored", "incomplete", "step_cap_hit", "timed_out"])
async def test_a_run_that_ends_early_keeps_its_work(session, name):
    run = await session.finished(f"scenario:{name}")
    assert run["response"]["actions"]
    assert len(run["response"]["tables"]) == 2
    assert run["todo"]["nextActions"] == list(agent_text.CONTINUE)


async def test_a_status_that_is_not_documented(session):
    agent, run = await session.start("scenario:unknown_status")
    session.clock.advance(30)
    answer = await session.http.get(f"/agents/{agent}/runs/{run}")
    assert (answer.json()["status"], answer.headers["retry-after"]) == ("reviewing", "15")
    session.clock.advance(30)
    answer = await session.http.get(f"/agents/{agent}/runs/{run}")
    assert answer.json()["status"] == "handed_over"
    assert "retry-after" not in answer.headers


async def test_large_has_20_tables_of_40_columns_and_200_actions(session):
    run = await session.finished("scenario:large")
    assert len(run["response"]["actions"]) == 200
    assert [len(table["columns"]) for table in run["response"]["tables"]] == [40] * 20
    assert any(column["slug"] is None for column in run["response"]["tables"][0]["columns"])


async def test_an_unknown_scenario_is_refused_with_the_known_names(session):
    answer = await session.http.post("/agents", json={"prompt": "scenario:holiday"})
    (issue,) = answer.json()["details"]["issues"]
    assert (answer.status_code, issue["path"]) == (400, "prompt")
    assert "needs_input" in issue["message"]


async def test_each_kind_of_action_with_its_fields(session):
    run = await session.finished("scenario:every_action")
    actions = run["response"]["actions"]
    fields = {
        "table_created": {"tableName"},
        "table_restored": {"tableName"},
        "column_added": {"columnId", "columnName"},
        "columns_updated": set(),
        "leads_added": {"leadCount"},
        "leads_deleted": {"count", "deletedAt"},
        "leads_restored": {"count"},
    }
    assert {action["type"] for action in actions} == set(fields)
    for action in actions:
        assert set(action) == {"type", "tableId"} | fields[action["type"]]


async def test_deleted_objects_are_missing_until_they_are_restored(session):
    agent, run = await session.start("scenario:every_action scenario:partial")

    async def look(until: float) -> list[int]:
        session.clock.now = 1_784_625_242.0 + until
        tables = (await session.get(f"/agents/{agent}/tables"))["items"]
        assert tables == (await session.run(agent, run))["response"]["tables"]
        for table in tables:
            assert (await session.get(f"/tables/{table['id']}/rows", defaults="false"))["total"] == table["leadCount"]
        return [table["leadCount"] for table in tables]

    (leads,) = await look(33.4)
    assert await look(33.7) == [leads - 2]
    assert await look(34.1) == [leads]
    assert len(await look(37.9)) == 2
    assert len(await look(38.1)) == 1
    assert len(await look(41.1)) == 2


@pytest.mark.parametrize("moment", [31.2, 31.8, 36.5])
async def test_objects_deleted_when_the_run_is_cancelled_are_not_restored(session, moment):
    agent, run = await session.start("scenario:every_action")
    session.clock.advance(moment)
    await session.http.post(f"/agents/{agent}/cancel")
    session.clock.advance(2)
    before = (await session.run(agent, run))["response"]["tables"]
    session.clock.advance(500)
    after = (await session.run(agent, run))["response"]["tables"]
    assert [(table["id"], table["leadCount"]) for table in after] == [
        (table["id"], table["leadCount"]) for table in before
    ]
