"""The result of a run: a line of figures, and where the sourced leads went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.run.state import (
    counted_table,
    judging_columns,
    total,
    verdict_count,
)
from origami_widgets.words import numbers as words
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api import models
    from origami_widgets.card.view.contract import Figure, Form, FunnelCount, FunnelPart, FunnelView, Result
    from origami_widgets.run.state import RunState


def make_result(state: RunState, *, form: Form = "live") -> Result:
    """Return the result line: leads and qualified leads of the table that counts, and credits over all tables.

    Args:
        state: what is known about the run.
        form: the form of the view.
    """
    figures = _figures(state)
    table = counted_table(state.tables)
    return {
        "figures": figures,
        "note": "" if figures else _note(state, form),
        "funnel": None if table is None else _bar(table, state),
    }


def qualified_of(table: models.Table) -> int | None:
    """Return how many leads of a table qualify; None if the server did not say."""
    stats = table.stats
    return shown_count(stats.qualification.qualified_leads) if stats and stats.qualification else None


def price_of(state: RunState) -> float | None:
    """Return the credits of a run per qualified lead, of the numbers beside it.

    None without a qualified lead, if the credits of a table are missing, or if other tables have qualified leads, too.
    """
    used, table = shown_count(state.credits_used), counted_table(state.tables)
    qualified = 0 if table is None else qualified_of(table) or 0
    if not qualified or used is None or _is_least(state):
        return None
    others = sum(qualified_of(each) or 0 for each in state.tables) - qualified
    return None if others else number(used / qualified)


def _is_least(state: RunState) -> bool:
    """Return whether the credits of a table are missing in the sum."""
    return any(shown_count(each.credits.lifetime_used) is None for each in state.tables)


def make_funnel(table: models.Table) -> FunnelView | None:
    """Return where the sourced leads of a table went, or None if the server's numbers do not add up."""
    counted = _counted(table.stats)
    if counted is None:
        return None
    checking = unjudged = 0
    if "qualified" in counted:
        checking, unjudged = _without_verdict(table, counted["qualified"], counted["kept"])
        counted["kept"] -= checking + unjudged
    kept = _unqualified_words(table, counted["qualified"], counted["kept"]) if "qualified" in counted else "kept"
    parts: list[tuple[FunnelPart, int, str, str]] = [
        ("qualified", counted.get("qualified", 0), "qualified", "qualified"),
        ("kept", counted["kept"], kept, kept),
        ("unjudged", checking, "being checked", "being checked"),
        ("unjudged", unjudged, "not judged", "not judged"),
        ("duplicate", counted["duplicate"], "duplicate", "duplicates"),
        ("excluded", counted["excluded"], "excluded", "excluded"),
        ("filtered", counted["filtered"], "filtered out", "filtered out"),
    ]
    return _as_funnel(parts, more=_has_more(table.stats))


def _without_verdict(table: models.Table, qualified: int, others: int) -> tuple[int, int]:
    """Return how many kept leads are being judged, and how many others were not, as far as the server says.

    Args:
        table: the table.
        qualified: the number of qualified leads.
        others: the number of the other leads that are kept.
    """
    judging = judging_columns(table.columns)
    running = max((shown_count(column.cells.running) or 0 for column in judging), default=0)
    # With several such columns, the one with the most verdicts counts. Without any, no lead can have one.
    judged = max((count for column in judging if (count := verdict_count(column)) is not None), default=None)
    if judged is None:
        unjudged = others if not judging and not qualified else 0
    else:
        unjudged = min(others, max(0, qualified + others - judged))
    checking = min(running, others)
    return checking, max(0, unjudged - checking)


def _unqualified_words(table: models.Table, qualified: int, others: int) -> str:
    """Return what the leads are called that were judged but do not count as qualified."""
    verdicts = [column.qualification for column in judging_columns(table.columns) if column.qualification is not None]
    if not any(shown_count(each.unsure) for each in verdicts):
        return "not qualified"
    all_unsure = any((each.pass_, each.fail, each.unsure) == (qualified, 0, others) for each in verdicts)
    return "unsure" if all_unsure else "not qualified or unsure"


def sourced_words(sourced: int, *, more: bool) -> str:
    """Return in words how many leads were found, and whether there are more."""
    return (
        f"{words.plural(sourced, 'lead')} found, more available" if more else f"{words.plural(sourced, 'lead')} found"
    )


def number(value: float | None) -> float | None:
    """Return an amount that can be shown, rounded to four decimals, whole numbers as integers; else None."""
    if value is None or not words.known(value) or value < 0:
        return None
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def _figures(state: RunState) -> list[Figure]:
    figures: list[Figure] = []
    table = counted_table(state.tables)
    if table is None:
        return figures
    leads, qualified, used = shown_count(table.lead_count), qualified_of(table), shown_count(state.credits_used)
    enriched = _enriched(table, state) if leads else None
    if leads is not None and enriched is not None:
        figures.append(_figure(enriched, f"of {words.count(leads)} enriched"))
    elif leads is not None:
        noun = "lead" if leads == 1 else "leads"
        figures.append(_figure(leads, noun if state.done else f"{noun} so far"))
    if qualified is not None:
        figures.append(_figure(qualified, "qualified"))
    if used is not None:
        noun = "credit" if used == 1 else "credits"
        label = f"{noun} at least" if _is_least(state) else noun
        price = price_of(state)
        figures.append(_figure(used, label, "" if price is None else f"{words.amount(price)} per qualified lead"))
    return figures


def summary_of(state: RunState) -> str:
    """Return the figures of a run that has ended in one line: "13 qualified of 20, 269 credits".

    Args:
        state: the run's state.
    """
    figures = _figures(state) if state.done else []
    said = [f"{each['value']} {each['label']}" for each in figures]
    if len(figures) > 1 and figures[1]["label"] == "qualified" and figures[0]["label"] in ("lead", "leads"):
        said[:2] = [f"{said[1]} of {figures[0]['value']}"]
    return ", ".join(said)


def _bar(table: models.Table, state: RunState) -> FunnelView | None:
    """Return how much of the user's own list is enriched, or where the leads of another table went."""
    rows, enriched = shown_count(table.lead_count), _enriched(table, state)
    if not rows or enriched is None:
        return make_funnel(table)
    left = f"{words.count(rows - enriched)} not enriched{'' if state.settled else ' yet'}"
    parts: list[FunnelCount] = [
        {"part": "qualified", "label": f"{words.count(enriched)} enriched", "count": enriched},
        {"part": "filtered", "label": left, "count": rows - enriched},
    ]
    parts = [part for part in parts if part["count"]]
    return {"words": f"{words.plural(rows, 'row')}: {', '.join(part['label'] for part in parts)}", "parts": parts}


def _enriched(table: models.Table, state: RunState) -> int | None:
    """Return how many rows of the user's own list have no cell under way; None if the run does not fill such a list."""
    added = [column for column in table.columns if column.kind != "input"]
    if table.id.lower() not in state.focused or not added:
        return None
    running = table.stats.running.running_leads if table.stats and table.stats.running else None
    if running is None:
        running = max((shown_count(column.cells.running) or 0 for column in added), default=0)
    rows = shown_count(table.lead_count) or 0
    enriched = max(0, rows - running)
    if state.settled and state.status == "completed" and (state.stopped is None or not state.stopped.cells):
        # A column may run for some of the rows only.
        return enriched
    # Cells of a column that was just added may not be under way yet, and those that were stopped never ran.
    rates = [column.stats.call_rate if column.stats else None for column in added]
    known = [rate for rate in rates if rate is not None and 0 <= rate <= 1]
    if len(known) < len(added):
        return enriched if running else None
    return min(enriched, int(min(known) * rows + 0.5))


def _figure(value: int, label: str, note: str = "") -> Figure:
    return {"value": words.count(value), "label": label, "note": note}


def _note(state: RunState, form: Form) -> str:
    if not state.done:
        # Without tables, the run's actions are the only information about leads.
        if added := [action for action in state.actions if action.type == "leads_added"]:
            first = [action.lead_count for action in added if action.table_id == added[0].table_id]
            leads = shown_count(total(first))
            return "Leads added." if leads is None else f"{words.plural(leads, 'lead')} added."
        if form == "snapshot" or state.connection.state == "stopped" or state.actions:
            return "No leads yet."
        return "Planning…" if state.run is not None else "Starting…"
    questions = len(state.run.todo.pending_questions) if state.run else 0
    if questions and state.status == "needs_input":
        return f"{words.plural(questions, 'question')} for you before the agent starts."
    return ""


def _has_more(stats: models.TableStats | None) -> bool:
    return bool(stats and stats.has_unknown_total_with_more)


def _counted(stats: models.TableStats | None) -> dict[FunnelPart, int] | None:
    """Return the number of leads in each part of the funnel; None if numbers are missing or do not add up."""
    funnel = stats.funnel if stats else None
    if stats is None or funnel is None:
        return None
    sourced, kept = shown_count(funnel.total_sourced_leads), shown_count(funnel.post_static_leads)
    duplicate, excluded = shown_count(funnel.deduped_leads), shown_count(funnel.excluded_leads)
    if not sourced or kept is None or duplicate is None or excluded is None:
        return None
    filtered = sourced - kept - duplicate - excluded
    if filtered < 0:
        return None
    counted = shown_count(stats.qualification.qualified_leads) if stats.qualification else None
    qualified = counted if counted is not None and counted <= kept else None
    parts: dict[FunnelPart, int] = {"duplicate": duplicate, "excluded": excluded, "filtered": filtered}
    if qualified is None:
        return {"kept": kept, **parts}
    return {"qualified": qualified, "kept": kept - qualified, **parts}


def _as_funnel(counted: Sequence[tuple[FunnelPart, int, str, str]], *, more: bool) -> FunnelView:
    parts: list[FunnelCount] = [
        {"part": part, "label": words.plural(count, one, many), "count": count}
        for part, count, one, many in counted
        if count
    ]
    sourced = sourced_words(sum(count for _, count, _, _ in counted), more=more)
    return {"words": f"{sourced}: {', '.join(part['label'] for part in parts)}", "parts": parts}
