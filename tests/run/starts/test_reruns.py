"""Executing a cell again: the same cell with the same brief pays once at a time, and what is remembered stays small."""

from __future__ import annotations

import gc
import time
import uuid
import weakref

import pytest

import origami_widgets as ow
from origami_widgets.host.cells import CellRef
from origami_widgets.run.polling.run_watch import watch_of_saved
from origami_widgets.run.starts.job import StartJob
from origami_widgets.run.starts.record import DefiniteRefusal, Lost, Sent, Started, transition
from origami_widgets.run.starts.registry import MOST_CALLS, MOST_CELLS, calls_of
from origami_widgets.run.starts.spec import StartSpec
from tests.support.kept import texts_with

BRIEF = "List bakeries in Porto. scenario:slow"


# What is remembered of a cell


RUN = {"object": "run", "agentId": "agent-1"}
EVENTS = {
    "waiting": (),
    "sending": (Sent(0.0),),
    "unknown": (Sent(0.0), Lost()),
    "refused": (Sent(0.0), DefiniteRefusal()),
}


@pytest.fixture(scope="module")
def operations():
    return ow.Sandbox().client().operations


@pytest.fixture
def job_of(operations):
    """A start job that has come so far: a state of its record, or the status of its run."""

    def made(spec, so_far="waiting"):
        job = StartJob(operations, spec, lambda watch, conversation: None)
        if so_far in EVENTS:
            events = EVENTS[so_far]
        else:
            run_id = f"v2_run-{uuid.uuid4()}"
            events = (Sent(0.0), Started("agent-1", run_id))
            job.watch = watch_of_saved({**RUN, "id": run_id, "status": so_far})
        for event in events:
            job.slot.record = transition(job.record, event)
        return job

    return made


class Cell:
    """A cell of a notebook: each execution of it is another one."""

    def __init__(self):
        self.id = uuid.uuid4().hex
        self._executions = 0

    def execute(self, client="client"):
        self._executions += 1
        return calls_of(CellRef(self.id, str(self._executions)), client)


@pytest.fixture
def cell():
    return Cell()


class Queue:
    """What is asked of the queue of a batch."""

    def __init__(self):
        self.is_wanted = True
        self.released = []

    def release(self, job):
        self.released.append(job)


def specs(*letters):
    return [StartSpec(f"List bakeries in {letter}") for letter in letters]


A, B, C = specs(*"ABC")


class New:
    """A new job."""

    watch = None

    def __init__(self, spec):
        self.spec = spec
        self.earlier = []


def found(calls, *asked):
    """The jobs of earlier executions; None for a new one."""
    return [None if isinstance(job, New) else job for job in calls.jobs(asked, New)]


def test_an_equal_start_of_a_later_execution_finds_the_job_of_an_earlier_one(cell, job_of):
    first = job_of(A, "running")
    calls = cell.execute()
    calls.add([A], [first])
    assert found(calls, A) == [None], "a loop starts as many runs as it asks for"
    later = cell.execute()
    assert found(later, B, A) == [None, first]
    later.add([A], [first])
    assert found(later, A) == [None], "this execution has it already"
    assert found(cell.execute(), A) == [first]


def test_equal_starts_find_each_job_once(cell, job_of):
    two = [job_of(A, "running"), job_of(A, "running")]
    for job in two:
        cell.execute().add([A], [job])
    assert found(cell.execute(), A, A, A) == [*two, None]


def test_a_run_that_goes_on_is_found_before_what_may_become_one_and_that_before_what_waits(cell, job_of):
    jobs = {so_far: job_of(A, so_far) for so_far in ("refused", "waiting", "unknown", "sending", "running")}
    cell.execute().add([A] * len(jobs), list(jobs.values()))
    names = {job: so_far for so_far, job in jobs.items()}
    order = [names[job] for job in found(cell.execute(), *[A] * len(jobs))]
    assert order[0] == "running"
    assert set(order[1:3]) == {"unknown", "sending"}
    assert set(order[3:]) == {"refused", "waiting"}


def test_what_is_over_or_not_wanted_any_more_is_not_found(cell, job_of):
    over, unwanted, named = job_of(A, "completed"), job_of(B, "running"), job_of(C, "running")
    unwanted.slot.is_wanted = False
    calls = cell.execute()
    calls.add([A, B], [over, unwanted])
    # Its name finds it.
    calls.add([C], [named], once="towns")
    assert found(cell.execute(), A, B, C) == [None] * 3


def test_records_of_collected_jobs_are_found_where_they_may_have_a_run(cell, job_of):
    slots = []
    for so_far in ("running", "unknown", "waiting", "refused"):
        job = job_of(A, so_far)
        cell.execute().add([A], [job])
        slots.append(job.slot)
        del job
    gc.collect()
    jobs = cell.execute().jobs([A, A, A], New)
    # Those with the same fingerprint share them: what one takes is taken from the other.
    assert jobs[0].earlier == slots[:2]
    assert jobs[0].earlier is jobs[1].earlier
    assert jobs[2].earlier == []


def test_other_cells_other_clients_and_cells_without_a_name_find_nothing(cell, job_of):
    job = job_of(A, "running")
    cell.execute().add([A], [job])
    assert found(Cell().execute(), A) == [None]
    assert found(cell.execute("another client"), A) == [None]
    for _ in range(2):
        nowhere = calls_of(None, "client")
        assert found(nowhere, A) == [None]
        nowhere.add([A], [job])
    assert found(cell.execute(), A) == [job]


# Lists


@pytest.fixture
def listed(cell, job_of):
    """The call of a queue by the first execution of the cell, and the queue."""
    queue, jobs = Queue(), [job_of(A, "running"), job_of(B), job_of(A)]
    call = cell.execute().add([A, B, A], jobs, queue=queue)
    # The queue holds its jobs.
    queue.jobs = jobs
    return call, queue


def test_an_equal_list_finds_the_whole_batch_once_in_each_execution(cell, listed):
    call, queue = listed
    assert (call.queue(), call.is_stopped) == (queue, False)
    later = cell.execute()
    assert later.equal_list([A, B, A], "") is call
    assert later.equal_list([A, B, A], "") is None, "a second equal list of one cell is a second queue"
    assert cell.execute().equal_list([A, B, A], "") is call


@pytest.mark.parametrize("edited", [[A, B], [B, A, A], [A, B, A, A], [A, B, C], []], ids=len)
def test_an_edited_list_finds_no_batch_and_its_starts_one_by_one(cell, listed, edited):
    _, queue = listed
    later = cell.execute()
    assert later.equal_list(edited, "") is None
    first, second, third = queue.jobs
    left = {A: [first, third], B: [second], C: []}
    assert found(later, *edited) == [left[spec].pop(0) if left[spec] else None for spec in edited]


def test_a_list_of_another_name_a_batch_that_was_cancelled_and_runs_that_are_not_wanted_are_not_gone_on_with(
    cell, listed
):
    call, queue = listed
    assert cell.execute().equal_list([A, B, A], "towns") is None
    queue.is_wanted = False
    assert cell.execute().equal_list([A, B, A], "") is None
    queue.is_wanted = True
    for slot in call.slots:
        slot.is_wanted = False
    assert cell.execute().equal_list([A, B, A], "") is None


@pytest.mark.parametrize("once", ["", "towns"])
def test_the_name_finds_the_runs_of_a_collected_batch(cell, job_of, once):
    queue, jobs = Queue(), [job_of(A, "running")]
    call = cell.execute().add([A], jobs, once=once, queue=queue)
    assert cell.execute().equal_list([A], once) is call
    del queue, jobs
    gc.collect()
    assert cell.execute().equal_list([A], once) is (None if once else call)


def test_a_queue_is_told_when_another_one_starts_its_job(cell, listed):
    call, queue = listed
    (job,) = found(cell.execute(), B)
    job.driver = queue
    newer = Queue()
    for _ in range(2):
        job.driver = newer
    assert (queue.released, newer.released) == ([job], [])
    job.driver = None
    assert newer.released == [job]
    call.is_whole = False
    assert cell.execute().equal_list([A, B, A], "") is None, "another queue would start it, too"


# How much


def test_of_too_many_calls_of_a_cell_the_oldest_are_forgotten(cell, job_of):
    asked = [StartSpec(f"List bakeries in town {number}") for number in range(MOST_CALLS + 1)]
    jobs = [job_of(spec, "running") for spec in asked]
    calls = cell.execute()
    for spec, job in zip(asked, jobs, strict=True):
        calls.add([spec], [job])
    assert found(cell.execute(), *asked) == [None, *jobs[1:]]


def test_of_too_many_cells_those_that_were_used_longest_ago_are_forgotten(job_of):
    job = job_of(A, "running")
    used, unused = Cell(), Cell()
    for each in (used, unused):
        each.execute().add([A], [job])
    for number in range(MOST_CELLS - 1):
        if number % 1_000 == 0:
            assert found(used.execute(), A) == [job]
        Cell().execute()
    assert found(used.execute(), A) == [job]
    assert found(unused.execute(), A) == [None]


def test_neither_a_brief_nor_a_job_is_kept(cell, job_of):
    word = uuid.uuid4().hex
    spec = StartSpec(f"List bakeries of {word}")
    job = job_of(spec, "running")
    kept = weakref.ref(job)
    cell.execute().add([spec], [job], once="towns", queue=Queue())
    assert texts_with(word)
    del spec, job
    assert texts_with(word) == []
    assert kept() is None


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


def test_another_cell_another_brief_and_fresh_start_their_own(client, execute):
    first = execute(lambda: start(client))
    others = [
        execute(lambda: start(client), cell="c2"),
        execute(lambda: start(client, f"{BRIEF} More"), execution="e2"),
        execute(lambda: start(client, model="origami-lite"), execution="e2"),
        execute(lambda: start(client, fresh=True), execution="e2"),
    ]
    assert len({first, *others}) == runs(client) == 5


def test_a_run_that_is_over_is_no_reason_not_to_start_another(client, execute):
    first = execute(lambda: start(client, "List bakeries. scenario:answer"))
    first.wait(timeout=30)
    assert execute(lambda: start(client, "List bakeries. scenario:answer"), execution="e2") != first


def test_a_run_that_was_asked_to_cancel_is_no_reason_either(client, execute):
    first = execute(lambda: start(client))
    first.cancel()
    assert execute(lambda: start(client), execution="e2") != first


def test_a_loop_starts_what_it_asks_for_and_finds_it_again(client, execute):
    three = execute(lambda: [start(client) for _ in range(3)])
    assert len(set(three)) == 3
    assert execute(lambda: [start(client) for _ in range(4)], execution="e2")[:3] == three
    assert runs(client) == 4


def test_a_run_without_a_handle_is_found(client, execute):
    first = execute(lambda: start(client).id)
    assert execute(lambda: start(client), execution="e2").id == first


def test_without_cell_ids_each_call_starts(client):
    assert start(client) != start(client)


def test_no_brief_is_kept_for_as_long_as_the_process_lives(execute):
    """Briefs may be long, and cells are many: what is remembered of a cell is short."""
    word = uuid.uuid4().hex
    execute(lambda: start(ow.Sandbox(speed=240).client(), f"List bakeries of {word}. scenario:answer"))
    settled = time.monotonic() + 20
    while texts_with(word):
        assert time.monotonic() < settled
        time.sleep(0.2)
