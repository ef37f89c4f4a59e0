"""Build a frame from its schema and from the JSON objects that hold its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from origami_widgets._version import __version__

from .dtype_backend import DtypeBackend, texts, to_array
from .schema import RUN_ID
from .values import TypedValues, read_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas.api.extensions import ExtensionArray

    from .schema import FrameField, FrameSchema, Origin
    from .source import SourceData

MOST_NAMED = 100
"""Runs that `attrs` names: pandas copies it with every step."""


@dataclass(slots=True)
class DataIssues:
    """What a frame says in `attrs` of the values that it is computed of.

    Attributes:
        unreadable: by object and field of the API, how many values were there and could not be read.
        contradictions: what the server said that cannot be true, to how often; what is computed of it is missing.
    """

    unreadable: dict[tuple[Origin, str], int] = made_by(default_factory=dict)
    contradictions: dict[str, int] = made_by(default_factory=dict)

    def read(self, field: FrameField, raw: Sequence[object]) -> TypedValues:
        """The cells of a field; how many could not be read is noted. Reading it again notes nothing more."""
        cells = read_values(field, raw)
        self.unreadable[field.origin, field.path] = cells.unreadable
        return cells

    def contradicts(self, what: str, where: npt.NDArray[np.bool_]) -> None:
        """Note that something cannot be true, and of how many objects; of none, nothing."""
        if where.any():
            self.contradictions[what] = int(where.sum())


@dataclass(frozen=True, slots=True)
class OriginValues:
    """Objects that hold values of a frame, and which of them each row belongs to.

    Attributes:
        fields: for each path what the objects hold there.
        rows: for each row of the frame the position of its object; None when there is one row per object.
    """

    fields: FieldValues
    rows: npt.NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True)
class NestedItems:
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


def nested_items(lists: Sequence[object]) -> NestedItems:
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
        return NestedItems(items, owners, positions, 0)
    good = np.fromiter((isinstance(item, Mapping) for item in items), np.bool_, len(items))
    objects = [item for item in items if isinstance(item, Mapping)]
    return NestedItems(objects, owners[good], positions[good], len(items) - len(objects))


def tables_of(source: SourceData) -> tuple[NestedItems, OriginValues]:
    """All tables of a source, and the holder of the runs they belong to."""
    tables = nested_items([batch.tables for batch in source.batches])
    return tables, OriginValues(runs_of(source), tables.owners)


def runs_of(source: SourceData) -> FieldValues:
    """The ids of a source's runs."""
    return FieldValues((RUN_ID.path,), [batch.run_id for batch in source.batches])


def build(
    schema: FrameSchema,
    source: SourceData,
    holders: Mapping[Origin, OriginValues],
    *,
    dtype_backend: DtypeBackend,
    computed: Mapping[str, TypedValues] | None = None,
    skipped: int = 0,
    notes: DataIssues | None = None,
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
            array, lost = to_array(field.kind, computed[field.name], dtype_backend), computed[field.name].unreadable
        else:
            holder = holders[field.origin]
            array, lost = _array(field, holder.fields[field.path], dtype_backend)
            array = array if holder.rows is None else array.take(holder.rows)
        arrays[field.name] = array
        if lost:
            unreadable[field.name] = lost
    notes = notes or DataIssues()
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


def _array(field: FrameField, raw: list[Any], dtype_backend: DtypeBackend) -> tuple[ExtensionArray, int]:
    """The values of a column, and how many could not be read."""
    if field.kind == "string" and (quick := texts(raw, dtype_backend)) is not None:
        return quick, 0
    cells = read_values(field, raw)
    return to_array(field.kind, cells, dtype_backend), cells.unreadable


Json = Mapping[str, Any]
_NOTHING: Json = {}


class FieldValues:
    """What objects hold at some places; `values[path]` has one value per object, None where there is none.

    Args:
        paths: the places.
        flat: the values, object after object.
    """

    def __init__(self, paths: tuple[str, ...], flat: list[Any]) -> None:
        self._places = {path: place for place, path in enumerate(paths)}
        self._flat = flat

    def __getitem__(self, path: str) -> list[Any]:
        # Cut out when it is used: converting a column right after touching its values finds them in the cache.
        return self._flat[self._places[path] :: len(self._places)]


def pluck(items: Sequence[Json], paths: Iterable[str]) -> FieldValues:
    """What objects hold at some places.

    Args:
        items: the objects.
        paths: names of fields, joined by dots for a field of an inner object. They come from a schema, never from
            an answer.

    Returns:
        For each path one value per object, None where the object, or the inner object, has none.
    """
    names = tuple(dict.fromkeys(paths))
    return FieldValues(names, _reader(names)(items))


def _as_object(item: object) -> Json:
    return item if isinstance(item, Mapping) else _NOTHING


@cache
def _reader(paths: tuple[str, ...]) -> Callable[[Sequence[Json]], list[Any]]:
    """A function that reads all paths of one object before it turns to the next.

    Decoded JSON lies scattered in memory, and waiting for it is most of the work. One pass over the objects, with the
    look-ups written out as dataclasses write out their methods, takes half the time of one pass per field.
    """
    lines = ["def read(items):", "    flat = []", "    for inner_0 in items:"]
    known = {"": "inner_0"}

    def inner(path: str) -> str:
        if path not in known:
            outer, _, name = path.rpartition(".")
            holder = inner(outer)
            known[path] = variable = f"inner_{len(known)}"
            lines.append(f"        {variable} = {holder}.get({name!r})")
            lines.append(f"        if {variable} is None: {variable} = nothing")
            lines.append(f"        elif type({variable}) is not dict: {variable} = as_object({variable})")
        return known[path]

    values = []
    for path in paths:
        outer, _, name = path.rpartition(".")
        values.append(f"{inner(outer)}.get({name!r})")
    lines += [f"        flat += ({', '.join(values)},)", "    return flat"]
    namespace: dict[str, Any] = {"nothing": _NOTHING, "as_object": _as_object}
    exec("\n".join(lines), namespace)  # noqa: S102 - the text is made of the schema's own paths
    read: Callable[[Sequence[Json]], list[Any]] = namespace["read"]
    return read
