"""The endpoints beside the leads: the project, and campaigns for reading.

There is a campaign for each table whose agent drafts messages, launched by a colleague in the web app.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.json_objects import cell_value, main_value
from origami_widgets.sandbox.organization import PROJECT_ID
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.recipes import IdGenerator
from origami_widgets.sandbox.request_context import Handler, RequestContext, json_response, list_object
from origami_widgets.sandbox.timelines import iso, month_start

if TYPE_CHECKING:
    from starlette.responses import Response

    from origami_widgets.sandbox.timelines import CellRun, ColumnTimeline, SimulatedLead, TableTimeline


PROJECT_NAME = "Sandbox project"


def list_projects(context: RequestContext) -> Response:
    """Answer GET /projects with the only one, which has no budget."""
    organization, now = context.organization, context.now
    tables = [table for table in organization.tables.values() if table.project == PROJECT_ID]
    spent = sum(table.credits_at(now) - table.credits_at(month_start(now)) for table in tables)
    reserved = sum(cell_run.credits for table in tables for cell_run in table.active_cell_runs(now))
    project = {
        "object": "project",
        "id": PROJECT_ID,
        "name": PROJECT_NAME,
        "monthlyCredits": None,
        "enforcement": None,
        "usage": {"spent": spent, "reserved": reserved},
        "createdAt": iso(organization.created_at),
    }
    found = [project] if context.matches(PROJECT_NAME) else []
    return context.page_of(found, dict, context.query.get("search"), id_of=itemgetter("id"))


LAUNCHED_AFTER, ANSWERED_WITHIN = 60.0, 900.0
"""Simulated seconds from the last cell to the launch, and from there to the last reply."""

REPLY_RATE, BOUNCE_RATE = 0.15, 0.08


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
    def drafted(self) -> list[tuple[SimulatedLead, CellRun]]:
        """The leads with a message, and the cell run that has drafted it."""
        drafts = ((lead, self.column.by_lead.get(lead.id)) for lead in self.table.rows_at(self.now))
        return [(lead, cell_run) for lead, cell_run in drafts if cell_run is not None and cell_run.done <= self.now]

    def summary(self) -> dict[str, Any]:
        """Return what a list says of it."""
        name = f"{self.column.recipe.name} to {self.table.name}"
        status = "active" if self._is_past(0) else "draft"
        return {"object": "campaign", "id": self.id, "slug": slugify(name), "name": name, "status": status}

    def _is_past(self, seconds: float) -> bool:
        """Return whether simulated seconds have passed since the launch."""
        return self.now >= self.table.settled_at + (LAUNCHED_AFTER + seconds) / self.speed

    def send_status(self, cell_run: CellRun) -> str:
        """Return what has become of a message."""
        rng = Random(f"{self.id}/{cell_run.value}")  # noqa: S311  # repeatable on purpose, nothing is secret
        lot, seconds = rng.random(), rng.uniform(0, ANSWERED_WITHIN)
        if not self._is_past(0):
            return "draft"
        if lot < BOUNCE_RATE:
            return "bounced"
        return "replied" if lot < BOUNCE_RATE + REPLY_RATE and self._is_past(seconds) else "sent"

    def person(self, lead: SimulatedLead, cell_run: CellRun) -> dict[str, Any]:
        """Return one of its people."""
        columns = self.table.columns_at(self.now)
        values = [(column, main_value(cell_value(column, lead, self.now))) for column in columns]
        status = self.send_status(cell_run)
        return {
            "object": "campaign_person",
            "sequenceId": cell_run.value,
            "rowId": lead.id,
            "recipient": next((value for _, value in values if "@" in str(value)), None),
            "sendStatus": status,
            "stopReason": status if status in {"replied", "bounced"} else None,
            "profile": None,
            "fitExplanation": None,
            "fitScore": next((value for column, value in values if column.recipe.is_relevance), None),
            "addedAt": iso(cell_run.done),
        }

    def sequence(self, lead: SimulatedLead, cell_run: CellRun) -> dict[str, Any]:
        """Return the drafted message to one of its people."""
        person, facts = self.person(lead, cell_run), lead.facts
        status, stamp = person["sendStatus"], IdGenerator(f"step/{cell_run.value}").uuid()
        sent_at = None if status == "draft" else iso(self.table.settled_at + LAUNCHED_AFTER / self.speed)
        body = f"Hello,\n\nI came across {facts.company} in {facts.city} and have an idea for a team of {facts.employees}. May I tell you more in a short call next week?\n"
        step = {
            "object": "step",
            "id": stamp,
            "stepId": stamp,
            "channel": "email",
            "kind": "email",
            "status": status,
            "subject": f"An idea for {facts.company}",
            "body": body,
            "recipient": person["recipient"],
            "scheduledAt": None,
            "sentAt": sent_at,
        }
        return {
            "object": "sequence",
            "id": cell_run.value,
            "sequenceId": cell_run.value,
            "campaignId": self.id,
            "status": self.summary()["status"],
            "stopReason": person["stopReason"],
            "sendStatus": status,
            "tableId": self.table.id,
            "columnId": self.column.id,
            "rowId": lead.id,
            "workspaceId": self.table.container,
            "url": None,
            "steps": [step],
        }


def list_campaigns(context: RequestContext) -> Response:
    """Answer GET /tables/{tableId}/campaigns."""
    found = _campaigns(context, [context.table()])
    items = [{**campaign.summary(), "peopleCount": len(campaign.drafted)} for campaign in found]
    return json_response(list_object(items, None, context.path))


def list_people(context: RequestContext) -> Response:
    """Answer GET /campaigns/{campaignId}/people."""
    campaign, wanted = _campaign(context), context.query.get("status")
    people = [
        person
        for person in (campaign.person(*each) for each in campaign.drafted)
        if (wanted is None or person["sendStatus"] in wanted.split(",")) and context.matches(person["recipient"] or "")
    ]
    parts = (wanted, context.query.get("search"))
    return context.page_of(people, dict, *parts, id_of=itemgetter("sequenceId"), total=len(people))


def get_sequence(context: RequestContext) -> Response:
    """Answer GET /sequences/{sequenceId}."""
    for campaign in _campaigns(context, context.organization.tables_of(context.project, context.now)):
        for lead, cell_run in campaign.drafted:
            if cell_run.value == context.params["sequenceId"]:
                return json_response(campaign.sequence(lead, cell_run))
    raise error_responses.not_found("sequence")


def _campaigns(context: RequestContext, tables: Iterable[TableTimeline]) -> list[Campaign]:
    now, speed = context.now, context.organization.speed
    found = [Campaign(table, column, now, speed) for table in tables for column in table.columns_at(now)]
    return [each for each in found if each.column.recipe.kind == "sequence" and each.drafted]


def _campaign(context: RequestContext) -> Campaign:
    for campaign in _campaigns(context, context.organization.tables_of(context.project, context.now)):
        if campaign.id == context.params["campaignId"]:
            return campaign
    raise error_responses.not_found("campaign")


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/projects", list_projects),
    ("GET", "/tables/{tableId}/campaigns", list_campaigns),
    ("GET", "/campaigns/{campaignId}/people", list_people),
    ("GET", "/sequences/{sequenceId}", get_sequence),
)
