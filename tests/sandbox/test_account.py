"""What lies beside the leads: the project, campaigns and their people."""

from __future__ import annotations

import pytest

from .own_list_account import Account


@pytest.fixture
def account():
    return Account()


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
