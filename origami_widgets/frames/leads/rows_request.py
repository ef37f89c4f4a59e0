"""Check what is asked for of the leads of one table, before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import Table
from origami_widgets.api.rows.row_paging import RowQuery
from origami_widgets.api.validate import flag, may_be_id, row_limit, shortened, table_id
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend

from .lead_table import no_such_column, snake_case

EMPTINESS = ("is_empty", "is_not_empty")


@dataclass(frozen=True, slots=True)
class RowsRequest:
    """Rows to read, and options of the frame.

    Attributes:
        table_id: the table.
        table_name: the table's name; None if not known yet.
        lead_count: the table's leads before saved filters; None if not known yet.
        query: filters and sort.
        limit: maximum number of rows; None for all.
        flatten: whether parts of objects get their own columns.
        dtype_backend: the dtype backend of the frame.
        include_hidden: whether to read without the table's saved filters.
        table: the table before its rows were read; None if not known yet.
    """

    table_id: str
    table_name: str | None
    lead_count: int | None
    query: RowQuery
    limit: int | None
    flatten: bool
    dtype_backend: DtypeBackend
    include_hidden: bool = False
    table: Table | None = None

    @property
    def narrows(self) -> bool:
        """Whether the filters narrow the saved ones, which the API cannot do."""
        return bool(self.query.filters) and not self.include_hidden

    def options(self) -> dict[str, Any]:
        """Return the arguments that shape the frame, as JSON."""
        of_table = ("table_id", "table_name", "lead_count", "query", "limit", "table")
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in of_table}


def request_from(
    table: object,
    *,
    filters: Sequence[Mapping[str, Any]] | None = None,
    include_hidden: bool = False,
    sort: Mapping[str, str] | None = None,
    limit: int | None = None,
    flatten: bool = True,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> RowsRequest:
    """Check the arguments of `leads_frame`. Sends nothing.

    Raises:
        InvalidInput: an argument is invalid.
    """
    flag("flatten", flatten)
    check_backend(dtype_backend)
    where, name, lead_count = _table_of(table)
    query = RowQuery(filters=_complete(filters), sort=sort, saved_filters=not flag("include_hidden", include_hidden))
    query.params()
    # The API would take an empty list in place of the saved filters.
    query = replace(query, filters=query.filters or None)
    raw = _raw_of(table)
    known = None if raw is None else Table.from_raw(dict(raw))
    return RowsRequest(
        where,
        name,
        lead_count,
        query,
        row_limit(limit),
        flatten,
        dtype_backend,
        include_hidden=include_hidden,
        table=known,
    )


def with_slugs(request: RowsRequest, slugs: Sequence[str]) -> RowsRequest:
    """Return the request with slugs where filters and sort name columns of the frame.

    Raises:
        InvalidInput: one of them does not; the message lists the columns.
    """
    query = request.query
    names = {snake_case(slug): slug for slug in reversed(slugs)}
    parts = [("filters", part) for part in query.filters or ()] + [("sort", query.sort)] * (query.sort is not None)
    for argument, part in parts:
        slug = part.get("column") if isinstance(part, Mapping) else None
        if not isinstance(slug, str):
            raise InvalidInput(
                f"{argument} has no column",
                cause=f"Got {part!r:.80} in {argument}.",
                remedy="Each part needs a 'column' with the slug of a column.",
            )
        if slug not in slugs and slug not in names:
            raise no_such_column(argument, slug, slugs)

    def as_sent(part: Mapping[str, Any]) -> dict[str, Any]:
        name = part["column"]
        return {**part, "column": name if name in slugs else names[name]}

    filters = None if query.filters is None else [as_sent(part) for part in query.filters]
    sort = None if query.sort is None else as_sent(query.sort)
    return replace(request, query=replace(query, filters=filters, sort=sort))


def _complete(filters: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]] | None:
    """Add an empty value to tests for emptiness, which need none but for which the API requires one."""
    if not isinstance(filters, list | tuple):
        return filters
    return [
        {**part, "value": ""}
        if isinstance(part, Mapping) and part.get("operator") in EMPTINESS and "value" not in part
        else part
        for part in filters
    ]


def _table_of(table: object) -> tuple[str, str | None, int | None]:
    problem = ""
    if isinstance(table, str):
        if may_be_id(checked := table_id(table)):
            return checked, None, None
        problem = f"{shortened(checked)} is a word, not an id."
    raw = _raw_of(table)
    if raw is None or not isinstance(raw.get("id"), str) or raw.get("object", "table") != "table" or "agentId" in raw:
        given = "None" if table is None else type(table).__name__
        raise InvalidInput(
            "This is no table",
            cause=problem or f"Got {given}.",
            remedy="Pass a table, for example run.tables[0], or a table's id.",
        )
    name, count = raw.get("name"), raw.get("leadCount")
    return (
        table_id(raw["id"]),
        name if isinstance(name, str) else None,
        count if isinstance(count, int) and not isinstance(count, bool) else None,
    )


def _raw_of(value: object) -> Mapping[str, Any] | None:
    raw = value if isinstance(value, Mapping) else getattr(value, "raw", None)
    return raw if isinstance(raw, Mapping) else None
