"""Filters and sort of rows: read from the query, applied to the values of a moment."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import MsgspecError
from msgspec.json import decode

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.json_objects import cell_value, main_value
from origami_widgets.sandbox.timelines import ColumnTimeline, RowFilter, RowSort, SimulatedLead

T = TypeVar("T")


def parse_filters(text: str, columns: Mapping[str, ColumnTimeline]) -> list[RowFilter]:
    """Return the `filters` of a query; raises `ErrorResponse` when they are not valid."""
    filters = _decoded(text, list[RowFilter], "filters")
    for place, part in enumerate(filters):
        if part.operator not in _OPERATORS:
            raise _invalid("filters", f"filters.{place}.operator", f"Expected one of: {', '.join(_OPERATORS)}")
        _check_column(part.column, f"filters.{place}.column", columns)
    return filters


def parse_sort(text: str, columns: Mapping[str, ColumnTimeline]) -> RowSort:
    """Return the `sort` of a query; raises `ErrorResponse` when it is not valid."""
    sort = _decoded(text, RowSort, "sort")
    _check_column(sort.column, "sort.column", columns)
    return sort


def select_leads(
    leads: Sequence[SimulatedLead],
    filters: Sequence[RowFilter],
    sort: RowSort | None,
    columns: Mapping[str, ColumnTimeline],
    now: float,
) -> list[SimulatedLead]:
    """Return the leads that match all filters, sorted; cells without a value come last in both directions."""

    def value(lead: SimulatedLead, slug: str) -> Any:
        return main_value(cell_value(columns[slug], lead, now))

    chosen = [
        lead
        for lead in leads
        if all(_OPERATORS[part.operator](value(lead, part.column), part.value) for part in filters)
    ]
    if sort is None:
        return chosen
    values = {lead.id: value(lead, sort.column) for lead in chosen}
    filled = [lead for lead in chosen if values[lead.id] is not None]
    blank = [lead for lead in chosen if values[lead.id] is None]
    return sorted(filled, key=lambda lead: _rank(values[lead.id]), reverse=sort.direction == "desc") + blank


def _decoded(text: str, kind: type[T], name: str) -> T:
    try:
        return decode(text, type=kind)
    except (MsgspecError, ValueError, RecursionError) as error:
        raise _invalid(name, name, str(error)) from None


def _invalid(name: str, path: str, problem: str) -> error_responses.ErrorResponse:
    return error_responses.invalid((path, problem), code=f"INVALID_{name.upper()}")


def _check_column(slug: str, path: str, columns: Mapping[str, ColumnTimeline]) -> None:
    if slug not in columns:
        raise error_responses.invalid((path, "No such column"), code="UNKNOWN_COLUMN")


def _is_empty(cell: Any, _: Any) -> bool:
    return cell is None or cell in ("", [])


def _contains(cell: Any, wanted: Any) -> bool:
    if isinstance(cell, list):
        return any(_contains(part, wanted) for part in cell)
    return cell is not None and _normalized(wanted) in _normalized(cell)


def _equals(cell: Any, wanted: Any) -> bool:
    if isinstance(cell, list):
        return any(_equals(part, wanted) for part in cell) or cell == wanted
    numbers = _number(cell), _number(wanted)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] == numbers[1]
    return cell is not None and _normalized(cell) == _normalized(wanted)


def _compare(cell: Any, wanted: Any) -> int | None:
    """Return -1, 0 or 1 as `cell` is less, equal or greater; None when the two cannot be compared."""
    if cell is None or wanted is None:
        return None
    one, other = _number(cell), _number(wanted)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    if isinstance(cell, str) and isinstance(wanted, str):
        return (_normalized(cell) > _normalized(wanted)) - (_normalized(cell) < _normalized(wanted))
    return None


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "contains": _contains,
    "not_contains": lambda cell, wanted: not _contains(cell, wanted),
    "equals": _equals,
    "not_equals": lambda cell, wanted: not _equals(cell, wanted),
    "is_empty": _is_empty,
    "is_not_empty": lambda cell, wanted: not _is_empty(cell, wanted),
    "greater_than": lambda cell, wanted: _compare(cell, wanted) == 1,
    "greater_than_or_equal": lambda cell, wanted: _compare(cell, wanted) in (0, 1),
    "less_than": lambda cell, wanted: _compare(cell, wanted) == -1,
    "less_than_or_equal": lambda cell, wanted: _compare(cell, wanted) in (0, -1),
}


def _normalized(value: Any) -> str:
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
    return (0, number, "") if number is not None else (1, 0.0, _normalized(value))
