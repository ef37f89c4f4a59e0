"""One table column of leads as columns of a frame: its main value, the parts of its objects, what was found. Pure.

An enrichment's cell is an object as a rule: the wanted fields beside `confidence`, `reasoning` and sources. A cell that is
there with its main fields null looked and found nothing; one that is missing has not run.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import DtypeBackend, to_array
from .cells import CellColumn
from .schema import Field
from .values import Cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PRIMARY = ("value", "text", "email", "url", "address", "number", "display", "label", "raw")
ASIDE = ("confidence", "reasoning", "title")
MOST_KEYS = 64
"""Parts that get a column of their own; an object that serves as a dictionary would make thousands."""
REST = "rest"
FOUND = "found"
_BOOLEAN = Field("", "boolean", "computed", "", "")
_NOTHING: dict[str, Any] = {}
_UNKNOWN, _NO, _YES = -1, 0, 1


class LeadColumn:
    """One table column while its cells arrive.

    Args:
        slug: its key in rows.
        computed: its cells are the outcome of work, so that a null is a finding.
        flatten: take objects apart.
        dtype_backend: which arrays hold the cells.
    """

    def __init__(self, slug: str, dtype_backend: DtypeBackend, *, computed: bool, flatten: bool) -> None:
        self.slug = slug
        self._backend = dtype_backend
        self._computed = computed
        self._flatten = flatten
        self._main = CellColumn(dtype_backend)
        self._parts: dict[str, CellColumn] = {}
        self._rest: CellColumn | None = None
        # What was found in each block; None: it is there whatever is not null, and nothing else ran.
        self._found: list[tuple[int, Any]] = []
        self._tells_findings = False

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add the cells of a page of rows, while they are still in the processor's cache."""
        slug = self.slug
        values = [row.get(slug) for row in rows]
        found: list[int] | None = None
        if self._flatten and dict in set(map(type, values)):
            values, found = self._take_apart(values)
            self._tells_findings = True
        else:
            for part in self._extras():
                part.add_nulls(len(values))
        if self._flatten and self._computed and None in values:
            found = self._with_nulls(rows, values, found)
        self._main.add(values)
        self._found.append((len(rows), None if found is None else np.array(found, np.int8)))

    def add_nulls(self, count: int) -> None:
        """Add rows in which it is missing."""
        self._main.add_nulls(count)
        for part in self._extras():
            part.add_nulls(count)
        self._found.append((count, None))

    def columns(self) -> Iterator[tuple[str, CellColumn | None]]:
        """The columns it makes, by what follows its name: "" for itself. None stands for `found`."""
        yield "", self._main
        yield from self._parts.items()
        if self._rest is not None:
            yield REST, self._rest
        if self._tells_findings:
            yield FOUND, None

    def found(self) -> Any:
        """Per row: True for a finding, False for work that found nothing, NA where no work has ended."""
        flags = np.full(self._main.length, _UNKNOWN, np.int8)
        at = 0
        known = ~self._main.missing()
        for count, told in self._found:
            flags[at : at + count] = np.where(known[at : at + count], _YES, _UNKNOWN) if told is None else told
            at += count
        return to_array(_BOOLEAN, Cells(flags == _YES, flags == _UNKNOWN), self._backend)

    def _extras(self) -> Iterable[CellColumn]:
        return (*self._parts.values(), *(() if self._rest is None else (self._rest,)))

    def _take_apart(self, values: list[Any]) -> tuple[list[Any], list[int]]:
        """Give the main values and what was found, and add the parts."""
        objects = [value if type(value) is dict else _NOTHING for value in values]
        keys = list(dict.fromkeys(chain.from_iterable(objects)))
        for key in keys:
            if key not in self._parts and len(self._parts) < MOST_KEYS:
                self._parts[key] = part = CellColumn(self._backend)
                part.add_nulls(self._main.length)
        there: dict[str, list[Any]] = {}
        for key, part in self._parts.items():
            cells = [each.get(key) for each in objects] if key in keys else [None] * len(values)
            part.add(cells)
            if key in keys:
                there[key] = cells
        if self._rest is not None or len(keys) > len(there):
            there[REST] = self._add_rest(objects)
        return self._main_values(values, objects, keys, there), _flags(values, there)

    def _add_rest(self, objects: list[dict[str, Any]]) -> list[Any]:
        if self._rest is None:
            self._rest = CellColumn(self._backend)
            self._rest.add_nulls(self._main.length)
        rests = [{key: each[key] for key in each if key not in self._parts} or None for each in objects]
        self._rest.add(rests)
        return rests

    def _main_values(
        self, values: list[Any], objects: list[dict[str, Any]], keys: list[str], there: dict[str, list[Any]]
    ) -> list[Any]:
        width = len(keys)
        if all(len(each) == width or value is None for each, value in zip(objects, values, strict=True)):
            # All of one shape, as they nearly always are.
            main = main_key(tuple(keys))
            if main is None:
                return [None] * len(values)
            if main in self._parts:
                return there[main]
        return [
            value if type(value) is not dict else None if (key := main_key(tuple(value))) is None else value[key]
            for value in values
        ]

    def _with_nulls(
        self, rows: Sequence[dict[str, Any]], values: list[Any], found: list[int] | None
    ) -> list[int] | None:
        """A null that is there is a finding of nothing, other than a cell that is not there."""
        slug = self.slug
        if found is None:
            if sum([slug in row for row in rows]) == len(rows) - values.count(None):
                return None
            found = [_UNKNOWN if value is None else _YES for value in values]
            self._tells_findings = True
        return [_NO if flag == _UNKNOWN and slug in row else flag for flag, row in zip(found, rows, strict=True)]


@lru_cache(maxsize=1024)
def main_key(keys: tuple[str, ...]) -> str | None:
    """Which part of an object is the value that one means.

    >>> main_key(("email", "confidence", "reasoning", "source_url"))
    'email'
    >>> main_key(("amount_usd", "stage", "source_url"))
    'amount_usd'
    >>> main_key(("confidence", "source_url")) is None
    True
    """
    for key in PRIMARY:
        if key in keys:
            return key
    if len(keys) == 1:
        return keys[0]
    return next((key for key in keys if _is_finding(key)), None)


@lru_cache(maxsize=4096)
def _is_finding(key: str) -> bool:
    return key in PRIMARY or not (key in ASIDE or key.endswith("_url"))


def _flags(values: list[Any], there: dict[str, list[Any]]) -> list[int]:
    """What was found on a page: any value but an object is a finding, of an object only what is no remark on it."""
    cells = [part for key, part in there.items() if _is_finding(key)]
    findings: list[int]
    if len(cells) == 1:
        findings = [cell is not None for cell in cells[0]]
    elif cells:
        width = len(cells)
        findings = [each.count(None) < width for each in zip(*cells, strict=True)]
    else:
        findings = [False] * len(values)
    if set(map(type, values)) == {dict}:
        return findings
    return [
        finding if type(value) is dict else _UNKNOWN if value is None else _YES
        for value, finding in zip(values, findings, strict=True)
    ]
