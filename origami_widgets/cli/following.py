"""Following a run: its state at once, after each change, and now and then."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from origami_widgets.run.waiting import WaitTimedOut, describe_last_answer, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import RunState
    from origami_widgets.run.waiting import Until


def follow(
    run: Run, until: Until, *, timeout: float | None = None, since: float | None = None, every: float = 0.5
) -> Iterator[RunState]:
    """The states of a run until it has come so far; sends nothing of its own.

    Args:
        run: the run.
        until: `"run"` for the agent's end, `"cells"` for the moment when no cell is running any more.
        timeout: seconds to follow it at most.
        since: the moment from which they count, on the monotonic clock; now when absent.
        every: seconds after which its state is given although nothing has changed.

    Yields:
        The state; the last one is that of the end.

    Raises:
        WaitTimedOut: `timeout` seconds passed first; the run goes on.
        OrigamiError: the run is not watched any more.
    """
    changed = threading.Event()
    ends = None if timeout is None else (time.monotonic() if since is None else since) + timeout
    stop = run.on_change(lambda _run: changed.set())
    try:
        while True:
            changed.clear()
            state = run.state
            yield state
            if reached(state, until):
                return
            left = every if ends is None else min(every, ends - time.monotonic())
            if left <= 0:
                raise WaitTimedOut(
                    f"The run did not end within {timeout:g} s",
                    cause=describe_last_answer(state),
                    remedy=f"Watch it again: origami-widgets watch {run.token}",
                )
            changed.wait(left)
    finally:
        stop()
