"""Rows of a table through both clients, over sockets: all of them, each once, whatever comes between two pages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import traceback
import urllib.parse
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api import base_operations
from origami_widgets.api.background.loop import background
from origami_widgets.api.client import AsyncClient, Client
from origami_widgets.api.errors import ConnectionFailed, OrigamiError, RateLimited, TableNotFound
from origami_widgets.api.models.base import Page
from origami_widgets.api.rows import row_reader
from origami_widgets.api.rows.row_reader import MOST_EMPTY_PAGES, PartialRows, RowPages, RowWalk
from tests.api.conftest import KEY
from tests.support.interrupts import interrupt
from tests.support.server import RawServer, answer, head, reset, silence

both = pytest.mark.parametrize("kind", [Client, AsyncClient])
GONE = answer({"error": "gone", "code": "TABLE_NOT_FOUND"}, 404)
BUSY = answer({"error": "slow down", "code": "RATE_LIMITED"}, 429)


def rows(*ids: str, cursor: str | None = None, total: int | None = None):
    items = [{"object": "row", "id": row_id, "cells": {"n": {"type": "scalar", "value": row_id}}} for row_id in ids]
    return answer({"object": "list", "items": items, "nextCursor": cursor, "total": total, "url": ""})


def reader_of(server: RawServer, kind, **options):
    return kind(KEY, base_url=server.base_url, timeout=5).iter_rows("t", **options)


async def read_on(reader) -> list[str]:
    """Read to the end, or to the first error, which says in `taken` what was given before."""
    taken: list[str] = []

    def block() -> None:
        for row in reader:
            taken.append(row.id)  # noqa: PERF401 - what came before an error counts

    try:
        if hasattr(reader, "__aiter__"):
            async for row in reader:
                taken.append(row.id)  # noqa: PERF401
        else:
            await asyncio.to_thread(block)
    except OrigamiError as error:
        error.taken = taken
        raise
    return taken


async def read(server, kind, **options) -> list[str]:
    return await read_on(reader_of(server, kind, **options))


def cursors(server: RawServer) -> list[str | None]:
    queries = (dict(urllib.parse.parse_qsl(request.query)) for request in server.requests)
    return [query.get("cursor") for query in queries]


@both
async def test_the_query_is_sent_with_each_page(server, kind):
    server.plan(rows("1"))
    filters = [{"column": "fit", "operator": "greater_than", "value": 70}]
    sort = {"column": "fit", "direction": "desc"}
    await read(server, kind, filters=filters, sort=sort, flat=True, saved_filters=False, page_size=10)
    query = dict(urllib.parse.parse_qsl(server.requests[0].query))
    assert json.loads(query.pop("filters")) == filters
    assert json.loads(query.pop("sort")) == sort
    assert query == {"limit": "10", "cells": "flat", "defaults": "false"}


@both
async def test_the_limit_counts_over_all_pages(server, kind):
    server.plan(rows("1", "2", cursor="a", total=5), rows("3", "4", cursor="b", total=5), rows("5"))
    reader = reader_of(server, kind, limit=3)
    assert await read_on(reader) == ["1", "2", "3"]
    assert (reader.complete, reader.rows, reader.total, reader.stopped) == (True, 3, 5, "")
    assert [request.query for request in server.requests] == ["limit=3", "limit=3&cursor=a"]
    assert await read(server, kind, limit=0) == []
    assert len(server.requests) == 2


# What the server does, the ids that are given, and why reading ended: the words of the warning.
WALKS = {
    "rows that come again": ([rows("1", "2", cursor="a"), rows("2", "3")], "123", ""),
    "a row twice on a page": ([rows("1", "1", "2")], "12", ""),
    "an empty page in between": ([rows("1", cursor="a"), rows(cursor="b"), rows("2")], "12", ""),
    "a cursor that leads to itself": ([rows("1", cursor="a"), rows("2", cursor="a")], "12", "cursor was repeated"),
    "cursors in a circle": (
        [rows("1", cursor="a"), rows("2", cursor="b"), rows("3", cursor="a")],
        "123",
        "cursor was repeated",
    ),
    "a cursor that starts over": ([rows("1", cursor="a"), rows("1", cursor="b"), rows("2")], "1", "page was repeated"),
    "empty pages without end": (
        [rows("1", cursor="a"), *(rows(cursor=cursor) for cursor in "bcdefg")],
        "1",
        "too many pages in a row were empty",
    ),
    "fewer rows than counted": ([rows("1", cursor="a", total=3), rows("2", total=3)], "12", "counts 3 rows but sent 2"),
    "a table that grows": ([rows("1", cursor="a", total=2), rows("2", "3", total=3)], "123", ""),
    "a table that shrinks": ([rows("1", cursor="a", total=9), rows("2", total=2)], "12", ""),
    "a count that comes late": ([rows("1", cursor="a"), rows("2", total=2)], "12", ""),
}


@both
@pytest.mark.parametrize("walk", WALKS)
async def test_every_walk_ends_with_each_row_once_and_says_whether_it_is_all(server, kind, walk):
    plan, ids, reason = WALKS[walk]
    server.plan(*plan)
    reader = reader_of(server, kind)
    # Without a reason any warning is an error.
    with pytest.warns(PartialRows, match=reason) if reason else contextlib.nullcontext():
        assert await read_on(reader) == list(ids)
    assert reader.complete is not bool(reason)
    assert reason in reader.stopped
    assert reader.rows == len(ids)
    assert reader.pages == len(server.requests) <= len(plan)


@both
async def test_a_changing_count_is_reported(server, kind):
    server.plan(rows("1", cursor="a", total=2), rows("2", "3", total=3))
    reader = reader_of(server, kind)
    await read_on(reader)
    assert (reader.total, reader.total_changed) == (3, True)


def pages(count: int, *, fault_at: int, faults: list):
    """Pages of two rows each; the faults come when that page is asked for."""
    each = [
        rows(f"{page}a", f"{page}b", cursor=f"c{page}" if page < count else None, total=2 * count)
        for page in range(1, count + 1)
    ]
    return [*each[: fault_at - 1], *faults, *each[fault_at - 1 :]]


# What page 37 meets once the retries are used up, and the error that it becomes.
FAULTS = {
    "429": ([BUSY] * 4, RateLimited),
    "a network that is cut": ([reset()] * 4, ConnectionFailed),
    "a body that is cut": ([reset(head(200, 100) + b'{"items": [')] * 4, ConnectionFailed),
    "a page without rows": ([answer({"ok": True})] * 4, OrigamiError),
    "a table that is away": ([GONE], TableNotFound),
}


@pytest.mark.sweep
@both
@pytest.mark.parametrize("fault", FAULTS)
async def test_after_an_error_on_page_37_the_same_reader_goes_on_at_page_37(server, quick, kind, fault):
    faults, wanted = FAULTS[fault]
    server.plan(*pages(40, fault_at=37, faults=faults))
    reader = reader_of(server, kind, page_size=2)
    with pytest.raises(wanted) as caught:
        await read_on(reader)
    assert len(caught.value.taken) == 72
    assert (reader.pages, reader.rows, reader.total, reader.cursor, reader.complete) == (36, 72, 80, "c36", False)
    assert "72 of 80 rows, 36 pages were read before" in "".join(traceback.format_exception(caught.value))
    rest = await read_on(reader)
    assert caught.value.taken + rest == [f"{page}{row}" for page in range(1, 41) for row in "ab"]
    assert reader.complete
    assert cursors(server)[36:] == ["c36"] * len(faults) + ["c36", "c37", "c38", "c39"]


@both
async def test_a_deleted_table_stays_an_error_and_read_rows_stay(server, kind):
    server.plan(rows("1", cursor="a"), GONE)
    reader = reader_of(server, kind)
    for taken in (["1"], []):
        with pytest.raises(TableNotFound) as caught:
            await read_on(reader)
        assert caught.value.taken == taken
    assert (reader.rows, reader.complete) == (1, False)


@both
async def test_reading_on_is_not_earlier_than_the_server_allows(server, monkeypatch, kind):
    monkeypatch.setattr(base_operations, "ATTEMPTS", 1)
    server.plan(rows("1", cursor="a"), answer({}, 429, headers={"Retry-After": "1"}), rows("2"))
    reader = reader_of(server, kind)
    with pytest.raises(RateLimited):
        await read_on(reader)
    assert await read_on(reader) == ["2"]
    assert server.requests[2].at - server.requests[1].at >= 1


def test_an_interrupted_read_loses_nothing(server, client):
    reached = threading.Event()
    server.plan(rows("1", cursor="a"), silence(reached))
    reader = client.iter_rows("t")
    taken = [next(reader).id]
    interrupt(lambda: next(reader), reached, after=0.1)
    assert (reader.rows, reader.pages, reader.cursor) == (1, 1, "a")
    server.plan(rows("2"))
    assert taken + [row.id for row in reader] == ["1", "2"]
    assert cursors(server) == [None, "a", "a"]


def test_the_late_page_of_an_interrupted_read_is_dropped():
    found = {None: Page(items=({"id": "1"},), next_cursor="a"), "a": Page(items=({"id": "2"},))}
    requested, released, late, kept = threading.Event(), threading.Event(), [], []

    async def fetch(cursor):
        if not requested.is_set():
            requested.set()
            await asyncio.to_thread(released.wait, 10)
        return found[cursor]

    pages = RowPages(fetch, lambda items: [item["id"] for item in items])
    interrupted = background().submit(pages.read(late.extend))
    assert requested.wait(10)
    while not pages.walk.done:
        background().run(pages.read(kept.extend))
    released.set()
    interrupted.result(10)
    assert late == []
    assert [row["id"] for row in kept] == ["1", "2"]
    assert pages.walk.complete


def page(ids, cursor=None, total=None):
    return SimpleNamespace(items=list(ids), next_cursor=cursor, total=total)


def take(walk, each):
    return list(walk.take(each, each.items))


CURSORS = st.sampled_from([None, *"abcdefgh"])
IDS = st.lists(st.sampled_from(["", *map(str, range(12))]), max_size=4)
PAGES = st.lists(st.builds(page, IDS, CURSORS, st.none() | st.integers(0, 30)), min_size=1, max_size=30)


@given(PAGES, st.none() | st.integers(0, 20))
def test_no_row_comes_twice_and_no_page_is_asked_for_twice(plan, limit):
    walk, given_rows, asked = RowWalk(limit), [], []
    for each in plan:
        if walk.done:
            break
        asked.append(walk.cursor)
        given_rows += take(walk, each)
        assert walk.rows == len(given_rows)
    named = [row for row in given_rows if row]
    assert len(named) == len(set(named))
    assert len(asked) == len(set(asked)) == walk.pages
    assert limit is None or len(given_rows) <= limit
    assert not (walk.complete and walk.stopped)
    if walk.complete and limit is None and walk.total is not None:
        assert walk.rows >= walk.total


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.none() | st.integers(0, 100))
def test_an_honest_server_is_read_to_its_end(sizes, limit):
    numbers = iter(range(1_000))
    plan = [[str(next(numbers)) for _ in range(size)] for size in sizes]
    total = sum(sizes)
    # As many empty pages in a row as are borne.
    if any(sizes[at : at + MOST_EMPTY_PAGES] == [0] * MOST_EMPTY_PAGES for at in range(len(sizes))):
        return
    walk, given_rows = RowWalk(limit), []
    for number, ids in enumerate(plan):
        if not walk.done:
            given_rows += take(walk, page(ids, f"c{number}" if number < len(plan) - 1 else None, total))
    everything = [row for ids in plan for row in ids]
    assert given_rows == (everything if limit is None else everything[:limit])
    assert walk.complete
    assert walk.stopped == ""


def test_far_more_rows_than_the_count_end_the_walk(monkeypatch):
    monkeypatch.setattr(row_reader, "MOST_UNCOUNTED", 5)
    walk = RowWalk()
    for number in range(100):
        if not walk.done:
            take(walk, page([str(number)], f"c{number}", 10))
    assert walk.stopped == "the server counts 10 rows but keeps sending more"
    assert walk.rows == 26


def test_rows_without_an_id_are_all_given():
    walk = RowWalk()
    assert take(walk, page(["", "", "1"])) == ["", "", "1"]
