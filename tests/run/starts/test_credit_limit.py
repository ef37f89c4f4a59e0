"""`credit_limit=`: what has used more is cancelled, once, and nothing further is started. Counted at the server."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.batch import briefs_of
from tests.run.batch.common import is_done, waiting
from tests.support.front import FULL, ended, held, kept_off, passes
from tests.support.quick import (
    QuickClock,
    cancel_quickly,
    forget_limited_runs,
    see,
    use_clock,
    without_environment,
    without_pauses,
)
from tests.support.server import answer

FRONT = {"speed": 20, "plan": "ultra"}
SLOW = "Find bakeries in Porto. scenario:slow"
"""Uses some 320 credits in all: the first after 350 simulated seconds, 100 to 130 until 525."""
SETTLED = "Find bakeries in Porto. scenario:settled"
"""Uses as much in all, within 96 simulated seconds."""
EARLY_TABLES = " scenario:partial"
"""The answers about the run show its tables while it goes on; else only the agent's table list does, more rarely."""
CITIES = ("Porto", "Faro", "Braga", "Lagos", "Aveiro")
MIDDLE = 525
NO_LIMITS = [0, -1, -0.5, True, False, float("nan"), "100", b"100", [100], 1j]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    cancel_quickly(monkeypatch)
    forget_limited_runs(monkeypatch)
    use_clock(monkeypatch, QuickClock())


@pytest.fixture
def begin(client):
    """Start one run."""
    return lambda brief=SLOW, **options: ow.start(brief, client=client, show=False, **options)


def used(run):
    """The credits of all tables of a run, as it knows them."""
    return sum(table.credits.lifetime_used or 0 for table in run.tables)


def is_reached(error, limit):
    """Whether an error says that this limit was passed, and what to do."""
    words = f"{error.title} {error.cause} {error.remedy}"
    return (
        isinstance(error, ow.OrigamiError)
        and type(error).__name__ == "CreditLimitReached"
        and error.code == "CREDIT_LIMIT"
        and all((error.title, error.cause, error.remedy))
        and limit in words
    )


def passed(front, run, *seconds):
    """Let time pass, and ask about the run after each part of it."""
    for each in seconds:
        front.later(each)
        run.refresh()
        time.sleep(0.2)
    return run


# One run


@pytest.mark.parametrize("limit", NO_LIMITS)
def test_what_is_no_limit_is_refused_before_anything_is_sent(front, begin, limit):
    with pytest.raises(InvalidInput, match="credit_limit"):
        begin(credit_limit=limit)
    assert front.starts == []


@pytest.mark.parametrize(("form", "limit", "is_awaited"), [("null_response", 50, False), ("partial", 50.5, True)])
def test_a_run_that_has_used_more_is_cancelled_once_and_says_so(front, begin, client, form, limit, is_awaited):
    brief = f"{SLOW} scenario:{form}"
    if is_awaited:
        run = asyncio.run(ow.aio.start(brief, client=client, credit_limit=limit, show=False))
    else:
        run = begin(brief, credit_limit=limit)
    front.later(MIDDLE)
    assert run.wait(timeout=20) is run
    assert (run.status, front.statuses()) == ("cancelled", {run.id: "cancelled"})
    assert used(run) > limit
    assert is_reached(run.error, str(limit))
    assert str(limit) in str(run)
    assert "limit" in str(run).lower()
    assert str(limit) in run.to_html()
    run.refresh()
    time.sleep(0.5)
    assert front.asked_to_cancel == 1
    assert len(front.starts) == 1


@pytest.mark.parametrize("limit", [None, 100_000.5, 10**30])
def test_below_the_limit_nothing_happens(front, begin, limit):
    run = begin(SETTLED, credit_limit=limit)
    front.later(150)
    assert ended(run).wait("cells", timeout=20).status == "completed"
    assert (run.error, front.asked_to_cancel) == (None, 0)
    assert used(run) > 100
    assert "limit" not in str(run).lower()


def test_a_run_that_is_over_when_it_is_known_is_not_asked_to_end(front, begin):
    """A cancel goes to the agent: it would meet whatever runs there by then."""
    run = begin(SETTLED, credit_limit=50)
    front.later(150)
    assert ended(run).wait(timeout=20).status == "completed"
    newer = front.sandbox.client().create_run(run.agent_id, SLOW)
    for _ in range(3):
        run.refresh()
    time.sleep(0.5)
    assert front.asked_to_cancel == 0
    assert front.statuses()[newer.id] == "running"


def test_a_refused_cancel_leaves_the_run_active_and_is_shown(front, begin):
    front.cancels = [answer({"error": "no", "code": "FORBIDDEN"}, 403)] * 50
    run = begin(credit_limit=50)
    front.later(MIDDLE)
    see(lambda: len(front.cancels) < 50)
    see(lambda: run.state.command_error is not None)
    assert run.status == "running"
    assert len(front.cancels) > 40, "it is not asked for ever"
    front.cancels.clear()
    assert run.cancel().wait(timeout=20).status == "cancelled"


def test_an_answer_from_a_server_that_is_behind_takes_nothing_back(front, begin):
    """With the 90 of before, the second table's 20 are more than allowed."""
    run = begin(credit_limit=100)
    raw = run.refresh().raw

    def said(*used):
        tables = [
            {"object": "table", "id": f"t-{at}", "createdAt": None, "credits": {"lifetimeUsed": each}}
            for at, each in enumerate(used)
        ]
        return answer({**raw, "response": {"tables": tables}})

    front.polls = [said(90)] * 1_000
    assert (used(run.refresh()), run.state.limit_error) == (90, None)
    front.polls = [said(75, 20)] * 1_000
    assert used(run.refresh()) == 95
    assert is_reached(run.state.limit_error, "100")
    see(lambda: front.asked_to_cancel == 1)


# What was used before


@pytest.mark.parametrize("front", [{"speed": 1}], ids=[""], indirect=True)
def test_a_follow_up_counts_against_the_limit_only_what_it_uses(front, begin):
    """Some 320 credits in all before it; the table that it goes on with has 370 in the end, 120 of them from it."""
    first = passed(front, begin(SETTLED, credit_limit=600), 150)
    assert (first.status, first.error) == ("completed", None)
    before = used(first)
    more = passed(front, first.follow_up(SETTLED), 35, 10, 20)
    assert before + used(more) > 600
    assert (more.status, more.error, front.asked_to_cancel) == ("completed", None, 0)


# Batches


@pytest.fixture
def many(client):
    batches = []

    def start(count, brief=SLOW, **options):
        # A number in a brief would be the number of leads that is asked for.
        briefs = [brief.replace("Porto", city) + EARLY_TABLES for city in CITIES[:count]]
        batches.append(ow.start_many(briefs, client=client, show=False, **options))
        return batches[-1]

    yield start
    for batch in batches:
        batch.stop()


def test_all_runs_of_a_batch_count_together_and_it_starts_no_more(front, many):
    """Each of the three alone is below the limit."""
    batch = many(5, at_once=3, credit_limit=250)
    see(lambda: len(batch.runs) == 3)
    front.later(MIDDLE)
    see(lambda: batch.error is not None)
    assert is_reached(batch.error, "250")
    with pytest.raises(type(batch.error)):
        batch.wait(timeout=20)
    see(lambda: all(run.done for run in batch.runs))
    assert {run.status for run in batch.runs} == {"cancelled"}
    assert max(used(run) for run in batch.runs) < 250 < sum(used(run) for run in batch.runs)
    time.sleep(0.5)
    assert len(front.starts) == front.asked_to_cancel == 3
    assert waiting(batch) == 2
    assert "halted" in repr(batch)
    with pytest.raises(type(batch.error)):
        batch.resume()
    assert len(front.starts) == 3
    assert is_done(batch.stop().wait(timeout=20))


def test_a_run_being_started_when_the_limit_is_passed_is_cancelled(front, many):
    """Its request was on its way: it was paid for, and is not left to go on."""
    reached, go_on = threading.Event(), threading.Event()
    front.faults = [passes, held(go_on, reached=reached)]
    batch = many(3, at_once=3, credit_limit=50)
    assert reached.wait(20)
    front.later(MIDDLE)
    see(lambda: front.asked_to_cancel == 1)
    go_on.set()
    see(lambda: batch.error is not None)
    see(lambda: list(front.statuses().values()) == ["cancelled"] * 2, every=0.1)
    assert len(front.starts) == front.asked_to_cancel == 2
    assert is_reached(batch.error, "50")


def test_what_waits_for_a_slot_when_the_limit_is_passed_never_starts(front, many):
    front.faults = [passes, *[kept_off(answer(FULL, 429, headers={"Retry-After": "1"}))] * 1_000]
    batch = many(2, at_once=2, credit_limit=50)
    see(lambda: [brief.state for brief in briefs_of(batch)] == ["started", "queued"])
    front.later(MIDDLE)
    see(lambda: batch.error is not None)
    # A request on its way is not cut off: it must have come back before the next one would be let through.
    see(lambda: briefs_of(batch)[1].state == "waiting")
    front.faults.clear()
    see(lambda: all(run.done for run in batch.runs))
    time.sleep(0.5)
    assert is_reached(batch.error, "50")
    assert len(front.runs()) == 1
    assert [brief.state for brief in briefs_of(batch)] == ["started", "waiting"]


def test_no_run_starts_after_one_that_ended_over_the_limit(front, many):
    batch = many(2, SETTLED, at_once=1, credit_limit=200)
    see(lambda: batch.runs)
    front.later(150)
    see(lambda: batch.error is not None or batch.runs[-1].refresh(), every=0.1)
    time.sleep(0.5)
    assert is_reached(batch.error, "200")
    assert len(front.starts) == 1
    assert [run.status for run in batch.runs] == ["completed"]
    assert front.asked_to_cancel == 0
