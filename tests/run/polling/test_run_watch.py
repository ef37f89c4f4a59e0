"""`Subscribers`: who is notified, in which order and on which thread, and what one that raises does to the others; the log."""

from __future__ import annotations

import gc
import logging
import threading

import pytest

from origami_widgets.api.background.loop import background
from origami_widgets.run.polling.run_watch import Subscribers
from tests.support.quick import see


@pytest.fixture
def subscribers():
    return Subscribers()


@pytest.fixture
def called():
    return []


def test_all_are_called_in_their_order(subscribers, called):
    for name in "abc":
        subscribers.add(lambda name=name: called.append(name))
    assert len(subscribers) == 3
    subscribers.notify()
    subscribers.notify()
    assert called == list("abcabc")


def test_a_function_may_subscribe_twice_and_each_ends_once(subscribers, called):
    def callback():
        called.append(1)

    end, other = subscribers.add(callback), subscribers.add(callback)
    end()
    end()
    subscribers.notify()
    assert (called, len(subscribers)) == ([1], 1)
    other()
    subscribers.notify()
    assert (called, len(subscribers)) == ([1], 0)


def test_those_of_users_are_left_out_where_nothing_of_the_run_has_changed(subscribers, called):
    subscribers.add(lambda: called.append("package"))
    subscribers.add(lambda: called.append("user"), of_user=True)
    subscribers.notify(users=False)
    assert called == ["package"]
    subscribers.notify()
    assert called == ["package", "package", "user"]


def test_one_of_a_user_that_was_taken_away_while_it_waited_is_not_called(subscribers, called):
    began, go_on = threading.Event(), threading.Event()

    def holds_up():
        began.set()
        go_on.wait(10)

    subscribers.add(holds_up, of_user=True)
    end = subscribers.add(lambda: called.append("user"), of_user=True)
    background().call_soon(subscribers.notify)
    assert began.wait(10)
    end()
    go_on.set()
    subscribers.add(lambda: called.append("after it"), of_user=True)
    background().call(subscribers.notify)
    see(lambda: "after it" in called)
    assert "user" not in called


@pytest.mark.parametrize("of_user", [False, True])
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_a_callback_that_raises_is_logged_and_only_it_is_dropped(subscribers, called, caplog, capsys, of_user, error):
    def raises():
        called.append("raises")
        raise error

    subscribers.add(raises, of_user=of_user)
    subscribers.add(lambda: called.append("other"), of_user=of_user)
    with caplog.at_level(logging.ERROR, "origami_widgets"):
        subscribers.notify()
        subscribers.notify()
    assert called == ["raises", "other", "other"]
    assert [record.exc_info[1] for record in caplog.records] == [error]
    # It would land in whichever cell is running.
    assert capsys.readouterr() == ("", "")
    assert len(subscribers) == 1


def test_what_a_callback_adds_is_called_from_the_next_change_on(subscribers, called):
    def adds():
        end()
        subscribers.add(lambda: called.append("added"))

    end = subscribers.add(adds)
    subscribers.notify()
    assert called == []
    subscribers.notify()
    assert called == ["added"]


def test_a_relay_notifies_those_of_another_after_its_own(subscribers, called):
    other, third = Subscribers(), Subscribers()
    subscribers.relay_to(other)
    subscribers.relay_to(other)
    other.relay_to(third)
    third.add(lambda: called.append("third"))
    other.add(lambda: called.append("other"))
    subscribers.add(lambda: called.append("own"))
    assert [len(each) for each in (subscribers, other, third)] == [1, 1, 1]
    subscribers.notify()
    assert called == ["own", "other", "third"]
    other.notify()
    assert called[3:] == ["other", "third"]


def test_a_relay_keeps_nothing_alive(subscribers, called):
    other = Subscribers()
    subscribers.relay_to(other)
    other.add(lambda: called.append("other"))
    del other
    gc.collect()
    subscribers.notify()
    assert called == []
