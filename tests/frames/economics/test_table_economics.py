"""What the numbers of a table say about its leads and credits, against the formulas written out in plain Python."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets import frames
from tests.frames.payloads import BACKENDS, changed, payload, table, without_stats

COUNT = st.none() | st.integers(0, 400)
VERDICTS = st.none() | st.builds(
    lambda good, bad, unsure: {"pass": good, "fail": bad, "unsure": unsure, "total": good + bad + unsure},
    *[st.integers(0, 40)] * 3,
)


def of(**fields):
    """An object without the fields that are None, as the API leaves them out or sends null."""
    return {name: value for name, value in fields.items() if value is not None}


COLUMN = st.builds(
    lambda used, runs, kind, verdicts: {
        "id": "c",
        "name": "Column",
        "kind": kind,
        "credits": of(lifetimeUsed=used),
        "stats": of(totalRuns=runs),
        **of(qualification=verdicts),
    },
    COUNT, COUNT, st.sampled_from(["enrichment", "sequence"]), VERDICTS,
)  # fmt: skip
TABLE = st.builds(
    lambda leads, qualified, rate, columns: {
        "object": "table",
        "id": "t",
        "leadCount": leads,
        "columns": columns,
        "stats": {"qualification": of(qualifiedLeads=qualified, rate=rate)},
    },
    COUNT, COUNT, st.none() | st.floats(0.001, 1) | st.just(0.0), st.lists(COLUMN, max_size=4),
)  # fmt: skip


def same(found, wanted):
    return pd.isna(found) if wanted is None else math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def judged(given_table):
    totals = [each["qualification"]["total"] for each in given_table["columns"] if "qualification" in each]
    stats = given_table["stats"]["qualification"]
    if totals:
        return max(totals)
    if stats.get("rate") and "qualifiedLeads" in stats:
        return round(stats["qualifiedLeads"] / stats["rate"])
    return None


def spent_on_unqualified(column, given_table):
    judges = [each["qualification"] for each in given_table["columns"] if "qualification" in each]
    leads, used = given_table["leadCount"], column["credits"].get("lifetimeUsed")
    if "qualification" in column or not judges or not leads or used is None or judged(given_table) > leads:
        return None
    most = max(judges, key=lambda each: each["total"])
    runs, qualified = column["stats"].get("totalRuns"), given_table["stats"]["qualification"].get("qualifiedLeads")
    is_known = None not in (runs, qualified) and qualified <= judged(given_table)
    is_after = column["kind"] == "sequence" and is_known and runs <= qualified
    return 0 if is_after else used * most["fail"] / leads


@given(TABLE, st.sampled_from(BACKENDS))
def test_columns_and_tables_follow_their_formulas(given_table, backend):
    columns = frames.columns_frame(given_table, dtype_backend=backend).to_dict("records")
    (row,) = frames.tables_frame(given_table, dtype_backend=backend).to_dict("records")
    qualified = given_table["stats"]["qualification"].get("qualifiedLeads")
    whole = judged(given_table)
    assert same(row["judged_leads"], whole)
    assert same(
        row["qualified_share"], qualified / whole if whole and qualified is not None and qualified <= whole else None
    )
    used = [each["credits"].get("lifetimeUsed") for each in given_table["columns"]]
    spent = []
    for column, each in zip(given_table["columns"], columns, strict=True):
        own = column["credits"].get("lifetimeUsed")
        assert same(each["share_of_table_credits"], None if None in used or not sum(used) else own / sum(used))
        wanted = spent_on_unqualified(column, given_table)
        assert same(each["credits_on_unqualified"], wanted)
        if "qualification" not in column and own != 0:
            spent.append(wanted)
        counts = column.get("qualification", {"pass": 0, "total": 0})
        assert same(each["qualification_pass_rate"], counts["pass"] / counts["total"] if counts["total"] else None)
    assert same(row["credits_on_unqualified"], None if None in spent or not columns else sum(spent))


def test_unsure_leads_are_not_counted_as_unfit():
    column = {"id": "m", "kind": "enrichment", "credits": {"lifetimeUsed": 312}}
    fit = {"id": "f", "kind": "score", "qualification": {"pass": 0, "fail": 45, "unsure": 111, "total": 156}}
    given_table = {"object": "table", "id": "t", "leadCount": 156, "columns": [column, fit]}
    frame = frames.columns_frame(given_table)
    assert frame["credits_on_unqualified"].to_list() == [90, pd.NA]
    assert frame["qualification_unsure"].to_list() == [pd.NA, 111]


@pytest.mark.parametrize(
    ("path", "value"),
    [("columns.2.qualification.total", 16), ("stats.qualification.qualifiedLeads", 16), ("credits.lifetimeUsed", -1)],
)
def test_numbers_that_contradict_each_other_are_noted(path, value):
    given_table = changed(table(), path, value)
    frame = frames.tables_frame(given_table)
    is_read = path == "credits.lifetimeUsed"
    assert ("note" in frame.attrs["origami"]) is not is_read
    assert "note" not in frames.tables_frame(table()).attrs["origami"]


def test_without_stats_nothing_is_computed():
    frame = frames.tables_frame(without_stats())
    for name in ("judged_leads", "qualified_share", "credits_on_unqualified"):
        assert frame[name].isna().all(), name
    assert frames.runs_frame(without_stats())["cost_per_qualified_lead"].isna().all()


@pytest.mark.parametrize(
    ("headings", "wanted"),
    [
        (["Company", "Website", "City"], "companies"),
        (["Name", "Website"], "companies"),
        (["Bakery", "Web site", "Fit"], "companies"),
        (["Full name", "Company", "E-mail"], "people"),
        (["Name", "Organization"], "people"),
        (["First name", "Last name", "companyName"], "people"),
        (["Founder", "Company"], "people"),
        (["Full name", "E-mail"], None),
        (["Full name", "Website"], None),
        (["Title", "City"], None),
        ([], None),
    ],
)
def test_what_the_leads_of_a_table_are(headings, wanted):
    columns = [{"id": str(at), "name": name, "kind": "input"} for at, name in enumerate(headings)]
    frame = frames.tables_frame({"object": "table", "id": "t", "columns": columns})
    (found,) = frame["of"]
    assert pd.isna(found) if wanted is None else found == wanted
    assert frame["of"].cat.categories.to_list() == ["people", "companies"]


def test_a_run_of_the_api():
    (row,) = frames.tables_frame(payload()).to_dict("records")
    assert pd.isna(row["of"])
    assert (row["judged_leads"], row["qualified_share"]) == (15, 0.8)
