"""A cell that is run again while its batch goes on shows that batch: the same cell with the same briefs pays once at a time."""

from __future__ import annotations

import contextlib
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api.either_way import completed
from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.loop import background
from origami_widgets.api.threadless import CannotBlock
from origami_widgets.run.again import REMEMBERED
from origami_widgets.run.batches.course import Course
from origami_widgets.run.hub import hub
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.again import Place
    from origami_widgets.run.batches.orders import Ledger
    from origami_widgets.run.claims import Brief


@dataclass
class _Begun:
    execution: str
    course: weakref.ref[Course]
    ledger: Ledger


Key = tuple[str, "Hashable", tuple["Brief", ...], str]
_begun: dict[Key, list[_Begun]] = {}


def going_on(operations: Operations, place: Place | None, briefs: Sequence[Brief], once: str) -> Course | None:
    """The batch that an earlier execution of this cell has begun with these briefs, while it goes on; else None.

    One that an error has halted goes on as well: running the cell again is how a person tries again. One that was
    stopped goes on until its runs are over, also one that it may have without knowing it; one that was cancelled does
    not. Sends GETs where nobody has held it since.

    Args:
        operations: the API.
        place: where `start_many` was called; None where that is not known.
        briefs: what is asked for.
        once: the name of the batch; empty for none.
    """
    if place is None:
        return None
    for begun in _begun.get((place.cell, operations.identity, tuple(briefs), once), ()):
        if begun.execution == place.execution:
            continue
        course = begun.course()
        if course is None and once:
            # Its runs are found by their names.
            continue
        if course is None:
            course = _found_again(operations, briefs, begun.ledger)
            begun.course, begun.ledger = weakref.ref(course), course.ledger
        if _is_wanted(course):
            begun.execution = place.execution
            return course
    return None


def remember(place: Place | None, course: Course, briefs: Sequence[Brief], once: str) -> None:
    """Note which batch a cell has begun.

    Args:
        place: where `start_many` was called; None where that is not known.
        course: the batch.
        briefs: what was asked for.
        once: the name of the batch; empty for none.
    """
    if place is not None:
        known = _begun.setdefault((place.cell, course.operations.identity, tuple(briefs), once), [])
        known.append(_Begun(place.execution, weakref.ref(course), course.ledger))
        del known[:-REMEMBERED]


def _is_wanted(course: Course) -> bool:
    if course.is_unwanted:
        return False
    runs_go_on = any(not run.done and run.state.cancel != "requested" for run in course.runs)
    return course.goes_on or course.error is not None or runs_go_on or bool(course.ledger.doubtful)


def _found_again(operations: Operations, briefs: Sequence[Brief], ledger: Ledger) -> Course:
    """A batch that nobody holds any more, as far as it had come."""
    try:
        return background().run(_built_again(operations, briefs, ledger, looks=True))
    except CannotBlock:
        # Until they are read as planned, its runs count as going on: shown once too often, and never paid for twice.
        return background().call(lambda: completed(_built_again(operations, briefs, ledger, looks=False)))


async def _built_again(operations: Operations, briefs: Sequence[Brief], ledger: Ledger, *, looks: bool) -> Course:
    course = Course(operations, briefs, None)
    course.is_stopped = course.ledger.is_stopped = ledger.is_stopped
    for order in course.orders:
        position = order.state.position
        if (known := ledger.started.get(position)) is not None:
            agent_id, run_id, at = known
            watch = await hub().watch(operations, agent_id, run_id, started=None)
            if looks and watch.state.run is None:
                # A run that cannot be read says so itself.
                with contextlib.suppress(OrigamiError):
                    await hub().first_check(watch)
            watch.update(Attached(at, by="cell"))
            course.take(order, watch)
            continue
        if (sent := ledger.doubtful.get(position)) is not None:
            course.doubt(order, *sent)
        if ledger.is_stopped:
            order.update(state="stopped")
    return course
