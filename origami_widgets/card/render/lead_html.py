"""Snapshot of a grid of leads: their number and the line of code that shows them. Leads only if the user asked for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from origami_widgets.card.render.html_tags import LINE, SMALL, Html, bold, code, div, grid, isolated, join, text
from origami_widgets.card.view.lead_cells import cell_words, in_reading_order, make_cells
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, stored_size, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.models import Column, FlatRow
    from origami_widgets.card.view.lead_contract import LeadCell, LeadGridView

SIZE_LIMIT: Final = 28_500
COLUMNS_SHOWN: Final = 8
_CELL_LIMIT = 60
_BOX = f"padding:9px 14px;border:{LINE};border-radius:10px;font:13px/1.45 system-ui,sans-serif;overflow-x:auto"

SavedTable = tuple[str, "Sequence[FlatRow]", "Sequence[Column]"]


def render_leads_html(view: LeadGridView, saved: Sequence[SavedTable]) -> str:
    """Return the snapshot as HTML.

    Args:
        view: the view of the grid, in the form `snapshot`.
        saved: name, leads and columns of each table whose leads to save.
    """
    head = view["head"]
    tabs = [
        join(bold(isolated(tab["name"])), text(f"{tab['leads']} leads" if tab["leads"] else ""), by=" ")
        for tab in head["tabs"]
    ]
    first = div("", join(*tabs, text(head["as_of"]), by=" · "))
    again = div(SMALL, join(text("To see the leads, in any kernel:"), code(head["line"]), by=" "))
    room = SIZE_LIMIT - stored_size(first) - stored_size(again) - 400
    tables = take((_table(*each) for each in saved), room, stored_size)
    save = code(f"{head['line'].removesuffix(')')}, save=True)")
    note = (
        text("") if tables else join(text("Leads are not saved in the notebook. To save the first ones:"), save, by=" ")
    )
    return div(_BOX, first, div(SMALL, note), *tables, again)


def render_leads_text(view: LeadGridView) -> str:
    """Return the snapshot as text, without any lead."""
    head = view["head"]
    tabs = [f"{tab['name']}: {tab['leads']} leads" if tab["leads"] else tab["name"] for tab in head["tabs"]]
    return "\n".join([*(tabs or ["No leads yet."]), f"To see the leads, in any kernel: {head['line']}"])


def _table(name: str, rows: Sequence[FlatRow], columns: Sequence[Column]) -> Html:
    shown = [column for column, _ in in_reading_order(columns)][:COLUMNS_SHOWN]
    lines = [[bold(isolated(clip(column.name, _CELL_LIMIT))) for column in shown]]
    lines += [[isolated(_words(cell)) for cell in make_cells(row, columns)[:COLUMNS_SHOWN]] for row in rows]
    kept = f"The first {words.plural(len(rows), 'lead')} of {clip(name, 80)}, saved on request (save=True)."
    return div("margin-top:8px", grid(lines, style="text-align:left"), div(SMALL, text(kept)))


def _words(cell: LeadCell) -> str:
    return clip(cell_words(cell), _CELL_LIMIT)
