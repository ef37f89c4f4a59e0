"""A cell that is run again with an edited list: a brief that still stands in it keeps the run that it has.

An equal brief of a batch that an earlier execution of the cell has begun is handed over: its run where that goes on, the
request that is on its way, or the one whose run is not known. Whichever of the two batches has it starts it; never both.
All of it happens on the background loop.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.api.errors import OrigamiError
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.state import Attached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.run.batches.course import Course
    from origami_widgets.run.batches.orders import Order
    from origami_widgets.run.batches.remains import Remains
    from origami_widgets.run.polling.run_watch import RunWatch

ON_THEIR_WAY = ("starting", "queued")


@dataclass(frozen=True)
class Source:
    """One batch that an earlier execution of the cell has begun.

    Attributes:
        marks: a fingerprint of each of its briefs.
        course: the batch; None when nobody holds it any more.
        remains: what is known of it in any case.
    """

    marks: tuple[str, ...]
    course: Course | None
    remains: Remains


@dataclass(frozen=True)
class _Held:
    """A brief of a batch that somebody holds."""

    course: Course
    order: Order


@dataclass(frozen=True)
class _Left:
    """A brief of a batch that nobody holds any more."""

    remains: Remains
    position: int


class Earlier:
    """What the batches of earlier executions have for a later one.

    Args:
        marks: a fingerprint of each brief of the later batch.
        sources: those batches, the newest first.
    """

    def __init__(self, marks: Sequence[str], sources: Sequence[Source]) -> None:
        self._marks = marks
        self._sources = tuple(sources)
        self._on_its_way: list[tuple[Order, _Held]] = []
        self._left: dict[str, list[_Left]] = defaultdict(list)
        self._to_read: list[tuple[Order, str]] = []

    async def hand_over(self, course: Course) -> None:
        """Take what is there, and wait for what is on its way. It may be called again.

        Args:
            course: the later batch.
        """
        sources, self._sources = self._sources, ()
        # In one step: meanwhile the others would go on starting.
        self._match(course, sources)
        course.tell()
        while self._to_read:
            order, mark = self._to_read[0]
            await self._take_one_that_goes_on(course, order, mark)
            self._to_read.pop(0)
        while self._on_its_way:
            order, held = self._on_its_way[0]
            if not await _is_over(course, held):
                return
            self._on_its_way.pop(0)
            _take(course, order, held)
            course.tell()

    def _match(self, course: Course, sources: Sequence[Source]) -> None:
        going_on: dict[str, list[_Held]] = defaultdict(list)
        waiting: dict[str, list[_Held]] = defaultdict(list)
        for source in sources:
            if source.remains.is_unwanted:
                continue
            for position, mark in enumerate(source.marks):
                if position in source.remains.given_away:
                    continue
                if source.course is None:
                    self._keep(mark, _Left(source.remains, position))
                else:
                    _sort(_Held(source.course, source.course.orders[position]), going_on[mark], waiting[mark])
        to_read = {mark: len(left) for mark, left in self._left.items()}
        for order, mark in zip(course.orders, self._marks if sources else (), strict=False):
            if going_on[mark]:
                self._take_from(course, order, going_on[mark].pop(0))
            elif to_read.get(mark):
                to_read[mark] -= 1
                self._to_read.append((order, mark))
            elif waiting[mark]:
                held = waiting[mark].pop(0)
                held.course.give_away(held.order)

    def _keep(self, mark: str, left: _Left) -> None:
        if left.position in left.remains.started or left.remains.unknown(left.position) is not None:
            self._left[mark].append(left)

    def _take_from(self, course: Course, order: Order, held: _Held) -> None:
        held.course.give_away(held.order)
        if held.order.state.state in ON_THEIR_WAY:
            self._on_its_way.append((order, held))
        else:
            _take(course, order, held)

    async def _take_one_that_goes_on(self, course: Course, order: Order, mark: str) -> None:
        """Take a run of a batch that nobody holds any more, where one goes on. Sends GETs."""
        while self._left[mark]:
            left = self._left[mark].pop(0)
            left.remains.given_away.add(left.position)
            if (known := left.remains.started.get(left.position)) is not None:
                agent_id, run_id, at = known
                watch = await poller().watch(course.operations, agent_id, run_id, started=None)
                if watch.state.run is None:
                    try:
                        await poller().first_check(watch)
                    except OrigamiError:
                        continue
                if _goes_on(watch):
                    watch.update(Attached(at, by="cell"))
                    course.take(order, watch)
                    return
            elif (record := left.remains.unknown(left.position)) is not None:
                del left.remains.jobs[left.position]
                course.keep_record(order, record)
                return


def _sort(held: _Held, going_on: list[_Held], waiting: list[_Held]) -> None:
    """Put a brief where it belongs; what is over belongs nowhere."""
    order = held.order
    if order.may_have_started or order.state.state in ON_THEIR_WAY:
        going_on.append(held)
    elif order.watch is None:
        waiting.append(held)
    elif _goes_on(order.watch):
        # It needs no waiting for.
        going_on.insert(0, held)


def _goes_on(watch: RunWatch) -> bool:
    # One that is told to end is not what the cell wants.
    return not watch.state.done and watch.state.cancel != "requested"


def _take(course: Course, order: Order, held: _Held) -> None:
    """Take the run of a brief, or the record of one that may be there."""
    remains, position = held.course.remains, held.order.state.position
    if held.order.watch is not None:
        held.order.watch.update(Attached(remains.started[position][2], by="cell"))
        course.take(order, held.order.watch)
    elif (record := remains.unknown(position)) is not None:
        held.course.drop_job(held.order)
        course.keep_record(order, record)


async def _is_over(course: Course, held: _Held) -> bool:
    """Wait until it is known what has become of a request; False when nothing more is to be started before that."""
    changed = asyncio.Event()
    # One of them tells when it has been stopped, the other one when it knows.
    stops = [course.subscribe(changed.set), held.course.subscribe(changed.set)]
    try:
        while held.order.state.state in ON_THEIR_WAY:
            if course.is_unwanted and held.order.job is not None:
                held.order.job.withdrawn.set()
            elif course.is_stopped:
                return False
            await changed.wait()
            changed.clear()
    finally:
        for stop in stops:
            stop()
    return True
