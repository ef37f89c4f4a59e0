"""Turn one column of a table into columns of a frame: main value, parts of objects, and whether a value was found. Pure.

The cell of an enrichment is usually an object: the wanted fields beside `confidence`, `reasoning` and sources. A cell
without any field filled has run and found nothing; a missing cell has not run. `is_found` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from origami_widgets.api.rows.cell_values import is_found, main_key, main_value
from origami_widgets.frames.dtype_backend import DtypeBackend, to_array
from origami_widgets.frames.values import TypedValues

from .cell_array import CellArray, cell_array

MOST_KEYS = 64
"""Maximum number of parts that get a column: an object used as a dictionary would make thousands."""
REST = "rest"
FOUND = "found"
ABSENT = object()
"""Marks a missing cell among the cells of a column: it has not run, unlike a null, for which nothing was found."""


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
    objects = [cell for cell in cells if type(cell) is dict] if flatten and dict in set(map(type, cells)) else []
    mains = [main_value(cell) if type(cell) is dict else cell for cell in cells] if objects else cells
    yield "", cell_array(mains, dtype_backend, as_text=as_text)
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
        flags = TypedValues(np.array(found, np.bool_), np.array(missing, np.bool_))
        yield FOUND, CellArray(to_array("boolean", flags, dtype_backend), "boolean")


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
