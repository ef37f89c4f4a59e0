"""Every scenario, at many moments, has the shapes of the API description."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox.scenarios import SCRIPTS

DOCUMENTED = sorted(set(SCRIPTS) - {"unknown_status"})


@pytest.mark.parametrize("form", ["partial", "partial_actions", "null_response"])
@pytest.mark.parametrize("name", DOCUMENTED)
async def test_runs_and_tables_conform(talk, conforms, name, form):
    created = (await talk.http.post("/agents", json={"prompt": f"scenario:{name} scenario:{form}"})).json()
    conforms(created, "CreateAgentResponse")
    agent, run = created["agent"]["id"], created["run"]["id"]
    last = 1300 if name in {"slow", "timed_out"} else 250
    moments = 4 if name == "large" else 12
    for _ in range(moments):
        talk.clock.advance(last / moments)
        for include in ("", "stats,transcript"):
            body = await talk.run(agent, run, include)
            conforms(body, "Run")
            if body["status"] != "running":
                conforms(body["response"], "RunResponse")
    conforms(await talk.get("/agents"), "AgentList")
    conforms(await talk.get(f"/agents/{agent}"), "Agent")
    conforms(await talk.get(f"/agents/{agent}/runs"), "RunSummaryList")
    tables = await talk.get(f"/agents/{agent}/tables", include="stats")
    conforms(tables, "AgentTableList")
    for table in tables["items"][:2]:
        conforms(await talk.get(f"/tables/{table['id']}/columns"), "ColumnList")
        conforms(await talk.get(f"/tables/{table['id']}/rows"), "RowList")
        conforms(await talk.get(f"/tables/{table['id']}/rows", cells="flat"), "FlatRowList")
