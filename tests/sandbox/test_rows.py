"""Rows, cells and columns of a table."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
async def table(session):
    run = await session.finished("Find 60 cheese makers in Leeds")
    return run["response"]["tables"][0]


async def rows(session, table, **params):
    return await session.get(f"/tables/{table['id']}/rows", **params)


async def test_columns_are_listed_whole(session, table, conforms):
    body = await session.get(f"/tables/{table['id']}/columns")
    conforms(body, "ColumnList")
    assert body["nextCursor"] is None
    assert [column["id"] for column in body["items"]] == [column["id"] for column in table["columns"]]
    assert set(body["items"][0]) == {"object", "id", "name", "slug", "kind", "autoTrigger"}


async def test_saved_filters_and_sort_are_the_default(session, table, conforms):
    body = await rows(session, table, limit="200")
    conforms(body, "RowList")
    scores = [row["cells"]["fit"]["value"] for row in body["items"]]
    assert min(scores) >= 60
    assert scores == sorted(scores, reverse=True)
    passed = next(column for column in table["columns"] if column["slug"] == "fit")["qualification"]["pass"]
    assert body["total"] == len(scores) == passed < table["leadCount"]
    assert (await rows(session, table, defaults="true")) == (await rows(session, table))
    assert (await rows(session, table, defaults="false"))["total"] == table["leadCount"] == 60


async def test_filters_and_sort_of_a_request_replace_the_saved_ones(session, table):
    low = json.dumps([{"column": "fit", "operator": "less_than", "value": 60}])
    assert (await rows(session, table, filters=low))["total"] > 0
    upwards = json.dumps({"column": "company", "direction": "asc"})
    names = [row["company"] for row in (await rows(session, table, sort=upwards, cells="flat", limit="200"))["items"]]
    assert names == sorted(names, key=str.casefold)
    assert len(names) < 60
    assert (await rows(session, table, filters="[]"))["total"] == 60


async def test_pages_hold_50_rows_and_at_most_200(session, table):
    first, second = await session.pages(f"/tables/{table['id']}/rows", defaults="false")
    assert (len(first["items"]), len(second["items"]), first["total"], second["total"]) == (50, 10, 60, 60)
    assert len({row["id"] for page in (first, second) for row in page["items"]}) == 60
    assert first["url"] == f"/api/v2/tables/{table['id']}/rows"
    assert len((await rows(session, table, defaults="false", limit="1000"))["items"]) == 60
    assert len((await rows(session, table, defaults="false", limit="0"))["items"]) == 1
    assert len((await rows(session, table, defaults="false", limit="many"))["items"]) == 50


async def test_pages_while_cells_fill_repeat_no_row(session):
    agent, run = await session.start("Find 60 bakers scenario:filling")
    session.clock.advance(100)
    table = (await session.run(agent, run))["response"]["tables"][0]
    seen, cursor = [], None
    while cursor is not None or not seen:
        page = await rows(session, table, limit="5", defaults="false", **({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in page["items"]]
        cursor = page["nextCursor"]
        session.clock.advance(3)
    assert len(seen) == len(set(seen)) == 60


async def test_flat_rows_have_the_values_of_typed_rows(session, table, conforms):
    typed = await rows(session, table, limit="200")
    flat = await rows(session, table, limit="200", cells="flat")
    conforms(flat, "FlatRowList")
    assert [row["id"] for row in flat["items"]] == [row["id"] for row in typed["items"]]
    for row, other in zip(flat["items"], typed["items"], strict=True):
        plain = {
            slug: cell.get("value", {"sequenceId": cell.get("sequenceId")}) for slug, cell in other["cells"].items()
        }
        assert row == {"id": other["id"], **plain}


async def test_leads_are_invented(session, table):
    flat = (await rows(session, table, defaults="false", limit="200", cells="flat"))["items"]
    assert all(row["website"].endswith(".example") for row in flat)
    assert all(
        row["contact-email"]["email"].endswith(".example")
        for row in flat
        if (row.get("contact-email") or {}).get("email")
    )
    assert all(
        row["phone"]["phone_number"].startswith("+1 555 01")
        for row in flat
        if (row.get("phone") or {}).get("phone_number")
    )
    assert {row["city"] for row in flat} == {"Leeds"}
