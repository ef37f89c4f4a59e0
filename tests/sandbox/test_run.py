"""GET /agents/{id}/runs/{runId}."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox.organization import IDLE_AGENT_ID


async def poll(talk, agent, run, **params):
    return await talk.http.get(f"/agents/{agent}/runs/{run}", params=params or None)


async def test_retry_after_is_there_exactly_while_the_run_is_running(talk):
    agent, run = await talk.start()
    assert (await poll(talk, agent, run)).headers["retry-after"] == "15"
    talk.clock.advance(95.9)
    assert (await poll(talk, agent, run)).headers["retry-after"] == "15"
    talk.clock.advance(0.2)
    answer = await poll(talk, agent, run)
    assert answer.json()["status"] == "completed"
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("speed", "seconds"), [(0.5, "30"), (1, "15"), (4, "4"), (15, "1"), (1000, "1")])
async def test_retry_after_shrinks_with_the_speed(talk_with, speed, seconds):
    talk = talk_with(speed=speed)
    agent, run = await talk.start()
    assert (await poll(talk, agent, run)).headers["retry-after"] == seconds


async def test_a_run_takes_its_simulated_time_divided_by_the_speed(talk_with):
    talk = talk_with(speed=10)
    agent, run = await talk.start()
    talk.clock.advance(9.5)
    assert (await talk.run(agent, run))["status"] == "running"
    talk.clock.advance(0.2)
    done = await talk.run(agent, run)
    assert done["status"] == "completed"
    assert (done["startedAt"], done["completedAt"]) == ("2026-07-21T09:14:02.000Z", "2026-07-21T09:14:11.600Z")


async def test_running_has_no_end_no_text_no_questions(talk):
    agent, run = await talk.start("scenario:needs_input scenario:partial")
    talk.clock.advance(20)
    body = await talk.run(agent, run)
    assert body["completedAt"] is None
    assert body["response"]["text"] is None
    assert body["todo"] == {"pendingQuestions": [], "nextActions": []}


async def test_a_long_prompt_is_cut_for_display_only(talk):
    prompt = "Find bakers. " + "x" * 400
    agent, run = await talk.start(prompt)
    body = await talk.run(agent, run)
    assert body["prompt"] == prompt[:200] + "…"
    assert body["request"]["prompt"] == prompt
    (summary,) = (await talk.get(f"/agents/{agent}/runs"))["items"]
    assert summary["prompt"] == body["prompt"]


async def test_a_prompt_of_200_characters_is_not_cut(talk):
    prompt = "x" * 200
    agent, run = await talk.start(prompt)
    assert (await talk.run(agent, run))["prompt"] == prompt


async def test_stats_come_only_when_asked_for(talk):
    agent, run = await talk.start()
    talk.clock.advance(200)
    for include, there in (("", False), ("transcript", False), ("stats", True), ("nonsense,stats,transcript", True)):
        tables = (await talk.run(agent, run, include))["response"]["tables"]
        assert [("stats" in table) for table in tables] == [there, there]
        assert all(("stats" in column) is there for table in tables for column in table["columns"])
        fit = [column for column in tables[0]["columns"] if column["slug"] == "fit"]
        assert ["qualification" in column for column in fit] == [there]


async def test_transcript_comes_only_when_asked_for(talk):
    agent, run = await talk.start()
    talk.clock.advance(200)
    assert (await talk.run(agent, run))["response"]["transcript"] is None
    body = await talk.run(agent, run, "transcript")
    messages = body["response"]["transcript"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[1]["toolCalls"][0]["id"] == messages[2]["toolCallId"]
    assert messages[-1]["content"] == body["response"]["text"]
    assert body["response"]["transcriptTruncated"] is False


async def test_transcript_of_a_follow_up_reaches_back(talk):
    agent, _ = await talk.start("scenario:answer")
    talk.clock.advance(100)
    second = await talk.follow(agent, "And now? scenario:answer")
    talk.clock.advance(100)
    messages = (await talk.run(agent, second, "transcript"))["response"]["transcript"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant"]


async def test_the_transcript_of_a_large_run_is_truncated(talk):
    response = (await talk.finished("scenario:large", "transcript"))["response"]
    assert response["transcriptTruncated"] is True
    assert len(response["transcript"]) == 100
    assert any(message.get("truncated") for message in response["transcript"])


async def test_response_is_null_until_the_end_and_the_tables_of_the_agent_show_the_work(talk):
    agent, run = await talk.start()
    seen = []
    for _ in range(9):
        talk.clock.advance(10)
        body = await talk.run(agent, run, "stats")
        assert (body["status"], body["response"]) == ("running", None)
        tables = (await talk.get(f"/agents/{agent}/tables", include="stats"))["items"]
        assert all(table["createdAt"] >= body["startedAt"] for table in tables)
        seen.append(sum(table["leadCount"] for table in tables))
    assert seen[0] == 0
    assert max(seen) > 0
    talk.clock.advance(10)
    body = await talk.run(agent, run, "stats")
    assert body["status"] == "completed"
    assert body["response"]["tables"] == (await talk.get(f"/agents/{agent}/tables", include="stats"))["items"]


async def test_the_partial_form_of_a_running_response_has_actions_and_tables(talk):
    agent, run = await talk.start("scenario:partial")
    talk.clock.advance(50)
    response = (await talk.run(agent, run))["response"]
    assert response["actions"]
    assert {table["id"] for table in response["tables"]} == {action["tableId"] for action in response["actions"]}


async def test_the_other_forms_of_a_running_response(talk):
    agent, run = await talk.start("scenario:null_response scenario:filling")
    talk.clock.advance(50)
    assert (await talk.run(agent, run))["response"] is None
    talk.clock.advance(50)
    done = await talk.run(agent, run)
    assert sum(table["cells"]["running"] for table in done["response"]["tables"]) > 0
    agent, run = await talk.start("scenario:partial_actions")
    talk.clock.advance(50)
    response = (await talk.run(agent, run))["response"]
    assert response["actions"]
    assert response["tables"] == []


async def test_focus_tables_are_listed_although_nothing_changed(talk):
    first = await talk.finished()
    table = first["response"]["tables"][1]["id"]
    run = await talk.follow(first["agentId"], "What is this? scenario:answer", focusTableIds=[table.upper()])
    talk.clock.advance(60)
    body = await talk.run(first["agentId"], run)
    assert [item["id"] for item in body["response"]["tables"]] == [table]
    assert body["response"]["actions"] == []


async def test_focus_tables_are_echoed_as_they_were_sent(talk):
    first = await talk.finished()
    one, other = (table["id"] for table in first["response"]["tables"])
    sent = [other.upper(), one, other, one]
    run = await talk.follow(first["agentId"], "scenario:answer", focusTableIds=sent)
    assert (await talk.run(first["agentId"], run))["request"]["focusTableIds"] == sent
    talk.clock.advance(60)
    body = await talk.run(first["agentId"], run)
    assert body["request"]["focusTableIds"] == sent
    assert [table["id"] for table in body["response"]["tables"]] == [other, one]


async def test_attached_tables_are_merged_into_the_focus_tables(talk):
    first = await talk.finished()
    one, other = (table["id"] for table in first["response"]["tables"])
    attachments = [{"kind": "table", "tableId": table} for table in (one.upper(), other)]
    body = {"prompt": "scenario:answer", "focusTableIds": [one], "attachments": attachments}
    created = (await talk.http.post("/agents", json=body)).json()["run"]
    assert created["request"]["focusTableIds"] == [one, other]
    talk.clock.advance(60)
    run = await talk.run(created["agentId"], created["id"])
    assert [table["id"] for table in run["response"]["tables"]] == [one, other]


async def test_an_attached_table_is_worked_on(talk):
    first = await talk.finished()
    table = first["response"]["tables"][1]
    agent, run = await talk.start("Find more", attachments=[{"kind": "table", "tableId": table["id"]}])
    talk.clock.advance(100)
    (longer,) = (await talk.run(agent, run))["response"]["tables"]
    assert longer["id"] == table["id"]
    assert longer["leadCount"] > table["leadCount"]


async def test_unknown_ids_are_not_found(talk):
    agent, run = await talk.start()
    assert (await poll(talk, agent, "v2_run-nothing")).json()["code"] == "RUN_NOT_FOUND"
    assert (await poll(talk, agent, run.upper())).json()["code"] == "RUN_NOT_FOUND"
    for unknown in ("6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90", "not-an-id", IDLE_AGENT_ID):
        answer = await poll(talk, unknown, run)
        assert (answer.status_code, answer.json()["code"]) == (404, "RUN_NOT_FOUND")


async def test_a_run_of_another_agent_is_not_found(talk):
    agent, _ = await talk.start()
    _, other = await talk.start()
    answer = await poll(talk, agent, other)
    assert (answer.status_code, answer.json()["code"]) == (404, "RUN_NOT_FOUND")


async def test_polling_costs_nothing(talk):
    agent, run = await talk.start("scenario:answer")
    before = (await talk.get("/account/credits"))["balance"]
    for _ in range(5):
        await talk.run(agent, run)
    assert (await talk.get("/account/credits"))["balance"] == before == 5000
