"""Projects of the organization, with their budgets and use."""

from __future__ import annotations

from typing import Any

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.plans import ProjectRecord
from origami_widgets.sandbox.request_context import (
    Handler,
    RequestContext,
    SandboxResponse,
    json_response,
    list_object,
    take_page,
)
from origami_widgets.sandbox.run_requests import Issue, check_text, parse_json_object
from origami_widgets.sandbox.simulated_time import iso

MAX_PROJECT_NAME, MAX_MONTHLY_CREDITS = 80, 100_000_000


def list_projects(context: RequestContext) -> SandboxResponse:
    """Answer GET /projects, newest first."""
    search = context.query.get("search", "")
    found = [
        project
        for project in reversed(context.organization.projects.values())
        if search.casefold() in project.name.casefold()
    ]
    page, cursor = take_page(found, context.page(100, search), lambda project: project.id)
    return json_response(list_object([_object(context, project) for project in page], cursor, context.path))


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


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/projects", list_projects),
    ("POST", "/projects", create_project),
    ("GET", "/projects/{projectId}", get_project),
    ("PATCH", "/projects/{projectId}", update_project),
    ("DELETE", "/projects/{projectId}", delete_project),
)
