"""`RunBatch`: the handle on the runs of one `start_many` call."""

from __future__ import annotations

import functools
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeAlias

from origami_widgets.api.background.loop import background
from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.validate import shortened
from origami_widgets.run.credits import RunCredits, credits_of_runs
from origami_widgets.run.settings import display_backend, top
from origami_widgets.run.starts.credit_limit import stops_for
from origami_widgets.run.starts.queue import BriefStatus, JobQueue
from origami_widgets.run.waiting import Awaited, Until, WaitTimedOut, block, check_wait, reached, wait
from origami_widgets.words.foreign_text import described, one_line
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import Queue

BatchStatus: TypeAlias = Literal["running", "halted", "filling", "ended"]


@dataclass(frozen=True, slots=True)
class BriefState:
    """State of one brief of a batch at one moment.

    Attributes:
        position: the position in the given list, from 0.
        prompt: the brief.
        name: the agent's name; None if the server makes one from the brief.
        state: `waiting` for its turn; `starting`; `queued` while all run slots of the plan are in use; `started`;
            `failed` if it could not be started, which halts the batch; `stopped` if it will not be started.
        run: the run once it has started, else None.
        error: why the brief was not started, or why its run could not be recorded under `once=`; None without an error.
        queue: while `queued`, how long it waits and for how many run slots; else None.
    """

    position: int
    prompt: str
    name: str | None = None
    state: BriefStatus = "waiting"
    run: Run | None = None
    error: OrigamiError | None = None
    queue: Queue | None = None


class RunBatch:
    """Many runs, started one after the other: read how they get on, wait, stop, resume, cancel.

    `start_many` makes it. Its briefs start in the background, even if you keep no variable. Its runs are checked as
    long as a handle or board of them exists. Reading a property sends nothing and never blocks.

    `len(batch)` is the number of briefs. Iterating gives the runs started so far, so `zip(briefs, batch)` pairs wrongly
    while a brief has no run: use `by_name` to see which run belongs to which brief. Frames accept a batch
    like a list of runs: `ow.runs_frame(batch)`. A rerun of the cell returns another handle, equal to this one.
    """

    def __init__(self, queue: JobQueue) -> None:
        given: object = queue
        if not isinstance(given, JobQueue):
            raise InvalidInput(
                "RunBatch() can't be called directly",
                cause=f"Got {described(given)}.",
                remedy='Start many runs with ow.start_many(["…", "…"]); show existing runs with ow.RunBoard([run, '
                "other]).",
            )
        self._queue = queue

    @property
    def error(self) -> OrigamiError | None:
        """Why the batch has halted, until it is resumed or stopped; None if nothing halts it."""
        return self._queue.error

    @property
    def name(self) -> str | None:
        """The name from `once=`; None without one."""
        return self._queue.name or None

    @property
    def status(self) -> BatchStatus:
        """What goes on: `running`, `halted`, `filling` or `ended`.

        `running` while briefs wait for their turn or agents work; `halted` while an error keeps briefs from starting (see
        `error`), although started runs go on; `filling` while only cells are running; `ended` when nothing goes on.
        """
        if self.error is not None:
            return "halted"
        if self._queue.goes_on or not all(run.done for run in self.runs):
            return "running"
        return "ended" if all(run.settled for run in self.runs) else "filling"

    @property
    def credits(self) -> RunCredits:
        """The credits that its runs have used so far, with how they were measured. Sends nothing.

        As `Run.credits`, but a table on which several of the runs work counts once. Without balances.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False).wait("cells")
            >>> batch.credits.used == sum(run.credits.used for run in batch)
            True
        """
        return credits_of_runs([run.state for run in self.runs])

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs started so far, in the order of the briefs."""
        return tuple(brief.run for brief in briefs_of(self) if brief.run is not None)

    @property
    def by_name(self) -> dict[str, Run]:
        """The runs started so far, by the agent name that you gave, else by brief.

        Of equal briefs without a name, only the last one is here; `runs` has all of them.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
            >>> batch = ow.start_many(cities, client=client, show=False).wait()
            >>> batch.by_name["Faro"].status
            'completed'
        """
        return {brief.name or brief.prompt: brief.run for brief in briefs_of(self) if brief.run is not None}

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until every brief has started and every run has ended, or until no cell of their tables is running.

        Ctrl-C (or Stop) only stops waiting; the batch goes on. Sends nothing and costs nothing.

        Args:
            until: `"run"` waits until all agents have ended, `"cells"` until no cell is running either.
            timeout: the maximum number of seconds to wait; None for no limit.

        Returns:
            The batch itself. A failed run raises nothing: see `run.status`. Briefs that `stop` kept from starting are
            not waited for.

        Raises:
            InvalidInput: `until` or `timeout` is not valid.
            WaitTimedOut: the batch did not end within `timeout` seconds; it goes on.
            OrigamiError: a brief could not be started, which halts the batch while its runs go on: fix the cause and
                call `resume()`, or call `stop()` and wait for the rest. Or a run can no longer be checked.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
            >>> [run.status for run in batch.wait()]
            ['completed', 'completed']
        """
        try:
            block(self._end(until), timeout)
        except OrigamiError:
            # What a program that runs the notebook saves is the board as it is now, not as it began.
            display_backend().waited(self)
            raise
        except KeyboardInterrupt:
            print(  # noqa: T201 - said where the caller stands
                "Stopped waiting; the batch keeps running. batch.wait() waits again, batch.stop() starts no more "
                "runs, batch.cancel() ends its runs."
            )
            raise
        display_backend().waited(self)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until all runs have ended, without blocking the event loop; like `wait()`."""
        return self._wait("run").__await__()

    async def settle(self) -> Self:
        """Wait until no cell is running, without blocking the event loop; like `wait("cells")`."""
        return await self._wait("cells")

    async def _wait(self, until: Until) -> Self:
        try:
            await wait(self._end(until))
        finally:
            display_backend().waited(self)
        return self

    def stop(self) -> Self:
        """Start no more runs; active ones go on. Sends nothing. `resume()` undoes it.

        A brief that is being started at this moment may still get a run.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> batch = ow.start_many([f"Bakeries in {city}" for city in ("Faro", "Évora")], at_once=1, client=client)
            >>> len(batch.stop().wait().runs) <= 2
            True
        """
        # Set here already, so that nothing starts before the background loop handles the call.
        self._queue.is_stopped = True
        background().call(self._queue.stop)
        return self

    def resume(self) -> Self:
        """Start the briefs that have no run yet, after an error has halted the batch or you have called `stop`.

        Sends one POST for each of those briefs, as `start_many` does. If the answer to a request was lost, it first
        looks for that request's run, and repeats the request only if there is none.

        Raises:
            InvalidInput: this process is a fork of the one that starts the batch; nothing was sent.
            CreditLimitReached: the runs have used more than `credit_limit=` allows; nothing was sent. Call `start_many`
                again with a higher limit, in the same cell or under the same name.
        """
        if self._queue.is_inherited:
            raise InvalidInput(
                "This batch belongs to another process",
                cause="This process was forked from the one that starts its runs. Starting them here, too, would "
                "cost twice.",
                remedy="Resume it in that process, or start new runs here with start_many().",
            )
        background().call(self._queue.resume)
        if self._queue.is_over_limit and self.error is not None:
            raise self.error.with_traceback(None)
        return self

    @bridged
    async def cancel(self) -> RunBatch:
        """Start no more runs, cancel all active ones and stop their cells. Tables and leads are kept, as are used credits.

        Cells of runs that have ended are stopped, too; see `Run.cancel` for which cells these are. Focus tables that
        runs of the batch share count as its own. Sends what `Run.cancel` sends for each run, all runs at the same time,
        and GETs that look for runs that were, or may have been, started earlier. The requests are repeated until they
        reach the server, even after an interrupt.

        Raises:
            CancelPending: the server has not received all cancel requests yet; they are still being repeated.
            AmbiguousStart: a brief may have started a run that was not found and may go on; the board shows which one.
                `cancel()` looks for it again.
            OrigamiError: the server refused to cancel a run, or the runs of `once` could not be looked up; that run
                goes on.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=10).client()
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
            >>> {run.status for run in batch.cancel().wait()} <= {"cancelled"}
            True
        """
        try:
            await OnLoop(self._queue.cancel())
        except KeyboardInterrupt:
            print("Stopped waiting; we're still asking Origami to cancel: batch.wait() waits for the end.")  # noqa: T201
            raise
        return self

    cancel_async = cancel.aio

    def on_change(self, callback: Callable[[RunBatch], object]) -> Callable[[], None]:
        """Call a function with this batch after each change of a brief or run, as long as the batch is active or in use.

        Args:
            callback: called in the same way as in `Run.on_change`.

        Returns:
            A function that ends the subscription.

        Raises:
            InvalidInput: the callback is not callable.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many(["Bakeries in Porto"], client=client, show=False)
            >>> seen = []
            >>> stop = batch.on_change(lambda batch: seen.append(batch.status))
            >>> _ = batch.wait()
            >>> stop()
        """
        if not callable(callback):
            raise InvalidInput(
                "Invalid callback",
                cause=f"Got {described(callback)}.",
                remedy="Pass a function that takes the batch: batch.on_change(lambda batch: print(batch)).",
            )
        # Weak, because the queue holds the subscription, and a cycle would keep both alive.
        queue = weakref.ref(self._queue)

        @functools.wraps(callback)
        def notify() -> None:
            if (known := queue()) is not None:
                callback(RunBatch(known))

        return self._queue.subscribers.add(notify, of_user=True)

    def __len__(self) -> int:
        return len(self._queue.jobs)

    def __getitem__(self, name: str) -> Run:
        """Return the run of a brief, by the agent name that you gave, else by the brief.

        Raises:
            InvalidInput: there is no such brief, or it has no run yet.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many({"Porto": "List bakeries in Porto"}, client=client, show=False).wait()
            >>> batch["Porto"].status
            'completed'
        """
        given: object = name
        found = self.by_name
        if isinstance(given, str) and given in found:
            return found[given]
        known = ", ".join(map(shortened, list(found)[:5])) or "none"
        raise InvalidInput(
            f"No run of {shortened(name)}",
            cause=f"The batch has no such brief, or it has no run yet. Some that have one: {known}.",
            remedy='Use the name or the brief that you gave to start_many: batch["Porto"]. By position: batch.runs[0].',
        )

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunBatch) and other._queue.jobs == self._queue.jobs

    def __hash__(self) -> int:
        return hash(self._queue.jobs)

    def __repr__(self) -> str:
        counts = Counter("done" if brief.run and brief.run.done else brief.state for brief in briefs_of(self))
        words = {"started": "running", "queued": "waiting for a run slot"}
        order = ("done", "started", "starting", "queued", "waiting", "failed", "stopped")
        states = ", ".join(f"{counts[state]} {words.get(state, state)}" for state in order if counts[state])
        halted = f"; halted: {self.error.title}" if self.error is not None else ""
        return one_line(f"<RunBatch of {plural(len(self), 'brief')}: {states}{halted}>")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A RunBatch can't be pickled: it starts runs in this process. Keep [run.token for run in batch] and use "
            "ow.attach(), or start_many(..., once='a-name')."
        )

    def _end(self, until: Until) -> Awaited:
        check_wait(until)

        def is_over() -> bool:
            if self.error is not None:
                if any(stops_for(run.state) for run in self.runs):
                    # A program that ended now would leave cells that begin a moment later to be paid.
                    return False
                # Every waiting caller raises this same object: without the reset, it would collect all their frames.
                raise self.error.with_traceback(None)
            ends = [reached(run.state, until) for run in self.runs]
            return all(ends) and not self._queue.goes_on

        def timed_out(seconds: float | None) -> WaitTimedOut:
            return WaitTimedOut(
                f"The batch didn't end within {seconds:g} s",
                cause=f"{sum(run.done for run in self.runs)} of its {len(self)} runs are done. It keeps running.",
                remedy="Wait again with batch.wait(), or end it with batch.cancel().",
            )

        return Awaited(
            reached=is_over,
            keep=self._queue.keep,
            subscribe=self._queue.subscribers.add,
            timed_out=timed_out,
        )

    def leads(
        self,
        *,
        filters: Sequence[Mapping[str, object]] | None = None,
        sort: Mapping[str, str] | None = None,
        leave_out: object = None,
        include_hidden: bool = False,
        save: bool = False,
    ) -> Any:
        """Show the leads of all runs in one live grid, as `ow.leads(batch)` does: a tab for each table, with its run's name.

        Runs that start later join it.

        Args:
            filters: as in `ow.leads`.
            sort: as in `ow.leads`.
            leave_out: as in `ow.leads`.
            include_hidden: as in `ow.leads`.
            save: as in `ow.leads`.

        Returns:
            A `LeadGrid`.

        Raises:
            InvalidInput: an argument is invalid.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many({"Porto": "List bakeries in Porto"}, client=client, show=False).wait()
            >>> grid = batch.leads()
        """
        return top().leads(
            self, filters=filters, sort=sort, leave_out=leave_out, include_hidden=include_hidden, save=save
        )

    def to_html(self) -> str:
        """Return the snapshot of the board as HTML, as a saved notebook shows it. It has no script and sends no request."""
        return display_backend().html(self)

    def _ipython_display_(self) -> None:
        display_backend().display(self)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return display_backend().mimebundle(self)


def queue_of(batch: RunBatch) -> JobQueue:
    """Return the queue of a batch's start jobs, which all handles on the batch share."""
    return batch._queue  # noqa: SLF001 - of the class above


def briefs_of(batch: RunBatch) -> tuple[BriefState, ...]:
    """Return the state of each brief of a batch."""
    queue, found = queue_of(batch), list[BriefState]()
    for position, job in enumerate(queue.jobs):
        status, spec = queue.status_of(job), job.spec
        run, error = (job.handle, job.unrecorded) if status == "started" else (None, job.error)
        known = error if isinstance(error, OrigamiError) else None
        found.append(BriefState(position, spec.prompt, spec.name, status, run, known, job.queue))
    return tuple(found)
