"""The endpoints beside the leads: projects with budgets, scheduled agents, and campaigns for reading.

The sandbox starts no scheduled agent by itself when its time comes, and names no next time. There is a campaign for each
table whose agent drafts messages, launched by a colleague in the web app.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.fake_data import IdGenerator
from origami_widgets.sandbox.json_objects import cell_value, main_value, ratio
from origami_widgets.sandbox.organization import ScheduleRecord
from origami_widgets.sandbox.plans import MODEL_ALIASES, ProjectRecord
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.request_context import Handler, RequestContext, SandboxResponse, json_response, list_object
from origami_widgets.sandbox.run_requests import (
    MAX_NAME_LENGTH,
    MAX_PROMPT_LENGTH,
    choice_rule,
    parse_fields,
    parse_run_request,
    text_rule,
)
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.sandbox.timelines import CellRun, ColumnTimeline, SimulatedLead, TableTimeline


MAX_MONTHLY_CREDITS = 100_000_000


def _budget_rule(value: Any) -> str | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    is_budget = value is None or (is_whole and 1 <= value <= MAX_MONTHLY_CREDITS)
    return None if is_budget else f"Expected null or a whole number from 1 to {MAX_MONTHLY_CREDITS}"


_PROJECT_RULES = {"name": text_rule(1, 80), "monthlyCredits": _budget_rule}


def list_projects(context: RequestContext) -> SandboxResponse:
    """Answer GET /projects, newest first."""
    found = [each for each in reversed(context.organization.projects.values()) if context.matches(each.name)]
    return context.page_of(found, partial(_object, context), context.query.get("search"))


def create_project(context: RequestContext) -> SandboxResponse:
    """Answer POST /projects. A new budget stops nothing until it is made hard."""
    data = parse_fields(context.body, _PROJECT_RULES, "name")
    project = ProjectRecord(context.organization.ids.uuid(), data["name"], context.now)
    _change(project, data)
    context.organization.projects[project.id] = project
    return json_response(_object(context, project), 201)


def get_project(context: RequestContext) -> SandboxResponse:
    """Answer GET /projects/{projectId}."""
    return json_response(_object(context, _project(context)))


def update_project(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /projects/{projectId}. A new budget holds for what starts from now on."""
    project = _project(context)
    _change(project, parse_fields(context.body, {**_PROJECT_RULES, "enforcement": choice_rule("hard", "soft")}))
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


def _change(project: ProjectRecord, data: dict[str, Any]) -> None:
    budget = data.get("monthlyCredits", project.monthly_credits)
    if budget is None and data.get("enforcement") == "hard":
        raise error_responses.invalid(
            ("enforcement", "Needs monthlyCredits"), code="BUDGET_CAP_REQUIRED", error="A budget is required"
        )
    project.name = data.get("name", project.name)
    project.monthly_credits = budget
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


MAX_SLUG = 60
_SCHEDULE_RULES = {
    "name": text_rule(1, 120),
    "prompt": text_rule(1, MAX_PROMPT_LENGTH),
    "cron": text_rule(1, 100),
    "slug": text_rule(1, MAX_SLUG),
    "description": lambda value: None if value is None else text_rule(0, 1000)(value),
    "model": choice_rule(*MODEL_ALIASES, None),
    "enabled": lambda value: None if isinstance(value, bool) else "Expected a boolean",
}
_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def list_schedules(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents, newest first."""
    enabled = context.query.get("enabled")
    found = [
        record
        for record in reversed(context.organization.schedules.values())
        if record.project == context.project and enabled in {None, str(record.fields["enabled"]).lower()}
    ]
    return context.page_of(found, partial(_schedule_object, context), enabled, total=len(found))


def create_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents. It is disabled unless the body says otherwise."""
    given = _fields(context.body, "name", "prompt", "cron")
    fields = {"slug": slugify(given["name"])[:MAX_SLUG], "description": None, "model": None, "enabled": False, **given}
    organization, project = context.organization, context.project
    taken = {record.fields["slug"] for record in organization.schedules.values() if record.project == project}
    if fields["slug"] in taken:
        raise error_responses.ErrorResponse(409, "SLUG_TAKEN", "Another scheduled agent has this slug")
    record = ScheduleRecord(organization.ids.uuid(), project, fields)
    organization.schedules[record.id] = record
    return json_response(_schedule_object(context, record), 201)


def get_schedule(context: RequestContext, **changes: object) -> SandboxResponse:
    """Answer GET /scheduled-agents/{id}; with changes, PATCH, and POST …/enable and …/disable."""
    record = _schedule(context)
    record.fields |= changes
    return json_response(_schedule_object(context, record))


def update_schedule(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /scheduled-agents/{id}. Its slug stays."""
    return get_schedule(context, **{**_fields(context.body), "slug": _schedule(context).fields["slug"]})


def delete_schedule(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /scheduled-agents/{id}."""
    del context.organization.schedules[_schedule(context).id]
    return json_response({"deleted": True})


def trigger_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/trigger: start a run of a new agent, which the answer doesn't name."""
    record, organization = _schedule(context), context.organization
    for agent, run_id, _ in record.runs[-1:]:
        last = agent.last_run
        if last is not None and last.id == run_id and last.is_active(context.now):
            raise error_responses.ErrorResponse(409, "RUN_ALREADY_ACTIVE", "The last run is still active")
    body = {"prompt": record.fields["prompt"], "name": record.fields["name"][:MAX_NAME_LENGTH]}
    if record.fields["model"] is not None:
        body["model"] = record.fields["model"]
    request = parse_run_request(json_response(body).content, organization.plan, first=True)
    agent, run = organization.create_agent(request, context.project)
    record.runs.append((agent, run.id, context.now))
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


def _fields(body: bytes, *needed: str) -> dict[str, Any]:
    fields = parse_fields(body, _SCHEDULE_RULES, *needed)
    try:
        parts = zip(fields.get("cron", "0 * * * *").split(), _CRON_FIELDS, strict=True)
        minutes, *_ = [_cron_numbers(part, *bounds) for part, bounds in parts]
    except ValueError:
        raise error_responses.invalid(
            ("cron", "Expected five fields"), code="INVALID_CRON", error="Invalid cron expression"
        ) from None
    if len(minutes) > 1:
        raise error_responses.invalid(
            ("cron", "At most once an hour"), code="CRON_TOO_FREQUENT", error="The schedule is too frequent"
        )
    return fields


def _cron_numbers(text: str, low: int, high: int) -> set[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        numbers = range(int(first), int(last or first) + 1, int(step or 1))
        if not numbers or numbers[0] < low or numbers[-1] > high:
            raise ValueError(text)
        chosen.update(numbers)
    return chosen


def _schedule_object(context: RequestContext, record: ScheduleRecord) -> dict[str, Any]:
    return {
        "object": "scheduled_agent",
        "id": record.id,
        "workspaceId": None,
        **record.fields,
        "planBlocked": context.organization.plan.id == "starter",
        # The sandbox starts none when its time comes.
        "nextRunAt": None,
        "lastRunAt": iso(record.runs[-1][2]) if record.runs else None,
        "url": f"{SITE}/scheduled/{record.fields['slug']}",
    }


LAUNCHED_AFTER, SENT_WITHIN, ANSWERED_WITHIN = 60.0, 300.0, 600.0
"""Simulated seconds from the last cell to the launch, from there to a message, and from there to its answer."""

REPLY_RATE, BOUNCE_RATE = 0.15, 0.08

_MAIL_KEYS = ("email", "email_address")


@dataclass(frozen=True)
class Campaign:
    """The drafted messages of one sequence column, at one moment."""

    table: TableTimeline
    column: ColumnTimeline
    now: float
    speed: float

    @cached_property
    def id(self) -> str:
        """An id that follows from the column's."""
        return IdGenerator(f"campaign/{self.column.id}").uuid()

    @cached_property
    def launched_at(self) -> float:
        """The moment at which a colleague launches it."""
        return self.table.settled_at + LAUNCHED_AFTER / self.speed

    @cached_property
    def drafted(self) -> list[tuple[SimulatedLead, CellRun]]:
        """The leads with a message, and the cell run that has drafted it."""
        leads = {lead.id: lead for lead in self.table.rows_at(self.now)}
        cell_runs = self.column.by_lead
        drafts = ((lead, cell_runs[lead_id]) for lead_id, lead in leads.items() if lead_id in cell_runs)
        return [(lead, cell_run) for lead, cell_run in drafts if cell_run.done <= self.now]

    def summary(self) -> dict[str, Any]:
        """Return what a list says of it."""
        name = f"{self.column.name} to {self.table.name}"
        status = "draft" if self.now < self.launched_at else "active"
        return {"object": "campaign", "id": self.id, "slug": slugify(name), "name": name, "status": status}

    def send_status(self, cell_run: CellRun) -> str:
        """Return what has become of a message."""
        rng = Random(f"{self.id}/{cell_run.value}")  # noqa: S311  # repeatable on purpose, nothing is secret
        sent_at = self.launched_at + rng.uniform(0, SENT_WITHIN) / self.speed
        answered_at = sent_at + rng.uniform(0, ANSWERED_WITHIN) / self.speed
        lot = rng.random()
        if self.now < sent_at:
            return "draft" if self.now < self.launched_at else "scheduled"
        if lot < BOUNCE_RATE:
            return "bounced"
        return "replied" if lot < BOUNCE_RATE + REPLY_RATE and self.now >= answered_at else "sent"

    def person(self, lead: SimulatedLead, cell_run: CellRun) -> dict[str, Any]:
        """Return one of its people."""
        cells = [(column, cell_value(column, lead, self.now)[1]) for column in self.table.columns_at(self.now)]
        mails = (value.get(key) for _, value in cells if isinstance(value, dict) for key in _MAIL_KEYS)
        status = self.send_status(cell_run)
        return {
            "object": "campaign_person",
            "sequenceId": cell_run.value,
            "rowId": lead.id,
            "recipient": next((mail for mail in mails if mail is not None), None),
            "sendStatus": status,
            "stopReason": status if status in {"replied", "bounced"} else None,
            "profile": None,
            "fitExplanation": None,
            "fitScore": next((main_value(value) for column, value in cells if column.is_relevance), None),
            "addedAt": iso(cell_run.done),
        }


def list_campaigns(context: RequestContext) -> SandboxResponse:
    """Answer GET /tables/{tableId}/campaigns."""
    found = _campaigns(context, [context.table()])
    items = [{**campaign.summary(), "peopleCount": len(campaign.drafted)} for campaign in found]
    return json_response(list_object(items, None, context.path))


def get_campaign(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}."""
    campaign = _campaign(context)
    created_at = campaign.column.added_at
    return json_response(
        {
            **campaign.summary(),
            "workspaceId": campaign.table.container,
            "tableId": campaign.table.id,
            "channels": {"email": True, "linkedin": False},
            "settings": {"blockActiveDuplicates": True, "blockPriorContacts": True, "autoTopUpEnabled": False},
            "brief": None,
            "outOfLeads": False,
            "createdAt": iso(created_at),
            "updatedAt": iso(max(created_at, min(context.now, campaign.launched_at))),
        }
    )


def list_people(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}/people."""
    campaign, wanted = _campaign(context), context.query.get("status")
    people = [
        person
        for person in (campaign.person(*each) for each in campaign.drafted)
        if (wanted is None or person["sendStatus"] in wanted.split(",")) and context.matches(person["recipient"] or "")
    ]
    parts = (wanted, context.query.get("search"))
    return context.page_of(people, dict, *parts, id_of=itemgetter("sequenceId"), total=len(people))


def get_stats(context: RequestContext) -> SandboxResponse:
    """Answer GET /campaigns/{campaignId}/stats."""
    campaign = _campaign(context)
    statuses = [campaign.send_status(cell_run) for _, cell_run in campaign.drafted]
    contacted = sum(status in ("sent", "replied", "bounced") for status in statuses)
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
    now, speed = context.now, context.organization.speed
    found = [Campaign(table, column, now, speed) for table in tables for column in table.columns_at(now)]
    return [each for each in found if each.column.kind == "sequence" and each.drafted]


def _campaign(context: RequestContext) -> Campaign:
    for campaign in _campaigns(context, context.organization.tables_of(context.project, context.now)):
        if campaign.id == context.params["campaignId"]:
            return campaign
    raise error_responses.not_found("campaign")


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
    ("POST", "/scheduled-agents/{id}/enable", partial(get_schedule, enabled=True)),
    ("POST", "/scheduled-agents/{id}/disable", partial(get_schedule, enabled=False)),
    ("POST", "/scheduled-agents/{id}/trigger", trigger_schedule),
    ("GET", "/scheduled-agents/{id}/runs", list_schedule_runs),
    ("GET", "/tables/{tableId}/campaigns", list_campaigns),
    ("GET", "/campaigns/{campaignId}", get_campaign),
    ("GET", "/campaigns/{campaignId}/people", list_people),
    ("GET", "/campaigns/{campaignId}/stats", get_stats),
)
