"""What happens now, in one line, while the run or its cells go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models.run import Action
    from origami_widgets.card.view.contract import Inline, Node
    from origami_widgets.run.state import RunState

_NAME_LIMIT = 60

_PLAIN: Final = {
    "table_created": "Created the table",
    "table_restored": "Restored the table",
    "columns_updated": "Changed columns",
}
_COUNTED: Final = {
    "columns_deleted": ("Deleted", "column"),
    "columns_restored": ("Restored", "column"),
    "leads_added": ("Added", "lead"),
    "leads_deleted": ("Deleted", "lead"),
    "leads_restored": ("Restored", "lead"),
}


def make_now(state: RunState) -> Inline:
    """Return what happens now; empty once nothing does."""
    names = _table_names(state)
    if filling := _filling(state, names):
        return filling
    if state.done:
        return []
    if not state.actions:
        return _grown(state, names)
    newest = state.actions[-1]
    table = names.get(newest.table_id or "", "")
    return ["Latest: ", *_line(newest), *_place(table)]


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
    """Return the newest table, until the server reports a change."""
    if not state.tables:
        return []
    table = state.tables[-1]
    name, leads = names.get(table.id, ""), shown_count(table.lead_count)
    return ["Latest: ", "the table" if leads is None else words.plural(leads, "lead"), *_place(name)] if name else []


def _place(table: str) -> Inline:
    return [" in ", _bold(table)] if table else []


def _bold(text: str) -> Node:
    return {"t": "b", "c": [text]}


def _table_names(state: RunState) -> dict[str, str]:
    """Return table names by id, from the tables or else from the actions that made them."""
    names = {action.table_id: action.table_name for action in state.actions if action.table_id and action.table_name}
    names.update({table.id: table.name for table in state.tables if table.id and table.name})
    return {key: clip(name, _NAME_LIMIT) for key, name in names.items()}


def _line(action: Action) -> Inline:
    kind = action.type
    if kind in _PLAIN:
        return [_PLAIN[kind]]
    if kind == "column_added":
        column = clip(action.column_name, _NAME_LIMIT)
        return ["Added column ", {"t": "b", "c": [column]}] if column else ["Added a column"]
    if kind in _COUNTED:
        return _counted(*_COUNTED[kind], action.lead_count if kind == "leads_added" else action.count)
    # A kind of change that this version does not know is shown by the server's name.
    return [{"t": "code", "c": [clip(kind, 40) or "change"]}]


def _counted(verb: str, noun: str, value: int | None) -> Inline:
    number = shown_count(value)
    if number is None:
        return [f"{verb} {noun}s"]
    return [f"{verb} ", {"t": "b", "c": [words.plural(number, noun)]}]
