"""A frame from its schema and the objects that hold its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from origami_widgets._version import __version__

from .backend import DtypeBackend, texts, to_array
from .records import Values
from .schema import RUN_ID
from .values import Cells, read

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

    from .schema import Field, Origin, Schema
    from .source import Gathered

MOST_NAMED = 100
"""Runs that `attrs` names: pandas copies it with every step."""


@dataclass(slots=True)
class Notes:
    """What a frame says in `attrs` of the values that it is computed of.

    Attributes:
        unreadable: by object and field of the API, how many values were there and could not be read.
        contradictions: what the server said that cannot be true, to how often; what is computed of it is missing.
    """

    unreadable: dict[tuple[Origin, str], int] = made_by(default_factory=dict)
    contradictions: dict[str, int] = made_by(default_factory=dict)

    def read(self, field: Field, raw: Sequence[object]) -> Cells:
        """The cells of a field; how many could not be read is noted. Reading it again notes nothing more."""
        cells = read(field, raw)
        self.unreadable[field.origin, field.path] = cells.unreadable
        return cells

    def contradicts(self, what: str, where: npt.NDArray[np.bool_]) -> None:
        """Note that something cannot be true, and of how many objects; of none, nothing."""
        if where.any():
            self.contradictions[what] = int(where.sum())


@dataclass(frozen=True, slots=True)
class Holder:
    """Objects that hold values of a frame, and which of them each row belongs to.

    Attributes:
        fields: for each path what the objects hold there.
        rows: for each row of the frame the position of its object; None when there is one row per object.
    """

    fields: Values
    rows: npt.NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """Objects taken from lists inside other objects.

    Attributes:
        items: the objects.
        owners: for each object the position of the one whose list it stood in.
        positions: for each object its place in that list.
        skipped: entries that were no objects.
    """

    items: list[Mapping[str, Any]]
    owners: npt.NDArray[np.intp]
    positions: npt.NDArray[np.int64]
    skipped: int


def entries(lists: Sequence[object]) -> Entries:
    """The objects in many lists, one after the other.

    Args:
        lists: the lists; anything else counts as empty.

    Returns:
        The objects, where they come from, and how many entries were left out because they were no objects.
    """
    kept = [each if isinstance(each, list | tuple) else () for each in lists]
    counts = [len(each) for each in kept]
    items: list[Any] = [item for each in kept for item in each]
    owners = np.repeat(np.arange(len(kept), dtype=np.intp), counts)
    starts = np.cumsum([0, *counts])[:-1]
    positions = np.arange(len(items), dtype=np.int64) - np.repeat(starts, counts)
    if set(map(type, items)) <= {dict}:
        return Entries(items, owners, positions, 0)
    good = np.fromiter((isinstance(item, Mapping) for item in items), np.bool_, len(items))
    objects = [item for item in items if isinstance(item, Mapping)]
    return Entries(objects, owners[good], positions[good], len(items) - len(objects))


def tables_of(source: Gathered) -> tuple[Entries, Holder]:
    """All tables of a source, and the holder of the runs they belong to."""
    tables = entries([batch.tables for batch in source.batches])
    return tables, Holder(runs_of(source), tables.owners)


def runs_of(source: Gathered) -> Values:
    """The ids of a source's runs."""
    return Values((RUN_ID.path,), [batch.run_id for batch in source.batches])


def build(
    schema: Schema,
    source: Gathered,
    holders: Mapping[Origin, Holder],
    *,
    dtype_backend: DtypeBackend,
    computed: Mapping[str, Cells] | None = None,
    skipped: int = 0,
    notes: Notes | None = None,
) -> pd.DataFrame:
    """The frame that a schema describes.

    Args:
        schema: its columns.
        source: what it is made of, for the provenance.
        holders: for each origin in the schema the objects that hold the values.
        dtype_backend: which arrays hold the columns.
        computed: cells that a frame has made itself, by the name of their column; the others are read.
        skipped: entries of the answers that were no objects.
        notes: what is known of the values that cells were computed of.

    Returns:
        The columns in the schema's order with a RangeIndex; units and provenance in `attrs`.
    """
    arrays: dict[str, Any] = {}
    unreadable: dict[str, int] = {}
    for field in schema.fields:
        if computed and field.name in computed:
            array, lost = to_array(field, computed[field.name], dtype_backend), computed[field.name].unreadable
        else:
            holder = holders[field.origin]
            array, lost = _array(field, holder.fields[field.path], dtype_backend)
            array = array if holder.rows is None else array.take(holder.rows)
        arrays[field.name] = array
        if lost:
            unreadable[field.name] = lost
    notes = notes or Notes()
    own = {(field.origin, field.path): field.name for field in schema.fields if field.path}
    for (origin, path), lost in notes.unreadable.items():
        if lost:
            unreadable[own.get((origin, path), f"{origin}.{path}")] = lost
    frame = pd.DataFrame(arrays, copy=False)
    ids = list(dict.fromkeys(batch.run_id for batch in source.batches if isinstance(batch.run_id, str)))
    frame.attrs["units"] = schema.units
    frame.attrs["origami"] = {
        "frame": schema.name,
        "version": __version__,
        "source": source.kind,
        "run_ids": ids[:MOST_NAMED],
        "run_count": len(ids),
        "skipped_entries": skipped,
        "unreadable_values": unreadable,
        "contradictions": notes.contradictions,
    }
    return frame


def _array(field: Field, raw: list[Any], dtype_backend: DtypeBackend) -> tuple[ExtensionArray, int]:
    """The values of a column, and how many could not be read."""
    if field.kind == "string" and (quick := texts(raw, dtype_backend)) is not None:
        return quick, 0
    cells = read(field, raw)
    return to_array(field, cells, dtype_backend), cells.unreadable
