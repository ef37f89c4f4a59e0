"""What a qualified lead of a run costs, by its definition; runs that are counted together; and when there is a forecast."""

from types import SimpleNamespace

import pandas as pd
import pytest

from origami_widgets import frames
from origami_widgets.api.errors import InvalidInput
from tests.frames.payloads import changed, handle, payload, table

STARTED, EARLIER = "2026-07-21T09:14:02Z", "2026-07-20T08:00:00Z"


def run(name, *tables, **fields):
    return {"object": "run", "id": name, "status": "completed", "response": {"tables": list(tables)}, **fields}


def judged(table_id, leads, used, qualified, **fields):
    stats = {"qualification": {"qualifiedLeads": qualified, "rate": 0.5}}
    column = {"id": "fit", "kind": "score", "qualification": {"total": leads}, "credits": {"lifetimeUsed": 0}}
    return {**plain(table_id, leads, used), "stats": stats, "columns": [column], **fields}


def plain(table_id, leads, used):
    used = {} if used is None else {"credits": {"lifetimeUsed": used}}
    return {"object": "table", "id": table_id, "leadCount": leads, "cells": {"running": 0, "errored": 2}, **used}


def costs(*runs, **options):
    return frames.runs_frame(list(runs), **options)["cost_per_qualified_lead"].to_list()


def test_all_credits_of_a_run_are_divided_by_the_qualified_leads_of_its_judged_table():
    frame = frames.runs_frame(
        [run("a", plain("p", 40, 114), judged("c", 20, 269, 13)), run("b", judged("d", 10, 40, 5))]
    )
    assert frame["cost_per_qualified_lead"].to_list() == [383 / 13, 8]
    assert frame["credits_used"].to_list() == [383, 40]
    assert frame["lead_count"].to_list() == [20, 10]
    assert frame["qualified_leads"].to_list() == [13, 5]
    assert frame["judged_leads"].to_list() == [20, 10]
    assert frame["qualified_share"].to_list() == [0.65, 0.5]
    assert frame["cells_errored"].to_list() == [4, 2]


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param([plain("p", 40, 114)], id="no judged table"),
        pytest.param([judged("c", 20, 269, 0)], id="none qualifies"),
        pytest.param([judged("c", 20, 269, None)], id="unknown how many qualify"),
        pytest.param([judged("c", 20, 269, 13), plain("p", 40, None)], id="unknown credits of a table"),
        pytest.param([judged("c", 20, -1, 13)], id="credits that can't be"),
        pytest.param([judged("c", 20, 269, 13), judged("p", 20, 1, 1)], id="leads of a second table qualify"),
        pytest.param([judged("c", 20, 269, 0), judged("p", 20, 1, 1)], id="only leads of a second table qualify"),
        pytest.param([], id="no table"),
    ],
)
def test_there_is_no_cost(tables):
    assert costs(run("a", *tables)) == [pd.NA]


def test_a_second_judged_table_without_a_qualified_lead_is_no_obstacle():
    assert costs(run("a", judged("c", 20, 260, 13), judged("p", 20, 0, 0))) == [20]


def test_of_a_table_that_was_given_to_the_run_only_the_credits_since_it_began_count():
    request = {"focusTableIds": ["C"]}
    older, made = (judged("c", 20, 260, 13, createdAt=at) for at in (EARLIER, STARTED))
    assert costs(run("a", older, request=request, startedAt=STARTED)) == [pd.NA]
    assert costs(run("a", made, request=request, startedAt=STARTED)) == [20]
    assert costs(run("a", judged("c", 20, 260, 13), request={"focusTableIds": ["other"]}, startedAt=STARTED)) == [20]


def test_runs_of_a_pool_count_each_table_once_and_their_costs_are_no_mean():
    shared = judged("s", 10, 100, 5, updatedAt=EARLIER)
    later = judged("s", 12, 130, 6, updatedAt=STARTED)
    runs = [
        run("1", shared, model="origami-lite"),
        run("2", later, judged("t", 10, 20, 0), model="origami-lite"),
        run("3", plain("u", 3, 50), model="origami-max"),
    ]
    frame = frames.runs_frame(runs, by="model")
    assert frame["runs"].to_list() == [2, 1]
    assert frame["credits_used"].to_list() == [150, 50]
    assert frame["cost_per_qualified_lead"].to_list() == [25, pd.NA]
    assert frame["lead_count"].to_list() == [12, 3]
    assert frame["table_count"].to_list() == [2, 1]
    assert frame["run_id"].to_list() == [pd.NA, "3"]
    assert frames.runs_frame(runs[1::-1], by="model")["lead_count"].to_list() == [12]
    # A run with credits and no qualified lead adds its credits.
    assert costs(*runs, by="status") == [200 / 6]


def test_a_dict_names_the_pool_of_each_run():
    runs = [
        {"agent": {"name": name}, "run": run(name, judged(name, 10, used, 5))}
        for name, used in (("a", 10), ("b", 30), ("c", 5))
    ]
    frame = frames.runs_frame(runs, by={"a": "long", "b": "long", "c": "short"})
    assert frame["run_name"].to_list() == ["long", "short"]
    assert frame["cost_per_qualified_lead"].to_list() == [4, 1]
    with pytest.raises(InvalidInput, match="no pool for"):
        frames.runs_frame(runs, by={"a": "long"})
    for by in ("brief", pd.Series({"a": "long"})):
        with pytest.raises(InvalidInput, match="column of runs_frame"):
            frames.runs_frame(runs, by=by)


def test_a_forecast_belongs_to_the_runs_of_its_call():
    one, two = run("a", judged("s", 20, 100, 10)), run("b", judged("t", 20, 60, 10))
    frame = frames.runs_frame([one, two], more=50)
    assert frame.attrs["origami"]["forecast_of"] == {"more": 50, "run_ids": ["a", "b"]}
    assert frame["chance_cheapest"].sum() == pytest.approx(1)
    alone = frames.runs_frame(one, more=50)
    assert alone["expected_cost"].to_list() == [pytest.approx(500)]
    assert alone["chance_cheapest"].to_list() == [pd.NA]
    assert frame["expected_cost"][0] < alone["expected_cost"][0]


DONE = judged("s", 20, 100, 10)
UNFINISHED = [{**DONE, "cells": {"running": 1}}, {**DONE, "cells": {}}, {**DONE, "leadCount": 26}]
IMPOSSIBLE = [judged("s", 20, 100, 21), judged("s", 20, 0, 10), plain("s", 20, 100)]
NOT_READY = [run("a", DONE, status=status) for status in ("running", "cancelled")]


@pytest.mark.parametrize("of_run", [*NOT_READY, *(run("a", each) for each in (*UNFINISHED, *IMPOSSIBLE))])
def test_there_is_no_forecast_of_a_run_that_is_not_complete(of_run):
    frame = frames.runs_frame(of_run)
    for name in ("expected_cost", "expected_cost_low", "expected_cost_high", "chance_cheapest"):
        assert frame[name].to_list() == [pd.NA], name


def test_a_run_whose_cells_were_stopped_has_no_forecast():
    known = run("a", judged("s", 20, 100, 10))
    for was_stopped in (False, True):
        watched = handle(known)
        watched.credits = SimpleNamespace(by_table={"s": 60}, was_stopped=was_stopped)
        frame = frames.runs_frame(watched)
        # What the handle has measured counts: the table was there before.
        assert frame["cost_per_qualified_lead"].to_list() == [6]
        assert frame["expected_cost"].isna().to_list() == [was_stopped]


@pytest.mark.parametrize("more", [0, -1, 2.5, True, 10**9 + 1, "100", None])
def test_more_must_be_a_number_of_leads(more):
    with pytest.raises(InvalidInput, match="number of qualified leads"):
        frames.runs_frame(payload(), more=more)


def test_what_is_left_to_be_found():
    stats = {"qualification": {"qualifiedLeads": 12, "estimatedQualifiedLeads": 40}}
    known = {**judged("s", 20, 100, 12), "stats": stats}
    assert frames.runs_frame(run("a", known))["leads_left"].to_list() == [28]
    fewer = {"qualification": {**stats["qualification"], "estimatedQualifiedLeads": 11}}
    assert frames.runs_frame(run("a", {**known, "stats": fewer}))["leads_left"].to_list() == [0]
    more = {**known, "stats": {**stats, "hasUnknownTotalWithMore": True}}
    assert frames.runs_frame(run("a", more))["leads_left"].to_list() == [pd.NA]


def test_tables_alone_are_no_runs():
    frame = frames.runs_frame([table(), payload(), table()])
    assert frame["run_id"].to_list() == [payload()["id"]]
    assert frames.runs_frame(changed(payload(), "response.tables", []))["credits_used"].to_list() == [0]
