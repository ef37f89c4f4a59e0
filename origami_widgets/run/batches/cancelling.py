"""Asking the server to cancel all runs of a batch, at the same time, until it has heard it for each of them."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run import cancelling
from origami_widgets.run.batches.doubt import looked_for, unclear
from origami_widgets.run.batches.tasks import goes_on_here, kept
from origami_widgets.run.cancelling import CancelPending

if TYPE_CHECKING:
    from origami_widgets.run.batches.course import Course
    from origami_widgets.run.batches.orders import Order
    from origami_widgets.run.polling.run_watch import RunWatch


async def cancel(course: Course) -> None:
    """Start no more, and ask the server to cancel all that is active. Background loop only.

    The asking goes on when nobody waits for it any more, and ends what was being started meanwhile.

    Raises:
        CancelPending: it has not got through for all of them yet.
        AmbiguousStart: a run may have been started that could not be found; it halts the batch.
        OrigamiError: the server refused for one of them, or what was started before could not be looked up.
    """
    course.is_unwanted = course.remains.is_unwanted = True
    course.stop_now()
    heard = course.cancelling
    if heard is None or not goes_on_here(heard):
        heard = course.cancelling = kept(asyncio.create_task(_until_heard(course), name="origami-widgets cancel batch"))
    # Each run tells by itself after that time; one that is being started has some more.
    await asyncio.wait((heard,), timeout=1.5 * cancelling.PATIENCE)
    if not heard.done():
        raise CancelPending(
            "Origami has not heard all cancels yet",
            cause="A run of the batch was being started or is looked for, and whether there is one is not known yet.",
            remedy="It is cancelled by itself as soon as it is known, while this process lives.",
            code="CANCEL_PENDING",
        )
    if (refused := heard.result()) is not None:
        raise refused


async def _until_heard(course: Course) -> OrigamiError | None:
    """One of the errors that came of it, None when there was none."""
    errors: list[OrigamiError] = []
    unknown: list[OrigamiError] = []
    asked: set[RunWatch] = set()

    async def end(watch: RunWatch) -> None:
        try:
            await cancelling.cancel(watch)
        except OrigamiError as error:
            errors.append(error.with_traceback(None))

    async def end_all() -> None:
        active = {order.watch for order in course.orders if order.watch is not None and not order.watch.state.done}
        await asyncio.gather(*map(end, active - asked))
        asked.update(active)

    await end_all()
    if course.driver is not None and goes_on_here(course.driver):
        await asyncio.wait((course.driver,))
    # What was being started may have got its run meanwhile, also while the others were asked for.
    await end_all()
    course.is_looking = True
    try:
        if course.earlier is not None:
            await course.earlier.hand_over(course)
        await asyncio.gather(*(_look(course, order, unknown) for order in course.orders if order.watch is None))
        await end_all()
    finally:
        course.is_looking = False
        course.tell()
    if (told := _halting(course, unknown)) is not None:
        return told
    if not errors:
        return None
    # One that goes on by itself is not what has to be looked at first.
    errors.sort(key=lambda error: isinstance(error, CancelPending))
    # A copy: the one that a run keeps must not say something of others.
    told = copy.copy(errors[0])
    told.add_note(f"{len(errors)} of the {len(asked)} runs that were active have not been cancelled.")
    return told


async def _look(course: Course, order: Order, unknown: list[OrigamiError]) -> None:
    """Take the run of a brief that was started before, or may have been. Starts nothing."""
    try:
        watch = None
        if course.names is not None and order.job is None:
            watch = await course.names.find_known(order, course)
        if watch is None:
            watch = await looked_for(order)
    except OrigamiError as error:
        if order.may_have_started:
            order.update(error=unclear(order, error))
        else:
            unknown.append(error.with_traceback(None))
    else:
        if watch is not None:
            course.take(order, watch)
        elif order.may_have_started:
            order.update(error=unclear(order, order.state.error))


def _halting(course: Course, unknown: list[OrigamiError]) -> OrigamiError | None:
    """What is left to be told when a run may go on that nobody could ask to end; it halts the batch."""
    doubts = [
        unclear(order, order.state.error) for order in course.orders if order.may_have_started and order.watch is None
    ]
    problems: list[OrigamiError] = [*doubts, *unknown]
    if not problems:
        return None
    course.error = problems[0]
    course.tell()
    told = copy.copy(problems[0])
    told.add_note(f"Of {len(problems)} of the {len(course.orders)} briefs, a run may go on that was not cancelled.")
    return told
