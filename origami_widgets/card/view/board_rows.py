"""Rows of a board: from the state of a run or brief to its row, cut so that a hundred of them fit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import AmbiguousStart
from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.contract import CheckTimes
from origami_widgets.card.view.notices import make_notices
from origami_widgets.card.view.number_words import shown_count
from origami_widgets.card.view.run_view import make_clock, make_head
from origami_widgets.card.view.safe_text import clip, clip_to, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.card.view.contract import BoardRow, Stage, Tone
    from origami_widgets.run.starts.scheduler import BriefStatus
    from origami_widgets.run.state import Queue, RunState

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
_UNKNOWN_OUTCOME: Final[tuple[str, Tone, Stage]] = ("May have been started", "attention", "needs_you")
_STAGES: Final[dict[Tone, Stage]] = {"attention": "needs_you", "bad": "failed"}
NO_CHECK_TIMES: Final = CheckTimes(None, None, None, "ended")

_OBVIOUS = frozenset({"filling", "attached", "cancelled", "errored", "timed_out", "incomplete", "unknown_status"})
"""Notices whose title says no more than the status and the cells of the row, or that belong to one card."""

ROWS_SIZE: Final = 55_500
"""Bytes of all rows with their moments, as ASCII JSON; what is left of 60 kB is the head's."""
_MOMENTS = 76
"""Bytes of the moments of a row, which must not change how its texts are cut."""
_NOTE, _NAME = 0.45, 0.25
"""Shares of a row's text that its note and its name may take from the others."""


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One run or brief of a board at one moment.

    Attributes:
        position: its position in what the board was given, from 0.
        name: what the agent is called; empty where that is not known.
        prompt: the brief, as far as it is known without the run.
        state: the run; None while there is none.
        earlier: the runs of the same conversation before it, oldest first.
        brief: what has become of the brief; `started` where there is a run.
        error: why there is no run.
        queue: what the brief waits for while all run slots are in use.
        unread: only a list has named the run, so its tables are not known.
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


def make_row(entry: BoardEntry) -> BoardRow:
    """Return the row of a run, or of a brief that has no run yet."""
    if entry.state is None:
        return _row_of_brief(entry)
    head = make_head(entry.state, entry.earlier)
    label, tone, stage = head["status_label"], head["tone"], _stage(entry.state, head["tone"])
    if not head["done"] and entry.state.connection.state == "stopped":
        # The present state of a run that is not watched is unknown.
        label, tone, stage = f"Last seen: {label}", "neutral", "needs_you"
    return {
        "position": entry.position,
        "token": head["token"],
        # A run that was not read yet has nothing but its id.
        "prompt": clip(head["prompt"] or entry.prompt or entry.state.run_id, PROMPT_LIMIT),
        "name": clip(entry.name, NAME_LIMIT),
        "status_label": label,
        "tone": tone,
        "stage": stage,
        "done": head["done"],
        "settled": head["settled"] and not entry.unread,
        "steps_completed": head["steps_completed"],
        "steps_max": head["steps_max"],
        "leads": shown_count(entry.state.lead_count),
        "credits": shown_count(entry.state.credits_used),
        "started_at": head["started_at"],
        "completed_at": head["completed_at"],
        "cancel": head["cancel"],
        "note": _note(entry),
    }


def make_check_times(entry: BoardEntry) -> CheckTimes:
    """Return when the server last answered about a run and when it is asked next."""
    if entry.state is None:
        return NO_CHECK_TIMES
    clock = make_clock(entry.state, 0.0)
    return CheckTimes(clock["heard_at"], clock["next_at"], clock["interval"], clock["connection"])


def _stage(state: RunState, tone: Tone) -> Stage:
    if not state.done:
        return "running"
    if tone in _STAGES:
        return _STAGES[tone]
    return "ended" if state.settled else "filling"


def _note(entry: BoardEntry) -> str:
    """Return the error beside the run and its card's first notice, where the rest of the row does not say it."""
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


def _row_of_brief(entry: BoardEntry) -> BoardRow:
    is_unknown = isinstance(entry.error, AmbiguousStart)
    label, tone, stage = _UNKNOWN_OUTCOME if is_unknown else _NOT_STARTED.get(entry.brief, _NOT_STARTED["starting"])
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


def limit_rows(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Cut the texts of these rows to an equal share of the size limit each.

    A share of its own, so that a change of one row is not a change of the others.

    Args:
        rows: the rows to show.

    Returns:
        As many rows as fit, the first ones.
    """
    share = ROWS_SIZE // max(len(rows), 1)
    bytes_left = ROWS_SIZE
    kept = []
    for row in rows:
        cut = _cut(row, share)
        bytes_left -= size_of(cut) + _MOMENTS
        if bytes_left < 0:
            break
        kept.append(cut)
    return kept


def _cut(row: BoardRow, share: int) -> BoardRow:
    note, name, prompt = row["note"], row["name"], row["prompt"]
    needed = sum(map(_bytes, (note, name, prompt)))
    bytes_left = share - _MOMENTS - (size_of(row) - needed)
    if needed <= bytes_left:
        return row
    note = _clipped(note, max(int(bytes_left * _NOTE), bytes_left - _bytes(name) - _bytes(prompt)))
    name = _clipped(name, max(int(bytes_left * _NAME), bytes_left - _bytes(note) - _bytes(prompt)))
    prompt = _clipped(prompt, bytes_left - _bytes(note) - _bytes(name))
    return {**row, "note": note, "name": name, "prompt": prompt}


def _bytes(text: str) -> int:
    return size_of(text) - 2


def _clipped(text: str, size: int) -> str:
    return clip_to(text, size + 2) if size > 0 else ""
