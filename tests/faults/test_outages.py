"""A server that is away for long: it is asked now and then, and not how often but the deadline ends it."""

from __future__ import annotations

import contextlib

import pytest

from origami_widgets.run.waiting import WatchStopped
from tests.faults.journey import Journey, completed, going_on
from tests.support.server import RawServer, answer

TEN_MINUTES = 600.0
WATCHED = 75 * 60.0


def test_a_server_that_stops_and_comes_back_is_found_again(clock, interface):
    back = RawServer(completed())
    with contextlib.ExitStack() as servers:
        first = contextlib.ExitStack()
        server = first.enter_context(RawServer(answer({})))
        servers.callback(first.close)
        back.port = server.port
        clock.appointments = [
            (1_010, first.close),
            (1_000 + TEN_MINUTES, lambda: servers.enter_context(back)),
        ]
        seen = Journey(server, clock).go(interface, going_on(3))
        assert seen.run.status == "completed"
        assert len(seen.asked) == 1
        assert [request.method for request in back.requests] == ["GET"]
    failed = [connection for connection in seen.connections if connection.state == "reconnecting"]
    assert max(connection.failures for connection in failed) > 15
    assert {type(connection.error).__name__ for connection in failed} == {"ConnectionFailed"}
    assert TEN_MINUTES <= clock.now - 1_000 <= TEN_MINUTES + 60


def test_a_run_that_never_ends_is_not_watched_for_ever(journey, interface):
    seen = journey().go(interface, going_on(3, retry_after="300"))
    assert seen.run.connection.state == "stopped"
    assert seen.asked[-1] - 1_000 == pytest.approx(WATCHED)
    if interface == "card":
        assert seen.error is None
        assert seen.run.token in seen.notice("stopped")["code"]
    else:
        assert isinstance(seen.error, WatchStopped)
        assert seen.run.token in seen.error.remedy
