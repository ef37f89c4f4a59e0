"""`leads_frame` over sockets and in the sandbox: tables one after the other, what is kept when reading ends early, domains."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, RateLimited
from tests.frames.conftest import KEY
from tests.frames.listed import BUSY, about, columns, lead_table, page
from tests.frames.payloads import BACKENDS, handle
from tests.support.server import answer

OURS = ["run_name", "table_name", "domain", "qualified", "table_id", "row_id"]
IDS = ["table_id", "row_id"]


@pytest.fixture(scope="module")
def batch():
    client = ow.Sandbox(speed=600).client()
    cities = {"Porto": "List bakeries in Porto", "Austin": "Find 20 SaaS founders in Austin"}
    return ow.start_many(cities, client=client, show=False).wait("cells")


def test_all_tables_of_a_batch_with_run_table_and_domain(batch):
    seen = []
    leads = ow.leads_frame(batch, progress=lambda rows, total: seen.append((rows, total)))
    assert list(leads.columns[-6:]) == OURS
    assert isinstance(leads.index, pd.RangeIndex)
    assert seen[-1] == (len(leads), len(leads))
    assert about(leads)["complete"]
    for name, run in batch.by_name.items():
        for each in run.tables:
            rows = leads[leads["table_id"] == each.id]
            assert set(rows["table_name"]) <= {each.name}
            assert set(rows["run_name"]) <= {name}
    assert leads["domain"].notna().mean() > 0.5


def test_frames_that_were_read_before_are_stacked_without_a_request(batch, bakeries):
    leads = ow.leads_frame(batch)
    frames = [part.reset_index(drop=True) for _, part in leads.groupby("table_id", sort=False)]
    again = ow.leads_frame(frames)
    pd.testing.assert_frame_equal(again, leads)
    rows = [ow.leads_frame(each) for each in bakeries.tables]
    stacked = ow.leads_frame(rows)
    read = ow.leads_frame(bakeries)
    assert stacked["run_name"].isna().all()
    assert stacked["table_name"].to_list() == read["table_name"].to_list()
    of_run = ["run_name", "qualified"]
    pd.testing.assert_frame_equal(stacked.drop(columns=of_run), read.drop(columns=of_run))
    assert [each["total"] for each in about(stacked)["tables"]] == [each["total"] for each in about(read)["tables"]]


def test_a_follow_ups_tables_are_read_once_by_both_twins():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
    run.follow_up("Add opening hours").wait("cells")
    leads = ow.leads_frame([run, run])
    assert leads["row_id"].is_unique
    assert {each["run_id"] for each in about(leads)["tables"]} == {run.id}
    awaited = asyncio.run(ow.aio.leads_frame([run, run]))
    pd.testing.assert_frame_equal(awaited, leads)
    by_id = ow.leads_frame([each.id for each in run.tables], client=client)
    assert set(by_id["table_name"]) == {each.name for each in run.tables if each.lead_count}
    assert len(ow.leads_frame(run, include_hidden=True)) > len(ow.leads_frame(run))


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_and_dtypes_are_there_without_a_lead(backend):
    empty = ow.leads_frame(handle({"id": "r", "object": "run"}, []), client=ow.Sandbox(), dtype_backend=backend)
    assert list(empty.columns) == OURS
    assert len(set(empty.dtypes.drop("qualified"))) == 1
    chosen = ow.leads_frame(empty, columns=["company", "domain"], dtype_backend=backend)
    assert list(chosen.columns) == ["company", "domain", *IDS]
    assert set(chosen.dtypes) == set(empty.dtypes.drop("qualified"))


def test_after_an_error_all_rows_are_kept(server, client):
    first = (columns("bakery"), page({"id": "r1", "bakery": "Nata"}, {"id": "r2"}, total=2))
    server.plan(*first, columns("bakery", "stars"), page({"id": "r3", "stars": 4}, cursor="a", total=2), *BUSY)
    with pytest.raises(ow.errors.IncompleteRows) as caught:
        ow.leads_frame([lead_table("t1"), lead_table("t2")], client=client)
    error = caught.value
    assert "2 rows of 1 of 2 tables, and 1 of 2 rows" in str(error)
    assert isinstance(error.__cause__, RateLimited)
    partial = error.partial
    assert partial["row_id"].to_list() == ["r1", "r2", "r3"]
    assert (about(partial)["complete"], bool(about(partial)["stopped"])) == (False, True)


def test_columns_called_as_ours_get_a_suffix_with_their_parts(server, client):
    cell = {"email": "ana@nata.pt", "confidence": "high"}
    domain = "https://www.nata.pt/en"
    rows = page({"id": "r1", "qualified": cell, "domain": domain, "website": "facebook.com/nata"}, total=1)
    server.plan(columns("qualified", "domain", "website"), rows)
    leads = ow.leads_frame(lead_table("t1"), client=client)
    assert list(leads.columns[:3]) == ["qualified_2", "qualified_2_confidence", "qualified_2_found"]
    assert leads["domain_2"].to_list() == ["https://www.nata.pt/en"]
    assert leads["domain"].to_list() == ["nata.pt"]
    listed = about(leads)["tables"][0]["table_columns"]
    assert [each["column"] for each in listed] == ["qualified_2", "domain_2", "website"]


def test_links_to_other_sites_do_not_come_before_an_e_mail(server, client):
    links = {"job_url": "https://jobs.blog/1", "news-url": "https://daily.blog/1", "googleMapsUrl": "https://g.blog/1"}
    rows = page(
        {"id": "r1", **links, "bakery_url": "https://list.blog/1", "email": "ana@nata.pt"},
        {"id": "r2", **links, "bakery_url": "https://broa.pt", "email": "ana@gmail.com"},
        {"id": "r3", **links, "company_url": "https://pao.pt", "email": "ana@nata.pt"},
        {"id": "r4", **links},
        total=4,
    )
    server.plan(columns(*links, "bakery_url", "company_url", "email"), rows)
    assert ow.leads_frame(lead_table("t1"), client=client)["domain"].to_list() == [
        "nata.pt",
        "broa.pt",
        "pao.pt",
        pd.NA,
    ]


@pytest.mark.parametrize(
    ("source", "options"),
    [
        *((source, {}) for source in ([pd.DataFrame({"row_id": ["1"]}), lead_table()], pd.DataFrame({"x": [1]}), 7)),
        *((source, {}) for source in ("a word", [lead_table(), None])),
        *(
            (lead_table(), {name: "x"})
            for name in ("filters", "flatten", "progress", "tables", "dtype_backend", "limit")
        ),
        *((lead_table(), {name: value}) for name, value in {"client": KEY, "progress": 7, "limit": -1}.items()),
    ],
)
def test_what_cannot_be_read_sends_nothing(server, client, source, options):
    with pytest.raises(InvalidInput):
        ow.leads_frame(source, **{"client": client, **options})
    assert server.requests == []


def test_columns_are_chosen_and_what_is_missing_is_named(bakeries):
    run, whole = bakeries, ow.leads_frame(bakeries)
    few = ow.leads_frame(run, columns=["contact_email", "contact_email_confidence", "company"])
    assert few.columns.to_list() == ["contact_email", "contact_email_confidence", "company", *IDS]
    pd.testing.assert_frame_equal(few, whole[few.columns.to_list()])
    assert ow.leads_frame(whole, columns=["company"]).columns.to_list() == ["company", *IDS]
    named = ["table_name", "row_id", "contact_email_reasoning", "phone"]
    assert ow.leads_frame(run, columns=named).columns.to_list() == [*named, "table_id"]
    with pytest.raises(InvalidInput, match="No such column") as caught:
        ow.leads_frame(run, columns=["contact-mail"])
    assert "Did you mean 'contact_email'?" in caught.value.remedy
    assert ow.leads_frame(whole, columns=few.columns).columns.to_list() == few.columns.to_list()
    for given in ("company", 7, [7]):
        with pytest.raises(InvalidInput, match="must be a list") as caught:
            ow.leads_frame(run, columns=given)
        assert caught.value.remedy.endswith('columns=["company"].' if given == "company" else 'columns=["…"].')


def test_a_lead_that_was_not_judged_yet_is_neither_qualified_nor_not(server, client):
    score = {"object": "column", "id": "fit", "name": "Fit", "slug": "fit", "kind": "score"}
    judged = {**lead_table("t1"), "columns": [score], "stats": {"qualification": {"rate": 0.5, "qualifiedLeads": 1}}}
    counts = page({"id": "r1"}, total=1), page({"id": "r1"}, total=3)
    rows = page({"id": "r1", "fit": 90}, {"id": "r2", "fit": 10}, {"id": "r3"}, total=3)
    server.plan(columns("fit"), rows, *counts, answer(judged), page({"id": "r1"}, total=1))
    leads = ow.leads_frame(judged, client=client, include_hidden=True)
    assert leads["qualified"].to_list() == [True, False, pd.NA]


def test_only_the_tables_that_are_named_are_read(batch):
    names = [run.tables[0].name for run in batch]
    assert set(ow.leads_frame(batch, tables=names)["table_name"]) == set(names)
    first = batch.runs[0].tables[0]
    assert set(ow.leads_frame(batch, tables=[first.id])["table_id"]) == {first.id}
    with pytest.raises(InvalidInput, match="None of these tables"):
        ow.leads_frame(batch, tables=["Butchers"])


def test_a_column_that_some_tables_lack_is_refused_before_any_is_read(client, server):
    first, second = (
        lead_table(name) | {"columns": [{"slug": slug}]} for name, slug in (("1", "fit-now"), ("2", "role"))
    )
    for given in ({"filters": [{"column": "fit_now", "operator": "is_empty"}]}, {"sort": {"column": "fit-now"}}):
        with pytest.raises(InvalidInput, match=r"(?s)'Table 2' has no column 'fit.now'.*tables=\['Table 1'\]"):
            ow.leads_frame([first, second], client=client, **given)
    assert server.requests == []
