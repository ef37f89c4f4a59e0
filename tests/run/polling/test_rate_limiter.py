"""Polls stay within the rate limit, whatever the server says; the request that waits longest is next, after urgent ones."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.usage import Quota, TrafficEvent
from origami_widgets.run.polling.schedule import BURST, KEPT, LOW_PRIORITY_TURN, PollRequest, RateLimiter, next_request

EVENLY = 60 / 70
LONGEST_WAIT = 300.0
"""Seconds that a refusal may last."""


def organization(remaining, resets_in=60.0, limit=100.0):
    return (Quota("global", limit, remaining, resets_in),)


def polls(limiter, now, seconds, each=lambda at: None):
    """When polls are sent in so many seconds, if there is always one to be sent; `each` is called after it."""
    sent, ends = [], now + seconds
    while (now := now + limiter.wait(now)) < ends:
        limiter.count_poll(now)
        sent.append(now)
        each(now)
    return sent


def test_a_few_at_once_after_a_quiet_time_and_then_one_after_the_other():
    limiter = RateLimiter()
    limiter.count_poll(0.0)
    sent = polls(limiter, 100.0, 60)
    assert sent[BURST - KEPT - 1] == 100.0
    pauses = [later - earlier for earlier, later in itertools.pairwise(sent[BURST - KEPT :])]
    assert pauses == pytest.approx([EVENLY] * len(pauses))
    assert len(sent) <= 80


def test_the_first_polls_of_a_process_are_no_crowd():
    assert len(polls(RateLimiter(), 100.0, 10)) <= 12


def test_a_check_that_a_person_waits_for_finds_room():
    limiter = RateLimiter()
    now = polls(limiter, 100.0, 300)[-1]
    assert limiter.wait(now) > 0
    assert limiter.wait(now, urgent=True) == 0


def test_polls_give_way_to_what_people_send():
    limiter, persons = RateLimiter(), [100.0 + second for second in range(600)]
    due = iter([*persons, float("inf")])
    upcoming, sent, now = next(due), [], 100.0
    while now < 700:
        if now + (wait := limiter.wait(now)) < upcoming:
            now += wait
            limiter.count_poll(now)
            sent.append(now)
        else:
            now = upcoming
            limiter.count_request(now)
            upcoming = next(due)
    every = sorted(sent + persons)
    for start in every:
        assert sum(start <= at < start + 60 for at in every) <= 81
    assert len(sent) >= 60


def test_many_requests_at_once_leave_the_rest_of_the_minute_to_polls():
    limiter = RateLimiter()
    for _ in range(70):
        limiter.count_request(100.0)
    # Ten, and the trickle.
    assert 10 <= len(polls(limiter, 100.0, 59)) <= 14


def test_a_person_who_takes_everything_leaves_polls_a_trickle():
    limiter, sent = RateLimiter(), []
    for now in range(100, 700):
        for _ in range(5):
            limiter.count_request(now)
        if limiter.wait(now) == 0:
            limiter.count_poll(now)
            sent.append(now)
    assert max(later - earlier for earlier, later in itertools.pairwise(sent)) <= 15


def test_what_we_have_used_ourselves_is_no_reason_to_be_slower():
    limiter, sent = RateLimiter(), []

    def answered(now):
        sent.append(now)
        limiter.on_quotas(organization(100 - sum(at > now - 60 for at in sent)), now)

    assert len(polls(limiter, 100.0, 600, answered)) >= 690


def test_the_last_requests_are_left_alone_until_the_window_is_over():
    limiter = RateLimiter()
    limiter.count_poll(100.0)
    limiter.on_quotas(organization(10, resets_in=40), 100.0)
    assert limiter.wait(100.0) == pytest.approx(40)
    assert limiter.wait(100.0, urgent=True) == 0
    assert limiter.wait(100.0, for_limit=True) == pytest.approx(EVENLY)
    sent = polls(limiter, 100.0, 60)
    assert sent[0] == pytest.approx(140)
    assert min(later - earlier for earlier, later in itertools.pairwise(sent)) == pytest.approx(EVENLY), "and no burst"


def test_the_tighter_quota_counts():
    limiter = RateLimiter()
    limiter.count_poll(100.0)
    limiter.on_quotas((*organization(90, resets_in=30), Quota("ip", 300, 30, 30)), 100.0)
    assert limiter.wait(100.0) == pytest.approx(30)


def test_a_refusal_holds_everything_and_then_no_burst_comes():
    limiter = RateLimiter()
    polls(limiter, 0.0, 30)
    limiter.on_traffic(TrafficEvent(100.0, refused_for=42.0), 100.0)
    assert limiter.refused_for(141.9) > 0
    for options in ({}, {"urgent": True}, {"for_limit": True}):
        assert limiter.wait(100.0, **options) == pytest.approx(42)
    sent = polls(limiter, 100.0, 242)
    assert sent[0] == pytest.approx(142)
    pauses = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert pauses == pytest.approx([EVENLY] * len(pauses))


def test_a_refusal_that_carries_quotas_holds_everything_all_the_same():
    limiter = RateLimiter()
    limiter.count_poll(100.0)
    limiter.on_traffic(TrafficEvent(100.0, organization(60, resets_in=5), refused_for=42.0), 100.0)
    assert limiter.refused_for(100.0) == pytest.approx(42)
    assert limiter.wait(100.0) == limiter.wait(100.0, urgent=True) == pytest.approx(42)


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


@given(st.lists(st.tuples(events, st.floats(0, 20)), min_size=1, max_size=300))
def test_no_minute_is_too_full_no_poll_early_and_none_waits_for_ever(steps):
    limiter, now, sent, held_until = RateLimiter(), 0.0, [], 0.0
    for (kind, what), pause in steps:
        now += pause
        if kind == "person":
            limiter.count_request(now)
        elif kind == "answer":
            limiter.on_quotas(what, now)
        elif kind == "refusal":
            limiter.on_traffic(TrafficEvent(now, refused_for=what), now)
            held_until = max(held_until, now + what)
        else:
            began = now
            while (wait := limiter.wait(now, urgent=what)) > 0:
                now += wait
                assert now - began <= LONGEST_WAIT
            limiter.count_poll(now)
            sent.append(now)
            assert now >= held_until - 1e-5
    for start in sent:
        assert sum(start <= moment < start + 60 - 1e-6 for moment in sent) <= 80


NOW = 1_000.0


def who(*requests):
    wait, request = next_request(requests, NOW)
    return None if request is None else (request.purpose, round(wait, 6))


def test_without_requests_there_is_no_next_one():
    assert next_request([], NOW) == (None, None)


def test_the_one_that_waits_longest_is_next():
    limiter = RateLimiter()
    assert who(
        PollRequest("b", NOW - 5, limiter), PollRequest("a", NOW - 9, limiter), PollRequest("c", NOW + 1, limiter)
    ) == ("a", 0)
    assert who(PollRequest("b", NOW + 5, limiter), PollRequest("a", NOW + 2, limiter)) == ("a", 2)


def test_what_a_person_waits_for_is_before_them_but_not_before_it_is_due():
    limiter = RateLimiter()
    others = [PollRequest(f"r{number}", NOW - 60, limiter) for number in range(50)]
    assert who(*others, PollRequest("mine", NOW, limiter, urgent=True)) == ("mine", 0)
    assert who(*others, PollRequest("mine", NOW + 1, limiter, urgent=True)) == ("r0", 0)


def test_many_urgent_ones_take_turns_with_the_others():
    limiter = RateLimiter()
    requests = [PollRequest("urgent", NOW - 1, limiter, urgent=True), PollRequest("other", NOW - 2, limiter)]
    limiter.count_poll(NOW - 60, urgent=True)
    assert who(*requests) == ("other", 0)
    assert who(requests[0]) == ("urgent", 0)
    limiter.count_poll(NOW - 50)
    assert who(*requests) == ("urgent", 0)


@given(
    st.integers(2, 40),
    st.integers(0, 100),
    st.sets(st.integers(0, 39)),
    st.randoms(use_true_random=False),
)
def test_every_request_gets_its_turn(runs, remaining, urgent, chance):
    """Everyone is asked as often as the others, but for those whom a person waits for, who are asked more often."""
    limiter = RateLimiter()
    due = {run: NOW + chance.random() * 15 for run in range(runs)}
    asked = dict.fromkeys(due, 0)
    now = NOW
    while min(asked.values()) < 3:
        # One a minute where the quota is used up.
        assert now <= NOW + 4 * runs * 75
        requests = [PollRequest(run, at, limiter, urgent=run in urgent) for run, at in due.items()]
        wait, request = next_request(requests, now)
        now += wait
        if wait > 0:
            continue
        limiter.count_poll(now, urgent=request.urgent)
        limiter.on_quotas((Quota("global", 100, remaining, 60),), now)
        asked[request.purpose] += 1
        due[request.purpose] = now + 15
    usual = [count for run, count in asked.items() if run not in urgent]
    assert max(usual, default=0) - min(usual, default=0) <= 2


def test_low_priority_requests_come_last_and_are_not_starved():
    limiter = RateLimiter()
    due = [
        PollRequest("list", 0.0, limiter, low_priority=True),
        PollRequest("late", 90.0, limiter),
        PollRequest("urgent", 99.0, limiter, urgent=True),
    ]
    order = lambda requests: next_request(requests, 100.0)[1].purpose  # noqa: E731 - said once
    assert order(due) == "urgent"
    assert order(due[:2]) == "late"
    assert order(due[:1]) == "list"
    assert order([due[0], PollRequest("tomorrow", 9_999.0, limiter)]) == "list"
    for _ in range(LOW_PRIORITY_TURN):
        limiter.count_poll(0.0)
    assert order(due[:2]) == "list"
    assert order(due) == "urgent"
    limiter.count_poll(0.0, low_priority=True)
    assert order(due[:2]) == "late"


def test_those_for_a_credit_limit_come_first():
    limiter = RateLimiter()
    limited = PollRequest("limited", NOW, limiter, limit_at=NOW + 3_600)
    assert who(PollRequest("other", NOW - 20, limiter), limited) == ("limited", 0)
    assert who(PollRequest("leads", NOW - 60, limiter, low_priority=True), limited) == ("limited", 0)


def test_more_for_credit_limits_than_can_be_sent_leave_some_for_others():
    limiter, now, due = RateLimiter(), NOW, dict.fromkeys([*range(30), "other"], NOW)
    latest = 0.0
    while now < NOW + 600:
        limit_at = now + 10
        each = [PollRequest(n, at, limiter, limit_at=None if n == "other" else limit_at) for n, at in due.items()]
        wait, request = next_request(each, now)
        now += wait
        limiter.count_poll(now)
        if request.purpose == "other":
            latest = max(latest, now - request.due)
        due[request.purpose] = now + 5
    assert due["other"] > NOW + 500
    assert latest < 90


def test_the_one_that_is_nearest_to_its_limit_comes_first():
    limiter = RateLimiter()
    far, near, beyond = (
        PollRequest(name, NOW - waited, limiter, limit_at=NOW + left)
        for name, waited, left in (("far", 5, 25), ("near", 1, 12), ("beyond", 0, -5))
    )
    assert who(far, near, beyond) == ("beyond", 0)
    assert who(far, near) == ("near", 0)
    assert who(PollRequest("far", NOW - 20, limiter, limit_at=NOW + 25), near) == ("far", 0), "but each has its turn"
    urgent = PollRequest("urgent", NOW, limiter, urgent=True)
    assert who(beyond, urgent) == ("urgent", 0)


def test_those_of_another_organization_delay_none():
    busy, free = RateLimiter(), RateLimiter()
    for _ in range(80):
        busy.count_poll(NOW)
    others = [PollRequest(name, NOW - 60, busy, limit_at=NOW) for name in range(15)]
    assert who(*others, PollRequest("free", NOW, free, limit_at=NOW + 60)) == ("free", 0)
