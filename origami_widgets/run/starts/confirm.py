"""Ask the user before starting runs that may cost too much: in an interactive notebook, once for each call.

`question` decides, and is pure. The expected cost of a run is the median of similar runs that settled in this process:
paid from the same balance, beginning (or continuing) an agent as well, and with the same model if one is given.
"""

from __future__ import annotations

import contextlib
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from origami_widgets.api.errors import OrigamiError
from origami_widgets.host.application import can_confirm
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.credits import costs_paid_from
from origami_widgets.run.settings import confirm_above
from origami_widgets.words.numbers import age, amount, plural

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.usage import BalanceReading
    from origami_widgets.run.credits import RunKind
    from origami_widgets.run.starts.job import StartJob

MOST_COMPARED = 20
"""How many of the newest runs a start is compared with: what runs cost changes with the briefs that a user writes."""
FRESH = 60.0
"""Seconds for which a reading of the balance counts as current."""
PATIENCE = 5.0
"""Seconds to wait for the balance: a slow server must not keep a run from starting."""


YES = ("y", "yes")


class StartDeclined(OrigamiError):
    """The user was asked whether to start runs, and did not say yes. Nothing was sent."""


class Expected(NamedTuple):
    """Expected cost of runs.

    Attributes:
        credits: the expected cost of all runs, at most the credit limit.
        each: the median cost of the similar runs.
        compared: the number of similar runs.
        lowest: the cost of the cheapest similar run.
        highest: the cost of the dearest similar run.
    """

    credits: float
    each: float
    compared: int
    lowest: int
    highest: int


def expected(runs: int, costs: Sequence[int], credit_limit: float | None = None) -> Expected | None:
    """Return the expected cost of runs; None without similar runs.

    Args:
        runs: how many are to be started.
        costs: the costs of similar runs, newest last.
        credit_limit: the credits that all runs together may use; None for no limit.

    >>> expected(2, [100, 120, 500]).credits
    240
    """
    newest = costs[-MOST_COMPARED:]
    if not newest or runs < 1:
        return None
    each = median(newest)
    total = runs * each if credit_limit is None else min(runs * each, credit_limit)
    return Expected(total, each, len(newest), min(newest), max(newest))


def question(
    runs: int, cost: Expected | None, balance: BalanceReading | None, threshold: float | None, now: float
) -> str:
    """Return the question to ask before runs start; empty for none.

    Args:
        runs: how many are to be started.
        cost: their expected cost; None if unknown.
        balance: the newest reading of the balance; None without one.
        threshold: credits above which to ask in any case; None never asks.
        now: Unix seconds.
    """
    if threshold is None or cost is None:
        return ""
    left = None if balance is None else balance.balance
    is_short = left is not None and left < cost.credits
    if not is_short and cost.credits <= threshold:
        return ""
    such = "The last such run" if cost.compared == 1 else f"The last {cost.compared} such runs"
    spread = "" if cost.lowest == cost.highest else f" (from {amount(cost.lowest)} to {amount(cost.highest)})"
    typical = (
        plural(cost.each, "credit") if cost.compared == 1 else f"a median of {plural(cost.each, 'credit')}{spread}"
    )
    lines = [f"{such} here used {typical}."]
    if runs > 1:
        lines.append(f"For {runs:,} runs, expect about {plural(cost.credits, 'credit')}.")
    if is_short and balance is not None and left is not None:
        lines.append(f"Your balance is {plural(left, 'credit')}, read {age(now - balance.at)}.")
    return f"{' '.join(lines)} Start {'this run' if runs == 1 else f'these {runs:,} runs'}? [y/N] "


def can_ask() -> bool:
    """Return whether the user can be asked on this thread, and has not turned questions off."""
    return confirm_above() is not None and can_confirm()


def ask(text: str) -> None:
    """Ask the user a question; an empty one is not asked. Not on the background loop.

    If it turns out that no answer can be given, that counts as yes: only a user says no.

    Raises:
        StartDeclined: the answer was no; nothing was sent.
    """
    if not text:
        return
    try:
        if input(text).strip().casefold() in YES:
            return
    except EOFError:
        pass
    except NotImplementedError:
        # The front end claims to take input, but does not.
        return
    raise StartDeclined(
        "Not started",
        cause="You didn't answer yes. Nothing was sent, and nothing was charged.",
        remedy="Run the cell again to start anyway. ow.configure(confirm_above=…) sets when you are asked; "
        "confirm_above=False never asks.",
        code="DECLINED",
    )


async def question_about(
    operations: Operations,
    jobs: Sequence[StartJob],
    find_known: Callable[[], Awaitable[object]] | None = None,
    *,
    kind: RunKind = "new",
    credit_limit: float | None = None,
    owners: int = 0,
) -> str:
    """Return the question to ask before jobs start; empty for none. Background loop only.

    Two kinds of jobs do not count: those whose run is known or may have been started before, as it is already paid for,
    and those that another call wants, which has asked already. If the cost of similar runs is known, this sends a GET
    that reads the balance, unless it was read within the last minute. If there is a reason to ask, it also sends the
    GETs that look for known runs.

    Args:
        operations: the API.
        jobs: the jobs.
        find_known: finds runs of the jobs that were started before; None if that is done.
        kind: whether the runs begin agents or continue them.
        credit_limit: the credits that the runs together may use; None for no limit.
        owners: how many owners of each job belong to the call.

    Raises:
        OrigamiError: the known runs or records could not be read.
    """
    threshold = confirm_above()
    costs = costs_paid_from(operations.balance_history).of(kind, jobs[0].spec.model) if jobs else ()
    if not costs:
        return ""
    balance = await _balance(operations)

    def asked_for(runs: int) -> str:
        return question(runs, expected(runs, costs, credit_limit), balance, threshold, time.time())

    # Known runs are looked for only if they can change the answer: each may take a request.
    if not asked_for(len(jobs)):
        return ""
    if find_known is not None:
        await find_known()
    return asked_for(sum(_is_new(job, owners) for job in jobs))


def _is_new(job: StartJob, owners: int) -> bool:
    is_started = job.watch is not None or job.is_going or job.record.may_have_started
    return not is_started and len(job.owners) <= owners


async def _balance(operations: Operations) -> BalanceReading | None:
    """Return the newest reading of the balance, and read it first if the last reading is older than a minute."""
    history = operations.balance_history
    newest = history.readings[-1] if history.readings else None
    if newest is None or not 0 <= time.time() - newest.at < FRESH:
        # If it cannot be read, the last reading counts. The start itself will say what is wrong.
        with contextlib.suppress(OrigamiError, TimeoutError):
            async with time_limit(PATIENCE):
                await operations.get_credits()
    return next((reading for reading in reversed(history.readings) if reading.balance is not None), None)
