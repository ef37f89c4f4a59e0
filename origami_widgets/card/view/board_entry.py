"""One line of a board: a run, or a brief that has not become one yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.run.starts.scheduler import BriefStatus
    from origami_widgets.run.state import Queue, RunState


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one line at one moment.

    Attributes:
        position: its place in what the board was given, from 0.
        name: what the agent is called; empty where that is not known.
        prompt: the brief, as far as it is known without the run.
        state: the run; None while there is none.
        earlier: the runs of the same conversation before it, oldest first.
        brief: what has become of the brief; `started` where there is a run.
        error: why there is no run.
        queue: what the brief waits for while all run slots are in use.
        unread: only a list has told of the run, so its tables are not known.
    """

    position: int
    name: str = ""
    prompt: str = ""
    state: RunState | None = None
    earlier: tuple[RunState, ...] = ()
    brief: BriefStatus = "started"
    error: OrigamiError | None = None
    queue: Queue | None = None
    unread: bool = False
