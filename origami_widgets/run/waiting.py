"""Wait for a run or batch: `block` for scripts and cells, `wait` for event loops. Waiting does not affect the run.

`Handle` is what handles on a run and on a batch have in common.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, NoReturn, Self

from origami_widgets.api import validate
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput, NotFound, OrigamiError
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.conversation import make_token
from origami_widgets.run.own_cells import columns_not_begun
from origami_widgets.run.polling.schedule import QUIET_LOOKS
from origami_widgets.run.settings import display_backend, top
from origami_widgets.run.starts.credit_limit import stops_for
from origami_widgets.words.foreign_text import described

if TYPE_CHECKING:
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.state import RunState

Until = Literal["run", "cells"]

LONGEST_WAIT = 1e9
"""Longest timeout in seconds; a larger one is a mistake."""
SLICE = 0.5
"""Longest single wait in seconds, so that an interrupt is noticed on every host and platform."""


class WaitTimedOut(OrigamiError, TimeoutError):
    """The run did not end within the `timeout` of a wait. It continues on the server."""


class WatchStopped(OrigamiError):
    """The run is no longer checked, although it may continue on the server."""


def reached(state: RunState, until: Until, *, looks: int = QUIET_LOOKS) -> bool:
    """Return whether a wait is over.

    Args:
        state: the run's state.
        until: what it waits for.
        looks: how many looks have to find that no column begins which has never run.

    Raises:
        OrigamiError: the wait could never end, because checks of the run have stopped.
    """
    if state.sending:
        # An answer or follow-up that is being sent is the newest turn.
        return False
    if state.done and (until == "run" or _is_filled(state, looks)):
        return True
    if state.connection.state == "stopped":
        if state.connection.error is not None:
            # Every waiting caller raises this same object: without the reset, it would collect all their frames.
            raise state.connection.error.with_traceback(None)
        raise WatchStopped(
            "The run is no longer watched",
            cause="It was watched for 75 minutes, longer than a run can take.",
            remedy=f'Check again with run.refresh(), or ow.attach("{make_token(state.agent_id, state.run_id)}").',
        )
    # The stop of a reached limit goes on after the last check.
    return state.connection.state == "ended" and not stops_for(state)


def _is_filled(state: RunState, looks: int) -> bool:
    """Return whether no cell is active, nor expected: one moment without an active cell is no end."""
    return state.settled and not stops_for(state) and (state.looks >= looks or not columns_not_begun(state))


class Awaited(NamedTuple):
    """Condition to wait for.

    Attributes:
        reached: returns whether the condition is met; raises if it can never be.
        core: the conversation, or the queue of the batch: it sees that changes are noticed, and has subscribers.
        timed_out: makes the error for a timeout of the given seconds.
        turn: returns the newest turn, with which the timeout begins anew.
    """

    reached: Callable[[], bool]
    core: Any
    timed_out: Callable[[float | None], WaitTimedOut]
    turn: Callable[[], object] = lambda: None


def end_of_run(conversation: Conversation, until: Until, *, looks: int = QUIET_LOOKS) -> Awaited:
    """Return the condition that the newest turn of a conversation has ended, or that the cells of all have settled.

    Args:
        conversation: the conversation.
        until: what to wait for.
        looks: as in `reached`.

    Raises:
        InvalidInput: `until` is neither "run" nor "cells".
    """
    check_wait(until)
    return Awaited(
        reached=lambda: reached(conversation.state, until, looks=looks),
        core=conversation,
        timed_out=lambda seconds: WaitTimedOut(
            f"The run didn't end within {seconds:g} s",
            cause=describe_last_answer(conversation.state),
            remedy="Wait again with run.wait(), or end it with run.cancel().",
        ),
        turn=lambda: conversation.current,
    )


def block(awaited: Awaited, timeout: float | None) -> None:
    """Block until a condition is met.

    Raises:
        InvalidInput: `timeout` is not a number of seconds.
        WaitTimedOut: `timeout` seconds passed first, since the newest turn began.
        OrigamiError: the condition can never be met.
    """
    check_timeout(timeout)
    ends = None if timeout is None else time.monotonic() + timeout
    if not awaited.reached():
        # This also refuses to wait on the background loop's own thread, which notices the changes.
        background().run(_until_reached(awaited, timeout))
    background().wait_for_callbacks(None if ends is None else max(0.0, ends - time.monotonic()))


async def wait(awaited: Awaited) -> None:
    """Wait until a condition is met. Cancelling the wait does not affect the run.

    Raises:
        OrigamiError: the condition can never be met.
    """
    await _until_reached(awaited)
    await background().callbacks_returned()


async def _until_reached(awaited: Awaited, seconds: float | None = None) -> None:
    if awaited.reached():
        return

    async def begin() -> None:
        awaited.core.keep()

    await background().bridge(begin())
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    stop = awaited.core.subscribers.add(lambda: loop.call_soon_threadsafe(changed.set))
    turn, since = awaited.turn(), time.monotonic()
    try:
        while not awaited.reached():
            if awaited.turn() is not turn:
                turn, since = awaited.turn(), time.monotonic()
            left = SLICE if seconds is None else since + seconds - time.monotonic()
            if left <= 0:
                raise awaited.timed_out(seconds)
            # Wait in slices here, too: a kernel notices an interrupt only when its loop wakes up, and nothing else may
            # wake it.
            with contextlib.suppress(TimeoutError):
                async with time_limit(min(SLICE, left)):
                    await changed.wait()
            changed.clear()
    finally:
        stop()


def check_wait(until: object) -> None:
    """Check the argument `until`.

    Raises:
        InvalidInput: it is neither "run" nor "cells".
    """
    if str(until) not in ("run", "cells"):
        raise InvalidInput(
            f"Can't wait until {validate.shortened(until)}",
            cause="A run ends when its agent is done. Its cells may fill in later.",
            remedy='Use until="run" or until="cells". For seconds, use timeout=60.',
        )


def check_timeout(timeout: object) -> None:
    """Check the argument `timeout`.

    Raises:
        InvalidInput: it is neither a number of seconds nor None.
    """
    if timeout is not None:
        remedy = "Use seconds from 0, for example timeout=600, or leave out timeout= to wait until the end."
        validate.seconds(timeout, LONGEST_WAIT, remedy, may_be_zero=True)


def describe_last_answer(state: RunState) -> str:
    """Return the server's last word on a run that has not ended in time, in whole sentences."""
    error = state.connection.error
    if isinstance(error, NotFound):
        return f"{error.title}: {error.cause}"
    return f"Its status is still {state.status!r}. It keeps running on the server."


class Handle:
    """What handles on a run and on a batch have in common: they are waited for, subscribed to and shown."""

    # What all handles on the same thing share: the conversation, or the queue of the batch.
    _core: Any
    _INTERRUPTED: ClassVar[str]
    _PICKLED: ClassVar[str]

    def _end(self, until: Until) -> Awaited:
        """Return the condition to wait for."""
        raise NotImplementedError

    @classmethod
    def _of(cls, core: Any) -> Self:
        """Return another handle on the same thing."""
        raise NotImplementedError

    def wait(self, until: Until = "run", timeout: float | None = None) -> Self:
        """Block until the agent has ended, or until no cell of its tables is running. Sends nothing and costs nothing.

        For a batch: until each brief has started and all agents have ended. Ctrl-C (or Stop) only stops waiting; what you
        wait for goes on.

        Args:
            until: `"run"` waits until the agent has ended, `"cells"` until no cell is running either.
            timeout: the maximum number of seconds to wait; None for no limit.

        Returns:
            The run or batch itself. A failed run raises nothing: see its `status`. Briefs that `stop` kept from starting
            are not waited for.

        Raises:
            InvalidInput: `until` or `timeout` is not valid.
            WaitTimedOut: it did not end within `timeout` seconds; it goes on.
            OrigamiError: a run can no longer be checked, for example because the key was revoked. Or a brief could not be
                started, which halts the batch while its runs go on: fix the cause and call `resume()`, or call `stop()`
                and wait for the rest.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> ow.start("Find bakeries in Porto", client=client, show=False).wait().status
            'completed'
            >>> batch = ow.start_many(["Bakeries in Porto", "Bakeries in Faro"], client=client, show=False)
            >>> [run.status for run in batch.wait()]
            ['completed', 'completed']
        """
        try:
            block(self._end(until), timeout)
        except KeyboardInterrupt:
            print(self._INTERRUPTED)  # noqa: T201 - said where the caller stands
            raise
        finally:
            # What a program that runs the notebook saves is the state of now, also after an error.
            display_backend().waited(self)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until the agent has ended, without blocking the event loop; like `wait()`."""
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

    def on_change(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call a function with this run or batch after each change, as long as it is active or in use. Sends nothing.

        Args:
            callback: called on a background thread, one callback at a time. It may block, and may call `cancel` or
                `wait`. A slow callback delays other callbacks, but no check, cancel or start; it is called once, with
                the newest state, for all changes that it missed. `wait()` and `await run` give callbacks up to half a
                second to return. A callback that raises is not called again.

        Returns:
            A function that ends the subscription.

        Raises:
            InvalidInput: the callback is not callable.

        Example:
            >>> import origami_widgets as ow
            >>> client = ow.Sandbox(speed=600).client()
            >>> run = ow.start("Find bakeries in Porto", client=client, show=False)
            >>> statuses = []
            >>> stop = run.on_change(lambda run: statuses.append(run.status))
            >>> _ = run.wait("cells")
            >>> stop()
        """
        if not callable(callback):
            raise InvalidInput(
                "Invalid callback",
                cause=f"Got {described(callback)}.",
                remedy="Pass a function that takes the run or batch: run.on_change(lambda run: print(run.status)).",
            )
        # Weak, because it holds the subscription, and a cycle would keep both alive.
        core, handle_of = weakref.ref(self._core), self._of

        @functools.wraps(callback)
        def notify() -> None:
            if (known := core()) is not None:
                callback(handle_of(known))

        stop: Callable[[], None] = self._core.subscribers.add(notify, of_user=True)
        return stop

    def leads(
        self,
        *,
        filters: Sequence[Mapping[str, object]] | None = None,
        sort: Mapping[str, str] | None = None,
        columns: Sequence[str] | None = None,
        leave_out: object = None,
        include_hidden: bool = False,
        save: bool = False,
    ) -> Any:
        """Show the leads in one live grid, as `ow.leads` does: a tab for each table. Runs of a batch that start later join it.

        Args:
            filters: `[{"column": slug, "operator": …, "value": …}]`, in addition to the table's saved filters,
                which come from the brief and apply once the run's cells are final; None for no others.
            sort: `{"column": slug, "direction": "asc" or "desc"}`; None for the saved order.
            columns: the columns to show at first, as in `ow.leads`; None for all but the website.
            leave_out: customers, opt-outs or earlier leads, as in `leads_frame`. The grid counts them, and doesn't show them;
                a button shows them, marked. Frames, files and ticked leads are without them.
            include_hidden: begin with the hidden leads shown, marked; a button of the grid shows and hides them.
            save: keep the first 20 leads of each table in the saved notebook, of more than two tables 40 in all; False saves
                none.

        Returns:
            A `LeadGrid`.

        Raises:
            InvalidInput: an argument is invalid.

        Example:
            >>> import origami_widgets as ow
            >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False).wait()
            >>> grid = run.leads()
        """
        return top().leads(
            self,
            filters=filters,
            sort=sort,
            columns=columns,
            leave_out=leave_out,
            include_hidden=include_hidden,
            save=save,
        )

    def to_html(self) -> str:
        """Return the snapshot of the card or board as HTML, as a saved notebook shows it: no script, and no request."""
        return str(display_backend().html(self))

    def _ipython_display_(self) -> None:
        display_backend().display(self)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = display_backend().mimebundle(self)
        return data, metadata

    def __reduce__(self) -> NoReturn:
        raise TypeError(self._PICKLED)
