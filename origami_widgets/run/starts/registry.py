"""Job registry: an equal start in a rerun cell finds the job of the earlier execution instead of paying again.

A loop in one cell starts as many runs as it asks for; in a rerun, each call finds one of them. The records hold no
runs: a run without a handle is found again by its ids. Background loop only.
"""

from __future__ import annotations

import uuid
import weakref
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from origami_widgets.run.starts.job import goes_on

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from origami_widgets.host.cells import CellRef
    from origami_widgets.run.starts.job import StartJob
    from origami_widgets.run.starts.record import RecordSlot
    from origami_widgets.run.starts.spec import StartSpec

MOST_CALLS = 100
"""Calls of one cell whose records are kept, at most; the oldest are dropped."""
MOST_CELLS = 2_000


@dataclass
class CallRecord:
    """Record of one call that started runs, kept after its handles are garbage-collected.

    Attributes:
        execution: the execution of the cell that made the call, or the latest one that found it.
        once: the name in `once=`; empty without one.
        fingerprints: fingerprints of the starts, in order.
        slots: records of the starts.
        jobs: jobs of the starts, while they exist.
        queue: the queue of a batch, while it exists; None for a single start.
        is_stopped: whether nothing more will be started.
        is_whole: whether no later call has taken over any of the starts.
    """

    execution: str
    once: str
    fingerprints: tuple[str, ...]
    slots: tuple[RecordSlot, ...]
    jobs: tuple[weakref.ref[StartJob], ...]
    queue: weakref.ref[Any] | None = None
    is_stopped: bool = False
    is_whole: bool = True


class CellCalls:
    """Calls of one cell through one client, seen from one execution of the cell.

    Args:
        execution: this execution of the cell.
        calls: the calls of all executions, oldest first.
    """

    def __init__(self, execution: str, calls: list[CallRecord]) -> None:
        self._execution = execution
        self._calls = calls

    def add(
        self, specs: Iterable[StartSpec], jobs: Sequence[StartJob], *, once: str = "", queue: Any = None
    ) -> CallRecord:
        """Record a call.

        Args:
            specs: the start specs.
            jobs: the start jobs.
            once: the name in `once=`; empty without one.
            queue: the queue of a batch; None for a single start.
        """
        fingerprints = _fingerprints(specs)
        for earlier in self._calls:
            # A later rerun must not find the whole list again, or it would start anew what this call starts in its place.
            if earlier.queue is not None and earlier.queue() is None and set(fingerprints) & set(earlier.fingerprints):
                earlier.is_whole = False
        call = CallRecord(
            self._execution,
            once,
            fingerprints,
            tuple(job.slot for job in jobs),
            tuple(weakref.ref(job) for job in jobs),
            None if queue is None else weakref.ref(queue),
        )
        self._calls.append(call)
        del self._calls[:-MOST_CALLS]
        return call

    def equal_list(self, specs: Iterable[StartSpec], once: str) -> CallRecord | None:
        """Return an earlier execution's call with the same list, if its runs may still be active."""
        fingerprints = _fingerprints(specs)
        for call in self._calls:
            if call.queue is None or (call.once, call.fingerprints) != (once, fingerprints):
                continue
            if call.execution == self._execution or not (call.is_whole and any(slot.is_wanted for slot in call.slots)):
                continue
            queue = call.queue()
            # If the queue is gone, the runs of a named batch are found by their names.
            if not once if queue is None else queue.is_wanted:
                call.execution = self._execution
                return call
        return None

    def jobs(self, specs: Sequence[StartSpec], make: Callable[[StartSpec], StartJob]) -> list[StartJob]:
        """Return for each spec the job of the equal start of an earlier execution, or a new one.

        A loop finds as many jobs as it asks for: each is found once in an execution. Of runs whose jobs are gone there
        are only records: new jobs with the same fingerprint share them, and look there before they start a run.

        Args:
            specs: the start specs.
            make: makes a new job.
        """
        found: defaultdict[str, list[tuple[int, StartJob | None]]] = defaultdict(list)
        records: defaultdict[str, list[RecordSlot]] = defaultdict(list)
        seen = {_identity(slot) for call in self._calls if call.execution == self._execution for slot in call.slots}
        for call in self._calls:
            for fingerprint, slot, reference in zip(call.fingerprints, call.slots, call.jobs, strict=True):
                if call.once or not slot.is_wanted or _identity(slot) in seen:
                    continue
                seen.add(_identity(slot))
                job = reference()
                if (rank := _rank(slot, job)) is None:
                    continue
                if job is None:
                    records[fingerprint].append(slot)
                found[fingerprint].append((rank, job))
        for ranked in found.values():
            ranked.sort(key=itemgetter(0))
        jobs = []
        for spec, fingerprint in zip(specs, _fingerprints(specs), strict=True):
            equal = found[fingerprint]
            known = equal.pop(0)[1] if (is_known := bool(equal)) else None
            job = make(spec) if known is None else known
            if is_known and known is None:
                job.earlier = records[fingerprint]
            elif job.watch is not None:
                job.attach(job.watch)
            jobs.append(job)
        return jobs


def _rank(slot: RecordSlot, job: StartJob | None) -> int | None:
    """Return the rank of an earlier start; the lowest is taken first. None if its run has ended."""
    if job is None:
        return 2 if slot.record.may_have_started else None
    if job.watch is not None:
        return 0 if goes_on(job.watch) else None
    return 1 if job.is_going or job.record.may_have_started else 3


_cells: dict[tuple[str, Hashable], list[CallRecord]] = {}
_SALT = uuid.uuid4().hex


def calls_of(cell: CellRef | None, client: Hashable) -> CellCalls:
    """Return the calls of a cell. If there are too many cells, the least recently used are dropped.

    Args:
        cell: the cell; None if the host has no cell ids, in which case nothing is recorded.
        client: the client's identity: equal for clients of the same account.
    """
    if cell is None:
        return CellCalls("", [])
    calls = _cells.pop((cell.cell, client), [])
    _cells[cell.cell, client] = calls
    for old in list(_cells)[:-MOST_CELLS]:
        del _cells[old]
    return CellCalls(cell.execution, calls)


def _identity(slot: RecordSlot) -> str:
    """Return an id that all records of one start share."""
    return slot.record.run_id or slot.record.first_key


def _fingerprints(specs: Iterable[StartSpec]) -> tuple[str, ...]:
    # Not the briefs themselves, which would stay in memory as long as the process lives.
    return tuple(spec.fingerprint(_SALT) for spec in specs)
