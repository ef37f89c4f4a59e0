"""Polls stay within the budget."""

from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.run.budget import Budget


def test_eighty_requests_fit_in_a_minute_and_the_next_waits():
    budget = Budget()
    for second in range(80):
        assert budget.wait(second / 10) == 0
        budget.spend(second / 10)
    assert budget.wait(8.0) == 52.0
    assert budget.wait(60.0) == 0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_window_ever_holds_more_than_the_limit(pauses):
    budget, now, sent = Budget(limit=5, window=10), 0.0, []
    for pause in pauses:
        now += pause
        now += budget.wait(now)
        budget.spend(now)
        sent.append(now)
    for start in sent:
        assert sum(start <= moment < start + 10 - 1e-6 for moment in sent) <= 5
