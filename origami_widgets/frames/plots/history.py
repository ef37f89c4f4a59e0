"""`plot_history`: how runs came to be what they are, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.frames.run_frames import history_frame
from origami_widgets.frames.source import gather

from .bars import described, sentence, title_of
from .needed import checked, stacked
from .panels import LEFT, Panel, Run, draw
from .picked import Record, left_out, records, runs_named
from .words import amount, count, joined, many, name_of

if TYPE_CHECKING:
    from altair import VConcatChart

    from origami_widgets.frames.source import Source

LONGEST_RUN = 40
MOST_RUNS = 6
MOST_POINTS = 400
"""In all runs together: about as many as a plot has px across."""
_PANELS = (
    ("steps_completed", "steps"),
    ("lead_count", "leads"),
    ("cells_running", "cells running"),
    ("cells_errored", "cells errored"),
    ("credits_used", "credits"),
)
_COLUMNS = ("run_id", "time", "status", *(column for column, _ in _PANELS))


def plot_history(source: Source, *, width: int = 600) -> VConcatChart:
    """How a run came to be what it is: status, steps, leads, cells and credits over time.

    No request is sent and no credits are spent. Values hold from one change to the next, so the lines are steps; where
    nothing was told they have a gap. The history is that of this kernel, from when the run was watched; an answer of
    the API has none. Of several runs, each has a line of its own in the first panel, in the colour of its lines.

    Args:
        source: a `Run`, or a list of runs.
        width: of the whole chart, in px.

    Returns:
        An Altair chart with a panel for each unit, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width that cannot be drawn, or without Altair.

    Source in the API: `status`, `steps` and the tables of each answer about the run, by `history_frame`.

    Example:
        >>> import origami_widgets as ow
        >>> from origami_widgets.frames.plots import plot_history
        >>> run = ow.start("List bakeries in Porto", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")
        >>> [panel["title"]["text"] for panel in plot_history(run).to_dict()["vconcat"]]
        ['status', 'steps', 'leads', 'cells running', 'cells errored', 'credits']
    """
    width = checked(width)
    rows = [row for row in records(history_frame(gather(source, "plot_history")), _COLUMNS) if row["time"] is not None]
    by_run: dict[Any, list[Record]] = {}
    for row in rows:
        by_run.setdefault(row["run_id"], []).append(row)
    if not by_run:
        alone = sentence("History", [], "There is no history: it is kept while this kernel watches a run.", width)
        return stacked({"description": alone.pop("description"), "vconcat": [alone]})
    for changes in by_run.values():
        changes.sort(key=lambda row: row["time"])
    drawn = sorted(by_run.values(), key=lambda changes: changes[0]["time"])[-MOST_RUNS:]
    runs = [_run(changes, number, len(drawn)) for number, changes in enumerate(drawn)]
    title = (
        f"History of {runs_named([drawn[0][0]]) or 'a run'}" if len(by_run) == 1 else f"History of {len(by_run)} runs"
    )
    details = [
        runs_named(rows) if len(by_run) > 1 else "",
        joined("times are UTC", "values hold until the next change"),
        left_out(len(by_run) - len(drawn), "earlier run", "earlier runs"),
        left_out(sum(run.changes - len(run.rows) for run in runs), "change", "changes"),
    ]
    panels = [Panel(column, unit, amount if unit == "credits" else count) for column, unit in _PANELS]
    said = described(title, [_said(run, panels, several=len(drawn) > 1) for run in runs])
    return stacked({"title": title_of(title, details, width, -LEFT), "description": said, **draw(runs, panels, width)})


def _run(rows: list[Record], number: int, several: int) -> Run:
    name = name_of(rows[0]["run_id"], LONGEST_RUN) if rows[0]["run_id"] else "run"
    if several > 1:
        # Ids differ at their ends.
        end = (rows[0]["run_id"] or "")[-6:]
        name = f"{number + 1} …{name_of(end)}" if end else f"{number + 1}"
    return Run(name, _thinned(rows, MOST_POINTS // several), len(rows))


def _thinned(rows: list[Record], most: int) -> list[Record]:
    """As many changes as can be told apart: the first, the last, those of the status, and some between them."""
    if len(rows) <= most:
        return rows
    turns = [at for at in range(1, len(rows)) if rows[at]["status"] != rows[at - 1]["status"]][: most // 2]
    evenly = [at * (len(rows) - 1) // (most // 2 - 1) for at in range(most // 2)]
    return [rows[at] for at in sorted({*turns, *evenly})]


def _said(run: Run, panels: list[Panel], *, several: bool) -> str:
    last = run.rows[-1]
    values = [f"{panel.words(last[panel.column])} {panel.unit}" for panel in panels]
    span = f"{many(run.changes, 'change', 'changes')} until {last['time']:%Y-%m-%d %H:%M:%S} UTC"
    told = ", ".join([name_of(last["status"], 40), *values, span])
    return f"run {run.name}: {told}" if several else told
