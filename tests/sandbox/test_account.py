"""What lies beside the leads: the project, campaigns and their people."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox import PROJECT_ID
from tests.contract.client import ContractClient

from .conftest import UNKNOWN_ID
from .own_list_account import Account, numbered


@pytest.fixture
def account():
    return Account()


async def test_the_only_project_counts_what_is_used(account):
    inside = Account.__new__(Account)
    inside.session, inside.clock = account.session, account.clock
    inside.api = ContractClient(account.session.connect(**{"x-origami-project": PROJECT_ID}))

    async def usage() -> dict:
        (project,) = (await account.api.do("listProjects", search="SAND"))["items"]
        assert (project["id"], project["monthlyCredits"]) == (PROJECT_ID, None)
        return project["usage"]

    assert await usage() == {"spent": 0, "reserved": 0}
    await inside.upload(numbered(60))
    table = await inside.enriched("Find e-mails", seconds=70)
    filling = await usage()
    assert filling["spent"] == table["credits"]["lifetimeUsed"] > 0
    assert filling["reserved"] > 0
    account.clock.advance(400)
    settled = await usage()
    assert (settled["reserved"], settled["spent"] > filling["spent"]) == (0, True)
    account.clock.advance(31 * 86400)
    assert (await usage())["spent"] == 0
    assert (await account.api.do("listProjects", search="Spring"))["items"] == []


# Campaigns


async def test_a_campaign_is_drafted_then_sent_and_answered(account):
    run = await account.session.finished("Find 60 bakers in Leeds", include="")
    table = run["response"]["tables"][0]
    (summary,) = (await account.api.do("listTableCampaigns", tableId=table["id"]))["items"]
    known = {"campaignId": summary["id"]}
    assert summary["status"] == "active"
    people = await account.api.do("listCampaignPeople", limit=100, **known)
    drafted = next(each for each in table["columns"] if each["kind"] == "sequence")
    assert people["total"] == summary["peopleCount"] > 10
    rows = (await account.api.do("listRows", tableId=table["id"], cells="flat", limit=200))["items"]
    messages = {row["id"]: row[drafted["slug"]]["sequenceId"] for row in rows if drafted["slug"] in row}
    assert {each["rowId"]: each["sequenceId"] for each in people["items"]} == messages
    for person in people["items"][:3]:
        message = await account.api.do("getSequence", sequenceId=person["sequenceId"])
        assert [message[key] for key in ("rowId", "sendStatus")] == [person["rowId"], person["sendStatus"]]
        (step,) = message["steps"]
        company = next(row["company"] for row in rows if row["id"] == person["rowId"])
        assert company in step["subject"]
        assert company in step["body"]
        assert step["recipient"] == person["recipient"]
    replied = await account.api.do("listCampaignPeople", status="replied,bounced", **known)
    assert {each["sendStatus"] for each in replied["items"]} == {"replied", "bounced"}
    assert 0 < replied["total"] < people["total"]
    assert "draft" not in {each["sendStatus"] for each in people["items"]}


async def test_a_campaign_is_a_draft_first(account):
    agent, _ = await account.session.start("Find 12 bakers in Leeds")
    account.clock.advance(140)
    table = (await account.api.do("listAgentTables", id=agent))["items"][0]["id"]
    (summary,) = (await account.api.do("listTableCampaigns", tableId=table))["items"]
    assert summary["status"] == "draft"
    people = await account.api.do("listCampaignPeople", campaignId=summary["id"])
    assert {each["sendStatus"] for each in people["items"]} == {"draft"}
    assert (await account.api.refused("listCampaignPeople", campaignId=UNKNOWN_ID))[:2] == (404, "CAMPAIGN_NOT_FOUND")
    assert (await account.api.refused("getSequence", sequenceId=UNKNOWN_ID))[:2] == (404, "SEQUENCE_NOT_FOUND")
    await account.upload()
    assert (await account.api.do("listTableCampaigns", tableId=account.table))["items"] == []
