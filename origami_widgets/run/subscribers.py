"""Subscribers: who is notified when something has changed."""

from __future__ import annotations

import functools
import logging
import weakref
from typing import TYPE_CHECKING

from origami_widgets.api.loop import background

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("origami_widgets")
log.addHandler(logging.NullHandler())


class Subscribers:
    """Callbacks, called one after the other on the background loop's thread."""

    def __init__(self) -> None:
        self._callbacks: dict[object, tuple[Callable[[], object], bool]] = {}
        self._others: weakref.WeakSet[Subscribers] = weakref.WeakSet()

    def add(self, callback: Callable[[], object], *, of_user: bool = False) -> Callable[[], None]:
        """Take one more.

        Args:
            callback: what to call.
            of_user: it is a user's and may take its time, so it is called on the callback thread.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        key = object()
        self._callbacks[key] = (self._beside_the_loop(key, callback) if of_user else callback, of_user)
        return lambda: self._callbacks.pop(key, None) and None

    def _beside_the_loop(self, key: object, callback: Callable[[], object]) -> Callable[[], None]:
        @functools.wraps(callback)
        def call(_: None) -> None:
            # It may have been removed while it waited its turn.
            if key in self._callbacks:
                self._call(key, callback)

        return lambda: background().notify(call, None)

    def relay_to(self, other: Subscribers) -> None:
        """Notify the subscribers of `other` as well, as long as that exists."""
        self._others.add(other)

    def __len__(self) -> int:
        return len(self._callbacks)

    def notify(self, *, users: bool = True) -> None:
        """Call them all, or all but those of users. One that raises is not called again.

        Nothing that a callback does may end the watch of a run that costs credits, not even `sys.exit`, and nothing
        is printed: from this thread the text would land in whichever cell is running.
        """
        for key, (callback, of_user) in tuple(self._callbacks.items()):
            if users or not of_user:
                self._call(key, callback)
        for other in tuple(self._others):
            other.notify(users=users)

    def _call(self, key: object, callback: Callable[[], object]) -> None:
        try:
            callback()
        except BaseException:
            self._callbacks.pop(key, None)
            log.exception("A callback raised and was removed")
