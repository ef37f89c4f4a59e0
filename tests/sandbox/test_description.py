"""The sandbox against the API description, with generated requests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from origami_widgets.sandbox.endpoints import ROUTES

from .conftest import Talk

PATHS = sorted({path for _, path, _ in ROUTES})
DESCRIPTION = yaml.safe_load((Path(__file__).parents[1] / "contract" / "openapi.yaml").read_text())
KEY = {"Authorization": "Bearer og_live_sandbox"}
PROJECT = "x-origami-project"

# By contract a bad limit is clamped, a bad cursor starts over and unknown fields are dropped, while a well-formed id of
# a table that does not exist is refused: what the schema calls valid and what is accepted differ on purpose.
LENIENT = [negative_data_rejection, positive_data_acceptance]

few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Stocked:
    """A sandbox in which every generated request finds a finished agent."""

    def __init__(self) -> None:
        self.talk = Talk(plan="enterprise", credits=1_000_000)

    def answer(self, case, *, known: bool) -> None:
        self.talk.clock.advance(100)
        if known:
            case.path_parameters |= {name: self.ids[name] for name in case.path_parameters}
        described = DESCRIPTION["paths"][case.path].get(case.method.lower(), {"responses": {}})["responses"]
        # The description lists the answers to a bad project header or key of a request at some operations only.
        for name, answers in ((PROJECT, {"400", "404"}), ("Idempotency-Key", {"400", "409"})):
            if name in (case.headers or {}) and not answers <= set(described):
                del case.headers[name]
        case.call_and_validate(headers=KEY, excluded_checks=LENIENT)

    async def stock(self) -> None:
        run = await self.talk.finished("Find 5 bakers")
        table = run["response"]["tables"][0]
        row = (await self.talk.get(f"/tables/{table['id']}/rows", defaults="false"))["items"][0]
        column = table["columns"][4]["id"]
        found = {"id": run["agentId"], "runId": run["id"]}
        self.ids = {**found, "tableId": table["id"], "rowId": row["id"], "columnId": column}


STOCKED = Stocked()
schema = schemathesis.openapi.from_dict(DESCRIPTION)
schema.app = STOCKED.talk.sandbox


@pytest.fixture
def stocked():
    STOCKED.talk.clock.advance(100)
    asyncio.run(STOCKED.stock())
    return STOCKED


def test_every_route_is_described():
    assert len(ROUTES) == 17
    for method, path, _ in ROUTES:
        assert method.lower() in DESCRIPTION["paths"][path]


@schema.include(path=PATHS).parametrize()
@few
def test_requests_about_what_exists(case, stocked):
    stocked.answer(case, known=True)


@schema.include(path=PATHS).parametrize()
@few
def test_requests_about_anything(case, stocked):
    stocked.answer(case, known=False)
