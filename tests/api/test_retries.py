"""What an answer says about when to ask again, in every form that may come: `Retry-After` and the quotas."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from origami_widgets.api.answer import Answer
from origami_widgets.api.retries import (
    LONGEST_RETRY_AFTER,
    Quota,
    Traffic,
    http_date,
    is_counted,
    read_quotas,
    refused_for,
    retry_after,
    traffic_of,
)
from origami_widgets.sandbox.rate_limits import RateLimits

SERVER = datetime(2026, 7, 21, 9, 14, tzinfo=UTC)


def told(remaining="40", limit="100", reset=None, scope="global", now=SERVER):
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
    assert told(scope=scope, reset=at(30)) == Quota(scope, 100, 40, 30)


@pytest.mark.parametrize("hours", [-7, 0, 7])
def test_a_reset_is_read_against_the_clock_of_the_server(hours):
    away = SERVER + timedelta(hours=hours)
    assert told(reset=str(int(away.timestamp()) + 25), now=away).resets_in == 25


@pytest.mark.parametrize("reset", [None, "", "soon", "NaN", "inf", "-5", "60", "1" + "0" * 400, at(7_200), at(-7_200)])
def test_a_reset_that_makes_no_sense_is_a_whole_window_away(reset):
    assert told(reset=reset).resets_in == 60


def test_a_reset_without_a_date_is_a_whole_window_away():
    assert told(reset=at(30), now=None).resets_in == 60


@pytest.mark.parametrize("remaining", [None, "", "many", "NaN", "inf", "0x10", "4 2", "١٢"])
def test_a_remainder_that_cannot_be_read_is_no_news(remaining):
    assert told(remaining=remaining) is None


@pytest.mark.parametrize(
    ("remaining", "means"),
    [("7", 7), ("7.5", 7.5), ("-3", 0), ("250", 100), ("1" + "0" * 400, 100), ("42, 7", 7), ("42, x", 42)],
)
def test_a_remainder_is_read_in_all_its_forms(remaining, means):
    assert told(remaining=remaining).remaining == means


@pytest.mark.parametrize(("scope", "limit"), [("ip", 300), ("global", 100), ("org", 100)])
@pytest.mark.parametrize("said", [None, "none", "NaN"])
def test_a_limit_that_is_not_told_is_the_documented_one(scope, limit, said):
    assert told(scope=scope, limit=said).limit == limit


words = st.one_of(st.text(max_size=30), st.integers().map(str), st.floats().map(str))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([f"x-ratelimit-{n}-global" for n in ("limit", "remaining", "reset")]), words))
def test_no_header_is_too_odd(headers):
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
def test_only_a_refusal_for_the_sake_of_requests_holds_everybody(status, code, retry_after, wait):
    body = None if code is None else {"code": code}
    assert refused_for(Answer(status, body, retry_after=retry_after)) == wait


def test_who_begins_to_listen_is_told_of_the_last_minute_too():
    limiter, traffic, heard = RateLimits(1.0), Traffic(), []
    traffic.send()
    headers = {name.lower(): value for name, value in limiter.count_organization(0.0).items()}
    traffic.hear(Answer(200, headers=headers))
    traffic.listen(lambda event, age: heard.append((*[quota.remaining for quota in event.quotas], event.refused_for)))
    assert heard == [(None,), (99, None)]
    traffic.hear(Answer(429, retry_after=9.0))
    traffic.hear(Answer(500))
    assert heard == [(None,), (99, None), (9,)]


def test_what_was_counted_before_is_not_counted_twice():
    traffic, heard = Traffic(), []
    traffic.listen(lambda event, age: heard.append(event))
    token = is_counted.set(True)
    traffic.send()
    is_counted.reset(token)
    assert heard == []


def test_clients_of_one_organization_share_their_traffic_as_long_as_there_are_any():
    first = traffic_of(("place", "key", 1))
    assert traffic_of(("place", "key", 1)) is first
    assert traffic_of(("place", "key", 2)) is not first


NOW = datetime(2026, 7, 21, 9, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["15"], 15.0),
        ([" 15 "], 15.0),
        (["0"], 0.0),
        (["000015"], 15.0),
        (["1.5"], 1.5),
        (["86400"], LONGEST_RETRY_AFTER),
        (["1" + "0" * 400], LONGEST_RETRY_AFTER),
        (["1e400"], None),
        (["inf"], None),
        (["3", "5"], 5.0),
        (["soon", "5"], 5.0),
        (["3, 5"], 5.0),
        ([], None),
        ([""], None),
        (["soon"], None),
        (["NaN"], None),
        (["15s"], None),
        (["1_5"], None),
        (["\u0661\u0665"], None),
        (["10^400"], None),
        (["-5"], None),
        (["Tue, 99 Jul 2026 09:14:06 GMT"], None),
    ],
)
def test_seconds(values, seconds):
    assert retry_after(values, now=NOW) == seconds


@pytest.mark.parametrize(
    "date",
    ["Tue, 21 Jul 2026 09:14:06 GMT", "Tuesday, 21-Jul-26 09:14:06 GMT", "Tue Jul 21 09:14:06 2026"],
    ids=["imf", "rfc850", "asctime"],
)
def test_all_three_dates_are_read_against_the_servers_own_clock(date):
    assert retry_after([date], now=NOW) == 4.0
    # A server clock that is hours off does not matter: both of its dates are off alike.
    shifted = http_date(date) + timedelta(hours=7)
    assert retry_after([format_datetime(shifted, usegmt=True)], now=NOW + timedelta(hours=7)) == 4.0


def test_a_past_date_means_at_once():
    assert retry_after(["Sun, 06 Nov 1994 08:49:37 GMT"], now=NOW) == 0.0


def test_without_the_servers_clock_this_machines_counts():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= retry_after([soon], now=None) <= 30


@settings(deadline=None)
@given(st.lists(st.text(), max_size=3), st.none() | st.just(NOW))
def test_no_text_is_an_exception(values, now):
    seconds = retry_after(values, now=now)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_never_earlier_than_told(seconds):
    assert retry_after([str(seconds)], now=NOW) == min(seconds, LONGEST_RETRY_AFTER)


@settings(deadline=None)
@given(st.integers(31_536_000, 250_000_000_000))
def test_any_date_can_be_read(moment):
    there = datetime.fromtimestamp(moment, UTC)
    assert http_date(format_datetime(there, usegmt=True)) == there
