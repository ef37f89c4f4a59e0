"""The background loop: one daemon thread for the whole process that does all HTTP and polling.

A task on the kernel's own loop stops while a cell blocks; a thread goes on. The thread starts in an empty context, so
that what it sends to the notebook belongs to no cell, and it ends when nothing is left to do.

If no thread can be started (mainly in a browser: JupyterLite, marimo's playground), the caller's event loop is used
instead. Awaiting works as usual. A call that blocks needs a host that lets the loop go on meanwhile, as Pyodide does if
the browser has JavaScript Promise Integration; otherwise the error says which call to await instead.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import functools
import importlib
import inspect
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from origami_widgets.api.background.threads import PATIENCE, SLICE, CallbackThread, Coro, LoopFuture
from origami_widgets.api.errors import CannotBlock, NoEventLoop, OrigamiError
from origami_widgets.host import runtime
from origami_widgets.host.application import in_kernel, thread_context

T = TypeVar("T")
log = logging.getLogger("origami_widgets")

IDLE = 1.0
"""Seconds after which the thread ends if there is no task and none was asked for. It starts again when needed."""
CLOSE_TIMEOUT = 1.0
"""Seconds for open connections to close when the process ends."""
LONGEST_END, LONGEST_END_IN_KERNEL = 30.0, 2.0
"""Seconds that the end of a process waits for stops under way. Jupyter kills a kernel 5 seconds after it asked it to end."""
SILENCE, LOOK_AT_END = 1.0, 0.05
"""Seconds after which such a wait says what it waits for, and between two looks whether it is over."""
LEAVES_AT_END = (
    "Left before Origami had stopped everything: runs or cells may go on and use credits. "
    "`origami-widgets runs` lists the runs, `origami-widgets cancel TOKEN` stops one."
)
WAITS_AT_END = (
    "Waiting until Origami has stopped what this program has cancelled: up to {seconds:.0f} s. Ctrl-C ends the wait."
)
WAITS_FOR_CELLS = "Waiting {seconds:.0f} s more: cells may still begin. Ctrl-C ends the wait."
AWAITABLE = (
    "Await instead: await ow.aio.start('…'), await ow.aio.attach('…'), await run, await run.settle(), "
    "await run.answer_async('…'), await run.follow_up_async('…'), await run.cancel_async(), await run.refresh_async(), "
    "await ow.aio.leads_frame(table), await ow.aio.credits_frame(run), await ow.aio.login(), "
    "await ow.aio.account(); "
    "ow.AsyncClient has every call of ow.Client."
)

_MORE_THREADS = "Raise the system's thread limit (`ulimit -u` shows it) or end some threads, then try again."


class BackgroundLoop:
    """Event loop in a daemon thread, started on first use; without threads, the running event loop.

    Attributes:
        generation: number of the current loop, unique even across a fork: connections belong to one loop only.
    """

    def __init__(self) -> None:
        self.generation = 0
        # Reentrant, because a finalizer that runs in the middle of any of these methods may call another one.
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        # Message of Python's error if it has threads but could not start one.
        self._thread_error = ""
        # Whether anything was asked of the loop since the last look: it may not be a task yet, or no longer.
        self._is_used = False
        self._closers: dict[object, Callable[[], Awaitable[object]]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._callbacks = CallbackThread()

    def submit(self, coroutine: Coro[T]) -> LoopFuture[T]:
        """Run a coroutine on the loop.

        Returns:
            A future. Cancelling it cancels the coroutine.

        Raises:
            NoEventLoop: there are no threads here, and no event loop is running; the coroutine was closed.
        """
        with self._lock:
            loop = self._loop_for(coroutine)
            future = LoopFuture(coroutine, loop)
            loop.call_soon_threadsafe(future.begin, context=self._context())
        return future

    def run(self, coroutine: Coro[T], meanwhile: Callable[[], object] | None = None) -> T:
        """Run a coroutine on the loop and block until it is done. An interrupt cancels it.

        Args:
            coroutine: what to run.
            meanwhile: called repeatedly while it blocks, on the caller's thread.

        Raises:
            RuntimeError: called on the loop's own thread, where it would wait for itself.
            CannotBlock: there are no threads here, and the running loop cannot be blocked; nothing was started.
        """
        future = None
        try:
            self.check_may_block(coroutine)
            future = self.submit(coroutine)
            return self.result(future, meanwhile)
        except BaseException:
            if future is not None:
                future.cancel()
            elif inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                # If it was interrupted before it began, Python would warn that it was never awaited. It may be
                # beginning right now.
                with contextlib.suppress(ValueError):
                    coroutine.close()
            raise

    def check_may_block(self, coroutine: Coro[object]) -> None:
        """Raise an error if waiting would last for ever. The coroutine is then closed, and nothing was started.

        Raises:
            RuntimeError: called in one of the loop's own callbacks, where it would wait for itself.
            CannotBlock: there are no threads here, and the running loop cannot be blocked.
        """
        with self._lock:
            self._loop_for(coroutine)
            is_guest = self._thread is None
        if threading.current_thread() is self._thread or (is_guest and _is_ours.get()):
            coroutine.close()
            raise RuntimeError("A blocking call to origami_widgets was made inside one of its own callbacks.")
        if is_guest and not runtime.can_suspend():
            coroutine.close()
            raise _cannot_block(self._thread_error)

    def result(
        self,
        future: LoopFuture[T],
        meanwhile: Callable[[], object] | None = None,
        timeout: float | None = None,
    ) -> T:
        """Block until a submitted coroutine is done, and return its result. An interrupt does not cancel it.

        Args:
            future: the future that `submit` returned.
            meanwhile: called repeatedly while it blocks, on the caller's thread.
            timeout: the maximum number of seconds to wait.

        Raises:
            TimeoutError: the time passed first.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        while not future.done():
            left = SLICE if ends is None else min(SLICE, ends - time.monotonic())
            if left <= 0:
                raise TimeoutError
            if self._thread is None and runtime.can_suspend():
                runtime.suspend_until_done(future, left)
            else:
                future.wait(left)
            if meanwhile is not None:
                meanwhile()
        error = future.exception()
        if isinstance(error, OrigamiError):
            # The message says what to do. Thirty frames of event loop and HTTP library above it would not help.
            raise error.with_traceback(None)
        return future.result()

    async def bridge(self, coroutine: Coro[T], meanwhile: Callable[[], object] | None = None) -> T:
        """Await a coroutine on the background loop from any other loop of asyncio. Cancellation reaches the coroutine.

        Args:
            coroutine: what to run.
            meanwhile: called repeatedly until it is done, on the caller's thread.

        Raises:
            NoEventLoop: it is not awaited by asyncio.
        """
        require_asyncio(coroutine)
        future = asyncio.wrap_future(self.submit(coroutine))
        try:
            while meanwhile is not None and not future.done():
                await asyncio.wait((future,), timeout=SLICE)
                meanwhile()
            return await future
        except OrigamiError as error:
            # As in `result`. Those frames also hold the request with its headers.
            raise error.with_traceback(None) from error.__cause__
        except BaseException:
            future.cancel()
            raise

    def call_soon(self, callback: Callable[..., object], *args: object) -> None:
        """Call a function on the loop's thread."""
        with self._lock:
            self._running_loop().call_soon_threadsafe(callback, *args, context=self._context())

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the loop's thread and return its result. From that thread, it is called directly.

        Raises:
            NoEventLoop: there are no threads here, and no event loop is running.
        """

        async def called() -> T:
            return function()

        with self._lock:
            self._running_loop()
        if self._thread in (None, threading.current_thread()):
            return self._context().run(function)
        return self.run(called())

    def notify(
        self,
        callback: Callable[[Any], object],
        argument: Any,
        key: Hashable = None,
        merge: Callable[[Any, Any], Any] = lambda _waiting, newer: newer,
    ) -> None:
        """Call a user's callback so that it cannot block the loop: from the loop's thread, on the callback thread.

        The loop waits for the callback a moment at most. From other threads, and if there are no threads, it is called
        directly. See `CallbackThread.call`.

        Args:
            callback: what to call.
            argument: the argument of the call.
            key: at most one call with the same key is queued; None for the callback itself.
            merge: combines the argument of a queued call with this one.
        """
        if threading.current_thread() is self._thread:
            context = self._context()
            if self._callbacks.call(callback if key is None else key, callback, argument, context, merge):
                return
        callback(argument)

    def wait_for_callbacks(self, timeout: float | None = None) -> None:
        """Block until the callbacks queued so far have returned, for at most half a second.

        A callback that calls this does not wait for itself.

        Args:
            timeout: the maximum number of seconds to wait, if less.
        """
        if self._has_callbacks():
            self.run(self._callbacks.wait_until_returned(PATIENCE if timeout is None else min(timeout, PATIENCE)))

    async def callbacks_returned(self) -> None:
        """Wait for callbacks without blocking the event loop; see `wait_for_callbacks`."""
        if self._has_callbacks():
            await self.bridge(self._callbacks.wait_until_returned())

    def _has_callbacks(self) -> bool:
        """Return whether callbacks other than the caller may be running. Without a thread, there are none."""
        with self._lock:
            thread = None if self._loop is None else self._thread
        return thread not in (None, threading.current_thread()) and not self._callbacks.is_current()

    def on_stop(self, owner: object, close: Callable[[], Awaitable[object]]) -> None:
        """Register a function that closes something when the current loop ends. Loop thread only."""
        self._closers[owner] = close
        if self._thread is None and (self._keeper is None or self._keeper.done()):
            # A loop that is not ours cancels its tasks before it ends: this task then closes what is open.
            self._keeper = asyncio.get_running_loop().create_task(_keep(self._closers), name="origami-widgets keeper")

    def forget(self, owner: object) -> None:
        """Close what an owner has registered, from any thread. Does nothing if the loop is gone, which has closed it then."""
        # Without the lock: the garbage collector may call this in a thread that is just starting, while another one holds
        # the lock and waits for that start.
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._close_one, owner)

    def stop(self) -> None:
        """End the loop: cancel its tasks and close what is open. Called at the end of the process."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(lambda: _cancel(*asyncio.all_tasks(loop)))
            thread.join(CLOSE_TIMEOUT)

    def _context(self) -> contextvars.Context:
        context = thread_context()
        context.run(_is_ours.set, True)  # noqa: FBT003 - the variable's value
        return context

    def _loop_for(self, coroutine: Coro[object]) -> asyncio.AbstractEventLoop:
        try:
            return self._running_loop()
        except BaseException:
            coroutine.close()
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is not None and self._thread is None and not _is_usable(self._loop):
            self._loop = None
        if self._loop is None:
            self.generation = next(_generations)
            self._closers = {}
            self._loop, self._thread = self._start() or (_callers_loop(self._thread_error), None)
        self._is_used = True
        return self._loop

    def _start(self) -> tuple[asyncio.AbstractEventLoop, threading.Thread] | None:
        """Start a loop in its own thread; return None if no thread can be started."""
        if not runtime.HAS_THREADS:
            return None
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._serve, args=(loop,), name="origami-widgets", daemon=True)
        try:
            contextvars.Context().run(thread.start)
        except RuntimeError as error:
            loop.close()
            self._thread_error = str(error)
            return None
        return loop, thread

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        closers = self._closers
        try:
            loop.run_until_complete(self._until_idle(loop))
            loop.run_until_complete(_settle(loop))
            loop.run_until_complete(_close_all(closers))
            loop.run_until_complete(loop.shutdown_asyncgens())
        except (asyncio.CancelledError, RuntimeError):
            log.debug("The background loop ended early", exc_info=True)
        finally:
            loop.close()

    async def _until_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        is_busy = True
        while is_busy:
            try:
                await asyncio.sleep(IDLE)
            except asyncio.CancelledError:
                return
            with self._lock:
                is_busy, self._is_used = self._is_used or len(asyncio.all_tasks(loop)) > 1, False
                if not is_busy and self._loop is loop:
                    self._loop = None

    def _close_one(self, owner: object) -> None:
        close = self._closers.pop(owner, None)
        if close is not None:
            task = asyncio.ensure_future(close())
            _closing.add(task)
            task.add_done_callback(_closing.discard)
        if self._keeper is not None and not self._closers:
            self._keeper.cancel()
            self._keeper = None


_closing: set[asyncio.Future[object]] = set()
_is_ours = contextvars.ContextVar("origami-widgets", default=False)
"""Whether the current code runs for the background loop. Without a thread, nothing else tells."""
_generations = itertools.count(1)
_inherited: list[object] = []


def _no_thread(failure: str) -> tuple[str, str]:
    """Return why there is no thread, as a clause, and the sentence that says what to do about it, if anything.

    Args:
        failure: the message of Python's error if no thread could be started; empty if Python has no threads.
    """
    if failure:
        return f"No thread could be started (Python said: {failure})", _MORE_THREADS
    return "Python has a single thread here", ""


def _cannot_block(failure: str) -> CannotBlock:
    """Return the error of a call that cannot block; `failure` as in `_no_thread`."""
    reason, more = _no_thread(failure)
    current_browsers = " Blocking calls work in current versions of Chrome and Edge." if runtime.IN_BROWSER else ""
    return CannotBlock(
        "Can't block here",
        cause=f"{reason}, so a blocking call would wait forever for its response. Nothing was sent.",
        remedy=f"{more} {AWAITABLE}{current_browsers}".lstrip(),
        code="CANNOT_BLOCK",
    )


def _callers_loop(failure: str) -> asyncio.AbstractEventLoop:
    """Return the running event loop; `failure` as in `_no_thread`.

    Raises:
        NoEventLoop: no event loop is running.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        reason, more = _no_thread(failure)
        raise NoEventLoop(
            "No event loop is running",
            cause=f"{reason}, so this needs a running event loop. Nothing was sent.",
            remedy=f"{more} Call it from a coroutine: asyncio.run(main()). {AWAITABLE}".lstrip(),
            code="NO_EVENT_LOOP",
        ) from None


def require_asyncio(coroutine: Coro[Any]) -> None:
    """Close a coroutine that is awaited by another library than asyncio, before it does anything.

    Raises:
        NoEventLoop: no event loop of asyncio is running.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        coroutine.close()
        raise NoEventLoop(
            "Only asyncio can await this",
            cause="The code that awaits it is not run by asyncio, but for example by trio. Nothing was sent.",
            remedy="Call the blocking function in a thread: await trio.to_thread.run_sync(run.wait). Or use asyncio: "
            "asyncio.run(main()).",
            code="NO_EVENT_LOOP",
        ) from None


def _is_usable(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a caller's loop can still be used. It may have ended, or another one may be running."""
    if loop.is_closed():
        return False
    try:
        return loop.is_running() or asyncio.get_running_loop() is loop
    except RuntimeError:
        # Between two cells, a terminal's loop is paused, not closed.
        return True


async def _settle(loop: asyncio.AbstractEventLoop) -> None:
    """Wait for cancelled tasks to end, and cancel what they start on their way."""
    ends = time.monotonic() + CLOSE_TIMEOUT / 2
    while (tasks := asyncio.all_tasks(loop) - {asyncio.current_task()}) and (left := ends - time.monotonic()) > 0:
        _cancel(*(each for each in tasks if not each.cancelling()))
        await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)


async def _close_all(closers: dict[object, Callable[[], Awaitable[object]]]) -> None:
    for close in list(closers.values()):
        try:
            async with runtime.time_limit(CLOSE_TIMEOUT):
                await close()
        except Exception:  # the process ends; a connection that does not close must not hold it
            log.debug("A connection didn't close", exc_info=True)
    closers.clear()
    # A socket closes one turn of the loop after its connection.
    await asyncio.sleep(0)


async def _keep(closers: dict[object, Callable[[], Awaitable[object]]]) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        # Not where the task is only destroyed: its loop has ended, and nothing can be awaited there.
        await _close_all(closers)
        raise


def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        # A cancelled task would leave the socket of the connection that it is closing open.
        if task not in _closing:
            task.cancel()


current = BackgroundLoop()


def background() -> BackgroundLoop:
    """Return the background loop of this process."""
    return current


_tasks: set[asyncio.Task[object]] = set()
_holding: dict[asyncio.Task[object], float] = {}
"""Tasks for which the end of the process waits, such as stops: cells that are not stopped cost credits. Each with the
moment until which it waits in any case, and from then on as long as for others."""


def kept_task(coroutine: Coro[T], name: str, *, holds_exit: bool = False) -> asyncio.Task[T]:
    """Start a task and hold it until it is done, as a loop holds its tasks only weakly. Background loop only.

    Args:
        coroutine: what to run.
        name: the task's name.
        holds_exit: whether the end of the process waits for it; see `hold_exit`.
    """
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    if holds_exit:
        hold_exit(task)
    return task


def hold_exit(task: asyncio.Task[object], *, at_least: float = 0.0) -> None:
    """Let the end of the process wait for a task: 30 seconds in a script, which Ctrl-C ends, and 2 in a kernel.

    Args:
        task: the task.
        at_least: seconds from now for which a script waits in any case, as cells may still begin.
    """
    _register_end()
    if task not in _holding:
        task.add_done_callback(release_exit)
    _holding[task] = time.monotonic() + at_least


def release_exit(task: asyncio.Task[object] | None) -> None:
    """End what `hold_exit` has begun: the rest of the task is not worth a wait."""
    if task is not None:
        _holding.pop(task, None)


def release_all() -> None:
    """End all that `hold_exit` has begun: the user has waited enough, and was told what may go on."""
    _holding.clear()


@functools.cache
def _register_end() -> None:
    # Once `concurrent.futures` has ended its threads, no host name can be resolved any more: `atexit` comes after that.
    # Functions are called in the reverse order of their registration, so that module registers its own first.
    # `threading` has no public name for this (https://github.com/python/cpython/issues/86128).
    importlib.import_module("concurrent.futures.thread")
    register = getattr(threading, "_register_atexit", None)
    if register is not None and runtime.HAS_THREADS:
        # A process that is ending already refuses.
        with contextlib.suppress(RuntimeError):
            register(_wait_for_holding)


def _wait_for_holding() -> None:
    began, in_script, said = time.monotonic(), not in_kernel(), ""
    try:
        while holding := tuple(_holding.values()):
            now = time.monotonic()
            ends = max(began + LONGEST_END, *holding) if in_script else began + LONGEST_END_IN_KERNEL
            if now >= ends:
                return
            # Where all that is left are last looks, nothing is known to be active.
            words = WAITS_FOR_CELLS if min(holding) > began + SILENCE else WAITS_AT_END
            if in_script and words != said and now > began + SILENCE:
                said, left = words, max(holding) - now if words == WAITS_FOR_CELLS else ends - began
                print(words.format(seconds=left), file=sys.stderr)  # noqa: T201 - a silent wait looks like a hang
            time.sleep(LOOK_AT_END)
    except KeyboardInterrupt:
        print(LEAVES_AT_END, file=sys.stderr)  # noqa: T201 - it may cost credits


def is_under_way(task: asyncio.Task[object] | None) -> bool:
    """Return whether a task is pending on the running loop. A task of an ended loop or a parent process is not."""
    return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()


def _new_in_child() -> None:
    """Start with a new loop in a forked child, where the parent's thread does not exist."""
    global current  # noqa: PLW0603 - one loop for the process is the point
    # Kept for ever: garbage-collecting the parent's loop, tasks and connections would close them or warn.
    _inherited.append((current, *_tasks))
    _tasks.clear()
    _holding.clear()
    current = BackgroundLoop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_in_child)


def _stop_at_exit() -> None:
    current.stop()


atexit.register(_stop_at_exit)
