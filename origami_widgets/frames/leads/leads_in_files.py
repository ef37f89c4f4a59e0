"""What a file of leads has in place of `attrs`: the headings of its columns, and which leads it holds. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.frames.values import as_json, parsed_object

from .stacking import HEAD, mains_of, python_values, table_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VIEW = "origami_view"
"""Column of a file that has not all leads of its table: says with which filters they were read, and whether these are all."""


def for_file(leads: pd.DataFrame) -> pd.DataFrame:
    """Return leads with columns that say which table they are of and, if these are not all, which leads they are.

    Args:
        leads: a frame of `rows_frame` or `leads_frame`, with its `attrs`.
    """
    notes = {str(note.get("table_id")): note for note in table_notes(leads)}
    if "table_id" not in leads:
        leads = leads.assign(table_id=pd.array([*notes][:1] * len(leads), dtype="string"))
    is_whole = bool(leads.attrs["origami"].get("complete"))
    views = {table_id: _view_text(note, is_whole=is_whole) for table_id, note in notes.items()}
    if not any(views.values()):
        return leads
    return leads.assign(**{VIEW: leads["table_id"].map(views).astype("string")})


def _view_text(note: Mapping[str, Any], *, is_whole: bool) -> str | None:
    filters, is_complete = note.get("filters"), is_whole and note.get("limit") is None
    if not filters and is_complete:
        return None
    has_hidden = not note.get("saved_filters", True)
    return as_json({"filters": filters or [], "include_hidden": has_hidden, "complete": is_complete})


def view_of(leads: pd.DataFrame) -> Mapping[str, Any]:
    """Return which leads of a table a file holds; empty if it does not say so."""
    texts = python_values(leads[VIEW]) if VIEW in leads else []
    found = parsed_object(next((text for text in texts if text is not None), None))
    return found if isinstance(found, dict) else {}


def headings_of(notes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headings of the columns of tables and of their parts, `Phone.confidence`, by their names in the frame.

    A column keeps its name if another one has its heading, or if a program might take its heading for something else.
    """
    mains = mains_of(notes)
    heads = {str(each["column"]): str(each["name"]) for note in notes for each in note.get("table_columns", ())}
    made = {name: f"{heads[main]}{name[len(main) :]}" for name, main in mains.items()}
    counts, taken = Counter(made.values()), {*HEAD, VIEW, *mains}
    unclear = {
        mains[name] for name, text in made.items() if counts[text] > 1 or text in taken or not text[:1].isalnum()
    }
    return {name: text for name, text in made.items() if mains[name] not in unclear}
