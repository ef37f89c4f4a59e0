"""Starting a run costs credits: a client sends one request with its key, and says what to look for if its answer is lost."""

from __future__ import annotations

import asyncio
import socket
import uuid
from datetime import UTC, datetime

import pytest

from origami_widgets.api import errors
from origami_widgets.api.client import AsyncClient, Client
from origami_widgets.api.errors import AmbiguousStart
from tests.api.conftest import KEY, fixture
from tests.support.quick import without_pauses
from tests.support.server import answer, head, raw, reset, silence

CREATED = fixture("create_agent")
RUN = CREATED["run"]
AGENT = CREATED["agent"]["id"]
CREATION = answer(CREATED, 202)
FOLLOW_UP = answer({"run": RUN}, 202)

LOST = {
    "reset before the answer": reset(),
    "reset in the answer": reset(head(202, 500) + b'{"agent"'),
    "answer cut short": raw(head(202, 500) + b'{"agent"', close=True),
    "408": answer({}, 408),
    "425": answer({}, 425),
}
PUT_OFF = {
    "429": answer({"error": "slow down", "code": "RATE_LIMITED"}, 429),
    "429 without a code": answer({}, 429),
    "409 in flight": answer({"error": "in flight", "code": "IDEMPOTENCY_ERROR"}, 409),
}


FAILURES = {
    "500": answer({}, 500),
    "answer that is no JSON": answer('{"agent": ', 202),
    "answer that is no object": answer([]),
    "sign-in page": answer("<html>Welcome", content_type="text/html"),
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


@pytest.mark.parametrize("fault", [*LOST.values(), *FAILURES.values()], ids=[*LOST, *FAILURES])
def test_a_lost_answer_is_not_asked_for_again(server, client, fault):
    server.plan(fault, FOLLOW_UP)
    with pytest.raises(AmbiguousStart) as caught:
        client.create_run(AGENT, "Go on")
    assert len(server.requests) == 1
    assert caught.value.idempotency_key == server.requests[0].headers["idempotency-key"]
    assert AGENT in caught.value.remedy


def test_a_timeout_is_a_lost_answer(server, quick):
    server.plan(silence(), FOLLOW_UP)
    client = Client(KEY, base_url=server.base_url, timeout=0.4)
    with pytest.raises(AmbiguousStart):
        client.create_run(AGENT, "Go on")
    assert len(server.requests) == 1


async def test_a_cancelled_task_knows_the_key(server):
    server.plan(silence())
    client = AsyncClient(KEY, base_url=server.base_url, timeout=20)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.5):
            await client.create_agent("Find bakeries")
    stopped = caught.value.__cause__
    assert stopped.may_have_started
    assert stopped.idempotency_key == server.requests[0].headers["idempotency-key"]


REFUSED = {
    "CONCURRENT_LIMIT_EXCEEDED": (429, errors.RunPoolFull),
    "INSUFFICIENT_CREDITS": (402, errors.InsufficientCredits),
    "BUDGET_EXCEEDED": (402, errors.BudgetExceeded),
    "SUBSCRIPTION_REQUIRED": (402, errors.SubscriptionRequired),
    "ACCOUNT_BLOCKED": (402, errors.AccountBlocked),
    "WORKSPACE_LIMIT_REACHED": (403, errors.PermissionDenied),
    "MODEL_NOT_AVAILABLE": (400, errors.InvalidInput),
    "AGENT_BUSY": (409, errors.AgentBusy),
    "AGENT_NOT_FOUND": (404, errors.AgentNotFound),
    "UNAUTHORIZED": (401, errors.AuthenticationError),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_refusal_is_raised_at_once(server, client, code):
    status, kind = REFUSED[code]
    server.plan(answer({"error": "no", "code": code}, status, headers={"Retry-After": "1"}), FOLLOW_UP)
    with pytest.raises(kind) as caught:
        client.create_run(AGENT, "Go on", idempotency_key="intent-1")
    assert len(server.requests) == 1
    assert caught.value.code == code
    assert caught.value.status_code == status
    assert caught.value.idempotency_key == "intent-1"
    assert not caught.value.may_have_started


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


def test_nothing_was_sent_where_no_server_listens(quick):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = Client(KEY, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/api/v2", timeout=5)
        with pytest.raises(errors.ConnectionFailed) as caught:
            client.create_agent("Find bakeries", idempotency_key="intent-1")
    assert caught.value.transient
    assert not caught.value.sent
    assert not caught.value.may_have_started
    assert caught.value.idempotency_key == "intent-1"


def test_each_intent_has_its_own_key_and_a_given_one_is_used(server, client):
    server.plan(CREATION)
    client.create_agent("Find bakeries")
    client.create_agent("Find bakeries")
    client.create_agent("Find bakeries", idempotency_key="mine")
    keys = [request.headers["idempotency-key"] for request in server.requests]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


@pytest.mark.parametrize("body", [{"run": RUN}, RUN], ids=["enveloped", "bare"])
def test_a_follow_up_is_read_in_both_forms(server, client, body):
    server.plan(answer(body, 202))
    assert client.create_run(AGENT, "Go on", focus_table_ids=["t1", "t2"]).status == "running"
    assert server.requests[0].target == f"/api/v2/agents/{AGENT}/runs"
    assert server.requests[0].json() == {"prompt": "Go on", "focusTableIds": ["t1", "t2"]}


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
    server.plan(answer(body))
    assert client.cancel(AGENT).status == status
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", f"/api/v2/agents/{AGENT}/cancel", b"")
    assert "idempotency-key" not in request.headers


def test_cancel_of_an_agent_that_never_ran(server, client):
    server.plan(answer({"run": None}))
    assert client.cancel(AGENT) is None


def test_cancel_is_sent_until_it_is_heard(server, client):
    server.plan(answer({}, 500), reset(), answer({"run": RUN}))
    assert client.cancel(AGENT, idempotency_key="stop-1").id == RUN["id"]
    assert {request.headers["idempotency-key"] for request in server.requests} == {"stop-1"}
