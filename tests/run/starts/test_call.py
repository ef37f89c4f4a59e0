"""Starts that ask first, and what a yes, a no and an interrupt do; what one line says then. Runs are counted at the server."""

from __future__ import annotations

import asyncio
import builtins

import pytest

import origami_widgets as ow
from origami_widgets.api.client import Client
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.run import RunObject
from origami_widgets.run.starts.call import LOOK_AGAIN, StartDeclined, outcome_of_interrupt, question
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.record import Life, StartSpec
from tests.api.conftest import KEY
from tests.support.front import EMPTY_LIST, FAILED, forgotten, kept_off
from tests.support.quick import look_after

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


NO_RUN = "Interrupted before a run was started; nothing was charged."
STARTED = {"life": Life.STARTED, "agent_id": "agent-1", "run_id": "run-1"}
SENDING = {"life": Life.SENDING, "unknown": True}
UNKNOWN = {"life": Life.UNKNOWN, "unknown": True}


@pytest.fixture
def job_with():
    """A job of whose record this is known."""
    operations = Client(KEY).operations

    def made(facts):
        job = StartJob(operations, StartSpec("List bakeries in Porto"), make_run=lambda watch, conversation: None)
        for name, value in facts.items():
            setattr(job.record, name, value)
        if "run_id" in facts:
            job.run = RunObject.from_raw({"id": facts["run_id"], "status": "running"})
        return job

    return made


@pytest.mark.parametrize("is_over", [False, True])
def test_before_anything_was_asked_for_there_is_no_run(is_over):
    assert outcome_of_interrupt(None, is_over=is_over) == NO_RUN


SURELY_NONE = {
    "never sent": {},
    "withdrawn": {"life": Life.CANCELLED},
    "refused, or it has not reached the server": {"life": Life.REFUSED, "refused": 1},
}


@pytest.mark.parametrize("facts", SURELY_NONE.values(), ids=SURELY_NONE)
def test_what_has_surely_started_none_costs_nothing(job_with, facts):
    assert outcome_of_interrupt(job_with(facts), is_over=True) == NO_RUN


OPEN = {
    "on its way": SENDING,
    "on its way, withdrawn": {"life": Life.CANCELLED, "unknown": True},
    "lost": UNKNOWN,
    # A list may be late.
    "lost, refused when sent again, and found nowhere": {"life": Life.REFUSED, "refused": 1, "unknown": True},
    "started": STARTED,
}


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("facts", OPEN.values(), ids=OPEN)
def test_where_a_run_may_be_it_is_never_said_to_be_none(job_with, facts, is_over):
    said = outcome_of_interrupt(job_with(facts), is_over=is_over)
    assert said.startswith("Interrupted while a run was starting: if it did start, Origami is asked to cancel it")
    assert LOOK_AGAIN in said
    assert "\n" not in said


@pytest.mark.parametrize("facts", SURELY_NONE.values(), ids=SURELY_NONE)
def test_what_still_goes_on_may_be_sent_a_moment_later(job_with, facts):
    assert LOOK_AGAIN in outcome_of_interrupt(job_with(facts), is_over=False)


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("facts", [{}, SENDING, UNKNOWN, STARTED], ids=str)
def test_a_run_that_another_call_waits_for_is_not_said_to_be_none(job_with, facts, is_over):
    job = job_with(facts)
    job.owners.add("another call")
    assert LOOK_AGAIN in outcome_of_interrupt(job, is_over=is_over)
