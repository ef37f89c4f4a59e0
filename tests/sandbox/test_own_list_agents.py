"""What an agent does with a list of the user's own."""

from __future__ import annotations

import pytest

from .own_list_account import Account, numbered


@pytest.fixture
def account():
    return Account()


def slugs(table) -> list[str]:
    return [column["slug"] for column in table["columns"] if column["kind"] != "input"]


def column(table, slug) -> dict:
    return next(each for each in table["columns"] if each["slug"] == slug)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Find the head of operations and her e-mail address", ["contact", "work-email"]),
        ("Add phone numbers", ["phone"]),
        ("Who is the decision-maker, what is their role, and how well do they fit?", ["contact", "role", "fit"]),
        ("Did they raise a round of funding? Look for news.", ["latest-funding", "recent-news"]),
        ("scenario:filling Find emails", ["work-email"]),
        ("scenario:slow Find emails", ["work-email"]),
        ("Tell me more", ["recent-news"]),
    ],
)
async def test_the_agent_adds_the_columns_that_the_brief_asks_for(account, prompt, expected):
    await account.upload(numbered(30))
    before = await account.rows()
    table = await account.enriched(prompt, seconds=1300)
    run = await account.api.do("getRun", id=account.agent, runId=account.run, include="stats")
    assert (run["status"], [each["id"] for each in run["response"]["tables"]]) == ("completed", [account.table])
    assert slugs(table) == expected
    assert [each["type"] for each in run["response"]["actions"]] == ["column_added"] * len(expected)
    assert [(row["id"], row["website"]) for row in await account.rows()] == [
        (row["id"], row["website"]) for row in before
    ]
    assert table["leadCount"] == 30
    assert 0 < table["credits"]["lifetimeUsed"] == 5000 - await account.balance()


async def test_a_second_run_fills_only_new_and_failed_rows(account):
    await account.upload(numbered(100))
    first = await account.enriched("Find e-mails")
    await account.upsert(*({"website": f"https://new{each}.test"} for each in range(10)), enrich=False)
    second = await account.enriched("Find the e-mails of the new rows, too")
    assert slugs(second) == ["work-email"]
    failed = column(first, "work-email")["cells"]["errored"]
    assert failed > 0
    assert column(first, "work-email")["stats"]["totalRuns"] == 100
    assert column(second, "work-email")["stats"]["totalRuns"] == 110 + failed


async def test_a_score_hides_rows_that_do_not_fit(account):
    await account.upload(numbered(60))
    table = await account.enriched("How well do they fit?")
    shown = await account.api.do("listRows", tableId=account.table)
    assert shown["total"] == column(table, "fit")["qualification"]["pass"] < 60
    assert len(await account.rows(limit=200)) == 60


async def test_rows_are_added_only_if_the_brief_says_so(account):
    await account.upload("Website,Company,Note\n" + "".join(f"https://{each}.test,C{each},x\n" for each in range(20)))
    table = await account.enriched("Add 10 similar companies and find all e-mails")
    assert table["leadCount"] == 30
    run = await account.api.do("getRun", id=account.agent, runId=account.run)
    added = sum(each["leadCount"] for each in run["response"]["actions"] if each["type"] == "leads_added")
    deleted = sum(each["count"] for each in run["response"]["actions"] if each["type"] == "leads_deleted")
    assert added - deleted == 10
    new = (await account.rows())[20:]
    assert all(row["website"].endswith(".example") and row["company"] and "note" not in row for row in new)
    assert column(table, "work-email")["stats"]["totalRuns"] == 30
