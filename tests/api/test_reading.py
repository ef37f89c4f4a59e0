"""Whose leads are being read: known while it goes on, forgotten with whoever reads."""

import gc
import os
import time
import warnings
import weakref

import pytest

from origami_widgets.api.reading import About, Progress, Reading, readings
from origami_widgets.api.retries import Traffic


class Listener:
    def __init__(self):
        self.heard = []

    def reading_changed(self, about):
        self.heard.append((about.table_id, readings().of(about)))


@pytest.fixture
def listener():
    made = Listener()
    readings().listen(made)
    return made


@pytest.fixture
def ours():
    return Traffic()


def come(organization, table_id="t"):
    return readings().of(About(organization, table_id))


def test_it_is_known_from_its_first_move_to_its_end(ours, listener):
    reading = Reading(ours, "t")
    assert come(ours) is None
    reading.move(0, None)
    reading.move(200, 1240)
    assert come(ours) == Progress(200, 1240)
    reading.end()
    reading.end()
    reading.move(400, 1240)
    assert come(ours) is None
    assert listener.heard == [("t", (0, None)), ("t", (200, 1240)), ("t", None)]


def test_what_has_not_begun_ends_in_silence(ours, listener):
    Reading(ours, "t").end()
    assert listener.heard == []


def test_of_two_readings_the_one_that_began_last_counts_and_then_the_other(ours):
    first, second = Reading(ours, "t"), Reading(ours, "t")
    first.move(200, 900)
    second.move(0, None)
    first.move(400, 900)
    assert come(ours) == Progress(0, None)
    second.end()
    assert come(ours) == Progress(400, 900)
    first.end()
    assert come(ours) is None


def test_another_table_and_the_same_id_elsewhere_are_not_it(ours):
    reading = Reading(ours, "t")
    reading.move(1, 2)
    assert come(ours, "u") is None
    assert come(Traffic()) is None
    reading.end()


def test_a_reading_that_nobody_holds_has_ended(ours, listener):
    reading = Reading(ours, "t")
    reading.move(1, 2)
    del reading
    gc.collect()
    assert come(ours) is None
    assert listener.heard[-1] == ("t", None)


def test_neither_a_listener_nor_an_organization_is_kept(ours, listener):
    kept = Listener()
    readings().listen(kept)
    reading = Reading(other := Traffic(), "t")
    reading.move(1, 2)
    reading.end()
    gone = [weakref.ref(kept), weakref.ref(other)]
    listener.heard.clear()
    del kept, other, reading
    ends = time.monotonic() + 20
    # The poller of another test may still have it in mind, for as long as it waits to tell of it.
    while any(each() is not None for each in gone) and time.monotonic() < ends:
        time.sleep(0.05)
        gc.collect()
    assert [each() for each in gone] == [None, None]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_reads_nothing(ours):
    reading = Reading(ours, "t")
    reading.move(1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        reading.move(2, 2)
        os._exit(0 if come(ours) is None else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert come(ours) == Progress(1, 2)
    reading.end()
