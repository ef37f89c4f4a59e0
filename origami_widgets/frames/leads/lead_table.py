"""Collect leads, page after page, into the columns of a frame: main values, parts of objects, and whether a value was found.

The cell of an enrichment is usually an object: the wanted fields beside `confidence`, `reasoning` and sources. A cell
without any field filled has run and found nothing; a missing cell has not run. `is_found` decides. Pure.
"""

from __future__ import annotations

import difflib
import marshal
from collections.abc import Container, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import is_found, main_key, main_value
from origami_widgets.api.rows.row_reader import ids_of
from origami_widgets.frames.dtype_backend import CellArray, DtypeBackend, cell_array, text_of, typed_array, types_of
from origami_widgets.frames.values import spaced

MOST_UNLISTED = 100
"""Maximum number of columns for slugs that the server does not list."""
MOST_SHOWN = 20
"""Maximum number of columns that an error lists."""
MOST_KEYS = 64
"""Maximum number of parts that get a column: an object used as a dictionary would make thousands."""
REST = "rest"
FOUND = "found"
ABSENT = ...
"""Marks a missing cell among the cells of a column: it has not run, unlike a null, for which nothing was found. Packed blocks keep it."""
BLOCK = 10_000
"""Number of cells of a column that are packed together."""
ROW_ID = "row_id"
OURS = ("run_name", "table_name", "domain", "qualified", "table_id", ROW_ID)
"""The last columns of a frame of leads, which are not columns of their table."""
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
        parts: keys of the parts of cells, by column of the frame; not those of main values.
        mixed_types: types of the values, by column, for columns of dtype `object`.
        without_cells: reasons, by column, for columns that cannot have cells.
        unlisted: columns in the rows that the server does not list.
    """

    columns: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    mixed_types: dict[str, list[str]] = field(default_factory=dict)
    without_cells: dict[str, str] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)

    def note(self, name: str, cells: CellArray) -> None:
        """Note the types of a column's cells if they have none in common."""
        if cells.kind == "object":
            self.mixed_types[name] = list(cells.words)


class LeadTable:
    """Leads whose rows are still arriving. They are typed once all are there.

    Args:
        listed: the table's columns.
        dtype_backend: the dtype backend of the arrays.
        flatten: whether parts of objects get their own columns, `slug_key`; False keeps objects in the cells.
        reserved: names that the table's columns can't have; they get `_2`.
        as_texts: the slugs of columns whose cells become texts as they were sent.
    """

    def __init__(
        self,
        listed: Sequence[ListedColumn],
        *,
        dtype_backend: DtypeBackend,
        flatten: bool = True,
        reserved: Sequence[str] = OURS,
        as_texts: Container[str] = (),
    ) -> None:
        self._listed = listed
        self._reserved = dict.fromkeys((*reserved, ROW_ID))
        self._backend = dtype_backend
        self._flatten = flatten
        self._as_texts = as_texts
        self._rows = 0
        self._row_ids = _Cells()
        # The cells by slug: of listed columns, of others, and of those beyond `MOST_UNLISTED`.
        self._cells = {each.slug: _Cells() for each in listed if each.slug is not None}
        self._unlisted: dict[str, _Cells] = {}
        self._rest = _Cells()

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add a page of rows, flat or typed."""
        keys: set[str] = set().union(*rows)
        cells = rows
        if "cells" in keys:
            cells = cells_of(rows, self._cells.keys())
            keys = set().union(*cells)
        extra = keys - self._cells.keys() - BESIDE
        for key in dict.fromkeys(chain.from_iterable(cells)) if extra else ():
            if key in extra and key not in self._unlisted and len(self._unlisted) < MOST_UNLISTED:
                self._unlisted[key] = _Cells([ABSENT] * self._rows)
        self._rows += len(rows)
        self._row_ids.add(ids_of(rows))
        for slug, column in chain(self._cells.items(), self._unlisted.items()):
            column.add([each.get(slug, ABSENT) for each in cells])
        rest = extra - self._unlisted.keys()
        self._rest.add([({key: each[key] for key in each if key in rest} or None) if rest else None for each in cells])

    def frame(self, *, rows: int | None = None) -> tuple[pd.DataFrame, Findings]:
        """Return all rows so far as a frame.

        Args:
            rows: the number of rows of the frame. Later rows still influence its columns and dtypes.
        """
        findings = Findings()
        arrays: dict[str, Any] = {ROW_ID: typed_array("string", self._row_ids.all(), self._backend)[:rows]}
        for name, cells in self._columns(findings):
            findings.note(name, cells)
            # If all objects were texts, pandas would change the dtype.
            array = pd.Series(cells.array, dtype=object, copy=False) if cells.kind == "object" else cells.array
            arrays[name] = array[:rows]
        return pd.DataFrame(arrays, copy=False), findings

    def _columns(self, findings: Findings) -> Iterator[tuple[str, CellArray]]:
        """Iterate over the columns of the frame in order, as names and cells.

        Args:
            findings: collects notes about the columns.
        """
        taken = dict(self._reserved)
        seen: set[str | None] = {None}
        bases = self._base_names()
        reserved = frozenset((*self._reserved, *bases))
        for listed, name in zip(self._listed, bases, strict=True):
            if listed.slug in seen:
                findings.columns[name] = listed.id
                findings.without_cells[name] = "no slug" if listed.slug is None else f"shares the slug {listed.slug}"
                taken[name] = None
                yield name, cell_array([None] * self._rows, self._backend)
                continue
            seen.add(listed.slug)
            slug = listed.slug or ""
            parts = self._parts(slug, self._cells[slug].all(), computed=listed.kind != "input")
            for full, key, cells in _named(parts, name, taken, reserved):
                findings.columns[full] = listed.id
                if key:
                    findings.parts[full] = key
                yield full, cells
        for slug, values in self._unlisted.items():
            parts = self._parts(slug, values.all(), computed=True)
            for full, _, cells in _named(parts, unique_name(snake_case(slug), taken), taken, frozenset()):
                findings.unlisted.append(full)
                yield full, cells
        if any(rest := self._rest.all()):
            findings.unlisted.append(name := unique_name(UNLISTED, taken))
            yield name, cell_array(rest, self._backend)

    def _parts(self, slug: str, values: list[Any], *, computed: bool) -> Iterator[tuple[str, CellArray]]:
        as_text = slug in self._as_texts
        return lead_columns(values, self._backend, computed=computed, flatten=self._flatten, as_text=as_text)

    def _base_names(self) -> list[str]:
        """Return the names of the listed columns. They are chosen first, so that no part takes the name of another column."""
        taken = dict(self._reserved)
        for column in self._listed:
            taken[unique_name(snake_case(column.slug or column.name or column.id), taken)] = None
        return list(taken)[len(self._reserved) :]


class _Cells:
    """Cells of one column, in order. Blocks of them are packed until all are there: as objects, each takes 50 to 500 bytes."""

    def __init__(self, cells: Iterable[Any] = ()) -> None:
        self._packed: list[bytes] = []
        self._newest = list(cells)

    def add(self, cells: Iterable[Any]) -> None:
        if len(self._newest) >= BLOCK:
            self._packed.append(marshal.dumps(self._newest))
            self._newest = []
        self._newest += cells

    def all(self) -> list[Any]:
        return [*chain.from_iterable(map(marshal.loads, self._packed)), *self._newest]


def lead_columns(
    values: Sequence[Any], dtype_backend: DtypeBackend, *, computed: bool, flatten: bool, as_text: bool
) -> Iterator[tuple[str, CellArray]]:
    """Iterate over the frame columns of one table column, by suffix; "" is the main value.

    Args:
        values: the cells, with `ABSENT` for a missing one.
        dtype_backend: the dtype backend of the arrays.
        computed: whether agents compute the cells, so that a null means that nothing was found.
        flatten: whether parts of objects get their own columns.
        as_text: whether the main values become texts as they were sent.
    """
    cells = [None if value is ABSENT else value for value in values]
    types = types_of(cells)
    objects = [cell for cell in cells if type(cell) is dict] if flatten and dict in types else []
    mains = [main_value(cell) if type(cell) is dict else cell for cell in cells] if objects else cells
    if as_text:
        sent = [None if cell is None else text_of(cell) for cell in mains]
        yield "", CellArray(pd.array(sent, dtype=pd.StringDtype()), "string")
    else:
        yield "", cell_array(mains, dtype_backend, None if objects else types)
    if objects:
        yield from _parts(cells, objects, dtype_backend)
    if not (objects or (flatten and computed)):
        return
    # What users have left empty has not been looked for.
    missing = [value is ABSENT or (value is None and not computed) for value in values]
    # An object with a text as its main value is found, which is known at once.
    found = [
        True if type(main) is str and main and not main.isspace() else is_found(cell)
        for cell, main in zip(cells, mains, strict=True)
    ]
    # Columns that users fill in tell this only if they hold objects, and others if something was not found.
    if objects or found.count(False) > missing.count(True):
        flags = [None if lost else flag for flag, lost in zip(found, missing, strict=True)]
        yield FOUND, CellArray(typed_array("boolean", flags, dtype_backend, is_read=True), "boolean")


def _parts(
    cells: Sequence[Any], objects: Sequence[dict[str, Any]], dtype_backend: DtypeBackend
) -> Iterator[tuple[str, CellArray]]:
    keys = list(dict.fromkeys(chain.from_iterable(objects)))
    mains = {main_key(shape) for shape in set(map(tuple, objects))} - {None}
    inner: list[dict[str, Any]] = [cell if type(cell) is dict else {} for cell in cells]
    for key in keys[:MOST_KEYS]:
        # The only part that is a main value needs no second column; a source is one only if it is not an address.
        if mains != {key} or key == "source":
            yield key, cell_array([each.get(key) for each in inner], dtype_backend)
    if rest := keys[MOST_KEYS:]:
        others = [{key: each[key] for key in rest if key in each} or None for each in inner]
        yield REST, cell_array(others, dtype_backend)


def _named(
    parts: Iterable[tuple[str, CellArray]], name: str, taken: dict[str, None], reserved: AbstractSet[str]
) -> Iterator[tuple[str, str, CellArray]]:
    """Iterate over the frame columns of one table column, each with its key: the first has its name, the others a suffix."""
    for key, cells in parts:
        full = unique_name(f"{name}_{snake_case(key)}", taken, reserved) if key else name
        taken[full] = None
        yield full, key, cells


def snake_case(text: str) -> str:
    """Return a slug, heading or key as the name of a column.

    >>> snake_case("contact-email"), snake_case("sourceURL"), snake_case("Größe (m²)"), snake_case("…")
    ('contact_email', 'source_url', 'größe_m²', 'column')
    """
    return spaced(text).replace(" ", "_").lower() or "column"


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


def unique_name(name: str, *taken: Container[str]) -> str:
    """Return a name that is not taken: with a number, if it is."""
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
