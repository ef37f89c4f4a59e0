"""What is written once, for callers that block and for callers that await.

It is written as coroutines that are handed a way to wait. For a caller that blocks, each wait blocks: such a coroutine
never gives control away, so it has come to its end when it was begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from origami_widgets.api.loop import background

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Way(Protocol):
    """How a caller waits for a coroutine of the background loop."""

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine gives; it runs on the background loop."""
        ...


class Blocking:
    """For code that blocks."""

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Block until it is done; an interrupt cancels it."""
        return background().run(coroutine)


class Awaiting:
    """For an event loop, which goes on meanwhile."""

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await it; cancellation reaches it."""
        return await background().bridge(coroutine)


def completed(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives whose waits all block.

    Raises:
        RuntimeError: one of them does not.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("A call that blocks has awaited something.")
