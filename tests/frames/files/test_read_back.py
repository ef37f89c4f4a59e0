"""Leads that `export` has written come back: `refresh_leads` says what has changed since then."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.row_reader import PartialRows
from tests.frames.listed import columns, lead_table, page
from tests.support.server import answer


def test_a_cell_that_differs_is_named_with_its_text_before_and_after(founders, sandbox, tmp_path):
    (file,) = ow.export(founders, tmp_path / "leads.xlsx")
    book = openpyxl.load_workbook(file)
    sheet = book[founders.tables[0].name[:31]]
    at = {cell.value: cell.column for cell in sheet[1]}
    was, row_id = sheet.cell(2, at["City"]).value, sheet.cell(2, at["row_id"]).value
    sheet.cell(2, at["City"]).value = "Elsewhere"
    gone = sheet.cell(3, at["row_id"]).value
    sheet.cell(3, at["row_id"]).value = "no-such-lead"
    book.save(file)
    found = ow.refresh_leads(file, client=sandbox)
    company = sheet.cell(2, at["Company"]).value
    assert found.cells.to_numpy().tolist() == [[company, "City", "Elsewhere", was, founders.tables[0].id, row_id]]
    assert list(found.cells) == ["lead", "column", "before", "after", "table_id", "row_id"]
    assert found.changed["row_id"].to_list() == [row_id]
    assert found.gone["row_id"].to_list() == ["no-such-lead"]
    assert found.new["row_id"].to_list() == [gone]


def test_other_files_are_refused_with_the_reason(tmp_path, sandbox, founders):
    (without,) = ow.export(founders.tables[0], tmp_path / "without.csv", client=sandbox)
    (tmp_path / "empty.csv").write_bytes(b"")
    pd.DataFrame({"company": ["Acme"]}).to_excel(tmp_path / "other.xlsx")
    for source, cause in {
        without: "without.csv has no column row_id",
        tmp_path / "empty.csv": "no column row_id",
        tmp_path / "other.xlsx": "no column row_id",
        tmp_path / "leads.docx": "another kind of file",
        "~nobody-of-that-name/leads.csv": "nobody-of-that-name",
        5: "Got int",
    }.items():
        with pytest.raises(InvalidInput, match=cause) as caught:
            ow.refresh_leads(source, client=sandbox)
        assert "ids=True" in caught.value.remedy
        assert "can't be read" not in caught.value.cause
    with pytest.raises(InvalidInput, match=r"none\.csv can't be read: No such file"):
        ow.refresh_leads(tmp_path / "none.csv", client=sandbox)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.xlsx", b"hello"),
        ("password.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)),
        ("cut.xlsx", b"PK\x03\x04 and no more"),
        ("text.parquet", b"hello"),
        ("long.csv", b"row_id,table_id\nr1,t1\nr2,t1,x,y\n"),
        ("folder.csv", None),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(tmp_path, client, name, content):
    file = tmp_path / name
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(InvalidInput, match=f"{name} can't be read: ") as caught:
        ow.refresh_leads(file, client=client)
    assert "ids=True" in caught.value.remedy
    with pytest.raises(InvalidInput, match="can't be read"):
        ow.upload(file, key="row_id", client=client)


def test_the_workbook_of_a_batch_has_only_known_columns(tmp_path):
    client = ow.Sandbox(speed=600).client()
    briefs = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
    batch = ow.start_many(briefs, client=client, show=False).wait("cells")
    found = ow.refresh_leads(*ow.export(batch, tmp_path / "batch.xlsx"), client=client)
    assert found.note == ""
    assert set(found.frame["run_name"]) == set(briefs)
    assert "Run" not in found.frame


def test_empty_lines_and_cells_behind_the_heads_are_no_leads(server, tmp_path):
    client = ow.Client("og_live_x", base_url=server.base_url)
    server.plan(answer(lead_table()), columns(company="Company"), page({"id": "r1", "company": "Acme"}))
    file = tmp_path / "leads.csv"
    file.write_text("Company;row_id;table_id\nAcme;r1;t1;\n;;;\n;;;\n", encoding="utf-8")
    found = ow.refresh_leads(file, client=client)
    assert (len(found.frame), found.cells.empty, found.new.empty, found.gone.empty) == (1, True, True, True)


def test_a_file_of_the_users_own_needs_only_the_ids(founders, sandbox, tmp_path):
    leads = ow.leads_frame(founders.tables[0], client=sandbox)
    mine = pd.DataFrame({"row_id": leads["row_id"], "table_id": founders.tables[0].id, "owner": "Ana"})
    mine.to_csv(tmp_path / "mine.csv", index=False)
    found = ow.refresh_leads(str(tmp_path / "mine.csv"), client=sandbox)
    assert len(found.frame) == len(leads)
    assert found.cells.empty


@pytest.mark.parametrize("as_frame", [False, True])
def test_a_csv_for_people_may_have_the_ids_last_and_is_read_back(founders, sandbox, tmp_path, as_frame):
    files = ow.export(founders, tmp_path / "folder", ids=True)
    file = next(each for each in files if each.stem == founders.tables[0].name)
    names = pd.read_csv(file, nrows=0).columns.to_list()
    assert names[:5] == ["Company", "Fit", "Contact e-mail", "Website", "Phone"]
    assert names[-2:] == ["table_id", "row_id"]
    assert "Contact e-mail: confidence" in names[5:-2]
    table = pd.read_csv(file, dtype="string")
    was, table.loc[1, "City"] = table.loc[1, "City"], "Elsewhere"
    table.to_csv(file, index=False)
    found = ow.refresh_leads(pd.read_csv(file) if as_frame else file, client=sandbox)
    row = table.loc[1]
    assert found.cells.to_numpy().tolist() == [
        [row["Company"], "City", "Elsewhere", was, row["table_id"], row["row_id"]]
    ]
    assert list(found.frame) == names
    assert (len(found.new), len(found.gone)) == (0, 0)
    evidence = ow.evidence_frame(table)
    assert evidence["source_url"].notna().any()
    assert evidence["domain"].notna().any()
    assert set(ow.overlap(table, table, on="Company")["found_in"]) == {"both"}


def test_columns_with_the_same_heading_keep_their_names_and_neutral_texts_are_the_same(server, client, tmp_path):
    listed = {"mail": "E-mail", "old-mail": "E-mail", "city": "Town", "town": "City"}
    row = {"id": "r1", **{slug: slug.upper() for slug in listed}, "city": "=HYPERLINK(1)"}
    table, plan = lead_table(), [columns(**listed), page(row, row | {"id": "r2"})]
    server.plan(*plan)
    (file,) = ow.export(table, tmp_path / "leads.csv", client=client, ids=True)
    heads = set(pd.read_csv(file, nrows=0).columns)
    assert {"mail", "old_mail", "Town", "City"} <= heads
    server.plan(answer(table), *plan[:1], page(row | {"town": "Porto"}, row | {"id": "r2"}))
    cells = ow.refresh_leads(file, client=client).cells
    assert cells[["lead", "column", "before", "after"]].to_numpy().tolist() == [["MAIL", "City", "TOWN", "Porto"]]


def test_a_change_is_seen_in_tables_that_head_one_column_in_two_ways(server, client, tmp_path):
    tables = {"t1": columns(company="Company", fit="Fit"), "t2": columns(company="Company", fit="ICP score")}
    rows = {key: {"id": f"r-{key}", "company": key, "fit": "low"} for key in tables}
    server.plan(*(each for key, listed in tables.items() for each in (listed, page(rows[key]))))
    (file,) = ow.export([lead_table(key) for key in tables], tmp_path / "leads.csv", client=client, ids=True)
    now = {key: page({**row, "fit": "high"}) for key, row in rows.items()}
    server.plan(*map(answer, map(lead_table, tables)), *(each for key in tables for each in (tables[key], now[key])))
    cells = ow.refresh_leads(file, client=client).cells
    assert cells[["lead", "before", "after"]].to_numpy().tolist() == [[key, "low", "high"] for key in tables]


def test_leads_that_the_server_did_not_send_are_new_once_it_does(server, client, tmp_path):
    listed, rows = columns(company="Company"), [{"id": f"r{n}", "company": f"Acme {n}"} for n in range(3)]
    server.plan(listed, page(*rows[:2], total=3))
    with pytest.warns(PartialRows, match="sent 2"):
        files = ow.export(lead_table(count=3), tmp_path / "leads", client=client, ids=True)
    server.plan(answer(lead_table(count=3)), listed, page(*rows))
    assert ow.refresh_leads(files[-1], client=client).new["row_id"].to_list() == ["r2"]


@pytest.mark.parametrize("name", ["few.csv", "few.xlsx", "few.parquet"])
def test_columns_that_were_not_read_are_not_called_changed(founders, sandbox, tmp_path, name):
    table = founders.tables[0]
    few = ow.leads_frame(founders, tables=[table.id], columns=["company", "website"])
    ow.export(few, tmp_path / name)
    assert ow.refresh_leads(tmp_path / name, client=sandbox).cells.empty


@pytest.mark.parametrize(("now", "known"), [("Company", True), ("Firm", False)])
@pytest.mark.parametrize("filled", ["Acme", "Broa"])
def test_a_column_is_known_by_todays_heading_if_half_of_its_cells_agree(server, client, tmp_path, now, known, filled):
    rows = [{"id": f"r{n}", "company": name} for n, name in enumerate(["Acme", "Nata"])]
    server.plan(columns(company="Company"), page(*rows))
    (file,) = ow.export(lead_table(count=2), tmp_path / "leads.csv", client=client, ids=True)
    after = [{"id": "r0", "company": filled}, {"id": "r1", "company": "Porto"}]
    server.plan(answer(lead_table(count=2)), columns(company=now), page(*after))
    found = ow.refresh_leads(file, client=client)
    is_known = known and filled == "Acme"
    assert found.cells["after"].to_list() == (["Porto"] if is_known else [])
    assert found.frame["Company"].to_list() == (["Acme", "Porto"] if is_known else ["Acme", "Nata"])
    kept = "Kept and not compared, as not known by name or values: Company."
    assert found.note == ("" if is_known else kept)


@pytest.mark.sweep
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_that_a_spreadsheet_has_saved_again_is_read(server, client, tmp_path, separator, encoding):
    file = tmp_path / "leads.csv"
    lines = [["Company", "note", "row_id", "table_id"], ["Café São", "mine", "r1", "t1"]]
    file.write_text("\r\n".join(map(separator.join, lines)), encoding=encoding, newline="")
    rows = [{"id": f"r{n}", "company": "Café São"} for n in (1, 2)]
    server.plan(answer(lead_table()), columns(company="Company"), page(*rows))
    found = ow.refresh_leads(file, client=client)
    assert found.cells.empty
    assert found.new["row_id"].to_list() == ["r2"]
    assert ("Windows-1252" in found.note) is (encoding == "cp1252")
    assert "1 of 2 leads aren't in what was given" in found.note
    assert "by name or values: note." in found.note
    assert repr(found).startswith("<RefreshedLeads: ")


def test_what_a_spreadsheet_has_rewritten_is_said_once_and_only_changes_are_changed(server, tmp_path):
    client = ow.Client("og_live_x", base_url=server.base_url)
    days = [f"2026-{n:02}-{n + 10}" for n in range(1, 13)]
    rows = [
        {"id": f"r{n}", "zip": f"0{n}123", "price": n + 0.5, "founded": day, "active": n > 2}
        for n, day in enumerate(days)
    ]
    heads = {name: name.title() for name in rows[0] if name != "id"}
    server.plan(columns(**heads), page(*rows))
    (file,) = ow.export(lead_table(count=12), tmp_path / "leads.csv", client=client, ids=True)
    saved = pd.read_csv(file, dtype="string").drop(columns=["run_name", "domain", "qualified"])
    saved["Zip"] = saved["Zip"].str.lstrip("0")
    saved["Price"] = saved["Price"].str.replace(".", ",")
    saved["Founded"] = saved["Founded"].str.replace(r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1", regex=True)
    saved["Active"] = saved["Active"].replace({"True": "WAHR", "False": "FALSCH"})
    saved.to_csv(file, sep=";", index=False)
    now = [*rows[:11], rows[11] | {"active": False}, {"id": "r12", "zip": "06123"}]
    server.plan(answer(lead_table(count=13)), columns(**heads), page(*now))
    found = ow.refresh_leads(file, client=client)
    assert found.cells[["row_id", "column", "before", "after"]].to_numpy().tolist() == [
        ["r11", "Active", "WAHR", "false"]
    ]
    assert found.new["row_id"].to_list() == ["r12"]
    assert found.note == "Rewritten by a spreadsheet, and compared as it writes: Zip, Price, Founded, Active."
