"""Waiting for a batch: until each of its briefs was started and each run has come to its end. It touches none of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.run import waiting
from origami_widgets.run.waiting import SLICE, WaitTimedOut, check_wait

if TYPE_CHECKING:
    from origami_widgets.run.batches.course import Course
    from origami_widgets.run.waiting import Until


def reached(course: Course, until: Until) -> bool:
    """Whether the wait is over, and raise when it can never be.

    Raises:
        OrigamiError: the batch is halted, or one of its runs cannot be watched any more.
    """
    if course.error is not None:
        # Raised by everyone who waits: without this it would carry the frames of all of them.
        raise course.error.with_traceback(None)
    ends = [waiting.reached(run.state, until) for run in course.runs]
    return all(ends) and not course.goes_on


def block(course: Course, until: Until, timeout: float | None) -> None:
    """Block until all is over.

    Raises:
        WaitTimedOut: `timeout` seconds passed first.
        OrigamiError: as `reached`.
    """
    check_wait(until, timeout)
    ends = None if timeout is None else time.monotonic() + timeout
    if not reached(course, until):
        try:
            # Also refuses to wait on the very thread that brings the news.
            background().run(_wait_at_most(timeout, course, until))
        except TimeoutError as error:
            if isinstance(error, OrigamiError):
                raise
            raise _timed_out(course, timeout) from None
    background().wait_for_callbacks(None if ends is None else ends - time.monotonic())


async def _wait_at_most(seconds: float | None, course: Course, until: Until) -> None:
    async with asyncio.timeout(seconds):
        await _until_reached(course, until)


async def wait(course: Course, until: Until) -> None:
    """Return when all is over; cancelling this leaves the batch alone.

    Raises:
        OrigamiError: as `reached`.
    """
    await _until_reached(course, until)
    await background().callbacks_returned()


async def _until_reached(course: Course, until: Until) -> None:
    if reached(course, until):
        return
    await background().bridge(_keep(course))
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    stop = course.subscribe(tell)
    try:
        while not reached(course, until):
            # In slices as well: a kernel's interrupt is seen when its loop wakes up, and nothing else may wake it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SLICE):
                    await changed.wait()
            changed.clear()
    finally:
        stop()


async def _keep(course: Course) -> None:
    course.keep()


def _timed_out(course: Course, timeout: float | None) -> WaitTimedOut:
    over = sum(1 for run in course.runs if run.done)
    return WaitTimedOut(
        f"The batch did not end within {timeout:g} s",
        cause=f"{over} of its {len(course.orders)} runs are done. It goes on.",
        remedy="Wait again with batch.wait(), or end it with batch.cancel().",
    )
