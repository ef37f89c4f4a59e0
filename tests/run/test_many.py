"""Many runs from one call: one for each brief, whatever happens, counted at the server, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import threading
import time
import warnings
import weakref

import pytest

import origami_widgets as ow
from origami_widgets.api import errors, intent, retry
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.loop import background
from origami_widgets.run import cancelling
from origami_widgets.run import hub as hub_module
from origami_widgets.run.course import Course
from origami_widgets.run.hub import Hub
from origami_widgets.run.presenter import presenter
from origami_widgets.run.waiting import WaitTimedOut
from tests.api.conftest import ENVIRONMENT
from tests.run.many import finished, see, states, towns
from tests.run.test_one_run import EMPTY_LIST, FULL, QuickClock
from tests.support.front import Front, forgotten, kept_off, lost, passes
from tests.support.server import RawServer, answer, reset

REFUSED = answer({"error": "empty", "code": "INSUFFICIENT_CREDITS"}, 402)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)


@pytest.fixture
def clock(monkeypatch):
    made = QuickClock()
    monkeypatch.setattr(hub_module, "_hub", Hub(made))
    monkeypatch.setattr(intent, "pause", lambda seconds: made.sleep(seconds, asyncio.Event()))
    return made


@pytest.fixture
def front():
    return Front(plan="ultra")


@pytest.fixture
def client(front, clock):
    with RawServer(front) as server:
        yield ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5.0)
    # An exception holds what it can find again, in a circle; it would be asked about after its server is gone.
    gc.collect()


@pytest.fixture
def many(client):
    """Start a batch; what is left of it is ended."""
    batches = []

    def start(prompts, **options):
        batch = ow.start_many(prompts, client=client, show=False, **options)
        batches.append(batch)
        return batch

    yield start
    for batch in batches:
        batch.stop()


def keys(front):
    return [request.headers["idempotency-key"] for request in front.starts]


def prompts_at(front):
    client = front.sandbox.client()
    return sorted(client.get_run(agent.id, agent.last_run.id).request.prompt for agent in agents(client))


def agents(client):
    return [agent for agent in client.list_agents(limit=100).items if agent.last_run is not None]


def test_each_brief_gets_a_run_in_its_order_and_the_call_returns_before(front, many):
    briefs = towns(5)
    before = front.starts[:]
    batch = many(briefs, at_once=5)
    assert (len(batch), before) == (5, [])
    finished(batch)
    assert [run.prompt for run in batch] == [brief.prompt for brief in batch.briefs] == briefs
    assert [request.json()["prompt"] for request in front.starts] == briefs
    assert len(set(keys(front))) == len(front.runs()) == 5
    assert (batch.done, batch.settled, batch.waiting, batch.error) == (True, True, 0, None)
    assert {brief.state for brief in batch.briefs} == {"started"}
    assert repr(batch) == "<RunBatch of 5 briefs: 5 done>"


def test_a_mapping_names_the_agents(front, many):
    batch = finished(many({"Porto": towns(1)[0], "Faro": towns(2)[1]}))
    assert [brief.name for brief in batch.briefs] == ["Porto", "Faro"]
    assert sorted(agent.name for agent in agents(front.sandbox.client())) == ["Faro", "Porto"]


NO_BRIEFS = {
    "one text": (towns(1)[0], "start_many\\(\\['…'\\]\\)"),
    "bytes": (b"brief", "a list"),
    "nothing": ([], "empty"),
    "an empty mapping": ({}, "empty"),
    "None": (None, "NoneType"),
    "a number": (7, "int"),
    "an empty brief": ([*towns(2), " "], r"prompts\[2\]"),
    "no text": ([towns(1)[0], None], r"prompts\[1\]"),
    "a long brief": ([*towns(1), "x" * 10_001], r"prompts\[1\]"),
    "an empty brief with a name": ({"Porto": "x", "Faro": ""}, r"prompts\['Faro'\]"),
    "a long name": ({"x" * 81: "List"}, r"prompts\['xxx"),
    "a name that is a number": ({7: "List"}, "prompts.values\\(\\)"),
    "a key in a brief": ([*towns(1), f"with og_live_{'k' * 43}"], r"prompts\[1\]"),
    "without an end": (iter(lambda: "List bakeries", None), "1,000"),
}


@pytest.mark.parametrize("case", NO_BRIEFS)
def test_what_is_not_a_list_of_briefs_is_refused_before_anything_is_sent(front, many, case):
    prompts, said = NO_BRIEFS[case]
    with pytest.raises(InvalidInput, match=said) as caught:
        many(prompts)
    assert "kkkk" not in str(caught.value)
    assert front.starts == []


def test_the_names_of_a_frames_columns_are_not_taken_for_briefs(front, many):
    frame = ow.runs_frame([])
    with pytest.raises(InvalidInput, match="frame\\['brief'\\]"):
        many(frame)
    assert front.starts == []


@pytest.mark.parametrize(
    "options",
    [{"at_once": 0}, {"at_once": True}, {"at_once": 2.0}, {"model": "gpt"}, {"focus_tables": "t1"}, {"once": " "}],
)
def test_an_option_that_is_not_valid_is_refused_before_anything_is_sent(front, many, options):
    with pytest.raises(InvalidInput):
        many(towns(2), **options)
    assert front.starts == []


@pytest.mark.parametrize(("plan", "slots"), [("starter", 1), ("pro", 3), ("enterprise", 10)])
def test_the_plans_run_slots_are_how_many_run_at_once(clock, plan, slots):
    client = ow.Sandbox(speed=240, plan=plan).client()
    batch = ow.start_many(towns(2, "slow"), client=client, show=False)
    see(lambda: batch.at_once is not None)
    assert batch.at_once == slots
    batch.cancel()


def test_where_the_account_cannot_be_read_ten_run_at_once(front, many, monkeypatch):
    async def refuse(operations):
        raise errors.PermissionDenied("No")

    monkeypatch.setattr("origami_widgets.api.operations.Operations.get_account", refuse)
    assert finished(many(towns(2))).at_once == 10


def test_a_pool_that_others_have_filled_is_waited_for_as_long_as_it_says(front, many, clock, capsys):
    front.faults = [passes, *[kept_off(answer(FULL, 429, headers={"Retry-After": "96"}))] * 2]
    seen = []
    batch = many(towns(3), at_once=3)
    batch.on_change(lambda batch: seen.append(batch.briefs[1]))
    finished(batch)
    assert clock.slept.count(96) == 2
    assert len(front.starts) == 5
    assert len(set(keys(front))) == len(front.runs()) == 3
    assert {(brief.state, brief.queue.wait, brief.queue.limit) for brief in seen if brief.queue} == {("queued", 96, 1)}
    assert capsys.readouterr() == ("", "")


def test_too_few_credits_halt_the_rest_until_there_are_some(front, many):
    front.faults = [passes, kept_off(REFUSED)]
    batch = many(towns(4), at_once=4)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, errors.InsufficientCredits)
    assert states(batch) == ["started", "failed", "waiting", "waiting"]
    assert batch.briefs[1].error is batch.error
    assert repr(batch).endswith(f"1 failed; halted: {batch.error.title}>")
    assert batch.waiting == 3
    for _ in range(2):
        with pytest.raises(errors.InsufficientCredits):
            batch.wait()
    assert len(front.starts) == 2
    assert batch.resume() is batch
    assert batch.briefs[1].error is None
    finished(batch)
    assert prompts_at(front) == sorted(towns(4))
    refused, again = keys(front)[1:3]
    assert refused != again, "the server would give the same refusal again for the same key"


def test_a_halted_batch_that_is_stopped_can_be_waited_for(front, many):
    front.faults = [passes, kept_off(REFUSED)]
    batch = many(towns(3), at_once=3)
    see(lambda: batch.error is not None)
    batch.stop()
    finished(batch)
    assert states(batch) == ["started", "failed", "stopped"]
    assert isinstance(batch.briefs[1].error, errors.InsufficientCredits)
    assert (len(batch.runs), batch.error) == (1, None)


LOST = {
    "reset": lost(reset()),
    "429": lost(answer({"error": "slow down", "code": "RATE_LIMITED"}, 429)),
    "answer of a proxy": lost(answer("<html>Welcome", content_type="text/html")),
    "never arrived": kept_off(reset()),
    "500 that has started it": forgotten(answer({}, 500)),
    "500 that has started nothing": kept_off(answer({}, 500)),
}


def test_answers_that_are_lost_pay_for_nothing_twice(front, many):
    """Equal briefs among them: what one has started is not taken for the other's."""
    briefs = [*towns(len(LOST)), towns(1)[0]]
    front.faults = [step for fault in LOST.values() for step in (fault, passes)]
    # What was found needs no second request, hence no way for one.
    del front.faults[9]
    batch = finished(many(briefs, at_once=3))
    assert prompts_at(front) == sorted(briefs)
    assert len(set(batch.runs)) == len(briefs)
    assert [run.prompt for run in batch] == briefs


def test_a_start_that_may_have_happened_halts_and_is_looked_for_before_it_is_sent_again(front, many):
    front.faults = [passes, kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    batch = many(towns(3), at_once=3)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, ow.AmbiguousStart)
    assert states(batch) == ["started", "failed", "waiting"]
    batch.resume()
    finished(batch)
    assert prompts_at(front) == sorted(towns(3))
    assert len(front.starts) == 4, "it was found, not sent again"


def test_a_start_that_is_found_nowhere_is_sent_again_with_the_same_key(front, many):
    front.faults = [kept_off(answer({}, 500))] * 2
    batch = many(towns(2))
    see(lambda: batch.error is not None)
    batch.resume()
    finished(batch)
    assert prompts_at(front) == sorted(towns(2))
    assert len(set(keys(front)[:3])) == 1


def test_a_run_that_a_person_has_looked_for_is_not_asked_for_again(front, many):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    batch = many(towns(1))
    see(lambda: batch.error is not None)
    found = batch.error.reconcile()
    batch.resume()
    assert finished(batch).runs == (found,)
    assert len(front.runs()) == 1


def test_a_mistake_of_ours_halts_it_and_what_was_sent_is_looked_for(front, many, monkeypatch):
    adopted = hub_module.Hub.watch
    monkeypatch.setattr(hub_module.Hub, "watch", lambda *_, **__: 1 / 0)
    batch = many(towns(2))
    see(lambda: batch.error is not None)
    assert "ZeroDivisionError" in batch.error.cause
    monkeypatch.setattr(hub_module.Hub, "watch", adopted)
    batch.resume()
    finished(batch)
    assert prompts_at(front) == sorted(towns(2))


def test_what_stop_has_kept_back_is_started_by_resume(front, many):
    batch = many(towns(4, "slow"), at_once=2)
    see(lambda: len(batch.runs) == 2)
    assert batch.stop() is batch
    assert states(batch) == ["started", "started", "stopped", "stopped"]
    assert (batch.waiting, batch.done) == (0, False)
    assert {run.status for run in batch} == {"running"}
    for run in batch.runs:
        run.cancel().wait(timeout=20)
    assert batch.wait(timeout=1).done
    assert len(front.starts) == 2
    batch.resume()
    see(lambda: len(batch.runs) == 4)
    batch.cancel()


def test_stop_leaves_the_queue_and_resume_asks_not_earlier_than_told(front, many, monkeypatch):
    slept = []

    class Waits(QuickClock):
        async def sleep(self, seconds, wake):
            slept.append(seconds)
            return await hub_module.SystemClock.sleep(self, seconds, wake)

    monkeypatch.setattr(hub_module, "_hub", Hub(Waits()))
    front.faults = [kept_off(answer(FULL, 429, headers={"Retry-After": "96"}))]
    batch = many(towns(1))
    see(lambda: states(batch) == ["queued"])
    batch.stop()
    see(lambda: states(batch) == ["stopped"])
    slept.clear()
    batch.resume()
    see(lambda: any(90 < (seconds or 0) <= 96 for seconds in slept))
    assert len(front.starts) == 1
    batch.stop()
    see(lambda: states(batch) == ["stopped"])


def test_a_callback_may_stop_the_rest(front, many):
    batch = many(towns(3, "slow"), at_once=1)
    batch.on_change(lambda batch: batch.runs and batch.stop())
    see(lambda: "stopped" in states(batch))
    assert len(batch.runs) <= 1
    assert front.asked_to_cancel == 0
    batch.cancel()


def test_a_callback_that_waits_is_refused_instead_of_standing_still(many):
    batch, refused = many(towns(1)), []

    def callback(told):
        try:
            told.wait()
        except RuntimeError as error:
            refused.append(error)

    batch.on_change(callback)
    finished(batch)
    assert refused


def test_what_cannot_be_called_back_is_refused(many):
    with pytest.raises(InvalidInput, match=r"batch\.on_change"):
        many(towns(1)).on_change("print")


def test_cancel_ends_what_runs_and_starts_no_more(front, many):
    batch = many(towns(5, "slow"), at_once=3)
    see(lambda: len(batch.runs) == 3)
    before = time.monotonic()
    assert batch.cancel() is batch
    assert time.monotonic() - before < 5
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"] * 3
    assert states(batch)[3:] == ["stopped"] * 2
    assert (front.asked_to_cancel, len(front.starts)) == (3, 3)


def test_cancel_ends_what_is_being_started_as_well(front, many):
    held, go_on = threading.Event(), threading.Event()

    async def late(front, request, writer):
        held.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        await passes(front, request, writer)

    front.faults = [passes, late]
    batch = many(towns(3, "slow"), at_once=3)
    assert held.wait(20)
    asking = threading.Thread(target=batch.cancel)
    asking.start()
    see(lambda: front.asked_to_cancel == 1)
    go_on.set()
    asking.join(20)
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"] * 2
    assert states(batch) == ["started", "started", "stopped"]


def test_a_cancel_that_is_refused_says_for_how_many(front, many):
    front.cancels = [answer({"error": "no", "code": "FORBIDDEN"}, 403)] * 2
    batch = many(towns(2, "slow"))
    see(lambda: len(batch.runs) == 2)
    with pytest.raises(errors.PermissionDenied) as caught:
        batch.cancel()
    assert caught.value.__notes__ == ["2 of the 2 runs that were active have not been cancelled."]
    assert not hasattr(batch.runs[0].state.command_error, "__notes__")
    asyncio.run(batch.cancel_async())
    assert {run.state.cancel for run in batch} == {"requested"}


def test_a_cancel_that_does_not_get_through_is_told_and_goes_on(front, many, monkeypatch):
    monkeypatch.setattr(cancelling, "PATIENCE", 0.2)
    front.cancels = [answer({}, 503)] * 1_000
    batch = many(towns(1, "slow"))
    see(lambda: batch.runs)
    with pytest.raises(cancelling.CancelPending):
        batch.cancel()
    front.cancels.clear()
    see(lambda: front.asked_to_cancel == 1)


def test_an_interrupt_of_a_wait_leaves_the_batch_alone(front, many, capsys):
    batch = many(towns(2, "slow"), at_once=1)
    see(lambda: len(batch.runs) == 1)
    beside = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))
    beside.start()
    with pytest.raises(KeyboardInterrupt):
        batch.wait()
    beside.join()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for call in ("batch.wait()", "batch.stop()", "batch.cancel()"):
        assert call in said
    assert states(batch) == ["started", "waiting"]
    assert batch.runs[0].state.cancel == "none"
    batch.runs[0].cancel()
    see(lambda: len(batch.runs) == 2 or batch.runs[0].refresh() is None)
    batch.cancel()


def test_a_wait_ends_when_its_patience_does(many):
    batch = many(towns(1, "slow"))
    with pytest.raises(WaitTimedOut, match=r"batch\.cancel"):
        batch.wait(timeout=0.05)
    with pytest.raises(InvalidInput, match="until"):
        batch.wait("table")
    batch.cancel()


def test_an_event_loop_waits_without_being_blocked(many):
    batch = many(towns(2))

    async def both():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        assert await batch is batch
        ticking.cancel()
        assert await batch.settle() is batch
        return ticks

    assert asyncio.run(both()) > 5
    assert batch.settled


def test_what_a_loop_does_to_an_await_leaves_the_batch_alone(many):
    batch = many(towns(2, "slow"), at_once=1)

    async def impatient():
        async with asyncio.timeout(0.2):
            await batch

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert states(batch) == ["started", "waiting"]
    batch.cancel()


def test_a_run_that_cannot_be_watched_any_more_is_told_to_who_waits_and_holds_nobody_up(front, many):
    batch = many(towns(2, "slow"), at_once=1)
    see(lambda: batch.runs)
    front.polls = [answer({"error": "no", "code": "FORBIDDEN"}, 403)]
    see(lambda: len(batch.runs) == 2)
    with pytest.raises(errors.PermissionDenied):
        batch.wait()
    batch.runs[0].refresh()
    batch.cancel()


def test_it_goes_on_when_nobody_holds_it_and_is_let_go_when_all_are_started(front, client):
    batch = ow.start_many(towns(4, "slow"), at_once=3, client=client, show=False)
    course = weakref.ref(batch.course)
    see(lambda: len(course().runs) == 3)
    watches = [weakref.ref(order.watch) for order in batch.course.orders[:3]]
    first = batch.runs[0].token
    gc.collect()
    gc.disable()
    try:
        del batch
        see(lambda: len(front.starts) == 3)
        assert course() is not None, "a brief is waiting"
        front.sandbox.client().cancel(first.partition("/")[0])
        see(lambda: len(front.starts) == 4)
        see(lambda: course() is None)
        assert [watch() for watch in watches] == [None] * 3
    finally:
        gc.enable()


def test_a_halted_batch_that_nobody_holds_is_let_go(front, client):
    front.faults = [kept_off(REFUSED)]
    batch = ow.start_many(towns(2), client=client, show=False)
    course = weakref.ref(batch.course)
    see(lambda: course().error is not None)
    gc.collect()
    gc.disable()
    try:
        del batch
        see(lambda: course() is None)
    finally:
        gc.enable()


def test_no_task_is_left_when_all_is_over(many):
    finished(many(towns(2)))
    see(lambda: not [name for name in task_names() if "batch" in name])


def task_names():
    async def names():
        return [task.get_name() for task in asyncio.all_tasks()]

    return background().run(names())


def test_it_outlives_the_end_of_the_loop(front, many):
    batch = many(towns(3), at_once=1)
    see(lambda: front.starts)
    background().stop()
    with pytest.raises(WaitTimedOut):
        batch.wait(timeout=0.01)
    finished(batch)
    assert prompts_at(front) == sorted(towns(3))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_starts_nothing(front, many):
    batch = many(towns(3, "slow"), at_once=1)
    see(lambda: len(batch.runs) == 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        code = 1
        try:
            assert states(batch) == ["started", "stopped", "stopped"]
            with pytest.raises(InvalidInput, match="another process"):
                batch.resume()
            for run in batch.runs:
                run.cancel().wait(timeout=15)
            batch.wait(timeout=15)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert states(batch)[1:] == ["waiting", "waiting"] or len(batch.runs) == 2
    see(lambda: len(front.starts) == 2)
    batch.cancel()


def test_a_batch_that_cannot_be_shown_starts_nothing(front, client, monkeypatch):
    monkeypatch.setattr(type(presenter()), "show_batch", lambda shower, batch: 1 / 0)
    courses = []
    monkeypatch.setattr(Course, "go_on", lambda course, wanted: courses.append(course))
    with pytest.raises(ZeroDivisionError):
        ow.start_many(towns(2), client=client)
    assert (courses, front.starts) == ([], [])


def test_frames_take_a_batch_in_the_place_of_its_runs(many):
    batch = finished(many([f"{brief} Porto" for brief in towns(2, "completed")])).wait("cells", timeout=20)
    assert ow.runs_frame(batch)["run_id"].tolist() == [run.id for run in batch]
    assert ow.tables_frame(batch).equals(ow.tables_frame(list(batch)))
    assert ow.columns_frame([batch.runs[0]]).shape < ow.columns_frame(batch).shape


def test_a_batch_says_what_it_is(many):
    batch = finished(many(towns(1)))
    assert batch.origin == "sandbox"
    assert "town 0" not in repr(batch)
    with pytest.raises(TypeError, match=r"run\.token"):
        pickle.dumps(batch)
    assert batch == ow.RunBatch(batch.course)
    assert len({batch, ow.RunBatch(batch.course)}) == 1
