"""POST /agents and POST /agents/{id}/runs."""

from __future__ import annotations

import pytest

from .conftest import UNKNOWN_ID


async def post(session, **body):
    return await session.http.post("/agents", json=body)


async def test_a_new_agent_comes_with_its_running_run_and_container(session, conforms):
    answer = await post(session, prompt="Find 20 SaaS founders in Austin who raised seed in the last 6 months")
    assert answer.status_code == 202
    body = answer.json()
    conforms(body, "CreateAgentResponse")
    assert body["agent"]["name"] == "SaaS founders in Austin"
    assert body["run"]["status"] == "running"
    assert body["run"]["steps"] == {"completed": 0, "max": 50}
    assert body["run"]["id"].startswith("v2_run-")
    assert body["workspace"]["id"] == body["agent"]["workspaceId"] == body["agent"]["id"]
    assert body["workspace"]["createdByApi"] is True


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 10_001}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x", "name": "y" * 81}, "name"),
        ({"prompt": "x", "name": None}, "name"),
        ({"prompt": "x", "model": "gpt"}, "model"),
        ({"prompt": "x", "model": None}, "model"),
        ({"prompt": "x", "model": ["origami-lite"]}, "model"),
        ({"prompt": "x", "workspaceId": "ws_1"}, "workspaceId"),
        ({"prompt": "x", "focusTableIds": "all"}, "focusTableIds"),
        ({"prompt": "x", "focusTableIds": ["tbl_77"]}, "focusTableIds.0"),
        ({"prompt": "x", "focusTableIds": [UNKNOWN_ID] * 51}, "focusTableIds"),
        ({"prompt": "x", "attachments": [{"kind": "photo"}]}, "attachments.0.kind"),
        ({"prompt": "x", "attachments": [{"kind": ["table"]}]}, "attachments.0.kind"),
        ({"prompt": "x", "attachments": [{"kind": "table"}]}, "attachments.0"),
        ({"prompt": "x", "attachments": [{"kind": "document", "documentId": UNKNOWN_ID}] * 21}, "attachments"),
    ],
)
async def test_a_wrong_field_is_named(session, conforms, body, path):
    answer = await post(session, **body)
    assert answer.status_code == 400
    conforms(answer.json(), "Error")
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert [issue["path"] for issue in answer.json()["details"]["issues"]] == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"prompt"',
        b"\xff\xfe",
        b'{"prompt": NaN}',
        b"[" * 100_000,
        b"9" * 5000,
        b"\xef\xbb\xbf{}",
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(session, content):
    answer = await session.http.post("/agents", content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_body_of_more_than_four_megabytes_is_refused(session):
    answer = await session.http.post("/agents", content=b" " * (4 << 20) + b"{}")
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_model_that_is_not_on_the_plan(new_session):
    answer = await post(new_session(plan="starter"), prompt="Find bakers", model="origami-max")
    assert (answer.status_code, answer.json()["code"]) == (400, "MODEL_NOT_AVAILABLE")


async def test_references_outside_the_scope_are_refused(session):
    first = await session.finished()
    table = first["response"]["tables"][0]["id"]
    other, _ = await session.start("scenario:answer")
    for body, code in (
        ({"focusTableIds": [UNKNOWN_ID]}, "UNKNOWN_TABLE"),
        ({"workspaceId": UNKNOWN_ID}, "UNKNOWN_WORKSPACE"),
        ({"workspaceId": other, "focusTableIds": [table]}, "WORKSPACE_TABLE_MISMATCH"),
        ({"workspaceId": other, "attachments": [{"kind": "table", "tableId": table}]}, "WORKSPACE_TABLE_MISMATCH"),
        ({"attachments": [{"kind": "table", "tableId": UNKNOWN_ID}]}, "INVALID_ATTACHMENT"),
        ({"attachments": [{"kind": "document", "documentId": UNKNOWN_ID}]}, "INVALID_ATTACHMENT"),
    ):
        answer = await post(session, prompt="x", **body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("name", "code", "fields"),
    [
        ("no_credits", "INSUFFICIENT_CREDITS", {"creditsRequired", "creditsAvailable", "topUpUrl", "message"}),
        ("budget_exceeded", "BUDGET_EXCEEDED", {"blockedByBudgets", "message"}),
        ("subscription_required", "SUBSCRIPTION_REQUIRED", {"hint"}),
        ("account_blocked", "ACCOUNT_BLOCKED", {"reason", "message"}),
    ],
)
async def test_payment_is_required(session, conforms, name, code, fields):
    answer = await post(session, prompt=f"Find bakers scenario:{name}")
    assert answer.status_code == 402
    body = answer.json()
    conforms(body, "PaymentRequiredError")
    assert body["code"] == code
    assert set(body) == {"error", "code", "handoff"} | fields
    assert (await session.get("/agents"))["items"] == []


async def test_an_agent_with_a_run_in_flight_is_busy(session, conforms):
    agent, run = await session.start()
    session.clock.advance(50)
    answer = await session.http.post(f"/agents/{agent}/runs", json={"prompt": "And more"})
    assert answer.status_code == 409
    conforms(answer.json(), "AgentBusyError")
    assert answer.json()["currentRun"] == {"id": run, "startedAt": "2026-07-21T09:14:02.000Z"}
    session.clock.advance(50)
    assert (await session.http.post(f"/agents/{agent}/runs", json={"prompt": "And more"})).status_code == 202


async def test_a_full_pool_lists_active_sessions_and_retry_after(session, conforms):
    agents = [(await session.start())[0] for _ in range(3)]
    answer = await post(session, prompt="One more")
    assert answer.status_code == 429
    body = answer.json()
    conforms(body, "ConcurrentLimitError")
    assert (body["code"], body["limit"], body["canUpgrade"]) == ("CONCURRENT_LIMIT_EXCEEDED", 3, True)
    assert [session["agentId"] for session in body["activeSessions"]] == agents
    assert answer.headers["retry-after"] == "60"
    session.clock.advance(100)
    assert (await post(session, prompt="One more")).status_code == 202


async def test_a_forced_full_pool_frees_itself_after_a_minute(session):
    brief = {"prompt": "Find bakers scenario:pool_full"}
    answer = await post(session, **brief)
    assert (answer.status_code, len(answer.json()["activeSessions"])) == (429, 3)
    assert (await post(session, prompt="Find bakers")).status_code == 429
    session.clock.advance(59)
    assert (await post(session, **brief)).status_code == 429
    session.clock.advance(1)
    assert (await post(session, **brief)).status_code == 202
    session.clock.advance(200)
    assert (await post(session, **brief)).status_code == 429
