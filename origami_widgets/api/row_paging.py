"""Walking through all rows of a table, page by page, without end loops and without a row twice. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from origami_widgets.api import validate
from origami_widgets.api.models.base import Envelope, build, list_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_EMPTY_PAGES = 3
"""Pages without a row in a row; after these nothing more is expected behind their cursors."""
MOST_PAGES = 100_000
"""Twenty million rows: no table, but a server that does not find its end."""
MOST_REMEMBERED = 1_000_000
"""Row ids kept to tell rows that come again, in less than 100 MB. Beyond them the older half is forgotten."""
MOST_UNCOUNTED = 10_000
"""Rows beyond twice what the server counts; after these it goes round in a circle with new ids."""


class PartialRows(UserWarning):
    """Not all rows of a table could be read; those that were given are right."""


class PageOfRows(Protocol[T_co]):
    """What a walk needs to know of a page."""

    @property
    def items(self) -> Sequence[T_co]:
        """Its rows."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None: it is the last."""
        ...

    @property
    def total(self) -> int | None:
        """Rows over all pages, as the server counts them now."""
        ...


@dataclass(frozen=True, slots=True)
class RawRows:
    """One page of rows as decoded JSON, for those to whom a typed object per row costs too much.

    Attributes:
        items: the rows.
        next_cursor: where the next page begins; None: it is the last.
        total: rows over all pages, as the server counts them now.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None
    total: int | None

    @classmethod
    def of(cls, body: Any) -> RawRows:
        """The page in a decoded answer, in whatever envelope; entries that are no objects are left out."""
        envelope = build(Envelope, body, "", [])
        items = [item for item in list_items(body) if isinstance(item, dict)]
        return cls(items, envelope.next_cursor or None, envelope.total)


class RowWalk:
    """Where a walk stands. It holds no connection, so it may rest between two pages for as long as it likes.

    Args:
        limit: rows to give in all; None for every row.

    Attributes:
        cursor: where the next page begins, None for the first.
        pages: pages that were taken.
        rows: rows that were given, each once.
        total: rows over all pages as the server counted them last, None when it did not.
        total_changed: that count was not the same on every page: rows came or went meanwhile.
        complete: everything that was asked for has been given.
        stopped: why the walk ended with less than that; empty when it did not.
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
        self._cursors: set[bytes] = set()
        # Hashes of 64 bits, which take a third of the room of ids: among a million, two are alike once in 10^7 tables.
        self._seen: set[int] = set()
        self._before: set[int] = set()
        # Those of the first page are never forgotten: a server that starts over begins with them.
        self._first: frozenset[int] = frozenset()
        self._empty = 0

    @property
    def done(self) -> bool:
        """There is no next page."""
        return self.complete or bool(self.stopped)

    def take(self, page: PageOfRows[T], ids: Sequence[str]) -> Sequence[T]:
        """The rows of a page that were not given before; moves on to the next page.

        The API silently starts over on a cursor that it does not know (any more): a cursor or a whole page that comes
        again ends the walk.

        Args:
            page: the page that begins at `cursor`.
            ids: the ids of its rows; a row without an id cannot be told from another one, and is better given twice
                than lost.
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
        marks = list(map(hash, ids))
        unique = set(marks)
        fresh: Sequence[T]
        known = self._seen, self._before, self._first if self._before else ()
        # The hash of an id that is empty is 0.
        if len(unique) == len(items) and 0 not in unique and all(unique.isdisjoint(each) for each in known if each):
            fresh = items
            self._seen |= unique
        else:
            fresh = self._pick(items, ids, marks)
        if self.pages == 0:
            self._first = frozenset(self._seen)
        if len(self._seen) > MOST_REMEMBERED // 2:
            self._before, self._seen = self._seen, set()
        return fresh

    def _pick(self, items: Sequence[T], ids: Sequence[str], marks: Sequence[int]) -> Sequence[T]:
        fresh = []
        for item, row_id, mark in zip(items, ids, marks, strict=True):
            if not row_id:
                fresh.append(item)
            elif not (mark in self._seen or mark in self._before or mark in self._first):
                fresh.append(item)
                self._seen.add(mark)
        return fresh

    def _move(self, following: str | None, *, repeated: bool) -> None:
        mark = _mark(following) if following is not None else b""
        if self._limit is not None and self.rows >= self._limit:
            self.complete = True
        elif following is None:
            self._end()
        elif mark in self._cursors:
            self.stopped = "a cursor came twice"
        elif repeated:
            self.stopped = "a page came twice"
        elif self._empty >= MOST_EMPTY_PAGES:
            self.stopped = "page after page was empty"
        elif self.total is not None and self.rows > 2 * self.total + MOST_UNCOUNTED:
            self.stopped = f"the server counts {self.total:,} rows and goes on giving more"
        elif self.pages >= MOST_PAGES:
            self.stopped = f"there was no end after {self.pages:,} pages"
        else:
            self._cursors.add(mark)
            self.cursor = following

    def _end(self) -> None:
        if self.total is not None and self.rows < self.total:
            self.stopped = f"the server counts {self.total:,} rows and gave {self.rows:,}"
        else:
            self.complete = True


def _mark(cursor: str) -> bytes:
    """A cursor may be as long as the server likes."""
    return hashlib.blake2b(cursor.encode(errors="surrogatepass"), digest_size=16).digest()


FILTERS = "[{'column': slug, 'operator': 'equals', 'value': …}]"
SORT = "{'column': slug, 'direction': 'asc' or 'desc'}"


@dataclass(frozen=True, slots=True)
class RowQuery:
    """The same for all pages of one walk.

    Attributes:
        filters: conditions; None for none of one's own.
        sort: the order; None for the saved one.
        flat: slug and value instead of typed cells.
        saved_filters: the table's saved filters stay on.
    """

    filters: Sequence[Mapping[str, Any]] | None = None
    sort: Mapping[str, str] | None = None
    flat: bool = False
    saved_filters: bool = True

    def params(self) -> dict[str, str]:
        """The query of the URL.

        Raises:
            InvalidInput: filters or sort cannot be right.
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
