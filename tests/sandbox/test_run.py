"""GET /agents/{id}/runs/{runId}."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox.organization import IDLE_AGENT_ID

from .conftest import UNKNOWN_ID


async def poll(session, agent, run, **params):
    return await session.http.get(f"/agents/{agent}/runs/{run}", params=params or None)


async def test_only_a_running_run_has_retry_after(session):
    agent, run = await session.start()
    assert (await poll(session, agent, run)).headers["retry-after"] == "15"
    session.clock.advance(95.9)
    assert (await poll(session, agent, run)).headers["retry-after"] == "15"
    session.clock.advance(0.2)
    answer = await poll(session, agent, run)
    assert answer.json()["status"] == "completed"
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("speed", "seconds"), [(0.5, "30"), (1, "15"), (4, "4"), (15, "1"), (1000, "1")])
async def test_retry_after_shrinks_with_the_speed(new_session, speed, seconds):
    session = new_session(speed=speed)
    agent, run = await session.start()
    assert (await poll(session, agent, run)).headers["retry-after"] == seconds


async def test_a_running_run_has_no_end_text_or_questions(session):
    agent, run = await session.start("scenario:needs_input scenario:partial")
    session.clock.advance(20)
    body = await session.run(agent, run)
    assert body["completedAt"] is None
    assert body["response"]["text"] is None
    assert body["todo"] == {"pendingQuestions": [], "nextActions": []}


async def test_stats_come_only_when_asked_for(session):
    agent, run = await session.start()
    session.clock.advance(200)
    for include, there in (("", False), ("transcript", False), ("stats", True), ("nonsense,stats,transcript", True)):
        tables = (await session.run(agent, run, include))["response"]["tables"]
        assert [("stats" in table) for table in tables] == [there, there]
        assert all(("stats" in column) is there for table in tables for column in table["columns"])
        fit = [column for column in tables[0]["columns"] if column["slug"] == "fit"]
        assert ["qualification" in column for column in fit] == [there]


async def test_transcript_comes_only_when_asked_for(session):
    agent, run = await session.start()
    session.clock.advance(200)
    assert (await session.run(agent, run))["response"]["transcript"] is None
    body = await session.run(agent, run, "transcript")
    messages = body["response"]["transcript"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[1]["toolCalls"][0]["id"] == messages[2]["toolCallId"]
    assert messages[-1]["content"] == body["response"]["text"]
    assert body["response"]["transcriptTruncated"] is False


async def test_response_is_null_until_the_end_while_the_agents_tables_grow(session):
    agent, run = await session.start()
    seen = []
    for _ in range(9):
        session.clock.advance(10)
        body = await session.run(agent, run, "stats")
        assert (body["status"], body["response"]) == ("running", None)
        tables = (await session.get(f"/agents/{agent}/tables", include="stats"))["items"]
        assert all(table["createdAt"] >= body["startedAt"] for table in tables)
        seen.append(sum(table["leadCount"] for table in tables))
    assert seen[0] == 0
    assert max(seen) > 0
    session.clock.advance(10)
    body = await session.run(agent, run, "stats")
    assert body["status"] == "completed"
    assert body["response"]["tables"] == (await session.get(f"/agents/{agent}/tables", include="stats"))["items"]


async def test_the_partial_form_of_a_running_response_has_actions_and_tables(session):
    agent, run = await session.start("scenario:partial")
    session.clock.advance(50)
    response = (await session.run(agent, run))["response"]
    assert response["actions"]
    assert {table["id"] for table in response["tables"]} == {action["tableId"] for action in response["actions"]}


async def test_focus_tables_are_echoed_as_they_were_sent(session):
    first = await session.finished()
    one, other = (table["id"] for table in first["response"]["tables"])
    sent = [other.upper(), one, other, one]
    run = await session.follow(first["agentId"], "scenario:answer", focusTableIds=sent)
    assert (await session.run(first["agentId"], run))["request"]["focusTableIds"] == sent
    session.clock.advance(60)
    body = await session.run(first["agentId"], run)
    assert body["request"]["focusTableIds"] == sent
    assert [table["id"] for table in body["response"]["tables"]] == [other, one]


async def test_unknown_ids_are_not_found(session):
    agent, run = await session.start()
    assert (await poll(session, agent, "v2_run-nothing")).json()["code"] == "RUN_NOT_FOUND"
    assert (await poll(session, agent, run.upper())).json()["code"] == "RUN_NOT_FOUND"
    for unknown in (UNKNOWN_ID, "not-an-id", IDLE_AGENT_ID):
        answer = await poll(session, unknown, run)
        assert (answer.status_code, answer.json()["code"]) == (404, "RUN_NOT_FOUND")
