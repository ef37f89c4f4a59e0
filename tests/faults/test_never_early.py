"""`Retry-After` on one poll, of each kind: never asked before it, and no wait out of bounds."""

from __future__ import annotations

import json
from email.utils import formatdate
from http import HTTPStatus

import pytest

from tests.faults.journey import completed, going_on, running
from tests.support.server import answer, head, raw

SERVER_TIME = 1_784_625_300
SOON = SERVER_TIME + 40
LEAST, MOST, BACKOFF, INTERVAL = 1.0, 300.0, 2.0, 15.0


def dated(*values: str, shift: float = 0.0) -> list[tuple[str, str]]:
    return [("Date", formatdate(SERVER_TIME + shift, usegmt=True)), *(("Retry-After", value) for value in values)]


RETRY_AFTERS = {
    "two headers": (dated("7", "42"), 42.0),
    "a date of a server seven hours ahead": (dated(formatdate(SOON + 25_200, usegmt=True), shift=25_200), 40.0),
    "an hour": (dated("3600"), MOST),
}
PAST = {"zero": dated("0"), "a past date": dated("Sun, 06 Nov 1994 08:49:37 GMT")}


@pytest.mark.sweep
@pytest.mark.parametrize("status", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.OK])
@pytest.mark.parametrize(("headers", "retry_after"), RETRY_AFTERS.values(), ids=RETRY_AFTERS)
def test_the_next_request_comes_after_retry_after_and_not_before(journey, interface, status, headers, retry_after):
    seen = journey().go(interface, going_on(3), answer(running(4), status, headers), completed())
    assert seen.run.status == "completed"
    assert seen.pauses[1] == pytest.approx(retry_after)


@pytest.mark.parametrize("status", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK])
def test_what_cannot_be_read_is_as_good_as_nothing(journey, interface, status):
    seen = journey().go(interface, going_on(3), answer(running(4), status, dated("soon")), completed())
    assert seen.run.status == "completed"
    assert seen.pauses[1] == pytest.approx(INTERVAL if status == HTTPStatus.OK else BACKOFF)


@pytest.mark.parametrize("status", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK])
@pytest.mark.parametrize("headers", PAST.values(), ids=PAST)
def test_at_once_is_after_a_second_at_least(journey, interface, status, headers):
    seen = journey().go(interface, going_on(3), answer(running(4), status, headers), completed())
    assert seen.run.status == "completed"
    assert seen.pauses[1] == pytest.approx(LEAST if status == HTTPStatus.OK else BACKOFF)


LOST = {
    "cut short": lambda body, headers: raw(head(200, len(body) + 100, headers) + body, close=True),
    "no JSON": lambda body, headers: answer(body[:-9], HTTPStatus.OK, headers),
}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_retry_after_holds_although_the_body_is_lost(journey, interface, lose):
    body = json.dumps({"id": "v2_run-1", "status": "running", "filler": "x" * 40}).encode()
    seen = journey().go(interface, going_on(3), lose(body, dated("42")), completed())
    assert seen.run.status == "completed"
    assert seen.pauses[1] == pytest.approx(42.0)
