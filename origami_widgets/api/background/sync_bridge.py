"""The sync bridge: one coroutine serves both callers that block and callers that await.

The coroutine runs on the caller's thread, where it may print, warn and ask for input. For each step on the background
loop, it awaits `OnLoop(coroutine)`. `block` runs it for a blocking call, `wait` for an awaited one.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

P = ParamSpec("P")
T = TypeVar("T")


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
