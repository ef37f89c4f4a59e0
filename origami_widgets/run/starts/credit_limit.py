"""`credit_limit=`: cancel runs once their tables have used more credits than that since the runs began.

What the tables have used is looked at after each answer about a run, so a run may use a little more before it ends.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import kept_task
from origami_widgets.run.starts.cancel import cancel
from origami_widgets.run.state import CreditsExceeded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState


class CreditLimitReached(OrigamiError):
    """Runs have used more credits than `credit_limit=` allows, and are cancelled."""


Halt = Callable[[CreditLimitReached], bool]


class CreditLimit:
    """A limit on the credits of one or more runs, together. Background loop only.

    Args:
        limit: the credits that may be used.
        halt: called with the error when more has been used; whether it has kept anything more from being started, or ended.

    Attributes:
        error: what says so; None until then.
    """

    def __init__(self, limit: float, halt: weakref.WeakMethod[Halt] | None = None) -> None:
        self.error: CreditLimitReached | None = None
        self._limit = limit
        self._halt = halt
        self._before: dict[str, float] = {}
        self._used: dict[str, float] = {}
        self._watches: weakref.WeakSet[RunWatch] = weakref.WeakSet()

    async def note_before(self, operations: Operations, table_ids: Iterable[str]) -> None:
        """Read what tables have used before runs begin that work on them: one GET for each, free of charge.

        Where a table cannot be read, what was used before counts from the first answer about the run.
        """
        for table_id in table_ids:
            if table_id not in self._before:
                with contextlib.suppress(OrigamiError):
                    self._before[table_id] = (await operations.get_table(table_id)).credits.lifetime_used or 0

    def set(self, limit: float) -> None:
        """Allow another number of credits from now on."""
        self._limit = limit
        if sum(self._used.values()) <= limit:
            self.error = None

    def guard(self, watch: RunWatch) -> None:
        """Count what a run uses, and cancel it when the limit is reached. An earlier limit of the run ends."""
        if _limits.get(watch) is self:
            return
        _limits[watch] = self
        _active.add(watch)
        self._watches.add(watch)
        # Weak, or the run would hold itself: asked about for ever.
        reference = weakref.ref(watch)

        def look() -> None:
            if (known := reference()) is not None and _limits.get(known) is self:
                self._look(known)

        watch.subscribers.add(look)
        look()

    def _look(self, watch: RunWatch) -> None:
        self._count(watch.state)
        used = sum(self._used.values())
        active = [each for each in self._watches if not each.state.done and _limits.get(each) is self]
        if self.error is None and used > self._limit:
            reached = CreditLimitReached(
                "The credit limit is reached",
                cause=f"Since the start, {used:,.10g} credits were used, and credit_limit is {self._limit:,.10g}.",
                remedy="What was built is kept. To go on, start again with a higher credit_limit, or without one.",
                code="CREDIT_LIMIT",
            )
            halt = None if self._halt is None else self._halt()
            # What is over when it is seen is told nothing, unless more would follow it.
            if (halt is not None and halt(reached)) or active:
                self.error = reached
        if self.error is not None:
            for each in active:
                self._end(each, self.error)
        if watch.state.done or watch.state.connection.state == "stopped":
            _active.discard(watch)

    def _end(self, watch: RunWatch, error: CreditLimitReached) -> None:
        if watch.state.limit_error is None:
            watch.update(CreditsExceeded(error))
            kept_task(_cancel(watch), "origami-widgets credit limit")

    def _count(self, state: RunState) -> None:
        """Note what each table has used since the runs began: of one that is older, since it was first read."""
        began = state.run.started_at if state.run is not None else None
        for table in state.tables:
            used = table.credits.lifetime_used or 0
            is_new = began is None or table.created_at is None or table.created_at >= began
            before = self._before.setdefault(table.id, 0 if is_new else used)
            self._used[table.id] = max(0, used - before)


_active: set[RunWatch] = set()
"""Active runs with a limit. They stay watched even without a handle; otherwise nothing would end them."""
_limits: weakref.WeakKeyDictionary[RunWatch, CreditLimit] = weakref.WeakKeyDictionary()
"""The limit that each run counts towards."""


async def _cancel(watch: RunWatch) -> None:
    # The card tells what went wrong, and it is tried further.
    with contextlib.suppress(OrigamiError):
        await cancel(watch)
