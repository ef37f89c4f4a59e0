"""Runs as text for a terminal and as records for a program, in the words of the card. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from origami_widgets.api.models.run import RunObject
from origami_widgets.card.render.document import SIGNS
from origami_widgets.card.render.text_writer import WIDTH, render_text
from origami_widgets.card.view import make_view
from origami_widgets.card.view.result import used_of
from origami_widgets.card.view.run_head import status_words
from origami_widgets.run.conversation import RecentRun, make_token
from origami_widgets.run.state import RunState
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clean, fit, width_of

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import View

LEAST_BRIEF = 24
"""Columns that a brief needs beside the token. With less room, the token is on a line of its own."""
HEADINGS = ("Token", "Started", "Status", "Brief")
_GAP = "  "


def change_line(view: View, *, with_brief: bool = False) -> str:
    """Return the state of a run on one line, without a time: the line differs only if the state does.

    Args:
        view: the view of the state.
        with_brief: include the brief.

    Returns:
        For example `● Running · 12 leads so far · 57 credits`.
    """
    head, result = view["head"], view["result"]
    brief = f": {head['prompt']}" if with_brief and head["prompt"] else ""
    # A notice that only repeats the status is left out.
    notices = [notice["title"] for notice in view["notices"] if notice["title"] != head["status_label"]]
    parts = [
        f"{SIGNS[head['tone']]} {head['status_label']}{brief}",
        *(f"{figure['value']} {figure['label']}" for figure in result["figures"]),
        *notices,
    ]
    return " · ".join(filter(None, parts))


def run_record(state: RunState, *, now: float) -> dict[str, object]:
    """Return the record of a watched run. Values that the server did not send are None.

    Args:
        state: the state of the run.
        now: the time of the change, in Unix seconds.

    Returns:
        `at` (UTC, ISO 8601), `token`, `status`, `done`, `settled`, `steps` (`completed`, `max`), `leads`, `credits`,
        `cells` (`running`, `errored`), `questions` (number of open questions) and `connection`.
    """
    run = state.run
    known = bool(state.tables)
    return {
        "at": datetime.fromtimestamp(now, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "token": make_token(state.agent_id, state.run_id),
        "status": state.status if run is not None else None,
        "done": state.done,
        "settled": state.settled,
        "steps": {"completed": run.steps.completed if run else None, "max": run.steps.max if run else None},
        "leads": state.lead_count,
        "credits": used_of(state),
        "cells": {
            "running": state.cells_running if known else None,
            "errored": state.cells_errored if known else None,
        },
        "questions": len(run.todo.pending_questions) if run else None,
        "connection": state.connection.state,
    }


def run_cells(recent: RecentRun, now: float) -> tuple[str, str, str, str]:
    """Return what the table says of a run: token, age, status in the words of the card, and the beginning of the brief.

    The token is never cut: it is meant to be copied.

    Args:
        recent: the run.
        now: the time, in Unix seconds on the server's clock.
    """
    run = recent.run
    label, tone = status_words(RunState(recent.agent_id, run.id, run=RunObject.from_raw(run.raw)))
    age = words.age(now - run.started_at.timestamp() if run.started_at is not None else None)
    token = make_token(clean(recent.agent_id, 200), clean(run.id, 200))
    return token, age, f"{SIGNS[tone]} {label}", clean(run.prompt, 200)


def listed_record(recent: RecentRun) -> dict[str, object]:
    """Return the record of a run in a list, with the values that the server sent.

    Returns:
        `token`, `agent_name` (None when it was not read), `status`, `brief` (at most 200 characters), `model`,
        `steps` (`completed`, `max`), `started_at` and `completed_at` (ISO 8601, or None).
    """
    run = recent.run
    return {
        "token": recent.token,
        "agent_name": recent.agent_name or None,
        "status": run.status,
        "brief": run.prompt,
        "model": run.model or None,
        "steps": {"completed": run.steps.completed, "max": run.steps.max},
        "started_at": _iso(run.started_at),
        "completed_at": _iso(run.completed_at),
    }


def table_lines(rows: Sequence[RecentRun], *, now: float, width: int | None) -> Iterator[str]:
    """Yield the lines of the table of runs.

    Args:
        rows: the runs, in the order of the table.
        now: the current time, in Unix seconds on the server's clock.
        width: columns of the terminal; None for lines of any length.

    Yields:
        A heading and one line per run. If the terminal is too narrow for a whole token beside the rest, two lines per
        run: its status and its token.
    """
    texts = [run_cells(row, now) for row in rows]
    widths = [
        max(map(width_of, column), default=0)
        for column in zip(HEADINGS[:3], *(text[:3] for text in texts), strict=True)
    ]
    before = sum(widths) + len(_GAP) * len(widths)
    if width is not None and width < before + LEAST_BRIEF:
        for token, age, status, brief in texts:
            yield fit(" · ".join(filter(None, (status, age, brief))), width)
            # Never cut: a terminal that is too narrow wraps the token, so that it can still be copied.
            yield f"{_GAP}{token}"
        return
    for *columns, brief in (HEADINGS, *texts):
        cells = [cell + " " * (room - width_of(cell)) for cell, room in zip(columns, widths, strict=True)]
        yield _GAP.join([*cells, brief if width is None else fit(brief, width - before)]).rstrip()


def page(state: RunState, earlier: Sequence[RunState], width: int, height: int) -> str:
    """Return the card of a run as it fits on a screen, with the earlier turns of its conversation."""
    now = time.time()
    view = make_view(state, earlier=earlier, now=now, form="current")
    text = render_text(view, now=now, ticking=True, width=min(width, WIDTH))
    return fit_height(text, height)


def fit_height(text: str, height: int) -> str:
    """Return the lines that fit on a screen. If some do not, the last line says how many."""
    lines = text.split("\n")
    if len(lines) <= height:
        return text
    kept = max(height - 1, 0)
    return "\n".join([*lines[:kept], f"… {words.plural(len(lines) - kept, 'more line')}, shown at the end"])


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None
