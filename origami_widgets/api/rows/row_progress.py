"""`progress=`: how many rows of a table were read or written, for a progress bar or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from origami_widgets.api.errors import InvalidInput


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
