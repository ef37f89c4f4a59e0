"""`once=` for a batch: each brief is paid for once, over HTTP, by several kernels; the runs are counted at the server."""

from __future__ import annotations

import functools
import gc
import json

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import RunNotFound
from origami_widgets.run.batch import briefs_of
from tests.run.batch.common import finished, is_done, refreshed, states, towns
from tests.support.errors import raises
from tests.support.front import FAILED, kept_off, passes
from tests.support.processes import OtherKernels
from tests.support.quick import look_after, see
from tests.support.start_files import FOLDER_VARIABLE, StartFiles, no_room


@pytest.fixture(autouse=True)
def files(monkeypatch, tmp_path):
    return StartFiles(monkeypatch, tmp_path / "data")


@pytest.fixture
def kernels(front, base_url):
    return OtherKernels(front, base_url)


def start(client, briefs, once="towns", **options):
    return ow.start_many(briefs, once=once, client=client, show=False, **options)


KERNEL = """
import json, sys
import origami_widgets as ow
batch = ow.start_many(json.loads(sys.argv[1]), once="towns", at_once=3, show=False)
print("begun", flush=True)
print(json.dumps([run.token for run in batch.wait(timeout=60)]))
"""


def tokens_of(printed):
    return json.loads(printed[-1])


def test_a_restarted_kernel_attaches_and_starts_only_the_rest(client, front, kernels):
    a, b, c, d = towns(4)
    first = finished(start(client, [a, b, c]))
    tokens = [run.token for run in first]
    again = tokens_of(kernels.run(KERNEL, json.dumps([d, c, a, b])))
    assert again[1:] == [tokens[2], tokens[0], tokens[1]]
    assert len(front.runs()) == 4
    assert front.prompts == [a, b, c, d]


@pytest.mark.slow
def test_kernels_that_run_the_cell_at_once_share_the_runs(front, kernels):
    briefs = towns(4)
    begun = [kernels.begin(KERNEL, json.dumps(each)) for each in (briefs, briefs[::-1])]
    first, second = (tokens_of(kernels.printed(each)) for each in begun)
    assert first == second[::-1]
    assert len(front.runs()) == len(front.starts) == 4


def test_a_kernel_that_was_killed_has_paid_for_each_brief_once(client, front, kernels):
    """What it may have started without knowing it is looked for before anything is started beside it."""
    a, b, c, d = towns(4, "slow")
    front.faults = [passes]
    kernels.die(KERNEL, json.dumps([a, b, c]))
    batch = start(client, [d, c, b, a], at_once=2)
    see(lambda: len(batch.runs) == 2)
    assert states(batch) == ["waiting", "waiting", "started", "started"]
    assert front.prompts == [a, b], "found, not sent again"
    for run in batch.runs:
        run.cancel()
    see(lambda: refreshed(batch.runs) and len(batch.runs) == 4, every=0.05)
    assert front.prompts == [a, b, d, c]
    assert len(front.runs()) == 4
    batch.cancel()


def test_fresh_looks_for_what_it_may_have_started_itself(client, front, monkeypatch):
    look_after(monkeypatch, 0.0, 0.0)
    finished(start(client, towns(1)))
    front.faults = [kept_off(FAILED)] * 2
    batch = start(client, towns(1), fresh=True)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, ow.errors.AmbiguousStart)
    batch.resume()
    finished(batch)
    assert len(front.runs()) == 2
    assert len(set(front.keys)) == 2, "what was unclear was sent again with the same key"


def test_what_follows_on_a_run_of_a_batch_is_sent_once(client, front, execute):
    run = finished(start(client, towns(1))).runs[0]
    more = functools.partial(run.follow_up, "Add prices. scenario:answer")
    for execution in ("e1", "e2"):
        execute(more, execution=execution)
    assert len(front.runs()) == 2
    run.wait(timeout=20)
    newest = run.id
    del run, more
    gc.collect()
    again = start(client, towns(1))
    see(lambda: again.runs)
    see(lambda: again.runs[0].id == newest)
    assert len(again.runs[0].turns) == 2


def test_a_run_that_cannot_be_stored_is_there_and_says_so(client, front, files, capsys):
    with files.before_each_write(no_room):
        batch = finished(start(client, towns(2)))
    for brief in briefs_of(batch):
        assert (brief.state, type(brief.error).__name__) == ("started", "RegistryUnusable")
    assert batch.error is None
    assert capsys.readouterr() == ("", "")
    assert len(front.runs()) == 2


def test_a_registry_that_cannot_be_used_halts_before_anything_is_sent(client, front, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with monkeypatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
        batch = start(client, towns(2))
        see(lambda: batch.error is not None)
        assert type(batch.error).__name__ == "RegistryUnusable"
        assert front.starts == []
    batch.resume()
    finished(batch)
    assert len(front.runs()) == 2


def test_a_run_that_is_gone_halts_and_says_how_the_others_go_on(client, front, base_url):
    front.says_sandbox = False
    briefs = towns(2)
    finished(start(client, briefs))
    gc.collect()
    front.is_gone = True
    batch = start(ow.Client(front.sandbox.api_key, base_url=base_url), briefs)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, RunNotFound)
    assert "from the list" in batch.error.remedy
    assert states(batch) == ["failed", "waiting"]
    front.is_gone = False
    batch.resume()
    see(lambda: len(batch.runs) == 2)
    assert len(front.runs()) == 2


@pytest.mark.parametrize("is_held", [True, False])
def test_cancel_ends_what_was_started_before_also_while_it_is_looked_for(client, front, is_held):
    briefs = towns(6, "slow")
    first = start(client, briefs, at_once=6)
    see(lambda: len(first.runs) == 6)
    if not is_held:
        del first
        gc.collect()
    second = start(client, briefs)
    second.cancel()
    finished(second)
    assert list(front.statuses().values()) == ["cancelled"] * 6
    assert [run.status for run in second] == ["cancelled"] * 6
    assert len(front.runs()) == 6


def test_cancel_says_what_it_could_not_look_up(client, files):
    briefs = towns(2, "slow")
    first = start(client, briefs, at_once=2)
    see(lambda: len(first.runs) == 2)
    damaged = files.paths[0]
    kept = damaged.read_text()
    damaged.write_text("{")
    second = start(client, briefs)
    with raises("RegistryUnusable"):
        second.stop().cancel()
    assert type(second.error).__name__ == "RegistryUnusable"
    damaged.write_text(kept)
    second.cancel()
    see(lambda: refreshed(first.runs) and is_done(first), every=0.05)
    assert {run.status for run in first} == {"cancelled"}
