"""One watched run: its newest state, its schedule and its subscribers.

State changes on the background loop only, so they need no lock; anyone may read `state` at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.run.reduce import reduce
from origami_widgets.run.state import RowsRead
from origami_widgets.run.subscribers import Subscribers

if TYPE_CHECKING:
    import asyncio

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
        self.subscribers = Subscribers()

    def update(self, *events: Event) -> None:
        """Apply events in order and call the subscribers once, if anything changed. Background loop only."""
        before = state = self.state
        for event in events:
            state = reduce(state, event)
        # Set once: another thread may look at any moment, and must not see half of what happened.
        self.state = state
        if state is not before:
            # Rows that this process has read change nothing of the run, so callbacks of users are not called for them.
            self.subscribers.notify(users=not all(isinstance(event, RowsRead) for event in events))
