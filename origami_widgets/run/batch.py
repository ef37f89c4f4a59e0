"""`RunBatch`: the handle on the runs of one `start_many` call; and the check of its briefs, with their names in the start store."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background
from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.validate import shortened
from origami_widgets.run.credits import RunCredits, credits_of_runs
from origami_widgets.run.starts.credit_limit import stops_for
from origami_widgets.run.starts.queue import BriefStatus, JobQueue
from origami_widgets.run.starts.record import StartSpec
from origami_widgets.run.waiting import Awaited, Handle, Until, WaitTimedOut, check_wait, reached
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


class RunBatch(Handle):
    """Many runs, started one after the other: read how they get on, wait, stop, resume, cancel.

    `start_many` makes it. Its briefs start in the background, even if you keep no variable. Its runs are checked as
    long as a handle or board of them exists. Reading a property sends nothing and never blocks.

    `len(batch)` is the number of briefs. Iterating gives the runs started so far, so `zip(briefs, batch)` pairs wrongly
    while a brief has no run: use `by_name` to see which run belongs to which brief. Frames accept a batch
    like a list of runs: `ow.runs_frame(batch)`. A rerun of the cell returns another handle, equal to this one.
    """

    _core: JobQueue
    _INTERRUPTED = (
        "Stopped waiting; the batch keeps running. batch.wait() waits again, batch.stop() starts no more runs, "
        "batch.cancel() ends its runs."
    )
    _PICKLED = (
        "A RunBatch can't be pickled: it starts runs in this process. Keep [run.token for run in batch] and use "
        "ow.attach(), or start_many(..., once='a-name')."
    )

    def __init__(self, queue: JobQueue) -> None:
        given: object = queue
        if not isinstance(given, JobQueue):
            raise InvalidInput(
                "RunBatch() can't be called directly",
                cause=f"Got {described(given)}.",
                remedy='Start many runs with ow.start_many(["…", "…"]); show existing runs with ow.RunBoard([run, '
                "other]).",
            )
        self._core = queue

    @property
    def error(self) -> OrigamiError | None:
        """Why the batch has halted, until it is resumed or stopped; None if nothing halts it."""
        return self._core.error

    @property
    def name(self) -> str | None:
        """The name from `once=`; None without one."""
        return self._core.name or None

    @property
    def status(self) -> BatchStatus:
        """What goes on: `running`, `halted`, `filling` or `ended`.

        `running` while briefs wait for their turn or agents work; `halted` while an error keeps briefs from starting (see
        `error`), although started runs go on; `filling` while only cells are running; `ended` when nothing goes on.
        """
        if self.error is not None:
            return "halted"
        if self._core.goes_on or not all(run.done for run in self.runs):
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
        self._core.is_stopped = True
        background().call(self._core.stop)
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
        if self._core.is_inherited:
            raise InvalidInput(
                "This batch belongs to another process",
                cause="This process was forked from the one that starts its runs. Starting them here, too, would "
                "cost twice.",
                remedy="Resume it in that process, or start new runs here with start_many().",
            )
        background().call(self._core.resume)
        if self._core.is_over_limit and self.error is not None:
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
            await OnLoop(self._core.cancel())
        except KeyboardInterrupt:
            print("Stopped waiting; we're still asking Origami to cancel: batch.wait() waits for the end.")  # noqa: T201
            raise
        return self

    cancel_async = cancel.aio

    def __len__(self) -> int:
        return len(self._core.jobs)

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
        found = self.by_name
        if name in [*found]:
            return found[name]
        known = ", ".join(map(shortened, list(found)[:5])) or "none"
        raise InvalidInput(
            f"No run of {shortened(name)}",
            cause=f"The batch has no such brief, or it has no run yet. Some that have one: {known}.",
            remedy='Use the name or the brief that you gave to start_many: batch["Porto"]. By position: batch.runs[0].',
        )

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunBatch) and other._core.jobs == self._core.jobs

    def __hash__(self) -> int:
        return hash(self._core.jobs)

    def __repr__(self) -> str:
        counts = Counter("done" if brief.run and brief.run.done else brief.state for brief in briefs_of(self))
        words = {"started": "running", "queued": "waiting for a run slot"}
        order = ("done", "started", "starting", "queued", "waiting", "failed", "stopped")
        states = ", ".join(f"{counts[state]} {words.get(state, state)}" for state in order if counts[state])
        halted = f"; halted: {self.error.title}" if self.error is not None else ""
        return one_line(f"<RunBatch of {plural(len(self), 'brief')}: {states}{halted}>")

    @classmethod
    def _of(cls, core: JobQueue) -> Self:
        return cls(core)

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
            return all(ends) and not self._core.goes_on

        def timed_out(seconds: float | None) -> WaitTimedOut:
            return WaitTimedOut(
                f"The batch didn't end within {seconds:g} s",
                cause=f"{sum(run.done for run in self.runs)} of its {len(self)} runs are done. It keeps running.",
                remedy="Wait again with batch.wait(), or end it with batch.cancel().",
            )

        return Awaited(
            reached=is_over,
            core=self._core,
            timed_out=timed_out,
        )


def queue_of(batch: RunBatch) -> JobQueue:
    """Return the queue of a batch's start jobs, which all handles on the batch share."""
    return batch._core  # noqa: SLF001 - of the class above


def briefs_of(batch: RunBatch) -> tuple[BriefState, ...]:
    """Return the state of each brief of a batch."""
    queue, found = queue_of(batch), list[BriefState]()
    for position, job in enumerate(queue.jobs):
        status, spec = queue.status_of(job), job.spec
        run, error = (job.handle, job.unrecorded) if status == "started" else (None, job.error)
        known = error if isinstance(error, OrigamiError) else None
        found.append(BriefState(position, spec.prompt, spec.name, status, run, known, job.queue))
    return tuple(found)


USUAL_AT_ONCE = 10
"""Runs of a batch that may be active at a time, unless the user says otherwise."""
MOST_BRIEFS = 1_000
"""Briefs in one call, at most: more are probably a mistake, and each one costs credits."""
EXPECTED = "Pass a list of briefs, start_many(['…', '…']), or a dict of agent names and briefs."


def read_briefs(prompts: object, model: str | None, focus_tables: Iterable[Any]) -> tuple[StartSpec, ...]:
    """Check all briefs and return their start specs, so that nothing is sent if one of them is not valid.

    Args:
        prompts: a list of briefs, or a mapping of agent names to briefs.
        model: the model of all runs.
        focus_tables: tables that all runs work on, or their ids.

    Raises:
        InvalidInput: a brief is not valid, or there is none.

    >>> [brief.name for brief in read_briefs({"Porto": "List bakeries in Porto"}, None, ())]
    ['Porto']
    """
    given = _pairs(prompts)
    model, tables = validate.model(model), validate.tables(focus_tables)
    briefs = []
    for position, name, prompt in given:
        try:
            briefs.append(StartSpec(validate.prompt(prompt), name=name, model=model, focus_tables=tables))
        except InvalidInput as error:
            error.cause = f"{position}: {error.cause} Nothing was sent."
            raise
    return tuple(briefs)


def names_of(once: str, briefs: Sequence[StartSpec]) -> tuple[str, ...]:
    """Return the start-store name of each brief in a batch. The names do not depend on the briefs' positions in the list.

    The second of two equal briefs gets a different name.

    Args:
        once: the name of the batch; empty without one, as all names are then.
        briefs: the briefs.

    >>> first, other, second = names_of("bakeries", [StartSpec("Porto"), StartSpec("Faro"), StartSpec("Porto")])
    >>> second.removeprefix(first)
    ', 2'
    """
    if not once:
        return ("",) * len(briefs)
    counts: dict[str, int] = {}
    names = []
    for brief in briefs:
        name = f"{once}, {brief.fingerprint(once)[:16]}"
        counts[name] = counts.get(name, 0) + 1
        names.append(name if counts[name] == 1 else f"{name}, {counts[name]}")
    return tuple(names)


def valid_at_once(value: object) -> int:
    """Check the argument `at_once` and return it; `USUAL_AT_ONCE` for None.

    Raises:
        InvalidInput: it is neither None nor a whole number of at least 1.
    """
    remedy = f"Use a whole number from 1, or leave out at_once= for {USUAL_AT_ONCE}."
    given = USUAL_AT_ONCE if value is None else value
    return int(validate.number(given, "at_once must be a number of runs", remedy, sys.maxsize, is_whole=True))


def _pairs(prompts: object) -> list[tuple[str, str | None, object]]:
    """Return each brief with its key or position in `prompts` and its agent's name."""
    if isinstance(prompts, str | bytes):
        raise InvalidInput(
            "Expected a list of briefs, got one brief",
            cause="start_many starts one run for each brief in a list.",
            remedy="Use ow.start('…') for one brief, or put it in a list: start_many(['…']).",
        )
    is_frame = hasattr(prompts, "columns") and hasattr(prompts, "shape")
    pairs: list[tuple[str, str | None, object]] = []
    if isinstance(prompts, Mapping):
        pairs = [(f"prompts[{validate.shortened(name)}]", name, prompt) for name, prompt in prompts.items()]
    elif validate.is_iterable(prompts) and not is_frame:
        listed = itertools.islice(prompts, MOST_BRIEFS + 1)
        pairs = [(f"prompts[{position}]", None, prompt) for position, prompt in enumerate(listed)]
    elif not is_frame:
        raise InvalidInput("Invalid briefs", cause=f"Got {type(prompts).__name__}.", remedy=EXPECTED)
    if is_frame or validate.is_list_of_rows([prompt for _, _, prompt in pairs]):
        raise InvalidInput(
            "Expected a list of briefs, got rows",
            remedy=f"{validate.OWN_LIST} To start one run for each brief in a column: start_many(frame['brief']).",
        )
    if not pairs:
        raise InvalidInput("No briefs", cause="prompts is empty.", remedy=EXPECTED)
    if len(pairs) > MOST_BRIEFS:
        raise InvalidInput(
            "Too many briefs",
            cause=f"A batch can have at most {MOST_BRIEFS:,}.",
            remedy="Split them into several batches.",
        )
    return pairs
