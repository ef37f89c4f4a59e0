"""`StartCall`: a call that starts a run, which blocks or awaits until the run is known, and may be interrupted.

An interrupt of a call that blocks withdraws the run: nothing is sent again, and the server is asked to cancel a run that was
started. A request on its way is not cut off, since its answer is the quickest way to learn which run that is. A task that is
cancelled leaves the run alone: a timeout or the end of a task group does not mean that the run is not wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.api.starts.submit import mark

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from origami_widgets.api.starts.submit import StartJob

T = TypeVar("T")

SLICE = 0.2
"""Seconds between two looks for a notice to print for a caller who waits."""
LAST_WORDS = 0.7
"""Seconds to wait for the outcome of a request on its way after an interrupt."""
LOOK_AGAIN = "import sys; run = sys.last_value.reconcile()"


class StartCall:
    """Call that starts a run: one of the owners of its start job.

    It is a context manager: an interrupt inside it withdraws the run, also while the run is shown, since the caller does not
    have it yet. The exception then carries `idempotency_key` and `reconcile()`, and one printed line says what became of the run.

    Attributes:
        job: the job that it waits for; None before that is known.
    """

    def __init__(self) -> None:
        self.job: StartJob | None = None
        # The owner of the job: the call itself would hold the job in a cycle, and with it the run.
        self._owner = object()
        self._task: asyncio.Task[Any] | None = None
        self._is_notice_printed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, stopped: BaseException | None, _traceback: object) -> None:
        if isinstance(stopped, KeyboardInterrupt | SystemExit):
            self._withdraw(stopped)

    async def fulfil(self, job: StartJob) -> Any:
        """Start the run of a job, or wait for it where it is being started; errors as of `StartJob.begin`.

        Background loop only.
        """
        self.job = job
        return await job.start_for(self._owner)

    def block(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the background loop, and block until it is done.

        An interrupt comes out within a second, at once when it is pressed again.
        """
        loop = background()
        loop.check_may_block(coroutine)
        future = loop.submit(self._begin(coroutine))
        try:
            return loop.result(future, self._print_notice)
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

    async def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the background loop, and await it on any event loop.

        When the task is cancelled, its exception finds the run.
        """
        begun = asyncio.ensure_future(background().bridge(coroutine))
        try:
            while not begun.done():
                await asyncio.wait((begun,), timeout=SLICE)
                self._print_notice()
            return begun.result()
        except OrigamiError as error:
            # As in `block`.
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        except asyncio.CancelledError as stopped:
            begun.cancel()
            background().call_soon(self._abandon)
            if self.job is not None:
                mark(stopped, self.job)
                stopped.add_note(
                    f"A run may have started (idempotency key {self.job.key}); reconcile_async() finds it."
                )
            raise

    async def _begin(self, coroutine: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        try:
            return await coroutine
        finally:
            # A task keeps the frames of its error, and with them this call.
            self._task = None

    def _abandon(self) -> None:
        # Asked on the loop: there the job may have become known a moment ago.
        if self.job is not None:
            self.job.abandon(self._owner)

    def _print_notice(self) -> None:
        if self.job is not None and self.job.notice and not self._is_notice_printed:
            self._is_notice_printed = True
            print(self.job.notice)  # noqa: T201 - a silent wait looks like a hang

    def _withdraw(self, stopped: BaseException) -> None:
        over = False
        # Ctrl-C pressed again means the same.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            undone = background().submit(self._undo())
            with contextlib.suppress(TimeoutError, OrigamiError):
                background().result(undone, timeout=LAST_WORDS)
            over = undone.done()
        if self.job is not None:
            mark(stopped, self.job)
        line = outcome_of_interrupt(self.job, is_over=over)
        print(line)  # noqa: T201 - said where the caller stands, not from the background
        stopped.add_note(line if self.job is None else f"{line} (idempotency key {self.job.key})")

    async def _undo(self) -> None:
        if self._task is not None:
            # Ends the requests before a start; a job under way is a task of its own.
            self._task.cancel()
        if self.job is not None:
            await self.job.withdraw(self._owner)


def outcome_of_interrupt(job: StartJob | None, *, is_over: bool) -> str:
    """Return one line that says what an interrupt left behind, and which call completes or undoes it.

    Args:
        job: the job that was interrupted; None when there was none yet.
        is_over: nothing of the start is under way any more.
    """
    if job is not None and job.owners:
        return "Interrupted. Another call is still waiting for the same run, so it keeps running."
    if job is not None and job.run is not None:
        shows = f'ow.attach("{job.agent_id}/{job.run.id}") shows it'
        if job.is_cancelled:
            return f"Interrupted. The run had started, and Origami was asked to cancel it. {shows}."
        return f"Interrupted. The run had started, and we're asking Origami to cancel it. {shows} and whether it ended."
    # A request that was not sent may be on its way a moment later: only after the end it is sure that there is no run.
    if job is None or (is_over and not job.record.may_have_started):
        return "Interrupted. No run was started, and nothing was charged."
    return (
        "Interrupted while a run was starting. If it did start, we'll ask Origami to cancel it, as long as this "
        f"process is running. {LOOK_AGAIN} looks for it (None means no run)."
    )
