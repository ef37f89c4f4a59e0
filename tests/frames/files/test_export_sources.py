"""What `export` makes of its source: all frames, leads read on the way."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.export_parts import FRAMES
from tests.frames.listed import columns, lead_table, page
from tests.frames.payloads import payload, table
from tests.support.server import answer

COLUMNS = columns(bakery="Bakery")


def rows(*names, cursor=None):
    return page(*({"id": f"r {name}", "bakery": name} for name in names), cursor=cursor)


def paths(server):
    return [request.path.partition("/tables/")[2] for request in server.requests]


def test_a_frame_without_rows_is_written_with_its_headings(tmp_path):
    files = ow.export(table(), tmp_path, what="frames")
    assert [file.stem for file in files] == list(FRAMES)
    for file, maker in zip(files, FRAMES.values(), strict=True):
        assert list(pd.read_csv(file).columns) == list(maker(table()).columns)
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 0
    assert len(pd.read_csv(tmp_path / "tables.csv")) == 1


def test_an_iterator_fills_every_frame(tmp_path):
    ow.export(iter([payload()]), tmp_path, what="frames")
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 1
    assert len(pd.read_csv(tmp_path / "columns.csv")) == len(ow.columns_frame(payload()))
    ow.export({1: payload()}.values(), tmp_path / "values", what="frames")
    assert len(pd.read_csv(tmp_path / "values" / "actions.csv")) == len(ow.actions_frame(payload()))


def test_everything_begins_with_the_leads_and_has_no_empty_sheet(tmp_path, bakeries):
    (book,) = ow.export(bakeries, tmp_path / "book.xlsx", what="everything")
    tables = [each.name[:31] for each in bakeries.tables]
    sheets = openpyxl.load_workbook(book)
    assert sheets.sheetnames[:3] == ["Summary", *tables]
    assert set(sheets.sheetnames[3:]) <= {f"{name}_" if name == "history" else name for name in FRAMES}
    assert all(sheet.max_row > 1 for sheet in sheets)
    files = ow.export(bakeries, tmp_path / "files", format="parquet")
    back = pd.read_parquet(files[1])
    expected = ow.leads_frame(bakeries.tables[0])
    assert back.columns.to_list() == list(expected.columns)
    assert len(back) == len(expected) == back.attrs["origami"]["rows"]
    assert sheets[tables[0]].max_row == len(expected) + 1


def test_each_table_is_read_once_and_equal_names_get_numbers(tmp_path, server, client):
    server.plan(COLUMNS, rows("one"), COLUMNS, rows("two"), COLUMNS, rows("three"))
    files = ow.export(
        [
            lead_table("t1", 1, name="Tables"),
            lead_table("t2", 1, name="B/C"),
            lead_table("t2", 1, name="B/C"),
            lead_table("t3", 1, name="b_c"),
        ],
        tmp_path,
        client=client,
    )
    assert [file.name for file in files] == ["Summary.csv", "Tables.csv", "B_C.csv", "b_c_2.csv"]
    assert [pd.read_csv(file)["Bakery"][0] for file in files[1:]] == ["one", "two", "three"]
    assert paths(server) == [f"t{table}/{what}" for table in (1, 2, 3) for what in ("columns", "rows")]


def test_nothing_is_sent_where_nothing_could_be_written(tmp_path, server, client):
    (tmp_path / "A.csv").write_bytes(b"mine")
    with pytest.raises(InvalidInput, match=r"A\.csv already exists"):
        ow.export(lead_table("t1", 1, name="A"), tmp_path, client=client)
    assert server.requests == []
    ow.export(lead_table("t1", 1, name="A"), tmp_path / "b", what="frames", client=client)
    assert server.requests == []


def test_an_error_on_the_way_says_what_was_read_and_leaves_nothing(tmp_path, server, client):
    gone = answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404)
    server.plan(COLUMNS, rows("one", "two"), COLUMNS, rows("secret", cursor="a"), gone)
    with pytest.raises(ow.errors.IncompleteRows) as caught:
        ow.export([lead_table("t1", 1, name="A"), lead_table("t2", 1, name="B")], tmp_path / "out", client=client)
    assert caught.value.partial["bakery"].to_list() == ["secret"]
    (note,) = [note for note in caught.value.__notes__ if "Nothing was written" in note]
    assert note == "The table was 'B'. Nothing was written. Read before it: 'A' (2 rows)."
    assert "secret" not in str(caught.value) + str(caught.value.__notes__)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_single_frame_may_be_a_single_file(tmp_path, kind):
    file = tmp_path / f"leads.{kind}"
    assert ow.export(pd.DataFrame({"a": [1]}), file) == [file]
    assert (pd.read_csv if kind == "csv" else pd.read_parquet)(file)["a"].to_list() == [1]
    with pytest.raises(InvalidInput, match="one frame"):
        ow.export(payload(), tmp_path / f"run.{kind}", what="frames")
    (tmp_path / f"folder.{kind}").mkdir()
    (inside,) = ow.export(pd.DataFrame({"a": [1]}), tmp_path / f"folder.{kind}", format=kind)
    assert inside == tmp_path / f"folder.{kind}" / f"frame.{kind}"


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("book.xls", {}, ".xlsx. For a web page"),
        ("book.ods", {}, ".xlsx. For a web page"),
        ("leads.json", {}, ".xlsx. For a web page"),
        ("book", {"format": "xlsx"}, "ends in .xlsx"),
        ("book.xlsx", {"format": "csv"}, "ends in .xlsx"),
        ("leads.csv", {"format": "parquet"}, "ends in .xlsx"),
        ("out", {"format": "html"}, "in .html for a web page"),
        ("page.html", {"format": "csv"}, "in .html for a web page"),
        ("out", {"format": "docx"}, 'Use format="xlsx"'),
    ],
)
def test_a_path_and_a_format_that_cannot_be_meant_are_refused(tmp_path, path, options, words):
    with pytest.raises(InvalidInput, match=words):
        ow.export(pd.DataFrame({"a": [1]}), tmp_path / path, **options)
    assert list(tmp_path.iterdir()) == []


def test_what_is_nothing_to_export_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="export"):
        ow.export("agent/run", tmp_path)
    with pytest.raises(InvalidInput, match=r"(?s)export can't read this.*Got DataFrame of polars"):
        ow.export(pl.DataFrame({"a": [1]}), tmp_path / "leads.csv")


def test_a_named_index_becomes_columns_and_another_is_left_out(tmp_path):
    frame = pd.DataFrame({"kind": ["a", "a", "b"], "n": [1, 2, 3]})
    grouped = frame.groupby("kind").sum()
    grouped.attrs["origami"] = {"frame": "columns_frame"}
    (file,) = ow.export(grouped, tmp_path / "named", format="parquet")
    assert file.name == "columns.parquet"
    back = pd.read_parquet(file)
    assert back.to_dict("list") == {"kind": ["a", "b"], "n": [3, 3]}
    assert back.attrs == grouped.attrs
    ow.export(frame[frame["n"] > 1], tmp_path / "rest")
    assert pd.read_csv(tmp_path / "rest" / "frame.csv").to_dict("list") == {"kind": ["a", "b"], "n": [2, 3]}


def test_columns_that_are_there_twice_and_names_that_are_no_text(tmp_path):
    frame = pd.DataFrame([[1, "=x"]], columns=["a", "a"])
    (file,) = ow.export(frame, tmp_path / "csv")
    assert file.read_text(encoding="utf-8-sig") == "a,a\n1,'=x\n"
    (book,) = ow.export(frame, tmp_path / "book.xlsx")
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(book).active] == [["a", "a"], [1, "=x"]]
    with pytest.raises(InvalidInput, match="unique column names"):
        ow.export(frame, tmp_path / "parquet", format="parquet")
    (file,) = ow.export(pd.DataFrame({1: [2]}), tmp_path / "numbers", format="parquet")
    assert pq.read_schema(file).names == ["1"]


def test_what_only_python_has_is_in_one_cell_or_refused(tmp_path):
    frame = pd.DataFrame(
        {
            "pairs": pd.interval_range(0, 2),
            "paid": [Decimal("1.5"), Decimal("NaN")],
            "most": [Decimal(2), Decimal("Infinity")],
            "tags": [{"a", "b"}, frozenset()],
            "last": [1, 2],
        }
    )
    (file,) = ow.export(frame, tmp_path / "frame.csv")
    back = pd.read_csv(file)
    assert back[["last", "pairs"]].to_numpy().tolist() == [[1, "(0, 1]"], [2, "(1, 2]"]]
    assert back["paid"].isna().to_list() == [False, True]
    back = pd.read_parquet(*ow.export(frame, tmp_path / "frame.parquet"))
    assert (back["paid"].to_list(), back["most"].to_list()) == ([Decimal("1.5"), None], ['"2"', '"Infinity"'])
    for column in (np.array([1j, 2]), pd.arrays.SparseArray([0, 1])):
        with pytest.raises(InvalidInput, match=r"(?s)can't hold one of the columns.*strange"):
            ow.export(pd.DataFrame({"strange": column}), tmp_path / "other.parquet")
    assert len([*tmp_path.iterdir()]) == 2


def test_parquet_of_objects_is_json_and_texts_are_texts(tmp_path):
    day = dt.date(2026, 1, 2)
    frame = pd.DataFrame(
        {
            "texts": pd.Series(["a", None, "\ud83d"], dtype=object),
            "days": pd.Series([day, None, day], dtype=object),
            "mixed": pd.Series([{"n": 2**70}, "x", None], dtype=object),
            "nested": pd.Series([["a", {"b": np.int64(1)}], [], float("nan")], dtype=object),
        }
    )
    frame.attrs = {"when": day, "n": 1}
    (file,) = ow.export(frame, tmp_path, format="parquet")
    back = pd.read_parquet(file)
    assert back.attrs == {"when": "2026-01-02", "n": 1, "json_columns": ["mixed", "nested"]}
    assert back["texts"].fillna("").to_list() == ["a", "", "\ufffd"]
    assert back["days"].to_list() == [day, None, day]
    assert [json.loads(text) for text in back["mixed"].dropna()] == [{"n": 2**70}, "x"]
    assert [json.loads(text) for text in back["nested"].dropna()] == [["a", {"b": 1}], []]
    assert duckdb.read_parquet(str(file)).project("mixed->>'n'").limit(1).fetchall() == [(str(2**70),)]
    assert frame["mixed"][0] == {"n": 2**70}
