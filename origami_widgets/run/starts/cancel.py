"""`cancel`: ask the server to cancel a run, until it has heard it or the run is over.

The API cancels by agent. The run is read first, so that a newer run of the same agent, started elsewhere, is never
cancelled in its place: an agent has one active run at most. "Cancelled" is the server's word and comes with a later
check.
"""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError, RunNotFound
from origami_widgets.api.loop import is_under_way, kept_task
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import DEADLINE, FORGIVEN_404, clamp
from origami_widgets.run.state import CancelDelayed, CancelRequested, CommandFailed, RunRead

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE = 20.0
"""Seconds after which `CancelPending` is raised. The server is still asked again."""


class CancelPending(OrigamiError):
    """The server has not heard yet that the run is to be cancelled; it is asked again and again."""


async def cancel(watch: RunWatch) -> None:
    """Ask the server to cancel a run, again and again while it cannot be reached.

    After a while without success, this raises and the card says so; the asking goes on until the server has heard it,
    refuses, or the run is over, even when the caller has stopped waiting.

    Raises:
        CancelPending: the server has not heard it yet.
        OrigamiError: the server refused; the run goes on.
    """
    operations = watch.connected()
    if watch.state.done:
        return
    heard = watch.cancelling
    # One of a loop that has ended, or of the process that this one was forked from, asks no more.
    if heard is None or not is_under_way(heard):
        heard = watch.cancelling = kept_task(_until_heard(watch, operations), "origami-widgets cancel")
    await asyncio.wait((heard,), timeout=PATIENCE)
    if not heard.done():
        error = watch.state.cancel_error
        raise CancelPending(
            "Origami hasn't received the cancel yet",
            cause=f"{error.title}. {error.cause}" if error is not None else "It hasn't responded.",
            remedy="We'll keep retrying until Origami confirms or the run ends. The card shows when it does.",
            code="CANCEL_PENDING",
        )
    if (refused := heard.result()) is not None:
        raise refused


async def _until_heard(watch: RunWatch, operations: Operations) -> OrigamiError | None:
    """Return the error that ended it; None when the server has heard it or the run is over."""
    clock, never = poller().clock, asyncio.Event()
    began, pause = clock.monotonic(), FIRST_PAUSE
    watch.update(CancelRequested())
    while not _is_done(watch):
        try:
            await poller().check(watch)
            answer = None if _is_done(watch) else await operations.cancel(watch.state.agent_id, once=True)
        except OrigamiError as error:
            early = isinstance(error, RunNotFound) and clock.monotonic() - began < FORGIVEN_404
            if not (error.transient or early) or clock.monotonic() - began > DEADLINE:
                # A copy: the one that is raised carries its frames, which hold the watch.
                watch.update(CommandFailed(copy.copy(error), cancel=True))
                return error.with_traceback(None)
            watch.update(CancelDelayed(copy.copy(error)))
            await clock.sleep(max(pause, clamp(error.retry_after, fallback=0.0)), never)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            if answer is not None and answer.id == watch.state.run_id:
                # No answer to a POST asks for another check: with a status that we do not know that is no end.
                watch.update(RunRead(answer, at=poller().clock.time(), keep_polling=True))
                if _is_done(watch):
                    poller().hurry(watch)
            watch.update(CancelRequested())
            break
    return None


def _is_done(watch: RunWatch) -> bool:
    # A function: it changes between two looks, which the type checker does not expect of an attribute.
    return watch.state.done
