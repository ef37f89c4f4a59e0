"""What other threads and the background loop have of each other: `LoopFuture` and `CallbackThread`.

`LoopFuture` is the result of a coroutine on the loop, with no lock that an interrupt can break.
`concurrent.futures.Future` guards its result with a `threading.Condition`, which is written in Python. An interrupt
(Ctrl-C) that reaches the main thread just after it took that lock leaves it locked for ever, and the loop hangs when it
delivers the result. Here the loop waits for no lock, and each step that two threads may take at once is one C call.

`CallbackThread` runs users' callbacks, so that a slow one delays no poll, cancel or start. The loop waits a moment for each:
a quick callback still sees the state that it is notified of, and a slow one delays nothing. While a callback is queued,
further changes are merged into that call. A caller that waits for a run gives the callbacks a moment to return.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Coro: TypeAlias = Coroutine[Any, Any, T]
"""A coroutine with a result of this type, whatever it awaits."""
log = logging.getLogger("origami_widgets")

SLICE = 0.2
"""Longest single wait in seconds: Windows delivers an interrupt only between two waits."""
PATIENCE = 0.5
"""Longest time in seconds that callers wait for callbacks, and that a running callback is waited for in all."""
MOMENT = 0.05
"""Seconds that the background loop waits for one callback at most: with 80 polls a minute, a fifteenth of its time."""
STUCK = 10.0
"""Seconds after which a callback that blocks others is reported."""
IDLE = 2.0
"""Seconds without a call after which the thread ends; it is started again when needed."""


class _Outcome(NamedTuple):
    result: Any = None
    error: BaseException | None = None
    is_cancelled: bool = False


class LoopFuture(concurrent.futures.Future[T]):
    """Future of a coroutine on an event loop. Cancelling it cancels the coroutine.

    `asyncio.wrap_future` accepts it. `concurrent.futures.wait` does not, because it locks the condition: use `wait`.

    Args:
        coroutine: the coroutine that `begin` starts.
        loop: the loop to run it on.
    """

    def __init__(self, coroutine: Coro[T], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._coroutine: Coro[T] | None = coroutine
        self._loop = loop
        self._task: asyncio.Task[T] | None = None
        self._outcomes: dict[str, _Outcome] = {}
        self._callbacks: deque[Callable[[concurrent.futures.Future[T]], object]] = deque()
        # Locked until there is an outcome.
        self._pending = threading.Lock()
        self._pending.acquire()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'cancelled' if self.cancelled() else 'done' if self.done() else 'pending'}>"

    def begin(self) -> None:
        """Start the coroutine. Loop thread only."""
        coroutine, self._coroutine = self._coroutine, None
        if coroutine is None:
            return
        if self.done():
            coroutine.close()
            return
        self._task = self._loop.create_task(coroutine)
        self._task.add_done_callback(self._on_end)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the coroutine is done, and return whether it is. An interrupt does not cancel it.

        Args:
            timeout: the maximum number of seconds to wait.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.done():
            left = SLICE if ends is None else min(SLICE, ends - time.monotonic())
            if left <= 0:
                return False
            if self._pending.acquire(timeout=left):
                # Released for other waiting threads. If an interrupt comes just before, they still notice: they check
                # after each slice.
                self._pending.release()
        return True

    def cancel(self) -> bool:
        """Cancel the coroutine unless it is done. Return whether it is cancelled now."""
        if not self.done():
            # First of all, so that an interrupt in between cannot leave the coroutine running.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._cancel_task)
            self._end(_Outcome(is_cancelled=True))
        return self.cancelled()

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        outcome = self._outcomes.get("outcome")
        return outcome is not None and outcome.is_cancelled

    def running(self) -> bool:
        """Return False, as the future can be cancelled until it is done."""
        return False

    def done(self) -> bool:
        """Return whether it has a result, has failed or was cancelled."""
        return bool(self._outcomes)

    def result(self, timeout: float | None = None) -> T:
        """Block until it is done, and return its result.

        Raises:
            TimeoutError: the time passed first.
            CancelledError: it was cancelled.
        """
        try:
            outcome = self._wait_for_outcome(timeout)
            if outcome.error is not None:
                raise outcome.error
            result: T = outcome.result
            return result
        finally:
            # Otherwise a frame in the error's own traceback would hold the error in a cycle.
            del self
            outcome = _Outcome()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Block until it is done, and return its error; None without one.

        Raises:
            TimeoutError: the time passed first.
            CancelledError: it was cancelled.
        """
        return self._wait_for_outcome(timeout).error

    def add_done_callback(self, fn: Callable[[concurrent.futures.Future[T]], object]) -> None:
        """Call a function with this future when it is done, on the thread that ends it; directly if it is already done."""
        self._callbacks.append(fn)
        if self.done():
            self._run_callbacks()

    def _wait_for_outcome(self, timeout: float | None) -> _Outcome:
        if not self.wait(timeout):
            raise TimeoutError
        outcome = self._outcomes["outcome"]
        if outcome.is_cancelled:
            raise concurrent.futures.CancelledError
        return outcome

    def _end(self, outcome: _Outcome) -> None:
        # If a result and a cancel come at the same time, the first one counts.
        if self._outcomes.setdefault("outcome", outcome) is outcome:
            self._pending.release()
            self._run_callbacks()

    def _run_callbacks(self) -> None:
        # The thread that pops a callback calls it, so each is called once.
        while self._callbacks:
            with contextlib.suppress(IndexError):
                function = self._callbacks.popleft()
                try:
                    function(self)
                except Exception:  # one that fails must not keep the others from being called
                    log.exception("A callback of %r failed", self)

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _on_end(self, task: asyncio.Task[T]) -> None:
        self._task = None
        if task.cancelled():
            self._end(_Outcome(is_cancelled=True))
        elif (error := task.exception()) is not None:
            self._end(_Outcome(error=error))
        else:
            self._end(_Outcome(task.result()))


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
