"""What a file of leads has in place of `attrs`: the headings of its columns, and which leads it holds. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.frames.values import as_json, parsed_object

from .stacking import HEAD, NOTES, columns_of, mains_of, python_values, table_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def for_file(leads: pd.DataFrame, *, complete: bool = True) -> pd.DataFrame:
    """Return leads with columns that say which table they are of and, if these are not all, which leads they are.

    Args:
        leads: a frame of `rows_frame` or `leads_frame`, with its `attrs`.
        complete: whether none was left out by hand, or as it was not loaded.
    """
    notes = {str(note.get("table_id")): note for note in table_notes(leads)}
    if "table_id" not in leads:
        leads = leads.assign(table_id=pd.array([*notes][:1] * len(leads), dtype="string"))
    texts = {table_id: _which_leads(note, complete=complete) for table_id, note in notes.items()}
    if not any(texts.values()):
        return leads
    return leads.assign(**{NOTES: leads["table_id"].map(texts).astype("string")})


def _which_leads(note: Mapping[str, Any], *, complete: bool) -> str | None:
    filters, has_hidden = note.get("filters") or [], not note.get("saved_filters", True)
    if not filters and not has_hidden and complete:
        return None
    return as_json({"filters": filters, "include_hidden": has_hidden, "complete": complete})


def with_headings(leads: pd.DataFrame) -> pd.DataFrame:
    """Return leads with headings for the names of columns. The first row of each table notes which column has which."""
    notes = table_notes(leads)
    headings, rows = headings_of(notes), leads["table_id"].to_list()
    texts = python_values(leads[NOTES]) if NOTES in leads else [None] * len(leads)
    for note in notes:
        if note["table_id"] in rows:
            at, listed = rows.index(note["table_id"]), [(each["id"], each["column"]) for each in note["table_columns"]]
            columns = {key: headings.get(name, name) for key, name in listed if name in leads}
            texts[at] = as_json({**(parsed_object(texts[at]) or {}), "columns": columns})
    return leads.assign(**{NOTES: pd.array(texts, dtype="string")}).rename(columns=headings)


def notes_in_file(rows: pd.DataFrame) -> Mapping[str, Any]:
    """Return what a file notes about the leads of a table; empty without such notes."""
    texts = dict.fromkeys(python_values(rows[NOTES]) if NOTES in rows else ())
    found: dict[str, Any] = {}
    for each in map(parsed_object, texts):
        found |= each if isinstance(each, dict) else {}
    return found


def headings_of(notes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headings of the columns of tables and of their parts, `Phone.confidence`, by their names in the frame.

    A column keeps its name if another one has its heading, or if a program might take its heading for something else.
    """
    mains = mains_of(notes)
    heads = {str(each["column"]): str(each["name"]) for note in notes for each in note.get("table_columns", ())}
    made = {name: f"{heads[main]}{name[len(main) :]}" for name, main in mains.items()}
    counts, taken = Counter(made.values()), {*HEAD, NOTES}.union(*map(columns_of, notes))
    unclear = {
        mains[name] for name, text in made.items() if counts[text] > 1 or text in taken or not text[:1].isalnum()
    }
    return {name: text for name, text in made.items() if mains[name] not in unclear}
