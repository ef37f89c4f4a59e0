"""One line about a run, for people and for programs. Pure: all words are those of the card."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from origami_widgets.card.render.card_text import SIGNS
from origami_widgets.card.view import number_words as words
from origami_widgets.run.agent_runs import make_token

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import Tone, View
    from origami_widgets.run.state import RunState


def change_line(view: View, *, brief: bool = False) -> str:
    """How a run stands, in one line without a moment: the same line means that there is nothing new.

    Args:
        view: the view of the state.
        brief: tell what the run is about, too.

    Returns:
        For example `● Running · step 3 · 12 leads so far · 57 credits`.
    """
    head, result = view["head"], view["result"]
    about = f": {head['prompt']}" if brief and head["prompt"] else ""
    # A notice that only repeats the status says nothing that is new.
    notices = [notice["title"] for notice in view["notices"] if notice["title"] != head["status_label"]]
    pieces = [
        f"{SIGNS[head['tone']]} {head['status_label']}{about}",
        result["steps"],
        *(f"{figure['value']} {figure['label']}" for figure in result["figures"]),
        *notices,
    ]
    return " · ".join(filter(None, pieces))


def stamped(line: str, *, now: float) -> str:
    """A line with its moment before it, to the second; `now` in Unix seconds."""
    return f"{words.instant(now * 1000)}  {line}"


def record(state: RunState, *, now: float) -> dict[str, object]:
    """How a run stands, for programs; what the server did not say is null.

    Args:
        state: what is known of the run.
        now: the moment of the change, in Unix seconds.

    Returns:
        `at` (UTC, ISO 8601), `token`, `status`, `done`, `settled`, `steps` (`completed`, `max`), `leads`, `credits`,
        `cells` (`running`, `errored`), `questions` (how many are open) and `connection`.
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
        "credits": state.credits_used,
        "cells": {
            "running": state.cells_running if known else None,
            "errored": state.cells_errored if known else None,
        },
        "questions": len(run.todo.pending_questions) if run else None,
        "connection": state.connection.state,
    }


def tones(view: View, lines: list[str]) -> list[Tone | None]:
    """The tone of each line of the card's text: that of the status or the notice which begins there, else None."""
    head = view["head"]
    told = [(head["tone"], head["status_label"]), *((notice["tone"], notice["title"]) for notice in view["notices"])]
    starts = {f"{SIGNS[tone]} {title.split(' ')[0]}": tone for tone, title in told}
    return [next((tone for start, tone in starts.items() if line.startswith(start)), None) for line in lines]
