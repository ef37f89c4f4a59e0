"""Whose leads this process reads now, and how far it has come: counts, for whoever shows it.

A reading is known from its first move until it ends, or until nobody holds it any more.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from origami_widgets.api.retries import Traffic


class Progress(NamedTuple):
    """How far a reading has come, in leads; `total` is None while nobody knows it."""

    rows: int
    total: int | None


class About(NamedTuple):
    """The table that is read, and whose it is: two sandboxes may have tables of the same id."""

    organization: Traffic
    table_id: str


class Listener(Protocol):
    """Who is told of readings."""

    def reading_changed(self, about: About) -> None:
        """A table's reading began, moved on or ended. Comes on any thread, so it should be quick."""


class _UnderWay(NamedTuple):
    about: About
    progress: Progress


class Readings:
    """All readings of the process."""

    def __init__(self) -> None:
        # Reentrant, because the garbage collector may end a reading in the middle of any of these methods.
        self._lock = threading.RLock()
        self._under_way: dict[int, _UnderWay] = {}
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()

    def listen(self, listener: Listener) -> None:
        """Tell a listener, held weakly, from now on."""
        with self._lock:
            self._listeners.add(listener)

    def of(self, about: About) -> Progress | None:
        """How far the reading of a table has come, of several the one that began last; None when nobody reads it."""
        with self._lock:
            found = [reading.progress for reading in self._under_way.values() if reading.about == about]
        return found[-1] if found else None

    def move(self, number: int, about: About, progress: Progress) -> None:
        """Note how far one reading has come."""
        with self._lock:
            self._under_way[number] = _UnderWay(about, progress)
        self._tell(about)

    def end(self, number: int, about: About) -> None:
        """Forget one reading."""
        with self._lock:
            known = self._under_way.pop(number, None)
        if known is not None:
            self._tell(about)

    def _tell(self, about: About) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.reading_changed(about)


class Reading:
    """One reading of a table's leads, on the thread that reads.

    Args:
        organization: whose table it is.
        table_id: the table.
    """

    def __init__(self, organization: Traffic, table_id: str) -> None:
        self._readings = readings()
        self._number = next(_numbers)
        self._about = About(organization, table_id)
        self._end = weakref.finalize(self, self._readings.end, self._number, self._about)
        self._end.atexit = False

    def move(self, rows: int, total: int | None) -> None:
        """Tell how many leads have been read, of how many; after the end, nothing."""
        if self._end.alive:
            self._readings.move(self._number, self._about, Progress(rows, total))

    def end(self) -> None:
        """Tell that nobody reads on; it may be told twice."""
        self._end()


_readings = Readings()
_numbers = itertools.count()


def readings() -> Readings:
    """The readings of this process."""
    return _readings


def _new_in_child() -> None:
    """After a fork nobody reads in the child what the parent's threads read."""
    global _readings  # noqa: PLW0603 - one for the process is the point
    _readings = Readings()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_in_child)
