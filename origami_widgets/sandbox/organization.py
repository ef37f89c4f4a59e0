"""The organization: its agents, runs, containers, tables, credits and run slots, as they follow from requests and clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median
from typing import TYPE_CHECKING

from origami_widgets.sandbox import agent_text, error_responses
from origami_widgets.sandbox.own_lists import (
    ContainerRecord,
    CsvRows,
    DocumentRecord,
    EnrichmentRunRecord,
    RowOutcome,
    UpsertBody,
    WrittenRows,
    append,
    enrich,
    new_table,
    upsert,
)
from origami_widgets.sandbox.prompt_parser import ParsedPrompt, parse_prompt, read_answers
from origami_widgets.sandbox.recipes import IdGenerator
from origami_widgets.sandbox.run_builder import ScenarioInputs, ScenarioResult, stop_early
from origami_widgets.sandbox.run_requests import PLANS
from origami_widgets.sandbox.scenarios import parse_scenario, run_scenario
from origami_widgets.sandbox.timelines import (
    ColumnTimeline,
    Deletion,
    Pace,
    RunTimeline,
    SandboxClock,
    TableTimeline,
    iso,
    whole_seconds,
)

if TYPE_CHECKING:
    from origami_widgets.sandbox.run_requests import AgentBody, RunBody

START_CREDITS = 5
"""Credits that must be available to start a run or to enrich rows. This is not their price."""

POLL_INTERVAL = 15
"""Simulated seconds between polls of a running run."""

DEFAULT_RUN_DURATION = 60
"""Simulated seconds to wait for a free run slot while no run has finished yet."""

CANCEL_DELAY = 2.0
"""Simulated seconds from a cancel to the run's end: it stops at its next safe point."""

PROJECT_ID = "0a6f3c1e-5d2b-4e8a-9c47-1f2e3d4c5b6a"
"""The project that the organization has from the start."""

IDLE_AGENT_ID = "7d1e9b52-8c3a-4f60-8b1d-2a4c6e8f0b13"
"""An agent of that project that was opened in the web app and never ran."""

_MEDIAN_RUNS = 200
"""Finished runs whose median duration gives the wait for a free run slot."""


@dataclass(slots=True)
class AgentRecord:
    """One agent with its runs, oldest first.

    `container` is its own id, or that of an agent whose tables it shares; `linked` holds the ids of its focus tables.
    """

    id: str
    name: str
    project: str | None
    created_at: float
    parsed: ParsedPrompt
    container: str
    runs: list[RunTimeline] = field(default_factory=list)
    linked: dict[str, None] = field(default_factory=dict)

    @property
    def last_run(self) -> RunTimeline | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None


class SandboxOrganization:
    """State of the sandbox: agents, runs, tables and credits.

    Args:
        seed: decides every id and every lead.
        speed: simulated seconds per wall second.
        plan: id of the plan.
        balance: credits at the start.
        clock: returns seconds since 1970.
    """

    def __init__(self, seed: int, speed: float, plan: str, balance: int, clock: Callable[[], float]) -> None:
        self.seed = seed
        self.speed = speed
        self.plan = PLANS[plan]
        self.clock = SandboxClock(clock)
        self.ids = IdGenerator(f"{seed}/world")
        self.organization_id = self.ids.uuid()
        self.tables: dict[str, TableTimeline] = {}
        self.agents: dict[str, AgentRecord] = {}
        self.containers: dict[str, ContainerRecord] = {}
        self.enrichment_runs: dict[str, EnrichmentRunRecord] = {}
        self.created_at = self.clock.now()
        self._starting_balance = balance
        self._pool_filled_for: str | None = None
        self._pool_full_until = 0.0
        idle = AgentRecord(
            IDLE_AGENT_ID, "Untitled agent", PROJECT_ID, self.created_at, parse_prompt(""), IDLE_AGENT_ID
        )
        self.agents[idle.id] = idle
        self.containers[idle.id] = ContainerRecord(
            idle.id, idle.name, PROJECT_ID, idle.created_at, created_by_api=False
        )

    # Reading

    def tables_of(self, project: str | None, now: float, container: str | None = None) -> list[TableTimeline]:
        """Return the tables of a project, or of one container in it, oldest first."""
        tables = [
            table
            for table in self.tables.values()
            if table.project == project and table.exists(now) and container in {None, table.container}
        ]
        return sorted(tables, key=lambda table: table.created_at)

    def tables_of_agent(self, record: AgentRecord, now: float) -> list[TableTimeline]:
        """Return the tables of an agent: those of its container, then the focus tables of its runs."""
        own = self.tables_of(record.project, now, record.container)
        linked = [table for table_id in record.linked if (table := self.tables[table_id]).exists(now)]
        return own + [table for table in linked if table not in own]

    def container(self, workspace_id: str, project: str | None) -> ContainerRecord | None:
        """Return the container of an id, which may be that of an agent in it; None when there is none."""
        agent = self.agents.get(workspace_id.lower())
        container = self.containers.get(agent.container if agent is not None else workspace_id.lower())
        return container if container is not None and container.project == project else None

    def documents_of(self, project: str | None) -> set[str]:
        """Return the ids of the documents of a project."""
        return {each for one in self.containers.values() if one.project == project for each in one.documents}

    def enrichment_run(self, run_id: str | None, project: str | None) -> EnrichmentRunRecord | None:
        """Return an enrichment run of this project by its id, which is its batch's."""
        record = self.enrichment_runs.get((run_id or "").lower())
        return record if record is not None and record.project == project else None

    def balance(self, now: float) -> int:
        """Return the credits that are left: those at the start without what all tables have used so far."""
        return self._starting_balance - sum(table.credits_at(now) for table in self.tables.values())

    # Changing

    def create_agent(self, request: AgentBody, project: str | None) -> tuple[AgentRecord, RunTimeline]:
        """Start the first run of a new agent.

        Raises:
            ErrorResponse: credits, a free run slot or the payment is missing.
        """
        now = self.clock.now()
        self._check_admission(request, now)
        parsed = parse_prompt(request.prompt)
        name = request.name or parsed.title
        agent_id = self.ids.uuid()
        container = self.container(request.workspace_id, project) if request.workspace_id is not None else None
        if container is None:
            container = ContainerRecord(agent_id, name, project, now)
            self.containers[agent_id] = container
        record = AgentRecord(agent_id, name, project, now, parsed, container.id)
        self.agents[record.id] = record
        return record, self._start(record, request, now)

    def follow_up(self, record: AgentRecord, request: RunBody) -> RunTimeline:
        """Start another run of an agent.

        Raises:
            ErrorResponse: the agent is busy, or credits, a free run slot or the payment is missing.
        """
        now = self.clock.now()
        last = record.last_run
        if last is not None and last.is_active(now):
            raise error_responses.refusal("AGENT_BUSY", currentRun={"id": last.id, "startedAt": iso(last.starts)})
        self._check_admission(request, now)
        return self._start(record, request, now)

    def cancel(self, record: AgentRecord) -> RunTimeline | None:
        """Request the active run of an agent to stop; return it, or the newest one when none is active."""
        now = self.clock.now()
        run = record.last_run
        if run is None or not run.is_active(now) or run.cancel_requested:
            return run
        at = now + CANCEL_DELAY / self.speed
        if at < run.ends:
            self._stop(record, run, at, agent_text.CANCELLED)
        return record.last_run

    def stop_cells(self, table: TableTimeline, columns: Collection[ColumnTimeline], *, lead_sources: bool) -> None:
        """Stop the active cells of some columns of a table, and its lead-source jobs too if `lead_sources`.

        A run that still works on the table goes on: it may queue more cells, and its numbers follow what was stopped.
        """
        now = self.clock.now()
        stopped = table.stop_cells(now, columns)
        self.tables[table.id] = stopped.stop_lead_sources(now) if lead_sources else stopped
        for record in self.agents.values():
            run = record.last_run
            if run is not None and run.is_active(now) and any(each.body["tableId"] == table.id for each in run.actions):
                record.runs[-1] = self._recounted(run)

    def _recounted(self, run: RunTimeline) -> RunTimeline:
        recounted = (self.tables[action.body["tableId"]].recount(action) for action in run.actions)
        reason = agent_text.CANCELLED if run.cancel_requested else agent_text.CELLS_STOPPED
        text = agent_text.stopped_report(reason, run, self.tables, run.ends)
        return run.replace_text(text, tuple(action for action in recounted if action is not None))

    def create_container(self, name: str, project: str | None) -> ContainerRecord:
        """Create an empty container."""
        container = ContainerRecord(self.ids.uuid(), name, project, self.clock.now())
        self.containers[container.id] = container
        return container

    def delete_container(self, container: ContainerRecord) -> None:
        """Delete a container with its agents, documents and tables. Cells that are queued or run go on and cost."""
        now = self.clock.now()
        for record in [each for each in self.agents.values() if each.container == container.id]:
            run = record.last_run
            if run is not None and run.is_active(now):
                self._stop(record, run, now, agent_text.CANCELLED)
            del self.agents[record.id]
        for table in self.tables_of(container.project, now, container.id):
            self.tables[table.id] = replace(table, deletion=Deletion(now, inf))
        del self.containers[container.id]

    def add_document(self, container: ContainerRecord, filename: str) -> DocumentRecord:
        """Add a document to a container; raises `ErrorResponse` if one has this name."""
        if any(document.filename == filename for document in container.documents.values()):
            raise error_responses.refusal("DOCUMENT_PATH_TAKEN")
        document = DocumentRecord(self.ids.uuid(), filename, self.clock.now())
        container.documents[document.id] = document
        return document

    def create_table(self, container: ContainerRecord, name: str, file: CsvRows) -> TableTimeline:
        """Make a file into a table of a container."""
        table = new_table(name, file, container, now=self.clock.now(), ids=self.ids, seed=self.seed)
        self.tables[table.id] = table
        return table

    def append_rows(self, table: TableTimeline, file: CsvRows) -> TableTimeline:
        """Add the rows of a file to a table, and run what triggers by itself.

        Raises:
            ErrorResponse: a heading is no input column, or credits are missing.
        """
        rows = [{file.headings[place]: field for place, field in row.items()} for row in file.rows]
        self._check_enrichment(table)
        written = append(table, rows, self.clock.now(), self.ids, self.seed)
        self._write(written, ("inserted",), self.ids.uuid(), "append")
        return self.tables[table.id]

    def upsert(self, table: TableTimeline, request: UpsertBody) -> EnrichmentRunRecord:
        """Insert or update rows, and run what triggers by itself if that is asked for.

        Raises:
            ErrorResponse: the rows can't be matched, or credits are missing.
        """
        if request.enrich:
            self._check_enrichment(table)
        written = upsert(table, request, self.clock.now(), self.ids, self.seed)
        again: tuple[RowOutcome, ...] = ("updated",) if request.reenrich_updated else ()
        outcomes: tuple[RowOutcome, ...] = ("inserted", *again) if request.enrich else ()
        return self._write(written, outcomes, (request.batch_id or self.ids.uuid()).lower(), "upsert")

    def _check_enrichment(self, table: TableTimeline) -> None:
        now = self.clock.now()
        if any(column.recipe.auto_trigger for column in table.columns_at(now)):
            self._check_balance(now)

    def _write(
        self, written: WrittenRows, outcomes: tuple[RowOutcome, ...], run_id: str, kind: str
    ) -> EnrichmentRunRecord:
        now = self.clock.now()
        table, table_run_id = written.table, None
        if outcomes:
            table_run_id = self.ids.uuid()
            seed = f"{self.seed}/{table_run_id}"
            pace = Pace(now, self.speed)
            table = enrich(written, outcomes, run_id, pace, seed=seed, affordable=self.balance(inf))
        self.tables[table.id] = table
        record = EnrichmentRunRecord(run_id, table.id, table.project, kind, now, table_run_id, written.outcomes)
        self.enrichment_runs[run_id] = record
        return record

    def _stop(self, record: AgentRecord, run: RunTimeline, at: float, reason: str) -> None:
        stopped = stop_early(ScenarioResult(run, self.tables), at, status="cancelled", reason=reason)
        self.tables = dict(stopped.tables)
        record.runs[-1] = replace(stopped.run, cancel_requested=True)

    def _start(self, record: AgentRecord, request: RunBody, now: float) -> RunTimeline:
        run_id = self.ids.run()
        own = self.tables_of_agent(record, now)
        focus = dict.fromkeys(table_id.lower() for table_id in request.merged_table_ids)
        focused = [self.tables[table_id] for table_id in focus]
        record.linked |= focus
        last = record.last_run
        answers = read_answers(request.prompt, len(last.questions)) if last is not None else ()
        parsed = record.parsed if answers or not own else parse_prompt(request.prompt)
        inputs = ScenarioInputs(
            run_id=run_id,
            agent_id=record.id,
            container=record.container,
            project=record.project,
            prompt=request.prompt,
            parsed=parsed.in_place(answers[0]) if answers else parsed,
            model=request.model_name or self.plan.default_model,
            steps_max=self.plan.max_steps,
            focus_table_ids=request.merged_table_ids,
            pace=Pace(now, self.speed),
            seed=f"{self.seed}/{run_id}",
            tables=tuple(focused + [table for table in own if table not in focused]),
            answers=answers,
            affordable=self.balance(inf),
        )
        result = run_scenario(inputs)
        record.runs.append(result.run)
        self.tables.update(result.tables)
        return result.run

    # Admission

    def _check_admission(self, request: RunBody, now: float) -> None:
        refusal = parse_scenario(request.prompt).refusal
        if refusal == "no_credits":
            raise _insufficient_credits(min(1, self.balance(now)))
        if refusal == "pool_full":
            self._fill_pool(request.prompt, now)
        elif refusal is not None:
            raise error_responses.refusal(refusal.upper())
        self._check_balance(now)
        sessions = self._active_sessions(now)
        if self.plan.concurrent is not None and len(sessions) >= self.plan.concurrent:
            raise self._pool_full(sessions, self.plan.concurrent)

    def _check_balance(self, now: float) -> None:
        balance = self.balance(now)
        if balance < START_CREDITS:
            raise _insufficient_credits(balance)

    def _fill_pool(self, prompt: str, now: float) -> None:
        # Colleagues take every run slot for a while, so that a queue can also be seen to end. Then the refused prompt
        # is accepted; another prompt finds the slots taken again.
        if self._pool_filled_for != prompt:
            self._pool_filled_for = prompt
            self._pool_full_until = now + DEFAULT_RUN_DURATION / self.speed
        elif now >= self._pool_full_until:
            self._pool_filled_for = None

    def _pool_full(self, sessions: list[dict[str, str]], limit: int) -> error_responses.ErrorResponse:
        now = self.clock.now()
        runs = [run for record in self.agents.values() for run in record.runs]
        durations = [run.ends - run.starts for run in sorted(runs, key=lambda run: run.ends) if not run.is_active(now)]
        seconds = median(durations[-_MEDIAN_RUNS:]) * self.speed if durations else float(DEFAULT_RUN_DURATION)
        wait = whole_seconds(seconds, self.speed)
        return error_responses.refusal(
            "CONCURRENT_LIMIT_EXCEEDED",
            f"All {limit} run slots of your plan are in use",
            headers={"Retry-After": str(wait)},
            limit=limit,
            activeSessions=sessions,
            canUpgrade=True,
        )

    def _active_sessions(self, now: float) -> list[dict[str, str]]:
        sessions = [
            {"agentId": record.id, "name": record.name, "startedAt": iso(run.starts)}
            for record in self.agents.values()
            if (run := record.last_run) is not None and run.is_active(now)
        ]
        if now < self._pool_full_until:
            ids = IdGenerator(f"{self.seed}/web")
            started = iso(self._pool_full_until - 2 * DEFAULT_RUN_DURATION / self.speed)
            while len(sessions) < (self.plan.concurrent or 0):
                name = f"Agent of a colleague {len(sessions) + 1}"
                sessions.append({"agentId": ids.uuid(), "name": name, "startedAt": started})
        return sessions


def _insufficient_credits(balance: int) -> error_responses.ErrorResponse:
    message = f"This needs at least {START_CREDITS} credits; you have {balance}."
    return error_responses.refusal(
        "INSUFFICIENT_CREDITS", creditsRequired=START_CREDITS, creditsAvailable=balance, message=message
    )
