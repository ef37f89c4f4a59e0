"""What one line says after an interrupt: the truth about the run, and the call that looks for it."""

from __future__ import annotations

import pytest

from origami_widgets.api.client import Client
from origami_widgets.api.models import RunObject
from origami_widgets.run.starts.interrupt import LOOK_AGAIN, outcome_of_interrupt
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.record import (
    DefiniteRefusal,
    Lost,
    NothingFound,
    NotSent,
    Sent,
    Started,
    StartRecord,
    StartSpec,
    Withdrawn,
    transition,
)
from tests.api.conftest import KEY

NO_RUN = "Interrupted. No run was started, and nothing was charged."
STARTED = Started("agent-1", "run-1")
SENT = Sent(0.0)


@pytest.fixture
def job_after():
    """A job after these events."""
    operations = Client(KEY).operations

    def made(*events):
        record = StartRecord("key-1")
        for event in events:
            record = transition(record, event)
        job = StartJob(operations, StartSpec("List bakeries in Porto"), lambda watch, conversation: None)
        job.slot.record = record
        if record.state == "started":
            job.request.run = RunObject.from_raw({"id": record.run_id, "status": "running"})
        return job

    return made


@pytest.mark.parametrize("is_over", [False, True])
def test_before_anything_was_asked_for_there_is_no_run(is_over):
    assert outcome_of_interrupt(None, is_over=is_over) == NO_RUN


SURELY_NONE = {
    "never sent": (Withdrawn(),),
    "refused": (SENT, DefiniteRefusal()),
    "it has not reached the server": (SENT, NotSent()),
    "refused after it was withdrawn": (SENT, Withdrawn(), DefiniteRefusal()),
}


@pytest.mark.parametrize("events", SURELY_NONE.values(), ids=SURELY_NONE)
def test_what_has_surely_started_none_costs_nothing(job_after, events):
    assert outcome_of_interrupt(job_after(*events), is_over=True) == NO_RUN


OPEN = {
    "on its way": (SENT,),
    "on its way, withdrawn": (SENT, Withdrawn()),
    "lost": (SENT, Lost()),
    "lost, withdrawn": (SENT, Withdrawn(), Lost()),
    "an old refusal": (SENT, DefiniteRefusal(is_replay=True)),
    "refused after a loss": (SENT, Lost(), NothingFound(), SENT, DefiniteRefusal()),
    # A list may be late.
    "lost, refused when sent again, and found nowhere": (
        SENT,
        Lost(),
        NothingFound(),
        SENT,
        DefiniteRefusal(),
        NothingFound(),
    ),
}


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("events", OPEN.values(), ids=OPEN)
def test_where_a_run_may_be_it_is_never_said_to_be_none(job_after, events, is_over):
    said = outcome_of_interrupt(job_after(*events), is_over=is_over)
    assert said.startswith("Interrupted while a run was starting. If it did start, we'll ask Origami to cancel it")
    assert LOOK_AGAIN in said


@pytest.mark.parametrize("events", [(), (SENT, DefiniteRefusal())], ids=["never sent", "refused"])
def test_what_still_goes_on_may_be_sent_a_moment_later(job_after, events):
    said = outcome_of_interrupt(job_after(*events), is_over=False)
    assert "If it did start" in said
    assert LOOK_AGAIN in said


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("events", [(), (SENT,), (SENT, Lost()), (SENT, STARTED)], ids=str)
def test_a_run_that_another_call_waits_for_is_not_said_to_be_none(job_after, events, is_over):
    job = job_after(*events)
    job.owners.add("another call")
    assert LOOK_AGAIN in outcome_of_interrupt(job, is_over=is_over)


@pytest.mark.parametrize("events", [(SENT, STARTED), (SENT, Lost(), STARTED)], ids=["answered", "found"])
def test_a_started_run_is_looked_for(job_after, events):
    assert LOOK_AGAIN in outcome_of_interrupt(job_after(*events), is_over=True)
