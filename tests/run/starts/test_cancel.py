"""A cancel is repeated until the server has heard it, and shown as it is meanwhile."""

from __future__ import annotations

import html
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import AuthenticationError
from tests.support.errors import raises
from tests.support.front import Front
from tests.support.quick import QuickClock, cancel_quickly, see, use_clock, without_environment
from tests.support.server import RawServer, answer, reset

FRONT = {"speed": 20}
SLOW = "List bakeries in Porto. scenario:slow"
NOT_YET = answer({"error": "No such run", "code": "RUN_NOT_FOUND"}, 404)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    without_environment(monkeypatch)
    cancel_quickly(monkeypatch)


@pytest.fixture
def run(client):
    return ow.start(SLOW, client=client, show=False)


@pytest.mark.parametrize("fault", [answer({}, 500), reset(), answer({}, 429)], ids=["500", "reset", "429"])
def test_it_is_asked_again_until_it_is_heard(front, run, fault):
    front.cancels = [fault] * 6
    run.cancel()
    assert front.cancels == []
    assert run.wait(timeout=30).status == "cancelled"


def test_a_cancel_that_takes_longer_raises_and_shows_it_on_the_card(front, run, monkeypatch):
    cancel_quickly(monkeypatch, patience=0.5)
    front.cancels = [answer({"error": "Sorry"}, 503)] * 1000
    with raises("CancelPending", match="keep retrying"):
        run.cancel()
    see(lambda: run.state.cancel_error)
    assert run.state.cancel == "requested"
    assert run.state.cancel_error.title in str(run)
    assert html.escape(run.state.cancel_error.title) in run.to_html()
    front.cancels.clear()
    assert run.wait(timeout=30).status == "cancelled"
    assert run.state.cancel_error is None


def test_a_run_that_cannot_be_read_at_once_is_cancelled_all_the_same(front, run):
    front.polls = [NOT_YET] * 3
    run.cancel()
    assert run.wait(timeout=30).status == "cancelled"


def test_a_refused_cancel_raises_and_the_run_stays_running(front, run):
    front.cancels = [answer({"error": "no", "code": "UNAUTHORIZED"}, 401)]
    with pytest.raises(AuthenticationError):
        run.cancel()
    assert run.state.cancel == "none"
    assert isinstance(run.state.command_error, AuthenticationError)
    assert run.cancel().wait(timeout=30).status == "cancelled"


def test_a_second_cancel_meanwhile_waits_for_the_same_answer(front, run):
    front.cancels = [answer({}, 500)] * 1000
    threads = [threading.Thread(target=run.cancel) for _ in range(4)]
    for thread in threads:
        thread.start()
        see(lambda: run.state.cancel_error)
    front.cancels.clear()
    for thread in threads:
        thread.join()
    assert front.asked_to_cancel == 1
    assert run.wait(timeout=30).status == "cancelled"


def test_a_newer_run_of_the_agent_is_never_cancelled_in_its_place(front, run):
    other = front.sandbox.client()
    other.cancel(run.agent_id)
    see(lambda: other.get_run(run.agent_id, run.id).status == "cancelled")
    newer = other.create_run(run.agent_id, SLOW)
    run.cancel()
    assert run.status == "cancelled"
    assert other.get_run(run.agent_id, newer.id).status == "running"
    assert front.asked_to_cancel == 0


def test_the_answer_to_a_cancel_ends_the_run_without_another_look(front, run):
    ended = {**run.refresh().raw, "status": "cancelled", "completedAt": "2099-01-01T00:00:00Z"}
    front.cancels = [answer(ended)]
    run.cancel(cells=False)
    # The sandbox has heard of no cancel: any further answer about the run would say that it is running.
    assert (run.status, run.done, run.state.cancel) == ("cancelled", True, "none")
    assert front.asked_to_cancel == 0


def test_an_unknown_status_is_no_end_in_the_answer_to_a_cancel():
    ahead = 0.0
    front = Front(speed=1, clock=lambda: time.time() + ahead)
    with RawServer(front) as server:
        client = ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5)
        run = ow.start("List bakeries in Porto. scenario:unknown_status", client=client, show=False)
        ahead = 30.0
        assert run.refresh().status == "reviewing"
        run.cancel()
        assert (run.status, run.done, run.state.cancel) == ("reviewing", False, "requested")
        ahead = 40.0
        assert run.refresh().status == "cancelled"


def test_a_server_that_asks_for_a_day_is_asked_sooner(front, monkeypatch):
    clock = QuickClock()
    use_clock(monkeypatch, clock)
    front.cancels = [answer({}, 503, headers={"Retry-After": "86400"})]
    with RawServer(front) as server:
        client = ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5)
        ow.start(SLOW, client=client, show=False).cancel()
    assert 300.0 in clock.slept
    assert max(filter(None, clock.slept)) <= 300.0


def test_a_server_that_is_gone_for_good_is_not_asked_for_ever(front, run, monkeypatch):
    cancel_quickly(monkeypatch, deadline=0.5)
    front.cancels = [reset()] * 1000
    with pytest.raises(ow.OrigamiError):
        run.cancel()
    assert run.state.cancel == "none"
    front.cancels.clear()
    assert run.cancel().wait(timeout=30).status == "cancelled"
