"""The server that counts the money of tests: it answers as the API does, and spends what its rules say."""

from __future__ import annotations

from functools import cache

import httpx
import jsonschema_rs
import pytest

from tests.contract import description
from tests.support.quick import SkippingClock
from tests.support.spending_server import SpendingServer

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
