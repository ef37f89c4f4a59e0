"""`evidence_frame`: one row per source address, one with NA where there is none, against what the rows hold."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.leads.lead_table import LeadTable, ListedColumn
from origami_widgets.frames.schema import DTYPE_NAMES
from tests.fixtures.hostile import CORPUS
from tests.fixtures.make_frames import ARROW_DTYPE_NAMES, LEAD_FRAMES
from tests.frames.leads.touched import through_csv, through_excel, through_parquet
from tests.frames.payloads import BACKENDS

SCHEMA = LEAD_FRAMES[ow.evidence_frame]
NAMES = [field.name for field in SCHEMA.fields]
TEXT = st.sampled_from(["", " ", "a", "https://a.example/x", *CORPUS.values()]) | st.none()
KEYS = ["email", "confidence", "reasoning", "source_url", "email_source_url", "sources", "source"]
LISTS = st.lists(TEXT | st.dictionaries(TEXT.filter(bool), TEXT, max_size=2), max_size=3)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), st.one_of(TEXT, st.booleans(), LISTS))
CELL = st.one_of(TEXT, st.integers(), OBJECTS)


def frame_of(rows, kind="enrichment", slug="mail", **options):
    listed = [ListedColumn("c0", "Site", "site", "input"), ListedColumn("c1", "Mail", slug, kind)]
    table = LeadTable(listed, dtype_backend="numpy_nullable", **options)
    table.add([{"id": f"r{at}", "site": f"https://www.{at}.example/a", **row} for at, row in enumerate(rows)])
    frame, _ = table.frame()
    columns = [{"column": each.slug, "id": each.id, "name": each.name, "kind": each.kind} for each in listed]
    frame.attrs["origami"] = {"tables": [{"table_id": "t", "table_name": "T", "table_columns": columns}]}
    return frame


def reported(frame):
    return [tuple(None if pd.isna(each) else each for each in row) for row in frame.itertuples(index=False)]


MAIL = {"email": "a@b.example", "confidence": "high", "reasoning": "On the page."}


def of_lead(number):
    return "T", f"{number}.example", "t", f"r{number}"


FOUND = ("mail", "a@b.example", "high", "On the page.")


@pytest.mark.parametrize(
    ("sources", "addresses"),
    [
        ({}, [None]),
        ({"source_url": None}, [None]),
        ({"source_url": " "}, [None]),
        ({"source_url": "https://0.example/team"}, ["https://0.example/team"]),
        ({"email_source_url": "https://x.example", "source_url": "https://y.example"}, None),
        ({"sources": ["https://x.example", "https://y.example", "https://x.example"]}, None),
        ({"sources": [{"title": "Team", "url": "https://x.example"}, {"url": "https://y.example"}]}, None),
        ({"source": "https://x.example"}, ["https://x.example"]),
        ({"source": "LinkedIn"}, [None]),
        ({"sourceUrls": ["x.example/team"]}, ["x.example/team"]),
    ],
)
def test_each_source_address_has_a_row(sources, addresses):
    evidence = ow.evidence_frame(frame_of([{"mail": MAIL | sources}]))
    wanted = addresses or ["https://x.example", "https://y.example"]
    assert reported(evidence) == [(MAIL["email"], *FOUND, address, *of_lead(0)) for address in wanted]


def test_cells_that_found_nothing_have_a_row_and_those_not_run_none():
    nothing = {"email": None, "confidence": "low", "reasoning": "Nowhere.", "source_url": "https://1.example"}
    evidence = ow.evidence_frame(frame_of([{"mail": MAIL}, {"mail": nothing}, {}, {"mail": dict.fromkeys(nothing)}]))
    assert reported(evidence) == [
        (MAIL["email"], *FOUND, None, *of_lead(0)),
        (None, "mail", None, "low", "Nowhere.", "https://1.example", *of_lead(1)),
    ]


def test_a_column_may_be_called_by_one_letter():
    evidence = ow.evidence_frame(frame_of([{"m": MAIL}], slug="m"))
    assert reported(evidence) == [(MAIL["email"], "m", *FOUND[1:], None, *of_lead(0))]


def test_values_are_texts_and_unknown_words_of_confidence_stay():
    values = [7, 2.5, False, ["a"], "1 July"]
    rows = [{"mail": {"value": value, "confidence": word}} for value, word in zip(values, "abcde", strict=True)]
    evidence = ow.evidence_frame(frame_of(rows))
    assert evidence["value"].to_list() == ["7", "2.5", "false", '["a"]', "1 July"]
    assert evidence["confidence"].to_list() == list("abcde")
    assert list(evidence["confidence"].cat.categories)[:3] == ["high", "medium", "low"]


@given(st.sampled_from(BACKENDS), st.lists(st.fixed_dictionaries({}, optional={"mail": CELL}), max_size=5))
def test_hostile_cells_give_the_same_columns(backend, rows):
    leads = frame_of([*rows, {"mail": MAIL}])
    evidence = ow.evidence_frame(leads, dtype_backend=backend)
    names = DTYPE_NAMES if backend == "numpy_nullable" else DTYPE_NAMES | ARROW_DTYPE_NAMES
    assert {name: str(dtype) for name, dtype in evidence.dtypes.items()} == {
        field.name: names[field.kind] for field in SCHEMA.fields
    }
    empty = ow.evidence_frame(leads.iloc[:0], dtype_backend=backend)
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == {
        name: str(dtype) for name, dtype in evidence.dtypes.items()
    }
    assert evidence["row_id"].isin(leads["row_id"]).all()
    assert not evidence.duplicated().any()
    assert evidence[NAMES[3:]].notna().any(axis=1).all()


WITHOUT = [frame_of([{"mail": "a@b.example"}]), frame_of([{}]), frame_of([{"mail": MAIL}], flatten=False)]


@pytest.mark.parametrize("frame", WITHOUT)
def test_leads_without_evidence_are_refused(frame):
    with pytest.raises(InvalidInput, match="no evidence"):
        ow.evidence_frame(frame)


@pytest.mark.parametrize("source", [None, "c0a3", pd.DataFrame({"a": [1]}), {"object": "run", "id": "r"}, [], 7])
def test_what_is_no_frame_of_leads_is_refused(source):
    with pytest.raises(InvalidInput):
        ow.evidence_frame(source)


@pytest.mark.sweep
@pytest.mark.parametrize("through", [through_csv, through_parquet, through_excel])
def test_a_frame_read_back_from_a_file_says_the_same(bakeries, through):
    leads = ow.leads_frame(bakeries)
    again = through(leads)
    in_file, read = (ow.evidence_frame(each) for each in (again, leads))
    if through is not through_parquet:
        # Nothing tells which column of two tables has the names.
        assert in_file["lead"].isna().all()
        in_file["lead"] = read["lead"] = pd.NA
    assert sorted(map(str, reported(in_file))) == sorted(map(str, reported(read)))
    first = ow.leads_frame(bakeries, tables=[bakeries.tables[0].id])
    assert (
        set(ow.evidence_frame(through(first))["lead"]) == set(ow.evidence_frame(first)["lead"]) <= {*first["company"]}
    )
