"""Arithmetic on columns in which values may be missing: what is made of a missing value is missing. Pure.

Measures are floats with NaN for what is missing; `measured` makes cells of them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from .values import Cells, read

if TYPE_CHECKING:
    from .records import Values
    from .schema import Field

Measure: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]


def measure(field: Field, fields: Values) -> Measure:
    """A field of objects as floats."""
    return known(read(field, fields[field.path]))


def known(cells: Cells) -> Measure:
    """Cells of numbers as floats."""
    return np.where(cells.missing, np.nan, cells.data.astype(np.float64))


def measured(values: Measure) -> Cells:
    """Floats as cells of a column of numbers."""
    missing = ~np.isfinite(values)
    return Cells(np.where(missing, 0.0, values), missing)


def counted(values: Measure) -> Cells:
    """Whole floats as cells of a column of integers."""
    cells = measured(values)
    return Cells(np.rint(cells.data).astype(np.int64), cells.missing)


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
    known = ~np.isnan(values)
    total = np.bincount(owners[known], weights=values[known], minlength=size)
    return np.where(np.bincount(owners[known], minlength=size) > 0, total, np.nan)


def wilson(successes: Measure, trials: Measure, z: float = 1.959964) -> tuple[Measure, Measure]:
    """The Wilson interval of a share, at 95 % as it stands.

    >>> low, high = wilson(np.array([12.0]), np.array([15.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.548], [0.93])
    """
    tried = np.where(trials > 0, trials, np.nan)
    share, square = successes / tried, z * z
    middle, scale = share + square / (2 * tried), 1 + square / tried
    reach = z * np.sqrt(np.maximum(0, share * (1 - share)) / tried + square / (4 * tried**2))
    return (middle - reach) / scale, (middle + reach) / scale
