"""One fault on one poll, in the middle of a run that otherwise completes: it completes, whoever waits for it.

One fault of each kind: which error each becomes is for tests/api/test_transport.py to say.
"""

from __future__ import annotations

import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import ConnectionFailed, RateLimited, RunNotFound, ServerError, UnexpectedAnswer
from origami_widgets.run.polling.run_watch import END_PATIENCE
from tests.faults.journey import KEY, RUNNING, completed, going_on, running
from tests.support.server import answer, drip, head, raw, reset, silence

HTML = "<!DOCTYPE html><title>Welcome to the hotel</title>"
HALF = head(200, 400) + b'{"id": "v2_'
MISSING = answer({"error": "no such run", "code": "RUN_NOT_FOUND"}, 404)

GOES_ON = {
    "502 with a page of HTML": (answer("<html>Bad gateway</html>", 502, content_type="text/html"), ServerError, ""),
    "404 soon after the start": (MISSING, RunNotFound, "RUN_NOT_FOUND"),
    "429": (answer({"error": "slow down", "code": "RATE_LIMITED"}, 429), RateLimited, "RATE_LIMITED"),
    "reset in the body": (reset(HALF), ConnectionFailed, "NO_CONNECTION"),
    "body cut short": (raw(HALF, close=True), ConnectionFailed, "NO_CONNECTION"),
    "a sign-in page": (answer(HTML, content_type="text/html"), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
    "an object that is no run": (answer({"status": "ok"}), UnexpectedAnswer, ""),
    "another run's answer": (answer(running(9, id="v2_run-other")), UnexpectedAnswer, "UNEXPECTED_ANSWER"),
}


@pytest.mark.sweep
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
