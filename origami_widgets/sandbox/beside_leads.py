"""The endpoints beside the leads: projects with budgets, scheduled agents, and campaigns for reading.

The sandbox starts no scheduled agent by itself when its time comes. There is a campaign for each table whose agent drafts
messages, launched by a colleague in the web app.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.fake_data import IdGenerator
from origami_widgets.sandbox.json_objects import cell_value, main_value, ratio
from origami_widgets.sandbox.plans import ProjectRecord
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.request_context import Handler, RequestContext, SandboxResponse, json_response, list_object
from origami_widgets.sandbox.run_requests import (
    MAX_NAME_LENGTH,
    Issue,
    check_text,
    parse_json_object,
    parse_run_request,
)
from origami_widgets.sandbox.schedules import MAX_SLUG, ScheduleRecord, next_moment, parse_schedule
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.sandbox.timelines import CellRun, ColumnTimeline, SimulatedLead, TableTimeline


MAX_PROJECT_NAME, MAX_MONTHLY_CREDITS = 80, 100_000_000


def list_projects(context: RequestContext) -> SandboxResponse:
    """Answer GET /projects, newest first."""
    found = [each for each in reversed(context.organization.projects.values()) if context.matches(each.name)]
    return context.page_of(found, lambda project: _object(context, project), context.query.get("search"))


def create_project(context: RequestContext) -> SandboxResponse:
    """Answer POST /projects."""
    data = _checked(context.body)
    if "name" not in data:
        raise error_responses.invalid(("name", "Required"))
    project = ProjectRecord(context.organization.ids.uuid(), data["name"], context.now)
    _change(project, {name: value for name, value in data.items() if name != "enforcement"})
    context.organization.projects[project.id] = project
    return json_response(_object(context, project), 201)


def get_project(context: RequestContext) -> SandboxResponse:
    """Answer GET /projects/{projectId}."""
    return json_response(_object(context, _project(context)))


def update_project(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /projects/{projectId}. A new budget holds for what starts from now on."""
    project = _project(context)
    _change(project, _checked(context.body))
    return json_response(_object(context, project))


def delete_project(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /projects/{projectId}: say what would go, or delete it."""
    project, organization = _project(context), context.organization
    containers = [each for each in organization.containers.values() if each.project == project.id]
    named = {"id": project.id, "name": project.name}
    if context.query.get("confirm") == "true" and context.query.get("dryRun") != "true":
        for container in containers:
            organization.delete_container(container)
        del organization.projects[project.id]
        return json_response({**named, "deleted": True})
    tables = organization.tables_of(project.id, context.now)
    rows = sum(len(table.rows_at(context.now)) for table in tables)
    would = {"workspaces": len(containers), "tables": len(tables), "rows": rows}
    return json_response({**named, "confirmationRequired": True, "willDelete": would})


def _project(context: RequestContext) -> ProjectRecord:
    project = context.organization.projects.get(context.params["projectId"])
    if project is None:
        raise error_responses.not_found("project")
    return project


def _checked(body: bytes) -> dict[str, Any]:
    data = parse_json_object(body)
    issues: list[Issue] = []
    if "name" in data:
        data["name"] = check_text(data["name"], "name", MAX_PROJECT_NAME, issues, minimum=1)
    budget = data.get("monthlyCredits")
    is_whole = isinstance(budget, int) and not isinstance(budget, bool)
    if budget is not None and not (is_whole and 1 <= budget <= MAX_MONTHLY_CREDITS):
        issues.append(("monthlyCredits", f"Expected null or a whole number from 1 to {MAX_MONTHLY_CREDITS}"))
    if "enforcement" in data and data["enforcement"] not in ("hard", "soft"):
        issues.append(("enforcement", "Expected hard or soft"))
    if issues:
        raise error_responses.invalid(*issues)
    return data


def _change(project: ProjectRecord, data: dict[str, Any]) -> None:
    budget = data.get("monthlyCredits", project.monthly_credits)
    if budget is None and data.get("enforcement") == "hard":
        raise error_responses.invalid(
            ("enforcement", "Needs monthlyCredits"), code="BUDGET_CAP_REQUIRED", error="A budget is required"
        )
    project.name = data.get("name", project.name)
    project.monthly_credits = budget
    # A new budget stops nothing until it is made hard.
    project.enforcement = None if budget is None else data.get("enforcement", project.enforcement or "soft")


def _object(context: RequestContext, project: ProjectRecord) -> dict[str, Any]:
    organization, now = context.organization, context.now
    tables = [table for table in organization.tables.values() if table.project == project.id]
    reserved = sum(cell_run.credits for table in tables for cell_run in table.active_cell_runs(now))
    return {
        "object": "project",
        "id": project.id,
        "name": project.name,
        "monthlyCredits": project.monthly_credits,
        "enforcement": project.enforcement,
        "usage": {"spent": organization.spent_this_month(project.id, now), "reserved": reserved},
        "createdAt": iso(project.created_at),
    }


def list_schedules(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents, newest first."""
    enabled = context.query.get("enabled")
    found = [
        record
        for record in reversed(context.organization.schedules.values())
        if record.project == context.project and enabled in {None, str(record.enabled).lower()}
    ]
    return context.page_of(found, lambda record: _schedule_object(context, record), enabled, total=len(found))


def create_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents. It is disabled unless the body says otherwise."""
    data = parse_schedule(context.body, needed=("name", "prompt", "cron"))
    slug = data.get("slug") or slugify(data["name"])[:MAX_SLUG]
    taken = {record.slug for record in context.organization.schedules.values() if record.project == context.project}
    if slug in taken:
        raise error_responses.ErrorResponse(409, "SLUG_TAKEN", "Another scheduled agent has this slug")
    record = ScheduleRecord(
        context.organization.ids.uuid(), context.project, slug, data["name"], data["prompt"], data["cron"]
    )
    record.change(data)
    context.organization.schedules[record.id] = record
    return json_response(_schedule_object(context, record), 201)


def get_schedule(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents/{id}."""
    return json_response(_schedule_object(context, _schedule(context)))


def update_schedule(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /scheduled-agents/{id}."""
    record = _schedule(context)
    record.change(parse_schedule(context.body))
    return json_response(_schedule_object(context, record))


def delete_schedule(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /scheduled-agents/{id}."""
    del context.organization.schedules[_schedule(context).id]
    return json_response({"deleted": True})


def enable_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/enable."""
    record = _schedule(context)
    record.enabled = True
    return json_response(_schedule_object(context, record))


def disable_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/disable."""
    record = _schedule(context)
    record.enabled = False
    return json_response(_schedule_object(context, record))


def trigger_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/trigger: start a run of a new agent, which the answer doesn't name."""
    record, organization = _schedule(context), context.organization
    if record.runs:
        agent_id, run_id, _ = record.runs[-1]
        agent = organization.agents.get(agent_id)
        last = agent.last_run if agent is not None else None
        if last is not None and last.id == run_id and last.is_active(context.now):
            raise error_responses.ErrorResponse(409, "RUN_ALREADY_ACTIVE", "The last run is still active")
    body = {"prompt": record.prompt, "name": record.name[:MAX_NAME_LENGTH]} | (
        {"model": record.model} if record.model else {}
    )
    request = parse_run_request(json_response(body).content, organization.plan, first=True)
    agent, run = organization.create_agent(request, context.project)
    record.runs.append((agent.id, run.id, context.now))
    return json_response({"runId": run.id}, 202)


def list_schedule_runs(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents/{id}/runs, newest first, never in pages."""
    runs = [{"runId": run_id, "startedAt": iso(moment)} for _, run_id, moment in reversed(_schedule(context).runs)]
    return json_response(list_object(runs, None, context.path))


def _schedule(context: RequestContext) -> ScheduleRecord:
    record = context.organization.schedules.get(context.params["id"])
    if record is None or record.project != context.project:
        raise error_responses.not_found("scheduled_agent")
    return record


def _schedule_object(context: RequestContext, record: ScheduleRecord) -> dict[str, Any]:
    next_run = next_moment(record.cron, context.now) if record.enabled else None
    return {
        "object": "scheduled_agent",
        "id": record.id,
        "workspaceId": None,
        "slug": record.slug,
        "name": record.name,
        "description": record.description,
        "prompt": record.prompt,
        "cron": record.cron,
        "model": record.model,
        "enabled": record.enabled,
        "planBlocked": context.organization.plan.id == "starter",
        "nextRunAt": iso(next_run) if next_run is not None else None,
        "lastRunAt": iso(record.runs[-1][2]) if record.runs else None,
        "url": f"{SITE}/scheduled/{record.slug}",
    }


LAUNCHED_AFTER, SENT_WITHIN, ANSWERED_WITHIN = 60.0, 300.0, 600.0
"""Simulated seconds from the last cell to the launch, from there to a message, and from there to its answer."""

REPLY_RATE, BOUNCE_RATE = 0.15, 0.08

_MAIL_KEYS = ("email", "email_address")


@dataclass(frozen=True)
class Campaign:
    """The drafted messages of one sequence column."""

    table: TableTimeline
    column: ColumnTimeline
    speed: float

    @cached_property
    def id(self) -> str:
        """An id that follows from the column's."""
        return IdGenerator(f"campaign/{self.column.id}").uuid()

    @property
    def name(self) -> str:
        """A name for people."""
        return f"{self.column.name} to {self.table.name}"

    @property
    def launched_at(self) -> float:
        """The moment at which a colleague launches it."""
        return self.table.settled_at + LAUNCHED_AFTER / self.speed

    def drafted(self, now: float) -> list[tuple[SimulatedLead, CellRun]]:
        """Return the leads with a message, and the cell run that has drafted it."""
        cell_runs = self.column.by_lead
        return [
            (lead, cell_run)
            for lead in self.table.rows_at(now)
            if (cell_run := cell_runs.get(lead.id)) is not None and cell_run.done <= now
        ]

    def send_status(self, cell_run: CellRun, now: float) -> str:
        """Return what has become of a message."""
        rng = Random(f"{self.id}/{cell_run.value}")  # noqa: S311  # repeatable on purpose, nothing is secret
        sent_at = self.launched_at + rng.uniform(0, SENT_WITHIN) / self.speed
        answered_at = sent_at + rng.uniform(0, ANSWERED_WITHIN) / self.speed
        lot = rng.random()
        if now < self.launched_at:
            return "draft"
        if now < sent_at:
            return "scheduled"
        if lot < BOUNCE_RATE:
            return "bounced"
        return "replied" if lot < BOUNCE_RATE + REPLY_RATE and now >= answered_at else "sent"


def list_table_campaigns(context: RequestContext) -> SandboxResponse:
    """Answer GET /tables/{tableId}/campaigns."""
    return _summaries(context, _campaigns(context, [context.table()]))


def list_workspace_campaigns(context: RequestContext) -> SandboxResponse:
    """Answer GET /workspaces/{workspaceId}/campaigns, newest first."""
    container = context.organization.container(context.params["workspaceId"], context.project)
    if container is None:
        raise error_responses.not_found("workspace")
    tables = context.organization.tables_of(context.project, context.now, container.id)
    return _summaries(context, _campaigns(context, reversed(tables)))


def get_campaign(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}."""
    campaign = _campaign(context)
    summary = {name: value for name, value in _summary(campaign, context.now).items() if name != "peopleCount"}
    table = campaign.table
    return json_response(
        {
            **summary,
            "workspaceId": table.container,
            "tableId": table.id,
            "channels": {"email": True, "linkedin": False},
            "settings": {"blockActiveDuplicates": True, "blockPriorContacts": True, "autoTopUpEnabled": False},
            "brief": None,
            "outOfLeads": False,
            "createdAt": iso(campaign.column.added_at),
            "updatedAt": iso(max(campaign.column.added_at, min(context.now, campaign.launched_at))),
        }
    )


def list_people(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}/people."""
    campaign, query = _campaign(context), context.query
    people = [_person(campaign, lead, cell_run, context.now) for lead, cell_run in campaign.drafted(context.now)]
    if "status" in query:
        people = [person for person in people if person["sendStatus"] in query["status"].split(",")]
    people = [person for person in people if context.matches(person["recipient"] or "")]
    parts = (query.get("status"), query.get("search", "").casefold())
    return context.page_of(people, dict, *parts, id_of=lambda person: str(person["sequenceId"]), total=len(people))


def get_stats(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}/stats."""
    campaign = _campaign(context)
    statuses = [campaign.send_status(cell_run, context.now) for _, cell_run in campaign.drafted(context.now)]
    contacted = sum(statuses.count(status) for status in ("sent", "replied", "bounced"))
    replied = statuses.count("replied")
    return json_response(
        {
            "object": "campaign_stats",
            "found": len(statuses),
            "contacted": contacted,
            "hasEmail": True,
            "hasLinkedin": False,
            "connectAccepted": 0,
            "connectSent": 0,
            "connectionRate": 0,
            "replied": replied,
            "replyRate": ratio(replied, contacted) or 0,
        }
    )


def _campaigns(context: RequestContext, tables: Iterable[TableTimeline]) -> list[Campaign]:
    speed = context.organization.speed
    found = [Campaign(table, column, speed) for table in tables for column in table.columns_at(context.now)]
    return [each for each in found if each.column.kind == "sequence" and each.drafted(context.now)]


def _campaign(context: RequestContext) -> Campaign:
    for campaign in _campaigns(context, context.organization.tables_of(context.project, context.now)):
        if campaign.id == context.params["campaignId"]:
            return campaign
    raise error_responses.not_found("campaign")


def _summaries(context: RequestContext, campaigns: list[Campaign]) -> SandboxResponse:
    items = [_summary(campaign, context.now) for campaign in campaigns]
    return json_response(list_object(items, None, context.path))


def _summary(campaign: Campaign, now: float) -> dict[str, Any]:
    return {
        "object": "campaign",
        "id": campaign.id,
        "slug": slugify(campaign.name),
        "name": campaign.name,
        "status": "draft" if now < campaign.launched_at else "active",
        "peopleCount": len(campaign.drafted(now)),
    }


def _person(campaign: Campaign, lead: SimulatedLead, cell_run: CellRun, now: float) -> dict[str, Any]:
    columns = campaign.table.columns_at(now)
    values = [cell_value(column, lead, now)[1] for column in columns]
    mails = (value.get(key) for value in values if isinstance(value, dict) for key in _MAIL_KEYS)
    scores = (main_value(cell_value(column, lead, now)[1]) for column in columns if column.is_relevance)
    status = campaign.send_status(cell_run, now)
    return {
        "object": "campaign_person",
        "sequenceId": cell_run.value,
        "rowId": lead.id,
        "recipient": next((mail for mail in mails if mail is not None), None),
        "sendStatus": status,
        "stopReason": status if status in {"replied", "bounced"} else None,
        "profile": None,
        "fitExplanation": None,
        "fitScore": next(scores, None),
        "addedAt": iso(cell_run.done),
    }


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/projects", list_projects),
    ("POST", "/projects", create_project),
    ("GET", "/projects/{projectId}", get_project),
    ("PATCH", "/projects/{projectId}", update_project),
    ("DELETE", "/projects/{projectId}", delete_project),
    ("GET", "/scheduled-agents", list_schedules),
    ("POST", "/scheduled-agents", create_schedule),
    ("GET", "/scheduled-agents/{id}", get_schedule),
    ("PATCH", "/scheduled-agents/{id}", update_schedule),
    ("DELETE", "/scheduled-agents/{id}", delete_schedule),
    ("POST", "/scheduled-agents/{id}/enable", enable_schedule),
    ("POST", "/scheduled-agents/{id}/disable", disable_schedule),
    ("POST", "/scheduled-agents/{id}/trigger", trigger_schedule),
    ("GET", "/scheduled-agents/{id}/runs", list_schedule_runs),
    ("GET", "/tables/{tableId}/campaigns", list_table_campaigns),
    ("GET", "/workspaces/{workspaceId}/campaigns", list_workspace_campaigns),
    ("GET", "/campaigns/{campaignId}", get_campaign),
    ("GET", "/campaigns/{campaignId}/people", list_people),
    ("GET", "/campaigns/{campaignId}/stats", get_stats),
)
