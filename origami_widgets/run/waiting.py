"""Waiting for a run or a batch: blocking for scripts and cells, awaiting for event loops. Neither touches a run itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, NotFound, OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.run.agent_runs import make_token
from origami_widgets.run.polling.poller import poller

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState

Until = Literal["run", "cells"]

LONGEST_WAIT = 1e9
"""Seconds; more is a mistake."""
SLICE = 0.5
"""Seconds that one wait takes at most, so that an interrupt is seen in every place and on every platform."""


class WaitTimedOut(OrigamiError, TimeoutError):
    """The caller's patience ended before the run did. The run goes on at the server."""


class WatchStopped(OrigamiError):
    """The run is not watched any more although it may go on at the server."""


def reached(state: RunState, until: Until) -> bool:
    """Whether the wait is over, and raise when it can never be.

    Raises:
        OrigamiError: checks stopped; nothing more will be heard.
    """
    if state.done and (until == "run" or state.settled):
        return True
    if state.connection.state == "stopped":
        if state.connection.error is not None:
            # Raised by everyone who waits: without this it would carry the frames of all of them.
            raise state.connection.error.with_traceback(None)
        raise WatchStopped(
            "The run is not watched any more",
            cause="It was watched for 75 minutes, longer than any run takes.",
            remedy=f'Look again with run.refresh(), or ow.attach("{make_token(state.agent_id, state.run_id)}").',
        )
    return state.connection.state == "ended"


class Awaited(NamedTuple):
    """What is waited for.

    Attributes:
        reached: whether the wait is over; raises when it can never be.
        keep: makes sure that news arrive; called on the background loop.
        subscribe: calls back after each change; returns what ends that.
        timed_out: makes the error of who has waited so many seconds in vain.
    """

    reached: Callable[[], bool]
    keep: Callable[[], object]
    subscribe: Callable[[Callable[[], object]], Callable[[], None]]
    timed_out: Callable[[float | None], WaitTimedOut]


def end_of_run(watch: RunWatch, until: Until) -> Awaited:
    """The end of a run, or the moment when its cells have settled.

    Raises:
        InvalidInput: `until` is something else.
    """
    check_wait(until)
    return Awaited(
        reached=lambda: reached(watch.state, until),
        keep=lambda: poller().keep(watch),
        subscribe=watch.subscribers.add,
        timed_out=lambda seconds: WaitTimedOut(
            f"The run did not end within {seconds:g} s",
            cause=last_said(watch.state),
            remedy="Wait again with run.wait(), or end it with run.cancel().",
        ),
    )


def block(awaited: Awaited, timeout: float | None) -> None:
    """Block until the wait is over.

    Raises:
        InvalidInput: `timeout` is no number of seconds.
        WaitTimedOut: `timeout` seconds passed first.
        OrigamiError: it can never be over.
    """
    check_timeout(timeout)
    ends = None if timeout is None else time.monotonic() + timeout
    if not awaited.reached():
        try:
            # Also refuses to wait on the very thread that brings the news.
            background().run(_wait_at_most(timeout, awaited))
        except TimeoutError as error:
            if isinstance(error, OrigamiError):
                raise
            raise awaited.timed_out(timeout) from None
    background().wait_for_callbacks(None if ends is None else ends - time.monotonic())


async def _wait_at_most(seconds: float | None, awaited: Awaited) -> None:
    async with asyncio.timeout(seconds):
        await _until_reached(awaited)


async def wait(awaited: Awaited) -> None:
    """Return when the wait is over; cancelling this leaves what is waited for alone.

    Raises:
        OrigamiError: it can never be over.
    """
    await _until_reached(awaited)
    await background().callbacks_returned()


async def _until_reached(awaited: Awaited) -> None:
    if awaited.reached():
        return

    async def keep() -> None:
        awaited.keep()

    await background().bridge(keep())
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    stop = awaited.subscribe(lambda: loop.call_soon_threadsafe(changed.set))
    try:
        while not awaited.reached():
            # In slices as well: a kernel's interrupt is seen when its loop wakes up, and nothing else may wake it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SLICE):
                    await changed.wait()
            changed.clear()
    finally:
        stop()


def check_wait(until: object) -> None:
    """Refuse to wait for anything but `run` and `cells`.

    Raises:
        InvalidInput: it is something else.
    """
    if until not in ("run", "cells"):
        is_number = isinstance(until, int | float) and not isinstance(until, bool)
        remedy = f"For seconds, name them: timeout={until}. " if is_number else ""
        raise InvalidInput(
            f"Cannot wait until {validate.shortened(until)}",
            cause="A run has two ends: the agent is done, and later its cells have settled.",
            remedy=f'{remedy}Use until="run" or until="cells".',
        )


def check_timeout(timeout: object) -> None:
    """Refuse to wait for anything but a number of seconds, or None.

    Raises:
        InvalidInput: it is something else.
    """
    if timeout is not None:
        remedy = "Give seconds from 0, for example timeout=600, or leave timeout= out to wait until the end."
        validate.seconds(timeout, LONGEST_WAIT, remedy, may_be_zero=True)


def last_said(state: RunState) -> str:
    """What the server said last about a run that has not come to an end in time, in whole sentences."""
    error = state.connection.error
    if isinstance(error, NotFound):
        return f"{error.title}: {error.cause}"
    return f"It still says {state.status!r}. It goes on at the server."
