"""The formulas of the documentation on generated answers: sources of leads, prices of more leads, runs that share tables."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets import frames
from tests.frames.economics.formulas import over, quantile, sum_of

COUNT = st.none() | st.integers(0, 60)
PRICE = st.none() | st.floats(0, 50)


def agrees(found, wanted):
    return pd.isna(found) if wanted is None else found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def known(values):
    return [value for value in values if value is not None]


@given(
    sources=st.lists(st.tuples(COUNT, COUNT, PRICE), max_size=4),
    leads=COUNT, sourced=COUNT, qualified=COUNT, judged=COUNT,
)  # fmt: skip
def test_sources_of_leads(sources, leads, sourced, qualified, judged):
    table = {
        "object": "table",
        "id": "t",
        "leadCount": leads,
        "columns": [{"id": "fit", "qualification": {"total": judged}}],
        "stats": {
            "funnel": {"totalSourcedLeads": sourced},
            "qualification": {"qualifiedLeads": qualified},
            "leadSources": [
                {"id": str(place), "totalCredits": used, "totalLeads": found, "avgCreditsPerLead": mean}
                for place, (used, found, mean) in enumerate(sources)
            ],
        },
    }
    frame = frames.lead_source_economics_frame(table)
    assert len(frame) == len(sources)
    is_possible = None not in (qualified, judged) and qualified <= judged
    share = over(qualified, judged) if is_possible else None
    kept = None if None in (leads, share) else leads * share
    per_qualified = over(sourced, kept)
    for row, (used, found, mean) in zip(frame.to_dict("records"), sources, strict=True):
        price = over(used, found) if mean is None else mean
        assert agrees(row["share_of_leads"], over(found, sum_of(known(each[1] for each in sources))))
        assert agrees(row["share_of_spend"], over(used, sum_of(known(each[0] for each in sources))))
        assert agrees(row["credits_per_lead"], price)
        assert agrees(
            row["credits_per_qualified_lead"], None if None in (price, per_qualified) else price * per_qualified
        )


@given(
    used=COUNT, leads=COUNT, qualified=COUNT, judged=COUNT, estimated=COUNT, passed=COUNT, has_more=st.booleans(),
    more=st.sampled_from([1, 7, 40]),
)  # fmt: skip
def test_the_price_of_more_leads_and_how_many_are_left(
    used, leads, qualified, judged, estimated, passed, has_more, more
):
    verdicts = {"pass": passed, "total": judged}
    table = {
        "object": "table",
        "id": "t",
        "leadCount": leads,
        "credits": {"lifetimeUsed": used},
        "columns": [{"id": "fit", "qualification": verdicts}],
        "stats": {
            "hasUnknownTotalWithMore": has_more,
            "qualification": {"qualifiedLeads": qualified, "estimatedQualifiedLeads": estimated},
        },
    }
    (row,) = frames.economics_frame(table, more=more).to_dict("records")
    is_possible = None not in (qualified, judged) and qualified <= judged
    share, per_lead = over(qualified, judged) if is_possible else None, over(used, leads)
    assert agrees(row["expected_leads"], math.ceil(round(more / share, 6)) if share else None)
    assert agrees(row["expected_credits"], more * per_lead / share if share and per_lead is not None else None)
    ends = {"low": 0.02 if qualified else 0.01, "high": 0.99}
    for end, probability in ends.items():
        is_known = is_possible and judged and per_lead is not None and (qualified or end == "low")
        needed = quantile(more, qualified, judged, probability) if is_known else None
        assert agrees(row[f"expected_credits_{end}"], needed and needed * per_lead), end
    left = None if None in (estimated, qualified) or has_more else max(0, estimated - qualified)
    assert agrees(row["leads_left"], left)
    (column,) = frames.columns_frame(table).to_dict("records")
    is_share = None not in (passed, judged) and passed <= judged
    assert agrees(column["qualification_pass_rate"], over(passed, judged) if is_share else None)


DAY = datetime(2026, 7, 21, 9, tzinfo=UTC)
AT = st.none() | st.integers(0, 5)
RUNS = st.lists(
    st.tuples(
        AT, AT, st.lists(st.tuples(st.sampled_from("abc"), AT, COUNT), max_size=3, unique_by=lambda each: each[0])
    ),
    max_size=4,
)


def moment(hours):
    return None if hours is None else (DAY + timedelta(hours=hours)).isoformat()


@given(runs=RUNS, questions=st.integers(0, 2))
def test_runs_that_share_tables(runs, questions):
    sources = [
        {
            "object": "run",
            "id": f"r{number}",
            "status": "completed",
            "startedAt": moment(began),
            "completedAt": moment(ended),
            "todo": {"pendingQuestions": [{"question": "?"}] * questions},
            "response": {
                "actions": [],
                "tables": [
                    {
                        "object": "table",
                        "id": name,
                        "createdAt": moment(made),
                        "leadCount": used,
                        "credits": {"lifetimeUsed": used},
                    }
                    for name, made, used in tables
                ],
            },
        }
        for number, (began, ended, tables) in enumerate(runs)
    ]
    compared, alone = (frame(sources).to_dict("records") for frame in (frames.compare_runs, frames.runs_frame))
    for row, of_run, (began, ended, tables) in zip(compared, alone, runs, strict=True):
        duration = None if None in (began, ended) else (ended - began) * 3600
        used = sum_of(known(each[2] for each in tables)) if tables else 0
        others = [name for _, _, listed in runs if listed is not tables for name, _, _ in listed]
        assert agrees(row["duration"], duration)
        assert agrees(of_run["duration"], duration)
        # Without verdicts, the first table counts.
        for name, expected in (("leads", tables[0][2] if tables else 0), ("credits_used", used)):
            assert agrees(row[name], expected)
            assert agrees(of_run[name], expected)
        assert (row["tables"], of_run["tables"], of_run["questions"]) == (len(tables), len(tables), questions)
        assert row["shared_tables"] == sum(name in others for name, _, _ in tables)


def test_economics_of_the_sandbox_follow_from_its_tables():
    client = ow.Sandbox(seed=3, speed=600).client()
    batch = ow.start_many({"a": "Find 30 bakeries in Porto", "b": "List florists in Faro"}, client=client, show=False)
    batch.wait("cells")
    tables = [table for run in batch for table in run.tables]
    economics = ow.economics_frame(batch, more=10).to_dict("records")
    spent = sum(table.credits.lifetime_used for table in tables)
    for row, table in zip(economics, tables, strict=True):
        used, leads = table.credits.lifetime_used, table.lead_count
        assert row["share_of_spend"] == pytest.approx(used / spent)
        assert row["credits_per_lead"] == pytest.approx(used / leads)
        verdicts = [column.qualification.total for column in table.columns if column.qualification is not None]
        if not verdicts:
            assert pd.isna(row["expected_credits"])
            continue
        good, judged = table.stats.qualification.qualified_leads, max(verdicts)
        assert row["expected_credits"] == pytest.approx(10 * used / leads * judged / good)
        assert row["expected_credits_low"] == pytest.approx(used / leads * quantile(10, good, judged, 0.02))
        assert row["expected_credits_high"] == pytest.approx(used / leads * quantile(10, good, judged, 0.99))
