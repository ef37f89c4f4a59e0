"""Executing a cell again: the same cell with the same brief pays once at a time, and what is remembered stays small."""

from __future__ import annotations

import gc
import time
import uuid
import weakref

import pytest

import origami_widgets as ow
from origami_widgets.host.application import CellRef
from origami_widgets.run.polling.run_watch import watch_of_saved
from origami_widgets.run.starts import call
from origami_widgets.run.starts.call import MOST_RECORDS, find_jobs, key_of
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.record import Life, StartRecord, StartSpec
from tests.support.kept import texts_with

BRIEF = "List bakeries in Porto. scenario:slow"


# What is remembered of a cell


RUN = {"object": "run", "agentId": "agent-1"}
FACTS = {
    "waiting": {},
    "sending": {"life": Life.SENDING, "unknown": True},
    "unknown": {"life": Life.UNKNOWN, "unknown": True},
    "refused": {"life": Life.REFUSED, "refused": 1},
    "stopped": {"life": Life.CANCELLED},
}


@pytest.fixture(scope="module")
def operations():
    return ow.Sandbox().client().operations


@pytest.fixture
def job_of(operations):
    """A start job that has come so far: facts of its record, or the status of its run."""

    def made(spec, so_far="waiting", record=None, **options):
        options |= {} if record is None else {"record": record}
        job = StartJob(operations, spec, make_run=lambda watch, conversation: None, **options)
        facts = FACTS.get(so_far)
        if facts is None:
            run_id = f"v2_run-{uuid.uuid4()}"
            facts = {"life": Life.STARTED, "agent_id": "agent-1", "run_id": run_id}
            job.watch = watch_of_saved({**RUN, "id": run_id, "status": so_far})
        if record is None:
            for name, value in facts.items():
                setattr(job.record, name, value)
        return job

    return made


class Cell:
    """A cell of a notebook: each execution of it is another one."""

    def __init__(self, job_of):
        self.id = uuid.uuid4().hex
        self._job_of = job_of
        self._executions = 0

    def execute(self, client="client"):
        """Return a function that asks for starts in this execution, as one call of `start_many` does."""
        self._executions += 1
        execution = CellRef(self.id, str(self._executions))
        return lambda *asked, **options: self._jobs(asked, execution, client, **options)

    def _jobs(self, asked, execution, client, *, so_far="waiting", **options):
        """The jobs of these specs; new ones have come so far."""

        def maker(spec):
            def make(record=None):
                return self._job_of(spec, so_far) if record is None else self._job_of(spec, record=record)

            return make

        return find_jobs([(key_of(client, spec, cell=execution), maker(spec)) for spec in asked], **options)


@pytest.fixture
def cell(job_of):
    return Cell(job_of)


def one_job(key, make):
    (job,) = find_jobs([(key, make)])
    return job


def specs(*letters):
    return [StartSpec(f"List bakeries in {letter}") for letter in letters]


A, B, C = specs(*"ABC")


def test_an_equal_start_finds_the_job_of_an_earlier_execution(cell):
    ask = cell.execute()
    (first,) = ask(A, so_far="running")
    (second,) = ask(A, so_far="running")
    assert first is not second, "a loop starts as many runs as it asks for"
    for _ in range(2):
        ask = cell.execute()
        assert ask(B)[0] not in (first, second)
        assert ask(A) == [first]
        assert ask(A, A)[0] is second


@pytest.mark.parametrize("so_far", ["waiting", "sending", "unknown", "refused", "running"])
def test_what_goes_on_or_may_become_a_run_is_found(cell, so_far):
    (job,) = cell.execute()(A, so_far=so_far)
    assert not job.is_found
    assert cell.execute()(A) == [job]
    assert job.is_found


@pytest.mark.parametrize("so_far", ["completed", "stopped"])
def test_what_is_over_or_not_wanted_any_more_is_not_found(cell, so_far):
    (job,) = cell.execute()(A, so_far=so_far)
    assert cell.execute()(A) != [job]


def test_in_a_list_what_was_stopped_stays_so_while_some_of_it_goes_on(cell):
    ask = cell.execute()
    stopped, going = *ask(A, so_far="stopped"), *ask(B, so_far="running")
    assert cell.execute()(A, B) == [stopped, going]
    assert stopped.record.life == Life.CANCELLED


def test_in_a_list_what_is_over_is_found_while_some_of_it_goes_on(cell):
    ask = cell.execute()
    over, going = *ask(A, so_far="completed"), *ask(B, so_far="running")
    listed = cell.execute()(C, B, A)
    assert listed[1:] == [going, over]
    assert cell.execute()(A) != [over]


@pytest.mark.parametrize("so_far", ["running", "unknown", "sending"])
def test_a_job_that_is_gone_is_made_again_from_its_record(cell, so_far):
    (job,) = cell.execute()(A, so_far=so_far)
    record, gone = job.record, weakref.ref(job)
    del job
    assert gone() is None
    (again,) = cell.execute()(A)
    assert again.record is record
    assert again.is_recalled == (so_far == "running")


@pytest.mark.parametrize("so_far", ["waiting", "refused", "stopped"])
def test_a_job_that_is_gone_and_has_surely_started_none_gets_a_new_key(cell, so_far):
    (job,) = cell.execute()(A, so_far=so_far)
    key = job.key
    del job
    (again,) = cell.execute()(A)
    assert again.record.life == Life.QUEUED
    assert not again.key.startswith(key)


def test_other_cells_other_clients_and_cells_without_a_name_find_nothing(cell, job_of):
    (job,) = cell.execute()(A, so_far="running")
    assert Cell(job_of).execute()(A) != [job]
    assert cell.execute("another client")(A) != [job]
    assert key_of("client", A) is None
    assert cell.execute()(A) == [job]


def test_fresh_finds_nothing_and_is_found_instead(cell):
    (first,) = cell.execute()(A, so_far="running")
    (second,) = cell.execute()(A, so_far="running", fresh=True)
    assert second is not first
    assert cell.execute()(A) == [second]


@pytest.mark.parametrize(
    ("so_far", "options", "is_found"),
    [("waiting", {}, True), ("unknown", {}, True), ("running", {}, False), ("waiting", {"fresh": True}, False)],
)
def test_a_name_finds_its_job_until_the_start_store_knows_the_run(job_of, so_far, options, is_found):
    name = uuid.uuid4().hex
    key = key_of("client", A, name=name)
    first = one_job(key, lambda record=None: job_of(A, so_far, record, name=name, **options))
    found = one_job(key, lambda record=None: job_of(A, "waiting", record, name=name))
    assert (found is first) == is_found
    for other in (
        key_of("client", B, name=name),
        key_of("client", A, name=f"{name}, 2"),
        key_of("other", A, name=name),
    ):
        assert one_job(other, lambda record=None: job_of(A, "waiting", record, name=name)) is not first


def test_what_no_call_has_asked_for_is_no_job_of_the_registry(cell):
    with pytest.raises(ZeroDivisionError):
        one_job(key_of("client", A, cell=CellRef(cell.id, "1")), lambda record=None: 1 / 0)
    assert cell.execute()(A)[0].is_found is False


class Queue:
    """What is asked of the queue of a batch."""

    def __init__(self):
        self.released = []

    def release(self, job):
        self.released.append(job)


def test_a_queue_learns_when_another_one_starts_its_job(job_of):
    job, queue, newer = job_of(A), Queue(), Queue()
    job.driver = queue
    for _ in range(2):
        job.driver = newer
    assert (queue.released, newer.released) == ([job], [])
    job.driver = None
    assert newer.released == [job]


# How much


def test_of_too_many_records_the_oldest_used_are_forgotten(cell, job_of):
    (job,) = cell.execute()(A, so_far="running")
    other = Cell(job_of)
    (forgotten,) = other.execute()(A, so_far="running")
    for number in range(0, MOST_RECORDS, 1_000):
        assert cell.execute()(A) == [job]
        for town in range(1_000):
            key = call.Cell("client", f"{cell.id} {number}", str(town), 0)
            one_job(key, lambda record=None: Small())
    assert cell.execute()(A) == [job]
    assert other.execute()(A) != [forgotten]


class Small:
    """A job of which there may be many."""

    is_worth_finding = True

    def __init__(self):
        self.record = StartRecord(idempotency_key="k")


# Cells that start runs


@pytest.fixture
def client():
    return ow.Sandbox(speed=20, plan="ultra").client()


def runs(client):
    return len(client.list_agents(limit=100).items)


def start(client, brief=BRIEF, **options):
    return ow.start(brief, client=client, show=False, **options)


def test_a_cell_that_is_run_again_shows_its_run(client, execute):
    first = execute(lambda: start(client))
    again = execute(lambda: start(client), execution="e2")
    assert again == first
    assert runs(client) == 1
    assert again.state.attached_by == "cell"
    assert execute(lambda: start(client), execution="e3") == first


def test_a_cell_of_which_nothing_was_kept_starts_anew_once_its_run_is_over(execute):
    client, brief = ow.Sandbox(speed=240).client(), "List bakeries in Porto. scenario:answer"
    first = execute(lambda: start(client, brief).wait().id)
    gc.collect()
    assert execute(lambda: start(client, brief).id, execution="e2") != first
    assert runs(client) == 2


@pytest.mark.slow
def test_no_brief_is_kept_for_as_long_as_the_process_lives(execute):
    """Briefs may be long, and cells are many: what is remembered of a cell is short."""
    word = uuid.uuid4().hex
    execute(lambda: start(ow.Sandbox(speed=240).client(), f"List bakeries of {word}. scenario:answer"))
    settled = time.monotonic() + 60
    while texts_with(word):
        assert time.monotonic() < settled
        time.sleep(0.2)
