"""What tables, columns and sources of leads cost, against the formulas written out in plain Python."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets import frames
from origami_widgets.api.errors import InvalidInput
from tests.frames.payloads import BACKENDS, changed, payload, table, without_stats

COUNT = st.none() | st.integers(0, 400)
PRICE = st.none() | st.floats(0, 50)


def of(**fields):
    """An object without the fields that are None, as the API leaves them out or sends null."""
    return {name: value for name, value in fields.items() if value is not None}


SHARE = st.none() | st.floats(0.001, 1) | st.just(0.0)
COLUMN = st.builds(
    lambda used, errored, mean, rate, runs, kind, verdicts: {
        "id": "c",
        "name": "Column",
        "kind": kind,
        "credits": of(lifetimeUsed=used),
        "cells": of(errored=errored),
        "stats": of(avgCreditsPerRun=mean, callRate=rate, totalRuns=runs),
        **of(qualification=verdicts),
    },
    COUNT, COUNT, PRICE, SHARE, COUNT, st.sampled_from(["enrichment", "sequence"]), st.none() | st.builds(lambda n, m: {"fail": n, "total": n + m}, st.integers(0, 40), st.integers(0, 40)),
)  # fmt: skip
TABLE = st.builds(
    lambda used, leads, qualified, rate, columns: {
        "object": "table",
        "id": "t",
        "name": "Table",
        "leadCount": leads,
        "credits": of(lifetimeUsed=used),
        "columns": [{**column, "name": f"Column {place}"} for place, column in enumerate(columns)],
        "stats": {"qualification": of(qualifiedLeads=qualified, rate=rate)},
    },
    COUNT, COUNT, COUNT, SHARE, st.lists(COLUMN, max_size=4),
)  # fmt: skip


def over(part, whole):
    return part / whole if part is not None and whole else None


def product(*values):
    return None if None in values else math.prod(values)


def total(values):
    result = [value for value in values if value is not None]
    return sum(result) if result else None


def same(found, wanted):
    return pd.isna(found) if wanted is None else math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def verdicts(column):
    return column.get("qualification", {}).get("total")


def judged(table):
    result = [verdicts(column) for column in table["columns"] if verdicts(column) is not None]
    stats = table["stats"]["qualification"]
    implied = over(stats.get("qualifiedLeads"), stats.get("rate"))
    return max(result) if result else None if implied is None else round(implied)


def errored(column):
    cells, mean = column["cells"].get("errored"), column["stats"].get("avgCreditsPerRun")
    if cells == 0:
        return 0
    price, used = product(cells, mean), column["credits"].get("lifetimeUsed")
    return None if None in (price, used) else min(price, used)


def unqualified(column, table):
    """What is expected, and what is certain."""
    leads, qualified = table["leadCount"], table["stats"]["qualification"].get("qualifiedLeads")
    rate, mean, runs = (column["stats"].get(name) for name in ("callRate", "avgCreditsPerRun", "totalRuns"))
    used = column["credits"].get("lifetimeUsed")
    if verdicts(column) is not None or None in (leads, qualified, judged(table)) or contradicts_itself(table):
        return None, None
    unfit = judged(table) - qualified
    ran = None if rate is None else min([round(rate * leads), *([] if runs is None else [runs])])
    # By hand: of so many leads it ran for, at most all that are not unfit were others.
    least = None if None in (ran, mean, used) else min(max(ran - (leads - unfit), 0) * mean, used)
    if used is None or not leads:
        return None, least
    is_after = ran is not None and column["kind"] == "sequence" and ran <= qualified
    return max(0 if is_after else used * unfit / leads, least or 0), least


def contradicts_itself(table):
    qualified = table["stats"]["qualification"].get("qualifiedLeads")
    if judged(table) is None:
        return False
    return judged(table) > (table["leadCount"] or 0) or judged(table) < (qualified or 0)


def all_of(values, columns):
    """The sum over the columns that have spent, or do not say; None as soon as one of them is not known."""
    wanted = [value for value, each in zip(values, columns, strict=True) if each["credits"].get("lifetimeUsed") != 0]
    return None if None in wanted or not wanted else sum(wanted)


@given(st.lists(TABLE, max_size=3), st.sampled_from(BACKENDS))
def test_columns_and_tables_follow_their_formulas(tables, backend):
    tables = [{**each, "id": f"t{place}"} for place, each in enumerate(tables)]
    columns = frames.column_economics_frame(tables, dtype_backend=backend).to_dict("records")
    rows = frames.economics_frame(tables, dtype_backend=backend).to_dict("records")
    spent = total(each["credits"].get("lifetimeUsed") for each in tables)
    place = 0
    for given_table, row in zip(tables, rows, strict=True):
        used, leads = given_table["credits"].get("lifetimeUsed"), given_table["leadCount"]
        qualified = given_table["stats"]["qualification"].get("qualifiedLeads")
        share = None if judged_too_few(given_table) else over(qualified, judged(given_table))
        own_columns = given_table["columns"]
        spent_by_column = [column["credits"].get("lifetimeUsed") for column in own_columns]
        in_columns = None if None in spent_by_column else sum(spent_by_column)
        for column in own_columns:
            found, place = columns[place], place + 1
            own = column["credits"].get("lifetimeUsed")
            assert same(found["share_of_spend"], over(own, in_columns))
            assert same(found["credits_per_lead"], over(own, leads))
            assert same(found["credits_per_qualified_lead"], over(over(own, leads), share))
            assert same(found["errored_rate"], over(column["cells"].get("errored"), leads))
            assert same(found["fail_rate"], over(column.get("qualification", {}).get("fail"), verdicts(column)))
            assert same(found["credits_errored"], errored(column))
            expected, least = unqualified(column, given_table)
            assert same(found["credits_unqualified"], expected)
            assert same(found["credits_unqualified_min"], least)
            assert same(found["unqualified_share"], over(expected, own))
        assert same(row["judged_leads"], judged(given_table))
        assert same(row["qualified_share"], share)
        assert same(row["credits_per_lead"], over(used, leads))
        price = over(over(used, leads), share)
        assert same(row["credits_per_qualified_lead"], price)
        assert same(row["expected_credits"], product(100, price))
        assert same(row["share_of_spend"], over(used, spent))
        assert same(row["credits_errored"], all_of([errored(each) for each in own_columns], own_columns))
        without = [each for each in own_columns if verdicts(each) is None]
        expected, least = (
            zip(*(unqualified(each, given_table) for each in without), strict=True) if without else ((), ())
        )
        assert same(row["credits_unqualified"], all_of(expected, without))
        assert same(row["credits_unqualified_min"], all_of(least, without))
        low, middle, high = (row[f"expected_credits{end}"] for end in ("_low", "", "_high"))
        assert pd.isna(middle) or low <= middle * (1 + 1e-9) <= high * (1 + 2e-9)
        if not pd.isna(row["costliest_column"]):
            shares = [over(each["credits"].get("lifetimeUsed"), in_columns) or 0 for each in own_columns]
            assert row["costliest_column"] == f"Column {shares.index(max(shares))}"
            assert same(row["costliest_column_share"], max(shares))
    assert place == len(columns)


def judged_too_few(table):
    """More leads qualify than were judged: the server contradicts itself."""
    qualified = table["stats"]["qualification"].get("qualifiedLeads")
    return qualified is not None and judged(table) is not None and judged(table) < qualified


def test_the_table_of_the_documentation():
    (row,) = frames.economics_frame(payload()).to_dict("records")
    assert (row["credits_used"], row["leads"], row["judged_leads"], row["qualified_leads"]) == (57.0, 15, 15, 12)
    assert row["credits_per_lead"] == pytest.approx(3.8)
    assert row["credits_per_qualified_lead"] == pytest.approx(4.75)
    assert row["estimated_credits_per_qualified_lead"] == 4.75
    assert (row["expected_leads"], row["leads_left"], row["cells_running"]) == (125, 28, 2)
    assert row["expected_credits"] == pytest.approx(475)
    assert (row["costliest_column"], round(row["costliest_column_share"], 3)) == ("Contact e-mail", 0.684)
    # One cell at 3 credits. It ran for 13 of 15 leads, of which 3 are unfit: for at least one of these, at 3 credits.
    assert row["credits_errored"] == 3.0
    assert row["credits_unqualified_min"] == 13 * 3 - 12 * 3
    # As far as it ran for fit and unfit ones alike, three of fifteen leads have a fifth of its credits.
    assert row["credits_unqualified"] == pytest.approx(39 / 5)


def test_leads_without_verdict_do_not_make_a_stopped_run_dear():
    now = 1_784_625_242.0
    client = ow.Sandbox(clock=lambda: now).client()
    agents = [client.create_agent("Find 40 bakeries in Porto. scenario:settled").agent.id for _ in range(2)]
    now += 65
    client.cancel(agents[1])
    for filling in client.list_agent_tables(agents[1]):
        client.cancel_cells(filling.id)
    now += 600
    all_judged, few = (ow.economics_frame(ow.attach(agent, client=client, show=False)).iloc[0] for agent in agents)
    assert all_judged["judged_leads"] == all_judged["leads"]
    assert 0 < few["judged_leads"] < few["leads"] / 2
    assert few["credits_per_qualified_lead"] < 2 * all_judged["credits_per_qualified_lead"]
    assert 0 <= few["credits_unqualified_min"] <= few["credits_unqualified"]
    assert few["credits_unqualified"] <= (few["judged_leads"] - few["qualified_leads"]) * few["credits_per_lead"]


@pytest.mark.parametrize("scenario", ["completed", "cancelled", "incomplete", "errored"])
def test_no_column_is_said_to_have_run_for_more_unfit_leads_than_it_has(scenario):
    client = ow.Sandbox(speed=600).client()
    run = ow.start(f"Find 40 bakeries in Porto. scenario:{scenario}", client=client, show=False).wait("cells")
    first = run.tables[0]
    fitting = set(ow.rows_frame(first, client=client)["row_id"])
    leads = ow.rows_frame(first, client=client, include_hidden=True)
    others = leads[~leads["row_id"].isin(fitting)]
    columns = ow.columns_frame(run).merge(
        ow.column_economics_frame(run), on=["table_id", "column_id"], suffixes=("", "_")
    )
    columns = columns[(columns["table_id"] == first.id) & columns["credits_unqualified_min"].notna()]
    checked = 0
    for column in columns.to_dict("records"):
        flags = f"{column['slug']}.found"
        if flags in leads and column["avg_credits_per_run"]:
            counted = column["credits_unqualified_min"] / column["avg_credits_per_run"]
            # A cell that failed has run, too, and says nothing.
            assert counted <= others[flags].notna().sum() + column["cells_errored"] + 0.1
            checked += 1
    assert checked >= 2 or scenario == "incomplete"


@pytest.mark.parametrize(("kind", "expected"), [("enrichment", 10.0), ("sequence", 0.0)])
def test_only_outreach_counts_as_for_qualified_leads(kind, expected):
    """40 leads, of which 30 qualify; a column ran for 30 leads at 1.33 credits, for whichever of them."""
    column = {"id": "c", "kind": kind, "credits": {"lifetimeUsed": 40}, "stats": {"callRate": 0.75, "totalRuns": 30}}
    verdicts = {"id": "v", "kind": "score", "qualification": {"pass": 30, "fail": 10, "unsure": 0, "total": 40}}
    table = {"object": "table", "id": "t", "leadCount": 40, "columns": [column, verdicts]}
    table["stats"] = {"qualification": {"qualifiedLeads": 30, "rate": 0.75}}
    assert frames.column_economics_frame(table)["credits_unqualified"].to_list() == [expected, pd.NA]


def test_what_is_expected_is_right_on_average_and_ranks_columns():
    """In the sandbox some columns run for some leads only; which of them did so for unfit ones is counted in the leads."""
    counted, expected, certain = [], [], []
    for seed in range(6):
        client = ow.Sandbox(seed=seed, speed=600).client()
        run = ow.start("Find 60 bakeries in Porto", client=client, show=False).wait("cells")
        fitting = set(ow.rows_frame(run.tables[0], client=client)["row_id"])
        leads = ow.rows_frame(run.tables[0], client=client, include_hidden=True)
        others = leads[~leads["row_id"].isin(fitting)]
        columns = ow.columns_frame(run).merge(
            ow.column_economics_frame(run), on=["table_id", "column_id"], suffixes=("", "_")
        )
        some = columns[(columns["table_id"] == run.tables[0].id) & columns["call_rate"].between(0.01, 0.99)]
        for column in some.to_dict("records"):
            ran = others[f"{column['slug']}.found"].notna().sum()
            counted.append(ran * column["avg_credits_per_run"])
            expected.append(column["credits_unqualified"])
            certain.append(column["credits_unqualified_min"])
    assert len(counted) >= 10
    assert sum(expected) == pytest.approx(sum(counted), rel=0.2)
    assert sum(certain) < 0.5 * sum(counted)
    assert all(least <= right + 1e-9 for least, right in zip(certain, counted, strict=True))
    assert np.corrcoef(expected, counted)[0, 1] > 0.9


def test_more_verdicts_of_a_kind_than_verdicts_give_no_rate():
    source = {
        "object": "table",
        "id": "t",
        "columns": [{"id": "fit", "qualification": {"pass": 9, "fail": 8, "total": 5}}],
    }
    result, columns = frames.column_economics_frame(source), frames.columns_frame(source)
    assert result["fail_rate"].isna().all()
    assert columns["qualification_pass_rate"].isna().all()
    assert all("note" in frame.attrs["origami"] for frame in (result, columns))


def contradicting(qualified=12, judged_leads=15, leads=15, used=39, **stats):
    columns = [
        {"id": "mail", "kind": "enrichment", "credits": {"lifetimeUsed": used},
         "stats": {"avgCreditsPerRun": 3, "callRate": 0.8667, "totalRuns": 13, **stats}},
        {"id": "fit", "kind": "score", "credits": {"lifetimeUsed": 15}, "qualification": {"total": judged_leads}},
    ]  # fmt: skip
    return {
        "object": "table",
        "id": "t",
        "leadCount": leads,
        "credits": {"lifetimeUsed": 54},
        "columns": columns,
        "stats": {"qualification": {"qualifiedLeads": qualified}},
    }


OF_VERDICTS = ("credits_unqualified", "credits_unqualified_min")
OF_SHARE = ("qualified_share", "credits_per_qualified_lead", "expected_credits", "expected_credits_low", "expected_credits_high")  # fmt: skip
CONTRADICTIONS = {
    "nothing": (contradicting(), ()),
    "more qualify than were judged": (contradicting(qualified=65), OF_SHARE + OF_VERDICTS),
    "more were judged than there are": (contradicting(leads=13), OF_VERDICTS),
    "credits below zero": (contradicting(used=-5), OF_VERDICTS),
    "a share above one": (contradicting(callRate=1.2), ("credits_unqualified_min",)),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("source", "missing"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_cannot_be_true_makes_nothing_up_and_is_noted(source, missing, backend):
    frame = frames.economics_frame(source, dtype_backend=backend)
    assert [name for name in OF_SHARE + OF_VERDICTS if pd.isna(frame[name][0])] == list(missing)
    assert ("note" in frame.attrs["origami"]) is bool(missing)
    columns = frames.column_economics_frame(source, dtype_backend=backend)
    assert ("note" in columns.attrs["origami"]) is bool(missing)
    assert all(pd.isna(columns[name][0]) for name in missing if name in columns)


@pytest.mark.parametrize("field", ["credits.lifetimeUsed", "columns.0.credits.lifetimeUsed", "leadCount"])
def test_negative_numbers_make_no_share_above_one_and_no_negative_price(field):
    source = changed(contradicting(), field, -5)
    columns = frames.column_economics_frame([source])
    assert columns["share_of_spend"].dropna().between(0, 1).all()
    every = [
        frames.economics_frame([source, table()]),
        columns,
        frames.compare_runs({**payload(), "response": {"tables": [source]}}),
    ]
    for frame in every:
        numbers = frame.drop(columns=["credits_used", "leads"], errors="ignore").select_dtypes("number")
        assert not (numbers.fillna(0) < 0).any(axis=None)
        # What a column has cost is no part of what its table says.
        assert "note" in frame.attrs["origami"] or (frame is columns and field == "credits.lifetimeUsed")


def test_without_stats_little_is_known_and_nothing_is_made_up():
    (row,) = frames.economics_frame(without_stats()).to_dict("records")
    known = {name for name, value in row.items() if not pd.isna(value)}
    assert known == {
        *("run_id", "table_id", "table_name", "credits_used", "share_of_spend", "cells_running", "leads"),
        *("credits_per_lead", "more", "costliest_column", "costliest_column_share"),
    }


def test_a_table_without_verdicts_has_no_price_per_qualified_lead():
    source = changed(payload(), "response.tables.0.stats.qualification", None)
    del source["response"]["tables"][0]["columns"][2]["qualification"]
    (row,) = frames.economics_frame(source).to_dict("records")
    for name in ("judged_leads", "qualified_share", "expected_leads", "expected_credits", "credits_unqualified"):
        assert pd.isna(row[name]), name


def test_one_column_with_unknown_credits_makes_the_sum_unknown():
    silent = {"id": "a", "name": "Silent", "credits": {"lifetimeUsed": 300}, "cells": {"errored": 50}}
    fine = {"id": "b", "name": "Fine", "credits": {"lifetimeUsed": 10}, "cells": {"errored": 0}}
    free = {"id": "c", "name": "Free", "credits": {"lifetimeUsed": 0}}
    one, other = ({"object": "table", "id": "t", "columns": columns} for columns in ([silent, fine], [fine, free]))
    assert frames.economics_frame([one, other])["credits_errored"].to_list() == [pd.NA, 0.0]


def test_leads_that_are_left():
    def left(estimated, qualified, more=None):
        stats = {
            "qualification": {"estimatedQualifiedLeads": estimated, "qualifiedLeads": qualified},
            **of(hasUnknownTotalWithMore=more),
        }
        return frames.economics_frame(table() | {"stats": stats})["leads_left"][0]

    assert left(40, 12) == 28
    assert left(40, 12, more=False) == 28
    assert left(10, 12) == 0
    assert pd.isna(left(40, 12, more=True))
    assert left(2**53 + 1, 10) == 2**53 - 9


def test_a_table_that_is_given_twice_counts_once():
    early, late = table(), table() | {"credits": {"lifetimeUsed": 114}}
    other = table() | {"id": "other", "credits": {"lifetimeUsed": 114}}
    assert frames.economics_frame([early, other, late])["share_of_spend"].to_list() == [0.25, 0.5, 0.5]


@pytest.mark.parametrize("more", [0, -1, 1.5, True, "100", None, 10**10])
def test_a_number_of_leads_that_is_none_is_refused(more):
    with pytest.raises(InvalidInput, match=r"economics_frame\(run, more=100\)"):
        frames.economics_frame(payload(), more=more)


def test_twice_as_many_leads_cost_twice_as_much():
    one, two = (frames.economics_frame(payload(), more=more).iloc[0] for more in (np.int64(50), 100))
    assert two["expected_credits"] == pytest.approx(2 * one["expected_credits"])
    assert (one["more"], two["more"]) == (50, 100)


def test_sources_of_leads():
    stats = {
        "funnel": {"totalSourcedLeads": 26},
        "qualification": {"qualifiedLeads": 13, "rate": 0.65},
        "leadSources": [
            {"id": "a", "name": "Directory", "avgCreditsPerLead": 7.75, "totalCredits": 155, "totalLeads": 20},
            {"id": "b", "name": "Job boards", "avgCreditsPerLead": 9.5, "totalCredits": 57, "totalLeads": 6},
            {"id": "c", "name": "Unpriced"},
            {"id": "d", "name": "Without a mean", "totalCredits": 12, "totalLeads": 4},
        ],
    }
    source = table() | {"stats": stats, "columns": [], "leadCount": 20}
    frame = frames.lead_source_economics_frame([source, table()])
    assert frame["credits_per_lead"].to_list() == [7.75, 9.5, pd.NA, 3.0, 2.0]
    assert frame["credits_per_qualified_lead"].round(6).to_list() == [15.5, 19.0, pd.NA, 6.0, 3.5]
    assert frame["share_of_leads"].round(3).to_list() == [0.667, 0.2, pd.NA, 0.133, 1.0]
    assert frame["share_of_spend"].round(3).to_list() == [0.692, 0.254, pd.NA, 0.054, 1.0]


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
    # All leads of the sandbox are judged in the end, so the two prices are the same.
    assert economics["credits_per_qualified_lead"].iloc[0] == pytest.approx(
        economics["estimated_credits_per_qualified_lead"].iloc[0], abs=1e-3
    )
