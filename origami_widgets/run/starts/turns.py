"""Turns: starts of equal briefs in this process are sent one after the other.

A run is found by its brief. If the answers to two equal starts were lost at the same time, it would be unknown which of
the runs is whose, and one job could take the other's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from origami_widgets.api.loop import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable


class Turn(NamedTuple):
    """A start whose outcome is open.

    Attributes:
        over: set when its outcome is known, or given up.
        withdrawn: set when nothing more of it is sent. It may still look for its run for minutes, which nobody waits for.
    """

    over: asyncio.Event
    withdrawn: asyncio.Event


_turns: dict[Hashable, Turn] = {}


@contextlib.asynccontextmanager
async def turn(brief: Hashable, withdrawn: asyncio.Event) -> AsyncIterator[None]:
    """Wait until no other start of this brief has an open outcome, and be the only one until the end of the block.

    Args:
        brief: what is equal for equal starts.
        withdrawn: set when the start is no longer wanted, and need not wait.
    """
    # Turns of a loop that was stopped, or of the process that this one was forked from, never end.
    key = (os.getpid(), background().generation, brief)
    while (other := _turns.get(key)) is not None and not withdrawn.is_set() and not other.withdrawn.is_set():
        await _any_of(other.over, other.withdrawn, withdrawn)
    own = _turns[key] = Turn(asyncio.Event(), withdrawn)
    try:
        yield
    finally:
        own.over.set()
        if _turns.get(key) is own:
            del _turns[key]


async def _any_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
