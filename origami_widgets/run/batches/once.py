"""`start_many(..., once="a-name")`: a list that is run again attaches to what was started, and starts only the rest.

Each brief has a name of its own in the registry, made from the name of the batch and from the brief itself: the list may
be put in another order, or grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.either_way import Awaiting
from origami_widgets.api.errors import NotFound, ProjectNotFound
from origami_widgets.run.agent_runs import with_later_runs
from origami_widgets.run.batches.briefs import names_of
from origami_widgets.run.conversation import conversation_of
from origami_widgets.run.once import Sender, known_of_name, of_name, record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.starts.record import StartRecord
    from origami_widgets.run.batches.course import Course
    from origami_widgets.run.batches.orders import Order
    from origami_widgets.run.claims import Brief, Claim
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.registry import RegistryUnusable


class Names:
    """The names of a batch's briefs.

    Args:
        once: the name of the batch, checked.
        briefs: the briefs.
        fresh: start a run for each of them although there is one.

    Attributes:
        once: the name of the batch.
    """

    def __init__(self, once: str, briefs: Sequence[Brief], *, fresh: bool) -> None:
        self.once = once
        self._names = names_of(once, briefs)
        self._fresh = fresh

    async def find_known(self, order: Order, course: Course) -> RunWatch | None:
        """The run that is known for a brief; keeps the record of one that may be there and is not known. Starts nothing.

        Raises:
            OrigamiError: what is known cannot be read, or is gone.
        """
        if self._fresh:
            return None
        found, claim = await self._known(order, course)
        if claim is not None:
            course.keep_record(order, record_of(claim))
        return found

    async def _known(self, order: Order, course: Course) -> tuple[RunWatch | None, Claim | None]:
        name = self._names[order.state.position]
        try:
            return await known_of_name(course.operations, name, order.brief, self._sender(order, course))
        except NotFound as error:
            if not isinstance(error, ProjectNotFound):
                error.remedy = (
                    f"{error.remedy} Without this brief, the others of the batch go on: take it out of the list."
                )
            raise

    async def start(self, order: Order, course: Course) -> RunWatch:
        """The run of a brief: the one that is known, else a new one.

        Raises:
            OrigamiError: as `start_once`.
        """
        # What may have been started a moment ago is looked for, also by who wants new ones.
        fresh = self._fresh and not order.may_have_started
        name = self._names[order.state.position]
        return await of_name(course.operations, name, order.brief, self._sender(order, course), fresh=fresh)

    def _sender(self, order: Order, course: Course) -> Sender:
        async def send(record: StartRecord) -> RunWatch:
            return await course.carry_out(order, record)

        async def find(record: StartRecord) -> RunWatch | None:
            return await course.new_job(order, record).found()

        async def attached(watch: RunWatch) -> None:
            # An agent has one active run at most: nothing has continued one that is active.
            order.conversation = (
                await with_later_runs(course.operations, watch) if watch.state.done else conversation_of(watch)
            )

        def unrecorded(error: RegistryUnusable) -> None:
            order.unrecorded = error

        return Sender(Awaiting(), send, find, attached, unrecorded, spares_the_loop=True)
