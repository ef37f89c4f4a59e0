"""`refresh_leads` over sockets: what is asked for again, and which rows are new, changed and gone."""

from __future__ import annotations

import json
import urllib.parse

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.support.server import answer

THEN, LATER = "2026-07-21T09:14:02Z", "2026-07-21T09:20:00Z"


def table(name="t1", at=THEN, count=3, running=0):
    cells = {"running": running, "errored": 0}
    return {
        "object": "table",
        "id": name,
        "name": name,
        "leadCount": count,
        "cells": cells,
        "updatedAt": at,
        "columns": [],
    }


def columns(*slugs):
    items = [{"object": "column", "id": slug, "name": slug, "slug": slug, "kind": "enrichment"} for slug in slugs]
    return answer({"object": "list", "items": items, "nextCursor": None, "url": ""})


def page(*rows):
    return answer({"object": "list", "items": list(rows), "nextCursor": None, "total": len(rows), "url": ""})


def lead(number, fit=None, **cells):
    return {"id": f"r{number}", **({} if fit is None else {"fit": fit}), **cells}


def ids(frame):
    return frame["row_id"].to_list()


@pytest.mark.parametrize("read", [ow.rows_frame, ow.leads_frame])
def test_nothing_is_read_again_unless_its_table_has_changed(server, client, read):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = read(table(), client=client)
    server.plan(answer(table()))
    before = len(server.requests)
    now, new, changed, gone = ow.refresh_leads(frame, client=client)
    assert now is frame
    assert [len(each) for each in (new, changed, gone)] == [0, 0, 0]
    assert len(server.requests) == before + 1


CHANGES = {"another moment": {"at": LATER}, "another count": {"count": 4}, "running cells": {"running": 1}}


@pytest.mark.parametrize("read", [ow.rows_frame, ow.leads_frame])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_new_changed_and_gone_rows(server, client, read, change):
    filters = [{"column": "fit", "operator": "is_not_empty", "value": ""}]
    server.plan(columns("fit", "tags"), page(lead(1, 5), lead(2, 6, tags=["a"]), lead(3, 7), lead(4)))
    frame = read(table(), client=client, filters=filters)
    server.plan(
        answer(table(**change)),
        # A further column changes only rows that have a cell in it.
        columns("fit", "tags", "mail"),
        page(lead(5, 1), lead(4, 0), lead(2, 6, tags=["b"]), lead(1, 5, mail="a@b.example"), lead(6, 6)),
    )
    refreshed = ow.refresh_leads(frame, client=client)
    assert ids(refreshed.frame) == ["r5", "r4", "r2", "r1", "r6"]
    assert ids(refreshed.new) == ["r5", "r6"]
    assert ids(refreshed.changed) == ["r4", "r2", "r1"]
    assert ids(refreshed.gone) == ["r3"]
    assert ids(frame) == ["r1", "r2", "r3", "r4"]
    assert repr(refreshed) == "<RefreshedLeads: 5 leads, 2 new, 3 changed, 1 gone>"
    query = dict(urllib.parse.parse_qsl(server.requests[-1].query))
    assert json.loads(query["filters"]) == filters
    # What was read again can be refreshed in its turn.
    server.plan(answer(table(**change)))
    assert ow.refresh_leads(refreshed.frame, client=client).frame is refreshed.frame


def test_of_several_tables_only_those_that_changed_are_read(server, client):
    server.plan(
        columns("fit", "site"),
        page(lead(1, 5, site="nata.pt")),
        columns("fit"),
        page(lead(2, 6)),
        columns("x"),
        page(lead(3)),
    )
    frame = ow.leads_frame([table("t1"), table("t2"), table("t3")], client=client, domain_from=["site"])
    gone = answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404)
    server.plan(
        answer(table("t1")),
        answer(table("t2", at=LATER)),
        gone,
        columns("fit", "site"),
        page(lead(2, 7.5, site="broa.pt")),
    )
    refreshed = ow.refresh_leads(frame, client=client)
    assert ids(refreshed.frame) == ["r1", "r2"]
    assert refreshed.frame["domain"].to_list() == ["nata.pt", "broa.pt"]
    assert str(refreshed.frame["fit"].dtype) == "Float64"
    assert (ids(refreshed.new), ids(refreshed.changed), ids(refreshed.gone)) == ([], ["r2"], ["r3"])
    assert [each["table_id"] for each in refreshed.frame.attrs["origami"]["tables"]] == ["t1", "t2"]


def test_an_incomplete_frame_is_read_again_in_any_case(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.rows_frame(table(), client=client)
    frame.attrs["origami"] = {**frame.attrs["origami"], "complete": False}
    server.plan(answer(table()), columns("fit"), page(lead(1, 5), lead(2, 5)))
    assert ids(ow.refresh_leads(frame, client=client).new) == ["r2"]


def test_a_deleted_table_has_no_rows_left(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.rows_frame(table(), client=client)
    server.plan(answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404))
    refreshed = ow.refresh_leads(frame, client=client)
    assert (len(refreshed.frame), ids(refreshed.gone)) == (0, ["r1"])


def test_a_frame_that_does_not_say_where_it_is_from_sends_nothing(server, client):
    with pytest.raises(InvalidInput, match="which table"):
        ow.refresh_leads(pd.DataFrame({"row_id": ["r1"]}), client=client)
    assert server.requests == []


def test_cells_that_fill_after_the_end_of_a_run_of_the_sandbox():
    client = ow.Sandbox(speed=60).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait()
    before = ow.leads_frame(run, filters=[])
    run.wait("cells")
    refreshed = ow.refresh_leads(before, client=client)
    pd.testing.assert_frame_equal(refreshed.frame, ow.leads_frame(run, filters=[]))
    again = ow.refresh_leads(refreshed.frame, client=client)
    assert again.frame is refreshed.frame
