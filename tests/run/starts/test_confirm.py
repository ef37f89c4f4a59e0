"""Starts that ask first: what is asked, and what a yes, a no and an interrupt do. Runs are counted at the server."""

from __future__ import annotations

import asyncio
import builtins

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.batch import briefs_of
from origami_widgets.run.starts.confirm import StartDeclined, question
from tests.support.front import EMPTY_LIST, FAILED, forgotten, kept_off
from tests.support.quick import look_after, see

FRONT = {"speed": 600, "plan": "ultra"}
BRIEF = "Find bakeries in Porto. scenario:settled"
OTHERS = [f"Find bakeries in {city}. scenario:settled" for city in ("Faro", "Braga")]


@pytest.mark.parametrize(
    ("runs", "credit_limit", "expected"),
    [
        (0, 500, ""),
        (1, None, "Start this run? It spends credits, with no credit limit. [y/N] "),
        (1, float("inf"), "Start this run? It spends credits, with no credit limit. [y/N] "),
        (1, 0.5, "Start this run? It spends credits, with a credit limit of 0.5. [y/N] "),
        (1_000, 12_000, "Start these 1,000 runs? They spend credits, with a credit limit of 12,000. [y/N] "),
    ],
)
def test_what_is_asked(runs, credit_limit, expected):
    assert question(runs, credit_limit) == expected


@pytest.mark.parametrize("confirm", [500, 1, 0, "start", "", ["enrich"]])
def test_what_is_no_setting_is_refused_and_changes_nothing(person, start, confirm):
    with pytest.raises(InvalidInput, match='confirm="enrich"'):
        ow.configure(confirm=confirm, leads=False)
    start()
    assert len(person.asked) == 1


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
def asks():
    ow.configure(confirm=True)
    yield
    ow.configure(confirm="enrich", leads=True)


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


@pytest.mark.parametrize("setting", [False, "enrich"])
def test_starts_are_not_asked_about_unless_it_is_set_so(person, start, client, execute, setting):
    ow.configure(confirm=setting)
    ow.configure(queue=True, confirm=None)
    run = start().wait(timeout=30)
    execute(lambda: run.follow_up("Add opening hours. scenario:settled"), "b")
    execute(lambda: ow.start_many(OTHERS, client=client, show=False), "c")
    assert person.asked == []


@pytest.mark.parametrize("no", ["", "no", "N", "yesterday", EOFError])
def test_all_but_yes_sends_nothing(person, start, front, no):
    person.says = no
    with pytest.raises(StartDeclined) as declined:
        start(cell="a")
    assert declined.value.code == "DECLINED"
    assert declined.value.title
    assert declined.value.cause
    assert "confirm=False" in declined.value.remedy
    assert front.asks == []
    person.says = " Yes "
    assert start(cell="a", execution="e2").id in front.runs()
    assert len(person.asked) == 2
    assert front.asks == ["POST"]


def test_an_interrupt_while_asked_sends_nothing(person, start, front, capsys):
    person.says = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        start()
    assert capsys.readouterr().out.count("\n") == 1
    with pytest.raises(KeyboardInterrupt):
        start(once="porto")
    assert front.starts == []


def test_a_front_end_that_takes_no_input_after_all_starts(person, start, front):
    person.says = NotImplementedError
    start()
    assert len(front.starts) == 1


def test_a_cell_that_finds_its_run_again_does_not_ask(person, start, front):
    slow = "Find bakeries in Porto. scenario:slow"
    first = start(slow, cell="a")
    assert start(slow, cell="a", execution="e2") == first
    named = start(once="porto")
    assert start(once="porto") == named
    assert len(person.asked) == 2
    start(once="porto", fresh=True)
    assert len(person.asked) == 3
    assert len(front.runs()) == 3


def test_what_may_have_been_started_is_not_asked_about_again(person, start, front, monkeypatch):
    look_after(monkeypatch, 0.02, 0.1, 0.2)
    front.faults, front.reads = [forgotten(FAILED), kept_off(FAILED)], [kept_off(EMPTY_LIST)] * 8
    with pytest.raises(ow.errors.AmbiguousStart):
        start(once="porto")
    assert len(person.asked) == 1
    front.reads = []
    assert start(once="porto", execution="e2").id in front.runs()
    assert len(person.asked) == 1
    assert len(front.runs()) == 1


def test_a_batch_asks_once_for_all_that_is_new(person, client, execute, front):
    def begin(briefs, execution):
        start = lambda: ow.start_many(briefs, once="towns", credit_limit=5_000, client=client, show=False)  # noqa: E731
        return execute(start, "a", execution).wait(timeout=30)

    person.says = "no"
    with pytest.raises(StartDeclined):
        begin(OTHERS, "e1")
    assert front.starts == []
    person.says = "y"
    batch = begin(OTHERS, "e2")
    assert len(person.asked) == 2
    assert person.asked[1] == question(len(OTHERS), 5_000)
    again = begin(OTHERS, "e3")
    assert [run.id for run in again] == [run.id for run in batch]
    assert len(person.asked) == 2
    begin([*OTHERS, "Find bakeries in Lagos. scenario:settled"], "e4")
    assert len(person.asked) == 3
    assert person.asked[2] == question(1, 5_000)
    assert len(front.runs()) == 3


def test_an_edited_list_asks_about_what_was_added(person, client, execute, front):
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


def test_a_follow_up_and_an_answer_ask_and_name_the_limit_that_they_share(person, start, execute, front):
    run = start("Find partners. scenario:answer", credit_limit=2_000).wait(timeout=30)
    assert person.asked == [question(1, 2_000)]
    person.says = "no"
    with pytest.raises(StartDeclined):
        execute(lambda: run.follow_up("Add opening hours"), "b")
    with pytest.raises(StartDeclined):
        execute(lambda: run.follow_up("Add opening hours", credit_limit=3_000), "b", "e2")
    assert person.asked[1:] == [question(1, 2_000), question(1, 3_000)]
    assert len(front.starts) == 1
    person.says = "yes"
    asking = execute(lambda: run.follow_up("Find more. scenario:needs_input"), "b", "e3").wait(timeout=30)
    execute(lambda: asking.answer("Iberia", "yes"), "c")
    assert person.asked[3:] == [question(1, 2_000)] * 2
    assert len(front.starts) == 3


def test_nobody_is_asked_outside_of_a_notebook(person, client, front):
    ow.start(BRIEF, client=client, show=False)
    assert person.asked == []
    assert len(front.starts) == 1


def test_what_is_awaited_never_asks(person, client, execute, front):
    execute(lambda: asyncio.run(ow.aio.start(BRIEF, client=client, show=False)))
    assert person.asked == []
    assert len(front.starts) == 1
