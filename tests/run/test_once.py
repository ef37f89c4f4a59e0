"""`once=`: a brief is paid for once, over HTTP, by several kernels; the runs are counted at the server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import filelock
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InsufficientCredits, InvalidInput, RunNotFound
from origami_widgets.run import claims, registry
from origami_widgets.run.once import StartUnclear
from origami_widgets.run.registry import RegistryUnusable
from origami_widgets.sandbox.server import serve

BRIEF = "List bakeries in Porto with a web shop"
NOT_FOUND = {"error": "No such run", "code": "RUN_NOT_FOUND"}


class Server:
    """A sandbox that counts what starts runs, and may be told to keep its answer or to give another one."""

    def __init__(self):
        self.sandbox = ow.Sandbox(speed=240, plan="ultra")
        self.starts = []
        self.gone = False
        self.broken = False
        self.says_sandbox = True
        self.keep_answer = threading.Event()
        self.kept_answer = threading.Event()

    @property
    def runs(self):
        """How many runs there are."""
        return len(self.sandbox.client().list_agents(limit=100).items)

    async def __call__(self, scope, receive, send):
        starts = (scope["method"], scope["path"]) == ("POST", "/api/v2/agents")
        if starts:
            self.starts.append(dict(scope["headers"])[b"idempotency-key"])
        if self.gone and "/runs/" in scope["path"]:
            return await answer(send, 404, NOT_FOUND)
        if starts and self.broken:
            return await answer(send, 500, {"error": "Sorry", "code": "INTERNAL_ERROR"})

        async def late(message):
            if starts and self.keep_answer.is_set():
                self.kept_answer.set()
                return
            if not self.says_sandbox and message["type"] == "http.response.start":
                message["headers"] = [each for each in message["headers"] if each[0] != b"x-origami-sandbox"]
            await send(message)

        return await self.sandbox(scope, receive, late)


async def answer(send, status, body):
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data" / "once"


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def served(server):
    with serve(server, ow.Sandbox.api_key, 0) as where:
        yield where


@pytest.fixture
def client(served):
    return ow.Client(served.api_key, base_url=served.base_url)


def start(client, brief=BRIEF, once="porto", **options):
    return ow.start(brief, once=once, client=client, show=False, **options)


KERNEL = """
import sys
import origami_widgets as ow
run = ow.start(sys.argv[1], once=sys.argv[2], show=False)
print(run.token)
print(run)
"""


def kernel(served, brief=BRIEF, once="porto", code=KERNEL):
    """Another kernel that runs the same cell."""
    own = {"ORIGAMI_API_KEY": served.api_key, "ORIGAMI_BASE_URL": served.base_url}
    command = [sys.executable, "-c", code, brief, once]
    environment = {**os.environ, **own}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def token_from(other):
    said, problem = other.communicate(timeout=60)
    assert other.returncode == 0, problem
    return said.partition("\n")[0], said


def test_the_second_call_attaches_and_its_card_says_so(client, server):
    first = start(client)
    assert "Attached" not in str(first)
    second = start(client)
    assert second == first
    assert server.runs == 1
    assert "Attached to the run of " in str(second)
    assert "nothing was charged" in second.to_html().replace("\n", " ")


def test_a_restarted_kernel_attaches(client, server, served):
    first = start(client)
    token, card = token_from(kernel(served))
    assert token == first.token
    assert "Attached to the run of " in card
    assert server.runs == len(server.starts) == 1


def test_kernels_that_run_the_cell_at_once_share_one_run(server, served):
    tokens = {token_from(each)[0] for each in [kernel(served) for _ in range(3)]}
    assert len(tokens) == 1
    assert server.runs == len(server.starts) == 1


def test_threads_that_run_the_cell_at_once_share_one_run(client, server):
    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(lambda _: start(client), range(12)))
    assert len(set(runs)) == 1
    assert server.runs == len(server.starts) == 1


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_kernel_that_ended_before_the_answer_has_paid_once(end, client, server, served, folder):
    server.keep_answer.set()
    dying = kernel(served)
    assert server.kept_answer.wait(60)
    dying.send_signal(end)
    dying.communicate(timeout=60)
    server.keep_answer.clear()
    (claim,) = folder.glob("*.json")
    assert json.loads(claim.read_text())["run_id"] == ""
    found = start(client)
    assert server.runs == len(server.starts) == 1, "it is found, not asked for again"
    assert start(client) == found


def test_fresh_starts_anew_and_the_name_stands_for_the_new_run(client, server):
    first = start(client)
    second = start(client, fresh=True)
    assert second != first
    assert start(client) == second
    assert server.runs == 2


@pytest.mark.parametrize("options", [{"name": "Bakeries"}, {"model": "origami-lite"}, {"brief": "List cheese makers"}])
def test_the_same_name_for_something_else_offers_both_ways_out(client, server, options):
    first = start(client)
    with pytest.raises(claims.NameTaken) as caught:
        start(client, **options)
    assert isinstance(caught.value, InvalidInput)
    assert "fresh=True" in caught.value.remedy
    assert "another name" in caught.value.remedy
    assert server.runs == 1
    other = start(client, once="another", **options)
    anew = start(client, fresh=True, **options)
    assert len({first, other, anew}) == server.runs == 3


def test_without_a_name_every_call_starts(client, server, folder):
    assert start(client, once=None) != start(client, once=None)
    assert server.runs == 2
    assert not folder.exists()


def test_a_refused_start_leaves_the_name_to_what_it_stood_for(client, server, folder):
    with pytest.raises(InsufficientCredits):
        start(client, f"{BRIEF}. scenario:no_credits")
    assert list(folder.glob("*.json")) == []
    first = start(client)
    with pytest.raises(InsufficientCredits):
        start(client, f"{BRIEF}. scenario:no_credits", fresh=True)
    assert start(client) == first
    assert server.runs == 1


def test_projects_and_base_urls_have_names_of_their_own(client, server, served):
    first = start(client)
    loopback = ow.Client(served.api_key, base_url=served.base_url.replace("127.0.0.1", "localhost"))
    assert start(loopback) != first
    assert server.runs == 2


def test_nothing_written_down_tells_brief_or_key(client, folder):
    start(client, name="Secret bakeries")
    written = " ".join(path.read_text() + path.name for path in folder.iterdir())
    assert "org_" in written or "organization" in written
    for secret in (
        client.operations._settings.key.reveal(),
        client.operations._settings.key.fingerprint,
        BRIEF,
        "Secret",
    ):
        assert secret not in written


def test_a_damaged_entry_is_an_error_before_anything_is_sent_and_fresh_replaces_it(client, server, folder):
    start(client)
    (entry,) = folder.glob("*.json")
    entry.write_text("{")
    with pytest.raises(RegistryUnusable, match="Nothing was started"):
        start(client)
    assert len(server.starts) == 1
    assert start(client, fresh=True) == start(client)
    assert server.runs == 2


def test_a_folder_that_cannot_be_written_to_is_an_error_before_anything_is_sent(client, server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(RegistryUnusable):
        start(client)
    assert server.starts == []


def test_a_run_that_was_started_is_handed_over_although_it_cannot_be_written_down(client, server, folder, monkeypatch):
    kept = registry.FileSlot.write

    def full(slot, claim):
        if claim.run_id:
            raise slot._unusable("cannot be written", OSError(28, "No space left on device"))
        kept(slot, claim)

    monkeypatch.setattr(registry.FileSlot, "write", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        first = start(client)
    monkeypatch.undo()
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(folder.parent))
    assert start(client) == first
    assert server.runs == 1


def test_after_a_fault_of_the_server_the_next_call_looks_before_it_sends(client, server, monkeypatch):
    monkeypatch.setattr("origami_widgets.api.starts.submit.LOOKS", (0.0, 0.0))
    server.broken = True
    with pytest.raises(ow.AmbiguousStart) as caught:
        start(client)
    assert any("fresh=True" in note for note in caught.value.__notes__)
    server.broken = False
    first = start(client)
    assert server.runs == 1
    assert len(set(server.starts)) == 1, "with the same key"
    assert start(client) == first


def test_what_the_server_has_forgotten_is_looked_for_and_never_sent_again(client, server, served, folder):
    server.keep_answer.set()
    dying = kernel(served)
    assert server.kept_answer.wait(60)
    dying.kill()
    dying.communicate(timeout=60)
    server.keep_answer.clear()
    (entry,) = folder.glob("*.json")
    claim = json.loads(entry.read_text())
    before = datetime.fromisoformat(claim["claimed_at"]) - timedelta(days=2)
    entry.write_text(json.dumps({**claim, "claimed_at": before.isoformat()}))
    found = start(client)
    assert server.runs == len(server.starts) == 1
    assert start(client) == found


def test_what_is_forgotten_and_not_found_is_left_to_the_person(client, server, folder, monkeypatch):
    monkeypatch.setattr("origami_widgets.api.starts.submit.LOOKS", (0.0, 0.0))
    server.broken = True
    with pytest.raises(ow.AmbiguousStart):
        start(client)
    server.broken = False
    sent = len(server.starts)
    (entry,) = folder.glob("*.json")
    claim = json.loads(entry.read_text())
    before = datetime.fromisoformat(claim["claimed_at"]) - timedelta(days=2)
    entry.write_text(json.dumps({**claim, "claimed_at": before.isoformat()}))
    with pytest.raises(StartUnclear, match="fresh=True"):
        start(client)
    assert len(server.starts) == sent
    assert start(client, fresh=True).id
    assert server.runs == 1


NOTEBOOK = """
import sys
import origami_widgets as ow
run = ow.start(sys.argv[1], once=sys.argv[2], show=False).wait(timeout=60)
if run.questions:
    run = run.answer("Iberia", "yes").wait(timeout=60)
run = run.follow_up("Add their opening hours").wait(timeout=60)
print(run.token)
"""


def test_a_notebook_that_is_run_again_pays_for_none_of_its_follow_ups(client, server, served):
    brief = f"{BRIEF}. scenario:needs_input"
    first = token_from(kernel(served, brief, code=NOTEBOOK))[0]
    runs = server.sandbox.client().list_runs(first.partition("/")[0]).items
    assert len(runs) == 3
    assert token_from(kernel(served, brief, code=NOTEBOOK))[0] == first
    assert len(server.sandbox.client().list_runs(first.partition("/")[0]).items) == 3
    assert server.runs == 1


def test_the_same_follow_up_of_the_same_run_attaches_and_another_one_is_sent(client, server):
    run = start(client, f"{BRIEF}. scenario:answer").wait(timeout=30)
    first = run.follow_up("Add prices. scenario:answer").wait(timeout=30)
    assert run.follow_up("Add prices. scenario:answer") == first
    assert run.continued_by == first
    second = first.follow_up("Add prices. scenario:answer").wait(timeout=30)
    assert second != first, "it continues another run"
    assert run.follow_up("Add prices. scenario:answer", fresh=True) not in (first, second)
    assert len(server.sandbox.client().list_runs(run.agent_id).items) == 4


def test_a_run_that_was_continued_by_a_click_is_shown_with_what_continues_it(client, server, served):
    """Else the card would ask again what was answered, and answering costs credits."""
    brief = f"{BRIEF}. scenario:needs_input"
    run = start(client, brief).wait(timeout=30)
    later = server.sandbox.client().create_run(run.agent_id, "Iberia, yes")
    del run
    gc.collect()
    again = start(ow.Client(served.api_key, base_url=served.base_url), brief)
    assert again.continued_by.id == later.id
    assert again.conversation.current.state.run_id == later.id
    with pytest.raises(InvalidInput, match="continued_by"):
        again.answer("Iberia", "yes")
    assert len(server.sandbox.client().list_runs(again.agent_id).items) == 2


def test_answers_that_were_sent_are_not_sent_again(client, server):
    run = start(client, f"{BRIEF}. scenario:needs_input").wait(timeout=30)
    first = run.answer("Iberia", "yes")
    assert run.answer("Iberia", "yes") == first
    with pytest.raises(InvalidInput, match="answered before"):
        run.answer("Iberia", "no")
    assert len(server.sandbox.client().list_runs(run.agent_id).items) == 2


def test_a_sandbox_that_has_forgotten_the_run_starts_another(client, server):
    first = start(client).id
    server.sandbox = ow.Sandbox(seed=1, speed=240)
    assert start(client).id != first
    assert server.runs == 1


@pytest.mark.parametrize("age", ["old", "young"])
def test_a_run_that_is_gone_is_an_error_and_nothing_is_started(age, client, server, folder):
    server.says_sandbox = False
    start(client)
    gc.collect()
    (entry,) = folder.glob("*.json")
    if age == "old":
        entry.write_text(entry.read_text().replace('"started_at": "20', '"started_at": "19'))
    server.gone = True
    with pytest.raises(RunNotFound) as caught:
        start(client)
    assert ("run this cell again" in caught.value.remedy) == (age == "young")
    assert ("fresh=True" in caught.value.remedy) == ("another name" in caught.value.remedy) == (age == "old")
    assert server.runs == 1
    server.gone = False
    start(client, fresh=True)
    assert server.runs == 2


def test_a_name_in_an_embedded_sandbox_lives_as_long_as_it_does(folder):
    sandbox = ow.Sandbox(speed=240)
    first = start(sandbox.client())
    assert start(sandbox.client()).id == first.id
    assert len(sandbox.client().list_agents().items) == 1
    restarted = ow.Sandbox(speed=240, seed=1)
    assert start(restarted.client()).id != first.id
    assert not folder.exists()


def held_by_another_thread(slot):
    """Whether another thread gets the name."""

    def hold():
        with slot.held():
            return True

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(hold).result(timeout=60)


@pytest.mark.parametrize("step", ["taking the lock", "leaving it"])
def test_an_interrupt_at_the_lock_of_a_name_keeps_nobody_out(folder, monkeypatch, step):
    """A notebook keeps the traceback of its last error, hence all that its frames hold."""
    slot = registry.slot_for(None, claims.Scope("https://origami.chat/api/v2", None, ""), "porto")
    kept = []
    monkeypatch.setattr(registry, "PATIENCE", 2.0)
    if step == "taking the lock":
        taken = filelock.FileLock.acquire

        def interrupted(lock, *arguments, **options):
            monkeypatch.setattr(filelock.FileLock, "acquire", taken)
            taken(lock, *arguments, **options)
            raise KeyboardInterrupt

        monkeypatch.setattr(filelock.FileLock, "acquire", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught, slot.held():
            pass
        kept.append(caught)
        assert held_by_another_thread(slot)
    else:
        # What is left when an interrupt comes between the lock and the block that it guards.
        holding = slot.held()
        holding.__enter__()
        kept.append(holding)
    with slot.held():
        pass
    assert held_by_another_thread(slot)


def start_and_await(client):
    return asyncio.run(ow.start_async(BRIEF, once="porto", client=client, show=False))


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


def socket_in_its_place(path):
    # Its name may have some 100 characters only.
    with socket.socket(socket.AF_UNIX) as bound, contextlib.chdir(path.parent):
        bound.bind("s")
        Path("s").rename(path.name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("put", [pipe, device, huge, socket_in_its_place, Path.mkdir])
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_what_is_no_file_of_ours_is_an_error_at_once_and_starts_nothing(client, server, folder, put, kind):
    start(client)
    (path,) = folder.glob("*.json")
    path.unlink()
    put(path)
    began = time.monotonic()
    act = start if kind == "blocking" else start_and_await
    with pytest.raises(RegistryUnusable, match="cannot be read") as caught:
        act(client)
    assert time.monotonic() - began < 10
    assert str(path) in caught.value.cause
    assert server.runs == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_in_the_place_of_the_lock_blocks_nothing(client, server, folder):
    start(client)
    (path,) = folder.glob("*.json")
    lock = path.with_suffix(".lock")
    lock.unlink(missing_ok=True)
    os.mkfifo(lock)
    with contextlib.suppress(RegistryUnusable):
        start(client, fresh=True)
    assert start(client).id
    assert server.runs <= 2


def test_a_folder_under_the_home_is_the_same_from_every_working_directory(client, server, monkeypatch, tmp_path):
    for name in ("here", "there", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(registry.FOLDER_VARIABLE, "~/names")
    monkeypatch.chdir(tmp_path / "here")
    first = start(client)
    monkeypatch.chdir(tmp_path / "there")
    assert start(client) == first
    assert server.runs == 1
    assert not list((tmp_path / "here").iterdir())
    assert list((tmp_path / "home" / "names" / "once").glob("*.json"))


def test_a_folder_that_depends_on_the_working_directory_starts_nothing(client, server, monkeypatch):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, "names")
    with pytest.raises(RegistryUnusable, match=registry.FOLDER_VARIABLE):
        start(client)
    assert server.runs == 0
