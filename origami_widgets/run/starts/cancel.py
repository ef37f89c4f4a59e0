"""End a run: cancel its agent, and stop its cells until none is active.

The API cancels by agent, and an agent has at most one active run. The run is read first, so that a newer run of the
same agent, started elsewhere, is never cancelled in its place. The status `cancelled` comes from the server, with a
later check. The API says nothing of what a cancelled agent's cells do, and cells cost credits: they are stopped by a
request for each table. See `own_cells.py` for which cells these are. Cells may begin seconds after the end, or in tables
that no answer names yet: a stop believes no end that its own cancel has made or that is young. It holds until all is
quiet, and looks once more after that, or until the conversation goes on: nothing tells then whose a cell is.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import itertools
import logging
import weakref
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from origami_widgets.api.background.loop import hold_exit, is_under_way, kept_task, release_exit
from origami_widgets.api.errors import NotFound, OrigamiError, RunNotFound, TableNotFound, UnexpectedAnswer
from origami_widgets.api.models.base import Page
from origami_widgets.api.models.table import CancelledCells, Table
from origami_widgets.host.runtime import sleep_until, time_limit
from origami_widgets.run.conversation import Conversation, conversation_of
from origami_widgets.run.own_cells import StopTarget, attribute, own_columns, whole_columns
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.polling.schedule import DEADLINE, FORGIVEN_404, QUIET_LOOKS, Quiet, clamp
from origami_widgets.run.reduce import Changed, RunRead
from origami_widgets.run.starts.record import Stored
from origami_widgets.run.starts.store import StoreEntry, store_entry
from origami_widgets.run.state import StoppedCells, newer

if TYPE_CHECKING:
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.polling.run_watch import RunWatch

log = logging.getLogger("origami_widgets")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE = 20.0
"""Seconds after which `CancelPending` is raised. The requests are still repeated."""
FIRST_ANSWER = 3.0
"""Seconds that stopping cells waits for the agent's cancel: cells are what costs most, and go on meanwhile."""
LIST_PATIENCE = 3.0
"""Seconds that a stop waits for the agent's table list before it stops the tables that it knows."""
LONGEST_LAST_LOOK, LAST_LOOK_TAKES = 120.0, 5.0
"""Seconds that a process that ends waits for the last look after a young start, at most, and that the look itself may take."""
STOP_PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the first rounds of a stop; the agent's last cells begin soon after its cancel."""
STOP_PAUSE, STOP_PAUSE_PER_TABLE = 5.0, 1.5
"""Seconds between later rounds: so many, or so many for each table that is being stopped in the organization."""


class StoppedColumns(Stored, kw_only=True):
    """What a stop has seen, under the name in `once=`, so that its cells can be filled after a restart.

    Attributes:
        columns: the ids of tables and columns that run for every row.
    """

    columns: list[tuple[str, str]]


class CancelPending(OrigamiError):
    """The cancel request has not reached the server yet; it is still being repeated."""


class NotOurs(OrigamiError):
    """The agent works on what somebody else has sent; nothing was cancelled."""


async def cancel(watch: RunWatch, *, cells: bool = True) -> None:
    """Ask the server to cancel a run and to stop its cells, and repeat the requests while it cannot be reached.

    Returns when the first requests were accepted. Cells are then stopped again until the run is over and all is quiet,
    since an agent that is ending may still start some. After `PATIENCE` seconds without success, this raises
    and the card says so; the requests go on. Sends nothing if the run is over, see `is_over`.

    Args:
        watch: the run.
        cells: whether to stop cells, too. If the run has ended, that is all there is to stop.

    Raises:
        NotOurs: the turn that is running was sent by somebody else; nothing was sent.
        CancelPending: a request has not reached the server yet.
        OrigamiError: the server refused; the run or its cells go on.
    """
    _require_ours(watch)
    # Kept, because an interrupt ends only the waiting here: the cells are stopped all the same.
    coroutine = _begin(watch, watch.connected(), cells=cells)
    begun = kept_task(coroutine, "origami-widgets begin to cancel", holds_exit=True)
    await asyncio.wait((begun,))
    await _heard(watch, begun.result())


def _require_ours(watch: RunWatch) -> None:
    """Do nothing if a running turn is ours.

    Raises:
        NotOurs: it was sent by somebody else.
    """
    state = watch.state
    if state.done or state.run_id in conversation_of(watch).ours:
        return
    token = f"{state.agent_id}/{state.run_id}"
    raise NotOurs(
        "Somebody else's turn is running",
        cause=f"Turn {state.run_id} was sent to this agent from another kernel or the app. Nothing was cancelled.",
        remedy=f'To end it all the same: ow.attach("{token}").cancel().',
        code="NOT_OURS",
    )


def is_over(watch: RunWatch) -> bool:
    """Return whether a run's conversation settled so long ago that no cell begins any more, and nothing is being stopped.

    One reading without an active cell is no end: cells may begin later, in tables that are not listed yet.
    """
    now = poller().clock.time()
    ends = [(each.state.settled_at, each.retry_after) for each in conversation_of(watch).watches]
    return watch.state.stopping == "none" and all(
        at is not None and Quiet(at, wait).last_due <= now for at, wait in ends
    )


def _is_young(watch: RunWatch) -> bool:
    """Return whether a turn was started so recently that its first cells may still begin."""
    state = watch.state
    began = None if state.run is None or state.run.started_at is None else state.run.started_at.timestamp()
    now = poller().clock.time() + state.clock_offset
    return began is None or Quiet(began, watch.retry_after).last_due > now


async def _begin(watch: RunWatch, operations: Operations, *, cells: bool) -> list[asyncio.Future[OrigamiError | None]]:
    """Send the first requests. Return what is set when they were accepted, or to the error if one was refused."""
    waits: list[asyncio.Future[OrigamiError | None]] = []
    # Asked first: what the agent's cancel has just ended looks settled, and its cells may not have begun.
    is_stopping = cells and not is_over(watch)
    if not watch.state.done:
        heard = watch.cancelling
        # A task whose loop has ended, or that the parent process left behind by a fork, sends nothing any more.
        if heard is None or not is_under_way(heard):
            heard = watch.cancelling = kept_task(
                _until_heard(watch, operations), "origami-widgets cancel", holds_exit=True
            )
        await asyncio.wait((heard,), timeout=FIRST_ANSWER)
        waits.append(heard)
        if heard.done() and heard.result() is not None:
            return waits
    if is_stopping:
        waits.append(_stop_of(watch, operations).ask())
    return waits


async def stop_cells(watch: RunWatch, tables: Collection[str] | None = None) -> StoppedCells:
    """Stop the cells of a run's conversation, or of whole tables. The agent is not cancelled.

    Returns when the requests were accepted. If the run is over, cells of its conversation are stopped again until all is
    quiet. Tables that are named are stopped once.

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
    if tables is not None:
        for each in tables:
            # Before any of them is stopped.
            await operations.get_table(each, include=())
        stopped = await asyncio.gather(*(operations.cancel_cells(each) for each in tables))
        poller().hurry(watch)
        return StoppedCells().plus(stopped)
    _require_ours(watch)
    if is_over(watch):
        return watch.state.stopped or StoppedCells()
    stop = _stop_of(watch, operations)
    await _heard(watch, [stop.ask()])
    return stop.stopped


async def has_active_work(watch: RunWatch) -> bool:
    """Return whether cells or lead sources of a run's own tables are active: one free dry run for each table.

    If that cannot be read now, they count as active; if it is refused, as not.
    """
    operations, conversation = watch.connected(), conversation_of(watch)
    tables = [table for state in conversation.states for table in state.tables]
    for target in attribute(conversation.own_states, _merged((), tables)).targets:
        try:
            found = await operations.active_cells(target.table_id, columns=target.columns, _once=True)
            is_active = bool(found.cells or found.lead_source_jobs)
        except OrigamiError as error:
            is_active = error.transient
        if is_active:
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
    watch.update(_REQUESTED)
    while not _is_done(watch):
        try:
            await poller().check(watch)
            answer = None if _is_done(watch) else await operations.cancel(watch.state.agent_id, _once=True)
        except OrigamiError as error:
            early = isinstance(error, RunNotFound) and clock.monotonic() - began < FORGIVEN_404
            if not (error.transient or early) or clock.monotonic() - began > DEADLINE:
                # A copy, because the raised error carries frames that hold the watch.
                watch.update(Changed(command_error=copy.copy(error), cancel="none", cancel_error=None))
                return error.with_traceback(None)
            watch.update(Changed(cancel_error=copy.copy(error)))
            await clock.sleep(max(pause, clamp(error.retry_after, fallback=0.0)), never)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            if answer is not None and answer.id == watch.state.run_id:
                # Answers to a POST have no `Retry-After`. Here its absence must not make an unknown status final.
                watch.update(RunRead(answer, at=poller().clock.time(), keep_polling=True))
                if _is_done(watch):
                    poller().soon(watch)
            watch.update(_REQUESTED)
            break
    return None


def _is_done(watch: RunWatch) -> bool:
    # A function, because the type checker assumes that an attribute does not change between two reads.
    return watch.state.done


def _stop_of(watch: RunWatch, operations: Operations) -> CellStop:
    """Return the stop of a run's cells that is under way, or a new one."""
    stop = watch.cell_stop
    if not isinstance(stop, CellStop) or not is_under_way(stop.task):
        stop = watch.cell_stop = CellStop(watch, operations)
    return stop


class Round(NamedTuple):
    """Outcome of one round of a stop.

    Attributes:
        error: the first error; None without one.
        is_active: whether anything was active, or may have been.
        is_last: whether another round would stop nothing: the agent goes on starting cells, or each table refuses.
    """

    error: OrigamiError | None
    is_active: bool
    is_last: bool


class CellStop:
    """Requests that stop the cells of a conversation, in rounds, until all is quiet. Background loop only.

    Args:
        watch: the run that was asked to stop; its state shows what becomes of it.
        operations: the API.

    Attributes:
        stopped: what was stopped so far.
        task: the task that sends the requests.
        table_count: how many tables it stops now.
    """

    def __init__(self, watch: RunWatch, operations: Operations) -> None:
        self.stopped = StoppedCells()
        self.task: asyncio.Task[None] | None = None
        self.table_count = 0
        self._watch, self._operations, self._conversation = watch, operations, conversation_of(watch)
        self._newest = self._conversation.current
        self._refused: dict[str, OrigamiError] = {}
        self._active: dict[str, int] = {}
        self._asked: list[asyncio.Future[OrigamiError | None]] = []
        self._wake = asyncio.Event()
        self._end_seen = (False, False)
        # Until when a process that ends waits for the last look, on the poller's clock; None: only until all is quiet.
        self._waits_until: float | None = None

    def ask(self) -> asyncio.Future[OrigamiError | None]:
        """Begin a round, or another one. The future is set when a round was accepted, to an error if it was refused."""
        self._refused.clear()
        self._newest = self._conversation.current
        if _is_young(self._newest):
            self._waits_until = poller().clock.monotonic() + LONGEST_LAST_LOOK
        accepted: asyncio.Future[OrigamiError | None] = asyncio.get_running_loop().create_future()
        self._asked.append(accepted)
        self._wake.set()
        poller().wake()
        if self.task is None:
            self.task = kept_task(self._until_quiet(), "origami-widgets stop cells", holds_exit=True)
        self._hold_exit(Quiet(0.0, self._watch.retry_after).last_due)
        return accepted

    async def _until_quiet(self) -> None:
        unsubscribe = self._watch.subscribers.add(self._wake_at_end)
        _stops.add(self)
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
            _stops.discard(self)
            self._answer(error, tuple(self._asked))
            # The watch is held by this object, and must not hold it in turn.
            self._watch.cell_stop = None
            if self._watch.state.stopping != "none":
                self._end(error)

    async def _rounds(self) -> OrigamiError | None:
        """Stop again until all is quiet. Return the error that ended the attempts, else None."""
        clock = poller().clock
        began = clock.monotonic()
        quiet, pauses = (
            Quiet(began, self._watch.retry_after),
            itertools.chain(STOP_PAUSES, itertools.repeat(STOP_PAUSE)),
        )
        while True:
            asked = self._begin_round()
            error, is_active, is_last = await self._round()
            if error is None or not _may_pass(error):
                self._answer(error, asked)
            now = clock.monotonic()
            # What a later turn of the conversation does goes on.
            if is_last or self._is_continued or now - began > DEADLINE:
                return error or self._refusal
            if is_active or self._asked:
                quiet = Quiet(now, self._watch.retry_after)
                # A copy, because an error that was raised carries frames.
                self._show("requested", copy.copy(error))
                wait = max(next(pauses), clamp(error.retry_after if error else None, fallback=0.0), self._least_pause())
                # After an error, not even another request of the user comes earlier than the server allows.
                await clock.sleep(wait, self._wake if error is None else asyncio.Event())
                await self._await_room(is_active=is_active)
            else:
                quiet = quiet.after_look(now, is_active=False)
                await self._say_nothing_is_active(quiet.looks)
                if quiet.is_over:
                    return self._refusal
                if quiet.is_quiet and self._waits_until is None:
                    release_exit(self.task)
                self._hold_exit(quiet.last_due - now)
                await sleep_until(clock, quiet.due, self._wake)
                await self._await_room(is_active=False)

    def _hold_exit(self, seconds: float) -> None:
        """Let a process that ends wait so long for the last look after a start that is young: cells may begin until then."""
        left = 0.0 if self._waits_until is None else self._waits_until - poller().clock.monotonic()
        if self.task is not None and left > 0:
            hold_exit(self.task, at_least=min(seconds + LAST_LOOK_TAKES, left))

    async def _await_room(self, *, is_active: bool) -> None:
        """While many tables are being stopped, wait until the rate limit has room for another round.

        What was stopped once must not hold up others' first stop, nor the readings that tell when it is time for that.
        """
        if self._least_pause():
            limit_at = poller().clock.monotonic() if is_active else None
            await poller().allow(
                self._operations, low_priority=False, limit_at=limit_at, urgent=lambda: bool(self._asked)
            )

    def _begin_round(self) -> tuple[asyncio.Future[OrigamiError | None], ...]:
        """Return who waits for the round that begins."""
        self._wake.clear()
        self._end_seen = self._watch.state.done, self._watch.state.settled
        if self._asked and self._watch.state.stopping == "none":
            self._watch.update(STOP_BEGINS)
        return tuple(self._asked)

    async def _say_nothing_is_active(self, looks: int) -> None:
        if self._watch.state.stopping != "none":
            # Until they are read again, the counts are those from before the stop, and the card would offer it again.
            with contextlib.suppress(OrigamiError):
                await poller().check(self._watch)
            self._end(self._refusal, looks)
        elif looks != self._watch.state.looks:
            self._show("none", self._watch.state.stop_error, looks)

    @property
    def _refusal(self) -> OrigamiError | None:
        """Why a table was not stopped, and can't be; None if none refused."""
        return next(iter(self._refused.values()), None)

    def _end(self, error: OrigamiError | None, looks: int = QUIET_LOOKS) -> None:
        """Say that nothing is active, or that the attempts have ended with an error. What begins later is stopped again."""
        self._show("none", copy.copy(error), looks)
        poller().soon(self._watch)

    def _show(self, stopping: Literal["none", "requested"], error: OrigamiError | None, looks: int = 0) -> None:
        self._watch.update(Changed(stopping=stopping, stopped=self.stopped, stop_error=error, looks=looks))

    @property
    def _is_continued(self) -> bool:
        """Whether a turn of ours has been sent since a stop was asked for last. Those of others have columns of their own."""
        newest = self._conversation.current
        return newest is not self._newest and newest.state.run_id in self._conversation.ours

    def _least_pause(self) -> float:
        """Return the seconds between rounds that leave room in the rate limit; 0 for few tables."""
        stops = (stop for stop in _stops if stop._operations.traffic is self._operations.traffic)  # noqa: SLF001 - its own class
        pause = STOP_PAUSE_PER_TABLE * sum(stop.table_count for stop in stops)
        return pause if pause > STOP_PAUSE else 0.0

    def _answer(self, error: OrigamiError | None, asked: Iterable[asyncio.Future[OrigamiError | None]]) -> None:
        """Set the futures of those who asked before a round began: it was accepted, or refused with the error."""
        for accepted in asked:
            self._asked.remove(accepted)
            if not accepted.done():
                accepted.set_result(error)

    def _wake_at_end(self) -> None:
        if (self._watch.state.done, self._watch.state.settled) > self._end_seen:
            self._wake.set()

    async def _round(self) -> Round:
        """Stop what is active.

        A run that was asked to stop its cells but not its agent gets one round: the agent goes on starting cells.
        """
        if not self._watch.state.done and self._watch.state.cancel == "requested" and not self._asked:
            # Only after its end, the run's actions name the columns that it has added to a list. The first stop does not
            # wait for that: the cancel has just read the run, and many first stops fill the rate limit.
            with contextlib.suppress(OrigamiError):
                await poller().check(self._watch)
        is_done, goes_on = self._watch.state.done, self._watch.state.cancel != "requested"
        errors: list[OrigamiError] = []
        states = self._conversation.states
        tables, is_listed = _merged((), (table for state in states for table in state.tables)), not is_done
        if is_done or not tables:
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
        attribution = attribute(self._conversation.own_states, tables)
        if is_done and attribution.left_running and not self._asked:
            # Its actions may name the columns late that it has added to a list, just as it is cancelled.
            with contextlib.suppress(OrigamiError):
                await poller().check(self._watch)
            attribution = attribute(self._conversation.own_states, tables)
        _note_whole_columns(self._conversation, tables)
        # All at once, as each may have to wait for an answer while the others' cells cost credits.
        targets = [target for target in attribution.targets if target.table_id not in self._refused]
        targets.sort(key=lambda target: -self._active.get(target.table_id, 0))
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
        self._active = {target.table_id: end[0] for target, end in zip(targets, ends, strict=True) if end in counts}
        so_far, self.stopped = self.stopped, self.stopped.plus((each for _, each in counts), attribution.left_running)
        if is_done and (self.stopped.cells, self.stopped.lead_source_jobs) != (so_far.cells, so_far.lead_source_jobs):
            poller().soon(self._watch)
        # An error that will not go away counts before one that may.
        errors.sort(key=_may_pass)
        is_active = any(active for active, _ in counts) or not is_listed or any(map(_may_pass, errors))
        # While its agent works, nothing proves that the last cell has begun.
        is_active = is_active or (not is_done and not goes_on)
        self.table_count = len(targets) if is_active else 0
        is_all_refused = bool(refused) and len(refused) == len(targets)
        is_last = not any(map(_may_pass, errors)) and (is_all_refused if is_done else goes_on)
        return Round(errors[0] if errors else None, is_active, is_last)

    async def _stop(self, target: StopTarget, *, is_done: bool) -> tuple[int, CancelledCells] | OrigamiError:
        """Stop the cells of a table, if any are active. Return how many were, and what was stopped; or the error.

        While the agent works they are not counted first: it may start more at any moment.
        """
        active = 0
        try:
            if is_done:
                found = await self._operations.active_cells(target.table_id, columns=target.columns, _once=True)
                # An answer without counts does not say that nothing is active.
                active = 1 if found.cells is None else found.cells + (found.lead_source_jobs or 0)
            newest = self._conversation.current.state
            is_being_sent = bool(newest.sending) and newest.queue is None
            # What is active may be a later turn's already.
            if self._is_continued or (is_done and (is_being_sent or not active)):
                return active, CancelledCells()
            return active, await self._operations.cancel_cells(target.table_id, columns=target.columns, _once=True)
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


def _note_whole_columns(conversation: Conversation, tables: Iterable[Table]) -> None:
    """Note which columns run for every row, before a stop ends them: the cells that are missing then can be filled later."""
    found = whole_columns(own_columns(conversation.own_states, tables)) - conversation.whole
    if found:
        conversation.whole |= found
        if conversation.once:
            kept_task(_write_whole_columns(conversation), "origami-widgets note stopped columns", holds_exit=True)


async def _write_whole_columns(conversation: Conversation) -> None:
    with contextlib.suppress(OrigamiError):
        entry = await _entry_of_columns(conversation)
        record = StoppedColumns(columns=sorted(conversation.whole))
        entry.place(record)
        entry.write(record)


async def whole_columns_of(conversation: Conversation) -> set[tuple[str, str]]:
    """Return the columns, with their tables' ids, that are known to run for every row, from a record of `once=`, too."""
    if conversation.once:
        with contextlib.suppress(OrigamiError):
            record = (await _entry_of_columns(conversation)).read()
            conversation.whole |= set(() if record is None else record.columns)
    return conversation.whole


async def _entry_of_columns(conversation: Conversation) -> StoreEntry[StoppedColumns]:
    watch = conversation.current
    return await store_entry(watch.connected(), f"{conversation.once}, stopped {watch.state.agent_id}", StoppedColumns)


def _merged(tables: Iterable[Table], others: Iterable[Table]) -> list[Table]:
    """Return each table once, as the server changed it last."""
    found: dict[str, Table] = {}
    for table in (*tables, *others):
        found[table.id.lower()] = newer(found.get(table.id.lower()), table)
    return list(found.values())


def _may_pass(error: OrigamiError) -> bool:
    """Return whether the same request may succeed later. A table that was just made may not be found at once."""
    return error.transient or isinstance(error, NotFound)


STOP_BEGINS = Changed(stopping="requested", stop_error=None, looks=0)
"""Cells are being stopped from now on, however long ago all had settled."""
_REQUESTED = Changed(cancel="requested", cancel_error=None, command_error=None)
_stops: weakref.WeakSet[CellStop] = weakref.WeakSet()
"""Stops under way, in all organizations."""
