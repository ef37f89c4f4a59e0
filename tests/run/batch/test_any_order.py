"""Calls on a batch in any order, with lost answers between them: never a run too many, and it comes to its end.

What is allowed is counted by a model that knows the sentences of `start_many` only: a brief has as many runs as it stands
in the list; in an edited list it keeps the run that goes on for it; where that is over, the cell pays for another one, and
`once=` does not.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import time
import weakref
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import origami_widgets as ow
from tests.run.batch.common import is_done, waiting
from tests.support.cells import Notebook
from tests.support.front import BROKE, FAILED, FULL, Front, forgotten, kept_off, lost, passes, refused
from tests.support.quick import QuickClock, cancel_quickly, look_after, use_clock, without_environment, without_pauses
from tests.support.server import RawServer, answer, reset
from tests.support.start_files import StartFiles

BRIEFS = {letter: f"List bakeries in {letter}. scenario:slow" for letter in "ABC"}
FAULTS = {
    "passes": passes,
    "lost": lost(reset()),
    "never arrived": kept_off(reset()),
    "failed after it": forgotten(FAILED),
    "failed before it": kept_off(FAILED),
    "refused": refused(BROKE),
    "a refusal that is lost": refused(BROKE, reset()),
    "queued": kept_off(answer(FULL, 429, headers={"Retry-After": "1"})),
}
LISTS = ("A", "AB", "BA", "AAB", "ABC", "CA", "BB")
PATIENCE = 60.0
"""Seconds; a machine with nothing else to do needs two."""

runs = st.tuples(st.just("run"), st.sampled_from(LISTS))
faults = st.tuples(st.just("fault"), st.lists(st.sampled_from(list(FAULTS)), min_size=1, max_size=3).map(tuple))
others = st.sampled_from(
    [("stop", ""), ("resume", ""), ("cancel", ""), ("cancel one", ""), ("pause", ""), ("forget", "")]
)
orders = st.tuples(runs, st.lists(st.one_of(runs, faults, others), max_size=7)).map(lambda each: [each[0], *each[1]])


class Life:
    """One cell, its batches, and what may be at the server.

    Args:
        patch: pytest's.
        front: the way to the server.
        client: a client of it.
        once: the name of the batch; None for none.
    """

    def __init__(self, patch, front, client, once):
        self.front = front
        self.allowed = Counter()
        self.batch = None
        self._notebook = Notebook(patch)
        self._client = client
        self._once = once
        self._executions = map(str, itertools.count())
        self._list = ""
        self._to_end = set()
        # Weak: who forgets a batch must not hold it here.
        self._batches = weakref.WeakSet()
        self._ends = time.monotonic() + PATIENCE

    def run(self, letters):
        """Run the cell with this list."""
        over = Counter() if self._once else self._over()
        self._list = letters
        self.batch = self._notebook(
            lambda: ow.start_many(
                [BRIEFS[letter] for letter in letters], at_once=4, once=self._once, client=self._client, show=False
            ),
            execution=next(self._executions),
        )
        self._batches.add(self.batch)
        for letter, number in Counter(letters).items():
            self.allowed[letter] = max(self.allowed[letter], number + over[letter])

    def fault(self, names):
        self.front.faults += [FAULTS[name] for name in names]

    def stop(self, _):
        self.batch.stop()

    def resume(self, _):
        self.batch.resume()

    def cancel(self, _):
        """A run that may have been started and is not found raises an error, and is looked for again."""
        with contextlib.suppress(ow.OrigamiError):
            self.batch.cancel()

    def cancel_one(self, _):
        for run in self.batch.runs[:1]:
            run.cancel()

    def pause(self, _):
        time.sleep(0.1)

    def forget(self, _):
        """Hold no handle, as a kernel in which the variable was given something else."""
        self._note_what_is_to_end()
        self.batch = None
        gc.collect()
        self.run(self._list)

    def leave(self):
        """Let nothing go on."""
        self.front.faults.clear()
        for batch in self._batches:
            batch.stop()
        self.batch = None
        gc.collect()

    def check(self):
        """No brief has a run too many."""
        made = self._made()
        assert not made - self.allowed, (made, self.allowed)

    def come_to_an_end(self):
        """With nothing more in its way, each brief of the list gets its run, and all of them end."""
        self.front.faults.clear()
        while len(self.batch.runs) < len(self._list) or not self._nothing_more_is_started():
            self._in_time()
            # What has halted it, or stopped it, is out of the way; what is unclear is looked for.
            self.batch.resume()
            time.sleep(0.05)
        assert len(set(self.batch.runs)) == len(self._list)
        self.check()
        assert not Counter(self._list) - self._made()
        self.batch.cancel()
        while not is_done(self.batch):
            self._in_time()
            for run in self.batch.runs:
                run.refresh()
            time.sleep(0.05)
        self.batch.wait(timeout=5)
        self.check()

    def _nothing_more_is_started(self):
        return waiting(self.batch) == 0 and self.batch.error is None

    def _in_time(self):
        assert time.monotonic() < self._ends, repr(self.batch)

    def _made(self):
        """How many runs each brief has at the server."""
        return Counter(self._letter(run.prompt) for run in self.front.summaries())

    def _over(self):
        """How many runs of each brief are over, or were asked to cancel."""
        self._note_what_is_to_end()
        return Counter(
            self._letter(run.prompt)
            for run in self.front.summaries()
            if run.status != "running" or run.id in self._to_end
        )

    def _note_what_is_to_end(self):
        held = self.batch.runs if self.batch is not None else ()
        self._to_end.update(run.id for run in held if run.state.cancel == "requested")

    def _letter(self, prompt):
        return next(letter for letter, brief in BRIEFS.items() if brief == prompt)


def live(orders, once, folder):
    """Carry out one order of calls, at a server of its own."""
    with pytest.MonkeyPatch.context() as patch:
        without_environment(patch)
        without_pauses(patch)
        cancel_quickly(patch)
        look_after(patch, 0.05, 0.1)
        use_clock(patch, QuickClock())
        StartFiles(patch, folder)
        # Slow enough that no run comes to its end by itself, and with a quota that so many requests stay below.
        front = Front(speed=60, plan="enterprise")
        with RawServer(front) as server:
            life = Life(patch, front, ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5), once)
            try:
                for what, how in orders:
                    getattr(life, what.replace(" ", "_"))(how)
                    life.check()
                life.come_to_an_end()
            finally:
                life.leave()


PINNED = (
    [("run", "A"), ("run", "AB"), ("run", "A")],
    [("run", "AB"), ("fault", ("failed after it",)), ("run", "ABC"), ("run", "CA")],
    [
        ("fault", ("failed after it", "failed before it", "failed before it")),
        ("run", "AAB"),
        ("pause", ""),
        ("resume", ""),
    ],
    [("fault", ("passes", "refused")), ("run", "ABC"), ("pause", ""), ("run", "BA"), ("resume", "")],
    [("fault", ("a refusal that is lost",) * 4), ("run", "AB"), ("pause", ""), ("stop", ""), ("forget", "")],
    [("run", "AAB"), ("stop", ""), ("run", "BA"), ("cancel", ""), ("run", "AAB")],
    [("fault", ("queued", "lost")), ("run", "BB"), ("stop", ""), ("resume", ""), ("cancel", ""), ("resume", "")],
    [("run", "ABC"), ("pause", ""), ("cancel one", ""), ("run", "BA"), ("forget", "")],
    # The file of a name is read by one list while the run of another one becomes known.
    [
        *[("run", each) for each in ("AB", "BA", "AAB", "BA")],
        ("cancel one", ""),
        ("run", "BA"),
        ("pause", ""),
        ("stop", ""),
    ],
)


@pytest.mark.sweep
@pytest.mark.parametrize("once", [None, "towns"])
@pytest.mark.parametrize("number", range(len(PINNED)))
def test_orders_that_are_worth_a_test_of_their_own(tmp_path, once, number):
    live(PINNED[number], once, tmp_path)


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(orders=orders, once=st.sampled_from([None, "towns"]))
def test_no_order_of_calls_pays_for_a_run_too_many(tmp_path_factory, orders, once):
    live(orders, once, tmp_path_factory.mktemp("data"))
