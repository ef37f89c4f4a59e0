"""One fault on one poll, in the middle of a run that otherwise completes: it completes, whoever waits for it."""

from __future__ import annotations

import gzip
import json
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed, RateLimited, RunNotFound, ServerError, UnexpectedAnswer
from origami_widgets.run.polling.run_watch import END_PATIENCE
from tests.faults.journey import COMPLETED, KEY, RUNNING, completed, going_on, listing, running
from tests.support.server import answer, drip, head, raw, reset, silence

HTML = "<!DOCTYPE html><title>Welcome to the hotel</title>"
HALF = head(200, 400) + b'{"id": "v2_'
MISSING = answer({"error": "no such run", "code": "RUN_NOT_FOUND"}, 404)

GOES_ON = {
    "500": (answer({"error": "no", "code": "INTERNAL_ERROR"}, 500), ServerError, "INTERNAL_ERROR"),
    "502 with a page of HTML": (answer("<html>Bad gateway</html>", 502, content_type="text/html"), ServerError, ""),
    "503": (answer({}, 503), ServerError, ""),
    "504": (answer(b"", 504), ServerError, ""),
    "404 soon after the start": (MISSING, RunNotFound, "RUN_NOT_FOUND"),
    "408": (answer({}, 408), ServerError, ""),
    "425": (answer({}, 425), ServerError, ""),
    "429": (answer({"error": "slow down", "code": "RATE_LIMITED"}, 429), RateLimited, "RATE_LIMITED"),
    "reset before the headers": (reset(), ConnectionFailed, "NO_CONNECTION"),
    "reset after the headers": (reset(head(200, 400)), ConnectionFailed, "NO_CONNECTION"),
    "reset in the body": (reset(HALF), ConnectionFailed, "NO_CONNECTION"),
    "closed without an answer": (raw(b"", close=True), ConnectionFailed, "NO_CONNECTION"),
    "body cut short": (raw(HALF, close=True), ConnectionFailed, "NO_CONNECTION"),
    "something else than HTTP": (raw(b"SSH-2.0-OpenSSH_9.9\r\n", close=True), ConnectionFailed, "NO_CONNECTION"),
    "JSON cut off": (answer('{"id": "v2_run'), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "empty body": (answer(""), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "null": (answer("null"), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "a list": (answer("[]"), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "a bare byte order mark": (answer(b"\xef\xbb\xbf"), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "invalid UTF-8": (answer(b'{"id": "\xff"}'), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "NUL": (answer(b'{"id": "\x00"}'), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "a number that is none": (answer('{"id": "v2_run", "credits": NaN}'), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "a sign-in page": (answer(HTML, content_type="text/html"), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "an object that is no run": (answer({"status": "ok"}), UnexpectedAnswer, ""),
    "another run's answer": (answer(running(9, id="v2_run-other")), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "broken compression": (
        answer(b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}),
        ConnectionFailed,
        "NO_CONNECTION",
    ),
}


@pytest.mark.parametrize(("fault", "kind", "code"), GOES_ON.values(), ids=GOES_ON)
def test_the_run_completes_and_the_card_says_what_was_wrong(journey, interface, fault, kind, code):
    seen = journey().go(interface, going_on(3), fault, going_on(9), completed())
    assert seen.error is None
    assert seen.run.status == "completed"
    assert [round(pause) for pause in seen.pauses] == [15, 2, 15]
    assert [connection.state for connection in seen.connections][-1] in ("live", "ended")
    failed = [connection for connection in seen.connections if connection.state == "reconnecting"]
    assert {connection.failures for connection in failed} == {1}
    assert all(connection.heard_at is not None for connection in failed)
    assert {(type(connection.error), connection.error.code) for connection in failed} == {(kind, code)}
    if interface == "card":
        assert seen.shows("reconnecting", failed[0].error)


@pytest.mark.parametrize(
    "fault", [silence(), drip(head(200, 4_000) + b" " * 4_000, every=0.05)], ids=["silence", "drip"]
)
def test_one_poll_has_a_time_limit_and_the_next_one_comes(journey, interface, fault):
    seen = journey(timeout=0.4).go(interface, going_on(3), fault, going_on(9), completed())
    assert seen.run.status == "completed"
    assert len(seen.asked) == 4
    if interface == "card":
        assert {error.code for error in seen.failures} == {"TIMED_OUT"}
        assert seen.shows("reconnecting", seen.failures[0])


def test_eight_failures_in_a_row_are_asked_less_and_less_often(journey, interface):
    seen = journey().go(interface, going_on(3), *[answer({}, 503)] * 8, completed())
    assert seen.run.status == "completed"
    assert [round(pause) for pause in seen.pauses] == [15, 2, 4, 8, 16, 30, 30, 30, 30]


def test_a_byte_order_mark_and_a_packed_body_are_no_faults(journey, interface):
    marked = answer(b"\xef\xbb\xbf" + json.dumps(running(5)).encode(), headers={"Retry-After": "15"})
    packed = answer(
        gzip.compress(json.dumps(running(7)).encode()), headers={"Retry-After": "15", "Content-Encoding": "gzip"}
    )
    seen = journey().go(interface, marked, packed, completed())
    assert seen.run.status == "completed"
    assert {connection.failures for connection in seen.connections} == {0}
    assert [point.steps_completed for point in seen.run.history][:3] == [0, 5, 7]


@pytest.mark.sweep
@pytest.mark.parametrize("fault", [fault for fault, *_ in GOES_ON.values()], ids=GOES_ON)
def test_a_table_list_that_cannot_be_read_is_no_fault_of_the_run(journey, server, interface, fault):
    server.tables = fault
    seen = journey().go(interface, going_on(3), going_on(5), going_on(9), completed())
    assert seen.error is None
    assert seen.run.status == "completed"
    # A refusal of requests holds all of them; one of these puts off no check by more than that.
    assert max(seen.pauses) <= 30
    assert {connection.state for connection in seen.connections} <= {"live", "ended"}
    assert {connection.failures for connection in seen.connections} == {0}
    assert any(request.path.endswith("/tables") for request in server.requests)
    if interface == "card":
        assert seen.notice("reconnecting") is None


def test_a_table_list_that_never_comes_holds_up_no_end(journey, server, interface):
    server.tables = silence()
    seen = journey(timeout=0.4).go(interface, going_on(3), going_on(5), completed())
    assert seen.run.status == "completed"
    assert {connection.failures for connection in seen.connections} == {0}


def test_a_cancel_does_not_wait_for_a_table_list(server):
    server.tables = silence()
    created = answer({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, 201)
    server.plan(created, going_on(3), going_on(3), answer({"run": running(3, status="cancelled")}))
    run = ow.start("Find bakeries", client=ow.Client(KEY, base_url=server.base_url), show=False)
    ends = time.monotonic() + 20
    while not any(request.path.endswith("/tables") for request in server.requests):
        assert time.monotonic() < ends
        time.sleep(0.01)
    began = time.monotonic()
    run.cancel()
    assert time.monotonic() - began < END_PATIENCE
    assert run.status == "cancelled"


def test_tables_of_the_list_are_shown_while_the_run_goes_on(journey, server, interface):
    table = COMPLETED["response"]["tables"][0]
    later = {**table, "leadCount": 21, "updatedAt": "2026-07-21T09:17:50Z"}
    settled = {**later, "cells": {"running": 0, "errored": 0}}
    lists = iter([listing(), listing(table), listing(later), listing(later)])

    async def next_list(request, writer):
        await next(lists)(request, writer)

    server.tables = next_list
    end = completed(response={"text": "Done.", "actions": [], "tables": [settled]})
    seen = journey().go(interface, *(going_on(steps) for steps in (3, 4, 5, 6)), end)
    assert seen.pauses == [15] * 4
    counts = [point.lead_count for point in seen.run.history if point.status == "running"]
    assert sorted(set(counts), key=counts.index) == [None, 15, 21]
    assert [each.lead_count for each in seen.run.tables] == [21]
