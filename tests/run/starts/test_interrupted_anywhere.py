"""An interrupt at one place after the other, on the way through `start`: one run at most, and it ends.

The caller's thread is interrupted at each of its lines, and, while it waits, each time that the background loop goes on with
the start: before the job is known, while a name is looked up, with the request on its way, between answer and hand-over.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import signal
import sys
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.run.starts.call import outcome_of_interrupt
from tests.support.cells import Notebook
from tests.support.front import Front, ended, forgotten
from tests.support.quick import look_after, see, without_environment, without_pauses
from tests.support.server import RawServer, answer
from tests.support.start_files import StartFiles

pytestmark = pytest.mark.clock

BRIEF = "List bakeries in Porto with a web shop"
SLOW = f"{BRIEF}. scenario:slow"
NO_RUN = outcome_of_interrupt(None, is_over=True)
PASSED = ("run/starts/call.py", "api/background/loop.py", "api/background/threads.py", "run/start.py")
"""The code of a start that runs on the caller's thread."""


def end_cancelled(front, before=()):
    """Return when the runs that are not among those before have been cancelled."""
    if set(front.runs()) - set(before):
        see(lambda: front.asked_to_cancel)
        front.later(60)
    # Rarely: each look counts for the sandbox's rate limit.
    see(lambda: "running" not in front.statuses().values(), every=0.05)


def traced(act, reached):
    """Call `reached` with each line of the code that starts runs, on the caller's thread, until the run is handed over."""
    left = []

    def line(frame, event, _argument):
        if frame.f_code.co_name == "__exit__" and frame.f_code.co_filename.endswith("run/starts/call.py"):
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


# One between the making of a coroutine and its way to the loop leaves it unused.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_an_interrupt_at_any_line_leaves_one_run_at_most(monkeypatch, capsys, tmp_path):
    look_after(monkeypatch, 0.05, 0.1)
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
            notebook = Cell(front, server.base_url)
            caught = None
            try:
                traced(notebook.start, reached).cancel()
            except KeyboardInterrupt as stopped:
                caught = stopped
                hit.append(place)
            said = capsys.readouterr().out
            end_cancelled(front)
            now = front.statuses()
            assert "running" not in now.values(), (place, said)
            if place is None or caught is None:
                return
            if front.starts:
                assert caught.idempotency_key == front.starts[0].headers["idempotency-key"], place
                assert said.count("\n") == 1, place
            assert not (now and NO_RUN in said), place
            notebook.start().cancel()
            assert len(front.statuses()) == 1, place
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


# While the loop works

WORKING = (
    *("run/starts/reconcile.py", "api/operations.py"),
    *("run/starts/attempts.py", "run/starts/job.py", "run/starts/store.py"),
    "run/starts/call.py",
    *("api/transport.py", "httpcore/_async/connection.py", "httpcore/_async/http11.py"),
)
"""The code of a start that runs on the background loop."""


class Loop:
    """Stops the background loop at a place where it goes on with a start, until the caller has heard an interrupt.

    A place is where a coroutine is resumed: between two of them nothing else can happen on the loop.

    Args:
        place: where to interrupt; None for nowhere.

    Attributes:
        places: those that were passed, in order, each once.
        heard: the interrupt has reached the caller.
    """

    def __init__(self, place=None):
        self.places = []
        self.heard = threading.Event()
        self._place = place
        self._passed = set()
        self._turn = None
        self._is_over = False

    @contextlib.contextmanager
    def watched(self):
        def press(_number, _frame):
            self.heard.set()
            # What the loop does beside it may come to a place when the call has returned.
            if not self._is_over:
                raise KeyboardInterrupt

        before = signal.signal(signal.SIGINT, press)
        try:
            background().call(lambda: sys.settrace(self._called))
            yield
        finally:
            self._is_over = True
            background().call(lambda: sys.settrace(None))
            signal.signal(signal.SIGINT, before)

    def over(self):
        """The call has returned: nothing that the loop does from now on is part of it."""
        self._is_over = True

    def _called(self, frame, _event, _argument):
        code = frame.f_code
        if self._is_over or not code.co_flags & inspect.CO_COROUTINE or not code.co_filename.endswith(WORKING):
            return
        stack = []
        while frame is not None and frame.f_code.co_name != "_run":
            stack.append((frame.f_code.co_name, frame.f_lineno))
            frame = frame.f_back
        place = tuple(stack)
        if place in self._passed:
            return
        self._passed.add(place)
        # What is resumed in the same turn of the loop is the same moment.
        if frame is self._turn:
            return
        self._turn = frame
        self.places.append(place)
        if place == self._place:
            signal.raise_signal(signal.SIGINT)
            assert self.heard.wait(10)
            # What the caller does about it waits for the loop by then.
            time.sleep(0.02)


class Cell:
    """A cell that starts one run under a name, at a server of its own: what was sent before takes nothing from its quota.

    Args:
        front: the way to the server.
        address: where it listens.
    """

    def __init__(self, front, address):
        self.front = front
        self.client = ow.Client(front.sandbox.api_key, base_url=address, timeout=3)

    def prepare(self):
        """Bring about what the cell meets."""

    def start(self):
        return ow.start(SLOW, once="porto", client=self.client, show=False)


class Forgotten(Cell):
    """The server fails after it has started the run, which has to be looked for."""

    def prepare(self):
        self.front.faults = [forgotten(answer({}, 500))]


class Executed(Cell):
    """It is the cell of a notebook, and each time that it starts its run, it is executed once more."""

    def __init__(self, front, address):
        super().__init__(front, address)
        self._cell, self._executions = address, 0

    def start(self):
        self._executions += 1
        with pytest.MonkeyPatch.context() as patch:
            execute = Notebook(patch)
            return execute(self.executed, self._cell, f"execution {self._executions}")

    def executed(self):
        return ow.start(SLOW, client=self.client, show=False)


class Continuing(Executed):
    """The run goes on from another one, whose name it shares."""

    def prepare(self):
        first = ow.start(f"{BRIEF}. scenario:answer", once="porto", client=self.client, show=False)
        self.front.later(3600)
        self._first = ended(first)

    def executed(self):
        # In a script, where nothing is executed again, a second one would be another turn.
        return self._first.follow_up("Add their opening hours. scenario:slow")


class Attaching(Cell):
    """The run is known under its name, and has no handle."""

    def prepare(self):
        self.start()
        gc.collect()


class Rerunning(Executed, Attaching):
    """The run was started by an earlier execution of the cell, and has no handle."""


@contextlib.contextmanager
def cell_of(kind, folder):
    """A cell that is about to start its run."""
    with pytest.MonkeyPatch.context() as patch:
        StartFiles(patch, folder)
        front = Front(speed=20)
        with RawServer(front) as server:
            cell = kind(front, server.base_url)
            cell.prepare()
            front.starts.clear()
            yield cell
            # What an exception can find again it holds in a circle.
            gc.collect()


def interrupted(cell, loop, capsys):
    """Start the run of a cell; the interrupt that came out of it, if any, and what was said."""
    capsys.readouterr()
    caught = None
    try:
        # What is left of earlier calls may come to the place before this call does.
        with loop.watched():
            cell.start()
            loop.over()
    except KeyboardInterrupt as stopped:
        caught = stopped
    said = capsys.readouterr().out
    # What is pressed when the call has returned is not an interrupt of it.
    return (caught if "Interrupted" in said else None), said


@pytest.fixture
def quick(monkeypatch):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    look_after(monkeypatch, 0.05, 0.1)


def places_of(kind, folder, capsys):
    """The places that the loop passes while such a cell starts its run."""
    loop = Loop()
    with cell_of(kind, folder) as cell:
        interrupted(cell, loop, capsys)
        cell.start().cancel()
    assert len(loop.places) > 4
    return loop.places


@pytest.mark.parametrize("kind", [Cell, Forgotten, Continuing])
def test_an_interrupt_whenever_the_loop_goes_on_leaves_one_run_at_most(quick, capsys, tmp_path, kind):
    hit = 0
    for number, place in enumerate(places := places_of(kind, tmp_path, capsys)):
        with cell_of(kind, tmp_path / str(number)) as cell:
            before = set(cell.front.runs())
            caught, said = interrupted(cell, Loop(place), capsys)
            if caught is not None:
                hit += 1
                end_cancelled(cell.front, before)
                made = set(cell.front.runs()) - before
                assert said.count("\n") == 1, place
                assert not (made and NO_RUN in said), place
                assert {run.id for run in [caught.reconcile()] if run is not None} == made, place
                assert caught.idempotency_key in (cell.front.keys or [caught.idempotency_key]), place
                del caught
            # Once more, it finds the run, or starts the only one.
            cell.start().cancel()
            assert len(set(cell.front.runs()) - before) == 1, place
            assert len(set(cell.front.keys)) == 1, place
    # Connections are made in another way when others were there before.
    assert hit > len(places) / 2


@pytest.mark.parametrize("kind", [Attaching, Rerunning])
def test_an_interrupt_whenever_the_loop_goes_on_leaves_older_runs_alone(quick, capsys, tmp_path, kind):
    hit = 0
    for number, place in enumerate(places := places_of(kind, tmp_path, capsys)):
        with cell_of(kind, tmp_path / str(number)) as cell:
            (known,) = cell.front.runs()
            caught, _ = interrupted(cell, Loop(place), capsys)
            hit += caught is not None
            del caught
            assert cell.start().id == known, place
            assert (cell.front.statuses(), cell.front.asked_to_cancel) == ({known: "running"}, 0), place
            assert cell.front.starts == [], place
    # Of a start that finds its run, fewer places are passed before it is there.
    assert hit > len(places) / 3
