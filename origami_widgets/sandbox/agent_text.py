"""Texts of the simulated agent: plans, reports, questions and suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from origami_widgets.sandbox.prompt_parser import ParsedPrompt
    from origami_widgets.sandbox.timelines import RunTimeline, TableTimeline

PLAN_INTRODUCTION = "Here's my plan."
PLAN = ("Collect candidates", "Remove duplicates and poor matches", "Look up contacts", "Check the fit")
CONTINUE: tuple[Mapping[str, Any], ...] = ({"label": "Continue where you left off"},)
ANSWER = (
    "Origami builds tables of leads from a brief. A run finds candidates, removes duplicates and poor matches, "
    "then fills in columns.\n\nTell me *who* you're looking for and *where*, and I'll start."
)
ASKING = "Two questions before I start."
ANSWER_QUESTIONS: tuple[Mapping[str, Any], ...] = ({"label": "Answer the questions", "type": "input_required"},)
_FREEFORM = "Or something else"
QUESTIONS = (
    {
        "type": "single-choice",
        "question": "Which region should I search first?",
        "suggestedAnswers": ["Iberia", "France", "Benelux"],
        "freeformOption": _FREEFORM,
    },
    {
        "type": "confirm",
        "question": "Can I use credits to look up email addresses?",
        "suggestedAnswers": ["Confirm"],
        "freeformOption": _FREEFORM,
    },
)
CANCELLED = "Cancelled at your request."
CANCELLED_ELSEWHERE = "Cancelled from the web app."
CELLS_STOPPED = "You stopped cells while I was working, so some of them are empty."
INCOMPLETE = "I stopped early because one of my tool calls failed."
HANDED_OVER = "Handed over to a reviewer."


def two_tables_report(first: TableTimeline, second: TableTimeline, end: float) -> str:
    """Return the last message of a run that built two tables and ends at `end`."""
    rows = len(first.rows_at(end))
    running = sum(column.running(end) for table in (first, second) for column in table.columns)
    fit = next(column for column in first.columns if column.recipe.is_relevance)
    filling = f"Cells that were still filling when I finished: {running}. The tables update automatically."
    fitting = f"{fit.verdict_count('pass', end)} of {rows} companies fit the brief. They're at the top of the table."
    lines = [
        f"I built **{first.name}** with {rows} companies and **{second.name}** with {len(second.rows_at(end))} people.",
        "",
        "- I removed duplicates and companies that don't meet your requirements.",
        f"- {filling if running else fitting}",
    ]
    return "\n".join(lines)


def extended_table_report(table: TableTimeline, column_name: str, end: float) -> str:
    """Return the last message of a run that added a column and leads to a table and ends at `end`."""
    rows = len(table.rows_at(end))
    return f"I added **{column_name}** and more leads: **{table.name}** now has {rows}."


def filled_lists_report(tables: Sequence[TableTimeline], columns: Iterable[str], end: float) -> str:
    """Return the last message of a run that added columns to the user's own lists and ends at `end`."""
    running = sum(column.running(end) for table in tables for column in table.columns)
    lists = " and ".join(f"**{table.name}** ({len(table.rows_at(end))} rows)" for table in tables)
    report = f"I looked up {', '.join(f'**{name}**' for name in columns)} for {lists}."
    return f"{report} Cells that were still filling when I finished: {running}." if running else report


def filled_cells_report(cells: int, columns: Iterable[str]) -> str:
    """Return the last message of a run that was told to fill cells."""
    names = ", ".join(f"**{name}**" for name in columns)
    return f"I ran {cells} empty cells of {names}." if cells else "I found no empty cell to fill."


def false_report(parsed: ParsedPrompt) -> str:
    """Return a last message about a table that does not exist."""
    return f"Done! I created the table **{parsed.title}** with {parsed.lead_target} leads and started enriching them."


def large_report(tables: int, columns: int) -> str:
    """Return the last message of a very large run."""
    return f"I split the work into {tables} tables. Each has {columns} columns."


def step_cap_report(steps: int) -> str:
    """Return why a run at its step cap stopped."""
    return f"I used all {steps} steps included in your plan."


def stopped_report(reason: str, run: RunTimeline, tables: Mapping[str, TableTimeline], at: float) -> str:
    """Return the last message of a run that is stopped: why, and the tables and leads of its work that exist by then."""
    touched = {action.body["tableId"] for action in run.actions if action.at <= at}
    kept = [table for table in tables.values() if table.id in touched and table.exists(at)]
    if not kept:
        return f"{reason} Nothing was built yet."
    names = " and ".join(f"**{table.name}** ({len(table.rows_at(at))} leads)" for table in kept)
    return f"{reason} So far, I have built {names}."


def next_actions(table: TableTimeline) -> tuple[Mapping[str, Any], ...]:
    """Return the suggestions after a run that worked on a table."""
    return (
        {"label": f"Find more leads for {table.name}", "type": "find_more_leads", "tableSlug": table.slug},
        {"label": "Download the table", "type": "export_csv", "tableSlug": table.slug},
        {"label": "Add recent news about each company"},
    )
