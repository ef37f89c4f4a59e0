"""Rows of a board, made from what is known of each run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import AmbiguousStart, OrigamiError
from origami_widgets.card.view.contract import BoardRow, Button, CheckTimes, Form, Head, RowButton, Stage, Tone
from origami_widgets.card.view.notices import CONTINUE, TRY_AGAIN, make_notices
from origami_widgets.card.view.questions import can_follow_up, make_ask
from origami_widgets.card.view.result import price_of, qualified_of, used_of
from origami_widgets.card.view.run_head import make_clock, make_head, was
from origami_widgets.card.view.stopping import STOP_BUTTONS, row_button
from origami_widgets.run.state import FAILED_STATUSES, Queue, RunState, counted_table
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.run.starts.queue import BriefStatus

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
_UNKNOWN: Final[tuple[str, Tone, Stage]] = ("May have started", "attention", "needs_you")
_STAGES: Final[dict[Tone, Stage]] = {"attention": "needs_you", "bad": "failed"}
NO_CHECK_TIMES: Final = CheckTimes(None, None, None, "ended")

ROW_BUTTONS: Final[dict[str, Button]] = {
    **STOP_BUTTONS,
    # The form is in the card.
    "answer": {"command": "open", "label": "Answer", "sent": "Answer"},
    # What is missing is counted there, and has a price.
    "fill": {"command": "open", "label": "Fill", "sent": "Fill"},
    "try_again": TRY_AGAIN,
    "continue": CONTINUE,
}
"""The buttons of rows."""
_OBVIOUS = frozenset({"filling", "attached", "cancelled", "errored", "timed_out", "incomplete", "unknown_status"})
"""Notices that a row leaves out: their titles only repeat its status and cells, or matter only on a card."""


def make_row(entry: BoardEntry, *, form: Form = "live") -> BoardRow:
    """Return the row of a run, or of a brief that is not started yet.

    Args:
        entry: what is known of the run or brief.
        form: the form of the board.
    """
    state = entry.state
    if state is None:
        return _row_of_brief(entry, form)
    head = make_head(state, entry.earlier, now=0.0, form=form)
    # Nothing is known about the current state of a run that is no longer watched.
    is_lost = not state.done and state.connection.state == "stopped"
    table = counted_table(state.tables)
    qualified_leads = None if table is None else qualified_of(table)
    price = price_of(state)
    numbers = [shown_count(state.lead_count), qualified_leads, used_of(state)]
    leads, qualified, used = ("" if number is None else words.count(number) for number in numbers)
    return {
        "position": entry.position,
        "token": head["token"],
        # Until a run is read, only its id distinguishes it from others.
        "prompt": clip(head["prompt"] or entry.prompt or state.run_id, PROMPT_LIMIT),
        "name": clip(entry.name, NAME_LIMIT),
        "status_label": _filling(entry, form, head["status_label"]) or head["status_label"],
        "tone": head["tone"],
        "stage": "needs_you" if is_lost else _stage(state, head["tone"]),
        "done": head["done"],
        "settled": head["settled"] and not entry.unread,
        "leads": leads,
        "qualified": qualified,
        "credits": used,
        "price": "" if price is None else words.amount(price),
        "keys": [*numbers, price],
        "started_at": head["started_at"],
        "completed_at": head["completed_at"],
        "button": _button(entry, state, head),
        "note": _note(entry, form),
    }


def make_check_times(entry: BoardEntry) -> CheckTimes:
    """Return when the server was last heard about the run, and when it is asked next."""
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


def _filling(entry: BoardEntry, form: Form, label: str = "") -> str:
    """Return how many cells fill, as the status of a run that has completed, or behind the label of one that has failed.

    Empty for others, or if that may be out of date.
    """
    state = entry.state
    if state is None or entry.unread or form == "snapshot" or state.connection.state not in ("live", "reconnecting"):
        return ""
    cells = words.count(state.cells_running)
    if not state.cells_running or state.status not in {"completed", *FAILED_STATUSES}:
        return ""
    return f"Filling {cells}" if state.status == "completed" else f"{label}, filling {cells}"


def _button(entry: BoardEntry, state: RunState, head: Head) -> RowButton:
    """Return which of `ROW_BUTTONS` a row has: an answer comes first, and the way on from an end after what fills.

    A list does not tell how a run goes on.
    """
    if head["form"] != "live" or entry.unread or not can_follow_up(state):
        return row_button(head)
    if make_ask(state) is not None:
        return "answer"
    if state.settled and state.filled is None and state.stopped is not None and state.stopped.cells:
        return "fill"
    # A cancelled run was ended on purpose: its card has the way on.
    notices = [] if state.status == "cancelled" else make_notices(state)
    offered = {notice["button"]["label"] for notice in notices if notice["button"] is not None}
    way_on: RowButton = (
        "try_again" if TRY_AGAIN["label"] in offered else "continue" if CONTINUE["label"] in offered else ""
    )
    return row_button(head) or way_on


def _note(entry: BoardEntry, form: Form) -> str:
    """Return the row's note: a problem besides its start, and the first notice of its card, unless the row already says it."""
    state = entry.state
    beside = entry.error.title if entry.error is not None else ""
    if state is None or entry.unread:
        # A list leaves out what the card's notice would be about.
        return clip(beside, NOTE_LIMIT)
    said = [beside, _first(state, form)]
    if state.status == "needs_input" and state.run is not None and not state.sending:
        said.append(words.plural(len(state.run.todo.pending_questions), "question"))
    if state.done and state.cells_running and not _filling(entry, form):
        said.append(f"{words.plural(state.cells_running, 'cell')} filling")
    return clip(" · ".join(filter(None, said)), NOTE_LIMIT)


def _first(state: RunState, form: Form) -> str:
    for notice in make_notices(state, form=form):
        match notice["key"]:
            case "stopped" if state.connection.error is None:
                return "no longer updating"
            case "cancel_requested" if state.cancel_error is None:
                continue
            case "stopping" if state.stop_error is None:
                continue
            case key if key not in _OBVIOUS:
                return notice["title"]
    return ""


def _row_of_brief(entry: BoardEntry, form: Form) -> BoardRow:
    outcome_unknown = isinstance(entry.error, AmbiguousStart)
    label, tone, stage = _UNKNOWN if outcome_unknown else _NOT_STARTED.get(entry.brief, _NOT_STARTED["starting"])
    if stage == "waiting" and form == "snapshot":
        label, tone = was(label), "neutral"
    note = entry.error.title if entry.error is not None else ""
    if entry.queue is not None and not note:
        note = entry.queue.reason
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
        "leads": "",
        "qualified": "",
        "credits": "",
        "price": "",
        "keys": [None] * 4,
        "started_at": None,
        "completed_at": None,
        "button": "",
        "note": clip(note, NOTE_LIMIT),
    }


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """State of one row of a board at one moment.

    Attributes:
        position: the position in the board's source, from 0.
        name: the agent's name; empty if unknown.
        prompt: the brief, if it is known without the run.
        state: the run's state; None while there is no run.
        earlier: the states of earlier turns of the conversation, oldest first.
        brief: the state of the brief; `started` if there is a run.
        error: why there is no run; None without an error.
        queue: the brief's wait while all run slots are in use; else None.
        unread: whether the run is known only from a list, so that its tables are not known.
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
