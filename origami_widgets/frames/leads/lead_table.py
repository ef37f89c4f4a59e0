"""Collect leads, page after page, into the columns of a frame. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.row_decoding import RowDecoder, SlottedRow, ids_of, slots_of

from .cell_column import CellColumn
from .lead_column import LeadColumn

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from origami_widgets.frames.dtype_backend import DtypeBackend

    from .cell_column import CellKind

BLOCK = 2_000
"""Rows whose cells are typed at once: enough to be cheap per cell, but few enough to keep as decoded objects."""
MOST_UNLISTED = 100
"""Maximum number of columns for slugs that the server does not list."""
MOST_SHOWN = 20
"""Maximum number of columns that an error lists."""
ROW_ID = "row_id"
UNLISTED = "unlisted"
BESIDE = frozenset({"id", "object"})
"""Keys of a row that are not cells."""
LEVELS = BESIDE | {"cells"}
CELL_TYPES = frozenset({"scalar", "value", "sequence"})


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """Column of the table, as the server lists it.

    Attributes:
        id: the column's id.
        name: the heading.
        slug: the column's key in rows; None if it has none.
        kind: `input`, `enrichment`, `score` or `sequence`, or a newer word.
    """

    id: str
    name: str
    slug: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Notes about the columns of a frame of leads.

    Attributes:
        columns: ids of the table's columns, by column of the frame.
        mixed_types: types of the values, by column, for columns of dtype `object`.
        dates: columns whose texts are all dates and were read as dates.
        timestamps: columns whose texts are all dates with a time and were read as times.
        without_cells: reasons, by column, for columns that cannot have cells.
        unlisted: columns in the rows that the server does not list.
        not_dates: for columns that are text although most of their values are dates or times: how many are, and which
            rows hold something else.
    """

    columns: dict[str, str] = field(default_factory=dict)
    mixed_types: dict[str, list[str]] = field(default_factory=dict)
    dates: list[str] = field(default_factory=list)
    timestamps: list[str] = field(default_factory=list)
    without_cells: dict[str, str] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)
    not_dates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, name: str, part: CellColumn, kind: CellKind | None) -> None:
        """Note the kind of a column's cells if it matters."""
        if part.tally is not None and (odd := part.tally.note()) is not None:
            self.not_dates[name] = odd
        if kind == "object":
            self.mixed_types[name] = [*part.words, *(["more than 64 bits"] if part.too_large else [])]
        elif kind == "date":
            self.dates.append(name)
        elif kind == "timestamp":
            self.timestamps.append(name)


def needs_typed_cells(listed: Iterable[ListedColumn]) -> bool:
    """Return whether a slug collides with a key of the row itself."""
    return any(column.slug in LEVELS for column in listed)


class LeadTable:
    """Columns of a frame whose rows are still arriving.

    Args:
        listed: the table's columns.
        dtype_backend: the dtype backend of the arrays.
        flatten: whether parts of objects get their own columns, `slug.key`; False keeps objects in the cells.
        as_texts: the slugs of columns whose cells become texts as they were sent.
    """

    def __init__(
        self,
        listed: Sequence[ListedColumn],
        *,
        dtype_backend: DtypeBackend,
        flatten: bool = True,
        as_texts: Container[str] = (),
    ) -> None:
        self._listed = listed
        self._backend = dtype_backend
        self._flatten = flatten
        self._as_texts = as_texts
        self._length = 0
        self._row_ids: list[str] = []
        self._ids = CellColumn(dtype_backend)
        self._columns: dict[str, LeadColumn] = {}
        for column in listed:
            if column.slug is not None and column.slug not in self._columns:
                self._columns[column.slug] = self._column(column.slug, computed=column.kind != "input")
        self._unlisted: dict[str, LeadColumn] = {}
        self._rest: CellColumn | None = None

    def decoder(self) -> RowDecoder:
        """Return a decoder for this table's pages of rows that is faster than a JSON decoder."""
        return RowDecoder(
            {slug: column.absent for slug, column in self._columns.items()},
            [column.slug for column in self._listed if column.slug is not None and column.kind != "input"],
        )

    def add(self, rows: Sequence[dict[str, Any]] | Sequence[SlottedRow]) -> None:
        """Add a page of rows: decoded JSON, flat or typed, or the result of `decoder`."""
        if not rows:
            return
        if isinstance(rows[0], SlottedRow):
            self._add_slots(cast("Sequence[SlottedRow]", rows))
        else:
            self._add_dicts(cast("Sequence[dict[str, Any]]", rows))
        self._length += len(rows)
        if len(self._row_ids) >= BLOCK:
            self._take_waiting()

    def _add_slots(self, rows: Sequence[SlottedRow]) -> None:
        ids, cells = slots_of(rows)
        self._row_ids += ids
        for slug, column in self._columns.items():
            column.add(cells[slug])
        self._add_unlisted([{}] * len(rows), set())

    def _add_dicts(self, rows: Sequence[dict[str, Any]]) -> None:
        self._row_ids += ids_of(rows)
        keys: set[str] = set().union(*rows)
        cells = rows
        if "cells" in keys:
            cells = cells_of(rows, self._columns.keys())
            keys = set().union(*cells)
        for slug, column in self._columns.items():
            # Extracted while the rows are in the processor's cache.
            column.add(map(dict.get, cells, repeat(slug), repeat(column.absent)))
        self._add_unlisted(cells, keys - self._columns.keys() - BESIDE)

    def _take_waiting(self) -> None:
        """Type the waiting cells, enough at once to be cheap per cell."""
        ids, self._row_ids = self._row_ids, []
        if ids and not self._ids.add_texts(ids):
            self._ids.add(ids)
        for column in (*self._columns.values(), *self._unlisted.values()):
            column.take_waiting()

    def frame(self, *, rows: int | None = None) -> tuple[pd.DataFrame, Findings]:
        """Return all rows so far as a frame.

        Args:
            rows: the number of rows of the frame. Later rows still influence its columns and dtypes.
        """
        findings = Findings()
        arrays: dict[str, Any] = {}
        seen: list[object] = []
        for name, part in self.layout(findings):
            if isinstance(part, CellColumn):
                # Main values may be the same cells as a part's, and columns of a frame must not share memory.
                arrays[name] = part.array(copy=part in seen)
                findings.note(name, part, part.read_as)
                seen.append(part)
            else:
                arrays[name] = self._empty() if part is None else part.found()
            if rows is not None and rows < len(arrays[name]):
                arrays[name] = arrays[name][:rows]
            if arrays[name].dtype == object:
                # If all objects were texts, pandas would change the dtype.
                arrays[name] = pd.Series(arrays[name], dtype=object, copy=False)
        size = self._length if rows is None else min(rows, self._length)
        return pd.DataFrame(arrays, pd.RangeIndex(size), copy=False), findings

    def layout(self, findings: Findings) -> Iterator[tuple[str, CellColumn | LeadColumn | None]]:
        """Iterate over the columns of the frame in order, as names and cells.

        A `LeadColumn` stands for its column `found`, None for a column that cannot have cells.

        Args:
            findings: collects notes about the columns.
        """
        self._take_waiting()
        taken = {ROW_ID: None}
        yield ROW_ID, self._ids
        seen: set[str | None] = {None}
        bases = self._base_names()
        reserved = frozenset((ROW_ID, *bases))
        for listed, name in zip(self._listed, bases, strict=True):
            if listed.slug in seen:
                findings.columns[name] = listed.id
                findings.without_cells[name] = "no slug" if listed.slug is None else f"shares the slug {listed.slug}"
                taken[name] = None
                yield name, None
                continue
            seen.add(listed.slug)
            for full, part in self._named(self._columns[listed.slug or ""], name, taken, reserved):
                findings.columns[full] = listed.id
                yield full, part
        for slug, column in self._unlisted.items():
            for full, part in self._named(column, _unique(slug or "column", taken), taken, frozenset()):
                findings.unlisted.append(full)
                yield full, part
        if self._rest is not None:
            findings.unlisted.append(name := _unique(UNLISTED, taken))
            yield name, self._rest

    def _base_names(self) -> list[str]:
        """Return the names of the listed columns. They are chosen first, so that no part takes the name of another column."""
        taken: dict[str, None] = {ROW_ID: None}
        for column in self._listed:
            taken[_unique(column.slug or column.name or column.id or "column", taken)] = None
        return list(taken)[1:]

    def _named(
        self, column: LeadColumn, name: str, taken: dict[str, None], reserved: AbstractSet[str]
    ) -> Iterator[tuple[str, CellColumn | LeadColumn]]:
        """Iterate over the frame columns of one table column: the first has its name, the others have a suffix."""
        first = True
        for suffix, part in column.columns():
            full = name if first else _unique(f"{name}.{suffix}", taken, reserved)
            first, taken[full] = False, None
            yield full, column if part is None else part

    def _column(self, slug: str, *, computed: bool) -> LeadColumn:
        return LeadColumn(
            slug,
            self._backend,
            computed=computed,
            flatten=self._flatten,
            as_text=slug in self._as_texts,
        )

    def _add_unlisted(self, cells: Sequence[dict[str, Any]], extra: set[str]) -> None:
        keys = [key for key in dict.fromkeys(chain.from_iterable(cells)) if key in extra] if extra else []
        for key in keys:
            if key not in self._unlisted and len(self._unlisted) < MOST_UNLISTED:
                self._unlisted[key] = column = self._column(key, computed=True)
                column.add_nulls(self._length)
        for slug, column in self._unlisted.items():
            column.add(map(dict.get, cells, repeat(slug), repeat(column.absent)))
        rest = [key for key in keys if key not in self._unlisted]
        if rest and self._rest is None:
            self._rest = CellColumn(self._backend)
            self._rest.add_nulls(self._length)
        if self._rest is not None:
            self._rest.add([{key: row[key] for key in rest if key in row} or None for row in cells])

    def _empty(self) -> Any:
        column = CellColumn(self._backend)
        column.add_nulls(self._length)
        return column.array(copy=False)


def cells_of(rows: Sequence[dict[str, Any]], slugs: Iterable[str]) -> Sequence[dict[str, Any]]:
    """Return the cells of rows by slug, whether they are flat, under `cells`, or typed.

    >>> cells_of([{"object": "row", "id": "1", "cells": {"fit": {"type": "value", "value": 82, "run": None}}}], ["fit"])
    [{'fit': 82}]
    """
    if "cells" in slugs:
        level = all(row.keys() <= LEVELS and isinstance(row.get("cells"), dict) for row in rows)
    else:
        level = "cells" in set().union(*rows)
    if not level:
        return rows
    return [
        {
            # Avoids a call for nearly all cells.
            slug: cell["value"]
            if type(cell) is dict and "value" in cell and cell.get("type") in CELL_TYPES
            else _value(cell)
            for slug, cell in inner.items()
        }
        if isinstance(inner := row.get("cells"), dict)
        else row
        for row in rows
    ]


def _value(cell: Any) -> Any:
    if not isinstance(cell, dict) or cell.get("type") not in CELL_TYPES:
        return cell
    if "value" in cell:
        return cell["value"]
    # A reference to a drafted sequence, whose shape is undocumented. Flat rows have it without `type` and `run`.
    return {key: value for key, value in cell.items() if key not in ("type", "run")} or None


def _unique(name: str, *taken: Container[str]) -> str:
    found, number = name, 1
    while any(found in names for names in taken):
        number += 1
        found = f"{name}_{number}"
    return found


def no_such_column(argument: str, name: str, known: Sequence[str], *, tables: bool = False) -> InvalidInput:
    """Return the error for a name that is not a column of the table.

    Args:
        argument: the argument with the name.
        name: the name.
        known: the columns of the table.
        tables: whether these are the columns of several tables, which have been read.
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(known[:MOST_SHOWN]) + (", …" if len(known) > MOST_SHOWN else "")
    return InvalidInput(
        "No such column",
        cause=f"Got {name!r:.80} in {argument}.",
        remedy=f"{meant}Columns of these tables: {shown}."
        if tables
        else f"{meant}Columns of this table: {shown or 'none'}. Nothing was read.",
    )
