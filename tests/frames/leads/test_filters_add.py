"""Filters narrow what the saved filters of a table let through, in every frame of leads, and cost no more than they must."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import OrigamiError
from tests.frames.listed import ids
from tests.support.hidden_leads import LEAST_FIT, HiddenLeads

SMALL = [{"column": "employees", "operator": "less_than", "value": 300}]
COUNT, IDS, GIVEN = [("1", "saved", ""), ("1", "", "")], ("200", "saved", ""), ("200", "", "given")


def about(frame):
    (note,) = frame.attrs["origami"]["tables"]
    return note


@pytest.fixture(scope="module")
def real():
    """A client of a sandbox, and a table there whose saved filters hide leads."""
    client = ow.Sandbox(speed=600).client()
    table = ow.start("List bakeries in Porto", client=client, show=False).wait("cells", timeout=60).tables[0]
    return client, table, [row.id for row in client.iter_rows(table.id)]


@pytest.fixture
def server():
    return HiddenLeads(600)


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def table(server, client):
    return server.ended(client)


OPERATORS = ["contains", "not_contains", "equals", "not_equals", "greater_than", "less_than_or_equal"]
VALUE = st.sampled_from(["hello", "a", "60", "80", "Porto", "padaria", ""])
SLUG = st.sampled_from(["company", "website", "city", "employees", "contact-email", "fit"])
CONDITION = st.builds(
    lambda slug, operator, value: {"column": slug, "operator": operator, "value": value},
    SLUG,
    st.sampled_from([*OPERATORS, "is_empty", "is_not_empty"]),
    VALUE,
)
SORT = st.none() | st.builds(
    lambda slug, way: {"column": slug, "direction": way}, SLUG, st.sampled_from(["asc", "desc"])
)


@given(filters=st.lists(CONDITION, max_size=3), sort=SORT, limit=st.none() | st.integers(0, 15))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_give_what_the_brief_and_they_let_through(real, filters, sort, limit):
    client, table, saved = real
    found = ow.leads_frame(table, client=client, filters=filters, sort=sort, limit=limit)
    # The API's own filters replace the saved ones.
    every = [row.id for row in client.iter_rows(table.id, filters=filters or None, sort=sort)]
    assert ids(found) == [row_id for row_id in every if row_id in saved][:limit]


def test_hidden_leads_are_read_where_they_are_asked_for(real):
    client, table, saved = real
    condition = [{"column": "contact-email", "operator": "is_not_empty"}]
    narrowed = ow.leads_frame(table, client=client, filters=condition)
    hidden = ow.leads_frame(table, client=client, filters=condition, include_hidden=True)
    assert set(ids(narrowed)) == set(ids(hidden)) & set(saved)
    assert len(narrowed) < len(hidden)
    assert len(ow.leads_frame(table, client=client, include_hidden=True)) == table.lead_count > len(saved)
    assert (about(narrowed)["saved_filters"], about(hidden)["saved_filters"]) == (True, False)
    stacked = ow.leads_frame(table.id, client=client, filters=condition, include_hidden=True)
    assert ids(stacked) == ids(hidden)


def test_a_table_without_saved_filters_costs_two_reads_of_one_row(server, client, table):
    for each in server.leads:
        each["fit"] = LEAST_FIT + each["fit"] % 50
    frame = ow.leads_frame(table, client=client, filters=SMALL)
    assert server.seen == [*COUNT, GIVEN, GIVEN]
    assert server.tables == 0
    assert about(frame)["total"] == len(frame)
    assert about(frame)["table_changed"] is None


def test_without_filters_nothing_is_compared(server, client, table):
    ow.leads_frame(table, client=client)
    assert ("1", "saved", "") not in server.seen
    assert server.tables == 0


def test_all_pages_of_a_large_table_are_narrowed(server, client, table):
    frame = ow.leads_frame(table, client=client, filters=SMALL)
    wanted = [each for each in server.leads if each["employees"] < 300 and each["fit"] >= LEAST_FIT]
    wanted.sort(key=lambda each: each["fit"], reverse=True)
    assert ids(frame) == [each["id"] for each in wanted]
    shown = sum(each["fit"] >= LEAST_FIT for each in server.leads)
    assert server.seen == [*COUNT, *[IDS] * -(-shown // 200), GIVEN, GIVEN]
    assert (about(frame)["total"], about(frame)["rows"], about(frame)["complete"]) == (len(wanted), len(wanted), True)
    assert about(frame)["table_changed"] is False
    assert about(frame)["lead_count"] == len(server.leads)
    some = ow.leads_frame(table, client=client, filters=SMALL, limit=7)
    assert ids(some) == ids(frame)[:7]
    assert list(some) == list(frame)
    assert (about(some)["total"], about(some)["complete"]) == (None, True)


def test_a_server_that_does_not_count_has_its_ids_read(server, client, table):
    server.counts = False
    frame = ow.leads_frame(table, client=client, filters=SMALL)
    assert server.seen.count(IDS) == 2
    wanted = {each["id"] for each in server.leads if each["employees"] < 300 and each["fit"] >= LEAST_FIT}
    assert set(ids(frame)) == wanted
    assert about(frame)["total"] == len(wanted)


def test_a_table_that_changes_meanwhile_says_so(server, client, table):
    def change(query):
        if "filters" in query:
            server.stamp = "2026-07-23T09:00:00Z"

    server.before = change
    assert about(ow.leads_frame(table, client=client, filters=SMALL))["table_changed"] is True
    assert about(ow.leads_frame(table, client=client, filters=SMALL))["table_changed"] is False


def test_ids_that_end_too_early_narrow_nothing_wrongly(server, client, table, monkeypatch):
    page = server.page

    def cut(query):
        made = page(query)
        return made | {"nextCursor": None} if query["limit"] == "200" and "filters" not in query else made

    monkeypatch.setattr(server, "page", cut)
    with pytest.raises(OrigamiError, match="saved filters can't be applied") as raised:
        ow.leads_frame(table, client=client, filters=SMALL)
    assert "include_hidden=True" in raised.value.remedy
    monkeypatch.setattr(server, "page", page)
    assert len(ow.leads_frame(table, client=client, filters=SMALL)) > 0
