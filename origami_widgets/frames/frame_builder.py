"""Build a frame from its schema and the values of its columns, with the notes in its `attrs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias

import pandas as pd

from origami_widgets._version import __version__

from .dtype_backend import DtypeBackend, typed_array
from .schema import RUN_ID, RUN_NAME, FrameSchema, Origin

if TYPE_CHECKING:
    from .source import SourceData, SourcePart

Json: TypeAlias = Mapping[str, Any]
Record: TypeAlias = dict[str, Any]
"""Values of one row by column; those of the API as they were sent."""
Columns: TypeAlias = dict[str, list[Any]]
"""The same for all rows: a list for each column."""
MOST_NAMED = 100
"""Runs that `attrs` lists, at most, as pandas prints `attrs` and writes them to files."""

CONTRADICTION = "Some numbers of the API contradict each other, or can't be. What is computed from them is NA."
"""The `note` in the `attrs` of a frame."""


def objects(value: object) -> list[tuple[int, Json]]:
    """Return the objects in a list, each with its position; none for anything else."""
    items = value if isinstance(value, list | tuple) else ()
    return [(at, item) for at, item in enumerate(items) if isinstance(item, _OBJECTS)]


def others(value: object) -> int:
    """Return how many entries of a list are no objects, and were left out."""
    return len(value) - len(objects(value)) if isinstance(value, list | tuple) else 0


def read_fields(schema: FrameSchema, origin: Origin, item: Json) -> Record:
    """Return the values of a schema's columns that come from one kind of object; None for what it lacks."""
    return {name: values[0] for name, values in read_columns(schema, origin, [item]).items()}


def read_columns(schema: FrameSchema, origin: Origin, items: Sequence[Json]) -> Columns:
    """Return the same values of several objects of this kind."""
    return {field.name: values_at(items, field.path) for field in schema.fields if field.origin == origin}


def value_at(item: object, path: str) -> Any:
    """Return the value of an object's field; None if the object, or an object inside it, lacks it.

    Args:
        item: the object.
        path: names of fields; dots join the levels of nested objects. It comes from a schema, never from an answer.
    """
    return values_at([item], path)[0]


def values_at(items: Sequence[object], path: str) -> list[Any]:
    """Return the value of the same field of several objects; None for those that lack it."""
    values: list[Any] = list(items)
    for name in path.split("."):
        # Nulls first, as `isinstance` takes longest for what is no object.
        values = [each.get(name) if each is not None and isinstance(each, _OBJECTS) else None for each in values]
    return values


_OBJECTS = (dict, Mapping)
"""The same as `Mapping` alone, and many times faster for what an answer has."""


def run_fields(part: SourcePart) -> Record:
    """Return the id and name of a run."""
    return {RUN_ID.name: part.run_id, RUN_NAME.name: part.name}


def build(
    schema: FrameSchema,
    source: SourceData,
    given: Sequence[Record] | Columns,
    *,
    dtype_backend: DtypeBackend,
    skipped: int = 0,
    contradicts: bool = False,
) -> pd.DataFrame:
    """Build the frame that a schema describes.

    Args:
        schema: the columns of the frame.
        source: the runs and tables, for the provenance.
        given: the values of each row by column, or of all rows; what is missing or can't be read becomes NA.
        dtype_backend: the arrays that hold the columns.
        skipped: number of list items in the answers that were not objects.
        contradicts: whether columns were computed from numbers that contradict each other.

    Returns:
        The columns in the schema's order with a RangeIndex; units and provenance in `attrs`.
    """
    fields = schema.fields
    columns = (
        given if isinstance(given, dict) else {each.name: [row.get(each.name) for row in given] for each in fields}
    )
    arrays = {each.name: typed_array(each.kind, columns[each.name], dtype_backend, each.members) for each in fields}
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


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError(
        "The attrs of this frame are read-only, so that pandas need not copy them at every step. Replace an entry instead: "
        'frame.attrs["origami"] = frame.attrs["origami"] | {"key": "value"}, or take a copy with dict(…) or list(…).'
    )


class _Shared:
    """Object that is its own copy."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


class ReadOnlyDict(_Shared, dict[str, Any]):
    """Dict that can't be changed and is never copied. Equals a dict with the same items, and is written as JSON like one.

    Attributes:
        operations: the API that the leads of these notes came from; None if unknown. Not in pickles and JSON.

    >>> import copy
    >>> notes = read_only({"units": {"credits": "credits"}})
    >>> copy.deepcopy(notes) is notes, notes == {"units": {"credits": "credits"}}
    (True, True)
    >>> (notes | {"rows": 2})["rows"]
    2
    """

    __slots__ = ("operations",)
    operations: object

    def __or__(self, other: dict[str, Any]) -> Self:  # type: ignore[override]
        joined: Self = read_only({**self, **other}, self.operations)
        return joined

    # `|=` on an entry of `attrs` replaces the entry.
    __ior__ = __or__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as a plain dict, so that reading it needs no module of ours.
        return dict, (dict(self),)

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse


class ReadOnlyList(_Shared, list[Any]):
    """List that can't be changed and is never copied. Equals a list with the same items, and is written as JSON like one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse


def read_only(value: Any, operations: object = None) -> Any:
    """Return JSON with every object and list in it read-only. Parts that are already read-only are kept.

    Args:
        value: dicts, lists, tuples and plain values.
        operations: the API that leads came from, if these are notes about leads.
    """
    if isinstance(value, _Shared):
        return value
    if isinstance(value, dict):
        made = ReadOnlyDict({key: read_only(each, operations) for key, each in value.items()})
        made.operations = operations
        return made
    if isinstance(value, list | tuple):
        return ReadOnlyList([read_only(each, operations) for each in value])
    return value
