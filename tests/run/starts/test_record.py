"""The record of a start: whatever happens, in whatever order, at most one run, and always a way on."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from origami_widgets.api import errors
from origami_widgets.run.starts.record import (
    LONGEST_KEY,
    DefiniteRefusal,
    InvalidTransition,
    Lost,
    NothingFound,
    NotSent,
    Requeued,
    Sent,
    Started,
    StartRecord,
    Withdrawn,
    event_of,
    nth_key,
    recovered,
    transition,
)

STARTED = Started("agent-1", "run-1")
ANSWERS = st.sampled_from(
    [STARTED, DefiniteRefusal(), DefiniteRefusal(is_replay=True), NotSent(), Lost(), Lost(is_failure=True)]
)
EVENTS = st.one_of(ANSWERS, st.sampled_from([Sent(1.0), NothingFound(), Withdrawn(), Requeued()]))
RECORDS = st.sampled_from([StartRecord("k"), recovered("k", 50.0, now=100.0, passed=7.0)])


def failed(kind, status=None, **said):
    error = kind("No", status_code=status)
    vars(error).update(said)
    return error


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (failed(errors.ConnectionFailed), NotSent()),
        (failed(errors.RateLimited, 429), NotSent()),
        (failed(errors.RunPoolFull, 429), DefiniteRefusal()),
        (failed(errors.InsufficientCredits, 402), DefiniteRefusal()),
        (failed(errors.InvalidInput, 400, is_replay=True), DefiniteRefusal(is_replay=True)),
        (failed(errors.ConnectionFailed, may_have_started=True), Lost()),
        (failed(errors.ServerError, 408, may_have_started=True), Lost()),
        (failed(errors.ServerError, 425, may_have_started=True), Lost()),
        (failed(errors.ServerError, 500, may_have_started=True), Lost(is_failure=True)),
        (failed(errors.UnexpectedAnswer, 200, may_have_started=True), Lost(is_failure=True)),
        (failed(errors.IdempotencyConflict, 409), Lost(is_failure=True)),
    ],
)
def test_each_error_of_a_request_is_an_event(error, event):
    assert event_of(error) == event


def after(record, *events):
    for event in events:
        record = transition(record, event)
    return record


def possible(record, events):
    """The records after each of these events, without those that a job cannot meet."""
    for event in events:
        if isinstance(event, Sent) and record.next_step != "send":
            with pytest.raises(InvalidTransition):
                transition(record, event)
            continue
        before, record = record, transition(record, event)
        yield before, event, record


@given(RECORDS, st.lists(EVENTS))
def test_what_is_started_stays_so(record, events):
    for before, _, now in possible(record, events):
        if before.state == "started":
            assert now == before


@given(RECORDS, st.lists(EVENTS))
def test_the_unknown_is_sent_again_only_after_reconciling_in_vain(record, events):
    must_reconcile = record.outcome_unknown
    for before, event, now in possible(record, events):
        if isinstance(event, NothingFound) and before.state == "unknown":
            must_reconcile = False
        elif now.state == "unknown" and not (before.state == "unknown" and isinstance(event, Withdrawn)):
            must_reconcile = True
        if must_reconcile:
            assert now.next_step != "send"


@given(RECORDS, st.lists(EVENTS))
def test_an_attempt_is_kept_until_its_run_is_known(record, events):
    unknown = record.outcome_unknown
    for before, event, now in possible(record, events):
        unknown = unknown or (before.state == "sending" and isinstance(event, Lost))
        assert now.may_have_started == (unknown or now.state in ("sending", "started", "unknown"))


@given(RECORDS, st.lists(EVENTS))
def test_a_refused_key_is_never_sent_again_and_a_lost_one_is_kept(record, events):
    refused = set()
    for before, event, now in possible(record, events):
        if isinstance(event, Sent):
            assert now.idempotency_key not in refused
            if before.last_answer == "lost":
                assert now.idempotency_key == before.idempotency_key
        elif before.state == "sending" and isinstance(event, DefiniteRefusal):
            refused.add(before.idempotency_key)


@given(RECORDS, st.lists(EVENTS))
def test_what_is_withdrawn_is_not_sent(record, events):
    for _, _, now in possible(record, events):
        if now.is_withdrawn:
            assert now.next_step != "send"
        assert now.state != "cancelled" or now.is_withdrawn


@given(RECORDS, st.lists(EVENTS), st.lists(ANSWERS, min_size=1))
def test_every_record_comes_to_an_end(record, events, answers):
    """Followed as a job follows it, with any answers and lists that hold nothing."""
    for _, _, now in possible(record, events):
        record = now
    record = after(record, Lost(), Requeued())
    for step in range(50):
        match record.next_step:
            case "send":
                record = transition(record, Sent(float(step)))
            case "wait":
                # A server that never ends to repeat old refusals is left by the job, which counts them.
                answer = answers[step % len(answers)]
                record = transition(record, DefiniteRefusal() if answer == DefiniteRefusal(is_replay=True) else answer)
            case "reconcile":
                record = transition(record, NothingFound())
            case "end":
                return
    raise AssertionError(record)


class OneRun(RuleBasedStateMachine):
    """A job, and a server that keeps the rules: it records what is no 5xx, and lists what it has started."""

    def __init__(self):
        super().__init__()
        self.record = StartRecord("k")
        self.recorded = {}
        self.runs = 0

    def answer_of(self, kind):
        """What the server does with a request, and the answer; None for a 5xx, which it does not record."""
        key = self.record.idempotency_key
        if key in self.recorded:
            kept = self.recorded[key]
            return kept if isinstance(kept, Started) else DefiniteRefusal(is_replay=True)
        if kind in ("start", "start and fail"):
            self.runs += 1
        answer = {"start": Started("a", f"r{self.runs}"), "refuse": DefiniteRefusal()}.get(kind)
        if answer is not None:
            self.recorded[key] = answer
        return answer

    @precondition(lambda self: self.record.next_step == "send")
    @rule(
        kind=st.sampled_from(["start", "start and fail", "refuse", "fail"]),
        way=st.sampled_from(["", "lost", "kept off"]),
    )
    def send(self, kind, way):
        self.record = transition(self.record, Sent(1.0))
        answer = None if way == "kept off" else self.answer_of(kind)
        lost = Lost(is_failure=answer is None)
        self.record = transition(self.record, lost if way == "lost" or answer is None else answer)

    @precondition(lambda self: self.record.next_step == "reconcile")
    @rule()
    def reconcile(self):
        self.record = transition(self.record, Started("a", f"r{self.runs}") if self.runs else NothingFound())

    @precondition(lambda self: self.record.next_step == "end")
    @rule()
    def requeue(self):
        self.record = transition(self.record, Requeued())

    @rule()
    def withdraw(self):
        self.record = transition(self.record, Withdrawn())

    @rule()
    def crash(self):
        """The process dies, and the next one knows the first key only."""
        if self.record.sent_at is not None and self.record.state != "started":
            self.record = recovered("k", 0.0, now=1.0, passed=1.0)

    @invariant()
    def there_is_one_run_at_most(self):
        assert self.runs <= 1
        assert self.runs == 0 or self.record.may_have_started


TestOneRun = OneRun.TestCase


def test_a_definite_refusal_changes_the_key_of_the_next_attempt():
    record = after(StartRecord("k"), Sent(1.0), DefiniteRefusal())
    assert (record.state, record.next_step, record.may_have_started) == ("refused", "end", False)
    record = after(record, Requeued(), Sent(2.0))
    assert record.idempotency_key == "k.2"
    assert record.sent_at == 1.0


def test_what_never_arrived_keeps_its_key():
    assert after(StartRecord("k"), Sent(1.0), NotSent(), Requeued(), Sent(2.0)).idempotency_key == "k"


def test_an_old_refusal_is_reconciled_and_then_sent_with_a_new_key():
    record = after(StartRecord("k"), Sent(1.0), DefiniteRefusal(is_replay=True))
    assert record.next_step == "reconcile"
    record = transition(record, NothingFound())
    assert record.next_step == "send"
    assert transition(record, Sent(2.0)).idempotency_key == "k.2"


@pytest.mark.parametrize(
    "losses",
    [
        [Lost(is_failure=True)] * 2,
        [Lost(is_failure=True), Lost(), Lost()],
        [Lost(), Lost(), Lost(is_failure=True)],
        [Lost()] * 4,
    ],
    ids=str,
)
def test_the_same_key_is_sent_again_and_in_the_end_a_person_decides(losses):
    """After a failure once, after lost answers three times."""
    first, *more = losses
    record = after(StartRecord("k"), Sent(1.0), first)
    for at, loss in enumerate(more):
        assert record.next_step == "reconcile"
        record = after(record, NothingFound(), Sent(2.0 + at), loss)
    assert record.idempotency_key == "k"
    assert record.next_step == "reconcile"
    record = transition(record, NothingFound())
    assert (record.state, record.next_step) == ("unknown", "end")
    assert transition(record, Requeued()).next_step == "reconcile"


def test_a_refusal_after_a_loss_is_reconciled_first():
    record = after(StartRecord("k"), Sent(1.0), Lost(), NothingFound(), Sent(2.0), DefiniteRefusal())
    assert record.next_step == "reconcile"
    record = transition(record, NothingFound())
    assert (record.state, record.may_have_started) == ("refused", True)
    record = transition(record, Requeued())
    assert record.next_step == "reconcile"
    assert after(record, NothingFound(), Sent(3.0)).idempotency_key == "k.2"


def test_a_moment_in_the_future_counts_as_now():
    assert recovered("k", 60.0, now=100.0, passed=50.0).sent_at == 10.0
    ahead = recovered("k", 7300.0, now=100.0, passed=50.0)
    assert ahead.sent_at == 50.0
    assert ahead.clock_slack > recovered("k", 60.0, now=100.0, passed=50.0).clock_slack


@given(st.text("ab", min_size=1, max_size=LONGEST_KEY), st.integers(0, 10**6), st.integers(0, 10**6))
def test_keys_differ_and_stay_keys(first, one, other):
    assert (nth_key(first, one) == nth_key(first, other)) == (one == other)
    assert len(nth_key(first, one)) <= LONGEST_KEY
    assert nth_key(first, one).isascii()


def test_a_record_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        StartRecord("k").state = "started"
