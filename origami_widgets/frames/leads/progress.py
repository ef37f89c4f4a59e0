"""Telling how far reading has come, to a progress bar or to a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable


@runtime_checkable
class Bar(Protocol):
    """What tqdm's bars have, and others that are made like them."""

    total: Any

    def update(self, n: int) -> object:
        """Move on by so many rows."""
        ...


Progress: TypeAlias = "Callable[[int, int | None], object] | Bar | type"


class Teller:
    """Tells a bar, a class of bars, or a function.

    Args:
        progress: a bar; a class of bars such as `tqdm.auto.tqdm`, of which one is made, and closed at the end; or a
            function of rows read and rows in all (None when unknown). None tells nobody.

    Raises:
        InvalidInput: it is none of these.
    """

    def __init__(self, progress: Progress | None) -> None:
        if progress is not None and not callable(progress) and not isinstance(progress, Bar):
            raise InvalidInput(
                "This cannot show progress",
                cause=f"progress= was given a value of type {type(progress).__name__}.",
                remedy="Give a tqdm bar, the class tqdm itself, or a function of rows read and rows in all.",
            )
        self._progress: Any = progress
        self._bar: Any = None
        self._told = 0

    def tell(self, rows: int, total: int | None) -> None:
        """Say how many rows were read so far, of how many."""
        progress = self._progress
        if progress is None:
            return
        if self._bar is None:
            if isinstance(progress, type):
                self._bar = progress(total=total, unit=" rows")
            elif isinstance(progress, Bar):
                self._bar = progress
        if self._bar is None:
            progress(rows, total)
            return
        if total is not None and self._bar.total != total:
            self._bar.total = total
        self._bar.update(rows - self._told)
        self._told = rows

    def close(self) -> None:
        """Close a bar that was made here; one that was given is its owner's."""
        if isinstance(self._progress, type) and self._bar is not None:
            self._bar.close()
