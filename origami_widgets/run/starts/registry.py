"""Registry of jobs: the same key finds the same job, so that nothing is paid for twice.

A key stands for a name (`once=`) or for the nth equal start in a cell. A loop in one cell starts as many runs as it asks
for; in a rerun, each call finds one of them. The registry holds records, but neither jobs nor runs: a job that is gone
is made again from its record, and finds its run by the ids in there. Background loop only.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, MutableMapping

    from origami_widgets.host.cells import CellRef
    from origami_widgets.run.starts.record import RecordSlot

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


class Unique:
    """Key of a job that no later call finds."""


JobKey = Once | Cell | Unique


class Job(Protocol):
    """Protocol of the jobs in the registry.

    Attributes:
        slot: the holder of its record, which says whether anything `may_have_started`.
    """

    slot: RecordSlot[Any]

    @property
    def is_worth_finding(self) -> bool:
        """Whether a later call with the same key wants this job."""


J = TypeVar("J", bound=Job)


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
        return Unique()
    execution, counts = _counts.pop((client, cell.cell), ("", Counter[str]()))
    if execution != cell.execution:
        counts = Counter()
    _counts[client, cell.cell] = cell.execution, counts
    _drop_oldest(_counts, MOST_CELLS)
    counts[fingerprint] += 1
    return Cell(client, cell.cell, fingerprint, counts[fingerprint] - 1)


def job(key: JobKey, make: Callable[[RecordSlot[Any] | None], J], *, fresh: bool = False) -> J:
    """Return the job with a key, or a new one; see `jobs`."""
    return jobs([(key, make)], fresh=fresh)[0]


def jobs(wanted: Iterable[tuple[JobKey, Callable[[RecordSlot[Any] | None], J]]], *, fresh: bool = False) -> list[J]:
    """Return for each key the job of an earlier call, or a new one.

    If nothing of an earlier call goes on, or may, all jobs are new. Otherwise, jobs that have ended are found as well.

    Args:
        wanted: the keys, each with a function that makes its job, from a record or, with None, without one.
        fresh: make new jobs in any case. Later calls find these.
    """
    pairs = [(key, make, None if fresh else _found(key)) for key, make in wanted]
    goes_on = any(slot is not None and _goes_on(slot) for _, _, slot in pairs)
    return [_job(key, make, slot if goes_on else None) for key, make, slot in pairs]


def _found(key: JobKey) -> RecordSlot[Any] | None:
    slot = None if isinstance(key, Unique) else _slots.get(key)
    if slot is None or not slot.is_wanted:
        return None
    if isinstance(key, Once) and ((known := slot.job()) is None or not known.is_worth_finding):
        # The start store knows more than the record.
        return None
    return slot


def _goes_on(slot: RecordSlot[Any]) -> bool:
    known: Job | None = slot.job()
    return (slot.record.may_have_started or not slot.is_held) if known is None else known.is_worth_finding


def _job(key: JobKey, make: Callable[[RecordSlot[Any] | None], J], slot: RecordSlot[Any] | None) -> J:
    found: J | None = None if slot is None else slot.job()
    if found is None:
        found = make(slot)
    found.slot.is_found = slot is not None
    # A stopped list of a cell stays so when the cell is run again; who asks for a name wants it started.
    found.slot.is_held &= isinstance(key, Cell)
    if not isinstance(key, Unique):
        _slots.pop(key, None)
        _slots[key] = found.slot
        _drop_oldest(_slots, MOST_RECORDS)
    return found


def _drop_oldest(kept: MutableMapping[Any, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]


_slots: dict[Once | Cell, RecordSlot[Any]] = {}
_counts: dict[tuple[Hashable, str], tuple[str, Counter[str]]] = {}
"""How many equal starts the newest execution of each cell has asked for, by fingerprint."""
_SALT = uuid.uuid4().hex
