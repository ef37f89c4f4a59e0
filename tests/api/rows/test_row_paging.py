"""A walk over pages, whatever a server makes of them. Pure."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.rows import row_paging
from origami_widgets.api.rows.row_paging import MOST_EMPTY_PAGES, RowWalk


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


@given(PAGES, st.integers(1, 10))
def test_no_server_is_asked_for_more_pages_than_it_has_cursors(plan, repeat):
    walk = RowWalk()
    for each in plan * repeat * 3:
        if walk.done:
            break
        take(walk, each)
    assert walk.done or walk.pages == len(plan) * repeat * 3
    assert walk.pages <= 10


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


def test_endless_new_rows_are_left_after_many_pages(monkeypatch):
    monkeypatch.setattr(row_paging, "MOST_PAGES", 50)
    walk = RowWalk()
    for number in range(100):
        if not walk.done:
            take(walk, page([str(number)], f"c{number}"))
    assert walk.stopped == "there were more than 50 pages"


def test_far_more_rows_than_the_count_end_the_walk(monkeypatch):
    monkeypatch.setattr(row_paging, "MOST_UNCOUNTED", 5)
    walk = RowWalk()
    for number in range(100):
        if not walk.done:
            take(walk, page([str(number)], f"c{number}", 10))
    assert walk.stopped == "the server counts 10 rows but keeps sending more"
    assert walk.rows == 26


def test_rows_without_an_id_are_all_given():
    walk = RowWalk()
    assert take(walk, page(["", "", "1"])) == ["", "", "1"]
