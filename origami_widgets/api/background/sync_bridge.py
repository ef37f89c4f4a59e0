"""The sync bridge: one coroutine serves both callers that block and callers that await.

The coroutine runs on the caller's thread, where it may print, warn and ask for input. For each step on the background
loop, it awaits `OnLoop(coroutine)`. `block` runs it for a blocking call, `wait` for an awaited one.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

P = ParamSpec("P")
Q = ParamSpec("Q")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Owner = TypeVar("Owner")


@dataclass(frozen=True)
class OnLoop(Generic[T]):
    """Wrapper for a coroutine to run on the background loop. Awaiting it returns the coroutine's result.

    Args:
        coroutine: the coroutine.
    """

    coroutine: Coroutine[Any, Any, T]

    def __await__(self) -> Generator[OnLoop[T], T, T]:
        return (yield self)


def block(coroutine: Coroutine[OnLoop[Any], Any, T]) -> T:
    """Run a coroutine, blocking for each step on the background loop. An interrupt cancels the step."""
    # Imported here, as frames of data that is there already need no loop.
    from origami_widgets.api.background.loop import background

    send: Callable[[Any], OnLoop[Any]] = coroutine.send
    value: Any = None
    while True:
        try:
            step = send(value)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            send, value = coroutine.send, background().run(step.coroutine)
        except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
            send, value = coroutine.throw, error


async def wait(coroutine: Coroutine[OnLoop[Any], Any, T]) -> T:
    """Run a coroutine, awaiting each step on the background loop. Cancellation reaches the step."""
    from origami_widgets.api.background.loop import background

    send: Callable[[Any], OnLoop[Any]] = coroutine.send
    value: Any = None
    while True:
        try:
            step = send(value)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            send, value = coroutine.send, await background().bridge(step.coroutine)
        except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
            send, value = coroutine.throw, error


class Bridged(Protocol[P, T_co]):
    """Function or method that blocks; see `bridged`."""

    @property
    def aio(self) -> Callable[P, Coroutine[Any, Any, T_co]]:
        """The same, to be awaited."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co:
        """Block until it is done."""
        ...

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self: Bridged[Concatenate[Owner, Q], T_co], instance: Owner, owner: type) -> Callable[Q, T_co]: ...


def bridged(function: Callable[P, Coroutine[Any, Any, T]]) -> Bridged[P, T]:
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
        return block(function(*args, **kwargs))

    @functools.wraps(function)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
        return await wait(function(*args, **kwargs))

    first = (inspect.getdoc(function) or "").partition("\n")[0]
    awaited.__doc__ = f"{first}\n\nAwait it; see `{function.__qualname__}`."
    vars(blocking).update(aio=awaited)
    return cast("Bridged[P, T]", blocking)


def same_arguments_as(
    call: Callable[P, object],
) -> Callable[[Callable[..., Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Give a coroutine function the arguments of a function that blocks, with their defaults.

    Args:
        call: the function that blocks. The coroutine function gets all its arguments, by name.

    >>> def add(one: int, *, other: int = 2) -> int: ...
    >>> @same_arguments_as(add)
    ... async def add_async(**given): return sum(given.values())
    >>> import asyncio
    >>> asyncio.run(add_async(1)), str(inspect.signature(add_async))
    (3, "(one: 'int', *, other: 'int' = 2) -> 'int'")
    """
    signature = inspect.signature(call)

    def decorate(awaited: Callable[..., Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(awaited)
        async def with_arguments(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            return await awaited(**given.arguments)

        vars(with_arguments).update(__signature__=signature)
        return with_arguments

    return decorate
