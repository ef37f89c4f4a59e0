"""`CreditLimit` (`credit_limit=`): cancel runs whose tables have used more credits than allowed since the runs began.

The credits are counted after each answer about a run, so a run may use a little more before it ends.
"""

from __future__ import annotations

import contextlib
import functools
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
    """Limit on the credits that one or several runs may use together. Background loop only.

    Args:
        limit: the credits that may be used.
        halt: called with the error when more has been used; returns whether it has stopped anything.

    Attributes:
        error: the error once more has been used; None until then.
    """

    def __init__(self, limit: float, halt: weakref.WeakMethod[Halt] | None = None) -> None:
        self.error: CreditLimitReached | None = None
        self._limit = limit
        self._halt = halt
        self._before: dict[str, float] = {}
        self._used: dict[str, float] = {}

    async def note_before(self, operations: Operations, table_ids: Iterable[str]) -> None:
        """Read what tables have used before the runs that work on them begin: one free GET for each table.

        If a table cannot be read, its use counts from the first answer about the run.
        """
        for table_id in table_ids:
            if table_id not in self._before:
                with contextlib.suppress(OrigamiError):
                    self._before[table_id] = (await operations.get_table(table_id)).credits.lifetime_used or 0

    def set(self, limit: float) -> None:
        """Set another limit from now on."""
        self._limit = limit
        if sum(self._used.values()) <= limit:
            self.error = None

    def guard(self, watch: RunWatch) -> None:
        """Count what a run uses, and cancel it when the limit is reached. An earlier limit of the run ends."""
        if _limits.get(watch) is self:
            return
        _limits[watch] = self
        limited.add(watch)
        # Weak, or the run would hold itself and be polled for ever.
        look = functools.partial(self._look, weakref.ref(watch))
        watch.subscribers.add(look)
        look()

    def _look(self, reference: weakref.ref[RunWatch]) -> None:
        watch = reference()
        if watch is None or _limits.get(watch) is not self:
            return
        self._count(watch.state)
        used = sum(self._used.values())
        active = [each for each, limit in _limits.items() if limit is self and not each.state.done]
        if self.error is None and used > self._limit:
            reached = CreditLimitReached(
                "Credit limit reached",
                cause=f"{used:,.10g} credits were used since the start; credit_limit is {self._limit:,.10g}.",
                remedy="Everything built so far is kept. To continue, start again with a higher credit_limit, or "
                "without one.",
                code="CREDIT_LIMIT",
            )
            halt = None if self._halt is None else self._halt()
            # A run that is already over gets no error, unless more runs would follow it.
            if (halt is not None and halt(reached)) or active:
                self.error = reached
        if self.error is not None:
            for each in active:
                if each.state.limit_error is None:
                    each.update(CreditsExceeded(self.error))
                    kept_task(_cancel(each), "origami-widgets credit limit")
        if watch.state.done or watch.state.connection.state == "stopped":
            limited.discard(watch)

    def _count(self, state: RunState) -> None:
        """Count what each table has used since the runs began, or for an older table, since it was first read."""
        began = state.run.started_at if state.run is not None else None
        for table in state.tables:
            used = table.credits.lifetime_used or 0
            is_new = began is None or table.created_at is None or table.created_at >= began
            before = self._before.setdefault(table.id, 0 if is_new else used)
            self._used[table.id] = max(0, used - before)


limited: set[RunWatch] = set()
"""Active runs with a limit. They stay watched even without a handle, as otherwise nothing would cancel them."""
_limits: weakref.WeakKeyDictionary[RunWatch, CreditLimit] = weakref.WeakKeyDictionary()
"""The limit of each run."""


async def _cancel(watch: RunWatch) -> None:
    # The card says what went wrong, and the request is repeated.
    with contextlib.suppress(OrigamiError):
        await cancel(watch)
