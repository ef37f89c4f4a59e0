"""A list of the user's own: containers, uploads, row writes and enrichment runs."""

from __future__ import annotations

import pytest

from .conftest import UNKNOWN_ID
from .own_list_account import COMPANIES, Account, body, file, numbered

BATCH = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e91"


@pytest.fixture
def account():
    return Account()


# Containers


async def test_a_container_is_made_listed_read_and_deleted_in_two_steps(account):
    await account.upload()
    listed = (await account.api.do("listWorkspaces", search="crm"))["items"]
    assert [each["id"] for each in listed] == [account.workspace]
    preview = await account.api.do("deleteWorkspace", workspaceId=account.workspace)
    assert preview["willDelete"] == {"tables": 1, "rows": 3}
    assert len(await account.rows()) == 3
    assert (await account.api.do("deleteWorkspace", workspaceId=account.workspace, confirm="true"))["deleted"] is True
    for operation, names in (
        ("listDocuments", {"workspaceId": account.workspace}),
        ("deleteWorkspace", {"workspaceId": account.workspace}),
        ("getTable", {"tableId": account.table}),
    ):
        assert (await account.api.refused(operation, **names))[0] == 404
    assert (await account.api.do("listTables"))["items"] == []


# Documents


async def test_a_csv_file_becomes_a_table_of_text(account):
    table = await account.upload(text="\ufeff" + COMPANIES)
    shown = await account.api.do("getTable", tableId=table)
    assert (shown["name"], shown["leadCount"], shown["workspaceId"]) == ("companies", 3, account.workspace)
    assert [each["id"] for each in (await account.api.do("listTables", workspaceId=account.workspace))["items"]] == [
        table
    ]
    columns = (await account.api.do("listColumns", tableId=table))["items"]
    assert [(each["name"], each["slug"], each["kind"]) for each in columns] == [
        ("Website", "website", "input"),
        ("Company", "company", "input"),
        ("Zip", "zip", "input"),
    ]
    rows = [{slug: value for slug, value in row.items() if slug != "id"} for row in await account.rows()]
    assert rows == [
        {"website": "https://a.test", "company": "Ähre & Söhne", "zip": "01067"},
        {"website": "https://b.test"},
        {"website": "https://c.test", "company": "=1+1", "zip": "9"},
    ]
    assert await account.balance() == 5000


async def test_an_upload_that_is_sent_twice_makes_two_tables_and_with_a_key_one(account):
    await account.upload()
    upload = ("uploadDocuments", {"files": [file()]})
    for key, tables in ((None, 2), ("once", 3), ("once", 3)):
        await account.api.do(*upload, key=key, workspaceId=account.workspace)
        listed = await account.api.do("listTables", workspaceId=account.workspace)
        assert len(listed["items"]) == tables


async def test_a_document_is_kept_and_can_be_attached(account):
    await account.upload()
    files = [file("Hello", "a.txt"), file("x,y", "b.csv", mode="document")]
    taken = await account.api.do("uploadDocuments", {"files": files}, workspaceId=account.workspace)
    first = taken["results"][0]["document"]
    listed = await account.api.do("listDocuments", workspaceId=account.workspace)
    assert [each["filename"] for each in listed["items"]] == ["b.csv", "a.txt"]
    assert listed["items"][1] == first
    attached = [{"kind": "document", "documentId": first["id"]}]
    await account.api.do("createAgent", {"prompt": "scenario:answer", "attachments": attached})
    await account.api.do("deleteWorkspace", workspaceId=account.workspace, confirm="true")
    refused = await account.api.refused("createAgent", {"prompt": "scenario:answer", "attachments": attached})
    assert refused[:2] == (400, "INVALID_ATTACHMENT")


async def test_files_that_cannot_be_taken_are_errors_among_the_results(account):
    await account.upload()
    files = [file(), file("a,b\n1,2,3\n"), file(b"a\n\xff\n"), file("a", "n.txt"), file("b", "n.txt"), file("")]
    taken = await account.api.do("uploadDocuments", {"files": files}, workspaceId=account.workspace)
    assert [each["kind"] for each in taken["results"]] == ["table", "error", "error", "document", "error", "error"]
    assert taken["results"][4]["code"] == "DOCUMENT_PATH_TAKEN"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([file("")], (422, "UPLOAD_FAILED")),
        ([{"filename": "a.csv", "content": "?"}], (422, "UPLOAD_FAILED")),
        ([file(mode="replace")], (400, "INVALID_UPLOAD_MODE")),
        ([file(mode="append")], (400, "INVALID_UPLOAD_MODE")),
        ([file(name="a.pdf", mode="table")], (400, "INVALID_UPLOAD_MODE")),
        ([file(mode="append", tableId=UNKNOWN_ID)], (400, "UNKNOWN_TABLE")),
        ([file(numbered(5001))], (413, "TOO_MANY_ROWS")),
        ([file()] * 21, (413, "TOO_MANY_FILES")),
        ([], (400, "VALIDATION_ERROR")),
        ([file(mode="append", tableId="first")], (400, "VALIDATION_ERROR")),
        ([{"filename": "", "content": ""}], (400, "VALIDATION_ERROR")),
        ([{"filename": "a.csv"}], (400, "VALIDATION_ERROR")),
        (["a.csv"], (400, "VALIDATION_ERROR")),
    ],
)
async def test_uploads_that_are_refused_write_nothing(account, files, expected):
    await account.upload()
    *refusal, details = await account.api.refused("uploadDocuments", {"files": files}, workspaceId=account.workspace)
    assert tuple(refusal) == expected
    assert details
    assert len((await account.api.do("listTables", workspaceId=account.workspace))["items"]) == 1


async def test_append_adds_rows_and_runs_what_triggers_by_itself(account):
    await account.upload()
    await account.enriched()
    before = await account.balance()
    append = {"files": [file("website,Company\nhttps://d.test,D\n", mode="append", tableId=account.table)]}
    taken = await account.api.do("uploadDocuments", append, workspaceId=account.workspace)
    assert taken["results"][0]["rowCount"] == 1
    account.clock.advance(60)
    assert [row["website"] for row in await account.rows()][-1] == "https://d.test"
    assert await account.balance() < before
    wrong = {"files": [file("Web,work-email\n1,2\n", mode="append", tableId=account.table)]}
    status, code, details = await account.api.refused("uploadDocuments", wrong, workspaceId=account.workspace)
    assert (status, code, details["files"][0]["code"]) == (422, "UPLOAD_FAILED", "UNKNOWN_FIELDS")


# Row writes


async def test_an_upsert_inserts_updates_and_skips(account):
    await account.upload()
    before = await account.rows()
    updated_at = (await account.api.do("getTable", tableId=account.table))["updatedAt"]
    account.clock.advance(5)
    receipt = await account.upsert(
        {"website": "https://b.test", "company": "B", "zip": None},
        {"website": "https://a.test", "zip": "01067"},
        {"website": "https://d.test", "zip": 9},
        enrich=False,
    )
    assert receipt["counts"] == {"inserted": 1, "updated": 1, "skipped": 1}
    assert receipt["tableRunId"] is None
    rows = await account.rows()
    assert [row["id"] for row in rows][:3] == [row["id"] for row in before]
    assert rows[0] == before[0]
    assert rows[1] == {"id": before[1]["id"], "website": "https://b.test", "company": "B"}
    assert rows[3] == {"id": rows[3]["id"], "website": "https://d.test", "zip": 9}
    assert (await account.api.do("getTable", tableId=account.table))["updatedAt"] > updated_at
    run = await account.api.do("getEnrichmentRun", runId=receipt["id"])
    assert (run["status"], run["creditsUsed"], run["rowCount"]) == ("complete", 0, 3)
    assert [(each["rowId"], each["outcome"]) for each in run["outcomes"]] == [
        (rows[1]["id"], "updated"),
        (rows[0]["id"], "skipped"),
        (rows[3]["id"], "inserted"),
    ]


async def test_a_repeated_batch_returns_the_old_receipt_and_writes_nothing(account):
    await account.upload()
    first = await account.api.send(
        "upsertRows", body({"website": "https://a.test", "zip": "1"}, batchId=BATCH), tableId=account.table
    )
    await account.upsert({"website": "https://a.test", "zip": "2"})
    again = await account.api.send(
        "upsertRows", body({"website": "https://z.test", "zip": "1"}, batchId=BATCH.upper()), tableId=account.table
    )
    assert (first.status_code, again.status_code, first.json()["id"]) == (201, 200, BATCH)
    assert again.json() == first.json()
    assert [row.get("zip") for row in await account.rows()] == ["2", None, "9"]


async def test_a_batch_that_was_refused_can_be_sent_again(account):
    await account.upload()
    assert (await account.api.refused("upsertRows", body({"zip": "1"}, batchId=BATCH), tableId=account.table))[0] == 400
    assert (await account.upsert({"website": "https://a.test"}, batchId=BATCH))["counts"]["skipped"] == 1


@pytest.mark.parametrize(
    ("rows", "more", "expected", "path"),
    [
        ([{"website": "w", "web": "w"}], {}, (400, "UNKNOWN_FIELDS"), "rows.0.web"),
        ([{"website": "w", "Zip": "1"}], {}, (400, "UNKNOWN_FIELDS"), "rows.0.Zip"),
        ([{"website": "w"}], {"match": ["domain"]}, (400, "UNKNOWN_FIELDS"), "matchColumns.0"),
        ([{"website": "w", "work-email": "e"}], {}, (400, "NON_INPUT_COLUMNS"), "rows.0.work-email"),
        ([{"website": "w"}], {"match": ["work-email"]}, (400, "NON_INPUT_COLUMNS"), "matchColumns.0"),
        ([{"website": "w"}, {"zip": "1"}], {}, (400, "MISSING_MATCH_VALUE"), "rows.1.website"),
        ([{"website": " "}], {}, (400, "MISSING_MATCH_VALUE"), "rows.0.website"),
        ([{"website": None}], {}, (400, "MISSING_MATCH_VALUE"), "rows.0.website"),
        ([{"website": "w"}, {"website": "w"}], {}, (400, "DUPLICATE_MATCH_KEY"), "rows.1"),
        ([{"company": "Twin"}], {"match": ["company"]}, (409, "AMBIGUOUS_MATCH"), "rows.0"),
        ([], {}, (400, "VALIDATION_ERROR"), "rows"),
        ([{"website": str(number)} for number in range(101)], {}, (400, "VALIDATION_ERROR"), "rows"),
        (["w"], {}, (400, "VALIDATION_ERROR"), "rows.0"),
        ([{"website": "w"}], {"match": []}, (400, "VALIDATION_ERROR"), "matchColumns"),
        ([{"website": "w"}], {"enrich": "no"}, (400, "VALIDATION_ERROR"), "enrich"),
        ([{"website": "w"}], {"reenrichUpdated": None}, (400, "VALIDATION_ERROR"), "reenrichUpdated"),
        ([{"website": "w"}], {"batchId": "first"}, (400, "VALIDATION_ERROR"), "batchId"),
    ],
)
async def test_upserts_that_are_refused_write_nothing(account, rows, more, expected, path):
    await account.upload(COMPANIES + "https://d.test,Twin,\nhttps://e.test,Twin,\n")
    await account.enriched()
    before = await account.rows()
    *refusal, details = await account.api.refused("upsertRows", body(*rows, **more), tableId=account.table)
    assert tuple(refusal) == expected
    assert [issue["path"] for issue in details["issues"]] == [path]
    assert await account.rows() == before
    assert (await account.api.do("listEnrichmentRuns"))["items"] == []


# Enrichment runs


async def test_an_upsert_enriches_inserted_rows_unless_it_says_not_to(account):
    await account.upload()
    await account.enriched()
    before = await account.balance()
    receipt = await account.upsert({"website": "https://d.test"}, {"website": "https://a.test", "zip": "1"})
    run = await account.api.do("getEnrichmentRun", runId=receipt["id"])
    assert (run["status"], run["completedAt"], run["creditsUsed"]) == ("processing", None, 0)
    assert run["enrichments"] == {"total": 1, "completed": 0, "pending": 1, "failed": 0}
    account.clock.advance(60)
    run = await account.api.do("getEnrichmentRun", runId=receipt["id"].upper())
    assert run["status"] == "complete"
    assert run["creditsUsed"] == before - await account.balance() > 0
    listed = await account.api.do("listEnrichmentRuns", tableId=account.table)
    assert [each["id"] for each in listed["items"]] == [receipt["id"]]


async def test_without_credits_nothing_is_written_that_would_be_enriched():
    account = Account(credits=20)
    await account.upload(numbered(40))
    table = await account.enriched()
    assert table["credits"]["lifetimeUsed"] == 20 - await account.balance()
    assert table["cells"]["errored"] > 20
    written = body({"website": "https://z.test"})
    assert (await account.api.refused("upsertRows", written, tableId=account.table))[:2] == (
        402,
        "INSUFFICIENT_CREDITS",
    )
    assert len(await account.rows()) == 40
    assert (await account.upsert({"website": "https://z.test"}, enrich=False))["counts"]["inserted"] == 1


async def test_what_does_not_exist_is_not_found(account):
    await account.upload()
    for operation, names, code in (
        ("deleteWorkspace", {"workspaceId": UNKNOWN_ID}, "WORKSPACE_NOT_FOUND"),
        ("listDocuments", {"workspaceId": UNKNOWN_ID}, "WORKSPACE_NOT_FOUND"),
        ("getEnrichmentRun", {"runId": UNKNOWN_ID}, "BATCH_NOT_FOUND"),
        ("listRows", {"tableId": UNKNOWN_ID}, "TABLE_NOT_FOUND"),
    ):
        assert (await account.api.refused(operation, **names))[:2] == (404, code)
    assert (await account.api.do("listEnrichmentRuns", tableId=UNKNOWN_ID))["items"] == []
    assert (await account.api.refused("listEnrichmentRuns", tableId="x"))[0] == 400
    written = body({"website": "w"})
    assert (await account.api.refused("upsertRows", written, tableId=UNKNOWN_ID))[:2] == (404, "TABLE_NOT_FOUND")


# Limits, keys, determinism
