"""Paging through a table's rows: the query, and a position that never repeats a row or loops for ever. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api import validate

if TYPE_CHECKING:
    from origami_widgets.api.models.base import Page

T = TypeVar("T")

MOST_EMPTY_PAGES = 3
"""Empty pages in a row after which no more rows are expected."""
MOST_PAGES = 100_000
"""Most pages to read: beyond 20 million rows, it is not a table but a server that never ends."""
MOST_UNCOUNTED = 10_000
"""Rows beyond twice the server's count after which the server must be repeating rows with new ids."""


class PartialRows(UserWarning):
    """Not all rows of a table could be read; the returned ones are correct."""


class RowWalk:
    """Position in the pages of a table. It holds no connection, so any time may pass between two pages.

    Args:
        limit: rows to return in all; None for every row.

    Attributes:
        cursor: cursor of the next page; None for the first.
        pages: number of pages read.
        rows: number of rows returned, each once.
        total: rows in all, as the server last counted them; None if it did not.
        total_changed: whether that count changed between pages, because rows came or went.
        complete: whether all requested rows have been returned.
        stopped: why reading ended with fewer rows; empty if it did not.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.cursor: str | None = None
        self.pages = 0
        self.rows = 0
        self.total: int | None = None
        self.total_changed = False
        self.complete = limit == 0
        self.stopped = ""
        self._limit = limit
        # 64-bit hashes take a third of the memory of ids. Among a million, two collide once in 10^7 tables.
        self._cursors: set[int] = set()
        self._seen: set[int] = set()
        self._empty = 0

    @property
    def done(self) -> bool:
        """Whether there is no next page."""
        return self.complete or bool(self.stopped)

    def take(self, page: Page[T], ids: Sequence[str]) -> Sequence[T]:
        """Return the new rows of a page, and move on to the next page.

        The API silently starts over at a cursor that it does not know or no longer knows, so a repeated cursor or page
        ends the walk.

        Args:
            page: the page that begins at `cursor`.
            ids: the ids of the page's rows. A row without an id cannot be recognised; returning it twice is better than
                losing it.
        """
        fresh = self._fresh(page.items, ids)
        rows = fresh if self._limit is None else fresh[: self._limit - self.rows]
        self.pages += 1
        self.rows += len(rows)
        if page.total is not None:
            self.total_changed = self.total_changed or self.total not in (None, page.total)
            self.total = page.total
        self._empty = 0 if page.items else self._empty + 1
        self._move(page.next_cursor, repeated=bool(page.items) and not fresh)
        return rows

    def _fresh(self, items: Sequence[T], ids: Sequence[str]) -> Sequence[T]:
        fresh = []
        for item, row_id in zip(items, ids, strict=True):
            mark = hash(row_id)
            if not row_id or mark not in self._seen:
                fresh.append(item)
                self._seen.add(mark)
        return fresh

    def _move(self, following: str | None, *, repeated: bool) -> None:
        mark = hash(following)
        if self._limit is not None and self.rows >= self._limit:
            self.complete = True
        elif following is None:
            self.complete = self.total is None or self.rows >= self.total
            self.stopped = "" if self.complete else f"the server counts {self.total:,} rows but sent {self.rows:,}"
        elif mark in self._cursors:
            self.stopped = "a cursor was repeated"
        elif repeated:
            self.stopped = "a page was repeated"
        elif self._empty >= MOST_EMPTY_PAGES:
            self.stopped = "too many pages in a row were empty"
        elif self.total is not None and self.rows > 2 * self.total + MOST_UNCOUNTED:
            self.stopped = f"the server counts {self.total:,} rows but keeps sending more"
        elif self.pages >= MOST_PAGES:
            self.stopped = f"there were more than {self.pages:,} pages"
        else:
            self._cursors.add(mark)
            self.cursor = following


def ids_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of rows; empty if missing."""
    return ["" if row.get("id") is None else str(row["id"]) for row in rows]


FILTERS = "[{'column': slug, 'operator': 'equals', 'value': …}]"
SORT = "{'column': slug, 'direction': 'asc' or 'desc'}"


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Query for the rows of a table, the same for all pages.

    Attributes:
        filters: conditions, which the API takes in place of the saved ones; None for these.
        sort: the sort order; None for the saved one.
        flat: whether rows hold values by slug instead of typed cells.
        saved_filters: whether the table's saved filters apply.
    """

    filters: Sequence[Mapping[str, object]] | None = None
    sort: Mapping[str, str] | None = None
    flat: bool = False
    saved_filters: bool = True

    def __post_init__(self) -> None:
        validate.flag("flat", self.flat)
        validate.flag("saved_filters", self.saved_filters)

    def params(self) -> dict[str, str]:
        """Return the parameters of the URL.

        Raises:
            InvalidInput: filters or sort are not valid.
        """
        params: dict[str, str] = {}
        if self.filters is not None:
            params["filters"] = validate.as_json("filters", self.filters, FILTERS)
        if self.sort is not None:
            params["sort"] = validate.as_json("sort", self.sort, SORT)
        if self.flat:
            params["cells"] = "flat"
        if not self.saved_filters:
            params["defaults"] = "false"
        return params
