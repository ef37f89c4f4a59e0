"""Row progress: how many rows of a table this process has read, for the card of the table's run and for progress bars."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from origami_widgets.api.usage import Traffic

SPACING = 0.25
"""Seconds between two notifications, and before the first: a shorter read is over before a user could see it."""


class RowProgress(NamedTuple):
    """How many rows of how many have been read; `total` is None while unknown."""

    rows: int
    total: int | None

    @property
    def is_upload(self) -> bool:
        """Whether the rows are written instead."""
        return isinstance(self, WriteProgress)


class WriteProgress(RowProgress):
    """How many rows of how many have been written."""


class ProgressReport:
    """Reports the progress of one read of a table to the subscribers on the background loop, from the reading thread.

    Args:
        organization: the table's organization, as two sandboxes may have tables with the same id.
        table_id: the id of the table.
        kind: whether rows are read or written.
    """

    # Shared by all reports, so that among many short reads in a row some are shown.
    _next_at: ClassVar[float] = 0.0

    def __init__(self, organization: Traffic, table_id: str, kind: type[RowProgress] = RowProgress) -> None:
        self.table = (organization, table_id)
        self._kind = kind
        self.progress: RowProgress | None = None
        self._is_planned = False

    def update(self, rows: int, total: int | None) -> None:
        """Report how many rows have been read. Subscribers are called at most a few times a second."""
        self.progress = self._kind(rows, total)
        if subscribers and not self._is_planned:
            self._is_planned = True
            background().submit(self._notify_later())

    def close(self) -> None:
        """Report that the read has ended. Subscribers that were notified of the read are called at once."""
        self.progress = None
        if self in under_way:
            background().call_soon(self._notify)

    async def _notify_later(self) -> None:
        now = asyncio.get_running_loop().time()
        if ProgressReport._next_at < now:
            ProgressReport._next_at = now + SPACING
        try:
            await asyncio.sleep(ProgressReport._next_at - now)
        finally:
            self._is_planned = False
        self._notify()

    def _notify(self) -> None:
        # First of all: if the read is closed from now on, it finds itself in `under_way` and calls this again.
        under_way[self] = None
        if self.progress is None:
            del under_way[self]
        newest = next((report for report in reversed(under_way) if report.table == self.table), self)
        for subscriber in subscribers:
            subscriber(*self.table, newest.progress)


under_way: dict[ProgressReport, None] = {}
"""Reads that subscribers were notified of, newest last. Changed only on the background loop."""
subscribers: list[Callable[[Traffic, str, RowProgress | None], object]] = []
"""Functions that are called on the background loop with an organization, a table's id, and the newest progress.

The progress is None when the table is no longer read.
"""


if hasattr(os, "register_at_fork"):
    # The parent's threads do not go on reading in the child.
    os.register_at_fork(after_in_child=under_way.clear)


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
