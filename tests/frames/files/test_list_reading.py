"""A list comes as a frame of any library, as dicts or as a file, and goes back in the form of that file."""

from __future__ import annotations

import codecs

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.frames.files.list_reading import as_frame
from tests.support.errors import raises

CELLS = {"Firma": ["Müller & Söhne", "Bäckerei; Anna"], "PLZ": ["03201", "00042"], "Web": ["a.example", "b.example"]}
WRITTEN = {
    "semicolons": (";", "utf-8", b""),
    "commas": (",", "utf-8", b""),
    "tabs": ("\t", "utf-8", b""),
    "a byte order mark": (";", "utf-8", codecs.BOM_UTF8),
    "Windows-1252": (";", "cp1252", b""),
    "UTF-16": ("\t", "utf-16", b""),
}


@pytest.mark.parametrize(("separator", "encoding", "mark"), WRITTEN.values(), ids=WRITTEN)
def test_a_file_goes_back_as_it_came(tmp_path, separator, encoding, mark):
    file = tmp_path / "crm.csv"
    text = pd.DataFrame(CELLS).to_csv(index=False, sep=separator, lineterminator="\r\n")
    file.write_bytes(mark + text.encode(encoding))
    frame = as_frame(file)
    assert frame.to_dict("list") == CELLS
    head, *rows = text.splitlines()
    trailing = tmp_path / "trailing.csv"
    trailing.write_text("\n".join([head, *(row + separator for row in rows)]), encoding="utf-8")
    assert as_frame(trailing).to_dict("list") == CELLS, "cells are under their own headings"
    trailing.write_text(text.replace("\r\n", "\r"), encoding="utf-8", newline="")
    assert as_frame(trailing).to_dict("list") == CELLS, "lines end as on an old Macintosh"
    [written] = ow.export(frame.assign(Phone="0351"), tmp_path / "found.csv")
    again = written.read_bytes()
    assert again[:2] == file.read_bytes()[:2]
    assert again.removeprefix(mark).decode(encoding).splitlines()[0] == separator.join([*CELLS, "Phone"])
    assert as_frame(written).drop(columns="Phone").to_dict("list") == CELLS


def test_what_an_encoding_lacks_is_not_lost(tmp_path):
    file = tmp_path / "crm.csv"
    file.write_bytes(pd.DataFrame(CELLS).to_csv(index=False, sep=";").encode("cp1252"))
    [written] = ow.export(as_frame(file).assign(Name="Łódź 🥐"), tmp_path / "found.csv")
    assert written.read_bytes().startswith(codecs.BOM_UTF8)
    assert as_frame(written)["Name"].to_list() == ["Łódź 🥐"] * 2


def test_a_workbook_keeps_texts(tmp_path):
    pd.DataFrame(CELLS).to_excel(tmp_path / "crm.xlsx", index=False)
    frame = as_frame(str(tmp_path / "crm.xlsx"))
    assert frame.to_dict("list") == CELLS
    [written] = ow.export(frame, tmp_path / "found.xlsx")
    assert as_frame(written).to_dict("list") == CELLS


def test_a_parquet_file_keeps_its_types(tmp_path):
    frame = pd.DataFrame(CELLS | {"Kunde": [7, 8]})
    frame.to_parquet(tmp_path / "crm.parquet")
    pd.testing.assert_frame_equal(as_frame(str(tmp_path / "crm.parquet")), frame)
    (tmp_path / "damaged.parquet").write_text("no Parquet")
    with raises("InvalidInput", match="can't be read"):
        as_frame(tmp_path / "damaged.parquet")


def test_a_table_of_another_library():
    import polars as pl

    given = pl.DataFrame({"website": ["a.example", None], "id": [2**62 + 1, None]})
    client = ow.Sandbox().client()
    with pytest.warns(RuntimeWarning, match="position 1 "):
        table = ow.upload(given, key="website", columns=["id"], client=client)
    with pytest.warns(RuntimeWarning, match="position 1 "):
        found = ow.join_leads(given, table, key="website")
    assert isinstance(found, pd.DataFrame)
    assert found["id"].to_list()[0] == 2**62 + 1
    assert table.counts.rows == 2
    assert table.counts.without_key == 1


@pytest.mark.parametrize("rows", ["1,2,more\n3,4\n", "1,2\n3,4,,more\n", '1,2\n"3\n4",4,,more\n'])
def test_a_cell_behind_the_last_heading_is_an_error_and_not_lost(tmp_path, rows):
    file = tmp_path / "crm.csv"
    file.write_text(f"a,b\n{rows}", encoding="utf-8")
    place = 1 + next(at for at, line in enumerate(file.read_text().splitlines()) if "more" in line)
    with raises("InvalidInput", match=f"crm.csv: line {place} has"):
        as_frame(file)
    file.write_text("a,b\n1,2\n3,4,\n5,6, ,\n", encoding="utf-8")
    assert as_frame(file).to_dict("list") == {"a": ["1", "3", "5"], "b": ["2", "4", "6"]}


@pytest.mark.parametrize("name", ["nowhere.csv", "list.docx", "folder.csv", "broken.xlsx", "empty.csv"])
def test_a_file_that_is_no_list(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "broken.xlsx").write_bytes(b"PK")
    (tmp_path / "empty.csv").write_bytes(b"")
    with raises("InvalidInput") as caught:
        as_frame(tmp_path / name)
    assert caught.value.remedy
