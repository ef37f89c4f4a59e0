"""Filters and sort of rows: reading them from the query, and applying them to the values of a moment."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import errors
from origami_widgets.sandbox.rows import cell_value, main_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from origami_widgets.sandbox.life import Column, Lead, TableLife


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column."""

    column: Column
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Sort:
    """An order by one column; cells without a value come last either way."""

    column: Column
    descending: bool


def read_filters(text: str, columns: Mapping[str, Column]) -> list[Filter]:
    """Read the `filters` of a query, or refuse."""
    data = _json(text, "INVALID_FILTERS", "filters")
    if not isinstance(data, list):
        raise errors.invalid(("filters", "Expected an array"), code="INVALID_FILTERS", error="Invalid filters")
    return [_filter(item, position, columns) for position, item in enumerate(data)]


def read_sort(text: str, columns: Mapping[str, Column]) -> Sort:
    """Read the `sort` of a query, or refuse."""
    data = _json(text, "INVALID_SORT", "sort")
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("column"), str)
        or data.get("direction") not in ("asc", "desc")
    ):
        problem = 'Expected {"column": slug, "direction": "asc" or "desc"}'
        raise errors.invalid(("sort", problem), code="INVALID_SORT", error="Invalid sort")
    return Sort(_column(data["column"], "sort.column", columns), data["direction"] == "desc")


def saved_filters(table: TableLife, columns: Mapping[str, Column]) -> list[Filter]:
    """Return the saved filters of a table whose columns exist by now."""
    return [
        Filter(columns[part["column"]], part["operator"], part["value"])
        for part in table.saved_filters
        if part["column"] in columns
    ]


def saved_sort(table: TableLife, columns: Mapping[str, Column]) -> Sort | None:
    """Return the saved sort of a table when its column exists by now."""
    saved = table.saved_sort
    if saved is None or saved["column"] not in columns:
        return None
    return Sort(columns[saved["column"]], saved["direction"] == "desc")


def select(leads: Sequence[Lead], filters: Sequence[Filter], sort: Sort | None, now: float) -> list[Lead]:
    """Return the leads that meet all filters, in order."""
    chosen = [lead for lead in leads if all(_meets(lead, part, now) for part in filters)]
    if sort is None:
        return chosen
    values = {lead.id: main_value(cell_value(sort.column, lead, now)[1]) for lead in chosen}
    filled = [lead for lead in chosen if values[lead.id] is not None]
    blank = [lead for lead in chosen if values[lead.id] is None]
    return sorted(filled, key=lambda lead: _rank(values[lead.id]), reverse=sort.descending) + blank


def _json(text: str, code: str, path: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise errors.invalid((path, "Expected JSON"), code=code, error=f"Invalid {path}") from None


def _filter(item: Any, position: int, columns: Mapping[str, Column]) -> Filter:
    path = f"filters.{position}"
    if not isinstance(item, dict) or not isinstance(item.get("column"), str) or "value" not in item:
        raise errors.invalid(
            (path, "Expected column, operator and value"), code="INVALID_FILTERS", error="Invalid filters"
        )
    operator = item.get("operator")
    if not isinstance(operator, str) or operator not in _TESTS:
        known = ", ".join(_TESTS)
        raise errors.invalid(
            (f"{path}.operator", f"Expected one of: {known}"), code="INVALID_FILTERS", error="Invalid filters"
        )
    return Filter(_column(item["column"], f"{path}.column", columns), operator, item["value"])


def _column(slug: str, path: str, columns: Mapping[str, Column]) -> Column:
    if slug not in columns:
        raise errors.invalid((path, "No column has this slug"), code="UNKNOWN_COLUMN", error="Unknown column")
    return columns[slug]


def _meets(lead: Lead, part: Filter, now: float) -> bool:
    return _TESTS[part.operator](main_value(cell_value(part.column, lead, now)[1]), part.value)


def _blank(cell: Any, _: Any) -> bool:
    return cell is None or cell in ("", [])


def _contains(cell: Any, wanted: Any) -> bool:
    if isinstance(cell, list):
        return any(_contains(part, wanted) for part in cell)
    return cell is not None and _said(wanted) in _said(cell)


def _equals(cell: Any, wanted: Any) -> bool:
    if isinstance(cell, list):
        return any(_equals(part, wanted) for part in cell) or cell == wanted
    numbers = _number(cell), _number(wanted)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] == numbers[1]
    return cell is not None and _said(cell) == _said(wanted)


def _compare(cell: Any, wanted: Any) -> int | None:
    """Return -1, 0 or 1 as `cell` is less, equal or greater; None when the two cannot be compared."""
    if cell is None or wanted is None:
        return None
    one, other = _number(cell), _number(wanted)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    if isinstance(cell, str) and isinstance(wanted, str):
        return (_said(cell) > _said(wanted)) - (_said(cell) < _said(wanted))
    return None


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "contains": _contains,
    "not_contains": lambda cell, wanted: not _contains(cell, wanted),
    "equals": _equals,
    "not_equals": lambda cell, wanted: not _equals(cell, wanted),
    "is_empty": _blank,
    "is_not_empty": lambda cell, wanted: not _blank(cell, wanted),
    "greater_than": lambda cell, wanted: _compare(cell, wanted) == 1,
    "greater_than_or_equal": lambda cell, wanted: _compare(cell, wanted) in (0, 1),
    "less_than": lambda cell, wanted: _compare(cell, wanted) == -1,
    "less_than_or_equal": lambda cell, wanted: _compare(cell, wanted) in (0, -1),
}


def _said(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.casefold().strip()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _rank(value: Any) -> tuple[int, float, str]:
    number = _number(value)
    return (0, number, "") if number is not None else (1, 0.0, _said(value))
