"""The leads of one table before and after they were read again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.cell_values import is_found, reading_order
from origami_widgets.frames.files.csv_files import neutral
from origami_widgets.frames.frame_attrs import read_only
from origami_widgets.frames.values import is_same

from .chosen_columns import ALL
from .leads_in_files import headings_of, notes_in_file
from .stacking import ENDING, HEAD, columns_of, head_of, mains_of, python_values, renamed_columns, table_notes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from origami_widgets.api.operations import Operations

    from .chosen_columns import ChosenColumns


@dataclass(frozen=True, slots=True)
class GivenTable:
    """The leads of one table in the given frame.

    Attributes:
        table_id: the table.
        note: the frame's notes about the table; empty for a frame that has lost them, for example in a file.
        operations: the API that the table is read through.
        rows: the leads.
        places: the rows' places in the given frame.
    """

    table_id: str
    note: Mapping[str, Any]
    operations: Operations
    rows: pd.DataFrame
    places: list[int]

    @property
    def ids(self) -> list[str]:
        """The ids of the leads."""
        return [str(each) for each in self.rows["row_id"].astype(object).to_list()]

    @property
    def notes_in_file(self) -> Mapping[str, Any]:
        """What a file notes about the leads; empty for a frame with notes."""
        return {} if self.note else notes_in_file(self.rows)

    @property
    def is_chosen(self) -> bool:
        """Whether the leads were picked by hand, or loaded in part: none that they lack is new."""
        return bool(self.note.get("ticked")) or self.notes_in_file.get("complete") is False


class RefreshedTable:
    """Leads of one table as they are now, with the columns of the given frame.

    Args:
        table: the leads in the given frame.
        now: the leads as read again; None if the table has not changed.
        others: the columns of all tables of the frame, which the user has not added.
        chosen: the columns that the frame was read with.
    """

    def __init__(
        self, table: GivenTable, now: pd.DataFrame | None, others: Collection[str] = (), chosen: ChosenColumns = ALL
    ) -> None:
        self.table, self.has_changed = table, now is not None
        before = table.rows
        self._now = before if now is None else now
        self._added: list[str] = []
        self._names: list[str | None] = []
        self._kept = list(before.columns)
        if now is None:
            return
        if table.is_chosen:
            now = now[now["row_id"].isin(table.ids)].reset_index(drop=True)
        mine, note = set(before.columns), next(iter(table_notes(now)), {})
        written = table.notes_in_file.get("columns")
        written = written if isinstance(written, dict) else None
        if not table.note:
            now = _as_in_file(now, before, note, written)
        elif "tables" in now.attrs["origami"]:
            # The earlier names may be the headings of a file.
            names = {each["id"]: each["column"] for each in table.note.get("table_columns", ())}
            now = _renamed(now, note, _named_by_id(note, names))
        note = next(iter(table_notes(now)), {})
        self._names = _names_of(now, note)
        if not table.note:
            typed = {each["column"] for each in note.get("table_columns", ()) if each["kind"] == "input"}
            new = _new_columns(before, note.get("columns", {}), typed, written)
            self._now = now
            self._kept = [name for name in now.columns if name in mine or name in new]
            self._added = [name for name in before.columns if name not in now.columns]
            return
        read, listed = table.note.get("columns", {}), note.get("columns", {})
        ours = {*(HEAD if set(HEAD) <= set(now.columns) else ["row_id"]), *columns_of(table.note)}
        # A new column of the table must not replace a column that the user has added.
        taken = {*mine, *now.columns}
        self._now = now = now.rename(columns={name: _free_name(name, taken) for name in now if name in mine - ours})
        main = {column_id: name for name, column_id in reversed(read.items())}
        dropped = {column_id for column_id, name in main.items() if name not in mine}
        new = {name for name in chosen.names(now, strict=False) if listed.get(name) not in dropped}
        self._kept = [name for name in now.columns if name in (mine if name in ours else mine | new)]
        known = {*now.columns, *ours, *others}
        self._added = [name for name in before.columns if name not in known]

    @property
    def ids(self) -> list[str]:
        """The ids of the current leads."""
        return [str(each) for each in self._now["row_id"].astype(object).to_list()]

    def frame(self) -> pd.DataFrame:
        """Return the current leads with the columns of the given frame; its own columns come last."""
        if not self.has_changed:
            return self._now.reset_index(drop=True)
        made = self._now[self._kept].reset_index(drop=True)
        places = {row_id: place for place, row_id in enumerate(self.table.ids)}
        taken = [places.get(row_id, -1) for row_id in self.ids]
        for name in self._added:
            column = self.table.rows[name]
            if -1 in taken:
                # Booleans and whole numbers of NumPy have no missing value.
                column = column.convert_dtypes() if column.dtype.kind in "biu" else column
            made[name] = self.table.table_id if name == "table_id" else column.array.take(taken, allow_fill=-1 in taken)
        made.attrs = self._now.attrs
        return made

    def changes(self) -> list[tuple[str, str, str | None, str, Any, Any]]:
        """Return the cells that have changed, in columns of the table that the frame has or gets.

        Each is a tuple: ids of table and lead, the lead's name, the column, the cell before and after.
        """
        if not self.has_changed:
            return []
        before, now = self.table.rows, self._now
        old = {row_id: place for place, row_id in enumerate(self.table.ids)}
        common = [(row_id, old[row_id], place) for place, row_id in enumerate(self.ids) if row_id in old]
        rows = [[each[1] for each in common], [each[2] for each in common]]
        from_file = not self.table.note
        # The name of a table is no cell, and without notes nothing tells what `domain` was made of.
        skipped = {*head_of(before), *self._added} - (set() if from_file else {"domain"})
        names = [name for name in dict.fromkeys([*before.columns, *self._kept]) if name not in skipped]
        found: list[tuple[str, str, str | None, str, Any, Any]] = []
        for name in names:
            was, this = (_cells(frame, name, places) for frame, places in zip((before, now), rows, strict=True))
            if was is None or this is None:
                continue
            for (row_id, _, at), one, other in zip(common, was, this, strict=True):
                # A file for spreadsheets has formulas as texts.
                is_neutral = from_file and isinstance(other, str) and neutral(other) == one
                if one != other and not is_neutral and not is_same(one, other, from_file=from_file):
                    found.append((self.table.table_id, row_id, self._names[at], str(name), one, other))
        return found


def _names_of(leads: pd.DataFrame, note: Mapping[str, Any]) -> list[str | None]:
    """Return the name of each lead: its cell in the column that people read first."""
    listed = [each for each in note.get("table_columns", ()) if each["column"] in leads]
    order = reading_order([(str(each["name"]), str(each["kind"])) for each in listed])
    if not order:
        return [None] * len(leads)
    return [None if cell is None else str(cell) for cell in python_values(leads[listed[order[0][0]]["column"]])]


def _as_in_file(
    now: pd.DataFrame, before: pd.DataFrame, note: Mapping[str, Any], written: Mapping[str, str] | None
) -> pd.DataFrame:
    """Return leads with the names of columns that a frame without notes has."""
    mine = set(before.columns)
    if written is None:
        headings = headings_of([note])
        # It was written for people, and has lost its notes.
        has_headings = len(mine.intersection(headings.values())) > len(mine.intersection(headings))
        renamed = {name: heading for name, heading in headings.items() if name not in mine} if has_headings else {}
    else:
        renamed = _named_by_id(note, written)
        # A column that the table has got since then may be called like a heading.
        both = set(renamed.values()) & {name for name in now if name not in renamed}
        renamed |= {name: _free_name(name, {*mine, *now.columns}) for name in both}
    others = [name for name in HEAD if name in mine and name not in head_of(before)]
    # They are columns of the table, which have other names in a frame of several tables.
    renamed |= {f"{name}_2": name for name in others if f"{name}_2" in now}
    return _renamed(now.drop(columns=others), note, renamed)


def _named_by_id(note: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return new names for the columns of a table and their parts, given the names of some columns by their ids."""
    ids = note.get("columns", {})
    return {
        name: f"{names[ids[name]]}{name[len(main) :]}" for name, main in mains_of([note]).items() if ids[name] in names
    }


def _renamed(leads: pd.DataFrame, note: Mapping[str, Any], renamed: Mapping[str, str]) -> pd.DataFrame:
    made = leads.rename(columns=renamed)
    tables = [{**note, **renamed_columns(note, renamed)}] if note else []
    made.attrs = read_only({"units": {}, "origami": {"tables": tables}}, getattr(note, "operations", None))
    return made


def _new_columns(
    before: pd.DataFrame,
    columns: Mapping[str, str],
    typed: Collection[str | None],
    written: Mapping[str, str] | None,
) -> set[str]:
    """Return the columns that a table has got since a file was written.

    A workbook of `export(run)` has all columns that its tables had then, and a CSV file notes them. In other files, one
    may also have been dropped: it is new if the file has its ids as `export` writes them, and lacks only the last
    columns, as agents add computed ones at the end.

    Args:
        before: the leads of the table in the file.
        columns: the current columns of the table and their parts, with the id of each column.
        typed: the typed-in columns of the table.
        written: the headings that the file had, by the ids of the columns; None if it does not note them.
    """
    names = list(map(str, before.columns))
    missing = {*columns} - {*names}
    if (before.attrs.get("origami") or {}).get("has_all_columns"):
        return missing
    groups: dict[str, list[str]] = {}
    for name, column_id in columns.items():
        groups.setdefault(column_id, []).append(name)
    had = {main for key, (main, *_) in groups.items() if (main in names if written is None else key in written)}
    known = [main in had for main, *_ in groups.values()]
    is_as_exported = (names[0], names[-1]) == ("row_id", "table_id") or names[: len(HEAD)] == list(HEAD)
    is_at_end = is_as_exported and any(known[:1]) and known == sorted(known, reverse=True) and not missing & {*typed}
    if written is None and not is_at_end:
        return set()
    # Parts may have been dropped, too: they are new only if their column was empty.
    bare = {main for main, *parts in groups.values() if main in names and parts and missing.issuperset(parts)}
    has_parts = not any(before[main].notna().any() for main in bare)
    found = {main: parts for main, *parts in groups.values() if main not in had or main in bare}
    return missing & {name for main, parts in found.items() for name in (main, *(parts if has_parts else ()))}


def _free_name(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _cells(frame: pd.DataFrame, name: str, places: list[int]) -> list[Any] | None:
    """Return the cells of some rows; None where the frame can't tell them."""
    if name in frame:
        return python_values(frame[name].take(places))
    if not name.endswith(ENDING):
        return [None] * len(places)
    slug = name.removesuffix(ENDING)
    if slug not in frame:
        return None
    # The frame lacks the column because all its cells are findings.
    return [None if cell is None else is_found(cell) for cell in python_values(frame[slug].take(places))]
