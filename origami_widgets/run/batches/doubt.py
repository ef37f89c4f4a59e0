"""What is said of a brief whose run may have been started, and how that run is looked for. Sends GETs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.ambiguous_start import AmbiguousStart, ambiguous
from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.api.starts import submit
from origami_widgets.run.once import StartUnclear

if TYPE_CHECKING:
    from origami_widgets.run.batches.orders import Order
    from origami_widgets.run.polling.run_watch import RunWatch

RESUMING = "batch.resume() looks for it first, and sends the same request again only where it is not found."


def unclear(order: Order, error: OrigamiError | None) -> AmbiguousStart:
    """The error that says of a brief that its run may have been started.

    Args:
        order: the brief.
        error: what came of it; None where that is not known any more.
    """
    if isinstance(error, StartUnclear):
        # Nothing is sent again for it.
        return error.with_traceback(None)
    told = error if isinstance(error, AmbiguousStart) else ambiguous(error, agent_id="")
    if told is not error and error is not None:
        told.cause = f"{error.title}. {error.cause}"
    if order.job is not None:
        told.idempotency_key, told.may_have_started = order.job.key, True
        told.job = told.job or order.job
    if RESUMING not in told.remedy:
        told.remedy = f"{told.remedy} {RESUMING}"
    return told.with_traceback(None)


async def looked_for(order: Order) -> RunWatch | None:
    """The run that may have been started for a brief, watched; None where it is not found. Background loop only.

    Looks more than once: a server that has failed may be late with its list.

    Raises:
        OrigamiError: nobody could look, or several runs fit.
    """
    job = order.job
    if job is None or not order.may_have_started:
        return None
    problem: OrigamiError | None = None
    for wait in (0.0, *submit.LOOKS):
        if wait:
            await submit.pause(wait)
        try:
            if (watch := await job.found()) is not None:
                return watch
            problem = None
        except OrigamiError as error:
            problem = error.with_traceback(None)
    if problem is not None:
        raise problem
    return None


def not_understood(error: Exception) -> UnexpectedAnswer:
    """The error that tells of a mistake of ours."""
    return UnexpectedAnswer(
        "The brief could not be started",
        cause=f"{type(error).__name__}: {error}",
        remedy="batch.resume() tries again, and looks first whether there is a run. If it stays, please report it.",
    )
