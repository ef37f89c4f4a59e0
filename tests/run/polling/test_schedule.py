"""The plan of checks: pure rules, lived through with a clock that is a number."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.errors import AuthenticationError, ConnectionFailed, RunNotFound, ServerError
from origami_widgets.run.polling import schedule as plans

NOW = 1_000.0


def server_error(retry_after=None):
    return ServerError("The server had a problem", status_code=503, transient=True, retry_after=retry_after)


def test_a_started_run_is_checked_soon_and_an_attached_one_later():
    assert plans.begin(NOW, fresh=True).due == NOW + 1
    assert plans.begin(NOW).due == NOW + 15


def test_the_server_names_the_interval():
    plan = plans.on_result(plans.begin(NOW), plans.Checked("run", retry_after=7), NOW)
    assert (plan.due, plan.interval) == (NOW + 7, 7)


def test_without_a_word_from_the_server_it_is_fifteen_seconds():
    plan = plans.on_result(plans.begin(NOW), plans.Checked("run"), NOW)
    assert plan.due == NOW + 15


def test_cells_are_asked_as_often_as_the_run_was():
    plan = plans.on_result(plans.begin(NOW), plans.Checked("run", retry_after=4), NOW)
    plan = plans.on_result(plan, plans.Checked("cells"), NOW)
    assert (plan.phase, plan.due) == ("cells", NOW + 4)


def test_a_settled_run_is_not_asked_again():
    plan = plans.on_result(plans.begin(NOW), plans.Checked("over"), NOW)
    assert plan.due is None
    assert not plan.stopped
    assert plans.hurry(plan, NOW).due is None


def test_failures_back_off_up_to_thirty_seconds():
    plan, waits, now = plans.begin(NOW), [], NOW
    for _ in range(8):
        plan = plans.on_result(plan, server_error(), now)
        waits.append(plan.due - now)
        now = plan.due
    assert waits == [2, 4, 8, 16, 30, 30, 30, 30]
    assert plans.on_result(plan, plans.Checked("run", retry_after=5), now).failures == 0


def test_a_failure_never_shortens_retry_after():
    plan = plans.on_result(plans.begin(NOW), server_error(retry_after=42.0), NOW)
    assert plan.due == NOW + 42


@pytest.mark.parametrize("error", [AuthenticationError("No", status_code=401), RunNotFound("No", status_code=404)])
def test_what_cannot_help_is_not_asked_again(error):
    plan = plans.on_result(plans.begin(NOW), error, NOW)
    assert plan.stopped
    assert plan.due is None


def test_a_run_that_was_just_started_may_be_unknown_for_half_a_minute():
    missing = RunNotFound("No", status_code=404)
    plan = plans.on_result(plans.begin(NOW, fresh=True), missing, NOW + 29)
    assert not plan.stopped
    assert plans.on_result(plan, missing, NOW + 31).stopped


def test_a_stopped_watch_starts_again_when_a_person_asks():
    plan = plans.on_result(plans.begin(NOW), AuthenticationError("No", status_code=401), NOW)
    again = plans.hurry(plan, NOW + 100)
    assert (again.due, again.stopped) == (NOW + 100, False)


def test_after_a_person_asks_failures_count_anew():
    plan = plans.begin(NOW)
    for _ in range(5):
        plan = plans.on_result(plan, server_error(), NOW)
    assert (plan.failures, plan.due) == (5, NOW + 30)
    plan = plans.on_result(plans.hurry(plan, NOW), server_error(), NOW)
    assert (plan.failures, plan.due) == (1, NOW + 2)


def test_an_outage_is_survived_until_the_deadline_and_no_longer():
    plan, now = plans.begin(NOW), NOW
    failed = ConnectionFailed("No network", transient=True)
    while plan.due is not None:
        now = max(now, plan.due)
        plan = plans.on_result(plan, failed, now)
    assert plan.stopped
    assert NOW + plans.DEADLINE <= now <= NOW + plans.DEADLINE + 1


results = st.one_of(
    st.builds(
        plans.Checked,
        st.sampled_from(["run", "cells"]),
        st.one_of(st.none(), st.floats(allow_nan=False, min_value=-10, max_value=1e9)),
    ),
    st.builds(server_error, st.one_of(st.none(), st.floats(0, 1e6))),
)


@given(st.lists(st.tuples(results, st.floats(0, 40)), max_size=60))
def test_the_next_check_is_never_early_nor_after_the_deadline(events):
    plan, now = plans.begin(NOW), NOW
    for result, took in events:
        if plan.due is None:
            break
        now = max(now, plan.due) + took
        plan = plans.on_result(plan, result, now)
        if plan.due is None:
            continue
        least = min(max(result.retry_after or 1.0, 1.0), 300.0)
        assert plan.due >= min(now + least, plan.deadline)
        assert plan.due <= max(plan.deadline, now)


def test_the_list_of_tables_comes_after_an_answer_and_waits_for_its_turn():
    plan = plans.on_result(plans.begin(NOW), plans.Checked("run", retry_after=15), NOW)
    assert plans.next_list(plan) is None
    plan = plans.want_list(plan, NOW)
    assert plans.next_list(plan) == NOW
    # One that has not had its turn keeps its place; one that is not wanted any more has none.
    assert plans.next_list(plans.want_list(plan, NOW + 15)) == NOW
    assert plans.next_list(plans.want_list(plan, NOW + 15, wanted=False)) is None
    assert plans.next_list(replace(plan, list_due=None)) is None


def test_no_list_is_due_while_checks_fail_and_after_the_end():
    plan = plans.want_list(plans.on_result(plans.begin(NOW), plans.Checked("run"), NOW), NOW)
    assert plans.next_list(plans.on_result(plan, server_error(), NOW)) is None
    assert plans.next_list(plans.on_result(plan, plans.Checked("cells"), NOW)) is None
    assert plans.next_list(plans.on_result(plan, plans.Checked("over"), NOW)) is None


def test_a_failing_list_is_read_less_often_and_after_retry_after():
    plan, waits, now = plans.begin(NOW), [], NOW
    for _ in range(6):
        plan = plans.on_list(plan, None, now, failed=True)
        plan = plans.want_list(plan, now)
        waits.append(plans.next_list(plan) - now)
        now, plan = plans.next_list(plan), replace(plan, list_due=None)
    assert waits == [20, 40, 80, 160, 300, 300]
    plan = plans.on_list(plan, None, now)
    assert plans.next_list(plans.want_list(plan, now)) == now
    assert plans.next_list(plans.want_list(plans.on_list(plan, 42.0, now, failed=True), now)) == now + 42


def test_a_list_that_is_wanted_while_it_is_read_waits_for_retry_after_too():
    plan = replace(plans.want_list(plans.begin(NOW), NOW), list_due=None)
    plan = plans.want_list(plan, NOW + 7)
    assert plans.next_list(plans.on_list(plan, 42.0, NOW + 12)) == NOW + 54


@pytest.mark.parametrize("away", [1.0, 7_200.0])
def test_a_suspension_moves_the_deadline_by_as_much_and_no_check(away):
    plan = plans.begin(NOW)
    woken = plans.wake_up(plan, away)
    assert woken.deadline == plan.deadline + away
    assert (woken.due, woken.started) == (plan.due, plan.started)
    over = plans.on_result(plan, plans.Checked("over"), NOW)
    assert plans.wake_up(over, away) == over


def limited(*, heard=True, **options):
    """The schedule of a run with a credit limit, after a first answer if it was heard."""
    plan = plans.begin(NOW, **options)
    return plans.limit(plans.on_result(plan, plans.Checked("run", retry_after=15), NOW) if heard else plan, NOW)


@pytest.mark.parametrize(
    ("limit_in", "wait"), [(None, 5), (-3, 5), (0, 5), (9, 5), (10, 5), (18, 9), (30, 15), (31, 15), (1e9, 15)]
)
def test_credits_are_read_when_half_of_what_is_left_may_be_used(limit_in, wait):
    filling = plans.on_result(limited(), plans.Checked("cells", has_credits=True, limit_in=limit_in), NOW)
    assert filling.due == NOW + wait
    working = plans.on_list(replace(limited(), list_due=None), None, NOW, limit_in=limit_in)
    assert plans.next_list(working) == NOW + wait
    assert filling.limit_at == working.limit_at == NOW + (10 if limit_in is None else limit_in)


def test_credits_of_a_run_that_has_got_a_limit_are_read_at_once():
    assert plans.next_list(limited()) == NOW
    filling = plans.on_result(plans.begin(NOW), plans.Checked("cells"), NOW)
    assert plans.limit(filling, NOW + 2).due == NOW + 2
    assert limited(heard=False).due == NOW, "it was attached, and nothing is known"
    new = limited(heard=False, fresh=True)
    assert (new.due, plans.next_list(new)) == (NOW + 1, NOW + 5), "the first checks of many runs come late"
    assert not new.reads_credits, "they would hold up the reading that tells what all of them use"
    heard = replace(new, heard=True)
    assert (plans.next_list(heard), heard.reads_credits) == (NOW + 5, False), "nothing can be used yet"


def test_a_check_that_fails_or_an_end_is_not_hastened_by_a_limit():
    failed = plans.on_result(plans.begin(NOW), server_error(42.0), NOW)
    assert plans.limit(failed, NOW).due == NOW + 42
    assert plans.limit(plans.on_result(plans.begin(NOW), plans.Checked("over"), NOW), NOW).due is None


def test_an_answer_that_tells_the_credits_takes_the_place_of_the_list():
    told = plans.on_result(limited(), plans.Checked("run", retry_after=15, has_credits=True, limit_in=60), NOW)
    assert (told.due, plans.next_list(told), told.reads_credits) == (NOW + 15, None, True)
    near = plans.on_result(told, plans.Checked("run", retry_after=15, has_credits=True, limit_in=12), NOW + 15)
    assert (near.due, plans.next_list(near), near.reads_credits) == (NOW + 30, NOW + 21, False)


def test_an_answer_without_tables_leaves_the_list_in_its_rhythm():
    listed = plans.on_list(replace(limited(), list_due=None), None, NOW + 12, limit_in=30)
    silent = plans.on_result(listed, plans.Checked("run", retry_after=15), NOW + 15)
    for plan in (silent, plans.want_list(silent, NOW + 15), plans.want_list(silent, NOW + 15, wanted=False)):
        assert plans.next_list(plan) == NOW + 27


def test_a_wait_that_the_server_asks_for_holds_for_limits_as_well():
    assert plans.on_result(limited(), plans.Checked("cells", retry_after=20, limit_in=1), NOW).due == NOW + 20
    listed = plans.on_list(replace(limited(), list_due=None), 42.0, NOW, failed=True)
    assert plans.next_list(listed) == NOW + 42


def test_a_list_that_a_limit_relies_on_is_soon_read_again_after_a_failure():
    plan, waits = limited(), []
    for _ in range(6):
        plan = plans.on_list(replace(plan, list_due=None), None, NOW, failed=True)
        waits.append(plans.next_list(plan) - NOW)
    assert waits == [5, 5, 8, 16, 30, 30]


def test_a_limit_of_credits_outlives_the_deadline():
    assert plans.on_result(limited(deadline=60), plans.Checked("cells"), NOW + 61).due is not None
    assert plans.on_result(plans.begin(NOW, deadline=60), plans.Checked("cells"), NOW + 60).stopped


def test_a_new_run_without_table_has_its_list_read_for_three_minutes():
    plan = replace(plans.begin(NOW, fresh=True), heard=True)
    assert plans.next_list(plans.on_list(plan, None, NOW + 179, is_empty=True)) == NOW + 184
    assert plans.next_list(plans.on_list(plan, None, NOW + 180, is_empty=True)) is None
    assert plans.next_list(plans.on_list(plan, 9.0, NOW, is_empty=True)) == NOW + 9
    assert plans.next_list(plans.on_list(plans.begin(NOW), None, NOW, is_empty=True)) is None


@pytest.mark.parametrize("code", ["TLS_FAILED", "PROXY_REFUSED"])
def test_without_trust_it_is_tried_twice(code):
    untrusted = ConnectionFailed("No", code=code, transient=True)
    plan = plans.on_result(plans.begin(NOW), untrusted, NOW)
    assert not plan.stopped
    assert plans.on_result(plan, untrusted, NOW).stopped


def test_a_redirect_of_a_run_that_was_read_before_is_a_sign_in_page():
    redirected = ConnectionFailed("No", code="REDIRECT_REFUSED")
    assert plans.on_result(plans.begin(NOW), redirected, NOW).stopped
    heard = plans.on_result(plans.begin(NOW), plans.Checked("run"), NOW)
    for plan in (heard, plans.begin(NOW, fresh=True)):
        assert not plans.on_result(plan, redirected, NOW).stopped


def test_a_person_who_asks_gets_a_new_deadline_only_after_the_old_one():
    plan = plans.begin(NOW, deadline=60)
    assert plans.hurry(plan, NOW + 59).deadline == NOW + 60
    assert plans.hurry(plan, NOW + 60).deadline == NOW + 60 + plans.DEADLINE


def test_what_the_server_asks_for_stays_within_bounds():
    assert [plans.clamp(wait, fallback=7) for wait in (None, 0, 1, 300, 301)] == [7, 1, 1, 300, 300]


def test_a_wait_that_answers_a_request_outside_the_schedule_holds():
    plan = plans.begin(0.0, fresh=True)
    assert plans.hold_off(plan, 42.0, 0.0).due == 42.0
    assert plans.hold_off(plan, None, 0.0) == plan
    later = plans.begin(0.0)
    assert plans.hold_off(later, 1.0, 0.0) == later, "a check is never moved forward"


def test_quiet_is_two_looks_a_third_of_and_one_whole_retry_after_after_anything_moved():
    quiet = plans.Quiet(moved=100.0, retry_after=15.0)
    assert quiet.due == 105
    assert quiet.after_look(103, is_active=False) == quiet, "too early to count"
    once = quiet.after_look(105, is_active=False)
    assert (once.due, once.is_quiet) == (115, False)
    twice = once.after_look(115, is_active=False)
    assert (twice.due, twice.is_quiet, twice.is_over) == (160, True, False)
    assert twice.after_look(160, is_active=False).is_over
    again = twice.after_look(160, is_active=True)
    assert (again.due, again.is_quiet) == (165, False)
