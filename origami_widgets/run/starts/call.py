"""`StartCall`: a call that starts a run: it may ask the user first, waits until the run is known, and may be interrupted.

The same key finds the same job, so that nothing is paid for twice. A key stands for a name (`once=`) or for the nth equal
start in a cell: a loop in one cell starts as many runs as it asks for; in a rerun, each call finds one of them. Records are
kept by key, but neither jobs nor runs: a job that is gone is made again from its record, and finds its run by the ids in
there.

An interactive notebook asks once for each call, if `configure(confirm=…)` says so.

Interrupting a call that blocks withdraws the run: nothing is sent again, and if a run has started, the server is asked
to cancel it. A request that was sent is not aborted, because its answer is the quickest way to learn which run that is.
Cancelling a task does not affect the run: a timeout or the end of a task group does not mean that the run is unwanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import uuid
import weakref
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, MutableMapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

from origami_widgets.api.background.loop import background, hold_exit
from origami_widgets.api.errors import OrigamiError
from origami_widgets.host.application import can_confirm
from origami_widgets.run.settings import configuration
from origami_widgets.run.starts.job import StartJob, mark
from origami_widgets.run.starts.record import Life, StartRecord
from origami_widgets.words.numbers import amount

if TYPE_CHECKING:
    from origami_widgets.host.application import CellRef

T = TypeVar("T")

YES = ("y", "yes")
LAST_WORDS = 0.7
"""Seconds to wait after an interrupt for the outcome of a request that was sent."""
LONGEST_UNKNOWN = 90.0
"""Seconds that the end of a script waits for that news: a run that nobody knows would not be cancelled."""
LOOK_AGAIN = "import sys; run = sys.last_value.reconcile()"
asks_terminal: ContextVar[bool] = ContextVar("asks_terminal", default=False)
"""Whether a command asks on its terminal. A script is not asked, even in a terminal."""


class StartDeclined(OrigamiError):
    """The user was asked whether to start runs, and did not say yes. Nothing was sent."""


def question(runs: int, credit_limit: float | None) -> str:
    """Return the question to ask before runs start; empty if none does.

    Args:
        runs: how many are to be started.
        credit_limit: the credits that the runs may use; None or infinity for no limit.

    >>> question(12, 500)
    'Start these 12 runs? They spend credits, with a credit limit of 500. [y/N] '
    """
    if not runs:
        return ""
    what, spends = ("this run", "It spends") if runs == 1 else (f"these {runs:,} runs", "They spend")
    is_limited = credit_limit is not None and credit_limit < math.inf
    limit = f"a credit limit of {amount(credit_limit)}" if is_limited else "no credit limit"
    return f"Start {what}? {spends} credits, with {limit}. [y/N] "


def can_ask(*, is_enriching: bool = False) -> bool:
    """Return whether to ask first: the user has set it so, and can be asked on this thread.

    Args:
        is_enriching: whether the call is `enrich`, which asks unless `configure(confirm=False)` was set.
    """
    mode = configuration().confirm
    return (mode is True or (is_enriching and mode == "enrich")) and (asks_terminal.get() or can_confirm())


async def asks_nobody() -> bool:
    """Return False: a caller that awaits is not asked, because a question would block the event loop."""
    return False


def ask(text: str) -> None:
    """Ask the user a question; an empty one is not asked. Not on the background loop.

    If it turns out that no answer can be given, that counts as yes: only a user says no.

    Raises:
        StartDeclined: the answer was no; nothing was sent.
    """
    if not text:
        return
    try:
        if input(text).strip().casefold() in YES:
            return
    except EOFError:
        pass
    except NotImplementedError:
        # The front end claims to take input, but does not.
        return
    raise StartDeclined(
        "Not started",
        cause="You didn't answer yes. Nothing was sent, and nothing was charged.",
        remedy="Run the cell again to start anyway. ow.configure(confirm=…) sets when you are asked; confirm=False never "
        "asks.",
        code="DECLINED",
    )


async def question_about(
    jobs: Sequence[StartJob],
    find_known: Callable[[], Awaitable[object]],
    *,
    credit_limit: float | None,
    owners: int = 0,
) -> str:
    """Return the question to ask before jobs start; empty for none. Background loop only.

    Two kinds of jobs do not count: those whose run is known or may have been started before, as it is already paid for,
    and those that another call wants, which has asked already. Only the GETs that look for known runs are sent.

    Args:
        jobs: the jobs.
        find_known: finds runs of the jobs that were started before.
        credit_limit: the credits that the runs may use; None for no limit.
        owners: how many owners of each job belong to the call.

    Raises:
        OrigamiError: the known runs or records could not be read.
    """
    await find_known()
    known = [job for job in jobs if job.watch is not None or job.is_going or job.record.may_have_started]
    asked = [job for job in jobs if job not in known and len(job.owners) > owners]
    return question(len(jobs) - len(known) - len(asked), credit_limit)


class StartCall:
    """Call that starts a run, as one of the owners of its start job.

    As a context manager, it withdraws the run on an interrupt inside the block, even while the run is being shown,
    because the caller does not have the run yet. The exception then carries `idempotency_key` and `reconcile()`, and
    one printed line says what became of the run.

    Attributes:
        job: the job that the call waits for; None before it is known.
    """

    def __init__(self) -> None:
        self.job: StartJob | None = None
        # Owner of the job. Not the call itself, which would form a cycle with the job and keep the run alive.
        self._owner = object()
        self._is_notice_printed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, stopped: BaseException | None, _traceback: object) -> None:
        if isinstance(stopped, KeyboardInterrupt | SystemExit):
            self._withdraw(stopped)

    def start(
        self,
        make: Callable[[], StartJob],
        *,
        credit_limit: float | None = None,
        asks: bool,
    ) -> Any:
        """Start the run of a job, blocking, or find the run that it already has. Return the handle on the run.

        Raises the errors of `StartJob.start_for`.

        Args:
            make: returns the job; called on the background loop.
            credit_limit: the credits that the run may use; None for no limit.
            asks: whether to ask the user.

        Raises:
            StartDeclined: the user was asked, and did not answer yes; nothing was sent.
        """
        if asks:
            job, question = self.block(self._question(make, credit_limit))
            ask(question)
            return self.block(self._fulfil(lambda: job))
        return self.block(self._fulfil(make))

    async def _question(self, make: Callable[[], StartJob], credit_limit: float | None) -> tuple[StartJob, str]:
        job = make()
        question = await question_about([job], job.find_known, credit_limit=credit_limit)
        # A run that an earlier call has started is not ended by an interrupt of this one.
        self.job = job if job.watch is None else None
        return job, question

    async def start_async(self, make: Callable[[], StartJob]) -> Any:
        """Start the run of a job, or find the run that it already has, without blocking; never asks."""
        return await self.wait(self._fulfil(make))

    async def _fulfil(self, make: Callable[[], StartJob]) -> Any:
        job = make()
        if job.watch is None:
            self.job = job
            return await job.start_for(self._owner)
        await job.find_known()
        return job.handle

    def block(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the background loop and block until it is done.

        An interrupt does not cancel the coroutine, which may be about to make the job: leaving the `with` block withdraws
        that, and waits for its end for `LAST_WORDS` seconds, or until Ctrl-C is pressed again.
        """
        loop = background()
        loop.check_may_block(coroutine)
        future = loop.submit(coroutine)
        try:
            return loop.result(future, self._print_notice)
        except OrigamiError as error:
            # Its frames hold the error and the run in a cycle, which would keep the run being polled after its last handle is gone.
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        finally:
            del future

    async def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the background loop and await it on any event loop.

        If the task is cancelled, the exception carries the methods that find the run.
        """
        try:
            return await background().bridge(coroutine, self._print_notice)
        except OrigamiError as error:
            # As in `block`.
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        except asyncio.CancelledError as stopped:
            background().call_soon(self._leave)
            if self.job is not None:
                mark(stopped, self.job)
                stopped.add_note(
                    f"A run may have started (idempotency key {self.job.key}); reconcile_async() finds it."
                )
            raise

    def _leave(self) -> None:
        # Checked on the loop, where the job may have become known a moment ago.
        if self.job is not None:
            self.job.leave(self._owner)

    def _print_notice(self) -> None:
        queue = None if self.job is None else self.job.queue
        if queue is not None and not self._is_notice_printed:
            self._is_notice_printed = True
            print(  # noqa: T201 - a silent wait looks like a hang
                f"{queue.reason}. Waiting for a free one, retrying in {queue.wait:.0f} s; waiting is free. "
                "Interrupt to leave the queue."
            )

    def _withdraw(self, stopped: BaseException) -> None:
        over = False
        # A second Ctrl-C means the same.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            undone = background().submit(self._undo())
            with contextlib.suppress(TimeoutError, OrigamiError):
                background().result(undone, timeout=LAST_WORDS)
            over = undone.done()
        if self.job is not None:
            mark(stopped, self.job)
        line = outcome_of_interrupt(self.job, is_over=over)
        print(line)  # noqa: T201 - said where the caller stands, not from the background
        stopped.add_note(line if self.job is None else f"{line} (idempotency key {self.job.key})")

    async def _undo(self) -> None:
        if (undoing := asyncio.current_task()) is not None:
            # A script ends with the interrupt, and the run may be known a moment later.
            hold_exit(undoing, at_least=LONGEST_UNKNOWN)
        if self.job is not None:
            await self.job.withdraw(self._owner)


def outcome_of_interrupt(job: StartJob | None, *, is_over: bool) -> str:
    """Return a line that says what an interrupt left behind, and which call looks at it.

    Args:
        job: the interrupted job; None if there was none yet.
        is_over: whether nothing of the start is under way any more.
    """
    # A request that was not sent yet may be sent a moment later: only after the end is it certain that there is no run.
    if job is None or (is_over and not job.owners and not job.record.may_have_started):
        return "Interrupted before a run was started; nothing was charged."
    return (
        "Interrupted while a run was starting: if it did start, Origami is asked to cancel it while this process runs and no "
        f"other call waits for it; {LOOK_AGAIN} looks for it (None means no run)."
    )


MOST_RECORDS = 10_000
"""Records that are kept, at most; those that were used longest ago are dropped."""
MOST_CELLS = 2_000


class Once(NamedTuple):
    """Key of what is started once under a name.

    Args:
        client: the client's identity: equal for clients of the same account.
        name: the name in the start store.
        fingerprint: what is started. The start store refuses the same name for anything else.
    """

    client: Hashable
    name: str
    fingerprint: str


class Cell(NamedTuple):
    """Key of the nth equal start in each execution of a cell.

    Args:
        client: the client's identity.
        cell: the cell's id.
        fingerprint: what is started.
        ordinal: how many equal starts precede it in an execution of the cell.
    """

    client: Hashable
    cell: str
    fingerprint: str
    ordinal: int


JobKey = Once | Cell | None
"""Key of a job; no later call finds one without."""


class _Known(NamedTuple):
    """What is kept of a job: its record, and the job while something else holds it."""

    record: StartRecord
    job: weakref.ref[StartJob]


class HasFingerprint(Protocol):
    """What is asked for: a start spec, or that of an upload."""

    def fingerprint(self, salt: str) -> str:
        """Return a digest that is equal for equal ones."""
        ...


def key_of(client: Hashable, spec: HasFingerprint, *, name: str = "", cell: CellRef | None = None) -> JobKey:
    """Return the key of a start: that of its name, else that of the next equal start in this execution of a cell.

    Args:
        client: the client's identity.
        spec: what is started.
        name: its name in the start store; empty without one.
        cell: the execution of the cell; None if there is none.
    """
    # Not the brief itself, which would stay in memory as long as the process lives.
    fingerprint = spec.fingerprint(_SALT)
    if name:
        return Once(client, name, fingerprint)
    if cell is None:
        return None
    return Cell(client, cell.cell, fingerprint, next_ordinal(client, fingerprint, cell))


def next_ordinal(client: Hashable, fingerprint: str, cell: CellRef) -> int:
    """Return how many equal starts precede the next one in this execution of a cell.

    Args:
        client: the client's identity.
        fingerprint: what is started, with whatever else tells starts apart.
        cell: the execution of the cell; its texts are empty in a script, in which the whole process counts.
    """
    execution, counts = _counts.pop((client, cell.cell), ("", Counter[str]()))
    if execution != cell.execution:
        counts = Counter()
    _counts[client, cell.cell] = cell.execution, counts
    drop_oldest(_counts, MOST_CELLS)
    counts[fingerprint] += 1
    return counts[fingerprint] - 1


def find_jobs(wanted: Iterable[tuple[JobKey, Callable[..., StartJob]]], *, fresh: bool = False) -> list[StartJob]:
    """Return for each key the job of an earlier call, or a new one.

    If nothing of an earlier call goes on, or may, all jobs are new. Otherwise, jobs that have ended are found as well.

    Args:
        wanted: the keys, each with a function that makes its job, from a record if it gets one.
        fresh: make new jobs in any case. Later calls find these.
    """
    pairs = [(key, make, None if fresh or key is None else _records.get(key)) for key, make in wanted]
    is_any_going = any(known is not None and _goes_on(key, known) for key, _, known in pairs)
    return [_job(key, make, known if is_any_going else None) for key, make, known in pairs]


def _goes_on(key: JobKey, known: _Known) -> bool:
    if (job := known.job()) is not None:
        return job.is_worth_finding
    # If no job with the name is left, the file under the name knows more than the record in memory.
    return isinstance(key, Cell) and known.record.life != Life.CANCELLED


def _job(key: JobKey, make: Callable[..., StartJob], known: _Known | None) -> StartJob:
    job = None if known is None else known.job()
    if job is not None and isinstance(key, Once) and not job.is_worth_finding:
        job = None
    # A named job reads its record from the start store.
    record = known.record if known is not None and isinstance(key, Cell) else None
    is_found = job is not None or record is not None
    job = job or (make() if record is None else make(record))
    job.is_found = is_found
    if key is not None:
        _records.pop(key, None)
        _records[key] = _Known(job.record, weakref.ref(job))
        drop_oldest(_records, MOST_RECORDS)
    return job


def drop_oldest(kept: MutableMapping[Any, Any], most: int) -> None:
    """Drop what was added first, until no more than so many are left."""
    while len(kept) > most:
        del kept[next(iter(kept))]


_records: dict[Once | Cell, _Known] = {}
_counts: dict[tuple[Hashable, str], tuple[str, Counter[str]]] = {}
"""How many equal starts the newest execution of each cell has asked for, by fingerprint."""
_SALT = uuid.uuid4().hex
