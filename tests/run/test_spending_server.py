"""The server that counts the money of tests: it answers as the API does, and spends what its rules say."""

from __future__ import annotations

import threading
from functools import cache

import httpx
import jsonschema_rs
import pytest

from tests.contract import description
from tests.support.quick import SkippingClock, see
from tests.support.server import reset
from tests.support.spending_server import COLLEAGUE, PROXY_PAGE, STOP, SpendingServer

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
    before, in_flight = server.paid, server.credits_in_flight
    stopped = http.post(f"/tables/{table}/cancel").json()
    assert (counted["dryRun"], counted["activeCells"] - stopped["cancelledCells"], in_flight) == (True, 4, 4)
    assert http.get(f"/tables/{table}").json()["cells"]["running"] == 4
    clock.skip(1000)
    assert server.paid == before + 4 == server.finish()
    assert http.get("/account/credits").json()["balance"] == 100_000 - server.paid
    assert http.get(f"/tables/{table}").json()["credits"]["lifetimeUsed"] == server.paid
    assert [(stop.dry_run, stop.columns) for stop in server.stops] == [(True, None), (False, None)]
    assert server.count("POST /tables/{id}/cancel") == server.count("POST /tables/{id}/cancel dry") == 1


def test_an_agent_that_works_queues_more_behind_a_stop(serve, clock):
    server, http = serve(cells=1000, cells_per_second=1)
    start(http)
    clock.skip(30)
    (table,) = server.tables
    http.post(f"/tables/{table}/cancel")
    clock.skip(10)
    assert server.active(table) > 10


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


@pytest.mark.parametrize(
    ("form", "brief", "named"), [("partial", BRIEF, 1), ("null", BRIEF, 1), ("partial", f"{BRIEF}, silent", 0)]
)
def test_what_a_run_says_of_its_tables(serve, clock, form, brief, named):
    server, http = serve(response=form)
    agent, run = start(http, brief)
    clock.skip(10)
    got = http.get(f"/agents/{agent}/runs/{run}").json()
    assert (got["response"] is None) == (form == "null")
    clock.skip(100)
    assert len(http.get(f"/agents/{agent}/runs/{run}").json()["response"]["tables"]) == named
    assert len(http.get(f"/agents/{agent}/tables").json()["items"]) == len(server.tables) == 1


def test_a_run_that_is_cancelled_early_builds_nothing(serve, clock):
    server, http = serve(lead_source_cells=100)
    agent, _ = start(http)
    http.post(f"/agents/{agent}/cancel")
    clock.skip(1000)
    assert (server.tables, server.finish()) == ([], 0)


def test_an_agent_that_asks_builds_when_it_is_answered(serve, clock):
    server, http = serve()
    agent, run = start(http, f"{BRIEF}, asking first")
    clock.skip(6)
    got = http.get(f"/agents/{agent}/runs/{run}").json()
    assert (got["status"], len(got["todo"]["pendingQuestions"])) == ("needs_input", 1)
    assert http.post(f"/agents/{agent}/runs", json={"prompt": "North"}).status_code == 202
    clock.skip(100)
    assert server.paid > 0


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


@pytest.mark.parametrize("after", [0, 0.5, 1, 3, 20])
@pytest.mark.parametrize("is_cancelled", [False, True])
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


def test_a_run_may_end_when_it_is_read(serve, clock):
    server, http = serve(cells=0, late_cells=10, late_after=3, agent_seconds=30, ends_when_read=True)
    agent, run = start(http)
    statuses = []
    for seconds in (20, 20, 2):
        clock.skip(seconds)
        statuses.append(http.get(f"/agents/{agent}/runs/{run}").json()["status"])
    assert statuses == ["running", "completed", "completed"]
    assert server.active(server.tables[0]) == 0
    clock.skip(1.5)
    assert server.active(server.tables[0]) == 10
    start(http)
    assert server.finish() == 20, "also if nobody ever reads the second one"


def test_late_cells_may_come_in_parts(serve, clock):
    server, http = serve(cells=10, late_cells=100, late_after=(1, 30, 60), cells_per_second=1000)
    start(http)
    paid = []
    for at in (59, 5, 30, 30):
        clock.skip(at)
        paid.append(server.paid)
    assert paid == [10, 43, 76, 110]


def test_several_tables_of_a_run_spend_at_once(serve, clock):
    server, http = serve(tables=6, cells=20, cells_per_second=2, credits_per_cell=3)
    agent, run = start(http)
    clock.skip(1000)
    got = http.get(f"/agents/{agent}/runs/{run}").json()
    assert len(got["response"]["tables"]) == len(server.tables) == 6
    assert [server.spent(table) for table in server.tables] == [60] * 6
    assert server.paid == 360


def test_organizations_share_nothing_but_the_address(serve, clock):
    server, http = serve(organizations=4, run_slots=1)
    second = {"headers": {"Authorization": f"Bearer {server.keys[1]}"}}
    agent, run = start(http)
    assert http.post("/agents", json={"prompt": BRIEF}, **second).status_code == 202
    clock.skip(10)
    table = server.tables[0]
    paths = (f"/agents/{agent}", f"/agents/{agent}/runs/{run}", f"/tables/{table}")
    assert {http.get(path, **second).status_code for path in paths} == {404}
    assert [len(http.get(path, **second).json()["items"]) for path in ("/agents", "/tables")] == [1, 1]
    clock.skip(100)
    balances = [http.get("/account/credits", **each).json()["balance"] for each in ({}, second)]
    assert balances == [100_000 - server.paid_by(key) for key in server.keys[:2]]
    assert server.paid == server.paid_by(server.keys[0]) + server.paid_by(server.keys[1]) > 0
    statuses = [
        [http.get("/agents", headers={"Authorization": f"Bearer {key}"}).status_code for _ in range(101)]
        for key in server.keys
    ]
    assert [each.count(429) for each in statuses] == [2, 2, 1, 101], "100 each, and 300 from the address"


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


def test_a_full_pool_says_how_long_runs_take(serve, clock):
    _, http = serve(run_slots=1, agent_seconds=30)
    waits = []
    for _ in range(2):
        start(http)
        refused = http.post("/agents", json={"prompt": BRIEF})
        waits.append(refused.headers["retry-after"])
        clock.skip(31)
    assert waits == ["60", "30"]
    assert len(refused.json()["activeSessions"]) == 1


def test_lists_lag_and_what_is_asked_for_by_its_id_does_not(serve, clock):
    _, http = serve(lists_lag=3, agent_seconds=10)
    agent, run = start(http)
    clock.skip(2)
    lists = ("/agents", f"/agents/{agent}/runs", f"/agents/{agent}/tables", "/tables")
    assert [http.get(path).json()["items"] for path in lists] == [[]] * 4
    assert http.get(f"/agents/{agent}").json()["lastRun"]["id"] == run
    clock.skip(10)
    assert [len(http.get(path).json()["items"]) for path in lists] == [1] * 4
    second = http.post(f"/agents/{agent}/runs", json={"prompt": BRIEF}).json()["run"]["id"]
    assert http.get("/agents").json()["items"][0]["lastRun"]["id"] == run
    assert http.get(f"/agents/{agent}").json()["lastRun"]["id"] == second
    clock.skip(4)
    assert [each["id"] for each in http.get(f"/agents/{agent}/runs").json()["items"]] == [second, run]


def test_lists_come_in_pages_and_in_any_order(serve, clock):
    _, http = serve(oldest_first=True, agent_seconds=1, per_minute=None, cells=0)
    agents = [start(http)[0] for _ in range(55)]
    first = http.get("/agents").json()
    rest = http.get("/agents", params={"cursor": first["nextCursor"]}).json()
    assert [each["id"] for each in [*first["items"], *rest["items"]]] == agents
    assert (len(first["items"]), rest["nextCursor"]) == (50, None)


def test_a_colleague_continues_our_agent_and_works_on_our_list(serve, clock):
    server, http = serve(agent_seconds=20, cells=1000)
    table = server.add_table()
    agent, ours = start(http, focusTableIds=[table])
    clock.skip(30)
    theirs = server.colleague_starts(agent=agent, focus=[table])
    assert http.get(f"/agents/{agent}").json()["lastRun"]["id"] == theirs.id
    assert http.post(f"/agents/{agent}/runs", json={"prompt": BRIEF}).json()["currentRun"]["id"] == theirs.id
    clock.skip(10)
    http.post(f"/tables/{table}/cancel", json={"columns": ["phone"]})
    clock.skip(100)
    assert server.stops[0].owners.keys() == {ours}
    assert (server.active(table, ours), server.active(table, theirs.id) > 0) == (0, True)
    assert [run.by for run in server.runs] == ["", COLLEAGUE]


def test_a_stop_may_take_effect_and_be_answered_late(serve, clock):
    server, http = serve(stop_delay=5)
    clock.skips = lambda: False
    start(http)
    clock.skip(10)
    table, stopped = server.tables[0], []
    sent = threading.Thread(target=lambda: stopped.append(http.post(f"/tables/{table}/cancel").json()))
    sent.start()
    see(lambda: server.count(STOP))
    assert (server.stops, server.active(table) > 0) == ([], True)
    clock.skip(5)
    sent.join()
    assert server.stops[0].cells == stopped[0]["cancelledCells"] > 0


def test_a_lost_answer_forgets_its_key(serve):
    server, http = serve()
    server.fail("POST /agents", reset(), takes_effect=True)
    with pytest.raises(httpx.TransportError):
        http.post("/agents", json={"prompt": BRIEF}, headers={"Idempotency-Key": "k"})
    assert http.post("/agents", json={"prompt": BRIEF}, headers={"Idempotency-Key": "k"}).status_code == 202
    assert (len(server.runs), server.replays) == (2, 0)
