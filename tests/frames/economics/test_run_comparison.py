"""Runs beside each other: sums over their tables."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets import frames
from tests.frames.economics.formulas import over, quantile, sum_of
from tests.frames.payloads import changed, payload, table


def run(name, *tables, **fields):
    return {**payload(), "id": name, "response": {"tables": list(tables)}, **fields}


def table_with(table_id, leads, used, qualified=None):
    stats = {} if qualified is None else {"qualification": {"qualifiedLeads": qualified, "rate": qualified / leads}}
    used = {} if used is None else {"credits": {"lifetimeUsed": used}}
    return {"object": "table", "id": table_id, "leadCount": leads, "cells": {"errored": 2}, "stats": stats, **used}


def test_two_runs():
    first = run("lite", table_with("a", 10, 40, 5))
    second = run("max", table_with("b", 20, 100, 16), table_with("c", 5, 20), completedAt="2026-07-21T09:21:28Z")
    frame = frames.compare_runs([first, second])
    assert frame["run_id"].to_list() == ["lite", "max"]
    # The leads of one table, as on the card.
    assert frame["leads"].to_list() == [10, 20]
    assert frame["qualified_leads"].to_list() == [5, 16]
    # The table without verdicts has no part in what is said of those that qualify.
    assert frame["qualified_share"].to_list() == [0.5, 0.8]
    assert frame["credits_per_qualified_lead"].to_list() == [8.0, 6.25]
    assert frame["credits_used"].to_list() == [40, 120]
    assert frame["duration"].to_list() == [223, 446]
    assert frame["shared_tables"].to_list() == [0, 0]
    assert frame["cells_errored"].to_list() == [2, 4]


def test_tables_of_several_runs_are_counted_as_shared():
    frame = frames.compare_runs(
        [run("1", table_with("a", 1, 1)), run("2", table_with("a", 1, 1), table_with("b", 1, 1)), run("3")]
    )
    assert frame["shared_tables"].to_list() == [1, 1, 0]
    assert frame["tables"].to_list() == [1, 2, 0]


def test_a_run_that_is_given_twice_shares_nothing():
    assert frames.compare_runs([run("1", table_with("a", 1, 1))] * 2)["shared_tables"].to_list() == [0, 0]


def test_a_ratio_is_over_the_tables_that_report_both():
    silent = {"object": "table", "id": "s", "credits": {"lifetimeUsed": 1000}}
    frame = frames.compare_runs(
        [
            run("1", silent, table_with("b", 10, 10)),
            run("2", table_with("a", 10, None, 10), table_with("b", 10, 100, 10)),
        ]
    )
    assert frame["credits_per_lead"].to_list() == [1.0, 10.0]
    assert frame["credits_per_qualified_lead"].to_list() == [pd.NA, 10.0]


def test_a_run_without_tables_has_used_nothing():
    row = frames.compare_runs(run("1")).iloc[0]
    assert [row[name] for name in ("tables", "leads", "credits_used", "cells_errored")] == [0] * 4
    assert pd.isna(row["credits_per_lead"])


def test_large_counts_lose_no_digit_and_do_not_turn_around():
    frame = frames.compare_runs(
        [
            run("1", table_with("a", 2**53 + 1, 1)),
            run("2", table_with("a", 2**63 - 1, 1, 2**63 - 1), table_with("b", 2**63 - 1, 1, 2**63 - 1)),
        ]
    )
    assert frame["leads"].to_list() == [2**53 + 1, 2**63 - 1]
    assert frame["qualified_leads"].isna().all()


def test_what_is_missing_stays_missing():
    nothing = changed(payload("running_null"), "id", "nothing")
    frame = frames.compare_runs([nothing, payload()])
    row = frame.iloc[0]
    for name in ("duration", "tables", "shared_tables", "leads", "credits_used", "cells_errored"):
        assert pd.isna(row[name]), name
    assert frame["credits_unqualified"].iloc[1] == pytest.approx(39 * 3 / 15)
    assert frame["credits_unqualified_min"].iloc[1] == 3.0


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
        assert row["credits_unqualified"] == pytest.approx(economics["credits_unqualified"].sum())
        assert row["leads"] == economics["leads"].iloc[0]
    run = runs[0].follow_up("Add opening hours").wait("cells")
    assert ow.compare_runs([run, run])["credits_used"].to_list() == [run.credits.used]


LEADS = st.none() | st.integers(0, 60)
TABLES = st.lists(st.tuples(LEADS, st.none() | st.integers(0, 900), LEADS, LEADS), max_size=3)


@given(runs=st.lists(TABLES, max_size=3), more=st.sampled_from([1, 40]))
def test_sums_prices_and_ranges_by_their_formulas(runs, more):
    given_runs = []
    for number, tables in enumerate(runs):
        made = [
            {
                "object": "table",
                "id": f"{number}-{place}",
                "leadCount": leads,
                "credits": {"lifetimeUsed": used},
                "columns": [{"id": "fit", "qualification": {"total": judged}}],
                "stats": {"qualification": {"qualifiedLeads": qualified}},
            }
            for place, (leads, used, qualified, judged) in enumerate(tables)
        ]
        given_runs.append({**payload(), "id": f"r{number}", "response": {"tables": made, "actions": []}})
    frame = frames.compare_runs(given_runs, more=more)
    assert len(frame) == len(runs)
    for row, tables in zip(frame.to_dict("records"), runs, strict=True):
        # A table whose verdicts contradict each other says nothing about them.
        known = [
            (leads, used, qualified if None in (qualified, judged) or qualified <= judged else None, judged)
            for leads, used, qualified, judged in tables
        ]
        used = sum_of([used for _, used, _, _ in known if used is not None]) if tables else 0
        both = [(used, leads) for leads, used, _, _ in known if None not in (used, leads)]
        verdicts = [(qualified, judged) for _, _, qualified, judged in known if None not in (qualified, judged)]
        good, judged = (sum_of([each[side] for each in verdicts]) if tables else 0 for side in (0, 1))
        priced = [
            (used, leads * qualified / judged)
            for leads, used, qualified, judged in known
            if None not in (leads, used, qualified) and judged
        ]
        price = over(sum_of([each[0] for each in priced]), sum_of([each[1] for each in priced]))
        share = over(good, judged)
        wanted = {
            "credits_used": used,
            "credits_per_lead": over(sum_of([each[0] for each in both]), sum_of([each[1] for each in both])),
            "qualified_share": share,
            "credits_per_qualified_lead": price,
        }
        for end, probability in (("low", 0.02), ("high", 0.99)):
            leads = None if not share or price is None else quantile(more, good, judged, probability)
            wanted[f"credits_per_qualified_lead_{end}"] = None if leads is None else price * share * leads / more
        for name, value in wanted.items():
            assert pd.isna(row[name]) if value is None else row[name] == pytest.approx(value, rel=1e-9), name
