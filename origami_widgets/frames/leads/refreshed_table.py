"""The leads of one table before and after they were read again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from origami_widgets.api.rows.cell_values import is_found
from origami_widgets.frames.files.table_files import neutral
from origami_widgets.frames.frame_builder import read_only
from origami_widgets.frames.values import is_same, read_number

from .lead_table import OURS, snake_case, unique_name
from .rows_request import ALL, ChosenColumns
from .stacking import (
    ENDING,
    columns_of,
    headings_of,
    keys_of,
    lead_names,
    mains_of,
    python_values,
    renamed_columns,
    table_notes,
)

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.api.operations import Operations


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
    def is_chosen(self) -> bool:
        """Whether the leads were picked by hand: none that they lack is new."""
        return bool(self.note.get("ticked"))


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
        self.rewritten: list[str] = []
        if now is None:
            return
        if table.is_chosen:
            now = now[now["row_id"].isin(table.ids)].reset_index(drop=True)
        mine, note = set(before.columns), next(iter(table_notes(now)), {})
        if not table.note:
            now = _as_in_file(now, table, note)
        else:
            # The earlier names may be the headings of a file.
            names = {each["id"]: each["column"] for each in table.note.get("table_columns", ())}
            now = _renamed(now, note, _named_by_id(note, names))
        note = next(iter(table_notes(now)), {})
        self._names = python_values(lead_names(now))
        if not table.note:
            # Nothing tells whether a column that is not there is new, or was dropped.
            self._now = now
            self._kept = [name for name in now.columns if name in mine]
            self._added = [name for name in before.columns if name not in now.columns]
            return
        read, listed = table.note.get("columns", {}), note.get("columns", {})
        ours = {*OURS, *columns_of(table.note)}
        # A new column of the table must not replace a column that the user has added.
        taken = {*mine, *now.columns}
        self._now = now = now.rename(columns={name: unique_name(name, taken) for name in now if name in mine - ours})
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

    @property
    def unknown(self) -> list[str]:
        """The columns of the given frame that have values for the table, and that it doesn't have."""
        return [str(name) for name in self._added if name not in OURS and self.table.rows[name].notna().any()]

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

        Each is a tuple: ids of table and lead, the lead's name, the column, the cell before and after. `rewritten` then
        has the columns that a spreadsheet has written in another way.
        """
        if not self.has_changed:
            return []
        before, now = self.table.rows, self._now
        common = _common_rows(self.table, now)
        rows = [[each[1] for each in common], [each[2] for each in common]]
        from_file = not self.table.note
        # The name of a table is no cell, and without notes nothing tells what `domain` was made of.
        skipped = {*OURS, *self._added} - (set() if from_file else {"domain"})
        names = [name for name in dict.fromkeys([*before.columns, *self._kept]) if name not in skipped]
        found: list[tuple[str, str, str | None, str, Any, Any]] = []
        for name in names:
            was, this = (_cells(frame, name, places) for frame, places in zip((before, now), rows, strict=True))
            if was is None or this is None:
                continue
            different, is_rewritten = _different(list(zip(was, this, strict=True)), from_file=from_file)
            self.rewritten += [str(name)] if is_rewritten else []
            for place in different:
                row_id, _, at = common[place]
                found.append((self.table.table_id, row_id, self._names[at], str(name), was[place], this[place]))
        return found


def _as_in_file(now: pd.DataFrame, table: GivenTable, note: Mapping[str, Any]) -> pd.DataFrame:
    """Return leads with the names of columns that a frame without notes has.

    Its columns are known by their names, else by today's headings, where half of the filled cells still agree: people
    give headings to other columns, too.
    """
    before = table.rows
    mine = set(before.columns)
    common = _common_rows(table, now)
    renamed: dict[str, str] = {}
    for name, heading in headings_of([note]).items():
        texts = [text for text in (heading, f"{heading} (UTC)") if text in mine]
        if name in mine or len(texts) != 1 or texts[0] in {*now.columns, *renamed.values()}:
            continue
        was = python_values(before[texts[0]].take([each[1] for each in common]))
        this = python_values(now[name].take([each[2] for each in common]))
        filled = [(one, other) for one, other in zip(was, this, strict=True) if one is not None]
        if 2 * len(_different(filled, from_file=True)[0]) <= len(filled):
            renamed[name] = texts[0]
    return _renamed(now, note, renamed)


def _common_rows(table: GivenTable, now: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Return the id of each lead that is there before and now, and its places."""
    old = {row_id: place for place, row_id in enumerate(table.ids)}
    ids = map(str, now["row_id"].astype(object).to_list())
    return [(row_id, old[row_id], place) for place, row_id in enumerate(ids) if row_id in old]


def _different(pairs: Sequence[tuple[Any, Any]], *, from_file: bool) -> tuple[list[int], bool]:
    """Return the places of the cells that differ, and whether a spreadsheet has written the others in another way."""
    found = [place for place, pair in enumerate(pairs) if not _is_unchanged(*pair, from_file=from_file)]
    rule = rewriting([pairs[place] for place in found]) if from_file else None
    if rule is None:
        return found, False
    return [place for place in found if None in pairs[place] or not rule(str(pairs[place][0]), pairs[place][1])], True


def _is_unchanged(one: Any, other: Any, *, from_file: bool) -> bool:
    # A file for spreadsheets has formulas as texts.
    is_neutral = from_file and isinstance(other, str) and neutral(other) == one
    return one == other or is_neutral or is_same(one, other, from_file=from_file)


def _named_by_id(note: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Return new names for the columns of a table and their parts, given the names of some columns by their ids."""
    ids, keys = note.get("columns", {}), keys_of([note])
    found = {name: names[ids[name]] for name in mains_of([note]) if ids[name] in names}
    return {name: f"{main}_{snake_case(keys[name])}" if name in keys else main for name, main in found.items()}


def _renamed(leads: pd.DataFrame, note: Mapping[str, Any], renamed: Mapping[str, str]) -> pd.DataFrame:
    made = leads.rename(columns=renamed)
    tables = [{**note, **renamed_columns(note, renamed)}] if note else []
    made.attrs = read_only({"units": {}, "origami": {"tables": tables}}, getattr(note, "operations", None))
    return made


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


LEAST, SHARE = 3, 0.9
"""So many cells, and this share of those that differ as texts, must be equal under one rule."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,](\d+))?(E[+-]?\d{1,3})?", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{4}|\d\d?)(?:,?[ T](\d\d?:\d\d(?::\d\d)?))?")
_PRECISION = 14
"""Digits that spreadsheets keep after the first one."""
_BOOLEANS = {
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "1"), True),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "onwaar", "0"), False),
}
Rule = Callable[[str, Any], bool]


def rewriting(pairs: Sequence[tuple[Any, Any]]) -> Rule | None:
    """Return the rule by which a spreadsheet has rewritten a column; None if it hasn't, or if that can't be told.

    Args:
        pairs: the cells of the file that differ from the table's, each with that.

    >>> dates = rewriting([("05.01.2026", "2026-01-05"), ("06.02.2026", "2026-02-06"), ("07.03.26", "2026-03-07")])
    >>> dates("01.04.2026", "2026-04-01"), dates("01.04.2026", "2026-01-04")
    (True, False)
    """
    texts = [(str(one), other) for one, other in pairs if None not in (one, other) and not isinstance(one, dict | list)]
    if len(texts) < LEAST:
        return None
    for rule in _RULES:
        equal = sum(rule(*each) for each in texts)
        if equal >= max(LEAST, SHARE * len(texts)):
            return rule
    return None


def _same_number(text: str, cell: Any) -> bool:
    """Return whether both are one number: without zeros in front, with a decimal comma, or as far as an exponent has digits.

    >>> _same_number("123", "00123"), _same_number("1,5", 1.5), _same_number("1,23E+15", "1234567890123456")
    (True, True, True)
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or read_number(cell) is None:
        return False
    one, decimals = Decimal(text.strip().replace(",", ".")), len(found[1] or "") if found[2] else _PRECISION
    return abs(one - Decimal(str(cell).strip())) < Decimal(1).scaleb(one.adjusted() - decimals)


def _same_date(order: str, text: str, cell: Any) -> bool:
    """Return whether both are one day, and one time as far as the text has one.

    >>> _same_date("dmy", "5.1.2026 9:14", "2026-01-05T09:14:02Z"), _same_date("mdy", "5/1/26", "2026-05-01")
    (True, True)
    """
    found = _DATE.fullmatch(text.strip())
    if found is None or not isinstance(cell, str):
        return False
    part = dict(zip(order, found.groups(), strict=False))
    day = f"{part['y'] if len(part['y']) > 2 else cell[:2] + part['y']}-{part['m']:0>2}-{part['d']:0>2}"  # noqa: PLR2004 - of a year
    return cell.replace(" ", "T").startswith(f"{day}T{found[4]:0>5}" if found[4] else day)


def _same_boolean(text: str, cell: Any) -> bool:
    return isinstance(cell, bool) and _BOOLEANS.get(text.strip().lower()) is cell


def _same_words(text: str, cell: Any) -> bool:
    """Return whether both are one text but for blanks, such as line ends of another system."""
    return isinstance(cell, str) and text.split() == cell.split()


_RULES: tuple[Rule, ...] = (
    _same_words,
    _same_number,
    *(partial(_same_date, order) for order in ("dmy", "mdy", "ymd")),
    _same_boolean,
)
