"""Whether the company of a person qualifies, as the tables of companies of the same run say. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets.frames.economics.table_economics import is_company

from .stacking import lead_names, python_values, table_notes

if TYPE_CHECKING:
    from origami_widgets.frames.dtype_backend import DtypeBackend


def with_company_verdicts(people: pd.DataFrame, companies: pd.DataFrame, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return leads with the column `company_qualified`.

    A person belongs to the company of the same run with the same domain, else with the same name. Where not exactly one
    fits, nothing is known.

    Args:
        people: leads of people.
        companies: the companies of the same runs, with those that are hidden.
        dtype_backend: the array of the column.
    """
    from origami_widgets.frames.dtype_backend import to_array
    from origami_widgets.frames.schema import computed_field
    from origami_widgets.frames.values import read_values

    verdicts: dict[tuple[Any, str, str], list[bool | None]] = defaultdict(list)
    for run, domain, name, qualified in zip(
        _runs(companies),
        python_values(companies["domain"]),
        lead_names(companies),
        python_values(companies["qualified"]),
        strict=True,
    ):
        for kind, text in (("domain", domain), ("name", _folded(name))):
            if text:
                verdicts[run, kind, text].append(qualified)

    def verdict(run: Any, domain: str | None, name: str | None) -> bool | None:
        for kind, text in (("domain", domain), ("name", _folded(name))):
            found = verdicts.get((run, kind, text or ""), [])
            if len(found) == 1:
                return found[0]
        return None

    known = zip(_runs(people), python_values(people["domain"]), _companies_of(people), strict=True)
    field = computed_field("company_qualified", "boolean", "")
    values = to_array("boolean", read_values(field, [verdict(*each) for each in known]), dtype_backend)
    made = people.copy()
    made.insert(list(people.columns).index("table_id"), field.name, pd.Series(values, index=made.index))
    made.attrs = people.attrs
    return made


def _runs(leads: pd.DataFrame) -> list[Any]:
    runs = {note.get("table_id"): note.get("run_id") for note in table_notes(leads)}
    return [runs.get(table_id) for table_id in python_values(leads["table_id"])]


def _companies_of(people: pd.DataFrame) -> list[str | None]:
    """Return the name of each person's company."""
    columns = {
        note.get("table_id"): str(each["column"])
        for note in table_notes(people)
        for each in reversed(note.get("table_columns", ()))
        if is_company(str(each["name"])) and each["column"] in people
    }
    cells = {name: python_values(people[name]) for name in columns.values()}
    tables = python_values(people["table_id"])
    found = [cells[columns[table]][at] if table in columns else None for at, table in enumerate(tables)]
    return [None if cell is None else str(cell) for cell in found]


def _folded(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
