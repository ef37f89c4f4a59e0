"""End a run: cancel its agent, and stop its cells until none is active.

The API cancels by agent, and an agent has at most one active run. The run is read first, so that a newer run of the
same agent, started elsewhere, is never cancelled in its place. The status `cancelled` comes from the server, with a
later check. The API says nothing of what a cancelled agent's cells do, and cells cost credits: they are stopped by a
request for each table. See `whose_cells.py` for which cells these are.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import weakref
from typing import TYPE_CHECKING

from origami_widgets.api.background.loop import is_under_way, kept_task
from origami_widgets.api.errors import NotFound, OrigamiError, RunNotFound, TableNotFound, UnexpectedAnswer
from origami_widgets.api.models import CancelledCells, Page, Table
from origami_widgets.host.runtime import time_limit
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import DEADLINE, FORGIVEN_404, clamp
from origami_widgets.run.reduce import named_tables
from origami_widgets.run.state import (
    CancelDelayed,
    CancelRequested,
    CommandFailed,
    RunRead,
    StopChanged,
    StoppedCells,
    newer,
)
from origami_widgets.run.whose_cells import StopTarget, attribute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from origami_widgets.api.models import RunSummary
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.usage import Traffic
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState

log = logging.getLogger("origami_widgets")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE = 20.0
"""Seconds after which `CancelPending` is raised. The requests are still repeated."""
FIRST_ANSWER = 3.0
"""Seconds that stopping cells waits for the agent's cancel: cells are what costs most, and go on meanwhile."""
LIST_PATIENCE = 5.0
"""Seconds that a stop waits for the agent's table list before it stops the tables that it knows."""
ELSEWHERE_PATIENCE = 5.0
"""Seconds that the first stop waits to learn on which tables runs of other kernels work."""
MOST_RUNS_ELSEWHERE = 20
"""Active runs of other agents that are read to see on which tables they work."""


class CancelPending(OrigamiError):
    """The cancel request has not reached the server yet; it is still being repeated."""


async def cancel(
    watch: RunWatch, *, cells: bool = True, own: Iterable[Conversation] = (), settled: bool = False
) -> None:
    """Ask the server to cancel a run and to stop its cells, and repeat the requests while it cannot be reached.

    Returns when the first requests were accepted. Cells are then stopped again until the run is over and none of them
    is active, since an agent that is ending may still start some. After `PATIENCE` seconds without success, this raises
    and the card says so; the requests go on. Sends nothing if the run has settled.

    Args:
        watch: the run.
        cells: whether to stop cells, too. If the run is over, that is all there is to stop.
        own: further conversations that are being stopped with this one, such as those of a batch.
        settled: stop what is active although the run has settled: its lead sources may be.

    Raises:
        CancelPending: a request has not reached the server yet.
        OrigamiError: the server refused; the run or its cells go on.
    """
    # Kept, because an interrupt ends only the waiting here: the cells are stopped all the same.
    begun = kept_task(
        _begin(watch, watch.connected(), own, cells=cells, settled=settled), "origami-widgets begin to cancel"
    )
    await asyncio.wait((begun,))
    await _heard(watch, begun.result())


async def _begin(
    watch: RunWatch, operations: Operations, own: Iterable[Conversation], *, cells: bool, settled: bool
) -> list[asyncio.Future[OrigamiError | None]]:
    """Send the first requests. Return what is set when they were accepted, or to the error if one was refused."""
    waits: list[asyncio.Future[OrigamiError | None]] = []
    if not watch.state.done:
        heard = watch.cancelling
        # A task whose loop has ended, or that the parent process left behind by a fork, sends nothing any more.
        if heard is None or not is_under_way(heard):
            heard = watch.cancelling = kept_task(_until_heard(watch, operations), "origami-widgets cancel")
        await asyncio.wait((heard,), timeout=FIRST_ANSWER)
        waits.append(heard)
        if heard.done() and heard.result() is not None:
            return waits
    if cells and (settled or not watch.state.settled):
        waits.append(_stop_of(watch, operations, own).ask())
    return waits


async def stop_cells(watch: RunWatch, tables: Collection[str] | None = None) -> StoppedCells:
    """Stop the cells of a run's conversation, or of whole tables. The agent is not cancelled.

    Returns when the requests were accepted. If the run is over, cells are stopped again until none is active.

    Args:
        watch: the run.
        tables: ids of tables to stop whole, with what others have started there; None for the conversation's cells.

    Returns:
        What was stopped, and what was left running.

    Raises:
        CancelPending: a request has not reached the server yet.
        TableNotFound: there is no such table for this key and project.
        OrigamiError: the server refused; the cells go on.
    """
    operations = watch.connected()
    if tables is None and watch.state.settled:
        return watch.state.stopped or StoppedCells()
    whole = None if tables is None else [await operations.get_table(each, include=()) for each in tables]
    stop = _stop_of(watch, operations, ())
    await _heard(watch, [stop.ask(whole)])
    return stop.stopped


async def has_active_work(watch: RunWatch) -> bool:
    """Return whether cells or lead sources of a run's own tables are active: one free dry run for each table.

    If that cannot be read now, they count as active; if it is refused, as not.
    """
    operations, conversation = watch.connected(), conversation_of(watch)
    tables = [table for state in conversation.states for table in state.tables]
    for target in attribute(conversation.states, _merged((), tables)).targets:
        try:
            found = await operations.active_cells(target.table_id, columns=target.columns, once=True)
        except OrigamiError as error:
            if error.transient:
                return True
        else:
            if found.cells or found.lead_source_jobs:
                return True
    return False


async def _heard(watch: RunWatch, waits: Collection[asyncio.Future[OrigamiError | None]]) -> None:
    if not waits:
        return
    done, pending = await asyncio.wait(waits, timeout=PATIENCE)
    for each in done:
        if (refused := each.result()) is not None:
            raise refused
    if pending:
        error = watch.state.cancel_error or watch.state.stop_error
        raise CancelPending(
            f"Origami hasn't received the {'stop' if watch.state.done else 'cancel'} yet",
            cause=f"{error.title}. {error.cause}" if error is not None else "It hasn't responded.",
            remedy="We'll keep retrying until Origami confirms or nothing is running any more. The card shows when it "
            "does.",
            code="CANCEL_PENDING",
        )


async def _until_heard(watch: RunWatch, operations: Operations) -> OrigamiError | None:
    """Repeat the request until it succeeds or the run is over. Return the error that ended the attempts, else None."""
    clock, never = poller().clock, asyncio.Event()
    began, pause = clock.monotonic(), FIRST_PAUSE
    watch.update(CancelRequested())
    while not _is_done(watch):
        try:
            await poller().check(watch)
            answer = None if _is_done(watch) else await operations.cancel(watch.state.agent_id, once=True)
        except OrigamiError as error:
            early = isinstance(error, RunNotFound) and clock.monotonic() - began < FORGIVEN_404
            if not (error.transient or early) or clock.monotonic() - began > DEADLINE:
                # A copy, because the raised error carries frames that hold the watch.
                watch.update(CommandFailed(copy.copy(error), cancel=True))
                return error.with_traceback(None)
            watch.update(CancelDelayed(copy.copy(error)))
            await clock.sleep(max(pause, clamp(error.retry_after, fallback=0.0)), never)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            if answer is not None and answer.id == watch.state.run_id:
                # Answers to a POST have no `Retry-After`. Here its absence must not make an unknown status final.
                watch.update(RunRead(answer, at=poller().clock.time(), keep_polling=True))
                if _is_done(watch):
                    poller().hurry(watch)
            watch.update(CancelRequested())
            break
    return None


def _is_done(watch: RunWatch) -> bool:
    # A function, because the type checker assumes that an attribute does not change between two reads.
    return watch.state.done


def _stop_of(watch: RunWatch, operations: Operations, own: Iterable[Conversation]) -> CellStop:
    """Return the stop of a run's cells that is under way, or a new one."""
    stop = watch.cell_stop
    if not isinstance(stop, CellStop) or not is_under_way(stop.task):
        stop = watch.cell_stop = CellStop(watch, operations)
    stop.own.update(own)
    return stop


class CellStop:
    """Requests that stop the cells of a conversation, in rounds, until none is active. Background loop only.

    Args:
        watch: the run that was asked to stop; its state shows what becomes of it.
        operations: the API.

    Attributes:
        own: conversations whose runs do not count as others that work on a table.
        stopped: what was stopped so far.
        task: the task that sends the requests.
    """

    def __init__(self, watch: RunWatch, operations: Operations) -> None:
        conversation = conversation_of(watch)
        self.own: set[Conversation] = {conversation}
        self.stopped = StoppedCells()
        self.task: asyncio.Task[None] | None = None
        self._watch, self._operations, self._conversation = watch, operations, conversation
        self._whole: dict[str, Table] = {}
        self._stops_own = False
        self._refused: dict[str, OrigamiError] = {}
        self._elsewhere: frozenset[str] | None = None
        self._asked: list[asyncio.Future[OrigamiError | None]] = []
        self._wake = asyncio.Event()
        self._heard: object = None

    def ask(self, whole: Iterable[Table] | None = None) -> asyncio.Future[OrigamiError | None]:
        """Begin a round, or another one, for some tables or, with None, for the conversation's cells.

        The future is set when a round was accepted, to an error if it was refused.
        """
        self._stops_own |= whole is None
        self._refused.clear()
        self._whole.update((table.id.lower(), table) for table in whole or ())
        accepted: asyncio.Future[OrigamiError | None] = asyncio.get_running_loop().create_future()
        self._asked.append(accepted)
        self._wake.set()
        if self.task is None:
            self.task = kept_task(self._until_none_is_active(), "origami-widgets stop cells")
        return accepted

    async def _until_none_is_active(self) -> None:
        unsubscribe = self._watch.subscribers.add(self._wake_at_news)
        self._watch.update(StopChanged("requested"))
        error: OrigamiError | None = None
        try:
            error = await self._rounds()
        except Exception as bug:
            # Callers must not take the end of this task for an accepted request.
            log.exception("Cells couldn't be stopped")
            error = UnexpectedAnswer(
                "Couldn't stop the cells",
                cause=f"{type(bug).__name__}: {bug}",
                remedy="Try again. If it keeps happening, please report it.",
            )
        finally:
            unsubscribe()
            self._answer(error, tuple(self._asked))
            # The watch is held by this object, and must not hold it in turn.
            self._watch.cell_stop = None
            self._watch.update(StopChanged("none", self.stopped, copy.copy(error)))
            poller().hurry(self._watch)

    async def _rounds(self) -> OrigamiError | None:
        """Stop again until nothing is active. Return the error that ended the attempts, else None."""
        clock = poller().clock
        began, pause = clock.monotonic(), FIRST_PAUSE
        while True:
            self._wake.clear()
            self._heard = _news(self._watch.state)
            asked = tuple(self._asked)
            error, is_over = await self._round()
            if error is None or not _may_pass(error):
                self._answer(error, asked)
            if is_over and error is None and not self._asked:
                # Until they are read again, the counts are those from before the stop, and the card would offer it again.
                with contextlib.suppress(OrigamiError):
                    await poller().check(self._watch)
            if (is_over and not self._asked) or clock.monotonic() - began > DEADLINE:
                return error or next(iter(self._refused.values()), None)
            # A copy, because an error that was raised carries frames.
            self._watch.update(StopChanged("requested", self.stopped, copy.copy(error)))
            if error is not None:
                await clock.sleep(max(pause, clamp(error.retry_after, fallback=0.0)), asyncio.Event())
            else:
                # While the poller checks, nothing is worth another request before its next answer.
                is_checked = self._watch.state.connection.state in ("live", "reconnecting")
                await clock.sleep(None if is_checked and not self._watch.state.settled else pause, self._wake)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _answer(self, error: OrigamiError | None, asked: Iterable[asyncio.Future[OrigamiError | None]]) -> None:
        """Set the futures of those who asked before a round began: it was accepted, or refused with the error."""
        for accepted in asked:
            self._asked.remove(accepted)
            if not accepted.done():
                accepted.set_result(error)

    def _wake_at_news(self) -> None:
        if _news(self._watch.state) != self._heard:
            self._wake.set()

    async def _round(self) -> tuple[OrigamiError | None, bool]:
        """Stop what is active. Return the first error, and whether the run is over and nothing of it is active.

        A run that was asked to stop its cells but not its agent gets one round: the agent goes on starting cells.
        """
        is_done, goes_on = self._watch.state.done, self._watch.state.cancel != "requested"
        errors: list[OrigamiError] = []
        tables, is_listed = self._known_tables(), not (is_done and self._stops_own)
        if self._stops_own and (is_done or not tables):
            # Answers about a run may leave out tables that it made.
            try:
                async with time_limit(LIST_PATIENCE):
                    answer = await self._operations.poll_agent_tables(self._watch.state.agent_id)
                tables, is_listed = _merged(tables, Page.of(Table, answer.body).items), True
            except TimeoutError:
                is_listed = False
            except OrigamiError as error:
                errors.append(copy.copy(error).with_traceback(None))
                is_listed = not _may_pass(error)
        attribution = attribute(
            self._conversation.states if self._stops_own else (),
            tables,
            in_use=await self._in_use(tables) if self._stops_own else (),
            whole=self._whole.keys(),
            columns_before=self._conversation.columns_before,
        )
        # All at once, as each may have to wait for an answer while the others' cells cost credits.
        targets = [target for target in attribution.targets if target.table_id not in self._refused]
        ends = await asyncio.gather(*(self._stop(target, is_done=is_done) for target in targets))
        errors += [end for end in ends if isinstance(end, OrigamiError)]
        # Asking again would not help there; elsewhere, cells may still be started.
        refused = {
            target.table_id: end
            for target, end in zip(targets, ends, strict=True)
            if isinstance(end, OrigamiError) and not _may_pass(end)
        }
        self._refused |= refused
        counts = [end for end in ends if not isinstance(end, OrigamiError)]
        cells, jobs = (
            sum(count.cells or 0 for _, count in counts),
            sum(count.lead_source_jobs or 0 for _, count in counts),
        )
        so_far = self.stopped
        self.stopped = StoppedCells(so_far.cells + cells, so_far.lead_source_jobs + jobs, attribution.left_running)
        if is_done and (cells or jobs):
            poller().hurry(self._watch)
        # An error that will not go away counts before one that may.
        errors.sort(key=_may_pass)
        is_active = any(active for active, _ in counts) or not is_listed or any(map(_may_pass, errors))
        ends_here = is_done or goes_on or (bool(refused) and len(refused) == len(targets))
        return (errors[0] if errors else None), not is_active and ends_here

    async def _stop(self, target: StopTarget, *, is_done: bool) -> tuple[int, CancelledCells] | OrigamiError:
        """Stop the cells of a table, if any are active. Return how many were, and what was stopped; or the error.

        While the agent works they are not counted first: it may start more at any moment.
        """
        active = 0
        try:
            if is_done:
                found = await self._operations.active_cells(target.table_id, columns=target.columns, once=True)
                # An answer without counts does not say that nothing is active.
                active = 1 if found.cells is None else found.cells + (found.lead_source_jobs or 0)
            if is_done and not active:
                return 0, CancelledCells()
            return active, await self._operations.cancel_cells(target.table_id, columns=target.columns, once=True)
        except OrigamiError as error:
            if isinstance(error, TableNotFound) and await self._is_gone(target):
                return 0, CancelledCells()
            return copy.copy(error).with_traceback(None)

    async def _is_gone(self, target: StopTarget) -> bool:
        """Return whether a table was deleted. A 404 to a stop alone does not say so: the table may be new."""
        try:
            await self._operations.get_table(target.table_id, include=())
        except TableNotFound:
            return True
        except OrigamiError:
            pass
        return False

    def _known_tables(self) -> list[Table]:
        """Return the newest objects of the tables to stop: those that the user has named, and the conversation's."""
        states = self._conversation.states if self._stops_own else ()
        return _merged(self._whole.values(), (table for state in states for table in state.tables))

    async def _in_use(self, tables: Collection[Table]) -> Collection[str]:
        """Return the ids of tables on which other live runs work, in lower case. Runs of other kernels are read once."""
        own = {watch for conversation in self.own for watch in conversation.watches}
        here = [
            watch
            for watch in poller().watched()
            if watch.operations is not None and watch.operations.traffic is self._operations.traffic
        ]
        if self._elsewhere is None and tables:
            self._elsewhere = await _in_use_elsewhere(self._operations, {watch.state.run_id for watch in here})
        in_use = set(self._elsewhere or ())
        for watch in here:
            if watch not in own and not watch.state.done:
                in_use |= named_tables(watch.state) | {table.id.lower() for table in watch.state.tables}
        return in_use


def _merged(tables: Iterable[Table], others: Iterable[Table]) -> list[Table]:
    """Return each table once, as the server changed it last."""
    found: dict[str, Table] = {}
    for table in (*tables, *others):
        found[table.id.lower()] = newer(found.get(table.id.lower()), table)
    return list(found.values())


def _may_pass(error: OrigamiError) -> bool:
    """Return whether the same request may succeed later. A table that was just made may not be found at once."""
    return error.transient or isinstance(error, NotFound)


def _news(state: RunState) -> object:
    """Return a value that changes with each answer of the server, and with what the user asks for."""
    return state.connection.heard_at, state.connection.state, state.done, state.cancel


async def _in_use_elsewhere(operations: Operations, known_runs: Collection[str]) -> frozenset[str]:
    """Return the ids of tables on which active runs work that this process does not watch, in lower case.

    What cannot be read soon counts as not in use: the cells to stop cost credits meanwhile. Stops that begin at the same
    moment, as those of a batch, share one reading.
    """
    reading = _readings.get(operations.traffic)
    if reading is None or not is_under_way(reading):
        reading = _readings[operations.traffic] = kept_task(
            _tables_of_active_runs(operations, known_runs), "origami-widgets active runs"
        )
    await asyncio.wait((reading,), timeout=ELSEWHERE_PATIENCE)
    return reading.result() if reading.done() else frozenset()


async def _tables_of_active_runs(operations: Operations, known_runs: Collection[str]) -> frozenset[str]:
    in_use: set[str] = set()
    active: list[RunSummary] = []
    with contextlib.suppress(OrigamiError):
        active = [run for run in await operations.active_runs() if run.id not in known_runs]
    for summary in active[:MOST_RUNS_ELSEWHERE]:
        with contextlib.suppress(OrigamiError):
            run = await operations.get_run(summary.agent_id, summary.id, include=())
            actions = run.response.actions if run.response is not None else ()
            in_use.update(table_id.lower() for table_id in run.request.focus_table_ids)
            in_use.update(action.table_id.lower() for action in actions)
    return frozenset(in_use)


_readings: weakref.WeakKeyDictionary[Traffic, asyncio.Task[frozenset[str]]] = weakref.WeakKeyDictionary()
