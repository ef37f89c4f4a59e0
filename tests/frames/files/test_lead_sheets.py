"""The workbook of leads, as a person who gets it reads it: openpyxl opens what `export` has written."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.card.view import view_now
from origami_widgets.card.view.run_head import status_words
from origami_widgets.run.state import StoppedCells
from tests.frames.listed import columns, lead_table, page

FORMULA = "=HYPERLINK(A1)"


@pytest.fixture(scope="module")
def book(founders, tmp_path_factory):
    (file,) = ow.export(founders, tmp_path_factory.mktemp("book") / "leads.xlsx")
    return openpyxl.load_workbook(file)


def heads(sheet, *, visible=True):
    """Return the headings of the columns that are in sight, or of those that are not."""
    found = []
    for cell in sheet[1]:
        column = next((each for each in sheet.column_dimensions.values() if each.min <= cell.column <= each.max), None)
        if bool(column and column.hidden) != visible:
            found.append(cell.value)
    return found


def test_names_scores_and_contacts_come_first_and_ids_are_out_of_sight(book, founders):
    sheet = book[founders.tables[0].name[:31]]
    shown, hidden = heads(sheet), heads(sheet, visible=False)
    assert shown[:5] == ["Company", "Fit", "Contact e-mail", "Website", "Phone"]
    assert not {"row_id", "table_id", "First email"} & set(shown)
    assert {"row_id", "table_id", "Contact e-mail: confidence", "Contact e-mail: reasoning"} <= set(hidden)
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")


def test_addresses_are_links_and_nothing_else_is(book, founders):
    leads, sheet = ow.leads_frame(founders.tables[0]), book[founders.tables[0].name[:31]]
    at = {cell.value: cell.column for cell in sheet[1]}
    for row, (website, email) in enumerate(zip(leads["website"], leads["contact_email"], strict=True), start=2):
        link = sheet.cell(row, at["Website"]).hyperlink
        assert link.target == website
        link = sheet.cell(row, at["Contact e-mail"]).hyperlink
        assert (link and link.target) == (None if pd.isna(email) else f"mailto:{email}")
        assert sheet.cell(row, at["Company"]).hyperlink is None


def test_the_summary_counts_as_the_frames_do(book, founders):
    sheet = book["Summary"]
    rows = {row[0].value: [cell.value for cell in row[1:]] for row in sheet.iter_rows() if row[0].value}
    assert rows["Brief"][0] == founders.prompt
    tables, first = ow.tables_frame(founders), founders.tables[0]
    leads = ow.leads_frame(first)
    numbers = dict(zip(rows["Table"], rows[first.name], strict=True))
    assert numbers["Leads in this file"] == len(leads)
    assert numbers["Leads found"] == tables["lead_count"][0] > len(leads)
    assert numbers["Qualified"] == tables["qualified_leads"][0]
    assert numbers["With e-mail"] == leads["contact_email"].notna().sum()
    assert numbers["Credits"] == tables["credits_lifetime_used"][0]
    # As on the card: all credits by all qualified leads, beside the server's price for one table.
    figure = view_now(founders.conversation)["result"]["figures"][2]
    facts = {row[0].value: row[1] for row in sheet.iter_rows(max_row=summary_top(book) - 2)}
    used, price = facts["Credits of these tables"], facts["Credits per qualified lead"]
    assert (f"{used.value}", f"{price.value} per qualified lead") == (figure["value"], figure["note"])
    assert price.number_format == "#,##0.00"
    assert price.value == round(ow.runs_frame(founders)["cost_per_qualified_lead"].iloc[0], 2)
    expected = ow.runs_frame(founders)["expected_cost"].iloc[0]
    assert facts["100 more qualified leads"].value.startswith(f"about {expected:,.0f} credits, ")
    assert rows["Left out"][0].startswith(str(tables["lead_count"][0] - len(leads)))
    assert rows["Personal data"][0].startswith("These leads may name people.")


def test_only_a_table_with_qualified_leads_has_a_price_for_one(book, founders):
    tables = ow.tables_frame(founders).set_index("table_name")
    heads, *rows = ([cell.value for cell in row] for row in book["Summary"].iter_rows(min_row=summary_top(book)))
    found = {row[0]: dict(zip(heads, row, strict=True)) for row in rows if row[0] in tables.index}
    prices = {name: each["Table's credits per qualified lead"] for name, each in found.items()}
    assert [price is None for price in prices.values()] == tables["qualified_leads"].isna().to_list() == [False, True]
    # The server estimates both.
    assert tables["credits_per_qualified_lead"].notna().all()


def test_a_table_without_a_name_is_called_leads(founders, sandbox, tmp_path):
    nameless = founders.tables[0].raw | {"name": None}
    (file,) = ow.export(nameless, tmp_path / "book.xlsx", client=sandbox)
    book = openpyxl.load_workbook(file)
    assert (book.sheetnames, book["Summary"].cell(summary_top(book) + 1, 1).value) == (["Summary", "Leads"], "Leads")


def summary_top(book, head="Table", below=0):
    return next(cell.row for cell in book["Summary"]["A"] if cell.value == head and cell.row > below)


def test_a_batch_shares_sheets_and_says_which_run(cities, tmp_path):
    (file,) = ow.export(cities, tmp_path / "batch.xlsx")
    made = openpyxl.load_workbook(file)
    assert made.sheetnames[:3] == ["Summary", "Bakeries", "People at Bakeries"]
    assert heads(made["Bakeries"])[:2] == ["Run", "Company"]
    runs = [cell.value for cell in made["Bakeries"]["A"][1:]]
    assert set(runs) == set(cities.by_name)
    assert len(runs) == sum(len(ow.leads_frame(each.tables[0])) for each in cities.runs)


def test_the_summary_of_a_batch_has_a_line_for_each_run(cities, tmp_path):
    compared = ow.runs_frame(cities).set_index("run_name")
    for number, source in enumerate((cities, ow.leads(cities))):
        (file,) = ow.export(source, tmp_path / f"{number}.xlsx")
        sheet = openpyxl.load_workbook(file)["Summary"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        top = next(at for at, row in enumerate(rows) if "Brief" in row)
        found = {row[0]: dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 : top + 3]}
        for name, run in cities.by_name.items():
            line = found[name]
            assert (line["Brief"], line["Status"]) == (run.prompt, "Completed")
            assert abs(line["Ended"] - run.state.run.completed_at.replace(tzinfo=None)) < pd.Timedelta(seconds=1)
            assert (line["Leads"], line["Qualified"]) == (run.tables[0].lead_count, compared["qualified_leads"][name])
            assert line["Credits"] == run.state.credits_used
        facts = {row[0]: row[1] for row in rows[:top] if row[0]}
        assert facts["Last one ended"] == max(line["Ended"] for line in found.values())
        used, qualified = (sum(line[name] for line in found.values()) for name in ("Credits", "Qualified"))
        assert facts[["Credits of these tables", "Credits of all tables"][number]] == used
        assert facts["Credits per qualified lead"] == round(used / qualified, 2)
        assert "100 more qualified leads" not in facts
        assert summary_top(openpyxl.load_workbook(file), "Run", top + 3) == top + 5


@pytest.mark.parametrize(
    ("status", "words"), [("cancelled", "Stopped"), ("incomplete", "Stopped early"), ("new", "new")]
)
def test_a_status_is_called_as_on_the_card(founders, sandbox, tmp_path, status, words):
    (file,) = ow.export(founders.state.payload() | {"status": status}, tmp_path / "leads.xlsx", client=sandbox)
    facts = {row[0].value: row[1].value for row in openpyxl.load_workbook(file)["Summary"].iter_rows(max_row=9)}
    assert facts["Run"] == words


def test_a_completed_run_whose_cells_were_stopped_is_called_as_on_the_card(founders, sandbox, tmp_path):
    state = replace(founders.state, stopped=StoppedCells(3))
    run = SimpleNamespace(raw=founders.raw, tables=founders.tables, state=state)
    (file,) = ow.export(run, tmp_path / "leads.xlsx", client=sandbox)
    facts = {row[0].value: row[1].value for row in openpyxl.load_workbook(file)["Summary"].iter_rows(max_row=9)}
    assert facts["Run"] == status_words(state)[0] == "Stopped"


def test_a_grid_gives_the_leads_that_it_shows(founders, tmp_path):
    mailable = [{"column": "contact-email", "operator": "is_not_empty"}]
    (file,) = ow.export(ow.leads(founders, filters=mailable), tmp_path / "grid.xlsx")
    book = openpyxl.load_workbook(file)
    assert book.sheetnames[:2] == ["Summary", "Leads"]
    facts = {row[0].value: row[1].value for row in book["Summary"].iter_rows(max_row=summary_top(book) - 2)}
    assert (facts["Brief"], facts["Run"]) == (founders.prompt, "Completed")
    assert facts["Filters"] == "Contact e-mail is not empty"
    assert facts["Credits of all tables"] == founders.state.credits_used
    assert "by these filters, or" in facts["Left out"]
    heads, numbers = ([cell.value for cell in row] for row in book["Summary"].iter_rows(min_row=summary_top(book)))
    counts = dict(zip(heads, numbers, strict=True))
    assert counts["Table"] == founders.tables[0].name
    assert counts["Leads in this file"] == counts["With e-mail"] == book["Leads"].max_row - 1 < counts["Leads found"]
    sheet = book["Leads"]
    emails = [cell.value for cell in sheet["C"]]
    assert emails[0] == "Contact e-mail"
    assert None not in emails
    assert len(emails) > 3


@pytest.fixture
def exported(server, client, tmp_path):
    """Return what exports one lead with given cells, and gives the sheet with the cells by heading."""

    def export(cells):
        headings = {name.lower().replace(" ", "-"): name for name in cells}
        server.plan(columns(**headings), page({"id": "r1", **{slug: cells[name] for slug, name in headings.items()}}))
        (file,) = ow.export(lead_table(name="A"), tmp_path / "a.xlsx", client=client)
        sheet = openpyxl.load_workbook(file)["A"]
        return sheet, {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}

    return export


def test_a_hostile_cell_is_neither_formula_nor_link(exported):
    cells = {"Company": FORMULA, "Website": "https://acme.example@evil.example/", "E-mail": 'a@b.example"onclick'}
    _, found = exported(cells)
    assert {name: found[name].value for name in cells} == cells
    assert not any(found[name].hyperlink for name in cells)
    assert {found[name].data_type for name in cells} == {"s"}
    assert found["Company"].quotePrefix


AMOUNTS = {"Funding": 7_900_000, "Employees": 48_000, "Loss": -12_500}
NO_AMOUNTS = {"Founded": 2019, "ZIP code": 78_701, "Phone": 15_550_127, "Company id": 123_456_789, "Staff": 26}


def test_large_amounts_have_commas_and_ids_years_and_phone_numbers_have_none(exported):
    _, found = exported({"Company": "Acme", **AMOUNTS, **NO_AMOUNTS, "Revenue": 1_234_567.5})
    assert {found[name].number_format for name in AMOUNTS} == {"#,##0"}
    assert {found[name].number_format for name in NO_AMOUNTS} == {"General"}
    assert found["Revenue"].number_format == "#,##0.00"
    assert {name: found[name].value for name in NO_AMOUNTS} == NO_AMOUNTS


def test_addresses_of_pages_are_links_in_any_column(exported):
    links = {"Profile": "https://people.example/ana", "Careers": "www.acme.example/jobs", "Website": "acme.example"}
    others = {
        "Company": "acme.example",
        "Note": "see https://acme.example",
        "Fake": "https://acme.example@evil.example",
    }
    _, found = exported(others | links)
    assert {name: found[name].value for name in links} == links
    assert [found[name].hyperlink.target.split("://")[0] for name in links] == ["https"] * 3
    assert not any(found[name].hyperlink for name in others)


def test_columns_are_no_wider_than_a_screen_and_long_headings_have_two_lines(exported):
    sheet, _ = exported({"Company": "x" * 500, "A heading that is very much longer": 1})
    assert [round(sheet.column_dimensions[letter].width) for letter in "AB"] == [51, 22]
    assert sheet["B1"].alignment.wrap_text
    assert sheet.row_dimensions[1].height == 30


def test_leads_are_printed_across_one_page_with_their_headings_on_each(book, founders):
    for table in founders.tables:
        sheet = book[table.name[:31]]
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.oddHeader.left.text, sheet.oddFooter.right.text) == ("&A", "Page &P of &N")


def test_facts_of_the_summary_start_beside_their_labels_and_name_their_time_zone(book):
    facts = {row[0].value: row[1] for row in book["Summary"].iter_rows(max_row=summary_top(book) - 2)}
    assert {cell.alignment.horizontal for cell in facts.values()} == {"left"}
    assert {facts[name].number_format for name in ("Ended", "Written")} == {'yyyy-mm-dd hh:mm "UTC"'}
    heads = {cell.value: cell.alignment.horizontal for cell in book["Summary"][summary_top(book)]}
    assert heads["Leads found"] == heads["Table's credits per qualified lead"] == "right"
