"""What is asked for of the leads of one table, with the columns that a user has chosen: checked before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.models.table import Table
from origami_widgets.api.rows.row_reader import RowQuery
from origami_widgets.api.validate import flag, may_be_id, row_limit, shortened, table_id
from origami_widgets.frames.dtype_backend import DtypeBackend, check_backend
from origami_widgets.frames.frame_builder import read_only

from .lead_table import no_such_column, snake_case
from .stacking import IDS, mains_of, table_notes

if TYPE_CHECKING:
    import pandas as pd

    from .left_out import LeftOut

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


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of leads.

    Attributes:
        columns: names of columns of the frame; None for all.
        left_out: which leads are left out; None for none.
    """

    columns: Sequence[str] | None = None
    left_out: LeftOut | None = None

    @classmethod
    def checked(cls, columns: object) -> Self:
        """Return the choice of the argument `columns=`.

        Raises:
            InvalidInput: it is not a list of texts.
        """
        # Also an index, such as the columns of a frame.
        listed = list(columns) if isinstance(columns, Iterable) and not isinstance(columns, str) else None
        if columns is not None and (listed is None or not all(isinstance(each, str) for each in listed)):
            raise InvalidInput(
                "columns must be a list",
                cause=f"Got {columns!r:.60}.",
                remedy=f'Use a list of names: columns=["{columns if isinstance(columns, str) else "…":.40}"].',
            )
        return cls(listed)

    @classmethod
    def noted(cls, notes: Mapping[str, Any]) -> Self:
        """Return the choice by which a frame was read, from its notes."""
        return cls(**notes.get("chosen", {}))

    def names(self, frame: pd.DataFrame, *, strict: bool = True) -> list[str]:
        """Return those columns of a frame of leads that are chosen, in this order; the ids come last.

        Args:
            frame: the leads.
            strict: whether it must have all of the columns.

        Raises:
            InvalidInput: it does not.
        """
        names = [str(name) for name in frame.columns]
        if self.columns is None:
            return names
        # Slugs name columns, too.
        wanted = [each if each in names else snake_case(each) for each in self.columns]
        known = zip(self.columns, wanted, strict=True)
        if strict and (unknown := next((given for given, each in known if each not in names), None)) is not None:
            mains = mains_of(table_notes(frame))
            listed = sorted(names, key=lambda name: mains.get(name, name) != name)
            raise no_such_column("columns", unknown, listed, tables=True)
        return list(dict.fromkeys(name for name in (*wanted, *IDS) if name in names))

    def of(self, frame: pd.DataFrame, *, strict: bool = True) -> pd.DataFrame:
        """Return a frame of leads with the chosen columns only, and note the choice for `refresh_leads`.

        Raises:
            InvalidInput: with `strict`, it lacks one of the columns.
        """
        if self.left_out is not None:
            # First, as it looks at columns that may not be chosen.
            frame = self.left_out.of(frame)
        if self.columns is None:
            return frame
        if not table_notes(frame) and frame.empty:
            # A run has no table yet.
            missing = [column for column in self.columns or () if column not in frame]
            frame = frame.assign(**dict.fromkeys(missing, frame["row_id"].array))
        chosen = frame[self.names(frame, strict=strict)]
        noted = read_only({"columns": self.columns})
        chosen.attrs = frame.attrs | {"origami": frame.attrs["origami"] | {"chosen": noted}}
        return chosen


ALL = ChosenColumns()
