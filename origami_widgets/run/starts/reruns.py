"""Reruns: which start of an earlier execution of its cell an equal start finds, instead of paying once more.

A loop in one cell starts as many runs as it asks for; when the cell is run again, each call finds one of them. The records
that are kept hold no run: a run without a handle is found again by its ids. Background loop only.
"""

from __future__ import annotations

import uuid
import weakref
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.run.starts.job import goes_on

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from origami_widgets.api.starts.record import RecordSlot
    from origami_widgets.api.starts.spec import StartSpec
    from origami_widgets.host.cells import CellRef
    from origami_widgets.run.starts.job import WatchedJob

MOST_CALLS = 100
"""Calls of one cell whose records are kept; the oldest are dropped."""
MOST_CELLS = 2_000


@dataclass
class CallRecord:
    """Record of one call that started runs, kept after its handles are garbage-collected.

    Attributes:
        execution: the execution of the cell that made it, or has found it since.
        once: the name of `once=`; empty for none.
        fingerprints: one for each start, in order.
        slots: their records.
        jobs: their jobs, while those exist.
        batch: the batch of them, while it exists; None for a single start.
        is_stopped: nothing more is to be started.
        is_whole: no later call has taken over any of its starts.
    """

    execution: str
    once: str
    fingerprints: tuple[str, ...]
    slots: tuple[RecordSlot, ...]
    jobs: tuple[weakref.ref[WatchedJob], ...]
    batch: weakref.ref[Any] | None = None
    is_stopped: bool = False
    is_whole: bool = True


class EarlierStart(NamedTuple):
    """Earlier start that an equal one finds.

    Attributes:
        job: the start job of an earlier call, to share; None where there is none.
        records: records of earlier calls whose runs may be active; starts with the same fingerprint share one list.
    """

    job: WatchedJob | None
    records: list[RecordSlot]


class CellCalls:
    """Calls of one cell through one client, as one execution of the cell sees them.

    Args:
        execution: this execution of the cell.
        calls: the calls of all executions, oldest first.
    """

    def __init__(self, execution: str, calls: list[CallRecord]) -> None:
        self._execution = execution
        self._calls = calls

    def add(
        self, specs: Iterable[StartSpec], jobs: Sequence[WatchedJob], *, once: str = "", batch: Any = None
    ) -> CallRecord:
        """Record a call.

        Args:
            specs: what it starts.
            jobs: its start jobs.
            once: the name of `once=`; empty for none.
            batch: the batch of them; None for a single start.
        """
        call = CallRecord(
            self._execution,
            once,
            _fingerprints(specs),
            tuple(job.slot for job in jobs),
            tuple(weakref.ref(job) for job in jobs),
            None if batch is None else weakref.ref(batch),
        )
        self._calls.append(call)
        del self._calls[:-MOST_CALLS]
        return call

    def equal_batch(self, specs: Iterable[StartSpec], once: str) -> CallRecord | None:
        """Return the call of an earlier execution that has started the same list, if its batch may still be active."""
        fingerprints = _fingerprints(specs)
        for call in self._calls:
            if call.batch is None or (call.once, call.fingerprints) != (once, fingerprints):
                continue
            if call.execution == self._execution or not (call.is_whole and any(slot.is_wanted for slot in call.slots)):
                continue
            batch = call.batch()
            # Without its batch, the runs of a name are found by the name.
            if not once if batch is None else batch.is_wanted:
                call.execution = self._execution
                return call
        return None

    def equal_starts(self, specs: Iterable[StartSpec]) -> list[EarlierStart]:
        """Return the earlier start that each of these finds among those of earlier executions."""
        found: defaultdict[str, list[tuple[int, EarlierStart]]] = defaultdict(list)
        earlier: defaultdict[str, list[RecordSlot]] = defaultdict(list)
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
                    earlier[fingerprint].append(slot)
                found[fingerprint].append((rank, EarlierStart(job, earlier[fingerprint] if job is None else [])))
        for ranked in found.values():
            ranked.sort(key=itemgetter(0))
        return [found[each].pop(0)[1] if found[each] else EarlierStart(None, []) for each in _fingerprints(specs)]

    def hand_over(self, jobs: Iterable[WatchedJob], to: object) -> None:
        """Let a later batch own the jobs that it has taken over: the batches that had them no longer start them."""
        taken = set(jobs)
        for call in self._calls:
            batch = call.batch() if call.batch is not None else None
            if batch is None or batch is to:
                continue
            for reference in call.jobs:
                job = reference()
                if job in taken and job.watch is None:
                    call.is_whole = False
                    batch.give_up(job)


def _rank(slot: RecordSlot, job: WatchedJob | None) -> int | None:
    """Return how soon an equal start takes an earlier one, the lowest first; None where its run has ended."""
    if job is None:
        return 2 if slot.record.may_have_started else None
    if job.watch is not None:
        return 0 if goes_on(job.watch) else None
    return 1 if job.is_going or job.record.may_have_started else 3


_cells: dict[tuple[str, Hashable], list[CallRecord]] = {}
_SALT = uuid.uuid4().hex


def calls_of(cell: CellRef | None, client: Hashable) -> CellCalls:
    """Return the calls of a cell; of too many cells, those that were used longest ago are dropped.

    Args:
        cell: the cell; None where the host does not name its cells: nothing is recorded then.
        client: what makes two clients the same.
    """
    if cell is None:
        return CellCalls("", [])
    calls = _cells.pop((cell.cell, client), [])
    _cells[cell.cell, client] = calls
    for old in list(_cells)[:-MOST_CELLS]:
        del _cells[old]
    return CellCalls(cell.execution, calls)


def _identity(slot: RecordSlot) -> str:
    """Return an id that is the same for all records of one start."""
    return slot.record.run_id or slot.record.first_key


def _fingerprints(specs: Iterable[StartSpec]) -> tuple[str, ...]:
    # Briefs themselves would stay in memory as long as the process lives.
    return tuple(spec.fingerprint(_SALT) for spec in specs)
