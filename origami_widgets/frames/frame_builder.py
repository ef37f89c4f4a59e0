"""Build a frame from its schema and the JSON objects with its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from origami_widgets._version import __version__

from .dtype_backend import DtypeBackend, to_array
from .frame_attrs import read_only
from .schema import RUN_ID, RUN_NAME
from .values import TypedValues, read_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .schema import FrameSchema, Origin
    from .source import SourceData

FieldValues: TypeAlias = Mapping[str, list[Any]]
"""Fields of many objects by path: a list with one value per object, None if it is missing."""
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
    good = np.fromiter((isinstance(item, Mapping) for item in items), np.bool_, len(items))
    objects = [item for item in items if isinstance(item, Mapping)]
    return NestedItems(objects, owners[good], positions[good], len(items) - len(objects))


def tables_of(source: SourceData) -> tuple[NestedItems, OriginValues]:
    """Return all tables of a source, and their runs."""
    tables = nested_items([part.tables for part in source.parts])
    return tables, OriginValues(runs_of(source), tables.owners)


def runs_of(source: SourceData) -> FieldValues:
    """Return the ids of the runs of a source."""
    return {RUN_ID.path: [part.run_id for part in source.parts]}


def agents_of(source: SourceData) -> FieldValues:
    """Return the names of the agents of the runs of a source."""
    return {RUN_NAME.path: [part.name for part in source.parts]}


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
            array = to_array(field.kind, read_values(field, values.fields[field.path]), dtype_backend)
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


def pluck(items: Sequence[Mapping[str, Any]], paths: Iterable[str]) -> FieldValues:
    """Read fields of many objects.

    Args:
        items: the objects.
        paths: names of fields; dots join the levels of nested objects. They come from a schema, never from an answer.

    Returns:
        One value per path and object; None if the object, or an object inside it, lacks the field.
    """
    return {path: [_field(item, path.split(".")) for item in items] for path in paths}


def _field(item: object, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(item, Mapping):
            return None
        item = item.get(name)
    return item
