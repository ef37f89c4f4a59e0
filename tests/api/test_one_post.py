"""Starting a run costs credits: a client sends one request with its key, and says what to look for if its answer is lost."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from origami_widgets.api import errors
from origami_widgets.api.client import AsyncClient
from origami_widgets.api.errors import AmbiguousStart
from tests.api.conftest import KEY, fixture
from tests.support.quick import without_pauses
from tests.support.server import answer, silence

CREATED = fixture("create_agent")
RUN = CREATED["run"]
AGENT = CREATED["agent"]["id"]
CREATION = answer(CREATED, 202)
PUT_OFF = {
    "429": answer({"error": "slow down", "code": "RATE_LIMITED"}, 429),
    "429 without a code": answer({}, 429),
    "409 in flight": answer({"error": "in flight", "code": "IDEMPOTENCY_ERROR"}, 409),
}


@pytest.mark.parametrize("fault", PUT_OFF.values(), ids=PUT_OFF)
def test_sent_again_with_the_same_key_and_the_same_bytes(server, client, fault, monkeypatch):
    without_pauses(monkeypatch)
    server.plan(fault, fault, CREATION)
    created = client.create_agent("Find bakeries in Porto", name="Porto", model="origami-max")
    assert created.run.id == RUN["id"]
    assert created.agent.id == AGENT
    assert [request.method for request in server.requests] == ["POST"] * 3
    assert len({request.raw for request in server.requests}) == 1
    request = server.requests[0]
    assert (request.method, request.target) == ("POST", "/api/v2/agents")
    assert uuid.UUID(request.headers["idempotency-key"]).version == 4
    assert request.json() == {"prompt": "Find bakeries in Porto", "name": "Porto", "model": "origami-max"}


async def test_a_cancelled_task_knows_the_key(server):
    server.plan(silence())
    client = AsyncClient(KEY, base_url=server.base_url, timeout=20)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.5):
            await client.create_agent("Find bakeries")
    stopped = caught.value.__cause__
    assert stopped.may_have_started
    assert stopped.idempotency_key == server.requests[0].headers["idempotency-key"]


def test_an_agent_that_is_busy_names_its_run(server, client):
    busy = {
        "error": "busy",
        "code": "AGENT_BUSY",
        "currentRun": {"id": "v2_run-1", "startedAt": "2026-07-21T09:14:02Z"},
    }
    server.plan(answer(busy, 409))
    with pytest.raises(errors.AgentBusy) as caught:
        client.create_run(AGENT, "Go on")
    assert not caught.value.may_have_started
    assert caught.value.current_run_id == "v2_run-1"
    assert caught.value.current_run_started_at == datetime(2026, 7, 21, 9, 14, 2, tzinfo=UTC)


def test_a_full_pool_says_how_long_to_wait_and_its_limit(server, client):
    body = {
        "error": "full",
        "code": "CONCURRENT_LIMIT_EXCEEDED",
        "limit": 1,
        "activeSessions": [{"agentId": AGENT, "name": "Porto", "startedAt": "2026-07-21T09:14:02Z"}],
        "canUpgrade": True,
    }
    server.plan(answer(body, 429, headers={"Retry-After": "600"}))
    with pytest.raises(errors.RunPoolFull) as caught:
        client.create_agent("Find bakeries")
    assert caught.value.limit == 1
    assert caught.value.retry_after == 600
    assert caught.value.active_sessions[0]["agentId"] == AGENT
    assert caught.value.details["canUpgrade"] is True


def test_each_intent_has_its_own_key_and_a_given_one_is_used(server, client):
    server.plan(CREATION)
    client.create_agent("Find bakeries")
    client.create_agent("Find bakeries")
    client.create_agent("Find bakeries", idempotency_key="mine")
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


@pytest.mark.parametrize("body", [{}, {"run": None}, {"agent": {"id": "a"}}, {"run": {"status": "running"}}])
def test_an_acceptance_without_a_run_says_it_may_have_started(server, client, body):
    server.plan(answer(body, 202))
    with pytest.raises(AmbiguousStart) as caught:
        client.create_agent("Find bakeries")
    assert caught.value.may_have_started
    assert caught.value.idempotency_key == server.requests[0].headers["idempotency-key"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"run": RUN}, "running"), ({"run": {**RUN, "status": "cancelled"}}, "cancelled"), (RUN, "running")],
)
def test_cancel_reads_both_forms(server, client, body, status):
    server.plan(answer(body), answer({"status": "ok"}))
    assert client.cancel(AGENT).status == status
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", f"/api/v2/agents/{AGENT}/cancel", b"")
    assert client.cancel(AGENT) is None  # As neither form is in the answer.
    assert "idempotency-key" not in request.headers
