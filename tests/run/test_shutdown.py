"""The end of a process: nothing hangs, nothing complains, whatever is on its way."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from jupyter_client.manager import start_new_kernel

from tests.support.front import Front, kept_off
from tests.support.server import RawServer, reset, silence
from tests.support.start_files import FOLDER_VARIABLE

SOON = 20.0
"""Seconds; the request that hangs would take sixty, the run that is watched half an hour."""
UNDER_WAY = {
    "a run that is watched": "run = ow.start('Find bakeries. scenario:slow', client=client, show=False)",
    "a batch that waits": """
batch = ow.start_many(['Find bakeries. scenario:slow', 'Find cafés'], at_once=1, client=client, show=False)
while not batch.runs:
    time.sleep(0.01)""",
    "a batch whose start has no answer": """
batch = ow.start_many(['Find bakeries. scenario:slow', 'Find cafés'], client=client, once='towns', show=False)
time.sleep(0.5)""",
    "a start without an answer": """
beside(lambda: ow.start('Find bakeries', client=client, show=False))
time.sleep(0.5)""",
    "a callback that blocks for ever": """
run = ow.start('Find bakeries. scenario:slow', client=client, show=False)
run.on_change(lambda run: threading.Event().wait())
card = ow.RunCard(run)
card.observe(lambda change: threading.Event().wait())
run.refresh()""",
    "a subscription and a card": """
run = ow.start('Find bakeries. scenario:slow', client=client, show=False)
run.on_change(print)
card = ow.RunCard(run)""",
}


BESIDE = """
import contextlib, threading, time
import origami_widgets as ow

def beside(act):
    def quietly():
        with contextlib.suppress(BaseException):
            act()
    threading.Thread(target=quietly, daemon=True).start()

client = ow.Client({key!r}, base_url={base_url!r}, timeout=60)
"""


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    front = Front(speed=1)
    with RawServer(front) as server:
        yield front, BESIDE.format(key=front.sandbox.api_key, base_url=server.base_url)


def hang(front, what):
    if what in ("a start without an answer", "a batch whose start has no answer"):
        front.faults = [kept_off(silence())]
    front.cancels = [silence()]


@pytest.mark.sweep
@pytest.mark.parametrize("what", UNDER_WAY)
def test_a_script_ends_at_once_and_says_nothing(prepared, what):
    front, code = prepared
    hang(front, what)
    before = time.monotonic()
    command = [sys.executable, "-X", "dev", "-c", code + UNDER_WAY[what]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "never retrieved" not in done.stderr
    assert time.monotonic() - before < SOON


@pytest.mark.posix
def test_a_script_ends_only_when_its_cancel_is_heard(monkeypatch, tmp_path):
    """The connection breaks, and the cancel is sent again as the process ends: a host's name has to be resolved then."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    front = Front(speed=10)
    front.cancels = [reset(), reset()]
    with RawServer(front) as server:
        base_url = server.base_url.replace("127.0.0.1", "localhost")
        code = BESIDE.format(key=front.sandbox.api_key, base_url=base_url) + CANCELLED
        command = [sys.executable, "-X", "dev", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "")
        assert "cells may still begin" in done.stderr
        assert "Traceback" not in done.stderr
        assert list(front.statuses().values()) == ["cancelled"]


CANCELLED = """
run = ow.start('Find bakeries. scenario:slow', client=client, show=False)
beside(run.cancel)
time.sleep(0.5)
"""


@pytest.mark.slow
def test_a_kernel_shuts_down_by_itself(prepared):
    front, code = prepared
    hang(front, "")
    manager, kernel = start_new_kernel()
    try:
        for what in ("a run that is watched", "a subscription and a card", "a callback that blocks for ever"):
            reply = kernel.execute_interactive(code + UNDER_WAY[what], output_hook=lambda message: None)
            assert reply["content"]["status"] == "ok"
        kernel.shutdown()
        ends = time.monotonic() + SOON
        while manager.is_alive():
            assert time.monotonic() < ends, "it had to be killed"
            time.sleep(0.05)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
