"""Tells the poller whose leads are being read, not more often than a person can follow."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from origami_widgets.api.loop import background
from origami_widgets.api.reading import readings

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.reading import About, Progress

SPACING = 0.25
"""Seconds between two moves that are told. A reading that takes less is over before anybody could read of it."""


class ReadingNews:
    """Brings what happens on the threads that read to the background loop.

    Args:
        tell: called on the background loop with a table and how far its reading has come, None when it has ended.
    """

    def __init__(self, tell: Callable[[About, Progress | None], object]) -> None:
        self._tell = tell
        self._lock = threading.RLock()
        self._planned: set[About] = set()
        self._told: set[About] = set()
        self._readings = readings()
        self._readings.listen(self)

    def reading_changed(self, about: About) -> None:
        """Plan to tell a move; tell an end at once, when there is anything to end. From any thread."""
        if self._readings.of(about) is None:
            if about in self._told:
                background().call_soon(self._say, about)
            return
        with self._lock:
            if about in self._planned:
                return
            self._planned.add(about)
        background().submit(self._say_later(about))

    async def _say_later(self, about: About) -> None:
        try:
            await asyncio.sleep(SPACING)
        finally:
            with self._lock:
                self._planned.discard(about)
        # Before it looks: an end that comes from now on finds it, and is told after what is told here.
        self._told.add(about)
        self._say(about)

    def _say(self, about: About) -> None:
        progress = self._readings.of(about)
        if progress is None:
            self._told.discard(about)
        self._tell(about, progress)
