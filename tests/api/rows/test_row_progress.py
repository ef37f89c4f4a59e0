"""How many rows of a table have been read: known while it is read, and reported at most a few times a second."""

import time
import weakref

import pytest

from origami_widgets.api.rows import row_progress
from origami_widgets.api.rows.row_progress import SPACING, ProgressReport
from origami_widgets.api.usage import Traffic

SECONDS = 20


def until(condition):
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


@pytest.fixture
def ours():
    return Traffic()


@pytest.fixture
def elsewhere():
    return Traffic()


@pytest.fixture
def calls(ours, elsewhere):
    """What a subscriber is called with."""
    found, organizations = [], weakref.WeakSet((ours, elsewhere))

    def subscriber(organization, *call):
        # What was planned by the test before may come in this one.
        if organization in organizations:
            found.append((organization, *call))

    # Another module may have left a read that is no longer collected.
    before = set(row_progress.under_way)
    row_progress.subscribers.append(subscriber)
    yield found
    row_progress.subscribers.remove(subscriber)
    until(lambda: set(row_progress.under_way) <= before)


def test_progress_is_known_until_the_report_is_closed(ours, calls):
    ProgressReport(ours, "without progress").close()
    report = ProgressReport(ours, "t")
    report.update(0, None)
    report.update(100, 1240)
    until(lambda: calls == [(ours, "t", (100, 1240))])
    report.close()
    until(lambda: calls[1:] == [(ours, "t", None)])
    report.close()
    time.sleep(2 * SPACING)
    assert len(calls) == 2


def test_the_newest_of_two_reads_counts_and_then_the_other(ours, calls):
    first, second = ProgressReport(ours, "t"), ProgressReport(ours, "t")
    first.update(200, 900)
    until(lambda: calls[-1:] == [(ours, "t", (200, 900))])
    second.update(0, None)
    until(lambda: calls[-1:] == [(ours, "t", (0, None))])
    first.update(400, 900)
    until(lambda: len(calls) == 3)
    assert calls[-1] == (ours, "t", (0, None))
    second.close()
    until(lambda: calls[-1] == (ours, "t", (400, 900)))
    first.close()
    until(lambda: calls[-1] == (ours, "t", None))


def test_other_tables_and_organizations_have_their_own_progress(ours, elsewhere, calls):
    reports = [ProgressReport(*table) for table in ((ours, "t"), (ours, "u"), (elsewhere, "t"))]
    for rows, report in enumerate(reports):
        report.update(rows, None)
    until(lambda: len(calls) == 3)
    assert sorted(progress.rows for *_, progress in calls) == [0, 1, 2]
    assert (ours, "t", (0, None)) in calls
    for report in reports:
        report.close()


def test_a_fast_read_notifies_a_few_times_a_second_and_at_its_end_at_once(ours, calls):
    report, began, pages = ProgressReport(ours, "t"), time.monotonic(), 0
    while len(calls) < 4:
        assert time.monotonic() - began < SECONDS
        report.update(pages, None)
        pages += 1
    took = time.monotonic() - began
    assert pages > 100
    assert took > 0.9 * SPACING * len(calls)
    assert sorted(progress for *_, progress in calls) == [progress for *_, progress in calls]
    report.close()
    until(lambda: calls[-1][-1] is None)
