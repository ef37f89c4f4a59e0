"""When a request is repeated: `Retry-After` in every form that servers send."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.base_operations import (
    FIRST_WAIT,
    LONGEST_IN_ALL,
    LONGEST_WAIT,
    is_start_retryable,
    wait_after,
    with_retries,
)
from origami_widgets.api.errors import (
    ConnectionFailed,
    IdempotencyConflict,
    InvalidInput,
    OrigamiError,
    RateLimited,
    RunPoolFull,
    ServerError,
)
from origami_widgets.api.responses import LONGEST_RETRY_AFTER, parse_http_date, parse_retry_after

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
        (["Sun, 06 Nov 1994 08:49:37 GMT"], 0.0),
    ],
)
def test_retry_after_is_read_in_seconds(values, seconds):
    assert parse_retry_after(values, now=NOW) == seconds


@pytest.mark.parametrize(
    "date",
    ["Tue, 21 Jul 2026 09:14:06 GMT", "Tuesday, 21-Jul-26 09:14:06 GMT", "Tue Jul 21 09:14:06 2026"],
    ids=["imf", "rfc850", "asctime"],
)
def test_all_three_dates_are_read_against_the_servers_own_clock(date):
    assert parse_retry_after([date], now=NOW) == 4.0
    # A server clock that is hours off does not matter: both of its dates are off alike.
    shifted = parse_http_date(date) + timedelta(hours=7)
    assert parse_retry_after([format_datetime(shifted, usegmt=True)], now=NOW + timedelta(hours=7)) == 4.0


def test_without_the_servers_clock_this_machines_counts():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= parse_retry_after([soon], now=None) <= 30


@given(st.lists(st.text(), max_size=3), st.none() | st.just(NOW))
def test_no_header_raises(values, now):
    seconds = parse_retry_after(values, now=now)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


def test_each_wait_is_about_twice_the_one_before_up_to_a_longest_one():
    failed = ServerError("No", status_code=503)
    waits = [[wait_after(failed, attempts) for _ in range(50)] for attempts in range(1, 12)]
    for attempts, some in enumerate(waits):
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**attempts)
        assert 0.75 * backoff <= min(some) < max(some) <= 1.25 * backoff


def failed(kind: type[OrigamiError], *, transient: bool = False, **said: bool) -> OrigamiError:
    error = kind("No", transient=transient)
    vars(error).update(said)
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (failed(ConnectionFailed, transient=True, sent=False), True),
        (failed(ConnectionFailed, transient=True, sent=True), False),
        (failed(ConnectionFailed, sent=False), False),
        (failed(RateLimited, transient=True), True),
        (failed(RunPoolFull), False),
        (failed(IdempotencyConflict), True),
        (failed(IdempotencyConflict, is_replay=True), False),
        (failed(RateLimited, transient=True, is_replay=True), False),
        (failed(ServerError, transient=True), False),
        (failed(InvalidInput), False),
    ],
)
def test_a_start_is_sent_again_if_it_cannot_have_begun_or_is_in_flight(error, again):
    assert is_start_retryable(error) is again


@pytest.mark.parametrize(
    ("kind", "options", "waits"),
    [
        (ServerError, {"retry_after": 5.0}, [5.0] * 3),
        (ServerError, {"retry_after": LONGEST_IN_ALL / 2}, [LONGEST_IN_ALL / 2] * 3),
        # One that is too long in all is not begun.
        (ServerError, {"retry_after": LONGEST_IN_ALL}, []),
        # What refuses once usually refuses again.
        (ConnectionFailed, {"code": "TLS_FAILED"}, [None]),
        (ConnectionFailed, {"code": "PROXY_REFUSED"}, [None]),
        (ConnectionFailed, {"code": "CONNECTION_FAILED"}, [None] * 3),
    ],
)
async def test_a_read_is_sent_four_times_at_most(kind, options, waits):
    sent, waited = [], []

    async def fails():
        sent.append(None)
        raise kind("No", transient=True, **options)

    async def pause(seconds):
        waited.append(seconds)

    with pytest.raises(kind):
        await with_retries(fails, pause=pause)
    assert len(sent) == len(waits) + 1
    assert [known or wait for known, wait in zip(waits, waited, strict=True)] == waited


def test_a_wait_is_as_long_as_the_server_asks_within_bounds():
    asked = [wait_after(ServerError("No", retry_after=wait), 1) for wait in (30.0, 10.0 * LONGEST_IN_ALL)]
    assert asked == [30.0, LONGEST_IN_ALL]
