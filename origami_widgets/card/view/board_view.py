"""View of a board, for all its renderers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from origami_widgets.api.errors import AmbiguousStart, OrigamiError
from origami_widgets.api.models.table import Table, cost_per_qualified_lead
from origami_widgets.card.view.contract import (
    BOARD_SLOTS,
    BoardHead,
    BoardRow,
    BoardView,
    Button,
    CheckTimes,
    ClockView,
    Form,
    Head,
    Notice,
    RowButton,
    Stage,
    StageCount,
    Tone,
)
from origami_widgets.card.view.notices import CONTINUE, TRY_AGAIN, explanation_of, link_of_error, make_notices, notice
from origami_widgets.card.view.questions import can_follow_up, make_ask
from origami_widgets.card.view.result import number, price_of, qualified_of, used_of
from origami_widgets.card.view.run_head import SANDBOX_GONE, as_of, clock_view, is_missing, make_clock, make_head, was
from origami_widgets.card.view.stopping import STOP, STOP_BUTTONS, row_button
from origami_widgets.run.credits import credits_by_table
from origami_widgets.run.state import (
    FAILED_STATUSES,
    Queue,
    RunState,
    counted_table,
    deleted_tables,
    newest_tables,
    total,
)
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, short_host
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
    label = _filling(entry, form, head["status_label"]) or head["status_label"]
    stage = "needs_you" if is_lost else _stage(state, head["tone"])
    # Until a run is read, only its id distinguishes it from others.
    prompt = head["prompt"] or entry.prompt or state.run_id
    return {
        **_row(entry, prompt, label, head["tone"], stage, note=_note(entry, state, form)),
        "token": head["token"],
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


def _note(entry: BoardEntry, state: RunState, form: Form) -> str:
    """Return what is wrong with a run and not said by its status, and how many cells were filling when it was last heard."""
    error = entry.error or state.command_error or state.limit_error or state.stop_error
    said = [error.title if error is not None else ""]
    if state.connection.state == "reconnecting":
        said.append("Can't reach Origami. Retrying.")
    elif state.connection.state == "stopped":
        said.append(state.connection.error.title if state.connection.error is not None else "no longer updating")
    if state.done and state.cells_running and not entry.unread and not _filling(entry, form):
        said.append(f"{words.plural(state.cells_running, 'cell')} filling")
    return clip(" · ".join(filter(None, said)), NOTE_LIMIT)


def _row_of_brief(entry: BoardEntry, form: Form) -> BoardRow:
    outcome_unknown = isinstance(entry.error, AmbiguousStart)
    label, tone, stage = _UNKNOWN if outcome_unknown else _NOT_STARTED.get(entry.brief, _NOT_STARTED["starting"])
    if stage == "waiting" and form == "snapshot":
        label, tone = was(label), "neutral"
    note = entry.error.title if entry.error is not None else ""
    if entry.queue is not None and not note:
        note = entry.queue.reason
    return _row(entry, entry.prompt, label, tone, stage, note=note)


def _row(entry: BoardEntry, prompt: str, label: str, tone: Tone, stage: Stage, *, note: str) -> BoardRow:
    """Return a row with what is known without a run."""
    return {
        "position": entry.position,
        "token": "",
        "prompt": clip(prompt, PROMPT_LIMIT),
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


STAGES: Final[dict[Stage, tuple[str, str]]] = {
    "waiting": ("waiting", "waiting"),
    "running": ("running", "running"),
    "filling": ("filling", "filling"),
    "needs_you": ("needs you", "need you"),
    "failed": ("failed", "failed"),
    "ended": ("ended", "ended"),
}
"""Words for the stages, singular and plural, in the order of counting."""

_RESUME: Final[Button] = {
    "command": "resume",
    "label": "Start the others",
    "confirm": "Start the others? This uses credits.",
    "yes": "Yes, start them",
}
_STAYS: Final = "What is built stays. Used credits are not returned."
_URGENT: Final[tuple[Stage, ...]] = ("needs_you", "failed")
_LASTING: Final[tuple[Stage, ...]] = ("ended", "failed", "needs_you", "filling", "running", "waiting")
"""Stages in the order in which rows are left out: ended ones first, then those that may not change by themselves."""


def make_board(
    entries: Sequence[BoardEntry],
    *,
    now: float,
    error: OrigamiError | None = None,
    can_resume: bool = False,
    can_stop: bool = False,
    opened: int | None = None,
    leads_line: str = "",
    credit_limit: float | None = None,
    reopen: tuple[str, str] = ("To see the newest runs of the account", "ow.RunBoard()"),
    form: Form = "live",
) -> BoardView:
    """Return the view of a board: everything that its renderers get.

    Args:
        entries: the rows' entries, in the order of the board.
        now: the kernel's clock, in Unix seconds.
        error: the error that keeps further briefs from starting; None without one.
        can_resume: whether there are briefs that `resume` would start.
        can_stop: whether there are briefs that will be started.
        opened: the position of the row whose card is open; None without one.
        leads_line: the line of Python that shows all leads, while the board shows them; else empty.
        credit_limit: the credits that all runs together may use; None without a limit, or if it is not known here.
        reopen: what the line of Python that shows the board again does, and the line itself.
        form: the form of the board.

    Returns:
        A JSON-safe dictionary of at most 100 rows. Only its `clock` depends on `now`.
    """
    rows = [make_row(entry, form=form) for entry in entries]
    # Of two equally important rows, the later one stays, as it was started last.
    by_worth = sorted(range(len(rows)), key=lambda at: (-_LASTING.index(rows[at]["stage"]), -at))
    shown = sorted(by_worth[:BOARD_SLOTS])
    hidden, is_live = len(rows) - len(shown), form == "live"
    head: BoardHead = {
        "form": form,
        "as_of": as_of(now, form),
        "title": words.plural(len(rows), "run"),
        "counts": _counts(rows),
        "sums": _sums(entries, credit_limit),
        "hidden": f"{words.plural(hidden, 'more run')}: see board.runs" if hidden else "",
        "nothing": "" if rows else "No runs yet. Start one with ow.start(…).",
        "announcement": _announcement(rows),
        "settled": all(row["settled"] for row in rows),
        "origin": _origin(entries),
        "notices": [] if error is None else [_halted(error, _RESUME if can_resume else None, form)],
        "buttons": _buttons(rows, can_stop=can_stop, can_resume=can_resume and error is None) if is_live else [],
        "has_leads": is_live and any(row["token"] for row in rows),
        "leads_line": leads_line if is_live else "",
        "open": next((row["token"] for row in rows if row["position"] == opened), ""),
        "again_words": reopen[0],
        "again_line": reopen[1],
        "gone": _gone(entries, reopen[0]),
    }
    return {
        "head": head,
        "clock": make_board_clock(entries, now),
        "rows": [rows[at] for at in shown],
        "moments": [make_check_times(entries[at]) for at in shown],
        "row_buttons": ROW_BUTTONS if is_live else {},
    }


def _counts(rows: Sequence[BoardRow]) -> list[StageCount]:
    counted = Counter(row["stage"] for row in rows)
    return [
        {
            "stage": stage,
            "label": words.plural(counted[stage], one, many),
            "count": counted[stage],
        }
        for stage, (one, many) in STAGES.items()
        if counted[stage]
    ]


def _sums(entries: Sequence[BoardEntry], credit_limit: float | None) -> str:
    """Return in words what all rows have together. A shared table counts once; where a number is missing, it is the least."""
    if len(entries) == 1 and credit_limit is None:
        # Its row says the same.
        return ""
    tables = _tables(entries)
    counted = _counted(entries, tables)
    qualified = [qualified_of(table) for table in counted]
    parts = []
    if leads := _sum(_leads(counted)):
        parts.append(f"{leads} {'lead' if leads == '1' else 'leads'}")
    if good := _sum(qualified):
        parts.append(f"{good} qualified")
    if credit_limit is not None:
        parts.append(f"{_sum(_credits(entries)) or '0'} of {words.amount(credit_limit)} credits")
    elif used := _sum(_credits(entries)):
        parts.append(f"{used} {'credit' if used == '1' else 'credits'}")
    others = [qualified_of(table) for table in tables.values() if table not in counted]
    price = number(cost_per_qualified_lead([*_spent(entries).values()], qualified, others))
    if price is not None:
        # With a table that doesn't say how many leads qualify, a qualified lead costs this at most.
        parts.append(f"{'≤' if None in qualified else ''}{words.amount(price)} per qualified lead")
    return ", ".join(parts)


def board_totals(entries: Sequence[BoardEntry]) -> tuple[int | None, int | None]:
    """Return the leads that the runs count, and the credits of all their tables, each table once; None if none has any."""
    tables = _tables(entries)
    return total(_leads(_counted(entries, tables))), total(_credits(entries))


def _tables(entries: Iterable[BoardEntry]) -> dict[str, Table]:
    return newest_tables(_states(entries))


def _states(entries: Iterable[BoardEntry]) -> list[RunState]:
    return [entry.state for entry in entries if entry.state is not None]


def _counted(entries: Iterable[BoardEntry], tables: Mapping[str, Table]) -> list[Table]:
    """Return the tables whose leads the runs count, each once."""
    counted = (counted_table(entry.state.tables) for entry in entries if entry.state is not None)
    return [tables[table_id] for table_id in dict.fromkeys(table.id for table in counted if table is not None)]


def _leads(counted: Iterable[Table]) -> list[int | None]:
    return [shown_count(table.lead_count) for table in counted]


def _credits(entries: Iterable[BoardEntry]) -> list[int | None]:
    """Return what each table, also a deleted one, has used for the runs together, or in all where only that is known."""
    spent, states = _spent(entries), _states(entries)
    tables = newest_tables(states) | deleted_tables(states)
    return [
        shown_count(table.credits.lifetime_used) if spent[table_id] is None else spent[table_id]
        for table_id, table in tables.items()
    ]


def _spent(entries: Iterable[BoardEntry]) -> dict[str, int | None]:
    """Return what each table has used for the runs together, by its id; None if that is not known."""
    found: dict[str, list[int | None]] = {}
    for entry in entries:
        for table_id, used in (credits_by_table(entry.state) if entry.state is not None else {}).items():
            found.setdefault(table_id, []).append(shown_count(used))
    # What a table has used only grows.
    return {
        table_id: None if None in each else max(used for used in each if used is not None)
        for table_id, each in found.items()
    }


def _sum(counts: Sequence[int | None]) -> str:
    known = [count for count in counts if count is not None]
    return f"{'' if len(known) == len(counts) else '≥'}{words.count(sum(known))}" if known else ""


def _origin(entries: Iterable[BoardEntry]) -> str:
    origins = {entry.state.origin for entry in entries if entry.state is not None}
    return clip(short_host(clip(origins.pop(), 300)), 60) if len(origins) == 1 else ""


def _halted(error: OrigamiError, button: Button | None, form: Form) -> Notice:
    title = f"The remaining briefs are on hold: {error.title}"
    return notice(form, "halted", "bad", title, explanation_of(error), button=button, link=link_of_error(error))


def _announcement(rows: Sequence[BoardRow]) -> str:
    """Return the announcement for assistive technology: runs that need the user or are being stopped, and the end of all.

    Not every run that begins or ends is announced.
    """
    parts = [each["label"] for each in _counts(rows) if each["stage"] in _URGENT]
    stopping = sum(1 for row in rows if row["button"] in ("cancelling", "stopping"))
    if stopping:
        parts.append(f"{words.count(stopping)} being stopped")
    if all(row["settled"] for row in rows):
        parts.append("all have ended")
    return f"{words.plural(len(rows), 'run')}: {', '.join(parts)}." if parts else ""


def _buttons(rows: Sequence[BoardRow], *, can_stop: bool, can_resume: bool) -> list[Button]:
    buttons: list[Button] = []
    if can_resume:
        buttons.append(_RESUME)
    # A row that waits for an answer has no other button, and cells of its run may fill.
    done = [
        row["done"]
        for row in rows
        if row["button"] in ("cancel", "stop") or (row["button"] == "answer" and not row["settled"])
    ]
    if done or can_stop:
        buttons.append(_cancel_all(done.count(False), done.count(True), can_stop=can_stop))
    return buttons


def _cancel_all(active: int, filling: int, *, can_stop: bool) -> Button:
    """Return the button that cancels all runs and stops their cells, with how many runs of each stage there are."""
    parts = []
    if active:
        parts.append(f"cancel {words.plural(active, 'run')}")
    if filling:
        parts.append(f"stop filling cells of {words.plural(filling, 'run')}")
    if can_stop:
        parts.append("start no more")
    does = f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else parts[0]
    yes = "Yes, cancel them" if active else STOP["yes"] if filling else "Yes, start no more"
    return {
        "command": "cancel_all",
        "label": "Cancel all" if active or can_stop else STOP["label"],
        "confirm": f"{does[0].upper()}{does[1:]}? {_STAYS}",
        "yes": yes,
    }


def _gone(entries: Sequence[BoardEntry], again: str) -> str:
    """Return what to say once the board's kernel has stopped, above the line that shows the runs again."""
    waiting = any(entry.state is None and entry.brief in ("waiting", "queued") for entry in entries)
    is_any_missing = any(entry.state is not None and is_missing(entry.state) for entry in entries)
    left = "Briefs that were waiting will not start. " if waiting else ""
    if any(entry.state is not None and entry.state.origin == "sandbox" for entry in entries):
        return f"{left}{SANDBOX_GONE}"
    which = "Runs that Origami still finds" if is_any_missing else "The runs"
    return f"{left}{which} continue on the server. {again}, in any kernel:"


def make_board_clock(entries: Iterable[BoardEntry], now: float) -> ClockView:
    """Return the clock of the run that is checked next: after how long a silence to ask the kernel whether it is there."""
    known = [make_check_times(entry) for entry in entries]
    heard = [one.heard_at for one in known if one.heard_at is not None]
    following = [one.next_at for one in known if one.next_at is not None]
    intervals = [one.interval for one in known if one.interval is not None]
    over = all(one.connection in ("ended", "stopped") for one in known)
    next_check = CheckTimes(
        max(heard, default=None),
        min(following, default=None),
        min(intervals, default=None),
        "ended" if over else "live",
    )
    return clock_view(now, next_check)
