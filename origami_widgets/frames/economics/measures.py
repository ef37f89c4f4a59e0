"""Arithmetic on columns in which values may be missing: what is made of a missing value is missing. Pure.

Measures are floats with NaN for what is missing; `measured` makes cells of them again. Counts stay Python's integers, with
None for what is missing: a float would lose the last digits of large ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from origami_widgets.frames.values import Cells, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.frames.build import Notes
    from origami_widgets.frames.records import Values
    from origami_widgets.frames.schema import Field

Measure: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = "list[int | None]"
Places: TypeAlias = npt.NDArray[np.intp]


def measure(field: Field, fields: Values, notes: Notes) -> Measure:
    """A field of objects as floats; all of them are amounts, so a negative one is missing, and noted."""
    values = known(notes.read(field, fields[field.path]))
    notes.contradicts(f"{field.origin}.{field.path} is negative", values < 0)
    return np.where(values < 0, np.nan, values)


def known(cells: Cells) -> Measure:
    """Cells of numbers as floats."""
    return np.where(cells.missing, np.nan, cells.data.astype(np.float64))


def counts(cells: Cells) -> Counts:
    """Cells of integers as Python's."""
    return [None if lost else value for value, lost in zip(cells.data.tolist(), cells.missing.tolist(), strict=True)]


def measured(values: Measure) -> Cells:
    """Floats as cells of a column of numbers."""
    missing = ~np.isfinite(values)
    return Cells(np.where(missing, 0.0, values), missing)


def counted(field: Field, values: Sequence[int | None]) -> Cells:
    """Counts as cells of a column of integers; one of more than 64 bits is missing."""
    cells = read(field, values)
    return Cells(cells.data, cells.missing)


def over(part: Measure, whole: Measure) -> Measure:
    """One by the other; missing where there is nothing to divide by.

    >>> over(np.array([57.0, 1.0, np.nan]), np.array([15.0, 0.0, 2.0])).tolist()
    [3.8, nan, nan]
    """
    return part / np.where(whole > 0, whole, np.nan)


def sums(values: Measure, owners: Places, size: int) -> Measure:
    """The sum of what is known per owner; missing where nothing is.

    >>> sums(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()
    [3.0, nan, nan]
    """
    told = ~np.isnan(values)
    total = np.bincount(owners[told], weights=values[told], minlength=size)
    return np.where(np.bincount(owners[told], minlength=size) > 0, total, np.nan)


def count_sums(values: Counts, owners: Places, size: int) -> Counts:
    """The same of counts.

    >>> count_sums([2**53, 1, None], np.array([0, 0, 1]), 2)
    [9007199254740993, None]
    """
    total: Counts = [None] * size
    for value, owner in zip(values, owners.tolist(), strict=True):
        if value is not None:
            total[owner] = (total[owner] or 0) + value
    return total
