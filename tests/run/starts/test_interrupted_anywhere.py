"""An interrupt at one line after the other, on its way through `start`: one run at most, and it ends."""

from __future__ import annotations

import gc
import sys
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.starts import submit
from tests.support.front import Front
from tests.support.server import RawServer

SLOW = "List bakeries in Porto with a web shop. scenario:slow"
PASSED = ("api/starts/interrupt.py", "api/loop.py", "api/loop_future.py", "run/start.py")
"""The code of a start that runs on the caller's thread."""


def traced(act, reached):
    """Call `reached` with each line of the code that starts runs, on the caller's thread, until the run is handed over."""
    left = []

    def line(frame, event, _argument):
        if frame.f_code.co_name == "__exit__" and frame.f_code.co_filename.endswith("api/starts/interrupt.py"):
            left.append(frame.f_code)
        elif event == "line" and not left:
            reached((frame.f_code.co_filename, frame.f_lineno))
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, *rest: line(frame, *rest) if frame.f_code.co_filename.endswith(PASSED) else None)
    try:
        return act()
    finally:
        sys.settrace(before)


class Notebook:
    """One cell, at a server of its own: what was sent before takes nothing from anybody's quota."""

    def __init__(self, front, address):
        self.front = front
        self.client = ow.Client(front.sandbox.api_key, base_url=address, timeout=3)

    def start(self):
        return ow.start(SLOW, once="porto", client=self.client, show=False)

    def statuses(self):
        here = self.front.sandbox.client()
        return [run.status for agent in here.list_agents().items for run in here.list_runs(agent.id).items]


# One between the making of a coroutine and its way to the loop leaves it unused.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_an_interrupt_at_any_line_leaves_one_run_at_most_and_ends_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(submit, "LOOKS", (0.05, 0.1))
    lines, hit = [], []

    def interrupted_at(place, folder):
        monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(folder))
        left = [place]

        def reached(at):
            if place is None and at not in lines:
                lines.append(at)
            if at in left:
                left.clear()
                raise KeyboardInterrupt

        front = Front(speed=20)
        with RawServer(front) as server:
            notebook = Notebook(front, server.base_url)
            caught = None
            try:
                traced(notebook.start, reached).cancel()
            except KeyboardInterrupt as stopped:
                caught = stopped
                hit.append(place)
            said = capsys.readouterr().out
            ends = time.monotonic() + 20
            while "running" in (now := notebook.statuses()):
                assert time.monotonic() < ends, (place, said)
                time.sleep(0.05)
            if place is None or caught is None:
                return
            if front.starts:
                assert caught.idempotency_key == front.starts[0].headers["idempotency-key"], place
                assert said.count("\n") == 1, place
            assert not (now and "no run was started" in said), place
            notebook.start().cancel()
            assert len(notebook.statuses()) == 1, place
            assert len({sent.headers["idempotency-key"] for sent in front.starts}) == 1, place

    interrupted_at(None, tmp_path / "loading")
    lines.clear()
    interrupted_at(None, tmp_path / "loaded")
    assert len(lines) > 50
    for at, place in enumerate(lines):
        interrupted_at(place, tmp_path / str(at))
    # A few lines are passed when the background loop begins only.
    assert len(hit) > len(lines) / 2
    # What was never awaited complains when it is collected: here, where that is expected.
    gc.collect()
