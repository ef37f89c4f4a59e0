"""POST /agents/{id}/cancel, and deleting the container of an agent."""

from __future__ import annotations

from origami_widgets.sandbox import agent_text


async def cancel(session, agent):
    answer = await session.http.post(f"/agents/{agent}/cancel")
    assert answer.status_code == 200
    return answer.json()["run"]


async def test_a_cancelled_run_stops_after_two_seconds_and_keeps_its_work(session, conforms):
    agent, run = await session.start("scenario:slow scenario:partial")
    session.clock.advance(450)
    said = await cancel(session, agent)
    conforms({"run": said}, "NullableRunEnvelope")
    assert (said["id"], said["status"]) == (run, "running")
    session.clock.advance(1.9)
    before = await session.run(agent, run)
    assert before["status"] == "running"
    session.clock.advance(0.2)
    after = await session.run(agent, run)
    assert (after["status"], after["completedAt"]) == ("cancelled", "2026-07-21T09:21:34.000Z")
    assert after["response"]["actions"][: len(before["response"]["actions"])] == before["response"]["actions"]
    assert after["response"]["text"].startswith(agent_text.CANCELLED)


async def test_its_queued_cells_go_on_with_what_they_trigger(session):
    agent, run = await session.start("scenario:slow scenario:partial")
    session.clock.advance(400)
    await cancel(session, agent)
    before = (await session.get("/account/credits"))["balance"]
    session.clock.advance(2)
    ended = await session.run(agent, run)
    left = ended["response"]["tables"][0]
    session.clock.advance(1000)
    assert (await session.run(agent, run))["response"]["actions"] == ended["response"]["actions"]
    settled = (await session.run(agent, run))["response"]["tables"][0]
    assert left["cells"]["running"] > 20
    assert (settled["cells"]["running"], settled["leadCount"]) == (0, left["leadCount"])
    assert before - (await session.get("/account/credits"))["balance"] > left["cells"]["running"]
    assert settled["columns"][-1]["credits"]["lifetimeUsed"] > 0, "of sequences, which passing scores trigger"


async def test_a_run_that_ends_first_is_not_cancelled(session):
    agent, run = await session.start()
    session.clock.advance(95)
    await cancel(session, agent)
    session.clock.advance(10)
    assert (await session.run(agent, run))["status"] == "completed"


async def test_without_an_active_run_the_newest_is_returned(session):
    agent, _ = await session.start("scenario:answer")
    session.clock.advance(20)
    second = await session.follow(agent, "scenario:answer")
    session.clock.advance(20)
    said = await cancel(session, agent)
    assert (said["id"], said["status"]) == (second, "completed")


async def test_deleting_a_container_stops_its_active_run_and_hides_the_agent(new_session):
    session = new_session(plan="starter")
    agent, run = await session.start("scenario:slow")
    session.clock.advance(330)
    (table,) = (await session.get("/tables"))["items"]
    await session.http.delete(f"/workspaces/{agent}", params={"confirm": "true"})
    for path in (f"/agents/{agent}", f"/agents/{agent}/runs", f"/agents/{agent}/tables"):
        assert (await session.http.get(path)).json()["code"] == "AGENT_NOT_FOUND"
    assert (await session.http.get(f"/agents/{agent}/runs/{run}")).json()["code"] == "RUN_NOT_FOUND"
    assert (await session.http.get(f"/tables/{table['id']}")).json()["code"] == "TABLE_NOT_FOUND"
    assert (await session.get("/agents"))["items"] == []
    session.clock.advance(2000)
    settled = await session.get("/account/credits")
    session.clock.advance(2000)
    assert await session.get("/account/credits") == settled
    gone = await session.http.post("/agents", json={"prompt": "Go on", "workspaceId": agent})
    assert (gone.status_code, gone.json()["code"]) == (400, "UNKNOWN_WORKSPACE")
    await session.start()
