"""`RunBatch`: the handle on many runs that were asked for at once."""

from __future__ import annotations

import functools
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn, Self

from origami_widgets.api.errors import InvalidInput, OrigamiError, printable
from origami_widgets.api.loop import background
from origami_widgets.run.batches import waiting
from origami_widgets.run.batches.course import Course
from origami_widgets.run.display_backend import display_backend
from origami_widgets.run.saved import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.batches.briefs import BriefState
    from origami_widgets.run.handle import Run
    from origami_widgets.run.waiting import Until


class RunBatch:
    """Many runs of agents, started one after the other: what has become of each brief, and what can be done with them.

    Made by `start_many`. Its briefs go on being started in the background, also when nobody holds it; its runs are
    watched as long as a handle or a board of it exists. Reading a property sends nothing and never blocks.

    `len(batch)` is the number of its briefs; going through it gives the runs that were started so far. While a brief has
    no run, `zip(briefs, batch)` therefore pairs the wrong ones: `by_name` and `briefs` tell which run belongs to which.
    Every frame takes it in the place of a list of runs: `ow.runs_frame(batch)`.
    """

    def __init__(self, course: Course) -> None:
        given: object = course
        if not isinstance(given, Course):
            raise InvalidInput(
                "A RunBatch is not made by hand",
                cause=f"RunBatch() was given {describe(given)}.",
                remedy='Start many runs with ow.start_many(["…", "…"]); show runs that exist with ow.RunBoard([run, other]).',
            )
        self._course = course

    @property
    def briefs(self) -> tuple[BriefState, ...]:
        """Each brief and what has become of it: `position`, `prompt`, `name`, `state`, `run`, `error`, `queue`."""
        return self._course.briefs

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that were started so far, in the order of the briefs."""
        return self._course.runs

    @property
    def by_name(self) -> dict[str, Run]:
        """The runs that were started so far, by the name that was given to their agent, else by their brief.

        Of equal briefs without a name it has the last one; `briefs` has them all.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> cities = {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}
            >>> batch = ow.start_many(cities, client=client, show=False).wait()
            >>> batch.by_name["Faro"].status
            'completed'
        """
        return {brief.name or brief.prompt: brief.run for brief in self.briefs if brief.run is not None}

    @property
    def waiting(self) -> int:
        """How many briefs have no run yet and may still get one."""
        return sum(1 for brief in self.briefs if brief.run is None and brief.state != "stopped")

    @property
    def error(self) -> OrigamiError | None:
        """Why no more is started, until `resume` or `stop`; None when nothing halts it. Runs have errors of their own."""
        return self._course.error

    @property
    def done(self) -> bool:
        """Whether nothing more is started by itself and each run has come to an end, whatever end."""
        return not self._course.goes_on and all(run.done for run in self.runs)

    @property
    def settled(self) -> bool:
        """Whether it is done and no cell of its tables is running any more."""
        return self.done and all(run.settled for run in self.runs)

    @property
    def at_once(self) -> int | None:
        """How many of its runs may be active at a time; None until the plan's run slots are read."""
        return self._course.at_once

    @property
    def operations(self) -> Operations:
        """The API through which it is started."""
        return self._course.operations

    @property
    def origin(self) -> str:
        """Empty for the real API, `sandbox`, or the host that answers."""
        return self._course.operations.origin

    @property
    def course(self) -> Course:
        """What all handles and boards of it share."""
        return self._course

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until each brief was started and each run is done, or until the cells of their tables have settled.

        Interrupting it (Ctrl-C, Stop) only stops waiting. It sends nothing of its own and costs nothing.

        Args:
            until: `"run"` for the end of the agents, `"cells"` for the moment when no cell is running any more.
            timeout: seconds to wait at most; None waits as long as the runs are watched.

        Returns:
            The batch itself. Look at `run.status`: a run that failed is not an exception. What `stop` has kept from being
            started is not waited for.

        Raises:
            InvalidInput: `until` or `timeout` is something else.
            WaitTimedOut: `timeout` seconds passed first; the batch goes on.
            OrigamiError: a brief could not be started, which halts the batch while its runs go on: put it right and
                `resume()`, or `stop()` and wait for the rest. Or a run cannot be watched any more.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
            >>> [run.status for run in batch.wait()]
            ['completed', 'completed']
        """
        try:
            waiting.block(self._course, until, timeout)
        except KeyboardInterrupt:
            print(  # noqa: T201 - said where the caller stands
                "Stopped waiting; the batch goes on. batch.wait() waits again, batch.stop() starts no more, "
                "batch.cancel() ends its runs."
            )
            raise
        display_backend().waited(self)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait for the end of all its runs without blocking the event loop; like `wait()`."""
        return self._wait("run").__await__()

    async def settle(self) -> Self:
        """Wait for all tables to settle without blocking the event loop; like `wait("cells")`."""
        return await self._wait("cells")

    async def _wait(self, until: Until) -> Self:
        await waiting.wait(self._course, until)
        display_backend().waited(self)
        return self

    def stop(self) -> Self:
        """Start no more; what is running goes on. Sends nothing. `resume()` takes it back.

        A brief that is being started at this moment is not cut off, so it may still get its run.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> batch = ow.start_many([f"Bakeries in {city}" for city in ("Faro", "Évora")], at_once=1, client=client)
            >>> batch.stop().waiting <= 1
            True
        """
        self._course.stop()
        return self

    def resume(self) -> Self:
        """Start what was not started, after an error has halted the batch or `stop` has ended it.

        Sends one POST for each of those briefs, as `start_many` does. Where a run may have been started whose answer was
        lost, it is looked for first, and the request is sent again with the same key only where it is not found.

        Raises:
            InvalidInput: this process was forked from the one that starts the batch; nothing was sent.
        """
        self._course.resume()
        return self

    def cancel(self) -> Self:
        """Start no more, and ask the server to cancel all runs of the batch that are active, at the same time.

        One GET and one POST for each, and GETs that look for those that were started before, or may have been; what was
        built is kept, what was spent is spent. Otherwise as `Run.cancel`: while the server cannot be reached it is asked
        again and again, also when this was interrupted.

        Raises:
            CancelPending: it has not got through for all of them yet; it is tried further.
            AmbiguousStart: a run may have been started that could not be found, so it may go on: `brief.error` says of
                which brief. `cancel()` looks again.
            OrigamiError: the server refused for one of them, or what `once` has started before could not be looked up;
                that run goes on.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=60).client()
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
            >>> {run.status for run in batch.cancel().wait()} <= {"cancelled"}
            True
        """
        try:
            background().run(self._course.cancel())
        except KeyboardInterrupt:
            print("Stopped waiting; Origami is still asked to cancel. batch.wait() waits for the end.")  # noqa: T201
            raise
        return self

    async def cancel_async(self) -> Self:
        """Cancel without blocking the event loop; see `cancel`."""
        await background().bridge(self._course.cancel())
        return self

    def on_change(self, callback: Callable[[RunBatch], object]) -> Callable[[], None]:
        """Call back with this batch after each change of a brief or of a run, as long as it goes on or anybody holds it.

        Args:
            callback: called as that of `Run.on_change` is.

        Returns:
            A function that ends the subscription.

        Raises:
            InvalidInput: the callback cannot be called.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> batch = ow.start_many(["Bakeries in Porto"], client=client, show=False)
            >>> told = []
            >>> stop = batch.on_change(lambda batch: told.append(batch.waiting))
            >>> _ = batch.wait()
            >>> stop()
        """
        if not callable(callback):
            raise InvalidInput(
                "This cannot be called back",
                cause=f"on_change was given {describe(callback)}.",
                remedy="Give it a function of one argument, the batch: batch.on_change(lambda batch: print(batch)).",
            )
        # Weak, or the subscription would keep the batch alive, which holds the subscription.
        course = weakref.ref(self._course)

        @functools.wraps(callback)
        def tell() -> None:
            if (known := course()) is not None:
                callback(RunBatch(known))

        return self._course.subscribe(tell, of_user=True)

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back after each change of a brief or of a run, on the background loop's thread; see `on_change`."""
        return self._course.subscribe(callback)

    def __len__(self) -> int:
        return len(self._course.orders)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __repr__(self) -> str:
        counts = Counter("done" if brief.run and brief.run.done else brief.state for brief in self.briefs)
        words = {"started": "running", "queued": "waiting for a run slot"}
        order = ("done", "started", "starting", "queued", "waiting", "failed", "stopped")
        told = ", ".join(f"{counts[state]} {words.get(state, state)}" for state in order if counts[state])
        number = f"{len(self)} brief{'' if len(self) == 1 else 's'}"
        halted = f"; halted: {self.error.title}" if self.error is not None else ""
        return printable(f"<RunBatch of {number}: {told}{halted}>")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunBatch) and other._course is self._course

    def __hash__(self) -> int:
        return hash(self._course)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A RunBatch cannot be pickled: it starts runs in this process. Keep [run.token for run in batch] and use "
            "ow.attach(), or start_many(..., once='a-name')."
        )

    def _ipython_display_(self) -> None:
        display_backend().display(self)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return display_backend().mimebundle(self)
