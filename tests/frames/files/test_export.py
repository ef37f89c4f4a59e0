"""Files that are whole, that compute nothing, and that come back as they went."""

from __future__ import annotations

import csv
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.table_files import is_formula, neutral
from origami_widgets.words.foreign_text import unicode_text

TEXTS = json.loads((Path(__file__).parents[2] / "fixtures" / "formulas.json").read_text(encoding="utf-8"))
"""What the front end guards when leads are copied, too."""
FORMULAS = [each["text"] for each in TEXTS if each["isFormula"]]
HARMLESS = [each["text"] for each in TEXTS if not each["isFormula"]]
INSIDE = {
    "a;=1+1;b": "a;'=1+1;b",
    "a\n=1": "a\n'=1",
    "\t=1": "'\t'=1",
    "\r=1": "'\r'=1",
    "a;\u200b@SUM(1)": "a;'\u200b@SUM(1)",
    "a\t+cmd|' /C calc'!A0": "a\t'+cmd|' /C calc'!A0",
    "a\n-HYPERLINK(1)": "a\n'-HYPERLINK(1)",
    "=1;=2": "'=1;'=2",
}


@pytest.mark.parametrize("text", FORMULAS)
def test_what_may_be_computed_is_neutralized(text):
    # Where a line begins inside a cell, CSV is guarded again.
    assert neutral(text) == "'" + text.replace("\n", "\n'")


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_phone_numbers_and_prose_are_left_alone(text):
    assert neutral(text) == text


@pytest.mark.parametrize("text", INSIDE)
def test_what_another_separator_would_compute_is_neutralized(text):
    assert neutral(text) == INSIDE[text]


@given(st.text())
def test_neutral_texts_are_neutral_and_lose_nothing(text):
    assert not is_formula(neutral(text))
    for part in re.split(r"[;\t\r\n]", neutral(text)):
        assert part.lstrip()[:1] not in (*"=@", "\uff1d", "\uff20")
    assert neutral(text).replace("'", "") == text.replace("'", "")
    assert neutral(neutral(text)) == neutral(text)


def leads():
    # pandas 2.2 would read the second text in nanoseconds, in which there is no such year.
    moments = pd.DatetimeIndex(np.array(["1970-01-01", "9999-12-31"], "datetime64[us]")).tz_localize("UTC")
    return pd.DataFrame(
        {
            "text": pd.array(["=1+1", "+1 555 0127"], dtype="string"),
            "big": pd.array([2**53 + 1, None], dtype="Int64"),
            "when": moments,
            "link": pd.array(["https://a.example", None], dtype="string"),
            "mixed": pd.Series([["=a"], "=b"], dtype=object),
            "kind": pd.Categorical(["input", None], categories=["input", "score"]),
        }
    )


@given(st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=5))
def test_csv_holds_every_text_as_it_is_or_neutral(texts):
    frame = pd.DataFrame({"a": pd.Series(texts, dtype=object), "b": pd.Series(["-"] * len(texts), dtype=object)})
    with tempfile.TemporaryDirectory() as folder:
        for change, options in ((neutral, {}), (str, {"neutralize": False})):
            (file,) = ow.export(frame, folder, overwrite=True, **options)
            with file.open(encoding="utf-8-sig", newline="") as written:
                rows = list(csv.reader(written))
            assert rows == [["a", "b"], *([change(unicode_text(text)), change("-")] for text in texts)]


def test_csv_is_neutral_and_marked_as_utf_8(tmp_path):
    (file,) = ow.export(leads(), tmp_path / "out")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(file, dtype={"big": "Int64"})
    assert back["text"].to_list() == ["'=1+1", "+1 555 0127"]
    assert back["mixed"].to_list() == ['["=a"]', "'=b"]
    assert back["big"][0] == 2**53 + 1
    (bare,) = ow.export(leads(), tmp_path / "bare", bom=False, neutralize=False)
    assert not bare.read_bytes().startswith(b"\xef")
    assert pd.read_csv(bare)["text"][0] == "=1+1"


def test_parquet_brings_dtypes_categories_and_attrs_back(tmp_path):
    frame = leads()
    frame.attrs["origami"] = {"table_name": "Leads"}
    (file,) = ow.export(frame, tmp_path / "out", format="parquet")
    back = pd.read_parquet(file)
    assert file.name == "Leads.parquet"
    pd.testing.assert_frame_equal(back.drop(columns="mixed"), frame.drop(columns="mixed"))
    assert back["mixed"].to_list() == ['["=a"]', '"=b"']
    assert back.attrs == {"origami": {"table_name": "Leads"}, "json_columns": ["mixed"]}
    assert "json_columns" not in frame.attrs
    # Without a row, Parquet forgets the words of a category: the notes say them.
    (file,) = ow.export(frame.head(0), tmp_path / "none", format="parquet")
    assert pd.read_parquet(file).attrs["categories"] == {"kind": ["input", "score"]}


@pytest.mark.parametrize(("path", "options", "module"), [("a.xlsx", {}, "xlsxwriter"), ("a", {"format": "parquet"}, "pyarrow")])  # fmt: skip
def test_a_missing_package_is_named_with_its_pip_line(tmp_path, monkeypatch, path, options, module):
    written = leads()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InvalidInput, match=rf"(?s){module} isn't installed.*pip install"):
        ow.export(written, tmp_path / path, **options)
    assert list(tmp_path.iterdir()) == []
    if module == "pyarrow":
        with pytest.raises(InvalidInput, match="pyarrow isn't installed"):
            ow.refresh_leads(tmp_path / "leads.parquet")


def test_an_index_that_says_something_is_written(tmp_path):
    turned = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["credits", "leads"])
    (file,) = ow.export(turned, tmp_path / "turned.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines() == ["index,a,b", "credits,1,3", "leads,2,4"]
    (file,) = ow.export(turned[turned["a"] > 1].reset_index(drop=True), tmp_path / "numbered.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines() == ["a,b", "2,4"]
    (file,) = ow.export(pd.DataFrame({"a": range(3)})[1:], tmp_path / "part.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines() == ["a", "1", "2"]


@pytest.mark.parametrize("path", ["out", "out.csv", "out.xlsx", "out.parquet"])
def test_series_and_frames_without_names_are_refused_with_what_to_do(tmp_path, path):
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(InvalidInput, match=r"series\.to_frame\(\)"):
        ow.export(frame["a"], tmp_path / path)
    with pytest.raises(InvalidInput, match=r'export\(\{"leads": leads'):
        ow.export([frame, frame], tmp_path / path)
    assert list(tmp_path.iterdir()) == []
