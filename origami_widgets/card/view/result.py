"""The result of a run: a line of figures, where the sourced leads went, and what happens now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from origami_widgets.api.models.table import cost_per_qualified_lead
from origami_widgets.api.rows.cell_values import is_found
from origami_widgets.run.credits import credits_by_table, used_since_start
from origami_widgets.run.own_cells import own_columns
from origami_widgets.run.state import FoundValues, RunState, counted_table, judging_columns, total, verdict_count
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models import table as models
    from origami_widgets.card.view.contract import (
        Figure,
        Form,
        FunnelCount,
        FunnelPart,
        FunnelView,
        Inline,
        Node,
        Result,
    )
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
    """Return what a qualified lead of a run costs; None if that is not known."""
    table = counted_table(state.tables)
    used = [shown_count(each) for each in credits_by_table(state).values()]
    others = [qualified_of(each) for each in state.tables if each is not table]
    return number(cost_per_qualified_lead(used, [] if table is None else [qualified_of(table)], others))


def used_of(state: RunState) -> int | None:
    """Return the credits of a run's tables, as far as they are known; of one that was given to it, those since it began."""
    since = used_since_start(state)[0] if state.all_tables else None
    return shown_count(total(credits_by_table(state).values()) if since is None else since)


def make_funnel(table: models.Table) -> FunnelView | None:
    """Return where the sourced leads of a table went, or None if the server's numbers do not add up."""
    counted = _counted(table.stats)
    if counted is None:
        return None
    kept, qualified, out = counted
    # The rows may have been counted since: they tell more leads than the stats, and nothing else of these.
    kept = max(kept, shown_count(table.lead_count) or 0)
    sourced = sourced_words(kept + out, more=bool(table.stats and table.stats.has_unknown_total_with_more))
    if qualified is None:
        return _as_bar(sourced, [("not", kept, "lead" if kept == 1 else "leads"), ("out", out, "left out")])
    check = _to_check(table, qualified, kept - qualified)
    parts: list[tuple[FunnelPart, int, str]] = [
        ("qualified", qualified, "qualified"),
        ("not", kept - qualified - check, "not"),
        ("check", check, "to check"),
        ("out", out, "left out"),
    ]
    return _as_bar(sourced, parts)


def _to_check(table: models.Table, qualified: int, others: int) -> int:
    """Return how many of the kept leads that don't qualify have no verdict, as far as the server says.

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
        return others if not judging and not qualified else min(running, others)
    return min(others, max(running, qualified + others - judged))


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
    leads, qualified, used = shown_count(table.lead_count), qualified_of(table), used_of(state)
    if not state.done and not leads:
        # Before the first leads, there is nothing to count.
        return figures
    tried, found = _tried(table, state) if leads else None, _found(table, state)
    if found is not None:
        values = words.plural(found.rows * found.columns, "value")
        label = f"of {values} found" if found.rows == leads else f"found of {values} read"
        figures.append(_figure(found.found, label))
    elif leads is not None and tried is not None:
        figures.append(_figure(tried - _failed(table, tried), f"of {words.plural(leads, 'row')} looked up"))
    elif leads is not None:
        figures.append(_figure(leads, "lead" if leads == 1 else "leads"))
    if qualified is not None:
        figures.append(_figure(qualified, "qualified"))
    if used is not None:
        price = price_of(state)
        note = "" if price is None else f"{words.amount(price)} per qualified lead"
        of_list = credits_by_table(state).get(table.id)
        if price is None and found is not None and found.found and found.rows == leads and of_list:
            note = f"{words.amount(number(of_list / found.found))} per value found"
        figures.append(_figure(used, _credits_label(state, used), note))
    return figures


def _credits_label(state: RunState, used: int) -> str:
    noun = "credit" if used == 1 else "credits"
    if None in map(shown_count, credits_by_table(state).values()):
        return f"{noun} at least"
    # The limit counts what was used since the start, which of a list that was there before may be less.
    if state.credit_limit is None or used_since_start(state)[0] != used:
        return noun
    return f"of {words.amount(state.credit_limit)} credits"


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
    """Return what was found for the user's own list, or how far it was looked up; of another table, where its leads went."""
    found = _found(table, state)
    if found is not None and found.rows == shown_count(table.lead_count):
        values = found.rows * found.columns
        failed = _failed(table, values - found.found - found.nothing)
        rest = values - found.found - found.nothing - failed
        return _as_bar(
            words.plural(values, "value"),
            [
                ("qualified", found.found, "found"),
                ("not", found.nothing, "nothing found"),
                ("failed", failed, "failed"),
                ("out", rest, "not looked up"),
            ],
        )
    rows, tried = shown_count(table.lead_count), _tried(table, state)
    if not rows or tried is None:
        return make_funnel(table)
    failed = _failed(table, tried)
    parts: list[tuple[FunnelPart, int, str]] = [
        ("qualified", tried - failed, "looked up"),
        ("failed", failed, "failed"),
        ("out", rows - tried, "to do" if not state.settled else "not looked up"),
    ]
    return _as_bar(words.plural(rows, "row"), parts)


def found_values(states: Sequence[RunState], table: models.Table, rows: Sequence[models.FlatRow]) -> FoundValues | None:
    """Return what was found in some rows of the user's own list; None if no column of the run looks for values in it.

    Args:
        states: the states of the run's turns that are ours.
        table: the list.
        rows: its rows, as far as they were read.
    """
    judging = {column.id for column in judging_columns(table.columns)}
    slugs = [column.slug for _, column in own_columns(states, [table]) if column.id not in judging]
    if not slugs or not rows:
        return None
    cells = [row.values[slug] for row in rows for slug in slugs if slug in row.values]
    found = sum(map(is_found, cells))
    return FoundValues(table.id, table.version, len(rows), len(slugs), found, len(cells) - found)


def _found(table: models.Table, state: RunState) -> FoundValues | None:
    """Return what was found for the user's own list; None while cells fill, and until the rows are read again after that."""
    found = state.found
    is_of_now = state.settled and found is not None and (found.table_id, found.version) == (table.id, table.version)
    return found if is_of_now else None


def _tried(table: models.Table, state: RunState) -> int | None:
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


def _failed(table: models.Table, most: int) -> int:
    return min(most, shown_count(table.cells.errored) or 0)


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


def _counted(stats: models.TableStats | None) -> tuple[int, int | None, int] | None:
    """Return how many sourced leads are kept, how many of these qualify, if that is known, and how many were left out.

    None if numbers are missing or do not add up.
    """
    funnel = stats.funnel if stats else None
    if stats is None or funnel is None:
        return None
    sourced, kept = shown_count(funnel.total_sourced_leads), shown_count(funnel.post_static_leads)
    parts = [shown_count(funnel.deduped_leads), shown_count(funnel.excluded_leads)]
    if not sourced or kept is None or None in parts or sourced - kept < sum(each or 0 for each in parts):
        return None
    counted = shown_count(stats.qualification.qualified_leads) if stats.qualification else None
    return kept, counted if counted is not None and counted <= kept else None, sourced - kept


def _as_bar(what: str, counted: Sequence[tuple[FunnelPart, int, str]]) -> FunnelView:
    parts: list[FunnelCount] = [
        {"part": part, "label": f"{words.count(count)} {label}", "count": count}
        for part, count, label in counted
        if count
    ]
    return {"words": f"{what}: {', '.join(part['label'] for part in parts)}", "parts": parts}


_NAME_LIMIT = 60


def make_now(state: RunState) -> Inline:
    """Return what happens now: what fills or, while the agent works, its newest table; empty once nothing does."""
    names = {table.id: clip(table.name, _NAME_LIMIT) for table in state.tables}
    return _filling(state, names) or ([] if state.done else _grown(state, names))


def _filling(state: RunState, names: dict[str, str]) -> Inline:
    """Return which columns fill now, the newest first, with their table if there are several, and how many cells."""
    columns = [
        (table, column)
        for table in reversed(state.tables)
        for column in reversed(table.columns)
        if shown_count(column.cells.running)
    ]
    cells = shown_count(state.cells_running) or sum(shown_count(column.cells.running) or 0 for _, column in columns)
    if not columns or not cells:
        return [f"Filling {words.plural(cells, 'cell')}"] if cells else []
    (table, newest), *others = columns
    place = _place(names.get(table.id, "") if len({table.id for table, _ in columns}) == 1 < len(state.tables) else "")
    more = f" and {words.plural(len(others), 'more column')}" if others else ""
    return [
        "Filling ",
        _bold(clip(newest.name, _NAME_LIMIT) or "cells"),
        *place,
        f"{more} · {words.plural(cells, 'cell')}",
    ]


def _grown(state: RunState, names: dict[str, str]) -> Inline:
    if not state.tables:
        return []
    table = state.tables[-1]
    name, leads = names.get(table.id, ""), shown_count(table.lead_count)
    return ["Latest: ", words.plural(leads, "lead") if leads else "the table", *_place(name)] if name else []


def _place(table: str) -> Inline:
    return [" in ", _bold(table)] if table else []


def _bold(text: str) -> Node:
    return {"t": "b", "c": [text]}
