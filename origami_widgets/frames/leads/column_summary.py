"""Summary of each column of leads: how far it is filled, how certain its values are, and what one costs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.cell_values import CONFIDENCE, is_found, may_come
from origami_widgets.api.errors import printable
from origami_widgets.frames.frame_builder import build
from origami_widgets.frames.schema import (
    COLUMN_FIELDS,
    RUN_ID,
    RUN_NAME,
    TABLE_ID,
    TABLE_NAME,
    FrameSchema,
    computed_field,
)
from origami_widgets.frames.source import SourceData, SourcePart
from origami_widgets.frames.values import as_json, read_values

from .stacking import HEAD, is_missing, python_values, table_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt
    import pandas as pd

    from origami_widgets.frames.dtype_backend import DtypeBackend

EXAMPLES = 2
LONGEST_EXAMPLE = 80

DESCRIPTION = FrameSchema(
    "describe_leads",
    (
        RUN_ID,
        RUN_NAME,
        TABLE_ID,
        TABLE_NAME,
        computed_field("column", "string", "the column of the frame of leads; its parts are `column.part`"),
        COLUMN_FIELDS["column_name"],
        COLUMN_FIELDS["kind"],
        computed_field("leads", "integer", "leads that were read", "leads"),
        computed_field("filled", "integer", "a value was found", "cells"),
        computed_field("nothing_found", "integer", "looked and found nothing, or left empty by users", "cells"),
        computed_field("not_run", "integer", "without a result: not run, running or failed", "cells"),
        computed_field("share_found", "number", "filled / leads", "fraction"),
        *(
            computed_field(f"confidence_{word}", "integer", f"found with {word} confidence; NA without any", "cells")
            for word in CONFIDENCE
        ),
        computed_field("distinct", "integer", "different values", "values"),
        computed_field("cells_errored", "integer", "ended in a failure, of all leads of the table", "cells"),
        computed_field("credits_used", "number", "settled, over all runs", "credits"),
        computed_field(
            "credits_per_found",
            "number",
            "credits_used / filled; NA unless all leads of the table were read",
            "credits per value",
        ),
        *(computed_field(f"example_{number + 1}", "string", "a value, cut short") for number in range(EXAMPLES)),
    ),
)


def describe_columns(leads: pd.DataFrame, *, examples: bool, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return the frame of `describe_leads`.

    Args:
        leads: a frame of `leads_frame`.
        examples: whether to show values.
        dtype_backend: the dtype backend of the result.
    """
    rows = [_row(each, examples=examples) for each in _columns(leads)]
    runs = dict.fromkeys(row["run_id"] for row in rows)
    frame = build(
        DESCRIPTION,
        SourceData("list", tuple(SourcePart(run_id) for run_id in runs)),
        {},
        computed={each.name: read_values(each, [row.get(each.name) for row in rows]) for each in DESCRIPTION.fields},
        dtype_backend=dtype_backend,
    )
    frame.attrs["origami"] |= {"source": "leads", "untrusted": True}
    return frame


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of one table.

    Attributes:
        leads: the leads of the table.
        name: the column of the frame.
        facts: the notes about the column.
        note: the notes about the table.
    """

    leads: pd.DataFrame
    name: str
    facts: Mapping[str, Any]
    note: Mapping[str, Any]


def _columns(leads: pd.DataFrame) -> Iterator[_Column]:
    notes = table_notes(leads)
    if not notes:
        # Without notes, only the columns themselves are known.
        groups = [group for _, group in leads.groupby("table_id", dropna=False, sort=False)] or [leads]
        for group in groups:
            head: dict[str, Any] = {name: _first(group[name]) for name in ("run_id", "name", "table_id", "table_name")}
            for name in _main_columns(leads):
                yield _Column(group, name, {}, head)
        return
    for note in notes:
        group = leads[leads["table_id"].eq(str(note.get("table_id"))).fillna(value=False)]
        hidden = note.get("columns_without_cells") or {}
        for facts in note.get("table_columns", ()):
            if facts["column"] in leads and facts["column"] not in hidden:
                yield _Column(group, facts["column"], facts, note)


def _first(values: pd.Series[Any]) -> Any:
    return next((value for value in python_values(values.iloc[:1])), None)


def _main_columns(leads: pd.DataFrame) -> list[str]:
    names = [name for name in leads.columns if name not in HEAD]
    return [name for name in names if "." not in name or name.rpartition(".")[0] not in leads]


def _row(column: _Column, *, examples: bool) -> dict[str, Any]:
    leads, name, facts = column.leads, column.name, column.facts
    values, size = leads[name], len(leads)
    sep = (column.note.get("options") or {}).get("sep", ".")
    filled, pending = _states(leads, name, f"{name}{sep}found", str(facts.get("kind", "")))
    count = int(filled.sum())
    # The main part may be empty although another part was found.
    mains = [each for each in python_values(values[filled]) if is_found(each)]
    distinct = {as_json(each): each for each in mains}
    used, is_whole = facts.get("credits_used"), _has_all_leads(column.note, size)
    words = python_values(leads.loc[filled, f"{name}{sep}confidence"]) if f"{name}{sep}confidence" in leads else []
    return {
        **{key: column.note.get(key) for key in ("run_id", "name", "table_id", "table_name")},
        "column": name,
        "column_name": facts.get("name"),
        "kind": facts.get("kind") or None,
        "leads": size,
        "filled": count,
        "nothing_found": size - count - int(pending.sum()),
        "not_run": int(pending.sum()),
        "share_found": count / size if size else None,
        **({f"confidence_{word}": words.count(word) for word in CONFIDENCE} if any(words) else {}),
        "distinct": len(distinct),
        "cells_errored": facts.get("cells_errored"),
        "credits_used": used,
        "credits_per_found": used / count if is_whole and count and used is not None and used >= 0 else None,
        **(
            {f"example_{at + 1}": _short(each) for at, each in enumerate(list(distinct.values())[:EXAMPLES])}
            if examples
            else {}
        ),
    }


def _states(
    leads: pd.DataFrame, name: str, flags: str, kind: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return for each lead whether its cell has a value, and whether it may still get one."""
    values = leads[name]
    if flags in leads:
        found = leads[flags]
        pending = is_missing(found)
        filled = found.fillna(value=False).to_numpy(dtype=np.bool_)
    else:
        pending = is_missing(values)
        cells = values.astype(object).to_list()
        filled = np.array([not lost and is_found(cell) for cell, lost in zip(cells, pending, strict=True)], np.bool_)
    return filled, pending if may_come(kind) else np.zeros(len(leads), np.bool_)


def _has_all_leads(note: Mapping[str, Any], rows: int) -> bool:
    return bool(note.get("complete")) and note.get("lead_count") == rows


def _short(value: object) -> str:
    line = printable(" ".join((value if isinstance(value, str) else as_json(value)).split()))
    return line if len(line) <= LONGEST_EXAMPLE else line[: LONGEST_EXAMPLE - 1] + "…"
