"""Time in tests: a poller that hardly sleeps, retries without pauses, and waiting until something is so.

Which constant of the package stands behind each pause is known here only.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from origami_widgets.api import base_operations
from origami_widgets.host.runtime import SystemClock
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller
from origami_widgets.run.starts import call, credit_limit, reconcile, store
from origami_widgets.run.starts import cancel as cancelling

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

AnyClock = TypeVar("AnyClock", bound=SystemClock)
ENVIRONMENT = (
    "ORIGAMI_API_KEY",
    "ORIGAMI_BASE_URL",
    "ORIGAMI_PROJECT",
    "ORIGAMI_PROJECT_ID",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)
PATIENCE = 60.0
"""Seconds after which something that should have happened never will."""


class QuickClock(SystemClock):
    """A clock that remembers how long it was asked to sleep, and hardly does.

    Attributes:
        slept: the seconds of each sleep; None for one without an end.
        is_over: whether its test has ended, and each sleep lasts for good.
    """

    def __init__(self) -> None:
        self.slept: list[float | None] = []
        self.is_over = False

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        self.slept.append(seconds)
        if self.is_over:
            await asyncio.Event().wait()
        return await super().sleep(seconds if seconds is None else min(seconds, 0.02), wake)


class SkippingClock(SystemClock):
    """A clock on which each sleep takes a moment and has lasted all the same: an hour takes as long as the checks in it.

    Give its `time` to a sandbox of speed 1, and runs pass as fast as they are checked.

    Attributes:
        skips: whether it does, asked at each sleep; a test that has to prepare something lets sleeps last meanwhile.
        is_over: whether its test has ended, and each sleep lasts for good.
    """

    MOMENT = 0.01
    """Seconds that a sleep takes: the threads that hear of changes come to their turn."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self.skips: Callable[[], object] = lambda: True
        self.is_over = False

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def time(self) -> float:
        return super().time() + self._ahead

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._ahead += seconds

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        if seconds is None:
            return await super().sleep(None, wake)
        ends, away = self.monotonic() + seconds, None
        while away is None and not wake.is_set() and (left := ends - self.monotonic()) > 0:
            away = await super().sleep(min(self.MOMENT, left), wake)
            if self.is_over:
                await asyncio.Event().wait()
            if self.skips() and not wake.is_set():
                self.skip(max(0.0, ends - self.monotonic()))
        return away


class FastClock(SystemClock):
    """A clock on which time passes so many times as fast: also while a request is under way, as a clock that skips does not."""

    def __init__(self, faster: float) -> None:
        self._faster, self._started = faster, SystemClock().time()

    def monotonic(self) -> float:
        return super().monotonic() * self._faster

    def time(self) -> float:
        return self._started + (super().time() - self._started) * self._faster

    async def sleep(self, seconds: float | None, wake: asyncio.Event) -> float | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else seconds / self._faster):
                await wake.wait()
        return None


def use_clock(patch: pytest.MonkeyPatch, clock: AnyClock) -> AnyClock:
    """Let a new poller sleep by this clock; return it.

    After the test a poller that hardly sleeps would ask a server that is gone, again and again, beside the next tests.
    """
    if isinstance(clock, QuickClock | SkippingClock):
        clock.is_over = True
        patch.setattr(clock, "is_over", False)
    patch.setattr(poller_module, "current", Poller(clock))
    return clock


def without_environment(patch: pytest.MonkeyPatch) -> None:
    """Take the machine's own key, server and proxies out of the environment."""
    for name in ENVIRONMENT:
        patch.delenv(name, raising=False)


def without_pauses(patch: pytest.MonkeyPatch) -> None:
    """Send a request that was lost again at once."""
    patch.setattr(base_operations, "FIRST_WAIT", 0.002)


def look_after(patch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Look for a run that may have been started so many seconds after the last attempt, whatever became of that."""
    patch.setattr(reconcile, "LOOKS", seconds)
    patch.setattr(reconcile, "LOOKS_AFTER_FAILURE", seconds)


def wait_for_last_words(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let an interrupted start wait so long for the news of what became of its request."""
    patch.setattr(call, "LAST_WORDS", seconds)


def wait_for_another_kernel(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Wait so long for a name of `once=` that another kernel holds, before it is given up."""
    patch.setattr(store, "PATIENCE", seconds)
    patch.setattr(store, "LOOK", min(seconds / 5, store.LOOK))


def cancel_quickly(patch: pytest.MonkeyPatch, *, patience: float | None = None, deadline: float | None = None) -> None:
    """Repeat a cancel that is not heard within parts of a second.

    Args:
        patch: pytest's.
        patience: seconds after which the caller gets `CancelPending`; None for the usual ones.
        deadline: seconds after which it is not repeated any more; None for the usual ones.
    """
    patch.setattr(cancelling, "FIRST_PAUSE", 0.05)
    patch.setattr(cancelling, "LONGEST_PAUSE", 0.2)
    patch.setattr(cancelling, "STOP_PAUSES", (0.05, 0.1))
    patch.setattr(cancelling, "STOP_PAUSE", 0.2)
    if patience is not None:
        patch.setattr(cancelling, "PATIENCE", patience)
    if deadline is not None:
        patch.setattr(cancelling, "DEADLINE", deadline)


def forget_limited_runs(patch: pytest.MonkeyPatch) -> None:
    """Let go of runs with a credit limit when the test ends: they are watched without a handle, and its server is gone."""
    patch.setattr(credit_limit, "limited", {})


def use_spending_clock(patch: pytest.MonkeyPatch) -> SkippingClock:
    """Let a test of money go by a clock that skips, cancel without patience, and begin without a limited run; return it."""
    without_environment(patch)
    without_pauses(patch)
    cancel_quickly(patch)
    forget_limited_runs(patch)
    clock = SkippingClock()
    use_clock(patch, clock)
    return clock


def see(what: Callable[[], object], *, every: float = 0.01) -> None:
    """Return when something is so."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends, "it never came to be so"
        time.sleep(every)
