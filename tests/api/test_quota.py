"""What an answer says about quotas, in every form that may come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from origami_widgets.api.answer import Answer
from origami_widgets.api.quota import Quota, read_quotas, told_to_wait
from origami_widgets.api.traffic import Traffic, is_counted, traffic_of
from origami_widgets.sandbox.limits import Quota as Limiter

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
    headers = Limiter(1.0).take_organization(SERVER.timestamp())
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
    assert told_to_wait(Answer(status, body, retry_after=retry_after)) == wait


class Ear:
    def __init__(self):
        self.heard = []

    def sent(self, ago):
        self.heard.append("sent")

    def told(self, quotas, wait, ago):
        self.heard.append(wait if wait is not None else quotas[0].remaining)


def test_who_begins_to_listen_is_told_of_the_last_minute_too():
    limiter, traffic, ear = Limiter(1.0), Traffic(), Ear()
    traffic.send()
    headers = {name.lower(): value for name, value in limiter.take_organization(0.0).items()}
    traffic.hear(Answer(200, headers=headers))
    traffic.listen(ear)
    assert ear.heard == ["sent", 99]
    traffic.hear(Answer(429, retry_after=9.0))
    traffic.hear(Answer(500))
    assert ear.heard == ["sent", 99, 9]


def test_what_was_counted_before_is_not_counted_twice():
    traffic, ear = Traffic(), Ear()
    traffic.listen(ear)
    token = is_counted.set(True)
    traffic.send()
    is_counted.reset(token)
    assert ear.heard == []


def test_clients_of_one_organization_share_their_traffic_as_long_as_there_are_any():
    first = traffic_of(("place", "key", 1))
    assert traffic_of(("place", "key", 1)) is first
    assert traffic_of(("place", "key", 2)) is not first
