"""POST /tables/{tableId}/cancel."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox import agent_text
from origami_widgets.sandbox.organization import PROJECT_ID

from .conftest import UNKNOWN_ID


async def stop(session, table, **body):
    answer = await session.http.post(f"/tables/{table}/cancel", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def filling(session, words="scenario:filling", seconds=80):
    """A run that is over while the cells of its first table fill."""
    agent, run = await session.start(f"Find 12 cheese makers in Leeds {words}")
    session.clock.advance(seconds)
    table = (await session.get(f"/agents/{agent}/tables"))["items"][0]
    assert table["cells"]["running"] > 0
    return agent, run, table["id"]


async def test_the_dry_run_counts_and_stops_nothing(session, conforms):
    _, _, table = await filling(session)
    before = await session.get(f"/tables/{table}", include="stats")
    active = await stop(session, table, dryRun=True)
    conforms(active, "ActiveCells")
    assert active == {
        "dryRun": True,
        "tableId": table,
        "activeCells": before["cells"]["running"],
        "activeLeadSourceJobs": 0,
    }
    assert await session.get(f"/tables/{table}", include="stats") == before


async def test_stopped_cells_stay_empty_and_cost_nothing(session, conforms):
    _, _, table = await filling(session)
    session.clock.advance(20)
    before = await session.get(f"/tables/{table}", include="stats")
    rows = await session.get(f"/tables/{table}/rows", defaults="false")
    balance = await session.get("/account/credits")
    stopped = await stop(session, table)
    conforms(stopped, "CancelledCells")
    assert stopped["cancelledCells"] == before["cells"]["running"] > 0
    after = await session.get(f"/tables/{table}", include="stats")
    assert after["cells"] == {"running": 0, "errored": before["cells"]["errored"]}
    assert after["credits"] == before["credits"]
    assert after["leadCount"] == before["leadCount"]
    assert after["updatedAt"] > before["updatedAt"]
    assert after["stats"]["running"] == {"runningLeads": 0, "oldestActiveRunStartedAt": None}
    assert await session.get("/account/credits") == balance
    session.clock.advance(1000)
    assert await session.get(f"/tables/{table}", include="stats") == after
    assert (await session.get(f"/tables/{table}/rows", defaults="false")) == rows


async def test_only_the_cells_of_the_named_columns_are_stopped(session):
    _, _, table = await filling(session)
    shown = {column["slug"]: column for column in (await session.get(f"/tables/{table}"))["columns"]}
    running = {slug: column["cells"]["running"] for slug, column in shown.items()}
    stopped = await stop(session, table, columns=["phone", "address", "phone"])
    assert stopped["cancelledCells"] == running["phone"] + running["address"] > 0
    left = {column["slug"]: column["cells"]["running"] for column in (await session.get(f"/tables/{table}"))["columns"]}
    assert left == {**running, "phone": 0, "address": 0}
    session.clock.advance(1000)
    columns = {column["slug"]: column for column in (await session.get(f"/tables/{table}"))["columns"]}
    assert columns["phone"]["credits"] == shown["phone"]["credits"]
    assert columns["contact-email"]["credits"]["lifetimeUsed"] > shown["contact-email"]["credits"]["lifetimeUsed"]


async def test_an_agent_that_finds_leads_has_lead_source_jobs(session):
    agent, run = await session.start("Find 12 cheese makers in Leeds scenario:partial scenario:slow")
    session.clock.advance(120)
    table = (await session.get(f"/agents/{agent}/tables"))["items"][0]
    active = await stop(session, table["id"], dryRun=True)
    sources = len((await session.get(f"/tables/{table['id']}", include="stats"))["stats"]["leadSources"])
    assert 0 < active["activeLeadSourceJobs"] <= sources
    assert (await stop(session, table["id"], dryRun=True, columns=["city"]))["activeLeadSourceJobs"] == 0
    assert (await stop(session, table["id"]))["cancelledLeadSourceJobs"] == active["activeLeadSourceJobs"]
    assert (await stop(session, table["id"], dryRun=True))["activeLeadSourceJobs"] == 0
    session.clock.advance(1500)
    ended = await session.run(agent, run, "stats")
    assert ended["status"] == "completed"
    assert ended["response"]["text"].startswith(agent_text.CELLS_STOPPED)
    stopped = next(each for each in ended["response"]["tables"] if each["id"] == table["id"])
    assert stopped["leadCount"] == stopped["stats"]["funnel"]["postStaticLeads"] < 12
    assert all(f"({each['leadCount']} leads)" in ended["response"]["text"] for each in ended["response"]["tables"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", ""),
        (b"{", ""),
        (b'{"columns": []}', "columns"),
        (b'{"columns": null}', "columns"),
        (b'{"columns": "phone"}', "columns"),
        (b'{"columns": ["phone", ""]}', "columns.1"),
        (b'{"columns": [7]}', "columns.0"),
        (b'{"dryRun": "yes"}', "dryRun"),
    ],
)
async def test_a_body_that_is_not_valid_is_refused_and_stops_nothing(session, conforms, body, path):
    _, _, table = await filling(session)
    before = await session.get(f"/tables/{table}")
    answer = await session.http.post(f"/tables/{table}/cancel", content=body)
    conforms(answer.json(), "Error")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"]["issues"][0]["path"] == path
    assert await session.get(f"/tables/{table}") == before


async def test_a_table_that_is_unknown_or_of_another_project(session):
    _, _, table = await filling(session)
    inside = session.connect(**{"x-origami-project": PROJECT_ID})
    for http, each in ((session.http, UNKNOWN_ID), (inside, table)):
        answer = await http.post(f"/tables/{each}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (404, "TABLE_NOT_FOUND")
