"""`Checks`: the requests of a check, and what their answers change. Each answer comes with the plan for the next check."""

from __future__ import annotations

import contextlib
import functools
import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import OrigamiError, TableNotFound, UnexpectedAnswer
from origami_widgets.api.models import Page, RunObject, Table
from origami_widgets.api.usage import is_counted
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.polling import schedule as plans
from origami_widgets.run.reduce import is_terminal, reduce, wants_table_list
from origami_widgets.run.state import (
    TERMINAL_STATUSES,
    CheckFailed,
    Heard,
    Planned,
    RunRead,
    RunState,
    TableGone,
    TableRead,
    TablesListed,
)
from origami_widgets.run.whose_cells import columns_not_begun

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.clock import SystemClock
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import Event

log = logging.getLogger("origami_widgets")

KNOWN_STATUSES = TERMINAL_STATUSES | {"running"}
END_PATIENCE = 5.0
"""Seconds that the end of a run waits for the table list, if the run's last answer names no tables."""
DATE_RESOLUTION = 2.0
"""Seconds by which two clock offsets may differ for no reason: they come from `Date`, which has whole seconds."""


class Checks:
    """Reads runs, their tables and the table lists of their agents.

    Args:
        clock: the poller's clock.
        allow: waits until the rate limit allows a further request.
    """

    def __init__(self, clock: SystemClock, allow: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._clock, self._allow = clock, allow

    async def check(self, watch: RunWatch) -> None:
        """Send the requests of the check that is due. A failure is noted, and planned for."""
        operations, plan = watch.operations, watch.schedule
        if operations is None or plan is None:  # pragma: no cover - such a watch is never planned
            return
        try:
            if plan.phase == "cells":
                await self._read_filling(watch, operations)
            else:
                await self.read_run(watch, operations, ("stats",))
        except OrigamiError as error:
            self.failed(watch, error)
        except Exception as error:
            # A bug of ours must neither end the checks of a run that costs credits nor repeat them without a pause.
            log.exception("A check of run %s failed", watch.state.run_id)
            self.failed(watch, _not_understood(error))

    async def read_run(
        self, watch: RunWatch, operations: Operations, include: tuple[str, ...], *, renew: bool = False
    ) -> None:
        """Read a run.

        Args:
            watch: the run.
            operations: the API to read it through.
            include: what the answer shall include.
            renew: whether stopped checks start again.

        Raises:
            OrigamiError: the run could not be read; nothing has changed.
        """
        answer = await operations.poll_run(watch.state.agent_id, watch.state.run_id, include=include)
        at = self._clock.time()
        # With an unknown status, the absence of `Retry-After` means the end. One that cannot be read is not absent.
        digest = (answer.digest, "retry-after" in answer.headers)
        offset = None if answer.server_date is None else answer.server_date.timestamp() - at
        if offset is not None and abs(offset - watch.state.clock_offset) < DATE_RESOLUTION:
            # `Date` has whole seconds only: a new value each time would redraw every card for nothing.
            offset = None
        events: tuple[Event, ...] = (Heard(at),)
        read: RunRead | None = None
        # If the server's clock was reset, that is a change even when the answer is the same.
        if digest != watch.response_digest or offset is not None:
            read = RunRead(_run_of(answer.body), at, digest[1], operations.origin, clock_offset=offset)
            events = (read, *await self._list_at_end(watch, operations, read))
        self._note_credits(watch, _tables_named(watch.state.run if read is None else read.run))
        self._show(watch, *events, retry_after=answer.retry_after, renew=renew)
        watch.response_digest = digest

    async def _list_at_end(self, watch: RunWatch, operations: Operations, read: RunRead) -> tuple[TablesListed, ...]:
        """Read the table list of a run whose last answer names no tables: those known so far may be outdated.

        The end is reported together with the tables, or the run would seem to have settled. Waits at most
        `END_PATIENCE`.
        """
        if not (watch.state.done or is_terminal(read.run.status, keep_polling=read.keep_polling)):
            return ()
        state = reduce(watch.state, read)
        if not wants_table_list(state):
            return ()
        try:
            async with time_limit(END_PATIENCE):
                if is_counted.get():
                    await self._allow(operations, low_priority=False)
                return await self.read_list(watch, operations, state)
        except TimeoutError:
            return ()

    async def read_list(self, watch: RunWatch, operations: Operations, state: RunState) -> tuple[TablesListed, ...]:
        """Read the agent's table list. Return () if neither the list nor the run has changed, or if the list cannot be read."""
        retry_after: float | None = None
        listed: tuple[TablesListed, ...] = ()
        failed = False
        if watch.schedule is not None:
            watch.schedule = plans.list_sent(watch.schedule)
        try:
            answer = await operations.poll_agent_tables(state.agent_id, include=("stats",))
            retry_after, heard = answer.retry_after, (answer.digest, watch.response_digest)
            if heard != watch.list_digest or state.done or watch.limit is not None:
                # Where the answers about the run name its tables, the list only says what they have used since.
                is_of_known = not wants_table_list(state)
                tables = Page.of(Table, answer.body).items
                listed = (TablesListed(tables, at=self._clock.time(), is_of_known=is_of_known),)
                watch.list_digest = heard
                self._note_credits(watch, tables)
        except OrigamiError as error:
            failed, retry_after = True, error.retry_after
        except Exception:
            log.exception("The tables of agent %s couldn't be read", state.agent_id)
            failed = True
        if watch.schedule is not None:
            is_empty = not (listed[0].tables if listed else state.tables)
            watch.schedule = plans.on_list(
                watch.schedule,
                retry_after,
                self._clock.monotonic(),
                failed=failed,
                is_empty=is_empty,
                limit_in=_limit_in(watch, functools.reduce(reduce, listed, state)),
            )
        return listed

    async def _read_filling(self, watch: RunWatch, operations: Operations) -> None:
        """Read all filling tables. The last answer is shown together with the plan for the next check."""
        filling = {table.id: table.cells.running for table in watch.state.tables if table.cells.running}
        waits: list[float | None] = []
        events: list[Event] = []
        if not filling:
            # Cells of a column that has never run may begin now.
            filling = {table.id: 0 for table in watch.state.tables}
        if len(filling) > 1 or (watch.limit is not None and len(watch.state.tables) > 1):
            listed, retry_after = await self._read_together(watch, operations)
            events, waits = [listed], [retry_after]
            for table in listed.tables:
                filling.pop(table.id, None)
        # A table that could not be read comes last, so that it does not block the others.
        for table_id in sorted(filling, key=lambda each: (each in watch.failing, -filling[each])):
            if waits:
                watch.update(*events)
                await self._allow(operations, low_priority=False, limit_at=_limit_at(watch))
            watch.failing.add(table_id)
            event, retry_after = await self._read_table(watch, operations, table_id)
            watch.failing.discard(table_id)
            events = [event]
            waits.append(retry_after)
        asked = [wait for wait in waits if wait is not None]
        self._show(watch, *events, retry_after=max(asked, default=None))

    async def _read_together(self, watch: RunWatch, operations: Operations) -> tuple[TablesListed, float | None]:
        """Read all tables of a run by one request, for the agent's table list. It may lag, or not be readable at all."""
        try:
            answer = await operations.poll_agent_tables(watch.state.agent_id, include=("stats",))
        except OrigamiError as error:
            if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                raise
            return TablesListed((), at=self._clock.time(), is_of_known=True), error.retry_after
        tables = Page.of(Table, answer.body).items
        self._note_credits(watch, tables)
        return TablesListed(tables, at=self._clock.time(), is_of_known=True), answer.retry_after

    async def read_tables(self, watch: RunWatch) -> None:
        """Read all tables of a run that has settled. What cannot be read stays as it is."""
        for table in watch.state.tables:
            if watch.operations is not None:
                await self._allow(watch.operations, low_priority=False, limit_at=_limit_at(watch))
                is_counted.set(True)
                with contextlib.suppress(OrigamiError):
                    event, _ = await self._read_table(watch, watch.operations, table.id)
                    watch.update(event)

    async def _read_table(
        self, watch: RunWatch, operations: Operations, table_id: str
    ) -> tuple[TableRead | TableGone, float | None]:
        """Read a table. Return what the answer says, and its `Retry-After`."""
        try:
            answer = await operations.poll_table(table_id, include=("stats",))
        except TableNotFound:
            return TableGone(table_id, at=self._clock.time()), None
        table = Table.from_raw(answer.body)
        self._note_credits(watch, (table,))
        return TableRead(table, at=self._clock.time()), answer.retry_after

    def _note_credits(self, watch: RunWatch, tables: Iterable[Table]) -> None:
        """Tell the credit limit of a run what tables have used that have just been read."""
        if watch.limit is not None:
            watch.limit.note(tables, self._clock.monotonic())

    def _show(self, watch: RunWatch, *events: Event, retry_after: float | None, renew: bool = False) -> None:
        """Apply the events of a successful check together with the plan for the next one: subscribers see one change.

        Args:
            watch: the run.
            events: what the check has found.
            retry_after: seconds to wait, as the server says.
            renew: whether stopped checks start again.
        """
        if retry_after is not None:
            watch.retry_after = plans.clamp(retry_after, fallback=plans.DEFAULT_INTERVAL)

        def plan(state: RunState) -> Planned | None:
            if (before := watch.schedule) is None:
                return None
            now = self._clock.monotonic()
            filling = any(table.cells.running for table in state.tables)
            looks_again = self._looks_again(watch, state, now)
            phase: plans.Phase = "run" if not state.done else "cells" if filling or looks_again else "over"
            has_credits = state.done or bool(_tables_named(state.run))
            limit_in = _limit_in(watch, state)
            result = plans.Checked(phase, retry_after=retry_after, has_credits=has_credits, limit_in=limit_in)
            after = plans.on_result(plans.renew(before, now) if renew else before, result, now)
            if looks_again and watch.quiet is not None:
                after = plans.look_again(after, watch.quiet.due)
            # A check outside the schedule, such as the look before a cancel, leaves the table list to the next one.
            watch.schedule = after if renew else plans.want_list(after, now, wanted=wants_table_list(state))
            looks = None if watch.quiet is None or not state.done else watch.quiet.looks
            return replace(self._planned(watch.schedule), looks=looks)

        watch.update(*events, plan=plan)

    def _looks_again(self, watch: RunWatch, state: RunState, now: float) -> bool:
        """Note a look that has found no cell active. Return whether columns that have never run are worth another one."""
        if not state.done or state.cells_running or not columns_not_begun(state):
            watch.quiet = None
            return False
        before = watch.quiet
        quiet = watch.quiet = (
            plans.Quiet(now, watch.retry_after) if before is None else before.after_look(now, is_active=False)
        )
        return not quiet.is_over

    def want_list(self, watch: RunWatch) -> None:
        """Plan to read the table list of a run, if the answers about the run name no tables."""
        if watch.schedule is not None:
            wanted = wants_table_list(watch.state)
            watch.schedule = plans.want_list(watch.schedule, self._clock.monotonic(), wanted=wanted)

    def failed(self, watch: RunWatch, error: OrigamiError) -> None:
        """After a failed check, plan the next one or stop, depending on the error. Background loop only."""
        if watch.schedule is not None:
            # The error is kept without its frames: they hold the answer and the watch, which would outlive its last handle.
            event = CheckFailed(error.with_traceback(None), at=self._clock.time())
            self.plan(watch, plans.on_result(watch.schedule, error, self._clock.monotonic()), event)

    def hold_off(self, watch: RunWatch, retry_after: float | None) -> None:
        """Check no earlier than the server asked for when a request outside the schedule failed."""
        before = watch.schedule
        if before is not None and (after := plans.hold_off(before, retry_after, self._clock.monotonic())) is not before:
            self.plan(watch, after)

    def plan(self, watch: RunWatch, plan: plans.Schedule, *events: Event) -> None:
        """Set the plan of a run, and show it together with what has led to it."""
        watch.schedule = plan
        watch.update(*events, self._planned(plan))

    def _planned(self, plan: plans.Schedule) -> Planned:
        """Return the event that shows a plan."""
        next_at = None if plan.due is None else self._clock.time() + plan.due - self._clock.monotonic()
        return Planned(next_at, None if plan.due is None else plan.interval, stopped=plan.stopped)


def _tables_named(run: RunObject | None) -> Sequence[Table]:
    return () if run is None or run.response is None else run.response.tables


def _limit_in(watch: RunWatch, state: RunState) -> float | None:
    return None if watch.limit is None else watch.limit.reached_in(state)


def _limit_at(watch: RunWatch) -> float | None:
    return None if watch.schedule is None else watch.schedule.limit_at


def _run_of(body: object) -> RunObject:
    run = RunObject.from_raw(body)
    if not run.id and run.status not in KNOWN_STATUSES:
        raise UnexpectedAnswer(
            "Response isn't about a run",
            cause="It has no run id and no valid status.",
            remedy="We'll keep retrying. If it keeps happening, check that base_url leads to Origami.",
            transient=True,
        )
    return run


def _not_understood(error: Exception) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        "Couldn't read the response",
        cause=f"{type(error).__name__}: {error}",
        remedy="We'll keep retrying. If it keeps happening, please report it: run.raw has the newest response.",
        transient=True,
    )
