"""Starting a run for somebody who waits: code that blocks, or an event loop.

Who started a run with a call that blocks, and interrupts that call, does not want the run: it is withdrawn, which means
that nothing is sent again, and that the server is asked to cancel what has been started. The request on its way is not
cut off, since the answer to it is the quickest way to learn which run that is. A task that is cancelled leaves the run
alone: a timeout or the end of a group says nothing about it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.api.starts.submit import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from origami_widgets.api.starts.submit import StartJob

T = TypeVar("T")

SLICE = 0.2
"""Seconds between two looks of what is called meanwhile."""
LAST_WORDS = 0.7
"""Seconds that what is on its way gets to tell what became of it."""
LOOK_AGAIN = "import sys; run = sys.last_value.reconcile()"


class Starter:
    """Code that blocks until a run is started and handed over, in a place where it may print.

    It is a context: an interrupt of anything that stands in it withdraws the run, also while the answer is written down
    or shown, since nobody was given the run yet. The exception then carries `idempotency_key` and `reconcile()`, and one
    line says what became of the run.

    Attributes:
        job: what it waits for; None before anything was asked for.
    """

    def __init__(self) -> None:
        self.job: StartJob | None = None
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, stopped: BaseException | None, _traceback: object) -> None:
        if isinstance(stopped, KeyboardInterrupt | SystemExit):
            self._withdraw(stopped)

    def meanwhile(self) -> None:
        """Called again and again while it blocks."""

    def run(self, job: StartJob, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that fulfils a job, and block until it is done.

        An interrupt comes out within a second, at once when it is pressed again.
        """
        loop = background()
        loop.check_may_block(coroutine)
        self.job = job
        future = loop.submit(self._begin(coroutine))
        try:
            return loop.result(future, self.meanwhile)
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            future.cancel()
            raise
        finally:
            del future

    async def _begin(self, coroutine: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            self._task = None

    def _withdraw(self, stopped: BaseException) -> None:
        over = False
        if self.job is not None:
            mark(stopped, self.job)
            # Pressed again, it is the same wish.
            with contextlib.suppress(KeyboardInterrupt, SystemExit):
                undone = background().submit(self._undo(self.job))
                with contextlib.suppress(TimeoutError, OrigamiError):
                    background().result(undone, timeout=LAST_WORDS)
                over = undone.done()
        line = said(self.job, is_over=over)
        print(line)  # noqa: T201 - said where the caller stands, not from the background
        stopped.add_note(line if self.job is None else f"{line} (idempotency key {self.job.key})")

    async def _undo(self, job: StartJob) -> None:
        job.withdrawn.set()
        if self._task is not None:
            # Its error, if it ends in one, went to whoever was interrupted while waiting for it.
            await asyncio.wait((self._task,))
        if job.run is not None:
            await job.cancel()
            job.is_cancelled = True


async def started(
    job: StartJob, coroutine: Coroutine[Any, Any, T] | None = None, meanwhile: Callable[[], object] = lambda: None
) -> Any:
    """Fulfil a start job for any event loop. When the task is cancelled, its exception finds the run.

    Args:
        job: what is wished for.
        coroutine: fulfils it; `StartJob.fulfil` when absent.
        meanwhile: called again and again on the caller's loop.

    Raises:
        OrigamiError: what `StartJob.begin` raises.
    """
    begun = asyncio.ensure_future(background().bridge(coroutine or job.fulfil()))
    try:
        while not begun.done():
            await asyncio.wait((begun,), timeout=SLICE)
            meanwhile()
        return begun.result()
    except OrigamiError as error:
        # As in `Starter.run`.
        raise error.with_traceback(None)  # noqa: B904 - it is the same error
    except asyncio.CancelledError as stopped:
        begun.cancel()
        mark(stopped, job)
        stopped.add_note(f"A run may have been started (idempotency key {job.key}); reconcile_async() finds it.")
        raise


def said(job: StartJob | None, *, is_over: bool) -> str:
    """What an interrupt leaves behind, and which call completes or undoes it.

    Args:
        job: what was interrupted; None when nothing was asked for yet.
        is_over: nothing of it is going on any more.
    """
    if job is not None and job.run is not None:
        shows = f'ow.attach("{job.agent_id}/{job.run.id}") shows it'
        if job.is_cancelled:
            return f"Interrupted; the run was started, and Origami was asked to cancel it. {shows}."
        return (
            f"Interrupted; the run was started, and Origami is being asked to cancel it. {shows}, and whether it ended."
        )
    # What has not been sent may be on its way a moment later: only what is over says that there is no run.
    if job is None or (is_over and not job.record.may_have_started):
        return "Interrupted; no run was started, and nothing is charged."
    return (
        "Interrupted while a run was being started: if there is one, Origami is asked to cancel it as soon as it is known, "
        f"while this process lives. {LOOK_AGAIN} finds it (None: there is none)."
    )
