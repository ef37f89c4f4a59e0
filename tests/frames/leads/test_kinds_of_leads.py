"""Leads of people or of companies only, and whether the company of a person qualifies."""

from __future__ import annotations

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.leads.leads_reading import verdicts, with_company_verdicts
from tests.frames.payloads import BACKENDS


def test_only_the_tables_of_companies_are_read(cities):
    companies = ow.leads_frame(cities, of="companies")
    assert set(companies["table_id"]) == {run.tables[0].id for run in cities}
    assert "company_qualified" not in companies
    assert set(ow.leads_frame(cities, of="people")["table_name"]) == {
        "People at Bakeries in Porto",
        "People at Bakeries in Faro",
    }


def test_a_source_without_such_leads_is_refused_with_its_tables(cities):
    with pytest.raises(InvalidInput, match="'Bakeries in Porto' \\(companies\\)") as caught:
        ow.leads_frame(cities.runs[0].tables[0], of="people")
    assert "tables=" in caught.value.remedy
    with pytest.raises(InvalidInput, match="Unknown kind of leads"):
        ow.leads_frame(cities, of="person")


def test_a_lead_qualifies_if_it_was_scored_and_passes(cities):
    run = cities.runs[0]
    passing, every = (ow.leads_frame(run, include_hidden=hidden) for hidden in (False, True))
    companies, people = (each.id for each in run.tables)
    assert passing.loc[passing["table_id"] == companies, "qualified"].to_list() == [True] * 18
    of_companies = every[every["table_id"] == companies]
    assert set(of_companies.loc[of_companies["qualified"], "row_id"]) == set(
        passing.loc[passing["qualified"], "row_id"]
    )
    assert (~of_companies["qualified"]).sum() == run.tables[0].lead_count - 18
    # Nobody judges these.
    assert every.loc[every["table_id"] == people, "qualified"].isna().all()


@pytest.mark.parametrize(
    ("score", "passes", "wanted"),
    [
        (82, lambda _: True, True),
        (12, lambda _: False, False),
        (pd.NA, lambda _: True, None),
        (pd.NA, lambda _: False, None),
        (82, lambda _: None, None),
        (82, None, None),
    ],
    ids=["passes", "fails", "no score, passes", "no score, fails", "unknown", "no saved filters"],
)
def test_qualified_needs_a_score_and_a_saved_filter(score, passes, wanted):
    scored = leads([{"name": "Nata", "fit": score, "domain": None}], ["name", "fit"])
    assert verdicts(scored, "fit", passes) == [wanted]
    assert verdicts(scored, None, passes) == verdicts(scored, "another", passes) == [None]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_person_has_the_verdict_of_the_company_of_the_same_run(cities, backend):
    people = ow.leads_frame(cities, of="people", dtype_backend=backend)
    companies = ow.leads_frame(cities, of="companies", include_hidden=True)
    known = {(row["run_name"], row["company"]): row["qualified"] for row in companies.to_dict("records")}
    wanted = [known[row["run_name"], row["company"]] for row in people.to_dict("records")]
    assert people["company_qualified"].to_list() == wanted
    assert set(wanted) == {True, False}
    chosen = ow.leads_frame(cities, columns=["name", "company_qualified"], of="people")
    assert list(chosen.columns) == ["name", "company_qualified", "table_id", "row_id"]
    assert chosen["company_qualified"].to_list() == wanted


def leads(rows, columns, run="r1"):
    frame = (
        pd.DataFrame(rows)
        .astype({"domain": "string"})
        .assign(table_id="t", row_id=[str(at) for at in range(len(rows))])
    )
    listed = [{"id": name, "column": name, "name": name, "kind": "input"} for name in columns]
    frame.attrs["origami"] = {"tables": [{"table_id": "t", "run_id": run, "table_columns": listed}]}
    return frame


@pytest.mark.parametrize(
    ("company", "domain", "run", "wanted"),
    [
        ("Nata", "nata.pt", "r1", True),
        ("Another", "nata.pt", "r1", True),
        (" NATA ", None, "r1", True),
        ("Broa", "elsewhere.pt", "r1", False),
        ("Two", "two.pt", "r1", None),
        ("Nobody", "nobody.pt", "r1", None),
        (None, None, "r1", None),
        ("Nata", "nata.pt", "r2", None),
        ("New", "new.pt", "r1", None),
    ],
)
def test_exactly_one_company_must_fit(company, domain, run, wanted):
    known = [("Nata", "nata.pt", True), ("Broa", "broa.pt", False), ("New", "new.pt", None)]
    known += [("Two", "two.pt", True), ("Two", "two.pt", False)]
    companies = leads([dict(zip(("company", "domain", "qualified"), each, strict=True)) for each in known], ["company"])
    person = leads([{"name": "Ana", "company": company, "domain": domain}], ["name", "company"], run)
    (found,) = with_company_verdicts(person, companies, "numpy_nullable")["company_qualified"]
    assert pd.isna(found) if wanted is None else bool(found) is wanted
