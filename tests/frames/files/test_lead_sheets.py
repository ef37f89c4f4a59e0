"""The workbook of leads, as a person who gets it reads it: openpyxl opens what `export` has written."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.server import answer

FORMULA = "=HYPERLINK(A1)"


@pytest.fixture(scope="module")
def client():
    return ow.Sandbox(speed=600).client()


@pytest.fixture(scope="module")
def run(client):
    return ow.start("Find 20 SaaS founders in Austin", client=client, show=False).wait("cells")


@pytest.fixture(scope="module")
def book(run, tmp_path_factory):
    (file,) = ow.export(run, tmp_path_factory.mktemp("book") / "leads.xlsx")
    return openpyxl.load_workbook(file)


def heads(sheet, *, visible=True):
    """Return the headings of the columns that are in sight, or of those that are not."""
    found = []
    for cell in sheet[1]:
        column = next((each for each in sheet.column_dimensions.values() if each.min <= cell.column <= each.max), None)
        if bool(column and column.hidden) != visible:
            found.append(cell.value)
    return found


def test_names_scores_and_contacts_come_first_and_ids_are_out_of_sight(book, run):
    sheet = book[run.tables[0].name[:31]]
    shown, hidden = heads(sheet), heads(sheet, visible=False)
    assert shown[:5] == ["Company", "Fit", "Contact e-mail", "Website", "Phone"]
    assert not {"row_id", "table_id", "First email"} & set(shown)
    assert {"row_id", "table_id", "Contact e-mail: confidence", "Contact e-mail: reasoning"} <= set(hidden)
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")


def test_addresses_are_links_and_nothing_else_is(book, run, client):
    leads, sheet = ow.rows_frame(run.tables[0], client=client), book[run.tables[0].name[:31]]
    at = {cell.value: cell.column for cell in sheet[1]}
    for row, (website, email) in enumerate(zip(leads["website"], leads["contact-email"], strict=True), start=2):
        link = sheet.cell(row, at["Website"]).hyperlink
        assert link.target == website
        link = sheet.cell(row, at["Contact e-mail"]).hyperlink
        assert (link and link.target) == (None if pd.isna(email) else f"mailto:{email}")
        assert sheet.cell(row, at["Company"]).hyperlink is None


def test_the_summary_counts_as_the_frames_do(book, run, client):
    sheet = book["Summary"]
    rows = {row[0].value: [cell.value for cell in row[1:]] for row in sheet.iter_rows() if row[0].value}
    assert rows["Brief"][0] == run.prompt
    tables, first = ow.tables_frame(run), run.tables[0]
    leads = ow.rows_frame(first, client=client)
    numbers = dict(zip(rows["Table"], rows[first.name], strict=True))
    assert numbers["Leads in this file"] == len(leads)
    assert numbers["Leads found"] == tables["lead_count"][0] > len(leads)
    assert numbers["Qualified"] == tables["qualified_leads"][0]
    assert numbers["With e-mail"] == leads["contact-email"].notna().sum()
    assert numbers["Credits"] == tables["credits_lifetime_used"][0]
    assert rows["Left out"][0].startswith(str(tables["lead_count"][0] - len(leads)))


def test_only_a_table_with_qualified_leads_has_a_price_for_one(book, run):
    tables = ow.tables_frame(run).set_index("table_name")
    heads, *rows = ([cell.value for cell in row] for row in book["Summary"].iter_rows(min_row=summary_top(book)))
    found = {row[0]: dict(zip(heads, row, strict=True)) for row in rows if row[0] in tables.index}
    prices = {name: each["Credits per qualified lead"] for name, each in found.items()}
    assert [price is None for price in prices.values()] == tables["qualified_leads"].isna().to_list() == [False, True]
    # The server estimates both.
    assert tables["credits_per_qualified_lead"].notna().all()


def summary_top(book):
    return next(cell.row for cell in book["Summary"]["A"] if cell.value == "Table")


def test_a_batch_shares_sheets_and_says_which_run(client, tmp_path):
    briefs = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
    batch = ow.start_many(briefs, client=client, show=False).wait("cells")
    (file,) = ow.export(batch, tmp_path / "batch.xlsx")
    made = openpyxl.load_workbook(file)
    assert made.sheetnames[:3] == ["Summary", "Bakeries", "People at Bakeries"]
    assert heads(made["Bakeries"])[:2] == ["Run", "Company"]
    runs = [cell.value for cell in made["Bakeries"]["A"][1:]]
    assert set(runs) == set(briefs)
    assert len(runs) == sum(len(ow.rows_frame(each.tables[0], client=client)) for each in batch.runs)


def test_a_grid_gives_the_leads_that_it_shows(run, tmp_path):
    mailable = [{"column": "contact-email", "operator": "is_not_empty"}]
    (file,) = ow.export(ow.leads(run, filters=mailable), tmp_path / "grid.xlsx")
    sheet = openpyxl.load_workbook(file)["Leads"]
    emails = [cell.value for cell in sheet["C"]]
    assert emails[0] == "Contact e-mail"
    assert None not in emails
    assert len(emails) > 3


def test_a_hostile_cell_is_neither_formula_nor_link(tmp_path, server):
    table = {"object": "table", "id": "t1", "name": "A", "leadCount": 1, "columns": []}
    names = {"company": "Company", "website": "Website", "email": "E-mail"}
    listed = [
        {"object": "column", "id": key, "slug": key, "name": name, "kind": "input"} for key, name in names.items()
    ]
    cells = {"company": FORMULA, "website": "https://acme.example@evil.example/", "email": 'a@b.example"onclick'}
    server.plan(page_of(listed), page_of([{"id": "r1", **cells}]))
    (file,) = ow.export(table, tmp_path / "hostile.xlsx", client=ow.Client("og_live_x", base_url=server.base_url))
    sheet = openpyxl.load_workbook(file)["A"]
    found = [sheet.cell(2, at) for at in (1, 2, 3)]
    assert {cell.value for cell in found} == set(cells.values())
    assert not any(cell.hyperlink for cell in found)
    assert [cell.data_type for cell in found] == ["s"] * 3
    assert next(cell for cell in found if cell.value == FORMULA).quotePrefix


def page_of(items):
    return answer({"object": "list", "items": items, "nextCursor": None, "total": len(items), "url": ""})
