"""Ask the user before runs start: in an interactive notebook, once for each call, if `configure(confirm=…)` says so."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.host.application import can_confirm
from origami_widgets.run.settings import configuration
from origami_widgets.words.numbers import amount

if TYPE_CHECKING:
    from origami_widgets.run.starts.job import StartJob

YES = ("y", "yes")


class StartDeclined(OrigamiError):
    """The user was asked whether to start runs, and did not say yes. Nothing was sent."""


def question(runs: int, credit_limit: float | None) -> str:
    """Return the question to ask before runs start; empty if none does.

    Args:
        runs: how many are to be started.
        credit_limit: the credits that the runs may use; None or infinity for no limit.

    >>> question(12, 500)
    'Start these 12 runs? They spend credits, with a credit limit of 500. [y/N] '
    """
    if not runs:
        return ""
    what, spends = ("this run", "It spends") if runs == 1 else (f"these {runs:,} runs", "They spend")
    is_limited = credit_limit is not None and credit_limit < math.inf
    limit = f"a credit limit of {amount(credit_limit)}" if is_limited else "no credit limit"
    return f"Start {what}? {spends} credits, with {limit}. [y/N] "


def can_ask(*, is_enriching: bool = False) -> bool:
    """Return whether to ask first: the user has set it so, and can be asked on this thread.

    Args:
        is_enriching: whether the call is `enrich`, which asks unless `configure(confirm=False)` was set.
    """
    mode = configuration().confirm
    return (mode is True or (is_enriching and mode == "enrich")) and (asks_terminal.get() or can_confirm())


asks_terminal: ContextVar[bool] = ContextVar("asks_terminal", default=False)
"""Whether a command asks on its terminal. A script is not asked, even in a terminal."""


async def asks_nobody() -> bool:
    """Return that nobody is asked, for callers that await: a question would block the event loop."""
    return False


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
        remedy="Run the cell again to start anyway. ow.configure(confirm=…) sets when you are asked; confirm=False never "
        "asks.",
        code="DECLINED",
    )


async def question_about(
    jobs: Sequence[StartJob],
    find_known: Callable[[], Awaitable[object]],
    *,
    credit_limit: float | None,
    owners: int = 0,
) -> str:
    """Return the question to ask before jobs start; empty for none. Background loop only.

    Two kinds of jobs do not count: those whose run is known or may have been started before, as it is already paid for,
    and those that another call wants, which has asked already. Only the GETs that look for known runs are sent.

    Args:
        jobs: the jobs.
        find_known: finds runs of the jobs that were started before.
        credit_limit: the credits that the runs may use; None for no limit.
        owners: how many owners of each job belong to the call.

    Raises:
        OrigamiError: the known runs or records could not be read.
    """
    await find_known()
    return question(sum(_is_new(job, owners) for job in jobs), credit_limit)


def _is_new(job: StartJob, owners: int) -> bool:
    is_started = job.watch is not None or job.is_going or job.record.may_have_started
    return not is_started and len(job.owners) <= owners
