"""The sync bridge: one coroutine function makes a function that blocks and its twin that is awaited (`bridged`).

The coroutine runs on the caller's thread, where it may print, warn and ask for input. For each step on the background
loop, it awaits `OnLoop(coroutine)`. `block` runs it for a blocking call, `wait` for an awaited one.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

if TYPE_CHECKING:
    from origami_widgets.api.background.threads import Coro

PACKAGE = __name__.partition(".")[0]
P = ParamSpec("P")
Q = ParamSpec("Q")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Owner = TypeVar("Owner")


class Step(ABC, Generic[T]):
    """What a coroutine awaits on the sync bridge. It blocks for a caller that blocks, and is awaited for one that awaits."""

    @abstractmethod
    def block(self) -> T:
        """Block until it is done."""

    @abstractmethod
    async def wait(self) -> T:
        """Wait until it is done, on the caller's event loop."""

    def __await__(self) -> Generator[Step[T], Any, T]:
        result: T = yield self
        return result


@dataclass(frozen=True)
class OnLoop(Step[T]):
    """Step that runs a coroutine on the background loop. Awaiting it returns the coroutine's result.

    Args:
        coroutine: the coroutine.
        meanwhile: called repeatedly until it is done, on the caller's thread.
    """

    coroutine: Coro[T]
    meanwhile: Callable[[], object] | None = None

    def block(self) -> T:
        """Block until it is done. An interrupt cancels it."""
        # Imported here, as frames of data that is there already need no loop.
        from origami_widgets.api.background.loop import background

        return background().run(self.coroutine, self.meanwhile)

    async def wait(self) -> T:
        """Wait until it is done. Cancellation reaches it."""
        from origami_widgets.api.background.loop import background

        return await background().bridge(self.coroutine, self.meanwhile)


@dataclass(frozen=True)
class Either(Step[T]):
    """Step that is something else for callers that block than for those that await.

    Args:
        blocking: blocks and returns the result.
        awaited: returns what to await for the result.
    """

    blocking: Callable[[], T]
    awaited: Callable[[], Awaitable[T]]

    def block(self) -> T:
        """Block until it is done."""
        return self.blocking()

    async def wait(self) -> T:
        """Wait until it is done."""
        return await self.awaited()


def block(coroutine: Coroutine[Step[Any], Any, T]) -> T:
    """Run a coroutine, blocking for each step. An interrupt is raised where the coroutine waits."""
    send: Callable[[Any], Step[Any]] = coroutine.send
    value: Any = None
    while True:
        try:
            # Inside, so that an interrupt between two steps reaches the coroutine, too.
            while True:
                value = send(value).block()
                send = coroutine.send
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as error:
            if is_closed(coroutine):
                # Or the error and this frame would hold each other.
                value = None
                raise
            send, value = coroutine.throw, error


async def wait(coroutine: Coroutine[Step[Any], Any, T]) -> T:
    """Run a coroutine, awaiting each step. Cancellation is raised where the coroutine waits."""
    send: Callable[[Any], Step[Any]] = coroutine.send
    value: Any = None
    while True:
        try:
            while True:
                value = await send(value).wait()
                send = coroutine.send
        except StopIteration as end:
            result: T = end.value
            return result
        except BaseException as error:
            if is_closed(coroutine):
                # Or the error and this frame would hold each other.
                value = None
                raise
            send, value = coroutine.throw, error


def is_closed(coroutine: Coro[object]) -> bool:
    """Return whether a coroutine has ended."""
    return inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def warn_user(message: str, category: type[Warning] = RuntimeWarning) -> None:
    """Warn on the caller's thread, at the user's line: the first one outside of this package."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


class Bridged(Protocol[P, T_co]):
    """Function or method that blocks; see `bridged`."""

    @property
    def aio(self) -> Callable[P, Coro[T_co]]:
        """The same, to be awaited."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Block until it is done."""
        ...

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self: Bridged[Concatenate[Owner, Q], T_co], instance: Owner, owner: type) -> Callable[Q, T_co]: ...


def bridged(function: Callable[P, Coro[T]]) -> Bridged[P, T]:
    """Make a function that blocks of a coroutine function, and a twin that is awaited: its attribute `aio`.

    Both have the arguments of the coroutine function. It runs on the caller's thread, and has a step on the background
    loop wherever it awaits an `OnLoop`. Decorate a method likewise, and assign the twin its own name:
    `cancel_async = cancel.aio`.

    >>> @bridged
    ... async def add(one: int, *, other: int = 2) -> int:
    ...     "Add two numbers."
    ...     return one + other
    >>> import asyncio
    >>> add(1), asyncio.run(add.aio(1, other=7)), inspect.signature(add.aio) == inspect.signature(add)
    (3, 8, True)
    """

    @functools.wraps(function)
    def blocking(*args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = function(*args, **kwargs)
        # A traceback that shows local variables must not show an argument that is a key.
        del args, kwargs
        return block(coroutine)

    @functools.wraps(function)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = function(*args, **kwargs)
        del args, kwargs
        return await wait(coroutine)

    first = (inspect.getdoc(function) or "").partition("\n")[0]
    awaited.__doc__ = f"{first}\n\nAwait it; see `{function.__qualname__}`."
    vars(blocking).update(aio=awaited)
    return cast("Bridged[P, T]", blocking)
