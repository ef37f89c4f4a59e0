"""`JobQueue`: start the jobs of a batch in order, as run slots become free.

State changes only on the background loop; any thread may read it at any time. The jobs of a batch start one after the
other, so that at most one request has an unknown outcome at a time.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from origami_widgets.api.background.loop import is_under_way, kept_task
from origami_widgets.api.errors import AmbiguousStart, NotFound, OrigamiError, ProjectNotFound, UnexpectedAnswer
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.run_watch import Subscribers
from origami_widgets.run.starts import cancel as cancelling
from origami_widgets.run.starts.credit_limit import CreditLimit, CreditLimitReached
from origami_widgets.run.starts.record import Life

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.starts.job import StartJob

BriefStatus = Literal["waiting", "starting", "queued", "started", "failed", "stopped"]

RESUMING = "batch.resume() looks for it first, and only sends the request again if there is no run."


class JobQueue:
    """Queue of start jobs: starts the next one when fewer than `at_once` of their runs are active.

    Several queues may show one job; the newest of them starts it. A fork of the process that made the queue starts none
    of its jobs: each would be paid for twice.

    Args:
        operations: the API.
        jobs: the jobs, in the order in which they start.
        name: the name in `once=`; empty without one.

    Attributes:
        operations, jobs, name: as given.
        at_once: how many runs may be active at a time.
        error: why the queue has halted, until it is resumed or stopped; None if nothing halts it.
        has_begun: whether it may start jobs.
        is_stopped: whether it was stopped, and starts nothing more until it is resumed.
        subscribers: notified of each change of a job or run.
        presentation: the board that shows the jobs; None without one.
    """

    def __init__(self, operations: Operations, jobs: Sequence[StartJob], name: str = "") -> None:
        self.operations = operations
        self.jobs = tuple(jobs)
        self.name = name
        self.at_once = 1
        self.error: OrigamiError | None = None
        self.has_begun = False
        self.subscribers = Subscribers()
        self.presentation: Any = None
        self._credit_limit: CreditLimit | None = None
        self._is_looking = False
        self._process = os.getpid()
        # Not the queue itself, because its jobs would keep it alive, and with it all its runs.
        self._owner = object()
        self._driver: asyncio.Task[None] | None = None
        self._cancelling: asyncio.Task[OrigamiError | None] | None = None
        lives = {job.record.life for job in self.jobs if job.watch is None and not job.is_recalled}
        # A stopped list of a cell that is started again stays so, unless something was added; who asks for a name wants it.
        self.is_stopped = not name and Life.CANCELLED in lives and lives <= {Life.CANCELLED, Life.UNKNOWN}
        for job in self.jobs:
            job.owners.add(self._owner)
            job.subscribers.relay_to(self.subscribers)
            if job.driver is None:
                job.driver = self
            if not job.is_going:
                # Left by an earlier batch that could not start the job.
                job.error = None

    # Reading, from any thread

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a fork of the one that starts the jobs."""
        return self._process != os.getpid()

    def status_of(self, job: StartJob) -> BriefStatus:
        """Return the state of a job of this queue."""
        if job.watch is not None:
            return "started"
        if job.is_going and not self.is_inherited:
            return "starting" if job.queue is None else "queued"
        if self.is_stopped or self.is_inherited or job.driver is not self:
            return "stopped"
        return "waiting" if job.error is None else "failed"

    @property
    def goes_on(self) -> bool:
        """Whether any run is being started, will be started, or is being looked for."""
        return self._is_looking or any(map(self._is_open, self.jobs))

    def _is_open(self, job: StartJob) -> bool:
        status = self.status_of(job)
        if status in ("waiting", "failed"):
            # A failed job counts as open until it halts the queue, a moment later.
            return self.error is None
        return status in ("starting", "queued") or (job.is_recalled and not self.is_inherited)

    @property
    def credit_limit(self) -> float | None:
        """The credits that all runs together may use; None without a limit."""
        limit = self._credit_limit
        return limit.limit if limit is not None and limit.limit < float("inf") else None

    @property
    def is_over_limit(self) -> bool:
        """Whether the runs have used more credits than allowed, so that nothing more is started."""
        return self._credit_limit is not None and self._credit_limit.error is not None

    # On the background loop

    def begin(self, at_once: int, credit_limit: float | None = None) -> None:
        """Begin, or resume if an error has halted the queue. Jobs without a run are then started by no other queue.

        Args:
            at_once: how many runs may be active at a time from now on.
            credit_limit: the credits that all runs together may use from now on; None for no limit.
        """
        for job in self.jobs:
            if job.watch is None:
                job.driver = self
        self.has_begun, self.at_once = True, at_once
        if credit_limit is not None or any(job.credit_limit is not None for job in self.jobs):
            # It replaces an earlier one.
            most = float("inf") if credit_limit is None else credit_limit
            self._credit_limit = CreditLimit(most, weakref.WeakMethod(self.halt_at_limit))
            for job in self.jobs:
                job.limit(self._credit_limit)
        if self.error is not None or not self.is_stopped:
            self.resume()
        else:
            self.drive()

    def drive(self) -> None:
        """Begin to start waiting jobs, unless that is under way."""
        if is_under_way(self._driver):
            self.subscribers.notify()
        elif self.goes_on and not self.is_inherited:
            self._driver = kept_task(self._drive(), "origami-widgets batch")

    def keep(self) -> None:
        """Make sure that the jobs are being started and the runs watched."""
        for job in self.jobs:
            if job.watch is not None:
                conversation_of(job.watch).keep()
        self.drive()

    def stop(self) -> None:
        """Start no more jobs. A request that was sent is not aborted, because its answer names the run."""
        self.is_stopped = True
        # A stopped batch is not halted: no jobs wait behind the failed one.
        self.error = None
        self.leave_jobs()
        self.subscribers.notify()

    def resume(self) -> None:
        """Start the jobs that have not started."""
        self.is_stopped = False
        self.error = None if self._credit_limit is None else self._credit_limit.error
        for job in self._driven_jobs():
            job.owners.add(self._owner)
            job.want()
            if not job.is_going:
                job.error = None
        self.drive()
        self.subscribers.notify()

    def release(self, job: StartJob) -> None:
        """Leave a job to a later batch or call. A request that was sent is not aborted."""
        job.owners.discard(self._owner)
        if all(each.watch is not None for each in self._driven_jobs()):
            self.error = None
        self.drive()
        self.subscribers.notify()

    async def cancel(self) -> None:
        """Start no more jobs, and ask the server to cancel all active runs at the same time.

        The requests go on even if the caller stops waiting, and include runs that were being started meanwhile.

        Raises:
            CancelPending: not all cancel requests have reached the server yet.
            AmbiguousStart: a run may have started but could not be found; this halts the batch.
            OrigamiError: the server refused to cancel a run, or earlier starts could not be looked up.
        """
        for job in self._driven_jobs():
            # Even if the job has other owners: everything that this batch shows must end.
            job.withdrawn.set()
            if job.record.life != Life.STARTED:
                job.record.life = Life.CANCELLED
        self.stop()
        asking = self._cancelling
        if asking is None or not is_under_way(asking):
            asking = self._cancelling = kept_task(
                self._until_cancelled(), "origami-widgets cancel batch", holds_exit=True
            )
        # The cancel of each run raises after `PATIENCE`; a run that is being started gets a little longer.
        await asyncio.wait((asking,), timeout=1.5 * cancelling.PATIENCE)
        if not asking.done():
            raise cancelling.CancelPending(
                "Origami hasn't received all cancels yet",
                cause="A run of the batch was starting, and we don't know yet whether it did.",
                remedy="If it did, we'll cancel it, as long as this process is running.",
                code="CANCEL_PENDING",
            )
        if (refused := asking.result()) is not None:
            raise refused

    def halt_at_limit(self, reached: CreditLimitReached) -> bool:
        """Start no more jobs, as the credit limit is reached. Return False if there is nothing left to end."""
        is_waited_for = any(job.watch is None for job in self._driven_jobs())
        is_working = any(
            job.watch is not None and not conversation_of(job.watch).state.settled for job in self._driven_jobs()
        )
        if self.is_stopped or not (is_waited_for or is_working):
            return False
        self.error = reached
        # A job that waits for a run slot would get the slot of a run that is being cancelled.
        self.leave_jobs()
        self.subscribers.notify()
        return True

    def leave_jobs(self) -> None:
        """Give up the jobs that have no run yet."""
        for job in self.jobs:
            if job.watch is None:
                job.leave(self._owner)

    async def _drive(self) -> None:
        changed = asyncio.Event()
        end = self.subscribers.add(changed.set)
        try:
            await self.find_known()
            while (job := self._next()) is not None:
                changed.clear()
                if not job.is_going and self._active() >= self.at_once:
                    await changed.wait()
                    continue
                job.go()
                self.subscribers.notify()
                await job.over()
                self._ended(job)
        finally:
            end()
            self.subscribers.notify()

    def _next(self) -> StartJob | None:
        """Return the next job. Jobs that may already have a run come first, so that there is never one run too many."""
        if self.is_stopped or self.is_inherited or self.error is not None:
            return None
        waiting = [job for job in self._driven_jobs() if self.status_of(job) in ("waiting", "starting", "queued")]
        return min(waiting, key=lambda job: (not job.is_going, not job.record.may_have_started), default=None)

    def _driven_jobs(self) -> list[StartJob]:
        return [job for job in self.jobs if job.watch is not None or job.driver is self]

    def _active(self) -> int:
        """Count the active runs. A run that can no longer be checked counts as over."""
        started = [job.watch for job in self.jobs if job.watch is not None and self.status_of(job) == "started"]
        states = [conversation_of(watch).state for watch in started]
        return sum((not state.done or state.sending != "") and state.connection.state != "stopped" for state in states)

    async def find_known(self) -> None:
        """Find the runs that were started before, so that only the other jobs start.

        Runs of the cell that have ended are kept as long as another one of the list goes on, or may.
        """
        watches = [(job, await job.recall()) for job in self.jobs]
        is_kept = any(
            conversation_of(watch).goes_on
            if watch is not None
            else job.is_found and not job.is_recalled and job.is_worth_finding
            for job, watch in watches
        )
        for job in self.jobs:
            has_run = job.watch is not None or job.is_recalled
            if not has_run and (self.status_of(job) != "waiting" or self._next() is None):
                continue
            try:
                await job.find_known(also_over=is_kept)
            except OrigamiError as error:
                if isinstance(error, NotFound) and not isinstance(error, ProjectNotFound):
                    error.remedy += " To run the other briefs of the batch, remove this one from the list."
                job.error = error.with_traceback(None)
                self._ended(job)
        self.subscribers.notify()

    def _ended(self, job: StartJob) -> None:
        """Halt the queue on the error of an attempt, if the error concerns this queue."""
        error = job.error
        if error is None or job.watch is not None or job.driver is not self:
            return
        if not isinstance(error, OrigamiError):
            error = UnexpectedAnswer(
                "Couldn't start the brief",
                cause=f"{type(error).__name__}: {error}",
                remedy="batch.resume() checks for a run, then tries again. If it keeps happening, please report it.",
            )
        if job.withdrawn.is_set() and not self.is_stopped:
            # The queue was stopped, and has been resumed since.
            job.error = None
        # If the start was refused and no run was found, the refusal itself is the error to fix.
        elif job.record.may_have_started and job.record.life != Life.REFUSED:
            job.error = error = unclear(job, error)
        else:
            is_of_stop = self.is_stopped and (job.record.life != Life.REFUSED or job.withdrawn.is_set())
            job.error = None if is_of_stop else error
        if job.error is not None and not self.is_stopped:
            self.error = error
        self.subscribers.notify()

    async def _until_cancelled(self) -> OrigamiError | None:
        """Find and cancel all runs. Return the most important error; None without one."""
        unknown: list[OrigamiError] = []
        refused: list[OrigamiError] = []

        async def end(job: StartJob) -> None:
            if job.watch is None and self._driver is not None and is_under_way(self._driver):
                # A job that was being started may have a run after that.
                await asyncio.wait((self._driver,))
            try:
                await self._find(job)
            except OrigamiError as error:
                unknown.append(error.with_traceback(None))
            if job.watch is None:
                return
            try:
                await cancelling.cancel(conversation_of(job.watch).current)
            except OrigamiError as error:
                refused.append(error.with_traceback(None))

        self._is_looking = True
        try:
            await asyncio.gather(*map(end, self.jobs))
        finally:
            self._is_looking = False
            self.error = next(iter(unknown), self.error)
            self.subscribers.notify()
        # A pending cancel comes last: it is repeated automatically.
        refused.sort(key=lambda error: isinstance(error, cancelling.CancelPending))
        return next(iter((*unknown, *refused)), None)

    async def _find(self, job: StartJob) -> None:
        """Find the run of a job if one was, or may have been, started before. Starts nothing.

        Raises:
            OrigamiError: it could not be determined whether there is a run.
        """
        if job.watch is not None or job.driver is not self:
            return
        error = job.error
        try:
            if await job.find_known() or not job.record.may_have_started:
                return
            if await job.look(patiently=True) is not None:
                return
        except OrigamiError as problem:
            if not job.record.may_have_started:
                raise
            error = problem
        job.error = unclear(job, error)
        raise job.error


def queue_of(operations: Operations, jobs: Sequence[StartJob]) -> JobQueue:
    """Return the queue that starts exactly these jobs, or a new one."""
    drivers: list[JobQueue | None] = [job.driver for job in jobs]
    same = (each for each in drivers if each is not None and each.jobs == tuple(jobs) and not each.is_inherited)
    return next(same, None) or JobQueue(operations, jobs)


def unclear(job: StartJob, error: Exception | None) -> AmbiguousStart:
    """Return the error of a job that may have started a run.

    Args:
        job: the job.
        error: why its run is not known; None if the cause is no longer known.
    """
    last = error if isinstance(error, OrigamiError) else None
    unknown = last if isinstance(last, AmbiguousStart) else job.ambiguous(last)
    if unknown is not last and last is not None:
        unknown.cause = f"{last.title}. {last.cause}"
    if RESUMING not in unknown.remedy:
        unknown.remedy = f"{unknown.remedy} {RESUMING}"
    return unknown.with_traceback(None)
