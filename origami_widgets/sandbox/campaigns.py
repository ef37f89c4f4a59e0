"""Campaigns for reading: one for each table whose agent drafts messages, launched by a colleague in the web app."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.fake_data import IdGenerator
from origami_widgets.sandbox.json_objects import cell_value, main_value, ratio
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.request_context import (
    Handler,
    RequestContext,
    SandboxResponse,
    json_response,
    list_object,
)
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from origami_widgets.sandbox.timelines import CellRun, ColumnTimeline, SimulatedLead, TableTimeline

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
    ("GET", "/tables/{tableId}/campaigns", list_table_campaigns),
    ("GET", "/workspaces/{workspaceId}/campaigns", list_workspace_campaigns),
    ("GET", "/campaigns/{campaignId}", get_campaign),
    ("GET", "/campaigns/{campaignId}/people", list_people),
    ("GET", "/campaigns/{campaignId}/stats", get_stats),
)
