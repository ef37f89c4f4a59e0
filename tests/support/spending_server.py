"""A server of agents, tables and cells that spends as much as the vendor's words allow: the money of tests is counted here.

It shares nothing with the package's sandbox. Where the vendor is silent, it does what costs the user most:

- Cells go on filling after the run's end and after `POST /agents/{id}/cancel`; only the table's own cancel stops them.
- The agent queues cells until it has ended, `cancel_delay` seconds after its cancel: also behind a cancel of the table.
- `late_cells` begin only after the end of their run, however it ended; until then no request shows that they will.
- A lead source goes on finding leads, and queues cells for them, until the whole table is cancelled.
- `in_flight` cells are worked on at a time. Those are paid for even when the table is cancelled, and no request shows
  their credits before they settle.
- `response` is null until the run's end.
- An idempotency key is forgotten when its answer was a 5xx or got lost, and kept for a refusal.

Use it as a context manager, with a clock that a test can move:

    clock = use_clock(monkeypatch, SkippingClock())
    with SpendingServer(clock=clock.time, cells=1000, cells_per_second=20) as server:
        run = ow.start("Find bakeries", client=Client(server.key, base_url=server.base_url), credit_limit=200)
        run.wait("cells")
        server.finish()
        assert server.paid <= 200 + ...
        assert server.count("POST /tables/{id}/cancel") == 2

A brief to fill empty cells is carried out as `filler` says: `obeys`; `adds` a column besides; fills all rows `again`, found
ones, too; `asks`; or does `nothing`. Any other brief decides on one run: with the word `asking` it ends at once with a question (its follow-up builds), `silent` names
no table among its actions. With `focusTableIds` it adds a column to each of these tables and fills it, and builds no table
of its own unless its brief says `own`.

Faults: `server.fail("POST /tables/{id}/cancel", 404, 500, 429, None)` answers the next four of these requests with errors
and with silence. `takes_effect=True` does first what was asked for: `server.fail("POST /agents", PROXY_PAGE,
takes_effect=True)`. Any behaviour of `tests.support.server` can be given in the place of a status.
"""

from __future__ import annotations

import itertools
import math
import re
import uuid
from typing import TYPE_CHECKING, Any, Literal

from tests.support.counting_server import KEY, PROXY_PAGE, STOP, CountingServer, Refusal, body_of, key_of, page
from tests.support.filling_tables import COLLEAGUE, Column, Feeder, FillingTable, Run, Stop, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.server import Received

__all__ = ["COLLEAGUE", "KEY", "PROXY_PAGE", "STOP", "SpendingServer"]


class SpendingServer(CountingServer):
    """The server.

    Args:
        cells: cells that each run queues in each table while its agent works.
        late_cells: cells that it queues in each table after its agent's end, in equal parts.
        late_after: seconds from that end to each part: one number or several.
        tables: how many tables each run builds; all of them spend at once.
        cells_per_second: how fast each table fills.
        credits_per_cell: what each cell costs.
        in_flight: how many cells of a table are worked on at a time.
        begins: seconds from a run's start to its first cells, whatever has become of it by then. None: a tenth of its time,
            unless it was cancelled before.
        opens: where `begins` is given, seconds from a run's start to its tables and columns; else they come with the cells.
        agent_seconds: how long a run takes.
        ends_when_read: whether it takes until it is read after that: no check is later than its end.
        response: `null` until the run's end, or `partial` from its first action on.
        lead_source_cells: cells for leads that a lead source goes on finding, besides `cells`.
        lead_source_rate: how many of them a second.
        filler: what an agent does that is told to fill empty cells.
        cancel_delay: seconds from an agent's cancel to the end of its run.
        lists_lag: seconds until the lists show a new agent, run or table; each can be read by its id at once.
        run_slots: how many runs of an organization can be active; None for any number.
        options: those of `CountingServer`, such as `clock`, `organizations` and `per_minute`.

    Attributes:
        agents: names of agents by id.
        runs: every run that was started, in order; `by` tells a colleague's.
        cancels: agents that were asked to cancel, in order.
        stops: each cancel of a table that was carried out, dry runs too.
    """

    def __init__(
        self,
        *,
        cells: int = 1000,
        late_cells: int = 0,
        late_after: float | Sequence[float] = 1.0,
        tables: int = 1,
        cells_per_second: float = 20.0,
        credits_per_cell: float = 1,
        in_flight: int = 10,
        begins: float | None = None,
        opens: float = 0.1,
        agent_seconds: float = 60.0,
        ends_when_read: bool = False,
        response: str = "null",
        lead_source_cells: int = 0,
        lead_source_rate: float = 5.0,
        filler: Literal["obeys", "adds", "again", "asks", "nothing"] = "obeys",
        cancel_delay: float = 2.0,
        lists_lag: float = 0.0,
        run_slots: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._cells, self._late_cells = cells, late_cells
        self._late_after = (late_after,) if isinstance(late_after, (int, float)) else tuple(late_after)
        self._table_count, self._filling = tables, (cells_per_second, in_flight, credits_per_cell)
        self._begins, self._opens_after = begins, opens
        self._agent_seconds, self._ends_when_read = agent_seconds, ends_when_read
        self._response, self._delay = response, cancel_delay
        self._source_cells, self._source_rate = lead_source_cells, lead_source_rate
        self._lag, self._slots, self._filler = lists_lag, run_slots, filler
        # An agent that is over at once is over, with its cells, before anything else can be asked.
        self._answer_delay = 0.01 if agent_seconds < 0.01 else 0.0
        self.agents: dict[str, str] = {}
        self.runs: list[Run] = []
        self.cancels: list[str] = []
        self.stops: list[Stop] = []
        self._created: dict[str, tuple[str, float]] = {}
        self._tables: dict[str, FillingTable] = {}
        self._linked: dict[str, list[str]] = {}

    # What a test asks

    @property
    def paid(self) -> float:
        """What has been charged by now, for anyone."""
        return sum(self.paid_by(key) for key in self.keys)

    def paid_by(self, key: str) -> float:
        """What an organization has been charged by now."""
        with self._lock:
            self._advance(self.now())
            return sum(table.paid for table in self._tables.values() if table.key == key)

    def spent(self, table: str, owner: str | None = None) -> float:
        """What a table has been charged by now: for a run's id, `COLLEAGUE`, or all."""
        with self._lock:
            self._advance(self.now())
            held = self._tables[table]
            return held.paid if owner is None else held.price * held.settled[owner]

    def active(self, table: str, owner: str | None = None) -> int:
        """How many cells of a table wait or are worked on."""
        with self._lock:
            self._advance(self.now())
            active = self._tables[table].active()
            return len(active) if owner is None else sum(cell.owner == owner for cell in active)

    @property
    def tables(self) -> list[str]:
        """The ids of all tables that there are by now, in order."""
        with self._lock:
            return [table.id for table in self._tables.values() if table.appears <= self.now()]

    def finish(self) -> float:
        """Work off all that is still to come, without any further request; return what was charged in the end. Ask last."""
        with self._lock:
            for run in self.runs:
                run.ends = min(run.ends, max(self.now(), run.starts + self._agent_seconds))
            self._advance(self.now() + 1_000_000)
            return sum(table.paid for table in self._tables.values())

    # What a test arranges

    def add_table(
        self,
        *,
        agent: str | None = None,
        name: str = "List of a colleague",
        slugs: tuple[str, ...] = ("checked",),
        rows: int = 50,
        colleague_cells: int = 0,
        key: str = KEY,
    ) -> str:
        """Make a table that no run made, and let a colleague fill its first computed column; return its id."""
        with self._lock:
            now = self.now()
            columns = [Column("Company", "company", "input", now)]
            columns += [Column(slug.capitalize(), slug, "enrichment", now) for slug in slugs]
            table = self._make_table(name, columns, now, key=key, agent=agent)
            table.rows = rows
            if colleague_cells:
                self.colleague_fills(table.id, colleague_cells, slug=slugs[0])
            return table.id

    def colleague_adds(self, table: str, slug: str) -> None:
        """Let a colleague add a column to a table, now."""
        with self._lock:
            self._tables[table].columns.append(Column(slug.capitalize(), slug, "enrichment", self.now()))

    def colleague_fills(self, table: str, cells: int, *, slug: str | None = None) -> None:
        """Let a colleague have cells of a table filled, from now on; of its last column if none is named."""
        with self._lock:
            self._advance(self.now())
            held = self._tables[table]
            column = next((each for each in held.columns if each.slug == slug), held.columns[-1])
            held.feeders.append(Feeder(COLLEAGUE, column, self.now(), 1.0, cells, cells))

    def colleague_starts(
        self,
        prompt: str = "A colleague's brief",
        *,
        agent: str | None = None,
        focus: Sequence[str] = (),
        slug: str = "owner",
        key: str = KEY,
    ) -> Run:
        """Let a colleague start a run, of a new agent or (`agent`) one of ours; it adds a column `slug` to focus tables."""
        with self._lock:
            self._advance(self.now())
            if agent is None:
                agent = self._make_agent(prompt[:40], key)
            self._require_idle(agent)
            return self._start(agent, {"prompt": prompt, "focusTableIds": list(focus)}, by=COLLEAGUE, slug=slug)

    # Agents and runs

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
            STOP: self._cancel_table,
            "GET /tables/{id}/columns": self._list_columns,
            "GET /tables/{id}/rows": self._list_rows,
            "GET /account": self._account,
            "GET /account/credits": self._credits,
        }

    def _create_agent(self, request: Received) -> tuple[int, Any]:
        body, key = body_of(request), key_of(request)
        self._require_slot(key)
        agent = self._make_agent(body.get("name") or body["prompt"][:40], key)
        run = self._start(agent, body, idempotency_key=request.headers.get("idempotency-key"))
        made = self._agent(agent)
        workspace = {**made, "object": "workspace", "createdByApi": True}
        del workspace["workspaceId"]
        return 202, {"agent": made, "run": self._run(run), "workspace": workspace}

    def _create_run(self, request: Received, agent: str) -> tuple[int, Any]:
        self._require_agent(request, agent)
        self._require_idle(agent)
        self._require_slot(key_of(request))
        run = self._start(agent, body_of(request), idempotency_key=request.headers.get("idempotency-key"))
        return 202, {"run": self._run(run)}

    def _make_agent(self, name: str, key: str) -> str:
        agent = str(uuid.uuid4())
        self.agents[agent], self._created[agent], self._linked[agent] = name, (key, self.now()), []
        return agent

    def _require_agent(self, request: Received, agent: str) -> None:
        if agent not in self.agents or self._created[agent][0] != key_of(request):
            raise Refusal(404, "AGENT_NOT_FOUND")

    def _require_idle(self, agent: str) -> None:
        for run in self.runs:
            if run.agent == agent and self.now() < run.ends:
                raise Refusal(409, "AGENT_BUSY", currentRun={"id": run.id, "startedAt": iso(run.starts)})

    def _require_slot(self, key: str) -> None:
        active = [run for run in self.runs if run.key == key and self.now() < run.ends]
        if self._slots is None or len(active) < self._slots:
            return
        sessions = [{"agentId": r.agent, "name": self.agents[r.agent], "startedAt": iso(r.starts)} for r in active]
        took = sorted(run.ends - run.starts for run in self.runs if run.key == key and run.ends <= self.now())
        wait = math.ceil(took[len(took) // 2]) if took else 60
        fields = {"limit": self._slots, "activeSessions": sessions, "canUpgrade": False}
        raise Refusal(429, "CONCURRENT_LIMIT_EXCEEDED", retry_after=wait, **fields)

    def _start(self, agent: str, body: dict[str, Any], **about: Any) -> Run:
        now, prompt, key = self.now(), body["prompt"], self._created[agent][0]
        focus, words = body.get("focusTableIds", []), set(re.findall(r"\w+", prompt.lower()))
        if any(each not in self._tables or self._tables[each].key != key for each in focus):
            raise Refusal(400, "UNKNOWN_TABLE")
        is_filling = {"fill", "empty", "cells"} <= words
        is_asking = "asking" in words or (is_filling and self._filler == "asks")
        ends, status = (now + 5.0, "needs_input") if is_asking else (now + self._agent_seconds, "completed")
        if self._ends_when_read and not is_asking:
            ends = math.inf
        run = Run(f"v2_run-{uuid.uuid4().hex}", key, agent, prompt, focus, now, ends, status, **about)
        self.runs.append(run)
        self._linked[agent] = list(dict.fromkeys([*self._linked[agent], *focus]))
        if is_filling:
            self._refill(run, prompt, now)
        if is_asking or is_filling:
            return run
        for each in dict.fromkeys(focus):
            self._extend(run, self._tables[each])
        if not focus or "own" in words:
            for number in range(self._table_count):
                self._build(run, f"Leads {number + 1}: {prompt[:30]}", names_it="silent" not in words)
        return run

    def _refill(self, run: Run, prompt: str, now: float) -> None:
        if self._filler in ("asks", "nothing"):
            return
        for table in (self._tables[each] for each in run.focus):
            run.tables.append(table.id)
            for column in [each for each in table.columns if f"({each.slug})" in prompt]:
                is_again = self._filler == "again"
                rows = [row for row in range(table.rows) if is_again or row not in column.filled]
                table.refill(run.id, column, rows, now)
            if self._filler == "adds":
                self._extend(run, table)

    def _opens(self, run: Run) -> float:
        """When a run makes its tables and columns."""
        return run.starts + (self._opens_after if self._begins is not None else 0.1 * self._agent_seconds)

    def _build(self, run: Run, name: str, *, names_it: bool) -> None:
        opens = self._opens(run)
        column = Column("Phone", "phone", "enrichment", opens)
        columns = [Column("Company", "company", "input", opens), column]
        table = self._make_table(name, columns, opens, key=run.key, agent=run.agent)
        table.rows = self._late_cells
        run.tables.append(table.id)
        if names_it:
            run.actions.append((opens, {"type": "table_created", "tableId": table.id, "tableName": table.name}))
        self._feed(run, table, column)
        if self._source_cells:
            per = max(1, round(self._source_rate))
            every = per / self._source_rate
            source = Feeder(run.id, column, opens, every, per, self._source_cells, is_lead_source=True)
            table.feeders.append(source)

    def _extend(self, run: Run, table: FillingTable) -> None:
        taken = {column.slug for column in table.columns}
        slug = next(s for n in itertools.count(1) if (s := run.slug if n == 1 else f"{run.slug}-{n}") not in taken)
        column = Column(slug.capitalize(), slug, "enrichment", self._opens(run))
        table.columns.append(column)
        action = {"type": "column_added", "tableId": table.id, "columnId": column.id, "columnName": column.name}
        run.actions.append((column.appears, action))
        run.tables.append(table.id)
        self._feed(run, table, column)

    def _feed(self, run: Run, table: FillingTable, column: Column) -> None:
        """Queue most cells at once, and others until the agent's end and after: an early stop is not the last word."""
        if self._begins is not None:
            table.feeders.append(Feeder(run.id, column, run.starts + self._begins, 1.0, self._cells, self._cells))
            return
        slowly = self._cells // 10
        soon, pause = self._cells - slowly, 0.8 * self._agent_seconds / max(1, slowly)
        table.feeders.append(Feeder(run.id, column, column.appears, 1.0, soon, soon, run=run))
        table.feeders.append(Feeder(run.id, column, column.appears, pause, 1, slowly, run=run))
        for number, after in enumerate(self._late_after):
            part = self._late_cells * (number + 1) // len(self._late_after)
            part -= self._late_cells * number // len(self._late_after)
            table.feeders.append(Feeder(run.id, column, after, 1.0, part, part, run=run, is_late=True))

    def _cancel_agent(self, request: Received, agent: str) -> tuple[int, Any]:
        self._require_agent(request, agent)
        self.cancels.append(agent)
        latest = self._latest(agent)
        if latest is not None and self.now() < latest.ends and latest.status != "cancelled":
            latest.ends, latest.status = min(latest.ends, self.now() + self._delay), "cancelled"
            if self._begins is not None:
                return 200, {"run": self._run(latest)}
            own = {action.get("columnId") for _, action in latest.actions}
            latest.actions = [each for each in latest.actions if each[0] <= latest.ends]
            for table in (self._tables[each] for each in latest.tables):
                # What the run hadn't come to yet never appears: its tables, and its columns of others' tables.
                made = [table, *table.columns] if table.agent == agent else table.columns
                for part in made:
                    is_own = table.agent == agent or part.id in own
                    part.appears = math.inf if is_own and part.appears > latest.ends else part.appears
                table.feeders = [each for each in table.feeders if max(each.column.appears, table.appears) < math.inf]
        return 200, {"run": None if latest is None else self._run(latest)}

    def _latest(self, agent: str) -> Run | None:
        return next((run for run in reversed(self.runs) if run.agent == agent), None)

    def _get_run(self, request: Received, agent: str, run_id: str) -> tuple[int, Any]:
        for run in self.runs:
            if (run.key, run.agent, run.id) == (key_of(request), agent, run_id):
                if run.ends == math.inf and self.now() >= run.starts + self._agent_seconds:
                    run.ends = self.now()
                return 200, self._run(run)
        raise Refusal(404, "RUN_NOT_FOUND")

    def _list_runs(self, request: Received, agent: str) -> tuple[int, Any]:
        self._require_agent(request, agent)
        listed = self._listed([(run.starts, run) for run in self.runs if run.agent == agent])
        return 200, page([run.summary(self.now()) for run in listed], request)

    def _list_agents(self, request: Received) -> tuple[int, Any]:
        key = key_of(request)
        listed = self._listed([(at, agent) for agent, (of, at) in self._created.items() if of == key])
        return 200, page([self._agent(each, last=True, lag=self._lag) for each in listed], request)

    def _get_agent(self, request: Received, agent: str) -> tuple[int, Any]:
        self._require_agent(request, agent)
        return 200, self._agent(agent, last=True)

    def _listed(self, made: list[tuple[float, Any]]) -> list[Any]:
        """What lists show by now, of things and when they came to be."""
        return [each for at, each in made if at + self._lag <= self.now()][::-1]

    def _agent(self, agent: str, *, last: bool = False, lag: float = 0.0) -> dict[str, Any]:
        created = iso(self._created[agent][1])
        body = {"object": "agent", "id": agent, "name": self.agents[agent], "workspaceId": agent, "createdAt": created}
        if not last:
            return body
        runs = [run for run in self.runs if run.agent == agent and run.starts + lag <= self.now()]
        return {**body, "apiKeyOwned": True, "lastRun": runs[-1].summary(self.now()) if runs else None}

    def _run(self, run: Run) -> dict[str, Any]:
        now = self.now()
        tables = [self._tables[each].json(now) for each in run.named(now)]
        return run.json(now, tables, is_null_while_active=self._response == "null")

    # Tables and the account

    def _make_table(
        self, name: str, columns: list[Column], appears: float, *, key: str = KEY, agent: str | None = None
    ) -> FillingTable:
        table = FillingTable(name, key, agent, appears, columns, *self._filling, changed=appears)
        self._tables[table.id] = table
        return table

    def _visible(self, request: Received, table_id: str) -> FillingTable:
        table = self._tables.get(table_id)
        if table is None or table.appears > self.now() or table.key != key_of(request):
            raise Refusal(404, "TABLE_NOT_FOUND")
        return table

    def _agent_tables(self, request: Received, agent: str) -> tuple[int, Any]:
        self._require_agent(request, agent)
        linked = self._linked[agent]
        reached = self._listed([(t.appears, t) for t in self._tables.values() if t.agent == agent or t.id in linked])
        shown = [table.json(self.now()) for table in reached]
        return 200, {"object": "list", "items": shown, "nextCursor": None, "url": request.path, "workspaceId": agent}

    def _list_tables(self, request: Received) -> tuple[int, Any]:
        shown = self._listed([(t.appears, t) for t in self._tables.values() if t.key == key_of(request)])
        return 200, page([table.json(self.now()) for table in shown if self._is_in(table, request)], request)

    def _is_in(self, table: FillingTable, request: Received) -> bool:
        """Whether a table is in the container that a request for a list names, if it names one."""
        return True

    def _get_table(self, request: Received, table_id: str) -> tuple[int, Any]:
        return 200, self._visible(request, table_id).json(self.now())

    def _list_columns(self, request: Received, table_id: str) -> tuple[int, Any]:
        wanted = ("object", "id", "name", "slug", "kind", "autoTrigger")
        columns = self._visible(request, table_id).json(self.now())["columns"]
        items = [{name: column[name] for name in wanted} for column in columns]
        return 200, {"object": "list", "items": items, "nextCursor": None, "url": request.path}

    def _list_rows(self, request: Received, table_id: str) -> tuple[int, Any]:
        table = self._visible(request, table_id)
        body = page(list(range(table.rows)), request, most=200)
        return 200, {
            **body,
            "items": [table.row_json(row, self.now()) for row in body["items"]],
            "total": table.rows,
        }

    def _cancel_table(self, request: Received, table_id: str) -> tuple[int, Any]:
        table, body = self._visible(request, table_id), body_of(request)
        slugs = body.get("columns")
        if slugs is not None:
            if not isinstance(slugs, list) or not slugs:
                raise Refusal(400, "VALIDATION_ERROR")
            if not set(slugs) <= {column.slug for column in table.shown(self.now())}:
                raise Refusal(400, "UNKNOWN_COLUMN")
        stop = table.stop(slugs, self.now(), dry_run=body.get("dryRun") is True)
        self.stops.append(stop)
        return 200, stop.json()

    def _account(self, request: Received) -> tuple[int, Any]:
        number = self.keys.index(key_of(request)) + 1
        used = sum(key == key_of(request) for key, _ in self._created.values())
        return 200, {
            "object": "account",
            "organization": {"id": str(uuid.UUID(int=number)), "name": f"Organization {number}"},
            "plan": {"id": "scale", "name": "Scale"},
            "capabilities": {"canUseApi": True, "canRunScheduledTasks": True, "concurrentAgents": self._slots},
            "workspaces": {"used": used, "limit": None},
        }

    def _credits(self, request: Received) -> tuple[int, Any]:
        balance = 100_000 - self.paid_by(key_of(request))
        return 200, {"object": "credits", "balance": balance, "currency": "credits"}

    def _advance(self, until: float) -> None:
        for table in self._tables.values():
            table.fill(until)
