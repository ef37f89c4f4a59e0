"""Stopping a run in words: the button for both of its stages, and what was stopped and what was left running. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from origami_widgets.run.own_cells import attribute
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Button, Form, Head, RowButton
    from origami_widgets.run.state import LeftRunning, RunState

NOT_RECEIVED = "Origami hasn't received the stop yet"
CANCEL: Final[Button] = {
    "command": "cancel",
    "label": "Cancel",
    "confirm": "Cancel this run? Its agent and its cells stop. What is built stays. Used credits are not returned.",
    "yes": "Yes, cancel it",
    "sent": "Cancelling…",
}
STOP: Final[Button] = {
    "command": "cancel",
    "label": "Stop filling",
    "confirm": "Stop filling cells? What is filled stays. Used credits are not returned.",
    "yes": "Yes, stop filling",
    "sent": "Stopping…",
}
STOP_BUTTONS: Final[dict[str, Button]] = {
    "cancel": CANCEL,
    "cancelling": {**CANCEL, "requested": True},
    # Its row says of what.
    "stop": {**STOP, "label": "Stop"},
    "stopping": {**STOP, "requested": True},
}
_NAMED = 3
"""How many tables are named of those that were left running."""
_NAME_LIMIT, _REASON_LIMIT = 40, 60


def make_stop(state: RunState, earlier: Sequence[RunState] = (), *, form: Form = "live") -> Button | None:
    """Return the button that cancels a run and, once the agent is done, stops the cells that fill; None without any.

    Args:
        state: the run's state.
        earlier: the states of earlier turns of the conversation.
        form: the form of the view. Only a live view has the button.
    """
    if form != "live" or state.run is None or state.connection.state == "stopped" or state.settled:
        return None
    if not state.done:
        return STOP_BUTTONS["cancelling" if state.cancel == "requested" else "cancel"]
    if state.stopping == "requested":
        return STOP_BUTTONS["stopping"]
    cells = _stoppable(state, earlier)
    # A saved answer has nothing to stop, and once stopped, what goes on is not the conversation's.
    if (cells <= 0 and state.stopped is not None) or state.connection.state == "ended":
        return None
    # Without a number where the answers don't tell whose cells fill.
    return {**STOP, "label": f"{STOP['label']} {words.plural(cells, 'cell')}"} if cells > 0 else STOP


def row_button(head: Head) -> RowButton:
    """Return which of `STOP_BUTTONS` a board's row has, by the head of its card. It leaves out the number of cells."""
    stop = next((each for each in head["buttons"] if each["command"] == "cancel"), None)
    if stop is None:
        return ""
    if stop.get("requested"):
        return "stopping" if head["done"] else "cancelling"
    return "stop" if head["done"] else "cancel"


def _stoppable(state: RunState, earlier: Sequence[RunState]) -> int:
    """Return how many running cells are the conversation's, by what the answers about its runs say."""
    tables = {table.id: table for table in state.tables}
    running = 0
    for target in attribute((*earlier, state), state.tables).targets:
        if (table := tables.get(target.table_id)) is not None:
            parts = (table,) if target.columns is None else (c for c in table.columns if c.slug in target.columns)
            running += sum(part.cells.running or 0 for part in parts)
    return running


def filling_words(state: RunState) -> str:
    """Return how many cells were filling at the last count, as a sentence."""
    cells = state.cells_running
    return f"{words.plural(cells, 'cell')} {'was' if cells == 1 else 'were'} filling at the last count."


def stopped_words(state: RunState) -> str:
    """Return what was stopped, without a full stop; empty if nothing was."""
    if state.stopped is None:
        return ""
    cells, jobs = state.stopped.cells, state.stopped.lead_source_jobs
    parts = [words.plural(cells, "cell")] if cells > 0 else []
    if jobs > 0:
        parts.append(words.plural(jobs, "search for leads", "searches for leads"))
    if not parts:
        return ""
    return f"{' and '.join(parts)} {'was' if cells + jobs == 1 else 'were'} stopped"


def left_words(state: RunState) -> str:
    """Return what was left running and why, in sentences; empty if nothing was."""
    left = state.stopped.left_running if state.stopped is not None else ()
    sentences = [f"Left running: {_left(each)}." for each in left[:_NAMED]]
    if len(left) > _NAMED:
        sentences.append(f"So were {words.plural(len(left) - _NAMED, 'more table')}.")
    return " ".join(sentences)


def _left(each: LeftRunning) -> str:
    cells = words.plural(each.cells, "cell") if each.cells is not None else "cells"
    reason = clip(each.reason, _REASON_LIMIT).rstrip(".")
    return f"{cells} in “{clip(each.table_name, _NAME_LIMIT) or each.table_id}”{f' ({reason})' if reason else ''}"


def stop_announcement(state: RunState) -> str:
    """Return what assistive technology announces of a stop: that it was requested, and its outcome."""
    if not state.done:
        return "Cancel requested." if state.cancel == "requested" else ""
    if state.stopping == "requested" and not state.settled:
        return f"{NOT_RECEIVED}." if state.stop_error is not None else "Stopping cells."
    return stop_outcome(state)


def stop_outcome(state: RunState) -> str:
    """Return what was stopped and what was left running, in sentences; empty if neither."""
    stopped = stopped_words(state)
    return " ".join(filter(None, (f"{stopped}." if stopped else "", left_words(state))))
