"""`refresh_leads` over sockets: what is asked for again, and which rows are new, changed and gone."""

from __future__ import annotations

import json
import urllib.parse
from contextlib import ExitStack
from functools import partial

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.frames import listed
from tests.frames.conftest import KEY
from tests.frames.leads.touched import ServedTable, through_csv, through_excel
from tests.frames.leads.touched import lead as touched_lead
from tests.frames.listed import ids, lead_table
from tests.support.server import RawServer, answer

columns = partial(listed.columns, kind="enrichment")
THEN, LATER = "2026-07-21T09:14:02Z", "2026-07-21T09:20:00Z"


def table(name="t1", at=THEN, count=3, running=0):
    return lead_table(name, count, cells={"running": running, "errored": 0}, updatedAt=at)


def page(*rows):
    return listed.page(*rows, total=len(rows))


def lead(number, fit=None, **cells):
    return {"id": f"r{number}", **({} if fit is None else {"fit": fit}), **cells}


def test_nothing_is_read_again_unless_its_table_has_changed(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.leads_frame(table(), client=client)
    server.plan(answer(table()))
    before = len(server.requests)
    now, new, changed, gone = ow.refresh_leads(frame, client=client)
    assert now is frame
    assert [len(each) for each in (new, changed, gone)] == [0, 0, 0]
    assert len(server.requests) == before + 1


CHANGES = {"another moment": {"at": LATER}, "another count": {"count": 4}, "running cells": {"running": 1}}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_new_changed_and_gone_rows(server, client, change):
    filters = [{"column": "fit", "operator": "is_not_empty", "value": ""}]
    server.plan(columns("fit", "tags"), page(lead(1, 5), lead(2, 6, tags=["a"]), lead(3, 7), lead(4)))
    frame = ow.leads_frame(table(), client=client, filters=filters)
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
    both, fit = columns("fit", "site"), columns("fit")
    server.plan(both, page(lead(1, 5, site="nata.pt")), fit, page(lead(2, 6)), columns("x"), page(lead(3)))
    frame = ow.leads_frame([table("t1"), table("t2"), table("t3")], client=client)
    gone = answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404)
    rows = page(lead(2, 7.5, site="broa.pt"))
    server.plan(answer(table("t1")), answer(table("t2", at=LATER)), gone, both, rows)
    refreshed = ow.refresh_leads(frame, client=client)
    assert ids(refreshed.frame) == ["r1", "r2"]
    assert refreshed.frame["domain"].to_list() == ["nata.pt", "broa.pt"]
    assert str(refreshed.frame["fit"].dtype) == "Float64"
    assert (ids(refreshed.new), ids(refreshed.changed), ids(refreshed.gone)) == ([], ["r2"], ["r3"])
    assert [each["table_id"] for each in refreshed.frame.attrs["origami"]["tables"]] == ["t1", "t2"]


def test_an_incomplete_frame_is_read_again_in_any_case(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.leads_frame(table(), client=client)
    (note,) = frame.attrs["origami"]["tables"]
    frame.attrs["origami"] = {**frame.attrs["origami"], "tables": [note | {"complete": False}]}
    server.plan(answer(table()), columns("fit"), page(lead(1, 5), lead(2, 5)))
    assert ids(ow.refresh_leads(frame, client=client).new) == ["r2"]


def test_a_frame_that_does_not_say_where_it_is_from_sends_nothing(server, client):
    with pytest.raises(InvalidInput, match="which table"):
        ow.refresh_leads(pd.DataFrame({"row_id": ["r1"]}), client=client)
    assert server.requests == []


def test_cells_that_fill_after_the_end_of_a_run_of_the_sandbox():
    client = ow.Sandbox(speed=60).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait()
    before = ow.leads_frame(run, include_hidden=True)
    run.wait("cells")
    refreshed = ow.refresh_leads(before, client=client)
    pd.testing.assert_frame_equal(refreshed.frame, ow.leads_frame(run, include_hidden=True))
    again = ow.refresh_leads(refreshed.frame, client=client)
    assert again.frame is refreshed.frame


def served(*leads, **options):
    """A table of the API that the test changes, with the columns of `tests.frames.leads.touched`."""
    return ServedTable({f"r{number}": touched_lead(number) for number in leads}, **options)


@pytest.fixture
def running():
    """Return a client of a table."""
    with ExitStack() as servers:

        def run(table):
            server = servers.enter_context(RawServer(table.behave))
            return ow.Client(KEY, base_url=server.base_url)

        yield run


def test_a_lead_that_a_filter_left_out_is_not_called_new(running):
    table = served(*range(6))
    client = running(table)
    frame = ow.leads_frame(table.raw(), client=client)
    some = frame[frame["fit"] > 2]
    # Nothing has changed, so nothing is new.
    assert ow.refresh_leads(some, client=client).frame is some
    table.leads, table.version = table.leads | {"r9": touched_lead(9)}, 1
    with pytest.raises(InvalidInput, match="which leads are new") as caught:
        ow.refresh_leads(some, client=client)
    assert "Refresh the whole frame" in caught.value.remedy
    assert ids(ow.refresh_leads(frame, client=client).new) == ["r9"]


def test_own_columns_stay_and_are_not_compared(running):
    table = served(1, 2)
    client = running(table)
    frame = ow.leads_frame(table.raw(), client=client).assign(score=[7, 8], seen=[True, False])
    table.leads, table.version = {"r2": touched_lead(2), "r9": touched_lead(9), "r1": touched_lead(1, fit=50)}, 1
    refreshed = ow.refresh_leads(frame, client=client)
    assert (ids(refreshed.new), ids(refreshed.changed), ids(refreshed.gone)) == (["r9"], ["r1"], [])
    assert refreshed.frame["score"].to_list() == [8, pd.NA, 7]
    assert refreshed.frame["seen"].to_list() == [False, pd.NA, True]
    assert refreshed.frame["fit"].to_list() == [2, 9, 50]
    again = ow.refresh_leads(refreshed.frame, client=client)
    assert again.frame is refreshed.frame


def test_a_deleted_table_of_a_frame_with_own_columns_has_no_rows_left(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.leads_frame(table(), client=client).assign(mine=1)
    server.plan(answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404))
    refreshed = ow.refresh_leads(frame, client=client)
    assert list(refreshed.frame) == list(refreshed.gone) == list(frame)
    assert (len(refreshed.frame), ids(refreshed.gone)) == (0, ["r1"])


def test_a_new_column_of_the_table_does_not_replace_an_own_one(server, client):
    server.plan(columns("fit"), page(lead(1, 5)))
    frame = ow.leads_frame(table(), client=client).assign(mail="mine")
    server.plan(answer(table(at=LATER)), columns("fit", "mail"), page(lead(1, 5, mail="a@b.example")))
    refreshed = ow.refresh_leads(frame, client=client)
    assert refreshed.frame[["mail", "mail_2"]].to_numpy().tolist() == [["mine", "a@b.example"]]
    assert ids(refreshed.changed) == ["r1"]


def test_columns_that_were_not_chosen_stay_away(running):
    table = served(1, 2)
    client = running(table)
    frame = ow.leads_frame(table.raw(), client=client, columns=["mail", "company"])
    was = dict(zip(frame["row_id"], frame["mail"], strict=True))["r1"]
    mail = {"email": "x@y.example", "confidence": "low", "seen_on": "a page"}
    table.leads, table.version = table.leads | {"r1": touched_lead(1, mail=mail)}, 1
    refreshed = ow.refresh_leads(frame.assign(mine=1), client=client)
    assert list(refreshed.frame) == [*frame, "mine"]
    cells = refreshed.cells[refreshed.cells["column"].eq("mail")]
    name = dict(zip(frame["row_id"], frame["company"], strict=True))["r1"]
    assert cells.to_numpy().tolist() == [[name, "mail", was, "x@y.example", "t1", "r1"]]
    # The choice is kept for the next time.
    mail["found_by"] = "a form"
    table.leads, table.version = table.leads | {"r2": touched_lead(2, mail=mail)}, 2
    assert list(ow.refresh_leads(refreshed.frame, client=client).frame) == [*frame, "mine"]


OPTIONS = {"flattened": {}, "whole objects": {"flatten": False}}


@pytest.mark.parametrize("through", [through_csv, through_excel])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_leads_that_were_read_back_from_a_file(running, options, through):
    table = served(*range(5))
    table.leads["r3"]["company"] = "n/a"
    table.leads["r2"]["company"] = "0012"
    client = running(table)
    frame = through(ow.leads_frame(table.raw(), client=client, **options))
    assert not frame.attrs
    same = ow.refresh_leads(frame, client=client)
    assert [len(each) for each in (same.new, same.changed, same.gone)] == [0, 0, 0]
    changed = {"email": "x@y.example", "confidence": "low"}
    table.leads = {row_id: each for row_id, each in table.leads.items() if row_id != "r0"}
    table.leads |= {"r1": touched_lead(1, mail=changed), "r2": touched_lead(2, since=None), "r9": touched_lead(9)}
    refreshed = ow.refresh_leads(frame, client=client)
    assert (ids(refreshed.new), ids(refreshed.changed), ids(refreshed.gone)) == (["r9"], ["r1", "r2"], ["r0"])
    assert set(refreshed.frame) == set(frame)
    # From now on, the notes say what was read.
    assert ow.refresh_leads(refreshed.frame.iloc[:0], client=client).new.empty


def test_of_a_file_hidden_leads_are_not_gone_and_ids_are_enough(running):
    table = served(*range(4), hidden={"r1", "r2"})
    client = running(table)
    everything = ow.leads_frame(table.raw(), client=client, include_hidden=True)
    frame = through_csv(everything[["table_id", "row_id"]])
    assert ids(frame) == ["r0", "r1", "r2", "r3"]
    del table.leads["r2"]
    refreshed = ow.refresh_leads(frame, client=client)
    assert (ids(refreshed.new), ids(refreshed.changed), ids(refreshed.gone)) == ([], [], ["r2"])
    assert sorted(ids(refreshed.frame)) == ["r0", "r1", "r3"]


def test_several_tables_of_which_one_was_chosen(server, client):
    server.plan(columns("fit"), page(lead(1, 5)), columns("fit"), page(lead(2, 6)))
    frame = ow.leads_frame([table("t1"), table("t2")], client=client)
    before = len(server.requests)
    server.plan(answer(table("t2", at=LATER)), columns("fit"), page(lead(2, 7)))
    refreshed = ow.refresh_leads(frame[frame["table_id"] == "t2"], client=client)
    assert ids(refreshed.changed) == ["r2"]
    assert all("t2" in request.path for request in server.requests[before:])
    with pytest.raises(InvalidInput, match="which table a lead is of"):
        ow.refresh_leads(frame.drop(columns="table_id"), client=client)


REFUSED = {
    "no table": (lambda frame: through_csv(frame).drop(columns="table_id"), "which table"),
    "ids in the index": (lambda frame: frame.set_index("row_id"), "holds no leads"),
    "rows without a lead": (lambda frame: pd.concat([frame, pd.DataFrame({"table_id": ["t1"]})]), "aren't leads"),
    "ids as numbers": (lambda frame: through_csv(frame).assign(row_id=1), "numbers"),
    "the same lead twice": (lambda frame: through_csv(pd.concat([frame, frame])), "more than once"),
    "two columns of one name": (lambda frame: pd.concat([frame, frame], axis=1), "ambiguous"),
}


@pytest.mark.parametrize(("touch", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_known_is_refused_with_the_reason(running, touch, words):
    table = served(1, 2)
    client = running(table)
    frame = touch(ow.leads_frame(table.raw(), client=client))
    with pytest.raises(InvalidInput, match=words) as caught:
        ow.refresh_leads(frame, client=client)
    assert caught.value.cause
    assert caught.value.remedy
