"""Readers of a table's rows that keep their position through errors and interrupts, and never repeat a row.

`RowPages` reads one page at a time on the background loop; `RowReader` and `AsyncRowReader` iterate over the rows.
`ProgressNotifier` tells a progress bar or a function, the argument `progress=`, how many rows were read or written.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

from origami_widgets.api import validate
from origami_widgets.api.background.sync_bridge import OnLoop, block, wait, warn_user
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.words.numbers import plural

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


LONGEST_CURSOR = 40


class RowPages(Generic[T]):
    """Reads one page after the other, each once, even if errors or interrupts come in between.

    Args:
        fetch: requests the page at a cursor.
        ids: returns the ids of rows, in order.
        limit: rows in all; None for every row.

    Attributes:
        walk: the position.
        newest: all rows of the newest page, even beyond the limit.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[Page[T]]],
        ids: Callable[[Sequence[T]], Sequence[str]],
        limit: int | None = None,
    ) -> None:
        self.walk = RowWalk(limit)
        self.newest: Sequence[T] = ()
        self._fetch = fetch
        self._ids = ids
        self._lock = threading.Lock()
        self._turn = 0
        self._not_before = 0.0

    async def read(self, keep: Callable[[Sequence[T]], object]) -> None:
        """Read the next page and pass its new rows to `keep`. Background loop only.

        After an error, the next call requests the same page again, no earlier than the server allows. Passing the rows
        on and moving the position is one step, on a thread that no interrupt reaches.

        Args:
            keep: called with the rows.

        Raises:
            OrigamiError: the page could not be read; the position is unchanged.
        """
        with self._lock:
            self._turn += 1
            turn = self._turn
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        try:
            page = await self._fetch(self.walk.cursor)
        except OrigamiError as error:
            self._not_before = time.monotonic() + (error.retry_after or 0.0)
            raise
        with self._lock:
            # An interrupted read may still complete, after another read has taken its page.
            if turn == self._turn:
                self.newest = page.items
                keep(self.walk.take(page, self._ids(page.items)))

    def progress(self) -> str:
        """Return how many rows and pages were read, as text."""
        walk = self.walk
        of = "" if walk.total is None else f" of {walk.total:,}"
        return f"{walk.rows:,}{of} rows, {plural(walk.pages, 'page')}"


class _RowIterator(Generic[T]):
    """Position of a `RowReader` or `AsyncRowReader`.

    Args:
        pages: the pages to read.
    """

    def __init__(self, pages: RowPages[T]) -> None:
        self._pages = pages
        self._waiting: deque[T] = deque()
        self._warned = False

    @property
    def pages(self) -> int:
        """The number of pages read."""
        return self._pages.walk.pages

    @property
    def rows(self) -> int:
        """The number of rows returned."""
        return self._pages.walk.rows - len(self._waiting)

    @property
    def total(self) -> int | None:
        """Rows in all, as the server last counted them; None if it did not."""
        return self._pages.walk.total

    @property
    def total_changed(self) -> bool:
        """Whether the server's count changed between pages, because rows came or went."""
        return self._pages.walk.total_changed

    @property
    def cursor(self) -> str | None:
        """The cursor of the next page; None before the first."""
        return self._pages.walk.cursor

    @property
    def complete(self) -> bool:
        """Whether all requested rows have been returned."""
        return self._pages.walk.complete and not self._waiting

    @property
    def stopped(self) -> str:
        """Why reading ended with fewer rows; empty if it did not."""
        return self._pages.walk.stopped

    def __repr__(self) -> str:
        if self.complete:
            state = "complete"
        elif self.stopped:
            state = f"stopped: {self.stopped}"
        else:
            state = f"next page at {str(self.cursor)[:LONGEST_CURSOR]!r}" if self.pages else "not begun"
        return f"<{type(self).__name__} {self._pages.progress()}; {state}>"

    async def _has_next(self) -> bool:
        """Return whether a row waits, after reading a page if none does. For the sync bridge."""
        while not self._waiting:
            if self._pages.walk.done:
                if self.stopped and not self._warned:
                    self._warned = True
                    # Given on the caller's thread, so that the warning names the caller's line.
                    message = f"The rows may be incomplete: {self.stopped}. Read them again to be sure."
                    warn_user(message, PartialRows)
                return False
            try:
                await OnLoop(self._pages.read(self._waiting.extend))
            except OrigamiError as error:
                if self.pages:
                    error.add_note(
                        f"{self._pages.progress()} were read before this. Nothing is lost: iterate again to continue "
                        f"with page {self.pages + 1:,}."
                    )
                raise
        return True


class RowReader(_RowIterator[T]):
    """Iterator over rows that can continue after an error: `next()` requests the same page again.

    A generator could not do that. No row is returned twice.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("List bakeries in Porto", client=client, show=False).wait()
        >>> reader = client.iter_rows(run.tables[0].id)
        >>> rows = list(reader)
        >>> reader.complete, reader.rows == reader.total
        (True, True)
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if bool(self._waiting) or block(self._has_next()):
            return self._waiting.popleft()
        raise StopIteration


class AsyncRowReader(_RowIterator[T]):
    """Asynchronous iterator over rows; see `RowReader`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if bool(self._waiting) or await wait(self._has_next()):
            return self._waiting.popleft()
        raise StopAsyncIteration


@runtime_checkable
class ProgressBar(Protocol):
    """Interface of tqdm's bars."""

    total: Any

    def update(self, n: int) -> object:
        """Advance by a number of rows."""
        ...


Progress: TypeAlias = "Callable[[int, int | None], object] | ProgressBar | type"


class ProgressNotifier:
    """Reports the rows read to a progress bar or a function.

    Args:
        progress: a bar; a class of bars such as `tqdm.auto.tqdm`, in which case a bar is made, and closed at the end;
            or a function of rows read and total rows (None if unknown). None reports nothing.

    Raises:
        InvalidInput: `progress` is something else.
    """

    def __init__(self, progress: Progress | None) -> None:
        if progress is not None and not callable(progress) and not isinstance(progress, ProgressBar):
            raise InvalidInput(
                "Invalid progress",
                cause=f"Got {type(progress).__name__}.",
                remedy="Pass a tqdm bar, the tqdm class, or a function that takes the rows read and the total.",
            )
        self._progress: Any = progress
        is_bar = isinstance(progress, ProgressBar) and not isinstance(progress, type)
        self._bar: Any = progress if is_bar else None
        self._reported = 0

    def notify(self, rows: int, total: int | None) -> None:
        """Report the number of rows read so far, and in total."""
        if self._bar is None and isinstance(self._progress, type):
            self._bar = self._progress(total=total, unit=" rows")
        if self._bar is not None:
            if total is not None and self._bar.total != total:
                self._bar.total = total
            self._bar.update(rows - self._reported)
            self._reported = rows
        elif self._progress is not None:
            self._progress(rows, total)

    def close(self) -> None:
        """Close the bar if it was made here."""
        if isinstance(self._progress, type) and self._bar is not None:
            self._bar.close()
