"""What completion knows: the runs of this process and, read at most once a minute, those of the account.

A person who presses Tab waits for it, so nothing here takes longer than `PATIENCE`, looks for a key, or raises.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from origami_widgets.api.loop import background
from origami_widgets.host.runtime import HAS_THREADS
from origami_widgets.magics.names import runs_here, variables_with_runs
from origami_widgets.run.agent_runs import RecentRun, recent_runs
from origami_widgets.run.settings import client_at_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from origami_widgets.api.loop_future import LoopFuture
    from origami_widgets.api.operations import Operations
    from origami_widgets.magics.commands import Kind

PATIENCE = 0.7
"""Seconds that a look at the account may hold up a completion; what comes later is there the next time."""
FRESH = 60.0
"""Seconds for which a look at the account is good."""
MOST = 50
"""Runs that are offered."""


class Account:
    """The newest runs of the account, as they were read last."""

    def __init__(self) -> None:
        self._whose: Hashable = None
        self._read_at = -FRESH
        self._runs: list[RecentRun] = []
        self._reading: LoopFuture[list[RecentRun]] | None = None

    def runs(self) -> list[RecentRun]:
        """What is known of them; reads them where that is due, with one GET for every hundred agents."""
        client = client_at_hand()
        if client is None:
            return []
        operations = client.operations
        if operations.identity != self._whose:
            self._whose, self._runs, self._read_at, self._reading = operations.identity, [], -FRESH, None
        if self._reading is None and time.monotonic() - self._read_at >= FRESH:
            self._read_at = time.monotonic()
            self._reading = background().submit(_read(operations))
        if self._reading is not None:
            if HAS_THREADS:
                self._reading.wait(PATIENCE)
            if self._reading.done():
                reading, self._reading = self._reading, None
                # What cannot be read is not offered; who presses Tab has not asked for an error.
                with contextlib.suppress(Exception):
                    self._runs = reading.result()
        return self._runs


async def _read(operations: Operations) -> list[RecentRun]:
    return await recent_runs(operations, limit=MOST)


def known_in(names: Mapping[str, Any], account: Account) -> Mapping[Kind, Callable[[], Iterable[str]]]:
    """What a word of each kind could be here, each worked out when it is asked for.

    Args:
        names: the notebook's variables.
        account: the runs of the account.
    """

    def tokens() -> Iterable[str]:
        yield from (run.token for run in runs_here())
        yield from (recent.token for recent in account.runs())

    def agents() -> Iterable[str]:
        yield from (run.agent_id for run in runs_here())
        yield from (recent.agent_id for recent in account.runs())

    def runs() -> Iterable[str]:
        yield from variables_with_runs(names)
        yield from (run.token for run in runs_here())

    def tables() -> Iterable[str]:
        return (table.id for run in runs_here() for table in run.tables)

    def once() -> Iterable[str]:
        return (run.conversation.once for run in runs_here() if run.conversation.once)

    return {"token": tokens, "agent": agents, "run": runs, "table": tables, "once": once}
