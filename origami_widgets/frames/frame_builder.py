"""Build a frame from its schema and the JSON objects with its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from origami_widgets._version import __version__

from .dtype_backend import DtypeBackend, texts, to_array
from .frame_attrs import read_only
from .schema import RUN_ID, RUN_NAME
from .values import TypedValues, read_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas.api.extensions import ExtensionArray

    from .schema import FrameField, FrameSchema, Origin
    from .source import SourceData

MOST_NAMED = 100
"""Runs that `attrs` lists, at most, as pandas prints `attrs` and writes them to files."""


CONTRADICTION = "Some numbers of the API contradict each other, or can't be. What is computed from them is NA."
"""The `note` in the `attrs` of a frame."""


@dataclass(frozen=True, slots=True)
class OriginValues:
    """Values of the objects of one origin, and the object that each row of the frame belongs to.

    Attributes:
        fields: the values by path.
        rows: for each row of the frame, the position of its object; None if there is one row per object.
    """

    fields: FieldValues
    rows: npt.NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True)
class NestedItems:
    """Objects taken from lists inside other objects.

    Attributes:
        items: the objects.
        owners: for each object, the position of the object whose list has it.
        positions: for each object, its position in that list.
        skipped: number of list items that were not objects.
    """

    items: list[Mapping[str, Any]]
    owners: npt.NDArray[np.intp]
    positions: npt.NDArray[np.int64]
    skipped: int


def nested_items(lists: Sequence[object]) -> NestedItems:
    """Return the objects of many lists as one list.

    Args:
        lists: the lists; anything else counts as empty.

    Returns:
        The objects, their origins, and the number of items left out because they were not objects.
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
    """Return all tables of a source, and their runs."""
    tables = nested_items([part.tables for part in source.parts])
    return tables, OriginValues(runs_of(source), tables.owners)


def runs_of(source: SourceData) -> FieldValues:
    """Return the ids of the runs of a source."""
    return FieldValues((RUN_ID.path,), [part.run_id for part in source.parts])


def agents_of(source: SourceData) -> FieldValues:
    """Return the names of the agents of the runs of a source."""
    return FieldValues((RUN_NAME.path,), [part.name for part in source.parts])


def build(
    schema: FrameSchema,
    source: SourceData,
    origins: Mapping[Origin, OriginValues],
    *,
    dtype_backend: DtypeBackend,
    computed: Mapping[str, TypedValues] | None = None,
    skipped: int = 0,
    contradicts: bool = False,
) -> pd.DataFrame:
    """Build the frame that a schema describes.

    Args:
        schema: the columns of the frame.
        source: the runs and tables, for the provenance.
        origins: the values, by origin as named in the schema.
        dtype_backend: the arrays that hold the columns.
        computed: values of computed columns, by name; all other columns are read.
        skipped: number of list items in the answers that were not objects.
        contradicts: whether columns were computed from numbers that contradict each other.

    Returns:
        The columns in the schema's order with a RangeIndex; units and provenance in `attrs`.
    """
    arrays: dict[str, Any] = {}
    if "run" in origins:
        # The run's agent; answers about a run leave its name out.
        origins = {**origins, "agent": OriginValues(agents_of(source), origins["run"].rows)}
    for field in schema.fields:
        if computed and field.name in computed:
            arrays[field.name] = to_array(field.kind, computed[field.name], dtype_backend)
        else:
            values = origins[field.origin]
            array = _array(field, values.fields[field.path], dtype_backend)
            arrays[field.name] = array if values.rows is None else array.take(values.rows)
    frame = pd.DataFrame(arrays, copy=False)
    ids = list(dict.fromkeys(part.run_id for part in source.parts if isinstance(part.run_id, str)))
    frame.attrs["units"] = read_only(schema.units)
    frame.attrs["origami"] = read_only(
        {
            "frame": schema.name,
            "version": __version__,
            "source": source.kind,
            "run_ids": ids[:MOST_NAMED],
            "run_count": len(ids),
            "skipped_entries": skipped,
            **({"note": CONTRADICTION} if contradicts else {}),
        }
    )
    return frame


def _array(field: FrameField, raw: list[Any], dtype_backend: DtypeBackend) -> ExtensionArray:
    """Return the array of a column."""
    if field.kind == "string" and (quick := texts(raw, dtype_backend)) is not None:
        return quick
    return to_array(field.kind, read_values(field, raw), dtype_backend)


Json = Mapping[str, Any]
_NOTHING: Json = {}


class FieldValues:
    """Fields of many objects: `values[path]` is a list with one value per object, None if it is missing.

    Args:
        paths: the fields.
        flat: the values, object after object.
    """

    def __init__(self, paths: tuple[str, ...], flat: list[Any]) -> None:
        self._positions = {path: position for position, path in enumerate(paths)}
        self._flat = flat

    def __getitem__(self, path: str) -> list[Any]:
        # Sliced on use, so that the values are in the processor's cache when the column is converted.
        return self._flat[self._positions[path] :: len(self._positions)]


def pluck(items: Sequence[Json], paths: Iterable[str]) -> FieldValues:
    """Read fields of many objects.

    Args:
        items: the objects.
        paths: names of fields; dots join the levels of nested objects. They come from a schema, never from an answer.

    Returns:
        One value per path and object; None if the object, or an object inside it, lacks the field.
    """
    names = tuple(dict.fromkeys(paths))
    return FieldValues(names, _reader(names)(items))


def _as_object(item: object) -> Json:
    return item if isinstance(item, Mapping) else _NOTHING


@cache
def _reader(paths: tuple[str, ...]) -> Callable[[Sequence[Json]], list[Any]]:
    """Return a function that reads all paths of one object before it turns to the next.

    Decoded JSON is scattered in memory, and most of the time is spent waiting for it. One pass over the objects, with
    generated code for the look-ups (as dataclasses do for methods), takes half the time of one pass per field.
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
