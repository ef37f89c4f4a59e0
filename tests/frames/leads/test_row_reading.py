"""`leads_frame` over sockets: what is sent, what is kept when reading ends early, and what the frame says of itself."""

from __future__ import annotations

import json
import pickle
import urllib.parse

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, RateLimited
from origami_widgets.api.rows.row_paging import PartialRows
from tests.frames.conftest import KEY
from tests.support.server import answer, reset

TABLE = {"object": "table", "id": "t1", "name": "Bakeries", "leadCount": 9}
COLUMNS = [("c1", "Bakery", "bakery", "input"), ("c2", "Mail", "contact-email", "enrichment"), ("c3", "Fit", "fit", "score")]  # fmt: skip


def columns(*parts):
    items = [
        {"object": "column", "id": column, "name": name, "slug": slug, "kind": kind}
        for column, name, slug, kind in parts or COLUMNS
    ]
    return answer({"object": "list", "items": items, "nextCursor": None, "url": ""})


def page(*rows, cursor=None, total=None):
    return answer({"object": "list", "items": list(rows), "nextCursor": cursor, "total": total, "url": ""})


def lead(number, **cells):
    return {"id": f"r{number}", "bakery": f"Bakery {number}", **cells}


def about(frame):
    return frame.attrs["origami"]


def test_columns_then_all_pages_of_flat_cells(server, client):
    server.plan(columns(), page(lead(1), lead(2), cursor="a", total=3), page(lead(3), total=3))
    frame = ow.leads_frame(TABLE, client=client)
    assert [request.path.rpartition("/")[2] for request in server.requests] == ["columns", "rows", "rows"]
    assert [request.query for request in server.requests[1:]] == [
        "limit=200&cells=flat",
        "limit=200&cursor=a&cells=flat",
    ]
    assert frame["row_id"].to_list() == ["r1", "r2", "r3"]
    assert list(frame.columns[:3]) == ["bakery", "contact_email", "fit"]
    assert isinstance(frame.index, pd.RangeIndex)


def test_a_wrong_operator_is_refused_with_the_right_ones():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait()
    filters = [{"column": "company", "operator": "is", "value": "Nata"}]
    for read in (
        lambda: ow.leads_frame(run.tables[0], client=client, filters=filters),
        lambda: ow.leads_frame(run, filters=filters),
        lambda: next(client.iter_rows(run.tables[0].id, filters=filters)),
    ):
        with pytest.raises(InvalidInput, match="filters") as caught:
            read()
        for operator in (
            *("contains", "not_contains", "equals", "not_equals", "is_empty", "is_not_empty"),
            *("greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal"),
        ):
            assert operator in caught.value.remedy.replace(".", ",").replace(",", "").split()


def test_the_frame_says_what_it_is(server, client):
    server.plan(columns(), page(lead(1), total=1))
    whole = about(ow.leads_frame(TABLE, client=client))
    (result,) = whole["tables"]
    assert (result["rows"], result["total"], result["lead_count"], result["complete"], result["stopped"]) == (
        1,
        1,
        9,
        True,
        "",
    )
    assert whole["untrusted"] is True
    assert "9 leads before filters and 1 after the table's saved filters" in result["lead_count_note"]
    assert result["saved_filters"] is True
    assert result["columns"] == {"bakery": "c1", "contact_email": "c2", "fit": "c3"}
    assert json.loads(json.dumps(whole)) == whole


def test_an_id_is_looked_up_for_its_count_of_leads(server, client):
    server.plan(answer(TABLE), columns(), page(lead(1), total=1))
    assert about(ow.leads_frame("t1", client=client))["tables"][0]["lead_count"] == 9
    assert server.requests[0].target == "/api/v2/tables/t1"


def test_a_slug_that_is_a_word_of_the_row_asks_for_typed_cells(server, client):
    typed = {"object": "row", "id": "r1", "cells": {"id": {"type": "scalar", "value": "mine"}}}
    server.plan(columns(("c1", "Id", "id", "input")), page(typed))
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
    server.plan(columns())
    with pytest.raises(InvalidInput, match=words):
        ow.leads_frame(TABLE, client=client, **options)
    assert len(server.requests) == 1


def test_filters_and_sort_are_sent(server, client):
    server.plan(columns(), page(total=0))
    ow.leads_frame(
        TABLE,
        client=client,
        filters=[{"column": "fit", "operator": "is_empty"}],
        sort={"column": "fit", "direction": "desc"},
    )
    query = dict(urllib.parse.parse_qsl(server.requests[-1].query))
    assert json.loads(query["filters"]) == [{"column": "fit", "operator": "is_empty", "value": ""}]
    assert json.loads(query["sort"]) == {"column": "fit", "direction": "desc"}


def test_progress_is_reported_page_by_page_to_a_function_and_to_bars(server, client):
    made = []

    class ProgressBar:
        def __init__(self, total=None, unit=""):
            self.total, self.n, self.closed = total, 0, False
            made.append(self)

        def update(self, n):
            self.n += n

        def close(self):
            self.closed = True

    def read(progress):
        server.plan(columns(), page(lead(1), lead(2), cursor="a", total=2), page(lead(3), total=3))
        ow.leads_frame(TABLE, client=client, progress=progress)

    result = []
    read(lambda rows, total: result.append((rows, total)))
    assert result == [(2, 2), (3, 3)]
    given = ProgressBar()
    read(given)
    assert (given.n, given.total, given.closed) == (3, 3, False)
    read(ProgressBar)
    assert (made[-1].n, made[-1].total, made[-1].closed) == (3, 3, True)


BUSY = [answer({"error": "slow", "code": "RATE_LIMITED"}, 429)] * 4


@pytest.mark.parametrize("faults", [BUSY, [reset()] * 4], ids=["429", "a cut network"])
def test_after_an_error_the_rows_are_kept(server, client, faults):
    server.plan(columns(), page(lead(1), cursor="a", total=3), *faults)
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


def test_an_error_before_any_row_is_itself(server, client):
    server.plan(columns(), *BUSY)
    with pytest.raises(RateLimited):
        ow.leads_frame(TABLE, client=client)


def test_a_progress_bar_that_raises_keeps_what_was_read(server, client):
    server.plan(columns(), page(lead(1), cursor="a"), page(lead(2)))
    with pytest.raises(ow.errors.IncompleteRows, match="ZeroDivisionError") as caught:
        ow.leads_frame(TABLE, client=client, progress=lambda rows, total: 1 / 0)
    assert len(caught.value.partial) == 1


def test_a_server_in_a_circle_is_left_and_the_frame_says_so(server, client):
    server.plan(columns(), page(lead(1), cursor="a"), page(lead(2), cursor="a"))
    with pytest.warns(PartialRows, match="cursor was repeated"):
        frame = ow.leads_frame(TABLE, client=client)
    assert frame["row_id"].to_list() == ["r1", "r2"]
    assert (about(frame)["complete"], about(frame)["stopped"]) == (False, "a cursor was repeated")


def test_the_exception_travels_without_key_and_connection(server, client):
    server.plan(columns(), page(lead(1), cursor="a"), *BUSY)
    with pytest.raises(ow.errors.IncompleteRows) as caught:
        ow.leads_frame(TABLE, client=client)
    packed = pickle.dumps(caught.value)
    assert KEY.encode() not in packed
    back = pickle.loads(packed)  # noqa: S301 - made above
    assert str(back) == str(caught.value)
    pd.testing.assert_frame_equal(back.partial, caught.value.partial)
