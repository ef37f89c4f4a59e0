"""Time for a whole life: it passes only while somebody waits, from one appointment to the next.

Nothing real is slept, so an hour takes as long as what is done in it, and the same steps give the same life.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import time
from typing import TYPE_CHECKING, Any, TypeVar

from origami_widgets.api.background.loop import background

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

MOMENT = 1e-6
PATIENCE = 20.0
"""Real seconds after which something that nobody has an appointment for will never happen."""


class LifeClock:
    """The clock of the poller, of the machine and of the server.

    Attributes:
        now: seconds since long ago.
        suspended: for how long the machine was away in all; timers stand still meanwhile.
    """

    def __init__(self) -> None:
        self.now = 1_000.0
        self.suspended = 0.0
        self._sleepers: dict[int, tuple[float, asyncio.Future[float | None]]] = {}
        self._number = itertools.count()
        self._is_driven = False

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_784_625_300.0 + self.now

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        if wake.is_set():
            return None
        number, over = next(self._number), asyncio.get_running_loop().create_future()
        due = math.inf if seconds is None else self.now + max(seconds, MOMENT)
        self._sleepers[number] = (due, over)
        woken = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait((over, woken), return_when=asyncio.FIRST_COMPLETED)
            return over.result() if over.done() else None
        finally:
            del self._sleepers[number]
            woken.cancel()

    async def pause(self, seconds: float) -> None:
        """Sleep, whatever happens."""
        await self.sleep(seconds, asyncio.Event())

    def suspend(self, away: float) -> None:
        """Close the lid for so many seconds; everybody who sleeps learns of it. Loop only."""
        self.now += away
        self.suspended += away
        for _, over in self._sleepers.values():
            if not over.done():
                over.set_result(away)

    async def drive(self, until: Callable[[], object] = lambda: False, limit: float = math.inf) -> None:
        """Let time pass until something has happened, or to a moment, at most. Loop only."""
        gives_up = time.monotonic() + PATIENCE
        while True:
            await _quiet()
            if until():
                return
            due = min(self._appointments(), default=math.inf)
            if due > limit:
                self.now = max(self.now, limit)
                return
            if due < math.inf:
                self.now = max(self.now, due)
                for at, over in list(self._sleepers.values()):
                    if at <= self.now and not over.done():
                        over.set_result(None)
            else:
                assert time.monotonic() < gives_up, "nobody has an appointment, and what is waited for never happens"
                await asyncio.sleep(0.001)

    def _appointments(self) -> Iterator[float]:
        yield from (due for due, over in self._sleepers.values() if not over.done())
        loop: Any = asyncio.get_running_loop()
        yield from (timer.when() + self.suspended for timer in loop._scheduled if not timer.cancelled())  # noqa: SLF001 - no public name shows it

    def take_over(self) -> None:
        """Let the timers of the loop go by this clock. Loop only."""
        asyncio.get_running_loop().time = lambda: self.now - self.suspended  # type: ignore[method-assign]

    async def carry_out(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let time pass while a person's wish is carried out; further wishes go along."""
        task = asyncio.ensure_future(coroutine)
        try:
            if self._is_driven:
                return await task
            self._is_driven = True
            try:
                await self.drive(task.done)
            finally:
                self._is_driven = False
            return task.result()
        finally:
            task.cancel()

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Begin what a person wishes, without letting time pass for it."""
        return raw_submit(background(), coroutine)

    def let_pass(self, seconds: float = math.inf, until: Callable[[], object] = lambda: False) -> None:
        """Let time pass from the thread of a test."""
        raw_submit(background(), self.drive(until, self.now + seconds)).result(PATIENCE * 3)


raw_submit = type(background()).submit


async def _quiet() -> None:
    """Return when nothing is left to do at this moment."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # noqa: SLF001 - no public name shows it
    await asyncio.sleep(0)
    while ready:
        await asyncio.sleep(0)


def on_loop(function: Callable[[], T]) -> T:
    """Call something on the background loop and wait for it."""

    async def call() -> T:
        return function()

    return raw_submit(background(), call()).result(PATIENCE)


def quiet_tasks() -> list[str]:
    """The tasks of the background loop that are left when all is quiet, but for the loop's own."""

    async def look() -> list[str]:
        await _quiet()
        own = asyncio.current_task()
        return [
            repr(task) for task in asyncio.all_tasks() if task is not own and "_until_idle" not in repr(task.get_coro())
        ]

    with contextlib.suppress(TimeoutError):
        return raw_submit(background(), look()).result(PATIENCE)
    return ["the loop does not come to rest"]
