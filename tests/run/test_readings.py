"""While a run's leads are read, the run's state says how far that has come; and nothing any more when nobody reads."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import origami_widgets as ow
from origami_widgets.api.models import Table
from origami_widgets.api.reading import Progress, Reading
from origami_widgets.api.retries import Traffic
from origami_widgets.frames.leads import row_reading
from origami_widgets.run.readings import SPACING, ReadingNews
from origami_widgets.run.reduce import reduce
from origami_widgets.run.state import LeadsRead, TableRead
from tests.fixtures.states import STATES

ROOT = Path(__file__).parents[2]
BRIEF = "List bakeries in Porto with a web shop"
PAGE = 5
SECONDS = 20


def until(condition):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def settled(client):
    return ow.start(BRIEF, client=client, show=False).wait("cells", timeout=SECONDS)


@pytest.fixture
def client(monkeypatch):
    # The sandbox's tables are small: their leads come on several pages when the pages are small, too.
    monkeypatch.setattr(row_reading, "LARGEST_PAGE", PAGE)
    return ow.Sandbox(speed=600).client()


@pytest.fixture
def run(client):
    return settled(client)


class Slowly:
    """Reads a page on when the run says how far the one before has come, and keeps what it says."""

    def __init__(self, run, table, error=None):
        self.run, self.table, self.error, self.said = run, table, error, []
        self.before = Progress(0, None)

    def state(self):
        return self.run._watch.state

    def __call__(self, rows, total):
        until(lambda: self.state().reading == {self.table.id: self.before})
        self.said.append(self.before)
        self.before = Progress(rows, total)
        if self.error is not None and rows > PAGE:
            raise self.error


def test_the_run_says_how_far_it_is_while_its_leads_are_read(client, run):
    table = run.tables[0]
    history, slowly = run.history, Slowly(run, table)
    frame = ow.rows_frame(table, client=client, limit=3 * PAGE, progress=slowly)
    assert slowly.said == [(0, None), (PAGE, 3 * PAGE), (2 * PAGE, 3 * PAGE)]
    until(lambda: slowly.state().reading == {})
    assert len(frame) == 3 * PAGE
    assert run.history == history


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError(), ow.IncompleteRows), (KeyboardInterrupt(), ow.InterruptedRows)]
)
def test_a_reading_that_ends_early_is_no_reading_and_goes_on_as_one(client, run, error, raised):
    table = run.tables[0]
    slowly = Slowly(run, table, error)
    with pytest.raises(raised) as caught:
        ow.rows_frame(table, client=client, progress=slowly)
    # The exception and its frames are held, as a notebook does: that must not look like a reading.
    until(lambda: slowly.state().reading == {})
    slowly.error = None
    frame = caught.value.resume(progress=slowly)
    assert [progress.rows for progress in slowly.said] == list(range(0, len(frame), PAGE))
    until(lambda: slowly.state().reading == {})


def test_runs_without_the_table_hear_nothing(client, run):
    elsewhere = settled(ow.Sandbox(speed=600).client())
    table = run.tables[0]
    assert elsewhere.tables[0].id == table.id, "two sandboxes with one seed make the same ids"
    others = [settled(client), elsewhere]
    before = [other._watch.state for other in others]
    told = [[], []]
    for other, heard in zip(others, told, strict=True):
        other.conversation.subscribe(lambda heard=heard: heard.append(1))
    ow.rows_frame(table, client=client, progress=Slowly(run, table))
    until(lambda: run._watch.state.reading == {})
    assert [other._watch.state is state for other, state in zip(others, before, strict=True)] == [True, True]
    assert told == [[], []]


def test_whoever_shows_the_run_is_told_and_whoever_follows_its_changes_is_not(client, run):
    shown, changed = [], []
    run.conversation.subscribe(lambda: shown.append(dict(run._watch.state.reading)))
    run.on_change(lambda run: changed.append(run.status))
    table = run.tables[0]
    ow.rows_frame(table, client=client, limit=2 * PAGE, progress=Slowly(run, table))
    until(lambda: shown and shown[-1] == {})
    assert shown[:-1] == [{table.id: (0, None)}, {table.id: (PAGE, 2 * PAGE)}]
    assert changed == []


def test_leads_and_cells_that_come_meanwhile_are_kept_apart_from_it():
    state = STATES["filling"]()
    (table,) = state.tables
    read = reduce(state, LeadsRead(table.id, Progress(5, 15)))
    more = {**table.raw, "leadCount": 40, "cells": {"running": 9, "errored": 2}}
    grown = reduce(read, TableRead(Table.from_raw(more), at=state.connection.heard_at + 1))
    assert grown.reading == {table.id: (5, 15)}
    assert (grown.lead_count, grown.cells_running, grown.cells_errored) == (40, 9, 2)
    moved = reduce(grown, LeadsRead(table.id, Progress(10, 40)))
    assert (moved.history, moved.tables, moved.connection) == (grown.history, grown.tables, grown.connection)
    assert reduce(moved, LeadsRead(table.id, None)).reading == {}


def test_what_changes_nothing_leaves_the_state_as_it_is():
    state = STATES["filling"]()
    read = reduce(state, LeadsRead(state.tables[0].id, Progress(5, 15)))
    assert reduce(read, LeadsRead(state.tables[0].id, Progress(5, 15))) is read
    assert reduce(read, LeadsRead("another", Progress(5, 15))) is read
    assert reduce(state, LeadsRead(state.tables[0].id, None)) is state


@pytest.fixture
def told():
    return []


@pytest.fixture
def news(told):
    return ReadingNews(lambda about, progress: told.append(progress))


def test_a_fast_reading_is_told_a_few_times_a_second_and_its_end_at_once(news, told):
    reading, began, pages = Reading(Traffic(), "t"), time.monotonic(), 0
    while len(told) < 4:
        assert time.monotonic() - began < SECONDS
        reading.move(pages, None)
        pages += 1
    took = time.monotonic() - began
    assert pages > 100
    assert took > 0.9 * SPACING * len(told)
    assert sorted(told) == told
    reading.end()
    until(lambda: told[-1] is None)
    until(lambda: not news._planned and not news._told)


def test_a_reading_that_is_over_before_anybody_could_read_of_it_is_never_told(news, told):
    for _ in range(100):
        reading = Reading(Traffic(), "t")
        reading.move(0, None)
        reading.end()
    until(lambda: not news._planned and not news._told)
    assert set(told) <= {None}


def test_a_move_that_is_followed_by_none_is_told_all_the_same(news, told):
    reading = Reading(Traffic(), "t")
    reading.move(1, 9)
    reading.move(2, 9)
    until(lambda: told)
    assert told == [(2, 9)]
    reading.end()


READ = """
import gc, threading, time
import origami_widgets as ow
from origami_widgets.frames.leads import row_reading
from origami_widgets.run.polling.poller import poller
row_reading.LARGEST_PAGE = 5

def until(condition):
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)

def loops():
    return [thread for thread in threading.enumerate() if thread.name == "origami-widgets"]

client = ow.Sandbox(speed=240).client()
run = ow.start("List bakeries", client=client, show=False).wait("cells", timeout=20)
watch = run._watch
"""

LEFT = """
try:
    ow.rows_frame(run.tables[0], client=client, progress=lambda *_: (until(lambda: watch.state.reading), 1 / 0))
except ow.IncompleteRows as error:
    kept = error
until(lambda: not watch.state.reading)
until(lambda: not loops())
news = poller()._news
assert not news._planned and not news._told
del run, watch, kept
gc.collect()
assert not loops()
assert not poller()._watches
"""

FORKED = """
import os
def fork(rows, total):
    until(lambda: watch.state.reading)
    if rows == 10:
        child = os.fork()
        if child == 0:
            os._exit(0 if watch.state.reading == {} else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert watch.state.reading
ow.rows_frame(run.tables[0], client=client, limit=12, progress=fork)
until(lambda: not watch.state.reading)
"""


@pytest.mark.parametrize("script", [LEFT, FORKED], ids=["nothing is left", "a fork reads nothing"])
def test_in_a_process_of_its_own(script):
    subprocess.run([sys.executable, "-c", READ + script], check=True, timeout=60, cwd=ROOT)
