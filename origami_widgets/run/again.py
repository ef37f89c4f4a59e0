"""A cell that is run again while its run goes on shows that run: the same cell with the same brief pays once at a time.

A loop in one cell starts as many runs as it asks for; when that cell is run again, each call finds one of them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run.claims import fingerprint
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Hashable

    from origami_widgets.api.either_way import Way
    from origami_widgets.api.operations import Operations
    from origami_widgets.run.claims import Brief
    from origami_widgets.run.polling.run_watch import RunWatch

REMEMBERED = 20
"""Runs of one cell and brief; it has forgotten those before."""
MOST_CELLS = 2_000
"""Cells, and briefs of them, that are remembered at all."""


class Place(NamedTuple):
    """Where code runs.

    Args:
        cell: the cell, the same each time it is run.
        execution: this time.
    """

    cell: str
    execution: str


T = TypeVar("T")
K = TypeVar("K")


def fingerprint_of(brief: Brief) -> str:
    """What is remembered of a brief: long ones would stay in memory as long as the process lives."""
    return fingerprint(brief, _SALT)


def keep_newest(kept: dict[K, list[T]], key: K) -> list[T]:
    """What is kept of a cell, which becomes the newest one; of too many, the oldest ones are forgotten.

    Args:
        kept: what is kept, by the cell.
        key: the cell.

    >>> keep_newest({}, "cell")
    []
    """
    known = kept[key] = kept.pop(key, [])
    for old in list(kept)[:-MOST_CELLS]:
        del kept[old]
    return known


@dataclass
class _Begun:
    execution: str
    agent_id: str
    run_id: str
    at: float


_SALT = uuid.uuid4().hex
_begun: dict[tuple[str, Hashable, str], list[_Begun]] = {}


async def going_on(operations: Operations, place: Place | None, brief: Brief, way: Way) -> RunWatch | None:
    """The run that an earlier execution of this cell has started for this brief, while it is running; else None.

    Sends a GET where the run is not watched any more. Where the network is in the way it counts as running.

    Args:
        operations: the API.
        place: where `start` was called; None where that is not known.
        brief: what is asked for.
        way: how the caller waits.
    """
    if place is None:
        return None
    for begun in _begun.get((place.cell, operations.identity, fingerprint_of(brief)), ()):
        if begun.execution == place.execution:
            continue
        watch = await way.ask(_still_running(operations, begun))
        if watch is not None:
            begun.execution = place.execution
            return watch
    return None


async def _still_running(operations: Operations, begun: _Begun) -> RunWatch | None:
    watch = await poller().watch(operations, begun.agent_id, begun.run_id, started=None)
    if watch.state.run is None:
        try:
            await poller().first_check(watch)
        except OrigamiError:
            return None
    # One that is told to end is not what the cell wants.
    if watch.state.done or watch.state.cancel == "requested":
        return None
    watch.update(Attached(begun.at, by="cell"))
    return watch


def remember(operations: Operations, place: Place | None, brief: Brief, watch: RunWatch) -> None:
    """Note which run a cell has started.

    Args:
        operations: the API.
        place: where `start` was called; None where that is not known.
        brief: what was asked for.
        watch: the run.
    """
    if place is not None:
        run = watch.state.run
        at = run.started_at.timestamp() if run is not None and run.started_at is not None else poller().clock.time()
        known = keep_newest(_begun, (place.cell, operations.identity, fingerprint_of(brief)))
        known.append(_Begun(place.execution, watch.state.agent_id, watch.state.run_id, at))
        del known[:-REMEMBERED]
