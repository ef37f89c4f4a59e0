"""The callback thread: users' callbacks run on it, so that one that takes its time holds up no poll, cancel or start.

The background loop waits for them a tenth of its time at most: a callback that is quick sees the very state that it is
notified of, and one that is slow holds up nothing. While a callback waits its turn, what changes is kept for it, one call
for each callback. A caller that waits for a run gives the callbacks of what it has waited for a moment to return.
"""

from __future__ import annotations

import asyncio
import contextlib
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
"""Seconds that a caller waits for callbacks at most, and that one callback is waited for in all."""
MOMENT = 0.2
"""Seconds that the background loop waits for one callback at most."""
SHARE, MOST_SAVED = 0.1, 1.0
"""How much of its time it may wait for callbacks, and how many seconds of that it may save up."""
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
    is_reported: bool = False


class CallbackThread:
    """Calls functions one after the other, in the order in which they were asked for, on a daemon thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: dict[Hashable, _Call] = {}
        self._at_work: _Call | None = None
        self._thread: threading.Thread | None = None
        self._saved, self._saved_at = MOST_SAVED, time.monotonic()

    def call(
        self,
        key: Hashable,
        function: Callable[[Any], object],
        argument: Any,
        context: contextvars.Context,
        merge: Callable[[Any, Any], Any],
    ) -> bool:
        """Call a function with an argument, after those that were asked for before. What it raises is logged.

        Waits a moment for it where no other call is at work.

        Args:
            key: what is called and why; of one key, one call at most waits its turn.
            function: what to call.
            argument: what to call it with.
            context: the context of the call.
            merge: makes one argument of that of a call that waits its turn and this one.

        Returns:
            Whether it will be called; False where no thread can be started.
        """
        with self._changed:
            waiting = self._queue.get(key)
            if waiting is not None:
                waiting.argument = merge(waiting.argument, argument)
                return True
            if self._thread is None and not self._start():
                return False
            is_first = self._at_work is None and not self._queue
            call = self._queue[key] = _Call(function, argument, context)
            self._changed.notify_all()
            self._report()
            if is_first:
                self._wait_a_moment(call)
        return True

    def _wait_a_moment(self, call: _Call) -> None:
        began = time.monotonic()
        self._saved = min(MOST_SAVED, self._saved + SHARE * (began - self._saved_at))
        self._changed.wait_for(lambda: call.is_over, min(MOMENT, self._saved))
        self._saved_at = time.monotonic()
        self._saved = max(0.0, self._saved - (self._saved_at - began))

    async def returned(self, seconds: float = PATIENCE) -> None:
        """Wait until the calls asked for so far have returned. Loop thread only.

        A call that has been at work for `PATIENCE` is not waited for, nor are those behind it.

        Args:
            seconds: how long to wait at most.
        """
        loop = asyncio.get_running_loop()
        reached = loop.create_future()

        def reach(_: None) -> None:
            # The loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(reached.cancel)

        with self._changed:
            if self._at_work is not None:
                seconds = min(seconds, self._at_work.began + PATIENCE - time.monotonic())
            if seconds <= 0 or not (self._at_work or self._queue):
                return
            self._queue[reached] = _Call(reach, None, contextvars.copy_context())
            self._changed.notify_all()
        await asyncio.wait((reached,), timeout=seconds)

    def is_current(self) -> bool:
        """Whether the caller is a callback."""
        return threading.current_thread() is self._thread

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
        try:
            call.context.run(call.function, call.argument)
        except BaseException:  # not even `sys.exit` may end this thread
            log.exception("The callback %s raised", name_of(call.function))
        finally:
            with self._changed:
                self._at_work, call.is_over = None, True
                self._changed.notify_all()
        return True


def name_of(function: object) -> str:
    """What a callback is called in a log."""
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)
