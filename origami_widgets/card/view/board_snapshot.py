"""Wording of a board's snapshot: what was true only at its moment is said in the past tense. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.snapshot_words import in_past, lasted_when_seen

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import BoardHead, BoardRow, BoardView, CheckTimes


def as_final_snapshot(view: BoardView) -> BoardView:
    """Return the board in the past tense, without buttons."""
    current = as_live_snapshot(view)
    head = current["head"]
    if not head["settled"] and view["rows"]:
        head = {**head, "title": f"{head['title']} when saved"}
    halted = (notice["title"].replace("is started", "was started", 1) for notice in head["notices"])
    head = {**head, "notices": [{**old, "title": new} for old, new in zip(head["notices"], halted, strict=True)]}
    return {**current, "head": head, "rows": [_row(row, "when saved") for row in view["rows"]]}


def as_printed_snapshot(view: BoardView) -> BoardView:
    """Return the board for text that begins with its moment: what was going on is dated."""
    return {**as_live_snapshot(view), "rows": [{**row, "note": _note(row, "then")} for row in view["rows"]]}


def as_live_snapshot(view: BoardView) -> BoardView:
    """Return the board for a snapshot that is kept up to date, without buttons."""
    notices = [{**notice, "button": None} for notice in view["head"]["notices"]]
    head: BoardHead = {**view["head"], "notices": notices, "buttons": []}  # type: ignore[typeddict-item]
    return {**view, "head": head}


def _row(row: BoardRow, then: str) -> BoardRow:
    note = _note(row, then)
    if row["done"]:
        return {**row, "note": note}
    label = row["status_label"]
    if label in ("Running", "Starting", "Waiting"):
        label = f"Was {label.lower()} {then}"
    elif not label.startswith("Last seen"):
        label = f"Was “{label}” {then}"
    return {**row, "status_label": label, "tone": "neutral", "note": note}


def _note(row: BoardRow, then: str) -> str:
    return in_past(row["note"], then).replace("still filling", f"still filling {then}")


def title_line(head: BoardHead) -> str:
    """Return how many runs there are and how far they have come."""
    counts = ", ".join(f"{words.count(count['count'])} {count['label']}" for count in head["counts"])
    return f"{head['title']}: {counts}" if counts else head["title"]


def row_facts(row: BoardRow, moments: CheckTimes, now: float) -> list[str]:
    """Return facts about a run in short pieces: steps, leads, credits, time.

    Args:
        row: the run.
        moments: when it was heard.
        now: the moment of the snapshot, in Unix seconds.
    """
    return [piece for piece in (_steps(row), *row_amounts(row), *_times(row, moments, now)) if piece]


def row_amounts(row: BoardRow) -> list[str]:
    """Return leads and credits, where the server sent any."""
    amounts = ((row["leads"], "lead"), (row["credits"], "credit"))
    return [words.plural(value, one) for value, one in amounts if value is not None]


def _steps(row: BoardRow) -> str:
    done, most = row["steps_completed"], row["steps_max"]
    if done is None:
        return ""
    if row["done"] or most is None:
        return words.plural(done, "step")
    return f"{words.count(done)} of at most {words.plural(most, 'step')}"


def _times(row: BoardRow, moments: CheckTimes, now: float) -> list[str]:
    started, ended = row["started_at"], row["completed_at"]
    if row["done"]:
        return [f"ended {words.moment(ended)}" if ended is not None else ""]
    heard, _, _, connection = moments
    if started is None:
        lasted = ""
    elif connection == "live":
        lasted = f"{words.duration(now - started / 1000)} so far"
    else:
        lasted = lasted_when_seen(started, heard, connection)
    return [lasted, f"last heard {words.moment(heard)}" if heard is not None else ""]
