"""The sandbox conforms to the API description: with generated requests, and in every scenario at many moments."""

from __future__ import annotations

import asyncio
import functools

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from origami_widgets.sandbox.endpoints import ROUTES
from origami_widgets.sandbox.scenarios import SCRIPTS
from tests.contract import description

from .conftest import Session

SERVED = {(method, path) for method, path, _ in ROUTES}
METHODS = {"get", "post", "patch", "delete"}
# What the sandbox leaves out, it leaves out on purpose, as what writes to real people.
DESCRIPTION = description() | {
    "paths": {
        path: {name: value for name, value in item.items() if name not in METHODS or (name.upper(), path) in SERVED}
        for path, item in description()["paths"].items()
        if path in {each for _, each in SERVED}
    }
}
KEY = {"Authorization": "Bearer og_live_sandbox"}
PROJECT = "x-origami-project"

# Each operation has half of the examples that another test has.
without_shrinking = settings(
    max_examples=settings.default.max_examples // 2, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


class Stocked:
    """A sandbox with a finished agent for generated requests."""

    def __init__(self) -> None:
        self.session = Session(plan="enterprise", credits=1_000_000)

    def answer(self, case) -> None:
        """Send a generated request: with the ids that it was generated with, then with those of what there is."""
        described = DESCRIPTION["paths"][case.path].get(case.method.lower(), {"responses": {}})["responses"]
        # The description lists the answers to a bad project header or key of a request at some operations only.
        for name, answers in ((PROJECT, {"400", "404"}), ("Idempotency-Key", {"400", "409"})):
            if name in (case.headers or {}) and not answers <= set(described):
                del case.headers[name]
        checks = schemathesis().checks
        # By contract a bad limit is clamped, a bad cursor starts over and unknown fields are dropped, while a well-formed id
        # of a table that does not exist is refused: what the schema calls valid and what is accepted differ on purpose.
        lenient = [checks.negative_data_rejection, checks.positive_data_acceptance]
        generated = case.path_parameters
        known = self.ids | {"runId": self.ids["batchId" if "enrichment" in case.path else "runId"]}
        for ids in (generated, generated | {name: known[name] for name in generated}) if generated else (generated,):
            self.session.clock.advance(100)
            case.path_parameters = ids
            case.call_and_validate(headers=KEY, excluded_checks=lenient)

    async def stock(self) -> None:
        run = await self.session.finished("Find 5 bakers")
        table = run["response"]["tables"][0]
        self.ids = {"id": run["agentId"], "runId": run["id"], "tableId": table["id"]}
        workspace = (await self.session.http.post("/workspaces")).json()["id"]
        files = [{"filename": "notes.txt", "content": "aGVsbG8="}]
        await self.session.http.post(f"/workspaces/{workspace}/documents", json={"files": files})
        body = {"rows": [{"company": "Bakers"}], "matchColumns": ["company"]}
        receipt = (await self.session.http.post(f"/tables/{table['id']}/rows/upsert", json=body)).json()
        self.ids |= {"workspaceId": workspace, "batchId": receipt["id"]}
        campaign = (await self.session.get(f"/tables/{table['id']}/campaigns"))["items"][0]["id"]
        sequence = (await self.session.get(f"/campaigns/{campaign}/people"))["items"][0]["sequenceId"]
        self.ids |= {"campaignId": campaign, "sequenceId": sequence}


@functools.cache
def schemathesis():
    """Load it for the tests that need it: every process of the tests collects this module."""
    import schemathesis as loaded

    return loaded


STOCKED = Stocked()


@pytest.fixture
def stocked():
    STOCKED.session.clock.advance(100)
    asyncio.run(STOCKED.stock())
    return STOCKED


def test_every_route_is_described():
    assert len(ROUTES) == len(SERVED) == 27
    for method, path, _ in ROUTES:
        assert method.lower() in DESCRIPTION["paths"][path]


# Made into a test when it runs: to make tests of all operations takes longer than to collect a thousand others.
@pytest.mark.sweep
@pytest.mark.parametrize(("method", "path"), sorted(SERVED))
def test_responses_about_any_object_conform(method, path, stocked):
    schema = schemathesis().openapi.from_dict(DESCRIPTION)
    schema.app = STOCKED.session.sandbox
    valid, invalid = (schema[path][method].as_strategy(generation_mode=mode) for mode in schemathesis().GenerationMode)

    @without_shrinking
    @given(valid | invalid)
    def answer(case):
        stocked.answer(case)

    answer()


DOCUMENTED = sorted(set(SCRIPTS) - {"unknown_status"})


@pytest.mark.sweep
@pytest.mark.parametrize("form", ["partial", "partial_actions", "null_response"])
@pytest.mark.parametrize("name", DOCUMENTED)
async def test_every_scenario_conforms_at_every_moment(session, conforms, name, form):
    created = (await session.http.post("/agents", json={"prompt": f"scenario:{name} scenario:{form}"})).json()
    conforms(created, "CreateAgentResponse")
    agent, run = created["agent"]["id"], created["run"]["id"]
    last = 1300 if name in {"slow", "timed_out"} else 200
    moments = 2 if name == "large" else 10
    for _ in range(moments):
        session.clock.advance(last / moments)
        for include in ("", "stats,transcript"):
            body = await session.run(agent, run, include)
            conforms(body, "Run")
            if body["status"] != "running":
                conforms(body["response"], "RunResponse")
    conforms(await session.get("/agents"), "AgentList")
    conforms(await session.get(f"/agents/{agent}"), "Agent")
    conforms(await session.get(f"/agents/{agent}/runs"), "RunSummaryList")
    tables = await session.get(f"/agents/{agent}/tables", include="stats")
    conforms(tables, "AgentTableList")
    for table in tables["items"][:2]:
        conforms(await session.get(f"/tables/{table['id']}/columns"), "ColumnList")
        conforms(await session.get(f"/tables/{table['id']}/rows"), "RowList")
        conforms(await session.get(f"/tables/{table['id']}/rows", cells="flat"), "FlatRowList")
