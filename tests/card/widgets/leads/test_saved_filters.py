"""Saved filters: those of a grid narrow what the saved filters of a table let through, and hidden leads are shown on request."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import origami_widgets as ow
from origami_widgets.card.widgets import lead_feed
from origami_widgets.card.widgets.lead_feed import LeadFeed
from tests.card.live import on_loop
from tests.card.widgets.leads.lead_front import Front, found_in, message, quiet, touched
from tests.support.hidden_leads import LEAST_FIT, HiddenLeads
from tests.support.quick import see

pytestmark = pytest.mark.usefixtures("unlimited")
HAS_MAIL = [{"column": "contact-email", "operator": "is_not_empty", "value": ""}]
SMALL = [{"column": "employees", "operator": "less_than", "value": "300"}]
COUNT, IDS, GIVEN = [("1", "saved", ""), ("1", "", "")], ("200", "saved", ""), ("200", "", "given")


def api_ids(made, **query):
    """The ids that the API gives, whose own filters replace the saved ones."""
    return [row.id for row in made.client.iter_rows(made.table.id, **query)]


def asks(made, /, **changes):
    on_loop(made.feed.look, message(made.table.id, **{"size": 200, "last": 199, **changes}))


def ended(made):
    """Whether the newest answer leaves nothing open."""
    last = made.front.answers[-1] if made.front.answers else {"more": True, "note": ""}
    return (
        not last["more"]
        and not last["note"]
        and last["hidden"] is not None
        and "checking" not in made.front.marks.values()
    )


@pytest.fixture
def large():
    """A feed of leads of a table with 600, of which the saved filters hide the half."""
    sandbox = HiddenLeads(600)
    client = sandbox.client()
    table = sandbox.ended(client)
    tables, front = [table], Front()
    feed = LeadFeed(front.receive, found_in(lambda: tables), lambda _: client.operations)
    yield SimpleNamespace(sandbox=sandbox, client=client, table=table, tables=tables, front=front, feed=feed)
    on_loop(feed.stop)


def test_leads_that_fail_the_brief_are_not_shown(made):
    asks(made, filters=HAS_MAIL)
    see(lambda: ended(made))
    saved, own = api_ids(made), api_ids(made, filters=HAS_MAIL)
    assert made.front.ids() == [row_id for row_id in own if row_id in saved]
    assert 0 < len(made.front.rows) < len(own)
    last = made.front.answers[-1]
    hidden = len(own) - len(made.front.rows)
    assert (last["total"], last["hidden"], last["marks"]) == (len(made.front.rows), hidden, {})
    assert last["count"] == f"{len(made.front.rows)} of {made.table.lead_count} leads"
    # All is known of this version now.
    quiet(made)
    made.sandbox.rows.clear()
    asks(made, query=2, filters=[*HAS_MAIL, {"column": "company", "operator": "contains", "value": "a"}])
    see(lambda: made.front.answers[-1]["query"] == 2 and ended(made))
    assert quiet(made) == 1


def hidden_ids(made):
    """The ids of the leads that are marked as failing the saved filters, whatever the reason."""
    return [row_id for row_id, _ in made.front.rows if made.front.marks.get(row_id, "checking") != "checking"]


def unjudged(table, verdicts=0):
    """The table as the server has it where its judging column has stopped before the first verdict, or after some."""
    counts = {"pass": 0, "fail": verdicts, "unsure": 0, "total": verdicts}
    columns = [
        {**column, "qualification": counts} if column.get("qualification") else column
        for column in table.raw["columns"]
    ]
    return touched(table, columns=columns)


def test_where_no_lead_was_judged_none_is_hidden(made):
    made.tables[0] = unjudged(made.table)
    asks(made)
    see(lambda: ended(made))
    last = made.front.answers[-1]
    assert (last["judged"], last["hidden"], last["marks"]) == (False, 0, {})
    assert len(made.front.rows) == made.table.lead_count
    assert last["count"] == f"{made.table.lead_count} leads"
    # Nothing is read again before something has changed.
    made.sandbox.rows.clear()
    assert quiet(made) == 0
    # A single verdict is enough for the saved filters to tell something.
    made.tables[0] = touched(unjudged(made.table, verdicts=1), updatedAt="2031-01-01T00:00:00Z")
    on_loop(made.feed.changed)
    see(lambda: made.front.answers[-1]["hidden"] and ended(made))
    assert made.front.answers[-1]["judged"]
    assert made.front.answers[-1]["hidden"] == made.table.lead_count - len(made.front.rows)


def test_rows_are_shown_and_marked_before_the_saved_filters_are_read(large):
    asks(large, filters=SMALL)
    see(lambda: ended(large))
    first = large.front.answers[0]
    assert len(first["rows"]) == len(first["marks"]) == 200
    assert first["count"] == "0 leads so far"
    assert large.sandbox.seen[0] == GIVEN
    assert large.sandbox.seen[1:5] == [*COUNT, IDS, IDS]
    wanted = [each for each in large.sandbox.leads if each["employees"] < 300 and each["fit"] >= LEAST_FIT]
    wanted.sort(key=lambda each: each["fit"], reverse=True)
    assert large.front.ids() == [each["id"] for each in wanted]
    assert large.front.answers[-1]["count"].startswith(f"{len(wanted)} of 600 leads")


def test_a_page_that_somebody_waits_for_goes_before_the_saved_filters(large):
    descending = {"column": "employees", "direction": "desc"}

    def receive_first(answer):
        large.front.receive(answer)
        if len(large.front.answers) == 1:
            feed.look(message(large.table.id, query=2, size=200, last=199, filters=SMALL, sort=descending))

    feed = LeadFeed(receive_first, found_in(lambda: large.tables), lambda _: large.client.operations)
    on_loop(feed.look, message(large.table.id, size=200, last=199, filters=SMALL))
    see(lambda: ended(large))
    on_loop(feed.stop)
    assert large.sandbox.seen[:4] == [GIVEN, GIVEN, *COUNT]
    wanted = [each for each in large.sandbox.leads if each["employees"] < 300 and each["fit"] >= LEAST_FIT]
    assert large.front.ids() == [each["id"] for each in wanted][::-1]


def test_frames_and_grids_share_the_ids(large):
    frame = ow.leads_frame(large.table, client=large.client, filters=SMALL)
    ow.leads_frame([large.table], client=large.client, filters=SMALL)
    assert large.sandbox.seen.count(IDS) == 2
    large.sandbox.clear()
    asks(large, filters=SMALL)
    see(lambda: ended(large))
    assert set(large.sandbox.seen) == {GIVEN}
    assert large.front.ids() == frame["row_id"].to_list()
    assert large.front.answers[0]["marks"] == {}


def test_another_version_of_the_table_is_read_anew(large):
    asks(large, filters=SMALL)
    see(lambda: ended(large))
    large.sandbox.clear()
    failing = next(each for each in large.sandbox.leads if each["id"] == large.front.ids()[0])
    failing["fit"] = 1
    large.sandbox.stamp = "2026-07-22T09:00:00Z"
    large.tables[0] = touched(large.table, updatedAt=large.sandbox.stamp)
    on_loop(large.feed.changed)
    see(lambda: failing["id"] not in large.front.ids() and large.sandbox.seen.count(IDS) == 2)
    # What was known before stays in force until then.
    assert "checking" not in {mark for answer in large.front.answers[-2:] for mark in answer["marks"].values()}


def test_hidden_leads_are_shown_on_request_and_marked(made):
    asks(made)
    see(lambda: ended(made))
    saved = api_ids(made)
    hidden = [row_id for row_id in api_ids(made, saved_filters=False) if row_id not in saved]
    assert made.front.answers[-1]["hidden"] == len(hidden) > 0
    assert made.front.ids() == saved
    asks(made, query=2, include_hidden=True)
    see(lambda: made.front.answers[-1]["query"] == 2 and ended(made))
    assert sorted(made.front.ids()) == sorted(saved)
    assert hidden_ids(made) == hidden
    # The server did not judge those whose cell has failed.
    assert all(made.front.known[row_id][1] is not None for row_id in made.front.ids("hidden"))
    assert all(made.front.known[row_id][1] is None for row_id in made.front.ids("unjudged"))
    assert made.front.answers[-1]["count"] == f"{made.table.lead_count} leads"
    assert made.front.answers[-1]["hidden"] == len(hidden)
    asks(made, query=3, include_hidden=True, filters=HAS_MAIL)
    see(lambda: made.front.answers[-1]["query"] == 3 and ended(made))
    assert {row_id for row_id, _ in made.front.rows} == set(api_ids(made, filters=HAS_MAIL))
    assert set(hidden_ids(made)) <= set(hidden)


def test_an_error_leaves_the_marks_and_says_why(large, monkeypatch):
    monkeypatch.setattr(lead_feed, "RETRY", 0.3)
    page = large.sandbox.page

    def cut(query):
        made = page(query)
        return made | {"nextCursor": None} if query["limit"] == "200" and "filters" not in query else made

    monkeypatch.setattr(large.sandbox, "page", cut)
    asks(large, filters=SMALL)
    see(lambda: large.front.answers and large.front.answers[-1]["note"])
    assert "saved filters can't be applied" in large.front.answers[-1]["note"]
    assert large.front.ids("checking")
    monkeypatch.setattr(large.sandbox, "page", page)
    see(lambda: ended(large))
    assert large.front.answers[-1]["note"] == ""


def test_a_grid_that_begins_with_hidden_leads(made):
    grid = made.run.leads(filters=HAS_MAIL, include_hidden=True)
    assert grid.head["include_hidden"] is True
    assert set(grid.to_frame()["row_id"]) == set(api_ids(made, filters=HAS_MAIL))
    assert set(grid.to_frame(include_hidden=False)["row_id"]) == set(api_ids(made, filters=HAS_MAIL)) & set(
        api_ids(made)
    )
    grid.close()


def test_the_brief_applies_when_its_run_ends_even_if_its_table_stays_as_it_is(made):
    goes_on, wanted, run = [True], api_ids(made), ow.Run.from_payload({"id": "run", "status": "running"})
    made.sandbox.rows.clear()
    of = {"conversation": lambda _: run.conversation if goes_on[0] else None}
    feed = LeadFeed(made.front.receive, found_in(lambda: made.tables), lambda _: made.operations, **of)
    on_loop(feed.look, message(made.table.id, size=200, last=199))
    see(lambda: len(made.front.rows) == made.table.lead_count)
    assert made.sandbox.rows[0]["defaults"] == "false"
    goes_on[0] = False
    on_loop(feed.changed)
    see(lambda: made.front.ids() == wanted)
    assert "defaults" not in made.sandbox.rows[-1]
    on_loop(feed.stop)
