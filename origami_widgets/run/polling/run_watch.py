"""One run being watched: its newest state, its plan, and those who want to know.

State changes on the background loop only, so they need no lock; anyone may read `state` at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.run.reduce import reduce
from origami_widgets.run.state import LeadsRead
from origami_widgets.run.subscribers import Subscribers

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.schedule import Schedule
    from origami_widgets.run.state import Event, RunState


class RunWatch:
    """The state of one run, shared by every handle and card of it.

    Args:
        operations: the API through which the run is read; None for a saved answer that is never read again.
        state: what is known at the start.
        schedule: when to ask; None for never.

    Attributes:
        is_listing: the agent's table list is being read.
        listed: digests of the newest list and of the answer about the run that it was held against.
        stop_waiting: set to take a follow-up out of the queue for a free slot; None while there is none in it.
        cancelling: asks the server to cancel the run; None when nobody wanted that.
    """

    def __init__(self, operations: Operations | None, state: RunState, schedule: Schedule | None) -> None:
        self.operations = operations
        self.state = state
        self.schedule = schedule
        self.checking = self.hurried = False
        self.failing: set[str] = set()
        self.told: tuple[bytes, bool] | None = None
        self.is_listing = False
        self.listed: tuple[bytes, tuple[bytes, bool] | None] | None = None
        self.stop_waiting: asyncio.Event | None = None
        self.cancelling: asyncio.Task[OrigamiError | None] | None = None
        self._subscribers = Subscribers()
        self._of_reading = Subscribers()

    def update(self, *events: Event) -> None:
        """Apply events in order and tell the subscribers once, if anything changed. Background loop only."""
        before = state = self.state
        for event in events:
            state = reduce(state, event)
        # Set once: another thread may look at any moment, and must not see half of what happened.
        self.state = state
        if state is not before:
            only_read = all(isinstance(event, LeadsRead) for event in events)
            (self._of_reading if only_read else self._subscribers).tell()

    def subscribe(self, callback: Callable[[], object], *, of_user: bool = False) -> Callable[[], None]:
        """Call back after each change of the run, on the background loop's thread, or on that for callbacks of users.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        return self._subscribers.add(callback, of_user=of_user)

    def subscribe_to_reading(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back when this process has read further in one of the run's tables, which changes nothing of the run.

        Returns:
            As `subscribe`.
        """
        return self._of_reading.add(callback)
