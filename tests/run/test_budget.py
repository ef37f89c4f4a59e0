"""Polls stay within the budget, whatever the server says of its quotas."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from origami_widgets.api.quota import Quota
from origami_widgets.run.budget import BURST, KEPT, Budget

EVENLY = 60 / 70
LONGEST_WAIT = 300 + 10.0
"""Seconds: what a refusal may tell, and the ones within which processes begin again."""


def organization(remaining, resets_in=60.0, limit=100.0):
    return (Quota("global", limit, remaining, resets_in),)


def polls(budget, now, seconds, each=lambda at: None):
    """When polls are sent in so many seconds, if there is always one to be sent; `each` is called after it."""
    sent, ends = [], now + seconds
    while (now := now + budget.wait(now)) < ends:
        budget.spend(now)
        sent.append(now)
        each(now)
    return sent


def test_a_few_at_once_after_a_quiet_time_and_then_one_after_the_other():
    budget = Budget()
    budget.spend(0.0)
    sent = polls(budget, 100.0, 60)
    assert sent[BURST - KEPT - 1] == 100.0
    pauses = [later - earlier for earlier, later in itertools.pairwise(sent[BURST - KEPT :])]
    assert pauses == pytest.approx([EVENLY] * len(pauses))
    assert len(sent) <= 80


def test_the_first_polls_of_a_process_are_no_crowd():
    assert len(polls(Budget(), 100.0, 10)) <= 12


def test_a_check_that_a_person_waits_for_finds_room():
    budget = Budget()
    now = polls(budget, 100.0, 300)[-1]
    assert budget.wait(now) > 0
    assert budget.wait(now, urgent=True) == 0


def test_polls_give_way_to_what_people_send():
    budget, persons = Budget(), [100.0 + second for second in range(600)]
    due = iter([*persons, float("inf")])
    upcoming, sent, now = next(due), [], 100.0
    while now < 700:
        if now + (wait := budget.wait(now)) < upcoming:
            now += wait
            budget.spend(now)
            sent.append(now)
        else:
            now = upcoming
            budget.count(now)
            upcoming = next(due)
    every = sorted(sent + persons)
    for start in every:
        assert sum(start <= at < start + 60 for at in every) <= 81
    assert len(sent) >= 60


def test_a_person_who_sends_many_at_once_leaves_the_rest_of_the_minute_to_polls():
    budget = Budget()
    for _ in range(70):
        budget.count(100.0)
    # Ten, and the trickle.
    assert 10 <= len(polls(budget, 100.0, 59)) <= 14


def test_what_a_person_will_send_is_left_to_them():
    def wait(note):
        budget = Budget(uneven=lambda: 0.5)
        budget.spend(50.0)
        for at in range(20):
            note(budget, 60.0 + at * 1.5)
        budget.spend(100.0)
        budget.hear(organization(45), 100.0)
        return budget.wait(100.0)

    assert wait(Budget.count) > 1.5 * wait(Budget.spend)


def test_a_person_who_takes_everything_leaves_polls_a_trickle():
    budget, sent = Budget(), []
    for now in range(100, 700):
        for _ in range(5):
            budget.count(now)
        if budget.wait(now) == 0:
            budget.spend(now)
            sent.append(now)
    assert max(later - earlier for earlier, later in itertools.pairwise(sent)) <= 15


def test_what_we_have_used_ourselves_is_no_reason_to_be_slower():
    budget, sent = Budget(), []

    def answered(now):
        sent.append(now)
        budget.hear(organization(100 - sum(at > now - 60 for at in sent)), now)

    assert len(polls(budget, 100.0, 600, answered)) >= 690


def test_others_make_us_slower_before_the_quota_is_used_up():
    def in_a_minute(by_others):
        budget, sent = Budget(uneven=lambda: 0.5), []

        def answered(now):
            sent.append(now)
            budget.hear(organization(max(0, 100 - by_others - sum(at > now - 60 for at in sent))), now)

        return len(polls(budget, 100.0, 1_200, answered)) / 20

    alone, *shared = [in_a_minute(by_others) for by_others in (0, 20, 40, 60, 80, 95)]
    assert shared == sorted(shared, reverse=True)
    assert alone == pytest.approx(70, abs=1)
    # About 30 are left to whoever needs them.
    assert shared[:3] == pytest.approx([50, 30, 12], abs=3)
    assert shared[-1] >= 0.8


def test_the_last_requests_are_left_alone_until_the_window_is_over():
    budget = Budget(uneven=lambda: 0.0)
    budget.spend(100.0)
    budget.hear(organization(10, resets_in=40), 100.0)
    assert budget.wait(100.0) == pytest.approx(40)
    assert budget.wait(100.0, urgent=True) == 0


def test_what_is_left_is_spread_over_the_rest_of_the_window():
    budget = Budget(uneven=lambda: 0.5)
    budget.spend(100.0)
    # Of 60 beyond the reserve, those who have sent 9 times as much may want their part, too.
    budget.hear(organization(90, resets_in=30), 100.0)
    assert 30 / 60 < budget.wait(100.0) < 30 / 6


def test_nothing_beyond_the_reserve_is_two_polls_a_minute():
    budget = Budget(uneven=lambda: 0.5)
    budget.spend(100.0)
    budget.hear(organization(20), 100.0)
    assert budget.wait(100.0) == pytest.approx(30)


def test_the_tighter_quota_counts():
    budget = Budget(uneven=lambda: 0.5)
    budget.spend(100.0)
    budget.hear((*organization(90, resets_in=30), Quota("ip", 300, 61, 30)), 100.0)
    assert budget.wait(100.0) == pytest.approx(30)


def test_after_the_window_one_poll_asks_how_it_is_now():
    budget = Budget(uneven=lambda: 0.0)
    budget.spend(100.0)
    budget.hear(organization(0, resets_in=20), 100.0)
    assert polls(budget, 120.0, 10) == [120.0]


def test_a_refusal_holds_everything_and_then_it_begins_gently():
    budget = Budget()
    polls(budget, 0.0, 100)
    budget.refuse(42.0, 100.0)
    assert budget.held(141.9)
    assert budget.wait(100.0, urgent=True) == pytest.approx(42)
    sent = polls(budget, 100.0, 242)
    assert sent[0] == pytest.approx(142)
    first, second = (sum(begins <= at < begins + 60 for at in sent) for begins in (142, 202))
    assert sent[1] - sent[0] > 5
    assert first < 40
    assert second > 65


def test_processes_do_not_begin_again_at_one_moment():
    def begins(draw):
        budget = Budget(uneven=lambda: draw)
        budget.spend(100.0)
        budget.hear(organization(50), 100.0)
        budget.refuse(30.0, 101.0)
        return 101.0 + budget.wait(101.0)

    assert [begins(draw) for draw in (0.0, 0.3, 1.0)] == pytest.approx([131, 134, 141])


quotas = st.lists(
    st.builds(
        Quota,
        st.sampled_from(["ip", "global", "org"]),
        st.floats(0, 1e10),
        st.floats(0, 1e10),
        st.floats(0, 60),
    ),
    max_size=3,
)
events = st.one_of(
    st.tuples(st.just("poll"), st.booleans()),
    st.tuples(st.just("person"), st.none()),
    st.tuples(st.just("answer"), quotas),
    st.tuples(st.just("refusal"), st.floats(1, 300)),
)


@settings(deadline=None)
@given(st.lists(st.tuples(events, st.floats(0, 20)), min_size=1, max_size=300), st.randoms(use_true_random=False))
def test_whatever_the_server_says_no_minute_is_too_full_no_poll_too_early_and_none_waits_for_ever(steps, random):
    budget, now, sent, held_until = Budget(uneven=random.random), 0.0, [], 0.0
    for (kind, what), pause in steps:
        now += pause
        if kind == "person":
            budget.count(now)
        elif kind == "answer":
            budget.hear(what, now)
        elif kind == "refusal":
            budget.refuse(what, now)
            held_until = max(held_until, now + what)
        else:
            began = now
            while (wait := budget.wait(now, urgent=what)) > 0:
                now += wait
                assert now - began <= LONGEST_WAIT
            budget.spend(now)
            sent.append(now)
            assert now >= held_until - 1e-5
    for start in sent:
        assert sum(start <= moment < start + 60 - 1e-6 for moment in sent) <= 80


@settings(deadline=None)
@given(st.lists(st.floats(0, 2), min_size=100, max_size=400), quotas)
def test_a_crowd_of_polls_stays_within_eighty_a_minute(pauses, said):
    budget, now, sent = Budget(), 0.0, []
    for pause in pauses:
        now += pause
        while (wait := budget.wait(now, urgent=True)) > 0:
            now += wait
        budget.spend(now)
        budget.hear(said, now)
        sent.append(now)
    for at, start in enumerate(sent):
        assert at + 80 >= len(sent) or sent[at + 80] >= start + 60 - 1e-6
