"""What this process knows about an organization: its rate limits, and the credit balances that were read."""

from __future__ import annotations

import gc
import time
import weakref
from datetime import UTC, datetime

import pytest

import origami_widgets as ow
from origami_widgets.api import usage
from origami_widgets.api.responses import ApiResponse
from origami_widgets.api.usage import Traffic, is_counted, read_refusal, traffic_of
from tests.api.conftest import KEY
from tests.support.server import answer

SERVER = datetime(2026, 7, 21, 9, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "code", "retry_after", "wait"),
    [
        (429, "RATE_LIMITED", 7.0, 7),
        (429, None, 7.0, 7),
        (429, "RATE_LIMITED", None, 1),
        (429, "RATE_LIMITED", 0.0, 1),
        (429, "RATE_LIMITED", 86_400.0, 300),
        (429, "CONCURRENT_LIMIT_EXCEEDED", 7.0, None),
        (503, None, 7.0, None),
        (200, None, 15.0, None),
    ],
)
def test_only_a_429_for_requests_refuses_the_organization(status, code, retry_after, wait):
    body = None if code is None else {"code": code}
    assert read_refusal(ApiResponse(status, body, retry_after=retry_after)) == wait


def test_a_new_listener_gets_the_events_of_the_last_minute():
    traffic, events = Traffic(), []
    traffic.note_request()
    traffic.note_response(ApiResponse(200, headers={"x-ratelimit-remaining-global": "0"}))
    traffic.listen(lambda event, age: events.append(event.refused_for))
    assert events == [None]
    traffic.note_response(ApiResponse(429, retry_after=9.0))
    traffic.note_response(ApiResponse(500))
    assert events == [None, 9]


def test_a_counted_request_is_not_counted_twice():
    traffic, events = Traffic(), []
    traffic.listen(lambda event, age: events.append(event))
    token = is_counted.set(True)
    traffic.note_request()
    is_counted.reset(token)
    assert events == []


def test_clients_of_one_organization_share_its_traffic():
    first = traffic_of(("place", "key", 1))
    assert traffic_of(("place", "key", 1)) is first
    assert traffic_of(("place", "key", 2)) is not first


def balances(client):
    return [reading.balance for reading in client.operations.balance_history.readings]


def test_clients_of_one_key_share_a_balance_history_that_outlives_them(server):
    server.plan(answer({"balance": 5}), answer({"balance": None}), answer({"balance": 3.5}))
    ow.Client(KEY, base_url=server.base_url).get_credits()
    ow.Client(KEY, base_url=server.base_url, project="p-1").get_credits()
    gc.collect()
    client = ow.Client(KEY, base_url=server.base_url)
    client.get_credits()
    assert balances(client) == [5, None, 3.5]
    assert balances(ow.Client("og_live_another", base_url=server.base_url)) == []
    assert balances(ow.Client(KEY)) == []


def test_a_reading_has_the_time_of_both_clocks(server):
    date = {"Date": "Tue, 21 Jul 2026 09:14:02 GMT"}
    server.plan(answer({"balance": 5}, headers=date), answer({"balance": 4}))
    client = ow.Client(KEY, base_url=server.base_url)
    before = time.time()
    client.get_credits()
    client.get_credits()
    first, second = client.operations.balance_history.readings[-2:]
    assert before <= first.at <= second.at <= time.time()
    assert (first.server_second, second.server_second) == (1784625242.0, None)


def test_a_balance_that_could_not_be_read_is_not_in_the_history(server):
    server.plan(answer({"error": "no", "code": "FORBIDDEN"}, 403))
    client = ow.Client("og_live_refused", base_url=server.base_url)
    try:
        client.get_credits()
    except ow.OrigamiError:
        assert balances(client) == []


def test_the_history_of_an_embedded_api_ends_with_it():
    sandbox = ow.Sandbox(credits=7)
    sandbox.client().get_credits()
    assert balances(sandbox.client()) == [7]
    assert balances(ow.Sandbox(credits=7).client()) == []
    gone = [weakref.ref(sandbox), weakref.ref(sandbox.shared_client.operations.balance_history)]
    del sandbox
    ends = time.monotonic() + 20
    while any(each() is not None for each in gone):
        # The thread of the requests lets go of it in its own time.
        assert time.monotonic() < ends, "something keeps it"
        gc.collect()
        time.sleep(0.01)


def test_a_thousand_readings_of_thirty_two_histories_are_kept():
    first = usage.balance_history_of("first", None)
    for balance in range(1_001):
        first.note(balance, None)
    assert [reading.balance for reading in first.readings] == list(range(1, 1_001))
    for number in range(31):
        usage.balance_history_of(number, None)
    assert usage.balance_history_of("first", None) is first
    for number in range(32):
        usage.balance_history_of(number, None)
    assert usage.balance_history_of("first", None) is not first
