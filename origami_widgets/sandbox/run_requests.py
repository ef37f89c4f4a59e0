"""Bodies of requests that start a run: read as JSON tolerantly, then checked field by field. Errors name every issue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.plans import MODEL_ALIASES
from origami_widgets.sandbox.scenarios import SCENARIOS, parse_scenario
from origami_widgets.words.foreign_text import unicode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from origami_widgets.sandbox.plans import ModelName, SandboxPlan

MAX_BODY_BYTES = 4 << 20
"""Bytes of a request body that are accepted. Only uploads come near them."""

MAX_PROMPT_LENGTH, MAX_NAME_LENGTH, MAX_FOCUS_TABLES, MAX_ATTACHMENTS, MAX_COLUMNS = 10_000, 80, 50, 20, 10_000

Issue = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CheckedRunRequest:
    """A valid request for a run. Table ids are as they were sent, in upper or lower case."""

    prompt: str
    name: str
    model: ModelName | None
    focus_table_ids: tuple[str, ...]
    attached_tables: tuple[str, ...]
    attached_documents: tuple[str, ...]
    workspace_id: str | None

    @property
    def merged_table_ids(self) -> tuple[str, ...]:
        """The focus tables as they were sent, then the attached tables that are not focus tables."""
        named = {table_id.lower() for table_id in self.focus_table_ids}
        return self.focus_table_ids + tuple(
            table_id for table_id in self.attached_tables if table_id.lower() not in named
        )


def is_uuid(value: object) -> bool:
    """Return whether a value is a UUID with its hyphens."""
    if not isinstance(value, str):
        return False
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def parse_json(text: str) -> Any:
    """Decode JSON, without the NaN and Infinity that `json` reads as well.

    Raises:
        ValueError: the text is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Decode a JSON object.

    Raises:
        ErrorResponse: the body is not a JSON object.
    """
    try:
        value = parse_json(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise error_responses.invalid(("", "Request body isn't valid JSON")) from None
    if not isinstance(value, dict):
        raise error_responses.invalid(("", "Expected a JSON object"))
    return value


def parse_run_request(body: bytes, plan: SandboxPlan, *, first: bool) -> CheckedRunRequest:
    """Check the body of a POST that starts a run. Unknown fields are ignored.

    Args:
        body: the bytes of the body.
        plan: decides which models are available.
        first: whether the run is the first of a new agent, which can have a name.

    Raises:
        ErrorResponse: the body is not valid, with every issue named.
    """
    data = parse_json_object(body)
    issues: list[Issue] = []
    prompt = check_text(data.get("prompt"), "prompt", MAX_PROMPT_LENGTH, issues, minimum=1)
    name = ""
    workspace: str | None = None
    if first:
        name = check_text(data["name"], "name", MAX_NAME_LENGTH, issues) if "name" in data else ""
        workspace = data.get("workspaceId")
        if workspace is not None and not is_uuid(workspace):
            issues.append(("workspaceId", "Expected a UUID or null"))
    focus = check_list(data, "focusTableIds", MAX_FOCUS_TABLES, issues, _table_issue)
    attachments = check_list(data, "attachments", MAX_ATTACHMENTS, issues, _attachment_issue)
    model = data.get("model", "origami-lite")
    if not isinstance(model, str) or model not in MODEL_ALIASES:
        issues.append(("model", "Expected one of: origami-lite, origami-max"))
    try:
        parse_scenario(prompt)
    except LookupError as unknown:
        known = ", ".join(SCENARIOS)
        issues.append(("prompt", f"Unknown scenario {unknown.args[0]!r}. Scenarios: {known}"))
    if issues:
        raise error_responses.invalid(*issues)
    chosen_model = MODEL_ALIASES[model] if "model" in data else None
    if chosen_model is not None and chosen_model not in plan.models:
        raise error_responses.ErrorResponse(
            400, "MODEL_NOT_AVAILABLE", f"{chosen_model} isn't available on the {plan.name} plan"
        )
    return CheckedRunRequest(
        prompt=prompt,
        name=name.strip(),
        model=chosen_model,
        focus_table_ids=tuple(focus),
        attached_tables=tuple(part["tableId"] for part in attachments if part["kind"] == "table"),
        attached_documents=tuple(part["documentId"].lower() for part in attachments if part["kind"] == "document"),
        workspace_id=workspace.lower() if workspace is not None else None,
    )


@dataclass(frozen=True, slots=True)
class CheckedCancelRequest:
    """A valid request to stop cells; `columns` is None for the whole table."""

    columns: tuple[str, ...] | None
    dry_run: bool


def parse_cancel_request(body: bytes) -> CheckedCancelRequest:
    """Check the body of a POST that stops cells. It may be empty; unknown fields are ignored.

    Raises:
        ErrorResponse: the body is not valid, with every issue named.
    """
    data = parse_json_object(body or b"{}")
    issues: list[Issue] = []
    minimum = 1 if "columns" in data else 0
    columns = check_list(data, "columns", MAX_COLUMNS, issues, _slug_issue, minimum=minimum)
    if not isinstance(data.get("dryRun", False), bool):
        issues.append(("dryRun", "Expected a boolean"))
    if issues:
        raise error_responses.invalid(*issues)
    return CheckedCancelRequest(tuple(columns) if "columns" in data else None, data.get("dryRun", False))


def _slug_issue(item: Any) -> str | None:
    return None if isinstance(item, str) and item else "Expected a slug"


def check_text(value: Any, path: str, maximum: int, issues: list[Issue], *, minimum: int = 0) -> str:
    """Return a text of a body if it is valid, else an empty one with its issue added."""
    if not isinstance(value, str):
        issues.append((path, "Required" if value is None and minimum else "Expected a string"))
        return ""
    if not minimum <= len(value) <= maximum:
        issues.append((path, f"Expected {minimum} to {maximum} characters"))
        return ""
    # Half of a surrogate pair is valid in JSON, but in no other encoding.
    return unicode_text(value)


def check_list(
    data: Mapping[str, Any],
    path: str,
    maximum: int,
    issues: list[Issue],
    check: Callable[[Any], str | None],
    *,
    minimum: int = 0,
) -> list[Any]:
    """Return a list of a body if it and its items are valid, else an empty one with its issues added."""
    value = data.get(path, [])
    if not isinstance(value, list):
        issues.append((path, "Expected an array"))
        return []
    if not minimum <= len(value) <= maximum:
        issues.append((path, f"Expected {minimum} to {maximum} items"))
        return []
    found = [(f"{path}.{position}", problem) for position, item in enumerate(value) if (problem := check(item))]
    issues += found
    return [] if found else value


def _table_issue(item: Any) -> str | None:
    return None if is_uuid(item) else "Expected a UUID"


def _attachment_issue(item: Any) -> str | None:
    if not isinstance(item, dict) or item.get("kind") not in ("document", "table"):
        return "Expected an object whose kind is document or table"
    needed = f"{item['kind']}Id"
    return None if is_uuid(item.get(needed)) else f"Expected a UUID as {needed}"
