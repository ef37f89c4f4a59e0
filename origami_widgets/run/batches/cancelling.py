"""Asking the server to cancel all runs of a batch, at the same time, until it has heard it for each of them."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run import cancelling
from origami_widgets.run.batches.tasks import goes_on_here, kept
from origami_widgets.run.cancelling import CancelPending

if TYPE_CHECKING:
    from origami_widgets.run.batches.course import Course
    from origami_widgets.run.watch import Watch


async def cancel(course: Course) -> None:
    """Start no more, and ask the server to cancel all that is active. Background loop only.

    The asking goes on when nobody waits for it any more, and ends what was being started meanwhile.

    Raises:
        CancelPending: it has not got through for all of them yet.
        OrigamiError: the server refused for one of them.
    """
    course.is_unwanted = True
    course.stop_now()
    heard = course.cancelling
    if heard is None or not goes_on_here(heard):
        heard = course.cancelling = kept(asyncio.create_task(_until_heard(course), name="origami-widgets cancel batch"))
    # Each run tells by itself after that time; one that is being started has some more.
    await asyncio.wait((heard,), timeout=1.5 * cancelling.PATIENCE)
    if not heard.done():
        raise CancelPending(
            "Origami has not heard all cancels yet",
            cause="A run of the batch was being started, and whether there is one is not known yet.",
            remedy="It is cancelled by itself as soon as it is known, while this process lives.",
            code="CANCEL_PENDING",
        )
    if (refused := heard.result()) is not None:
        raise refused


async def _until_heard(course: Course) -> OrigamiError | None:
    """One of the errors that came of it, None when there was none."""
    errors: list[OrigamiError] = []
    asked: set[Watch] = set()

    async def end(watch: Watch) -> None:
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
    if not errors:
        return None
    # One that goes on by itself is not what has to be looked at first.
    errors.sort(key=lambda error: isinstance(error, CancelPending))
    # A copy: the one that a run keeps must not say something of others.
    told = copy.copy(errors[0])
    told.add_note(f"{len(errors)} of the {len(asked)} runs that were active have not been cancelled.")
    return told
