"""A server that is away for long: it is asked now and then, and not how often but the deadline ends it."""

from __future__ import annotations

import contextlib

import pytest

import origami_widgets as ow
from origami_widgets.run.waiting import WaitTimedOut, WatchStopped
from tests.faults.journey import COMPLETED, KEY, RUNNING, Journey, completed, going_on, running
from tests.support.server import RawServer, answer, reset

TEN_MINUTES = 600.0
WATCHED = 75 * 60.0


def away_until(clock, moment, then):
    """Refuse everything until then."""
    refuse = reset()

    async def behave(request, writer):
        await (refuse if clock.now < moment else then)(request, writer)

    return behave


def test_ten_minutes_without_the_server_are_shown_and_survived(journey, clock, interface):
    seen = journey().go(interface, going_on(3), away_until(clock, 1_000 + TEN_MINUTES, completed()))
    assert seen.error is None
    assert seen.run.status == "completed"
    assert TEN_MINUTES <= seen.asked[-1] - 1_000 <= TEN_MINUTES + 30
    assert [round(pause) for pause in seen.pauses[:6]] == [15, 2, 4, 8, 16, 30]
    assert all(pause >= 30 for pause in seen.pauses[5:])
    lost = [connection for connection in seen.connections if connection.state == "reconnecting"]
    assert {connection.heard_at for connection in lost} == {clock.wall + seen.asked[0]}
    if interface == "card":
        assert seen.shows("reconnecting", seen.failures[0])


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


def test_the_deadline_ends_the_watch_and_says_how_to_look_again(journey, interface):
    seen = journey().go(interface, going_on(3), answer({}, 503))
    assert not seen.run.done
    assert seen.asked[-1] - 1_000 == pytest.approx(WATCHED)
    assert len(seen.asked) > 100
    assert max(seen.pauses) <= 30
    assert seen.run.connection.state == "stopped"
    if interface == "card":
        assert seen.run.token in seen.notice("stopped")["code"]
    else:
        assert seen.error is not None


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


def test_a_callers_own_deadline_ends_the_wait_and_not_the_watch(server, clock):
    server.plan(
        answer({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, 201), going_on(3), reset(), completed()
    )
    run = ow.start("Find bakeries", client=ow.Client(KEY, base_url=server.base_url), show=False)
    with pytest.raises(WaitTimedOut):
        run.wait(timeout=0.05)
    assert run.connection.state == "live"
    clock.held = False
    assert run.wait(timeout=20).status == COMPLETED["status"]
