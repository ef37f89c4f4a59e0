"""One thread, started when needed, gone when idle, and with an empty context."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from origami_widgets.api.background import loop as loops
from origami_widgets.api.background.loop import BackgroundLoop, background

ROOT = Path(__file__).parents[3]
PRESSES = 3
"""Interrupts, half a second apart, of which the first is heard: or the second, if a callback of the garbage collector gets it."""
HERE = contextvars.ContextVar("here", default="no caller")


@pytest.fixture
def loop(monkeypatch):
    monkeypatch.setattr(loops, "IDLE", 0.1)
    own = BackgroundLoop()
    yield own
    own.stop()


def wait_for(condition, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


async def thread_name() -> str:
    return threading.current_thread().name


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "origami-widgets"]


def test_the_loop_runs_in_one_daemon_thread_of_its_own(loop):
    assert loop.run(thread_name()) == "origami-widgets"
    before = threads()
    assert all(thread.daemon for thread in before)
    for _ in range(20):
        loop.run(thread_name())
    assert threads() == before


def test_the_callers_context_does_not_reach_the_loop(loop):
    async def look() -> str:
        return HERE.get()

    HERE.set("cell 7")
    seen: list[str] = []
    assert loop.run(look()) == "no caller"
    loop.call_soon(lambda: seen.append(HERE.get()))
    wait_for(lambda: seen)
    assert seen == ["no caller"]


def test_the_loop_ends_when_idle_and_starts_again(loop):
    loop.run(thread_name())
    first = loop.generation
    thread = loop.call(threading.current_thread)
    wait_for(lambda: not thread.is_alive())
    assert loop.run(thread_name()) == "origami-widgets"
    assert loop.generation > first


def test_the_loop_does_not_end_while_a_task_runs(loop):
    ends = asyncio.Event()
    future = loop.submit(ends.wait())
    first = loop.generation
    time.sleep(4 * loops.IDLE)
    loop.run(thread_name())
    assert loop.generation == first
    loop.call_soon(ends.set)
    assert future.result(5)


def test_what_a_cancelled_task_starts_on_its_way_ends_with_the_loop(loop):
    """A start that is interrupted asks for a cancel: its connection would stay open with the task."""
    ended = []

    async def cancel_elsewhere() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancel")

    async def interrupted() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            loops.kept_task(cancel_elsewhere(), "cancel")
            ended.append("start")

    loop.submit(interrupted())
    loop.run(thread_name())
    loop.stop()
    assert ended == ["start", "cancel"]


def test_what_is_forgotten_while_the_loop_starts_waits_for_nobody(loop, monkeypatch):
    """The garbage collector may run in the new thread, before the one that starts it goes on."""
    at_once = []

    class Collecting(threading.Thread):
        def start(self):
            if self.name == "origami-widgets":
                finalizer = threading.Thread(target=loop.forget, args=("it",))
                finalizer.start()
                finalizer.join(5)
                at_once.append(not finalizer.is_alive())
            super().start()

    monkeypatch.setattr(threading, "Thread", Collecting)
    assert loop.run(thread_name()) == "origami-widgets"
    assert at_once == [True]


def test_a_forgotten_connection_is_closed_at_once(loop):
    closed = threading.Event()

    async def close() -> None:
        closed.set()

    async def open_something() -> None:
        loop.on_stop("it", close)

    busy = loop.submit(asyncio.sleep(30))
    loop.run(open_something())
    loop.forget("it")
    assert closed.wait(5)
    busy.cancel()


def test_an_interrupt_is_raised_at_once_and_cancels_the_coroutine(loop):
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    out = threading.Event()
    pressed: list[float] = []

    def press() -> None:
        # More than once: one that arrives while a callback of the garbage collector runs is lost there.
        while not out.wait(0.5):
            pressed.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    # Who runs the tests in the background of a shell has interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupter = threading.Thread(target=press)
    interrupter.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run(forever())
    finally:
        out.set()
        signal.signal(signal.SIGINT, before)
    assert len(pressed) <= PRESSES
    assert ended.wait(5)
    interrupter.join()


def test_a_coroutine_that_an_interrupt_keeps_from_starting_is_closed(loop, monkeypatch):
    async def wanted() -> None:
        pytest.fail("it was not sent")

    def interrupted(_coroutine):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "submit", interrupted)
    coroutine = wanted()
    with pytest.raises(KeyboardInterrupt):
        loop.run(coroutine)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


async def test_cancelling_an_await_on_another_loop_cancels_the_coroutine(loop):
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    task = asyncio.create_task(loop.bridge(forever()))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)


PLAIN = """
import sys
from origami_widgets.api.client import Client
print(Client("og_live_x", base_url=sys.argv[1]).get_credits().balance)
"""

FORKED = """
import gc, os, sys
from origami_widgets.api.client import Client
from origami_widgets.api.background.loop import background
client = Client("og_live_x", base_url=sys.argv[1])
client.get_credits()
before = background().generation
child = os.fork()
if child == 0:
    balance = client.get_credits().balance
    gc.collect()
    os._exit(0 if balance == 7 and background().generation != before else 1)
_, status = os.waitpid(child, 0)
assert client.get_credits().balance == 7
print(os.waitstatus_to_exitcode(status))
"""

HANGING = """
import asyncio, sys
from origami_widgets.api.client import Client
from origami_widgets.api.background.loop import background
client = Client("og_live_x", base_url=sys.argv[1], timeout=300)
background().submit(client.operations.get_credits())
background().submit(asyncio.sleep(3600))
input()
print("over")
"""


STORM = """
import os, signal, sys, threading, time
from origami_widgets.api.client import Client
is_armed = False

def interrupt(*_):
    # Nowhere but in the script's own `try`, which is there for it.
    global is_armed
    if is_armed:
        is_armed = False
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
client = Client("og_live_x", base_url=sys.argv[1], timeout=10)
gap, presses = float(sys.argv[2]), int(sys.argv[3])
# Without an `Event`: an interrupt may leave the lock of one locked, and the storm would never end.
is_begun = is_over = False

def storm():
    global is_over
    while not is_begun:
        time.sleep(0.001)
    for _ in range(presses):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(gap)
    is_over = True

interrupts = 0
presser = threading.Thread(target=storm, daemon=True)
presser.start()
while not is_over:
    try:
        is_begun = is_armed = True
        while not is_over:
            client.get_credits()
        is_armed = False
    except KeyboardInterrupt:
        interrupts += 1
presser.join()
print(client.get_credits().balance, interrupts > 5)
"""


def python(code: str, *args: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *args],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=ROOT,
    )


def balance():
    from tests.support.server import answer

    return answer({"object": "credits", "balance": 7})


def test_a_script_ends_without_warnings(server):
    server.plan(balance())
    done = python(PLAIN, server.base_url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "7.0\n", "")


@pytest.mark.posix
def test_a_forked_child_has_connections_of_its_own(server):
    server.plan(balance())
    done = python(FORKED, server.base_url)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    assert server.connections == 2
    assert "ResourceWarning" not in done.stderr


@pytest.mark.clock
@pytest.mark.posix
def test_the_loop_survives_interrupts_at_the_first_request(server):
    server.plan(balance())
    done = python(STORM, server.base_url, "0.001", "300")
    assert (done.returncode, done.stdout) == (0, "7.0 True\n"), done.stderr


@pytest.mark.clock
@pytest.mark.posix
def test_the_loop_survives_interrupts_at_any_request(server):
    """Whatever the caller is interrupted in, it holds nothing that the loop waits for."""
    server.plan(balance())

    def outcome(_: int) -> tuple[int, str, str]:
        done = python(STORM, server.base_url, "0.0006", "3000", timeout=60)
        return done.returncode, done.stdout, done.stderr

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, range(8)))
    assert [(code, printed) for code, printed, _ in outcomes] == [(0, "7.0 True\n")] * 8, outcomes


def test_requests_cancelled_at_any_step_block_no_others(server):
    """More of them than connections may be open: none may count as in use for good."""
    from origami_widgets.api.client import Client
    from tests.support.server import answer

    # Each connection serves one request, so that each request begins with a new one.
    server.plan(answer({"object": "credits", "balance": 7}, headers={"Connection": "close"}))
    client = Client("og_live_x", base_url=server.base_url, timeout=2)

    async def cancel_after(steps):
        task = asyncio.create_task(client.operations.get_credits())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

    async def cancel_all():
        for steps in [*range(12)] * 20:
            await cancel_after(steps)

    background().run(cancel_all())
    assert client.get_credits().balance == 7


def test_the_process_ends_although_a_request_hangs(server):
    from tests.support.server import silence

    server.plan(silence())
    command = [sys.executable, "-W", "error", "-c", HANGING, server.base_url]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, cwd=ROOT, **pipes) as process:
        # It hangs from then on, and may take five minutes.
        ends = time.monotonic() + 30
        while not server.requests and time.monotonic() < ends:
            time.sleep(0.01)
        said = process.communicate("\n", timeout=60)
    assert (process.returncode, *said) == (0, "over\n", "")
