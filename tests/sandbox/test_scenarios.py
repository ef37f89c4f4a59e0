"""How each scenario ends."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox import agent_text
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
    assert f": {cells_running(body)}." in body["response"]["text"]
    session.clock.advance(40)
    settled = await session.run(agent, run)
    assert cells_running(settled) == 0
    assert settled["response"]["text"] == body["response"]["text"]


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
