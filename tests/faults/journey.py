"""A run through the public interface over real sockets, on a clock that jumps over every wait.

The clock stands still while a request is on its way, so the moment at which the server was asked is exact.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from tests.support.server import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import Connection
    from tests.support.server import Behaviour, RawServer

FIXTURES = Path(__file__).parents[1] / "fixtures"
RUNNING, COMPLETED = (
    json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("running_partial", "completed_stats")
)
KEY = "og_live_F4ultsOnTheWayThatMustNeverShow000000000"
INTERFACES = ("wait", "await", "card")
PATIENCE = 20.0
"""Seconds after which a run that should have come to an end never will."""


class JumpingClock:
    """Jumps to the end of every sleep, once it is let go; an hour takes as long as the requests in it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_784_625_300.0
        self.suspend_for = 0.0
        self.appointments: list[tuple[float, Callable[[], object]]] = []
        self.held = True

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.wall + self.now

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        await asyncio.sleep(0)
        while self.held and not wake.is_set():
            await asyncio.sleep(0.001)
        while self.appointments and self.appointments[0][0] <= self.now:
            self.appointments.pop(0)[1]()
        if self.suspend_for:
            away, self.suspend_for = self.suspend_for, 0.0
            self.now += away
            return away
        if seconds is None:
            await wake.wait()
        elif not wake.is_set():
            self.now += max(seconds, 1e-6)
        return None


def running(steps: int = 3, **more: Any) -> dict[str, Any]:
    return {**RUNNING, "steps": {"completed": steps, "max": 50}, "response": None, **more}


def going_on(steps: int = 3, *, retry_after: str = "15", **more: Any) -> Behaviour:
    """The run is under way; ask again in so many seconds."""
    return answer(running(steps, **more), headers={"Retry-After": retry_after})


def completed(**more: Any) -> Behaviour:
    """The run is over, and none of its cells is running."""
    return answer({**COMPLETED, "id": RUNNING["id"], "agentId": RUNNING["agentId"], "response": None, **more})


def listing(*tables: dict[str, Any]) -> Behaviour:
    """The tables of the run's agent."""
    return answer({"object": "list", "items": list(tables), "nextCursor": None})


class Journey:
    """One run from its start to its end, and what was seen of it.

    Attributes:
        run: the handle.
        asked: when the server was asked about the run, on the clock.
        connections: each state of the connection, in order.
        notices: each notice that the card showed, in order; for the card only.
        heads: each head that the card showed.
        error: what ended the wait instead of the run.
    """

    def __init__(self, server: RawServer, clock: JumpingClock, *, timeout: float = 5.0) -> None:
        self._server, self._clock = server, clock
        if server.tables is None:
            server.tables = listing()
        self._timeout = timeout
        self.base_url = server.base_url
        self.asked: list[float] = []
        self.connections: list[Connection] = []
        self.notices: list[dict[str, Any]] = []
        self.heads: list[dict[str, Any]] = []
        self.error: OrigamiError | None = None
        self._seeing = threading.Lock()
        self._is_drawn: Callable[[], bool] = lambda: True

    @property
    def pauses(self) -> list[float]:
        """The seconds between one question and the next, without the rounding of sums of fractions."""
        return [round(later - earlier, 6) for earlier, later in itertools.pairwise(self.asked)]

    @property
    def failures(self) -> list[OrigamiError]:
        """The errors of the connection, in order."""
        return [connection.error for connection in self.connections if connection.error is not None]

    def notice(self, key: str) -> dict[str, Any] | None:
        """The last of the card's notices with this key; None where there was none."""
        return next((notice for notice in reversed(self.notices) if notice["key"] == key), None)

    def shows(self, key: str, error: OrigamiError | None) -> bool:
        """Whether the card had a notice with this key that gives the cause of this error."""
        notice = self.notice(key)
        return notice is not None and (error is None or error.cause.rstrip(".") in notice["text"])

    def go(self, interface: str, *polls: Behaviour) -> Journey:
        """Start a run, and see it through these answers; the last one is repeated."""
        self._server.plan(
            answer({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, 201), *map(self._noted, polls)
        )
        client = ow.Client(KEY, base_url=self.base_url, timeout=self._timeout)
        self.run: Run = ow.start("Find bakeries", client=client, show=False)
        self._see(self.run)
        stop = self.run.on_change(self._see)
        try:
            getattr(self, f"_{interface}")()
        except OrigamiError as error:
            self.error = error
        finally:
            stop()
            # A last change may be under way, and hold the callback for as long.
            background().call(lambda: None)
        return self

    def _noted(self, behaviour: Behaviour) -> Behaviour:
        async def behave(request: Any, writer: asyncio.StreamWriter) -> None:
            self.asked.append(self._clock.now)
            # On a busy machine, a callback may come after the next answer, and a card leaves out what is over before it draws.
            self._see(self.run)
            ends = time.monotonic() + self._timeout / 2
            while not self._is_drawn() and time.monotonic() < ends:
                await asyncio.sleep(0.01)
            await behaviour(request, writer)

        return behave

    def _see(self, run: Run) -> None:
        with self._seeing:
            if not self.connections or self.connections[-1] != run.connection:
                self.connections.append(run.connection)

    def _wait(self) -> None:
        self._clock.held = False
        self.run.wait(timeout=PATIENCE)

    def _await(self) -> None:
        async def waiting() -> None:
            self._clock.held = False
            async with asyncio.timeout(PATIENCE):
                await self.run

        asyncio.run(waiting())

    def _card(self) -> None:
        card = ow.RunCard(self.run)
        self.heads.append(dict(card.view["head"]))
        changed = threading.Event()

        def look(_change: object) -> None:
            self.notices += card.notices
            self.heads.append(dict(card.head))
            changed.set()

        card.observe(look, ["notices", "done", "head"])

        def is_drawn() -> bool:
            is_noticed = any(notice["key"] == "reconnecting" for notice in card.notices)
            return is_noticed == (self.run.connection.state == "reconnecting")

        self._is_drawn = is_drawn
        self._clock.held = False
        try:
            while not (card.done or any(notice["key"] == "stopped" for notice in card.notices)):
                assert changed.wait(PATIENCE), f"the card never came to an end: {card.notices}"
                changed.clear()
        finally:
            card.close()
        self.error = self.run.connection.error
