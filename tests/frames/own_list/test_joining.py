"""`join_leads`: the same rows, in the same order, with their own values; never a cell of another row."""

from __future__ import annotations

import asyncio
import random
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from tests.support.errors import raises
from tests.support.own_list_server import OwnListServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = ("a.example", "A.example", "a.example ", "007", "7", "1e3", "2026-01-02", "Müller 😀", "=x", "NA", "nan", "None")


@pytest.fixture
def server(monkeypatch) -> Iterator[OwnListServer]:
    with OwnListServer() as running:
        yield running


@pytest.fixture
def client(server: OwnListServer) -> ow.Client:
    return ow.Client(server.key, base_url=server.base_url, timeout=5)


def add_column(server: OwnListServer, table: str, slug: str, value: Any) -> None:
    """Let an agent have computed a column: `value` of each row's cells."""
    server.colleague_adds(table, slug)
    for row in server.contents[table]:
        row["cells"][slug] = value(row["cells"])


def crm(rows: int = 500) -> pd.DataFrame:
    """Companies of mixed quality."""
    chance = random.Random(7)  # noqa: S311 - the same each time
    website = [f"{'Ünï' if n % 7 == 0 else 'c'}{n}.example" for n in range(rows)]
    frame = pd.DataFrame(
        {
            "website": website,
            "zip": [f"0{n:04d}" if n % 5 else None for n in range(rows)],
            "phone": ["+49 30 " + str(n) for n in range(rows)],
            "crm_id": pd.array([10**18 + n if n % 3 else None for n in range(rows)], dtype="Int64"),
            "since": pd.to_datetime("2020-01-01") + pd.to_timedelta(np.arange(rows), "D"),
            "note": ["=SUM(A1)" if n % 2 else "😀" for n in range(rows)],
            "stage": pd.Categorical([("new", "won")[n % 2] for n in range(rows)], ["new", "won", "lost"], ordered=True),
            "share": [float("nan") if n % 4 else n / 3 for n in range(rows)],
            "tags": [[n] for n in range(rows)],
        },
        index=pd.Index(chance.sample(range(10 * rows), rows), name="crm"),
    )
    frame = pd.concat([frame, frame.iloc[::9]])
    return frame.iloc[chance.sample(range(len(frame)), len(frame))]


def test_500_companies_come_back_as_they_went(server, client):
    frame = crm()
    before = frame.copy(deep=True)
    table = ow.upload(frame, key="website", columns=["zip", "crm_id", "since"], client=client)
    add_column(server, table.id, "email", lambda cells: f"info@{cells['website']}")
    found = ow.join_leads(frame, table, key="website")
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found[list(frame)], frame, check_flags=False)
    assert list(found) == [*frame, "email"]
    assert found.index is frame.index or found.index.equals(frame.index)
    assert found["email"].to_list() == [f"info@{website}" for website in frame["website"]]
    about = found.attrs["origami"]
    counts = [about[name] for name in ("rows", "joined", "not_in_table", "added_rows")]
    assert counts == [len(frame), len(frame), 0, 0]


# With more, the rate limit would make the test wait for a minute.
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_row_ever_gets_the_cells_of_another(server, client, data):
    keys = data.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=12))
    frame = pd.DataFrame({"key": keys, "n": [f"n of {key}" for key in keys]})
    table = ow.upload(frame, key="key", columns=["n"], client=client)
    add_column(server, table.id, "found", lambda cells: f"found for {cells['key']}")
    rows = server.contents[table.id]
    # Rows come and go at Origami, in any order, and cells change.
    rows[:] = data.draw(st.permutations(rows))
    dropped = data.draw(st.sets(st.sampled_from([row["id"] for row in rows])))
    rows[:] = [row for row in rows if row["id"] not in dropped]
    for row in rows:
        if data.draw(st.booleans()):
            row["cells"]["key"] = data.draw(st.sampled_from(KEYS))
    added = data.draw(st.integers(0, 3))
    rows += [{"id": f"new-{n}", "cells": {"key": KEYS[n], "found": "of nobody"}} for n in range(added)]
    # And the list is another one by now: permuted, with rows dropped, added and changed.
    order = data.draw(st.lists(st.sampled_from(range(len(frame)))))
    further = data.draw(st.lists(st.sampled_from((*KEYS, None, "unknown")), max_size=3))
    now = pd.concat([frame.iloc[order], pd.DataFrame({"key": further, "n": "new"})])
    if now.empty:
        return
    uploaded = dict(zip(keys, table.row_ids, strict=True))
    there = {row["id"]: row["cells"]["found"] for row in rows}
    by_text: dict[str, list[str]] = {}
    for row in rows:
        by_text.setdefault(row["cells"]["key"], []).append(row["cells"]["found"])
    if any(len(by_text.get(key, [])) > 1 for key in further if key not in uploaded):
        with raises("AmbiguousKey"):
            ow.join_leads(now, table, key="key")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = ow.join_leads(now, table, key="key")
    assert found.index.equals(now.index)
    pd.testing.assert_frame_equal(found[["key", "n"]], now)
    for key, value in zip(now["key"], found["found"] if "found" in found else [pd.NA] * len(now), strict=True):
        if key in uploaded:
            expected = there.get(uploaded[key], pd.NA)
            # Found by its id: the cell is the one that was computed for it, whatever its key says now.
            assert pd.isna(expected) or expected == f"found for {key}"
        else:
            expected = by_text.get(key, [pd.NA])[0]
        assert (pd.isna(value) and pd.isna(expected)) or value == expected


def test_a_table_that_is_only_known_by_its_id(server, client):
    frame = crm(20)
    table = ow.upload(frame, key="website", client=client)
    add_column(server, table.id, "email", lambda cells: f"info@{cells['website']}")
    found = ow.join_leads(frame, table.id, key="website", client=client)
    assert found["email"].to_list() == [f"info@{website}" for website in frame["website"]]
    # Two rows of one key: which of them is meant can't be known without ids.
    server.contents[table.id].append({"id": "x", "cells": {"website": frame["website"].iloc[0]}})
    with raises("AmbiguousKey") as caught:
        ow.join_leads(frame, table.id, key="website", client=client)
    assert "position 0" in caught.value.cause
    assert frame["website"].iloc[0] not in str(caught.value)
    assert ow.join_leads(frame, table, key="website").attrs["origami"]["added_rows"] == 1


@pytest.mark.parametrize("known_by", ["upload", "once=, after a restart", "id"])
def test_rows_that_are_not_in_the_table_are_named(server, client, monkeypatch, tmp_path, known_by):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    frame = pd.DataFrame({"website": ["b", "a", "c"]}, index=[3, 2, 1])
    table = ow.upload(frame, key="website", once="crm", client=client)
    add_column(server, table.id, "email", lambda cells: None if cells["website"] == "c" else f"info@{cells['website']}")
    server.contents[table.id][:] = [row for row in server.contents[table.id] if row["cells"]["website"] != "a"]
    if known_by.startswith("once="):
        table = ow.upload(frame, key="website", once="crm", client=client)
        assert [row_id is None for row_id in table.row_ids] == [False, True, False]
    now = pd.concat([frame, pd.DataFrame({"website": ["new", None]})])
    with pytest.warns(
        RuntimeWarning, match=r"1 of 5 rows .*position 4 .*2 rows of your list.*positions 1, 3 "
    ) as warned:
        found = ow.join_leads(now, table.id if known_by == "id" else table, key="website", client=client)
    # That nothing was found for a row in the table is no reason to warn.
    assert found["email"].isna().to_list() == [False, True, True, True, True]
    about = found.attrs["origami"]
    assert (about["joined"], about["without_key"], about["not_in_table"]) == (2, 1, 2)
    assert about["deleted"] == (0 if known_by == "id" else 1)
    assert ("1 row of them was deleted" in str(warned[0].message)) == (known_by != "id")
    assert warned[0].filename == __file__


def test_names_that_are_taken_get_a_suffix(server, client):
    frame = pd.DataFrame({"website": ["a"], "email": ["mine"], "phone": ["mine"]})
    table = ow.upload(frame, key="website", client=client)
    for slug in ("email", "phone"):
        add_column(server, table.id, slug, lambda _cells: "found")
    found = ow.join_leads(frame, table, key="website")
    assert found.iloc[0].to_dict() == {
        "website": "a", "email": "mine", "phone": "mine", "email_found": "found", "phone_found": "found",
    }  # fmt: skip
    assert list(ow.join_leads(frame, table, key="website", columns=["Phone"], suffix="!")) == [*frame, "phone!"]
    assert list(ow.join_leads(found, table, key="website"))[-2:] == ["email_found_2", "phone_found_2"]
    for columns in (["nope"], 7, [7]):
        with raises("InvalidInput"):
            ow.join_leads(frame, table, key="website", columns=columns)


def test_parts_of_a_taken_name_have_the_suffix_and_fold_in_a_workbook(server, client, tmp_path):
    frame = pd.DataFrame({"website": ["a.example", "b.example"], "phone": ["mine", "ours"]})
    table = ow.upload(frame, key="website", client=client)
    add_column(server, table.id, "phone", lambda _cells: {"phone": "+1 555", "confidence": "high", "found": True})
    add_column(
        server, table.id, "email", lambda cells: {"email": f"info@{cells['website']}", "source_url": "https://x"}
    )
    found = ow.join_leads(frame, table, key="website")
    values, parts = ["phone_found", "email"], ["phone_found_confidence", "phone_found_found", "email_source_url"]
    assert set(found.attrs["origami"]["found_columns"]) >= {*values, *parts}
    assert [name for name in found if name.startswith("phone")][:2] == ["phone", "phone_found"]

    (file,) = ow.export(found, tmp_path / "found.xlsx")
    sheet = openpyxl.load_workbook(file).active
    of_email = {"email": "Email", "email_source_url": "Email: source URL", "email_found": "Email: found"}
    headings = ["website", "phone", *(of_email.get(name, name) for name in found.columns[2:])]
    assert [cell.value for cell in sheet[1]] == headings
    hidden = (sheet.column_dimensions[cell.column_letter].hidden for cell in sheet[1])
    folded = dict(zip(found, hidden, strict=True))
    assert {name: folded[name] for name in (*frame, *values, *parts)} == {
        **dict.fromkeys((*frame, *values), False),
        **dict.fromkeys(parts, True),
    }
    links = {cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert {"https://a.example", "mailto:info@b.example"} <= links


def test_a_list_of_dicts_keeps_its_values(server, client):
    rows = [{"id": 1234567890123456789, "n": 1}, {"id": 2, "n": None}]
    table = ow.upload(rows, key="id", columns=["n"], client=client)
    assert server.texts(table.id, "id") == ["1234567890123456789", "2"]
    found = asyncio.run(ow.aio.join_leads(rows, table, key="id"))
    assert found["id"].to_list() == [1234567890123456789, 2]


def test_several_columns_make_a_key(server, client):
    frame = pd.DataFrame({"name": ["Pão", "Pão"], "city": ["Porto", "Faro"]})
    table = ow.upload(frame, key=["name", "city"], client=client)
    add_column(server, table.id, "email", lambda cells: cells["city"])
    assert ow.join_leads(frame.iloc[::-1], table, key=["name", "city"])["email"].to_list() == ["Faro", "Porto"]


def test_hidden_leads_are_joined(server, client):
    frame = pd.DataFrame({"website": ["a", "b"]})
    table = ow.upload(frame, key="website", client=client)
    add_column(server, table.id, "email", lambda cells: cells["website"])
    before = len(server.requests)
    ow.join_leads(frame, table, key="website")
    rows = [request for request in server.requests[before:] if request.path.endswith("/rows")]
    assert ["defaults=false" in request.query for request in rows] == [True] * len(rows)
