"""The sync bridge: code that is written once, for callers that block and for callers that await.

It is a coroutine on the caller's thread, where it may print, warn and ask. What it needs of the background loop it awaits
as `OnLoop(coroutine)`; `block` and `wait` drive it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from origami_widgets.api.loop import background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


@dataclass(frozen=True)
class OnLoop(Generic[T]):
    """A coroutine to be carried out on the background loop; awaiting it gives its result.

    Args:
        coroutine: what to carry out.
    """

    coroutine: Coroutine[Any, Any, T]

    def __await__(self) -> Generator[OnLoop[T], T, T]:
        return (yield self)


def block(coroutine: Coroutine[OnLoop[Any], Any, T]) -> T:
    """Run a coroutine, and block for each of its steps on the background loop; an interrupt cancels such a step."""
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
    """Run a coroutine, and await each of its steps on the background loop; cancellation reaches such a step."""
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
