"""Several pollers that share one organization, on a clock that stands still while anything is being done.

The pollers are real ones. What they ask is a stand-in with the sandbox's own quotas, which counts.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from origami_widgets.api.error_catalog import error_from
from origami_widgets.api.responses import ApiResponse
from origami_widgets.api.usage import Traffic
from origami_widgets.run.polling.poller import Poller
from origami_widgets.run.polling.schedule import NEVER
from origami_widgets.sandbox.app import RateLimits
from origami_widgets.sandbox.error_responses import ErrorResponse

if TYPE_CHECKING:
    from origami_widgets.run.polling.run_watch import RunWatch

START = 1_795_000_000.0
LATENCY = 0.2
"""Seconds that a request and its answer are on their way."""
RUNNING = json.loads((Path(__file__).parents[1] / "fixtures" / "running_partial.json").read_text(encoding="utf-8"))


class SharedClock:
    """Goes on to the end of the next sleep when nothing else is left to do."""

    def __init__(self) -> None:
        self.now = START
        self._sleepers: set[tuple[float, asyncio.Future[None]]] = set()

    def monotonic(self) -> float:
        return self.now

    time = monotonic

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        sleeper = (float("inf") if seconds is None else self.now + seconds, loop.create_future())
        woken = asyncio.ensure_future(wake.wait())
        self._sleepers.add(sleeper)
        try:
            await asyncio.wait({sleeper[1], woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sleepers.discard(sleeper)
            woken.cancel()

    async def go_on(self, seconds: float) -> None:
        """Let so much time pass."""
        loop, ends = asyncio.get_running_loop(), self.now + seconds
        while self.now < ends:
            await asyncio.sleep(0)
            if not loop._ready:  # noqa: SLF001 - no public name shows it
                due, sleeper = min(self._sleepers, default=(ends, None), key=lambda known: known[0])
                self.now = max(self.now, min(due, ends))
                if sleeper is not None and due <= self.now and not sleeper.done():
                    sleeper.set_result(None)


class Organization:
    """What all kernels ask, and what it counted.

    Attributes:
        asked: when each run was asked about with success, by run id.
        listed: when the tables of each agent were read with success, by its id.
        by_kernel: when each kernel asked, whatever became of it.
        refused: when each kernel was refused, by its number.
        left: what was left of the quota, at each answer.
    """

    def __init__(self, clock: SharedClock) -> None:
        self.clock = clock
        self.asked: dict[str, list[float]] = defaultdict(list)
        self.listed: dict[str, list[float]] = defaultdict(list)
        self.by_kernel: dict[int, list[float]] = defaultdict(list)
        self.refused: dict[int, list[float]] = defaultdict(list)
        self.left: list[int] = []
        self._rate_limits = RateLimits(1.0)

    def answer(self, kernel: int, run_id: str, *, tables: bool = False) -> ApiResponse:
        now = self.clock.now
        self.by_kernel[kernel].append(now)
        status, body = 200, {"items": []} if tables else {**RUNNING, "id": run_id}
        try:
            headers = self._rate_limits.count_organization(now)
            (self.listed if tables else self.asked)[run_id].append(now)
        except ErrorResponse as refused:
            status, body, headers = refused.status, refused.body, refused.headers
            self.refused[kernel].append(now)
        said = {name.lower(): value for name, value in headers.items()}
        self.left.append(int(said["x-ratelimit-remaining-global"]))
        wait = float(said.get("retry-after", 15))
        # Cut to whole seconds, as the header is.
        date = datetime.fromtimestamp(int(now), UTC)
        digest = hashlib.blake2b(json.dumps(body).encode()).digest()
        return ApiResponse(status, body, said, digest, wait, date)


class Kernel:
    """One process: a poller, and its client of the organization."""

    origin = ""
    clock_offset = None

    def __init__(self, organization: Organization, number: int) -> None:
        self.identity, self.traffic = object(), Traffic()
        self.poller = Poller(organization.clock)
        self.watches: list[RunWatch] = []
        self._organization, self._number = organization, number

    async def attach(self, runs: int) -> None:
        """Attach to so many runs, one after the other, as `ow.attach` does."""
        for number in range(runs):
            watch = await self.poller.watch(self, f"agent-{number}", f"run-{self._number}-{number}", started=None)
            self.watches.append(watch)
            await self.poller.first_check(watch)

    async def poll_run(self, agent_id: str, run_id: str, *, include: Any) -> ApiResponse:
        return await self._ask(run_id)

    async def poll_agent_tables(self, agent_id: str, *, include: Any) -> ApiResponse:
        return await self._ask(f"{self._number}/{agent_id}", tables=True)

    async def _ask(self, about: str, *, tables: bool = False) -> ApiResponse:
        self.traffic.note_request()
        await self._organization.clock.sleep(LATENCY / 2, asyncio.Event())
        answer = self._organization.answer(self._number, about, tables=tables)
        await self._organization.clock.sleep(LATENCY / 2, asyncio.Event())
        self.traffic.note_response(answer)
        if answer.status_code != 200:
            raise error_from(answer)
        return answer

    def close(self) -> None:
        for watch in self.watches:
            watch.schedule = NEVER
        self.watches.clear()


def crowded(times: list[float], seconds: float = 60.0) -> int:
    """The most moments that fall into any stretch of so many seconds."""
    times = sorted(times)
    most = begin = 0
    for at, moment in enumerate(times):
        while times[begin] <= moment - seconds:
            begin += 1
        most = max(most, at - begin + 1)
    return most


def longest_gap(times: list[float], ends: float) -> float:
    """The longest time between two moments, or the last one and the end."""
    return max(later - earlier for earlier, later in zip(times, [*times[1:], ends], strict=True))
