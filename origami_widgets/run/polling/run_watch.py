"""`RunWatch`: a watched run with its newest state and schedule. `Subscribers`: callbacks for its changes.

`Checks` sends the requests that read it, and applies each answer together with the plan for the next check. State changes
only on the background loop, so it needs no lock. Any thread may read `state` at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import weakref
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput, OrigamiError, TableNotFound, UnexpectedAnswer
from origami_widgets.api.models.base import Page
from origami_widgets.api.models.run import AgentSummary, RunObject
from origami_widgets.api.models.table import Table, came_from, container_of, with_stats_of
from origami_widgets.api.usage import is_counted
from origami_widgets.host.runtime import SystemClock, time_limit
from origami_widgets.run.own_cells import columns_not_begun
from origami_widgets.run.polling import schedule as plans
from origami_widgets.run.polling.schedule import COMMON_INTERVAL, DEFAULT_INTERVAL, LIMITED_INTERVAL, NEVER, Quiet
from origami_widgets.run.reduce import (
    Changed,
    CheckFailed,
    Event,
    Heard,
    Planned,
    RunRead,
    TableGone,
    TablesListed,
    TablesRead,
    is_during,
    is_terminal,
    reduce,
    wants_table_list,
)
from origami_widgets.run.state import TERMINAL_STATUSES, RunState
from origami_widgets.words.foreign_text import described

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.responses import ApiResponse

    TablesAnswer = tuple[ApiResponse, tuple[Table, ...]]


END_PATIENCE = 5.0
"""Seconds that the end of a run waits for the table list, if the run's last answer names no tables."""
DATE_RESOLUTION = 2.0
"""Seconds by which two clock offsets may differ for no reason: they come from `Date`, which has whole seconds."""
TOGETHER = 4
"""So many runs with a credit limit are read by one reading of all tables, which has at most one page for each of them."""
ALONE_FOR = 60.0
"""Seconds for which each is read by itself after such a reading has failed, or had too many pages."""
OTHER_OBJECTS = ("agent", "table", "column", "row", "list", "account", "credits", "workspace")
log = logging.getLogger("origami_widgets")
log.addHandler(logging.NullHandler())


class Subscribers:
    """Callbacks, called one after the other on the background loop's thread."""

    def __init__(self) -> None:
        self._callbacks: dict[object, tuple[Callable[[], object], bool]] = {}
        self._others: weakref.WeakSet[Subscribers] = weakref.WeakSet()

    def add(self, callback: Callable[[], object], *, of_user: bool = False) -> Callable[[], None]:
        """Add a callback.

        Args:
            callback: what to call.
            of_user: whether it is a user's function. Those may block, so they are called on the callback thread.

        Returns:
            A function that ends the subscription; it may be called twice.
        """
        key = object()
        self._callbacks[key] = (callback, of_user)
        return lambda: self._callbacks.pop(key, None) and None

    def relay_to(self, other: Subscribers) -> None:
        """Notify the subscribers of `other` as well, as long as `other` exists."""
        self._others.add(other)

    def __len__(self) -> int:
        return len(self._callbacks)

    def notify(self) -> None:
        """Call all callbacks. A callback that raises is not called again.

        No callback can end the watch of a run that costs credits, not even with `sys.exit`. Nothing is printed, because
        text from this thread would land in whichever cell is running.
        """
        for key, (callback, of_user) in tuple(self._callbacks.items()):
            if not of_user:
                self._call(key)
            else:
                # Under its own name, which is said if it takes long.
                background().notify(functools.wraps(callback)(functools.partial(self._call)), key, key)
        for other in tuple(self._others):
            other.notify()

    def _call(self, key: object) -> None:
        # It may have been removed while it waited for its turn.
        callback, _ = self._callbacks.get(key, (None, False))
        try:
            if callback is not None:
                callback()
        except BaseException:
            self._callbacks.pop(key, None)
            log.exception("A callback raised and was removed")


runs_ended = Subscribers()
"""Notified each time that a run of this process has ended, and so may have left a run slot free."""


class Limit(Protocol):
    """Credit limit, as far as the plan of the next check depends on it."""

    def note(self, tables: Iterable[Table], now: float) -> None:
        """Note what tables that have just been read have used."""

    def reached_in(self, state: RunState) -> float | None:
        """Return the seconds until it is reached at the present rate; None if no rate is known."""


class RunWatch:
    """Watched run, shared by all its handles and cards.

    Args:
        operations: the API to read the run through; None for a saved answer, which is never read again.
        state: the initial state.

    Attributes:
        schedule: when to check.
        response_digest: digest of the newest answer about the run, to see whether the next one differs.
        list_digest: digests of the newest table list and of the run's newest answer at that time.
        reading: what is being read: `run`, also if only its tables are; `list` for the agent's table list.
        hurried: whether the user waits for the next check.
        stop_waiting: event that takes a follow-up out of the queue for a run slot; None while none is queued.
        cancelling: the task that asks the server to cancel the run; None before a cancel.
        cell_stop: what stops the cells of the run, while it does; else None.
        quiet: the looks at whether cells begin after the end; None before it.
        retry_after: seconds between checks, as the server said last; the default interval before it did.
        limits: the run's credit limits by kind; with one, its checks come first and never end.
    """

    def __init__(self, operations: Operations | None, state: RunState) -> None:
        self.operations = operations
        self.state = state
        self.schedule = NEVER
        self.reading: set[str] = set()
        self.hurried = False
        self.failing: set[str] = set()
        self.response_digest: tuple[bytes, bool] | None = None
        self.list_digest: tuple[bytes, tuple[bytes, bool] | None] | None = None
        self.stop_waiting: asyncio.Event | None = None
        self.cancelling: asyncio.Task[OrigamiError | None] | None = None
        self.cell_stop: object = None
        self.quiet: Quiet | None = None
        self.retry_after = DEFAULT_INTERVAL
        self.limits: dict[str, Limit] = {}
        self.subscribers = Subscribers()

    def update(self, *events: Event) -> None:
        """Apply events in order and call the subscribers once, if anything changed. Background loop only."""
        before = self.state
        state = functools.reduce(reduce, events, before)
        if state.tables is not before.tables and self.operations is not None:
            came_from(self.operations, state.tables)
        # Set once, because another thread may read the state at any moment and must not see only some of the events.
        self.state = state
        if state is not before:
            if state.done and not before.done:
                runs_ended.notify()
            self.subscribers.notify()

    def note_credits(self, tables: Iterable[Table], now: float) -> None:
        """Tell the credit limits of the run what tables have used that have just been read."""
        for limit in self.limits.values():
            limit.note(tables, now)

    def limit_in(self, state: RunState) -> float | None:
        """Return the seconds until a credit limit is reached at the present rate; None if there is none, or no rate."""
        found = (limit.reached_in(state) for limit in self.limits.values())
        return min((each for each in found if each is not None), default=None)

    def connected(self) -> Operations:
        """Return the API that the run is read through.

        Raises:
            InvalidInput: the run was made from a saved answer.
        """
        if self.operations is None:
            raise InvalidInput(
                "This run is a saved response",
                cause="It was made from a payload and has no connection to Origami.",
                remedy=f'Attach it first: ow.attach("{self.state.agent_id}/{self.state.run_id}").',
            )
        return self.operations


class Checks:
    """Reads runs, their tables and the table lists of their agents.

    Args:
        clock: the poller's clock.
        allow: waits until the rate limit allows a further request.
        watched: returns all watched runs: one answer with an agent's tables serves all of its turns.
    """

    def __init__(
        self,
        clock: SystemClock,
        allow: Callable[..., Coroutine[Any, Any, None]],
        watched: Callable[[], Iterable[RunWatch]],
    ) -> None:
        self._clock, self._allow, self._watched = clock, allow, watched
        # Until when runs are read by themselves, by the identity of their client.
        self._alone_until: dict[Hashable, float] = {}

    async def check(self, watch: RunWatch) -> None:
        """Send the requests of the check that is due. A failure is noted, and planned for."""
        try:
            await (self._read_filling(watch) if watch.schedule.phase == "cells" else self.read_run(watch))
        except OrigamiError as error:
            self.failed(watch, error)
        except Exception as error:
            # A bug of ours must neither end the checks of a run that costs credits nor repeat them without a pause.
            log.exception("A check of run %s failed", watch.state.run_id)
            self.failed(watch, _not_understood(error))

    async def read_run(self, watch: RunWatch, include: tuple[str, ...] = ("stats",), *, renew: bool = False) -> None:
        """Read a run.

        Args:
            watch: the run.
            include: what the answer shall include.
            renew: whether stopped checks start again.

        Raises:
            OrigamiError: the run could not be read; nothing has changed.
        """
        operations = watch.connected()
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
            events = (read, *await self._list_at_end(watch, read))
        watch.note_credits(_tables_named(watch.state.run if read is None else read.run), self._clock.monotonic())
        self._show(watch, *events, retry_after=answer.retry_after, renew=renew)
        watch.response_digest = digest

    async def _list_at_end(self, watch: RunWatch, read: RunRead) -> tuple[TablesListed | TablesRead, ...]:
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
                    await self._allow(watch.connected(), low_priority=False)
                return await self.read_list(watch, state)
        except TimeoutError:
            return ()

    async def read_list(self, watch: RunWatch, state: RunState) -> tuple[TablesListed | TablesRead, ...]:
        """Read the agent's table list. Return () if neither the list nor the run has changed, or if the list cannot be read."""
        retry_after: float | None = None
        listed: tuple[TablesListed | TablesRead, ...] = ()
        failed = False
        watch.schedule = replace(watch.schedule, list_due=None)
        try:
            answer, tables = await self._read_tables_together(watch, at_end=state.done)
            retry_after, heard = answer.retry_after, (answer.digest, watch.response_digest)
            if heard != watch.list_digest or state.done or watch.limits:
                # Where the answers about the run name its tables, the list only says what they have used since.
                listing = TablesListed if wants_table_list(state) else TablesRead
                listed = (listing(tables, at=self._clock.time()),)
                watch.list_digest = heard
        except OrigamiError as error:
            failed, retry_after = True, error.retry_after
        except Exception:
            failed = True
            log.exception("The tables of agent %s couldn't be read", state.agent_id)
        watch.schedule = plans.on_list(
            watch.schedule,
            retry_after,
            self._clock.monotonic(),
            failed=failed,
            is_empty=not (listed[0].tables if listed else state.tables),
            limit_in=watch.limit_in(functools.reduce(reduce, listed, state)),
        )
        return listed

    async def _read_filling(self, watch: RunWatch) -> None:
        """Read all filling tables. The last answer is shown together with the plan for the next check."""
        tables = watch.state.tables
        # If no cell is active, those of a column that has never run may begin now.
        filling = {table.id: table.cells.running for table in tables if table.cells.running}
        filling = filling or dict.fromkeys((table.id for table in tables), 0)
        waits: list[float | None] = []
        events: list[Event] = []
        is_several = len(filling) > 1 or (watch.limits and len(tables) > 1)
        if is_several or self._limited_with(watch) or self._filling_turns(watch):
            # The agent's table list may lag, or not be readable at all.
            try:
                answer, listed = await self._read_tables_together(watch)
                events, waits = [TablesRead(listed, at=self._clock.time())], [answer.retry_after]
                for table in listed:
                    filling.pop(table.id, None)
            except OrigamiError as error:
                if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                    raise
                waits = [error.retry_after]
        # A table that could not be read comes last, so that it does not block the others.
        for table_id in sorted(filling, key=lambda each: (each in watch.failing, -filling[each])):
            if waits:
                watch.update(*events)
                await self._allow(watch.connected(), low_priority=False, limit_at=watch.schedule.limit_at)
            watch.failing.add(table_id)
            try:
                event, retry_after = await self._read_table(watch, table_id)
            except OrigamiError as error:
                # The next check begins with the list, which may have said more.
                said = [wait for wait in (*waits, error.retry_after) if wait is not None]
                error.retry_after = max(said, default=None)
                raise
            watch.failing.discard(table_id)
            events = [event]
            waits.append(retry_after)
        asked = [wait for wait in waits if wait is not None]
        self._show(watch, *events, retry_after=max(asked, default=None))

    async def _read_tables_together(self, watch: RunWatch, *, at_end: bool = False) -> TablesAnswer:
        """Read the agent's table list, also for other turns of the agent whose cells fill, which need not read it then.

        With many limited runs, all tables are read for all of them instead, but not for the last word about a run.
        """
        together = () if at_end else self._limited_with(watch)
        if together and (found := await self._read_all_tables(watch, together)) is not None:
            return found
        if together:
            await self._allow(watch.connected(), low_priority=False, limit_at=watch.schedule.limit_at)
        answer = await watch.connected().poll_agent_tables(watch.state.agent_id, include=("stats",))
        tables = Page.of(Table, answer.body).items
        watch.note_credits(tables, self._clock.monotonic())
        listed = {table.id for table in tables}
        for other in self._filling_turns(watch):
            if listed.issuperset(table.id for table in other.state.tables if table.cells.running):
                self._show(other, TablesRead(tables, at=self._clock.time()), retry_after=answer.retry_after)
                other.schedule = plans.give_way(other.schedule)
        return answer, tables

    async def _read_all_tables(self, watch: RunWatch, together: Sequence[RunWatch]) -> TablesAnswer | None:
        """Read all tables for limited runs, which need not be read then; None if a run has to be read by itself."""
        operations, cursor, read = watch.connected(), None, list[Table]()
        # None of them begins another reading meanwhile.
        held = [each for each in together if not each.reading]
        for each in held:
            each.reading.add("list")
        try:
            for page in range(1, len(together) + 1):
                if page > 1:
                    await self._allow(operations, low_priority=False, limit_at=watch.schedule.limit_at)
                answer = await operations.poll_tables(cursor)
                listed = Page.of(Table, answer.body)
                read += listed.items
                if (cursor := listed.next_cursor) is None:
                    own = self._share(watch, together, read, least=min(page * COMMON_INTERVAL, LIMITED_INTERVAL))
                    return None if own is None else (answer, own)
        except OrigamiError as error:
            if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                raise
        finally:
            for each in held:
                each.reading.discard("list")
        # Tables that can't be listed now, or are too many, would be asked for in vain each time.
        self._alone_until[operations.identity] = self._clock.monotonic() + ALONE_FOR
        return None

    def _share(
        self, watch: RunWatch, together: Sequence[RunWatch], read: Sequence[Table], *, least: float
    ) -> tuple[Table, ...] | None:
        """Apply a reading of all tables to limited runs. Return what it says of one of them; None if not enough."""
        now, found = self._clock.monotonic(), None
        agents = {each.state.agent_id.lower() for each in self._watched()}
        known = {table.id: table for each in self._watched() for table in each.state.all_tables}
        tables = [with_stats_of(table, known.get(table.id)) for table in read]
        # Whose these are, only the list of their agent tells.
        unknown = [table.created_at for table in tables if table.id not in known and container_of(table) not in agents]
        for each in together:
            state, ids = each.state, {table.id for table in each.state.tables}
            own = tuple(table for table in tables if table.id in ids or container_of(table) == state.agent_id.lower())
            each.note_credits(own, now)
            is_missing = not ids.issubset({table.id for table in own})
            is_at_rest = state.done and not any(table.cells.running for table in own)
            if is_missing or is_at_rest or any(is_during(state.run, made) for made in unknown):
                each.schedule = replace(each.schedule, limited_interval=LIMITED_INTERVAL)
                continue
            each.schedule = replace(each.schedule, limited_interval=least)
            if each is watch:
                found = own
            elif each.schedule.phase == "cells":
                self._show(each, TablesRead(own, at=self._clock.time()), retry_after=None)
            else:
                listing = TablesListed if wants_table_list(state) else TablesRead
                each.update(listing(own, at=self._clock.time()))
                each.schedule = plans.on_list(each.schedule, None, now, limit_in=each.limit_in(each.state))
        return found

    def _limited_with(self, watch: RunWatch) -> list[RunWatch]:
        """Return the limited runs that are read together with one, and itself; [] if it is read by itself."""
        identity = watch.connected().identity
        if not watch.limits or self._clock.monotonic() < self._alone_until.get(identity, 0.0):
            return []
        limited = (each for each in self._watched() if each.limits and each.schedule.due is not None)
        found = [each for each in limited if each.connected().identity == identity]
        return found if len(found) >= TOGETHER else []

    def _filling_turns(self, watch: RunWatch) -> list[RunWatch]:
        """Return the other turns of a run's agent that are over and checked, as their cells fill.

        Not those with a credit limit: they read in a rhythm of their own, as what is used between two readings is overshot.
        """
        agent = (watch.connected().identity, watch.state.agent_id.lower())
        return [
            each
            for each in self._watched()
            if each is not watch
            and each.schedule.phase == "cells"
            and each.schedule.due is not None
            and not each.limits
            if each.operations is not None and (each.operations.identity, each.state.agent_id.lower()) == agent
        ]

    async def read_tables(self, watch: RunWatch) -> None:
        """Read all tables of a run that has settled. What cannot be read stays as it is."""
        for table in watch.state.tables:
            await self._allow(watch.connected(), low_priority=False, limit_at=watch.schedule.limit_at)
            is_counted.set(True)
            with contextlib.suppress(OrigamiError):
                event, retry_after = await self._read_table(watch, table.id)
                # Cells that have begun are checked again.
                self._show(watch, event, retry_after=retry_after)

    async def _read_table(self, watch: RunWatch, table_id: str) -> tuple[TablesRead | TableGone, float | None]:
        """Read a table. Return what the answer says, and its `Retry-After`."""
        try:
            answer = await watch.connected().poll_table(table_id, include=("stats",))
        except TableNotFound:
            return TableGone(table_id, at=self._clock.time()), None
        table = Table.from_raw(answer.body)
        watch.note_credits((table,), self._clock.monotonic())
        return TablesRead((table,), at=self._clock.time()), answer.retry_after

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

        before, now, state = watch.schedule, self._clock.monotonic(), functools.reduce(reduce, events, watch.state)
        quiet: Quiet | None = None
        if state.done and not state.cells_running and columns_not_begun(state):
            # Cells of a column that has never run may begin.
            looked = watch.quiet
            quiet = looked.after_look(now, is_active=False) if looked else Quiet(now, watch.retry_after)
        watch.quiet = quiet
        looks_again = quiet is not None and not quiet.is_over
        phase: plans.Phase = "run" if not state.done else "cells" if state.cells_running or looks_again else "over"
        has_credits = state.done or bool(_tables_named(state.run))
        result = plans.Checked(phase, retry_after, has_credits, watch.limit_in(state))
        after = plans.on_result(plans.renew(before, now) if renew else before, result, now)
        if quiet is not None and looks_again and after.due is not None:
            after = replace(after, due=min(quiet.due, after.deadline))
        # A check outside the schedule, such as the look before a cancel, leaves the table list to the next one.
        watch.schedule = after if renew else plans.want_list(after, now, wanted=wants_table_list(state))
        watch.update(*events, replace(self._planned(watch.schedule), looks=None if quiet is None else quiet.looks))

    def failed(self, watch: RunWatch, error: OrigamiError) -> None:
        """After a failed check, plan the next one or stop, depending on the error. Background loop only."""
        # The error is kept without its frames: they hold the answer and the watch, which would outlive its last handle.
        event = CheckFailed(error.with_traceback(None), at=self._clock.time())
        self.plan(watch, plans.on_result(watch.schedule, error, self._clock.monotonic()), event)

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


def _run_of(body: object) -> RunObject:
    run = RunObject.from_raw(body)
    if not run.id and run.status not in (*TERMINAL_STATUSES, "running"):
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


def watch_of_saved(payload: object) -> RunWatch:
    """Make the watch of a saved answer. Such a watch never sends anything.

    Args:
        payload: a run object, or an answer that has one under `run`.

    Raises:
        InvalidInput: `payload` is not a run object.
    """
    inner = payload.get("run", payload) if isinstance(payload, dict) else payload
    agent = payload.get("agent") if isinstance(payload, dict) else None
    # If `object` is missing, or unknown to this version, it may still be a run.
    is_other = isinstance(inner, dict) and inner.get("object") in OTHER_OBJECTS
    if not isinstance(inner, dict) or not isinstance(inner.get("id"), str) or is_other:
        raise InvalidInput(
            "Invalid run",
            cause=f"Expected a run object with an `id`, got {described(payload)}.",
            remedy="Pass the JSON object from run.raw, or the response of GET /agents/{id}/runs/{runId}.",
        )
    run = RunObject.from_raw(inner)
    watch = RunWatch(None, RunState(agent_id=run.agent_id, run_id=run.id))
    name = AgentSummary.from_raw(agent).name
    watch.update(RunRead(run, at=SystemClock().time()), Planned(None, None), Changed(agent_name=name))
    # A saved answer does not say when it was read, and the server has not answered now.
    watch.state = replace(watch.state, connection=replace(watch.state.connection, heard_at=None))
    return watch
