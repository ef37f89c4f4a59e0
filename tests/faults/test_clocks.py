"""A laptop that was suspended, and a wall clock that was set anew, in the middle of a run."""

from __future__ import annotations

import asyncio
import time

import pytest

from origami_widgets.api.background.loop import background
from origami_widgets.run.polling.poller import poller
from tests.faults.journey import completed, going_on, running
from tests.support.server import answer

HOURS = 2 * 3_600.0


def before(behaviour, act):
    """Do something to the clock at the moment at which the server is asked, then answer."""

    async def behave(request, writer):
        act()
        await behaviour(request, writer)

    return behave


def test_a_laptop_that_wakes_up_asks_at_once_over_a_new_connection(journey, server, clock, interface):
    def suspend():
        clock.suspend_for = HOURS

    seen = journey().go(interface, going_on(3), before(going_on(5), suspend), going_on(9), completed())
    assert seen.run.status == "completed"
    first, suspended, woken, last = seen.asked
    assert (suspended - first, woken - suspended, last - woken) == (15, HOURS, 15)
    assert {connection.state for connection in seen.connections} <= {"live", "ended"}
    woken_at = [at for at, request in enumerate(server.requests) if "/runs/" in request.path][2]
    assert {request.connection for request in server.requests[: woken_at - 1]} == {1}
    assert {request.connection for request in server.requests[woken_at:]} == {2}


def test_what_was_on_its_way_when_the_laptop_was_suspended_is_asked_again(journey, server, clock, interface):
    async def lost(request, writer):
        clock.suspend_for = HOURS
        # What wakes the poller here is in life the end of a short sleep.
        background().call_soon(poller().wake)
        await asyncio.sleep(3_600)

    seen = journey().go(interface, going_on(3), lost, going_on(9), completed())
    assert seen.run.status == "completed"
    assert seen.pauses[1] == HOURS
    assert {connection.failures for connection in seen.connections} == {0}


@pytest.mark.parametrize("by", [HOURS, -HOURS], ids=["forward", "back"])
def test_setting_the_wall_clock_changes_no_wait_and_no_elapsed_time(journey, clock, interface, by):
    def dated(behaviour_of, *, steps=None):
        async def behave(request, writer):
            moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(true_time()))
            body = behaviour_of if steps is None else running(steps)
            await answer(body, headers={"Retry-After": "15", "Date": moment})(request, writer)

        return behave

    began = clock.time()

    def true_time():
        return began + clock.now - 1_000.0

    def set_anew():
        clock.wall += by

    same = dated(running(5))
    seen = journey().go(interface, same, before(same, set_anew), same, dated(running(9)), completed())
    assert seen.run.status == "completed"
    assert seen.pauses == [15, 15, 15, 15]
    assert seen.run.state.clock_offset == pytest.approx(-by, abs=2)
    if interface == "card":
        started = {head["started_at"] - by * 1_000 for head in seen.heads[-1:]} | {seen.heads[0]["started_at"]}
        assert max(started) - min(started) <= 2_000, "the start moves with the clock, so that elapsed time does not"
