"""Readers of a table's rows that keep their position through errors and interrupts.

`RowPages` reads one page at a time on the background loop; `RowReader` and `AsyncRowReader` iterate over the rows.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from origami_widgets.api.background.sync_bridge import OnLoop, block, wait, warn_user
from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.rows.row_paging import PartialRows, RowWalk
from origami_widgets.words.numbers import plural

if TYPE_CHECKING:
    from origami_widgets.api.models.base import Page

T = TypeVar("T")
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
