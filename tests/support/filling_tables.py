"""Tables whose cells fill, are stopped and are paid for, by the clock: what `spending_server` serves.

`FillingTable.fill` does all that has happened up to a moment: feeders queue cells, `width` of them are worked on at a time,
and each that is done is charged. A stop takes waiting cells out of the queue; those that are worked on are paid for.
"""

from __future__ import annotations

import heapq
import itertools
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

COLLEAGUE = "a colleague"
"""Owner of cells that no run asked for, and who started a run that the client did not."""
_ordinal = itertools.count()
QUESTION = {
    "type": "single-choice",
    "question": "Which region?",
    "suggestedAnswers": ["North", "South"],
    "freeformOption": "Or something else",
}


@dataclass
class Run:
    """One run.

    Attributes:
        key: the API key of its organization.
        ends: when it ends, which moves when it is cancelled.
        by: `COLLEAGUE`, or empty if it came over the wire.
        idempotency_key: the one that it was sent with.
        slug: of the columns that it adds to focus tables.
        tables: ids of the tables that it works on.
    """

    id: str
    key: str
    agent: str
    prompt: str
    focus: list[str]
    starts: float
    ends: float
    status: str = "completed"
    by: str = ""
    idempotency_key: str | None = None
    slug: str = "phone"
    actions: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def done(self, now: float) -> list[dict[str, Any]]:
        """The actions by now."""
        return [action for at, action in self.actions if at <= now]

    def named(self, now: float) -> list[str]:
        """The tables that its answer names."""
        return list(dict.fromkeys([*(action["tableId"] for action in self.done(now)), *self.focus]))

    def summary(self, now: float) -> dict[str, Any]:
        return {
            "object": "run",
            "id": self.id,
            "agentId": self.agent,
            "status": "running" if now < self.ends else self.status,
            "prompt": self.prompt if len(self.prompt) <= 200 else f"{self.prompt[:200]}…",
            "model": "origami-max",
            "steps": {"completed": 3, "max": 50},
            "startedAt": iso(self.starts),
            "completedAt": None if now < self.ends else iso(self.ends),
        }

    def json(self, now: float, tables: list[dict[str, Any]], *, is_null_while_active: bool) -> dict[str, Any]:
        is_active = now < self.ends
        is_asking = not is_active and self.status == "needs_input"
        response = {
            "text": None if is_active else "Which region?" if is_asking else "Done.",
            "actions": self.done(now),
            "tables": tables,
            "transcript": None,
            "transcriptTruncated": False,
        }
        return {
            **self.summary(now),
            "workspaceId": self.agent,
            "request": {"prompt": self.prompt, "model": "origami-max", "focusTableIds": self.focus},
            "response": None if is_active and is_null_while_active else response,
            "todo": {"pendingQuestions": [QUESTION] if is_asking else [], "nextActions": []},
        }


@dataclass
class Column:
    """A column, and when it is there from."""

    name: str
    slug: str
    kind: str
    appears: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    rows: int = 0
    filled: set[int] = field(default_factory=set)
    settled: float = 0.0
    runs: int = 0

    def json(self, running: int) -> dict[str, Any]:
        return {
            "object": "column",
            "id": self.id,
            "name": self.name,
            "type": "static" if self.kind == "input" else "code",
            "kind": self.kind,
            "slug": self.slug,
            "autoTrigger": True,
            "credits": {"lifetimeUsed": self.settled},
            "cells": {"running": running, "errored": 0},
            "stats": {
                "avgCreditsPerRun": self.settled / self.runs if self.runs else 0,
                "callRate": 1,
                "totalRuns": self.runs,
            },
        }


@dataclass
class Cell:
    """One cell that is to be filled: of which column, for whom, and whose run asked for it."""

    column: Column
    row: int
    owner: str


@dataclass
class Feeder:
    """What queues cells for a table: so many now and then, until none is left.

    Attributes:
        next_at: when it queues next; for a late one, seconds after the end of its run.
        is_lead_source: whether it is a job that only a stop of the whole table ends.
        run: the run that it depends on, if any.
        is_late: whether it begins after its run's end; if not, it ends with its run.
    """

    owner: str
    column: Column
    next_at: float
    every: float
    per: int
    left: int
    is_lead_source: bool = False
    run: Run | None = None
    is_late: bool = False

    @property
    def due(self) -> float:
        return self.next_at + (self.run.ends if self.run is not None and self.is_late else 0.0)

    @property
    def is_over(self) -> bool:
        return not self.left or (self.run is not None and not self.is_late and self.next_at > self.run.ends)


@dataclass
class Stop:
    """One stop of a table that was carried out; `owners` says whose cells it stopped, or would."""

    table: str
    columns: list[str] | None
    dry_run: bool
    at: float
    cells: int
    jobs: int
    owners: Counter[str]

    def json(self) -> dict[str, Any]:
        if self.dry_run:
            return {
                "dryRun": True,
                "tableId": self.table,
                "activeCells": self.cells,
                "activeLeadSourceJobs": self.jobs,
            }
        return {"tableId": self.table, "cancelledCells": self.cells, "cancelledLeadSourceJobs": self.jobs}


@dataclass
class FillingTable:
    """One table, and the cells of it: waiting, worked on, filled.

    Attributes:
        key: the API key of its organization.
        agent: the agent that made it, if one did.
        appears: when it is there from.
        rate: cells a second.
        width: how many are worked on at a time.
        price: credits of a cell.
        queues: cells that wait, by column: the columns take turns.
        settled: cells that were charged, by owner.
        changed: when anything last changed.
    """

    name: str
    key: str
    agent: str | None
    appears: float
    columns: list[Column]
    rate: float
    width: int
    price: float
    rows: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    feeders: list[Feeder] = field(default_factory=list)
    queues: dict[str, deque[Cell]] = field(default_factory=dict)
    in_flight: list[tuple[float, int, Cell]] = field(default_factory=list)
    settled: Counter[str] = field(default_factory=Counter)
    changed: float = 0.0
    _last_start: float = 0.0

    @property
    def paid(self) -> float:
        return self.price * self.settled.total()

    def active(self, slugs: list[str] | None = None) -> list[Cell]:
        in_flight = [cell for _, _, cell in self.in_flight if slugs is None or cell.column.slug in slugs]
        return [*self._waiting(slugs), *in_flight]

    def _waiting(self, slugs: list[str] | None) -> list[Cell]:
        queues = [queue for queue in self.queues.values() if slugs is None or queue[0].column.slug in slugs]
        return list(itertools.chain.from_iterable(queues))

    def shown(self, now: float) -> list[Column]:
        """The columns that are there."""
        return [column for column in self.columns if column.appears <= now]

    def stop(self, slugs: list[str] | None, now: float, *, dry_run: bool) -> Stop:
        """Stop what waits in these columns (None: in the whole table, with its lead sources), or only count what is active."""
        jobs = [each for each in self.feeders if each.is_lead_source and each.left] if slugs is None else []
        # What is worked on can't be stopped: it is active, but it isn't among what was cancelled.
        cells = self.active(slugs) if dry_run else self._waiting(slugs)
        if not dry_run:
            for column in {cell.column.id for cell in cells}:
                self.queues.pop(column, None)
            for job in jobs:
                job.left = 0
            self.changed = now
        return Stop(self.id, slugs, dry_run, now, len(cells), len(jobs), Counter(cell.owner for cell in cells))

    def fill(self, until: float) -> None:
        """Let cells be queued, worked on and charged, in the order of the clock."""
        while True:
            self.feeders = [each for each in self.feeders if not each.is_over]
            feeder = min(self.feeders, key=lambda each: each.due, default=None)
            fed = feeder.due if feeder is not None else until + 1
            done = self.in_flight[0][0] if self.in_flight else until + 1
            if min(fed, done) > until:
                return
            if done <= fed:
                self._settle(heapq.heappop(self.in_flight)[2], done)
            elif feeder is not None:
                self._queue(feeder, fed)
            self.changed = min(fed, done)
            self._take_up(self.changed)

    def _settle(self, cell: Cell, now: float) -> None:
        self.settled[cell.owner] += 1
        cell.column.settled += self.price
        cell.column.runs += 1
        cell.column.filled.add(cell.row)

    def _queue(self, feeder: Feeder, now: float) -> None:
        column, cells = feeder.column, min(feeder.per, feeder.left)
        queue = self.queues.setdefault(column.id, deque())
        queue.extend(Cell(column, row, feeder.owner) for row in range(column.rows, column.rows + cells))
        column.rows += cells
        self.rows = max(self.rows, column.rows)
        feeder.left -= cells
        feeder.next_at += feeder.every

    def refill(self, owner: str, column: Column, rows: list[int], now: float) -> None:
        """Queue cells of rows that are there, even those that are filled."""
        self.fill(now)
        self.queues.setdefault(column.id, deque()).extend(Cell(column, row, owner) for row in rows)
        self.changed = now
        self._take_up(now)

    def _take_up(self, now: float) -> None:
        """Work on as many cells as are worked on at a time: one after the other, so that they don't settle at once."""
        while self.queues and len(self.in_flight) < self.width:
            self._last_start = max(now, self._last_start + 1 / self.rate)
            done = self._last_start + self.width / self.rate
            column = next(iter(self.queues))
            queue = self.queues.pop(column)
            heapq.heappush(self.in_flight, (done, next(_ordinal), queue.popleft()))
            if queue:
                self.queues[column] = queue

    # As the API shows it

    def json(self, now: float) -> dict[str, Any]:
        # By the lengths of the queues: a table may have a hundred thousand cells, and is shown with each answer.
        running = Counter({column: len(queue) for column, queue in self.queues.items()})
        running.update(cell.column.id for _, _, cell in self.in_flight)
        columns = [column.json(running[column.id]) for column in self.shown(now)]
        return {
            "object": "table",
            "id": self.id,
            "workspaceId": None,
            "name": self.name,
            "leadCount": self.rows,
            "columns": columns,
            "credits": {"lifetimeUsed": sum(column["credits"]["lifetimeUsed"] for column in columns)},
            "cells": {"running": sum(column["cells"]["running"] for column in columns), "errored": 0},
            "url": f"https://origami.invalid/workspace/{self.agent}?table={self.id}",
            "createdAt": iso(self.appears),
            "updatedAt": iso(max(self.changed, self.appears)),
        }

    def row_json(self, number: int, now: float) -> dict[str, Any]:
        cells = {column.slug: {"type": "value", "value": f"+1 555 {number:04d}"} for column in self.found(number, now)}
        row = str(uuid.uuid5(uuid.UUID(self.id), str(number)))
        return {
            "object": "row",
            "id": row,
            "cells": {"company": {"type": "scalar", "value": f"Company {number}"}, **cells},
        }

    def found(self, row: int, now: float) -> list[Column]:
        """The columns in which a row has something."""
        return [column for column in self.shown(now) if row in column.filled]


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
