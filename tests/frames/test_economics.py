"""What tables, columns and sources of leads cost, against the formulas written out in plain Python."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets import frames
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.measures import wilson
from tests.frames.payloads import BACKENDS, changed, payload, table, without_stats

COUNT = st.none() | st.integers(0, 400)
PRICE = st.none() | st.floats(0, 50)


def of(**fields):
    """An object without the fields that are None, as the API leaves them out or sends null."""
    return {name: value for name, value in fields.items() if value is not None}


COLUMN = st.builds(
    lambda used, errored, mean, runs: {
        "id": "c",
        "name": "Column",
        "kind": "enrichment",
        "credits": of(lifetimeUsed=used),
        "cells": of(errored=errored),
        "stats": of(avgCreditsPerRun=mean, totalRuns=runs),
    },
    COUNT, COUNT, PRICE, COUNT,
)  # fmt: skip
TABLE = st.builds(
    lambda used, leads, qualified, columns: {
        "object": "table",
        "id": "t",
        "name": "Table",
        "leadCount": leads,
        "credits": of(lifetimeUsed=used),
        "columns": [{**column, "name": f"Column {place}"} for place, column in enumerate(columns)],
        "stats": {"qualification": of(qualifiedLeads=qualified)},
    },
    COUNT, COUNT, COUNT, st.lists(COLUMN, max_size=4),
)  # fmt: skip


def over(part, whole):
    return part / whole if part is not None and whole else None


def product(one, other):
    return None if one is None or other is None else one * other


def least(*values):
    return None if None in values else min(values)


def total(values):
    told = [value for value in values if value is not None]
    return sum(told) if told else None


def same(found, wanted):
    return pd.isna(found) if wanted is None else math.isclose(found, wanted, abs_tol=1e-9)


def wasted(column, qualified):
    used = column["credits"].get("lifetimeUsed")
    mean, runs = column["stats"].get("avgCreditsPerRun"), column["stats"].get("totalRuns")
    errored = least(product(column["cells"].get("errored"), mean), used)
    beyond = None if runs is None or qualified is None else max(0, runs - qualified)
    unqualified = least(product(beyond, mean), used)
    told = [each for each in (errored, unqualified) if each is not None]
    return errored, unqualified, max(told) if told else None


@given(st.lists(TABLE, max_size=3), st.sampled_from(BACKENDS))
@settings(max_examples=150, deadline=None)
def test_columns_and_tables_follow_their_formulas(tables, backend):
    columns = frames.column_economics_frame(tables, dtype_backend=backend).to_dict("records")
    rows = frames.economics_frame(tables, dtype_backend=backend).to_dict("records")
    spent = total(each["credits"].get("lifetimeUsed") for each in tables)
    place = 0
    for given_table, row in zip(tables, rows, strict=True):
        used, leads = given_table["credits"].get("lifetimeUsed"), given_table["leadCount"]
        qualified = given_table["stats"]["qualification"].get("qualifiedLeads")
        in_columns = total(column["credits"].get("lifetimeUsed") for column in given_table["columns"])
        waste = []
        for column in given_table["columns"]:
            found, place = columns[place], place + 1
            own = column["credits"].get("lifetimeUsed")
            waste.append(wasted(column, qualified))
            assert same(found["share_of_spend"], over(own, in_columns))
            assert same(found["credits_per_lead"], over(own, leads))
            assert same(found["credits_per_qualified_lead"], over(own, qualified))
            assert same(found["credits_errored"], waste[-1][0])
            assert same(found["credits_unqualified"], waste[-1][1])
            assert same(found["credits_wasted"], waste[-1][2])
            assert same(found["wasted_share"], over(waste[-1][2], own))
        assert same(row["credits_per_lead"], over(used, leads))
        assert same(row["credits_per_qualified_lead"], over(used, qualified))
        assert same(row["expected_credits"], product(100, over(used, qualified)))
        assert same(row["share_of_spend"], over(used, spent))
        for number, name in enumerate(("credits_errored", "credits_unqualified", "credits_wasted")):
            assert same(row[name], total(each[number] for each in waste))
        if not pd.isna(row["costliest_column"]):
            shares = [over(each["credits"].get("lifetimeUsed"), in_columns) or 0 for each in given_table["columns"]]
            assert row["costliest_column"] == f"Column {shares.index(max(shares))}"
            assert same(row["costliest_column_share"], max(shares))
    assert place == len(columns)


def test_the_table_of_the_documentation():
    (row,) = frames.economics_frame(payload()).to_dict("records")
    assert (row["credits_used"], row["leads"], row["qualified_leads"]) == (57.0, 15, 12)
    assert row["credits_per_lead"] == pytest.approx(3.8)
    assert row["credits_per_qualified_lead"] == pytest.approx(4.75)
    assert row["estimated_credits_per_qualified_lead"] == 4.75
    assert (row["expected_leads"], row["expected_credits"], row["leads_left"]) == (125, 475.0, 28)
    assert (row["costliest_column"], round(row["costliest_column_share"], 3)) == ("Contact e-mail", 0.684)
    # One cell at 3 credits; 13 and 15 executions for 12 leads that qualify, at 3 and 1.2 credits.
    assert (row["credits_errored"], row["credits_unqualified"]) == (3.0, pytest.approx(3 + 3.6))
    assert row["wasted_share"] == pytest.approx(6.6 / 57)


def test_few_leads_give_a_wide_range_and_many_a_narrow_one():
    def spread(qualified, rate):
        stats = {
            "creditsPerQualifiedLead": 4.75,
            "qualification": {"rate": rate, "qualifiedLeads": qualified, "effectiveLeadsPerQualified": 1 / rate},
        }
        (row,) = frames.economics_frame(table() | {"stats": stats}).to_dict("records")
        low, middle, high = (row[f"expected_credits{end}"] for end in ("_low", "", "_high"))
        assert low < middle < high
        return high / low

    assert spread(4, 0.8) > spread(40, 0.8) > spread(4000, 0.8) > 1


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_stays_a_share(one, other):
    successes, trials = sorted((one, other))
    ends = wilson(np.array([float(successes)]), np.array([float(trials)]))
    low, high = (end.item() for end in ends)
    if trials:
        assert -1e-12 <= low <= successes / trials + 1e-12
        assert successes / trials - 1e-12 <= high <= 1 + 1e-12
    else:
        assert math.isnan(low)
        assert math.isnan(high)


def test_a_price_that_the_server_cannot_tell_yet_is_measured():
    (row,) = frames.economics_frame(changed(table(), "stats.creditsPerQualifiedLead", 0)).to_dict("records")
    assert row["expected_credits"] == pytest.approx(475)


def test_without_stats_little_is_known_and_nothing_is_made_up():
    (row,) = frames.economics_frame(without_stats()).to_dict("records")
    known = {name for name, value in row.items() if not pd.isna(value)}
    assert known == {
        *("run_id", "table_id", "table_name", "credits_used", "share_of_spend", "leads", "credits_per_lead", "more"),
        *("costliest_column", "costliest_column_share"),
    }


@pytest.mark.parametrize("more", [0, -1, 1.5, True, "100", None, 10**10])
def test_a_number_of_leads_that_is_none_is_refused(more):
    with pytest.raises(InvalidInput, match=r"economics_frame\(run, more=100\)"):
        frames.economics_frame(payload(), more=more)


def test_twice_as_many_leads_cost_twice_as_much():
    one, two = (frames.economics_frame(payload(), more=more).iloc[0] for more in (50, 100))
    for name in ("expected_credits", "expected_credits_low", "expected_credits_high"):
        assert two[name] == pytest.approx(2 * one[name])


def test_sources_of_leads():
    stats = {
        "funnel": {"totalSourcedLeads": 26},
        "qualification": {"qualifiedLeads": 13},
        "leadSources": [
            {"id": "a", "name": "Directory", "avgCreditsPerLead": 7.75, "totalCredits": 155, "totalLeads": 20},
            {"id": "b", "name": "Job boards", "avgCreditsPerLead": 9.5, "totalCredits": 57, "totalLeads": 6},
            {"id": "c", "name": "Unpriced"},
        ],
    }
    frame = frames.lead_source_economics_frame([table() | {"stats": stats}, table()])
    assert frame["credits_per_qualified_lead"].to_list() == [15.5, 19.0, pd.NA, 3.5]
    assert frame["share_of_leads"].round(3).to_list() == [0.769, 0.231, pd.NA, 1.0]
    assert frame["share_of_spend"].round(3).to_list() == [0.731, 0.269, pd.NA, 1.0]


def test_numbers_beyond_a_float_are_missing():
    run = changed(payload(), "response.tables.0.credits.lifetimeUsed", 10**400)
    frame = frames.economics_frame(run)
    assert frame["credits_used"].isna().to_list() == [True]
    assert frame["credits_per_lead"].isna().to_list() == [True]


def test_a_run_of_the_sandbox_adds_up():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find SaaS founders in Austin", client=client, show=False).wait("cells")
    economics, columns = ow.economics_frame(run), ow.column_economics_frame(run)
    sources = ow.lead_source_economics_frame(run)
    assert economics["share_of_spend"].sum() == pytest.approx(1)
    for frame in (columns, sources):
        shares = frame.groupby("table_id")["share_of_spend"].sum()
        assert shares.to_list() == pytest.approx([1] * len(run.tables))
        used = frame.groupby("table_id")["credits_used"].sum()
        assert used.to_dict() == pytest.approx(dict(zip(economics["table_id"], economics["credits_used"], strict=True)))
    assert (columns["credits_wasted"].fillna(0) <= columns["credits_used"]).all()
    assert economics["credits_per_qualified_lead"].iloc[0] == pytest.approx(
        economics["estimated_credits_per_qualified_lead"].iloc[0], abs=1e-3
    )
