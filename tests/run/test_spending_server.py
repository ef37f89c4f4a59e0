"""The server that counts the money of tests: it answers as the API does, and spends what its rules say."""

from __future__ import annotations

from functools import cache

import httpx
import jsonschema_rs
import pytest

from tests.contract import description
from tests.support.quick import SkippingClock
from tests.support.server import reset
from tests.support.spending_server import COLLEAGUE, PROXY_PAGE, SpendingServer

BRIEF = "Find bakeries in Porto"


@pytest.fixture
def clock():
    return SkippingClock()


@pytest.fixture
def serve(clock, request):
    """Serve with options, and return the server and a way to it."""

    def make(**options):
        server = SpendingServer(clock=clock.time, **{"cells": 100, "cells_per_second": 2, **options})
        server.__enter__()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        http = httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.key}"}, timeout=5)
        request.addfinalizer(http.close)
        return server, http

    return make


def start(http, prompt=BRIEF, **body):
    created = http.post("/agents", json={"prompt": prompt, **body}).json()
    return created["agent"]["id"], created["run"]["id"]


@cache
def validator(schema):
    whole = {"$ref": f"#/components/schemas/{schema}", "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@pytest.mark.parametrize("seconds", [0, 10, 100])
def test_its_answers_are_those_of_the_description(serve, clock, seconds):
    server, http = serve(response="partial")
    created = http.post("/agents", json={"prompt": BRIEF}).json()
    validator("CreateAgentResponse").validate(created)
    agent, run = created["agent"]["id"], created["run"]["id"]
    clock.skip(seconds)
    schemas = {
        f"/agents/{agent}/runs/{run}": "Run",
        f"/agents/{agent}": "Agent",
        "/agents": "AgentList",
        f"/agents/{agent}/runs": "RunSummaryList",
        f"/agents/{agent}/tables": "AgentTableList",
        "/account": "Account",
        "/account/credits": "Credits",
    }
    for table in server.tables:
        schemas |= {
            f"/tables/{table}": "Table",
            f"/tables/{table}/rows": "RowList",
            f"/tables/{table}/columns": "ColumnList",
        }
    for path, schema in schemas.items():
        validator(schema).validate(http.get(path).json())
    assert len(server.tables) == (seconds > 0)


def test_cells_outlive_the_run_and_the_cancel_of_its_agent(serve, clock):
    server, http = serve()
    agent, run = start(http)
    clock.skip(20)
    assert http.post(f"/agents/{agent}/cancel").json()["run"]["status"] == "running"
    clock.skip(3)
    got = http.get(f"/agents/{agent}/runs/{run}").json()
    assert got["status"] == "cancelled"
    assert got["response"]["tables"][0]["cells"]["running"] > 0
    assert "Retry-After" not in http.get(f"/agents/{agent}/runs/{run}").headers
    used = server.paid
    clock.skip(1000)
    # It queued 90 cells in its sixth second, and one each 4.8 seconds until two seconds after the cancel.
    assert used < server.paid == 90 + 4
    assert server.cancels == [agent]


def test_only_the_tables_cancel_stops_cells_and_begun_ones_are_paid(serve, clock):
    server, http = serve(in_flight=4, cells=1000)
    start(http)
    clock.skip(100)
    (table,) = server.tables
    counted = http.post(f"/tables/{table}/cancel", json={"dryRun": True}).json()
    before = server.paid
    stopped = http.post(f"/tables/{table}/cancel").json()
    assert (counted["dryRun"], counted["activeCells"] - stopped["cancelledCells"]) == (True, 4)
    assert http.get(f"/tables/{table}").json()["cells"]["running"] == 4
    clock.skip(1000)
    assert server.paid == before + 4 == server.finish()
    assert http.get("/account/credits").json()["balance"] == 100_000 - server.paid
    assert http.get(f"/tables/{table}").json()["credits"]["lifetimeUsed"] == server.paid
    assert [(stop.dry_run, stop.columns) for stop in server.stops] == [(True, None), (False, None)]
    assert server.count("POST /tables/{id}/cancel") == server.count("POST /tables/{id}/cancel dry") == 1


def test_a_lead_source_goes_on_until_the_whole_table_is_stopped(serve, clock):
    server, http = serve(cells=0, lead_source_cells=10_000, cells_per_second=100)
    start(http)
    clock.skip(200)
    (table,) = server.tables
    assert http.post(f"/tables/{table}/cancel", json={"columns": ["phone"]}).json()["cancelledLeadSourceJobs"] == 0
    used = server.paid
    clock.skip(100)
    assert server.paid > used
    assert http.post(f"/tables/{table}/cancel").json()["cancelledLeadSourceJobs"] == 1
    clock.skip(100)
    used = server.paid
    assert server.finish() == used


def test_a_focus_table_keeps_a_colleagues_cells_apart(serve, clock):
    server, http = serve()
    table = server.add_table(colleague_cells=200)
    _, run = start(http, focusTableIds=[table])
    clock.skip(70)
    slugs = [column["slug"] for column in http.get(f"/tables/{table}/columns").json()["items"]]
    assert slugs == ["company", "checked", "phone"]
    assert server.tables == [table]
    http.post(f"/tables/{table}/cancel", json={"columns": ["phone"]})
    assert server.stops[0].owners.keys() == {run}
    clock.skip(1000)
    assert server.spent(table, COLLEAGUE) == 200
    assert server.spent(table, run) < 100
    second = start(http, focusTableIds=[table])
    clock.skip(10)
    assert http.get(f"/tables/{table}").json()["columns"][-1]["slug"] == "phone-2"
    assert second[1] != run


def test_faults_of_a_route_come_one_after_the_other(serve, clock):
    server, http = serve()
    start(http)
    clock.skip(10)
    path, route = f"/tables/{server.tables[0]}/cancel", "POST /tables/{id}/cancel"
    server.fail(route, 404, 500, 429)
    assert [http.post(path).status_code for _ in range(4)] == [404, 500, 429, 200]
    server.fail(route, None)
    with pytest.raises(httpx.ReadTimeout):
        http.post(path, timeout=0.2)
    server.fail(route, 500, takes_effect=True)
    assert http.post(path).status_code == 500
    assert [stop.dry_run for stop in server.stops] == [False, False]
    assert http.post(path, json={"dryRun": True}).json()["activeCells"] <= 10


@pytest.mark.parametrize("keeps_key", [True, False, None])
def test_a_key_that_was_not_kept_starts_a_second_run(serve, keeps_key):
    server, http = serve()
    server.fail("POST /agents", PROXY_PAGE, takes_effect=True, keeps_key=keeps_key)
    sent = [http.post("/agents", json={"prompt": BRIEF}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [each.status_code for each in sent] == [502, 202]
    assert (len(server.runs), server.replays) == ((1, 1) if keeps_key else (2, 0))


def test_what_is_wrong_is_refused(serve, clock):
    server, http = serve(run_slots=1)
    agent, _ = start(http)
    clock.skip(10)
    (table,) = server.tables
    refused = [
        http.post("/agents", json={"prompt": BRIEF}),
        http.post(f"/agents/{agent}/runs", json={"prompt": BRIEF}),
        http.post(f"/tables/{agent}/cancel"),
        http.post(f"/tables/{table}/cancel", json={"columns": []}),
        http.post(f"/tables/{table}/cancel", json={"columns": ["nowhere"]}),
        http.get("/account", headers={"Authorization": "Bearer og_live_other"}),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [
        (429, "CONCURRENT_LIMIT_EXCEEDED"),
        (409, "AGENT_BUSY"),
        (404, "TABLE_NOT_FOUND"),
        (400, "VALIDATION_ERROR"),
        (400, "UNKNOWN_COLUMN"),
        (401, "UNAUTHORIZED"),
    ]


@pytest.mark.parametrize(("after", "is_cancelled"), [(0, True), (3, False)])
def test_late_cells_begin_after_the_end_whatever_was_stopped_before(serve, clock, after, is_cancelled):
    server, http = serve(cells=0, late_cells=40, late_after=after, agent_seconds=30)
    agent, run = start(http)
    clock.skip(10)
    (table,) = server.tables
    if is_cancelled:
        http.post(f"/agents/{agent}/cancel")
    assert http.post(f"/tables/{table}/cancel").json()["cancelledCells"] == 0
    ends = server.runs[0].ends
    clock.skip(ends + after - 0.3 - clock.time())
    quiet = http.post(f"/tables/{table}/cancel", json={"dryRun": True}).json()
    assert quiet["activeCells"] == server.paid == 0
    assert http.get(f"/tables/{table}").json()["leadCount"] == 40
    clock.skip(0.5)
    assert http.get(f"/agents/{agent}/runs/{run}").json()["status"] == ("cancelled" if is_cancelled else "completed")
    assert http.post(f"/tables/{table}/cancel", json={"dryRun": True}).json()["activeCells"] == 40
    assert http.post(f"/tables/{table}/cancel").json()["cancelledCells"] == 30
    assert server.finish() == 10


def test_the_rate_limit_slides_and_says_so_with_a_run(serve, clock):
    server, http = serve(per_minute=3)
    agent, run = start(http)
    clock.skip(30)
    described = http.get(f"/agents/{agent}/runs/{run}")
    names = ("retry-after", "x-ratelimit-limit-global", "x-ratelimit-remaining-global")
    assert [described.headers[name] for name in names] == ["15", "3", "1"]
    assert "x-ratelimit-limit-global" not in http.get("/agents").headers
    refused = http.get("/agents")
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert 29 <= int(refused.headers["retry-after"]) <= 30
    clock.skip(31)
    assert http.get("/agents").status_code == 200
    assert http.get("/agents").status_code == 429
    assert server.refused == 2
    minutes = server.by_minute(server.key)
    assert minutes[0] == {"POST /agents": 1, "GET /agents/{id}/runs/{id}": 1, "GET /agents": 2}
    assert minutes[1] == {"GET /agents": 2}


def test_a_lost_answer_forgets_its_key(serve):
    server, http = serve()
    server.fail("POST /agents", reset(), takes_effect=True)
    with pytest.raises(httpx.TransportError):
        http.post("/agents", json={"prompt": BRIEF}, headers={"Idempotency-Key": "k"})
    assert http.post("/agents", json={"prompt": BRIEF}, headers={"Idempotency-Key": "k"}).status_code == 202
    assert (len(server.runs), server.replays) == (2, 0)
