"""Texts of the simulated agent: plans, reports, questions and suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.prompt_parser import ParsedPrompt
    from origami_widgets.sandbox.timelines import TableTimeline

PLAN_INTRODUCTION = "Here is how I will go about it."
PLAN = ("Collect candidates", "Remove duplicates and misfits", "Look up contacts", "Judge the fit")
CONTINUE: tuple[Mapping[str, Any], ...] = ({"label": "Continue where you stopped"},)
ANSWER = (
    "Origami builds tables of leads from a brief. A run finds candidates, removes duplicates and misfits, "
    "then fills columns.\n\nTell me *who* you look for and *where*, and I will start."
)
ASKING = "Two things to settle before I start."
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
        "question": "May I look up e-mail addresses, which costs credits?",
        "suggestedAnswers": ["Confirm"],
        "freeformOption": _FREEFORM,
    },
)
CANCELLED = "Cancelled at your request."
CANCELLED_ELSEWHERE = "Cancelled from the web app."
ARCHIVED = "Stopped because the agent was archived."
INCOMPLETE = "I stopped early: one of my own tool calls could not be read."
HANDED_OVER = "The work was handed over to a reviewer."


def two_tables_report(first: TableTimeline, second: TableTimeline, end: float) -> str:
    """Return the last message of a run that built two tables and ends at `end`."""
    rows = len(first.rows_at(end))
    running = sum(column.running(end) for table in (first, second) for column in table.columns)
    fit = next(column for column in first.columns if column.is_relevance)
    lines = [
        f"I built **{first.name}** with {rows} companies and **{second.name}** with {len(second.rows_at(end))} people.",
        "",
        "- Duplicates and companies that miss your hard requirements are already removed.",
    ]
    if running:
        lines.append(f"- {running} cells are still being filled; the tables update by themselves.")
    else:
        lines.append(
            f"- {fit.verdict_count('pass', end)} of {rows} companies fit the brief; the table shows those first."
        )
    return "\n".join(lines)


def extended_table_report(table: TableTimeline, column_name: str, end: float) -> str:
    """Return the last message of a run that added a column and leads to a table and ends at `end`."""
    rows = len(table.rows_at(end))
    return f"I added **{column_name}** and more leads: **{table.name}** now has {rows} of them."


def false_report(parsed: ParsedPrompt) -> str:
    """Return a last message about a table that does not exist."""
    return f"Done! I created the table **{parsed.title}** with {parsed.lead_target} leads and started to enrich them."


def large_report(tables: int, columns: int) -> str:
    """Return the last message of a very large run."""
    return f"I split the work into {tables} tables. Each has its own {columns} columns."


def step_cap_report(steps: int) -> str:
    """Return why a run at its step cap stopped."""
    return f"I used all {steps} steps of your plan."


def kept_tables(tables: Mapping[str, TableTimeline], at: float) -> str:
    """Return the sentence about the tables and leads that exist when a run is stopped."""
    if not tables:
        return "Nothing had been built yet."
    leads = sum(len(table.rows_at(at)) for table in tables.values())
    names = " and ".join(f"**{table.name}**" for table in tables.values())
    return f"Kept: {names}, {leads} leads in all."


def next_actions(table: TableTimeline) -> tuple[Mapping[str, Any], ...]:
    """Return the suggestions after a run that worked on a table."""
    return (
        {"label": f"Find more leads for {table.name}", "type": "find_more_leads", "tableSlug": table.slug},
        {"label": "Download the table", "type": "export_csv", "tableSlug": table.slug},
        {"label": "Add recent news about each company"},
    )
