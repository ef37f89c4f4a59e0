"""Runs: the request, the response with its actions and tables, and open questions; and the agents that run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from origami_widgets.api.models.base import Model
from origami_widgets.api.models.table import Table


class Steps(Model, frozen=True):
    """Steps that the run has completed, and the plan's limit."""

    completed: int | None = None
    max: int | None = None


class RunSummary(Model, frozen=True):
    """A run in a list. Its `prompt` is cut to 200 characters."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("id", "status", "prompt", "steps", "started_at", "agent_id")

    object: str = ""
    id: str = ""
    agent_id: str = ""
    status: str = "running"
    prompt: str = ""
    model: str = ""
    steps: Steps = Steps()
    started_at: datetime | None = None
    completed_at: datetime | None = None


class RunRequest(Model, frozen=True):
    """The request of a run: the full prompt, the model and the focus tables."""

    prompt: str = ""
    model: str = ""
    focus_table_ids: tuple[str, ...] = ()


class Action(Model, frozen=True):
    """One change that a run made. Which fields are set depends on `type`."""

    __line_fields__: ClassVar[tuple[str, ...]] = ("type", "table_name", "column_name", "count", "lead_count")

    type: str = ""
    table_id: str = ""
    table_name: str | None = None
    column_id: str | None = None
    column_name: str | None = None
    count: int | None = None
    lead_count: int | None = None
    deleted_at: datetime | None = None


class Question(Model, frozen=True):
    """A question of the agent. Free text is always a possible answer."""

    type: str = ""
    question: str = ""
    suggested_answers: tuple[str, ...] = ()
    freeform_option: str = "Or something else"

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Read `question` from `text`, where some responses have it."""
        return {**raw, "question": raw["text"]} if "question" not in raw and "text" in raw else raw


class Suggestion(Model, frozen=True):
    """A next action that the agent suggests. `type` is None for a plain suggestion."""

    label: str = ""
    type: str | None = None
    table_slug: str | None = None


class Todo(Model, frozen=True):
    """What the user can do next: answer questions, follow suggestions."""

    pending_questions: tuple[Question, ...] = ()
    next_actions: tuple[Suggestion, ...] = ()

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Accept plain strings for questions and suggestions, as some responses have them."""
        return {
            **raw,
            **_objects(raw, "pendingQuestions", "question"),
            **_objects(raw, "nextActions", "label"),
        }


class ToolCall(Model, frozen=True):
    """A call of a tool in the transcript."""

    id: str = ""
    name: str = ""
    input: Any = None


class TranscriptMessage(Model, frozen=True):
    """A message of the transcript. Messages have no timestamps."""

    role: str | None = None
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    result: str | None = None
    truncated: bool | None = None


class Response(Model, frozen=True):
    """The results of a run, so far or final."""

    text: str | None = None
    actions: tuple[Action, ...] = ()
    tables: tuple[Table, ...] = ()
    transcript: tuple[TranscriptMessage, ...] | None = None
    transcript_truncated: bool = False


class RunObject(RunSummary, frozen=True):
    """A run as `GET /agents/{id}/runs/{runId}` returns it."""

    workspace_id: str = ""
    request: RunRequest = RunRequest()
    response: Response | None = None
    todo: Todo = Todo()

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Read the actions of a running run from the top level, where some responses have them."""
        response = raw.get("response")
        if isinstance(raw.get("actions"), list) and not (isinstance(response, dict) and "actions" in response):
            return {**raw, "response": {**(response if isinstance(response, dict) else {}), "actions": raw["actions"]}}
        return raw


def _objects(raw: dict[str, Any], key: str, field: str) -> dict[str, Any]:
    items = raw.get(key)
    if not isinstance(items, list):
        return {}
    return {key: [{field: item} if isinstance(item, str) else item for item in items]}


class AgentSummary(Model, frozen=True):
    """An agent in the response to its creation."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at")

    object: str = ""
    id: str = ""
    name: str = ""
    workspace_id: str = ""
    created_at: datetime | None = None


class Agent(AgentSummary, frozen=True):
    """An agent with a summary of its newest run."""

    __shown_fields__: ClassVar[tuple[str, ...]] = ("name", "id", "created_at", "last_run")

    api_key_owned: bool | None = None
    last_run: RunSummary | None = None


class Workspace(Model, frozen=True):
    """The workspace of an agent; deprecated, often the agent itself."""

    object: str = ""
    id: str = ""
    name: str = ""
    created_at: datetime | None = None
    created_by_api: bool | None = None


class CreatedAgent(Model, frozen=True):
    """A new agent with its first run."""

    agent: AgentSummary = AgentSummary()
    run: RunObject = RunObject()
    workspace: Workspace | None = None
