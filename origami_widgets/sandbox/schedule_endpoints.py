"""The endpoints for scheduled agents. The sandbox starts none by itself when its time comes."""

from __future__ import annotations

from typing import Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.request_context import (
    Handler,
    RequestContext,
    SandboxResponse,
    json_response,
    list_object,
    take_page,
)
from origami_widgets.sandbox.run_requests import MAX_NAME_LENGTH, parse_run_request
from origami_widgets.sandbox.schedules import MAX_SLUG, ScheduleRecord, next_moment, parse_schedule
from origami_widgets.sandbox.simulated_time import iso


def list_schedules(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents, newest first."""
    enabled = context.query.get("enabled")
    found = [
        record
        for record in reversed(context.organization.schedules.values())
        if record.project == context.project and enabled in {None, str(record.enabled).lower()}
    ]
    page, cursor = take_page(found, context.page(100, enabled), lambda record: record.id)
    items = [_object(context, record) for record in page]
    return json_response(list_object(items, cursor, context.path, total=len(found)))


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
    return json_response(_object(context, record), 201)


def get_schedule(context: RequestContext) -> SandboxResponse:
    """Answer GET /scheduled-agents/{id}."""
    return json_response(_object(context, _schedule(context)))


def update_schedule(context: RequestContext) -> SandboxResponse:
    """Answer PATCH /scheduled-agents/{id}."""
    record = _schedule(context)
    record.change(parse_schedule(context.body))
    return json_response(_object(context, record))


def delete_schedule(context: RequestContext) -> SandboxResponse:
    """Answer DELETE /scheduled-agents/{id}."""
    del context.organization.schedules[_schedule(context).id]
    return json_response({"deleted": True})


def enable_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/enable."""
    record = _schedule(context)
    record.enabled = True
    return json_response(_object(context, record))


def disable_schedule(context: RequestContext) -> SandboxResponse:
    """Answer POST /scheduled-agents/{id}/disable."""
    record = _schedule(context)
    record.enabled = False
    return json_response(_object(context, record))


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


def _object(context: RequestContext, record: ScheduleRecord) -> dict[str, Any]:
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


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/scheduled-agents", list_schedules),
    ("POST", "/scheduled-agents", create_schedule),
    ("GET", "/scheduled-agents/{id}", get_schedule),
    ("PATCH", "/scheduled-agents/{id}", update_schedule),
    ("DELETE", "/scheduled-agents/{id}", delete_schedule),
    ("POST", "/scheduled-agents/{id}/enable", enable_schedule),
    ("POST", "/scheduled-agents/{id}/disable", disable_schedule),
    ("POST", "/scheduled-agents/{id}/trigger", trigger_schedule),
    ("GET", "/scheduled-agents/{id}/runs", list_schedule_runs),
)
