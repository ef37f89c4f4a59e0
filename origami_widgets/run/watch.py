"""One run being watched: its newest state, its plan, and those who want to know.

State changes on the background loop only, so they need no lock; anyone may read `state` at any time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from origami_widgets.run.state import Event, RunState, reduce

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.schedule import Schedule

log = logging.getLogger("origami_widgets")
log.addHandler(logging.NullHandler())


class Watch:
    """The state of one run, shared by every handle and card of it.

    Args:
        operations: the API through which the run is read; None for a saved answer that is never read again.
        state: what is known at the start.
        schedule: when to ask; None for never.
    """

    def __init__(self, operations: Operations | None, state: RunState, schedule: Schedule | None) -> None:
        self.operations = operations
        self.state = state
        self.schedule = schedule
        self.checking = False
        self.failing: set[str] = set()
        self.digest: bytes | None = None
        self._subscribers: dict[object, Callable[[], object]] = {}

    def update(self, *events: Event) -> None:
        """Apply events in order and tell the subscribers once, if anything changed. Background loop only."""
        before = state = self.state
        for event in events:
            state = reduce(state, event)
        # Set once: another thread may look at any moment, and must not see half of what happened.
        self.state = state
        if state is not before:
            self._tell()

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back after each change, on the background loop's thread.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        key = object()
        self._subscribers[key] = callback
        return lambda: self._subscribers.pop(key, None) and None

    def _tell(self) -> None:
        for key, callback in tuple(self._subscribers.items()):
            try:
                callback()
            except BaseException:
                # Also what ends a program elsewhere (`sys.exit`): here it would end the loop of every run. A broken callback must not end the watch of a run that costs credits. It is not called again, and
                # nothing is printed: from this thread the text would land in whichever cell is running.
                self._subscribers.pop(key, None)
                log.exception("A subscriber of run %s raised and was removed", self.state.run_id)
