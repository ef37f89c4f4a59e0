"""What a page asks of the leads: filters and sort, how much it looks at, and questions that no page of ours asks."""

from __future__ import annotations

import json

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets import lead_feed
from origami_widgets.card.widgets.lead_feed import GRIDS_LIMIT, LeadFeed
from tests.card.live import on_loop
from tests.card.widgets.leads.lead_front import (
    SIZE,
    found_in,
    look,
    message,
    quiet,
    server_rows,
    touched,
)
from tests.support.quick import see

# Filters and sort


def test_filters_and_sort_reach_the_server(made):
    slug = next(column.slug for column in made.table.columns if column.kind == "input")
    name = server_rows(made)[0][1][[column.slug for column in made.table.columns if column.slug].index(slug)]
    filters = [{"column": slug, "operator": "equals", "value": name}]
    sort = {"column": slug, "direction": "desc"}
    look(made, filters=filters, sort=sort)
    see(lambda: made.front.answers and not made.front.marks)
    asked = made.sandbox.rows[0]
    assert json.loads(asked["filters"]) == filters
    assert json.loads(asked["sort"]) == sort
    assert 1 <= len(made.front.rows) < made.table.lead_count
    assert made.front.rows == server_rows(made, filters=filters, sort=sort)[:SIZE]


def test_another_question_is_another_request_and_its_answer_names_it(made):
    slug = next(column.slug for column in made.table.columns if column.kind == "input")
    look(made)
    see(lambda: made.front.answers)
    look(made, query=2, sort={"column": slug, "direction": "asc"})
    see(lambda: len(made.front.answers) == 2)
    assert [answer["query"] for answer in made.front.answers] == [1, 2]
    assert quiet(made) == 2


def test_conditions_of_the_grid_stand_before_those_of_the_page(made):
    slug = next(column.slug for column in made.table.columns if column.kind == "input")
    own = {"column": slug, "operator": "is_not_empty", "value": ""}
    feed = LeadFeed(
        made.front.receive,
        found_in(lambda: made.tables),
        lambda _: made.operations,
        filters=[own],
        sort={"column": slug, "direction": "asc"},
    )
    other = {"column": slug, "operator": "contains", "value": "a"}
    on_loop(feed.look, message(made.table.id, filters=[other]))
    see(lambda: made.sandbox.rows)
    assert json.loads(made.sandbox.rows[0]["filters"]) == [own, other]
    assert json.loads(made.sandbox.rows[0]["sort"]) == {"column": slug, "direction": "asc"}
    on_loop(feed.stop)


def test_what_is_no_condition_is_left_out(made):
    # A page that is not ours asks for nothing at all.
    look(made, sort={"column": "a", "direction": "sideways"})
    look(made, filters=[{"column": 1}])
    look(made, filters=[{"column": "a", "operator": "drop", "value": ""}])
    see(lambda: made.front.answers)
    assert not {"filters", "sort"} & set(made.sandbox.rows[0])


# Cells without a result


def test_cells_may_come_until_what_is_shown_was_read_after_the_end(made):
    going_on, run = [True], ow.Run.from_payload({"id": "run", "status": "running"})
    of = {"conversation": lambda _: run.conversation if going_on[0] else None}
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: made.operations, **of)

    def is_final():
        return made.front.answers[-1]["final"]

    on_loop(feed.look, message(made.table.id))
    see(lambda: made.front.answers)
    assert not is_final()
    going_on[0] = False
    on_loop(feed.changed)
    see(is_final)
    # Cells run again, beside a run or without one.
    made.tables[0] = touched(made.table, cells={"running": 3, "errored": 0})
    on_loop(feed.changed)
    see(lambda: not is_final())
    made.tables[0] = made.table
    on_loop(feed.changed)
    see(is_final)
    on_loop(feed.stop)


# Who looks


def test_a_page_that_has_gone_without_a_word_is_forgotten(made, monkeypatch):
    look(made)
    see(lambda: made.front.answers)
    monkeypatch.setattr(lead_feed, "STALE", 0.0)
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    see(lambda: not made.feed.newest_table)
    assert quiet(made) == 1


def test_of_very_many_pages_the_last_ones_are_served(made):
    def all_look():
        for number in range(GRIDS_LIMIT + 3):
            made.feed.look(message(made.table.id, grid=f"g{number}"))

    on_loop(all_look)
    see(lambda: len({answer["grid"] for answer in made.front.answers}) == GRIDS_LIMIT)
    assert quiet(made) == GRIDS_LIMIT
    assert {answer["grid"] for answer in made.front.answers} == {f"g{number}" for number in range(3, GRIDS_LIMIT + 3)}


@pytest.mark.parametrize(
    "changes",
    [
        {"grid": 7},
        {"grid": "g" * 1_000},
        {"query": "1"},
        {"table": None},
        {"first": None},
        {"size": "5"},
        {"filters": None},
        {"kind": "columns"},
    ],
)
def test_a_message_that_no_page_of_ours_sends_is_ignored(made, changes):
    look(made, **changes)
    assert not made.feed.newest_table
    assert quiet(made, 0.05) == 0


@pytest.mark.parametrize(("size", "limit"), [(0, "1"), (-5, "1"), (10_000, "200")])
def test_a_page_has_at_most_two_hundred_leads(made, size, limit):
    look(made, size=size)
    see(lambda: made.sandbox.rows)
    assert made.sandbox.rows[0]["limit"] == limit


def test_of_a_table_that_the_run_does_not_have_nothing_is_asked(made):
    look(made, table="another")
    assert quiet(made) == 0


def test_without_a_client_nothing_is_asked(made):
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: None)
    on_loop(feed.look, message(made.table.id))
    assert quiet(made) == 0
    on_loop(feed.stop)


def test_a_table_without_its_columns_has_them_read(made):
    made.tables[0] = touched(made.table, columns=[])
    made.sandbox.columns.clear()
    look(made)
    see(lambda: made.front.answers)
    assert len(made.sandbox.columns) == 1
    assert made.front.answers[0]["heads"]
