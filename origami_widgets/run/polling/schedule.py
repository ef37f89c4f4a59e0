"""`Schedule`: when to check a run. `RateLimiter`: when one more request may be sent, and `next_request` which one. Pure.

The present moment, in seconds on a monotonic clock, is an argument, so that tests can pass an hour in a millisecond. The
rules: never check earlier than `Retry-After` says or after the deadline, back off while the server does not answer, and
stop at once if another check cannot help.

An organization has 100 requests a minute for everything, so polls leave room for users, other notebooks and the web
app. Requests that a user makes are counted but never wait: polls wait instead. If several kernels use up the limit
together, each waits as long as the server says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.api.usage import Quota, TrafficEvent


DEFAULT_INTERVAL = 15.0
"""Seconds between checks if the server names none. It names the same number today."""
SHORTEST = 1.0
LONGEST = 300.0
"""Bounds of any wait: a header that asks for a day is a mistake, and the run would be lost."""
BACKOFF = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds after each failed check in a row. The last one stands for all later ones, too."""
DEADLINE = 75 * 60.0
"""Seconds after which checks end. A run takes at most 20 minutes, but its cells go on filling."""
FORGIVEN_404 = 30.0
"""Seconds in which a 404 is ignored: a new run may not be readable everywhere at once."""
LIST_BACKOFF = (20.0, 40.0, 80.0, 160.0, 300.0)
"""The same after failed reads of the agent's table list. A run can be watched without the list."""
EAGER = 5.0
"""Seconds between reads of the list while a new run has no table: the first leads matter most."""
EAGER_FOR = 180.0
"""Seconds after which a run without a table is unlikely to get one soon."""
LIMITED_INTERVAL = 5.0
"""Least seconds between readings of a run's credits while a credit limit holds, and while no rate is known."""
COMMON_INTERVAL = 2.5
"""The same for each page of a reading of all tables, which serves several runs at once."""
LIMITED_LONGEST = 15.0
"""Most seconds between such readings: what is used between two is overshot."""
GIVES_WAY = 2.0
"""Seconds that a turn's check waits for one of another turn of the same agent, which reads the tables for both."""
TLS_TRIES = 2

Phase = Literal["run", "cells", "over"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedule of one run's checks.

    Attributes:
        started: when checks began.
        deadline: when checks end, whatever happens.
        phase: `run` until the status is terminal, `cells` until the tables settle, then `over`.
        interval: seconds between checks while all is well.
        failures: failed checks in a row.
        due: when to check next; None if no check is planned.
        stopped: whether checks ended although the run or its cells may go on.
        fresh: whether this process has just started the run, so that a 404 may only mean "not yet".
        heard: whether the server has answered about this run before.
        list_due: when to read the agent's table list; None if no read is planned.
        list_after: the earliest moment for the next read of the list, by `Retry-After` or after a failure.
        list_failures: failed reads of the list in a row.
        limit_at: when a credit limit that relies on the checks is expected to be reached; None without a limit. While
            there is one, checks do not end at the deadline.
        limited_interval: least seconds between readings of credits: fewer while one reading serves several runs.
    """

    started: float
    deadline: float
    phase: Phase = "run"
    interval: float = DEFAULT_INTERVAL
    failures: int = 0
    due: float | None = None
    stopped: bool = False
    fresh: bool = False
    heard: bool = False
    list_due: float | None = None
    list_after: float = 0.0
    list_failures: int = 0
    limit_at: float | None = None
    limited_interval: float = LIMITED_INTERVAL

    @property
    def reads_credits(self) -> bool:
        """Whether the next check tells what a run with a credit limit has used."""
        return self.limit_at is not None and (self.phase != "run" or self.list_due is None)


NEVER = Schedule(0.0, 0.0, phase="over")
"""Schedule of a run that is never checked."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Successful check.

    Attributes:
        phase: the phase that it shows.
        retry_after: seconds to wait, as the server says.
        has_credits: whether it shows what the run's tables have used.
        limit_in: seconds until a credit limit is reached at the present rate; None if no rate is known.
    """

    phase: Phase
    retry_after: float | None = None
    has_credits: bool = False
    limit_in: float | None = None


def begin(now: float, *, fresh: bool = False, deadline: float = DEADLINE) -> Schedule:
    """Return the schedule of a run that this process has just started (`fresh`) or begun to read.

    Args:
        now: the present moment.
        fresh: whether this process just started the run.
        deadline: seconds after which checks end.
    """
    due = now + (SHORTEST if fresh else DEFAULT_INTERVAL)
    return Schedule(started=now, deadline=now + deadline, due=due, fresh=fresh)


def next_list(schedule: Schedule) -> float | None:
    """Return when to read the agent's table list; None if no read is planned or the last check failed."""
    if schedule.phase != "run" or schedule.due is None or schedule.failures or schedule.list_due is None:
        return None
    if schedule.fresh and not schedule.heard and schedule.limit_at is None:
        # A run may be over at its first check, and the list would make it look active. Credits can't wait for many such.
        return None
    # The list may have been wanted again before the answer came that says when to read it.
    return max(schedule.list_due, schedule.list_after)


def want_list(schedule: Schedule, now: float, *, wanted: bool = True) -> Schedule:
    """Return the schedule after an answer about the run: read the agent's table list next, or not.

    Args:
        schedule: the schedule before. If it plans an earlier read of the list, that moment stays.
        now: the present moment.
        wanted: whether the list can say more about the run's tables than the answer did.
    """
    if schedule.limit_at is not None:
        # It is read in a rhythm of its own.
        return schedule
    due = now if schedule.list_due is None else min(now, schedule.list_due)
    return replace(schedule, list_due=due if wanted else None)


def limit(schedule: Schedule, now: float) -> Schedule:
    """Return the schedule of a run that has got a credit limit: what it has used is read at once, or soon if it is new."""
    plan = replace(schedule, limit_at=now + 2 * LIMITED_INTERVAL)
    if plan.due is None or plan.failures:
        return plan
    if plan.phase == "run" and (plan.fresh or plan.heard):
        return replace(plan, list_due=now if plan.heard else now + LIMITED_INTERVAL)
    return replace(plan, due=min(plan.due, now))


def until_reading(limit_in: float | None, least: float = LIMITED_INTERVAL) -> float:
    """Return the seconds to the next reading of a run's credits, given those until its limit is reached (None: unknown)."""
    return least if limit_in is None else min(max(limit_in / 2, least), LIMITED_LONGEST)


def on_list(
    schedule: Schedule,
    retry_after: float | None,
    now: float,
    *,
    failed: bool = False,
    is_empty: bool = False,
    limit_in: float | None = None,
) -> Schedule:
    """Return the schedule after a read of the agent's table list.

    While a new run has no table, or a credit limit holds, the list is also read between the run's checks.

    Args:
        schedule: the schedule before.
        retry_after: seconds to wait, from the answer's `Retry-After`; None if it had none.
        now: when the answer arrived.
        failed: whether the read failed.
        is_empty: whether the run still has no known table.
        limit_in: as in `Checked`.
    """
    failures = schedule.list_failures + 1 if failed else 0
    pauses = LIST_BACKOFF if schedule.limit_at is None else BACKOFF
    backoff = pauses[:failures][-1] if failed else 0.0
    wait = max(backoff, clamp(retry_after, fallback=0.0))
    plan = replace(schedule, list_failures=failures, list_after=now + wait)
    if plan.limit_at is not None:
        return replace(
            plan, limit_at=_limit_at(limit_in, now), list_due=now + until_reading(limit_in, plan.limited_interval)
        )
    if is_empty and not failed and plan.fresh and now < plan.started + EAGER_FOR:
        return replace(plan, list_due=now + max(wait, EAGER))
    return plan


def on_result(schedule: Schedule, result: Checked | OrigamiError, now: float) -> Schedule:
    """Return the schedule after a check.

    Args:
        schedule: the schedule before.
        result: what the check has found, or why it failed.
        now: when the answer arrived.
    """
    if not isinstance(result, Checked):
        return _after_failure(schedule, result, now)
    if result.phase == "over":
        return replace(schedule, phase="over", failures=0, due=None, stopped=False)
    is_limited, reading = schedule.limit_at is not None, until_reading(result.limit_in, schedule.limited_interval)
    interval = DEFAULT_INTERVAL
    if result.phase == "cells":
        interval = reading if is_limited else schedule.interval
    interval = clamp(result.retry_after, fallback=interval)
    plan = replace(schedule, phase=result.phase, interval=interval, failures=0, stopped=False, heard=True)
    plan = _wait(plan, interval, now)
    if is_limited and result.has_credits:
        # The list is read next, if no check is sooner.
        list_due = now + reading if reading < interval else None
        plan = replace(plan, limit_at=_limit_at(result.limit_in, now), list_due=list_due)
    elif is_limited and plan.list_due is None:
        plan = replace(plan, list_due=now)
    return plan


def hurry(schedule: Schedule, now: float) -> Schedule:
    """Return the schedule after a user has asked to check now. Stopped checks start again."""
    if schedule.phase == "over":
        return schedule
    return replace(renew(schedule, now), due=now, failures=0)


def renew(schedule: Schedule, now: float) -> Schedule:
    """Return the schedule with a new deadline if checks had stopped or the old deadline has passed."""
    if not schedule.stopped and now < schedule.deadline:
        return schedule
    return replace(schedule, deadline=now + DEADLINE, stopped=False)


def hold_off(schedule: Schedule, retry_after: float | None, now: float) -> Schedule:
    """Return the schedule after a failed request outside it: a wait that the server asks for holds for the next check."""
    if schedule.due is None or retry_after is None:
        return schedule
    later = _wait(schedule, clamp(retry_after, fallback=SHORTEST), now)
    return later if later.due is None or later.due > schedule.due else schedule


def give_way(schedule: Schedule) -> Schedule:
    """Return the schedule after another turn's check read the tables: that turn's next check gets the time to do so again."""
    return schedule if schedule.due is None else replace(schedule, due=schedule.due + GIVES_WAY)


def wake_up(schedule: Schedule, away: float) -> Schedule:
    """Return the schedule after the machine was suspended for `away` seconds. The deadline moves by as much.

    A check that became due meanwhile happens at once. A longer `Retry-After` still holds.
    """
    return schedule if schedule.due is None else replace(schedule, deadline=schedule.deadline + away)


def clamp(seconds: float | None, *, fallback: float) -> float:
    """Return a wait within bounds, or the fallback if the server named none."""
    return fallback if seconds is None else min(max(seconds, SHORTEST), LONGEST)


def _limit_at(limit_in: float | None, now: float) -> float:
    return now + (2 * LIMITED_INTERVAL if limit_in is None else limit_in)


def _after_failure(schedule: Schedule, error: OrigamiError, now: float) -> Schedule:
    failures = schedule.failures + 1
    plan = replace(schedule, failures=failures)
    if not _worth_asking_again(plan, error, now):
        return replace(plan, due=None, stopped=True)
    return _wait(plan, max(BACKOFF[:failures][-1], clamp(error.retry_after, fallback=SHORTEST)), now)


def _worth_asking_again(plan: Schedule, error: OrigamiError, now: float) -> bool:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return plan.fresh and now - plan.started < FORGIVEN_404
    if error.code in {"TLS_FAILED", "PROXY_REFUSED"}:
        return plan.failures < TLS_TRIES
    if error.code == "REDIRECT_REFUSED":
        # The address worked before, so it is not wrong: a network's sign-in page probably answered.
        return plan.fresh or plan.heard
    return error.transient


def _wait(plan: Schedule, seconds: float, now: float) -> Schedule:
    due = now + seconds
    if plan.limit_at is not None:
        return replace(plan, due=due)
    if now >= plan.deadline:
        return replace(plan, due=None, stopped=True)
    return replace(plan, due=min(due, plan.deadline))


@dataclass(frozen=True, slots=True)
class Quiet:
    """Looks at what may still begin: one moment without an active cell proves nothing, as cells may begin later.

    Attributes:
        moved: when something was last seen to move.
        retry_after: seconds between checks, as the server said last.
        looks: how many looks since then have found nothing active.
    """

    moved: float
    retry_after: float = DEFAULT_INTERVAL
    looks: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was active in two looks, a third of and one whole `retry_after` after anything moved."""
        return self.looks >= QUIET_LOOKS

    @property
    def is_over(self) -> bool:
        """Whether one more look, four times as long after it, has found nothing either."""
        return self.looks > QUIET_LOOKS

    @property
    def last_due(self) -> float:
        """When to look for the last time: what has not begun by then is not expected any more."""
        return self.moved + self.retry_after * _LOOKS_AFTER[-1]

    @property
    def due(self) -> float:
        """When to look next."""
        return self.moved + self.retry_after * _LOOKS_AFTER[min(self.looks, QUIET_LOOKS)]

    def after_look(self, now: float, *, is_active: bool) -> Quiet:
        """Return the looks after one more. An early look counts only if it has found something active."""
        if is_active:
            return replace(self, moved=now, looks=0)
        return replace(self, looks=self.looks + 1) if now >= self.due else self


QUIET_LOOKS = 2
_LOOKS_AFTER = (1 / 3, 1.0, 4.0)


PER_MINUTE = 80
BURST = 10
KEPT = 2
"""Polls of a burst that are reserved for checks that a user waits for."""
MINUTE = 60.0
TRICKLE = 15.0
"""Seconds after which one more poll is sent, however many requests users send meanwhile."""
LAST = 0.1
"""Part of a quota that polls never use: once it is reached, they wait until the window is over."""
LOW_PRIORITY_TURN = 5
"""A low-priority request goes first after this many others."""
LIMITED_LEAD = 30.0
"""Seconds by which requests for a credit limit go before others, and twice as many if it is being reached. With many such
runs, others would else never be sent."""
ROUNDING = 1e-6
LONG_AGO = float("-inf")


class RateLimiter:
    """Rate limiter of one organization: a few polls at once, then evenly spaced ones.

    They are evenly spaced, because a window used up at its start would serve the same runs first each time.

    Attributes:
        urgent_last: whether the last poll was urgent. Others then go first, and no polls are reserved: many urgent ones
            would hold up all others.
        passed_over: how many polls have been sent since the last low-priority one.
    """

    def __init__(self) -> None:
        self.urgent_last = False
        self.passed_over = 0
        self._pause = MINUTE / (PER_MINUTE - BURST)
        self._slack = self._pause * (BURST - 1)
        self._full_at = 0.0
        self._last = self._refused_until = self._used_up_until = LONG_AGO
        self._sent: deque[float] = deque(maxlen=PER_MINUTE)

    def wait(self, now: float, *, urgent: bool = False, for_limit: bool = False) -> float:
        """Return the seconds until one more poll may be sent; 0 for now.

        Args:
            now: the present moment.
            urgent: a user waits for the poll. It may use the reserved polls, but must wait until a refusal is over.
            for_limit: a credit limit relies on the poll. It may use what is left of a quota.
        """
        evenly = self._full_at - self._slack
        if not urgent:
            evenly += 0.0 if self.urgent_last else self._pause * KEPT
            # Users' requests never wait, so together with polls there may be more than that. Polls wait instead.
            counted = self._sent[0] + MINUTE if len(self._sent) == PER_MINUTE else LONG_AGO
            evenly = min(max(counted, evenly), self._last + TRICKLE)
        used_up = LONG_AGO if urgent or for_limit else self._used_up_until
        wait = max(self._refused_until, used_up, evenly) - now
        return wait if wait > ROUNDING else 0.0

    def refused_for(self, now: float) -> float:
        """Return the seconds for which the server has said that it refuses all requests; 0 if it accepts them."""
        return max(0.0, self._refused_until - now)

    def count_poll(self, now: float, *, urgent: bool = False, low_priority: bool = False) -> None:
        """Count one poll sent at this moment."""
        self.urgent_last = urgent
        self.passed_over = 0 if low_priority else self.passed_over + 1
        if max(self._refused_until, self._used_up_until) >= self._last:
            # Begin without the full burst: other processes may begin at the same moment, and nothing shows them yet.
            self._full_at = max(self._full_at, now + self._slack - self._pause * KEPT)
        self._full_at = max(self._full_at, now) + self._pause
        self._last = now
        self._sent.append(now)

    def count_request(self, now: float) -> None:
        """Count a request that is not a poll. It uses up the burst, but delays nothing urgent."""
        full_at = max(self._full_at, now) + self._pause
        self._full_at = max(self._full_at, min(full_at, now + self._slack))
        self._sent.append(now)

    def on_traffic(self, event: TrafficEvent, now: float) -> None:
        """Count a request that is not a poll, or apply the limits in an answer.

        A refusal's own duration counts; its quotas are less exact.
        """
        if event.refused_for is not None:
            self._refused_until = max(self._refused_until, now + event.refused_for)
        elif event.quotas:
            self.on_quotas(event.quotas, now)
        else:
            self.count_request(now)

    def on_quotas(self, quotas: Iterable[Quota], now: float) -> None:
        """Hold polls until the window is over if an answer says that little of a quota is left."""
        for quota in quotas:
            if quota.remaining <= LAST * quota.limit:
                self._used_up_until = max(self._used_up_until, now + quota.resets_in)


class PollRequest(NamedTuple):
    """Request that the poller has to send. The poller makes one for each run whenever it plans: a tuple is made quickly.

    Attributes:
        purpose: sends the request.
        due: the earliest moment to send it.
        limiter: the rate limiter that counts it.
        urgent: whether a user waits for the answer.
        low_priority: whether it waits for all others, as a table list does; now and then it goes first.
        limit_at: when a credit limit that relies on the answer is expected to be reached; None if none relies on it.
    """

    purpose: Callable[[], None]
    due: float
    limiter: RateLimiter
    urgent: bool = False
    low_priority: bool = False
    limit_at: float | None = None


def next_request(requests: Iterable[PollRequest], now: float) -> tuple[float, PollRequest] | tuple[None, None]:
    """Return the seconds to wait and the request to send then; (None, None) without requests.

    Urgent requests go first and low-priority ones last. Among equals, the one that has been due longest goes first; those
    for a credit limit count as due `LIMITED_LEAD` earlier, and those that are nearest to it earlier still.
    """

    def rank(request: PollRequest) -> tuple[float, bool, bool, float]:
        limiter, due, urgent = request.limiter, request.due, request.urgent and request.due <= now
        is_limited = request.limit_at is not None
        wait = max(limiter.wait(now, urgent=urgent, for_limit=is_limited), due - now)
        if request.limit_at is not None:
            due -= 2 * LIMITED_LEAD - min(max(request.limit_at - now, 0.0), LIMITED_LEAD)
        is_low_turn = limiter.passed_over >= LOW_PRIORITY_TURN
        return wait, urgent == limiter.urgent_last, request.low_priority != is_low_turn, due

    found = min(requests, key=rank, default=None)
    return (None, None) if found is None else (rank(found)[0], found)
