"""The states of a run until its end."""

import time

import pytest

from origami_widgets.cli.ending import as_record, in_words_of_the_command
from origami_widgets.cli.exits import code_of_error
from origami_widgets.cli.following import follow
from origami_widgets.run.handle import Run
from origami_widgets.run.waiting import WaitTimedOut
from tests.fixtures.states import payload


def saved(name):
    return Run.from_payload(payload(name))


@pytest.mark.parametrize("until", ["run", "cells"])
def test_a_run_that_is_over_is_told_once(until):
    run = saved("needs_input")
    assert list(follow(run, until)) == [run.state]


def test_the_time_counts_from_where_it_began():
    began = time.monotonic() - 60
    states = follow(saved("running_partial"), "run", timeout=61, since=began, every=0.1)
    assert next(states).status == "running"
    # A saved answer does not change, and nobody asks about it: it is at its end.
    assert list(states) == []


def test_what_remains_of_the_patience(monkeypatch):
    run = saved("running_partial")
    monkeypatch.setattr("origami_widgets.cli.following.reached", lambda _state, _until: False)
    told = []
    with pytest.raises(WaitTimedOut) as passed:
        told.extend(follow(run, "run", timeout=0.3, every=0.1))
    error = passed.value
    assert (error.title, code_of_error(error)) == ("The run did not end within 0.3 s", 124)
    assert as_record(error)["type"] == "WaitTimedOut"
    assert in_words_of_the_command(error) == (error.cause, f"Watch it again: origami-widgets watch {run.token}")


def test_it_is_told_now_and_then_although_nothing_changes(monkeypatch):
    run = saved("running_partial")
    monkeypatch.setattr("origami_widgets.cli.following.reached", lambda _state, _until: False)
    states = follow(run, "run", every=0.05)
    assert [next(states) for _ in range(3)] == [run.state] * 3
    states.close()
