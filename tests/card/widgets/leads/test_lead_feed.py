"""Leads for who looks at them: what is asked of the server, what is sent to the page, and that nothing of them is kept."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed
from origami_widgets.api.models.table import FlatRow
from origami_widgets.card.view.lead_cells import in_reading_order, make_cells, shown_columns
from origami_widgets.card.widgets import lead_feed
from origami_widgets.card.widgets.lead_feed import LeadFeed
from origami_widgets.card.widgets.run_card import RunCard
from tests.card.live import on_loop, receive, sent_by, settle
from tests.card.widgets.leads.lead_front import (
    SIZE,
    Front,
    Page,
    found_in,
    look,
    message,
    quiet,
    server_rows,
    touched,
)
from tests.support.quick import see


def test_nothing_is_asked_for_where_nobody_looks(made):
    on_loop(made.feed.changed)
    assert not made.feed.newest_table
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
    assert (answer["kind"], answer["grid"], answer["query"], answer["table"]) == ("leads", "g", 1, made.table.id)
    assert (answer["start"], len(answer["rows"]), answer["more"], answer["note"]) == (0, SIZE, True, "")
    assert answer["count"].startswith(f"{SIZE} of ")
    slugs = [head["slug"] for head in answer["heads"]]
    assert slugs[:4] == ["company", "fit", "contact-email", "website"]
    assert sorted(slugs) == sorted(column.slug for column in made.table.columns if column.slug)
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


def test_one_changed_cell_of_two_hundred_leads_is_some_hundred_bytes(made, unlimited):
    server = Growing(made.operations, shown_columns(made.table.columns), [f"lead-{number}" for number in range(300)])
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: server)
    on_loop(feed.look, message(made.table.id, size=200, last=399))
    see(lambda: len(made.front.answers) == 2)
    on_loop(feed.look, message(made.table.id, size=200, last=100))
    server.marks["lead-7"] = "changed"
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(feed.changed)
    see(lambda: len(made.front.answers) == 3)
    answer = made.front.answers[-1]
    assert [tuple(change) for change in answer["changes"]] == [(7, 0, "lead-7 changed")]
    assert len(json.dumps(answer)) <= 400
    on_loop(feed.stop)


def test_pages_above_those_that_are_seen_are_not_read_again(made):
    look(made, last=2 * SIZE)
    see(lambda: len(made.front.answers) == 3)
    look(made, first=2 * SIZE, last=2 * SIZE)
    made.sandbox.rows.clear()
    made.tables[0] = touched(made.table, leadCount=made.table.lead_count + 1)
    on_loop(made.feed.changed)
    see(lambda: made.sandbox.rows)
    assert quiet(made) == 1
    assert "cursor" in made.sandbox.rows[0]


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
def unlimited(unlimited, monkeypatch):
    """Neither the rate limit nor the pause between two updates makes a test of its own rows wait."""
    monkeypatch.setattr(lead_feed, "SPACING", 0.002)


changes_of_rows = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "change", "look"]), st.integers(0, 30)), min_size=1, max_size=8
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes_of_rows)
@example([("remove", 0), ("remove", 15)])
def test_each_lead_stands_once_and_in_its_place_however_rows_come_and_go(made, unlimited, steps):
    columns = shown_columns(made.table.columns)
    server = Growing(made.operations, columns, [f"lead-{number}" for number in range(17)])
    front = Front()
    tables = [made.table]
    feed = LeadFeed(front.receive, found_in(lambda: tables), lambda _: server)

    def right(first=0):
        ids = [row[0] for row in front.rows]
        assert len(set(ids)) == len(ids)
        wanted = [
            [row_id, json.loads(json.dumps(make_cells(server.row(row_id), in_reading_order(columns))))]
            for row_id in server.ids
        ]
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
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: server)
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
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: broken)
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
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: broken)
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
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: broken)
    on_loop(feed.look, message(made.table.id))
    see(lambda: broken.asked)
    quiet(made)
    assert broken.asked == 1
    assert feed.newest_table
    assert "could not be read" in caplog.text
    on_loop(feed.stop)


# What was read, and what is kept of it


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


def test_a_follow_up_keeps_the_leads_in_view_and_shows_what_it_adds():
    run = ow.start("List 20 bakeries in Porto", client=ow.Sandbox(speed=120).client(), show=False)
    grid = ow.leads(run.wait("cells", timeout=60))
    page = Page(grid)
    see(lambda: page.ask().answers[-1]["final"] and page.front.answers[-1]["hidden"])
    before, columns, leads = page.front.ids(), page.front.slugs, run.tables[0].lead_count
    assert len(before) < leads, "those that don't meet the brief are sorted out"
    run.follow_up("Find 5 more leads, and add the founder of each")

    def is_over():
        kept = [row_id for row_id in page.update().ids() if row_id in before]
        assert kept in ([], before), "in their order, at each moment"
        return run.settled and page.front.answers[-1]["final"] and len(page.front.ids()) > len(before)

    see(is_over)
    (added,) = set(page.front.slugs) - set(columns)
    assert page.front.slugs.index(added) == 2, "behind name and score"
    assert grid.head["tabs"][0]["leads"] == str(run.tables[0].lead_count)
    assert run.tables[0].lead_count > leads
    grid.close()


def test_a_closed_card_looks_at_nothing_any_more(ended, card):
    shown, messages = card
    receive(shown, message(ended.table.id))
    see(lambda: leads_in(messages))
    shown.close()
    settle()
    count = len(leads_in(messages))
    assert quiet(ended) == 1
    assert len(leads_in(messages)) == count


def test_cards_can_be_set_to_show_no_leads(ended, card):
    shown, messages = card
    ow.configure(leads=False)
    try:
        assert shown.view["tables"]["leads"] is False
        receive(shown, message(ended.table.id))
        receive(
            shown, {"kind": "download", "grid": "g", "table": ended.table.id, "ids": [], "columns": [], "format": "csv"}
        )
        settle()
        assert quiet(ended) == 0
        assert messages == []
    finally:
        ow.configure(leads=True)
    assert shown.view["tables"]["leads"] is True


def test_the_code_that_draws_leads_comes_when_it_is_asked_for(card):
    shown, messages = card
    receive(shown, {"kind": "code"})
    (answer,) = messages
    assert answer["content"]["kind"] == "code"
    assert "export" in answer["content"]["code"]


def test_tables_of_two_accounts_in_one_grid_use_their_own_clients(ended):
    client = ow.Sandbox(seed=7, speed=600).client()
    other = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60).tables[0]
    grid = ow.LeadGrid([ended.table, other])
    messages = sent_by(grid)
    for table in (ended.table, other):
        receive(grid, message(table.id, grid=table.id))
        see(lambda table=table: any(each["table"] == table.id and each["rows"] for each in leads_in(messages)))
        assert 0 < len(grid.frame) < len(grid.to_frame())
        assert ow.refresh_leads(grid.frame).gone.empty
    assert not any(each["note"] for each in leads_in(messages))
    grid.close()


def test_loaded_leads_say_where_they_come_from(ended):
    grid = ow.LeadGrid(ended.run, sort={"column": "company", "direction": "desc"})
    messages = sent_by(grid)
    none = grid.frame.attrs["origami"]
    assert (none["rows"], none["complete"], none["tables"][0]["table_id"]) == (0, False, ended.table.id)
    receive(grid, message(ended.table.id))
    see(lambda: leads_in(messages))
    frame, whole = grid.frame, grid.to_frame()
    about, of_all = frame.attrs["origami"], whole.attrs["origami"]
    assert frame.attrs.keys() == whole.attrs.keys()
    assert about.keys() == of_all.keys()
    own = {"rows", "complete", "stopped", "mixed_types", "tables"}
    assert {key: about[key] for key in about.keys() - own} == {key: of_all[key] for key in of_all.keys() - own}
    assert (about["rows"], about["complete"], bool(about["stopped"])) == (SIZE, False, True)
    assert copy.deepcopy(frame.attrs["origami"]) is about
    again = ow.refresh_leads(frame, client=ended.sandbox)
    pd.testing.assert_frame_equal(again.frame, whole)
    assert len(again.new) == len(whole) - SIZE
    receive(grid, {"kind": "select", "ids": [frame["row_id"][1]], "on": True})
    assert grid.selection.attrs["origami"]["rows"] == 1
    grid.close()


def test_a_page_that_saves_as_soon_as_it_shows_leads_saves_them(ended):
    grid = ow.LeadGrid(ended.run, save=True)
    grid.outputs.add({"text/plain": "the grid"}, {})
    messages = sent_by(grid)
    receive(grid, message(ended.table.id))
    see(lambda: leads_in(messages))
    contents = [each["content"] for each in messages if each["method"] == "custom"]
    until_then = contents[: [content["kind"] for content in contents].index("leads")]
    *_, newest = [json.dumps(content, ensure_ascii=False) for content in until_then if content["kind"] == "snapshot"]
    assert all(company in newest for company in grid.frame["company"])
    without = (~ow.leads_frame(ended.run)["contact_email_found"][: len(grid.frame)]).sum()
    assert newest.count("not found") >= without > 0
    grid.close()


def test_a_grid_without_a_table_has_a_frame_that_says_so():
    run = ow.start("List bakeries in Porto", client=ow.Sandbox(speed=0.001).client(), show=False)
    grid = ow.LeadGrid(run)
    about = grid.frame.attrs["origami"]
    assert (about["rows"], about["table_count"], list(about["tables"])) == (0, 0, [])
    grid.close()
