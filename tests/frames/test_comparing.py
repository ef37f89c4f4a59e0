"""Runs beside each other: sums over their tables, and how they differ from the first."""

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets import frames
from tests.frames.payloads import changed, payload, table


def run(name, *tables, **fields):
    return {**payload(), "id": name, "response": {"tables": list(tables)}, **fields}


def told(table_id, leads, used, qualified=None):
    stats = {} if qualified is None else {"qualification": {"qualifiedLeads": qualified}}
    return table() | {"id": table_id, "leadCount": leads, "credits": {"lifetimeUsed": used}, "stats": stats}


def test_two_runs():
    first = run("lite", told("a", 10, 40, 5))
    second = run("max", told("b", 20, 100, 16), told("c", 5, 20), completedAt="2026-07-21T09:21:28Z")
    frame = frames.compare_runs([first, second])
    assert frame["run_id"].to_list() == ["lite", "max"]
    assert frame["leads"].to_list() == [10, 25]
    assert frame["qualified_leads"].to_list() == [5, 16]
    # The table without verdicts has no part in what is said of those that qualify.
    assert frame["qualified_share"].to_list() == [0.5, 0.8]
    assert frame["credits_per_qualified_lead"].to_list() == [8.0, 6.25]
    assert frame["credits_used"].to_list() == [40, 120]
    assert frame["credits_used_change"].to_list() == [0, 2]
    assert frame["leads_change"].to_list() == [0, 1.5]
    assert frame["duration"].to_list() == [223, 446]
    assert frame["duration_change"].to_list() == [0, 1]
    assert frame["credits_per_qualified_lead_change"].to_list() == [0, pytest.approx(-0.21875)]
    assert frame["shared_tables"].to_list() == [0, 0]


def test_tables_of_several_runs_are_told():
    frame = frames.compare_runs([run("1", told("a", 1, 1)), run("2", told("a", 1, 1), told("b", 1, 1)), run("3")])
    assert frame["shared_tables"].to_list() == [1, 1, 0]
    assert frame["tables"].to_list() == [1, 2, 0]


def test_what_is_missing_stays_missing():
    nothing = changed(payload("running_null"), "id", "nothing")
    frame = frames.compare_runs([nothing, payload()])
    row = frame.iloc[0]
    for name in ("duration", "tables", "shared_tables", "leads", "credits_used", "cells_errored", "leads_change"):
        assert pd.isna(row[name]), name
    assert pd.isna(frame["leads_change"][1])
    assert frame["credits_wasted"].iloc[1] == pytest.approx(6.6)


def test_tables_alone_are_nothing_to_compare():
    frame = frames.compare_runs([table(), payload(), table()])
    assert frame["run_id"].to_list() == [payload()["id"]]
    assert frame["leads"].to_list() == [15]


def test_runs_of_the_sandbox():
    client = ow.Sandbox(speed=600).client()
    briefs = ("Find bakeries in Porto", "Find 40 SaaS founders in Austin")
    runs = [ow.start(brief, client=client, show=False).wait("cells") for brief in briefs]
    frame = ow.compare_runs(runs)
    assert frame["prompt"].to_list() == list(briefs)
    for each, row in zip(runs, frame.to_dict("records"), strict=True):
        economics = ow.economics_frame(each)
        assert row["credits_used"] == economics["credits_used"].sum()
        assert row["credits_wasted"] == pytest.approx(economics["credits_wasted"].sum())
        assert row["leads"] == economics["leads"].sum()
    then = runs[0].follow_up("Add opening hours").wait("cells")
    assert (ow.compare_runs([runs[0], then])["shared_tables"] > 0).all()
