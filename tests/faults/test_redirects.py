"""Answers that point elsewhere: nobody follows, no other server learns of it, and a run outlives a sign-in page."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import RedirectRefused
from tests.faults.journey import KEY, RUNNING, completed, going_on
from tests.support.server import RawServer, answer


@pytest.mark.sweep
@pytest.mark.parametrize("place", ["another host", "the same host", "nowhere"])
def test_a_redirect_of_one_poll_is_not_followed_and_the_run_completes(journey, server, interface, place):
    with RawServer(answer({})) as other:
        location = {"another host": f"{other.base_url}/sign-in", "the same host": "/sign-in", "nowhere": "http://["}
        elsewhere = answer("", 302, headers={"Location": location[place]})
        seen = journey().go(interface, going_on(3), elsewhere, elsewhere, going_on(9), completed())
        assert (other.requests, other.connections) == ([], 0)
    assert seen.run.status == "completed"
    assert [round(pause) for pause in seen.pauses] == [15, 2, 4, 15]
    assert {(type(error), "302" in error.cause) for error in seen.failures} == {(RedirectRefused, True)}
    agent = f"/api/v2/agents/{RUNNING['agentId']}"
    assert {request.path for request in server.requests[1:]} == {f"{agent}/runs/{RUNNING['id']}", f"{agent}/tables"}
    if interface == "card":
        assert seen.shows("reconnecting", seen.failures[0])


def test_a_redirect_on_the_first_look_at_a_run_is_shown_at_once(server, clock):
    # `clock` holds the poller still, so that what is asked is asked by `attach` alone.
    server.plan(answer("", 302, headers={"Location": "https://elsewhere.example/"}))
    client = ow.Client(KEY, base_url=server.base_url)
    with pytest.raises(RedirectRefused) as refused:
        ow.attach(RUNNING["agentId"], RUNNING["id"], client=client, show=False)
    assert "elsewhere.example" in refused.value.cause
    assert len(server.requests) == 1
