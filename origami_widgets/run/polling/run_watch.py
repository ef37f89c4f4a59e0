"""`RunWatch`: a watched run with its newest state and schedule. `Subscribers`: callbacks for its changes.

State changes only on the background loop, so it needs no lock. Any thread may read `state` at any time.
"""

from __future__ import annotations

import functools
import logging
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models import AgentSummary, RunObject
from origami_widgets.api.models.table import came_from
from origami_widgets.run.polling.clock import SystemClock
from origami_widgets.run.polling.schedule import DEFAULT_INTERVAL, Quiet
from origami_widgets.run.reduce import reduce
from origami_widgets.run.state import Named, Planned, RowsRead, RunRead, RunState
from origami_widgets.words.foreign_text import clean, described, one_line

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.api.models import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.schedule import Schedule
    from origami_widgets.run.state import Event


OTHER_OBJECTS = ("agent", "table", "column", "row", "list", "account", "credits", "workspace")
log = logging.getLogger("origami_widgets")
log.addHandler(logging.NullHandler())
run_log = logging.getLogger("origami_widgets.run")
"""Logger for scripts: one INFO line for each change of a run's status and each table that it builds."""


class Subscribers:
    """Callbacks, called one after the other on the background loop's thread."""

    def __init__(self) -> None:
        self._callbacks: dict[object, tuple[Callable[[], object], bool]] = {}
        self._others: weakref.WeakSet[Subscribers] = weakref.WeakSet()

    def add(self, callback: Callable[[], object], *, of_user: bool = False) -> Callable[[], None]:
        """Add a callback.

        Args:
            callback: what to call.
            of_user: whether it is a user's function. Those may block, so they are called on the callback thread.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        key = object()
        self._callbacks[key] = (self._beside_the_loop(key, callback) if of_user else callback, of_user)
        return lambda: self._callbacks.pop(key, None) and None

    def _beside_the_loop(self, key: object, callback: Callable[[], object]) -> Callable[[], None]:
        @functools.wraps(callback)
        def call(_: None) -> None:
            # It may have been removed while it waited for its turn.
            if key in self._callbacks:
                self._call(key, callback)

        return lambda: background().notify(call, None)

    def relay_to(self, other: Subscribers) -> None:
        """Notify the subscribers of `other` as well, as long as `other` exists."""
        self._others.add(other)

    def __len__(self) -> int:
        return len(self._callbacks)

    def notify(self, *, users: bool = True) -> None:
        """Call all callbacks, or all except users' callbacks. A callback that raises is not called again.

        No callback can end the watch of a run that costs credits, not even with `sys.exit`. Nothing is printed, because
        text from this thread would land in whichever cell is running.
        """
        for key, (callback, of_user) in tuple(self._callbacks.items()):
            if users or not of_user:
                self._call(key, callback)
        for other in tuple(self._others):
            other.notify(users=users)

    def _call(self, key: object, callback: Callable[[], object]) -> None:
        try:
            callback()
        except BaseException:
            self._callbacks.pop(key, None)
            log.exception("A callback raised and was removed")


runs_ended = Subscribers()
"""Notified each time that a run of this process has ended, and so may have left a run slot free."""


class Limit(Protocol):
    """Credit limit, as far as the plan of the next check depends on it."""

    def note(self, tables: Iterable[Table], now: float) -> None:
        """Note what tables that have just been read have used."""

    def reached_in(self, state: RunState) -> float | None:
        """Return the seconds until it is reached at the present rate; None if no rate is known."""


class RunWatch:
    """Watched run, shared by all its handles and cards.

    Args:
        operations: the API to read the run through; None for a saved answer, which is never read again.
        state: the initial state.
        schedule: when to check; None for never.

    Attributes:
        response_digest: digest of the newest answer about the run, to see whether the next one differs.
        list_digest: digests of the newest table list and of the run's newest answer at that time.
        is_listing: whether the agent's table list is being read.
        stop_waiting: event that takes a follow-up out of the queue for a run slot; None while none is queued.
        cancelling: the task that asks the server to cancel the run; None before a cancel.
        cell_stop: what stops the cells of the run, while it does; else None.
        quiet: the looks at whether cells begin after the end; None before it.
        retry_after: seconds between checks, as the server said last; the default interval before it did.
        limit: the run's credit limit, so that its checks come first and never end; None without one.
    """

    def __init__(self, operations: Operations | None, state: RunState, schedule: Schedule | None) -> None:
        self.operations = operations
        self.state = state
        self.schedule = schedule
        self.checking = self.hurried = False
        self.failing: set[str] = set()
        self.response_digest: tuple[bytes, bool] | None = None
        self.is_listing = False
        self.list_digest: tuple[bytes, tuple[bytes, bool] | None] | None = None
        self.stop_waiting: asyncio.Event | None = None
        self.cancelling: asyncio.Task[OrigamiError | None] | None = None
        self.cell_stop: object = None
        self.quiet: Quiet | None = None
        self.retry_after = DEFAULT_INTERVAL
        self.limit: Limit | None = None
        self.subscribers = Subscribers()

    def update(self, *events: Event, plan: Callable[[RunState], Event | None] = lambda _: None) -> None:
        """Apply events in order and call the subscribers once, if anything changed. Background loop only.

        Args:
            events: what happened.
            plan: returns one more event, given the state after the others: when the next check is due. None for none.
        """
        before = state = self.state
        for event in events:
            state = reduce(state, event)
        if (planned := plan(state)) is not None:
            state = reduce(state, planned)
        if state.tables is not before.tables and self.operations is not None:
            came_from(self.operations, state.tables)
        # Set once, because another thread may read the state at any moment and must not see only some of the events.
        self.state = state
        if state is not before:
            _log_changes(before, state)
            if state.done and not before.done:
                runs_ended.notify()
            # Row progress of this process does not change the run, so users' callbacks are not called for it.
            self.subscribers.notify(users=not all(isinstance(event, RowsRead) for event in events))

    def connected(self) -> Operations:
        """Return the API that the run is read through.

        Raises:
            InvalidInput: the run was made from a saved answer.
        """
        if self.operations is None:
            raise InvalidInput(
                "This run is a saved response",
                cause="It was made from a payload and has no connection to Origami.",
                remedy=f'Attach it first: ow.attach("{self.state.agent_id}/{self.state.run_id}").',
            )
        return self.operations


def _log_changes(before: RunState, state: RunState) -> None:
    """Log a changed status and new tables, by ids and counts only: text from agents is not safe in a log."""
    if not run_log.isEnabledFor(logging.INFO):
        return
    token = f"{one_line(state.agent_id)}/{one_line(state.run_id)}"
    if state.run is not None and (before.run is None or before.status != state.status):
        run_log.info("Run %s: %s, %s steps", token, clean(state.status, 40), state.run.steps.completed)
    known = {table.id for table in before.tables}
    for table in state.tables:
        if table.id not in known:
            run_log.info("Run %s: table %s, %s leads", token, one_line(table.id), table.lead_count)


def watch_of_saved(payload: object) -> RunWatch:
    """Make the watch of a saved answer. Such a watch never sends anything.

    Args:
        payload: a run object, or an answer that has one under `run`.

    Raises:
        InvalidInput: `payload` is not a run object.
    """
    inner = payload.get("run", payload) if isinstance(payload, dict) else payload
    agent = payload.get("agent") if isinstance(payload, dict) else None
    # If `object` is missing, or unknown to this version, it may still be a run.
    is_other = isinstance(inner, dict) and inner.get("object") in OTHER_OBJECTS
    if not isinstance(inner, dict) or not isinstance(inner.get("id"), str) or is_other:
        raise InvalidInput(
            "Invalid run",
            cause=f"Expected a run object with an `id`, got {described(payload)}.",
            remedy="Pass the JSON object from run.raw, or the response of GET /agents/{id}/runs/{runId}.",
        )
    run = RunObject.from_raw(inner)
    watch = RunWatch(None, RunState(agent_id=run.agent_id, run_id=run.id), None)
    name = AgentSummary.from_raw(agent).name if isinstance(agent, dict) else ""
    watch.update(RunRead(run, at=SystemClock().time()), Planned(None, None), Named(name))
    # A saved answer does not say when it was read, and the server has not answered now.
    watch.state = replace(watch.state, connection=replace(watch.state.connection, heard_at=None))
    return watch
