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
from origami_widgets.run.again import fingerprint_of, keep_newest
from origami_widgets.run.batches.course import Course
from origami_widgets.run.batches.earlier import Earlier, Source
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from origami_widgets.api.operations import Operations
    from origami_widgets.run.again import Place
    from origami_widgets.run.batches.remains import Remains
    from origami_widgets.run.claims import Brief


@dataclass
class _Begun:
    execution: str
    marks: tuple[str, ...]
    course: weakref.ref[Course]
    remains: Remains


REMEMBERED = 100
"""Batches of one cell; it has forgotten those before."""

Key = tuple[str, "Hashable", str]
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
    marks = tuple(map(fingerprint_of, briefs))
    for begun in _begun.get((place.cell, operations.identity, once), ()):
        if begun.execution == place.execution or begun.marks != marks or begun.remains.is_unwanted:
            continue
        if begun.remains.given_away:
            # It is not the whole any more.
            continue
        course = begun.course()
        if course is None and once:
            # Its runs are found by their names.
            continue
        if course is None:
            course = _found_again(operations, briefs, begun.remains)
            begun.course, begun.remains = weakref.ref(course), course.remains
        if _is_wanted(course):
            begun.execution = place.execution
            return course
    return None


def earlier(operations: Operations, place: Place | None, briefs: Sequence[Brief]) -> Earlier | None:
    """What earlier executions of this cell have begun, of which some may be wanted again; None for nothing.

    Args:
        operations: the API.
        place: where `start_many` was called; None where that is not known.
        briefs: what is asked for.
    """
    known = () if place is None else _begun.get((place.cell, operations.identity, ""), ())
    sources = [
        Source(begun.marks, begun.course(), begun.remains)
        for begun in reversed(known)
        if place is not None and begun.execution != place.execution
    ]
    return Earlier(tuple(map(fingerprint_of, briefs)), sources) if sources else None


def remember(place: Place | None, course: Course, briefs: Sequence[Brief], once: str) -> None:
    """Note which batch a cell has begun.

    Args:
        place: where `start_many` was called; None where that is not known.
        course: the batch.
        briefs: what was asked for.
        once: the name of the batch; empty for none.
    """
    if place is not None:
        known = keep_newest(_begun, (place.cell, course.operations.identity, once))
        marks = tuple(map(fingerprint_of, briefs))
        known.append(_Begun(place.execution, marks, weakref.ref(course), course.remains))
        del known[:-REMEMBERED]


def _is_wanted(course: Course) -> bool:
    if course.is_unwanted:
        return False
    runs_go_on = any(not run.done and run.state.cancel != "requested" for run in course.runs)
    return course.goes_on or course.error is not None or runs_go_on or course.remains.any_unknown


def _found_again(operations: Operations, briefs: Sequence[Brief], remains: Remains) -> Course:
    """A batch that nobody holds any more, as far as it had come."""
    try:
        return background().run(_built_again(operations, briefs, remains, looks=True))
    except CannotBlock:
        # Until they are read as planned, its runs count as going on: shown once too often, and never paid for twice.
        return background().call(lambda: completed(_built_again(operations, briefs, remains, looks=False)))


async def _built_again(operations: Operations, briefs: Sequence[Brief], remains: Remains, *, looks: bool) -> Course:
    course = Course(operations, briefs, None)
    course.is_stopped = course.remains.is_stopped = remains.is_stopped
    for order in course.orders:
        position = order.state.position
        if (known := remains.started.get(position)) is not None:
            agent_id, run_id, at = known
            watch = await poller().watch(operations, agent_id, run_id, started=None)
            if looks and watch.state.run is None:
                # A run that cannot be read says so itself.
                with contextlib.suppress(OrigamiError):
                    await poller().first_check(watch)
            watch.update(Attached(at, by="cell"))
            course.take(order, watch)
            continue
        if (record := remains.unknown(position)) is not None:
            course.keep_record(order, record)
        if remains.is_stopped:
            order.update(state="stopped")
    return course
