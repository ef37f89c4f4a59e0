"""Registry of jobs: the same key finds the same job, so that nothing is paid for twice.

A key stands for a name (`once=`) or for the nth equal start in a cell. A loop in one cell starts as many runs as it asks
for; in a rerun, each call finds one of them. The registry holds records, but neither jobs nor runs: a job that is gone
is made again from its record, and finds its run by the ids in there. Background loop only.
"""

from __future__ import annotations

import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from origami_widgets.run.starts.record import Life, StartRecord

if TYPE_CHECKING:
    from origami_widgets.host.application import CellRef
    from origami_widgets.run.starts.job import StartJob

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
        return Unique()
    return Cell(client, cell.cell, fingerprint, next_ordinal(client, fingerprint, cell))


def next_ordinal(client: Hashable, fingerprint: str, cell: CellRef | None) -> int:
    """Return how many equal starts precede the next one in this execution of a cell.

    Args:
        client: the client's identity.
        fingerprint: what is started, with whatever else tells starts apart.
        cell: the execution of the cell; None for a script, in which the whole process counts.
    """
    place, now = ("", "") if cell is None else (cell.cell, cell.execution)
    execution, counts = _counts.pop((client, place), ("", Counter[str]()))
    if execution != now:
        counts = Counter()
    _counts[client, place] = now, counts
    _drop_oldest(_counts, MOST_CELLS)
    counts[fingerprint] += 1
    return counts[fingerprint] - 1


def jobs(wanted: Iterable[tuple[JobKey, Callable[..., StartJob]]], *, fresh: bool = False) -> list[StartJob]:
    """Return for each key the job of an earlier call, or a new one.

    If nothing of an earlier call goes on, or may, all jobs are new. Otherwise, jobs that have ended are found as well.

    Args:
        wanted: the keys, each with a function that makes its job, from a record if it gets one.
        fresh: make new jobs in any case. Later calls find these.
    """
    pairs = [(key, make, None if fresh or isinstance(key, Unique) else _records.get(key)) for key, make in wanted]
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
    if not isinstance(key, Unique):
        _records.pop(key, None)
        _records[key] = _Known(job.record, weakref.ref(job))
        _drop_oldest(_records, MOST_RECORDS)
    return job


def _drop_oldest(kept: MutableMapping[Any, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]


_records: dict[Once | Cell, _Known] = {}
_counts: dict[tuple[Hashable, str], tuple[str, Counter[str]]] = {}
"""How many equal starts the newest execution of each cell has asked for, by fingerprint."""
_SALT = uuid.uuid4().hex
