"""A server of agents, tables and cells that spends as much as the vendor's words allow: the money of tests is counted here.

It shares nothing with the package's sandbox. Where the vendor is silent, it does what costs the user most:

- Cells go on filling after the run's end and after `POST /agents/{id}/cancel`; only the table's own cancel stops them.
- The agent queues cells until it has ended, `cancel_delay` seconds after its cancel: also behind a cancel of the table.
- A lead source goes on finding leads, and queues cells for them, until the whole table is cancelled.
- `in_flight` cells are worked on at a time. Those are paid for even when the table is cancelled, and no request shows
  their credits before they settle.
- `response` is null until the run's end.

Use it as a context manager, with a clock that a test can move:

    clock = use_clock(monkeypatch, SkippingClock())
    with SpendingServer(clock=clock.time, cells=1000, cells_per_second=20) as server:
        run = ow.start("Find bakeries", client=Client(server.key, base_url=server.base_url), credit_limit=200)
        run.wait("cells")
        server.finish()
        assert server.credits <= 200 + ...
        assert server.count("POST /tables/{id}/cancel") == 2

A brief decides on one run: with the word `asking` it ends at once with a question (its follow-up builds), `silent` names
no table among its actions. With `focusTableIds` it adds a column to each of these tables and fills it, and builds no table
of its own unless its brief says `own`.

Faults: `server.fail("POST /tables/{id}/cancel", 404, 500, 429, None)` answers the next four of these requests with errors
and with silence. `takes_effect=True` does first what was asked for. `keeps_key=False` forgets its idempotency key, as when
a proxy puts its page in the place of the origin's error: `server.fail("POST /agents", PROXY_PAGE, takes_effect=True,
keeps_key=False)`. Any behaviour of `tests.support.server` can be given in the place of a status.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import math
import re
import threading
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from tests.support.server import RawServer, answer, silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.server import Behaviour, Received

KEY = "og_live_spending_server_0000000000"
PROXY_PAGE = answer("<html><title>502 Bad Gateway</title></html>", 502, content_type="text/html")
"""What a proxy puts in the place of an origin's error."""
COLLEAGUE = "a colleague"
"""Owner of cells that no run asked for."""
ERRORS = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "TABLE_NOT_FOUND",
    429: "RATE_LIMITED",
    500: "CANCEL_PARTIALLY_FAILED",
}


class Refusal(Exception):
    """An error of the API, with its status and code."""

    def __init__(self, status: int, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.fields = status, code, fields


@dataclass
class Cell:
    """One cell that is to be filled: of which column, for whom, and whose run asked for it."""

    column: Column
    row: int
    owner: str


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


@dataclass
class Feeder:
    """What queues cells for a table: so many now and then, until it has none left or is ended."""

    owner: str
    column: Column
    next_at: float
    every: float
    per: int
    left: int
    is_lead_source: bool = False
    ends_with: Run | None = None


@dataclass
class Stop:
    """One `POST /tables/{id}/cancel` that was carried out; `owners` says whose cells it stopped, or would."""

    table: str
    columns: list[str] | None
    dry_run: bool
    at: float
    cells: int
    jobs: int
    owners: Counter[str]


@dataclass
class Run:
    """One run; `ends` moves when it is cancelled."""

    id: str
    agent: str
    prompt: str
    focus: list[str]
    starts: float
    ends: float
    key: str | None
    status: str = "completed"
    actions: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


@dataclass
class Table:
    """One table, and the cells of it: waiting, worked on, filled."""

    id: str
    name: str
    agent: str | None
    appears: float
    columns: list[Column]
    feeders: list[Feeder] = field(default_factory=list)
    queue: deque[Cell] = field(default_factory=deque)
    in_flight: list[tuple[float, int, Cell]] = field(default_factory=list)
    rows: int = 0
    settled: Counter[str] = field(default_factory=Counter)
    changed: float = 0.0
    last_start: float = 0.0

    def active(self, slugs: list[str] | None) -> list[Cell]:
        cells = [*self.queue, *(cell for _, _, cell in self.in_flight)]
        return [cell for cell in cells if slugs is None or cell.column.slug in slugs]


class SpendingServer:
    """The server.

    Args:
        clock: seconds since 1970; a test that moves it needs no patience.
        cells: cells that each run queues in each table.
        cells_per_second: how fast each table fills.
        credits_per_cell: what each cell costs.
        in_flight: how many cells of a table are worked on at a time.
        agent_seconds: how long a run takes.
        response: `null` until the run's end, or `partial` from its first action on.
        lead_source_cells: cells for leads that a lead source goes on finding, besides `cells`.
        lead_source_rate: how many of them a second.
        cancel_delay: seconds from an agent's cancel to the end of its run.
        run_slots: how many runs can be active; None for any number.
        balance: credits of the account at the beginning.

    Attributes:
        key: the API key that it accepts.
        agents: names of agents by id.
        runs: every run that was started, in order.
        cancels: agents that were asked to cancel, in order.
        stops: each cancel of a table that was carried out, dry runs too.
        replays: how many answers were repeated to a key that was known.
        now: the clock.
    """

    key = KEY

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        cells: int = 1000,
        cells_per_second: float = 20.0,
        credits_per_cell: float = 1,
        in_flight: int = 10,
        agent_seconds: float = 60.0,
        response: str = "null",
        lead_source_cells: int = 0,
        lead_source_rate: float = 5.0,
        cancel_delay: float = 2.0,
        run_slots: int | None = None,
        balance: float = 100_000,
    ) -> None:
        self.now = clock
        self._cells, self._rate, self._price, self._width = cells, cells_per_second, credits_per_cell, in_flight
        self._agent_seconds, self._response, self._delay = agent_seconds, response, cancel_delay
        self._source_cells, self._source_rate = lead_source_cells, lead_source_rate
        self._slots, self._balance = run_slots, balance
        self.agents: dict[str, str] = {}
        self.runs: list[Run] = []
        self.cancels: list[str] = []
        self.stops: list[Stop] = []
        self.replays = 0
        self._created: dict[str, float] = {}
        self._tables: dict[str, Table] = {}
        self._linked: dict[str, list[str]] = {}
        self._keys: dict[tuple[str, str], tuple[bytes, int, Any]] = {}
        self._faults: dict[str, deque[tuple[int | Behaviour | None, bool, bool]]] = {}
        self._counts: Counter[str] = Counter()
        self._ordinal = itertools.count()
        self._lock = threading.RLock()
        self._wire = RawServer(self._answer)

    def __enter__(self) -> Self:
        self._wire.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._wire.__exit__(*exception)

    # What a test asks and arranges

    @property
    def base_url(self) -> str:
        return self._wire.base_url

    @property
    def requests(self) -> list[Received]:
        """Every request, in order."""
        return self._wire.requests

    @property
    def routes(self) -> Counter[str]:
        """How often each route was asked for, such as `GET /tables/{id}`."""
        with self._lock:
            return Counter(self._counts)

    def count(self, route: str) -> int:
        """How often a route was asked for, faults included; dry runs are `POST /tables/{id}/cancel dry`."""
        return self.routes[route]

    @property
    def credits(self) -> float:
        """What has been charged by now, by anyone."""
        return sum(self.spent(each) for each in self.tables)

    def spent(self, table: str, owner: str | None = None) -> float:
        """What a table has been charged by now: for a run's id, `COLLEAGUE`, or all."""
        with self._lock:
            self._advance()
            settled = self._tables[table].settled
            return self._price * (settled.total() if owner is None else settled[owner])

    def active(self, table: str, owner: str | None = None) -> int:
        """How many cells of a table wait or are worked on."""
        with self._lock:
            self._advance()
            return sum(owner in {None, cell.owner} for cell in self._tables[table].active(None))

    @property
    def credits_in_flight(self) -> float:
        """What is worked on now, and will be charged whatever is asked for."""
        with self._lock:
            self._advance()
            return self._price * sum(len(table.in_flight) for table in self._tables.values())

    @property
    def tables(self) -> list[str]:
        """The ids of all tables that there are by now, in order."""
        with self._lock:
            self._advance()
            return [table.id for table in self._tables.values() if table.appears <= self.now()]

    def finish(self) -> float:
        """Work off all that is still to come, without any further request; return what was charged in the end. Ask last."""
        with self._lock:
            ends = self.now() + 1_000_000
            for table in self._tables.values():
                self._fill(table, ends)
            return self._price * sum(table.settled.total() for table in self._tables.values())

    def add_table(
        self,
        *,
        agent: str | None = None,
        name: str = "List of a colleague",
        slugs: tuple[str, ...] = ("checked",),
        rows: int = 50,
        colleague_cells: int = 0,
    ) -> str:
        """Make a table that no run made, and let a colleague fill its first computed column; return its id."""
        with self._lock:
            now = self.now()
            columns = [Column("Company", "company", "input", now)]
            columns += [Column(slug.capitalize(), slug, "enrichment", now) for slug in slugs]
            table = Table(str(uuid.uuid4()), name, agent, now, columns, rows=rows, changed=now)
            self._tables[table.id] = table
            if colleague_cells:
                table.feeders.append(Feeder(COLLEAGUE, columns[1], now, 1.0, colleague_cells, colleague_cells))
            return table.id

    def colleague_adds(self, table: str, slug: str) -> None:
        """Let a colleague add a column to a table, now."""
        with self._lock:
            self._tables[table].columns.append(Column(slug.capitalize(), slug, "enrichment", self.now()))

    def colleague_fills(self, table: str, cells: int, *, slug: str | None = None) -> None:
        """Let a colleague have cells of a table filled, from now on; of its last column if none is named."""
        with self._lock:
            self._advance()
            held = self._tables[table]
            column = next((each for each in held.columns if each.slug == slug), held.columns[-1])
            held.feeders.append(Feeder(COLLEAGUE, column, self.now(), 1.0, cells, cells))

    def fail(
        self, route: str, *faults: int | Behaviour | None, takes_effect: bool = False, keeps_key: bool = True
    ) -> None:
        """Let the next requests of a route fail: with a status, a behaviour, or (None) without any answer."""
        with self._lock:
            planned = self._faults.setdefault(route, deque())
            planned.extend((fault, takes_effect, keeps_key) for fault in faults)

    # One request

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        with self._lock:
            behaviour = self._behaviour(request)
        if self._agent_seconds < 0.01:
            # An agent that is over at once is over, with its cells, before anything else can be asked.
            await asyncio.sleep(0.01)
        await behaviour(request, writer)

    def _behaviour(self, request: Received) -> Behaviour:
        self._advance()
        route, handler, ids = self._route(request)
        self._counts[route] += 1
        planned = self._faults.get(route)
        fault, takes_effect, keeps_key = planned.popleft() if planned else (200, True, True)
        status, body = 0, None
        if takes_effect:
            status, body, is_replay = self._take(request, handler, ids, keeps_key=keeps_key)
            if fault == 200:
                headers = {"Idempotency-Replay": "true"} if is_replay else {}
                if isinstance(body, dict) and body.get("status") == "running":
                    headers["Retry-After"] = "15"
                return answer(body, status, {**headers, "Date": self._http_date()})
        if fault is None:
            return silence()
        if isinstance(fault, int):
            headers = {"Retry-After": "1"} if fault == 429 else {}
            return answer({"error": "A fault", "code": ERRORS.get(fault, "INTERNAL_ERROR")}, fault, headers)
        return fault

    def _take(
        self, request: Received, handler: Callable[..., tuple[int, Any]], ids: tuple[str, ...], *, keeps_key: bool
    ) -> tuple[int, Any, bool]:
        """Carry out a request, or repeat the answer that its idempotency key was given."""
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        known = self._keys.get((key, request.path)) if key is not None else None
        if known is not None and known[0] != request.body:
            return 409, {"error": "Used for another request", "code": "IDEMPOTENCY_ERROR"}, False
        if known is not None:
            self.replays += 1
            return known[1], known[2], True
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {"error": "Invalid key", "code": "UNAUTHORIZED"}, False
        try:
            status, body = handler(request, *ids)
        except Refusal as refusal:
            status, body = refusal.status, {"error": refusal.code, "code": refusal.code, **refusal.fields}
        if key is not None and keeps_key and status < 500:
            # A copy: what is answered later must not change what was answered first.
            self._keys[key, request.path] = (request.body, status, json.loads(json.dumps(body)))
        return status, body, False

    def _route(self, request: Received) -> tuple[str, Callable[..., tuple[int, Any]], tuple[str, ...]]:
        path = request.path.removeprefix("/api/v2")
        for route, handler in self._handlers().items():
            method, pattern = route.split(" ")
            if method == request.method and (match := re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", pattern), path)):
                is_dry = route == "POST /tables/{id}/cancel" and _body(request).get("dryRun") is True
                return f"{route} dry" if is_dry else route, handler, match.groups()
        return f"{request.method} {path}", _no_endpoint, ()

    def _handlers(self) -> dict[str, Callable[..., tuple[int, Any]]]:
        return {
            "POST /agents": self._create_agent,
            "GET /agents": self._list_agents,
            "GET /agents/{id}": self._get_agent,
            "POST /agents/{id}/runs": self._create_run,
            "GET /agents/{id}/runs": self._list_runs,
            "GET /agents/{id}/runs/{id}": self._get_run,
            "POST /agents/{id}/cancel": self._cancel_agent,
            "GET /agents/{id}/tables": self._agent_tables,
            "GET /tables": self._list_tables,
            "GET /tables/{id}": self._get_table,
            "POST /tables/{id}/cancel": self._cancel_table,
            "GET /tables/{id}/columns": self._list_columns,
            "GET /tables/{id}/rows": self._list_rows,
            "GET /account": self._account,
            "GET /account/credits": self._credits,
        }

    # Agents and runs

    def _create_agent(self, request: Received) -> tuple[int, Any]:
        self._check_slots()
        agent = str(uuid.uuid4())
        body = _body(request)
        self.agents[agent] = body.get("name") or body["prompt"][:40]
        self._created[agent] = self.now()
        run = self._start(agent, request)
        workspace = {
            "object": "workspace",
            "id": agent,
            "name": self.agents[agent],
            "createdAt": _iso(self._created[agent]),
            "createdByApi": True,
        }
        return 202, {"agent": self._agent(agent), "run": self._run(run), "workspace": workspace}

    def _create_run(self, request: Received, agent: str) -> tuple[int, Any]:
        self._known(agent)
        for run in self.runs:
            if run.agent == agent and self.now() < run.ends:
                raise Refusal(409, "AGENT_BUSY", currentRun={"id": run.id, "startedAt": _iso(run.starts)})
        self._check_slots()
        return 202, {"run": self._run(self._start(agent, request))}

    def _check_slots(self) -> None:
        active = [run for run in self.runs if self.now() < run.ends]
        if self._slots is not None and len(active) >= self._slots:
            raise Refusal(429, "CONCURRENT_LIMIT_EXCEEDED", limit=self._slots, activeSessions=[], canUpgrade=False)

    def _start(self, agent: str, request: Received) -> Run:
        body, now = _body(request), self.now()
        prompt, focus = body["prompt"], list(dict.fromkeys(body.get("focusTableIds", [])))
        words = set(re.findall(r"\w+", prompt.lower()))
        if any(each not in self._tables for each in focus):
            raise Refusal(400, "UNKNOWN_TABLE")
        is_asking = "asking" in words
        run = Run(
            id=f"v2_run-{uuid.uuid4().hex}",
            agent=agent,
            prompt=prompt,
            focus=body.get("focusTableIds", []),
            starts=now,
            ends=now + (5.0 if is_asking else self._agent_seconds),
            key=request.headers.get("idempotency-key"),
            status="needs_input" if is_asking else "completed",
        )
        self.runs.append(run)
        self._linked.setdefault(agent, []).extend(each for each in focus if each not in self._linked[agent])
        if is_asking:
            return run
        for each in focus:
            self._extend(run, self._tables[each])
        if not focus or "own" in words:
            self._build(run, names_it="silent" not in words)
        return run

    def _build(self, run: Run, *, names_it: bool) -> None:
        opens = run.starts + 0.1 * self._agent_seconds
        column = Column("Phone", "phone", "enrichment", opens)
        columns = [Column("Company", "company", "input", opens), column]
        table = Table(str(uuid.uuid4()), f"Leads: {run.prompt[:30]}", run.agent, opens, columns, changed=opens)
        self._tables[table.id] = table
        run.tables.append(table.id)
        if names_it:
            run.actions.append((opens, {"type": "table_created", "tableId": table.id, "tableName": table.name}))
        self._feed(run, table, column, opens)
        if self._source_cells:
            per = max(1, round(self._source_rate))
            source = Feeder(
                run.id, column, opens, per / self._source_rate, per, self._source_cells, is_lead_source=True
            )
            table.feeders.append(source)

    def _extend(self, run: Run, table: Table) -> None:
        opens = run.starts + 0.1 * self._agent_seconds
        taken = {column.slug for column in table.columns}
        slug = next(s for n in itertools.count(1) if (s := "phone" if n == 1 else f"phone-{n}") not in taken)
        column = Column(slug.capitalize(), slug, "enrichment", opens)
        table.columns.append(column)
        action = {"type": "column_added", "tableId": table.id, "columnId": column.id, "columnName": column.name}
        run.actions.append((opens, action))
        run.tables.append(table.id)
        self._feed(run, table, column, opens)

    def _feed(self, run: Run, table: Table, column: Column, opens: float) -> None:
        """Queue most cells at once, and the others until the agent's end: a stop that comes earlier is not the last word."""
        late = self._cells // 10
        soon = self._cells - late
        table.feeders.append(Feeder(run.id, column, opens, 1.0, soon, soon, ends_with=run))
        pause = 0.8 * self._agent_seconds / max(1, late)
        table.feeders.append(Feeder(run.id, column, opens, pause, 1, late, ends_with=run))

    def _cancel_agent(self, request: Received, agent: str) -> tuple[int, Any]:
        self._known(agent)
        self.cancels.append(agent)
        latest = next((run for run in reversed(self.runs) if run.agent == agent), None)
        if latest is not None and self.now() < latest.ends and latest.status != "cancelled":
            latest.ends, latest.status = min(latest.ends, self.now() + self._delay), "cancelled"
            own = {action.get("columnId") for _, action in latest.actions}
            for table in (self._tables[each] for each in latest.tables):
                # What the run hadn't come to yet never appears: its tables, and its columns of others' tables.
                made = [table, *table.columns] if table.agent == agent else table.columns
                for part in made:
                    is_own = table.agent == agent or part.id in own
                    part.appears = math.inf if is_own and part.appears > latest.ends else part.appears
                table.feeders = [each for each in table.feeders if max(each.column.appears, table.appears) < math.inf]
        return 200, {"run": None if latest is None else self._run(latest)}

    def _get_run(self, request: Received, agent: str, run_id: str) -> tuple[int, Any]:
        for run in self.runs:
            if (run.agent, run.id) == (agent, run_id):
                return 200, self._run(run)
        raise Refusal(404, "RUN_NOT_FOUND")

    def _list_runs(self, request: Received, agent: str) -> tuple[int, Any]:
        self._known(agent)
        return 200, _list([self._summary(run) for run in reversed(self.runs) if run.agent == agent], request)

    def _list_agents(self, request: Received) -> tuple[int, Any]:
        return 200, _list([self._agent(agent, last=True) for agent in reversed(self.agents)], request)

    def _get_agent(self, request: Received, agent: str) -> tuple[int, Any]:
        self._known(agent)
        return 200, self._agent(agent, last=True)

    def _known(self, agent: str) -> None:
        if agent not in self.agents:
            raise Refusal(404, "AGENT_NOT_FOUND")

    def _agent(self, agent: str, *, last: bool = False) -> dict[str, Any]:
        created = _iso(self._created[agent])
        body = {"object": "agent", "id": agent, "name": self.agents[agent], "workspaceId": agent, "createdAt": created}
        if not last:
            return body
        newest = next((run for run in reversed(self.runs) if run.agent == agent), None)
        return {**body, "apiKeyOwned": True, "lastRun": None if newest is None else self._summary(newest)}

    def _summary(self, run: Run) -> dict[str, Any]:
        is_active = self.now() < run.ends
        cut = run.prompt if len(run.prompt) <= 200 else f"{run.prompt[:200]}…"
        return {
            "object": "run",
            "id": run.id,
            "agentId": run.agent,
            "status": "running" if is_active else run.status,
            "prompt": cut,
            "model": "origami-max",
            "steps": {"completed": 3, "max": 50},
            "startedAt": _iso(run.starts),
            "completedAt": None if is_active else _iso(run.ends),
        }

    def _run(self, run: Run) -> dict[str, Any]:
        now = self.now()
        is_active = now < run.ends
        is_asking = not is_active and run.status == "needs_input"
        actions = [action for at, action in run.actions if at <= min(now, run.ends)]
        named = dict.fromkeys([*(action["tableId"] for action in actions), *run.focus])
        response = {
            "text": None if is_active else "Which region?" if is_asking else "Done.",
            "actions": actions,
            "tables": [self._table(self._tables[each]) for each in named],
            "transcript": None,
            "transcriptTruncated": False,
        }
        question = {
            "type": "single-choice",
            "question": "Which region?",
            "suggestedAnswers": ["North", "South"],
            "freeformOption": "Or something else",
        }
        return {
            **self._summary(run),
            "workspaceId": run.agent,
            "request": {"prompt": run.prompt, "model": "origami-max", "focusTableIds": run.focus},
            "response": None if is_active and self._response == "null" else response,
            "todo": {"pendingQuestions": [question] if is_asking else [], "nextActions": []},
        }

    # Tables

    def _visible(self, table_id: str) -> Table:
        table = self._tables.get(table_id)
        if table is None or table.appears > self.now():
            raise Refusal(404, "TABLE_NOT_FOUND")
        return table

    def _agent_tables(self, request: Received, agent: str) -> tuple[int, Any]:
        self._known(agent)
        linked = self._linked.get(agent, [])
        tables = [each for each in self._tables.values() if each.agent == agent or each.id in linked]
        shown = [self._table(each) for each in tables if each.appears <= self.now()]
        return 200, {**_list(shown, request), "workspaceId": agent}

    def _list_tables(self, request: Received) -> tuple[int, Any]:
        return 200, _list([self._table(each) for each in self._tables.values() if each.appears <= self.now()], request)

    def _get_table(self, request: Received, table_id: str) -> tuple[int, Any]:
        return 200, self._table(self._visible(table_id))

    def _list_columns(self, request: Received, table_id: str) -> tuple[int, Any]:
        columns = [
            {
                "object": "column",
                "id": column.id,
                "name": column.name,
                "slug": column.slug,
                "kind": column.kind,
                "autoTrigger": True,
            }
            for column in self._columns(self._visible(table_id))
        ]
        return 200, _list(columns, request)

    def _list_rows(self, request: Received, table_id: str) -> tuple[int, Any]:
        table = self._visible(table_id)
        rows = [
            {
                "object": "row",
                "id": str(uuid.uuid5(uuid.UUID(table.id), str(number))),
                "cells": {
                    "company": {"type": "scalar", "value": f"Company {number}"},
                    **{
                        column.slug: {"type": "value", "value": f"+1 555 {number:04d}"}
                        for column in self._columns(table)
                        if number in column.filled
                    },
                },
            }
            for number in range(min(table.rows, 200))
        ]
        return 200, {**_list(rows, request), "total": len(rows)}

    def _cancel_table(self, request: Received, table_id: str) -> tuple[int, Any]:
        table, body = self._visible(table_id), _body(request)
        slugs = body.get("columns")
        if slugs is not None:
            if not isinstance(slugs, list) or not slugs:
                raise Refusal(400, "VALIDATION_ERROR")
            if not set(slugs) <= {column.slug for column in self._columns(table)}:
                raise Refusal(400, "UNKNOWN_COLUMN")
        # Lead sources fill no column in particular: only a cancel of the whole table stops them.
        jobs = [feeder for feeder in table.feeders if feeder.is_lead_source and feeder.left] if slugs is None else []
        is_dry = body.get("dryRun") is True
        # What is worked on can't be stopped: it is active, but it isn't among what was cancelled.
        cells = (
            table.active(slugs)
            if is_dry
            else [cell for cell in table.queue if slugs is None or cell.column.slug in slugs]
        )
        owners = Counter(cell.owner for cell in cells)
        self.stops.append(Stop(table.id, slugs, is_dry, self.now(), len(cells), len(jobs), owners))
        if is_dry:
            return 200, {
                "dryRun": True,
                "tableId": table.id,
                "activeCells": len(cells),
                "activeLeadSourceJobs": len(jobs),
            }
        table.queue = deque(cell for cell in table.queue if slugs is not None and cell.column.slug not in slugs)
        for job in jobs:
            job.left = 0
        table.changed = self.now()
        return 200, {"tableId": table.id, "cancelledCells": len(cells), "cancelledLeadSourceJobs": len(jobs)}

    def _columns(self, table: Table) -> list[Column]:
        return [column for column in table.columns if column.appears <= self.now()]

    def _table(self, table: Table) -> dict[str, Any]:
        columns = [self._column(table, column) for column in self._columns(table)]
        return {
            "object": "table",
            "id": table.id,
            "workspaceId": None,
            "name": table.name,
            "leadCount": table.rows,
            "columns": columns,
            "credits": {"lifetimeUsed": sum(column["credits"]["lifetimeUsed"] for column in columns)},
            "cells": {"running": sum(column["cells"]["running"] for column in columns), "errored": 0},
            "url": f"https://origami.invalid/workspace/{table.agent}?table={table.id}",
            "createdAt": _iso(table.appears),
            "updatedAt": _iso(max(table.changed, table.appears)),
        }

    def _column(self, table: Table, column: Column) -> dict[str, Any]:
        running = sum(cell.column is column for cell in table.active(None))
        return {
            "object": "column",
            "id": column.id,
            "name": column.name,
            "type": "static" if column.kind == "input" else "code",
            "kind": column.kind,
            "slug": column.slug,
            "autoTrigger": True,
            "credits": {"lifetimeUsed": column.settled},
            "cells": {"running": running, "errored": 0},
        }

    # The account

    def _account(self, request: Received) -> tuple[int, Any]:
        return 200, {
            "object": "account",
            "organization": {"id": str(uuid.UUID(int=1)), "name": "Organization"},
            "plan": {"id": "scale", "name": "Scale"},
            "capabilities": {"canUseApi": True, "canRunScheduledTasks": True, "concurrentAgents": self._slots},
            "workspaces": {"used": len(self.agents), "limit": None},
        }

    def _credits(self, request: Received) -> tuple[int, Any]:
        spent = self._price * sum(table.settled.total() for table in self._tables.values())
        return 200, {"object": "credits", "balance": self._balance - spent, "currency": "credits"}

    # Time

    def _advance(self) -> None:
        for table in self._tables.values():
            self._fill(table, self.now())

    def _fill(self, table: Table, until: float) -> None:
        """Let a table's cells be queued, worked on and charged, in the order of the clock."""
        while True:
            feeder = min((each for each in table.feeders if each.left), key=lambda each: each.next_at, default=None)
            # A run that has ended queues nothing any more.
            if feeder is not None and feeder.ends_with is not None and feeder.next_at > feeder.ends_with.ends:
                feeder.left = 0
                continue
            fed = feeder.next_at if feeder is not None else until + 1
            done = table.in_flight[0][0] if table.in_flight else until + 1
            if min(fed, done) > until:
                return
            if done <= fed:
                _, _, cell = heapq.heappop(table.in_flight)
                table.settled[cell.owner] += 1
                cell.column.settled += self._price
                cell.column.filled.add(cell.row)
                table.changed = done
                self._take_up(table, done)
            elif feeder is not None:
                column = feeder.column
                for _ in range(min(feeder.per, feeder.left)):
                    table.queue.append(Cell(column, column.rows, feeder.owner))
                    column.rows += 1
                table.rows = max(table.rows, column.rows)
                feeder.left -= min(feeder.per, feeder.left)
                feeder.next_at = fed + feeder.every
                table.changed = fed
                self._take_up(table, fed)

    def _take_up(self, table: Table, now: float) -> None:
        """Work on as many cells as are worked on at a time: one after the other, so that they don't settle at once."""
        while table.queue and len(table.in_flight) < self._width:
            table.last_start = max(now, table.last_start + 1 / self._rate)
            done = table.last_start + self._width / self._rate
            heapq.heappush(table.in_flight, (done, next(self._ordinal), table.queue.popleft()))

    def _http_date(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _no_endpoint(request: Received) -> tuple[int, Any]:
    raise Refusal(404, "NOT_FOUND")


def _body(request: Received) -> dict[str, Any]:
    return request.json() if request.body else {}


def _list(items: list[Any], request: Received) -> dict[str, Any]:
    return {"object": "list", "items": items, "nextCursor": None, "url": request.path}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
