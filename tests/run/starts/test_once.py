"""`once=`: a brief is paid for once, over HTTP, by several kernels; the runs are counted at the server."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InsufficientCredits, InvalidInput, RunNotFound
from origami_widgets.card.view import view_now
from tests.support.errors import raises
from tests.support.front import EMPTY_LIST, FAILED, forgotten, kept_off
from tests.support.interrupts import interrupt
from tests.support.processes import OtherKernels
from tests.support.quick import look_after
from tests.support.start_files import FOLDER_VARIABLE, no_room

FRONT = {"plan": "ultra", "speed": 15}
TIMEOUT = 30
BRIEF = "List bakeries in Porto with a web shop"


def start(client, brief=BRIEF, once="porto", **options):
    return ow.start(brief, once=once, client=client, show=False, **options)


KERNEL = """
import sys
import origami_widgets as ow
run = ow.start(sys.argv[1], once=sys.argv[2], show=False)
print(run.token)
print(run)
"""


def notices(run):
    """The notices on the card of a run."""
    return [notice["key"] for notice in view_now(run.conversation)["notices"]]


@pytest.fixture
def kernels(front, base_url):
    return OtherKernels(front, base_url)


def test_the_second_call_attaches_and_its_card_says_so(client, front):
    first = start(client)
    assert notices(first) == []
    second = start(client)
    assert second == first
    assert len(front.runs()) == 1
    assert notices(second) == ["attached"]


def test_a_restarted_kernel_attaches(client, front, kernels):
    first = start(client)
    token, *card = kernels.run(KERNEL, BRIEF, "porto")
    assert token == first.token
    assert "once=" in "\n".join(card)
    assert len(front.runs()) == len(front.starts) == 1


def test_kernels_that_run_the_cell_at_once_share_one_run(front, kernels):
    begun = [kernels.begin(KERNEL, BRIEF, "porto") for _ in range(3)]
    assert len({kernels.printed(each)[0] for each in begun}) == 1
    assert len(front.runs()) == len(front.starts) == 1


@pytest.mark.parametrize("end", [None, pytest.param(signal.SIGINT, marks=pytest.mark.posix)])
def test_a_kernel_that_ended_before_the_answer_has_paid_once(end, client, front, kernels, files):
    kernels.die(KERNEL, BRIEF, "porto", end=end)
    # After an interrupt, the end of the process waits for the run, to cancel it.
    assert (files.read()["run_id"] == "") == (end != signal.SIGINT)
    found = start(client)
    assert len(front.runs()) == len(front.starts) == 1, "it is found, not asked for again"
    assert start(client) == found


def test_fresh_starts_anew_and_the_name_stands_for_the_new_run(client, front):
    first = start(client)
    second = start(client, fresh=True)
    assert second != first
    assert start(client) == second
    assert len(front.runs()) == 2


@pytest.mark.parametrize("options", [{"name": "Bakeries"}, {"model": "origami-lite"}, {"brief": "List cheese makers"}])
def test_the_same_name_for_something_else_offers_both_ways_out(client, front, options):
    first = start(client)
    with raises("NameTaken") as caught:
        start(client, **options)
    assert isinstance(caught.value, InvalidInput)
    assert "fresh=True" in caught.value.remedy
    assert "another name" in caught.value.remedy
    assert len(front.runs()) == 1
    other = start(client, once="another", **options)
    anew = start(client, fresh=True, **options)
    assert len({first, other, anew}) == len(front.runs()) == 3


def test_without_a_name_every_call_starts(client, front, files):
    assert start(client, once=None) != start(client, once=None)
    assert len(front.runs()) == 2
    assert not files.folder.exists()


def test_a_refused_start_leaves_the_name_to_what_it_stood_for(client, front, files):
    with pytest.raises(InsufficientCredits):
        start(client, f"{BRIEF}. scenario:no_credits")
    assert files.paths == []
    first = start(client)
    with pytest.raises(InsufficientCredits):
        start(client, f"{BRIEF}. scenario:no_credits", fresh=True)
    assert start(client) == first
    assert len(front.runs()) == 1


def test_a_read_only_folder_is_an_error_before_anything_is_sent(client, front, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with raises("RegistryUnusable"):
        start(client)
    assert front.starts == []


def test_a_started_run_is_returned_although_it_cannot_be_stored(client, front, files):
    with files.before_each_write(no_room), pytest.warns(RuntimeWarning, match="No space left"):
        first = start(client)
    assert start(client) == first
    assert len(front.runs()) == 1
    # There is room again, and the second call has written it down.
    assert files.read()["run_id"] == first.id


def test_the_warning_about_a_run_that_was_not_stored_points_at_the_call(client, files):
    async def both():
        ow.start(BRIEF, once="blocking", client=client, show=False)
        await ow.aio.start(BRIEF, once="awaited", client=client, show=False)

    with files.before_each_write(no_room), pytest.warns(RuntimeWarning, match="No space left") as caught:
        asyncio.run(both())
    assert [each.filename for each in caught] == [__file__] * 2


def test_after_a_fault_of_the_server_the_next_call_looks_before_it_sends(client, front, monkeypatch):
    look_after(monkeypatch, 0.0, 0.0)
    front.faults = [kept_off(FAILED)] * 2
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        start(client)
    assert any("fresh=True" in note for note in caught.value.__notes__)
    first = start(client)
    assert len(front.runs()) == 1
    assert len(set(front.keys)) == 1, "with the same key"
    assert start(client) == first


def test_a_run_that_is_found_late_takes_its_name_from_no_newer_one(client, front, monkeypatch):
    look_after(monkeypatch, 0.0, 0.0)
    front.faults, front.reads = [forgotten(FAILED), kept_off(FAILED)], [kept_off(EMPTY_LIST)] * 8
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        start(client)
    front.reads = []
    newer = start(client, fresh=True)
    late = caught.value.reconcile()
    assert late != newer
    assert len(front.runs()) == 2
    assert start(client) == newer


def test_what_the_server_has_forgotten_is_looked_for_and_never_sent_again(client, front, kernels, files):
    kernels.die(KERNEL, BRIEF, "porto")
    files.change(claimed_at=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    found = start(client)
    assert len(front.runs()) == len(front.starts) == 1
    assert start(client) == found


@pytest.mark.parametrize("hours", [0, 22, -22, 24, 48])
def test_a_run_that_may_exist_is_never_started_a_second_time(client, front, files, monkeypatch, hours):
    """The server forgets a key after a day: what was asked for before that and is not found is left to the person."""
    look_after(monkeypatch, 0.0, 0.0)
    front.faults = [kept_off(FAILED)] * 2
    with pytest.raises(ow.errors.AmbiguousStart):
        start(client)
    sent = len(front.starts)
    files.change(claimed_at=(datetime.now(UTC) - timedelta(hours=hours)).isoformat())
    if hours > 23:
        with raises("AmbiguousStart") as doubt:
            start(client)
        assert "fresh=True" in "".join(doubt.value.__notes__)
        assert len(front.starts) == sent
        assert start(client, fresh=True).id
    else:
        assert start(client).id
        assert len(set(front.keys)) == 1
    assert len(front.runs()) == 1


NOTEBOOK = """
import sys
import origami_widgets as ow
run = ow.start(sys.argv[1], once=sys.argv[2], show=False).wait(timeout=60)
if run.questions:
    run.answer("Iberia", "yes").wait(timeout=60)
run.follow_up("Add their opening hours").wait(timeout=60)
print(run.token)
"""


@pytest.mark.slow
def test_a_notebook_that_is_run_again_pays_for_none_of_its_follow_ups(front, kernels):
    brief = f"{BRIEF}. scenario:needs_input"
    first = kernels.run(NOTEBOOK, brief, "porto")
    assert len(front.runs()) == 3
    assert kernels.run(NOTEBOOK, brief, "porto") == first
    assert len(front.runs()) == 3


@pytest.mark.parametrize("cell", ["c1", ""], ids=["a cell with an id", "without"])
def test_the_same_follow_up_attaches_and_another_one_is_sent(client, front, execute, cell):
    run = start(client, f"{BRIEF}. scenario:answer").wait(timeout=30)

    def more(fresh=False):
        return run.follow_up("Add prices. scenario:answer", fresh=fresh).wait(timeout=30)

    for execution in ("e1", "e2"):
        assert execute(more, cell=cell, execution=execution) is run
        assert len(front.runs()) == 2
    execute(lambda: (more(), more()), cell=cell, execution="e3")
    assert len(front.runs()) == 3, "of two equal ones in a cell each is sent"
    execute(lambda: more(fresh=True), cell=cell, execution="e4")
    assert len(front.runs()) == len(run.turns) == 4


def test_a_run_answered_elsewhere_is_shown_with_its_answer(client, front, base_url):
    """Else the card would ask again what was answered, and answering costs credits."""
    brief = f"{BRIEF}. scenario:needs_input"
    run = start(client, brief).wait(timeout=30)
    later = front.sandbox.client().create_run(run.agent_id, "Iberia, yes")
    del run
    gc.collect()
    again = start(ow.Client(front.sandbox.api_key, base_url=base_url), brief)
    assert again.id == later.id
    assert again.questions == ()
    with pytest.raises(InvalidInput, match="already answered"):
        again.answer("Iberia", "yes")
    assert len(front.runs()) == 2


def test_answers_that_were_sent_are_not_sent_again(client, front, execute):
    run = start(client, f"{BRIEF}. scenario:needs_input").wait(timeout=30)
    for execution in ("e1", "e2"):
        assert execute(lambda: run.answer("Iberia", "yes"), execution=execution) is run
    with pytest.raises(InvalidInput, match="already answered"):
        run.answer("Iberia", "no")
    assert len(front.runs()) == 2


def test_a_sandbox_that_has_forgotten_the_run_starts_another(client, front):
    first = start(client).id
    front.restart()
    assert start(client).id != first
    assert len(front.runs()) == 1


def test_a_run_that_is_gone_is_an_error_and_nothing_is_started(client, front):
    front.says_sandbox = False
    start(client)
    gc.collect()
    front.is_gone = True
    with pytest.raises(RunNotFound, match="fresh=True"):
        start(client)
    assert len(front.runs()) == 1
    front.is_gone = False
    start(client, fresh=True)
    assert len(front.runs()) == 2


def test_a_kernel_that_dies_while_it_holds_a_name_blocks_no_other(client, front, files):
    first = start(client)
    with files.locked() as other, ThreadPoolExecutor(1) as pool:
        begun = pool.submit(start, client, fresh=True)
        time.sleep(0.5)
        assert not begun.done()
        assert start(client, once="another") != first
        other.kill()
        assert begun.result(timeout=60) != first
    assert len(front.runs()) == 3


def test_an_interrupt_while_a_name_is_waited_for_blocks_no_other(client, front, files):
    """A notebook keeps the traceback of its last error, hence all that its frames hold."""
    first = start(client)
    reached = threading.Event()
    with files.locked():
        threading.Timer(0.5, reached.set).start()
        stopped, _ = interrupt(lambda: start(client, fresh=True), reached)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(start, client).result(timeout=60) == first
    second = start(client, fresh=True)
    assert stopped.__traceback__ is not None
    assert front.runs() == [second.id, first.id]


def test_a_folder_under_the_home_is_the_same_from_every_working_directory(client, front, monkeypatch, tmp_path):
    for name in ("here", "there", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(FOLDER_VARIABLE, "~/names")
    monkeypatch.chdir(tmp_path / "here")
    first = start(client)
    monkeypatch.chdir(tmp_path / "there")
    assert start(client) == first
    assert len(front.runs()) == 1
    assert not list((tmp_path / "here").iterdir())
    assert list((tmp_path / "home" / "names" / "once").glob("*.json"))
