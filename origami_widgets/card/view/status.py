"""The words and the tone of each status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import NotFound
from origami_widgets.card.view.size_limits import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Tone
    from origami_widgets.run.state import RunState

_KNOWN: dict[str, tuple[str, Tone]] = {
    "running": ("Running", "running"),
    "completed": ("Completed", "good"),
    "needs_input": ("Needs your answer", "attention"),
    "step_cap_hit": ("Step limit reached", "attention"),
    "incomplete": ("Stopped early", "attention"),
    "cancelled": ("Cancelled", "neutral"),
    "errored": ("Failed", "bad"),
    "timed_out": ("Timed out", "bad"),
}


def is_known(status: str) -> bool:
    """Whether this version has words for a status."""
    return status in _KNOWN


def is_missing(state: RunState) -> bool:
    """Whether the server said last that there is no such run or agent: then nothing is known about the run."""
    return isinstance(state.connection.error, NotFound)


def status_words(state: RunState) -> tuple[str, Tone]:
    """Label and tone of a run's status; a word nobody knows is shown as it is."""
    if state.run is None:
        return ("Starting", "running") if state.connection.state == "live" else ("Not heard of yet", "neutral")
    if state.status in _KNOWN:
        return _KNOWN[state.status]
    return clip(state.status, 40) or "Unknown", "neutral"
