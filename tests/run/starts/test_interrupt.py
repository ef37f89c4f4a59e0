"""What one line says after an interrupt: the truth about the run, and the call that looks for it."""

from __future__ import annotations

import pytest

from origami_widgets.api.client import Client
from origami_widgets.api.models.run import RunObject
from origami_widgets.run.starts.interrupt import LOOK_AGAIN, outcome_of_interrupt
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.spec import StartSpec
from origami_widgets.run.starts.store import Life
from tests.api.conftest import KEY

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
