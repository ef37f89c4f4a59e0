"""What holds for every request: key, project, request id, host, unknown routes, headers."""

from __future__ import annotations

import json

import pytest

from origami_widgets.sandbox import PROJECT_ID

from .conftest import UNKNOWN_ID, asgi_scope


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "og_live_sandbox",
        "Basic og_live_sandbox",
        "Bearer og_live_other",
        "Bearer og_live_sändbox",
    ],
)
async def test_a_missing_or_wrong_key(session, conforms, authorization):
    headers = {"Authorization": authorization.encode("latin-1")} if authorization else {}
    http = session.connect(key=None)
    places = ("/account", "/agents", f"/agents/{UNKNOWN_ID}/runs/x", f"/tables/{UNKNOWN_ID}/rows", "/nothing")
    for method, path in (*(("GET", path) for path in places), ("PUT", "/agents")):
        answer = await http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        conforms(answer.json(), "Error")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_nothing_is_done_without_a_key(session):
    answer = await session.connect(key="og_live_wrong").post("/agents", json={"prompt": "x"})
    assert answer.status_code == 401
    assert (await session.get("/agents"))["items"] == []


async def test_a_request_id_is_echoed_when_valid_and_made_when_not(session):
    for given in ("abc-DEF_1", "x" * 64):
        answer = await session.http.get("/account", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given
    made = set()
    for given in ("", "x" * 65, "with space", "semi;colon"):
        answer = await session.http.get("/nothing", headers={"X-Request-Id": given})
        made.add(answer.headers["x-request-id"])
        assert answer.headers["x-request-id"].startswith("req_")
    assert len(made) == 4


@pytest.mark.parametrize("path", ["/account", "/nothing", f"/agents/{UNKNOWN_ID}"])
async def test_every_answer_is_marked_and_dated_by_the_clock(session, path):
    answer = await session.http.get(path)
    assert answer.headers["x-origami-sandbox"] == "true"
    assert answer.headers["date"] == "Tue, 21 Jul 2026 09:14:02 GMT"


@pytest.mark.parametrize("path", ["", "/", "/runs", "/agents/", "/agents/a/b/c/d", "/batches", "/account/../x"])
async def test_unknown_routes(session, conforms, path):
    answer = await session.http.get(f"https://origami-sandbox.invalid/api/v2{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    conforms(answer.json(), "Error")


@pytest.mark.parametrize(("method", "path"), [("GET", "/account"), ("POST", "/agents")])
async def test_an_organization_without_api_access_is_refused_at_every_request(new_session, conforms, method, path):
    session = new_session(api_access=False)
    for headers in ({}, {"Idempotency-Key": "k1"}, {"x-origami-project": "nonsense"}):
        answer = await session.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (402, "SUBSCRIPTION_REQUIRED")
        conforms(answer.json(), "PaymentRequiredError")
    assert (await session.connect(key=None).request(method, path)).status_code == 401


LOCAL = [
    *("localhost", "LocalHost:8765", "localhost.", "127.0.0.1", "127.8.9.10:1"),
    *("[::1]", "[::1]:8765", "[0:0:0:0:0:0:0:1]:8765"),
]
ELSEWHERE = [
    "",
    "rebound.example",
    "rebound.example:8765",
    "localhost.rebound.example",
    "127.0.0.1.rebound.example:8765",
    "127.0.0.1@rebound.example",
    "rebound.example#localhost",
    "0.0.0.0:8765",
    "192.168.1.5",
    "[::]",
    "[fe80::1]:8765",
    "::1",
    "origami.chat",
    "origami-sandbox.invalid",
    "[",
    "localhost:x",
    "localhost, rebound.example",
]


async def through_a_socket(session, hosts):
    """Return the answer to GET /account with these hosts over a socket."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = asgi_scope("GET", "/account", [(b"host", host.encode()) for host in hosts])
    await session.sandbox(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.mark.parametrize("host", LOCAL)
async def test_a_host_of_this_machine_is_answered(session, host):
    status, body = await through_a_socket(session, [host])
    assert (status, body["object"]) == (200, "account")


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], *([host] for host in ELSEWHERE)])
async def test_another_host_is_refused(session, conforms, hosts):
    status, body = await through_a_socket(session, hosts)
    assert (status, body["code"]) == (403, "HOST_NOT_ALLOWED")
    conforms(body, "Error")


async def test_in_one_process_any_name_is_answered(session):
    for base_url in ("https://sandbox", "http://testserver:80", "http://127.0.0.1:8765"):
        assert (await session.http.get(f"{base_url}/api/v2/account")).status_code == 200
    answer = await session.http.get("/account", headers={"Host": "rebound.example"})
    assert answer.status_code == 403


async def test_a_malformed_project(session):
    answer = await session.connect(**{"x-origami-project": "mine"}).get("/agents")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"]["issues"][0]["path"] == "x-origami-project"


async def test_an_unknown_project(session):
    answer = await session.connect(**{"x-origami-project": UNKNOWN_ID}).get("/agents")
    assert (answer.status_code, answer.json()["code"]) == (404, "PROJECT_NOT_FOUND")


async def test_project_and_parent_do_not_see_each_others_agents_and_tables(session):
    inside = session.connect(**{"x-origami-project": PROJECT_ID.upper()})
    created = (await inside.post("/agents", json={"prompt": "Find bakers"})).json()
    own = await session.finished()
    theirs = (await inside.get(f"/agents/{created['agent']['id']}/runs/{created['run']['id']}")).json()
    table = theirs["response"]["tables"][0]["id"]
    for path in (f"/agents/{created['agent']['id']}", f"/tables/{table}", f"/agents/{created['agent']['id']}/tables"):
        assert (await inside.get(path)).status_code == 200
        assert (await session.http.get(path)).status_code == 404
    assert (await inside.get(f"/agents/{own['agentId']}")).status_code == 404
    assert created["agent"]["id"] in {agent["id"] for agent in (await inside.get("/agents")).json()["items"]}
    assert [agent["id"] for agent in (await session.get("/agents"))["items"]] == [own["agentId"]]
    assert len((await session.get("/tables"))["items"]) == len((await inside.get("/tables")).json()["items"]) == 2


async def test_a_project_uses_the_credits_run_slots_and_account_of_its_parent(new_session):
    session = new_session(plan="starter")
    inside = session.connect(**{"x-origami-project": PROJECT_ID})
    await inside.post("/agents", json={"prompt": "Find bakers"})
    assert (await session.http.post("/agents", json={"prompt": "x"})).json()["code"] == "CONCURRENT_LIMIT_EXCEEDED"
    session.clock.advance(200)
    balance = (await session.get("/account/credits"))["balance"]
    assert balance < 5000
    assert (await inside.get("/account/credits")).json()["balance"] == balance
    stranger = session.connect(**{"x-origami-project": "nonsense"})
    assert (await stranger.get("/account")).json() == await session.get("/account")


@pytest.mark.parametrize(
    ("plan", "concurrent", "name"),
    [
        ("starter", 1, "Starter"),
        ("pro", 3, "Pro"),
        ("scale", 10, "Scale"),
        ("ultra", 20, "Ultra"),
        ("enterprise", None, "Enterprise"),
    ],
)
async def test_the_account_names_the_plan(new_session, conforms, plan, concurrent, name):
    session = new_session(plan=plan)
    body = await session.get("/account")
    conforms(body, "Account")
    assert body["plan"] == {"id": plan, "name": name}
    assert body["capabilities"]["concurrentAgents"] == concurrent
    wallet = await session.get("/account/credits")
    conforms(wallet, "Credits")
    assert wallet == {"object": "credits", "balance": 5000, "currency": "credits"}
