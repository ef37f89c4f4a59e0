"""`once=` for a batch: each brief is paid for once, over HTTP, by several kernels; the runs are counted at the server."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import RunNotFound
from origami_widgets.run import registry
from origami_widgets.run.registry import RegistryUnusable
from origami_widgets.sandbox.server import serve
from tests.run.batches.common import finished, see, states, towns
from tests.run.test_once import Server


class Counting(Server):
    """A server that may keep its answers from one start on.

    Attributes:
        keeps_from: the number of the first start that is not answered, from 1; None answers all.
        asked: the brief of each start.
    """

    def __init__(self):
        super().__init__()
        self.keeps_from = None
        self.asked = []

    async def __call__(self, scope, receive, send):
        if (scope["method"], scope["path"]) == ("POST", "/api/v2/agents"):
            if self.keeps_from is not None and len(self.starts) + 1 >= self.keeps_from:
                self.keep_answer.set()
            message = await receive()
            self.asked.append(json.loads(message["body"])["prompt"])
            first = [message]

            async def again():
                return first.pop() if first else await receive()

            return await super().__call__(scope, again, send)
        return await super().__call__(scope, receive, send)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data" / "once"


@pytest.fixture
def server():
    return Counting()


@pytest.fixture
def served(server, clock):
    with serve(server, ow.Sandbox.api_key, 0) as where:
        yield where
    gc.collect()


@pytest.fixture
def client(served):
    return ow.Client(served.api_key, base_url=served.base_url)


def start(client, briefs, once="towns", **options):
    return ow.start_many(briefs, once=once, client=client, show=False, **options)


KERNEL = """
import json, sys
import origami_widgets as ow
batch = ow.start_many(json.loads(sys.argv[1]), once="towns", at_once=3, show=False)
print("begun", flush=True)
print(json.dumps([run.token for run in batch.wait(timeout=60)]))
"""


def kernel(served, briefs):
    """Another kernel that runs the cell."""
    environment = {**os.environ, "ORIGAMI_API_KEY": served.api_key, "ORIGAMI_BASE_URL": served.base_url}
    command = [sys.executable, "-c", KERNEL, json.dumps(briefs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def tokens_from(other):
    said, problem = other.communicate(timeout=60)
    assert other.returncode == 0, problem
    assert problem == ""
    return json.loads(said.splitlines()[-1])


def test_a_restarted_kernel_attaches_and_starts_only_the_rest(client, server, served):
    a, b, c, d = towns(4)
    first = finished(start(client, [a, b, c]))
    tokens = [run.token for run in first]
    again = tokens_from(kernel(served, [d, c, a, b]))
    assert again[1:] == [tokens[2], tokens[0], tokens[1]]
    assert server.runs == len(server.starts) == 4
    assert server.asked == [a, b, c, d]


def test_kernels_that_run_the_cell_at_once_share_the_runs(server, served):
    briefs = towns(4)
    first, second = map(tokens_from, [kernel(served, briefs), kernel(served, briefs[::-1])])
    assert first == second[::-1]
    assert server.runs == len(server.starts) == 4


def test_cells_of_one_kernel_that_run_at_once_share_the_runs(client, server):
    briefs = towns(4)
    first, second = start(client, briefs), start(client, briefs[::-1])
    third = ow.start(briefs[0], client=client, show=False)
    finished(first)
    finished(second)
    assert first.runs == second.runs[::-1]
    assert third not in first.runs
    assert server.runs == len(server.starts) == 5


def test_a_kernel_that_was_killed_has_paid_for_each_brief_once(client, server, served):
    """What it may have started without knowing it is looked for before anything is started beside it."""
    a, b, c, d = towns(4, "slow")
    server.keeps_from = 2
    dying = kernel(served, [a, b, c])
    assert server.kept_answer.wait(60)
    dying.send_signal(signal.SIGKILL)
    dying.communicate(timeout=60)
    server.keeps_from = None
    server.keep_answer.clear()
    batch = start(client, [d, c, b, a], at_once=2)
    see(lambda: len(batch.runs) == 2)
    assert states(batch) == ["waiting", "waiting", "started", "started"]
    assert server.asked == [a, b], "found, not sent again"
    for run in batch.runs:
        run.cancel()
    see(lambda: [run.refresh() for run in batch.runs] and len(batch.runs) == 4, every=0.05)
    assert server.asked == [a, b, d, c]
    assert server.runs == 4
    batch.cancel()


def test_the_same_cell_attaches_and_its_cards_say_so(client, server):
    briefs = towns(3)
    first = finished(start(client, briefs))
    second = start(client, briefs)
    see(lambda: len(second.runs) == 3)
    assert second.runs == first.runs
    assert second != first
    assert "Attached to the run of " in str(second.runs[2])
    assert server.runs == 3


def test_equal_briefs_are_started_each_and_found_each(client, server):
    (brief,) = towns(1)
    first = finished(start(client, [brief, brief]))
    second = start(client, [brief, brief, brief])
    finished(second)
    assert set(second.runs) > set(first.runs)
    assert server.runs == 3


def test_another_name_another_model_and_another_agents_name_are_other_briefs(client, server):
    brief = towns(1)
    for options in ({}, {"once": "others"}, {"model": "origami-lite"}):
        finished(start(client, brief, **options))
    finished(start(client, {"Porto": brief[0]}))
    assert server.runs == 4


def test_fresh_starts_all_anew_and_the_name_stands_for_the_new_ones(client, server):
    first = finished(start(client, towns(2)))
    second = finished(start(client, towns(2), fresh=True))
    assert not set(first.runs) & set(second.runs)
    third = start(client, towns(2))
    see(lambda: third.runs == second.runs)
    assert server.runs == 4


def test_fresh_looks_for_what_it_may_have_started_itself(client, server, monkeypatch):
    monkeypatch.setattr("origami_widgets.api.starts.submit.LOOKS", (0.0, 0.0))
    finished(start(client, towns(1)))
    server.broken = True
    batch = start(client, towns(1), fresh=True)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, ow.AmbiguousStart)
    server.broken = False
    batch.resume()
    finished(batch)
    assert server.runs == 2
    assert len(set(server.starts)) == 2, "what was unclear was sent again with the same key"


def test_what_follows_on_a_run_of_a_batch_is_sent_once(client, server):
    run = finished(start(client, towns(1))).runs[0]
    more = run.follow_up("Add prices. scenario:answer")
    assert run.follow_up("Add prices. scenario:answer") == more
    assert len(server.sandbox.client().list_runs(run.agent_id).items) == 2
    more.wait(timeout=20)
    agent = run.agent_id
    del run, more
    gc.collect()
    again = start(client, towns(1))
    see(lambda: again.runs)
    assert again.runs[0].continued_by.agent_id == agent


def test_a_run_that_cannot_be_written_down_is_there_and_says_so_without_printing(client, server, monkeypatch, capsys):
    kept = registry.FileSlot.write

    def full(slot, claim):
        if claim.run_id:
            raise slot._unusable("cannot be written", OSError(28, "No space left on device"))
        kept(slot, claim)

    monkeypatch.setattr(registry.FileSlot, "write", full)
    batch = finished(start(client, towns(2)))
    for brief in batch.briefs:
        assert (brief.state, type(brief.error)) == ("started", RegistryUnusable)
    assert batch.error is None
    assert capsys.readouterr() == ("", "")
    assert server.runs == 2


def test_a_registry_that_cannot_be_used_halts_before_anything_is_sent(client, server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with monkeypatch.context() as patch:
        patch.setenv(registry.FOLDER_VARIABLE, str(tmp_path / "file"))
        batch = start(client, towns(2))
        see(lambda: batch.error is not None)
        assert isinstance(batch.error, RegistryUnusable)
        assert server.starts == []
    batch.resume()
    finished(batch)
    assert server.runs == 2


def test_a_run_that_is_gone_halts_and_says_how_the_others_go_on(client, server):
    server.says_sandbox = False
    briefs = towns(2)
    finished(start(client, briefs))
    gc.collect()
    server.gone = True
    batch = start(ow.Client(client.operations._settings.key.reveal(), base_url=client.operations.place[0]), briefs)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, RunNotFound)
    assert "take it out of the list" in batch.error.remedy
    assert states(batch) == ["failed", "waiting"]
    server.gone = False
    batch.resume()
    see(lambda: len(batch.runs) == 2)
    assert server.runs == 2


def test_nothing_written_down_tells_a_brief_or_a_name(client, folder):
    finished(start(client, {"Secret": "List secret bakeries. scenario:answer"}))
    written = " ".join(path.read_text() + path.name for path in folder.iterdir())
    assert "towns" in written
    assert "ecret" not in written


def test_no_thread_is_left_of_names(client):
    before = threading.active_count()
    finished(start(client, towns(3)))
    see(lambda: threading.active_count() <= before + 1)


@pytest.mark.parametrize("is_held", [True, False])
def test_cancel_ends_what_was_started_before_also_while_it_is_looked_for(client, server, is_held):
    briefs = towns(6, "slow")
    first = start(client, briefs, at_once=6)
    see(lambda: len(first.runs) == 6)
    if not is_held:
        del first
        gc.collect()
    second = start(client, briefs)
    second.cancel()
    finished(second)
    at_the_server = [agent.last_run.status for agent in server.sandbox.client().list_agents(limit=100).items]
    assert at_the_server == ["cancelled"] * 6
    assert [run.status for run in second] == ["cancelled"] * 6
    assert server.runs == 6


def test_cancel_says_what_it_could_not_look_up(client, server, folder):
    briefs = towns(2, "slow")
    first = start(client, briefs, at_once=2)
    see(lambda: len(first.runs) == 2)
    damaged = next(folder.glob("*.json"))
    kept = damaged.read_text()
    second = start(client, briefs)
    damaged.write_text("{")
    with pytest.raises(RegistryUnusable):
        second.stop().cancel()
    assert isinstance(second.error, RegistryUnusable)
    damaged.write_text(kept)
    second.cancel()
    see(lambda: [run.refresh() for run in first] and first.done, every=0.05)
    assert {run.status for run in first} == {"cancelled"}


def test_cancel_ends_what_a_killed_kernel_may_have_started(client, server, served):
    briefs = towns(1, "slow")
    server.keeps_from = 1
    dying = kernel(served, briefs)
    assert server.kept_answer.wait(60)
    dying.send_signal(signal.SIGKILL)
    dying.communicate(timeout=60)
    server.keeps_from = None
    server.keep_answer.clear()
    batch = start(client, briefs)
    batch.cancel()
    finished(batch)
    assert [run.status for run in batch] == ["cancelled"]
    assert server.runs == 1


def test_a_disk_that_is_slow_keeps_nobody_waiting_but_its_brief(client, server, monkeypatch):
    kept, slow, go_on = registry.FileSlot.write, threading.Event(), threading.Event()

    def write(slot, claim):
        slow.set()
        assert go_on.wait(30)
        kept(slot, claim)

    monkeypatch.setattr(registry.FileSlot, "write", write)
    batch = start(client, towns(2))
    assert slow.wait(30)
    other = ow.start(towns(1)[0], client=client, show=False)
    assert other.refresh().status
    assert batch.runs == ()
    go_on.set()
    finished(batch)
    assert server.runs == 3
