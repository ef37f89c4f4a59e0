"""Waiting for a run: blocking for scripts and cells, awaiting for event loops. Neither touches the run itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Literal

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput, NotFound, OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.token import make_token

if TYPE_CHECKING:
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


def block(watch: RunWatch, until: Until, timeout: float | None) -> None:
    """Block until the run (or its cells) came to an end.

    Raises:
        InvalidInput: `until` or `timeout` is something else.
        WaitTimedOut: `timeout` seconds passed first.
        OrigamiError: checks stopped.
    """
    check_wait(until, timeout)
    ends = None if timeout is None else time.monotonic() + timeout
    if not reached(watch.state, until):
        try:
            # Also refuses to wait on the very thread that brings the news.
            background().run(_wait_at_most(timeout, watch, until))
        except TimeoutError as error:
            if isinstance(error, OrigamiError):
                raise
            raise _timed_out(watch.state, timeout) from None
    background().wait_for_callbacks(None if ends is None else ends - time.monotonic())


async def _wait_at_most(seconds: float | None, watch: RunWatch, until: Until) -> None:
    async with asyncio.timeout(seconds):
        await _until_reached(watch, until)


async def wait(watch: RunWatch, until: Until) -> None:
    """Return when the run (or its cells) came to an end; cancelling this leaves the run alone.

    Raises:
        OrigamiError: checks stopped.
    """
    check_wait(until)
    await _until_reached(watch, until)
    await background().callbacks_returned()


async def _until_reached(watch: RunWatch, until: Until) -> None:
    if reached(watch.state, until):
        return
    await background().bridge(_keep(watch))
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    stop = watch.subscribe(tell)
    try:
        while not reached(watch.state, until):
            # In slices as well: a kernel's interrupt is seen when its loop wakes up, and nothing else may wake it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SLICE):
                    await changed.wait()
            changed.clear()
    finally:
        stop()


async def _keep(watch: RunWatch) -> None:
    poller().keep(watch)


def check_wait(until: object, timeout: object = None) -> None:
    """Refuse to wait for anything but `run` and `cells`, or for anything but a number of seconds or None.

    Raises:
        InvalidInput: it is something else.
    """
    if timeout is not None:
        remedy = "Give seconds from 0, for example timeout=600, or leave timeout= out to wait until the end."
        validate.seconds(timeout, LONGEST_WAIT, remedy, may_be_zero=True)
    if until not in ("run", "cells"):
        is_number = isinstance(until, int | float) and not isinstance(until, bool)
        remedy = f"For seconds, name them: timeout={until}. " if is_number else ""
        raise InvalidInput(
            f"Cannot wait until {validate.shortened(until)}",
            cause="A run has two ends: the agent is done, and later its cells have settled.",
            remedy=f'{remedy}Use until="run" or until="cells".',
        )


def last_said(state: RunState) -> str:
    """What the server said last about a run that has not come to an end in time, in whole sentences."""
    error = state.connection.error
    if isinstance(error, NotFound):
        return f"{error.title}: {error.cause}"
    return f"It still says {state.status!r}. It goes on at the server."


def _timed_out(state: RunState, timeout: float | None) -> WaitTimedOut:
    return WaitTimedOut(
        f"The run did not end within {timeout:g} s",
        cause=last_said(state),
        remedy="Wait again with run.wait(), or end it with run.cancel().",
    )
