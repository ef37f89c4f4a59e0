"""While rows of a run's table are read, the run's state says how many have been; afterwards it says nothing."""

import time

import pytest

import origami_widgets as ow
from origami_widgets.api.models.table import Table
from origami_widgets.api.rows.row_progress import RowProgress
from origami_widgets.frames.leads import row_reading
from origami_widgets.run.reduce import RowsRead, TablesRead, reduce
from tests.fixtures.states import STATES

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
        self.before = RowProgress(0, None)

    def state(self):
        return self.run.state

    def __call__(self, rows, total):
        until(lambda: self.state().row_progress == {self.table.id: self.before})
        self.said.append(self.before)
        self.before = RowProgress(rows, total)
        if self.error is not None and rows > PAGE:
            raise self.error


def test_the_run_says_how_far_it_is_while_its_leads_are_read(client, run):
    table = run.tables[0]
    history, slowly, changes = run.history, Slowly(run, table), []
    run.on_change(changes.append)
    frame = ow.leads_frame(table, client=client, limit=3 * PAGE, progress=slowly)
    assert slowly.said == [(0, None), (PAGE, 3 * PAGE), (2 * PAGE, 3 * PAGE)]
    until(lambda: slowly.state().row_progress == {})
    assert len(frame) == 3 * PAGE
    assert run.history == history
    assert changes == [], "callbacks of users hear of changes of the run"


@pytest.mark.parametrize(
    ("error", "raised"), [(ZeroDivisionError(), ow.errors.IncompleteRows), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_reading_that_ends_early_is_no_reading(client, run, error, raised):
    table = run.tables[0]
    slowly = Slowly(run, table, error)
    with pytest.raises(raised) as caught:
        ow.leads_frame(table, client=client, progress=slowly)
    # The exception and its frames are held, as a notebook does: that must not look like a reading.
    until(lambda: slowly.state().row_progress == {})
    assert caught.value.__traceback__ is not None


def test_leads_and_cells_that_come_meanwhile_are_kept_apart_from_it():
    state = STATES["filling"]()
    (table,) = state.tables
    read = reduce(state, RowsRead(table.id, RowProgress(5, 15)))
    more = {**table.raw, "leadCount": 40, "cells": {"running": 9, "errored": 2}}
    grown = reduce(read, TablesRead((Table.from_raw(more),), at=state.connection.heard_at + 1))
    assert grown.row_progress == {table.id: (5, 15)}
    assert (grown.lead_count, grown.cells_running, grown.cells_errored) == (40, 9, 2)
    moved = reduce(grown, RowsRead(table.id, RowProgress(10, 40)))
    assert (moved.history, moved.tables, moved.connection) == (grown.history, grown.tables, grown.connection)
    assert reduce(moved, RowsRead(table.id, None)).row_progress == {}


def test_what_changes_nothing_leaves_the_state_as_it_is():
    state = STATES["filling"]()
    read = reduce(state, RowsRead(state.tables[0].id, RowProgress(5, 15)))
    assert reduce(read, RowsRead(state.tables[0].id, RowProgress(5, 15))) is read
    assert reduce(read, RowsRead("another", RowProgress(5, 15))) is read
    assert reduce(state, RowsRead(state.tables[0].id, None)) is state
