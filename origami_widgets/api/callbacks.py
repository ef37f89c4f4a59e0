"""The callback thread: users' callbacks run on it, so that one that blocks holds up no poll, cancel or start.

The background loop waits a moment for each call: a callback that is quick sees the very state that it is notified of, and
has returned before anything else happens. One that takes longer, or that calls something of ours that blocks, goes on
beside the loop; what changes meanwhile is kept for it, one call for each callback.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

log = logging.getLogger("origami_widgets")

PATIENCE = 0.5
"""Seconds that the background loop waits for a callback, once: while it is at work, nothing waits for it any more."""
STUCK = 10.0
"""Seconds after which a callback that others wait for is reported."""
IDLE = 2.0
"""Seconds without a call after which the thread ends; it starts again when it is needed."""


@dataclass(eq=False, slots=True)
class _Call:
    function: Callable[[Any], object]
    argument: Any
    context: contextvars.Context
    began: float = 0.0
    is_over: bool = False
    is_awaited: bool = False
    is_reported: bool = False
    error: BaseException | None = None


class CallbackThread:
    """Calls functions one after the other, in the order in which they were asked for, on a daemon thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: dict[Hashable, _Call] = {}
        self._at_work: _Call | None = None
        self._thread: threading.Thread | None = None

    def call(
        self,
        key: Hashable,
        function: Callable[[Any], object],
        argument: Any,
        context: contextvars.Context,
        merge: Callable[[Any, Any], Any],
    ) -> bool:
        """Call a function with an argument, and wait a moment for it unless an earlier call is still at work.

        Args:
            key: what is called and why; of one key, one call at most waits its turn.
            function: what to call.
            argument: what to call it with.
            context: the context of the call.
            merge: makes one argument of that of a call that waits its turn and this one.

        Returns:
            Whether it was or will be called; False where no thread can be started.

        Raises:
            Exception: what the function raised while it was waited for; later it is logged.
        """
        with self._changed:
            is_behind = self._at_work is not None or bool(self._queue)
            waiting = self._queue.get(key)
            if waiting is not None:
                waiting.argument = merge(waiting.argument, argument)
                return True
            if self._thread is None and not self._start():
                return False
            call = self._queue[key] = _Call(function, argument, context, is_awaited=not is_behind)
            self._changed.notify_all()
            if is_behind:
                self._report()
                return True
            self._changed.wait_for(lambda: call.is_over or not call.is_awaited, PATIENCE)
            call.is_awaited = False
            error, call.error = call.error, None
        if error is not None:
            try:
                raise error
            finally:
                # An error that is held by a frame of its own traceback would keep the callback alive.
                del error, call
        return True

    def let_go(self) -> None:
        """Let the background loop go on when the callback that it waits for is about to block; called by that callback."""
        if threading.current_thread() is self._thread:
            with self._changed:
                if self._at_work is not None:
                    self._at_work.is_awaited = False
                    self._changed.notify_all()

    def _report(self) -> None:
        call = self._at_work
        if call is not None and not call.is_reported and time.monotonic() - call.began > STUCK:
            call.is_reported = True
            log.warning(
                "The callback %s has been at work for a while; other callbacks wait for it", name_of(call.function)
            )

    def _start(self) -> bool:
        thread = threading.Thread(target=self._serve, name="origami-widgets callbacks", daemon=True)
        try:
            contextvars.Context().run(thread.start)
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _serve(self) -> None:
        while self._carry_out_next():
            pass

    def _carry_out_next(self) -> bool:
        """Carry out one call. Nothing of it is left here while the thread waits for the next one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._queue, IDLE):
                self._thread = None
                return False
            call = self._at_work = self._queue.pop(next(iter(self._queue)))
            call.began = time.monotonic()
        error: BaseException | None = None
        try:
            call.context.run(call.function, call.argument)
        except BaseException as raised:  # noqa: BLE001 - not even `sys.exit` may end this thread
            error = raised
        with self._changed:
            self._at_work, call.is_over = None, True
            if call.is_awaited and isinstance(error, Exception):
                call.error = error
            elif error is not None:
                log.error("The callback %s raised", name_of(call.function), exc_info=error)
            self._changed.notify_all()
        # As in `call`.
        del error, call
        return True


def name_of(function: object) -> str:
    """What a callback is called in a log."""
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
