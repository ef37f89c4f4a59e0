"""What lies beside the leads: projects with budgets, campaigns and their people."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox import PROJECT_ID
from tests.contract.client import ContractClient

from .conftest import UNKNOWN_ID
from .own_list_account import Account, numbered


@pytest.fixture
def account():
    return Account()


def inside(account, project) -> Account:
    """The same sandbox with every request in a project."""
    other = Account.__new__(Account)
    other.session, other.clock = account.session, account.clock
    other.api = ContractClient(account.session.connect(**{"x-origami-project": project}))
    return other


# Projects


async def test_projects_are_created_listed_changed_and_deleted_in_two_steps(account):
    project = await account.api.do("createProject", {"name": "Spring", "monthlyCredits": 100})
    assert (project["monthlyCredits"], project["enforcement"]) == (100, "soft")
    assert project["usage"] == {"spent": 0, "reserved": 0}
    listed = (await account.api.do("listProjects"))["items"]
    assert [each["id"] for each in listed] == [project["id"], PROJECT_ID]
    assert [each["id"] for each in (await account.api.do("listProjects", search="SPR"))["items"]] == [project["id"]]
    known = {"projectId": project["id"]}
    assert (await account.api.do("updateProject", {"enforcement": "hard"}, **known))["enforcement"] == "hard"
    cleared = await account.api.do("updateProject", {"monthlyCredits": None, "name": "Autumn"}, **known)
    assert (cleared["name"], cleared["monthlyCredits"], cleared["enforcement"]) == ("Autumn", None, None)
    await inside(account, project["id"]).upload()
    preview = await account.api.do("deleteProject", confirm="true", dryRun="true", **known)
    assert preview["willDelete"] == {"workspaces": 1, "tables": 1, "rows": 3}
    assert (await account.api.do("deleteProject", confirm="true", **known))["deleted"] is True
    assert (await account.api.refused("getProject", **known))[:2] == (404, "PROJECT_NOT_FOUND")
    gone = await account.session.connect(**{"x-origami-project": project["id"]}).get("/tables")
    assert (gone.status_code, gone.json()["code"]) == (404, "PROJECT_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"enforcement": "hard"}, "BUDGET_CAP_REQUIRED"),
        ({"enforcement": "firm"}, "VALIDATION_ERROR"),
        ({"monthlyCredits": 0}, "VALIDATION_ERROR"),
        ({"monthlyCredits": 1.5}, "VALIDATION_ERROR"),
        ({"monthlyCredits": True}, "VALIDATION_ERROR"),
        ({"name": ""}, "VALIDATION_ERROR"),
    ],
)
async def test_changes_of_a_project_that_are_refused_change_nothing(account, body, code):
    before = await account.api.do("getProject", projectId=PROJECT_ID)
    assert (await account.api.refused("updateProject", body, projectId=PROJECT_ID))[:2] == (400, code)
    assert await account.api.do("getProject", projectId=PROJECT_ID) == before
    assert (await account.api.refused("createProject", {"monthlyCredits": 5}))[:2] == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(("enforcement", "is_limit"), [("hard", True), ("soft", False)])
async def test_only_a_hard_budget_is_a_limit(account, enforcement, is_limit):
    budget = {"monthlyCredits": 50, "enforcement": enforcement}
    await account.api.do("updateProject", budget, projectId=PROJECT_ID)
    project = inside(account, PROJECT_ID)
    await project.upload(numbered(60))
    table = await project.enriched("Find e-mails", seconds=70)
    shown = await account.api.do("getProject", projectId=PROJECT_ID)
    assert shown["usage"]["spent"] == table["credits"]["lifetimeUsed"] > 0
    assert is_limit or shown["usage"]["reserved"] > 0
    account.clock.advance(400)
    usage = (await account.api.do("getProject", projectId=PROJECT_ID))["usage"]
    assert usage["reserved"] == 0
    assert (usage["spent"] <= 50) is is_limit
    assert ((await project.api.do("getTable", tableId=project.table))["cells"]["errored"] > 20) is is_limit
    await account.api.do("updateProject", {"monthlyCredits": usage["spent"]}, projectId=PROJECT_ID)
    started = await project.api.send("createAgent", {"prompt": "Find 5 bakers"})
    assert (started.status_code == 402) is is_limit
    if is_limit:
        assert started.json()["code"] == "BUDGET_EXCEEDED"
        account.clock.advance(31 * 86400)
        assert (await project.api.send("createAgent", {"prompt": "Find 5 bakers"})).status_code == 202


# Campaigns


async def test_a_campaign_is_drafted_then_sent_and_answered(account):
    run = await account.session.finished("Find 60 bakers in Leeds", include="")
    table = run["response"]["tables"][0]
    (summary,) = (await account.api.do("listTableCampaigns", tableId=table["id"]))["items"]
    known = {"campaignId": summary["id"]}
    campaign = await account.api.do("getCampaign", **known)
    assert (campaign["tableId"], campaign["status"]) == (table["id"], "active")
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
    stats = await account.api.do("getCampaignStats", **known)
    replied = await account.api.do("listCampaignPeople", status="replied,bounced", **known)
    assert {each["sendStatus"] for each in replied["items"]} <= {"replied", "bounced"}
    assert 0 < stats["replied"] < stats["contacted"] == stats["found"] == people["total"]


async def test_a_campaign_is_a_draft_first(account):
    agent, _ = await account.session.start("Find 12 bakers in Leeds")
    account.clock.advance(140)
    table = (await account.api.do("listAgentTables", id=agent))["items"][0]["id"]
    (summary,) = (await account.api.do("listTableCampaigns", tableId=table))["items"]
    assert summary["status"] == "draft"
    stats = await account.api.do("getCampaignStats", campaignId=summary["id"])
    assert (stats["contacted"], stats["replyRate"]) == (0, 0)
    assert (await account.api.refused("getCampaign", campaignId=UNKNOWN_ID))[:2] == (404, "CAMPAIGN_NOT_FOUND")
    assert (await account.api.refused("getSequence", sequenceId=UNKNOWN_ID))[:2] == (404, "SEQUENCE_NOT_FOUND")
    await account.upload()
    assert (await account.api.do("listTableCampaigns", tableId=account.table))["items"] == []
