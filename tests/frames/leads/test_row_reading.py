"""`leads_frame` over sockets: what is sent, what is kept when reading ends early, and what the frame says of itself."""

from __future__ import annotations

import io
import json
import pickle
import urllib.parse

import pandas as pd
import pytest
from tqdm import tqdm

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, RateLimited
from origami_widgets.api.rows.row_reader import PartialRows
from tests.frames.conftest import KEY
from tests.frames.listed import BUSY, about, columns, lead_table, page
from tests.support.server import answer, reset

TABLE = lead_table(count=9)
KEYS = ("id", "name", "slug", "kind")
LISTED = [("c1", "Bakery", "bakery", "input"), ("c2", "Mail", "contact-email", "enrichment"), ("c3", "Fit", "fit", "score")]  # fmt: skip
COLUMNS = page(*({"object": "column", **dict(zip(KEYS, each, strict=True))} for each in LISTED))


def lead(number, **cells):
    return {"id": f"r{number}", "bakery": f"Bakery {number}", **cells}


def test_columns_then_all_pages_of_flat_cells(server, client):
    server.plan(COLUMNS, page(lead(1), lead(2), cursor="a", total=3), page(lead(3), total=3))
    frame = ow.leads_frame(TABLE, client=client)
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["columns", "rows", "rows"]
    queries = ["limit=200&cells=flat", "limit=200&cursor=a&cells=flat"]
    assert [request.query for request in server.requests[1:]] == queries
    assert frame["row_id"].to_list() == ["r1", "r2", "r3"]
    assert list(frame.columns[:3]) == ["bakery", "contact_email", "fit"]
    assert isinstance(frame.index, pd.RangeIndex)


def test_the_frame_says_what_it_is(server, client):
    server.plan(COLUMNS, page(lead(1), total=1))
    whole = about(ow.leads_frame(TABLE, client=client))
    (result,) = whole["tables"]
    told = [result[name] for name in ("rows", "total", "lead_count", "complete", "stopped")]
    assert told == [1, 1, 9, True, ""]
    assert whole["untrusted"] is True
    assert result["saved_filters"] is True
    assert result["columns"] == {"bakery": "c1", "contact_email": "c2", "fit": "c3"}
    assert json.loads(json.dumps(whole)) == whole


def test_an_id_is_looked_up_for_its_count_of_leads(server, client):
    server.plan(answer(TABLE), COLUMNS, page(lead(1), total=1))
    assert about(ow.leads_frame("t1", client=client))["tables"][0]["lead_count"] == 9
    assert server.requests[0].target == "/api/v2/tables/t1"


def test_a_slug_that_is_a_word_of_the_row_asks_for_typed_cells(server, client):
    typed = {"object": "row", "id": "r1", "cells": {"id": {"type": "scalar", "value": "mine"}}}
    server.plan(columns(id="Id"), page(typed))
    frame = ow.leads_frame(TABLE, client=client)
    assert "cells" not in server.requests[1].query
    assert (frame["row_id"][0], frame["id"][0]) == ("r1", "mine")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filters": [{"column": "bakry", "operator": "equals", "value": "x"}]}, "Did you mean 'bakery'"),
        ({"filters": [{"operator": "equals", "value": "x"}]}, "has no column"),
        ({"sort": {"column": "row_id", "direction": "asc"}}, "No such column"),
    ],
)
def test_unknown_columns_are_refused_before_rows_are_asked_for(server, client, options, words):
    server.plan(COLUMNS)
    with pytest.raises(InvalidInput, match=words):
        ow.leads_frame(TABLE, client=client, **options)
    assert len(server.requests) == 1


def test_filters_and_sort_are_sent(server, client):
    server.plan(COLUMNS, page(total=0))
    order = {"column": "fit", "direction": "desc"}
    ow.leads_frame(TABLE, client=client, filters=[{"column": "fit", "operator": "is_empty"}], sort=order)
    query = dict(urllib.parse.parse_qsl(server.requests[-1].query))
    assert json.loads(query["filters"]) == [{"column": "fit", "operator": "is_empty", "value": ""}]
    assert json.loads(query["sort"]) == order


def test_progress_is_reported_page_by_page_to_a_function_and_to_bars(server, client):
    made = []

    class Bar(tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options, file=io.StringIO())
            made.append(self)

    def read(progress):
        server.plan(COLUMNS, page(lead(1), lead(2), cursor="a", total=2), page(lead(3), total=3))
        ow.leads_frame(TABLE, client=client, progress=progress)

    result = []
    read(lambda rows, total: result.append((rows, total)))
    assert result == [(2, 2), (3, 3)]
    read(Bar())
    read(Bar)
    # A bar that was given stays open, and one that was made is closed.
    assert [(bar.n, bar.total, bar.disable) for bar in made] == [(3, 3, False), (3, 3, True)]


@pytest.mark.parametrize("faults", [BUSY, [reset()] * 4], ids=["429", "a cut network"])
def test_after_an_error_the_rows_are_kept(server, client, faults):
    server.plan(COLUMNS, page(lead(1), cursor="a", total=3), *faults)
    with pytest.raises(ow.errors.IncompleteRows) as caught:
        ow.leads_frame(TABLE, client=client)
    error = caught.value
    assert "1 of 3 rows, 1 page were read" in str(error)
    assert "sys.last_value.partial" in error.remedy
    assert error.transient
    partial = error.partial
    assert partial["row_id"].to_list() == ["r1"]
    assert about(partial)["complete"] is False
    assert about(partial)["stopped"]
    # It travels without key and connection.
    packed = pickle.dumps(error)
    assert KEY.encode() not in packed
    back = pickle.loads(packed)  # noqa: S301 - made above
    assert str(back) == str(error)
    pd.testing.assert_frame_equal(back.partial, partial)


def test_an_error_before_any_row_is_itself(server, client):
    server.plan(COLUMNS, *BUSY)
    with pytest.raises(RateLimited):
        ow.leads_frame(TABLE, client=client)


def test_a_progress_bar_that_raises_keeps_what_was_read(server, client):
    server.plan(COLUMNS, page(lead(1), cursor="a"), page(lead(2)))
    with pytest.raises(ow.errors.IncompleteRows, match="ZeroDivisionError") as caught:
        ow.leads_frame(TABLE, client=client, progress=lambda rows, total: 1 / 0)
    assert len(caught.value.partial) == 1


def test_a_server_in_a_circle_is_left_and_the_frame_says_so(server, client):
    server.plan(COLUMNS, page(lead(1), cursor="a"), page(lead(2), cursor="a"))
    with pytest.warns(PartialRows, match="cursor was repeated"):
        frame = ow.leads_frame(TABLE, client=client)
    assert frame["row_id"].to_list() == ["r1", "r2"]
    assert (about(frame)["complete"], about(frame)["stopped"]) == (False, "a cursor was repeated")
