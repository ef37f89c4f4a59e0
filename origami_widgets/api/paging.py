"""Walking through all rows of a table, page by page, without end loops and without a row twice."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from origami_widgets.api.models import FlatRow, Page, Row

R = TypeVar("R", "Row", "FlatRow")

MOST_EMPTY_PAGES = 3
"""Pages without a row in a row; after these nothing more is expected behind their cursors."""


class PartialRows(UserWarning):
    """Not all rows of a table could be read; those that were given are right."""


class RowWalk:
    """Where a walk stands. It holds no connection, so it may rest between two pages for as long as it likes.

    Args:
        limit: rows to give in all; None for every row.

    Attributes:
        cursor: where the next page begins, None for the first.
        done: there is no next page.
        stopped: why the walk ended before the server said that it was through; empty when it did not.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.cursor: str | None = None
        self.done = limit == 0
        self.stopped = ""
        self._left = limit
        self._cursors: set[str] = set()
        self._rows: set[str] = set()
        self._empty = 0

    def take(self, page: Page[R]) -> tuple[R, ...]:
        """The rows of a page that were not given before; moves on to the next page.

        The API silently starts over on a cursor that it does not know (any more): a cursor or a whole page that comes
        again ends the walk, with a `PartialRows` warning.

        Args:
            page: the page that begins at `cursor`.
        """
        rows = tuple(row for row in page.items if self._is_new(row.id))
        if self._left is not None:
            rows = rows[: self._left]
            self._left -= len(rows)
        self._empty = 0 if page.items else self._empty + 1
        following = page.next_cursor
        if following is None or self._left == 0:
            self._end("")
        elif following in self._cursors:
            self._end("a cursor came twice")
        elif page.items and not rows:
            self._end("a page came twice")
        elif self._empty >= MOST_EMPTY_PAGES:
            self._end("page after page was empty")
        else:
            self._cursors.add(following)
            self.cursor = following
        return rows

    def _is_new(self, row_id: str) -> bool:
        # A row without an id cannot be told from another one, and is better given twice than lost.
        new = not row_id or row_id not in self._rows
        self._rows.add(row_id)
        return new

    def _end(self, reason: str) -> None:
        self.done = True
        self.stopped = reason
        if reason:
            warnings.warn(
                f"The rows may be incomplete: {reason}. Read them again to be sure.", PartialRows, stacklevel=3
            )
