"""The organization: its agents, runs, tables, wallet and run pool, as functions of what was asked and of the clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import errors
from origami_widgets.sandbox.ids import Ids
from origami_widgets.sandbox.moments import Pace, WorldClock, iso, whole_seconds
from origami_widgets.sandbox.plans import PLANS
from origami_widgets.sandbox.scripts import direct, scenario_of
from origami_widgets.sandbox.scripts.ending import GO_ON, cut_tables, said_so_far
from origami_widgets.sandbox.scripts.spoken import read_answers
from origami_widgets.sandbox.scripts.stage import Brief
from origami_widgets.sandbox.subject import Subject, read_subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.sandbox.bodies import RunRequest
    from origami_widgets.sandbox.life import TableLife
    from origami_widgets.sandbox.run_life import RunLife
    from origami_widgets.sandbox.scripts import Refusal

START_CREDITS = 5
"""Credits that must be there to start a run; they are not a price."""

RETRY_AFTER = 15
"""Simulated seconds between polls of a running run."""

USUAL_DURATION = 60
"""Simulated seconds to wait for a free place while no run has finished yet."""

CANCEL_TAKES = 2.0
"""Simulated seconds from a cancel to the run's end: it stops at its next safe point."""

PROJECT_ID = "0a6f3c1e-5d2b-4e8a-9c47-1f2e3d4c5b6a"
"""The one project that the organization has."""

IDLE_AGENT_ID = "7d1e9b52-8c3a-4f60-8b1d-2a4c6e8f0b13"
"""An agent of that project which was opened in the web app and never ran."""

_HISTORY = 200


@dataclass(slots=True)
class AgentRecord:
    """One agent with its runs, oldest first.

    `container` is its own id, or that of an agent whose tables it shares; `linked` holds the ids of tables that its runs
    were focused on.
    """

    id: str
    name: str
    project: str | None
    created_at: float
    subject: Subject
    container: str
    runs: list[RunLife] = field(default_factory=list)
    linked: dict[str, None] = field(default_factory=dict)

    @property
    def last_run(self) -> RunLife | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None


class World:
    """State of the sandbox.

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
        self.clock = WorldClock(clock)
        self.ids = Ids(f"{seed}/world")
        self.organization_id = self.ids.uuid()
        self.tables: dict[str, TableLife] = {}
        self.agents: dict[str, AgentRecord] = {}
        self._archived: list[AgentRecord] = []
        self._wallet = balance
        self._taken_for: str | None = None
        self._taken_until = 0.0
        idle = AgentRecord(
            IDLE_AGENT_ID, "Untitled agent", PROJECT_ID, self.clock.now(), read_subject(""), IDLE_AGENT_ID
        )
        self.agents[idle.id] = idle

    # Reading

    def agent(self, agent_id: str, project: str | None) -> AgentRecord:
        """Return an agent of this project, or refuse."""
        record = self.agents.get(agent_id)
        if record is None or record.project != project:
            raise errors.not_found("agent")
        return record

    def run(self, agent_id: str, run_id: str, project: str | None) -> RunLife:
        """Return a run of this agent, or refuse; an unknown agent is an unknown run, too."""
        record = self.agents.get(agent_id)
        for run in record.runs if record is not None and record.project == project else ():
            if run.id == run_id:
                return run
        raise errors.not_found("run")

    def table(self, table_id: str, project: str | None, now: float) -> TableLife:
        """Return a table that exists at this moment in this project, or refuse."""
        table = self.tables.get(table_id)
        if table is None or table.project != project or not table.exists(now):
            raise errors.not_found("table")
        return table

    def tables_of(self, project: str | None, now: float, container: str | None = None) -> list[TableLife]:
        """List the tables of a project, or of one container in it, in the order in which they were made."""
        tables = [
            table
            for table in self.tables.values()
            if table.project == project and table.exists(now) and container in {None, table.container}
        ]
        return sorted(tables, key=lambda table: table.created_at)

    def tables_of_agent(self, record: AgentRecord, now: float) -> list[TableLife]:
        """List the tables that an agent can reach: those of its container, then those that its runs were focused on."""
        own = self.tables_of(record.project, now, record.container)
        linked = [table for table_id in record.linked if (table := self.tables[table_id]).exists(now)]
        return own + [table for table in linked if table not in own]

    def container(self, workspace_id: str, project: str | None) -> str | None:
        """Return the container that an id means, which may be that of an agent in it; None when there is none."""
        for record in self.agents.values():
            if record.project == project and workspace_id in {record.id, record.container}:
                return record.container
        return None

    def existing(self, now: float) -> dict[str, TableLife]:
        """Return all tables that exist at this moment, by id."""
        return {table_id: table for table_id, table in self.tables.items() if table.exists(now)}

    def history(self, record: AgentRecord, before: RunLife, now: float) -> list[Any]:
        """List the messages of an agent's runs before one of them."""
        messages: list[Any] = []
        for run in record.runs:
            if run.id == before.id:
                break
            messages += run.messages_at(now)
        return messages

    def balance(self, now: float) -> int:
        """Return the credits that are left: what all tables have used so far is gone."""
        return self._wallet - sum(table.credits_at(now) for table in self.tables.values())

    # Changing

    def create_agent(self, request: RunRequest, project: str | None) -> tuple[AgentRecord, RunLife]:
        """Start the first run of a new agent, or refuse."""
        now = self.clock.now()
        self._admit(request, now)
        subject = read_subject(request.prompt)
        name = request.name or subject.title
        agent_id = self.ids.uuid()
        container = self.container(request.workspace_id, project) if request.workspace_id is not None else None
        record = AgentRecord(agent_id, name, project, now, subject, container or agent_id)
        self.agents[record.id] = record
        return record, self._start(record, request, now)

    def follow_up(self, record: AgentRecord, request: RunRequest) -> RunLife:
        """Start a further run of an agent, or refuse."""
        now = self.clock.now()
        last = record.last_run
        if last is not None and last.active(now):
            raise errors.agent_busy(last.id, iso(last.starts))
        self._admit(request, now)
        return self._start(record, request, now)

    def cancel(self, record: AgentRecord) -> RunLife | None:
        """Ask the active run of an agent to stop; return it, or the newest one when none is active."""
        now = self.clock.now()
        run = record.last_run
        if run is None or not run.active(now) or run.cancel_requested:
            return run
        at = now + CANCEL_TAKES / self.speed
        if at < run.ends:
            self._stop(record, run, at, "Cancelled at your request.")
        return record.last_run

    def archive(self, record: AgentRecord) -> bool:
        """Put an agent away, with its run if one is active; its tables stay.

        Returns:
            Whether its container went with it, as it does with the last agent in it.
        """
        now = self.clock.now()
        run = record.last_run
        if run is not None and run.active(now):
            self._stop(record, run, now, "Stopped because the agent was archived.")
        del self.agents[record.id]
        self._archived.append(record)
        return all(other.container != record.container for other in self.agents.values())

    def _stop(self, record: AgentRecord, run: RunLife, at: float, said: str) -> None:
        self.tables = cut_tables(self.tables, run.id, at)
        touched = {action.body["tableId"] for action in run.actions if action.at <= at}
        kept = {table_id: table for table_id, table in self.tables.items() if table_id in touched}
        stopped = run.cut(at, status="cancelled", text=f"{said} {said_so_far(kept, at)}", suggestions=GO_ON)
        record.runs[-1] = replace(stopped, cancel_requested=True)

    def _start(self, record: AgentRecord, request: RunRequest, now: float) -> RunLife:
        run_id = self.ids.run()
        own = self.tables_of_agent(record, now)
        focus = dict.fromkeys(table_id.lower() for table_id in request.merged_table_ids)
        focused = [self.tables[table_id] for table_id in focus]
        record.linked |= focus
        answers = self._answers(record, request.prompt)
        subject = record.subject if answers or not own else read_subject(request.prompt)
        brief = Brief(
            run_id=run_id,
            agent_id=record.id,
            container=record.container,
            project=record.project,
            prompt=request.prompt,
            subject=subject.moved(answers[0]) if answers else subject,
            model=request.model or self.plan.default_model,
            steps_max=self.plan.max_steps,
            focus_table_ids=request.merged_table_ids,
            pace=Pace(now, self.speed),
            seed=f"{self.seed}/{run_id}",
            tables=tuple(focused + [table for table in own if table not in focused]),
            answers=answers,
            wallet=self._wallet - sum(table.planned_credits() for table in self.tables.values()),
        )
        story = direct(brief)
        record.runs.append(story.run)
        self.tables.update(story.tables)
        return story.run

    def _answers(self, record: AgentRecord, prompt: str) -> tuple[str, ...]:
        last = record.last_run
        return read_answers(prompt) if last is not None and last.questions else ()

    # Admission

    def _admit(self, request: RunRequest, now: float) -> None:
        _, _, refusal = scenario_of(request.prompt)
        if refusal is not None:
            self._refuse(refusal, request.prompt, now)
        balance = self.balance(now)
        if balance < START_CREDITS:
            raise errors.insufficient_credits(START_CREDITS, balance)
        sessions = self._sessions(now)
        if self.plan.concurrent is not None and len(sessions) >= self.plan.concurrent:
            raise self._full(sessions, self.plan.concurrent)

    def _refuse(self, refusal: Refusal, prompt: str, now: float) -> None:
        match refusal:
            case "no_credits":
                raise errors.insufficient_credits(START_CREDITS, min(1, self.balance(now)))
            case "budget_exceeded":
                raise errors.budget_exceeded()
            case "subscription_required":
                raise errors.subscription_required()
            case "account_blocked":
                raise errors.account_blocked()
            case "pool_full":
                self._fill_pool(prompt, now)

    def _fill_pool(self, prompt: str, now: float) -> None:
        # Colleagues take every place for a while, and then they are done: a queue can be seen to end. The brief that
        # was refused is the one that gets through; another one finds the places taken anew.
        if self._taken_for != prompt:
            self._taken_for = prompt
            self._taken_until = now + USUAL_DURATION / self.speed
        elif now >= self._taken_until:
            self._taken_for = None

    def _full(self, sessions: list[dict[str, str]], limit: int) -> errors.Refused:
        now = self.clock.now()
        over = [run for record in (*self.agents.values(), *self._archived) for run in record.runs]
        durations = [run.ends - run.starts for run in sorted(over, key=lambda run: run.ends) if not run.active(now)]
        seconds = median(durations[-_HISTORY:]) * self.speed if durations else float(USUAL_DURATION)
        wait = whole_seconds(seconds, self.speed)
        return errors.pool_full(limit, sessions, can_upgrade=self.plan.concurrent is not None, retry_after=wait)

    def _sessions(self, now: float) -> list[dict[str, str]]:
        sessions = [
            {"agentId": record.id, "name": record.name, "startedAt": iso(run.starts)}
            for record in self.agents.values()
            if (run := record.last_run) is not None and run.active(now)
        ]
        if now < self._taken_until:
            ids = Ids(f"{self.seed}/web")
            started = iso(self._taken_until - 2 * USUAL_DURATION / self.speed)
            while len(sessions) < (self.plan.concurrent or 0):
                name = f"Agent of a colleague {len(sessions) + 1}"
                sessions.append({"agentId": ids.uuid(), "name": name, "startedAt": started})
        return sessions
