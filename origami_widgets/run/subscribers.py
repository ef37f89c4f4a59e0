"""Those who want to know when something has changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("origami_widgets")
log.addHandler(logging.NullHandler())


class Subscribers:
    """Callbacks, called one after the other on the background loop's thread."""

    def __init__(self) -> None:
        self._callbacks: dict[object, Callable[[], object]] = {}

    def add(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Take one more.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        key = object()
        self._callbacks[key] = callback
        return lambda: self._callbacks.pop(key, None) and None

    def __len__(self) -> int:
        return len(self._callbacks)

    def tell(self) -> None:
        """Call them all. One that raises is not called again.

        Nothing that a callback does may end the watch of a run that costs credits, not even `sys.exit`, and nothing
        is printed: from this thread the text would land in whichever cell is running.
        """
        for key, callback in tuple(self._callbacks.items()):
            try:
                callback()
            except BaseException:
                self._callbacks.pop(key, None)
                log.exception("A callback raised and was removed")
