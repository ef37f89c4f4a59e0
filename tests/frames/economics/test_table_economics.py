"""What the numbers of a table say about its leads and credits, by hand."""

import pandas as pd
import pytest

from origami_widgets import frames
from tests.frames.payloads import BACKENDS, changed, payload, table, without_stats


def column(name, kind="enrichment", **fields):
    return {"id": name, "name": name, "kind": kind, **fields}


def given_table(*columns, qualified=12, rate=0.5, leads=20):
    stats = {"qualification": {"qualifiedLeads": qualified, "rate": rate}}
    return {"object": "table", "id": "t", "leadCount": leads, "columns": list(columns), "stats": stats}


FIT = column(
    "fit", "score", credits={"lifetimeUsed": 20}, qualification={"pass": 12, "fail": 6, "unsure": 2, "total": 20}
)
MAIL, LETTER, NEWS = (
    column("mail", credits={"lifetimeUsed": 60}),
    column("letter", "sequence", credits={"lifetimeUsed": 24}, stats={"totalRuns": 12}),
    column("news", credits={}),
)


OTHER_LETTER = {**LETTER, "stats": {"totalRuns": 13}}
OTHER_FIT = {**FIT, "qualification": {"pass": 5, "fail": 5, "total": 10}}
SHARES = [20 / 104, 60 / 104, 24 / 104]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("made", "spent", "shares", "of_columns"),
    [
        # What was done for leads that don't fit, but for letters, which only those that fit were sent.
        ([FIT, MAIL, LETTER], 18, SHARES, [None, 18, 0]),
        ([FIT, MAIL, OTHER_LETTER], 25.2, SHARES, [None, 18, 7.2]),
        ([FIT, MAIL, NEWS], None, [None] * 3, [None, 18, None]),
        # Without a column of verdicts, they are counted by the rate.
        ([MAIL], None, [1], [None]),
        ([], None, [], []),
        # What has used nothing has spent nothing on anybody, and the column with the most verdicts counts.
        ([{**MAIL, "credits": {"lifetimeUsed": 0}}], 0, [None], [None]),
        ([FIT, OTHER_FIT, MAIL], 18, [0.2, 0.2, 0.6], [None, None, 18]),
    ],
)
def test_credits_and_shares(backend, made, spent, shares, of_columns):
    columns = frames.columns_frame(given_table(*made), dtype_backend=backend)
    (row,) = frames.tables_frame(given_table(*made), dtype_backend=backend).to_dict("records")
    found = (row["judged_leads"], row["qualified_share"], row["credits_on_unqualified"])
    for values, wanted in (
        (found, (*((20, 0.6) if FIT in made else (24, 0.5)), spent)),
        (columns["share_of_table_credits"], shares),
        (columns["credits_on_unqualified"], of_columns),
    ):
        assert [None if pd.isna(value) else value for value in values] == pytest.approx(list(wanted))


@pytest.mark.parametrize("contradiction", [{"leads": 19}, {"qualified": 21}])
def test_of_numbers_that_contradict_each_other_nothing_is_computed(contradiction):
    table = given_table(FIT, MAIL, **contradiction)
    assert frames.tables_frame(table)["credits_on_unqualified"].isna().all() == ("leads" in contradiction)
    assert frames.tables_frame(table)["qualified_share"].isna().all() == ("qualified" in contradiction)


@pytest.mark.parametrize(("passed", "rate"), [(12, 0.6), (21, None), (0, 0)])
def test_the_share_of_good_verdicts(passed, rate):
    fit = {**FIT, "qualification": {**FIT["qualification"], "pass": passed}}
    (found,) = frames.columns_frame(given_table(fit))["qualification_pass_rate"]
    assert (None if pd.isna(found) else found) == rate


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


KINDS = {
    "companies": ("Company, Website, City", "Name, Website", "Bakery, Web site, Fit"),
    "people": (
        "Full name, Company, E-mail",
        "Name, Organization",
        "First name, Last name, companyName",
        "Founder, Company",
    ),
    None: ("Full name, E-mail", "Full name, Website", "Title, City", ""),
}


@pytest.mark.parametrize(("headings", "wanted"), [(each, kind) for kind, several in KINDS.items() for each in several])
def test_what_the_leads_of_a_table_are(headings, wanted):
    columns = [{"id": str(at), "name": name, "kind": "input"} for at, name in enumerate(headings.split(", "))]
    frame = frames.tables_frame({"object": "table", "id": "t", "columns": columns})
    (found,) = frame["of"]
    assert pd.isna(found) if wanted is None else found == wanted
    assert frame["of"].cat.categories.to_list() == ["people", "companies"]


def test_a_run_of_the_api():
    (row,) = frames.tables_frame(payload()).to_dict("records")
    assert pd.isna(row["of"])
    assert (row["judged_leads"], row["qualified_share"]) == (15, 0.8)


def test_the_column_count_needs_a_list():
    tables = [table(), *(changed(table(), "columns", columns) for columns in ([], None, {}))]
    assert frames.tables_frame(tables)["column_count"].to_list() == [3, 0, pd.NA, pd.NA]
