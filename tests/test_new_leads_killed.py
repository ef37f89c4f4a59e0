"""`new_leads` in processes that are killed, at a server that counts: no turn is paid twice, and no lead is lost or comes twice.

`python -m tests.bench.bench_new_leads` kills at every step; here are those that differ.
"""

from __future__ import annotations

import time

import pytest

from tests.support.weekly_server import WEEK, Kernels, WeeklyServer


@pytest.fixture
def weeks():
    """The server, whose clock a test moves by `weeks.later`."""
    passed = [0.0]
    with WeeklyServer(clock=lambda: time.time() + passed[0]) as server:
        server.later = lambda seconds=WEEK: passed.__setitem__(0, passed[0] + seconds)
        yield server


@pytest.fixture
def kernels(weeks, tmp_path):
    return Kernels(weeks, tmp_path / "bakeries.csv")


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.sweep
@pytest.mark.parametrize(
    "step", [("write", 2, "after"), ("POST /agents", True), ("write", 4, "after"), ("write", 5, "after")], ids=str
)
def test_a_kernel_that_was_killed_hands_over_the_same_leads(weeks, kernels, step):
    if step[0] == "write":
        assert kernels.killed_at_write(*step[1:])
    else:
        assert kernels.killed_at_request(step[0], takes_effect=step[1])
    period, domains, _ = kernels.search()
    assert (period, set(domains), len(domains)) == (1, weeks.domains(1), 10)
    assert len(weeks.runs) == 1


@pytest.mark.posix
@pytest.mark.slow
def test_a_turn_that_was_paid_is_handed_over_first_also_a_week_later(weeks, kernels):
    first = kernels.search()
    weeks.later()
    assert kernels.killed_at_write(4, "after")
    weeks.later()
    second, again = kernels.search(), kernels.search()
    assert second[:2] == again[:2] == (2, second[1])
    assert len(weeks.runs) == 2
    assert sorted(first[1] + second[1]) == sorted(weeks.domains(2))
    weeks.later()
    third = kernels.search()
    assert (third[0], len(third[1]), len(weeks.runs)) == (3, 8, 3)


@pytest.mark.posix
@pytest.mark.slow
def test_two_kernels_on_one_ledger_start_one_turn_and_hand_over_the_same(weeks, kernels):
    for period in (1, 2):
        both = [kernels.begin(), kernels.begin()]
        found = [kernels.printed(each)[:2] for each in both]
        assert found[0] == found[1]
        assert (found[0][0], len(weeks.runs)) == (period, period)
        weeks.later()
