"""What this process knows about an organization: its rate limits, and the credit balances that were read."""

from __future__ import annotations

import gc
import time
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.responses import ApiResponse
from origami_widgets.api.usage import Quota, Traffic, read_quotas, read_refusal, traffic_of
from origami_widgets.sandbox.app import RateLimits
from tests.api.conftest import KEY
from tests.support.server import answer

SERVER = datetime(2026, 7, 21, 9, 14, tzinfo=UTC)


def read_quota(remaining="40", limit="100", reset=None, scope="global", now=SERVER):
    headers = {"remaining": remaining, "limit": limit, "reset": reset}
    found = read_quotas(
        {f"x-ratelimit-{name}-{scope}": value for name, value in headers.items() if value is not None}, now
    )
    return found[0] if found else None


def at(seconds):
    return str(int(SERVER.timestamp() + seconds))


def test_the_headers_of_the_sandbox_are_read():
    headers = RateLimits(1.0).count_organization(SERVER.timestamp())
    assert read_quotas({name.lower(): value for name, value in headers.items()}, SERVER) == (
        Quota("global", 100, 99, 60),
    )


@pytest.mark.parametrize("scope", ["ip", "global", "org"])
def test_each_scope_is_read(scope):
    assert read_quota(scope=scope, reset=at(30)) == Quota(scope, 100, 40, 30)


@pytest.mark.parametrize("hours", [-7, 0, 7])
def test_a_reset_is_read_against_the_clock_of_the_server(hours):
    away = SERVER + timedelta(hours=hours)
    assert read_quota(reset=str(int(away.timestamp()) + 25), now=away).resets_in == 25


@pytest.mark.parametrize("reset", [None, "", "soon", "NaN", "inf", "-5", "60", "1" + "0" * 400, at(7_200), at(-7_200)])
def test_an_invalid_reset_means_a_whole_window(reset):
    assert read_quota(reset=reset).resets_in == 60


@pytest.mark.parametrize("remaining", [None, "", "many", "NaN", "inf", "0x10", "4 2", "١٢"])
def test_an_invalid_remainder_is_ignored(remaining):
    assert read_quota(remaining=remaining) is None


@pytest.mark.parametrize(
    ("remaining", "means"),
    [("7", 7), ("7.5", 7.5), ("-3", 0), ("250", 100), ("1" + "0" * 400, 100), ("42, 7", 7), ("42, x", 42)],
)
def test_a_remainder_is_read_in_all_its_forms(remaining, means):
    assert read_quota(remaining=remaining).remaining == means


@pytest.mark.parametrize(("scope", "limit"), [("ip", 300), ("global", 100), ("org", 100)])
@pytest.mark.parametrize("limit_header", [None, "none", "NaN"])
def test_a_missing_limit_is_the_documented_one(scope, limit, limit_header):
    assert read_quota(scope=scope, limit=limit_header).limit == limit


words = st.one_of(st.text(max_size=30), st.integers().map(str), st.floats().map(str))


@given(st.dictionaries(st.sampled_from([f"x-ratelimit-{n}-global" for n in ("limit", "remaining", "reset")]), words))
def test_any_header_gives_a_quota_within_bounds(headers):
    for quota in read_quotas(headers, SERVER):
        assert 0 <= quota.remaining <= quota.limit <= 1e10
        assert 0 <= quota.resets_in <= 60


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
    limiter, traffic, events = RateLimits(1.0), Traffic(), []
    traffic.note_request()
    headers = {name.lower(): value for name, value in limiter.count_organization(0.0).items()}
    traffic.note_response(ApiResponse(200, headers=headers))
    traffic.listen(lambda event, age: events.append((*[quota.remaining for quota in event.quotas], event.refused_for)))
    assert events == [(None,), (99, None)]
    traffic.note_response(ApiResponse(429, retry_after=9.0))
    traffic.note_response(ApiResponse(500))
    assert events == [(None,), (99, None), (9,)]


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


def test_a_reading_has_the_time_of_this_machine(server):
    server.plan(answer({"balance": 5}), answer({"balance": 4}))
    client = ow.Client(KEY, base_url=server.base_url)
    before = time.time()
    client.get_credits()
    client.get_credits()
    first, second = client.operations.balance_history.readings[-2:]
    assert before <= first.at <= second.at <= time.time()


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
