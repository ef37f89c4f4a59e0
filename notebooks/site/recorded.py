"""The page with a recorded card: a run of the sandbox, drawn by the code that draws the cards of a saved notebook.

It is recorded when the site is built. The sandbox's moments come from a clock that stands here, so that the same code
records the same run.
"""

# ruff: noqa: INP001 - a folder of scripts

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import origami_widgets as ow
from origami_widgets.card.view import make_view
from origami_widgets.card.view.lead_cells import (
    count_words,
    hidden_mark,
    make_cells,
    make_heads,
    shown_columns,
    with_hidden_words,
)
from origami_widgets.card.widgets.snapshot import RUN_TYPE, card_snapshot, saved_view

if TYPE_CHECKING:
    from origami_widgets.api.models import Table
    from origami_widgets.card.view.contract import View

PLACE = "try.md"
TEXT = Path(__file__).with_name(PLACE)
SCRIPT = Path(__file__).resolve().parents[2] / "js" / "build" / "site" / "recorded.js"
SCRIPT_PLACE = "assets/recorded.js"
MARK = "<!-- recorded card -->"
BRIEF = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
STARTED = 1_784_625_000.0
"""2026-07-21 09:10 UTC."""
SECONDS = 10 * 60.0
"""Long enough for all cells to be filled."""
TITLE = "Recorded from the sandbox"
WHY = "This page has no kernel: buttons that would start or change a run are off."


def recorded_run() -> tuple[View, dict[str, Any]]:
    """Return the view of a completed run of the sandbox, as a saved notebook has it, and its leads; the same each time."""
    now = STARTED
    client = ow.Sandbox(plan="ultra", clock=lambda: now).client()
    started = client.create_agent(BRIEF).run
    now += SECONDS
    payload = client.get_run(started.agent_id, started.id, include=("stats",)).raw
    state = ow.Run.from_payload(payload).state
    connection = dataclasses.replace(state.connection, heard_at=now)
    state = dataclasses.replace(state, origin="sandbox", connection=connection)
    view = make_view(state, now=now, form="snapshot")
    view["head"].update(as_of=TITLE, gone=WHY)
    return view, {table.id: recorded_leads(client, table) for table in state.tables}


def recorded_leads(client: ow.Client, table: Table) -> dict[str, Any]:
    """Return the leads of a table as the card shows them, those that its saved filters let through first."""
    columns = shown_columns(table.columns)
    shown, every = (list(client.iter_rows(table.id, flat=True, saved_filters=saved)) for saved in (True, False))
    ids = {row.id for row in shown}
    hidden = [row for row in every if row.id not in ids]
    rows = [(row.id, make_cells(row, columns)) for row in (*shown, *hidden)]
    return {
        "heads": make_heads(columns, [cells for _, cells in rows]),
        "rows": rows,
        "hidden": {row.id: hidden_mark(row, columns) for row in hidden},
        "counts": {
            "qualified": count_words(len(shown), len(shown), len(every), is_filtered=False),
            "all": with_hidden_words(len(every), len(every), len(every), len(hidden), is_filtered=False),
        },
    }


def card() -> str:
    """Return the card for the page: its HTML, which its script draws over."""
    view, leads = recorded_run()
    html, saved = card_snapshot(view)["text/html"], saved_view(RUN_TYPE, view)[RUN_TYPE]
    # Nothing in a string of JSON may end the script.
    data = json.dumps({**saved, "leads": leads}).replace("<", "\\u003c")
    return (
        f'<div class="output card" data-origami="{RUN_TYPE}">'
        f'<div><template shadowrootmode="open">{html}</template></div>'
        f'<script type="application/json">{data}</script></div>'
        f'<script src="{SCRIPT_PLACE}"></script>'
    )
