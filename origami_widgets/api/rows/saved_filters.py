"""Saved filters: which leads of a table pass the filters that the brief left on it.

The API can only replace saved filters, and does not return them. To narrow them by further filters, their leads' ids are
read separately: once per version of the table, for all frames and grids of the organization. If the totals with and
without them are equal, they hide nothing, and no ids are read.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

from origami_widgets.api.background.loop import is_under_way, kept_task
from origami_widgets.api.errors import OrigamiError
from origami_widgets.api.rows.row_reader import RowQuery, RowWalk, ids_of

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.usage import Traffic

TABLES_LIMIT = 64
"""Most versions of tables that are kept for an organization; the least recently used are dropped first."""
IDS_LIMIT = 1_000_000
"""Most ids that are kept for them together, in about 100 MB."""


class SavedFilters:
    """The saved filters of a table: ids of the leads that pass them. Background loop only.

    Args:
        table_id: the table.
        version: the version of the table.

    Attributes:
        version: the version of the table when reading began.
        hides: whether the saved filters hide any leads; None while unknown.
        ids: the ids read so far, in no order; empty if nothing is hidden.
        total: the number of leads that pass; None if the server did not say.
        total_of_all: the number of leads with the hidden ones; None if the server did not say.
        requests: the number of requests so far.
        is_complete: whether it is known of each lead if it passes.
    """

    def __init__(self, table_id: str, version: tuple[object, ...]) -> None:
        self.version = version
        self.hides: bool | None = None
        self.ids: set[str] = set()
        self.total: int | None = None
        self.total_of_all: int | None = None
        self.requests = 0
        self.is_complete = False
        self._table_id = table_id
        self._totals: list[int | None] = []
        self._walk = RowWalk()
        self._reading: asyncio.Task[None] | None = None

    @property
    def counts(self) -> tuple[bool | None, int | None, int | None]:
        """What the totals with and without the saved filters have shown."""
        return self.hides, self.total, self.total_of_all

    @property
    def hidden(self) -> int | None:
        """The number of hidden leads; None if the server did not say."""
        return None if self.total is None or self.total_of_all is None else self.total_of_all - self.total

    def passes(self, row_id: str) -> bool | None:
        """Return whether a lead passes the saved filters; None if it is not known yet."""
        return True if self.hides is False or row_id in self.ids else False if self.is_complete else None

    async def read(self, operations: Operations) -> None:
        """Read on with one request: of the total with the saved filters, then without them, then of each page of ids.

        Callers that ask at the same time wait for the same request.

        Args:
            operations: the API.

        Raises:
            OrigamiError: the request failed, or the ids could not be read to their end. Call it again to try again.
        """
        task = self._reading
        if task is None or not is_under_way(task):
            task = self._reading = kept_task(self._read(operations), "origami-widgets saved filters")
            # A caller that is interrupted does not end the reading of the others.
            await asyncio.shield(task)
            return
        # Each caller has its own patience: another one's error is not ours.
        await asyncio.wait([task])

    async def _read(self, operations: Operations) -> None:
        if self.hides is None:
            await self._count(operations)
            return
        walk = self._walk
        page = await operations.list_raw_rows(self._table_id, RowQuery(flat=True), cursor=walk.cursor)
        self.requests += 1
        self.ids.update(ids_of(walk.take(page, ids_of(page.items))))
        self.is_complete = walk.complete
        if walk.done:
            self._walk = RowWalk()
        if walk.stopped:
            raise OrigamiError(
                "The table's saved filters can't be applied",
                cause=f"The leads that pass them couldn't be read to their end: {walk.stopped}.",
                remedy="Read the table again, or use include_hidden=True to read without its saved filters.",
                transient=True,
            )

    async def _count(self, operations: Operations) -> None:
        query = RowQuery(flat=True, saved_filters=not self._totals)
        self._totals.append((await operations.list_raw_rows(self._table_id, query, limit=1)).total)
        self.requests += 1
        if len(self._totals) > 1:
            self.total, self.total_of_all = self._totals
            self.hides = self.total is None or self.total != self.total_of_all
            self.is_complete = not self.hides


_known: weakref.WeakKeyDictionary[Traffic, OrderedDict[tuple[object, ...], SavedFilters]] = weakref.WeakKeyDictionary()


def saved_filters(operations: Operations, table: Table) -> SavedFilters:
    """Return the saved filters of a table at its version, as far as it is known what they hide. Sends nothing.

    All clients of an organization get the same object.

    Args:
        operations: the API.
        table: the table as it is now.
    """
    known = _known.setdefault(operations.traffic, OrderedDict())
    key = (table.id, table.version)
    found = known.setdefault(key, SavedFilters(*key))
    known.move_to_end(key)
    while len(known) > 1 and (len(known) > TABLES_LIMIT or sum(len(each.ids) for each in known.values()) > IDS_LIMIT):
        known.popitem(last=False)
    return found


async def read_saved_filters(operations: Operations, table_id: str, table: Table | None) -> SavedFilters | None:
    """Read which leads pass the saved filters of a table, and return these; None if they hide nothing.

    If they do not, it costs two requests for one row each, unless that is known of this version of the table.

    Args:
        operations: the API.
        table_id: the table.
        table: the table as it is now; None if it has not just been read.

    Raises:
        OrigamiError: a request failed, or the ids could not be read to their end.
    """
    if table is not None:
        found = saved_filters(operations, table)
    else:
        counted = SavedFilters(table_id, ())
        while counted.hides is None:
            await counted.read(operations)
        if not counted.hides:
            return None
        table = await operations.get_table(table_id, include=())
        found = saved_filters(operations, table)
        if found.counts != counted.counts:
            # Not read yet, or the saved filters have changed since then.
            counted.version = table.version
            found = _known[operations.traffic][table.id, table.version] = counted
    while not found.is_complete:
        await found.read(operations)
    return found if found.hides else None
