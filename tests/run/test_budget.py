"""Polls stay within the budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.run.budget import Budget


def test_a_few_at_once_and_then_one_after_the_other():
    budget = Budget()
    for _ in range(10):
        assert budget.wait(100.0) == 0
        budget.spend(100.0)
    assert budget.wait(100.0) == pytest.approx(60 / 70)
    assert budget.wait(101.0) == 0
    assert budget.wait(1_000.0) == 0


@given(st.lists(st.floats(0, 20), min_size=1, max_size=400))
def test_no_minute_ever_holds_more_than_the_limit(pauses):
    budget, now, sent = Budget(), 0.0, []
    for pause in pauses:
        now += pause
        now += budget.wait(now)
        budget.spend(now)
        sent.append(now)
    for start in sent:
        assert sum(start <= moment < start + 60 - 1e-6 for moment in sent) <= 80
