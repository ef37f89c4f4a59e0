"""Rows of frames as plain records: the newest state of each table, and the runs that they are of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .words import many, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

Record = dict[str, Any]

_MOST_NAMED = 2


def records(frame: pd.DataFrame, columns: Sequence[str]) -> list[Record]:
    """The rows of some columns, None where there is no value."""
    shown = frame[list(columns)].astype(object)
    return [dict(zip(columns, row, strict=True)) for row in shown.where(shown.notna(), None).to_numpy().tolist()]


def newest(rows: Sequence[Record]) -> list[Record]:
    """Each table once, as it was given last: a follow-up brings the tables of the run before it again.

    Args:
        rows: in the order of the source; those of columns have their `position` in the table.
    """
    blocks: list[int] = []
    table, place = None, -1
    for row in rows:
        position = row.get("position", 0)
        begins = row["table_id"] != table or position <= place or not blocks
        blocks.append((blocks[-1] if blocks else 0) + begins)
        table, place = row["table_id"], position
    last = {row["table_id"]: block for row, block in zip(rows, blocks, strict=True)}
    told = zip(rows, blocks, strict=True)
    return [row for row, block in told if row["table_id"] is None or block == last[row["table_id"]]]


def by_table(rows: Iterable[Record]) -> dict[Any, list[Record]]:
    """The rows of each table, in the order of the source."""
    tables: dict[Any, list[Record]] = {}
    for row in rows:
        tables.setdefault(row["table_id"] or ("", row["table_name"]), []).append(row)
    return tables


def largest(rows: Sequence[Record], size: str, top: int) -> list[Record]:
    """As many rows as may be drawn, those with the most of something, in their own order."""
    if len(rows) <= top:
        return list(rows)
    ranked = sorted(range(len(rows)), key=lambda at: -(rows[at][size] or 0))
    return [rows[at] for at in sorted(ranked[:top])]


def runs_named(rows: Iterable[Record]) -> str:
    """Which runs the rows belong to, in a few words; empty when they belong to none."""
    runs = [name_of(run, 40) for run in dict.fromkeys(row["run_id"] for row in rows) if run is not None]
    if not runs:
        return ""
    if len(runs) == 1:
        return f"run {runs[0]}"
    further = len(runs) - _MOST_NAMED
    return f"runs {', '.join(runs[:_MOST_NAMED])}" + (f" and {further:,} more" if further > 0 else "")


def subject(tables: Sequence[object]) -> str:
    """What the plot is about: the name of the one table, or how many there are."""
    return name_of(tables[0]) if len(tables) == 1 else many(len(tables), "table", "tables")


def left_out(number: int, one: str, more: str, why: str = "are not drawn") -> str:
    """That something is missing from the plot; empty when nothing is."""
    if not number:
        return ""
    return f"{many(number, one, more)} {why.replace('are ', 'is ', 1) if number == 1 else why}"
