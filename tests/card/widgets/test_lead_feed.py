"""Leads for who looks at them: what is asked of the server, what is sent to the page, and that nothing of them is kept."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from types import SimpleNamespace
from urllib.parse import parse_qs

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed
from origami_widgets.api.loop import background
from origami_widgets.api.models import FlatRow
from origami_widgets.api.row_paging import RowQuery
from origami_widgets.card.view.lead_cells import make_cells, shown_columns
from origami_widgets.card.widgets import lead_feed
from origami_widgets.card.widgets.lead_feed import VIEWS_LIMIT, LeadFeed
from origami_widgets.card.widgets.run_card import RunCard
from tests.card.live import on_loop, receive, sent_by, settle
from tests.support.quick import QuickClock, see, use_clock

SIZE = 5


class Counted(ow.Sandbox):
    """A sandbox that notes which rows and columns it was asked for."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rows = []
        self.columns = []

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if path.endswith("/rows"):
            query = parse_qs(scope["query_string"].decode())
            self.rows.append({name: values[0] for name, values in query.items()})
        elif path.endswith("/columns"):
            self.columns.append(path)
        await super().__call__(scope, receive, send)


class Front:
    """What a page knows of the leads that it looks at: js/src/leads/rows.ts takes answers over in the same way."""

    def __init__(self):
        self.answers = []
        self.places = []
        self.known = {}

    @property
    def rows(self):
        """The leads in their order; a place of which nothing is known any more has none."""
        return [row for row in self.places if row is not None]

    def receive(self, answer):
        answer = json.loads(json.dumps(answer))
        if not self.answers or self.answers[-1]["query"] != answer["query"]:
            self.places, self.known = [], {}
        self.answers.append(answer)
        if answer["rows"] is None:
            for row, column, cell in answer["changes"]:
                self.places[answer["start"] + row][1][column] = cell
            # The page is the same, and what stood behind it may be gone.
            assert len(self.places) >= answer["read"]
            del self.places[answer["read"] :]
            return
        page = [[row_id, list(self.known[row_id]) if cells is None else cells] for row_id, cells in answer["rows"]]
        for row, column, cell in answer["changes"]:
            page[row][1][column] = cell
        self.known.update(page)
        self.places = [None if row and row[0] in dict(page) else row for row in self.places[: answer["read"]]]
        self.places += [None] * (answer["read"] - len(self.places))
        self.places[answer["start"] : answer["start"] + len(page)] = page


def message(table, /, **changes):
    made = {"kind": "leads", "view": "v", "query": 1, "table": table, "first": 0, "last": 0, "size": SIZE}
    return {**made, "sort": None, "filters": [], **changes}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    use_clock(monkeypatch, QuickClock())
    monkeypatch.setattr(lead_feed, "SPACING", 0.05)
    monkeypatch.setattr(lead_feed, "RETRY", 0.05)


@pytest.fixture(scope="module")
def ended():
    """A sandbox, a client of it, and a run there whose cells are all final."""
    sandbox = Counted(speed=600)
    client = sandbox.client()
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60)
    return SimpleNamespace(sandbox=sandbox, client=client, run=run, table=run.tables[0])


@pytest.fixture
def made(ended):
    """A feed of leads of that run, and what it has sent."""
    front = Front()
    tables = list(ended.run.tables)
    operations = ended.run.conversation.current.operations
    feed = LeadFeed(front.receive, lambda: tables, lambda: operations)
    ended.sandbox.rows.clear()
    yield SimpleNamespace(**vars(ended), feed=feed, front=front, tables=tables, operations=operations)
    on_loop(feed.stop)


def look(made, **changes):
    on_loop(made.feed.look, message(made.table.id, **changes))


def quiet(made, seconds=0.2):
    """Return how often rows were asked for, after a while in which more would be."""
    background().run(asyncio.sleep(seconds))
    return len(made.sandbox.rows)


def server_rows(made, **query):
    rows = rows_of(made.run, made.table, **query)
    made.sandbox.rows.clear()
    return rows


def rows_of(run, table, **query):
    """The leads as the server has them now, in the form in which a page is sent them."""
    read = run.conversation.current.operations.list_rows(table.id, RowQuery(flat=True, **query), limit=200)
    columns = shown_columns(table.columns)
    return [[row.id, json.loads(json.dumps(make_cells(row, columns)))] for row in background().run(read).items]


def touched(table, **changes):
    """The table as the server tells it after a change."""
    return type(table).from_raw({**table.raw, **changes})


def test_nothing_is_asked_for_where_nobody_looks(made):
    on_loop(made.feed.changed)
    assert not made.feed.is_looked_at
    assert quiet(made) == 0
    assert made.front.answers == []


def test_one_page_is_one_request(made):
    look(made)
    see(lambda: made.front.answers)
    assert quiet(made) == 1
    (asked,) = made.sandbox.rows
    assert (asked["limit"], asked["cells"]) == (str(SIZE), "flat")
    assert not {"filters", "sort", "cursor", "defaults"} & set(asked)
    (answer,) = made.front.answers
    assert (answer["kind"], answer["view"], answer["query"], answer["table"]) == ("leads", "v", 1, made.table.id)
    assert (answer["start"], len(answer["rows"]), answer["more"], answer["note"]) == (0, SIZE, True, "")
    assert answer["count"].startswith(f"{SIZE} of ")
    assert [head["slug"] for head in answer["heads"]] == [column.slug for column in made.table.columns if column.slug]
    assert made.front.rows == server_rows(made)[:SIZE]


def test_the_page_that_is_seen_is_reached_over_those_before_it(made):
    look(made, first=2 * SIZE, last=2 * SIZE + 1)
    see(lambda: len(made.front.answers) == 3)
    assert quiet(made) == 3
    assert [answer["start"] for answer in made.front.answers] == [0, SIZE, 2 * SIZE]
    assert ["cursor" in asked for asked in made.sandbox.rows] == [False, True, True]
    assert made.front.rows == server_rows(made)[: 3 * SIZE]


def test_after_the_last_page_nothing_more_is_asked_for(made):
    look(made, last=1_000)
    see(lambda: made.front.answers and not made.front.answers[-1]["more"])
    pages = len(made.front.answers)
    assert quiet(made) == pages
    assert made.front.rows == server_rows(made)


def test_a_second_look_at_an_unchanged_table_asks_for_nothing(made):
    look(made)
    see(lambda: made.front.answers)
    look(made)
    on_loop(made.feed.changed)
    assert quiet(made) == 1
    assert len(made.front.answers) == 1


def test_a_page_that_begins_anew_gets_what_was_read_without_a_request(made):
    look(made)
    see(lambda: made.front.answers)
    look(made, query=2)
    assert quiet(made) == 1
    first, again = made.front.answers
    assert (again["query"], again["rows"]) == (2, first["rows"])


def test_only_cells_that_have_changed_are_sent(made):
    look(made)
    see(lambda: made.front.answers)
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    see(lambda: len(made.front.answers) == 2)
    answer = made.front.answers[-1]
    assert (answer["rows"], answer["heads"], answer["changes"]) == (None, None, [])
    assert quiet(made) == 2


def test_one_changed_cell_of_two_hundred_leads_is_some_hundred_bytes(made, unlimited):
    server = Growing(made.operations, shown_columns(made.table.columns), [f"lead-{number}" for number in range(300)])
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: server)
    on_loop(feed.look, message(made.table.id, size=200, last=399))
    see(lambda: len(made.front.answers) == 2)
    server.marks["lead-7"] = "changed"
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(feed.look, message(made.table.id, size=200, last=100))
    on_loop(feed.changed)
    see(lambda: len(made.front.answers) == 3)
    answer = made.front.answers[-1]
    assert [tuple(change) for change in answer["changes"]] == [(7, 0, "lead-7 changed")]
    assert len(json.dumps(answer)) <= 400
    on_loop(feed.stop)


def test_each_of_many_pages_is_one_message_with_little_beside_its_leads(made, unlimited):
    server = Growing(made.operations, shown_columns(made.table.columns), [f"lead-{number}" for number in range(2_000)])
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: server)
    for last in range(199, 2_000, 200):
        on_loop(feed.look, message(made.table.id, size=200, first=last - 199, last=last))
    see(lambda: len(made.front.rows) == 2_000)
    answers = made.front.answers
    assert [(answer["start"], len(answer["rows"])) for answer in answers] == [
        (start, 200) for start in range(0, 2_000, 200)
    ]
    # Its heads, as the share that was found changes with each page, and the counts: the same on the last page as on the first.
    beside = [len(json.dumps({**answer, "rows": []})) for answer in answers]
    assert max(beside) <= 3_000
    assert max(beside) - min(beside) <= 200
    on_loop(feed.stop)


def test_a_table_that_nobody_looks_at_may_change(made):
    look(made)
    see(lambda: made.front.answers)
    look(made, table="")
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    assert quiet(made) == 1
    assert not made.feed.is_looked_at


def test_pages_above_those_that_are_seen_are_not_read_again(made):
    look(made, last=2 * SIZE)
    see(lambda: len(made.front.answers) == 3)
    look(made, first=2 * SIZE, last=2 * SIZE)
    made.sandbox.rows.clear()
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    see(lambda: len(made.front.answers) == 4)
    assert quiet(made) == 1
    assert made.front.answers[-1]["start"] == 2 * SIZE


def test_cells_fill_on_the_page_as_they_fill_on_the_server():
    begun, ahead = time.time(), [0.0]
    sandbox = Counted(clock=lambda: begun + ahead[0])
    client = sandbox.client()
    run = ow.start("List bakeries in Porto. scenario:filling", client=client, show=False)
    front = Front()
    watch = run.conversation.current
    feed = LeadFeed(front.receive, lambda: watch.state.tables, lambda: watch.operations)
    forget = run.conversation.subscribers.add(feed.changed)
    ahead[0] = 120.0
    run.refresh()
    assert (run.done, run.settled) == (True, False)
    on_loop(feed.look, message(run.tables[0].id, size=200, last=199))
    see(lambda: front.answers)
    filling = [cell for _, cells in front.rows for cell in cells]
    assert None in filling
    ahead[0] = 1_500.0
    run.refresh()
    assert run.settled
    final = rows_of(run, run.tables[0])
    see(lambda: front.rows == final)
    changed = front.answers[-1]["changes"]
    assert 0 < len(changed) < len(filling)
    forget()
    on_loop(feed.stop)


# Rows that come and go


class Growing:
    """Operations on a table whose rows a test puts in and takes out, in pages by their number, as the sandbox has them."""

    def __init__(self, operations, columns, ids):
        self.operations, self.columns, self.ids, self.marks = operations, columns, ids, {}

    def __getattr__(self, name):
        return getattr(self.operations, name)

    async def list_rows(self, _table, _query, *, cursor, limit):
        start = int(cursor or 0)
        rows = [self.row(row_id) for row_id in self.ids[start : start + limit]]
        following = str(start + limit) if start + limit < len(self.ids) else None
        return SimpleNamespace(items=rows, next_cursor=following, total=len(self.ids))

    def row(self, row_id):
        slug = self.columns[0].slug
        return FlatRow.from_raw({"id": row_id, slug: f"{row_id} {self.marks.get(row_id, '')}"})


@pytest.fixture
def unlimited(monkeypatch):
    """What a test reads of its own rows costs nothing of the rate limit, which would make it wait."""

    async def allow(_operations):
        pass

    monkeypatch.setattr(lead_feed, "poller", lambda: SimpleNamespace(allow=allow))
    monkeypatch.setattr(lead_feed, "SPACING", 0.002)


changes_of_rows = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "change", "look"]), st.integers(0, 30)), min_size=1, max_size=8
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes_of_rows)
@example([("remove", 0), ("remove", 15)])
def test_each_lead_stands_once_and_in_its_place_however_rows_come_and_go(made, unlimited, steps):
    columns = shown_columns(made.table.columns)
    server = Growing(made.operations, columns, [f"lead-{number}" for number in range(17)])
    front = Front()
    tables = [made.table]
    feed = LeadFeed(front.receive, lambda: tables, lambda: server)

    def right(first=0):
        ids = [row[0] for row in front.rows]
        assert len(set(ids)) == len(ids)
        wanted = [[row_id, json.loads(json.dumps(make_cells(server.row(row_id), columns)))] for row_id in server.ids]
        return front.places[first:] == wanted[first:]

    on_loop(feed.look, message(made.table.id, last=1_000))
    see(right)
    for number, (step, at) in enumerate(steps):
        first = 0
        if step == "add":
            server.ids.insert(min(at, len(server.ids)), f"new-{number}")
        elif step == "remove" and len(server.ids) > 1:
            del server.ids[at % len(server.ids)]
        elif step == "change":
            server.marks[server.ids[at % len(server.ids)]] = number
        else:
            first = at % len(server.ids) // SIZE * SIZE
        tables[0] = touched(made.table, leadCount=1_000 + number)
        on_loop(feed.look, message(made.table.id, first=first, last=1_000))
        on_loop(feed.changed)
        see(lambda first=first: right(first))
    on_loop(feed.look, message(made.table.id, last=1_000))
    see(right)
    loaded = feed.loaded(made.table.id).rows
    assert [lead.id for lead in loaded] == server.ids
    on_loop(feed.stop)


def test_a_row_in_front_sends_that_row_and_no_cell_of_the_others(made, unlimited):
    server = Growing(
        made.operations, shown_columns(made.table.columns), [f"lead-{number}" for number in range(4 * SIZE)]
    )
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: server)
    on_loop(feed.look, message(made.table.id, last=1_000))
    see(lambda: len(made.front.answers) == 4)
    server.ids.insert(0, "new")
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(feed.changed)
    see(lambda: [row[0] for row in made.front.rows] == server.ids)
    later = made.front.answers[4:]
    assert [row_id for answer in later for row_id, cells in answer["rows"] or () if cells is not None] == ["new"]
    assert not any(answer["changes"] for answer in later)
    on_loop(feed.stop)


# Filters and sort


def test_filters_and_sort_reach_the_server(made):
    slug = next(column.slug for column in made.table.columns if column.kind == "input")
    name = server_rows(made)[0][1][[column.slug for column in made.table.columns if column.slug].index(slug)]
    filters = [{"column": slug, "operator": "equals", "value": name}]
    sort = {"column": slug, "direction": "desc"}
    look(made, filters=filters, sort=sort)
    see(lambda: made.front.answers)
    (asked,) = made.sandbox.rows
    assert json.loads(asked["filters"]) == filters
    assert json.loads(asked["sort"]) == sort
    assert "match" in made.front.answers[0]["count"]
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
        lambda: made.tables,
        lambda: made.operations,
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
    odd = [{"column": "a", "operator": "drop", "value": ""}, {"column": 1}, None, "x"]
    look(made, filters=odd, sort={"column": "a", "direction": "sideways"})
    see(lambda: made.front.answers)
    assert not {"filters", "sort"} & set(made.sandbox.rows[0])


def test_the_tables_own_filters_are_off_while_the_run_goes_on(made):
    going_on = [True]
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: made.operations, is_unfiltered=lambda: going_on[0])
    on_loop(feed.look, message(made.table.id))
    see(lambda: made.front.answers)
    assert made.sandbox.rows[0]["defaults"] == "false"
    assert RowQuery(saved_filters=False).params() == {"defaults": "false"}
    going_on[0] = False
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(feed.changed)
    see(lambda: len(made.front.answers) == 2)
    assert "defaults" not in made.sandbox.rows[-1]
    # All of it is sent: which rows there are may have changed.
    assert None not in [cells for _, cells in made.front.answers[-1]["rows"]]
    on_loop(feed.stop)


# Who looks


def test_a_page_that_has_gone_without_a_word_is_forgotten(made, monkeypatch):
    look(made)
    see(lambda: made.front.answers)
    monkeypatch.setattr(lead_feed, "STALE", 0.0)
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    see(lambda: not made.feed.is_looked_at)
    assert quiet(made) == 1


def test_of_very_many_pages_the_last_ones_are_served(made):
    def all_look():
        for number in range(VIEWS_LIMIT + 3):
            made.feed.look(message(made.table.id, view=f"v{number}"))

    on_loop(all_look)
    see(lambda: len({answer["view"] for answer in made.front.answers}) == VIEWS_LIMIT)
    assert quiet(made) == VIEWS_LIMIT
    assert {answer["view"] for answer in made.front.answers} == {f"v{number}" for number in range(3, VIEWS_LIMIT + 3)}


def test_what_is_read_for_a_page_that_has_gone_is_not_sent(made):
    class Slow:
        def __getattr__(self, name):
            return getattr(made.operations, name)

        async def list_rows(self, *given, **options):
            made.feed.stop()
            return await made.operations.list_rows(*given, **options)

    feed = LeadFeed(made.front.receive, lambda: made.tables, Slow)
    made.feed = feed
    look(made)
    see(lambda: made.sandbox.rows)
    quiet(made)
    assert made.front.answers == []


@pytest.mark.parametrize(
    "changes",
    [
        {"view": 7},
        {"view": "v" * 1_000},
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
    assert not made.feed.is_looked_at
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
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: None)
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


# Errors


class Broken:
    """Operations of which rows cannot be read for a while."""

    def __init__(self, operations, error):
        self.operations, self.error, self.asked = operations, error, 0

    def __getattr__(self, name):
        return getattr(self.operations, name)

    async def list_rows(self, *given, **options):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return await self.operations.list_rows(*given, **options)


LOST = ConnectionFailed("Can't reach Origami", cause="no network", remedy="Check the network.", transient=True)


def test_what_went_wrong_is_said_and_then_tried_again(made):
    broken = Broken(made.operations, LOST)
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: broken)
    on_loop(feed.look, message(made.table.id))
    see(lambda: made.front.answers)
    answer = made.front.answers[0]
    assert (answer["rows"], answer["note"]) == ([], "Can't reach Origami. Check the network.")
    broken.error = None
    see(lambda: made.front.rows)
    assert made.front.answers[-1]["note"] == ""
    on_loop(feed.stop)


def test_what_was_read_stays_while_it_cannot_be_read_again(made):
    broken = Broken(made.operations, None)
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: broken)
    on_loop(feed.look, message(made.table.id))
    see(lambda: made.front.rows)
    before = [list(row) for row in made.front.rows]
    broken.error = LOST
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(feed.changed)
    see(lambda: made.front.answers[-1]["note"])
    assert made.front.rows == before
    on_loop(feed.stop)


def test_a_mistake_of_ours_ends_nothing_and_is_not_repeated_in_haste(made, caplog, monkeypatch):
    monkeypatch.setattr(lead_feed, "RETRY", 60.0)
    broken = Broken(made.operations, ZeroDivisionError())
    feed = LeadFeed(made.front.receive, lambda: made.tables, lambda: broken)
    on_loop(feed.look, message(made.table.id))
    see(lambda: broken.asked)
    quiet(made)
    assert broken.asked == 1
    assert feed.is_looked_at
    assert "could not be read" in caplog.text
    on_loop(feed.stop)


# What was read, and what is kept of it


def test_what_was_read_can_be_had_without_a_request(made):
    assert made.feed.loaded(made.table.id).rows == []
    look(made)
    see(lambda: made.front.answers)
    loaded = made.feed.loaded(made.table.id)
    assert [lead.id for lead in loaded.rows] == [row_id for row_id, _ in made.front.rows]
    assert [column.slug for column in loaded.columns] == [head["slug"] for head in made.front.answers[0]["heads"]]
    assert quiet(made) == 1


@pytest.fixture
def card(ended):
    made = RunCard(ended.run)
    settle()
    ended.sandbox.rows.clear()
    yield made, sent_by(made)
    made.close()


def leads_in(messages):
    return [each["content"] for each in messages if each["method"] == "custom" and each["content"]["kind"] == "leads"]


def test_a_card_answers_who_looks_and_keeps_no_lead(ended, card):
    shown, messages = card
    receive(shown, message(ended.table.id))
    see(lambda: leads_in(messages))
    (answer,) = leads_in(messages)
    texts = {cell for _, cells in answer["rows"] for cell in cells if isinstance(cell, str) and len(cell) > 8}
    assert texts
    kept = json.dumps([shown.get_state(), shown.snapshot(), shown.bundle()[0]], default=str, ensure_ascii=False)
    assert not [text for text in texts if text in kept]
    assert not [content for content in messages if content["method"] == "update"]


def test_a_card_that_nobody_looks_at_asks_for_no_rows(ended, card):
    shown, _ = card
    shown.shown()
    settle()
    assert quiet(ended) == 0


def test_a_closed_card_looks_at_nothing_any_more(ended, card):
    shown, messages = card
    receive(shown, message(ended.table.id))
    see(lambda: leads_in(messages))
    shown.close()
    settle()
    count = len(leads_in(messages))
    assert quiet(ended) == 1
    assert len(leads_in(messages)) == count


def test_cards_can_be_told_to_show_no_leads(ended, card):
    shown, messages = card
    ow.configure(leads=False)
    try:
        assert shown.view["tables"]["leads"] is False
        receive(shown, message(ended.table.id))
        settle()
        assert quiet(ended) == 0
        assert leads_in(messages) == []
    finally:
        ow.configure(leads=True)
    assert shown.view["tables"]["leads"] is True


def test_the_code_that_draws_leads_comes_when_it_is_asked_for(card):
    shown, messages = card
    receive(shown, {"kind": "code"})
    (answer,) = messages
    assert answer["content"]["kind"] == "code"
    assert "export" in answer["content"]["code"]


def test_what_a_grid_has_loaded_is_an_arrow_stream_without_another_request(ended):
    grid = ow.LeadGrid(ended.run)
    assert pl.DataFrame(grid).height == 0
    messages = sent_by(grid)
    receive(grid, message(ended.table.id))
    see(lambda: leads_in(messages))
    ended.sandbox.rows.clear()
    frame, streamed = grid.frame, pl.DataFrame(grid)
    assert streamed.columns == list(frame)
    assert streamed["row_id"].to_list() == frame["row_id"].to_list() != []
    assert pa.table(grid).num_rows == streamed.height == SIZE
    assert ended.sandbox.rows == []
    grid.close()


def test_what_a_grid_has_loaded_says_where_it_comes_from_as_the_other_frames_do(ended):
    filters = [{"column": "company", "operator": "is_not_empty"}]
    grid = ow.LeadGrid(ended.run, filters=filters, sort={"column": "company", "direction": "desc"})
    messages = sent_by(grid)
    none = grid.frame.attrs["origami"]
    assert (none["rows"], none["complete"], none["table_id"]) == (0, False, ended.table.id)
    receive(grid, message(ended.table.id))
    see(lambda: leads_in(messages))
    frame, whole = grid.frame, grid.to_frame()
    about, of_all = frame.attrs["origami"], whole.attrs["origami"]
    assert frame.attrs.keys() == whole.attrs.keys()
    assert about.keys() == of_all.keys()
    own = {"rows", "pages", "complete", "stopped", "lead_count_note", "mixed_types"}
    assert {key: about[key] for key in about.keys() - own} == {key: of_all[key] for key in of_all.keys() - own}
    assert (about["rows"], about["complete"], bool(about["stopped"])) == (SIZE, False, True)
    assert copy.deepcopy(frame.attrs["origami"]) is about
    again = ow.refresh_leads(frame, client=ended.sandbox)
    pd.testing.assert_frame_equal(again.frame, whole)
    assert len(again.new) == len(whole) - SIZE
    receive(grid, {"kind": "select", "ids": [frame["row_id"][1]], "on": True})
    assert grid.selection.attrs["origami"]["rows"] == 1
    grid.close()


def test_a_grid_without_a_table_has_a_frame_that_says_so():
    run = ow.start("List bakeries in Porto", client=ow.Sandbox(speed=0.001).client(), show=False)
    grid = ow.LeadGrid(run)
    about = grid.frame.attrs["origami"]
    assert (about["rows"], about["complete"], "table_id" in about) == (0, False, False)
    grid.close()
