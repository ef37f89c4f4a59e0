"""The callback thread: it runs users' callbacks, so that a slow one delays no poll, cancel or start.

The background loop waits a moment for each: a quick callback still sees the state that it is notified of, and a slow one
delays nothing. While a callback is queued, further changes are merged into that call. A caller that waits for a run gives
the callbacks a moment to return.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("origami_widgets")

PATIENCE = 0.5
"""Longest time in seconds that callers wait for callbacks, and that a running callback is waited for in all."""
MOMENT = 0.05
"""Seconds that the background loop waits for one callback at most: with 80 polls a minute, a fifteenth of its time."""
STUCK = 10.0
"""Seconds after which a callback that blocks others is reported."""
IDLE = 2.0
"""Seconds without a call after which the thread ends; it is started again when needed."""


@dataclass(eq=False, slots=True)
class _Call:
    function: Callable[[Any], object]
    argument: Any
    context: contextvars.Context
    began: float = 0.0
    is_over: bool = False
    is_reported: bool = False


class CallbackThread:
    """Daemon thread that calls functions one after the other, in order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: dict[Hashable, _Call] = {}
        self._running: _Call | None = None
        self._thread: threading.Thread | None = None

    def call(
        self,
        key: Hashable,
        function: Callable[[Any], object],
        argument: Any,
        context: contextvars.Context,
        merge: Callable[[Any, Any], Any],
    ) -> bool:
        """Queue a call of a function. An exception that it raises is logged.

        Waits a moment for it to return if no other call is running.

        Args:
            key: at most one call with the same key is queued.
            function: what to call.
            argument: the argument of the call.
            context: the context of the call.
            merge: combines the argument of a queued call with this one.

        Returns:
            Whether the function will be called; False if no thread can be started.
        """
        with self._changed:
            waiting = self._queue.get(key)
            if waiting is not None:
                waiting.argument = merge(waiting.argument, argument)
                return True
            if self._thread is None and not self._start():
                return False
            is_first = self._running is None and not self._queue
            call = self._queue[key] = _Call(function, argument, context)
            self._changed.notify_all()
            running = self._running
            if running is not None and not running.is_reported and time.monotonic() - running.began > STUCK:
                running.is_reported = True
                name = describe_callback(running.function)
                log.warning("The callback %s is taking a while; other callbacks are waiting for it", name)
            if is_first:
                self._changed.wait_for(lambda: call.is_over, MOMENT)
        return True

    async def wait_until_returned(self, seconds: float = PATIENCE) -> None:
        """Wait until the calls queued so far have returned. Loop thread only.

        Does not wait for a call that has been running for `PATIENCE`, nor for those behind it.

        Args:
            seconds: the maximum number of seconds to wait.
        """
        loop = asyncio.get_running_loop()
        reached = loop.create_future()

        def reach(_: None) -> None:
            # The loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(reached.cancel)

        with self._changed:
            if self._running is not None:
                seconds = min(seconds, self._running.began + PATIENCE - time.monotonic())
            if seconds <= 0 or not (self._running or self._queue):
                return
            self._queue[reached] = _Call(reach, None, contextvars.copy_context())
            self._changed.notify_all()
        await asyncio.wait((reached,), timeout=seconds)

    def is_current(self) -> bool:
        """Return whether the caller is a callback."""
        return threading.current_thread() is self._thread

    def _start(self) -> bool:
        thread = threading.Thread(target=self._serve, name="origami-widgets callbacks", daemon=True)
        try:
            contextvars.Context().run(thread.start)
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _serve(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Run one call; return whether to go on. A separate method, so that waiting holds no reference to the call."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._queue, IDLE):
                self._thread = None
                return False
            call = self._running = self._queue.pop(next(iter(self._queue)))
            call.began = time.monotonic()
        try:
            call.context.run(call.function, call.argument)
        except BaseException:  # not even `sys.exit` may end this thread
            log.exception("The callback %s raised", describe_callback(call.function))
        finally:
            with self._changed:
                self._running, call.is_over = None, True
                self._changed.notify_all()
        return True


def describe_callback(function: object) -> str:
    """Return the name of a callback, for a log."""
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
