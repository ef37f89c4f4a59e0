"""What is asked of a table's leads: checked before anything is sent. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.row_query import RowQuery
from origami_widgets.api.validate import row_limit, table_id
from origami_widgets.frames.backend import DtypeBackend, check_backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .lead_table import Names

EMPTINESS = ("is_empty", "is_not_empty")
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and how the frame is made of it.

    Attributes:
        table_id: the table.
        table_name: its name, None when not told yet.
        lead_count: its leads before saved filters, None when not told yet.
        query: filters and sort.
        limit: rows in all; None for every one.
        flatten: take objects apart.
        names: what columns are called by.
        dtype_backend: which arrays hold the cells.
    """

    table_id: str
    table_name: str | None
    lead_count: int | None
    query: RowQuery
    limit: int | None
    flatten: bool
    names: Names
    dtype_backend: DtypeBackend

    def told(self, name: str, lead_count: int | None) -> Request:
        """The same, with what the server says of the table."""
        return replace(self, table_name=name, lead_count=lead_count)

    def query_for(self, *, typed: bool) -> RowQuery:
        """What is sent: flat cells, unless a column's slug is a word of the row itself."""
        return replace(self.query, flat=not typed)


def request_from(
    table: object,
    *,
    filters: Sequence[Mapping[str, Any]] | None,
    sort: Mapping[str, str] | None,
    limit: int | None,
    flatten: bool,
    names: Names,
    dtype_backend: DtypeBackend,
) -> Request:
    """Check the arguments of `rows_frame`.

    Raises:
        InvalidInput: one of them cannot be right.
    """
    if names not in ("slug", "name"):
        raise InvalidInput(
            "Columns have no such names",
            cause=f"names={names!r} was given.",
            remedy='Use names="slug" (the default, stable when a column is renamed) or names="name" (the headings).',
        )
    check_backend(dtype_backend)
    where, name, lead_count = _table_of(table)
    query = RowQuery(filters=_complete(filters), sort=sort)
    query.params()
    return Request(where, name, lead_count, query, row_limit(limit), flatten, names, dtype_backend)


def check_slugs(query: RowQuery, slugs: Sequence[str]) -> None:
    """Refuse filters and a sort on columns that the table has not.

    Raises:
        InvalidInput: for such a column; it names the ones that exist.
    """
    parts = [("filters", part) for part in query.filters or ()] + [("sort", query.sort)] * (query.sort is not None)
    for place, part in parts:
        slug = part.get("column") if isinstance(part, Mapping) else None
        if not isinstance(slug, str):
            raise InvalidInput(
                f"{place} names no column",
                cause=f"A part of {place} is {part!r:.80}.",
                remedy="Each part needs 'column': the slug of a column.",
            )
        if slug not in slugs:
            near = difflib.get_close_matches(slug, slugs, n=1, cutoff=0.5)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            shown = ", ".join(slugs[:MOST_SHOWN]) + (", …" if len(slugs) > MOST_SHOWN else "")
            raise InvalidInput(
                "The table has no such column",
                cause=f"{place} asks for {slug!r:.80}.",
                remedy=f"{meant}Slugs of this table: {shown or 'none'}. Nothing was read.",
            )


def _complete(filters: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]] | None:
    """Tests for emptiness need no value, but the API wants to be sent one."""
    if not isinstance(filters, list | tuple):
        return filters
    return [
        {**part, "value": ""}
        if isinstance(part, Mapping) and part.get("operator") in EMPTINESS and "value" not in part
        else part
        for part in filters
    ]


def _table_of(table: object) -> tuple[str, str | None, int | None]:
    if isinstance(table, str):
        return table_id(table), None, None
    raw = table if isinstance(table, Mapping) else getattr(table, "raw", None)
    if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str) or _is_other(raw):
        raise InvalidInput(
            "rows_frame reads one table",
            cause=f"It was given a value of type {type(table).__name__}.",
            remedy="Give a table, for example rows_frame(run.tables[0]), or a table's id.",
        )
    name, count = raw.get("name"), raw.get("leadCount")
    return (
        table_id(raw["id"]),
        name if isinstance(name, str) else None,
        count if isinstance(count, int) and not isinstance(count, bool) else None,
    )


def _is_other(raw: Mapping[str, Any]) -> bool:
    return raw.get("object", "table") != "table" or "agentId" in raw
