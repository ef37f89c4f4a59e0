"""POST /agents/{id}/cancel and DELETE /agents/{id}."""

from __future__ import annotations

from origami_widgets.sandbox.organization import IDLE_AGENT_ID, PROJECT_ID


async def cancel(talk, agent):
    answer = await talk.http.post(f"/agents/{agent}/cancel")
    assert answer.status_code == 200
    return answer.json()["run"]


async def test_it_is_cooperative_and_keeps_the_work_so_far(talk, conforms):
    agent, run = await talk.start("scenario:slow scenario:partial")
    talk.clock.advance(450)
    said = await cancel(talk, agent)
    conforms({"run": said}, "NullableRunEnvelope")
    assert (said["id"], said["status"]) == (run, "running")
    talk.clock.advance(1.9)
    before = await talk.run(agent, run)
    assert before["status"] == "running"
    talk.clock.advance(0.2)
    after = await talk.run(agent, run)
    assert (after["status"], after["completedAt"]) == ("cancelled", "2026-07-21T09:21:34.000Z")
    assert after["response"]["actions"][: len(before["response"]["actions"])] == before["response"]["actions"]
    assert after["response"]["text"].startswith("Cancelled at your request. Kept: **")


async def test_it_is_idempotent(talk):
    agent, run = await talk.start("scenario:slow")
    talk.clock.advance(100)
    await cancel(talk, agent)
    talk.clock.advance(1)
    await cancel(talk, agent)
    talk.clock.advance(1)
    said = await cancel(talk, agent)
    assert (said["id"], said["status"], said["completedAt"]) == (run, "cancelled", "2026-07-21T09:15:44.000Z")
    talk.clock.advance(100)
    assert await cancel(talk, agent) == said


async def test_cells_that_only_waited_are_dropped_and_cells_at_work_are_finished(talk):
    agent, run = await talk.start("scenario:slow scenario:partial")
    talk.clock.advance(400)
    await cancel(talk, agent)
    talk.clock.advance(1.9)
    waiting = (await talk.run(agent, run))["response"]["tables"][0]["cells"]
    talk.clock.advance(0.2)
    left = (await talk.run(agent, run))["response"]["tables"][0]
    assert 0 < left["cells"]["running"] < waiting["running"]
    talk.clock.advance(100)
    settled = (await talk.run(agent, run))["response"]["tables"][0]
    assert settled["cells"]["running"] == 0
    assert settled["credits"]["lifetimeUsed"] > left["credits"]["lifetimeUsed"]
    talk.clock.advance(1000)
    assert (await talk.run(agent, run))["response"]["tables"][0] == settled


async def test_a_run_that_ends_first_is_not_cancelled(talk):
    agent, run = await talk.start()
    talk.clock.advance(95)
    await cancel(talk, agent)
    talk.clock.advance(10)
    assert (await talk.run(agent, run))["status"] == "completed"


async def test_without_an_active_run_the_newest_is_returned(talk):
    agent, _ = await talk.start("scenario:answer")
    talk.clock.advance(20)
    second = await talk.follow(agent, "scenario:answer")
    talk.clock.advance(20)
    said = await cancel(talk, agent)
    assert (said["id"], said["status"]) == (second, "completed")


async def test_an_agent_that_never_ran_has_no_run(talk):
    inside = talk.connect(**{"x-origami-project": PROJECT_ID})
    answer = await inside.post(f"/agents/{IDLE_AGENT_ID}/cancel")
    assert (answer.status_code, answer.json()) == (200, {"run": None})
    assert (await inside.get(f"/agents/{IDLE_AGENT_ID}")).json()["lastRun"] is None


async def test_an_unknown_agent(talk):
    answer = await talk.http.post("/agents/6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90/cancel")
    assert (answer.status_code, answer.json()["code"]) == (404, "AGENT_NOT_FOUND")


async def test_the_place_in_the_pool_and_the_agent_are_free_afterwards(talk_with):
    talk = talk_with(plan="starter")
    agent, _ = await talk.start("scenario:slow")
    await cancel(talk, agent)
    talk.clock.advance(2)
    await talk.follow(agent, "Something else")


async def test_archiving_hides_the_agent_and_keeps_its_tables(talk, conforms):
    first = await talk.finished()
    agent, table = first["agentId"], first["response"]["tables"][0]["id"]
    answer = await talk.http.delete(f"/agents/{agent}")
    assert answer.status_code == 200
    conforms(answer.json(), "ArchiveAgentResponse")
    assert answer.json()["agent"]["id"] == agent
    for path in (f"/agents/{agent}", f"/agents/{agent}/runs", f"/agents/{agent}/tables"):
        assert (await talk.http.get(path)).json()["code"] == "AGENT_NOT_FOUND"
    assert (await talk.http.get(f"/agents/{agent}/runs/{first['id']}")).json()["code"] == "RUN_NOT_FOUND"
    assert (await talk.get("/agents"))["items"] == []
    assert (await talk.get(f"/tables/{table}"))["leadCount"] == 12


async def test_archiving_an_agent_deletes_its_container_with_it(talk):
    agent, _ = await talk.start("scenario:answer")
    body = (await talk.http.delete(f"/agents/{agent}")).json()
    assert body["workspace"] == {"object": "workspace", "id": agent, "deletedAt": body["agent"]["deletedAt"]}


async def test_a_container_is_kept_until_its_last_agent_is_archived(talk):
    agent, _ = await talk.start("scenario:answer")
    second, _ = await talk.start("scenario:answer", workspaceId=agent)
    third, _ = await talk.start("scenario:answer", workspaceId=second.upper())
    deleted = [(await talk.http.delete(f"/agents/{each}")).json()["workspace"] for each in (second, agent, third)]
    assert [container["id"] for container in deleted] == [agent] * 3
    assert [container["deletedAt"] is not None for container in deleted] == [False, False, True]
    gone = await talk.http.post("/agents", json={"prompt": "Go on", "workspaceId": agent})
    assert (gone.status_code, gone.json()["code"]) == (400, "UNKNOWN_WORKSPACE")


async def test_archiving_stops_the_active_run(talk):
    agent, _ = await talk.start("scenario:slow")
    talk.clock.advance(300)
    await talk.http.delete(f"/agents/{agent}")
    talk.clock.advance(200)
    before = await talk.get("/account/credits")
    talk.clock.advance(2000)
    assert await talk.get("/account/credits") == before
