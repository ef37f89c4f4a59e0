"""Whose turn it is: who waits longest, after those whom a person waits for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from origami_widgets.api.quota import Quota
from origami_widgets.run.budget import Budget
from origami_widgets.run.turns import SPARE_TURN, Claim, next_turn

NOW = 1_000.0


def who(*claims, **options):
    wait, turn = next_turn(claims, NOW, **options)
    return None if turn is None else (turn.who, round(wait, 6))


def test_nobody_is_next_where_nobody_asks():
    assert next_turn([], NOW) == (None, None)


def test_the_one_that_waits_longest_is_next():
    budget = Budget()
    assert who(Claim("b", NOW - 5, budget), Claim("a", NOW - 9, budget), Claim("c", NOW + 1, budget)) == ("a", 0)
    assert who(Claim("b", NOW + 5, budget), Claim("a", NOW + 2, budget)) == ("a", 2)


def test_what_a_person_waits_for_is_before_them_but_not_before_it_is_due():
    budget = Budget()
    others = [Claim(f"r{number}", NOW - 60, budget) for number in range(50)]
    assert who(*others, Claim("mine", NOW, budget, urgent=True)) == ("mine", 0)
    assert who(*others, Claim("mine", NOW + 1, budget, urgent=True)) == ("r0", 0)


def test_many_urgent_ones_take_turns_with_the_others():
    budget = Budget()
    claims = [Claim("urgent", NOW - 1, budget, urgent=True), Claim("other", NOW - 2, budget)]
    assert who(*claims, others_first=True) == ("other", 0)
    assert who(claims[0], others_first=True) == ("urgent", 0)


def test_one_organization_does_not_wait_for_another():
    slow, free = Budget(), Budget()
    slow.refuse(30, NOW)
    assert who(Claim("refused", NOW - 60, slow), Claim("free", NOW - 1, free)) == ("free", 0)
    assert who(Claim("refused", NOW - 60, slow), Claim("free", NOW + 40, free)) == ("refused", 30)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 40),
    st.integers(0, 100),
    st.sets(st.integers(0, 39)),
    st.randoms(use_true_random=False),
)
def test_nobody_is_starved(runs, remaining, urgent, chance):
    """Everyone is asked as often as the others, but for those whom a person waits for, who are asked more often."""
    budget = Budget(uneven=chance.random)
    due = {run: NOW + chance.random() * 15 for run in range(runs)}
    asked = dict.fromkeys(due, 0)
    now, others_first = NOW, False
    while min(asked.values()) < 3:
        # One a minute where the quota is used up.
        assert now <= NOW + 4 * runs * 75
        claims = [Claim(run, at, budget, urgent=run in urgent) for run, at in due.items()]
        wait, turn = next_turn(claims, now, others_first=others_first)
        now += wait
        if wait > 0:
            continue
        others_first = turn.urgent
        budget.spend(now)
        budget.hear((Quota("global", 100, remaining, 60),), now)
        asked[turn.who] += 1
        due[turn.who] = now + 15
    usual = [count for run, count in asked.items() if run not in urgent]
    assert max(usual, default=0) - min(usual, default=0) <= 2


def test_what_makes_do_with_spare_turns_comes_after_all_that_is_due_and_is_not_starved():
    budget = Budget()
    due = [
        Claim("list", 0.0, budget, spare=True),
        Claim("late", 90.0, budget),
        Claim("urgent", 99.0, budget, urgent=True),
    ]
    order = lambda claims, **options: next_turn(claims, 100.0, **options)[1].who  # noqa: E731 - said once
    assert order(due) == "urgent"
    assert order(due[:2]) == "late"
    assert order(due[:1]) == "list"
    assert order([due[0], Claim("tomorrow", 9_999.0, budget)]) == "list"
    assert order(due[:2], passed_over=SPARE_TURN) == "list"
    assert order(due, passed_over=SPARE_TURN) == "urgent"
