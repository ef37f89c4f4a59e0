"""`projects_frame` and `outreach_frame` on the sandbox, over sockets, and on hostile and empty answers."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, NotFound, UnexpectedAnswer
from origami_widgets.frames.schema import DTYPE_NAMES
from tests.contract import description
from tests.fixtures.hostile import CORPUS
from tests.fixtures.make_frames import ACCOUNT_FRAMES, ARROW_DTYPE_NAMES
from tests.frames.payloads import BACKENDS
from tests.support.server import answer

TABLE = "c0a3f5b2-0000-4000-8000-000000000001"
CALLS = {
    "projects": ow.projects_frame,
    "outreach": lambda **options: ow.outreach_frame(TABLE, **options),
}
SCHEMAS = {"projects": ACCOUNT_FRAMES[ow.projects_frame], "outreach": ACCOUNT_FRAMES[ow.outreach_frame]}
NAMES = pytest.mark.parametrize("name", CALLS)


def page(items, cursor=None):
    return answer({"object": "list", "items": items, "nextCursor": cursor, "url": "/x"})


def dtypes(name, backend):
    kinds = DTYPE_NAMES if backend == "numpy_nullable" else DTYPE_NAMES | ARROW_DTYPE_NAMES
    return {field.name: kinds[field.kind] for field in SCHEMAS[name].fields}


def reported(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


PROJECT = {
    "object": "project",
    "id": "p1",
    "name": "Spring",
    "monthlyCredits": 500,
    "enforcement": "hard",
    "usage": {"spent": 120.5, "reserved": 30},
    "createdAt": "2026-11-01T00:00:00Z",
}
CAMPAIGN = {"object": "campaign", "id": "k1", "slug": "k", "name": "First e-mail", "status": "active", "peopleCount": 2}
PERSON = {
    "object": "campaign_person",
    "sequenceId": "s1",
    "rowId": "r1",
    "recipient": "a@b.example",
    "sendStatus": "replied",
    "stopReason": "replied",
    "profile": {"x": 1},
    "fitExplanation": "Fits.",
    "fitScore": 81,
    "addedAt": "2026-11-01T00:00:00Z",
}


def test_budgets_and_use_of_the_sandbox():
    client = ow.Sandbox(speed=600).client()
    made = client.request("POST", "/projects", json={"name": "Spring", "monthlyCredits": 100_000})
    client.request("PATCH", f"/projects/{made['id']}", json={"enforcement": "hard"})
    client.request("POST", "/projects", json={"name": "No budget"})
    frame = ow.projects_frame(client=client).set_index("project_name")
    assert frame.loc["Spring", "enforcement"] == "hard"
    assert frame.loc["Spring", "credits_left"] == 100_000
    assert frame.loc["No budget", ["monthly_credits", "enforcement", "credits_left"]].isna().all()
    assert (frame["credits_spent"] == 0).all()


def test_people_of_campaigns_join_the_leads_by_row():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
    table = run.tables[0]
    people = ow.outreach_frame(table, client=client)
    leads = ow.rows_frame(table, client=client, include_hidden=True)
    assert len(people)
    assert people["row_id"].isin(leads["row_id"]).all()
    assert (people["table_id"] == table.id).all()
    pd.testing.assert_frame_equal(
        people.drop(columns=["send_status", "stop_reason", "campaign_status"]),
        ow.outreach_frame(table.id, client=client).drop(columns=["send_status", "stop_reason", "campaign_status"]),
    )
    awaited = asyncio.run(ow.aio.outreach_frame(table.raw, client=client))
    assert awaited["sequence_id"].to_list() == people["sequence_id"].to_list()


def test_every_value_of_a_project_is_in_its_column(server, client):
    server.plan(page([PROJECT]))
    (row,) = ow.projects_frame(client=client).to_dict("records")
    assert list(row.values())[:-1] == ["p1", "Spring", 500.0, "hard", 120.5, 30.0, 349.5]
    assert row["created_at"] == pd.Timestamp("2026-11-01", tz="UTC")
    assert asyncio.run(ow.aio.projects_frame(client=client)).equals(ow.projects_frame(client=client))


def test_only_reads_are_sent_page_after_page_and_campaign_after_campaign(server, client):
    draft = CAMPAIGN | {"id": None, "name": "Draft", "status": "draft"}
    server.plan(
        page([CAMPAIGN, draft, CAMPAIGN | {"id": "k2", "status": "paused"}]),
        page([PERSON, PERSON | {"sequenceId": "s2", "rowId": None}], "next"),
        page([PERSON | {"sequenceId": "s3"}]),
        page([PERSON | {"sequenceId": "s4"}]),
    )
    frame = ow.outreach_frame(TABLE, client=client)
    assert [(each.method, each.path.removeprefix("/api/v2")) for each in server.requests] == [
        ("GET", f"/tables/{TABLE}/campaigns"),
        *[("GET", "/campaigns/k1/people")] * 2,
        ("GET", "/campaigns/k2/people"),
    ]
    assert "cursor=next" in server.requests[2].query
    assert frame["sequence_id"].to_list() == ["s1", "s2", "s3", "s4"]
    assert frame["campaign_id"].to_list() == ["k1", "k1", "k1", "k2"]
    assert frame["campaign_status"].to_list() == ["active"] * 3 + ["paused"]
    assert frame["row_id"].isna().to_list() == [False, True, False, False]
    first = frame.iloc[0]
    assert (first["recipient"], first["send_status"], first["fit_score"], first["fit_explanation"]) == (
        *("a@b.example", "replied", 81, "Fits."),
    )


@NAMES
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_answer_gives_the_same_columns(server, client, name, backend):
    server.plan(page([]))
    frame = CALLS[name](client=client, dtype_backend=backend)
    assert reported(frame) == dtypes(name, backend)
    assert len(frame) == 0
    assert isinstance(frame.index, pd.RangeIndex)


@NAMES
@pytest.mark.parametrize("backend", BACKENDS)
def test_hostile_values_give_the_same_columns(server, client, name, backend):
    fields = PROJECT if name == "projects" else PERSON
    values = [None, 7, -3.5, True, [], {}, "x", 10**400, *(text[:5_000] for text in CORPUS.values())]
    hostile = [{**dict.fromkeys(fields, each), "usage": {"spent": each, "reserved": [each]}} for each in values]
    items = [*hostile, "no object", None, fields]
    campaigns = [{**dict.fromkeys(CAMPAIGN, each), "id": "k1"} for each in values]
    # The first campaign has all hostile recipients, the others one good one each.
    server.plan(*([] if name == "projects" else [page([*campaigns, 7, CAMPAIGN])]), page(items), page([fields]))
    frame = CALLS[name](client=client, dtype_backend=backend)
    assert reported(frame) == dtypes(name, backend)
    others, skipped = (0, 2) if name == "projects" else (len(campaigns), 3)
    assert len(frame) == len(values) + 1 + others
    assert frame.attrs["origami"]["skipped_entries"] == skipped
    assert frame.iloc[-1]["project_name" if name == "projects" else "recipient"] in ("Spring", "a@b.example")


@NAMES
@pytest.mark.parametrize("body", [[], None, "", {"items": None}, {"items": {}}, {"id": "x"}, "text"])
def test_an_answer_that_is_no_list_is_no_empty_frame(server, client, name, body):
    server.plan(answer(body))
    with pytest.raises(UnexpectedAnswer):
        CALLS[name](client=client)


@NAMES
def test_pages_that_start_over_end(server, client, name):
    server.plan(*([] if name == "projects" else [page([CAMPAIGN])]), page([], "a"), page([], "a"))
    with pytest.raises(UnexpectedAnswer):
        CALLS[name](client=client)


@pytest.mark.parametrize("campaign_id", ["../account", "a/../b", "", "x?y=1", {"a": 1}, "%2e%2e"])
def test_no_id_of_a_campaign_leads_elsewhere(server, client, campaign_id):
    server.plan(page([CAMPAIGN | {"id": campaign_id}]))
    with pytest.raises(UnexpectedAnswer):
        ow.outreach_frame(TABLE, client=client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("table", [None, "", "a/b", "tables/../account", 7, [], ow])
def test_what_is_no_table_is_refused(server, client, table):
    with pytest.raises(InvalidInput):
        ow.outreach_frame(table, client=client)
    with pytest.raises(InvalidInput):
        ow.projects_frame(client=client, dtype_backend="polars")
    assert server.requests == []


def test_errors_of_the_api_are_its_errors(server, client):
    server.plan(answer({"error": "No such table", "code": "TABLE_NOT_FOUND"}, 404))
    with pytest.raises(NotFound):
        ow.outreach_frame(TABLE, client=client)


@pytest.mark.parametrize(
    ("origin", "kind"), [("project", "Project"), ("campaign", "CampaignSummary"), ("person", "CampaignPerson")]
)
def test_the_columns_show_documented_fields(origin, kind):
    schemas = description()["components"]["schemas"]
    documented = {
        f"{name}.{inner}" if field.get("properties") else name
        for name, field in schemas[kind]["properties"].items()
        for inner in field.get("properties", [""])
    }
    shown = {path for schema in SCHEMAS.values() for path in schema.paths(origin)}
    assert shown <= documented
    assert documented - shown <= {"object", "slug", "peopleCount", "profile"}
