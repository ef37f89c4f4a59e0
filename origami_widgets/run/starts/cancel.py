"""`cancel`: ask the server to cancel a run until it receives the request or the run is over.

The API cancels by agent, and an agent has at most one active run. The run is read first, so that a newer run of the
same agent, started elsewhere, is never cancelled in its place. The status `cancelled` comes from the server, with a
later check.
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
"""Seconds after which `CancelPending` is raised. The request is still repeated."""


class CancelPending(OrigamiError):
    """The cancel request has not reached the server yet; it is still being repeated."""


async def cancel(watch: RunWatch) -> None:
    """Ask the server to cancel a run, and repeat the request while the server cannot be reached.

    After `PATIENCE` seconds without success, this raises and the card says so. The requests go on until the server
    accepts or refuses one or the run is over, even if the caller has stopped waiting.

    Raises:
        CancelPending: the request has not reached the server yet.
        OrigamiError: the server refused; the run goes on.
    """
    operations = watch.connected()
    if watch.state.done:
        return
    heard = watch.cancelling
    # A task whose loop has ended, or that the parent process left behind by a fork, sends nothing any more.
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
    """Repeat the request until it succeeds or the run is over. Return the error that ended the attempts, else None."""
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
                # A copy, because the raised error carries frames that hold the watch.
                watch.update(CommandFailed(copy.copy(error), cancel=True))
                return error.with_traceback(None)
            watch.update(CancelDelayed(copy.copy(error)))
            await clock.sleep(max(pause, clamp(error.retry_after, fallback=0.0)), never)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            if answer is not None and answer.id == watch.state.run_id:
                # Answers to a POST have no `Retry-After`. Here its absence must not make an unknown status final.
                watch.update(RunRead(answer, at=poller().clock.time(), keep_polling=True))
                if _is_done(watch):
                    poller().hurry(watch)
            watch.update(CancelRequested())
            break
    return None


def _is_done(watch: RunWatch) -> bool:
    # A function, because the type checker assumes that an attribute does not change between two reads.
    return watch.state.done
