"""Wait for a run or batch: `block` for scripts and cells, `wait` for event loops. Waiting does not affect the run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput, NotFound, OrigamiError
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.conversation import make_token
from origami_widgets.run.own_cells import columns_not_begun
from origami_widgets.run.polling.schedule import QUIET_LOOKS
from origami_widgets.run.starts.credit_limit import stops_for

if TYPE_CHECKING:
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.state import RunState

Until = Literal["run", "cells"]

LONGEST_WAIT = 1e9
"""Longest timeout in seconds; a larger one is a mistake."""
SLICE = 0.5
"""Longest single wait in seconds, so that an interrupt is noticed on every host and platform."""


class WaitTimedOut(OrigamiError, TimeoutError):
    """The run did not end within the `timeout` of a wait. It continues on the server."""


class WatchStopped(OrigamiError):
    """The run is no longer checked, although it may continue on the server."""


def reached(state: RunState, until: Until, *, looks: int = QUIET_LOOKS) -> bool:
    """Return whether a wait is over.

    Args:
        state: the run's state.
        until: what it waits for.
        looks: how many looks have to find that no column begins which has never run.

    Raises:
        OrigamiError: the wait could never end, because checks of the run have stopped.
    """
    if state.sending:
        # An answer or follow-up that is being sent is the newest turn.
        return False
    if state.done and (until == "run" or _is_filled(state, looks)):
        return True
    if state.connection.state == "stopped":
        if state.connection.error is not None:
            # Every waiting caller raises this same object: without the reset, it would collect all their frames.
            raise state.connection.error.with_traceback(None)
        raise WatchStopped(
            "The run is no longer watched",
            cause="It was watched for 75 minutes, longer than a run can take.",
            remedy=f'Check again with run.refresh(), or ow.attach("{make_token(state.agent_id, state.run_id)}").',
        )
    return state.connection.state == "ended"


def _is_filled(state: RunState, looks: int) -> bool:
    """Return whether no cell is active, nor expected: one moment without an active cell is no end."""
    return state.settled and not stops_for(state) and (state.looks >= looks or not columns_not_begun(state))


class Awaited(NamedTuple):
    """Condition to wait for.

    Attributes:
        reached: returns whether the condition is met; raises if it can never be.
        keep: makes sure that changes are noticed; called on the background loop.
        subscribe: calls a function after each change; returns a function that ends the subscription.
        timed_out: makes the error for a timeout of the given seconds.
        turn: returns the newest turn, with which the timeout begins anew.
    """

    reached: Callable[[], bool]
    keep: Callable[[], object]
    subscribe: Callable[[Callable[[], object]], Callable[[], None]]
    timed_out: Callable[[float | None], WaitTimedOut]
    turn: Callable[[], object] = lambda: None


def end_of_run(conversation: Conversation, until: Until, *, looks: int = QUIET_LOOKS) -> Awaited:
    """Return the condition that the newest turn of a conversation has ended, or that the cells of all have settled.

    Args:
        conversation: the conversation.
        until: what to wait for.
        looks: as in `reached`.

    Raises:
        InvalidInput: `until` is neither "run" nor "cells".
    """
    check_wait(until)
    return Awaited(
        reached=lambda: reached(conversation.state, until, looks=looks),
        keep=conversation.keep,
        subscribe=conversation.subscribers.add,
        timed_out=lambda seconds: WaitTimedOut(
            f"The run didn't end within {seconds:g} s",
            cause=describe_last_answer(conversation.state),
            remedy="Wait again with run.wait(), or end it with run.cancel().",
        ),
        turn=lambda: conversation.current,
    )


def block(awaited: Awaited, timeout: float | None) -> None:
    """Block until a condition is met.

    Raises:
        InvalidInput: `timeout` is not a number of seconds.
        WaitTimedOut: `timeout` seconds passed first, since the newest turn began.
        OrigamiError: the condition can never be met.
    """
    check_timeout(timeout)
    ends = None if timeout is None else time.monotonic() + timeout
    if not awaited.reached():
        # This also refuses to wait on the background loop's own thread, which notices the changes.
        background().run(_until_reached(awaited, timeout))
    background().wait_for_callbacks(None if ends is None else max(0.0, ends - time.monotonic()))


async def wait(awaited: Awaited) -> None:
    """Wait until a condition is met. Cancelling the wait does not affect the run.

    Raises:
        OrigamiError: the condition can never be met.
    """
    await _until_reached(awaited)
    await background().callbacks_returned()


async def _until_reached(awaited: Awaited, seconds: float | None = None) -> None:
    if awaited.reached():
        return

    async def begin() -> None:
        awaited.keep()

    await background().bridge(begin())
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    stop = awaited.subscribe(lambda: loop.call_soon_threadsafe(changed.set))
    turn, since = awaited.turn(), time.monotonic()
    try:
        while not awaited.reached():
            if awaited.turn() is not turn:
                turn, since = awaited.turn(), time.monotonic()
            left = SLICE if seconds is None else since + seconds - time.monotonic()
            if left <= 0:
                raise awaited.timed_out(seconds)
            # Wait in slices here, too: a kernel notices an interrupt only when its loop wakes up, and nothing else may
            # wake it.
            with contextlib.suppress(TimeoutError):
                async with time_limit(min(SLICE, left)):
                    await changed.wait()
            changed.clear()
    finally:
        stop()


def check_wait(until: object) -> None:
    """Check the argument `until`.

    Raises:
        InvalidInput: it is neither "run" nor "cells".
    """
    if str(until) not in ("run", "cells"):
        is_number = isinstance(until, int | float) and not isinstance(until, bool)
        remedy = f"For seconds, use timeout={until}. " if is_number else ""
        raise InvalidInput(
            f"Can't wait until {validate.shortened(until)}",
            cause="A run ends when its agent is done. Its cells may fill in later.",
            remedy=f'{remedy}Use until="run" or until="cells".',
        )


def check_timeout(timeout: object) -> None:
    """Check the argument `timeout`.

    Raises:
        InvalidInput: it is neither a number of seconds nor None.
    """
    if timeout is not None:
        remedy = "Use seconds from 0, for example timeout=600, or leave out timeout= to wait until the end."
        validate.seconds(timeout, LONGEST_WAIT, remedy, may_be_zero=True)


def describe_last_answer(state: RunState) -> str:
    """Return the server's last word on a run that has not ended in time, in whole sentences."""
    error = state.connection.error
    if isinstance(error, NotFound):
        return f"{error.title}: {error.cause}"
    return f"Its status is still {state.status!r}. It keeps running on the server."
