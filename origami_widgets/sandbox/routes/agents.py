"""Agents and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import errors
from origami_widgets.sandbox.bodies import RunRequest, read_run_request
from origami_widgets.sandbox.context import Answer, Context, reply
from origami_widgets.sandbox.moments import iso, whole_seconds
from origami_widgets.sandbox.objects import run_object, run_summary, table_object
from origami_widgets.sandbox.paging import cut_page, envelope
from origami_widgets.sandbox.world import RETRY_AFTER

if TYPE_CHECKING:
    from origami_widgets.sandbox.run_life import RunLife
    from origami_widgets.sandbox.world import AgentRecord


def create_agent(context: Context) -> Answer:
    """Answer POST /agents."""
    request = read_run_request(context.body, context.world.plan, first=True)
    _check_references(context, request)
    record, run = context.world.create_agent(request, context.project)
    agent = _agent_summary(record)
    workspace = {
        "object": "workspace",
        "id": record.container,
        "name": record.name,
        "createdAt": iso(record.created_at),
        "createdByApi": True,
    }
    return reply({"agent": agent, "run": _run(context, record, run), "workspace": workspace}, 202)


def list_agents(context: Context) -> Answer:
    """Answer GET /agents, newest first."""
    search = context.query.get("search", "")
    records = [
        record
        for record in reversed(context.world.agents.values())
        if record.project == context.project and search.casefold() in record.name.casefold()
    ]
    page, cursor = cut_page(records, context.page(100, search), lambda record: record.id)
    return reply(envelope([_agent(record, context.now) for record in page], cursor, context.path))


def get_agent(context: Context) -> Answer:
    """Answer GET /agents/{id}."""
    return reply(_agent(_record(context), context.now))


def archive_agent(context: Context) -> Answer:
    """Answer DELETE /agents/{id}; a container that other agents share is kept."""
    record = _record(context)
    deleted_at = iso(context.now)
    emptied = context.world.archive(record)
    return reply(
        {
            "agent": {"object": "agent", "id": record.id, "deletedAt": deleted_at},
            "workspace": {"object": "workspace", "id": record.container, "deletedAt": deleted_at if emptied else None},
        }
    )


def send_run(context: Context) -> Answer:
    """Answer POST /agents/{id}/runs."""
    record = _record(context)
    request = read_run_request(context.body, context.world.plan, first=False)
    _check_references(context, request)
    run = context.world.follow_up(record, request)
    return reply({"run": _run(context, record, run)}, 202)


def list_runs(context: Context) -> Answer:
    """Answer GET /agents/{id}/runs, newest first."""
    runs = _record(context).runs[::-1]
    page, cursor = cut_page(runs, context.page(), lambda run: run.id)
    return reply(envelope([run_summary(run, context.now) for run in page], cursor, context.path))


def get_run(context: Context) -> Answer:
    """Answer GET /agents/{id}/runs/{runId}; `Retry-After` is there while the run is not over."""
    run = context.world.run(context.params["id"], context.params["runId"], context.project)
    wait = str(whole_seconds(RETRY_AFTER, context.world.speed))
    headers = {"Retry-After": wait} if run.active(context.now) else {}
    return reply(_run(context, _record(context), run), headers=headers)


def cancel_run(context: Context) -> Answer:
    """Answer POST /agents/{id}/cancel."""
    record = _record(context)
    run = context.world.cancel(record)
    return reply({"run": _run(context, record, run) if run is not None else None})


def list_agent_tables(context: Context) -> Answer:
    """Answer GET /agents/{id}/tables, never in pages."""
    record = _record(context)
    stats = "stats" in context.include
    tables = context.world.tables_of_agent(record, context.now)
    items = [table_object(table, context.now, stats=stats) for table in tables]
    return reply(envelope(items, None, context.path, workspaceId=record.container))


def _record(context: Context) -> AgentRecord:
    return context.world.agent(context.params["id"], context.project)


def _run(context: Context, record: AgentRecord, run: RunLife) -> dict[str, Any]:
    world, now = context.world, context.now
    history = world.history(record, run, now)
    return run_object(run, world.existing(now), history, now, context.include)


def _agent_summary(record: AgentRecord) -> dict[str, Any]:
    return {
        "object": "agent",
        "id": record.id,
        "name": record.name,
        "workspaceId": record.container,
        "createdAt": iso(record.created_at),
    }


def _agent(record: AgentRecord, now: float) -> dict[str, Any]:
    last = record.last_run
    return {
        **_agent_summary(record),
        "apiKeyOwned": True,
        "lastRun": run_summary(last, now) if last is not None else None,
    }


def _check_references(context: Context, request: RunRequest) -> None:
    tables = {table.id: table for table in context.world.tables_of(context.project, context.now)}
    container = None
    if request.workspace_id is not None:
        container = context.world.container(request.workspace_id, context.project)
        if container is None:
            raise errors.invalid(
                ("workspaceId", "No such workspace"), code="UNKNOWN_WORKSPACE", error="Unknown workspace"
            )
    if any(table_id.lower() not in tables for table_id in request.focus_table_ids):
        raise errors.invalid(("focusTableIds", "No such table"), code="UNKNOWN_TABLE", error="Unknown table")
    # The sandbox has no documents, so every document is out of scope.
    if request.attached_documents or any(table_id.lower() not in tables for table_id in request.attached_tables):
        raise errors.invalid(
            ("attachments", "Not found in your scope"), code="INVALID_ATTACHMENT", error="Invalid attachment"
        )
    for path, table_ids in (("focusTableIds", request.focus_table_ids), ("attachments", request.attached_tables)):
        if container is not None and any(tables[table_id.lower()].container != container for table_id in table_ids):
            raise errors.invalid(
                (path, "The table belongs to another workspace"),
                code="WORKSPACE_TABLE_MISMATCH",
                error="Table and workspace do not match",
            )
