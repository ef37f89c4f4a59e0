"""Starts that ask first: the rule itself, and what a yes, a no and an interrupt do. Runs are counted at the server."""

from __future__ import annotations

import asyncio
import builtins
import math
import os
import subprocess
import sys
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.usage import BalanceReading
from origami_widgets.run.batch import briefs_of
from origami_widgets.run.starts.confirm import StartDeclined, expected, question
from tests.support.front import EMPTY_LIST, FAILED, forgotten, kept_off
from tests.support.quick import see
from tests.support.server import answer

FRONT = {"speed": 600, "plan": "ultra"}
BRIEF = "Find bakeries in Porto. scenario:settled"
OTHERS = [f"Find bakeries in {city}. scenario:settled" for city in ("Faro", "Braga")]
NOW = 1_000_000.0

amounts = st.integers(0, 10_000)
costs = st.lists(amounts, min_size=1, max_size=40)
balances = st.none() | st.builds(BalanceReading, st.just(NOW - 30), st.none() | st.floats(0, 100_000), st.none())


@given(st.integers(1, 1_000), costs, balances, st.floats(0, 1e6) | st.just(math.inf))
def test_the_rule(runs, spent, balance, threshold):
    cost = expected(runs, spent)
    assert cost.credits == runs * median(spent[-20:])
    is_short = balance is not None and balance.balance is not None and balance.balance < cost.credits
    asked = question(runs, cost, balance, threshold, NOW)
    assert bool(asked) == (is_short or cost.credits > threshold)
    assert ("balance" in asked) == is_short
    assert question(runs, cost, balance, None, NOW) == ""


@given(st.integers(1, 1_000), costs, st.floats(1, 1e6))
def test_more_than_the_credit_limit_is_never_expected(runs, spent, limit):
    assert expected(runs, spent, limit).credits == min(expected(runs, spent).credits, limit)


def test_without_anything_to_compare_with_nothing_is_asked():
    assert expected(3, []) is None
    assert expected(0, [100]) is None
    assert question(3, None, BalanceReading(NOW, 0, None), 0, NOW) == ""


def test_what_is_asked():
    balance = BalanceReading(NOW - 90, 120, None)
    assert question(1, expected(1, [412, 180, 540]), balance, math.inf, NOW) == (
        "The last 3 such runs here used a median of 412 credits (from 180 to 540). "
        "Your balance is 120 credits, read 1 min ago. Start this run? [y/N] "
    )
    assert question(12, expected(12, [412]), None, 1_000, NOW) == (
        "The last such run here used 412 credits. For 12 runs, expect about 4,944 credits. Start these 12 runs? [y/N] "
    )


@pytest.mark.parametrize("threshold", [-1, float("nan"), "500", [500], 1j])
def test_what_is_no_amount_is_refused_and_changes_nothing(threshold):
    ow.configure(confirm_above=False)
    with pytest.raises(InvalidInput):
        ow.configure(confirm_above=threshold, leads=False)


class Person:
    """Somebody in front of the notebook.

    Attributes:
        asked: the questions.
        says: what is answered next; an exception is raised.
    """

    def __init__(self):
        self.asked = []
        self.says = "yes"

    def __call__(self, text=""):
        self.asked.append(text)
        if isinstance(self.says, type):
            raise self.says
        return self.says


@pytest.fixture(autouse=True)
def as_by_default():
    ow.configure(confirm_above=True)
    yield
    ow.configure(confirm_above=True, leads=True)


@pytest.fixture
def person(monkeypatch):
    made = Person()
    monkeypatch.setattr(builtins, "input", made)
    return made


@pytest.fixture
def start(client, execute):
    """Start a run in a cell."""

    def begin(brief=BRIEF, *, cell="another", execution="e1", **options):
        return execute(lambda: ow.start(brief, client=client, show=False, **options), cell, execution)

    return begin


@pytest.fixture
def cost(client, clock):
    """The cost of a run of this account that has settled."""
    run = ow.start(BRIEF, client=client, show=False).wait("cells", timeout=30)
    assert run.credits.used > 0
    return run.credits.used


def test_nothing_is_asked_while_there_is_enough(person, start, cost, front):
    start()
    assert person.asked == []
    assert len(front.runs()) == 2


def test_a_number_asks_for_runs_that_have_cost_more(person, start, cost, front):
    ow.configure(confirm_above=cost)
    start()
    ow.configure(confirm_above=cost - 1)
    start(cell="b")
    assert len(person.asked) == 1
    assert f"{cost:,} credits" in person.asked[0]
    assert len(front.runs()) == 3


@pytest.mark.parametrize("never", [False, math.inf])
def test_it_can_be_switched_off(person, start, cost, never):
    ow.configure(confirm_above=0)
    ow.configure(confirm_above=never)
    ow.configure(queue=True)
    start()
    assert person.asked == []


@pytest.mark.parametrize("no", ["", "no", "N", "yesterday", EOFError])
def test_all_but_yes_sends_nothing(person, start, cost, front, no):
    ow.configure(confirm_above=0)
    person.says = no
    with pytest.raises(StartDeclined) as declined:
        start(cell="a")
    assert declined.value.code == "DECLINED"
    assert declined.value.title
    assert declined.value.cause
    assert "confirm_above" in declined.value.remedy
    assert len(front.starts) == 1
    person.says = " Yes "
    assert start(cell="a", execution="e2").id in front.runs()
    assert len(person.asked) == 2
    assert len(front.starts) == 2


def test_an_interrupt_while_asked_sends_nothing(person, start, cost, front, capsys):
    ow.configure(confirm_above=0)
    person.says = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        start()
    assert capsys.readouterr().out.count("\n") == 1
    with pytest.raises(KeyboardInterrupt):
        start(once="porto")
    assert len(front.starts) == 1


def test_a_front_end_that_takes_no_input_after_all_starts(person, start, cost, front):
    ow.configure(confirm_above=0)
    person.says = NotImplementedError
    start()
    assert len(front.starts) == 2


def test_a_cell_that_finds_its_run_again_does_not_ask(person, start, cost, front):
    ow.configure(confirm_above=0)
    slow = "Find bakeries in Porto. scenario:slow"
    first = start(slow, cell="a")
    assert start(slow, cell="a", execution="e2") == first
    named = start(once="porto")
    assert start(once="porto") == named
    assert len(person.asked) == 2
    start(once="porto", fresh=True)
    assert len(person.asked) == 3
    assert len(front.runs()) == 4


def test_what_may_have_been_started_is_not_asked_about_again(person, start, cost, front):
    ow.configure(confirm_above=0)
    front.faults, front.reads = [forgotten(FAILED), kept_off(FAILED)], [kept_off(EMPTY_LIST)] * 8
    with pytest.raises(ow.AmbiguousStart):
        start(once="porto")
    assert len(person.asked) == 1
    front.reads = []
    assert start(once="porto", execution="e2").id in front.runs()
    assert len(person.asked) == 1
    assert len(front.runs()) == 2


def test_a_batch_asks_once_for_all_that_is_new(person, client, execute, cost, front):
    ow.configure(confirm_above=0)

    def begin(briefs, execution):
        start = lambda: ow.start_many(briefs, once="towns", client=client, show=False)  # noqa: E731
        return execute(start, "a", execution).wait(timeout=30)

    person.says = "no"
    with pytest.raises(StartDeclined):
        begin(OTHERS, "e1")
    assert len(front.starts) == 1
    person.says = "y"
    batch = begin(OTHERS, "e2")
    assert len(person.asked) == 2
    assert f"these {len(OTHERS)} runs" in person.asked[1]
    again = begin(OTHERS, "e3")
    assert [run.id for run in again] == [run.id for run in batch]
    assert len(person.asked) == 2
    begin([*OTHERS, "Find bakeries in Lagos. scenario:settled"], "e4")
    assert len(person.asked) == 3
    assert "this run" in person.asked[2]
    assert len(front.runs()) == 4


def test_an_edited_list_asks_about_what_was_added(person, client, execute, cost, front):
    ow.configure(confirm_above=0)
    slow = [brief.replace("settled", "slow") for brief in OTHERS]

    def begin(briefs, execution):
        return execute(lambda: ow.start_many(briefs, at_once=1, client=client, show=False), "a", execution)

    first = begin(slow, "e1")
    see(lambda: first.runs)
    person.says = "no"
    with pytest.raises(StartDeclined):
        begin([*slow, BRIEF], "e2")
    assert "this run" in person.asked[1]
    assert [brief.state for brief in briefs_of(first)] == ["started", "waiting"], "it goes on as before"
    person.says = "yes"
    second = begin([*slow, BRIEF], "e3")
    assert second.runs[0] == first.runs[0]
    assert len(person.asked) == 3
    second.cancel()
    first.cancel()


def test_an_answer_is_compared_with_answers(person, client, execute, cost):
    ow.configure(confirm_above=0)
    run = ow.start(BRIEF, client=client, show=False).wait("cells", timeout=30)
    follow = lambda: run.follow_up("Add opening hours. scenario:settled").wait("cells", timeout=30)  # noqa: E731
    execute(follow)
    assert person.asked == []
    execute(follow, execution="e2")
    assert len(person.asked) == 1
    person.says = "no"
    with pytest.raises(StartDeclined):
        execute(follow, execution="e3")


def test_nobody_is_asked_outside_of_a_notebook(person, client, cost, front):
    ow.configure(confirm_above=0)
    ow.start(BRIEF, client=client, show=False)
    assert person.asked == []
    assert len(front.starts) == 2


def test_what_is_awaited_never_asks(person, client, execute, cost, front):
    ow.configure(confirm_above=0)
    execute(lambda: asyncio.run(ow.start_async(BRIEF, client=client, show=False)))
    assert person.asked == []
    assert len(front.starts) == 2


@pytest.mark.parametrize("front", [{"credits": 500}], indirect=True)
def test_a_balance_that_is_too_low_is_asked_about_by_default(person, start, cost, client, front):
    assert client.get_credits().balance == 500 - cost < cost
    start()
    assert len(person.asked) == 1
    assert f"{500 - cost:,} credits" in person.asked[0]
    start(cell="b", credit_limit=10)
    assert len(person.asked) == 1


def test_the_balance_is_read_once_a_minute_and_only_where_it_decides(person, start, client, front, request):
    readings = client.operations.balance_history
    start(cell="a")
    assert readings.readings == ()
    request.getfixturevalue("cost")
    start(cell="b")
    start(cell="c")
    assert len(readings.readings) == 1
    assert person.asked == []


def test_a_balance_that_cannot_be_read_keeps_no_run_from_being_started(person, start, cost, front):
    front.accounts = [kept_off(answer({"error": "No", "code": "FORBIDDEN"}, 403))]
    start()
    assert (person.asked, front.accounts) == ([], [])


SCRIPT = """
import json, sys
import origami_widgets as ow
client = ow.Client(sys.argv[1], base_url=sys.argv[2])
ow.configure(confirm_above=0)
ow.start(sys.argv[3], client=client, show=False).wait("cells", timeout=30)
ow.start(sys.argv[3], client=client, show=False)
ow.start_many([sys.argv[3]], client=client, show=False).wait(timeout=30)
"""


@pytest.mark.posix
def test_a_script_in_a_terminal_is_never_asked(front, base_url):
    terminal, stdin = os.openpty()
    try:
        arguments = [sys.executable, "-c", SCRIPT, front.sandbox.api_key, base_url, BRIEF]
        done = subprocess.run(arguments, stdin=stdin, capture_output=True, text=True, timeout=60, check=True)
    finally:
        os.close(terminal)
        os.close(stdin)
    assert "[y/N]" not in done.stdout + done.stderr
    assert len(front.runs()) == 3
