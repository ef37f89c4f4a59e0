"""Users' callbacks, which may block, wait, cancel and raise: nothing that the package does stands still for that."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import warnings

import pytest

import origami_widgets as ow
from origami_widgets.api.background import threads

BRIEF = "List bakeries in Porto with a web shop"
SLOW = f"{BRIEF}. scenario:slow"
SOON = 20.0
NAME = "origami-widgets callbacks"


def start(client, brief=BRIEF):
    return ow.start(brief, client=client, show=False)


class Blocking:
    """A callback that returns when it is let."""

    def __init__(self):
        self.statuses = []
        self.began = threading.Event()
        self.gate = threading.Event()

    def __call__(self, changed):
        self.statuses.append(getattr(changed, "status", changed))
        self.began.set()
        self.gate.wait(60)


@pytest.fixture
def blocking(monkeypatch):
    # The thread ends soon after its last call.
    monkeypatch.setattr(threads, "IDLE", 0.1)
    made = Blocking()
    yield made
    made.gate.set()
    until(lambda: all(thread.name != NAME for thread in threading.enumerate()))


def until(condition):
    ends = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_callback_that_blocks_holds_up_no_check_no_start_and_no_cancel(client, slow_client, blocking):
    run = start(client)
    run.on_change(blocking)
    assert run.wait("cells", timeout=SOON).settled
    assert blocking.began.is_set()
    other = start(slow_client, SLOW)
    assert other.cancel().wait(timeout=SOON).status == "cancelled"
    assert other.refresh().status == "cancelled"
    assert not blocking.gate.is_set()


def test_a_wait_gives_callbacks_a_moment_and_no_more(client, slow_client, blocking):
    run, slow, seen = start(client), start(slow_client, SLOW), []
    slow.on_change(blocking)
    slow.refresh()
    until(blocking.began.is_set)
    run.on_change(lambda changed: seen.append(changed.status))
    run.wait(timeout=SOON)
    assert seen == []
    blocking.gate.set()
    until(lambda: seen)
    slow.cancel()


def test_an_observer_that_was_behind_gets_all_changes_as_one_change(slow_client, blocking):
    run = start(slow_client, SLOW)
    card = ow.RunCard(run)
    seen = []
    run.on_change(blocking)
    run.refresh()
    until(blocking.began.is_set)
    first = card.head["announcement"]
    card.observe(lambda change: seen.append((change["old"]["announcement"], change["new"])), "head")
    run.cancel().wait(timeout=SOON)
    until(lambda: card.done)
    assert seen == []
    blocking.gate.set()
    until(lambda: seen)
    assert seen == [(first, card.head)]
    card.close()


def test_a_callback_may_wait_and_steer(slow_client):
    run, done = start(slow_client, SLOW), []

    def callback(changed):
        if not done:
            done.append(changed.cancel().wait(timeout=SOON).status)

    stop = run.on_change(callback)
    run.refresh()
    until(lambda: done)
    stop()
    assert done == ["cancelled"]


def test_a_quick_callback_sees_every_change_before_the_wait_returns(client):
    run, seen = start(client), []
    run.on_change(lambda changed: seen.append((changed.state, threading.current_thread().name)))
    run.wait("cells", timeout=SOON)
    assert seen[-1][0] is run.state
    assert {name for _, name in seen} == {NAME}
    assert [state.history for state, _ in seen] == sorted((state.history for state, _ in seen), key=len)


def test_callbacks_keep_their_order_and_get_missed_changes_once(slow_client, blocking):
    run, order = start(slow_client, SLOW), []

    def first(changed):
        order.append("first")
        blocking(changed)

    run.on_change(first)
    run.on_change(lambda changed: order.append(changed.status))
    run.refresh()
    until(blocking.began.is_set)
    run.cancel().wait(timeout=SOON)
    assert order == ["first"]
    blocking.gate.set()
    until(lambda: len(order) >= 3)
    # A later change, such as the end of its stop, may bring both once more.
    assert order[:3] == ["first", "cancelled", "first"]


def test_a_callback_that_others_wait_for_is_reported_once(slow_client, blocking, caplog, monkeypatch):
    monkeypatch.setattr(threads, "STUCK", 0.0)
    run = start(slow_client, SLOW)

    def obstinate(changed):
        blocking(changed)

    run.on_change(obstinate)
    run.on_change(lambda changed: None)
    with caplog.at_level(logging.WARNING, "origami_widgets"):
        for _ in range(3):
            run.refresh()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "obstinate" in caplog.text
    run.cancel()


@pytest.mark.posix
def test_a_forked_child_is_not_held_up_by_a_callback_of_its_parent(slow_client, blocking):
    run = start(slow_client, SLOW)
    run.on_change(blocking)
    run.refresh()
    until(blocking.began.is_set)
    run.refresh()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        code = 1
        with contextlib.suppress(BaseException):
            seen = []
            run.on_change(lambda changed: seen.append(threading.current_thread().name))
            blocking.gate.set()
            run.refresh()
            until(lambda: seen)
            code = 0 if set(seen) == {NAME} else 2
        os._exit(code)
    _, status = os.waitpid(child, 0)
    run.cancel()
    assert os.waitstatus_to_exitcode(status) == 0
