"""Turn one column of a table into columns of a frame: main value, parts of objects, and whether a value was found. Pure.

The cell of an enrichment is usually an object: the wanted fields beside `confidence`, `reasoning` and sources. A cell
without any field filled has run and found nothing; a missing cell has not run. `is_found` decides.
"""

from __future__ import annotations

from itertools import chain, repeat
from operator import is_, itemgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from origami_widgets.api.rows.cell_values import findings_of, is_found, main_key, main_value
from origami_widgets.frames.dtype_backend import DtypeBackend, to_array
from origami_widgets.frames.values import TypedValues

from .cell_column import CellColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MOST_KEYS = 64
"""Maximum number of parts that get a column: an object used as a dictionary would make thousands."""
REST = "rest"
FOUND = "found"
_NO, _YES, _UNKNOWN = range(3)
ABSENT = object()
"""Marks a missing cell among the waiting cells."""
_HOLDERS = frozenset({dict, list})


class LeadColumn:
    """Table column whose cells are still arriving.

    Args:
        slug: the column's key in rows.
        computed: whether agents compute the cells, so that a null means that nothing was found.
        flatten: whether parts of objects get their own columns.
        as_text: whether the main values become texts as they were sent.
        dtype_backend: the dtype backend of the arrays.

    Attributes:
        absent: marks a missing cell among those that are added.
    """

    def __init__(
        self,
        slug: str,
        dtype_backend: DtypeBackend,
        *,
        computed: bool,
        flatten: bool,
        as_text: bool = False,
    ) -> None:
        self.slug = slug
        self._backend = dtype_backend
        self._computed = computed
        self._flatten = flatten
        self._main = CellColumn(dtype_backend)
        self._main.as_text = as_text
        # The part whose cells have been the main values so far. There nearly always is one, and it is typed only once.
        self._same: str | None = None
        # The parts that have been an object's main value. If there is only one, it needs no second column.
        self._main_keys: set[str] = set()
        self._parts: dict[str, CellColumn] = {}
        # Beyond `MOST_KEYS` parts, it collects those that have no column.
        self._rest: CellColumn | None = None
        self._length = 0
        self._waiting: list[Any] = []
        # Marks a missing cell if it must be distinguished from a null.
        self.absent: Any = ABSENT if flatten and computed else None
        # Whether a value was found, by block. None: found for every cell that is not null, and no other cell has run.
        self._found: list[tuple[int, Any]] = []
        self._has_findings = False

    def add(self, cells: Iterable[Any]) -> None:
        """Add the cells of a page of rows, with `absent` for a missing one. They wait to be typed."""
        self._waiting += cells

    def take_waiting(self) -> None:
        """Type the waiting cells. Each call has a cost, so let a few thousand cells wait."""
        values, self._waiting = self._waiting, []
        if not values:
            return
        absent: list[bool] = []
        if self.absent is ABSENT and object in set(map(type, values)):
            absent = list(map(is_, values, repeat(ABSENT)))
            values = [None if value is ABSENT else value for value in values]
        first = next((value for value in values if value is not None), None)
        if type(first) is str and not self._is_taken_apart and self._main.add_texts(values):
            self._add_found(values, {str, NoneType}, None, absent)
            return
        types = set(map(type, values))
        found: list[int] | None = None
        if self._flatten and dict in types:
            found = self._take_apart(values, types)
            self._has_findings = True
        else:
            self._add_main(values, types)
            for part in self._extras():
                part.add_nulls(len(values))
        self._add_found(values, types, found, absent)

    @property
    def _is_taken_apart(self) -> bool:
        return self._same is not None or bool(self._parts) or self._rest is not None

    def _add_found(self, values: list[Any], types: set[type], found: list[int] | None, absent: Sequence[bool]) -> None:
        # Columns that users fill in have `found` only if they hold objects.
        if found is None and self._flatten and (self._computed or self._has_findings) and _has_blanks(values, types):
            found = [_flag(value) for value in values]
            self._has_findings |= self._computed
        # Unlike a missing cell, a null means that nothing was found.
        if self.absent is ABSENT and NoneType in types and values.count(None) > sum(absent):
            absent = absent or [False] * len(values)
            found = [_UNKNOWN if value is None else _YES for value in values] if found is None else found
            found = [
                _NO if flag == _UNKNOWN and not is_absent else flag
                for flag, is_absent in zip(found, absent, strict=True)
            ]
            self._has_findings = True
        self._found.append((len(values), None if found is None else np.frombuffer(bytes(found), np.int8)))
        self._length += len(values)

    def add_nulls(self, count: int) -> None:
        """Add rows without a cell in this column."""
        self.take_waiting()
        if self._same is None:
            self._main.add_nulls(count)
        for part in self._extras():
            part.add_nulls(count)
        self._found.append((count, None))
        self._length += count

    def columns(self) -> Iterator[tuple[str, CellColumn | None]]:
        """Iterate over its frame columns by suffix, "" for the main value. None stands for `found`."""
        yield "", self._values
        repeated = self._main_keys if len(self._main_keys) == 1 else ()
        for key, part in self._parts.items():
            # A source is the main value only if it is not an address.
            if key not in repeated or key == "source":
                yield key, part
        if self._rest is not None:
            yield REST, self._rest
        if self._has_findings:
            yield FOUND, None

    def found(self) -> Any:
        """Return for each row True for a finding, False if nothing was found, NA if no work has ended."""
        flags, at = self._flags_of_values(), 0
        for count, block in self._found:
            if block is not None:
                flags[at : at + count] = block
            at += count
        return to_array("boolean", TypedValues(flags == _YES, flags == _UNKNOWN), self._backend)

    def _flags_of_values(self) -> Any:
        """Return the flag of each row from its main value alone."""
        if self._computed:
            return np.where(self._values.missing(), _UNKNOWN, _YES).astype(np.int8)
        values = self._values.array(copy=False)
        cells = values if isinstance(values, np.ndarray) else values.to_numpy(dtype=object, na_value=None)
        return np.fromiter(map(_flag, cells.tolist()), np.int8, len(cells))

    def _extras(self) -> Iterable[CellColumn]:
        return (*self._parts.values(), *(() if self._rest is None else (self._rest,)))

    @property
    def _values(self) -> CellColumn:
        return self._main if self._same is None else self._parts[self._same]

    def _add_main(self, values: list[Any], types: set[type], there: Mapping[str, list[Any]] | None = None) -> None:
        """Add main values that are not a part's cells; `there` has the cells that the parts will get."""
        if self._same is not None:
            # If the part gets nulls, too, its cells are still the main values.
            if types == {NoneType} and all(map(is_, (there or {}).get(self._same, ()), repeat(None))):
                return
            self._main, self._same = self._parts[self._same].snapshot(), None
        self._main.add(values, types)

    def _take_apart(self, values: list[Any], types: set[type]) -> list[int]:
        """Add the main values and the parts, and return whether values were found."""
        first: dict[str, Any] = next(value for value in values if type(value) is dict)
        blank = dict.fromkeys(first)
        objects = values if types == {dict} else [value if type(value) is dict else blank for value in values]
        parts = _of_one_shape(first, objects)
        alike = None if parts is None else tuple(parts)
        keys = list(dict.fromkeys(chain.from_iterable(objects))) if alike is None else list(alike)
        for key in keys:
            if key not in self._parts and len(self._parts) < MOST_KEYS:
                self._parts[key] = part = CellColumn(self._backend)
                part.add_nulls(self._length)
        if parts is None:
            parts = {key: [each.get(key) for each in objects] for key in keys if key in self._parts}
        there = {key: cells for key, cells in parts.items() if key in self._parts}
        self._add_main_of(values, types, there, alike)
        kinds: dict[str, set[type]] = {}
        for key, part in self._parts.items():
            if key not in there:
                part.add_nulls(len(values))
            elif type(next((cell for cell in there[key] if cell is not None), None)) is str and part.add_texts(
                there[key]
            ):
                kinds[key] = {str, NoneType}
            else:
                kinds[key] = set(map(type, there[key]))
                part.add(there[key], kinds[key])
        if self._rest is not None or len(keys) > len(there):
            there[REST] = self._add_rest(objects)
            kinds[REST] = {dict}
        return _flags(values, types, there, kinds)

    def _add_main_of(
        self, values: list[Any], types: set[type], there: dict[str, list[Any]], alike: tuple[str, ...] | None
    ) -> None:
        """Add the main values of objects before their parts; `alike` has the keys if all objects have the same."""
        if alike is not None and len(findings_of(alike)) == 1:
            # The keys may be in any order.
            mains = {main_key(alike)}
        else:
            mains = {main_key(shape) for shape in {tuple(value) for value in values if type(value) is dict}}
        self._main_keys |= {key for key in mains if key is not None}
        key = mains.pop() if len(mains) == 1 and types <= {dict, NoneType} else None
        if key is None or key == "source" or key not in there:
            main = [main_value(value) if type(value) is dict else value for value in values]
            self._add_main(main, set(map(type, main)), there)
            return
        if self._same is None and not self._main.as_text and self._main.is_blank and self._parts[key].is_blank:
            self._same = key
        if self._same != key:
            self._add_main(there[key], set(map(type, there[key])), there)

    def _add_rest(self, objects: list[dict[str, Any]]) -> list[Any]:
        if self._rest is None:
            self._rest = CellColumn(self._backend)
            self._rest.add_nulls(self._length)
        rests = [{key: each[key] for key in each if key not in self._parts} or None for each in objects]
        self._rest.add(rests)
        return rests


def _flag(value: Any) -> int:
    return _UNKNOWN if value is None else _YES if is_found(value) else _NO


def _has_blanks(values: list[Any], types: set[type]) -> bool:
    """Return whether some cells are present but empty."""
    if str in types and _blank_texts(values, types):
        return True
    return list in types and not all(is_found(value) for value in values if type(value) is list)


def _blank_texts(values: list[Any], types: set[type]) -> bool:
    """Return whether some texts among the cells are blank."""
    if "" in values:
        return True
    # If possible, without a Python step per cell, as nearly all pages have no blank texts.
    texts = filter(None, values) if types <= {str, NoneType} else (each for each in values if type(each) is str)
    return True in map(str.isspace, texts)


def _of_one_shape(first: dict[str, Any], objects: list[dict[str, Any]]) -> dict[str, list[Any]] | None:
    """Return the parts of objects if all have the same keys, as they nearly always do; else None."""
    if len(first) > MOST_KEYS or set(map(len, objects)) != {len(first)}:
        return None
    try:
        return {key: list(map(itemgetter(key), objects)) for key in first}
    except KeyError:
        return None


def _flags(
    values: list[Any], types: set[type], there: dict[str, list[Any]], kinds_of: dict[str, set[type]]
) -> list[int]:
    """Return whether values were found, by the rules of `is_found`. Plain values in objects of one shape go all at once."""
    wanted = findings_of(tuple(there))
    cells, kinds = [there[key] for key in wanted], [kinds_of[key] for key in wanted]
    if REST in there or "source" in there or any(_HOLDERS & each for each in kinds):
        return [_flag(value) for value in values]
    # Like a null, a blank text is no finding.
    cells = [
        [None if type(cell) is str and (not cell or cell.isspace()) else cell for cell in part]
        if str in each and _blank_texts(part, each)
        else part
        for part, each in zip(cells, kinds, strict=True)
    ]
    findings: list[int]
    if len(cells) == 1:
        findings = [cell is not None for cell in cells[0]]
    elif cells:
        width = len(cells)
        findings = [each.count(None) < width for each in zip(*cells, strict=True)]
    else:
        findings = [False] * len(values)
    if types == {dict}:
        return findings
    return [finding if type(value) is dict else _flag(value) for value, finding in zip(values, findings, strict=True)]
