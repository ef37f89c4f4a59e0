"""From what is known of a run to its row. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import AmbiguousStart
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.contract import Moments
from origami_widgets.card.view.head import make_clock, make_head, whole
from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.size_limits import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.board_entry import Entry
    from origami_widgets.card.view.contract import BoardRow, Stage, Tone
    from origami_widgets.run.starts.scheduler import BriefStatus
    from origami_widgets.run.state import RunState

PROMPT_LIMIT = 100
NAME_LIMIT = 60
NOTE_LIMIT = 90

_NOT_STARTED: Final[dict[BriefStatus, tuple[str, Tone, Stage]]] = {
    "waiting": ("Waiting", "neutral", "waiting"),
    "starting": ("Starting", "running", "waiting"),
    "queued": ("Waiting", "neutral", "waiting"),
    "failed": ("Not started", "bad", "failed"),
    "stopped": ("Not started", "neutral", "ended"),
}
_DOUBTFUL: Final[tuple[str, Tone, Stage]] = ("May have been started", "attention", "needs_you")
_STAGES: Final[dict[Tone, Stage]] = {"attention": "needs_you", "bad": "failed"}
NO_MOMENTS: Final = Moments(None, None, None, "ended")

_OBVIOUS = frozenset({"filling", "attached", "cancelled", "errored", "timed_out", "incomplete", "unknown_status"})
"""Notices whose title says no more than the status and the cells of the row, or that belong to one card."""


def make_row(entry: Entry) -> BoardRow:
    """The row of a run, or of a brief that waits to become one."""
    if entry.state is None:
        return _row_of_brief(entry)
    head = make_head(entry.state, entry.earlier)
    label, tone, stage = head["status_label"], head["tone"], _stage(entry.state, head["tone"])
    if not head["done"] and entry.state.connection.state == "stopped":
        # What a run that is not asked about any more is doing now, nobody knows.
        label, tone, stage = f"Last seen: {label}", "neutral", "needs_you"
    return {
        "position": entry.position,
        "token": head["token"],
        # Of a run that was not read yet, its id is all that tells it from others.
        "prompt": clip(head["prompt"] or entry.prompt or entry.state.run_id, PROMPT_LIMIT),
        "name": clip(entry.name, NAME_LIMIT),
        "status_label": label,
        "tone": tone,
        "stage": stage,
        "done": head["done"],
        "settled": head["settled"] and not entry.unread,
        "steps_completed": head["steps_completed"],
        "steps_max": head["steps_max"],
        "leads": whole(entry.state.lead_count),
        "credits": whole(entry.state.credits_used),
        "started_at": head["started_at"],
        "completed_at": head["completed_at"],
        "cancel": head["cancel"],
        "note": _note(entry),
    }


def make_moments(entry: Entry) -> Moments:
    """When the server was heard about it and is asked next."""
    if entry.state is None:
        return NO_MOMENTS
    clock = make_clock(entry.state, 0.0)
    return Moments(clock["heard_at"], clock["next_at"], clock["interval"], clock["connection"])


def _stage(state: RunState, tone: Tone) -> Stage:
    if not state.done:
        return "running"
    if tone in _STAGES:
        return _STAGES[tone]
    return "ended" if state.settled else "filling"


def _note(entry: Entry) -> str:
    """What went wrong beside its start, and what the run's card says first, where the rest of the row does not say it."""
    state = entry.state
    beside = entry.error.title if entry.error is not None else ""
    if state is None or entry.unread:
        # A list leaves out what a card would speak of.
        return clip(beside, NOTE_LIMIT)
    said = [beside, _first(state)]
    if state.status == "needs_input" and state.run is not None and not state.sending:
        said.append(words.plural(len(state.run.todo.pending_questions), "question"))
    if state.done and state.cells_running:
        said.append(f"{words.plural(state.cells_running, 'cell')} still filling")
    return clip(" · ".join(filter(None, said)), NOTE_LIMIT)


def _first(state: RunState) -> str:
    for notice in make_notices(state):
        match notice["key"]:
            case "stopped" if state.connection.error is None:
                return "Not checked any more"
            case "cancel_requested" if state.cancel_error is None:
                continue
            case key if key not in _OBVIOUS:
                return notice["title"]
    return ""


def _row_of_brief(entry: Entry) -> BoardRow:
    doubtful = isinstance(entry.error, AmbiguousStart)
    label, tone, stage = _DOUBTFUL if doubtful else _NOT_STARTED.get(entry.brief, _NOT_STARTED["starting"])
    note = entry.error.title if entry.error is not None else entry.queue.reason if entry.queue else ""
    return {
        "position": entry.position,
        "token": "",
        "prompt": clip(entry.prompt, PROMPT_LIMIT),
        "name": clip(entry.name, NAME_LIMIT),
        "status_label": label,
        "tone": tone,
        "stage": stage,
        "done": stage != "waiting",
        "settled": stage != "waiting",
        "steps_completed": None,
        "steps_max": None,
        "leads": None,
        "credits": None,
        "started_at": None,
        "completed_at": None,
        "cancel": "none",
        "note": clip(note, NOTE_LIMIT),
    }
